"""A result that is replaced loses what its record lists; all else is kept beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

from .test_ownership import everything


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "a.spaceport", (), Settings())


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A folder of a person somewhere else on the computer."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "photo.jpg").write_bytes(b"photo")
    (folder / ".bashrc").write_bytes(b"alias")
    return folder


def publish(project: Project, text: str) -> tuple[Path, ...]:
    with project.locked():
        project.begin("sfm", "sfm", text)
        (project.scratch("sfm") / "state").write_text(text)
        (project.partial("sfm") / "views").mkdir()
        (project.partial("sfm") / "model").write_text(text)
        (project.partial("sfm") / "views" / "1.jpg").write_text(text)
        project.publish("sfm", {}, output=text, seconds=1.0, peak_memory_bytes=1)
    return project.take_kept()


def test_only_listed_files_go(project: Project) -> None:
    publish(project, "old")
    (project.folder / "sfm" / "notes.txt").write_text("mine")
    (project.folder / "sfm" / "views" / "mine.jpg").write_text("mine too")
    (kept,) = publish(project, "new")
    assert kept == project.folder / "sfm.kept-1"
    assert everything(kept) == {
        "notes.txt": b"mine",
        "views": "folder",
        "views/mine.jpg": b"mine too",
    }
    assert (project.folder / "sfm" / "model").read_text() == "new"
    assert sorted(everything(project.folder / "sfm")) == ["model", "views", "views/1.jpg"]


def test_nothing_is_kept_where_nothing_was_added(project: Project) -> None:
    publish(project, "old")
    assert publish(project, "new") == ()
    names = {path.name for path in project.folder.iterdir()}
    assert names == {".lock", "project.json", "sfm", "logs"}


def test_a_listed_file_that_a_person_has_changed_is_kept(project: Project) -> None:
    publish(project, "old")
    (project.folder / "sfm" / "model").write_text("odl")
    (kept,) = publish(project, "new")
    assert everything(kept) == {"model": b"odl"}
    (project.folder / "sfm" / "model").write_text("longer")
    (kept,) = publish(project, "newer")
    assert kept.name == "sfm.kept-2"
    assert everything(kept) == {"model": b"longer"}


@pytest.mark.parametrize(
    "names",
    [
        ("sfm",),
        (".sfm.old",),
        ("sfm", ".sfm.old"),
        (".sfm.scratch", ".sfm.partial"),
        ("sfm.kept-1", "sfm"),
    ],
)
def test_folders_that_no_record_knows_are_kept(project: Project, names: tuple[str, ...]) -> None:
    for name in names:
        (project.folder / name).mkdir()
        (project.folder / name / "mine.txt").write_text(name)
    publish(project, "old")
    publish(project, "new")
    found = {path.read_text() for path in project.folder.rglob("mine.txt")}
    assert found == set(names)
    assert (project.folder / "sfm" / "model").read_text() == "new"
    assert not (project.folder / "sfm" / "mine.txt").exists()


def test_a_file_in_the_place_of_a_folder_is_kept(project: Project) -> None:
    for name in ("sfm", "logs", ".sfm.scratch"):
        (project.folder / name).write_text(name)
    publish(project, "old")
    for name in ("sfm.kept-1", "logs.kept-1", "sfm.scratch.kept-1"):
        assert (project.folder / name).read_text() == name.partition(".kept")[0].replace(
            "sfm.s", ".sfm.s"
        )


@pytest.mark.parametrize(
    "name",
    ["sfm", ".sfm.old", ".sfm.scratch", ".sfm.partial", "logs", ".sfm.scratch.removing", ".cloud"],
)
def test_a_link_goes_and_what_it_leads_to_stays(project: Project, mine: Path, name: str) -> None:
    before = everything(mine)
    for existing in ((), ("old",)):
        for text in existing:
            publish(project, text)
        place = project.folder / name
        if place.is_dir() and not place.is_symlink():
            place.rename(project.folder / "moved")
        if not place.is_symlink():
            place.symlink_to(mine)
        publish(project, "new")
        assert not (project.folder / "sfm").is_symlink()
        assert (project.folder / "sfm" / "model").read_text() == "new"
        assert everything(mine) == before


def test_links_inside_what_a_stage_goes_on_from_are_taken_away(
    project: Project, mine: Path
) -> None:
    with project.locked():
        run = project.begin("sfm", "sfm", "f")
        (project.scratch("sfm") / "deep").mkdir()
        project.ended("sfm", run)
    for name in ("database.db", "deep/state"):
        (project.scratch("sfm") / name).symlink_to(mine / ".bashrc")
    (project.scratch("sfm") / "deep" / "more").symlink_to(mine)
    with project.locked():
        project.begin("sfm", "sfm", "f")
    assert everything(project.scratch("sfm")) == {"deep": "folder"}


@pytest.mark.parametrize("name", [".lock", "project.json", "logs/sfm.log"])
def test_a_link_in_the_place_of_a_file_is_not_written_through(
    project: Project, mine: Path, name: str
) -> None:
    publish(project, "old")
    before = everything(mine)
    place = project.folder / name
    text = place.read_text() if place.is_file() else ""
    place.unlink(missing_ok=True)
    goal = mine / ".bashrc"
    if name == "project.json":
        # Only what is a project can be opened at all.
        goal = mine / "project.json"
        goal.write_text(text)
        before = everything(mine)
    place.symlink_to(goal)
    publish(project, "new")
    assert not place.is_symlink()
    assert everything(mine) == before


def test_a_temporary_name_that_is_a_link_is_not_written_through(
    project: Project, mine: Path
) -> None:
    before = everything(mine)
    (project.folder / f".project.json.{os.getpid()}.partial").symlink_to(mine / ".bashrc")
    publish(project, "new")
    assert everything(mine) == before
