from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from spaceport_app import removing
from spaceport_app.project import document
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.migrations import MIGRATIONS, SCHEMA
from spaceport_app.project.model import Settings, StageRun
from spaceport_app.project.project import Project

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    settings = Settings("high", "cuda", {"train": {"seed": 7}}, frozenset({"Ä.jpg"}))
    return Project.create(tmp_path / "Höhe 7.spaceport", (tmp_path / "photos",), settings)


def publish_one(project: Project, text: str, fingerprint: str = "f") -> None:
    project.begin("sfm", "sfm", fingerprint)
    (project.partial("sfm") / "model").write_text(text)
    project.publish("sfm", {"points": len(text)}, output=text, seconds=1.0, peak_memory_bytes=5)


def test_a_project_is_read_as_it_was_made(project: Project, tmp_path: Path) -> None:
    again = Project.open(project.folder)
    assert again.document == project.document
    assert again.document.name == "Höhe 7"
    assert again.sources == (tmp_path / "photos",)
    assert again.document.settings.options == {"train": {"seed": 7}}


def test_a_renamed_folder_is_a_renamed_project(project: Project) -> None:
    renamed = project.folder.rename(project.folder.with_name("Düne.spaceport"))
    again = Project.open(renamed)
    assert again.document.name == "Düne"
    with again.locked():
        assert again.document.name == "Düne"


def test_records_come_back(project: Project) -> None:
    with project.locked():
        publish_one(project, "abc")
    again = Project.open(project.folder)
    run = again.published("sfm")
    assert run is not None
    assert (run.state, run.fingerprint, run.output) == ("finished", "f", "abc")
    assert run.report == {"points": 3}
    assert again.document == project.document


def test_changes_need_the_lock(project: Project) -> None:
    with pytest.raises(RuntimeError, match="locked"):
        project.change(settings=Settings())


def test_making_it_twice_is_refused(project: Project) -> None:
    with pytest.raises(ProjectError) as error:
        Project.create(project.folder, (), Settings())
    assert error.value.code == "project_exists"


def test_photos_that_moved_with_the_project_are_found(tmp_path: Path) -> None:
    place = tmp_path / "disk"
    (place / "photos").mkdir(parents=True)
    project = Project.create(place / "a.spaceport", (place / "photos",), Settings())
    assert project.sources == (place / "photos",)
    moved = place.rename(tmp_path / "other disk")
    assert Project.open(moved / "a.spaceport").sources == (moved / "photos",)


@pytest.mark.parametrize("schema", sorted(MIGRATIONS))
def test_an_older_project_still_opens(schema: int, tmp_path: Path) -> None:
    folder = tmp_path / "old.spaceport"
    folder.mkdir()
    text = (FIXTURES / f"schema-{schema}.json").read_text(encoding="utf-8")
    (folder / "project.json").write_text(text, encoding="utf-8")
    (folder / "photos").mkdir()
    project = Project.open(folder)
    assert project.document.name == "old"
    assert project.sources == (Path("/flights/beach"),)
    assert project.document.settings == Settings("preview", "cpu", {"train": {"seed": 3}})
    run = project.published("import")
    assert run is not None
    assert run.report == {"photos": 18, "used": 18}
    # It is written in the new schema with the first change, not by looking at it.
    assert (folder / "project.json").read_text(encoding="utf-8") == text
    with project.locked():
        project.change(settings=Settings("high"))
    assert json.loads((folder / "project.json").read_text(encoding="utf-8"))["schema"] == SCHEMA
    assert Project.open(folder).document.settings.preset == "high"


def test_every_older_schema_has_a_migration_and_a_fixture() -> None:
    assert set(MIGRATIONS) == set(range(1, SCHEMA))
    for number in MIGRATIONS:
        raw = json.loads((FIXTURES / f"schema-{number}.json").read_text(encoding="utf-8"))
        assert raw["schema"] == number


