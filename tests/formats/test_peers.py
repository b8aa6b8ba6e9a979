"""What splat-transform writes, read here, Gaussian by Gaussian."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sogs import test_peers
from sogs.scenes import scene

from spaceport_app import formats
from spaceport_app.splats.compare import compare
from spaceport_app.splats.file import write_ply

pytestmark = test_peers.pytestmark


@pytest.mark.parametrize(
    ("name", "metres", "logarithm"), [("a.compressed.ply", 0.02, 0.01), ("a.spz", 0.001, 0.04)]
)
@pytest.mark.parametrize("degree", [0, 2, 3])
def test_what_they_pack(
    tmp_path: Path, name: str, metres: float, logarithm: float, degree: int
) -> None:
    ours = scene(600, degree)
    write_ply(tmp_path / "a.ply", ours)
    test_peers.convert(tmp_path / "a.ply", tmp_path / name)
    # By content: the name says nothing.
    (tmp_path / name).rename(tmp_path / "b.dat")
    found = formats.read(tmp_path / "b.dat")
    assert len(found.splats) == 600
    assert found.splats.sh_degree == degree
    difference = compare(ours, found.splats)
    extent = float(np.ptp(ours.means, axis=0).max())
    assert difference.position_rms_m < metres * max(extent / 20, 1)
    assert difference.rotation_rms_degrees < 0.5
    assert difference.log_scale_rms < logarithm
    assert difference.opacity_max < 0.01
