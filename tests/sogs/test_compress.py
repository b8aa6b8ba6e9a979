from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spaceport_app.errors import StageError
from spaceport_app.events import Event, Progress, ignore
from spaceport_app.sfm.model import Cloud, Georeference, Reconstruction, View
from spaceport_app.sogs import file
from spaceport_app.sogs.axes import to_viewer
from spaceport_app.sogs.compress import CompressInputs, run
from spaceport_app.sogs.options import CompressOptions
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.compare import compare
from spaceport_app.splats.edits import FILE
from spaceport_app.splats.edits import file as edit_file
from spaceport_app.splats.edits.apply import apply
from spaceport_app.splats.edits.box import CropBox
from spaceport_app.splats.edits.model import Edits
from spaceport_app.splats.engines import choose
from spaceport_app.splats.file import write_ply
from spaceport_app.splats.model import Splats
from spaceport_app.splats.vignette import Vignette

from .scenes import scene


def compact_scene() -> Splats:
    random = np.random.default_rng(0)
    splats = scene(600, 2)
    splats.means[:] = random.uniform(-1, 1, (600, 3))
    splats.log_scales[:] = random.uniform(-4, -2, (600, 3))
    return splats


LENS = Vignette((-0.4, 0.1, 0.0))


def inputs(tmp_path: Path, splats: Splats, held_out: bool = False) -> CompressInputs:
    folder = tmp_path / "Flüge 1"
    folder.mkdir()
    write_ply(folder / "splats.ply", splats)
    output = tmp_path / "out"
    output.mkdir()
    if not held_out:
        return CompressInputs(folder / "splats.ply", output, None, ())
    engine = choose.make("cpu")
    engine.load(splats)
    views = []
    for i, east in enumerate((-0.8, 0.1, 0.7)):
        matrix = np.array([[1.0, 0, 0, -east], [0, -1, 0, 0.2], [0, 0, -1, 4], [0, 0, 0, 1]])
        path = tmp_path / f"view{i}.png"
        view = View(f"photo {i}.jpg", path, 96, 72, 90, 90, 48, 36, matrix)
        camera = Camera.of_view(view)
        picture = np.clip(engine.render(camera) * LENS.factors(camera), 0, 1)
        Image.fromarray(np.rint(picture * 255).astype(np.uint8)).save(path)
        views.append(view)
    cloud = Cloud(
        np.zeros((1, 3)), np.zeros((1, 3), np.uint8), np.zeros(1, np.float32), np.ones(1, np.int32)
    )
    where = Georeference(None, None, None, "layout", "", None, None, {})
    reconstruction = Reconstruction(tuple(views), cloud, where, {})
    return CompressInputs(
        folder / "splats.ply", output, reconstruction, ("photo 0.jpg", "photo 2.jpg")
    )


