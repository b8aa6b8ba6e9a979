"""The worker as a container runs it: a process over SageMaker's folders, results in S3."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from spaceport_app.cloud import layout
from spaceport_app.cloud.job import PART_BYTES
from spaceport_app.cloud.layout import Step

from ..emulators.stack import Stack
from ..jobs import TINY, Put, machine, put, sample_photos, start

ROOT = Path(__file__).parents[3]
ANOTHER = "00000000000000000000000000"


class Container:
    """A container of a processing job with its input folders."""

    def __init__(self, stack: Stack, job: Put, root: Path, step: Step = "sfm") -> None:
        self.stack, self.job, self.root, self.step = stack, job, root, step
        self.input = root / "processing" / "input"
        (self.input / "job").mkdir(parents=True)
        (self.input / "job" / "job.json").write_bytes(job.read(layout.record(job.id)))

    def give(self, name: str, files: list[bytes]) -> None:
        """Put numbered files into an input folder, as SageMaker fetches uploads."""
        (self.input / name).mkdir()
        for number, data in enumerate(files):
            (self.input / name / f"{number:06d}").write_bytes(data)

    def start(self, **more: str) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            **self.stack.environment(),
            "PYTHONPATH": str(ROOT),
            "SPACEPORT_ROOT": str(self.root),
            "SPACEPORT_JOB": self.job.id,
            **more,
        }
        return subprocess.Popen(
            [sys.executable, "-m", "spaceport_app.cloud.backend.worker", self.step],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, **more: str) -> tuple[int, str]:
        """Run the worker to its end; return its exit status and what it wrote to stderr."""
        process = self.start(**more)
        _, told = process.communicate(timeout=120)
        return process.returncode, told

    @property
    def reason(self) -> str:
        return (self.root / "output" / "message").read_text(encoding="utf-8")


def failed(container: Container) -> dict[str, Any]:
    """Run a worker that must fail; return the failure that it tells, the same at all places."""
    status, told = container.run()
    assert status == 1, told
    progress = container.job.progress(container.step)
    assert progress["state"] == "failed"
    failure: dict[str, Any] = progress["failure"]
    assert container.reason == f"{failure['message']} {failure['remedy']}"
    assert failure["message"] in told
    # Without a manifest nothing counts as a result.
    assert not container.job.keys(layout.manifest(container.job.id, container.step))
    return failure


@pytest.mark.parametrize(
    "names",
    [["../a.jpg"], ["/etc/a.jpg"], ["C:/a.jpg"], ["a\\b.jpg"], ["x/Ä.jpg", "x/a\u0308.JPG"]],
    ids=["climbs", "absolute", "drive", "backslash", "collides"],
)
def test_fault_6_names_that_climb_or_collide_are_refused(
    stack: Stack, tmp_path: Path, names: list[str]
) -> None:
    job = put(stack, dict.fromkeys(names, b"photo"))
    container = Container(stack, job, tmp_path / "in" / "ml")
    container.give("files", [b"photo"] * len(names))
    assert failed(container)["code"] == "bad_name"
    # Nothing was written anywhere but into the container's own folders.
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["ml"]
    assert not (container.root / "work").exists()


def test_a_file_that_is_not_what_was_sent_is_refused(stack: Stack, tmp_path: Path) -> None:
    container = Container(stack, put(stack, {"a.jpg": b"photo"}), tmp_path)
    container.give("files", [b"other"])
    failure = failed(container)
    assert failure["code"] == "input_damaged"
    assert "a.jpg" in failure["message"]


def test_a_file_that_is_not_there_is_named(stack: Stack, tmp_path: Path) -> None:
    container = Container(stack, put(stack, {"a.jpg": b"photo"}), tmp_path)
    container.give("files", [])
    assert failed(container)["code"] == "input_missing"


def test_the_record_of_another_job_is_refused(stack: Stack, tmp_path: Path) -> None:
    container = Container(stack, put(stack, {"a.jpg": b"photo"}), tmp_path)
    container.give("files", [b"photo"])
    status, told = container.run(SPACEPORT_JOB=ANOTHER)
    assert status == 1
    assert "another job" in told


def test_fault_5_a_step_without_what_it_needs_says_so(stack: Stack, tmp_path: Path) -> None:
    job = put(stack, {"splats/splats.ply": b"ply"}, first="compression")
    container = Container(stack, job, tmp_path, "compression")
    container.give("sfm", [b"ply"])
    failure = failed(container)
    assert failure["code"] == "input_missing"
    assert "sfm" in failure["message"]


def hostile(photos: dict[str, bytes]) -> bytes:
    """Return a zip of photos, the same name in two folders, with a climber and a link."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, data in photos.items():
            file.writestr(f"A/{name}", data)
        file.writestr(f"B/{next(iter(photos))}", flipped(next(iter(photos.values()))))
        file.writestr("../../climbed.jpg", next(iter(photos.values())))
        link = zipfile.ZipInfo("link.jpg")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    return made.getvalue()


