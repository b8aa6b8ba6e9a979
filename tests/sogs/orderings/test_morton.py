from __future__ import annotations

import numpy as np

from spaceport_app.sogs.orderings.morton import morton_keys, morton_order


def plain_key(x: int, y: int, z: int) -> int:
    key = 0
    for bit in range(16):
        key |= (x >> bit & 1) << 3 * bit
        key |= (y >> bit & 1) << 3 * bit + 1
        key |= (z >> bit & 1) << 3 * bit + 2
    return key


def test_keys_against_the_definition() -> None:
    cells = np.random.default_rng(0).integers(0, 65_536, (300, 3)).astype(np.uint16)
    cells[0], cells[1] = 0, 65_535
    assert morton_keys(cells).tolist() == [plain_key(*map(int, cell)) for cell in cells]


def test_order_sorts_by_key() -> None:
    cells = np.random.default_rng(1).integers(0, 65_536, (300, 3)).astype(np.uint16)
    order = morton_order(cells)
    assert sorted(order) == list(range(300))
    assert (np.diff(morton_keys(cells)[order].astype(np.int64)) >= 0).all()
