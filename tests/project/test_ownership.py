"""A project takes no folder that is somebody's, and no photos that lie where results lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from spaceport_app.project.errors import ProjectError
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project


def everything(folder: Path) -> dict[str, bytes | str]:
    """All that lies below a folder, with links as such."""
    return {
        path.relative_to(folder).as_posix(): str(path.readlink())
        if path.is_symlink()
        else (path.read_bytes() if path.is_file() else "folder")
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize(
    "name",
    [
        "photo.jpg",
        "photos/1.jpg",
        "sfm/mine.txt",
        "export/1.jpg",
        "logs/sfm.log",
        ".sfm.old/x",
        ".train.scratch/x",
        "notes.partial",
        "edits.json",
        ".cloud/x",
    ],
)
def test_a_folder_with_files_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "flight"
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_bytes(b"mine")
    before = everything(tmp_path)
    with pytest.raises(ProjectError) as caught:
        Project.create(folder, (tmp_path / "elsewhere",), Settings())
    assert caught.value.code == "folder_not_empty"
    assert name.partition("/")[0] in caught.value.message
    assert everything(tmp_path) == before


@pytest.mark.parametrize("left", [(), (".DS_Store",), ("Thumbs.db", "desktop.ini"), (".lock",)])
def test_an_empty_folder_is_taken(tmp_path: Path, left: tuple[str, ...]) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    for name in left:
        (folder / name).write_bytes(b"x")
    Project.create(folder, (tmp_path / "photos",), Settings())
    assert Project.exists(folder)


def test_what_a_kill_left_of_making_it_is_no_reason_to_refuse(tmp_path: Path) -> None:
    (tmp_path / ".project.json.123.partial").write_bytes(b"{")
    (tmp_path / ".lock").write_bytes(b"")
    Project.create(tmp_path, (), Settings())


def test_a_file_that_only_has_the_name_of_a_project_makes_no_folder_ours(tmp_path: Path) -> None:
    (tmp_path / "project.json").write_text('{"scripts": {}}', encoding="utf-8")
    (tmp_path / "index.html").write_text("mine", encoding="utf-8")
    before = everything(tmp_path)
    with pytest.raises(ProjectError) as caught:
        Project.create(tmp_path, (), Settings())
    assert caught.value.code == "folder_not_empty"
    assert everything(tmp_path) == before


@pytest.mark.parametrize("place", ["photos", "photos/day 1", "sfm", "export", "logs", ".x"])
def test_photos_where_results_lie_are_refused(tmp_path: Path, place: str) -> None:
    folder = tmp_path / "a.spaceport"
    project = Project.create(folder, (), Settings())
    (folder / place).mkdir(parents=True)
    (folder / place / "1.jpg").write_bytes(b"mine")
    way = tmp_path / "by a link"
    way.symlink_to(folder / place)
    for source in (folder / place, folder / place / "1.jpg", way, folder / "x" / ".." / place):
        with pytest.raises(ProjectError) as caught, project.locked():
            project.change(sources=(source,))
        assert caught.value.code == "photos_in_project"
        # Nor for another project: a run of the first one would take them away.
        with pytest.raises(ProjectError) as caught:
            Project.create(tmp_path / "b.spaceport", (source,), Settings())
        assert caught.value.code == "photos_in_project"
    assert project.sources == ()
    assert not (tmp_path / "b.spaceport").exists()


def test_photos_beside_the_folders_of_a_new_project_are_refused(tmp_path: Path) -> None:
    # As `cd flight; spaceport run photos -o .`
    (tmp_path / "photos").mkdir()
    for source in (tmp_path / "photos", tmp_path / "export"):
        with pytest.raises(ProjectError) as caught:
            Project.create(tmp_path, (source,), Settings())
        assert caught.value.code in ("photos_in_project", "folder_not_empty")
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_photos_of_a_folder_with_a_project_file_of_another_program(tmp_path: Path) -> None:
    (tmp_path / "project.json").write_text("{}", encoding="utf-8")
    (tmp_path / "photos").mkdir()
    Project.create(tmp_path / "a.spaceport", (tmp_path / "photos",), Settings())


def test_a_project_among_photos_needs_a_name_that_is_skipped(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        Project.create(tmp_path / "out", (tmp_path,), Settings())
    assert caught.value.code == "project_in_photos"
    Project.create(tmp_path / "out.spaceport", (tmp_path,), Settings())


def test_no_project_among_the_results_of_another(tmp_path: Path) -> None:
    Project.create(tmp_path / "a", (), Settings())
    with pytest.raises(ProjectError) as caught:
        Project.create(tmp_path / "a" / "export" / "b", (), Settings())
    assert caught.value.code == "inside_project"
    Project.create(tmp_path / "a" / "mine" / "b", (), Settings())
