"""The real way from photos to a bundle, on the sample flight."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from .doors import ROOT, Spaceport, wait_for, workers

SAMPLE = ROOT / "resources" / "sample_flight"

TINY = [
    *("--preset", "preview", "--sfm-feature-image-size", 640, "--sfm-max-features", 1500),
    *("--sfm-view-size", 320, "--train-image-size", 200, "--train-iterations", 150),
    *("--train-max-gaussians", 4000, "--train-sh-degree", 0),
]


def some_photos(folder: Path, number: int) -> Path:
    """Copy the first photos of the sample flight, which overlap, into a folder."""
    folder.mkdir()
    for path in sorted(SAMPLE.glob("*.JPG"))[:number]:
        shutil.copy2(path, folder / path.name)
    return folder


def stages_of(ended_line: dict[str, Any]) -> dict[str, Any]:
    return {name: stage["report"] for name, stage in ended_line["report"]["stages"].items()}


def test_a_small_flight_goes_all_the_way(real_spaceport: Spaceport, tmp_path: Path) -> None:
    photos = some_photos(tmp_path / "Flug über Öland", 9)
    (photos / "notes.jpg").write_text("no photo at all")
    project = tmp_path / "a b.spaceport"
    ended = real_spaceport("run", photos, "-o", project, "--json", *TINY)
    assert ended.code == 0, ended.err
    report = ended.lines[-1]
    found = stages_of(report)
    assert list(found) == ["import", "sfm", "train", "compress", "export"]
    assert found["import"]["used"] == 9
    assert [item["name"] for item in found["import"]["left_out"]] == ["notes.jpg"]
    assert found["sfm"]["registered"] == 9
    assert found["sfm"]["horizontal_rmse_m"] < 3.0
    assert found["train"]["held_out"] == ["SPACE_0005.JPG"]
    assert found["train"]["psnr_db"] > 14.0
    assert found["compress"]["held_out_psnr_db"] == pytest.approx(
        found["train"]["psnr_db"], abs=0.5
    )
    sog = project / "export" / "a b.sog"
    assert str(sog) in report["report"]["files"]
    assert all(e["done"] <= e["total"] for e in ended.lines if e["event"] == "progress")

    # What came out is what it says, by whatever door one looks.
    about = real_spaceport("inspect", sog, "--json").json
    assert about["kind"] == "SOG file, version 2"
    assert about["gaussians"] == found["train"]["gaussians"]
    assert about["all_finite"] is True
    ply = tmp_path / "exported.ply"
    assert real_spaceport("export", project, "--format", "ply", "-o", ply).code == 0
    difference = real_spaceport("compare", ply, sog, "--json").json
    assert difference["gaussians"] == difference["reference_gaussians"]
    assert difference["position_rms_relative"] < 1e-4
    assert difference["rotation_rms_degrees"] < 0.5
    trained = project / "splats" / "splats.ply"
    turned = real_spaceport("compare", trained, ply, "--turn", "viewer", "--json").json
    assert turned["position_rms_relative"] < 1e-6

    # Measured again from the files alone, every number is the same.
    (photos / "SPACE_0005.JPG").rename(tmp_path / "away.JPG")
    again = real_spaceport("evaluate", project, "--json").json
    (tmp_path / "away.JPG").rename(photos / "SPACE_0005.JPG")
    written = json.loads((project / "splats" / "quality.json").read_text())
    for key in ("psnr_db", "ssim", "colour_fitted_psnr_db"):
        assert again[key] == pytest.approx(written[key], abs=1e-6)
        for now, then in zip(again["views"], written["views"], strict=True):
            assert now["name"] == then["name"]
            assert now[key] == pytest.approx(then[key], abs=1e-6)

    # Another format beside the first; the stages before it are left alone.
    assert real_spaceport("export", project, "--format", "sogs").code == 0
    exported = {path.name for path in (project / "export").iterdir()}
    assert exported == {"a b.sog", "a b-sogs", "a b.georeference.json"}
    again = real_spaceport("run", "-o", project, "--json").lines[-1]
    assert set(again["ran"].values()) == {"skipped"}
    status = real_spaceport("status", project)
    assert status.code == 0
    assert "PSNR" in status.out

    # A photo deleted meanwhile: what needs no photos goes on, the rest says which it is.
    before = (project / "sfm" / "reconstruction.json").read_bytes()
    (photos / "SPACE_0003.JPG").rename(tmp_path / "elsewhere.JPG")
    on = real_spaceport("run", "-o", project, "--json", "--compress-order", "morton")
    assert on.code == 0
    assert on.lines[-1]["ran"]["sfm"] == "skipped"
    assert on.lines[-1]["ran"]["compress"] == "finished"
    stopped = real_spaceport("run", "-o", project, "--sfm-random-seed", 2)
    assert stopped.code == 1
    assert "The photo SPACE_0003.JPG is not there any more" in stopped.err
    assert "spaceport stage import" in stopped.err
    assert (project / "sfm" / "reconstruction.json").read_bytes() == before
    assert real_spaceport("inspect", sog).code == 0
    real_spaceport("stage", "import", project)
    assert json.loads((project / "photos" / "photos.json").read_text())["photos"][2]["name"] == (
        "SPACE_0004.JPG"
    )


def test_a_touched_photo_is_read_again_and_nothing_more(
    real_spaceport: Spaceport, tmp_path: Path
) -> None:
    photos = some_photos(tmp_path / "photos", 4)
    project = tmp_path / "a.spaceport"
    assert real_spaceport("run", photos, "-o", project, "-q", *TINY).code in (0, 1)
    (photos / "SPACE_0002.JPG").touch()
    status = real_spaceport("status", project, "--json").json
    assert status["states"]["import"]["state"] == "outdated"
    identity = json.loads((project / "project.json").read_text())["stages"]["import"]["published"]
    real_spaceport("stage", "import", project)
    after = json.loads((project / "project.json").read_text())["stages"]["import"]["published"]
    assert after["output"] == identity["output"]
    assert after["fingerprint"] != identity["fingerprint"]


@pytest.mark.slow
def test_the_whole_sample_flight(real_spaceport: Spaceport, tmp_path: Path) -> None:
    project = tmp_path / "sample.spaceport"
    ended = real_spaceport("run", SAMPLE, "-o", project, "--preset", "preview", "--json")
    assert ended.code == 0, ended.err
    found = stages_of(ended.lines[-1])
    assert found["sfm"]["registered"] == 30
    assert found["sfm"]["horizontal_rmse_m"] < 1.0
    assert found["train"]["psnr_db"] > 29.0
    assert abs(found["compress"]["held_out_psnr_change_db"]) < 0.3
    peak = max(s["peak_memory_bytes"] for s in ended.lines[-1]["report"]["stages"].values())
    assert peak < 3e9


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="signals of Linux")
def test_killed_at_random_it_still_comes_to_the_end(
    real_spaceport: Spaceport, tmp_path: Path
) -> None:
    """Kill run or worker in every real stage, in whatever native code it may be."""
    photos = some_photos(tmp_path / "photos", 12)
    project = tmp_path / "a.spaceport"
    seed = random.SystemRandom().randrange(1 << 30)
    chance = random.Random(seed)
    command = ["run", photos, "-o", project, "--json", *TINY, "--train-checkpoint-every-s", 1]
    kills = 0
    for _ in range(10):
        process = real_spaceport.start(*command)
        time.sleep(chance.uniform(0.5, 12.0))
        found = [worker.pid for worker in workers(project)]
        victims = [process.pid] if chance.random() < 0.5 else found
        for victim in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
                kills += 1
        process.communicate(timeout=120)
        wait_for(lambda: workers(project) == [], 10.0)
    ended = real_spaceport(*command)
    assert ended.code == 0, (seed, ended.err, ended.out[-2000:])
    report = stages_of(ended.lines[-1])
    assert report["sfm"]["registered"] == 12
    about = real_spaceport("inspect", project / "export" / "a.sog", "--json").json
    assert about["gaussians"] == report["train"]["gaussians"]
    left = {path.name for path in project.iterdir() if path.name.startswith(".")}
    assert left == {".lock"}, seed
    assert kills >= 3
