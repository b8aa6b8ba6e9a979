from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from spaceport_app import unzip
from spaceport_app.inside import OutsideError
from spaceport_app.unzip import DamagedZipError, UnsupportedZipError, ZipError


def archive(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries.items():
            file.writestr(name, data)
    return path


def contents(path: Path) -> dict[str, bytes | str]:
    found: dict[str, bytes | str] = {}
    with unzip.opened(path) as file:
        for info in file.infolist():
            try:
                found[info.filename] = unzip.read(file, info)
            except ZipError as error:
                found[info.filename] = str(error)
    return found


def test_what_went_in_comes_out(tmp_path: Path) -> None:
    entries = {"a": b"PK\x01\x02" + bytes(60), "b": b"", "c": bytes(3 << 20)}
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        for name, data in entries.items():
            file.writestr(name, data)
    assert contents(tmp_path / "a.zip") == entries


def test_any_byte_may_be_wrong(tmp_path: Path) -> None:
    """An archive of which bytes are changed is read, or refused in one of two ways."""
    data = archive(tmp_path / "a.zip", one=b"1" * 200, two=bytes(range(256))).read_bytes()
    random = np.random.default_rng(7)
    refused = 0
    for _ in range(1500):
        changed = np.frombuffer(data, np.uint8).copy()
        where = random.integers(0, len(changed), random.integers(1, 4))
        changed[where] = random.integers(0, 256, len(where))
        (tmp_path / "b.zip").write_bytes(changed.tobytes())
        try:
            contents(tmp_path / "b.zip")
        except ZipError:
            refused += 1
    assert 0 < refused < 1400


def test_an_archive_that_needs_a_later_version_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    data = bytearray(archive(tmp_path / "a.zip", one=b"1", two=b"2").read_bytes())
    data[data.index(b"PK\x01\x02") + 6] = 99
    (tmp_path / "a.zip").write_bytes(data)
    assert contents(tmp_path / "a.zip")["two"] == b"2"


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(17)])
def test_what_is_no_archive_is_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DamagedZipError):
        contents(tmp_path / "a.zip")


def test_a_directory_without_end_is_not_read(tmp_path: Path) -> None:
    size = 20 << 20
    end = b"PK\x05\x06" + bytes(8) + size.to_bytes(4, "little") + bytes(6)
    with (tmp_path / "a.zip").open("wb") as file:
        file.seek(size)
        file.write(end)
    with pytest.raises(UnsupportedZipError, match="too large"):
        contents(tmp_path / "a.zip")


def test_what_is_not_there_or_a_folder_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        contents(tmp_path / "a.zip")
    with pytest.raises(OutsideError):
        contents(tmp_path)
