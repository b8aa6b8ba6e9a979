"""A person's own files, above all the photos, are never lost to a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from .doors import Spaceport, letters

PHOTO = b"the only copy"


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ("flight/photos", "flight"),
        ("flight/photos", "flight/."),
        ("flight/export", "flight"),
        ("flight/photos/1.jpg", "flight"),
        ("flight", "flight"),
        ("flight/photos", "flight/photos"),
        ("flight/photos", "flight/export"),
        ("elsewhere", "flight"),
        ("flight/photos", "by link"),
    ],
)
def test_a_folder_with_files_never_becomes_a_project(
    real_spaceport: Spaceport, tmp_path: Path, given: str, place: str
) -> None:
    for folder in ("flight/photos", "flight/export", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "1.jpg").write_bytes(PHOTO)
    (tmp_path / "by link").symlink_to("flight")
    ended = real_spaceport("run", given, "-o", place, "--preset", "preview")
    assert ended.code == 3
    assert "holds other files" in ended.err or "keeps its results" in ended.err
    assert "new folder" in ended.err or "another folder" in ended.err
    left = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert left == {"flight/photos/1.jpg", "flight/export/1.jpg", "elsewhere/1.jpg"}
    assert all((tmp_path / name).read_bytes() == PHOTO for name in left)


def test_within_the_folder_beside_photos(real_spaceport: Spaceport, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").write_bytes(PHOTO)
    assert real_spaceport("run", "photos", "-o", ".", "--preset", "preview").code == 3
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]
    assert (tmp_path / "photos" / "1.jpg").read_bytes() == PHOTO


def test_other_photos_from_among_the_results_are_refused(
    spaceport: Spaceport, texts: Path, tmp_path: Path
) -> None:
    project = tmp_path / "a.spaceport"
    assert spaceport("run", texts, "-o", project).code == 0
    (project / "photos").mkdir()
    (project / "photos" / "0.txt").write_bytes(b"abc")
    ended = spaceport("run", project / "photos", "-o", project, "--replace-photos")
    assert ended.code == 3
    assert "keeps its results" in ended.err
    assert spaceport("run", "-o", project).code == 0


def test_files_put_into_results_are_kept_and_told(
    spaceport: Spaceport, texts: Path, tmp_path: Path
) -> None:
    project = tmp_path / "a.spaceport"
    assert spaceport("run", texts, "-o", project).code == 0
    (project / "count" / "my_notes.txt").write_text("mine")
    ended = spaceport("run", "-o", project, "--count-letters", "a")
    assert ended.code == 0
    assert "count.kept-1" in ended.out + ended.err
    assert (project / "count.kept-1" / "my_notes.txt").read_text() == "mine"
    assert letters(project) == 30


def test_results_on_another_disk_by_a_link(
    spaceport: Spaceport, texts: Path, tmp_path: Path
) -> None:
    project = tmp_path / "a.spaceport"
    assert spaceport("run", texts, "-o", project).code == 0
    other = tmp_path / "other disk"
    (project / "count").rename(other)
    (other / "mine.txt").write_text("mine")
    (project / "count").symlink_to(other)
    (project / ".count.scratch").symlink_to(tmp_path)
    # It holds as it is; made anew it lies in the project again.
    assert spaceport("run", "-o", project).code == 0
    assert (project / "count").is_symlink()
    assert spaceport("run", "-o", project, "--count-letters", "a").code == 0
    assert letters(project) == 30
    assert not (project / "count").is_symlink()
    assert (other / "mine.txt").read_text() == "mine"
    assert (other / "count.json").is_file()


def test_a_log_that_is_a_link_empties_nothing(
    spaceport: Spaceport, texts: Path, tmp_path: Path
) -> None:
    project = tmp_path / "a.spaceport"
    assert spaceport("run", texts, "-o", project).code == 0
    mine = tmp_path / "bashrc"
    mine.write_text("alias")
    (project / "logs" / "count.log").unlink()
    (project / "logs" / "count.log").symlink_to(mine)
    assert spaceport("run", "-o", project, "--count-letters", "a").code == 0
    assert mine.read_text() == "alias"
    logs = project / "logs"
    logs.rename(tmp_path / "logs elsewhere")
    logs.symlink_to(tmp_path / "logs elsewhere")
    before = (tmp_path / "logs elsewhere" / "count.log").read_bytes()
    assert spaceport("run", "-o", project, "--count-letters", "b").code == 0
    assert (tmp_path / "logs elsewhere" / "count.log").read_bytes() == before
