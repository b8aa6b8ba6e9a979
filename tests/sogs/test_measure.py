from __future__ import annotations

import json

import pytest

from spaceport_app.events import ignore
from spaceport_app.sogs import file, version2
from spaceport_app.sogs.measure import measure
from spaceport_app.sogs.options import CompressOptions

from .scenes import scene


def test_numbers_of_a_bundle() -> None:
    splats = scene(800, 2)
    bundle = version2.encode(splats, CompressOptions(palette_entries=300), ignore)
    decoded = file.decode(bundle.files.__getitem__)
    found = measure(splats, decoded, bundle, 1_000_000)
    size = sum(len(data) for data in bundle.files.values())
    assert found["gaussians"] == 800
    assert found["sh_degree"] == 2
    assert found["bytes"] == size
    assert found["ratio"] == pytest.approx(1e6 / size)
    assert found["bits_per_gaussian"] == pytest.approx(size / 100)
    assert found["file_bytes"] == {name: len(data) for name, data in bundle.files.items()}
    assert isinstance(found["rotation_rms_degrees"], float)
    assert 0.2 < found["rotation_rms_degrees"] < 0.4
    assert isinstance(found["sh_snr_db"], float)
    assert 0 < found["sh_snr_db"] < 20
    json.dumps(found, allow_nan=False)


def test_harmonics_left_out_are_an_error() -> None:
    splats = scene(200, 2)
    bundle = version2.encode(splats, CompressOptions(sh_degree=0), ignore)
    found = measure(splats, file.decode(bundle.files.__getitem__), bundle, 1)
    assert found["sh_degree"] == 0
    assert found["sh_snr_db"] == pytest.approx(0)
