from __future__ import annotations

import errno
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spaceport_app.errors import StageError
from spaceport_app.events import Event, Progress, ignore
from spaceport_app.sfm.model import Georeference
from spaceport_app.sfm.store import write_georeference
from spaceport_app.sogs import file
from spaceport_app.sogs.axes import to_viewer
from spaceport_app.sogs.export import ExportInputs, run
from spaceport_app.sogs.options import CompressOptions, ExportOptions
from spaceport_app.splats.compare import compare
from spaceport_app.splats.file import read_ply, write_ply
from spaceport_app.splats.model import Splats

from .scenes import scene

ALL = "sog,sog-folder,sogs,ply"


@pytest.fixture
def splats() -> Splats:
    return scene(300, 1)


@pytest.fixture
def given(tmp_path: Path, splats: Splats) -> ExportInputs:
    write_ply(tmp_path / "splats.ply", splats)
    file.write(tmp_path / "bundle", to_viewer(splats), "sog-folder")
    matrix = np.eye(4)
    matrix[:3, 3] = [4_000_000.0, 600_000.0, 4_900_000.0]
    where = Georeference((51.0, 8.5, 230.0), matrix, 32632, "gps", "best", 0.3, 0.2, {})
    write_georeference(tmp_path / "georeference.json", where)
    output = tmp_path / "export"
    output.mkdir()
    return ExportInputs(
        tmp_path / "splats.ply",
        tmp_path / "bundle",
        tmp_path / "georeference.json",
        "Über den Wald",
        output,
    )


def test_all_formats_in_the_axes_of_viewers(given: ExportInputs, splats: Splats) -> None:
    seen: list[Event] = []
    result = run(given, ExportOptions(formats=ALL), seen.append)
    name = given.name
    made = [f"{name}.sog", f"{name}-sog", f"{name}-sogs", f"{name}.ply"]
    assert sorted(p.name for p in given.output.iterdir()) == sorted(
        [*made, f"{name}.georeference.json"]
    )
    for entry in made:
        path = given.output / entry
        back = read_ply(path) if entry.endswith(".ply") else file.read(path)
        error = compare(to_viewer(splats), back)
        assert error.gaussians == 300
        assert error.position_rms_relative < 1e-4
        assert error.rotation_rms_degrees < 0.45
    sizes = result["file_bytes"]
    assert isinstance(sizes, dict)
    assert sizes[f"{name}.sog"] == (given.output / f"{name}.sog").stat().st_size
    assert set(sizes) == {p.name for p in given.output.iterdir()}
    fractions = [event.fraction for event in seen if isinstance(event, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_sog_holds_the_bundle_byte_for_byte(given: ExportInputs) -> None:
    run(given, ExportOptions(formats="sog,sog-folder"), ignore)
    wanted = {p.name: p.read_bytes() for p in given.bundle.iterdir()}
    with zipfile.ZipFile(given.output / f"{given.name}.sog") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == wanted
    folder = given.output / f"{given.name}-sog"
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == wanted


def test_the_axes_of_the_world(given: ExportInputs, splats: Splats) -> None:
    run(given, ExportOptions(formats=ALL, orientation="world"), ignore)
    for path in given.output.iterdir():
        if path.suffix == ".json":
            continue
        back = read_ply(path) if path.suffix == ".ply" else file.read(path)
        assert compare(splats, back).position_rms_relative < 1e-4
    data = json.loads((given.output / f"{given.name}.georeference.json").read_text())
    assert data["file_to_world"] == np.eye(4).tolist()
    assert data["file_axes"] == "x east, y north, z up"


def test_the_way_back_to_the_earth(given: ExportInputs, splats: Splats) -> None:
    run(given, ExportOptions(formats="ply"), ignore)
    data = json.loads((given.output / f"{given.name}.georeference.json").read_text("utf-8"))
    assert data["epsg"] == 32632
    back = read_ply(given.output / f"{given.name}.ply")
    matrix = np.array(data["file_to_world"])
    np.testing.assert_allclose(
        back.means @ matrix[:3, :3].T + matrix[:3, 3], splats.means, rtol=1e-6, atol=1e-6
    )
    whole = np.array(data["world_to_ecef"]) @ matrix
    np.testing.assert_allclose(data["file_to_ecef"], whole, rtol=1e-12)


def test_without_georeference(given: ExportInputs) -> None:
    bare = ExportInputs(given.splats, given.bundle, None, "a", given.output)
    run(bare, ExportOptions(), ignore)
    data = json.loads((given.output / "a.georeference.json").read_text())
    assert data["frame"] == "arbitrary"
    assert "file_to_ecef" not in data
    assert len(data["file_to_world"]) == 4


def test_encoding_again_keeps_what_the_bundle_is(given: ExportInputs, splats: Splats) -> None:
    file.write(
        given.bundle,
        to_viewer(splats),
        "sog-folder",
        CompressOptions(sh_degree=0),
        antialiased=True,
    )
    run(given, ExportOptions(formats="sog,sogs", orientation="world"), ignore)
    sog = given.output / f"{given.name}.sog"
    assert file.is_antialiased(file.open_bundle(sog))
    assert file.read(sog).sh_degree == 0
    assert file.read(given.output / f"{given.name}-sogs").sh_degree == 0


@pytest.mark.parametrize(
    ("name", "file_name"),
    [
        ("", "splats"),
        ("..", "splats"),
        ("a/b", "a_b"),
        ("a\\b", "a_b"),
        ("c:", "c_"),
        ("a\nb", "a_b"),
        ('the "best" field?', "the _best_ field_"),
        ("ö" * 200, "ö" * 90),
    ],
)
def test_names_that_no_file_can_have(given: ExportInputs, name: str, file_name: str) -> None:
    run(replace(given, name=name), ExportOptions(formats="sog,sogs"), ignore)
    assert sorted(path.name for path in given.output.iterdir()) == sorted(
        [f"{file_name}.sog", f"{file_name}-sogs", f"{file_name}.georeference.json"]
    )


def test_what_is_encoded_again_is_encoded_as_the_project_says(given: ExportInputs) -> None:
    run(replace(given, compress=CompressOptions(order="morton")), ExportOptions("sogs"), ignore)
    made = file.read(given.output / f"{given.name}-sogs").means
    expected = given.output / "expected"
    upright = to_viewer(read_ply(given.splats))
    file.write(expected, upright, "sogs", CompressOptions(order="morton", sh_degree=1))
    np.testing.assert_array_equal(made, file.read(expected).means)
    file.write(given.output / "hilbert", upright, "sogs", CompressOptions(sh_degree=1))
    assert not np.array_equal(made, file.read(given.output / "hilbert").means)


def test_unknown_formats(given: ExportInputs) -> None:
    with pytest.raises(StageError) as caught:
        run(given, ExportOptions(formats="sog,gif"), ignore)
    assert caught.value.code == "unknown_format"


def test_full_disk(given: ExportInputs, monkeypatch: pytest.MonkeyPatch) -> None:
    run(given, ExportOptions(formats="ply"), ignore)
    before = (given.output / f"{given.name}.ply").read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("spaceport_app.ply.write_vertices", full)
    with pytest.raises(StageError, match="disk is full") as caught:
        run(given, ExportOptions(formats="ply"), ignore)
    assert caught.value.code == "disk_full"
    assert (given.output / f"{given.name}.ply").read_bytes() == before
