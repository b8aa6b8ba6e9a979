"""What keys and mouse do, for Help > Keys and mouse; no Qt."""

from __future__ import annotations

from collections.abc import Iterable

Row = tuple[str, str]

_PHOTOS: tuple[Row, ...] = (
    ("Arrows, Home, End", "choose a photo"),
    ("Return, double-click", "go to its camera in the view in front"),
    ("Space", "take the chosen photos out, or in again"),
    ("Delete / Insert", "take them out / in"),
)
_FLIGHT: tuple[Row, ...] = (
    ("Drag, arrows", "turn"),
    ("Shift or right button and drag", "shift"),
    ("Wheel, + and -", "zoom"),
    ("Click on a camera", "choose its photo"),
    ("Double-click on a camera", "fly to it"),
    ("Home", "show all"),
)
_SPLAT: tuple[Row, ...] = (
    ("Drag", "turn"),
    ("Shift or right button and drag", "shift"),
    ("Wheel", "zoom to the pointer"),
    ("W A S D", "fly forward, left, back, right"),
    ("E Q", "fly up, down"),
    ("Shift", "fly faster"),
    ("Arrows", "look around"),
    ("Double-click", "turn about that point"),
    ("Home", "show all"),
)


def text(menus: Iterable[Row]) -> str:
    """Return all of it as plain text.

    Parameters
    ----------
    menus : iterable of (str, str)
        Keys of the menus and what they do.
    """
    sections = (
        ("Anywhere", (*menus, ("Tab, Shift+Tab", "next, previous field or button"))),
        ("List of photos", _PHOTOS),
        ("Flight", _FLIGHT),
        ("Splat", _SPLAT),
    )
    wide = max(len(keys) for _, rows in sections for keys, _ in rows)
    return "\n\n".join(
        "\n".join([head, *(f"  {keys:<{wide}}  {words}" for keys, words in rows)])
        for head, rows in sections
    )
