from __future__ import annotations

import numpy as np

from spaceport_app.gui.flight.picking import camera_at, project


def square(x: float, y: float, size: float, depth: float) -> np.ndarray:
    return np.array(
        [[x, y, depth], [x + size, y, depth], [x + size, y + size, depth], [x, y + size, depth]]
    )


CENTRES = np.array([[100.0, 100.0, 0.5], [300.0, 100.0, 0.5], [np.nan, np.nan, np.nan]])
CORNERS = np.stack([square(150, 150, 80, 0.6), square(200, 150, 80, 0.4), np.full((4, 3), np.nan)])


def test_the_nearest_place_within_reach_wins() -> None:
    assert camera_at(104, 103, CENTRES, CORNERS) == 0
    assert camera_at(295, 100, CENTRES, CORNERS) == 1


def test_else_the_frame_nearest_to_the_eye() -> None:
    assert camera_at(170, 200, CENTRES, CORNERS) == 0
    assert camera_at(215, 200, CENTRES, CORNERS) == 1


def test_a_frame_seen_from_behind_counts_too() -> None:
    assert camera_at(170, 200, CENTRES, CORNERS[:, ::-1]) == 0


def test_nothing_is_there() -> None:
    assert camera_at(500, 500, CENTRES, CORNERS) is None
    assert camera_at(0, 0, np.zeros((0, 3)), np.zeros((0, 4, 3))) is None


def test_projection_counts_pixels_from_the_top_left_and_drops_what_is_behind() -> None:
    # Looks along -z with a right angle of view, as OpenGL does.
    matrix = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, -0.2], [0, 0, -1, 0]])
    found = project(np.array([[1.0, 1.0, -2.0], [0.0, 0.0, -5.0], [0, 0, 3.0]]), matrix, 400, 200)
    np.testing.assert_allclose(found[0, :2], [300.0, 50.0])
    np.testing.assert_allclose(found[1, :2], [200.0, 100.0])
    assert np.isnan(found[2]).all()
