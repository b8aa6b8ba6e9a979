from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from spaceport_app import portable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DJI_0001.JPG", "DJI_0001.JPG"),
        ("Küste 1.jpg", "Küste 1.jpg"),
        (unicodedata.normalize("NFD", "Küste.jpg"), "Küste.jpg"),
        ('a<b>c:d"e|f?g*h.jpg', "a_b_c_d_e_f_g_h.jpg"),
        ("a/b\\c.jpg", "a_b_c.jpg"),
        ("\x1b[31m\x9bred\x7f.jpg", "_[31m_red_.jpg"),
        ("gpj.\u202eexe", "gpj._exe"),
        ("con", "_con"),
        ("NUL.tar.gz", "_NUL.tar.gz"),
        ("com\u00b9.jpg", "_com\u00b9.jpg"),
        ("lpt1 .jpg", "_lpt1 .jpg"),
        ("conin$", "_conin$"),
        ("console.jpg", "console.jpg"),
        ("x. . ", "x"),
        ("...", "_"),
        ("", "_"),
        ("a\udcff.jpg", "a?.jpg".replace("?", "_")),
    ],
)
def test_names_become_what_every_system_can_hold(text: str, expected: str) -> None:
    assert portable.name(text) == expected
    assert portable.name(expected) == expected


@pytest.mark.parametrize("letter", ["a", "ü", "山", "🚁"])
def test_long_names_keep_their_ending_and_whole_letters(tmp_path: Path, letter: str) -> None:
    short = portable.name(letter * 400 + ".JPG")
    assert short.endswith(".JPG") and set(short[:-4]) == {letter}
    assert portable.MOST_BYTES - 4 < len(os.fsencode(short)) <= portable.MOST_BYTES
    # A number in front and the ending of a temporary file fit as well.
    (tmp_path / f".50000_{short}.4194304.partial").touch()
    assert len(portable.name(letter * 400, 20).encode()) <= 20


def test_what_is_no_ending_is_cut_as_well() -> None:
    assert len(portable.name("a." + "b" * 400)) == portable.MOST_BYTES


def test_no_file_is_the_folder_of_another(tmp_path: Path) -> None:
    tree = portable.Tree(1000)
    wanted = ["a.jpg", "a.jpg/b.jpg", "A.JPG/c.jpg", "x/y.jpg", "x", "X/Y.jpg", "2_x", "x"]
    paths = [tree.add(path.split("/")) for path in wanted]
    assert paths[:4] == ["a.jpg", "2_a.jpg/b.jpg", "2_a.jpg/c.jpg", "x/y.jpg"]
    assert len({path.casefold() for path in paths}) == len(wanted)
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        with (tmp_path / path).open("x"):
            pass


def test_a_path_beyond_what_fits_goes_to_the_top() -> None:
    tree = portable.Tree(300)
    deep = [f"{'d' * 50}{number}" for number in range(20)]
    paths = [tree.add([*deep, "photo.jpg"]), tree.add([*deep, "e", "photo.jpg"])]
    assert paths == ["photo.jpg", "2_photo.jpg"]
    assert tree.add(["short", "photo.jpg"]) == "short/photo.jpg"


def test_a_path_of_little_room_is_cut_to_it() -> None:
    path = portable.Tree(60).add(["folder", "p" * 200 + ".jpg"])
    assert path.endswith(".jpg") and len(path) <= 60


def test_many_alike_take_no_time() -> None:
    free = portable.Free()
    names = {free.take("a.jpg" if number % 2 else "A.JPG") for number in range(50_000)}
    assert len(names) == 50_000
