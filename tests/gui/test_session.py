from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from spaceport_app.errors import StageError
from spaceport_app.gui.session import Session, usual_folder
from spaceport_app.project.model import Settings, StageRecord, StageRun
from spaceport_app.project.project import Project


@pytest.fixture
def session(tmp_path: Path) -> Session:
    (tmp_path / "photos").mkdir()
    session = Session()
    session.create((tmp_path / "photos",), tmp_path / "a.spaceport")
    return session


def with_latest(session: Session, state: str, code: str = "") -> None:
    project = session.project
    assert project is not None
    run = StageRun("f", state, "2026-01-01T00:00:00+00:00", code=code)  # type: ignore[arg-type]
    stages = {"train": StageRecord("splats", None, run)}
    project.document = replace(project.document, stages=stages)


def test_tells_listeners_what_changed_and_selects_once(session: Session) -> None:
    heard: list[str] = []
    session.listen(heard.append)
    session.select("a.jpg")
    session.select("a.jpg")
    session.take_photos(None)
    assert heard == ["selected", "photos"]


def test_a_project_that_cannot_be_opened_leaves_the_open_one(
    session: Session, tmp_path: Path
) -> None:
    before = session.project
    with pytest.raises(StageError):
        session.open(tmp_path)
    assert session.project is before


def test_excluded_photos_are_saved(session: Session) -> None:
    session.exclude(frozenset({"a.jpg"}))
    assert session.project is not None
    again = Project.open(session.project.folder)
    assert again.document.settings.excluded == frozenset({"a.jpg"})


def test_added_sources_are_kept_once_each(session: Session, tmp_path: Path) -> None:
    more = tmp_path / "more"
    more.mkdir()
    session.add_sources((more, tmp_path / "photos"))
    assert session.project is not None
    assert session.project.sources == (tmp_path / "photos", more)


@pytest.mark.parametrize(
    ("state", "code", "expected"),
    [
        ("running", "", True),
        ("crashed", "interrupted", True),
        ("cancelled", "", False),
        ("failed", "no_overlap", None),
    ],
)
def test_knows_what_was_interrupted(
    session: Session, state: str, code: str, expected: bool | None
) -> None:
    with_latest(session, state, code)
    found = session.interrupted()
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert (found.stage, found.on_its_own) == ("train", expected)


def test_a_copy_opens_by_itself_and_overwrites_nothing(session: Session, tmp_path: Path) -> None:
    target = tmp_path / "b.spaceport"
    session.save_copy(target)
    assert Project.open(target).sources == (tmp_path / "photos",)
    with pytest.raises(StageError, match="exists"):
        session.save_copy(target)
    assert session.project is not None
    with pytest.raises(StageError, match="itself"):
        session.save_copy(session.project.folder / "inside.spaceport")
    assert not list(tmp_path.glob(".*.partial"))


def test_new_projects_are_named_after_their_photos(tmp_path: Path) -> None:
    folder = tmp_path / "Meine Flüge"
    folder.mkdir()
    assert usual_folder((folder,), tmp_path).name == "Meine Flüge.spaceport"
    Project.create(tmp_path / "Meine Flüge.spaceport", (folder,), Settings())
    assert usual_folder((folder,), tmp_path).name == "Meine Flüge 2.spaceport"
    assert usual_folder((tmp_path / "May.zip",), tmp_path).name == "May.spaceport"
    assert usual_folder((folder / "a.jpg",), tmp_path / "x").name == "Meine Flüge.spaceport"
