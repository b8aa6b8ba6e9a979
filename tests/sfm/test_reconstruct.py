from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pycolmap
import pytest
from PIL import Image

from spaceport_app.errors import StageError
from spaceport_app.events import Notice, Progress, Snapshot, ignore
from spaceport_app.photos import cameras, decode, frame, metadata
from spaceport_app.photos.frame import LocalFrame
from spaceport_app.photos.model import Origin, Photo, PhotoSet
from spaceport_app.sfm import store
from spaceport_app.sfm.alignment.similarity import fit
from spaceport_app.sfm.reconstruct import SfmInputs, SfmOptions, run

from . import photosets

FAST = SfmOptions(feature_image_size=600, max_features=1500, neighbours=8, view_size=400)


def taken(path: Path, name: str | None = None) -> Photo:
    """Return a photo of the sample flight with what its file says."""
    image = decode.decode(path.read_bytes())
    about = metadata.read(image.source)
    return replace(
        photosets.photo(path, name, focal_px=about.focal_px),
        camera=cameras.camera_key(about, *image.image.size),
        position=about.position,
        orientation=about.orientation,
    )


def flight(paths, names=None) -> PhotoSet:
    names = names or [path.name for path in paths]
    photos = tuple(taken(path, name) for path, name in zip(paths, names, strict=True))
    return photosets.of(*photos, origin=frame.origin_of(photos))


