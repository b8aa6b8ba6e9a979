"""Licences of what lies inside packages whose own files do not name it: see `bundled.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from release.failure import ReleaseError
from spaceport_app.licences import Text

_HERE = Path(__file__).parent
# What delvewheel and auditwheel put behind the name of a library: a part of its hash.
_LIBRARY = re.compile(r"(.+?)(?:-[0-9a-f]{8,32})?\.(?:dll|so[.\d]*)")


def completed(found: Iterable[Text], site: Path) -> list[Text]:
    """Return the licences of packages with the texts that their wheels leave out.

    Parameters
    ----------
    found : iterable of Text
        As `spaceport_app.licences.collect` returns them.
    site : Path
        The folder of the packages.

    Raises
    ------
    ReleaseError
        If a package has no text, or holds a library of which nobody wrote the licence down.
    """
    table = tomllib.loads((_HERE / "bundled.toml").read_text(encoding="utf-8"))
    texts = []
    for one in found:
        files = one.files or tuple(map(_text, table["file"].get(one.name.lower(), ())))
        if not files:
            raise ReleaseError(f"{one.name} carries no licence: put one into bundled.toml.")
        stated = one.stated
        if not one.files and "LGPL-3.0.txt" in dict(files):
            # Of what Qt offers, this is what Spaceport takes.
            stated = "LGPL-3.0-only"
        texts.append(Text(one.name, one.version, stated, files))
        if one.name in table:
            texts.append(_inside(one.name, table[one.name], site))
    return texts


def _inside(package: str, about: dict[str, Any], site: Path) -> Text:
    """Return the licences of the libraries inside a package."""
    parts = about["part"]
    patterns = [pattern for part in parts for pattern in part.get("files", ())]
    for path in sorted((site / f"{package}.libs").glob("*")):
        named = _LIBRARY.fullmatch(path.name)
        if named and not any(fnmatchcase(named[1], pattern) for pattern in patterns):
            raise ReleaseError(f"{package} holds {path.name}: put its licence into bundled.toml.")
    lines = [f"{part['name']}: {part['licence']} ({part['home']})" for part in parts]
    text = about["note"].strip() + "\n\n" + "\n".join(lines)
    return Text(
        f"Libraries inside {package}",
        "",
        "each its own, GPL-2.0-or-later among them",
        (("of what, and where its source is", text), *map(_text, about["texts"])),
    )


def _text(name: str) -> tuple[str, str]:
    return name, (_HERE / "texts" / name).read_text(encoding="utf-8", errors="replace")
