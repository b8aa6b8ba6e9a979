from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from spaceport_app.cloud.client.api import Api
from spaceport_app.cloud.client.backoff import Patience
from spaceport_app.cloud.client.connection import Connection
from spaceport_app.cloud.client.secrets import Secret
from spaceport_app.pipeline.runner import Runner
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

from .service import KEY, Service, made_elsewhere

QUICK = Patience(tries=8, base_s=0.01, most_s=0.05)


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    made.work = made.finish
    with made.serving():
        yield made


@pytest.fixture
def api(service: Service) -> Iterator[Api]:
    with Api(Connection(service.url, Secret(KEY)), patience=QUICK) as opened:
        yield opened


@pytest.fixture(scope="session")
def read_project(tmp_path_factory: pytest.TempPathFactory, sample_flight: Path) -> Path:
    """A project whose photos are read, with its photos beside it."""
    folder = tmp_path_factory.mktemp("read")
    photos = folder / "Flug über Öland"
    photos.mkdir()
    for path in sorted(sample_flight.glob("**/*.[jJ][pP]*[gG]"))[:6]:
        shutil.copy2(path, photos / path.name)
    settings = Settings("preview", "cpu", {"sfm": {"feature_image_size": 500, "view_size": 600}})
    project = Project.create(folder / "Flug.spaceport", (photos,), settings)
    (outcome,) = Runner(project, lambda event: None).run(only="import")
    assert outcome.kind == "finished", outcome
    return folder


@pytest.fixture
def project(read_project: Path, tmp_path: Path) -> Project:
    # The photos stay where they are: copies would be other files for the import stage.
    shutil.copytree(read_project / "Flug.spaceport", tmp_path / "Flug.spaceport")
    return Project.open(tmp_path / "Flug.spaceport")


@pytest.fixture
def results(service: Service, read_project: Path) -> Service:
    """Have the service hold results of all steps, of some hundred kilobytes."""
    random_bytes = random.Random(1).randbytes
    stages: dict[str, dict[str, bytes]] = {
        "import": {
            "photos.json": (read_project / "Flug.spaceport/photos/photos.json").read_bytes()
        },
        "sfm": {
            "cloud.ply": random_bytes(300_000),
            "views/a b.jpg": random_bytes(5_000),
            "reconstruction.json": b"{}",
            "empty.txt": b"",
        },
        "train": {"splats.ply": random_bytes(500_000), "quality.json": b"{}"},
        "compress": {"bundle/meta.json": b"{}", "bundle/means_l.webp": random_bytes(90_000)},
        "export": {"Flug.sog": random_bytes(90_000)},
    }
    folders = {"import": "photos", "sfm": "sfm", "train": "splats"}
    folders |= {"compress": "bundle", "export": "export"}
    steps = {"import": "sfm", "sfm": "sfm", "train": "3dgs"}
    for stage, files in stages.items():
        step = steps.get(stage, "compression")
        kept = service.results.setdefault(step, {})  # type: ignore[arg-type]
        kept |= {f"{folders[stage]}/{name}": data for name, data in files.items()}
        kept[f"logs/{stage}.log"] = f"log of {stage}".encode()
    service.records = made_elsewhere(stages)
    return service
