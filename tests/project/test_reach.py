"""Which places of photos are looked at: those beside a project, and those with a yes."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from spaceport_app.project import reach
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

NETWORK = (
    "\\\\host\\share",
    "\\\\host\\share\\photos\\x.jpg",
    "//host/share/x",
    "\\/host\\share",
    "/\\host/share",
    "\\\\?\\UNC\\host\\share",
    "//?/UNC/host/share",
    "\\\\.\\UNC\\host\\share",
    "\\\\host@SSL\\DavWWWRoot\\x",
    "\\\\192.168.0.7\\c$",
    "\\\\?\\GLOBALROOT\\Device\\Mup\\host\\share",
    "\\??\\UNC\\host\\share",
    "///host/share",
)
LOCAL = (
    "C:\\photos",
    "c:/photos",
    "Z:\\photos",
    "/home/gerda/photos",
    "photos",
    "..\\photos",
    "\\photos",
    "\\\\?\\C:\\photos",
    "\\\\.\\D:\\photos",
    "//?/C:/photos",
    "\\??\\C:\\photos",
    "",
)


@pytest.mark.parametrize("path", NETWORK)
def test_a_path_of_another_computer(path: str) -> None:
    assert reach.is_network(path)


@pytest.mark.parametrize("path", LOCAL)
def test_a_path_of_this_computer(path: str) -> None:
    assert not reach.is_network(path)


_SECONDS = itertools.count(1000)


@pytest.fixture
def given(tmp_path: Path) -> Project:
    """A project as it comes from somebody else: nobody here has named its photos."""
    (tmp_path / "in").mkdir()
    made = Project.create(tmp_path / "in" / "theirs.spaceport", (), Settings())
    file = made.folder / "project.json"
    said = json.loads(file.read_text(encoding="utf-8"))
    # Of another second than those of other tests.
    said["created"] = (datetime.now() + timedelta(seconds=next(_SECONDS))).isoformat()
    file.write_text(json.dumps(said), encoding="utf-8")
    return Project.open(made.folder)


def name(project: Project, *sources: tuple[str, str]) -> Project:
    """Write sources into the file of a project, and open it."""
    file = project.folder / "project.json"
    said = json.loads(file.read_text(encoding="utf-8"))
    said["sources"] = [{"path": path, "relative": relative} for path, relative in sources]
    file.write_text(json.dumps(said), encoding="utf-8")
    return Project.open(project.folder)


def listed(project: Project, *paths: str) -> None:
    """Write a list of photos into a project."""
    (project.folder / "photos").mkdir(exist_ok=True)
    photos = [{"path": path} for path in paths]
    text = json.dumps({"photos": photos, "left_out": []})
    (project.folder / "photos" / "photos.json").write_text(text, encoding="utf-8")


class Touched:
    """Records every path that the system is asked about."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.paths: list[str] = []
        for call in ("stat", "lstat", "scandir", "listdir", "readlink", "open"):
            monkeypatch.setattr(os, call, self._watched(getattr(os, call)))

    def _watched(self, real):  # type: ignore[no-untyped-def]
        def call(path, *arguments, **options):  # type: ignore[no-untyped-def]
            if isinstance(path, str | bytes | os.PathLike):
                self.paths.append(os.fsdecode(path))
            return real(path, *arguments, **options)

        return call

    def below(self, place: str) -> list[str]:
        return [path for path in self.paths if path.startswith(place)]


