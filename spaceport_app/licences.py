"""Collects the licence texts that installed packages carry in their own metadata."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath

_FILE = re.compile(r"(licen[cs]e|copying|copyright|notice|authors|third.?party)", re.IGNORECASE)
# Code that has such a word in its name, and byte code of it, is no licence.
_CODE = (".py", ".pyc", ".pyi", ".json", ".so", ".pyd", ".dll", ".h", ".hpp")
_RULE = "=" * 78


@dataclass(frozen=True)
class Text:
    """The licences of one part.

    Parameters
    ----------
    name, version : str
        Of the part.
    stated : str
        The licence in a few words, as its metadata states it.
    files : tuple of (str, str)
        Name and text of each file; empty where the part carries none.
    """

    name: str
    version: str
    stated: str
    files: tuple[tuple[str, str], ...]


def collect(distributions: Iterable[metadata.Distribution]) -> tuple[Text, ...]:
    """Return the licences of installed packages, sorted by name without regard to case."""
    found = {}
    for one in distributions:
        name = str(one.metadata["Name"])
        found[name.lower()] = Text(name, one.version, stated(one.metadata), _files(one))
    return tuple(found[name] for name in sorted(found))


def stated(about: metadata.PackageMetadata) -> str:
    """Return the licence that metadata state in one line, empty if they state none."""
    for field in ("License-Expression", "License"):
        words = str(about[field] or "").strip() if field in about else ""
        # Some put the whole text there.
        if words and words.upper() != "UNKNOWN" and "\n" not in words:
            return words
    classes = [c for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
    return ", ".join(c.rpartition(" :: ")[2] for c in classes)


def document(title: str, texts: Iterable[Text]) -> str:
    """Return one text of all licences: a list of the parts, then the text of each."""
    texts = tuple(texts)
    lines = [title, ""]
    lines += [f"{text.name} {text.version}".strip() + f": {_words(text)}" for text in texts]
    for text in texts:
        lines += ["", _RULE, f"{text.name} {text.version}".strip(), f"Licence: {_words(text)}"]
        for name, content in text.files:
            lines += ["", f"--- {name}", "", content.strip()]
    return "\n".join(lines) + "\n"


def _words(text: Text) -> str:
    return text.stated or ("see its text below" if text.files else "not stated in its metadata")


def _files(one: metadata.Distribution) -> tuple[tuple[str, str], ...]:
    found = []
    for file in sorted(one.files or [], key=str):
        path = PurePosixPath(str(file).replace("\\", "/"))
        inside = ".dist-info" in path.parts[0] if len(path.parts) > 1 else False
        named = _FILE.search(path.name) or "licenses" in path.parts
        if not named or path.suffix in _CODE or not (inside or _FILE.match(path.stem)):
            continue
        try:
            content = Path(str(file.locate())).read_bytes()
        except OSError:
            continue
        found.append((str(path), content.decode("utf-8", "replace").replace("\r\n", "\n")))
    return tuple(found)
