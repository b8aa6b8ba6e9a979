from __future__ import annotations

import itertools

import numpy as np
from scipy.ndimage import correlate1d

from spaceport_app.sogs.orderings import plas

from ..scenes import scene


def neighbour_distance(grid: np.ndarray) -> float:
    across = np.linalg.norm(np.diff(grid, axis=1), axis=2).mean()
    down = np.linalg.norm(np.diff(grid, axis=0), axis=2).mean()
    return float(across + down) / 2


def test_order_is_a_permutation_that_a_seed_repeats() -> None:
    for count in (1, 2, 200, 700):
        splats = scene(count)
        order = plas.plas_order(splats, seed=5)
        assert sorted(order) == list(range(count))
        np.testing.assert_array_equal(order, plas.plas_order(splats, seed=5))
    assert not np.array_equal(order, plas.plas_order(splats, seed=6))


def test_colours_become_smooth() -> None:
    side = 32
    colours = np.random.default_rng(0).uniform(0, 1, (3, side, side)).astype(np.float32)
    places = plas.sort_grid(colours, seed=0)
    assert sorted(places.ravel()) == list(range(side * side))
    before = colours.transpose(1, 2, 0)
    after = before.reshape(-1, 3)[places]
    assert neighbour_distance(after) < 0.3 * neighbour_distance(before)


def test_grids_need_not_be_square() -> None:
    grid = np.random.default_rng(0).normal(0, 1, (2, 20, 37)).astype(np.float32)
    places = plas.sort_grid(grid, seed=1)
    assert sorted(places.ravel()) == list(range(740))
    flat = grid.reshape(2, -1).T
    sorted_grid = flat[places]
    assert neighbour_distance(sorted_grid) < 0.5 * neighbour_distance(flat.reshape(20, 37, 2))


def test_reassigning_against_trying_all_orders() -> None:
    random = np.random.default_rng(2)
    items = random.normal(0, 1, (64, 5)).astype(np.float32)
    target = random.normal(0, 1, (64, 5)).astype(np.float32)
    cells = np.arange(64).reshape(4, 16)
    groups = random.permutation(16)
    wanted = items.copy()
    for block in cells:
        for start in range(0, 16, 4):
            where = block[groups[start : start + 4]]
            best = min(
                itertools.permutations(range(4)),
                key=lambda p: float(((wanted[where[list(p)]] - target[where]) ** 2).sum()),
            )
            wanted[where] = wanted[where[list(best)]]
    before = float(((items - target) ** 2).sum())
    original, places = items.copy(), np.arange(64)
    gain = plas.reassign(items, places, target, cells, groups)
    np.testing.assert_array_equal(items, wanted)
    np.testing.assert_array_equal(original[places], items)
    np.testing.assert_allclose(before - ((items - target) ** 2).sum(), gain, rtol=1e-4)
    np.testing.assert_allclose(plas.squared_error(items, target), before - gain, rtol=1e-4)


def test_smoothing_against_scipy() -> None:
    grid = np.random.default_rng(3).normal(0, 1, (18, 25, 2)).astype(np.float32)
    for size in (3, 7, 17):
        offsets = np.arange(size) - size // 2
        kernel = np.exp(-0.5 * (offsets / size) ** 2)
        kernel /= kernel.sum()
        wanted = correlate1d(grid.astype(float), kernel, axis=1, mode="wrap")
        wanted = correlate1d(wanted, kernel, axis=0, mode="mirror")
        np.testing.assert_allclose(plas.smooth(grid, size), wanted, atol=1e-5)


def test_blocks_hold_each_cell_once() -> None:
    cells = plas.block_cells(40, 50, 16, 7, 11)
    assert cells.shape == (6, 256)
    assert len(np.unique(cells)) == cells.size
    np.testing.assert_array_equal(cells[0, :3], [7 * 50 + 11, 7 * 50 + 12, 7 * 50 + 13])
    assert cells.min() >= 0
    assert cells.max() < 2000
