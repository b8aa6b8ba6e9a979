"""A project as finished stages leave it, small: records with their figures, and two pictures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from spaceport_app.pipeline import fingerprint
from spaceport_app.pipeline.settings import resolve
from spaceport_app.pipeline.stage import find, registry
from spaceport_app.project.model import Settings, StageRecord, StageRun
from spaceport_app.project.project import Project

GAUSSIANS = 59_037
FILE_BYTES = {
    "meta.json": 8886,
    "means_l.webp": 156_390,
    "means_u.webp": 35_264,
    "quats.webp": 181_436,
    "scales.webp": 160_490,
    "sh0.webp": 201_526,
    "shN_centroids.webp": 178_786,
    "shN_labels.webp": 65_870,
}
BUNDLE_BYTES = sum(FILE_BYTES.values())
REPORTS: dict[str, dict[str, object]] = {
    "import": {
        "photos": 31,
        "used": 30,
        "left_out": [{"name": "blur.jpg", "code": "blurred", "message": "It is blurred."}],
        "cameras": [{"name": "Sample <Drone>", "photos": 30}],
        "megapixels": 32.4,
        "gps_photos": 30,
        "area_hectares": 0.481,
        "relative_altitude_min_m": 38.3,
        "relative_altitude_max_m": 46.7,
    },
    "sfm": {
        "photos": 30,
        "registered": 29,
        "left_out": {"a.jpg": "It matched too few others."},
        "points": 11_097,
        "reprojection_error_px": 0.3169,
        "horizontal_rmse_m": 0.2701,
        "vertical_rmse_m": 0.4621,
        "reason": "GPS agrees.",
        "cameras": {"camera1": {"name": "Sample Drone", "focal_px": 831.88}},
    },
    "train": {
        "gaussians": GAUSSIANS,
        "iterations": 2000,
        "engine": "cpu",
        "sh_degree": 1,
        "image_size_px": 640,
        "held_out": ["b.jpg"],
        "psnr_db": 24.56,
        "ssim": 0.663,
    },
    "compress": {
        "sh_degree": 1,
        "bytes": BUNDLE_BYTES,
        "ply_bytes": 6_140_479,
        "ratio": 6.21,
        "gaussians": GAUSSIANS,
        "position_rms_m": 0.0057,
        "rotation_rms_degrees": 0.357,
        "opacity_rms": 0.0011,
        "file_bytes": FILE_BYTES,
        "held_out_psnr_db": 24.54,
        "held_out_ssim": 0.662,
    },
    "export": {
        "formats": ["sog"],
        "orientation": "viewer",
        "file_bytes": {"x.sog": 989_468, "x.georeference.json": 4885},
    },
}


def make(folder: Path) -> Project:
    """Write a finished project whose records hold."""
    project = Project.create(folder, (folder.parent,), Settings("preview", "cpu"))
    stages = registry()
    for stage in stages:
        (folder / stage.folder).mkdir()
    (folder / "photos" / "photos.json").write_text("{}", encoding="utf-8")
    _pictures(folder / "splats")
    (folder / "export" / "x.sog").write_bytes(b"sog")
    (folder / "export" / "x.georeference.json").write_text("{}", encoding="utf-8")
    (folder / "bundle" / "bundle").mkdir()
    (folder / "bundle" / "bundle" / "meta.json").write_text("{}", encoding="utf-8")
    records: dict[str, StageRecord] = {}
    for name, report in REPORTS.items():
        stage = find(stages, name)
        options = resolve(stage, project.document.settings)
        mark = fingerprint.of_stage(stage, options, project)
        run = StageRun(
            mark,
            "finished",
            "2026-01-01T10:00:00+00:00",
            "2026-01-01T10:01:00+00:00",
            60.0,
            500_000_000,
            output=f"output of {name}",
            report=report,  # type: ignore[arg-type]
        )
        records[name] = StageRecord(stage.folder, run)
        with project.locked():
            project._save(replace(project.document, stages=records))
    return project


def _pictures(folder: Path) -> None:
    (folder / "held_out").mkdir()
    for number, kind in enumerate(("photo", "render")):
        pixels = np.full((48, 64, 3), 60 + 90 * number, np.uint8)
        Image.fromarray(pixels).save(folder / "held_out" / f"b.{kind}.png")
    view = {
        "name": "b.jpg",
        "psnr_db": 24.56,
        "ssim": 0.663,
        "photo": "held_out/b.photo.png",
        "render": "held_out/b.render.png",
    }
    (folder / "quality.json").write_text(json.dumps({"views": [view]}), encoding="utf-8")
