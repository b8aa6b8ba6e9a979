from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from spaceport_app.errors import StageError
from spaceport_app.sogs.archive import read_archive, write_archive

FILES = {"quats.webp": b"q" * 300, "meta.json": b"{}", "means_l.webp": bytes(range(256))}


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "Über uns.sog"
    write_archive(path, FILES)
    load = read_archive(path)
    assert {name: load(name) for name in FILES} == FILES


def test_entries_are_stored_plainly_and_repeat_byte_for_byte(tmp_path: Path) -> None:
    write_archive(tmp_path / "a.sog", FILES)
    write_archive(tmp_path / "b.sog", dict(reversed(list(FILES.items()))))
    data = (tmp_path / "a.sog").read_bytes()
    assert data == (tmp_path / "b.sog").read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.comment == b""
        assert archive.namelist()[0] == "meta.json"
        for entry in archive.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED
            assert entry.extract_version <= 20
            assert entry.extra == b""
    assert b"PK\x06\x06" not in data


def test_a_cut_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.sog"
    write_archive(path, FILES)
    whole = path.read_bytes()
    for end in (0, 10, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:end])
        with pytest.raises(StageError, match=r"a\.sog is no complete \.sog") as caught:
            read_archive(path)
        assert caught.value.code == "bad_bundle"


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.sog"
    write_archive(path, FILES)
    path.write_bytes(path.read_bytes().replace(b"qqq", b"qxq", 1))
    with pytest.raises(StageError, match=r"quats\.webp in a\.sog is damaged"):
        read_archive(path)("quats.webp")


def test_missing_and_foreign_names(tmp_path: Path) -> None:
    path = tmp_path / "a.sog"
    write_archive(path, FILES)
    load = read_archive(path)
    for name in ("sh0.webp", "../meta.json", "/etc/hostname", ""):
        with pytest.raises(StageError, match="missing"):
            load(name)


def deflated(path: Path, files: list[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)


def test_compressed_entries_and_a_folder_inside_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.sog"
    deflated(path, [("scene/meta.json", b"{}"), ("scene/quats.webp", b"q")])
    load = read_archive(path)
    assert load("meta.json") == b"{}"
    assert load("quats.webp") == b"q"


def test_bombs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.sog"
    deflated(path, [("meta.json", b"{}"), ("quats.webp", bytes(50_000_000))])
    with pytest.raises(StageError, match="would unpack to 50,000,002 bytes"):
        read_archive(path)
    deflated(path, [("meta.json", b"{}"), *((f"{i}.webp", b"") for i in range(100))])
    with pytest.raises(StageError, match="101 files"):
        read_archive(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.sog"
    deflated(path, [("meta.json", b"{}"), ("meta.json", b"[]")])
    with pytest.raises(StageError, match="two files of one name"):
        read_archive(path)


def test_without_meta(tmp_path: Path) -> None:
    path = tmp_path / "a.sog"
    deflated(path, [("quats.webp", b"q")])
    with pytest.raises(StageError, match=r"no meta\.json"):
        read_archive(path)


@pytest.mark.parametrize("at", [12, 16])
def test_a_directory_that_points_before_the_file_is_refused(tmp_path: Path, at: int) -> None:
    path = tmp_path / "a.sog"
    write_archive(path, FILES)
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\x05\x06")
    data[end + at : end + at + 4] = (0x7FFFFFF0).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(StageError, match=r"a\.sog") as caught:
        read_archive(path)("meta.json")
    assert caught.value.code == "bad_bundle"


def test_any_bytes_of_the_directory_may_be_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.sog"
    write_archive(path, FILES)
    data = path.read_bytes()
    random = np.random.default_rng(3)
    for _ in range(500):
        changed = bytearray(data)
        for where in random.integers(data.index(b"PK\x01\x02"), len(data), 2):
            changed[where] = random.integers(256)
        path.write_bytes(changed)
        try:
            load = read_archive(path)
            for name in FILES:
                load(name)
        except StageError as error:
            assert error.code == "bad_bundle"


def test_a_packing_that_is_not_read_is_not_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.sog"
    write_archive(path, FILES)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 10 : at + 12] = (93).to_bytes(2, "little")
    path.write_bytes(data)
    with pytest.raises(StageError, match="Zstandard"):
        read_archive(path)("meta.json")