def test_fault_6_a_hostile_zip_gives_its_photos_and_nothing_else(
    stack: Stack, tmp_path: Path
) -> None:
    data = hostile(sample_photos(2))
    container = Container(stack, put(stack, {"flight.zip": data}), tmp_path / "in" / "ml")
    container.give("files", [data])
    # Three photos are too few for SfM; what the import made of the zip is there.
    container.run()
    (listed,) = (container.root / "work").rglob("photos.json")
    told = json.loads(listed.read_text(encoding="utf-8"))
    assert len(told["photos"]) == 3
    assert "climbed.jpg" in json.dumps(told["left_out"])
    assert not [path for path in tmp_path.rglob("*") if path.name in ("link.jpg", "climbed.jpg")]


def test_fault_6_a_bomb_of_a_zip_unpacks_nothing(stack: Stack, tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros.jpg", bytes(40 << 20))
    container = Container(stack, put(stack, {"bomb.zip": made.getvalue()}), tmp_path)
    container.give("files", [made.getvalue()])
    failure = failed(container)
    assert "zip" in failure["message"].lower() or "photos" in failure["message"]
    assert not list(tmp_path.rglob("zeros.jpg"))


def test_fault_5_the_archive_of_a_seed_job_is_checked_by_its_manifest(
    stack: Stack, tmp_path: Path
) -> None:
    made = io.BytesIO()
    listed = [{"path": "sfm/cloud.ply", "bytes": 3, "sha256": "0" * 64}]
    manifest = {"schema": 1, "step": "sfm", "project": {}, "files": listed}
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("manifest.json", json.dumps(manifest))
        file.writestr("files/sfm/cloud.ply", b"ply")
    data = made.getvalue()
    source = "s3://allowed-seeds/results.zip"
    job = put(stack, {"results.zip": data}, first="compression", source=source)
    container = Container(stack, job, tmp_path, "compression")
    container.give("sfm", [data])
    failure = failed(container)
    assert failure["code"] == "input_damaged"
    assert "sfm/cloud.ply" in failure["message"]


def test_the_whole_of_a_large_file_is_checked_where_s3_knows_only_its_parts(
    stack: Stack, tmp_path: Path
) -> None:
    size = PART_BYTES + 1000
    container = Container(stack, put(stack, {"large.jpg": bytes(size)}), tmp_path)
    container.give("files", [bytes(size - 1) + b"1"])
    failure = failed(container)
    assert failure["code"] == "input_damaged"
    assert "large.jpg" in failure["message"]


def test_a_failed_stage_exits_with_its_reason_and_leaves_its_log(
    stack: Stack, tmp_path: Path
) -> None:
    container = Container(stack, put(stack, {"a.jpg": b"no photo"}), tmp_path)
    container.give("files", [b"no photo"])
    failure = failed(container)
    assert failure["remedy"]
    events = container.job.progress("sfm")["events"]
    assert events[-1]["stage"] == "import"
    assert events[-1]["event"]["event"] == "failed"
    assert container.job.keys(layout.result(container.job.id, "sfm", "logs/import.log"))


def test_a_setting_that_no_stage_has_is_told(stack: Stack, tmp_path: Path) -> None:
    settings = {**TINY, "options": {"sfm": {"colour": "red"}}}
    container = Container(stack, put(stack, {"a.jpg": b"x"}, settings), tmp_path)
    container.give("files", [b"x"])
    failure = failed(container)
    assert failure["code"] == "bad_settings"
    assert "colour" in failure["message"]


def test_an_asked_worker_ends_as_stopped(stack: Stack, tmp_path: Path) -> None:
    photos = sample_photos(9)
    container = Container(stack, put(stack, photos), tmp_path)
    container.give("files", list(photos.values()))
    process = container.start()
    key = layout.progress(container.job.id, "sfm")
    until = time.monotonic() + 60
    while not container.job.keys(key) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143
    assert container.job.progress("sfm")["state"] == "stopped"
    assert not container.job.keys(layout.manifest(container.job.id, "sfm"))


def test_a_worker_ends_before_its_time_limit_and_says_so(stack: Stack, tmp_path: Path) -> None:
    photos = sample_photos(9)
    container = Container(stack, put(stack, photos), tmp_path)
    container.give("files", list(photos.values()))
    status, told = container.run(SPACEPORT_LIMIT_SECONDS="2")
    assert status == 1, told
    assert container.job.progress("sfm")["failure"]["code"] == "time_limit"


def flipped(data: bytes) -> bytes:
    """Return a photo mirrored, with its EXIF data: nothing in it matches the original."""
    with Image.open(io.BytesIO(data)) as photo:
        target = io.BytesIO()
        ImageOps.mirror(photo).save(target, "JPEG", quality=95, exif=photo.info["exif"])
        return target.getvalue()


@pytest.mark.slow
def test_fault_11_the_largest_model_is_taken_whatever_comes_first(
    stack: Stack, tmp_path: Path
) -> None:
    photos = sample_photos(9)
    small = {f"A/{name}": flipped(data) for name, data in list(photos.items())[:4]}
    both = {**small, **{f"B/{name}": data for name, data in photos.items()}}
    container = Container(stack, put(stack, both), tmp_path)
    container.give("files", list(both.values()))
    status, told = container.run()
    assert status == 0, told
    record = container.job.manifest("sfm")["project"]["sfm"]["published"]["report"]
    assert record["photos"] == 13
    assert record["registered"] == 9
    results = container.job.results("sfm")
    assert len([path for path in results if re.match("sfm/views/.*SPACE", path)]) == 9
    told_of = results["sfm/views/views.json"].decode()
    assert [f"B/{name}" in told_of for name in photos] == [True] * 9
    assert "A/SPACE" not in told_of


@pytest.mark.slow
def test_a_spot_interruption_goes_on_from_the_checkpoint_and_each_step_works_alone(
    stack: Stack,
) -> None:
    states = machine(stack, "alone")
    job = put(stack, sample_photos(9), last="sfm")
    assert start(job, states).ended(120)["status"] == "SUCCEEDED"
    sfm = {path: data for path, data in job.results("sfm").items() if path.startswith("sfm/")}

    options = {**TINY["options"], "train": {**TINY["options"]["train"], "iterations": 2500}}
    training = put(stack, sfm, {**TINY, "options": options}, "3dgs", "3dgs")
    run = start(training, states, spot=True)
    pid = stack.folder / layout.compute_name(training.id, "3dgs") / "pid"
    key = layout.progress(training.id, "3dgs")
    before: list[dict[str, Any]] = []
    until = time.monotonic() + 120
    while not any(event["event"]["event"] == "metric" for event in before):
        assert time.monotonic() < until, run.described()
        time.sleep(0.2)
        before = training.progress("3dgs")["events"] if training.keys(key) else []
    first = int(pid.read_text())
    os.kill(first, signal.SIGTERM)
    ended = run.ended(150)
    assert ended["status"] == "SUCCEEDED", (ended["error"], ended["cause"])
    assert int(pid.read_text()) != first
    published = training.manifest("3dgs")["project"]["train"]["published"]
    assert published["resumed"] is True
    told = training.progress("3dgs")["events"]
    numbers = [event["number"] for event in told]
    assert numbers == sorted(set(numbers))
    (stopped,) = [event for event in told if event["event"]["event"] == "stopped"]
    assert stopped["event"]["where"].startswith("step ")
    after = [
        event["event"]["values"]["iteration"]
        for event in told
        if event["number"] > stopped["number"] and "iteration" in event["event"].get("values", {})
    ]
    # It does not start over; the steps since the last told metric come with the next one.
    stopped_at = int(stopped["event"]["where"].split()[1].replace(",", ""))
    assert min(after) > stopped_at - 10

    splats = {
        path: data for path, data in training.results("3dgs").items() if path.startswith("splats/")
    }
    both = {**sfm, **splats}
    last = put(stack, both, {**TINY, "options": options}, "compression", name="nur/Bündel")
    ended = start(last, states).ended(120)
    assert ended["status"] == "SUCCEEDED", (ended["error"], ended["cause"])
    assert "export/nur_Bündel.sog" in last.results("compression")
    record = json.loads(last.results("compression")["bundle/quality.json"])
    assert record
