"""install.sh with a small Spaceport in its place: install, update, refuse, remove."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from linux import archive, desktop, payload

VERSION = '#!/bin/sh\n[ "$4" = --version ] || exit 1\necho spaceport {}\n'


class Person:
    """Someone with a home of their own, and an unpacked archive."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "Jörg Müller"
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

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        environment = {"HOME": str(self.home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            [str(word) for word in words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def install(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run("sh", self.archive / "install.sh", *words)

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
