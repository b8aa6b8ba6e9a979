"""A file is old or new, never half written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spaceport_app import atomic


def test_bytes_arrive(tmp_path: Path) -> None:
    path = tmp_path / "Fläche 7.json"
    atomic.write_bytes(path, b"\x00\r\n\xff")
    assert path.read_bytes() == b"\x00\r\n\xff"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_readers_see_the_old_file_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("old")
    with atomic.replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_a_failure_keeps_the_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic.replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["settings.json"]


def test_the_file_stands_beside_its_goal_for_one_rename(tmp_path: Path) -> None:
    with atomic.replacing(tmp_path / "a.bin") as temporary:
        assert temporary.parent == tmp_path
        temporary.write_bytes(b"")
    assert (tmp_path / "a.bin").exists()


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        atomic.write_bytes(tmp_path / "gone" / "a.txt", b"x")


def test_json_is_strict_and_brings_back_any_name(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    atomic.write_json(path, {"größe": [1, 2.5, float("inf")], "loss": float("nan"), "t": (1,)})
    assert path.read_text("utf-8").startswith('{\n  "größe"')
    assert json.loads(path.read_text("utf-8"), parse_constant=pytest.fail) == {
        "größe": [1, 2.5, None],
        "loss": None,
        "t": [1],
    }
    name = os.fsdecode(b"Fl\xfcg.jpg")
    atomic.write_json(path, {"name": name, "ort": "Köln"}, indent=None)
    assert path.read_bytes().isascii() and path.read_bytes().count(b"\n") == 1
    assert json.loads(path.read_text("utf-8")) == {"name": name, "ort": "Köln"}


def test_only_what_killed_writers_left_is_removed(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / f".project.json.{ended.pid}.partial"
    kept = [
        tmp_path / f".notes.{ended.pid}.partial",
        tmp_path / f".project.json.{os.getpid()}.partial",
        tmp_path / ".train.partial",
        tmp_path / f"photo.{ended.pid}.partial",
        tmp_path / "project.json",
    ]
    for path in [left, *kept]:
        path.write_text("{")
    atomic.remove_leftovers(tmp_path, "project.json")
    assert sorted(tmp_path.iterdir()) == sorted(kept)
