"""Spaceport used in a folder that somebody else has filled: nothing that lies there is run."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .doors import ROOT, Spaceport
from .test_sample_flight import SAMPLE, TINY

ENTRY = "import sys\nfrom spaceport_app.cli import main\nif __name__ == '__main__':\n    main()\n"
PROGRAMS = ("sh", "cat", "gs", "uv", "nvidia-smi", "nvcc", "ninja", "gcc", "ldconfig", "lscpu")


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """A file that every trap writes its name to."""
    return tmp_path / "ran"


@pytest.fixture
def folder(tmp_path: Path, ran: Path) -> Path:
    """Photos among modules, settings and programs called like those that Spaceport uses."""
    folder = tmp_path / "received"
    folder.mkdir()
    for photo in sorted(SAMPLE.glob("*.JPG"))[:9]:
        shutil.copy2(photo, folder)
    names = {*sys.stdlib_module_names, *importlib.metadata.packages_distributions()}
    names |= {"sitecustomize", "usercustomize", "small_stages", "pkg_resources"}
    for name in names:
        if not name.isidentifier():
            continue
        trap = f"open({str(ran)!r}, 'a').write({name + chr(10)!r})\nraise ImportError('a trap')\n"
        (folder / f"{name}.py").write_text(trap, encoding="utf-8")
    for name in PROGRAMS:
        (folder / name).write_text(f"#!/bin/sh\necho {name} >> '{ran}'\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    cache = folder / "cache"
    cache.mkdir()
    (folder / ".numba_config.yaml").write_text(f"cache_dir: {cache}\n", encoding="utf-8")
    return folder


def environment() -> dict[str, str]:
    # Empty entries, as `export PATH=$UNSET:$PATH` leaves them, mean the current folder.
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{os.environ['PATH']}:",
        "LD_LIBRARY_PATH": "",
        "TERM": "dumb",
    }


def start(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="programs that are scripts of a shell")
@pytest.mark.parametrize("photos", [2, pytest.param(9, marks=pytest.mark.slow)])
def test_a_run_runs_nothing_of_the_folder(
    folder: Path, ran: Path, tmp_path: Path, photos: int
) -> None:
    for photo in sorted(folder.glob("*.JPG"))[photos:]:
        photo.unlink()
    (tmp_path / "bin").mkdir()
    entry = tmp_path / "bin" / "spaceport"
    entry.write_text(ENTRY, encoding="utf-8")
    project = tmp_path / "out.spaceport"
    words = ["run", ".", "-o", str(project), *map(str, TINY)]
    ended = start([sys.executable, str(entry), *words], folder)
    assert not ran.exists(), ran.read_text(encoding="utf-8")
    assert not list((folder / "cache").iterdir())
    # The stages have worked all the same; with two photos, the first says that they are too few.
    if photos == 2:
        assert "Only 2 photos" in ended.stderr
    else:
        assert ended.returncode == 0, ended.stderr
        assert list((project / "export").glob("*.sog"))


def test_the_module_of_the_sources_runs_nothing_else_of_the_folder(folder: Path, ran: Path) -> None:
    # What Python itself imports to find the module is beyond our reach, all later is not.
    for name in ("spaceport_app", "runpy", "pkgutil"):
        (folder / f"{name}.py").unlink()
    ended = start([sys.executable, "-m", "spaceport_app", "doctor", "--json"], folder)
    assert ended.returncode == 0, ended.stderr
    assert not ran.exists(), ran.read_text(encoding="utf-8")


def test_settings_of_numba_in_the_folder_are_not_taken(
    folder: Path, spaceport: Spaceport, ply: Path
) -> None:
    # It would load compiled code from where they say.
    spaceport.folder = folder
    for path in folder.glob("*.py"):
        path.unlink()
    ended = spaceport("convert", ply, folder / "made.sog")
    assert ended.code == 0, ended.err
    assert not list((folder / "cache").iterdir())
