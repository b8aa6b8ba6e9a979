from __future__ import annotations

import numpy as np
import pytest

from spaceport_app.gui.splat.packing import pack
from spaceport_app.gui.splat.picking import depth_under
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.model import Splats

CAMERA = Camera(200, 100, 100.0, 100.0, 100.0, 50.0, np.eye(4))


def wall(*spots: tuple[float, float, float, float]) -> Splats:
    """Spots of 20 Gaussians each at x, y, z with an opacity logit."""
    rows = np.repeat(np.array(spots, np.float32), 20, axis=0)
    n = len(rows)
    turn = np.tile(np.float32([1, 0, 0, 0]), (n, 1))
    means = np.ascontiguousarray(rows[:, :3])
    logits = np.ascontiguousarray(rows[:, 3])
    scales = np.full((n, 3), -3, np.float32)
    return Splats(means, scales, turn, logits, np.zeros((n, 1, 3), np.float32))


def test_nearest_opaque_thing_under_the_pointer_counts() -> None:
    scene = pack(wall((0, 0, 4, 3), (0, 0, 9, 3), (0, 0, 2, -5), (1, 0, 3, 3), (0, 0, -4, 3)))
    assert depth_under(scene, CAMERA, 100, 50) == pytest.approx(4.0)
    assert depth_under(scene, CAMERA, 100 + 100 / 3, 50) == pytest.approx(3.0)


def test_nothing_is_under_an_empty_place() -> None:
    assert depth_under(pack(wall((0, 0, 4, 3))), CAMERA, 10, 10) is None