def test_bundle_and_report(tmp_path: Path) -> None:
    splats = compact_scene()
    given = inputs(tmp_path, splats)
    seen: list[Event] = []
    result = run(given, CompressOptions(), seen.append)
    decoded = file.read(given.output / "bundle")
    error = compare(to_viewer(splats), decoded)
    assert error.gaussians == 600
    assert error.shared_partners == 0
    assert result["rotation_rms_degrees"] == pytest.approx(error.rotation_rms_degrees)
    assert result["gaussians"] == 600
    written = (given.output / "bundle").iterdir()
    assert result["bytes"] == sum(entry.stat().st_size for entry in written)
    assert result["ply_bytes"] == given.splats.stat().st_size
    assert "held_out_psnr_db" not in result
    on_disk = json.loads((given.output / "quality.json").read_text("utf-8"))
    assert {name: on_disk[name] for name in result} == result
    fractions = [event.fraction for event in seen if isinstance(event, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_held_out_views_are_rendered_from_the_bundle(tmp_path: Path) -> None:
    """The photos show the scene itself through a lens, so only the codec's error is left."""
    given = inputs(tmp_path, compact_scene(), held_out=True)
    (given.splats.with_name("quality.json")).write_text(
        json.dumps(
            {
                "psnr_db": 60.0,
                "image_size_px": 96,
                "antialiased": False,
                "background": [0, 0, 0],
                "vignette": LENS.coefficients,
            }
        )
    )
    result = run(given, CompressOptions(), ignore)
    assert result["held_out_views"] == 2
    psnr = result["held_out_psnr_db"]
    assert isinstance(psnr, float)
    assert psnr > 38
    assert result["held_out_psnr_change_db"] == pytest.approx(psnr - 60)
    views = json.loads((given.output / "quality.json").read_text())["views"]
    assert [view["name"] for view in views] == ["photo 0.jpg", "photo 2.jpg"]


def test_antialiased_training_is_passed_on(tmp_path: Path) -> None:
    given = inputs(tmp_path, scene(20))
    given.splats.with_name("quality.json").write_text(
        json.dumps(
            {
                "psnr_db": None,
                "image_size_px": 9,
                "antialiased": True,
                "background": [0, 0, 0],
                "vignette": [0, 0, 0],
            }
        )
    )
    run(given, CompressOptions(), ignore)
    meta = json.loads((given.output / "bundle" / "meta.json").read_text())
    assert meta["model"] == "antialiased"


def test_damaged_quality_is_one_clear_error(tmp_path: Path) -> None:
    given = inputs(tmp_path, scene(20))
    given.splats.with_name("quality.json").write_text("{")
    with pytest.raises(StageError) as caught:
        run(given, CompressOptions(), ignore)
    assert caught.value.code == "bad_quality"


def test_values_that_are_no_numbers(tmp_path: Path) -> None:
    splats = scene(20)
    splats.means[4, 1] = np.nan
    given = inputs(tmp_path, splats)
    with pytest.raises(StageError, match="1 of 20 Gaussians"):
        run(given, CompressOptions(), ignore)
    assert list(given.output.iterdir()) == []


def edited_inputs(tmp_path: Path, edits: Edits) -> CompressInputs:
    given = inputs(tmp_path, compact_scene(), held_out=True)
    given.splats.with_name("quality.json").write_text(
        json.dumps(
            {
                "psnr_db": 60.0,
                "image_size_px": 96,
                "antialiased": False,
                "background": [0, 0, 0],
                "vignette": LENS.coefficients,
            }
        )
    )
    return replace(given, edits=edits)


def test_cropped_bundle_is_compared_with_what_the_crop_left(tmp_path: Path) -> None:
    box = CropBox.between((-1.0, -1.0, -1.0), (0.0, 1.0, 1.0))
    given = edited_inputs(tmp_path, Edits(box))
    seen: list[Event] = []
    result = run(given, CompressOptions(), seen.append)
    splats = compact_scene()
    left = apply(splats, Edits(box))
    assert 0 < len(left) < len(splats)
    assert result["gaussians"] == len(left) == len(file.read(given.output / "bundle"))
    assert result["edited_away"] == len(splats) - len(left)
    assert compare(to_viewer(left), file.read(given.output / "bundle")).shared_partners == 0
    write_ply(tmp_path / "left.ply", left)
    header = len(str(len(splats))) - len(str(len(left)))
    ply_bytes = result["ply_bytes"]
    assert isinstance(ply_bytes, int)
    assert abs(ply_bytes - (tmp_path / "left.ply").stat().st_size) <= header
    # The photos show all of it, so they say nothing about the packing of a part.
    assert not [key for key in result if key.startswith("held_out")]
    assert isinstance(result["edited_psnr_db"], float) and result["edited_psnr_db"] > 38
    assert edit_file.read(given.output / FILE).history.present == Edits(box)
    fractions = [event.fraction for event in seen if isinstance(event, Progress)]
    assert fractions == sorted(fractions)


def test_photos_still_judge_a_bundle_that_only_lost_floaters(tmp_path: Path) -> None:
    result = run(edited_inputs(tmp_path, Edits(floaters=60)), CompressOptions(), ignore)
    assert result["held_out_views"] == 2
    assert isinstance(result["edited_psnr_db"], float)
    assert "held_out_psnr_change_db" not in result, "that is the loss of packing alone"
