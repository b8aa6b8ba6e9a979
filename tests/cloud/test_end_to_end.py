"""The whole way over HTTP: command line, API, state machine, the real worker, and back.

Nothing is emulated but AWS: API Gateway, S3, Step Functions and SageMaker's part of starting the
worker.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from spaceport_app.cloud.backend.api.handler import serve
from spaceport_app.cloud.layout import STEPS
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

from .backend.api.cloud import KEYS, Cloud
from .emulators.gateway import served
from .jobs import SAMPLE, TINY, machine

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Desk:
    """A computer with Spaceport, connected to a service."""

    folder: Path
    environment: dict[str, str]

    def start(self, *words: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "spaceport_app", *map(str, words)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        )

    def __call__(self, *words: object) -> list[dict[str, Any]]:
        """Run a command with ``--json`` to its good end, and return what it says."""
        process = self.start(*words, "--json")
        text, _ = process.communicate(timeout=280)
        assert process.returncode == 0, text
        return [json.loads(line) for line in text.splitlines()]

    def project(self, photos: int, **sfm: int) -> Path:
        """Make a project of the first photos of the sample flight, as small as it gets."""
        options = {**TINY["options"], "sfm": {**TINY["options"]["sfm"], **sfm}}
        kept = self.folder / "Flug über Öland"
        kept.mkdir()
        for path in sorted(SAMPLE.glob("*.JPG"))[:photos]:
            shutil.copy2(path, kept / path.name)
        settings = Settings("preview", "cpu", options)
        return Project.create(self.folder / "Flug.spaceport", (kept,), settings).folder


@pytest.fixture
def desk(running_cloud: Cloud, tmp_path: Path) -> Iterator[Desk]:
    """Return a computer whose service runs the deployed state machine with the real worker."""
    before = running_cloud.services.configuration
    deployed = replace(
        running_cloud.services,
        configuration=replace(
            before,
            state_machine=machine(running_cloud.stack, f"end-{time.monotonic_ns()}"),
            waits_s=dict.fromkeys(STEPS, 4),
        ),
    )
    with served(lambda event: serve(event, lambda: deployed), KEYS) as address:
        settings = tmp_path / "config" / "spaceport"
        settings.mkdir(parents=True)
        (settings / "cloud.json").write_text(json.dumps({"endpoint": address}), encoding="utf-8")
        environment = {
            **os.environ,
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "SPACEPORT_API_KEY": next(iter(KEYS)),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "PYTHONPATH": str(ROOT),
        }
        yield Desk(tmp_path, environment)


CLOUD = ("--yes", "--keep-settings", "--every", "0.2")


def made_on(project: Path) -> dict[str, object]:
    """Return where each stage was made: on AWS, or here."""
    stages = Project.open(project).document.stages
    return {
        name: record.published.report.get("made_on", "here")
        for name, record in stages.items()
        if record.published is not None
    }


def check_bundle(desk: Desk, project: Path) -> None:
    """Check that the project is done, and that its bundle and export can be read."""
    (told,) = desk("status", project)
    assert {stage["state"] for stage in told["states"].values()} == {"finished"}, told
    exported = project / "export" / "Flug.sog"
    for path in (project / "bundle" / "bundle", exported):
        (inspected,) = desk("inspect", path)
        assert inspected["gaussians"] > 100, inspected


def test_photos_are_sent_and_what_sfm_found_comes_back(desk: Desk) -> None:
    project = desk.project(5, feature_image_size=400, max_features=800, view_size=160)
    lines = desk("cloud", "run", project, "--last", "sfm", *CLOUD)
    assert lines[-1]["ok"], lines[-1]
    assert made_on(project) == {"import": "here", "sfm": "AWS"}
    (told,) = desk("status", project)
    assert told["states"]["sfm"]["state"] == "finished"
    # The worker's own words, by the way of S3 and the API.
    steps = {line["step"] for line in lines if line.get("event") == "progress"}
    assert any("Sending 5 files" in step for step in steps)
    assert len(list((project / "sfm" / "views").glob("*.jpg"))) >= 3


@pytest.mark.slow
def test_photos_become_a_bundle_though_the_client_is_killed(desk: Desk) -> None:
    project = desk.project(9)
    process = desk.start("cloud", "run", project, *CLOUD, "--json")
    assert process.stdout is not None
    # AWS tells of its work, so it works: from here on the client is not needed.
    seen = ""
    for line in process.stdout:
        seen += line
        if "Sending 9 files" in seen and '"train"' in line:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, seen
    # Results that had come are not fetched again; the rest comes now.
    report = desk("cloud", "follow", project, "--every", "0.2")[-1]
    assert report["ok"], report
    assert made_on(project) == {
        "import": "here",
        **dict.fromkeys(("sfm", "train", "compress", "export"), "AWS"),
    }
    check_bundle(desk, project)
    # One job, and it is found by its key.
    (listed,) = desk("cloud", "list")
    assert listed["jobs"][0]["state"] == "finished"


@pytest.mark.slow
def test_all_here_but_the_compression(desk: Desk) -> None:
    project = desk.project(9)
    for stage in ("import", "sfm", "train"):
        desk("stage", stage, project)
    lines = desk("cloud", "run", project, "--first", "compression", *CLOUD)
    (offer,) = [line for line in lines if line.get("event") == "offer"]
    assert (offer["first"], offer["last"]) == ("compression", "compression")
    here, there = ("import", "sfm", "train"), ("compress", "export")
    assert made_on(project) == {**dict.fromkeys(here, "here"), **dict.fromkeys(there, "AWS")}
    check_bundle(desk, project)


@pytest.mark.slow
def test_sfm_here_training_there_and_the_rest_here(desk: Desk) -> None:
    project = desk.project(9)
    desk("stage", "import", project)
    desk("stage", "sfm", project)
    lines = desk("cloud", "run", project, "--last", "3dgs", *CLOUD)
    (offer,) = [line for line in lines if line.get("event") == "offer"]
    assert (offer["first"], offer["last"]) == ("3dgs", "3dgs")
    assert made_on(project) == {"import": "here", "sfm": "here", "train": "AWS"}
    desk("run", project)
    assert made_on(project)["train"] == "AWS"
    assert made_on(project)["compress"] == "here"
    check_bundle(desk, project)
