"""Every file of a project folder, read as the window, the command and the stages do."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import sys
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from PIL import Image

from spaceport_app import records
from spaceport_app.cli import looking
from spaceport_app.cloud.client import submission
from spaceport_app.cloud.job import CloudFile
from spaceport_app.gui import diagnostics
from spaceport_app.gui.report import facts, html
from spaceport_app.gui.run import history
from spaceport_app.gui.start import recent
from spaceport_app.photos import store as photo_store
from spaceport_app.photos.importing import ImportInputs
from spaceport_app.photos.importing import run as import_photos
from spaceport_app.photos.options import ImportOptions
from spaceport_app.pipeline import editing, fingerprint, forecast, messages, summary
from spaceport_app.pipeline.settings import resolve_all
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.project import Project
from spaceport_app.sfm import database, store, undistort, working_copies
from spaceport_app.sfm.model import Cloud, Georeference, Reconstruction, View
from spaceport_app.splats import measured, views
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.edits import file as edit_file
from spaceport_app.splats.edits.box import CropBox
from spaceport_app.splats.edits.file import EditFile, Frame
from spaceport_app.splats.edits.history import History
from spaceport_app.splats.edits.model import Edits
from spaceport_app.splats.engines.contract import EngineState
from spaceport_app.splats.training import planning
from spaceport_app.splats.training.checkpoint import Checkpoint, Checkpoints
from spaceport_app.splats.training.options import TrainOptions
from spaceport_app.splats.training.poses import Poses
from spaceport_app.splats.training.record import Rounds, TrainingRecord

from ..reader import How, Reader
from .photos import SAMPLE

sys.path.append(str(Path(__file__).resolve().parents[2]))

from gui import finished


class _In:
    """One file of a project, which is the input; the others are good."""

    def __init__(self, name: str, make: Callable[[Path], Path], read: Callable[[Path], object]):
        self.name, self._make, self._read = name, make, read
        self.template = Path()

    def samples(self, folder: Path) -> Sequence[bytes]:
        self.template = self._make(folder)
        return [(self.template / self.name).read_bytes()]

    def read(self, data: bytes, folder: Path) -> object:
        place = folder / self.template.name
        shutil.copytree(self.template, place)
        (place / self.name).write_bytes(data)
        return self._read(place)


def _project(folder: Path) -> Path:
    made = finished.make(folder / "x.spaceport")
    return made.folder


def _looked_at(folder: Path) -> object:
    project, stages = Project.open(folder), registry()
    told = looking.describe(project, stages)
    return looking.lines(told), summary.of_project(project, stages), recent.look(folder, stages)


def _reported(folder: Path) -> object:
    project = Project.open(folder)
    # What the computer is, is asked in a process of its own: it takes seconds.
    original = diagnostics._examined, diagnostics._computer
    diagnostics._examined = lambda folder: {}
    diagnostics._computer = lambda *told: ""
    try:
        told = diagnostics.collect(project, "", "")
    finally:
        diagnostics._examined, diagnostics._computer = original
    return html.page(facts.gather(project)), told


def _locked(folder: Path) -> object:
    project, stages = Project.open(folder), registry()
    with project.locked():
        options = resolve_all(stages, project.document.settings)
        held = [fingerprint.holds(stage, options[stage.name], project) for stage in stages]
        return held, forecast.of_project(project, stages)


def _with_job(folder: Path) -> Path:
    project = Project.open(_project(folder))
    settings = submission.settings_json(project.document.settings)
    upload = submission.Upload(CloudFile("a.jpg", 10, "0" * 64), "photos/a.jpg")
    made = submission.Submission(
        "https://x.example.com/prod",
        "Meadow",
        "sfm",
        "compression",
        settings,
        "f.0",
        (upload,),
        "scaled",
        job="0123456789abcdefghjkmnpqrs",
        taken=("sfm",),
        instances={"3dgs": "ml.g5.xlarge"},
    )
    with project.locked():
        submission.write(project, made)
    return project.folder


def _job(folder: Path) -> object:
    found = submission.read(Project.open(folder))
    if found is None:
        return None
    return found.steps, found.under_way, found.size, found.as_job(), found.project_settings()


def _photos(folder: Path) -> Path:
    flight, output = folder / "flight", folder / "photos"
    flight.mkdir()
    output.mkdir()
    with Image.open(SAMPLE) as opened:
        picture, exif = opened.resize((160, 120)), opened.info["exif"]
    for number in range(3):
        picture.rotate(number).save(flight / f"{number}.jpg", exif=exif)
    inputs = ImportInputs((flight,), output, frozenset())
    import_photos(inputs, ImportOptions(), lambda event: None)
    return output


def _photo_list(folder: Path) -> object:
    photos = photo_store.read(folder)
    return photos.used, photo_store.changed(photos)


def _reconstruction(folder: Path) -> Path:
    place = folder / "sfm"
    (place / "views").mkdir(parents=True)
    found = []
    for number, name in enumerate(("Köln 1/a b.jpg", "b.jpg")):
        image = place / "views" / f"v{number}.jpg"
        Image.new("RGB", (64, 48), (90, 120, 30)).save(image)
        found.append(View(name, image, 64, 48, 50.25, 51.5, 32.125, 24, np.eye(4)))
    cloud = Cloud(
        np.ones((5, 3)),
        np.ones((5, 3), np.uint8),
        np.ones(5, np.float32),
        np.ones(5, np.int32),
    )
    where = Georeference(
        (47.5, 11.25, 713.4),
        np.eye(4),
        32632,
        "gps",
        "They agree.",
        0.4,
        0.2,
        {"b.jpg": (0.1, 0.2, 0.3)},
    )
    store.write(place, Reconstruction(tuple(found), cloud, where, {"c.jpg": "No overlap."}))
    return place


def _read_views(folder: Path) -> object:
    found = store.read(folder)
    return [views.load_view(view, 0, 32) for view in found.views]


def _splats(folder: Path) -> Path:
    place = folder / "splats"
    place.mkdir()
    quality = {
        "schema": 1,
        "image_size_px": 640,
        "psnr_db": 24.5,
        "background": [0, 0, 0],
        "vignette": [0.1, 0.2, 0.3],
        "antialiased": False,
        "views": [{"name": "b.jpg", "psnr_db": 24.5, "ssim": 0.6}],
    }
    (place / "quality.json").write_text(json.dumps(quality), encoding="utf-8")
    steps = [{"iteration": 1.0, "seconds": 0.1, "loss": 0.2}]
    told = {"schema": 1, "steps": steps, "quality": steps, "psnr": steps}
    (place / "history.json").write_text(json.dumps(told), encoding="utf-8")
    return place


def _edited(folder: Path) -> Path:
    project = _project(folder)
    box = CropBox((0.0, 0.0, 0.0), (1.0, 2.0, 3.0), 4.0)
    past = History().done("Crop", Edits(box)).done("Remove floaters", Edits(box, 50))
    frame = Frame("abc", tuple(tuple(float(v) for v in row) for row in np.eye(4)))
    edit_file.write(project / "edits.json", EditFile(past, frame))
    return project


def _edits(folder: Path) -> object:
    return edit_file.read(folder / "edits.json"), editing.read(Project.open(folder))


def _pictures(folder: Path) -> Sequence[bytes]:
    found = []
    for form in ("JPEG", "PNG"):
        data = io.BytesIO()
        Image.new("RGB", (64, 48), (90, 120, 30)).save(data, form)
        found.append(data.getvalue())
    # Pillow would have another program draw it.
    found.append(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 48\n%%EndComments\nshowpage\n")
    return found


def _view(data: bytes, folder: Path) -> object:
    path = folder / "v.jpg"
    path.write_bytes(data)
    return views.load_view(View("v", path, 64, 48, 50, 50, 32, 24, np.eye(4)), 0, 32)


def _inlined(data: bytes, folder: Path) -> object:
    project = _project(folder)
    for path in (project / "splats" / "held_out").iterdir():
        path.write_bytes(data)
    return html.page(facts.gather(Project.open(project)))


def _copied(data: bytes, folder: Path) -> object:
    path = folder / "a.jpg"
    path.write_bytes(data)
    copy = working_copies.WorkingCopy(None, "c/a.jpg", 64, 48, 1)  # type: ignore[arg-type]
    return working_copies._is_good(path, copy), forecast._size(path)


def _straightened(data: bytes, folder: Path) -> object:
    """Undistort a copy that lay in the scratch folder since an earlier try."""
    import pycolmap

    (folder / "a.jpg").write_bytes(data)
    original = folder / "original.jpg"
    original.write_bytes(_pictures(folder)[0])
    camera = pycolmap.Camera.create(1, pycolmap.CameraModelId.SIMPLE_RADIAL, 60.0, 64, 48)
    photo = SimpleNamespace(name="a.jpg", path=original, width=64, height=48)
    copy = SimpleNamespace(name="a.jpg", stem="view", photo=photo, width=64, height=48)
    return undistort._write_view(copy, np.eye(4)[:3], camera, folder, folder, 32)  # type: ignore[arg-type]


def _checkpoints(folder: Path) -> Sequence[bytes]:
    arrays = {"means": np.ones((50, 3), np.float32), "steps": np.array(7)}
    head = {"seconds": 1.5, "history": {"steps": []}}
    path = Checkpoints(folder, "a").save(Checkpoint(7, EngineState(arrays), head))
    data = io.BytesIO(path.read_bytes())
    huge = io.BytesIO()
    with zipfile.ZipFile(data) as archive, zipfile.ZipFile(huge, "w") as made:
        for name in archive.namelist():
            content = archive.read(name)
            if "means" in name:
                content = content.replace(b"(50, 3), }         ", b"(500000000, 30), } ", 1)
            made.writestr(name, content)
    return [path.read_bytes(), huge.getvalue()]


def _checkpoint(data: bytes, folder: Path) -> object:
    (folder / "checkpoint-00000007.npz").write_bytes(data)
    return Checkpoints(folder, "a").latest()


def _poses() -> Poses:
    camera = Camera(64, 48, 60.0, 60.0, 32.0, 24.0, np.eye(4))
    return Poses([camera, camera], 10.0)


def _trainings(folder: Path) -> Sequence[bytes]:
    rows = Rounds([{"iteration": 1.0, "loss": 0.5}], [{"iteration": 1.0, "psnr_db": 20.0}])
    learned = _poses().as_json()
    made = TrainingRecord(1.5, 0, 500, 640, 0, 100, 2.5, rows, learned)  # type: ignore[arg-type]
    return [json.dumps(made.as_json()).encode()]


def _training(data: bytes, folder: Path) -> object:
    # Of a checkpoint, it is parsed with its head.
    found = TrainingRecord.of(records.parse(data), 7)
    if found.poses is not None:
        _poses().restore(found.poses)
    return found.history.history()


def _plans(folder: Path) -> Sequence[bytes]:
    path = folder / "plan.json"
    planning._write(path, "key", TrainOptions(), 60.0, 1.5)
    return [path.read_bytes()]


def _plan(data: bytes, folder: Path) -> object:
    path = folder / "plan.json"
    path.write_bytes(data)
    return planning._read(path, "key")


def _databases(folder: Path) -> Sequence[bytes]:
    path = folder / "database.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table images (image_id integer, name text, camera_id integer)")
        connection.execute(
            "create table cameras (camera_id integer, width integer, height integer)"
        )
        connection.execute("insert into images values (1, 'c/a.jpg', 1)")
        connection.execute("insert into cameras values (1, 64, 48)")
        connection.commit()
    return [path.read_bytes()]


def _database(data: bytes, folder: Path) -> object:
    path = folder / "database.db"
    path.write_bytes(data)
    copy = SimpleNamespace(name="c/a.jpg", width=64, height=48, group=1)
    return database._fits(path, [copy])  # type: ignore[list-item]


def _lines(folder: Path) -> Sequence[bytes]:
    from spaceport_app import events

    return [
        messages.encode(event).encode()
        for event in (
            events.Progress("x", 1.0, 2.0, 0.5),
            events.Metric({"loss": 0.5}),
            events.Snapshot(Path("x.ply"), 1.0, 2.0),
            events.Notice("code", "words", "subject"),
            events.Finished({"a": {"b": 1}}),
            events.Failed("code", "words", "remedy"),
            events.Stopped("x"),
        )
    ]


def _line(data: bytes, folder: Path) -> object:
    return messages.encode(messages.decode(data.decode("utf-8", "replace")))


def _reader(
    name: str, file: _In, covers: tuple[str, ...], how: How = "json", **more: object
) -> Reader:
    return Reader(name, file.samples, file.read, how, covers, **more)  # type: ignore[arg-type]


_DOCUMENT = ("project/document.py", "project/migrations.py")

READERS = (
    _reader(
        "project.json, looked at",
        _In("project.json", _project, _looked_at),
        (*_DOCUMENT, "pipeline/summary.py", "gui/start/recent.py"),
    ),
    _reader(
        "project.json, reported",
        _In("project.json", _project, _reported),
        (*_DOCUMENT, "gui/report/facts.py", "gui/diagnostics.py"),
    ),
    _reader(
        "photos.json, looked at",
        _In("photos/photos.json", _project, _looked_at),
        ("project/reach.py",),
    ),
    _reader("project.json, locked", _In("project.json", _project, _locked), _DOCUMENT),
    _reader("lock", _In(".lock", _project, _locked), ("project/lock.py",), "bytes"),
    _reader("photos.json", _In("photos.json", _photos, _photo_list), ("photos/store.py",)),
    _reader(
        "reconstruction.json",
        _In("reconstruction.json", _reconstruction, store.read),
        ("sfm/store.py",),
    ),
    _reader("views.json", _In("views/views.json", _reconstruction, _read_views), ("sfm/store.py",)),
    _reader(
        "georeference.json",
        _In("georeference.json", _reconstruction, store.read),
        ("sfm/store.py",),
    ),
    _reader("cloud.ply", _In("cloud.ply", _reconstruction, store.read), ("sfm/store.py",), "bytes"),
    _reader("quality.json", _In("quality.json", _splats, measured.read), ("splats/measured.py",)),
    _reader(
        "quality.json, reported",
        _In("splats/quality.json", _project, _reported),
        ("gui/report/facts.py", "gui/report/html.py"),
    ),
    _reader("history.json", _In("history.json", _splats, history.read), ("gui/run/history.py",)),
    _reader("edits.json", _In("edits.json", _edited, _edits), ("splats/edits/file.py",)),
    _reader(
        "job.json of a project",
        _In(".cloud/job.json", _with_job, _job),
        ("cloud/client/submission.py",),
    ),
    Reader("view", _pictures, _view, "picture", ("splats/views.py", "pictures.py")),
    Reader("pictures of the report", _pictures, _inlined, "picture", ("gui/report/html.py",)),
    Reader(
        "working copy",
        _pictures,
        _copied,
        "picture",
        ("sfm/working_copies.py", "pipeline/forecast.py"),
    ),
    Reader("undistorted copy", _pictures, _straightened, "picture", ("sfm/undistort.py",)),
    Reader("checkpoint", _checkpoints, _checkpoint, "zip", ("splats/training/checkpoint.py",)),
    Reader(
        "record of a training",
        _trainings,
        _training,
        "json",
        ("splats/training/record.py", "splats/training/poses.py"),
        (ValueError,),
    ),
    Reader("plan", _plans, _plan, "json", ("splats/training/planning.py",)),
    Reader("database", _databases, _database, "bytes", ("sfm/database.py",)),
    Reader("message of a stage", _lines, _line, "json", ("pipeline/messages.py",), (ValueError,)),
)
