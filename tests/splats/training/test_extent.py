import numpy as np
import pytest

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.training.extent import scene_extent


def camera_at(x: float, y: float) -> Camera:
    turn = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[:3, 3] = -turn @ np.array([x, y, 5.0])
    return Camera(10, 10, 9.0, 9.0, 5.0, 5.0, matrix)


def test_extent_is_the_largest_distance_from_the_mean_camera() -> None:
    cameras = [camera_at(x, y) for x, y in ((0, 0), (20, 0), (10, 30), (10, -30))]
    assert scene_extent(cameras) == pytest.approx(1.1 * 30)


def test_cameras_in_one_place_have_an_extent_all_the_same() -> None:
    assert scene_extent([camera_at(3, 4)] * 3) == 1.0
