from __future__ import annotations

import numpy as np
import pycolmap
import pytest
from PIL import Image

from spaceport_app.sfm import undistort
from spaceport_app.sfm.working_copies import WorkingCopy

from . import photosets

WIDTH, HEIGHT, FOCAL, RADIAL = 640, 480, 500.0, -0.12


def distorted_pixel(point):
    """SIMPLE_RADIAL by its definition: r is scaled by 1 + k r^2."""
    x, y = point[0] / point[2], point[1] / point[2]
    factor = 1 + RADIAL * (x * x + y * y)
    return np.array([FOCAL * factor * x + WIDTH / 2, FOCAL * factor * y + HEIGHT / 2])


def blob(pixel):
    """A soft white dot whose centre is `pixel`; the top left pixel's centre is (0.5, 0.5)."""
    u, v = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    soft = np.exp(-((u - pixel[0]) ** 2 + (v - pixel[1]) ** 2) / (2 * 4.0**2))
    return (soft[..., None] * 255).round().astype(np.uint8).repeat(3, axis=2)


def model_of_one(pose):
    model = pycolmap.Reconstruction()
    camera = pycolmap.Camera.create_from_model_name(1, "SIMPLE_RADIAL", FOCAL, WIDTH, HEIGHT)
    camera.params = [FOCAL, WIDTH / 2, HEIGHT / 2, RADIAL]
    model.add_camera_with_trivial_rig(camera)
    image = pycolmap.Image()
    image.image_id, image.name, image.camera_id = 1, "camera1/a.jpg", 1
    model.add_image_with_trivial_frame(image, pycolmap.Rigid3d(pose))
    return model


@pytest.mark.parametrize("view_size", [0, 640, 250])
@pytest.mark.parametrize("point", [(0.0, 0.0, 4.0), (1.6, 1.1, 4.0), (-1.9, 0.4, 4.0)])
def test_a_point_lies_where_the_pinhole_camera_of_its_view_says(tmp_path, point, view_size):
    source = photosets.save(tmp_path / "in" / "a.png", blob(distorted_pixel(point)))
    photo = photosets.photo(source, name="Köln/a.png")
    copy = WorkingCopy(photo, "camera1/a.jpg", WIDTH, HEIGHT, 1)
    photosets.save(tmp_path / copy.name, blob(distorted_pixel(point)), quality=100, subsampling=0)
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    pose = np.concatenate([turn, [[1.0], [2], [3]]], axis=1)
    (tmp_path / "views").mkdir()
    (view,) = undistort.write_views(
        model_of_one(pose), [copy], tmp_path, tmp_path / "views", view_size, 1, lambda *_: None
    )
    assert view.name == "Köln/a.png"
    np.testing.assert_allclose(view.view_matrix[:3], pose, atol=1e-12)
    with Image.open(view.image) as image:
        assert image.size == (view.width, view.height)
        light = np.asarray(image, float)[..., 0]
    if view_size:
        assert max(view.width, view.height) <= view_size
    light[light < 20] = 0
    u, v = np.meshgrid(np.arange(view.width) + 0.5, np.arange(view.height) + 0.5)
    found = np.array([(light * u).sum(), (light * v).sum()]) / light.sum()
    expected = [
        view.fx * point[0] / point[2] + view.cx,
        view.fy * point[1] / point[2] + view.cy,
    ]
    np.testing.assert_allclose(found, expected, atol=0.12)
