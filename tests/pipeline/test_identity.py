from __future__ import annotations

import os
from pathlib import Path

import pytest

from spaceport_app.pipeline import identity


def test_a_folder_is_its_content(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        (folder / "sub").mkdir(parents=True)
        (folder / "sub" / "ä").write_bytes(b"12")
        (folder / "b").write_bytes(b"3")
    assert identity.of_folder(one) == identity.of_folder(two)
    os.utime(two / "b", ns=(1, 1))
    assert identity.of_folder(one) == identity.of_folder(two)
    (two / "b").write_bytes(b"4")
    assert identity.of_folder(one) != identity.of_folder(two)


def test_bytes_do_not_flow_from_file_to_file(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    (one / "a").write_bytes(b"xy")
    (one / "b").write_bytes(b"")
    (two / "a").write_bytes(b"x")
    (two / "b").write_bytes(b"y")
    assert identity.of_folder(one) != identity.of_folder(two)


def test_a_name_counts(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    (one / "a").write_bytes(b"x")
    (two / "b").write_bytes(b"x")
    assert identity.of_folder(one) != identity.of_folder(two)


def test_json_in_any_order(tmp_path: Path) -> None:
    assert identity.of_json({"a": 1, "b": [2]}) == identity.of_json({"b": [2], "a": 1})
    assert identity.of_json({"a": 1}) != identity.of_json({"a": 1.5})


def test_sources_are_listed_without_what_nobody_reads(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    (photos / "hidden").mkdir(parents=True)
    (photos / "hidden" / "x").write_bytes(b"1")
    (photos / "a.jpg").write_bytes(b"12")
    (photos / "Thumbs.db").write_bytes(b"1")
    gone = tmp_path / "gone.jpg"
    found = identity.of_sources((photos, gone), lambda name: name in ("hidden", "Thumbs.db"))
    time = (photos / "a.jpg").stat().st_mtime_ns
    assert found == [[str(photos / "a.jpg"), 2, time], [str(gone)]]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_pipe_is_listed_without_size_and_time(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    assert identity.of_sources((tmp_path,), lambda name: False) == [[str(tmp_path / "a.jpg")]]
