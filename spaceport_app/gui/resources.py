"""Where the files that ship beside the code lie."""

from __future__ import annotations

from pathlib import Path

_PLACES = (Path(__file__).parents[2] / "resources", Path(__file__).parents[1] / "resources")


def path(*parts: str) -> Path:
    """Return the path of a shipped file or folder; it may not be there.

    Parameters
    ----------
    *parts : str
        Names below ``resources/``, such as ``"styles", "spaceport.qss"``.
    """
    for place in _PLACES:
        found = place.joinpath(*parts)
        if found.exists():
            return found
    return _PLACES[0].joinpath(*parts)
