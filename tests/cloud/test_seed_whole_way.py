"""The original's call with real archives, through the deployed machine and the real worker."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from spaceport_app.cloud import layout
from spaceport_app.cloud.layout import STEPS, Step
from spaceport_app.sogs.file import read

from .backend.api.cloud import SEEDS, Cloud, await_true
from .jobs import Put, machine, put, sample_photos, start


@pytest.fixture
def cloud(running_cloud: Cloud) -> Iterator[Cloud]:
    """Return the API with the state machine that is deployed."""
    before = running_cloud.services
    arn = machine(running_cloud.stack, f"seed-{time.monotonic_ns()}")
    running_cloud.configure(state_machine=arn, waits_s=dict.fromkeys(STEPS, 4))
    yield running_cloud
    running_cloud.services = before


def packed(files: Mapping[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


USUAL = {"optimization_enabled": False, "gpu_acceleration": False}
"""Preset preview, on the processor."""


def begin(cloud: Cloud, archive: bytes, step: Step, **options: object) -> str:
    """Start a job from an archive and return its id."""
    s3 = cloud.stack.client("s3")
    s3.put_object(Bucket=SEEDS, Key=f"in/{step}.zip", Body=archive)
    body = {"s3Url": f"s3://{SEEDS}/in/{step}.zip", "pipelineStep": step, **options}
    answer = cloud.http.post("/start-job", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["jobId"])


def run(cloud: Cloud, archive: bytes, step: Step, **options: object) -> str:
    """Start a job from an archive, wait until it is over, and return its id."""
    job = begin(cloud, archive, step, **options)
    await_true(lambda: cloud.status(job)["state"] not in ("running", "stopping"), 280)
    told = cloud.status(job)
    assert told["state"] == "finished", told["reason"]
    return job


def results(cloud: Cloud, job: str, step: Step) -> dict[str, bytes]:
    """Return what the API lets one fetch of a step."""
    files = cloud.http.get(f"/jobs/{job}/artifacts").json()["files"]
    return {file["path"]: cloud.plain.get(file["url"]).content for file in files
            if file["step"] == step}  # fmt: skip


@pytest.fixture(scope="module")
def made(stack: object, running_cloud: Cloud) -> Put:
    """A small job that is done, whose results begin the others."""
    job = put(running_cloud.stack, sample_photos(9))
    ended = start(job, machine(running_cloud.stack, f"made-{time.monotonic_ns()}")).ended(280)
    assert ended["status"] == "SUCCEEDED", ended
    return job


@pytest.mark.slow
def test_compression_from_an_archive_ends_in_the_same_bundle(
    cloud: Cloud, made: Put, tmp_path: Path
) -> None:
    """The folders of a project, without manifests."""
    files = {**made.results("sfm"), **made.results("3dgs")}
    job = run(cloud, packed(files), "compression")
    exported = [data for path, data in results(cloud, job, "compression").items()
                if path.startswith("export/") and path.endswith(".sog")]  # fmt: skip
    (tmp_path / "a.sog").write_bytes(exported[0])
    report = made.manifest("3dgs")["project"]["train"]["published"]["report"]
    assert len(read(tmp_path / "a.sog").means) == report["gaussians"]


@pytest.mark.slow
def test_training_from_an_archive_goes_on_to_the_bundle(cloud: Cloud, made: Put) -> None:
    job = run(cloud, packed(made.results("sfm")), "3dgs", **USUAL)
    assert "splats/splats.ply" in results(cloud, job, "3dgs")
    assert [path for path in results(cloud, job, "compression") if path.endswith(".sog")]


@pytest.mark.slow
def test_photos_in_a_zip_are_placed_and_stop_job_ends_the_rest(cloud: Cloud) -> None:
    photos = {f"Flug über Öland/{name}": data for name, data in sample_photos(9).items()}
    job = begin(cloud, packed(photos), "sfm", **USUAL)
    manifest = layout.manifest(job, "sfm")
    await_true(lambda: manifest in cloud.keys(cloud.stack.artifacts, job), 280)
    machine_arn = cloud.services.configuration.state_machine
    execution = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{job}"
    stopped = cloud.http.post("/stop-job", json={"executionArn": execution})
    assert stopped.status_code == 200, stopped.text
    assert cloud.status(job)["state"] == "stopped"
    found = results(cloud, job, "sfm")
    assert len([path for path in found if path.startswith("sfm/views/") and "SPACE" in path]) == 9
