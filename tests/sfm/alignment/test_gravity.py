from __future__ import annotations

import numpy as np
import pytest

from spaceport_app.sfm.alignment import gravity

from . import flights


def true_up(flight):
    return flight.rotation[2]


@pytest.mark.parametrize(
    ("yaw", "pitch", "roll"), [(0, 0, 0), (130, -90, 0), (215, -35, 12), (10, 20, -90)]
)
def test_up_in_camera_is_the_world_axis_turned_into_the_camera(yaw, pitch, roll):
    expected = flights.camera_axes(yaw, pitch, roll) @ [0, 0, 1]
    found = gravity.up_in_camera(np.array([pitch]), np.array([roll]))[0]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_gimbal_survives_photos_with_wrong_angles():
    flight = flights.make(*flights.orbit())
    angles = flight.observed.angles.copy()
    angles[:6, 1] = 0.0
    observed = flights.make(*flights.orbit()).observed
    object.__setattr__(observed, "angles", angles)
    up = gravity.from_gimbal(observed)
    assert up is not None
    assert gravity.angle_deg(up.direction, true_up(flight)) < 0.3


def test_ground_plane_points_from_the_ground_to_the_cameras():
    flight = flights.make(*flights.orbit())
    up = gravity.from_ground(flight.observed, seed=1)
    assert up is not None
    assert gravity.angle_deg(up.direction, true_up(flight)) < 1.0


def test_layout_of_a_grid_is_up_and_that_of_a_line_is_unknown():
    flight = flights.make(*flights.grid())
    up = gravity.from_layout(flight.observed)
    assert up is not None
    assert gravity.angle_deg(up.direction, true_up(flight)) < 1.0
    assert gravity.from_layout(flights.make(*flights.line()).observed) is None


def test_straight_views_need_headings_that_differ():
    flight = flights.make(*flights.grid())
    up = gravity.from_straight_views(flight.observed)
    assert up is not None
    assert gravity.angle_deg(up.direction, true_up(flight)) < 0.5
    assert gravity.from_straight_views(flights.make(*flights.line()).observed) is None
    assert gravity.from_straight_views(flights.make(*flights.orbit()).observed) is None


def test_image_rows_of_an_orbit_are_level():
    flight = flights.make(*flights.orbit())
    up = gravity.from_image_axes(flight.observed)
    assert up is not None
    assert gravity.angle_deg(up.direction, true_up(flight)) < 0.5


def test_without_any_evidence_the_image_side_is_up():
    centres, angles = flights.line(count=3)
    flight = flights.make(centres, angles, gimbal=False)
    object.__setattr__(flight.observed, "points", np.zeros((0, 3)))
    ups = gravity.evidence(flight.observed, seed=1)
    assert [up.source for up in ups] == ["image up"]
    assert gravity.angle_deg(ups[0].direction, true_up(flight)) < 60
