"""The viewer that ships along is the one on record, and no build takes another one."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from bundle import layout, viewer
from bundle.failure import BuildError
from release import stamp

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "resources" / "viewer"
UPSTREAM = ROOT / "tests" / "peers" / "node_modules" / "@playcanvas" / "supersplat-viewer"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a Spaceport of one file and the real viewer."""
    (tmp_path / "spaceport_app").mkdir()
    (tmp_path / "spaceport_app" / "__init__.py").write_text('__version__ = "1.0.0"\n')
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(FOLDER, tmp_path / "resources" / "viewer")
    return tmp_path


def test_the_shipped_files_are_those_on_record() -> None:
    known = viewer.check(FOLDER)
    assert set(known.files) == {"LICENSE", "index.css", "index.html", "index.js"}
    assert known.licence == "MIT" and known.source.startswith("https://")
    assert re.fullmatch(r"\d+\.\d+\.\d+", known.version)
    assert known.package.endswith(f"@{known.version}")
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", known.recorded)


@pytest.mark.parametrize("name", ["index.js", "index.css", "index.html", "LICENSE"])
def test_a_build_stops_at_a_changed_file(checkout: Path, tmp_path: Path, name: str) -> None:
    layout.application(checkout, tmp_path / "site")
    path = checkout / "resources" / "viewer" / name
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(BuildError, match=f"viewer/{name} is another file"):
        layout.application(checkout, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_build_stops_at_a_file_too_many_and_one_too_few(checkout: Path, tmp_path: Path) -> None:
    folder = checkout / "resources" / "viewer"
    (folder / "more.js").write_text("fetch('https://example.org')")
    with pytest.raises(BuildError, match=r"viewer/more\.js is not on record"):
        layout.application(checkout, tmp_path / "site")
    (folder / "more.js").unlink()
    (folder / "index.css").unlink()
    with pytest.raises(BuildError, match=r"viewer/index\.css is missing"):
        layout.application(checkout, tmp_path / "site")


def test_its_version_stands_among_the_licences(tmp_path: Path) -> None:
    known = viewer.record(FOLDER)
    assert f"{known.name} {known.version}: MIT" in stamp.licence_text(ROOT, tmp_path)


def test_the_record_is_that_of_the_package_that_the_tests_fetch() -> None:
    """npm has compared the package with its hash; the record tells what is other than there."""
    known = viewer.record(FOLDER)
    lock = json.loads((ROOT / "tests" / "peers" / "package-lock.json").read_text("utf-8"))
    listed = lock["packages"]["node_modules/@playcanvas/supersplat-viewer"]
    assert (listed["version"], listed["integrity"]) == (known.version, known.integrity)
    if not UPSTREAM.is_dir():
        pytest.skip("the viewer is not installed in tests/peers")
    for name in known.files:
        theirs = (UPSTREAM / ("" if name == "LICENSE" else "public") / name).read_bytes()
        if name == "index.js":
            theirs = theirs[: theirs.rindex(b"//# sourceMappingURL=")]
        assert (FOLDER / name).read_bytes() == theirs, name
