"""What Spaceport is made of: every package it uses, with version and licence; no Qt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata

from spaceport_app import __version__, shipped
from spaceport_app import licences as texts

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_DEVELOPMENT = re.compile(r"extra\s*==\s*['\"]dev['\"]")
_LONGEST = 60
_NOT_STATED = "see its own files"
# Shipped beside the code, not installed as a package; its licence lies in resources/viewer.
_VIEWER = ("SuperSplat viewer with PlayCanvas", "", "MIT")
# These say nothing in their metadata that a program can read; their repositories do.
_KNOWN = {"gsplat": "Apache-2.0", "scipy": "BSD-3-Clause"}


@dataclass(frozen=True)
class Part:
    """One package, with its version and licence as its own metadata state them."""

    name: str
    version: str
    licence: str


def parts() -> tuple[Part, ...]:
    """Return all packages that Spaceport needs and that are installed, by name.

    What these need in turn is in the list as well; tools for development are not.
    """
    found: dict[str, Part] = {}
    waiting = ["spaceport"]
    seen = set(waiting)
    while waiting:
        name = waiting.pop()
        try:
            about = metadata.metadata(name)
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        if name != "spaceport":
            part = Part(str(about["Name"]), str(about["Version"]), licence(about))
            found[part.name.lower()] = part
        for need in needs:
            # Only Spaceport's own extras are followed: those of others are not asked for.
            if _DEVELOPMENT.search(need) or (name != "spaceport" and "extra ==" in need):
                continue
            match = _NAME.match(need)
            other = match[0].lower().replace("_", "-") if match else ""
            if other and other not in seen:
                seen.add(other)
                waiting.append(other)
    return (*(found[name] for name in sorted(found)), Part(*_VIEWER))


def licence(about: metadata.PackageMetadata) -> str:
    """Return the licence that a package's metadata state, in a few words."""
    known = _KNOWN.get(str(about["Name"]).lower())
    if known is not None:
        return known
    words = texts.stated(about)
    return words if 0 < len(words) <= 4 * _LONGEST else _NOT_STATED


def text() -> str:
    """Return the list for a person: one package a line."""
    listed = parts()
    wide = max(len(f"{part.name} {part.version}") for part in listed)
    rows = [f"{f'{part.name} {part.version}'.strip():<{wide}}  {part.licence}" for part in listed]
    return "\n".join([f"Spaceport {__version__}: Apache-2.0", "", *rows])


def licences() -> str:
    """Return the licence texts of all parts: those shipped, or those of the packages here."""
    shipped_texts = shipped.licences()
    if shipped_texts:
        return shipped_texts
    names = [part.name for part in parts() if part != Part(*_VIEWER)]
    found = texts.collect(metadata.distribution(name) for name in names)
    return texts.document(f"Spaceport {__version__}: Apache-2.0", found)
