"""Large photos and large sets train at full size within 4 GB, photos read through the cache."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="peak memory is asked for as on Linux and macOS")

ROOT = Path(__file__).parents[3]
MOST_BYTES = 4 * 2**30
# What takes time and has no part in this.
OPTIONS = {"snapshot_every_s": 0, "preview_every_s": 0, "max_gaussians": 50_000}


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize(
    ("photos", "width", "steps"),
    [(300, 1600, 280), (12, 4000, 12)],
    ids=["300 photos", "12 megapixels"],
)
def test_peak_memory_is_within_4_gb(tmp_path: Path, photos: int, width: int, steps: int) -> None:
    script = Path(__file__).with_name("large_flight.py")
    words = [tmp_path, photos, width, steps, json.dumps(OPTIONS)]
    ended = subprocess.run(
        [sys.executable, script, *map(str, words)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    report = found["report"]
    assert (report["iterations"], report["image_size_px"]) == (steps, width)
    assert report["times_out_of_memory"] == 0 and report["photos"] > 0.8 * photos
    assert found["peak_bytes"] <= MOST_BYTES
    # What is over the budget is read again, in time for its step; of 300 photos that is a third.
    assert found["most_held_bytes"] <= 1024 * 2**20
    training_reads = found["reads"] - len(report["held_out"])
    assert training_reads >= min(report["photos"], steps)
    assert found["reads_ahead"] >= 0.9 * training_reads
