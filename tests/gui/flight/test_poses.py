from __future__ import annotations

import numpy as np
import pytest

from gui.flight.flights import photo_set, reconstruction
from spaceport_app.gui.flight import moving, picking, poses
from spaceport_app.gui.flight.ground import grid
from spaceport_app.gui.flight.poses import VIEW_ANGLE, Pose
from spaceport_app.gui.flight.scene import Scene, build, rotation


@pytest.fixture(scope="module")
def scene() -> Scene:
    photos = photo_set()
    found = build(photos, reconstruction(photos))
    assert found is not None
    return found


def on_screen(pose: Pose, points: np.ndarray, aspect: float) -> np.ndarray:
    """Return -1 to 1 from left to right and bottom to top, by the definition of a camera."""
    forward = (pose.target - pose.eye) / np.linalg.norm(pose.target - pose.eye)
    side = np.cross(forward, pose.up)
    side /= np.linalg.norm(side)
    above = np.cross(side, forward)
    offsets = points - pose.eye
    depth = offsets @ forward * np.tan(np.radians(VIEW_ANGLE / 2))
    assert (depth > 0).all()
    return np.stack([offsets @ side / depth / aspect, offsets @ above / depth], axis=-1)


@pytest.mark.parametrize("preset", [poses.top, poses.oblique, poses.corner])
@pytest.mark.parametrize("aspect", [0.6, 1.3, 2.5])
def test_presets_show_everything_and_fill_the_view(preset, aspect: float, scene: Scene) -> None:
    points = np.concatenate([scene.centres, grid(*scene.bounds(), scene.ground).points])
    seen = on_screen(preset(scene, aspect), points, aspect)
    assert np.abs(seen).max() <= 1.0
    assert np.abs(seen).max() > 0.85


def test_top_has_north_up_and_east_right(scene: Scene) -> None:
    pose = poses.top(scene, 1.0)
    here, north, east = on_screen(pose, np.array([[0.0, 0, 0], [0, 9, 0], [9, 0, 0]]), 1.0)
    assert north[1] > here[1]
    assert east[0] > here[0]
    np.testing.assert_allclose([north[0], east[1]], [here[0], here[1]], atol=1e-9)


def test_behind_a_camera_one_looks_where_it_looks(scene: Scene) -> None:
    pose = poses.behind(scene, 4, 3.0)
    forward = (pose.target - pose.eye) / np.linalg.norm(pose.target - pose.eye)
    assert forward @ scene.rotations[4][:, 2] > 0.95
    assert pose.up @ scene.rotations[4][:, 1] < -0.99


def test_the_way_begins_and_ends_where_it_should(scene: Scene) -> None:
    start, end = poses.top(scene, 1.0), poses.oblique(scene, 1.0)
    for share, pose in ((0.0, start), (1.0, end)):
        got = poses.between(start, end, share)
        np.testing.assert_allclose(got.eye, pose.eye)
        np.testing.assert_allclose(got.up, pose.up)


def test_orbit_keeps_distance_and_horizon(scene: Scene) -> None:
    pose = poses.oblique(scene, 1.0)
    turned = moving.orbit(pose, 0.7, 0.2)
    before, after = pose.eye - pose.target, turned.eye - turned.target
    assert np.linalg.norm(after) == pytest.approx(np.linalg.norm(before))
    np.testing.assert_array_equal(turned.up, [0, 0, 1])
    # Dragged to the right, what is in front goes right, so the eye goes left: to the west.
    assert after[0] < before[0]


def test_orbit_never_goes_over_the_top(scene: Scene) -> None:
    turned = moving.orbit(poses.oblique(scene, 1.0), 0.0, 50.0)
    offset = turned.eye - turned.target
    assert offset[2] / np.linalg.norm(offset) == pytest.approx(np.sin(np.radians(89.0)))


def test_orbit_starts_from_straight_above(scene: Scene) -> None:
    turned = moving.orbit(poses.top(scene, 1.0), 0.0, -0.5)
    offset = turned.eye - turned.target
    # The eye comes down to the south, so that north stays ahead.
    assert offset[1] < 0
    assert abs(offset[0]) < 1e-6 * abs(offset[1])


@pytest.mark.parametrize("turn", [0.0, 40.0, 170.0, -110.0])
def test_turning_after_a_photo_taken_straight_down_does_not_spin(turn: float) -> None:
    axes = rotation(turn, -88.0, 0.0)
    pose = Pose(
        np.array([1.0, 2.0, 40.0]), np.array([1.0, 2.0, 40.0]) + 40 * axes[:, 2], -axes[:, 1]
    )
    up, _ = moving._axes(moving.orbit(pose, 0.0, 0.0))
    assert up @ -axes[:, 1] > 0.99


def test_panned_points_follow_the_mouse(scene: Scene) -> None:
    pose = poses.oblique(scene, 1.5)
    before = on_screen(pose, pose.target[None], 1.5)[0]
    after = on_screen(moving.pan(pose, 0.2, 0.1), pose.target[None], 1.5)[0]
    np.testing.assert_allclose((after - before) * [1.5, 1.0], [0.4, -0.2], atol=1e-9)


def test_zoom_keeps_what_is_under_the_mouse(scene: Scene) -> None:
    pose, aspect, x, y = poses.oblique(scene, 1.5), 1.5, 0.5, -0.3
    half = np.linalg.norm(pose.target - pose.eye) * np.tan(np.radians(VIEW_ANGLE / 2))
    up, side = moving._axes(pose)
    under = (pose.target + half * (x * aspect * side + y * up))[None]
    np.testing.assert_allclose(on_screen(pose, under, aspect)[0], [x, y], atol=1e-9)
    nearer = moving.zoom(pose, 1.7, x, y, aspect)
    np.testing.assert_allclose(on_screen(nearer, under, aspect)[0], [x, y], atol=1e-9)
    assert np.linalg.norm(nearer.eye - nearer.target) == pytest.approx(
        np.linalg.norm(pose.eye - pose.target) / 1.7
    )


def test_tumbling_turns_the_horizon(scene: Scene) -> None:
    pose = poses.oblique(scene, 1.0)
    turned = moving.tumble(pose, 0.0, 2.0)
    assert np.linalg.norm(turned.eye - turned.target) == pytest.approx(
        np.linalg.norm(pose.eye - pose.target)
    )
    assert turned.up[2] < 0


def test_the_matrix_of_a_pose_is_what_a_camera_does(scene: Scene) -> None:
    pose = poses.oblique(scene, 1.5)
    seen = picking.project(scene.centres, poses.clip_matrix(pose, 1.5), 300, 200)
    x, y = on_screen(pose, scene.centres, 1.5).T
    np.testing.assert_allclose(seen[:, 0], 150 * (1 + x), atol=1e-6)
    np.testing.assert_allclose(seen[:, 1], 100 * (1 - y), atol=1e-6)
    nearer = pose.eye + 0.5 * (scene.centres - pose.eye)
    depth = picking.project(nearer, poses.clip_matrix(pose, 1.5), 300, 200)[:, 2]
    assert (depth < seen[:, 2]).all()
    behind = picking.project(2 * pose.eye - scene.centres, poses.clip_matrix(pose, 1.5), 300, 200)
    assert np.isnan(behind).all()
