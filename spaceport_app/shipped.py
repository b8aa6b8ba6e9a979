"""What a release writes beside the code: where to ask for updates, and all licences."""

from __future__ import annotations

from pathlib import Path

from spaceport_app import records

_FOLDER = Path(__file__).parent
RELEASE = "release.json"
LICENCES = "LICENSES.txt"


def release() -> dict[str, str]:
    """Return what the release says of itself; empty for a copy that no release made.

    ``updates`` is the address that names the newest version, ``commit`` what it was built from.
    """
    try:
        found = records.parse((_FOLDER / RELEASE).read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): value for name, value in found.items() if isinstance(value, str)}


def licences() -> str:
    """Return the licences of everything that was shipped; empty where no release made this copy."""
    try:
        return (_FOLDER / LICENCES).read_text(encoding="utf-8")
    except OSError:
        return ""
