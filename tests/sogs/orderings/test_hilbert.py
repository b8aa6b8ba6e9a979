from __future__ import annotations

import numpy as np

from spaceport_app.sogs.orderings.hilbert import hilbert_keys, hilbert_order


def cube(side: int) -> np.ndarray:
    axes = np.meshgrid(*[np.arange(side)] * 3, indexing="ij")
    return np.stack(axes, axis=-1).reshape(-1, 3).astype(np.uint16)


def test_the_curve_goes_from_neighbour_to_neighbour() -> None:
    """A Hilbert curve visits each cell of a cube once, in steps of one."""
    cells = cube(16)
    keys = hilbert_keys(cells)
    assert sorted(keys) == list(range(16**3))
    walk = cells[np.argsort(keys)].astype(int)
    assert (np.abs(np.diff(walk, axis=0)).sum(axis=1) == 1).all()


def test_every_aligned_cube_is_one_piece_of_the_curve() -> None:
    random = np.random.default_rng(0)
    for bits in (1, 2, 3):
        corner = random.integers(0, 2 ** (16 - bits), 3) << bits
        keys = hilbert_keys((cube(2**bits) + corner).astype(np.uint16))
        assert keys.max() - keys.min() == 8**bits - 1
        assert len(np.unique(keys)) == 8**bits


def test_order_is_a_stable_permutation() -> None:
    cells = np.random.default_rng(1).integers(0, 4, (500, 3)).astype(np.uint16)
    order = hilbert_order(cells)
    assert sorted(order) == list(range(500))
    keys = hilbert_keys(cells)[order]
    assert (np.diff(keys.astype(np.int64)) >= 0).all()
    assert (np.diff(order)[np.diff(keys.astype(np.int64)) == 0] > 0).all()
