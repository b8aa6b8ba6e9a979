"""The .deb in a bare Debian 12: update, start, window, sample flight, removal.

`SPACEPORT_DEB` names the package; without it one is built. The tests run in their order.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bare_debian import PERSON, Debian, running
from linux import stripping
from PIL import ImageGrab

from spaceport_app import __version__

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ("debootstrap", "dpkg-deb", "readelf", "unshare", "Xvfb", "xdotool")
OLD_FILE = "opt/spaceport/of_the_old_version"
FLIGHT = "/opt/spaceport/runtime/lib/python3.11/site-packages/spaceport_app/resources/sample_flight"
PROJECT = "Flug über Öland"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        sys.platform != "linux"
        or os.geteuid() != 0
        or any(shutil.which(tool) is None for tool in TOOLS),
        reason=f"needs root on Linux with {', '.join(TOOLS)}",
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("installed")


@pytest.fixture(scope="module")
def package(folder: Path) -> Path:
    if given := os.environ.get("SPACEPORT_DEB"):
        return Path(given)
    program = ROOT / "packaging" / "linux" / "build.py"
    cache = os.environ.get("SPACEPORT_BUILD_CACHE")
    words = ["--output", str(folder), "--level", "0", *(["--cache", cache] if cache else [])]
    done = subprocess.run(
        [sys.executable, program, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    return next(folder.glob("*.deb"))


@pytest.fixture(scope="module")
def old_package(folder: Path, package: Path) -> Path:
    """The same package under an earlier version, with a file that the new one lacks."""
    content = folder / "old"
    subprocess.run(["dpkg-deb", "-R", package, content], check=True)
    control = content / "DEBIAN" / "control"
    text = control.read_text(encoding="utf-8")
    control.write_text(
        re.sub(r"^Version: .*$", "Version: 0.0.1", text, flags=re.MULTILINE), encoding="utf-8"
    )
    (content / OLD_FILE).write_text("old", encoding="utf-8")
    old = folder / "spaceport_0.0.1_amd64.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "--build", content, old],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    shutil.rmtree(content)
    return old


@pytest.fixture(scope="module")
def system(folder: Path) -> Iterator[Debian]:
    with running(folder) as debian:
        yield debian


@pytest.fixture(scope="module")
def updated(system: Debian, old_package: Path, package: Path) -> Debian:
    system.install(old_package)
    assert (system.root / OLD_FILE).is_file()
    system.install(package)
    return system


def test_an_update_leaves_nothing_of_the_old_version(updated: Debian) -> None:
    assert not (updated.root / OLD_FILE).exists()
    assert updated.ask("spaceport", "--version").strip() == f"spaceport {__version__}"
    status = updated.run("dpkg-query", "-W", "-f", "${Version} ${Status}", "spaceport").stdout
    assert status == f"{__version__} install ok installed"


def test_every_library_is_carried_or_depended_on(updated: Debian) -> None:
    home = updated.root / "opt/spaceport"
    known = {path.name for path in (updated.root / "usr/lib").glob("x86_64-linux-gnu/*.so*")}
    known |= {path.name for path in (updated.root / "usr/lib64").iterdir()}
    libraries = stripping.libraries(home)
    carried = {path.name for path in home.rglob("*.so*")}
    missing = {}
    for library in libraries:
        told = subprocess.check_output(["readelf", "-d", library], text=True)
        needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", told))
        if lacking := needed - known - carried:
            missing[library.name] = lacking
    assert len(libraries) > 100
    assert missing == {}
    # Numba would go on with a pool that two threads must not use at a time.
    python = "/opt/spaceport/runtime/bin/python3.11"
    updated.ask(python, "-c", "import numba.np.ufunc.omppool")


def test_doctor_finds_all_that_is_needed(updated: Debian) -> None:
    told = json.loads(updated.ask("spaceport", "doctor", "--json"))
    assert told["ok"] and told["troubles"] == []


def test_the_window_opens_with_the_sample_flight(
    updated: Debian, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(ROOT / "tests" / "gui" / "splat")
    import xvfb

    with xvfb.running() as environment:
        display = environment["DISPLAY"]
        socket = updated.root / "tmp" / ".X11-unix"
        socket.mkdir(mode=0o1777, exist_ok=True)
        subprocess.run(["mount", "--bind", "/tmp/.X11-unix", socket], check=True)
        try:
            window = updated.start("spaceport", "open", "--sample", DISPLAY=display)
            try:
                _wait_for_window(environment, window)
                time.sleep(15)
                assert window.poll() is None
                picture = ImageGrab.grab(xdisplay=display)
            finally:
                window.terminate()
                said, _ = window.communicate(timeout=30)
        finally:
            subprocess.run(["umount", socket], check=True)
    if seen := os.environ.get("SPACEPORT_SEEN"):
        picture.save(Path(seen) / "installed-window.png")
    colours = picture.convert("RGB").resize((360, 225)).getcolors(360 * 225)
    assert colours is not None and len(colours) > 500, "the window is empty"
    assert "Traceback" not in said and "Could not load" not in said


def _wait_for_window(environment: dict[str, str], window: subprocess.Popen[str]) -> None:
    for _ in range(600):
        found = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", "Spaceport"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if found.stdout.strip():
            return
        assert window.poll() is None, window.communicate()[0]
        time.sleep(0.1)
    raise AssertionError("no window within a minute")


def test_the_sample_flight_becomes_a_bundle_offline(updated: Debian) -> None:
    project = f"/home/{PERSON}/{PROJECT}.spaceport"
    words = ("--train-iterations", "300", "--train-max-gaussians", "30000")
    updated.ask("spaceport", "run", FLIGHT, "-o", project, "--preset", "preview", *words)
    bundle = f"{project}/export/{PROJECT}.sog"
    told = json.loads(updated.ask("spaceport", "inspect", bundle, "--json"))
    assert told["gaussians"] > 10_000


def test_removing_leaves_the_persons_files_alone(updated: Debian) -> None:
    files = set(updated.run("dpkg", "-L", "spaceport").stdout.split("\n"))
    assert "/opt/spaceport/bin/spaceport" in files
    before = updated.files()

    done = updated.run("apt-get", "purge", "-q", "-y", "spaceport")

    assert done.returncode == 0, done.stderr
    after = updated.files()
    # The databases of the desktop have files of their own for each of our types.
    gone = {path for path in before - after if not path.startswith("var/")}
    assert {path for path in gone if f"/{path}" not in files and "spaceport" not in path} == set()
    assert not (updated.root / "opt/spaceport").exists()
    assert [path for path in after if "spaceport" in path and not path.startswith("home/")] == []
    assert (updated.home / f"{PROJECT}.spaceport/export/{PROJECT}.sog").is_file()
