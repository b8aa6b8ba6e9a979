"""The client against the very handlers that are deployed, over HTTP, with an emulated S3."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.connection import Connection
from spaceport_app.cloud.client.failures import CloudError, Halted, IncompleteError
from spaceport_app.cloud.client.secrets import Secret
from spaceport_app.cloud.client.submission import Submission, Upload
from spaceport_app.cloud.client.uploading import Uploader
from spaceport_app.cloud.job import PART_BYTES, CloudFile
from spaceport_app.project.project import Project

from ..backend.api.cloud import Cloud
from .conftest import QUICK
from .test_preparing import prepared


@pytest.fixture
def keys(running_cloud: Cloud) -> tuple[str, str]:
    """The address of the service, and the key of somebody else."""
    cloud = running_cloud
    return str(cloud.http.base_url).rstrip("/"), cloud.other.headers["x-api-key"]


@pytest.fixture
def real(running_cloud: Cloud, keys: tuple[str, str]) -> Iterator[Api]:
    key = running_cloud.http.headers["x-api-key"]
    with Api(Connection(keys[0], Secret(key)), patience=QUICK) as opened:
        yield opened


def submitted(real: Api, uploads: tuple[Upload, ...]) -> Submission:
    settings = {"preset": "preview", "device": "cpu", "options": {}, "excluded": []}
    made = Submission(real.endpoint, "Flug", "sfm", "sfm", settings, "", uploads)
    created = real.create(made.as_job())
    return replace(made, job=created.job, part_bytes=created.part_bytes)


def test_photos_arrive_and_the_job_runs(real: Api, project: Project) -> None:
    assert real.health().service == "spaceport"
    job = submitted(real, prepared(project))
    with pytest.raises(IncompleteError) as caught:
        real.start(job.job)
    assert caught.value.missing == tuple(range(6))
    Uploader(real, job, project.folder).run(lambda event: None)
    look = real.look(job.job)
    assert (look.state, look.step, look.name) == ("running", "sfm", "Flug")
    assert next(listed.job for listed in real.jobs()) == job.job
    assert real.artifacts(job.job).files == ()
    real.start(job.job)
    real.delete(job.job)
    with pytest.raises(CloudError) as gone:
        real.look(job.job)
    assert gone.value.code == "no_job"


def test_a_large_file_goes_on_where_it_was(real: Api, tmp_path: Path) -> None:
    data = random.Random(5).randbytes(2 * PART_BYTES + 1000)
    (tmp_path / "big.bin").write_bytes(data)
    file = CloudFile("a/Öland groß.jpg", len(data), hashlib.sha256(data).hexdigest())
    job = submitted(real, (Upload(file, "big.bin"),))
    stop = threading.Timer(0.5, real.halted.set)
    stop.start()
    with pytest.raises(Halted):
        Uploader(real, job, tmp_path, bytes_a_second=30e6).run(lambda event: None)
    real.halted.clear()
    Uploader(real, job, tmp_path).run(lambda event: None)
    assert real.look(job.job).state == "running"
    assert [(p.part, p.size) for p in real.arrived(job.job)] == [
        (1, PART_BYTES),
        (2, PART_BYTES),
        (3, 1000),
    ]
    assert real.stop(job.job) in ("stopped", "stopping")


def test_anothers_job_and_a_wrong_key_are_refused(
    real: Api, keys: tuple[str, str], project: Project
) -> None:
    job = submitted(real, prepared(project))
    other = Connection(real.endpoint, Secret(keys[1]))
    with Api(other, patience=QUICK) as api, pytest.raises(CloudError) as caught:
        api.look(job.job)
    assert caught.value.code == "no_job"
    wrong = Connection(real.endpoint, Secret("wrong"))
    with Api(wrong, patience=QUICK) as api, pytest.raises(CloudError) as caught:
        api.health()
    assert caught.value.code == "wrong_key"
