"""What of a text a bug report may hold: words of Spaceport itself, and numbers that count.

Names and places can be written in more ways than can be listed. So nothing is looked for to be
left out; only what is known to tell of nobody is let through. The known words are those of the
program's own sources, with which it and its messages are written.
"""

from __future__ import annotations

import builtins
import errno
import functools
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import spaceport_app
from spaceport_app.photos.decode import PHOTO_SUFFIXES

_ENDINGS = "|".join(
    sorted({suffix[1:] for suffix in PHOTO_SUFFIXES} | {"zip", "dng", "raw", "arw", "cr2", "nef"})
)
_PHOTO = re.compile(rf"[^\s\"'<>|\\/:]+\.(?:{_ENDINGS})\b", re.IGNORECASE)

# When a line was written, and by whom: Python's logging, and COLMAP's.
_STAMP = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:,\d+)?(?= |$)"
    r"|[IWEF]\d{8} \d\d:\d\d:\d\d\.\d+ +\d+ [a-z_]+\.(?:cc|h):\d+\]"
)
_FRAME = re.compile(r'(\s*File )"([^"\n]+)"(, line \d+)(, in \S+)?\s*$')
# Where code lies that is not a person's own.
_CODE = re.compile(r"(?:.*[\\/])?((?:spaceport_app|site-packages|python\d(?:\.\d+)?)[\\/].*)")

# A number with its unit tells how much, where the unit is none of places: neither metres nor
# degrees, and no minutes of arc.
_UNITS = (
    r"%|[kKMGT]i?B\b|B\b|bytes?\b|ms\b|s\b|seconds?\b|h\b|px\b|pixels?\b|megapixels?\b|photos?\b"
    r"|images?\b|points?\b|pairs?\b|steps?\b|Gaussians?\b|cores?\b|threads?\b|files?\b|dB\b"
    r"|times\b|tries\b|parts?\b|cameras?\b|cards?\b|processes\b|lines?\b"
)
_LONGEST = 1000
_COUNTED = r"\d+(?:[.,]\d+)*"
_DEGREES = (
    r"[-+]?\d[\d.,]*\s*(?:°|º|˚|∘|deg(?:rees?)?\b|d(?=[\s\d]))"
    r"(?:[\s,]*\d[\d.,]*\s*(?:'{1,2}|[\"′″’‘“”´`]{1,2}|min(?:utes?)?\b|m\b|sec(?:onds?)?\b|s\b)?)*"
    r"\s*(?:[NSEWO]\b)?"
)
_TOKEN = re.compile(
    rf"""
      (?P<kept>\[(?:number|photo|photos|project|name|path|file|code|address)\](?![\\/\w]))
    | (?P<ours>(?:\[(?:photos|project)\])(?:[\\/][^\s"'<>|:,;)]*)+)
    | (?P<quoted>'[^'\n]*[\\/][^'\n]*'|"[^"\n]*[\\/][^"\n]*")
    | (?P<address>\b[A-Za-z][A-Za-z0-9+.-]*:(?=[/\d+-])[^\s"'<>]+|[^\s"'<>]+@[^\s"'<>]+)
    | (?P<path>(?:~|\b[A-Za-z]:)?[\\/](?:[^\n"'<>|:]*[\\/])?[^\s"'<>|]*
        |[^\W\d][^\s"'<>|:]*[\\/][^\s"'<>|]+)
    | (?P<degrees>{_DEGREES})
    | (?P<amount>(?<![\w.,/°'"-]){_COUNTED}\s?(?:{_UNITS})(?![\w/.,]\d))
    | (?P<place>(?:\b(?:line|step|status|Errno|level|exit|code)\s+)\d+\b(?![.,/]\d))
    | (?P<other>[-+]?(?=[\w.]*\d)[^\s"'<>()[\]{{}}=;:!?]+)
    | (?P<word>[^\W\d]+(?:[-_.][^\W\d]+)*)
    """,
    re.VERBOSE,
)

# Of COLMAP's log.
_OTHER_WORDS = """
adjustment average bundle camera completed convergence creating dimensions discarded elapsed
elements extraction extractor feature features filtered final focal global iterations length
loading mapper matching merged minutes observations parameters pose prior processed radial
reconstruction registering report residuals retriangulation sequential sift simple size solution
termination time track tracks triangulated unchanged usable
"""