def test_a_newer_project_is_refused_and_left_alone(project: Project) -> None:
    file = project.folder / "project.json"
    raw = json.loads(file.read_text(encoding="utf-8"))
    text = json.dumps({**raw, "schema": SCHEMA + 1})
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError) as error:
        Project.open(project.folder)
    assert error.value.code == "project_newer"
    assert f"schema {SCHEMA + 1}" in error.value.message
    with pytest.raises(ProjectError):
        Project.create(project.folder, (), Settings())
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b'{"schema": 2}',
        b'{"schema": "2"}',
        b'{"schema": 0}',
        b'{"schema": 3, "name": "a", "created": "", "sources": {}, "settings": [], "stages": 1}',
    ],
)
def test_damage_is_told_and_the_damaged_file_is_kept(project: Project, damage: bytes) -> None:
    file = project.folder / "project.json"
    file.write_bytes(damage)
    with pytest.raises(ProjectError) as error:
        Project.open(project.folder)
    assert error.value.code == "project_damaged"
    assert file.read_bytes() == damage
    Project.create(project.folder, (), Settings())
    assert (project.folder / "project.damaged-1.json").read_bytes() == damage


def test_a_stage_folder_outside_the_project_counts_as_damage(project: Project) -> None:
    with project.locked():
        publish_one(project, "abc")
    file = project.folder / "project.json"
    raw = json.loads(file.read_text(encoding="utf-8"))
    raw["stages"]["sfm"]["folder"] = "../../precious"
    file.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(ProjectError) as error:
        Project.open(project.folder)
    assert error.value.code == "project_damaged"


