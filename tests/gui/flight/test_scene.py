from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gui.flight.flights import PLACES, TAKE_OFF, photo_set, reconstruction
from spaceport_app.gui.flight.scene import build, rotation
from spaceport_app.photos.model import PhotoSet


def test_before_the_reconstruction_cameras_stand_where_gps_says() -> None:
    scene = build(photo_set(), None)
    assert scene is not None
    np.testing.assert_allclose(scene.centres, PLACES, atol=1e-6)
    assert not scene.left_out.any()
    assert scene.metric


def test_heights_count_from_take_off() -> None:
    scene = build(photo_set(), None)
    assert scene is not None
    assert scene.base_name == "take-off"
    assert scene.base == pytest.approx(TAKE_OFF, abs=1e-6)
    np.testing.assert_allclose(scene.heights, 40.0, atol=1e-6)


def test_the_track_follows_time_not_names() -> None:
    scene = build(photo_set(), None)
    assert scene is not None
    assert [scene.names[row] for row in scene.track][-1] == "P00.png"
    assert list(scene.track[:3]) == [1, 2, 3]


def test_reconstructed_cameras_stand_where_they_were_placed_and_others_at_gps() -> None:
    photos = photo_set()
    scene = build(photos, reconstruction(photos, ("P03.png", "P07.png")))
    assert scene is not None
    assert [scene.names[row] for row in np.flatnonzero(scene.left_out)] == ["P03.png", "P07.png"]
    expected = PLACES + np.where(scene.left_out, 0.0, 1.0)[:, None] * [1.0, 0.0, 0.0]
    np.testing.assert_allclose(scene.centres, expected, atol=1e-6)
    np.testing.assert_allclose(scene.fields[0], [0.64, 0.48])


def test_without_gps_left_out_photos_have_no_place_and_lengths_no_metres() -> None:
    photos = photo_set(gps=False)
    scene = build(photos, reconstruction(photos, ("P03.png",), gps=False))
    assert scene is not None
    assert not scene.metric
    assert "P03.png" not in scene.names
    assert scene.unseen == 1
    assert scene.base_name == "the ground"


def test_without_any_place_there_is_no_scene() -> None:
    assert build(photo_set(gps=False), None) is None
    assert build(PhotoSet((), (), None), None) is None


def test_a_cloud_point_far_away_does_not_make_the_flight_small() -> None:
    photos = photo_set()
    found = reconstruction(photos)
    found.cloud.xyz[0] = 1e6
    scene = build(photos, found)
    assert scene is not None
    assert scene.bounds()[1].max() < 100


def test_corners_of_a_camera_that_looks_down_lie_below_it() -> None:
    scene = build(photo_set(), None)
    assert scene is not None
    corners = scene.corners(2.0)[0] - scene.centres[0]
    width, height = 4000 / 3000 / 2 * 2, 0.5 * 2
    # Top left of the picture is north-west, then clockwise.
    np.testing.assert_allclose(
        corners,
        [[-width, height, -2], [width, height, -2], [width, -height, -2], [-width, -height, -2]],
        atol=1e-9,
    )


@pytest.mark.parametrize(
    ("angles", "forward", "down"),
    [
        ((0, 0, 0), (0, 1, 0), (0, 0, -1)),
        ((90, 0, 0), (1, 0, 0), (0, 0, -1)),
        ((0, -90, 0), (0, 0, -1), (0, -1, 0)),
        ((90, -90, 0), (0, 0, -1), (-1, 0, 0)),
        # Rolled clockwise by a quarter, the picture's bottom is to the left: west.
        ((0, 0, 90), (0, 1, 0), (-1, 0, 0)),
    ],
)
def test_directions_of_the_compass(
    angles: tuple[float, float, float], forward: tuple[int, ...], down: tuple[int, ...]
) -> None:
    axes = rotation(*angles)
    np.testing.assert_allclose(axes[:, 2], forward, atol=1e-12)
    np.testing.assert_allclose(axes[:, 1], down, atol=1e-12)


def test_rotation_agrees_with_scipy() -> None:
    # Turned from a level camera that looks north: roll, then pitch, then yaw, all in the world.
    level = np.stack([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]], axis=1)
    for yaw, pitch, roll in np.random.default_rng(0).uniform(-80, 80, (20, 3)):
        turn = (
            Rotation.from_euler("z", -yaw, degrees=True)
            * Rotation.from_euler("x", pitch, degrees=True)
            * Rotation.from_euler("y", roll, degrees=True)
        )
        np.testing.assert_allclose(rotation(yaw, pitch, roll), turn.as_matrix() @ level, atol=1e-12)
