from __future__ import annotations

import numpy as np

from spaceport_app.sogs.axes import to_viewer, to_world

from .scenes import scene


def test_axes_of_viewers() -> None:
    splats = scene(1)
    splats.means[0] = [1, 2, 3]
    turned = to_viewer(splats)
    np.testing.assert_allclose(turned.means, [[-1, -3, -2]])
    np.testing.assert_allclose(to_world(turned).means, [[1, 2, 3]])
