"""PLY files as other programs write and read them, against bytes packed by hand."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from spaceport_app import ply, resources
from spaceport_app.errors import StageError

HEADER = (
    "ply\nformat {0} 1.0\ncomment made by hand\nobj_info none\nelement vertex 2\n"
    "property float x\nproperty uchar red\nproperty double t\nend_header\n"
)
ROWS = ((1.5, 7, -0.1), (-2.25, 255, 1e300))


def check(table: ply.Table) -> None:
    assert table.dtype.names == ("x", "red", "t")
    assert [tuple(row) for row in table.tolist()] == list(ROWS)


@pytest.mark.parametrize(
    ("name", "order"), [("binary_little_endian", "<"), ("binary_big_endian", ">")]
)
def test_binary_of_either_byte_order(tmp_path: Path, name: str, order: str) -> None:
    body = b"".join(struct.pack(f"{order}fBd", *row) for row in ROWS)
    path = tmp_path / "Wölkchen 1.ply"
    path.write_bytes(HEADER.format(name).encode() + body)
    check(ply.read_vertices(path))


def test_ascii_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    text = HEADER.format("ascii") + "".join(f"{x!r} {r} {t!r}\n" for x, r, t in ROWS)
    path.write_text(text, newline="\n")
    check(ply.read_vertices(path))
    path.write_text(text, newline="\r\n")
    check(ply.read_vertices(path))


def test_elements_before_the_vertices_are_passed_over(tmp_path: Path) -> None:
    header = (
        "ply\nformat binary_little_endian 1.0\nelement camera 2\nproperty short a\n"
        "element vertex 1\nproperty float x\nelement face 1\n"
        "property list uchar int vertex_indices\nend_header\n"
    )
    path = tmp_path / "a.ply"
    path.write_bytes(header.encode() + struct.pack("<hhf", 1, 2, 9.5) + b"\x00")
    assert ply.read_vertices(path)["x"].tolist() == [9.5]


def test_what_is_written_is_the_specified_bytes(tmp_path: Path) -> None:
    table = np.array(list(ROWS), dtype=[("x", "f4"), ("red", "u1"), ("t", ">f8")])
    path = tmp_path / "a.ply"
    ply.write_vertices(path, table, comments=("hello",))
    expected = (
        b"ply\nformat binary_little_endian 1.0\ncomment hello\nelement vertex 2\n"
        b"property float x\nproperty uchar red\nproperty double t\nend_header\n"
    ) + b"".join(struct.pack("<fBd", *row) for row in ROWS)
    assert path.read_bytes() == expected
    check(ply.read_vertices(path))


def test_no_vertices_at_all_is_a_table_of_none(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    ply.write_vertices(path, np.zeros(0, dtype=[("x", "f4")]))
    assert len(ply.read_vertices(path)) == 0


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is not a PLY file"),
        (b"\xff\xd8\xff", "is not a PLY file"),
        (b"ply\nformat ascii 1.0\n", "has no complete PLY header"),
        (b"ply\nelement vertex 1\nproperty float x\nend_header\n", "does not name its PLY format"),
        (b"ply\nformat ascii 1.0\nend_header\n", "has no vertices"),
        (b"ply\nformat odd 1.0\nelement vertex 1\nend_header\n", "header that cannot be read"),
        (
            b"ply\nformat ascii 1.0\nelement vertex many\nproperty float x\nend_header\n",
            "header that cannot be read",
        ),
        (
            b"ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nend_header\n1\n",
            "is cut short or damaged",
        ),
        (
            b"ply\nformat binary_little_endian 1.0\nelement vertex 2\nproperty float x\n"
            b"end_header\n\x00\x00\x00\x00",
            "is cut short",
        ),
        (
            b"ply\nformat ascii 1.0\nelement vertex -1\nproperty float x\nend_header\n",
            "header that cannot be read",
        ),
        (
            b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float x\n"
            b"end_header\n1 2\n",
            "names a property twice",
        ),
        (
            b"ply\nformat binary_little_endian 1.0\nelement vertex 900000000000000\n"
            b"property float x\nend_header\n\x00",
            "is cut short",
        ),
        (
            b"ply\nformat ascii 1.0\nelement vertex 900000000000000\nproperty float x\n"
            b"end_header\n1\n",
            "is cut short",
        ),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "bad.ply"
    path.write_bytes(content)
    with pytest.raises(StageError, match=what) as caught:
        ply.read_vertices(path)
    assert caught.value.code == "bad_ply"
    assert caught.value.message.startswith("bad.ply ")


@pytest.mark.parametrize(
    ("kind", "word"), [("uchar", "256"), ("uchar", "-1"), ("int", "1" + "0" * 30), ("char", "999")]
)
def test_an_integer_out_of_its_type_is_damage(tmp_path: Path, kind: str, word: str) -> None:
    path = tmp_path / "a.ply"
    path.write_text(
        f"ply\nformat ascii 1.0\nelement vertex 1\nproperty {kind} x\nend_header\n{word}\n"
    )
    with pytest.raises(StageError, match="damaged") as caught:
        ply.read_vertices(path)
    assert caught.value.code == "bad_ply"


def test_words_are_read_in_blocks(tmp_path: Path) -> None:
    rows = 10_000
    path = tmp_path / "a.ply"
    body = "".join(f"{row} {row % 256} {row / 7}\n" for row in range(rows))
    head = HEADER.format("ascii").replace("vertex 2", f"vertex {rows}")
    path.write_text(head + body)
    table = ply.read_vertices(path)
    assert np.array_equal(table["x"], np.arange(rows, dtype=np.float32))
    assert np.array_equal(table["t"], np.array([row / 7 for row in range(rows)]))
    path.write_text(head + body[: len(body) // 2])
    with pytest.raises(StageError, match="cut short"):
        ply.read_vertices(path)


def test_rows_that_the_file_cannot_hold_take_no_memory(tmp_path: Path) -> None:
    properties = "".join(f"property double p{number}\n" for number in range(60))
    path = tmp_path / "a.ply"
    head = f"ply\nformat ascii 1.0\nelement vertex 90000\n{properties}end_header\n"
    path.write_text(head + "\n" * 90_000)
    with pytest.raises(StageError, match="cut short"):
        ply.read_vertices(path)


def test_a_scene_that_does_not_fit_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.ply"
    ply.write_vertices(path, np.zeros(500_000, [("x", "<f4"), ("y", "<f8"), ("z", "<f8")]))
    monkeypatch.setattr(resources, "free_memory_bytes", lambda: 19_000_000)
    with pytest.raises(StageError) as caught:
        ply.read_vertices(path)
    assert caught.value.code == "not_enough_memory"
    assert "500,000 rows takes 20.0 MB" in caught.value.message


def test_a_folder_is_no_scene(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="no regular file"):
        ply.read_vertices(tmp_path)
