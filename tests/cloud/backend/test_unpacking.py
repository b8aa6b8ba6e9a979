"""Results of earlier steps out of an archive that somebody else has made."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from spaceport_app.cloud.backend.unpacking import unpack
from spaceport_app.errors import StageError

FOLDERS = ("photos", "sfm", "splats", "edits.json")


def manifest(step: str, files: dict[str, bytes]) -> bytes:
    listed = [
        {"path": path, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for path, data in files.items()
    ]
    return json.dumps({"schema": 1, "step": step, "project": {}, "files": listed}).encode()


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return path


def unpacked(folder: Path, made: Path) -> dict[str, bytes]:
    project = folder / "p" / "one.spaceport"
    unpack(made, "one.zip", FOLDERS, project)
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for path in sorted(project.rglob("*"))
        if path.is_file()
    }


SFM = {"sfm/cloud.ply": b"cloud", "sfm/views/Ö.jpg": b"view"}
SPLATS = {"splats/splats.ply": b"splats"}


def test_the_folders_of_two_steps_are_unpacked_and_checked(tmp_path: Path) -> None:
    files = {f"colmap/ID/files/{path}": data for path, data in SFM.items()}
    files |= {f"3dgs/ID/files/{path}": data for path, data in SPLATS.items()}
    files["colmap/ID/manifest.json"] = manifest("sfm", SFM)
    files["3dgs/ID/manifest.json"] = manifest("3dgs", SPLATS)
    files["colmap/ID/progress.json"] = b"{}"
    assert unpacked(tmp_path, archive(tmp_path / "a.zip", files)) == {**SFM, **SPLATS}


@pytest.mark.parametrize("top", ["", "one.spaceport/"])
def test_the_folders_of_a_project_do_without_a_manifest(tmp_path: Path, top: str) -> None:
    files = {f"{top}{path}": data for path, data in {**SFM, **SPLATS}.items()}
    files |= {f"{top}logs/sfm.log": b"log", f"{top}project.json": b"{}"}
    assert unpacked(tmp_path, archive(tmp_path / "a.zip", files)) == {**SFM, **SPLATS}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"files/sfm/cloud.ply": b"clout"}, "input_damaged"),
        ({"files/sfm/cloud.ply": None}, "input_missing"),
        ({"manifest.json": b"{}"}, "input_damaged"),
        ({"manifest.json": b"no json"}, "input_damaged"),
        ({"manifest.json": manifest("sfm", {"sfm/../../x": b""})}, "input_damaged"),
    ],
)
def test_what_is_not_as_the_manifest_says_is_refused(
    tmp_path: Path, change: dict[str, bytes | None], code: str
) -> None:
    files: dict[str, Any] = {f"files/{path}": data for path, data in SFM.items()}
    files |= {"manifest.json": manifest("sfm", SFM), **change}
    made = archive(tmp_path / "a.zip", {k: v for k, v in files.items() if v is not None})
    with pytest.raises(StageError) as raised:
        unpacked(tmp_path, made)
    assert raised.value.code == code


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "sfm/../../x", "C:/x", "sfm\\x", "SFM/cloud.PLY", "sfm/\x01"]
)
def test_fault_6_a_name_that_climbs_or_collides_is_refused(tmp_path: Path, name: str) -> None:
    made = archive(tmp_path / "a.zip", {**SFM, name: b"x"})
    with pytest.raises(StageError) as raised:
        unpacked(tmp_path, made)
    assert raised.value.code == "bad_name"
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_fault_6_a_link_is_refused(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.zip", SFM)
    link = zipfile.ZipInfo("sfm/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(made, "a") as file:
        file.writestr(link, "/etc/passwd")
    with pytest.raises(StageError, match="link") as raised:
        unpacked(tmp_path, made)
    assert raised.value.code == "bad_archive"


def test_fault_6_a_bomb_is_refused(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.zip", {**SFM, "sfm/zeros": bytes(30 << 20)})
    with pytest.raises(StageError) as raised:
        unpacked(tmp_path, made)
    assert raised.value.code == "zip_bomb"


def test_fault_6_a_directory_that_lies_about_a_size_is_found_out(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.zip", {"sfm/zeros": bytes(30 << 20)})
    data = bytearray(made.read_bytes())
    entry = data.rfind(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (1000).to_bytes(4, "little")
    made.write_bytes(data)
    with pytest.raises(StageError) as raised:
        unpacked(tmp_path, made)
    assert raised.value.code in ("zip_bomb", "bad_archive")
    assert sum(p.stat().st_size for p in tmp_path.rglob("*") if p != made) < 2 << 20


@pytest.mark.parametrize("damage", ["cut", "no zip"])
def test_what_is_no_zip_is_told(tmp_path: Path, damage: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("sfm/a", b"x" * 1000)
    path = tmp_path / "a.zip"
    path.write_bytes(buffer.getvalue()[:-30] if damage == "cut" else b"no zip")
    with pytest.raises(StageError) as raised:
        unpacked(tmp_path, path)
    assert raised.value.code == "bad_archive"


@pytest.mark.parametrize(("field", "at"), [("place of the directory", 16), ("its size", 12)])
def test_a_directory_that_points_before_the_file_is_told(
    tmp_path: Path, field: str, at: int
) -> None:
    made = archive(tmp_path / "a.zip", SFM)
    data = bytearray(made.read_bytes())
    end = data.rindex(b"PK\x05\x06")
    data[end + at : end + at + 4] = (0x7FFFFFF0).to_bytes(4, "little")
    made.write_bytes(data)
    with pytest.raises(StageError) as raised:
        unpacked(tmp_path, made)
    assert raised.value.code == "bad_archive"


def test_a_packing_that_is_not_read_is_not_called_damaged(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.zip", SFM)
    data = bytearray(made.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 10 : at + 12] = (9).to_bytes(2, "little")
    made.write_bytes(data)
    with pytest.raises(StageError, match="Deflate64") as raised:
        unpacked(tmp_path, made)
    assert raised.value.code == "bad_archive"


@pytest.mark.parametrize("size", ["1e999", "1" + "0" * 400, "-1", "true", '"4"', "4.0", "null"])
def test_a_manifest_whose_sizes_are_none_is_refused(tmp_path: Path, size: str) -> None:
    text = manifest("sfm", SFM).decode().replace('"bytes": 5', f'"bytes": {size}')
    files = {**SFM, "manifest.json": text.encode()}
    with pytest.raises(StageError) as caught:
        unpacked(tmp_path, archive(tmp_path / "a.zip", files))
    assert caught.value.code == "input_damaged"
