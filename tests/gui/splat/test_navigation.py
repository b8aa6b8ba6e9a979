"""Moves of the camera, checked by what they do to points on the screen."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from spaceport_app.gui.splat.navigation import UP_AXES, Navigator
from spaceport_app.sfm.model import View
from spaceport_app.splats.camera import Camera

WIDTH, HEIGHT = 800, 600


def pixel(camera: Camera, point: np.ndarray) -> np.ndarray:
    x, y, z = camera.view_matrix[:3, :3] @ point + camera.view_matrix[:3, 3]
    assert z > 0, "before the camera"
    return np.array([camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy])


def looking(up: str = "Z up") -> Navigator:
    navigator = Navigator(UP_AXES[up])
    navigator.look_from(np.array([3.0, -2.0, 1.0]), 5.0)
    return navigator


def view(navigator: Navigator) -> View:
    matrix = navigator.view_matrix()
    return View("a.jpg", Path("a.jpg"), 400, 200, 300.0, 310.0, 190.0, 120.0, matrix)


@pytest.mark.parametrize("up", UP_AXES)
def test_scene_is_in_the_middle_and_upright(up: str) -> None:
    navigator = looking(up)
    camera = navigator.camera(WIDTH, HEIGHT)
    centre = np.array([3.0, -2.0, 1.0])
    middle = pixel(camera, centre)
    np.testing.assert_allclose(middle, [WIDTH / 2, HEIGHT / 2], atol=1e-6)
    above = pixel(camera, centre + 0.5 * navigator.up)
    assert above[1] < middle[1] and above[0] == pytest.approx(middle[0])
    np.testing.assert_allclose(navigator.rotation @ navigator.rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(navigator.rotation) == pytest.approx(1.0)


def test_north_is_ahead_and_east_is_right() -> None:
    camera = looking().camera(WIDTH, HEIGHT)
    centre = np.array([3.0, -2.0, 1.0])
    north = pixel(camera, centre + np.array([0.0, 1.0, 0.0]))
    east = pixel(camera, centre + np.array([1.0, 0.0, 0.0]))
    assert north[1] < HEIGHT / 2 and east[0] > WIDTH / 2


def test_orbit_turns_about_the_pivot_and_follows_the_hand() -> None:
    navigator = looking()
    pivot, near = navigator.pivot, navigator.pivot - 1.0 * navigator.rotation[2]
    before = pixel(navigator.camera(WIDTH, HEIGHT), near)
    navigator.orbit(0.1, 0.05)
    after = pixel(navigator.camera(WIDTH, HEIGHT), near)
    np.testing.assert_allclose(navigator.pivot, pivot, atol=1e-9)
    assert after[0] > before[0] and after[1] > before[1]


def test_orbit_stops_at_the_poles_and_stays_a_rotation() -> None:
    navigator = looking()
    for _ in range(500):
        navigator.orbit(0.07, 0.05)
    assert navigator.rotation[2] @ navigator.up < -0.999
    for _ in range(500):
        navigator.orbit(-0.03, -0.05)
    assert navigator.rotation[2] @ navigator.up > 0.999
    np.testing.assert_allclose(navigator.rotation @ navigator.rotation.T, np.eye(3), atol=1e-9)
    assert abs(navigator.rotation[0] @ navigator.up) < 1e-6, "the horizon is level"


def test_pan_moves_the_pivot_by_as_many_pixels() -> None:
    navigator = looking()
    pivot = navigator.pivot
    navigator.pan(30.0, -12.0, HEIGHT)
    moved = pixel(navigator.camera(WIDTH, HEIGHT), pivot) - [WIDTH / 2, HEIGHT / 2]
    np.testing.assert_allclose(moved, [30.0, -12.0], atol=1e-6)


@pytest.mark.parametrize("factor", [0.5, 0.87, 1.5])
def test_zoom_keeps_the_point_under_the_pointer(factor: float) -> None:
    navigator = looking()
    camera = navigator.camera(WIDTH, HEIGHT)
    depth = 9.0
    at = np.array([610.0, 130.0])
    ray = np.array([(at[0] - camera.cx) / camera.fx, (at[1] - camera.cy) / camera.fy, 1.0])
    point = navigator.position + depth * ray @ navigator.rotation
    navigator.zoom(factor, camera, *at, depth)
    after = navigator.camera(WIDTH, HEIGHT)
    np.testing.assert_allclose(pixel(after, point), at, atol=1e-6)
    local = after.view_matrix[:3, :3] @ point + after.view_matrix[:3, 3]
    assert local[2] == pytest.approx(factor * depth)


def test_fly_goes_where_the_camera_looks() -> None:
    navigator = looking()
    start, forward = navigator.position, navigator.rotation[2].copy()
    navigator.fly(0.0, 0.0, 2.0)
    np.testing.assert_allclose(navigator.position - start, 2.0 * forward, atol=1e-12)


@pytest.mark.parametrize("size", [(800, 600), (1000, 300), (400, 200)])
def test_photo_camera_shows_the_photo_where_its_frame_is(size: tuple[int, int]) -> None:
    navigator = looking()
    photo = view(navigator)
    navigator.stand_at(photo, 10.0)
    camera, frame = navigator.camera(*size), navigator.frame(*size)
    assert frame is not None
    assert frame.width <= size[0] + 1e-9 and frame.height <= size[1] + 1e-9
    assert math.isclose(frame.width, size[0]) or math.isclose(frame.height, size[1])
    point = navigator.position + 7.0 * navigator.rotation[2] + 0.8 * navigator.rotation[0]
    scale = frame.width / photo.width
    wanted = pixel(Camera.of_view(photo), point) * scale + [frame.left, frame.top]
    np.testing.assert_allclose(pixel(camera, point), wanted, atol=1e-6)


def test_leaving_a_photo_keeps_place_and_field_of_view() -> None:
    navigator = looking()
    photo = view(navigator)
    navigator.stand_at(photo, 10.0)
    assert navigator.view is photo
    place = navigator.position
    navigator.look(0.0, 0.0)
    assert navigator.view is None and navigator.frame(400, 200) is None
    np.testing.assert_allclose(navigator.position, place)
    assert navigator.camera(400, 200).fy == pytest.approx(photo.fy)


def test_turning_up_stays_at_the_pivot() -> None:
    navigator = looking("Y down")
    pivot, distance = navigator.pivot, navigator.distance
    navigator.turn_up(UP_AXES["Z up"])
    np.testing.assert_allclose(navigator.pivot, pivot, atol=1e-9)
    assert navigator.distance == distance
