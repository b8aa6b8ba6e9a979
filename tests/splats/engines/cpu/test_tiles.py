"""The tile lists against a search of every pixel."""

import engine_scenes as scenes
import numpy as np
import pytest

from spaceport_app.splats.engines import rows as layout
from spaceport_app.splats.engines.cpu import screen as columns
from spaceport_app.splats.engines.cpu import tiles
from spaceport_app.splats.engines.cpu.rasteriser import Rasteriser


@pytest.mark.parametrize("size", [-2.5, -1.2])
def test_lists_hold_what_touches_and_little_else(size):
    splats, camera = scenes.gaussians(150, 0, seed=7, size=size), scenes.camera(70, 75)
    rasteriser = Rasteriser()
    rasteriser.draw(layout.pack(splats), camera, 0, (0, 0, 0), False)
    across, down = tiles.grid(70, 75)
    listed = {}
    for tile in range(across * down):
        begin, end = rasteriser._starts[tile], rasteriser._starts[tile + 1]
        numbers = rasteriser._lists[begin:end, tiles.GAUSSIAN]
        depths = rasteriser.screen[numbers, columns.DEPTH]
        assert (np.diff(depths) >= 0).all()
        for k in range(begin, end):
            listed[tile, int(rasteriser._lists[k, tiles.GAUSSIAN])] = divmod(
                int(rasteriser._lists[k, tiles.SPAN]), tiles.HEIGHT
            )
    assert len(listed) == rasteriser.counts.sum()
    ys, xs = np.mgrid[0:75, 0:70]
    needed = 0
    for g in np.flatnonzero(rasteriser.screen[:, columns.DEPTH] > 0):
        row = rasteriser.screen[g].astype(np.float64)
        dy = row[columns.Y] - ys - 0.5
        u = row[columns.X] - xs - 0.5 - row[columns.SLOPE] * dy
        power = row[columns.LOG2_OPACITY] + row[columns.Q1] * u * u
        alpha = 2.0 ** (power + row[columns.Q2] * dy * dy)
        touched = alpha >= 1 / 255
        for line in range(down):
            for column in range(across):
                piece = touched[
                    line * tiles.HEIGHT : (line + 1) * tiles.HEIGHT,
                    column * tiles.WIDTH : (column + 1) * tiles.WIDTH,
                ]
                found = np.flatnonzero(piece.any(1))
                if len(found):
                    needed += 1
                    first, last = listed[line * across + column, g]
                    assert first <= found[0] and last >= found[-1]
                    # Ellipses that pass between pixel centres cost a row or two.
                    assert last - first <= found[-1] - found[0] + 3
    assert len(listed) <= 1.15 * needed


def test_equal_depths_keep_index_order():
    bounds = np.ones(5000, np.int32)
    depths = np.random.default_rng(0).choice(np.float32([0.5, 3.0, 900.0, 1e-3]), 5000)
    order, spare = np.empty((2, 5000), np.int32)
    slots, histogram = np.empty(5000, np.int64), np.empty(3 << 11, np.int64)
    number, places = tiles.depth_order(
        bounds, depths.view(np.int32), order, spare, slots, histogram
    )
    assert (number, places) == (5000, 5000)
    assert (order == np.argsort(depths, kind="stable")).all()


def test_every_tile_has_its_turn():
    assert sorted(tiles.balanced_order(13, 7).tolist()) == list(range(91))
