"""Our bundles in splat-transform and its bundles here, Gaussian by Gaussian."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from spaceport_app.sogs import file
from spaceport_app.sogs.options import CompressOptions
from spaceport_app.splats.compare import compare
from spaceport_app.splats.file import read_ply, write_ply
from spaceport_app.splats.model import Splats

from .scenes import scene

PEERS = Path(__file__).parents[1] / "peers"
TOOL = PEERS / "node_modules" / "@playcanvas" / "splat-transform" / "bin" / "cli.mjs"

pytestmark = [
    pytest.mark.skipif(
        shutil.which("node") is None,
        reason="NOT TESTED AGAINST SPLAT-TRANSFORM: there is no node on this machine",
    ),
    pytest.mark.skipif(
        not TOOL.is_file(),
        reason="NOT TESTED AGAINST SPLAT-TRANSFORM: run npm install in tests/peers",
    ),
]


def convert(source: Path, target: Path) -> None:
    subprocess.run(
        ["node", str(TOOL), "-q", "-w", "-g", "cpu", str(source), str(target)],
        check=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        capture_output=True,
    )


def assert_same(theirs: Splats, ours: Splats) -> None:
    assert len(theirs) == len(ours)
    assert theirs.sh_degree == ours.sh_degree
    np.testing.assert_allclose(theirs.means, ours.means, rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(theirs.log_scales, ours.log_scales, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(theirs.quaternions, ours.quaternions, atol=1e-6)
    np.testing.assert_allclose(theirs.sh, ours.sh, atol=1e-6)
    opacity = [1 / (1 + np.exp(-s.opacity_logits.astype(float))) for s in (theirs, ours)]
    np.testing.assert_allclose(*opacity, atol=2e-6)


@pytest.mark.parametrize(
    ("format", "source"),
    [("sog", "a.sog"), ("sog-folder", "a/meta.json"), ("sogs", "a/meta.json")],
)
@pytest.mark.parametrize(("count", "degree"), [(1, 3), (2, 0), (3000, 2)])
def test_splat_transform_reads_what_we_write(
    tmp_path: Path, format: str, source: str, count: int, degree: int
) -> None:
    path = tmp_path / source.split("/", maxsplit=1)[0]
    bundle = file.write(path, scene(count, degree), format, CompressOptions(palette_entries=700))
    convert(tmp_path / source, tmp_path / "theirs.ply")
    theirs = read_ply(tmp_path / "theirs.ply")
    assert_same(theirs, file.read(path))
    error = compare(scene(count, degree).take(bundle.order), theirs)
    assert error.matched == "order"
    assert error.rotation_rms_degrees < 0.45


def test_splat_transform_reads_every_order(tmp_path: Path) -> None:
    path = tmp_path / "a.sog"
    for order, degree in (("morton", 1), ("plas", 3)):
        file.write(path, scene(1100, degree), "sog", CompressOptions(order=order))
        convert(path, tmp_path / "theirs.ply")
        assert_same(read_ply(tmp_path / "theirs.ply"), file.read(path))


@pytest.mark.parametrize(
    ("degree", "target"),
    [(0, "theirs.sog"), (1, "meta.json"), (2, "theirs.sog"), (3, "theirs.sog")],
)
def test_we_read_what_splat_transform_writes(tmp_path: Path, degree: int, target: str) -> None:
    splats = scene(400, degree)
    # Below 1/255 its textures lose the colour with the alpha.
    np.maximum(splats.opacity_logits, -5, out=splats.opacity_logits)
    write_ply(tmp_path / "a.ply", splats)
    convert(tmp_path / "a.ply", tmp_path / target)
    ours = file.read(tmp_path / target)
    convert(tmp_path / target, tmp_path / "back.ply")
    assert_same(read_ply(tmp_path / "back.ply"), ours)
    error = compare(splats, ours)
    assert error.shared_partners == 0
    assert error.opacity_max < 0.005
    assert error.dc_rms < 0.05
