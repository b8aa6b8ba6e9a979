"""What Setup.exe carries: every package that Spaceport asks for, each pinned by its hash."""

from __future__ import annotations

import re
import tomllib
import zipfile
from pathlib import Path

import pytest
from bundle import fetch, layout, lock
from bundle.failure import BuildError

from spaceport_app import __version__

ROOT = Path(__file__).resolve().parents[3]


def test_every_dependency_is_locked_for_windows() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {
        re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0].lower().replace("_", "-")
        for line in project["dependencies"]
    }
    locked = {wheel.name: wheel for wheel in lock.read(lock.WINDOWS)}
    assert wanted <= set(locked)
    for wheel in locked.values():
        assert re.fullmatch("[0-9a-f]{64}", wheel.sha256)
        assert wheel.file.endswith(("-any.whl", "-win_amd64.whl"))


def test_the_version_of_the_installer_is_that_of_the_package() -> None:
    assert layout.version(ROOT) == __version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def test_a_damaged_wheel_of_the_cache_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"whole")
    digest = fetch.digest(tmp_path / "a.whl")
    assert fetch.cached(tmp_path, "a.whl", digest) == tmp_path / "a.whl"
    (tmp_path / "a.whl").write_bytes(b"damaged")
    assert fetch.cached(tmp_path, "a.whl", digest) is None
    assert not (tmp_path / "a.whl").exists()


def test_wheels_are_laid_out_as_pip_would(tmp_path: Path) -> None:
    wheel = tmp_path / "a-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("a/x.py", "a-1.0.data/purelib/b.py", "a-1.0.data/scripts/a.exe"):
            archive.writestr(name, "x")
        archive.writestr("a-1.0.data/headers/a.h", "x")
    layout.unpack([wheel], tmp_path / "site", tmp_path / "Scripts")
    found = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert found == {wheel.name, "site/a/x.py", "site/b.py", "Scripts/a.exe"}


def test_a_wheel_that_reaches_outside_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "a-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("../outside.py", "x")
    with pytest.raises(BuildError, match="outside"):
        layout.unpack([wheel], tmp_path / "site", tmp_path / "Scripts")
