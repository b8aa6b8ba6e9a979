from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from mutated import check_reader

from spaceport_app.errors import StageError
from spaceport_app.photos import store
from spaceport_app.photos.model import (
    Finding,
    LeftOut,
    Orientation,
    Origin,
    Photo,
    PhotoSet,
    Position,
)


def photo(path: Path, **changes: object) -> Photo:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.fsencode(path.name))
    status = path.stat()
    plain = Photo(
        name=path.name,
        path=path,
        size_bytes=status.st_size,
        modified_ns=status.st_mtime_ns,
        sha256=sha256(path.read_bytes()).hexdigest(),
        width=4000,
        height=3000,
        camera="DJI FC300S 3.6 mm 4000x3000",
        make="DJI",
        model="FC300S",
        focal_px=2311.25083,
        taken_at="2016-06-23T16:31:59.07",
        position=Position(46.842659763905184, -91.99400305560336, 198.61, 39.8, 0.01, None),
        orientation=Orientation(45.0, -89.9, 0.1),
        sharpness=0.0123456789,
        brightness=0.4609,
        findings=(Finding("blurred", "Unscharf wie ein Nebel über der Küste."),),
        detail=0.98,
        clipped=0.01,
        plain=False,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def photoset(folder: Path, *names: str) -> PhotoSet:
    photos = tuple(photo(folder / name) for name in names)
    gone = LeftOut("kaputt.jpg", folder / "kaputt.jpg", Finding("unreadable", "Beschädigt."))
    return PhotoSet(photos, (gone,), Origin(46.842659763905184, -91.994, 198.61))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux names files by any bytes")
def test_names_that_are_no_unicode_come_back(tmp_path: Path) -> None:
    name = os.fsdecode(b"Fl\xfcg.jpg")
    try:
        written = photoset(tmp_path, name)
    except OSError:
        pytest.skip("this disk takes Unicode names only")
    store.write(tmp_path, written)
    assert store.read(tmp_path) == written
    assert store.changed(store.read(tmp_path)) == ()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = photoset(tmp_path / "Küste 1", "Möwe.jpg", "b.jpg")
    bare = photo(
        tmp_path / "c.jpg",
        focal_px=None,
        taken_at=None,
        position=None,
        orientation=None,
        used=False,
    )
    written = replace(written, photos=(*written.photos, bare))
    path = store.write(tmp_path, written)
    assert store.read(tmp_path) == written
    assert "Möwe.jpg" in path.read_text(encoding="utf-8")
    assert list(tmp_path.glob(".photos.json*")) == []


def test_the_folder_may_be_renamed(tmp_path: Path) -> None:
    partial = tmp_path / ".import.partial"
    inside = photo(partial / "extracted" / "Flug" / "a.jpg")
    outside = photo(tmp_path / "dcim" / "b.jpg")
    store.write(partial, PhotoSet((inside, outside), (), None))
    partial.rename(tmp_path / "photos")
    read = store.read(tmp_path / "photos")
    assert read.photos[0].path == tmp_path / "photos" / "extracted" / "Flug" / "a.jpg"
    assert read.photos[1].path == outside.path
    assert store.changed(read) == ()


def test_lists_of_older_versions_without_the_newer_fields_open(tmp_path: Path) -> None:
    path = store.write(tmp_path, photoset(tmp_path, "a.jpg"))
    document = json.loads(path.read_text(encoding="utf-8"))
    for name in ("detail", "clipped", "plain"):
        del document["photos"][0][name]
    path.write_text(json.dumps(document), encoding="utf-8")
    assert store.read(tmp_path).photos[0].detail == 1.0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "no_photo_list"),
        ("", "bad_photo_list"),
        ('{"schema": 1, "photos": [', "bad_photo_list"),
        ('{"schema": 1, "photos": [{"name": "a"}], "left_out": []}', "bad_photo_list"),
        ("[]", "bad_photo_list"),
        ('{"schema": 99}', "bad_photo_list"),
    ],
)
def test_a_list_that_cannot_be_read_is_an_error(
    tmp_path: Path, text: str | None, code: str
) -> None:
    if text is not None:
        (tmp_path / "photos.json").write_text(text)
    with pytest.raises(StageError) as caught:
        store.read(tmp_path)
    assert caught.value.code == code


def test_a_list_of_a_newer_version_says_so(tmp_path: Path) -> None:
    (tmp_path / "photos.json").write_text('{"schema": 99}')
    with pytest.raises(StageError, match="newer Spaceport"):
        store.read(tmp_path)


def test_changes_since_the_import(tmp_path: Path) -> None:
    photos = photoset(tmp_path, "a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg")
    assert store.changed(photos) == ()
    os.utime(tmp_path / "a.jpg", ns=(1, 1))  # Only copied or touched: the bytes are the same.
    (tmp_path / "b.jpg").write_bytes(b"B.jpg")
    os.utime(tmp_path / "b.jpg", ns=(1, 1))
    (tmp_path / "c.jpg").write_bytes(b"longer than before")
    (tmp_path / "d.jpg").unlink()
    kinds = {change.name: change.kind for change in store.changed(photos)}
    assert kinds == {"b.jpg": "changed", "c.jpg": "changed", "d.jpg": "vanished"}


def test_photos_that_are_not_used_may_change(tmp_path: Path) -> None:
    unused = photo(tmp_path / "a.jpg", used=False)
    (tmp_path / "a.jpg").unlink()
    assert store.changed(PhotoSet((unused,), (), None)) == ()


def test_a_list_with_anything_wrong_in_it_is_read_or_refused(tmp_path: Path) -> None:
    path = store.write(tmp_path, photoset(tmp_path / "p", "a.jpg"))
    check_reader(path, lambda: store.changed(store.read(tmp_path)), "bad_photo_list")


@pytest.mark.parametrize("path", ["../../victim.jpg", "", ".", "a\0.jpg", "/a\0.jpg"])
def test_photos_of_a_zip_lie_in_the_folder(tmp_path: Path, path: str) -> None:
    file = store.write(tmp_path, photoset(tmp_path / "p", "a.jpg"))
    raw = json.loads(file.read_text(encoding="utf-8"))
    raw["photos"][0]["path"] = path
    file.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(StageError) as caught:
        store.read(tmp_path)
    assert caught.value.code == "bad_photo_list"
