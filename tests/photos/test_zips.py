from __future__ import annotations

import errno
import io
import os
import shutil
import stat
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from spaceport_app.errors import StageError
from spaceport_app.photos import zips
from spaceport_app.photos.discover import is_junk
from spaceport_app.photos.model import LeftOut

GIGABYTE = 10**9


def noise(count: int) -> bytes:
    return b"".join(i.to_bytes(4, "big") for i in range(count // 4))


def make(path: Path, entries: dict[str, bytes], deflate: bool = False) -> Path:
    kind = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as file:
        for name, data in entries.items():
            file.writestr(zipfile.ZipInfo(name), data, kind)
    return path


def extract(
    archive: Path, folder: Path, maximum: int = GIGABYTE
) -> tuple[list[str], tuple[LeftOut, ...]]:
    paths, left_out = zips.extract(archive, folder, maximum, is_junk, lambda done, total: None)
    assert all(path.is_file() for path in paths)
    return [path.relative_to(folder).as_posix() for path in paths], left_out


def codes(left_out: tuple[LeftOut, ...]) -> list[str]:
    return [item.reason.code for item in left_out]


def test_a_zip_within_a_zip_is_named(tmp_path: Path) -> None:
    archive = make(tmp_path / "a.zip", {"inner.zip": b"PK", "b.jpg": noise(64)})
    paths, left_out = extract(archive, tmp_path / "out")
    assert paths == ["b.jpg"]
    assert [(item.name, item.reason.code) for item in left_out] == [
        ("a.zip/inner.zip", "not_opened")
    ]


def test_pictures_that_are_not_read_are_named(tmp_path: Path) -> None:
    pictures = ("DCIM/a.jpg", "DCIM/a.DNG", "DCIM/b.dng", "c.webp", "notes.txt")
    archive = make(tmp_path / "a.zip", dict.fromkeys(pictures, noise(64)))
    paths, left_out = extract(archive, tmp_path / "out")
    assert paths == ["DCIM/a.jpg"]
    # The RAW beside its JPEG is not missed, the one alone is.
    assert [(item.name, item.reason.code) for item in left_out] == [
        ("a.zip/DCIM/b.dng", "unsupported"),
        ("a.zip/c.webp", "unsupported"),
    ]


def everything_below(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_photos_come_out_and_junk_stays(tmp_path: Path) -> None:
    archive = make(
        tmp_path / "Flug.zip",
        {
            "Küste 1/DJI 1.JPG": b"one",
            "Küste 1/DJI 2.jpg": b"two",
            "__MACOSX/Küste 1/._DJI 1.JPG": b"junk",
            "Küste 1/.hidden.jpg": b"junk",
            "Küste 1/Thumbs.db": b"junk",
            "old.spaceport/sfm/views/1.png": b"junk",
            "readme.txt": b"junk",
        },
    )
    seen: list[tuple[int, int]] = []
    paths, left_out = zips.extract(
        archive, tmp_path / "out", GIGABYTE, is_junk, lambda done, total: seen.append((done, total))
    )
    assert left_out == ()
    assert everything_below(tmp_path / "out") == {"Küste 1/DJI 1.JPG", "Küste 1/DJI 2.jpg"}
    assert paths[0].read_bytes() == b"one"
    assert seen == [(0, 2), (1, 2), (2, 2)]


@pytest.mark.parametrize(
    "name",
    [
        "../evil.jpg",
        "a/../../evil.jpg",
        "/evil.jpg",
        "\\evil.jpg",
        "..\\evil.jpg",
        "C:\\evil.jpg",
        "c:evil.jpg",
        "\\\\server\\share\\evil.jpg",
    ],
)
def test_entries_that_climb_out_stay_in(tmp_path: Path, name: str) -> None:
    archive = make(tmp_path / "slip.zip", {"good.jpg": b"x", name: b"evil"})
    out = tmp_path / "deep" / "out"
    names, left_out = extract(archive, out)
    assert names == ["good.jpg"]
    assert codes(left_out) == ["unsafe_zip"]
    assert everything_below(tmp_path) == {"slip.zip", "deep/out/good.jpg"}


def test_links_are_left_out(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(link, "/etc/passwd")
        file.writestr("good.jpg", b"x")
    names, left_out = extract(tmp_path / "a.zip", tmp_path / "out")
    assert names == ["good.jpg"] and codes(left_out) == ["unsafe_zip"]


def test_encrypted_entries_are_left_out(tmp_path: Path) -> None:
    archive = make(tmp_path / "a.zip", {"secret.jpg": b"x" * 100, "good.jpg": b"y"})
    data = bytearray(archive.read_bytes())
    data[data.index(b"PK\x03\x04") + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    names, left_out = extract(archive, tmp_path / "out")
    assert names == ["good.jpg"] and codes(left_out) == ["encrypted_zip"]


def test_a_bomb_by_ratio_is_refused_and_removed(tmp_path: Path) -> None:
    archive = make(
        tmp_path / "bomb.zip", {"a.jpg": b"x", "b.tif": b"\0" * 30_000_000}, deflate=True
    )
    assert archive.stat().st_size < 100_000
    names, left_out = extract(archive, tmp_path / "out")
    assert names == [] and codes(left_out) == ["zip_bomb"]
    assert everything_below(tmp_path) == {"bomb.zip"}


def test_a_bomb_by_size_is_refused(tmp_path: Path) -> None:
    archive = make(tmp_path / "big.zip", {f"{i}.jpg": noise(500_000) for i in range(3)})
    seen: list[int] = []
    paths, left_out = zips.extract(
        archive, tmp_path / "out", 1_000_000, is_junk, lambda done, total: seen.append(done)
    )
    assert paths == () and codes(left_out) == ["zip_bomb"]
    assert seen == []  # Refused by what it declares, before anything is unpacked.
    assert "0.001 GB" in left_out[0].reason.message
    assert len(extract(archive, tmp_path / "out", maximum=1_500_000)[0]) == 3


def test_bytes_are_counted_and_not_only_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = make(tmp_path / "big.zip", {f"{i}.jpg": noise(500_000) for i in range(3)})
    monkeypatch.setattr(zips, "_check_size", lambda *arguments: None)
    assert codes(extract(archive, tmp_path / "out", maximum=1_000_000)[1]) == ["zip_bomb"]
    assert everything_below(tmp_path) == {"big.zip"}


def test_a_bomb_by_count_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MAXIMUM_ENTRIES", 3)
    archive = make(tmp_path / "many.zip", {f"{i}.jpg": b"" for i in range(4)})
    assert codes(extract(archive, tmp_path / "out")[1]) == ["zip_bomb"]


def test_an_entry_that_lies_about_its_size_is_damaged(tmp_path: Path) -> None:
    archive = make(tmp_path / "liar.zip", {"a.jpg": noise(40_000), "b.jpg": b"x"}, deflate=True)
    data = bytearray(archive.read_bytes())
    data[data.index(b"PK\x01\x02") + 24 : data.index(b"PK\x01\x02") + 28] = (10).to_bytes(
        4, "little"
    )
    archive.write_bytes(data)
    names, left_out = extract(archive, tmp_path / "out")
    assert names == ["b.jpg"] and codes(left_out) == ["unreadable"]
    assert everything_below(tmp_path / "out") == {"b.jpg"}


def test_a_damaged_entry_is_left_out_and_the_others_are_kept(tmp_path: Path) -> None:
    archive = make(tmp_path / "a.zip", {"a.jpg": b"A" * 1000, "b.jpg": b"B" * 1000})
    data = bytearray(archive.read_bytes())
    data[data.index(b"AAAA") + 500] = 0
    archive.write_bytes(data)
    names, left_out = extract(archive, tmp_path / "out")
    assert names == ["b.jpg"] and codes(left_out) == ["unreadable"]
    assert left_out[0].name == "a.zip/a.jpg"


@pytest.mark.parametrize("share", [0.0, 0.5, 0.98])
def test_a_truncated_zip_is_left_out(tmp_path: Path, share: float) -> None:
    archive = make(tmp_path / "a.zip", {f"{i}.jpg": noise(1000) for i in range(9)})
    archive.write_bytes(archive.read_bytes()[: int(archive.stat().st_size * share)])
    names, left_out = extract(archive, tmp_path / "out")
    assert names == [] and codes(left_out) == ["bad_zip"]


def test_names_that_a_system_cannot_hold_are_changed(tmp_path: Path) -> None:
    archive = make(
        tmp_path / "a.zip",
        {"ab:c?.jpg": b"1", "CON.jpg": b"2", "x./y .jpg": b"3", "A.jpg": b"4", "a.JPG": b"5"},
    )
    names, left_out = extract(archive, tmp_path / "out")
    assert names == ["ab_c_.jpg", "_CON.jpg", "x/y .jpg", "A.jpg", "2_a.JPG"]
    assert left_out == ()


def test_finder_zips_keep_their_umlauts(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("Ku\u0308ste/a.jpg", b"x")
    raw = bytearray(data.getvalue())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = raw.index(signature) + offset
        raw[start + 1] &= ~0x08  # The flag that says UTF-8, which the Finder does not set.
    (tmp_path / "a.zip").write_bytes(raw)
    assert extract(tmp_path / "a.zip", tmp_path / "out")[0] == ["Küste/a.jpg"]


def test_a_zip_without_photos_says_so(tmp_path: Path) -> None:
    archive = make(tmp_path / "a.zip", {"readme.txt": b"x"})
    assert codes(extract(archive, tmp_path / "out")[1]) == ["unsupported"]


def test_too_little_disk_is_an_error_before_unpacking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10))
    archive = make(tmp_path / "a.zip", {"a.jpg": b"x" * 100})
    with pytest.raises(StageError) as caught:
        extract(archive, tmp_path / "out")
    assert caught.value.code == "disk_full"
    assert everything_below(tmp_path) == {"a.zip"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_fills_up_is_an_error_and_not_a_damaged_entry(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.jpg").symlink_to("/dev/full")
    archive = make(tmp_path / "a.zip", {"a.jpg": noise(2_000_000)})
    with pytest.raises(OSError) as caught:
        extract(archive, tmp_path / "out")
    assert caught.value.errno == errno.ENOSPC


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("in the way")
    archive = make(tmp_path / "a.zip", {"a.jpg": b"x" * 100})
    with pytest.raises(OSError, match=r"Not a directory|exists"):
        extract(archive, tmp_path / "out" / "photos")


def directory_at(data: bytes, number: int) -> int:
    """Return where the entry of this number stands in the directory."""
    at = -1
    for _ in range(number + 1):
        at = data.index(b"PK\x01\x02", at + 1)
    return at


@pytest.mark.parametrize(
    "name",
    [
        "a" * 300 + ".jpg",
        "ü" * 200 + ".jpg",
        "folder" * 60 + "/a.jpg",
        "x" * 251 + ".jpg",
        "/".join(["d" * 200] * 30)[1:] + "/a.jpg",
        "good.jpg/below.jpg",
        "Good.JPG/below.jpg",
        "con.jpg",
        "com\u00b9.jpg",
        "a\x1b[31m.jpg",
    ],
)
def test_a_name_that_no_disk_holds_costs_no_photo(tmp_path: Path, name: str) -> None:
    archive = make(tmp_path / "a.zip", {"good.jpg": b"1", name: b"2", "last.jpg": b"3"})
    names, left_out = extract(archive, tmp_path / "out")
    assert left_out == () and len(names) == 3
    contents = [(tmp_path / "out" / path).read_bytes() for path in names]
    assert contents == [b"1", b"2", b"3"]


def test_a_long_name_that_is_taken_still_fits(tmp_path: Path) -> None:
    long = "x" * 251
    archive = make(
        tmp_path / "a.zip", {f"{long}.jpg": b"1", f"{long}.JPG": b"2", f"{long}_.jpg": b"3"}
    )
    names, left_out = extract(archive, tmp_path / "out")
    assert left_out == () and len({name.casefold() for name in names}) == 3


def test_a_folder_of_the_zip_may_be_called_as_a_photo(tmp_path: Path) -> None:
    archive = make(tmp_path / "a.zip", {"a.jpg/b.jpg": b"1", "a.jpg": b"2", "a.jpg/": b""})
    assert extract(archive, tmp_path / "out") == (["a.jpg/b.jpg", "2_a.jpg"], ())


def test_an_entry_that_the_disk_refuses_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "out" / "b.jpg").mkdir(parents=True)
    archive = make(tmp_path / "a.zip", {"a.jpg": b"1", "b.jpg": b"2", "c.jpg": b"3"})
    names, left_out = extract(archive, tmp_path / "out")
    assert names == ["a.jpg", "c.jpg"] and codes(left_out) == ["unreadable"]
    assert left_out[0].name == "a.zip/b.jpg" and "directory" in left_out[0].reason.message


@pytest.mark.parametrize("method", [9, 93, 99, 2077])
def test_a_packing_that_is_not_read_leaves_the_others(tmp_path: Path, method: int) -> None:
    archive = make(tmp_path / "a.zip", {"a.jpg": b"1", "b.jpg": b"2", "c.jpg": b"3"})
    data = bytearray(archive.read_bytes())
    at = directory_at(data, 1)
    data[at + 10 : at + 12] = method.to_bytes(2, "little")
    archive.write_bytes(data)
    names, left_out = extract(archive, tmp_path / "out")
    assert names == ["a.jpg", "c.jpg"] and codes(left_out) == ["unsupported"]
    assert "damaged" not in left_out[0].reason.message


@pytest.mark.parametrize("oddity", ["version", "no UTF-8", "extra", "place", "local UTF-8"])
def test_an_odd_entry_in_the_directory_leaves_the_others(tmp_path: Path, oddity: str) -> None:
    names = ["a.jpg", "\u00fcb.jpg", "c.jpg"]
    archive = make(tmp_path / "a.zip", dict.fromkeys(names, b"x" * 50))
    data = bytearray(archive.read_bytes())
    at, local = directory_at(data, 1), data.index(b"PK\x03\x04", 4)
    if oddity == "version":
        data[at + 6] = 200
    elif oddity == "no UTF-8":
        data[at + 46] = 0xFF
    elif oddity == "extra":
        # Its last two bytes become an extra field that is longer than it says.
        data[at + 28 : at + 32] = (len("\u00fcb.jpg".encode()) - 4).to_bytes(2, "little") + b"\4\0"
    elif oddity == "place":
        data[at + 42 : at + 46] = b"\xff\xff\xff\x7f"
    else:
        data[local + 30] = 0xFF
    archive.write_bytes(data)
    paths, left_out = extract(archive, tmp_path / "out")
    assert {"a.jpg", "c.jpg"} <= set(paths)
    # What cannot be unpacked is named; what can is there.
    assert len(paths) + len([x for x in left_out if x.reason.code == "unreadable"]) in (2, 3)


def test_a_directory_that_points_before_the_file_is_damaged(tmp_path: Path) -> None:
    archive = make(tmp_path / "a.zip", {"a.jpg": noise(400)})
    data = bytearray(archive.read_bytes())
    end = data.rindex(b"PK\x05\x06")
    data[end + 12 : end + 16] = (0x7FFFFFFF).to_bytes(4, "little")
    archive.write_bytes(data)
    names, left_out = extract(archive, tmp_path / "out")
    assert names == [] and codes(left_out) == ["bad_zip"]
    assert left_out[0].reason.message == "The zip is damaged or cut short."


def test_many_entries_of_one_name_take_no_time(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file, pytest.warns(UserWarning):
        for _ in range(400):
            file.writestr("a.jpg", b"x")
    names, _ = extract(tmp_path / "a.zip", tmp_path / "out")
    assert len(names) == 400


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_pipe_called_zip_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.zip")
    assert codes(extract(tmp_path / "a.zip", tmp_path / "out")[1]) == ["unreadable"]
