"""A disk without room: a sentence, nothing left half-made, and what is there can be looked at."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from spaceport_app.project import lock
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.model import Settings
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
