from __future__ import annotations

import numpy as np

from spaceport_app.sfm import loops


def test_photos_of_the_same_place_are_alike_whatever_their_order():
    random = np.random.default_rng(1)
    # Twelve places in a row; a photo sees three of them, and a few features of its own.
    places = np.abs(random.normal(size=(14, 40, 128)))
    order = random.permutation(12)
    descriptors = []
    for place in order:
        seen = np.concatenate([places[place : place + 3].reshape(-1, 128)])
        seen = seen + random.normal(size=seen.shape) * 0.1
        seen = np.concatenate([seen, np.abs(random.normal(size=(30, 128)))])[
            random.permutation(150)
        ]
        unit = seen / np.linalg.norm(seen, axis=1, keepdims=True)
        descriptors.append(unit.astype(np.float32))
    counts = []
    alike = loops.similarity(descriptors, lambda done, total: counts.append((done, total)))
    assert counts[-1] == (12, 12)
    np.testing.assert_array_equal(alike, alike.T)
    for a in range(12):
        for b in range(a + 1, 12):
            shared = max(0, 3 - abs(int(order[a]) - int(order[b]))) * 40
            assert abs(alike[a, b] - shared) <= 8


def test_photos_without_features_are_like_nothing():
    empty = np.zeros((0, 128), np.float32)
    some = np.eye(128, dtype=np.float32)[:10]
    assert loops.similarity([empty, some], lambda *_: None).sum() == 0
