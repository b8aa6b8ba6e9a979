"""What ``project.json`` may hold: all else counts as damage, told with its place."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spaceport_app.project.errors import ProjectError
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

RUN = {
    "fingerprint": "f1.f2",
    "state": "finished",
    "started": "2026-01-01T10:00:00+00:00",
    "finished": "2026-01-01T10:01:00+00:00",
    "seconds": 60.0,
    "peak_memory_bytes": 5,
    "output": "abc",
    "report": {"points": 3, "of": {"any": ["kind", None, 1.5]}},
    "files": {"a b/ö.bin": 3},
    "code": "",
    "message": "",
    "remedy": "",
    "token": "",
    "resumed": False,
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.create(tmp_path / "x.spaceport", (tmp_path / "photos",), Settings())
    change(project, lambda raw: raw["stages"].update(sfm=stage("sfm")))
    return project


def stage(folder: str, **changes: object) -> dict[str, Any]:
    return {"folder": folder, "published": {**RUN, **changes}, "latest": None}


def change(project: Project, how: Callable[[dict[str, Any]], object]) -> None:
    file = project.folder / "project.json"
    raw = json.loads(file.read_text(encoding="utf-8"))
    how(raw)
    file.write_text(json.dumps(raw), encoding="utf-8")


def refused(project: Project) -> str:
    with pytest.raises(ProjectError) as caught:
        Project.open(project.folder)
    assert caught.value.code == "project_damaged"
    assert "project.json" in caught.value.message
    assert caught.value.remedy
    return caught.value.message


def test_what_a_run_has_left_is_read(project: Project) -> None:
    record = Project.open(project.folder).record("sfm")
    assert record is not None and record.published is not None
    assert record.published.report["of"] == {"any": ["kind", None, 1.5]}
    assert record.published.files == {"a b/ö.bin": 3}


def test_a_stage_of_a_later_version_is_kept(project: Project) -> None:
    change(project, lambda raw: raw["stages"].update(mesh_2=stage("mesh")))
    again = Project.open(project.folder)
    with again.locked():
        again.change(settings=Settings("high"))
    assert "mesh_2" in Project.open(project.folder).document.stages


@pytest.mark.parametrize(
    "name", ["", ".", "..", "x/../../victim", "Sfm", "a.b", "a\n", "1a", "-rf"]
)
def test_a_stage_s_name_is_a_plain_word(project: Project, name: str) -> None:
    change(project, lambda raw: raw["stages"].update({name: stage("exports")}))
    refused(project)


@pytest.mark.parametrize("folder", ["", ".", "..", "../x", "/etc", "a/b", ".sfm", "logs", "a" * 33])
def test_a_stage_s_folder_is_a_plain_word(project: Project, folder: str) -> None:
    change(project, lambda raw: raw["stages"].update(sfm=stage(folder)))
    refused(project)


def test_two_stages_have_two_folders(project: Project) -> None:
    change(project, lambda raw: raw["stages"].update(train=stage("sfm")))
    assert "two stages" in refused(project)


@pytest.mark.parametrize(
    "changes",
    [
        {"files": {"../x": 1}},
        {"files": {"/etc/passwd": 1}},
        {"files": {"": 1}},
        {"files": {"x" * 300: 1}},
        {"files": {"a": -1}},
        {"files": {"a": "1"}},
        {"seconds": -1.0},
        {"seconds": "6"},
        {"peak_memory_bytes": 1.5},
        {"peak_memory_bytes": True},
        {"token": "a\0b"},
        {"output": ["x"]},
        {"fingerprint": "x" * 1000},
        {"state": "dancing"},
        {"report": []},
        {"resumed": 1},
    ],
    ids=str,
)
def test_a_record_of_other_values_is_damage(project: Project, changes: dict[str, Any]) -> None:
    change(project, lambda raw: raw["stages"].update(sfm=stage("sfm", **changes)))
    assert "stages" in refused(project)


@pytest.mark.parametrize("number", ["1e999", "1" + "0" * 400, "NaN", "Infinity", "[" * 5000])
def test_numbers_that_none_can_hold_are_damage(project: Project, number: str) -> None:
    file = project.folder / "project.json"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"seconds": 60.0', f'"seconds": {number}'), encoding="utf-8")
    refused(project)


@pytest.mark.parametrize("path", ["", "a\0b", "/" + "x" * 300, "/a" * 20_000])
def test_a_source_is_a_path_that_can_be(project: Project, path: str) -> None:
    change(project, lambda raw: raw["sources"].append({"path": path, "relative": ""}))
    refused(project)


def test_a_source_on_another_system_is_one_that_is_not_there(project: Project) -> None:
    change(project, lambda raw: raw["sources"].append({"path": "Q:\\fl", "relative": "fl"}))
    assert Project.open(project.folder).sources[1].name


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
@pytest.mark.timeout(20)
def test_a_pipe_in_its_place_makes_nobody_wait(project: Project) -> None:
    import os

    file = project.folder / "project.json"
    file.unlink()
    os.mkfifo(file)
    refused(project)
