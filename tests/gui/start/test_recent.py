from __future__ import annotations

import json
from pathlib import Path

import pytest
from mutated import mutations

from spaceport_app.gui.start.recent import MOST, RecentProjects, look
from spaceport_app.pipeline.stages import STAGES
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project


def test_newest_first_without_what_is_gone(tmp_path: Path) -> None:
    recent = RecentProjects(tmp_path / "new" / "recent.json")
    folders = [tmp_path / f"{number}.spaceport" for number in range(MOST + 3)]
    for folder in folders:
        Project.create(folder, (), Settings())
        recent.add(folder)
    recent.add(folders[5])
    assert recent.folders()[:2] == (folders[5], folders[-1])
    assert len(recent.folders()) == MOST
    (folders[5] / "project.json").unlink()
    recent.remove(folders[-1])
    assert recent.folders()[0] == folders[-2]


def test_a_damaged_list_counts_as_empty_and_is_written_anew(tmp_path: Path) -> None:
    file = tmp_path / "recent.json"
    file.write_text("{", encoding="utf-8")
    recent = RecentProjects(file)
    assert recent.folders() == ()
    Project.create(tmp_path / "a.spaceport", (), Settings())
    recent.add(tmp_path / "a.spaceport")
    assert recent.folders() == (tmp_path / "a.spaceport",)


def test_an_entry_tells_stages_and_finds_a_picture(tmp_path: Path, sample_flight: Path) -> None:
    Project.create(tmp_path / "a.spaceport", (sample_flight,), Settings())
    entry = look(tmp_path / "a.spaceport", STAGES)
    assert entry is not None
    assert [mark.state for mark in entry.marks] == ["missing"] * 5
    assert entry.photos is None
    assert entry.picture is not None and entry.picture.parent == sample_flight
    assert look(tmp_path, STAGES) is None


def test_a_list_with_anything_wrong_in_it_is_read_or_counts_as_empty(tmp_path: Path) -> None:
    folder = tmp_path / "a.spaceport"
    Project.create(folder, (), Settings())
    file = tmp_path / "recent.json"
    for words, text in mutations([str(tmp_path / "gone"), str(folder)]):
        file.write_text(text, encoding="utf-8")
        recent = RecentProjects(file)
        try:
            assert recent.folders() in ((folder,), ()), words
            recent.add(folder)
        except Exception as error:
            pytest.fail(f"{words}: {error!r}")
        assert json.loads(file.read_text(encoding="utf-8")) == [str(folder)]
