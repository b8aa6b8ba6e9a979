"""Uploads against a server that fails in every way a network does."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from spaceport_app.cloud.client import uploading
from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.backoff import Patience
from spaceport_app.cloud.client.failures import CloudError, Halted
from spaceport_app.cloud.client.submission import Submission, Upload
from spaceport_app.cloud.client.uploading import Uploader
from spaceport_app.cloud.job import CloudFile
from spaceport_app.events import Event, Progress

from .service import Job, Service


def submitted(api: Api, folder: Path, sizes: tuple[int, ...]) -> Submission:
    uploads = []
    for number, size in enumerate(sizes):
        data = random.Random(number).randbytes(size)
        (folder / f"{number}.jpg").write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        uploads.append(Upload(CloudFile(f"Fläche/{number}.jpg", size, digest), f"{number}.jpg"))
    settings = {"preset": "preview", "device": "cpu", "options": {}, "excluded": []}
    made = Submission(api.endpoint, "x", "sfm", "sfm", settings, "", tuple(uploads))
    created = api.create(made.as_job())
    from dataclasses import replace

    return replace(made, job=created.job, part_bytes=created.part_bytes)


def only_job(service: Service) -> Job:
    (job,) = service.jobs.values()
    return job


SIZES = (200_000, 10, 0, 64 << 10, 300_000)
"""Of four, one, one, one and five parts of 64 KiB."""


def test_files_arrive_whole_and_once(api: Api, service: Service, tmp_path: Path) -> None:
    told: list[Event] = []
    Uploader(api, submitted(api, tmp_path, SIZES), tmp_path).run(told.append)
    job = only_job(service)
    assert service.uploaded(job) and job.starts == 1
    assert len(service.received) == 12 and set(service.received.values()) == {1}
    done = [event.done for event in told if isinstance(event, Progress)]
    assert done[-1] == sum(SIZES) and isinstance(told[-1], Progress)
    assert told[-1].fraction == 1.0


def test_nothing_is_sent_again_that_has_arrived(api: Api, service: Service, tmp_path: Path) -> None:
    service.page = 2
    job = submitted(api, tmp_path, SIZES)
    seen = 0

    def fault(method: str, path: str) -> str | None:
        nonlocal seen
        seen += method == "PUT"
        if seen == 6:
            api.halted.set()
        return None

    service.fault = fault
    with pytest.raises(Halted):
        Uploader(api, job, tmp_path).run(lambda event: None)
    api.halted.clear()
    before = dict(service.received)
    assert 0 < len(before) < 12
    Uploader(api, job, tmp_path).run(lambda event: None)
    assert set(service.received.values()) == {1}
    assert service.uploaded(only_job(service))


def sometimes(*faults: str, chance: float = 0.33) -> Callable[[str, str], str | None]:
    """Return faults by chance, at most two for each address: networks come back."""
    drawn = random.Random(7)
    had: Counter[str] = Counter()

    def fault(method: str, path: str) -> str | None:
        if had[path] >= 2 or drawn.random() > chance:
            return None
        had[path] += 1
        return drawn.choice(faults)

    return fault


@pytest.mark.parametrize(
    "faults",
    [("503",), ("429",), ("reset",), ("cut",), ("expired",), ("damaged",), ("500", "cut", "reset")],
)
def test_faults_are_survived(
    api: Api, service: Service, tmp_path: Path, faults: tuple[str, ...]
) -> None:
    job = submitted(api, tmp_path, SIZES)
    service.fault = sometimes(*faults)
    Uploader(api, job, tmp_path).run(lambda event: None)
    assert service.uploaded(only_job(service))
    # Only what was refused or broken off went again.
    assert set(service.received.values()) == {1}


def test_addresses_that_expire_are_signed_again(
    api: Api, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "_SOON_S", 0.0)
    job = submitted(api, tmp_path, (64 << 10,) * 12)
    service.expires_s, service.put_s = 0.15, 0.1
    Uploader(api, job, tmp_path).run(lambda event: None)
    assert service.uploaded(only_job(service))
    assert set(service.received.values()) == {1}
    signed = sum(method == "POST" and path.endswith("/parts") for method, path in service.requests)
    assert signed > 4


@pytest.mark.parametrize("ahead", [-7200.0, 86_400.0])
def test_a_wrong_clock_here_does_not_matter(
    api: Api, service: Service, tmp_path: Path, ahead: float
) -> None:
    service.clock_ahead_s = ahead
    api.health()
    assert api.skew_s == pytest.approx(-ahead, abs=3.0)
    Uploader(api, submitted(api, tmp_path, SIZES), tmp_path).run(lambda event: None)
    assert service.uploaded(only_job(service))
    assert not [1 for count in service.begun.values() if count > 1]


def test_a_clock_that_s3_refuses_is_named(api: Api, service: Service, tmp_path: Path) -> None:
    service.clock_ahead_s = 9000.0
    job = submitted(api, tmp_path, SIZES)
    service.fault = lambda method, path: "skewed" if method == "PUT" else None
    with pytest.raises(CloudError, match="clock is 2 hours behind") as caught:
        Uploader(api, job, tmp_path).run(lambda event: None)
    assert caught.value.code == "clock_skew"


def test_a_server_that_stays_broken_is_given_up(api: Api, service: Service, tmp_path: Path) -> None:
    job = submitted(api, tmp_path, SIZES)
    api.patience = Patience(3, 0.001, 0.002)
    service.fault = lambda method, path: "503" if method == "PUT" else None
    with pytest.raises(CloudError) as caught:
        Uploader(api, job, tmp_path).run(lambda event: None)
    assert caught.value.code == "service_busy"
    assert not [t for t in threading.enumerate() if t.name.startswith("upload")]


@pytest.mark.parametrize(("fault", "most"), [("wrong", 1), ("expired", 4)])
def test_a_refusal_that_cannot_get_better_is_told_soon(
    api: Api, service: Service, tmp_path: Path, fault: str, most: int
) -> None:
    job = submitted(api, tmp_path, (1000,))
    puts: list[str] = []

    def refuse(method: str, path: str) -> str | None:
        if method == "PUT":
            puts.append(path)
            return fault
        return None

    service.fault = refuse
    with pytest.raises(CloudError) as caught:
        Uploader(api, job, tmp_path).run(lambda event: None)
    assert caught.value.code == "storage_refused"
    assert len(puts) == most


def test_files_that_the_service_misses_are_sent_again(
    api: Api, service: Service, tmp_path: Path
) -> None:
    job = submitted(api, tmp_path, SIZES)
    lost: list[bool] = []

    def fault(method: str, path: str) -> str | None:
        if path.endswith("/start") and not lost:
            lost.append(True)
            kept = only_job(service).parts
            kept[4, 3] = bytes(len(kept[4, 3]))
        return None

    service.fault = fault
    Uploader(api, job, tmp_path).run(lambda event: None)
    assert lost and service.uploaded(only_job(service))
    assert {mark[1] for mark, count in service.received.items() if count > 1} == {4}


@pytest.mark.parametrize("change", ["gone", "longer", "other"])
def test_a_file_that_changes_is_not_sent(
    api: Api, service: Service, tmp_path: Path, change: str
) -> None:
    job = submitted(api, tmp_path, SIZES)
    path = tmp_path / "0.jpg"
    if change == "gone":
        path.unlink()
    elif change == "longer":
        path.write_bytes(path.read_bytes() + b"x")
    else:
        path.write_bytes(bytes(SIZES[0]))
    with pytest.raises(CloudError) as caught:
        Uploader(api, job, tmp_path).run(lambda event: None)
    # Bytes that changed at the same length are told by the service, which digests the whole.
    wanted = {"gone": "file_missing", "longer": "file_changed", "other": "incomplete"}
    assert caught.value.code == wanted[change]


def test_the_bandwidth_is_kept(api: Api, service: Service, tmp_path: Path) -> None:
    job = submitted(api, tmp_path, (500_000,))
    began = time.monotonic()
    Uploader(api, job, tmp_path, bytes_a_second=500_000).run(lambda event: None)
    assert time.monotonic() - began > 0.8


def test_a_stop_does_not_wait_for_a_slow_part(api: Api, service: Service, tmp_path: Path) -> None:
    job = submitted(api, tmp_path, (500_000,))
    threading.Timer(0.3, api.halted.set).start()
    began = time.monotonic()
    with pytest.raises(Halted):
        Uploader(api, job, tmp_path, bytes_a_second=10_000).run(lambda event: None)
    assert time.monotonic() - began < 5.0
