"""``spaceport cloud`` as a person or script meets it, and killed at any moment."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import keyring.backends.fail
import keyring.core
import pytest

from spaceport_app.cli.cloud import cloud
from spaceport_app.cloud.client import submission
from spaceport_app.project.project import Project

from .service import KEY, Job, Service
from .test_run import holding

ROOT = Path(__file__).resolve().parents[3]


class Command:
    def __init__(self, folder: Path, service: Service) -> None:
        self.folder = folder
        self.out: list[str] = []
        settings = folder / "config" / "spaceport"
        settings.mkdir(parents=True)
        (settings / "cloud.json").write_text(json.dumps({"endpoint": service.url}))
        self.environment = {
            **os.environ,
            "XDG_CONFIG_HOME": str(folder / "config"),
            "SPACEPORT_API_KEY": KEY,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "100",
        }
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *words: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "spaceport_app", "cloud", *map(str, words)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def __call__(self, *words: object) -> tuple[int, Any]:
        """Do a command in this process, where all of Spaceport is imported already."""
        told = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(told), redirect_stderr(told):
            for name in {"SPACEPORT_API_KEY", *self.environment}:
                if name in self.environment:
                    patch.setenv(name, self.environment[name])
                else:
                    patch.delenv(name, raising=False)
            patch.setattr(sys, "stdin", io.StringIO())
            patch.setattr(keyring.core, "_keyring_backend", keyring.backends.fail.Keyring())
            with pytest.raises(SystemExit) as end:
                cloud(args=[str(word) for word in words], prog_name="spaceport cloud")
        code = int(end.value.code or 0)
        text = told.getvalue()
        self.out.append(text)
        assert "Traceback" not in text, text
        if "--json" in words:
            return code, [json.loads(line) for line in text.splitlines()]
        return code, text


@pytest.fixture
def command(tmp_path: Path, service: Service) -> Iterator[Command]:
    made = Command(tmp_path, service)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def files_with(folder: Path, text: str) -> list[Path]:
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and text.encode() in path.read_bytes():
            found.append(path)
    return found


def test_a_whole_job_from_offer_to_report(
    command: Command, project: Project, results: Service
) -> None:
    code, lines = command("run", project.folder, "--json", "--every", "0.1")
    assert code == 2 and lines[-1]["error"]["remedy"] == "Add --yes."
    assert not results.jobs
    code, lines = command("run", project.folder, "--yes", "--json", "--every", "0.1")
    assert code == 0, lines[-1]
    offer = next(line for line in lines if line.get("event") == "offer")
    assert offer["files"] == 6 and "photos reduced to" in offer["leaves"]
    assert 0 < offer["usd"][0] < offer["usd"][1]
    report = lines[-1]
    assert report["ok"] and report["ran"]["export"] == "finished"
    assert report["job"] in results.jobs
    # AWS has a GPU, so the project takes the values for one.
    assert Project.open(project.folder).document.settings.device == "cuda"
    assert len(holding(project)) == 5
    assert not files_with(command.folder, KEY)
    assert KEY not in "".join(command.out)


def test_a_job_of_another_computer_is_followed_in_a_new_project(
    command: Command, project: Project, results: Service, tmp_path: Path
) -> None:
    results.work = lambda name, job: None
    command("submit", project.folder, "--yes", "--keep-settings")
    ((name, job),) = results.jobs.items()
    job.state = "uploading"
    new = tmp_path / "New.spaceport"
    code, lines = command("follow", name, "-o", new, "--json")
    assert code != 0 and lines[-1]["error"]["code"] == "not_sent" and not new.exists()
    assert command("follow", name, "--json")[0] == 2
    job.state = "running"
    results.finish(name, job)
    code, lines = command("follow", name, "-o", new, "--json", "--every", "0.1")
    assert code == 0, lines[-1]
    assert list(lines[-1]["ran"]) == ["import", "sfm", "train", "compress", "export"]
    assert {line.get("step") for line in lines} >= {"Working on 3dgs"}
    # A run here has nothing to do: the settings are those of the job, and so are the photos.
    assert len(holding(Project.open(new))) == 5
    other = Project.create(tmp_path / "Other.spaceport", (), project.document.settings)
    code, lines = command("follow", name, "-o", other.folder, "--json")
    assert code != 0 and lines[-1]["error"]["code"] == "other_project"
    code, lines = command("follow", name, "-o", project.folder, "--json", "--every", "0.1")
    assert code == 0 and len(results.jobs) == 1


def test_machines_and_spare_capacity_are_chosen_and_told(
    command: Command, project: Project, results: Service
) -> None:
    def offered(*words: str) -> Any:
        code, lines = command("submit", project.folder, "--json", *words)
        assert code == 2
        return next(line for line in lines if line.get("event") == "offer")

    usual, chosen = offered(), offered("--machine", "3dgs=ml.g5.xlarge", "--spot")
    assert usual["machines"] == {} and usual["spot"] is None
    assert chosen["machines"] == {"3dgs": "ml.g5.xlarge"} and chosen["spot"] is True
    assert chosen["seconds"][1] < usual["seconds"][1]
    for wrong in ("ml.g5.xlarge", "training=ml.g5.xlarge", "3dgs=ml.p4d.24xlarge"):
        code, lines = command("submit", project.folder, "--json", "--yes", "--machine", wrong)
        assert code != 0 and not lines[-1]["ok"] and not results.jobs
    words = ("--machine", "3dgs=ml.g5.xlarge", "--machine", "sfm=ml.c6i.4xlarge", "--no-spot")
    code, _ = command("submit", project.folder, "--yes", "--keep-settings", *words)
    ((_, job),) = results.jobs.items()
    assert code == 0
    assert job.request["instances"] == {"sfm": "ml.c6i.4xlarge", "3dgs": "ml.g5.xlarge"}
    assert job.request["spot"] is False


def test_steps_of_a_job_one_by_one(command: Command, project: Project, results: Service) -> None:
    results.work = lambda name, job: None
    code, text = command(
        "submit", project.folder, "--yes", "--keep-settings", "--limit-mbit", "900"
    )
    assert code == 0 and "AWS works on it" in text
    ((name, job),) = results.jobs.items()
    code, lines = command("status", project.folder, "--json")
    assert (code, lines[0]["state"], lines[0]["spent_usd"]) == (0, "running", 0.12)
    code, lines = command("list", "--json")
    assert [one["job"] for one in lines[0]["jobs"]] == [name]
    results.finish(name, job)
    code, text = command("follow", project.folder)
    assert code == 0 and "Training the splats" in text
    code, text = command("download", name, "-o", command.folder / "Other.spaceport")
    assert code == 0
    other = Project.open(command.folder / "Other.spaceport")
    assert all(other.published(stage) for stage in ("import", "sfm", "train", "compress", "export"))
    code, text = command("delete", project.folder, "--yes")
    assert code == 0 and not results.jobs
    code, text = command("status", name)
    assert code == 1 and "no job" in text
    found = submission.read(project)
    assert found is not None and found.ended == "deleted"


def test_stop_comes_back_when_nothing_computes(
    command: Command, project: Project, results: Service
) -> None:
    results.work, results.stop_s = lambda name, job: None, 1.0
    assert command("submit", project.folder, "--yes")[0] == 0
    code, lines = command("stop", project.folder, "--yes", "--json")
    assert (code, lines[0]["state"]) == (0, "stopped")
    assert [job.state for job in results.jobs.values()] == ["stopped"]
    code, text = command("follow", project.folder)
    assert code == 1 and "no job" in text


def test_ctrl_c_leaves_the_job_alone(command: Command, project: Project, results: Service) -> None:
    results.work = lambda name, job: None
    process = command.start("run", project.folder, "--yes", "--every", "0.1")
    until(lambda: any(job.state == "running" for job in results.jobs.values()))
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate(timeout=30)
    assert process.returncode == 130 and "goes on on AWS" in text
    assert [job.state for job in results.jobs.values()] == ["running"]


def test_connecting_tests_and_saves(command: Command, service: Service) -> None:
    code, text = command("connect", "http://example.com/prod")
    assert code == 1 and "https" in text
    code, text = command("connect", service.url)
    assert code == 0 and "Connected" in text
    service.clock_ahead_s = 7300
    code, text = command("test")
    assert code == 0 and "2 hours behind" in text
    command.environment["SPACEPORT_API_KEY"] = "wrong"
    code, text = command("test")
    assert code == 1 and "does not accept this API key" in text
    del command.environment["SPACEPORT_API_KEY"]
    code, text = command("test")
    assert code == 1 and "no API key" in text
    process = command.start("connect", service.url, "--key-stdin")
    process.communicate(timeout=60)
    assert process.returncode == 2
    assert not files_with(command.folder, KEY)


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def killed_at(
    command: Command, project: Project, results: Service, moments: list[Callable[[], object]]
) -> None:
    """Kill the client at each moment in turn, then let it come to its end."""
    for moment in moments:
        process = command.start("run", project.folder, "--yes", "--every", "0.1", "--json")
        until(lambda process=process, moment=moment: moment() or process.poll() is not None)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
    code, lines = command("run", project.folder, "--yes", "--every", "0.1", "--json")
    assert code == 0, lines[-1]
    assert len(results.jobs) == 1
    (job,) = results.jobs.values()
    assert results.uploaded(job)
    # No part that had arrived was sent again.
    assert set(results.received.values()) == {1}
    for step in ("sfm", "3dgs", "compression"):
        for name, data in results.results[step].items():  # type: ignore[index]
            if not name.startswith("photos/") and name != "logs/import.log":
                assert (project.folder / name).read_bytes() == data
    assert len(holding(project)) == 5


def at_puts(results: Service, number: int) -> Callable[[], object]:
    return lambda: sum(results.begun.values()) >= number


def at_bytes(results: Service, number: int) -> Callable[[], object]:
    return lambda: sum(results.sent_bytes.values()) >= number


def slow(results: Service) -> None:
    results.part_bytes, results.put_s = 16 << 10, 0.03

    def work(name: str, job: Job) -> None:
        for number in range(12):
            step = {"event": "progress", "step": "Working", "done": number, "total": 12,
                    "fraction": number / 12}  # fmt: skip
            results.tell(job, "sfm", step)
            time.sleep(0.3)
        results.finish(name, job)

    results.work = work


def test_a_kill_in_upload_and_download_loses_nothing(
    command: Command, project: Project, results: Service
) -> None:
    slow(results)
    killed_at(command, project, results, [at_puts(results, 5), at_bytes(results, 200_000)])


@pytest.mark.slow
def test_ten_kills_at_random_moments_lose_nothing(
    command: Command, project: Project, results: Service
) -> None:
    slow(results)
    chance = random.Random(os.getpid())
    total = 60
    moments = [at_puts(results, number) for number in sorted(chance.sample(range(1, total), 4))]

    def events(number: int) -> Callable[[], object]:
        return lambda: any(len(job.events) >= number for job in results.jobs.values())

    moments += [events(number) for number in sorted(chance.sample(range(1, 12), 3))]
    moments += [
        at_bytes(results, number) for number in sorted(chance.sample(range(1, 1_000_000), 3))
    ]
    killed_at(command, project, results, moments)
