"""A disk without room: a sentence, nothing left half-made, and what is there can be looked at."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spaceport_app.project import lock
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.model import Settings, StageRun
from spaceport_app.project.project import Project


def full(*_: object, **__: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_lock_without_room_for_its_name_still_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock.os, "write", full)
    with lock.held(tmp_path):
        assert lock.is_held(tmp_path)
    assert not lock.is_held(tmp_path)


def refuse_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "open", full)


def refuse_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spaceport_app.project.document.write", full)


@pytest.mark.parametrize("refuse", [refuse_open, refuse_document])
def test_a_project_that_has_no_room_leaves_no_folder(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    refuse: Callable[[pytest.MonkeyPatch], None],
) -> None:
    with monkeypatch.context() as patch:
        refuse(patch)
        with pytest.raises(ProjectError, match="is full") as caught:
            Project.create(tmp_path / "a.spaceport", (tmp_path,), Settings())
    assert caught.value.code == "disk_full"
    assert list(tmp_path.iterdir()) == []
    Project.create(tmp_path / "a.spaceport", (tmp_path,), Settings())


def test_a_result_whose_publication_fails_halfway_is_not_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project.create(tmp_path / "a.spaceport", (), Settings())

    def publish(text: str) -> None:
        project.begin("sfm", "sfm", text)
        (project.scratch("sfm") / "state").write_text(text)
        (project.partial("sfm") / "model").write_text(text)
        project.publish("sfm", {}, output=text, seconds=1.0, peak_memory_bytes=1)

    with project.locked():
        publish("old")
    for number, original in ((0, Path.rename), (1, Path.rename), (2, Path.rename)):
        calls = 0

        def sometimes(self: Path, goal: Path, at: int = number, do: Any = original) -> Path:
            nonlocal calls
            calls += 1
            if calls == at + 1:
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(self))
            return do(self, goal)  # type: ignore[no-any-return]

        with project.locked(), monkeypatch.context() as patch:
            patch.setattr(Path, "rename", sometimes)
            try:
                publish(f"new {number}")
            except OSError:
                # As the runner does with every failure.
                project.ended("sfm", StageRun("f", "failed", ""))
        with project.locked():
            pass
        run = project.published("sfm")
        assert run is not None
        assert (project.folder / "sfm" / "model").read_text() == run.output == f"new {number}"
        left = {path.name for path in project.folder.iterdir()}
        assert left == {".lock", "project.json", "sfm", "logs"}
