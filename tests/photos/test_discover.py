from __future__ import annotations

import os
import socket
import unicodedata
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from spaceport_app.errors import StageError
from spaceport_app.photos.discover import Discovery, discover


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(path.name.encode())


def find(tmp_path: Path, *sources: Path) -> Discovery:
    return discover(sources, tmp_path / "extracted", 10**9, lambda done, total: None)


def names(discovery: Discovery) -> list[str]:
    return [item.name for item in discovery.found]


def reasons(discovery: Discovery) -> dict[str, str]:
    return {item.name: item.reason.code for item in discovery.left_out}


def test_folders_are_searched_to_the_bottom(tmp_path: Path) -> None:
    root = tmp_path / "Flug über der Küste"
    touch(
        root / "b.JPG",
        root / "100 MEDIA" / "a.jpeg",
        root / "100 MEDIA" / "tief" / "c.tif",
        root / "d.heic",
        root / "e.PNG",
    )
    found = find(tmp_path, root)
    assert names(found) == ["100 MEDIA/a.jpeg", "100 MEDIA/tief/c.tif", "b.JPG", "d.heic", "e.PNG"]
    assert all(item.path.is_absolute() and item.path.is_file() for item in found.found)
    assert found.left_out == ()


def test_junk_is_skipped_silently(tmp_path: Path) -> None:
    root = tmp_path / "in"
    touch(
        root / "a.jpg",
        root / ".DS_Store",
        root / "._a.jpg",
        root / ".trash" / "b.jpg",
        root / "__MACOSX" / "c.jpg",
        root / "Thumbs.db",
        root / "notes.txt",
        root / "DJI_0001.SRT",
        root / "scene.spaceport" / "sfm" / "views" / "a.png",
    )
    found = find(tmp_path, root)
    assert names(found) == ["a.jpg"] and found.left_out == ()


def test_pictures_that_are_not_read_are_named(tmp_path: Path) -> None:
    root = tmp_path / "in"
    touch(root / "a.jpg", root / "a.DNG", root / "b.dng", root / "c.webp", root / "d.zip")
    found = find(tmp_path, root)
    # The RAW beside its JPEG is not missed, the one alone is.
    assert reasons(found) == {
        "b.dng": "unsupported",
        "c.webp": "unsupported",
        "d.zip": "not_opened",
    }


def test_single_files(tmp_path: Path) -> None:
    touch(tmp_path / "in" / "a.jpg", tmp_path / "in" / "notes.txt")
    found = find(tmp_path, tmp_path / "in" / "a.jpg", tmp_path / "in" / "notes.txt")
    assert names(found) == ["a.jpg"]
    assert reasons(found) == {"notes.txt": "unsupported"}


def test_a_folder_named_like_a_photo_is_a_folder(tmp_path: Path) -> None:
    touch(tmp_path / "in" / "odd.jpg" / "a.jpg")
    assert names(find(tmp_path, tmp_path / "in")) == ["odd.jpg/a.jpg"]
    assert names(find(tmp_path, tmp_path / "in" / "odd.jpg")) == ["a.jpg"]


def test_the_same_name_in_two_folders_of_one_source(tmp_path: Path) -> None:
    touch(tmp_path / "in" / "one" / "a.jpg", tmp_path / "in" / "two" / "a.jpg")
    assert names(find(tmp_path, tmp_path / "in")) == ["one/a.jpg", "two/a.jpg"]


def test_the_same_name_in_two_sources_gets_the_folder_in_front(tmp_path: Path) -> None:
    touch(tmp_path / "Nord" / "a.jpg", tmp_path / "Nord" / "b.jpg", tmp_path / "Süd" / "a.jpg")
    touch(tmp_path / "c.jpg")
    found = find(tmp_path, tmp_path / "Süd", tmp_path / "Nord", tmp_path / "c.jpg")
    assert names(found) == ["Nord/a.jpg", "Nord/b.jpg", "Süd/a.jpg", "c.jpg"]
    assert [item.path.parent.name for item in found.found[:3]] == ["Nord", "Nord", "Süd"]


def test_folders_of_one_name_get_numbers(tmp_path: Path) -> None:
    touch(tmp_path / "x" / "DCIM" / "a.jpg", tmp_path / "y" / "DCIM" / "a.jpg")
    found = find(tmp_path, tmp_path / "x" / "DCIM", tmp_path / "y" / "DCIM")
    assert names(found) == ["DCIM 1/a.jpg", "DCIM 2/a.jpg"]


