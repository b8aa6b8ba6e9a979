"""A project whose training is done, with splats and photos that are really there, in no time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from spaceport_app.photos import store as photo_store
from spaceport_app.photos.model import PhotoSet
from spaceport_app.pipeline import fingerprint
from spaceport_app.pipeline.settings import resolve
from spaceport_app.pipeline.stage import find
from spaceport_app.pipeline.stages import STAGES
from spaceport_app.project.model import Settings, StageRecord, StageRun
from spaceport_app.project.project import Project
from spaceport_app.sfm import store
from spaceport_app.sfm.model import Cloud, Georeference, Reconstruction, View
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.cpu.engine import CpuEngine
from spaceport_app.splats.file import write_ply
from spaceport_app.splats.model import Splats

GROUND, FLOATERS = 1500, 12
NAMES = tuple(f"{number}.jpg" for number in range(6))
EARTH = np.array([[0.0, 0, 1, 6_378_137.0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
"""A frame where equator and prime meridian meet, to EPSG:4978."""


def splats() -> Splats:
    """Ground of 10 m x 10 m about the origin, a group of floaters 4 m above it."""
    r = np.random.default_rng(0)
    ground = np.column_stack([r.uniform(-5, 5, (GROUND, 2)), r.normal(0, 0.05, GROUND)])
    high = np.array([1.0, 1.0, 4.0]) + r.normal(0, 0.05, (FLOATERS, 3))
    n = GROUND + FLOATERS
    return Splats(
        np.concatenate([ground, high]).astype(np.float32),
        np.full((n, 3), np.log(0.15), np.float32),
        np.tile(np.array([1, 0, 0, 0], np.float32), (n, 1)),
        np.full(n, 2.0, np.float32),
        r.normal(0, 0.8, (n, 1, 3)).astype(np.float32),
    )


def make(folder: Path, *, gps: bool = True) -> Project:
    """Write the project; its records hold, so that only compress and export are missing."""
    sources = folder.parent / "photos"
    sources.mkdir(exist_ok=True)
    project = Project.create(folder, (sources,), Settings("preview", "cpu"))
    for name in ("photos", "sfm", "splats"):
        (folder / name).mkdir()
    photo_store.write(folder / "photos", PhotoSet((), (), None))
    _reconstruct(folder / "sfm", gps=gps)
    write_ply(folder / "splats" / "splats.ply", splats())
    quality = {
        "psnr_db": 45.0,
        "ssim": 0.99,
        "image_size_px": 96,
        "antialiased": False,
        "background": [0, 0, 0],
        "vignette": [0, 0, 0],
        "views": [],
    }
    (folder / "splats" / "quality.json").write_text(json.dumps(quality))
    for name in ("import", "sfm", "train"):
        publish(project, name)
    return project


def publish(project: Project, name: str, output: str = "") -> None:
    """Record the folder of a stage as its finished result."""
    stage = find(STAGES, name)
    options = resolve(stage, project.document.settings)
    run = StageRun(
        fingerprint.of_stage(stage, options, project),
        "finished",
        "2026-01-01T10:00:00+00:00",
        "2026-01-01T10:01:00+00:00",
        60.0,
        500_000_000,
        output=output or f"output of {name}",
        report={"gaussians": GROUND + FLOATERS} if name == "train" else {},
    )
    with project.locked():
        records = {**project.document.stages, name: StageRecord(stage.folder, run)}
        project._save(replace(project.document, stages=records))


def reconstruct_again(project: Project, *, gps: bool, east: float = 0.0) -> None:
    """Have the sfm stage end with another frame, whose origin lies `east` metres further on."""
    _reconstruct(project.folder / "sfm", gps=gps, east=east)
    publish(project, "sfm", "output of another sfm")


def _reconstruct(folder: Path, *, gps: bool, east: float = 0.0) -> None:
    (folder / "views").mkdir(exist_ok=True)
    engine = CpuEngine()
    engine.load(splats())
    views = []
    for number, name in enumerate(NAMES):
        x, y = 1.5 * (number % 3 - 1), 1.0 * (number // 3) - 0.5
        matrix = np.array([[1.0, 0, 0, -x], [0, -1, 0, y], [0, 0, -1, 9.0], [0, 0, 0, 1]])
        camera = Camera(96, 72, 90.0, 90.0, 48.0, 36.0, matrix)
        path = folder / "views" / f"{number}.png"
        picture = np.clip(engine.render(camera), 0.0, 1.0)
        Image.fromarray(np.rint(255 * picture).astype(np.uint8)).save(path)
        views.append(View(name, path, *vars(camera).values()))
    cloud = Cloud(
        np.zeros((1, 3)), np.zeros((1, 3), np.uint8), np.zeros(1, np.float32), np.ones(1, np.int32)
    )
    where = Georeference(None, None, None, "layout", "No GPS.", None, None, {})
    if gps:
        earth = EARTH.copy()
        earth[:3, 3] += earth[:3, 0] * east
        where = Georeference((0.0, 0.0, 0.0), earth, 32631, "gps", "", 0.3, 0.2, {})
    store.write(folder, Reconstruction(tuple(views), cloud, where, {}))