def test_a_killed_save_leaves_the_old_file(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (project.folder / "project.json").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with project.locked(), pytest.raises(OSError, match="space"):
        project.change(settings=Settings("preview"))
    assert (project.folder / "project.json").read_bytes() == before
    assert project.document.settings.preset == "high"


def test_scratch_survives_only_with_its_fingerprint(project: Project) -> None:
    with project.locked():
        assert not project.begin("train", "splats", "one").resumed
        (project.scratch("train") / "checkpoint").write_text("x")
        project.ended("train", StageRun("one", "crashed", ""))
        assert project.begin("train", "splats", "one").resumed
        assert (project.scratch("train") / "checkpoint").exists()
        project.ended("train", StageRun("one", "cancelled", ""))
        assert not project.begin("train", "splats", "two").resumed
        assert list(project.scratch("train").iterdir()) == []


def test_leftovers_that_break_a_stage_are_not_tried_forever(project: Project) -> None:
    resumed = []
    with project.locked():
        for code in ("killed", "killed", "crashed", "crashed"):
            resumed.append(project.begin("sfm", "sfm", "f").resumed)
            (project.scratch("sfm") / "database").write_text("poison")
            project.ended("sfm", StageRun("f", "crashed", "", code=code))
        resumed.append(project.begin("sfm", "sfm", "f").resumed)
    # A kill from outside says nothing against them, a crash after going on from them does.
    assert resumed == [False, True, True, False, True]


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes are a matter of Linux")
def test_a_path_that_is_no_unicode(tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/fl\xfcg"))
    try:
        odd.mkdir()
    except OSError:
        pytest.skip("this disk takes Unicode names only")
    project = Project.create(odd / "a.spaceport", (odd,), Settings())
    assert Project.open(project.folder).sources == (odd,)


def test_what_went_wrong_is_kept_beside_the_old_result(project: Project) -> None:
    with project.locked():
        publish_one(project, "old")
        project.begin("sfm", "sfm", "g")
        (project.partial("sfm") / "model").write_text("half")
        failed = StageRun(
            "g", "failed", "", seconds=2.0, code="no_overlap", message="M", remedy="R"
        )
        project.ended("sfm", failed)
    again = Project.open(project.folder)
    record = again.record("sfm")
    assert record is not None
    assert record.latest is not None
    assert (record.latest.code, record.latest.message) == ("no_overlap", "M")
    assert record.published is not None
    assert record.published.output == "old"
    assert (project.folder / "sfm" / "model").read_text() == "old"
    assert not project.partial("sfm").exists()


class Killed(BaseException):
    """Stands for the power going off: nothing after it is done."""


def _die_at(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the `number`-th change of the disk from now on be the last, before it happens."""
    count = 0

    def counted(original: Any) -> Any:
        def step(*arguments: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            if count > number:
                raise Killed
            return original(*arguments, **more)

        return step

    monkeypatch.setattr(Path, "rename", counted(Path.rename))
    monkeypatch.setattr(document, "write", counted(document.write))
    monkeypatch.setattr(Path, "rmdir", counted(Path.rmdir))
    monkeypatch.setattr(Path, "unlink", counted(Path.unlink))
    monkeypatch.setattr(removing.shutil, "rmtree", counted(removing.shutil.rmtree))


@pytest.mark.parametrize("number", range(15))
def test_a_kill_at_any_step_of_publishing_leaves_old_or_new(
    project: Project, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project.locked():
        publish_one(project, "old", "f1")
    finished = True
    with monkeypatch.context() as patched, project.locked():
        project.begin("sfm", "sfm", "f2")
        (project.scratch("sfm") / "database").write_text("x")
        (project.partial("sfm") / "model").write_text("new")
        _die_at(number, patched)
        try:
            project.publish("sfm", {}, output="new", seconds=1.0, peak_memory_bytes=1)
        except Killed:
            finished = False
    assert finished == (number >= 13)
    again = Project.open(project.folder)
    with again.locked():
        pass
    run = again.published("sfm")
    assert run is not None
    assert (project.folder / "sfm" / "model").read_text() == run.output
    if number < 2:
        assert run.output == "old"
        assert (again.scratch("sfm") / "database").exists()
    else:
        # The intention was saved, so it is carried out.
        assert run.output == "new"
        assert not again.scratch("sfm").exists()
    left = {path.name for path in project.folder.iterdir()} - {".sfm.scratch"}
    assert left == {".lock", "project.json", "sfm", "logs"}
    assert Project.open(project.folder).document == again.document


def _hold(folder: Path, ready: Any) -> None:
    def hang(_: int) -> None:
        ready.set()
        time.sleep(60)

    os.fsync = hang  # type: ignore[assignment]
    project = Project.open(folder)
    with project.locked():
        project.change(settings=Settings("preview"))


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a matter of POSIX")
def test_a_kill_while_saving_frees_the_lock_and_leaves_nothing(project: Project) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    holder = context.Process(target=_hold, args=(project.folder, ready))
    holder.start()
    assert ready.wait(20)
    try:
        assert project.busy
        with pytest.raises(ProjectError) as error, project.locked():
            pass
        assert error.value.code == "project_locked"
        assert f"process {holder.pid} on {os.uname().nodename}" in error.value.message
    finally:
        assert holder.pid is not None
        os.kill(holder.pid, signal.SIGKILL)
        holder.join()
    assert not project.busy
    assert list(project.folder.glob(".*.partial"))
    with project.locked():
        assert {path.name for path in project.folder.iterdir()} == {".lock", "project.json"}
        assert project.document.settings.preset == "high"


def test_an_interrupted_run_is_told(project: Project) -> None:
    with project.locked():
        project.begin("train", "splats", "f")
    # Its process ends here without another word.
    again = Project.open(project.folder)
    with again.locked():
        record = again.record("train")
        assert record is not None
        assert record.latest is not None
        assert (record.latest.state, record.latest.code) == ("crashed", "interrupted")
        assert again.begin("train", "splats", "f").resumed is False


@pytest.mark.parametrize(
    ("stage", "folder"),
    [
        ("sfm", ""),
        ("sfm", "."),
        ("sfm", ".."),
        ("sfm", "splats"),
        ("sfm", ".x"),
        ("sfm", "a/b"),
        ("x/../../victim", "exports"),
        ("x", "photos"),
        ("x", "logs"),
        ("", "x"),
        ("SFM", "x"),
    ],
)
def test_a_project_reaches_out_by_no_name_of_a_stage_or_folder(
    project: Project, tmp_path: Path, stage: str, folder: str
) -> None:
    victim = tmp_path / "victim.scratch" / "mine.txt"
    victim.parent.mkdir()
    victim.write_text("mine")
    with project.locked():
        publish_one(project, "abc")
    file = project.folder / "project.json"
    raw = json.loads(file.read_text(encoding="utf-8"))
    for state in ("finished", "publishing", "running"):
        run = {**raw["stages"]["sfm"]["published"], "state": state}
        raw["stages"] = {
            "sfm": {"folder": "sfm", "published": None, "latest": None},
            stage: {"folder": folder, "published": None, "latest": run},
        }
        raw["stages"]["sfm"]["published"] = {**run, "state": "finished"}
        file.write_text(json.dumps(raw), encoding="utf-8")
        with pytest.raises(ProjectError) as error:
            Project.open(project.folder)
        assert error.value.code == "project_damaged"
    assert victim.read_text() == "mine"
    assert (project.folder / "sfm" / "model").read_text() == "abc"
