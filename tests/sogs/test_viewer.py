"""Our bundles as the PlayCanvas viewer draws them: the right way up, in the right colours."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from spaceport_app.sogs import file
from spaceport_app.sogs.axes import to_viewer
from spaceport_app.splats.model import Splats


def _viewer() -> ModuleType:
    path = Path(__file__).parents[1] / "peers" / "viewer.py"
    spec = importlib.util.spec_from_file_location("spaceport_test_viewer", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


viewer = _viewer()

pytestmark = pytest.mark.skipif(
    viewer.available() is not None,
    reason=f"NOT TESTED IN THE PLAYCANVAS VIEWER: {viewer.available()}",
)

BALLS = {"red": (0.0, 0.0, 1.0), "blue": (1.0, 0.0, 0.0), "green": (0.0, 0.0, 0.0)}
"""Colours by place east, north, up: red above, blue in the east, green in the middle."""


def balls() -> Splats:
    """Three opaque balls of 100 Gaussians each, in the axes of the world."""
    random = np.random.default_rng(0)
    means, colours = [], []
    for name, place in BALLS.items():
        means.append(np.array(place) + random.normal(0, 0.05, (100, 3)))
        colour = np.array([name == "red", name == "green", name == "blue"], float)
        colours.append(np.repeat(colour[None], 100, axis=0))
    sh = np.zeros((300, 4, 3), np.float32)
    sh[:, 0] = (np.concatenate(colours) - 0.5) / 0.28209479177387814
    return Splats(
        np.concatenate(means).astype(np.float32),
        np.full((300, 3), np.log(0.06), np.float32),
        np.tile(np.float32([1, 0, 0, 0]), (300, 1)),
        np.full(300, 4, np.float32),
        sh,
    )


@pytest.mark.parametrize("format", ["sog", "sogs"])
def test_up_is_up_and_east_is_right(tmp_path: Path, format: str) -> None:
    path = tmp_path / ("scene.sog" if format == "sog" else "scene")
    file.write(path, to_viewer(balls()), format)
    # Seen from the south: the viewer's axes are east, up, south.
    frame = viewer.capture(path, (0.0, 0.0, 4.0), (0.0, 0.0, 0.0), size=(240, 240))
    assert frame.count == 300
    image = frame.image[..., :3].astype(float)
    found = {}
    for channel, name in enumerate(("red", "green", "blue")):
        others = np.delete(image, channel, axis=2).max(axis=2)
        rows, columns = np.nonzero((image[..., channel] > 150) & (others < 100))
        assert len(rows) > 20, name
        found[name] = (rows.mean(), columns.mean())
    assert found["green"] == pytest.approx((120, 120), abs=8)
    assert found["red"][0] < 90
    assert found["red"][1] == pytest.approx(120, abs=8)
    assert found["blue"][0] == pytest.approx(120, abs=8)
    assert found["blue"][1] > 150
