"""PLAS: parallel linear assignment sorting of Gaussians into a smooth picture.

Morgenstern et al. 2024, "Compact 3D Scene Representation via Self-Organizing Gaussian Grids",
ECCV, section 3.2, here as compiled loops and for rectangular grids.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from spaceport_app.sogs.quantize import log_positions
from spaceport_app.sogs.textures import texture_size
from spaceport_app.splats.engines.cpu.compiled import FAST
from spaceport_app.splats.model import Floats, Splats

Cells = npt.NDArray[np.int64]

_RADIUS_DECAY = 0.95
_IMPROVEMENT_BREAK = 1e-4
_FEWEST_CONFIGURATIONS = 4
_SMALLEST_BLOCK = 16


def plas_order(splats: Splats, seed: int = 0) -> npt.NDArray[np.intp]:
    """Return the permutation that makes the textures smooth in both directions.

    Whole rows of the texture are sorted. The Gaussians of the last, unfinished row are the
    most transparent ones and follow at the end.

    Parameters
    ----------
    splats : Splats
    seed : int
        The same seed gives the same order.
    """
    count = len(splats)
    width, _ = texture_size(count)
    rows = count // width
    if min(width, rows) < _SMALLEST_BLOCK:
        return np.lexsort(log_positions(splats.means).T)
    by_opacity = np.argsort(-splats.opacity_logits, kind="stable")
    sorted_ones, rest = by_opacity[: rows * width], by_opacity[rows * width :]
    grid = features(splats)[sorted_ones].T.reshape(-1, rows, width)
    places = sort_grid(np.ascontiguousarray(grid), seed)
    return np.concatenate((sorted_ones[places.ravel()], rest))


def features(splats: Splats) -> Floats:
    """Return what is made smooth, (N, 10): position, colour, scale and opacity.

    Each column has mean 0 and standard deviation 1, or is 0 where all values are equal.
    """
    columns = np.column_stack(
        (
            log_positions(splats.means),
            splats.sh[:, 0],
            splats.log_scales,
            splats.opacities,
        )
    )
    columns = columns - columns.mean(axis=0)
    deviation = columns.std(axis=0)
    scaled: Floats = (columns / np.where(deviation > 0, deviation, 1.0)).astype(np.float32)
    return scaled


def sort_grid(grid: Floats, seed: int) -> Cells:
    """Sort the items of a grid so that neighbours are alike.

    Parameters
    ----------
    grid : float32 array, shape (C, height, width)
        Features of one item a cell; both sides at least 16.
    seed : int

    Returns
    -------
    int64 array, shape (height, width)
        The flat number of the item that belongs in each cell: a permutation.
    """
    random = np.random.default_rng(seed)
    channels, height, width = grid.shape
    places = random.permutation(height * width)
    # Cells are rows of memory here, so that an item moves as one piece.
    items = np.ascontiguousarray(grid.reshape(channels, -1).T[places])
    side = min(height, width)
    radius = side / 2 - 1
    while radius >= 1:
        size = min(side - 1, 2 * int(radius) + 1)
        target = smooth(items.reshape(height, width, channels), size).reshape(-1, channels)
        block = max(_SMALLEST_BLOCK, min(size + 1, side) // 2 * 2)
        _settle_radius(items, places, target, (height, width), block, random)
        radius *= _RADIUS_DECAY
    return places.reshape(height, width)


def _settle_radius(
    items: Floats,
    places: Cells,
    target: Floats,
    shape: tuple[int, int],
    block: int,
    random: np.random.Generator,
) -> None:
    height, width = shape
    configuration = 0
    while True:
        top, left = (int(v) for v in random.integers(0, block, 2))
        cells = block_cells(height, width, block, top, left)
        error = squared_error(items, target)
        at_start = error
        while True:
            groups = random.permutation(block * block)
            error_before = error
            error -= reassign(items, places, target, cells, groups)
            if error_before - error <= _IMPROVEMENT_BREAK * error_before:
                break
        improved = at_start - error > _IMPROVEMENT_BREAK * at_start
        configuration += 1
        if not improved and configuration >= _FEWEST_CONFIGURATIONS:
            return


def block_cells(height: int, width: int, block: int, top: int, left: int) -> Cells:
    """Return the flat cell numbers (blocks, block^2) of a grid rolled by `top` and `left`.

    Cells beyond the last whole block take no part.
    """
    rows = (np.arange(height // block * block) + top) % height
    columns = (np.arange(width // block * block) + left) % width
    cells = rows[:, None] * width + columns[None, :]
    tiles = cells.reshape(height // block, block, width // block, block)
    return np.ascontiguousarray(tiles.transpose(0, 2, 1, 3).reshape(-1, block * block))


def smooth(grid: Floats, size: int) -> Floats:
    """Return a grid (height, width, C) after a separable Gaussian of sigma `size`.

    The kernel has `size` taps; columns wrap around, rows are mirrored without repeating the
    edge.
    """
    offsets = np.arange(size) - size // 2
    kernel = np.exp(-0.5 * (offsets / size) ** 2)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    before, after = size // 2, size - 1 - size // 2
    wrapped = np.pad(grid, ((0, 0), (before, after), (0, 0)), mode="wrap")
    across = _filter_rows(wrapped, kernel, grid.shape[1])
    mirrored = np.pad(across, ((before, after), (0, 0), (0, 0)), mode="reflect")
    return _filter_columns(mirrored, kernel, grid.shape[0])


@njit(cache=True, fastmath=FAST)
def _filter_rows(padded: Floats, kernel: Floats, width: int) -> Floats:
    height, _, channels = padded.shape
    out = np.zeros((height, width, channels), np.float32)
    for y in range(height):
        source = padded[y].reshape(-1)
        target = out[y].reshape(-1)
        for tap in range(len(kernel)):
            weight = kernel[tap]
            shift = tap * channels
            for i in range(width * channels):
                target[i] += weight * source[i + shift]
    return out


@njit(cache=True, fastmath=FAST)
def _filter_columns(padded: Floats, kernel: Floats, height: int) -> Floats:
    _, width, channels = padded.shape
    out = np.zeros((height, width, channels), np.float32)
    for y in range(height):
        target = out[y].reshape(-1)
        for tap in range(len(kernel)):
            weight = kernel[tap]
            source = padded[y + tap].reshape(-1)
            for i in range(width * channels):
                target[i] += weight * source[i]
    return out


@njit(cache=True)
def squared_error(items: Floats, target: Floats) -> float:
    """Return the summed squared distance of items (N, C) from their targets."""
    total = 0.0
    for i in range(items.shape[0]):
        for c in range(items.shape[1]):
            gap = items[i, c] - target[i, c]
            total += gap * gap
    return total


@njit(cache=True)
def reassign(items: Floats, places: Cells, target: Floats, cells: Cells, groups: Cells) -> float:
    """Move items within groups of four cells wherever that brings them nearer their targets.

    Parameters
    ----------
    items : float32 array, shape (N, C)
        Changed in place, as are `places` (N,).
    target : float32 array, shape (N, C)
    cells : int64 array, shape (blocks, B)
        Cell numbers of each block.
    groups : int64 array, shape (B,)
        A permutation shared by all blocks; four successive entries are one group.

    Returns
    -------
    float
        By how much the summed squared distance fell, at least 0.
    """
    channels = items.shape[1]
    gain = 0.0
    cost = np.empty((4, 4), np.float64)
    held = np.empty((4, channels), np.float32)
    number = np.empty(4, np.int64)
    where = np.empty(4, np.int64)
    best = np.empty(4, np.int64)
    for b in range(cells.shape[0]):
        for g in range(0, len(groups) - 3, 4):
            for i in range(4):
                where[i] = cells[b, groups[g + i]]
            for i in range(4):
                for j in range(4):
                    total = np.float32(0.0)
                    for c in range(channels):
                        gap = items[where[i], c] - target[where[j], c]
                        total += gap * gap
                    cost[i, j] = total
            stay = cost[0, 0] + cost[1, 1] + cost[2, 2] + cost[3, 3]
            lowest = stay
            for p in range(4):
                for q in range(4):
                    if q == p:
                        continue
                    for r in range(4):
                        if r in (p, q):
                            continue
                        s = 6 - p - q - r
                        moved = cost[p, 0] + cost[q, 1] + cost[r, 2] + cost[s, 3]
                        if moved < lowest:
                            lowest = moved
                            best[0], best[1], best[2], best[3] = p, q, r, s
            if lowest < stay:
                gain += stay - lowest
                for i in range(4):
                    number[i] = places[where[i]]
                    for c in range(channels):
                        held[i, c] = items[where[i], c]
                for j in range(4):
                    places[where[j]] = number[best[j]]
                    for c in range(channels):
                        items[where[j], c] = held[best[j], c]
    return gain
