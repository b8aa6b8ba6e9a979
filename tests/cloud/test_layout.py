"""Keys of a job in S3."""

from __future__ import annotations

import pytest

from spaceport_app.cloud import layout

JOB = "0123456789abcdefghjkmnpqrs"


def test_keys_of_one_job_lie_below_folders_of_that_job_alone() -> None:
    keys = [
        layout.upload(JOB, 7),
        layout.record(JOB),
        layout.progress(JOB, "sfm"),
        layout.manifest(JOB, "3dgs"),
        layout.result(JOB, "compression", "export/Öland.sog"),
        layout.checkpoints(JOB),
    ]
    assert keys == [
        f"jobs/{JOB}/files/000007",
        f"jobs/{JOB}/job.json",
        f"colmap/{JOB}/progress.json",
        f"3dgs/{JOB}/manifest.json",
        f"compressed/{JOB}/files/export/Öland.sog",
        f"3dgs/{JOB}/checkpoints/",
    ]


@pytest.mark.parametrize("text", ["", "..", JOB[:-1], JOB + "0", JOB.upper(), JOB[:-1] + "/"])
def test_only_ids_of_jobs_pass(text: str) -> None:
    assert layout.is_job_id(JOB)
    assert not layout.is_job_id(text)


def test_steps_from_first_to_last() -> None:
    assert layout.following("sfm", "compression") == ("sfm", "3dgs", "compression")
    assert layout.following("3dgs", "3dgs") == ("3dgs",)
    with pytest.raises(ValueError, match="before"):
        layout.following("compression", "sfm")
