"""The exported file in a real web viewer shows what our engine renders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import viewer

from spaceport_app.sogs import file as bundles
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.choose import make
from spaceport_app.splats.model import Splats
from spaceport_app.splats.quality import psnr

WIDTH, HEIGHT = 480, 270
FOV = 60.0


def scene(count: int = 4000) -> Splats:
    """Return a ball of coloured Gaussians, brighter on one side."""
    random = np.random.default_rng(7)
    direction = random.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    quaternions = random.normal(size=(count, 4))
    sh = np.zeros((count, 4, 3), np.float32)
    sh[:, 0] = direction * [1.2, 0.8, 1.0]
    sh[:, 1:] = random.normal(0, 0.2, (count, 3, 3))
    return Splats(
        (direction * random.uniform(0.6, 1.0, (count, 1))).astype(np.float32),
        random.normal(-3.2, 0.3, (count, 3)).astype(np.float32),
        quaternions.astype(np.float32),
        random.normal(1.0, 1.0, count).astype(np.float32),
        sh,
    )


def camera_of_viewer(position: np.ndarray, target: np.ndarray) -> Camera:
    """Return the camera in file axes: the viewer turns files by 180 degrees about z."""
    turn = np.diag([-1.0, -1.0, 1.0])
    forward = (target - position) / np.linalg.norm(target - position)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, -np.cross(right, forward), forward]) @ turn
    view = np.eye(4)
    view[:3, :3] = rotation
    view[:3, 3] = -rotation @ (turn @ position)
    focal = WIDTH / 2 / np.tan(np.radians(FOV) / 2)
    return Camera(WIDTH, HEIGHT, focal, focal, WIDTH / 2, HEIGHT / 2, view)


@pytest.mark.parametrize("form", ["sog", "sog-folder", "sogs"])
def test_viewer_draws_the_bundle_as_our_engine_does(tmp_path: Path, form: str) -> None:
    missing = viewer.available()
    if missing:
        pytest.skip(f"NOT TESTED in a web viewer: {missing}")
    splats = scene()
    path = tmp_path / ("scene.sog" if form == "sog" else "scene")
    bundles.write(path, splats, form)
    position, target = np.array([0.4, 1.1, 3.0]), np.array([0.0, 0.1, 0.0])

    frame = viewer.capture(path, tuple(position), tuple(target), FOV, (WIDTH, HEIGHT))

    engine = make("cpu")
    engine.load(bundles.read(path))
    ours = engine.render(camera_of_viewer(position, target), background=(1.0, 1.0, 1.0))
    theirs = frame.image[..., :3].astype(np.float32) / 255
    assert frame.count == len(splats)
    assert theirs.std() > 0.1
    assert psnr(np.clip(ours, 0, 1), theirs) > 30
