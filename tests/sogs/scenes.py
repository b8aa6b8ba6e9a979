"""Small random scenes with what real ones have: clusters, far floaters, odd quaternions."""

from __future__ import annotations

import numpy as np

from spaceport_app.splats.model import Splats


def scene(count: int, degree: int = 0, seed: int = 1) -> Splats:
    random = np.random.default_rng(seed)
    centre = random.normal(0, 8, (max(1, count // 50), 3))
    means = centre[random.integers(0, len(centre), count)] + random.normal(0, 0.5, (count, 3))
    means[:: max(2, count // 3)] *= 40
    sh = random.normal(0, 0.1, (count, (degree + 1) ** 2, 3))
    sh[:, 0] = random.normal(0, 1, (count, 3))
    return Splats(
        means.astype(np.float32),
        random.normal(-4, 1.5, (count, 3)).astype(np.float32),
        (random.normal(0, 1, (count, 4)) * random.uniform(0.3, 3, (count, 1))).astype(np.float32),
        random.normal(0, 3, count).astype(np.float32),
        sh.astype(np.float32),
    )
