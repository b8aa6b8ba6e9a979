from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spaceport_app.sfm import pairs


def lawnmower(rows=6, columns=8, gap=20.0):
    east, north = np.meshgrid(np.arange(columns) * gap, np.arange(rows) * gap)
    east[1::2] = east[1::2, ::-1]
    return np.stack([east.ravel(), north.ravel(), np.full(rows * columns, 50.0)], axis=1)


def partners(found, photo):
    return {a + b - photo for a, b in found if photo in (a, b)}


def is_connected(found, count):
    rows, columns = np.array(found).T
    graph = coo_array((np.ones(len(found)), (rows, columns)), shape=(count, count))
    return connected_components(graph, directed=False)[0] == 1


def test_exhaustive_has_every_pair_once():
    assert pairs.exhaustive(4) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


def test_neighbours_of_a_grid_are_those_beside_it():
    positions = lawnmower()
    found = pairs.neighbours(positions, positions[:, :2], 8)
    distance = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    middle = 3 * 8 + 4
    beside = set(np.flatnonzero((distance[middle] > 0) & (distance[middle] < 30)).tolist())
    assert beside <= partners(found, middle)
    assert all(a < b for a, b in found)
    assert len(found) < 48 * 47 / 2 / 3


def test_oblique_photos_are_paired_by_the_ground_they_show():
    # Two photos side by side look apart; a third, farther off, looks at the ground of the first.
    positions = np.array([[0.0, 0, 50], [5, 0, 50], [-60, 0, 50], [300, 0, 50], [320, 0, 50]])
    targets = pairs.look_at(
        positions,
        np.full(5, 50.0),
        np.array([270.0, 90, 0, 0, 0]),
        np.array([-45.0, -45, -90, -90, -90]),
    )
    np.testing.assert_allclose(targets[0], [-50, 0], atol=1e-9)
    np.testing.assert_allclose(targets[1], [55, 0], atol=1e-9)
    np.testing.assert_allclose(targets[2], [-60, 0], atol=1e-9)
    place = np.concatenate([positions[:, :2], targets], axis=1)
    assert np.linalg.norm(place[0] - place[2]) < np.linalg.norm(place[0] - place[1])
    assert (0, 2) in pairs.neighbours(positions, targets, 2)


def test_a_photo_of_the_horizon_does_not_look_at_infinity():
    target = pairs.look_at(
        np.array([[0.0, 0, 50]]), np.array([50.0]), np.array([0.0]), np.array([0.0])
    )
    assert 0 < np.linalg.norm(target) <= 150.001


def test_separate_groups_are_bridged():
    near = np.random.default_rng(1).normal(size=(12, 3))
    places = np.array([[0.0, 0, 0], [500, 0, 0], [0, 800, 0]])
    positions = (places[:, None] + near).reshape(-1, 3)
    order = np.random.default_rng(2).permutation(36)
    positions = positions[order]
    found = pairs.neighbours(positions, positions[:, :2], 3)
    within = [pair for pair in found if abs(pair[0] - pair[1]) > 2]
    assert is_connected(found, 36)
    groups = {(order[a] // 12, order[b] // 12) for a, b in within}
    assert any(a != b for a, b in groups)


def test_photos_without_a_place_are_matched_with_those_around_them():
    positions = lawnmower()
    positions[20] = np.nan
    found = pairs.neighbours(positions, positions[:, :2], 6)
    assert {15, 16, 17, 18, 19, 21, 22, 23, 24, 25} <= partners(found, 20)


def test_sequential_reaches_far_in_powers_of_two():
    found = pairs.sequential(40, 3)
    assert {b for a, b in found if a == 0} == {1, 2, 3, 4, 8, 16, 32}
    assert pairs.sequential(40, 3, quadratic=False) == sorted(
        (a, a + s) for s in (1, 2, 3) for a in range(40 - s)
    )


def test_loops_are_added_where_photos_are_alike():
    alike = np.zeros((30, 30))
    alike[2, 27] = alike[27, 2] = 40
    found = pairs.with_loops(30, 3, alike, 4)
    assert (2, 27) in found
    assert (5, 12) not in found


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        (lawnmower(), True),
        (np.zeros((10, 3)), False),
        (np.full((10, 3), np.nan), False),
        (np.concatenate([lawnmower(2, 2), np.full((20, 3), np.nan)]), False),
    ],
)
def test_is_spread(positions, expected):
    assert pairs.is_spread(positions) is expected