def inputs(folder: Path, photos: PhotoSet) -> SfmInputs:
    for name in ("output", "scratch"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return SfmInputs(photos, folder / "output", folder / "scratch")


def truth(sample_flight):
    return json.loads((sample_flight / "ground_truth.json").read_text())


def nadir(sample_flight, count):
    """Return the photos of the sample that look straight down, in name order."""
    photos = truth(sample_flight)["photos"]
    names = sorted(name for name, pose in photos.items() if pose["pitch"] < -80)
    return [sample_flight / name for name in names[:count]]


def centre(matrix):
    return -matrix[:3, :3].T @ matrix[:3, 3]


def turn_deg(a, b):
    return np.degrees(np.arccos(np.clip((np.trace(a @ b.T) - 1) / 2, -1, 1)))


@pytest.fixture(scope="module")
def whole_flight(tmp_path_factory, sample_flight):
    folder = tmp_path_factory.mktemp("flight")
    job = inputs(folder, flight(sorted(sample_flight.glob("*.JPG"))))
    events = []

    def listen(event):
        # A snapshot stays for a while only: so it is read when it is told of, as by the window.
        events.append((event, store.read(event.path)) if isinstance(event, Snapshot) else event)

    report = run(job, FAST, listen)
    return job, events, report, store.read(job.output)


def test_every_photo_stands_where_it_was_taken(whole_flight, sample_flight):
    _, _, report, result = whole_flight
    true = truth(sample_flight)
    assert report["registered"] == len(true["photos"]) == len(result.views)
    matrices = [np.array(true["photos"][view.name]["view_matrix"]) for view in result.views]
    found = np.array([centre(view.view_matrix) for view in result.views])
    there = np.array([centre(matrix) for matrix in matrices])

    # The scene itself, whatever GPS makes of it: centimetres and hundredths of a degree.
    exact = fit(found, there)
    assert np.sqrt(((exact.apply(found) - there) ** 2).sum(1).mean()) < 0.06
    turns = [
        turn_deg(view.view_matrix[:3, :3] @ exact.rotation.T, matrix[:3, :3])
        for view, matrix in zip(result.views, matrices, strict=True)
    ]
    assert max(turns) < 0.1

    # On the Earth: within the noise of GPS, whose mean over 30 photos is a fifth of it.
    assert result.georeference.origin is not None
    geodetic = LocalFrame(Origin(*result.georeference.origin)).to_geodetic(found)
    origin = Origin(**true["origin"])
    error = LocalFrame(origin).to_enu(*geodetic.T) - there
    # The sample's altitudes are those of a receiver with a constant geoid offset or none.
    assert np.sqrt((error[:, :2] ** 2).mean(0)).max() < true["gps_sigma_m"][0]
    assert np.std(error[:, 2]) < true["gps_sigma_m"][2]
    assert abs(exact.scale - 1) < 0.005


def test_the_model_is_seen_growing_at_its_place(whole_flight):
    job, events, _, result = whole_flight
    seen = [event for event in events if isinstance(event, tuple)]
    assert len(seen) >= 3, "after positioning, adjustment, and new points"
    last = np.array([centre(view.view_matrix) for view in result.views])
    off = []
    for snapshot, found in seen:
        assert (snapshot.done, snapshot.total) == (30, 30)
        assert [view.name for view in found.views] == [view.name for view in result.views]
        assert len(found.cloud.xyz) > 1000
        # The mapper colours points at the very end; these are coloured from a dozen photos.
        assert np.mean(found.cloud.rgb.any(1)) > 0.8
        assert found.georeference.origin == result.georeference.origin
        centres = np.array([centre(view.view_matrix) for view in found.views])
        off.append(float(np.abs(centres - last).max()))
    assert off[0] < 1.5 and off[-1] < 0.2, "metres"
    placed = [i for i, event in enumerate(events) if isinstance(event, tuple)]
    steps = [event.step for event in events[: placed[0]] if isinstance(event, Progress)]
    assert steps[-1] == "Refining where all photos are"
    assert not any(step.startswith("Undistorting") for step in steps)
    assert len(list(job.scratch.glob("growing-*"))) == 2, "older ones are removed"


def test_the_report_measures_what_was_written(whole_flight):
    _, events, report, result = whole_flight
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    georeference = result.georeference
    assert report["horizontal_rmse_m"] == pytest.approx(georeference.horizontal_rmse_m, abs=1e-4)
    assert 0.05 < report["horizontal_rmse_m"] < 0.6
    assert 0 < report["reprojection_error_px"] < 0.6
    assert report["points"] == len(result.cloud.xyz) > 1000
    rest = np.array(list(georeference.residuals.values()))
    assert np.sqrt((rest[:, :2] ** 2).sum(1).mean()) == pytest.approx(
        georeference.horizontal_rmse_m
    )
    (camera,) = report["cameras"].values()
    assert camera["focal_px"] == pytest.approx(832 / 2, rel=0.01)
    fractions = [event.fraction for event in events if isinstance(event, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    assert len(fractions) > 30
    assert all(len(e.step.split()) <= 7 for e in events if isinstance(e, Progress))
    assert not any(isinstance(e, Notice) for e in events)


def test_views_cloud_and_model_are_of_one_frame(whole_flight):
    job, _, _, result = whole_flight
    model = pycolmap.Reconstruction(job.output / "model")
    images = {model.image(i).name: model.image(i) for i in model.reg_image_ids()}
    points = {tuple(np.round(point.xyz, 6)) for point in model.points3D.values()}
    assert sum(tuple(np.round(p, 6)) in points for p in result.cloud.xyz) == len(result.cloud.xyz)
    errors = []
    for view in result.views:
        with Image.open(view.image) as picture:
            assert picture.size == (view.width, view.height)
            assert max(picture.size) <= FAST.view_size
        image = images[f"camera1/{Path(view.name).stem}.jpg"]
        np.testing.assert_allclose(image.cam_from_world().matrix(), view.view_matrix[:3], atol=1e-9)
        # What the mapper saw, seen through the pinhole camera of the view.
        for observed in image.get_observation_points2D()[:50]:
            x, y, z = view.view_matrix[:3] @ [*model.point3D(observed.point3D_id).xyz, 1.0]
            straight = image.camera.cam_from_img(observed.xy)
            expected = np.array([view.fx * straight[0] + view.cx, view.fy * straight[1] + view.cy])
            errors.append([view.fx * x / z + view.cx, view.fy * y / z + view.cy] - expected)
    assert np.sqrt((np.array(errors) ** 2).sum(1).mean()) < 0.8


def test_two_runs_agree(tmp_path, sample_flight):
    paths = nadir(sample_flight, 6)
    found = []
    for attempt in ("one", "two"):
        job = inputs(tmp_path / attempt, flight(paths))
        run(job, FAST, ignore)
        found.append(store.read(job.output))
    for a, b in zip(found[0].views, found[1].views, strict=True):
        np.testing.assert_allclose(a.view_matrix, b.view_matrix, atol=1e-4)


def test_odd_names_two_cameras_and_no_gps(tmp_path, sample_flight):
    paths = nadir(sample_flight, 8)
    folder = tmp_path / "Flüge über Köln"
    names = []
    for number, path in enumerate(paths):
        name = f"Süd {number % 2}/Foto {number // 2} ä.JPG"
        names.append(name)
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if number < 5:
            shutil.copy(path, target)
        else:  # a second camera, larger and without any metadata
            with Image.open(path) as image:
                image.resize((1400, 1050)).save(target, quality=95)
    photos = flight([folder / name for name in names], names)
    assert len(photos.cameras) == 2
    bare = replace(
        photos,
        photos=tuple(replace(p, position=None, orientation=None) for p in photos.photos),
        origin=None,
    )
    job = inputs(folder, bare)
    events = []
    report = run(job, replace(FAST, mapper="incremental"), events.append)
    result = store.read(job.output)
    assert [view.name for view in result.views] == sorted(names)
    assert report["mapper"] == "incremental"
    assert len(report["cameras"]) == 2
    assert result.georeference.origin is None
    assert result.georeference.method == "layout"
    assert "no GPS" in result.georeference.reason
    assert any(isinstance(e, Notice) and e.code == "no_gps" for e in events)
    assert all(view.image.name.isascii() and view.image.is_file() for view in result.views)
    below = np.median(result.cloud.xyz[:, 2])
    assert all(centre(view.view_matrix)[2] > below + 5 for view in result.views)


def test_a_photo_of_something_else_is_left_out_by_name(tmp_path, sample_flight):
    stranger = photosets.save(tmp_path / "stranger.jpg", photosets.texture(900, 7))
    broken = tmp_path / "broken.jpg"
    paths = nadir(sample_flight, 6)
    shutil.copy(paths[0], broken)
    photos = flight([*paths, stranger, broken])
    broken.write_bytes(broken.read_bytes()[:20000])  # damaged after it was added
    job = inputs(tmp_path, photos)
    events = []
    report = run(job, FAST, events.append)
    assert report["registered"] == 6
    assert set(report["left_out"]) == {"stranger.jpg", "broken.jpg"}
    assert store.read(job.output).left_out == report["left_out"]
    named = {e.subject for e in events if isinstance(e, Notice) and e.code == "left_out"}
    assert named == {"stranger.jpg", "broken.jpg"}


def test_two_places_in_one_set_give_the_larger_and_name_the_other(tmp_path, sample_flight):
    paths = nadir(sample_flight, 8)
    for path in paths[:4]:
        # Mirrored ground matches itself and nothing else.
        with Image.open(path) as image:
            mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            mirrored.save(tmp_path / f"mirror {path.name}", quality=95, exif=image.getexif())
    mirrors = sorted(tmp_path.glob("mirror*"))
    photos = flight([*paths, *mirrors])
    bare = tuple(replace(p, position=None, orientation=None) for p in photos.photos)
    job = inputs(tmp_path, replace(photos, photos=bare, origin=None))
    report = run(job, FAST, ignore)
    assert report["registered"] == 8
    assert report["model_sizes"] == [8, 4]
    assert set(report["left_out"]) == {path.name for path in mirrors}
    assert all("separate part of 4" in reason for reason in report["left_out"].values())
    # Both mappers had their try, as the first placed fewer than nine in ten.
    assert len(report["mapper_tries"]) == 2


def _run_until_killed(folder, photos, step, count):
    def report(event):
        if isinstance(event, Progress) and step in event.step and event.done >= count:
            os.kill(os.getpid(), signal.SIGKILL)

    run(inputs(folder, photos), replace(FAST, threads=1), report)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on Windows")
@pytest.mark.parametrize("step", ["features", "Matching"])
def test_a_killed_run_goes_on(tmp_path, sample_flight, step):
    photos = flight(nadir(sample_flight, 7))
    child = multiprocessing.get_context("spawn").Process(
        target=_run_until_killed, args=(tmp_path, photos, step, 2)
    )
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    job = inputs(tmp_path, photos)
    copies = {p: p.stat().st_mtime_ns for p in (job.scratch / "images").rglob("*.jpg")}
    assert len(copies) == 7
    events = []
    report = run(job, FAST, events.append)
    assert report["registered"] == 7
    assert len(report["cameras"]) == 1
    assert {p: p.stat().st_mtime_ns for p in copies} == copies
    counts = [e.done for e in events if isinstance(e, Progress) and step in e.step]
    # The first count after the start already holds what the killed run had done.
    assert counts[0] == 0
    assert counts[1] >= 2


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_photos(tmp_path, sample_flight, count):
    photos = flight(nadir(sample_flight, count))
    with pytest.raises(StageError) as caught:
        run(inputs(tmp_path, photos), FAST, ignore)
    assert caught.value.code == "too_few_photos"
    assert "at least 3" in caught.value.remedy


def test_photos_that_all_vanished(tmp_path):
    paths = [photosets.save(tmp_path / f"{i}.jpg", photosets.texture(64, i)) for i in range(4)]
    photos = photosets.of(*(photosets.photo(path) for path in paths))
    for path in paths:
        path.unlink()
    with pytest.raises(StageError) as caught:
        run(inputs(tmp_path, photos), FAST, ignore)
    assert caught.value.code == "too_few_photos"


def test_photos_without_detail(tmp_path):
    sky = np.full((300, 400, 3), 128, np.uint8)
    photos = [photosets.photo(photosets.save(tmp_path / f"{i}.jpg", sky)) for i in range(4)]
    with pytest.raises(StageError) as caught:
        run(inputs(tmp_path, photosets.of(*photos)), FAST, ignore)
    assert caught.value.code == "no_features"
    assert "sharp" in caught.value.remedy


def test_photos_without_overlap(tmp_path):
    paths = [photosets.save(tmp_path / f"{i}.jpg", photosets.texture(400, i)) for i in range(4)]
    photos = photosets.of(*(photosets.photo(path) for path in paths))
    with pytest.raises(StageError) as caught:
        run(inputs(tmp_path, photos), FAST, ignore)
    assert caught.value.code == "no_overlap"
    assert "overlap" in caught.value.remedy


def test_the_reader_needs_no_native_code():
    import subprocess
    import sys

    code = "import sys, spaceport_app.sfm.store; sys.exit('pycolmap' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
