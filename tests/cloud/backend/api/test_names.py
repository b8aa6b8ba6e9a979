from __future__ import annotations

import pytest

from spaceport_app.cloud.backend.api.names import check, check_all


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../a.jpg",
        "a/../../b.jpg",
        "a/..",
        "..",
        ".",
        "./a.jpg",
        "a//b.jpg",
        "a/",
        "C:/a.jpg",
        "c:a.jpg",
        "\\\\server\\a.jpg",
        "..\\a.jpg",
        "a\\b.jpg",
        "a\x00.jpg",
        "a\nb.jpg",
        "a\x7f.jpg",
        "a\x9f.jpg",
        "\ud800.jpg",
        "x" * 256,
        "ü" * 128,
        "/".join(["x" * 200] * 6),
        "con.jpg",
        "AUX",
        "a/NUL .txt",
        "lpt1.a.jpg/b.jpg",
    ],
)
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        check(name)


@pytest.mark.parametrize(
    "name",
    [
        "a.jpg",
        "console.jpg",
        "DCIM/100MEDIA/DJI_0001.JPG",
        "..a/b..jpg",
        "Wiese im März/空.jpg",
        "a b%20c+d.jpg",
    ],
)
def test_names_that_people_have_are_taken(name: str) -> None:
    check(name)


@pytest.mark.parametrize(
    "names",
    [
        ("a.jpg", "a.jpg"),
        ("a.jpg", "A.JPG"),
        ("u\u0308.jpg", "\u00fc.jpg"),
        ("U\u0308.jpg", "\u00fc.JPG"),
        ("Straße/a.jpg", "STRASSE/a.jpg"),
        ("\u1e9b\u0323", "\u1e69"),
        ("a", "a/b.jpg"),
        ("a/B/c.jpg", "A/b"),
    ],
)
def test_names_that_lie_upon_each_other_are_refused(names: tuple[str, ...]) -> None:
    # U+1E9B U+0323 folds to the same letter with two dots as U+1E69.
    with pytest.raises(ValueError, match=r"same name|both a file"):
        check_all(names)


def test_same_name_in_two_folders_is_two_files() -> None:
    check_all(["100MEDIA/DJI_0001.JPG", "101MEDIA/DJI_0001.JPG", "DJI_0001.JPG"])