def test_what_is_dropped_twice_counts_once(tmp_path: Path) -> None:
    touch(tmp_path / "in" / "a.jpg", tmp_path / "in" / "sub" / "b.jpg")
    folder = tmp_path / "in"
    found = find(tmp_path, folder, folder, folder / "a.jpg", folder / "sub")
    assert names(found) == ["a.jpg", "sub/b.jpg"]


def test_names_are_composed_and_stay_unique(tmp_path: Path) -> None:
    composed, decomposed = "Küste.jpg", unicodedata.normalize("NFD", "Küste.jpg")
    touch(tmp_path / "in" / composed, tmp_path / "in" / decomposed)
    if len(list((tmp_path / "in").iterdir())) == 1:
        pytest.skip("this file system composes names itself")
    assert names(find(tmp_path, tmp_path / "in")) == ["2_Küste.jpg", "Küste.jpg"]


def test_links_that_lead_back_end(tmp_path: Path) -> None:
    touch(tmp_path / "in" / "sub" / "a.jpg")
    try:
        (tmp_path / "in" / "sub" / "up").symlink_to(tmp_path / "in", target_is_directory=True)
        (tmp_path / "in" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    except OSError:
        pytest.skip("links need a right that this account does not have")
    # A dangling link is listed, and reading it says that the file is not there.
    assert names(find(tmp_path, tmp_path / "in")) == ["gone.jpg", "sub/a.jpg"]


def test_zips_unpack_below_their_own_folder(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        with zipfile.ZipFile(tmp_path / folder / "Flug 1.zip", "w") as file:
            file.writestr("a.jpg", folder)
    found = find(tmp_path, tmp_path / "x" / "Flug 1.zip", tmp_path / "y" / "Flug 1.zip")
    assert names(found) == ["Flug 1 1/a.jpg", "Flug 1 2/a.jpg"]
    assert [item.path.read_text() for item in found.found] == ["x", "y"]
    assert found.found[0].path == tmp_path / "extracted" / "Flug 1" / "a.jpg"


def test_a_missing_source_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StageError) as caught:
        find(tmp_path, tmp_path / "nicht da")
    assert caught.value.code == "not_found" and "nicht da" in caught.value.message


@pytest.mark.skipif(os.name == "nt", reason="modes do not forbid reading on Windows")
@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may read everything")
def test_a_source_without_permission_is_an_error(tmp_path: Path) -> None:
    touch(tmp_path / "in" / "a.jpg", tmp_path / "in" / "sub" / "b.jpg")
    (tmp_path / "in" / "sub").chmod(0)
    assert reasons(find(tmp_path, tmp_path / "in")) == {"sub": "no_permission"}
    (tmp_path / "in").chmod(0)
    with pytest.raises(StageError) as caught:
        find(tmp_path, tmp_path / "in")
    assert caught.value.code == "no_permission"
    (tmp_path / "in").chmod(0o700)


def test_a_source_that_may_not_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "in" / "a.jpg", tmp_path / "in" / "sub" / "b.jpg")
    scan = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name in forbidden:
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    forbidden = {"sub"}
    assert reasons(find(tmp_path, tmp_path / "in")) == {"sub": "no_permission"}
    forbidden = {"in"}
    with pytest.raises(StageError) as caught:
        find(tmp_path, tmp_path / "in")
    assert caught.value.code == "no_permission"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.timeout(20)
def test_what_is_no_regular_file_is_named_and_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "in" / "a.jpg")
    monkeypatch.chdir(tmp_path / "in")
    os.mkfifo(tmp_path / "in" / "pipe.jpg")
    (tmp_path / "in" / "zero.jpg").symlink_to("/dev/zero")
    (tmp_path / "in" / "to pipe.jpg").symlink_to(tmp_path / "in" / "pipe.jpg")
    (tmp_path / "in" / "round.jpg").symlink_to(tmp_path / "in" / "round.jpg")
    (tmp_path / "in" / "round").symlink_to(tmp_path / "in" / "round")
    with closing(socket.socket(socket.AF_UNIX)) as made:
        made.bind("plug.jpg")
    os.mkfifo(tmp_path / "loose.jpg")
    os.mkfifo(tmp_path / "loose.zip")
    loose = (tmp_path / "loose.jpg", tmp_path / "loose.zip")
    found = find(tmp_path, tmp_path / "in", *loose)
    assert names(found) == ["a.jpg"]
    assert {(item.name, item.reason.code) for item in found.left_out} == {
        (name, "unreadable")
        for name in (
            *("pipe.jpg", "zero.jpg", "to pipe.jpg", "round.jpg", "plug.jpg"),
            *("loose.jpg", "loose.zip"),
        )
    }
