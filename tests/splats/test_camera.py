import numpy as np
from scipy.spatial.transform import Rotation

from spaceport_app.splats.camera import Camera


def turned() -> Camera:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", (20, -130, 75), degrees=True).as_matrix()
    matrix[:3, 3] = (3.0, -2.0, 5.0)
    return Camera(64, 48, 50.0, 55.0, 31.0, 25.0, matrix)


def test_projection_is_the_pinhole_of_intrinsics_and_view_matrix() -> None:
    camera = turned()
    points = np.random.default_rng(0).normal(0, 4, (200, 3))
    intrinsics = np.array([[50.0, 0, 31.0], [0, 55.0, 25.0], [0, 0, 1]])
    homogeneous = np.column_stack([points, np.ones(200)]) @ camera.view_matrix[:3].T @ intrinsics.T
    before = homogeneous[:, 2] > 1e-6
    pixels, depths = camera.project(points)
    assert 20 < before.sum() < 180
    np.testing.assert_allclose(
        pixels[before], homogeneous[before, :2] / homogeneous[before, 2:], rtol=1e-9
    )
    np.testing.assert_allclose(depths[before], homogeneous[before, 2], rtol=1e-9)
    assert np.isnan(pixels[~before]).all() and np.isnan(depths[~before]).all()


def test_what_is_no_number_or_behind_the_camera_stands_in_no_picture() -> None:
    camera = turned()
    points = np.array([camera.centre, [np.nan, 0, 0], [np.inf, 0, 0], [-np.inf, 0, 0]])
    pixels, _ = camera.project(points)
    assert not camera.frames(pixels, (1e9, 1e9)).any()


def test_frames_are_the_picture_with_its_border() -> None:
    camera = turned()
    pixels = np.array([[0.0, 0.0], [64.0, 48.0], [-1.0, 20.0], [30.0, 49.0], [np.nan, 3.0]])
    assert camera.frames(pixels).tolist() == [True, True, False, False, False]
    assert camera.frames(pixels, (1.0, 0.0)).tolist() == [True, True, True, False, False]
    assert camera.frames(pixels, (0.0, 1.0)).tolist() == [True, True, False, True, False]
    assert not camera.frames(pixels, (-1.0, -1.0)).any()


def test_a_resized_camera_sees_the_same_rays() -> None:
    camera = turned()
    half = camera.resized(32, 24)
    points = np.random.default_rng(1).normal(0, 4, (50, 3))
    np.testing.assert_allclose(half.project(points)[0], camera.project(points)[0] / 2)
