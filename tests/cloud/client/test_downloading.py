"""Downloads against a server that fails in every way a network does."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from spaceport_app import resources
from spaceport_app.cloud.client.answers import Artifact
from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.backoff import Patience
from spaceport_app.cloud.client.downloading import Downloader, inside
from spaceport_app.cloud.client.failures import CloudError
from spaceport_app.cloud.job import CloudJob
from spaceport_app.events import Event, Progress
from spaceport_app.project.errors import ProjectError

from .service import Service
from .test_uploading import sometimes


def finished(api: Api, service: Service) -> tuple[str, list[Artifact]]:
    job = api.create(CloudJob("x", ())).job
    service.finish(job, service.jobs[job])
    return job, [file for file in api.artifacts(job).files if file.step == "sfm"]


def there(folder: Path, service: Service) -> bool:
    return all(
        (folder / name).read_bytes() == data for name, data in service.results["sfm"].items()
    )


def test_files_come_whole(api: Api, results: Service, tmp_path: Path) -> None:
    job, files = finished(api, results)
    told: list[Event] = []
    Downloader(api, job, tmp_path).run(files, told.append)
    assert there(tmp_path, results)
    assert not list(tmp_path.rglob("*.partial"))
    assert isinstance(told[-1], Progress) and told[-1].done == sum(file.size for file in files)
    before = dict(results.sent_bytes)
    Downloader(api, job, tmp_path).run(files, told.append)
    assert dict(results.sent_bytes) == before


@pytest.mark.parametrize(
    "faults", [("503",), ("reset",), ("cut",), ("expired",), ("flipped",), ("slow", "cut")]
)
def test_faults_are_survived(
    api: Api, results: Service, tmp_path: Path, faults: tuple[str, ...]
) -> None:
    job, files = finished(api, results)
    ours = sometimes(*faults, chance=0.6)
    results.fault = lambda method, path: ours(method, path) if path.startswith("/s3/") else None
    Downloader(api, job, tmp_path).run(files, lambda event: None)
    assert there(tmp_path, results)


def test_what_has_come_is_not_fetched_again(api: Api, results: Service, tmp_path: Path) -> None:
    job, files = finished(api, results)
    (big,) = [file for file in files if file.path == "sfm/cloud.ply"]
    cuts = iter(["cut", "cut", "cut"])
    results.fault = lambda method, path: next(cuts, None) if path.startswith("/s3/") else None
    Downloader(api, job, tmp_path).run([big], lambda event: None)
    sent = sum(results.sent_bytes.values())
    # What was under way in the connection when it broke may be lost, nothing else.
    assert big.size <= sent < 1.8 * big.size


def test_damage_that_stays_is_told(api: Api, results: Service, tmp_path: Path) -> None:
    job, files = finished(api, results)
    results.fault = lambda method, path: "flipped" if path.startswith("/s3/") else None
    with pytest.raises(CloudError) as caught:
        Downloader(api, job, tmp_path).run(files, lambda event: None)
    assert caught.value.code == "download_damaged"


def test_a_disk_that_is_too_small_is_told_before(
    api: Api, results: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, files = finished(api, results)
    monkeypatch.setattr(resources, "free_disk_bytes", lambda folder: 1000)
    with pytest.raises(ProjectError) as caught:
        Downloader(api, job, tmp_path).run(files, lambda event: None)
    assert caught.value.code == "disk_too_small"
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_keeps_what_has_come(
    api: Api, results: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, files = finished(api, results)
    real = Path.replace

    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space"):
            Downloader(api, job, tmp_path).run(files, lambda event: None)
    assert Path.replace is real
    Downloader(api, job, tmp_path).run(files, lambda event: None)
    assert there(tmp_path, results)


@pytest.mark.parametrize(
    "path",
    ["../x", "/etc/x", "sfm/../../x", "sfm\\..\\x", "C:/x", "sfm/a:b", "x", "project.json",
     ".sfm.scratch/x", "sfm//x", "sfm/ x", "sfm/", "sfm/a\0b",
     "sfm/x.", "sfm/views./x", "sfm/...", "export/con.sog", "export/NUL", "sfm/Lpt9.tar.gz",
     "logs/com¹.log", "sfm/aux /x"],
)  # fmt: skip
def test_names_that_climb_are_refused(
    api: Api, results: Service, tmp_path: Path, path: str
) -> None:
    assert not inside(path)
    results.results["sfm"][path] = b"evil"
    job, files = finished(api, results)
    with pytest.raises(CloudError) as caught:
        Downloader(api, job, tmp_path / "in").run(files, lambda event: None)
    assert caught.value.code == "bad_result"
    assert not (tmp_path / "in").exists()


def test_a_server_that_stays_away_is_given_up(api: Api, results: Service, tmp_path: Path) -> None:
    job, files = finished(api, results)
    api.patience = Patience(3, 0.001, 0.002)
    results.fault = lambda method, path: "reset" if path.startswith("/s3/") else None
    with pytest.raises(CloudError) as caught:
        Downloader(api, job, tmp_path).run(files, lambda event: None)
    assert caught.value.code == "no_network"