@functools.cache
def _known() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return words in lower case, names with digits, dots and hyphens, and lines of the sources."""
    texts = [_OTHER_WORDS, *map(os.strerror, errno.errorcode), " ".join(dir(builtins))]
    for path in Path(spaceport_app.__file__).parent.rglob("*.py"):
        texts.append(path.read_text(encoding="utf-8"))
    words: set[str] = set()
    names: set[str] = set()
    lines: set[str] = set()
    for text in texts:
        words.update(word.lower() for word in re.findall(r"[A-Za-z]+", text))
        names.update(re.findall(r"[A-Za-z_][\w]*(?:[.-]\w+)*", text))
        lines.update(map(str.strip, text.splitlines()))
    return frozenset(words), frozenset(names), frozenset(lines)


def known(word: str) -> bool:
    """Whether Spaceport itself uses a word or name."""
    words, names, _ = _known()
    if word in names:
        return True
    parts = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word))
    plain = not re.search(r"[^A-Za-z_-]", word)
    return plain and bool(parts) and all(part.lower() in words for part in parts)


def reduced(
    text: str, names: Mapping[str, str] | None = None, folders: Mapping[str, str] | None = None
) -> str:
    """Return `text` with all left out that may tell of a place or a person.

    Parameters
    ----------
    text : str
        Any text.
    names : mapping, optional
        Names that are known to be of somebody, and what to write instead.
    folders : mapping, optional
        Paths, and what to write instead: ``"[photos]"`` or ``"[project]"``.
    """
    for path in sorted(folders or {}, key=len, reverse=True):
        text = text.replace(path, (folders or {})[path])
    text = _without(text, names or {})
    return "\n".join(_line(line[:_LONGEST]) for line in text.splitlines())


def _without(text: str, names: Mapping[str, str]) -> str:
    """Replace whole names, the longest first, whatever their case."""
    by_length = sorted((name for name in names if len(name) > 2), key=len, reverse=True)
    for start in range(0, len(by_length), 500):
        some = by_length[start : start + 500]
        pattern = "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in some)
        to = {name.lower(): names[name] for name in some}

        def replaced(found: re.Match[str], to: Mapping[str, str] = to) -> str:
            return to.get(found[0].lower(), "[name]")

        text = re.sub(pattern, replaced, text, flags=re.IGNORECASE)
    return text


def _line(line: str) -> str:
    if line.strip() in _known()[2] or not line.strip(" ^~"):
        # A line of our own source below its place in a traceback.
        return line
    frame = _FRAME.fullmatch(line)
    if frame is not None:
        place = _CODE.fullmatch(frame[2])
        where = place[1] if place else "[path]"
        name = frame[4] if place or known((frame[4] or "").removeprefix(", in ")) else ", in [name]"
        return f'{frame[1]}"{where}"{frame[3]}{name or ""}'
    stamp = _STAMP.match(line)
    start = stamp[0] if stamp else ""
    rest = _PHOTO.sub("[photo]", line[len(start) :])
    return start + _TOKEN.sub(_token, rest)


def _token(found: re.Match[str]) -> str:
    kind, text = found.lastgroup, found[0]
    if kind in ("kept", "amount", "place"):
        return text
    if kind == "ours":
        head, *parts = re.split(r"[\\/]", text)
        return "/".join([head, *(_part(part) for part in parts)])
    if kind == "quoted":
        return f"{text[0]}[path]{text[-1]}" if "[photo]" not in text else f"{text[0]}[photo]'"
    if kind == "address":
        return "[address]"
    if kind == "path":
        return "[photo]" if text.endswith("[photo]") else "[path]"
    if kind == "degrees":
        return "[number]"
    bare = text.rstrip(".,")
    ending = text[len(bare) :]
    if known(bare):
        return text
    if kind == "word":
        return f"[name]{ending}"
    return ("[code]" if re.search(r"[^\W\d_]", bare) else "[number]") + ending


def _part(part: str) -> str:
    if not part or re.fullmatch(r"\[\w+\]", part) or known(part):
        return part
    return "[file]"


def words_of(names: Iterable[str]) -> set[str]:
    """Return names and the words in them that Spaceport does not use itself."""
    found: set[str] = set()
    for name in names:
        found.add(name)
        found.update(word for word in re.findall(r"[^\W\d_]{3,}", name) if not known(word))
    return found
