"""Strategies of Hypothesis that damage good inputs, knowing what they are made of."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

from .json_values import changed
from .reader import How

_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_WIDTHS = ((1, "<B"), (2, "<H"), (2, ">H"), (4, "<I"), (4, ">I"), (8, "<Q"), (8, ">Q"))
_SIDES = (0, 1, 2, 255, 4000, 16_383, 16_384, 65_535, 100_000, 2**31 - 1, 2**32 - 1)
_LONGEST = 4 << 20
_NAMES = (
    "../outside.jpg",
    "/tmp/outside.jpg",
    "C:\\outside.jpg",
    "\\\\host\\share\\x.jpg",
    "a.jpg",
    "a.jpg/b.jpg",
    "A.JPG",
    "con.jpg",
    "dot./b.jpg",
    "x" * 300 + ".jpg",
    "\u00e9" * 200 + ".jpg",
    "2_" + "y" * 251,
    "new\nline.jpg",
    "\x1b[31m.jpg",
    "meta.json",
    "x/meta.json",
    "manifest.json",
    "",
    ".",
    "..",
    "a//b.jpg",
    "nul\0.jpg",
)


def inputs(how: How, samples: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Return what draws damaged inputs of a kind, made from good ones."""
    return _STRATEGIES[how](samples)


@st.composite
def _bytes(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    data = draw(st.sampled_from(samples))
    return hurt(data, draw(st.integers(0, 2**48)), samples)


def hurt(data: bytes, seed: int, samples: Sequence[bytes] = ()) -> bytes:
    """Do one to five things to some bytes."""
    chance = random.Random(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        deed = chance.choice(_DEEDS)
        data = deed(bytearray(data), chance, samples)[:_LONGEST]
    return data


def _at(data: bytearray, chance: random.Random) -> int:
    # The first bytes say how the others are to be read.
    most = len(data) if chance.random() < 0.6 else min(len(data), 200)
    return chance.randrange(most) if most else 0


def _flip(data: bytearray, chance: random.Random, samples: Sequence[bytes]) -> bytes:
    if data:
        data[_at(data, chance)] ^= 1 << chance.randrange(8)
    return bytes(data)


def _number(data: bytearray, chance: random.Random, samples: Sequence[bytes]) -> bytes:
    width, form = chance.choice(_WIDTHS)
    value = chance.choice((*_NUMBERS, 2**63, 2**64 - 1)) % (1 << 8 * width)
    at = _at(data, chance)
    data[at : at + width] = struct.pack(form, value)
    return bytes(data)


def _cut(data: bytearray, chance: random.Random, samples: Sequence[bytes]) -> bytes:
    return bytes(data[: _at(data, chance)])


def _without(data: bytearray, chance: random.Random, samples: Sequence[bytes]) -> bytes:
    at = _at(data, chance)
    del data[at : at + chance.choice((1, 2, 4, 50, 1000))]
    return bytes(data)


def _insert(data: bytearray, chance: random.Random, samples: Sequence[bytes]) -> bytes:
    at = _at(data, chance)
    data[at:at] = chance.randbytes(chance.choice((1, 2, 8, 300)))
    return bytes(data)


def _repeat(data: bytearray, chance: random.Random, samples: Sequence[bytes]) -> bytes:
    at, length = _at(data, chance), chance.choice((1, 2, 12, 404, 3000))
    part = bytes(data[at : at + length])
    return bytes(data[:at]) + part * chance.choice((2, 3, 60, 1000)) + bytes(data[at:])


def _splice(data: bytearray, chance: random.Random, samples: Sequence[bytes]) -> bytes:
    other = bytearray(chance.choice(samples) if samples else data)
    return bytes(data[: _at(data, chance)]) + bytes(other[_at(other, chance) :])


def _fill(data: bytearray, chance: random.Random, samples: Sequence[bytes]) -> bytes:
    at, length = _at(data, chance), chance.choice((4, 100, 5000))
    end = min(len(data), at + length)
    data[at:end] = bytes([chance.choice((0, 0xFF, 0x20))]) * (end - at)
    return bytes(data)


_DEEDS = (_flip, _flip, _number, _number, _cut, _without, _insert, _repeat, _splice, _fill)


@st.composite
def _json(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    seed = draw(st.integers(0, 2**48))
    sample = draw(st.sampled_from(samples))
    chance = random.Random(seed)
    if chance.random() < 0.15:
        return hurt(sample, seed, samples)
    return changed(sample, chance)


@st.composite
def _zip(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    seed = draw(st.integers(0, 2**48))
    sample = draw(st.sampled_from(samples))
    chance = random.Random(seed)
    way = chance.random()
    if way < 0.25:
        return hurt(sample, seed, samples)
    if way < 0.5:
        return _headers(bytearray(sample), chance)
    return _packed_anew(sample, chance)


def _headers(data: bytearray, chance: random.Random) -> bytes:
    """Write numbers into the headers of a zip: sizes, places, flags, lengths."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        mark, size = chance.choice(((b"PK\3\4", 30), (b"PK\1\2", 46), (b"PK\5\6", 22)))
        places = [at for at in range(len(data) - 4) if data[at : at + 4] == mark]
        if not places:
            continue
        width = chance.choice((1, 2, 4))
        at = chance.choice(places) + chance.randrange(4, size)
        value = chance.choice((*_NUMBERS, chance.randrange(2**32))) % (1 << 8 * width)
        data[at : at + width] = value.to_bytes(width, "little")
    return bytes(data)


def _packed_anew(sample: bytes, chance: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(sample)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    for _ in range(chance.choice((1, 1, 2))):
        at = chance.randrange(len(members))
        name, data = members[at]
        way = chance.random()
        if way < 0.25:
            members[at] = (chance.choice(_NAMES), data)
        elif way < 0.4:
            members.append(
                (chance.choice([name, *_NAMES]), chance.choice([data, b"", b"\0" * 999]))
            )
        elif way < 0.5:
            del members[at]
            if not members:
                break
        elif data[:1] in (b"{", b"[") and way < 0.9:
            members[at] = (name, _changed(data, chance))
        elif way < 0.8:
            members[at] = (name, resized(data, chance))
        else:
            members[at] = (name, hurt(data, chance.randrange(2**48)))
    packed = io.BytesIO()
    kind = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(packed, "w", kind) as archive:
        for name, data in members:
            info = zipfile.ZipInfo("x")
            info.filename, info.compress_type = name, kind
            info.external_attr = chance.choice((0, 0, 0o120777 << 16, 0o40755 << 16))
            archive.writestr(info, data)
    return packed.getvalue()


def _changed(data: bytes, chance: random.Random) -> bytes:
    try:
        return changed(data, chance)
    except (ValueError, RecursionError):
        # It was changed before, and is no JSON any more that Python reads.
        return hurt(data, chance.randrange(2**48))


@st.composite
def _picture(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    seed = draw(st.integers(0, 2**48))
    sample = draw(st.sampled_from(samples))
    chance = random.Random(seed)
    if chance.random() < 0.25:
        sample = resized(sample, chance)
        if chance.random() < 0.6:
            return sample
    return hurt(sample, seed, samples)


def resized(data: bytes, chance: random.Random) -> bytes:
    """Let a picture say that it is of another size, with its check sums right."""
    width, height = chance.choice(_SIDES), chance.choice(_SIDES)
    changed = bytearray(data)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        changed[16:24] = struct.pack(">II", width, height)
        changed[29:33] = struct.pack(">I", zlib.crc32(changed[12:29]))
    elif data[:2] == b"\xff\xd8":
        for at in range(2, len(data) - 9):
            if data[at] == 0xFF and data[at + 1] in (0xC0, 0xC1, 0xC2):
                changed[at + 5 : at + 9] = struct.pack(">HH", height % 65536, width % 65536)
                break
    elif data[8:15] == b"WEBPVP8" and len(data) > 30:
        if data[15:16] == b"L":
            bits = (width - 1) % 16384 | (height - 1) % 16384 << 14
            changed[21:25] = struct.pack("<I", bits)
        elif data[15:16] == b"X":
            changed[24:30] = struct.pack("<I", width % 2**24)[:3] + struct.pack("<I", height)[:3]
        else:
            changed[26:30] = struct.pack("<HH", width % 16384, height % 16384)
    elif data[:4] in (b"II*\0", b"MM\0*"):
        form = "<" if data[:1] == b"I" else ">"
        for tag, value in (
            (256, width),
            (257, height),
            (chance.choice((258, 273, 277, 278, 279)), 7),
        ):
            at = data.find(struct.pack(form + "H", tag), 8)
            if at >= 0 and chance.random() < 0.7:
                changed[at + 8 : at + 12] = struct.pack(form + "I", value)
    return bytes(changed)


_STRATEGIES: dict[How, Callable[[Sequence[bytes]], st.SearchStrategy[bytes]]] = {
    "bytes": _bytes,
    "json": _json,
    "zip": _zip,
    "picture": _picture,
}
