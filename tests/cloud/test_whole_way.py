"""The real worker in every step, from photos in S3 through the state machine to the bundle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spaceport_app.sogs.file import read

from .emulators.stack import Stack
from .jobs import machine, put, sample_photos, start


@pytest.mark.slow
def test_fault_10_photos_become_a_bundle_step_by_step(stack: Stack, tmp_path: Path) -> None:
    photos = sample_photos(9)
    # The same name in two folders: two photos, the second left out as the first one's copy.
    names = list(photos)
    photos[f"other/{names[0]}"] = photos[names[0]]
    job = put(stack, photos)
    run = start(job, machine(stack, "whole"))
    ended = run.ended(280)
    assert ended["status"] == "SUCCEEDED", ended
    sfm, training, bundle = (job.results(step) for step in ("sfm", "3dgs", "compression"))
    # Training starts from what SfM has left: the pictures travel along.
    assert len([path for path in sfm if path.startswith("sfm/views/SPACE")]) == 9
    listed = json.loads(sfm["photos/photos.json"])
    assert "splats/splats.ply" in training
    assert "logs/train.log" in training
    target = tmp_path / "one.sog"
    target.write_bytes(bundle["export/Flug über Öland.sog"])
    splats = read(target)
    assert (
        len(splats.means)
        == job.manifest("3dgs")["project"]["train"]["published"]["report"]["gaussians"]
    )
    assert len(listed["photos"]) == 10
    for step in ("sfm", "3dgs", "compression"):
        told = job.progress(step)  # type: ignore[arg-type]
        assert (told["state"], told["failure"]) == ("finished", None)
        assert told["events"][-1]["event"]["event"] == "finished"
    metrics = [
        e["event"] for e in job.progress("3dgs")["events"] if e["event"]["event"] == "metric"
    ]
    assert any("psnr_db" in metric["values"] for metric in metrics)
    # While it worked, its growing cloud and a picture of its training could be seen.
    assert job.keys(f"colmap/{job.id}/now/") == [f"colmap/{job.id}/now/cloud.zip"]
    assert job.read(f"3dgs/{job.id}/now/preview.jpg").startswith(b"\xff\xd8")
    # Nothing is left of the checkpoints, and SageMaker's own archive holds no second copy.
    assert not job.keys(f"3dgs/{job.id}/checkpoints/")
    (model,) = job.keys(f"3dgs/{job.id}/model/")
    assert len(job.read(model)) < 5000
