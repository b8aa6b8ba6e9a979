"""Setup.exe under wine: install, start, update, repair, remove. Needs wine, nsis and MinGW-w64.

What is seen here is Setup and the launchers with a real interpreter; the window is not.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from bundle.failure import BuildError
from windows import icon, interpreter, launchers, making, script

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ("wine", "makensis", "x86_64-w64-mingw32-gcc")
CACHE = Path(os.environ.get("SPACEPORT_BUILD_CACHE", Path.home() / ".cache" / "spaceport-build"))
PERSON = "Jörg Müller"
WHOLE = ["Spaceport.exe", "Uninstall.exe", "bin", "runtime"]
UNINSTALL = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\Spaceport"
MAIN = """\
import json, sys, time
print(json.dumps([sys.argv[1:], sys.executable, "VERSION"]))
if "wait" in sys.argv:
    sys.stdout.flush()
    time.sleep(60)
sys.exit(7 if "seven" in sys.argv else 0)
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        any(shutil.which(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)}"
    ),
]


class Wine:
    """A Windows of its own, with a person whose name is not ASCII."""

    def __init__(self, folder: Path) -> None:
        self.prefix = folder / "prefix"
        self.environment = {
            **{k: v for k, v in os.environ.items() if k != "DISPLAY"},
            "WINEPREFIX": str(self.prefix),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
            # Documents and desktop are links into this folder.
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "USER": PERSON,
            "LOGNAME": PERSON,
        }
        self.run(["wineboot", "-i"])

    @property
    def home(self) -> Path:
        return next(p for p in (self.prefix / "drive_c" / "users").iterdir() if p.name != "Public")

    @property
    def installed(self) -> Path:
        return self.home / "AppData" / "Local" / "Programs" / "Spaceport"

    def run(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a program to its end; its children may go on."""
        return subprocess.run(
            ["wine", *words],
            env=self.environment,
            input="",
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=600,
            check=False,
        )

    def key(self, name: str) -> str:
        return self.run(["reg", "query", name, "/s"]).stdout

    def close(self) -> None:
        subprocess.run(["wineserver", "-k"], env=self.environment, check=False)
        subprocess.run(["wineserver", "-w"], env=self.environment, check=False)


def make(folder: Path, version: str) -> Path:
    """Build a small Setup.exe with the real interpreter and a Spaceport that tells of its words."""
    try:
        archive = interpreter.fetch("pypi", CACHE)
    except BuildError as error:
        pytest.skip(str(error))
    payload = folder / version / "payload"
    interpreter.lay_out("pypi", archive, payload / "runtime")
    launchers.build(version, payload)
    package = payload / "runtime" / "site-packages" / "spaceport_app"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "__main__.py").write_text(MAIN.replace("VERSION", version), encoding="utf-8")
    output = folder / version / f"Spaceport-{version}-Setup.exe"
    making.make(script.Setup(payload, output, version, icon.ICON, ROOT / "LICENSE", "zlib"))
    return output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("windows")


@pytest.fixture(scope="module")
def old(folder: Path) -> Path:
    return make(folder, "0.1.0")


@pytest.fixture(scope="module")
def new(folder: Path) -> Path:
    return make(folder, "0.2.0")


@pytest.fixture
def wine(tmp_path: Path) -> Iterator[Wine]:
    made = Wine(tmp_path)
    yield made
    made.close()


def words_of(done: subprocess.CompletedProcess[str]) -> list[object]:
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert isinstance(found, list)
    return found


def wait_until_gone(path: Path) -> None:
    for _ in range(600):
        if not path.exists():
            return
        time.sleep(0.1)
    pytest.fail(f"{path} is still there")


def test_the_same_files_make_the_same_setup(old: Path, tmp_path: Path) -> None:
    assert make(tmp_path, "0.1.0").read_bytes() == old.read_bytes()


def test_install_start_update_repair_and_remove(wine: Wine, old: Path, new: Path) -> None:
    assert wine.home.name == PERSON
    done = wine.run([str(old), "/S"])
    assert done.returncode == 0, done.stderr
    here = wine.installed
    assert sorted(p.name for p in here.iterdir()) == WHOLE
    assert (wine.home / "Desktop" / "Spaceport.lnk").is_file()
    assert [p for p in wine.home.rglob("Spaceport.lnk") if "Start Menu" in p.parts]
    assert "0.1.0" in wine.key(UNINSTALL)
    assert "Spaceport.Splat" in wine.key(r"HKCU\Software\Classes\.sog")

    program = str(here / "bin" / "spaceport.exe")
    given = ["run", "a b", "ü", 'quo"te', "seven"]
    done = wine.run([program, *given])
    assert done.returncode == 7, done.stderr
    words, python, version = words_of(done)
    assert words == given and version == "0.1.0"
    assert str(python).lower().endswith(r"\spaceport\runtime\python.exe")

    assert wine.run([str(new), "/S"]).returncode == 0
    assert words_of(wine.run([program]))[2] == "0.2.0"
    assert "0.2.0" in wine.key(UNINSTALL) and "0.1.0" not in wine.key(UNINSTALL)

    (here / "runtime" / "python3.dll").unlink()
    (here / "runtime" / "Lib" / "os.py").write_text("damaged", encoding="utf-8")
    assert wine.run([str(new), "/S"]).returncode == 0
    assert (here / "runtime" / "python3.dll").is_file()
    assert words_of(wine.run([program]))[2] == "0.2.0"
    assert sorted(p.name for p in here.iterdir()) == WHOLE

    project = wine.home / "Documents" / "Spaceport" / "Flug.spaceport" / "project.json"
    project.parent.mkdir(parents=True)
    project.write_text("{}", encoding="utf-8")
    settings = wine.home / "AppData" / "Local" / "spaceport" / "window.ini"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text("x", encoding="utf-8")
    assert wine.run([str(here / "Uninstall.exe"), "/S"]).returncode == 0
    wait_until_gone(here)
    left = [p for p in wine.home.rglob("*") if "spaceport" in p.name.lower()]
    kept = (project.parent, project.parent.parent)
    assert [p for p in left if p not in kept] == [] and project.is_file()
    assert not [*wine.prefix.parent.rglob("Spaceport.lnk")]
    assert "paceport" not in wine.key(r"HKCU\Software\Classes")
    assert "paceport" not in wine.key(UNINSTALL)


def test_a_folder_that_is_too_deep_and_one_with_umlauts(wine: Wine, old: Path) -> None:
    deep = "x" * (script.LONGEST_FOLDER - len("C:\\"))
    assert wine.run([str(old), "/S", rf"/D=C:\{deep}x"]).returncode == script.FAILED
    assert not (wine.prefix / "drive_c" / f"{deep}x").exists()
    for place in (deep, "Öland"):
        assert wine.run([str(old), "/S", rf"/D=C:\{place}"]).returncode == 0
        installed = wine.prefix / "drive_c" / place
        assert sorted(path.name for path in installed.iterdir()) == WHOLE
        assert words_of(wine.run([str(installed / "bin" / "spaceport.exe"), "ü"]))[0] == ["ü"]


def test_an_open_spaceport_is_noticed_and_left_as_it_is(wine: Wine, old: Path, new: Path) -> None:
    assert wine.run([str(old), "/S"]).returncode == 0
    program = str(wine.installed / "bin" / "spaceport.exe")
    with subprocess.Popen(
        ["wine", program, "wait"],
        env=wine.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as running:
        assert running.stdout is not None
        assert b"0.1.0" in running.stdout.readline()
        assert wine.run([str(new), "/S"]).returncode == script.OPEN
        assert "0.1.0" in wine.key(UNINSTALL)
        running.kill()
        wine.close()
    assert wine.run([str(new), "/S"]).returncode == 0
    assert words_of(wine.run([program]))[2] == "0.2.0"