@pytest.mark.parametrize("path", [*NETWORK, "/net/host/photos", "/home/somebody/photos"])
@pytest.mark.parametrize("relative", ["", "photos", "SAME"])
def test_a_place_without_a_yes_is_not_touched(
    path: str, relative: str, given: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = name(given, (path, path if relative == "SAME" else relative))
    touched = Touched(monkeypatch)
    assert reach.unasked(project) == (Path(path),)
    assert project.sources == (Path(path),)
    with pytest.raises(ProjectError) as refused:
        reach.require(project)
    assert refused.value.code == "photos_elsewhere" and str(Path(path)) in refused.value.message
    assert "--trust-sources" in refused.value.remedy
    assert not touched.below(path)


def test_a_yes_holds_here_for_this_project_and_this_place(given: Project, tmp_path: Path) -> None:
    project = name(given, ("/home/somebody/photos", ""))
    reach.agree(project, reach.unasked(project))
    reach.require(project)
    again = Project.open(project.folder)
    assert not reach.unasked(again)
    assert "agreed" not in (project.folder / "project.json").read_text(encoding="utf-8")
    other = name(project, ("/home/somebody/other", ""))
    assert reach.unasked(other) == (Path("/home/somebody/other"),)


def test_a_yes_goes_with_a_copy_and_is_no_yes_for_another_project(
    given: Project, tmp_path: Path
) -> None:
    project = name(given, ("/home/somebody/photos", ""))
    reach.agree(project, reach.unasked(project))
    copy = tmp_path / "copy.spaceport"
    shutil.copytree(project.folder, copy)
    assert not reach.unasked(Project.open(copy))
    project.document = replace(project.document, created="2020-01-01T00:00:00+00:00")
    assert reach.unasked(project)


def test_who_makes_a_project_has_agreed(tmp_path: Path) -> None:
    place = tmp_path / "photos"
    place.mkdir()
    folder = tmp_path / "deep" / "x.spaceport"
    Project.create(folder, (place,), Settings())
    project = Project.open(folder)
    assert not reach.unasked(project) and project.sources == (place,)
    more = tmp_path / "more"
    more.mkdir()
    with project.locked():
        project.change(sources=(place, more))
    assert not reach.unasked(Project.open(folder))


def test_adding_photos_is_no_yes_to_those_that_were_there(given: Project, tmp_path: Path) -> None:
    project = name(given, ("/home/somebody/photos", "x"))
    with project.locked():
        project.change(sources=(Path("/home/somebody/photos"), tmp_path))
    assert reach.unasked(Project.open(project.folder)) == (Path("/home/somebody/photos"),)


def test_photos_beside_the_project_are_looked_at(given: Project) -> None:
    photos = given.folder.parent / "photos"
    photos.mkdir()
    project = name(given, ("/home/somebody/photos", "photos"))
    assert not reach.unasked(project) and project.sources == (photos,)


@pytest.mark.parametrize("relative", ["link", "..", ".", "../../secret", "/etc", "link/deeper"])
def test_beside_is_beside(relative: str, given: Project, tmp_path: Path) -> None:
    (tmp_path / "secret" / "deeper").mkdir(parents=True)
    (given.folder.parent / "link").symlink_to(tmp_path / "secret")
    project = name(given, ("/home/somebody/photos", relative))
    assert reach.unasked(project) == (Path("/home/somebody/photos"),)
    assert project.sources == (Path("/home/somebody/photos"),)


def test_beside_is_not_the_home_folder(given: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (given.folder.parent / "Documents").mkdir()
    project = name(given, ("/home/somebody/x", "Documents"))
    assert not reach.unasked(project)
    monkeypatch.setattr(Path, "home", lambda: given.folder.parent)
    assert reach.unasked(project)


@pytest.mark.parametrize(
    "path", ["\\\\host\\share\\x.jpg", "//host/x.jpg", "/home/somebody/x.jpg", "../../secret/x.jpg"]
)
def test_photos_in_the_list_need_a_yes_too(path: str, given: Project) -> None:
    listed(given, "zip/a.jpg", path)
    assert len(reach.unasked(given)) == 1
    reach.agree(given, reach.unasked(given))
    assert not reach.unasked(given)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"photos": 5}', '{"photos": [{"path": 5}]}'])
def test_a_damaged_list_names_no_place(text: str, given: Project) -> None:
    listed(given)
    (given.folder / "photos" / "photos.json").write_text(text, encoding="utf-8")
    assert not reach.unasked(given)


def test_a_place_that_cannot_be_remembered_holds_until_the_end(
    given: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setattr(reach, "_file", lambda: blocked / "agreed.txt")
    project = name(given, ("/home/somebody/once", ""))
    reach.agree(project, reach.unasked(project))
    assert not reach.unasked(Project.open(project.folder))
