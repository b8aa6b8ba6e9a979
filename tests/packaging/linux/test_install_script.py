"""install.sh with a small Spaceport in its place: install, update, refuse, remove, be killed."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
from ctypes.util import find_library
from pathlib import Path

import pytest
from linux import archive, desktop, payload

VERSION = '#!/bin/sh\n[ "$4" = --version ] || exit 1\necho spaceport {}\n'
# Put before a program that changes files: the n-th of them finds its shell killed, having done
# nothing, or for a copy half of its work.
KILLER = """\
#!/bin/sh
read count <'{count}'
count=$((count + 1))
echo "$count" >'{count}'
if [ "$count" = "$KILL_AT" ]; then
    if [ {name} = cp ] && [ "$1" = -a ]; then
        '{program}' "$@"
        rm -rf "$3/bin"
    fi
    kill -9 "$PPID"
    exit 1
fi
[ {name} = sync ] || exec '{program}' "$@"
"""
CHANGING = ("rm", "mv", "cp", "ln", "mkdir", "sync")


class Person:
    """Someone with a home of their own, and an unpacked archive."""

    def __init__(self, folder: Path, name: str = "Jörg Müller") -> None:
        self.home = folder / name
        self.home.mkdir()
        self.archive = folder / "spaceport-1.0"
        self.unpack("1.0")

    def unpack(self, version: str, python: str = VERSION) -> None:
        shutil.rmtree(self.archive, ignore_errors=True)
        app = self.archive / "spaceport"
        (app / "runtime/bin").mkdir(parents=True)
        (app / "bin").mkdir()
        interpreter = app / "runtime/bin/python3.11"
        interpreter.write_text(python.format(version).replace("$4", "$3"), encoding="utf-8")
        shutil.copy(payload.LAUNCHER, app / "bin/spaceport")
        interpreter.chmod(0o755)
        (app / "bin/spaceport").chmod(0o755)
        desktop.lay_out(self.archive / "share", archive.COMMAND, version, 0)
        shutil.copy(archive._INSTALL, self.archive)

    def run(self, *words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {"HOME": str(self.home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        environment |= more
        return subprocess.run(
            [str(word) for word in words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def install(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return self.run("sh", self.archive / "install.sh", *words, **more)

    def version(self) -> str:
        """What the installed command says of itself, nothing where there is none."""
        return self.run(self.command, "--version").stdout if self.command.exists() else ""

    def state(self) -> set[str]:
        """The files, links and folders of the installation, by name."""
        return {path.name for path in (self.home / ".local/share").glob("spaceport-app*")}

    def files(self) -> set[str]:
        return {p.relative_to(self.home).as_posix() for p in self.home.rglob("*") if p.is_file()}

    @property
    def command(self) -> Path:
        return self.home / ".local/bin/spaceport"


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)


def test_it_installs_updates_and_removes_all_but_projects(person: Person) -> None:
    project = person.home / "Flug.spaceport/project.json"
    project.parent.mkdir()
    project.write_text("{}")
    assert person.install().returncode == 0
    assert person.run(person.command, "--version").stdout == "spaceport 1.0\n"
    entry = (person.home / ".local/share/applications/spaceport.desktop").read_text()
    installed = person.home / ".local/share/spaceport-app/bin/spaceport"
    assert f'Exec="{installed}" open %F\nTryExec={installed}\n' in entry
    (installed.parent / "old").touch()
    person.unpack("2.0")
    assert person.install().returncode == 0
    assert person.run(person.command, "--version").stdout == "spaceport 2.0\n"
    assert not (installed.parent / "old").exists()
    script = installed.parent.parent / "install.sh"
    assert person.run("sh", script, "--uninstall").returncode == 0
    left = {name for name in person.files() if "/mime/" not in name and "mimeinfo" not in name}
    assert left == {"Flug.spaceport/project.json"}
    assert not person.command.is_symlink()


def test_one_that_does_not_start_leaves_the_old_one(person: Person) -> None:
    assert person.install().returncode == 0
    person.unpack("2.0", "#!/bin/sh\nexit 1\n")
    done = person.install()
    assert done.returncode == 1
    assert "Nothing has changed" in done.stderr
    assert person.run(person.command, "--version").stdout == "spaceport 1.0\n"
    assert not (person.home / ".local/share/spaceport-app.new").exists()


def test_settings_go_only_when_asked(person: Person) -> None:
    assert person.install().returncode == 0
    settings = person.home / ".config/spaceport/settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text("{}")
    assert person.install("--uninstall").returncode == 0
    assert settings.is_file()
    assert person.install("--purge").returncode == 0
    assert not settings.exists()


def test_a_foreign_command_of_that_name_stays(person: Person) -> None:
    person.command.parent.mkdir(parents=True)
    person.command.write_text("mine")
    assert person.install("--uninstall").returncode == 0
    assert person.command.read_text() == "mine"


def test_unknown_words_are_answered_with_the_usage(person: Person) -> None:
    done = person.install("--what")
    assert done.returncode == 2
    assert "install.sh --uninstall" in done.stdout
    assert not person.files()


def make_older(person: Person) -> None:
    """Lay the installation out as versions before the two folders did."""
    data = person.home / ".local/share"
    (data / "spaceport-app").unlink()
    (data / "spaceport-app.a").rename(data / "spaceport-app")


@pytest.mark.parametrize("older", [False, True])
def test_a_kill_at_any_moment_leaves_a_whole_version_and_the_next_run_goes_on(
    tmp_path: Path, older: bool
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    count = tmp_path / "count"
    for name in CHANGING:
        text = KILLER.format(count=count, name=name, program=shutil.which(name))
        (tools / name).write_text(text, encoding="utf-8")
        (tools / name).chmod(0o755)
    person = Person(tmp_path)
    assert person.install().returncode == 0
    if older:
        make_older(person)
    before = tmp_path / "before"
    shutil.copytree(person.home, before, symlinks=True)
    person.unpack("2.0")
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    seen = []
    for kill_at in range(1, 100):
        count.write_text("0\n", encoding="utf-8")
        done = person.install(PATH=path, KILL_AT=str(kill_at))
        if done.returncode == 0:
            break
        seen.append(person.version())
        assert seen[-1] in ("spaceport 1.0\n", "spaceport 2.0\n"), f"killed at step {kill_at}"
        done = person.install(PATH=path, KILL_AT="0")
        assert done.returncode == 0, done.stderr
        assert person.version() == "spaceport 2.0\n"
        kept = {path.name for path in person.home.rglob("*") if path.suffix in (".link", ".old")}
        assert (len(person.state()), kept) == (2, set()), f"killed at step {kill_at}"
        shutil.rmtree(person.home)
        shutil.copytree(before, person.home, symlinks=True)
    # First the old one, from some step on the new one, and never again the old one.
    assert 15 < len(seen) < 99 and seen == sorted(seen) and len(set(seen)) == 2


def test_an_update_of_an_older_layout_leaves_nothing_of_it(person: Person) -> None:
    assert person.install().returncode == 0
    make_older(person)
    assert person.version() == "spaceport 1.0\n"
    person.unpack("2.0")
    assert person.install().returncode == 0
    assert person.version() == "spaceport 2.0\n"
    assert person.state() == {"spaceport-app", "spaceport-app.a"}
    assert person.install("--purge").returncode == 0
    assert person.state() == set()


def test_a_copy_that_fails_leaves_the_old_one(person: Person, tmp_path: Path) -> None:
    assert person.install().returncode == 0
    before = person.state()
    person.unpack("2.0")
    (tmp_path / "cp").write_text('#!/bin/sh\nmkdir -p "$3"; exit 1\n', encoding="utf-8")
    (tmp_path / "cp").chmod(0o755)
    done = person.install(PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 1 and "Nothing has changed" in done.stderr
    assert (person.version(), person.state()) == ("spaceport 1.0\n", before)


def test_a_program_of_the_person_keeps_its_name(person: Person) -> None:
    person.command.parent.mkdir(parents=True)
    person.command.write_text("#!/bin/sh\necho mine\n")
    person.command.chmod(0o755)
    done = person.install()
    assert done.returncode == 0 and "is another program and stays" in done.stderr
    assert person.run(person.command).stdout == "mine\n"
    own = person.home / ".local/share/spaceport-app/bin/spaceport"
    assert f"In a terminal: {own}\n" in done.stdout
    assert person.run(own, "--version").stdout == "spaceport 1.0\n"


def test_a_link_to_another_disk_is_replaced_and_what_it_leads_to_stays(
    person: Person, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.txt").write_text("mine")
    data = person.home / ".local/share"
    data.mkdir(parents=True)
    (data / "spaceport-app").symlink_to(elsewhere)
    assert person.install().returncode == 0
    assert person.version() == "spaceport 1.0\n"
    assert (elsewhere / "mine.txt").read_text() == "mine"


def test_an_open_spaceport_is_noticed(person: Person) -> None:
    assert person.install().returncode == 0
    program = person.home / ".local/share/spaceport-app/runtime/bin/python3.11"
    program.unlink()
    shutil.copy(str(shutil.which("sleep")), program)
    with subprocess.Popen([program, "60"]) as running:
        try:
            done = person.install("--uninstall")
        finally:
            running.kill()
    assert done.returncode == 3 and "Close it" in done.stderr
    assert person.command.exists()


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize(
    "name",
    ["a & b", "a|b", "back\\slash", "two\nlines", "Öland", "$HOME `x`", 'a "b"', "100%f", "a'b"],
)
def test_a_folder_of_any_name_gets_a_menu_entry_that_starts_the_command(
    tmp_path: Path, name: str, shell: str
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    person = Person(tmp_path, name)
    done = person.run(shell, person.archive / "install.sh")
    assert done.returncode == 0, done.stderr
    assert person.version() == "spaceport 1.0\n"
    started = person.home / ".local/share/spaceport-app/bin/spaceport"
    file = person.home / ".local/share/applications/spaceport.desktop"
    assert exec_of(file) == [str(started), "open", "%F"]
    assert value_of(file, "TryExec") == str(started)
    assert person.run(shell, started.parent.parent / "install.sh", "--purge").returncode == 0
    assert person.state() == set() and not file.exists()


def glib() -> ctypes.CDLL:
    """GLib, which most desktops read menu entries with."""
    library = find_library("glib-2.0")
    if library is None:
        pytest.skip("needs GLib")
    loaded = ctypes.CDLL(library)
    for function in ("g_key_file_new", "g_key_file_get_string"):
        getattr(loaded, function).restype = ctypes.c_void_p
    return loaded


def value_of(file: Path, key: str) -> str:
    library = glib()
    entry = ctypes.c_void_p(library.g_key_file_new())
    assert library.g_key_file_load_from_file(entry, os.fsencode(file), 0, None)
    got = library.g_key_file_get_string(entry, b"Desktop Entry", key.encode(), None)
    return os.fsdecode(ctypes.string_at(got))


def exec_of(file: Path) -> list[str]:
    """The words of a menu entry's Exec, with %% read as desktops read it."""
    library = glib()
    line = value_of(file, "Exec")
    assert re.sub("%%|%F", "", line).count("%") == 0, line
    count, words = ctypes.c_int(), ctypes.POINTER(ctypes.c_char_p)()
    arguments = (line.encode(), ctypes.byref(count), ctypes.byref(words), None)
    assert library.g_shell_parse_argv(*arguments), line
    return [os.fsdecode(words[i] or b"").replace("%%", "%") for i in range(count.value)]
