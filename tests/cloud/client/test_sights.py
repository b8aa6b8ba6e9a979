"""What can be seen of a job while it works."""

from __future__ import annotations

import io
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from spaceport_app.cloud.client import submission
from spaceport_app.cloud.client.answers import CloudEvent
from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.failures import Halted
from spaceport_app.cloud.client.run import CloudRun
from spaceport_app.cloud.client.sights import Sights
from spaceport_app.cloud.layout import MOST_SIGHT_BYTES
from spaceport_app.events import Preview, Snapshot
from spaceport_app.pipeline.runner import RunEvent, StageEvent
from spaceport_app.project.project import Project

from .service import Job, Service

PREVIEW = {"event": "preview", "path": "preview.jpg"}
CLOUD = {"event": "snapshot", "path": "cloud.zip", "done": 3, "total": 9}


@pytest.fixture
def serving() -> Iterator[Service]:
    with Service().serving() as service:
        yield service


def packed(**files: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def address(service: Service, name: str) -> str:
    return f"{service.url.removesuffix('/prod')}/s3/seen/{name}?expires={service.now() + 60}"


def item(service: Service, event: Preview | Snapshot, number: int = 1) -> CloudEvent:
    return CloudEvent(number, "sfm", event, address(service, event.path.name))


def test_pictures_come_while_it_works_and_are_gone_afterwards(
    project: Project, api: Api, results: Service
) -> None:
    told: list[RunEvent] = []
    seen: list[bytes] = []

    def listen(event: RunEvent) -> None:
        told.append(event)
        if isinstance(event, StageEvent) and isinstance(event.event, Preview):
            seen.append(event.event.path.read_bytes())

    def work(name: str, job: Job) -> None:
        job.step = "3dgs"
        job.steps["sfm"] = {"state": "finished"}
        for content in (b"one", b"two"):
            results.seen["preview.jpg"] = content
            results.tell(job, "train", PREVIEW)
            end = time.monotonic() + 10
            while content not in seen and time.monotonic() < end:
                time.sleep(0.02)
        results.finish(name, job)

    results.work = work
    run = CloudRun(project, listen, api=api, poll_s=0.05, watched=True)
    assert run.run()[-1].good
    assert seen == [b"one", b"two"]
    (stage,) = {e.stage for e in told if isinstance(e, StageEvent) and isinstance(e.event, Preview)}
    assert stage == "train"
    assert not (submission.folder(project) / "now").exists()


def test_nobody_who_does_not_watch_fetches_them(
    project: Project, api: Api, results: Service
) -> None:
    def work(name: str, job: Job) -> None:
        job.step = "3dgs"
        job.steps["sfm"] = {"state": "finished"}
        results.tell(job, "train", PREVIEW)
        time.sleep(0.3)
        results.finish(name, job)

    results.work = work
    assert CloudRun(project, lambda event: None, api=api, poll_s=0.05).run()[-1].good
    assert not [path for _, path in results.requests if "/seen/" in path]


def test_the_cloud_is_unpacked_and_the_last_two_stay(serving: Service, tmp_path: Path) -> None:
    sights = Sights(tmp_path / "now", threading.Event())
    snapshot = Snapshot(Path("cloud.zip"), 3, 9)
    for number in (1, 2, 3):
        serving.seen["cloud.zip"] = packed(
            **{"cloud.ply": b"%d" % number, "views/views.json": b"{}", "../up.txt": b"no"}
        )
        found = sights.fetch(item(serving, snapshot, number))
        assert isinstance(found, Snapshot)
        assert (found.path / "cloud.ply").read_bytes() == b"%d" % number
        assert (found.path / "views" / "views.json").is_file()
    assert len(list((tmp_path / "now").iterdir())) == 2
    assert [path.name for path in tmp_path.rglob("up.txt")] == []


def test_what_is_damaged_too_large_or_refused_is_left_out(serving: Service, tmp_path: Path) -> None:
    sights = Sights(tmp_path / "now", threading.Event())
    snapshot = item(serving, Snapshot(Path("cloud.zip"), 3, 9))
    picture = item(serving, Preview(Path("preview.jpg")))
    serving.seen = {"cloud.zip": b"no zip", "preview.jpg": bytes(MOST_SIGHT_BYTES + 1)}
    assert sights.fetch(snapshot) is None
    assert sights.fetch(picture) is None
    for fault in ("expired", "reset", "503"):
        serving.fault = lambda method, path, fault=fault: fault  # type: ignore[misc]
        assert sights.fetch(picture) is None
    assert not list((tmp_path / "now").rglob("*.jpg"))


def test_an_end_does_not_wait_for_a_slow_picture(serving: Service, tmp_path: Path) -> None:
    halted = threading.Event()
    serving.put_s = 0.2
    serving.seen["preview.jpg"] = bytes(2 << 20)
    threading.Timer(0.3, halted.set).start()
    began = time.monotonic()
    with pytest.raises(Halted):
        Sights(tmp_path, halted).fetch(item(serving, Preview(Path("preview.jpg"))))
    assert time.monotonic() - began < 5
