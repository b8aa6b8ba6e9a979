from __future__ import annotations

import contextlib
import errno
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

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
        ("con", "_con"),
        ("Com1.north", "_Com1.north"),
        ("nul ", "_nul"),
        ("lpt9.", "_lpt9"),
        ("field. .", "field"),
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


SECRET = b"the person's own key"


def altered(given: ExportInputs, change: Callable[[dict[str, Any]], None]) -> None:
    """Change meta.json as somebody else may have."""
    path = given.bundle / "meta.json"
    meta = json.loads(path.read_bytes())
    change(meta)
    path.write_text(json.dumps(meta), encoding="utf-8")


def refused(given: ExportInputs, formats: str = ALL) -> StageError:
    with pytest.raises(StageError) as caught:
        run(given, ExportOptions(formats=formats), ignore)
    assert caught.value.message.endswith(".") and caught.value.remedy
    for path in given.output.rglob("*"):
        assert not path.is_file() or SECRET not in path.read_bytes()
    return caught.value


def test_files_that_no_bundle_holds_are_not_published(given: ExportInputs, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(SECRET)
    (given.bundle / "extra.bin").symlink_to(tmp_path / "secret")
    (given.bundle / "notes.txt").write_bytes(SECRET)
    altered(given, lambda meta: meta.update(x={"files": ["extra.bin", "notes.txt"]}))
    run(given, ExportOptions(formats="sog,sog-folder"), ignore)
    textures = {path.name for path in given.bundle.glob("*.webp")}
    with zipfile.ZipFile(given.output / f"{given.name}.sog") as archive:
        assert set(archive.namelist()) == {"meta.json", *textures}
    assert {p.name for p in (given.output / f"{given.name}-sog").iterdir()} == {
        "meta.json",
        *textures,
    }


def test_a_texture_that_is_a_link_or_called_otherwise_is_refused(
    given: ExportInputs, tmp_path: Path
) -> None:
    outside = tmp_path / "elsewhere.webp"
    (given.bundle / "quats.webp").rename(outside)
    (given.bundle / "quats.webp").symlink_to(outside)
    assert refused(given, "sog").code == "bad_bundle"
    assert "link" in refused(given, "sog-folder").message
    (given.bundle / "quats.webp").unlink()
    outside.rename(given.bundle / "id_rsa")
    altered(given, lambda meta: meta["quats"].update(files=["id_rsa"]))
    assert refused(given, "sog").code == "bad_bundle"


@pytest.mark.parametrize("name", ["splats", "bundle", "georeference"])
def test_a_result_that_is_a_link_is_not_followed(
    given: ExportInputs, name: str, tmp_path: Path
) -> None:
    path: Path = getattr(given, name)
    outside = tmp_path / "outside"
    path.rename(outside)
    path.symlink_to(outside)
    error = refused(given)
    assert error.code == "linked_result" and path.name in error.message


@pytest.mark.parametrize("name", ["means_u.webp", "quats.webp", "scales.webp", "sh0.webp"])
def test_a_damaged_bundle_is_not_published(given: ExportInputs, name: str) -> None:
    path = given.bundle / name
    path.write_bytes(path.read_bytes()[:-9])
    assert refused(given, "sog").code == "bad_bundle"
    assert not (given.output / f"{given.name}.sog").exists()


VALUES = (None, 0, 1, -1.5, "x", "../x", [], [[]], [None], [1, 2], {}, {"files": 1}, True, 2**70)


@pytest.mark.parametrize("value", VALUES)
def test_values_of_other_kinds_in_the_meta_json(given: ExportInputs, value: object) -> None:
    meta = json.loads((given.bundle / "meta.json").read_bytes())
    for part, fields in meta.items():
        for field in fields if isinstance(fields, dict) else ("",):
            changed = json.loads(json.dumps(meta))
            if field:
                changed[part][field] = value
            else:
                changed[part] = value
            (given.bundle / "meta.json").write_text(json.dumps(changed), encoding="utf-8")
            # What is not read is no fault; all else is one that is told.
            with contextlib.suppress(StageError):
                run(given, ExportOptions(formats="sog"), ignore)
    altered(given, lambda meta: meta.update(shN={"bands": value}))
    with contextlib.suppress(StageError):
        run(given, ExportOptions(formats="sogs"), ignore)
