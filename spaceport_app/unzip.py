"""Reading zips that anybody may have made: what is wrong with one is told in one of two words.

``zipfile`` fails with nearly any exception on a broken archive, and gives up the whole archive
for one entry that is odd in its directory.
"""

from __future__ import annotations

import errno
import io
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from spaceport_app import inside

BLOCK = 1 << 20
"""Bytes that are unpacked at once."""

_MOST_DIRECTORY = 16 << 20
# Of the archive, not of the disk: seeking to where no file has a byte.
_NO_PLACE = frozenset({errno.EINVAL, errno.EOVERFLOW})
# PKWARE, "APPNOTE.TXT - .ZIP File Format Specification", 6.3.10, 4.3.12.
_HEADER = struct.Struct("<4s4B4HL2L5H2L")
_SIGNATURE = b"PK\x01\x02"
_KNOWN_VERSION = 63
_UTF8_FLAG = 0x800
_METHODS = {1: "Shrink", 6: "Implode", 9: "Deflate64", 93: "Zstandard", 95: "XZ", 99: "AES"}


class ZipError(Exception):
    """An archive or an entry that cannot be unpacked; the text says why, for a sentence."""


class DamagedZipError(ZipError):
    """It is broken or cut short."""


class UnsupportedZipError(ZipError):
    """It may be intact, but is packed in a way that is not read here."""


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive to read.

    Raises
    ------
    ZipError
        If it is no archive, is broken, or its directory is too large.
    OutsideError
        If it is no regular file.
    OSError
        If it is not there or the disk does not give it.
    """
    with inside.open_regular(path) as file:
        given = _Directory(file)
        with _guarded(opening=True):
            archive = zipfile.ZipFile(given)
        given.done = True
        with archive:
            yield archive


def blocks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the unpacked bytes of an entry, a MiB at a time.

    Raises
    ------
    ZipError
        If the entry is broken, packed in a way that is not read, or not given by the disk.
    """
    if info.compress_type not in (0, 8, 12, 14):
        kind = _METHODS.get(info.compress_type, f"method {info.compress_type}")
        raise UnsupportedZipError(f"it is packed in a way that is not read ({kind})")
    with _guarded():
        source = archive.open(info)
    with source:
        while True:
            with _guarded():
                block = source.read(BLOCK)
            if not block:
                return
            yield block


def read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return the bytes of an entry, no more of them than the directory says.

    Raises
    ------
    ZipError
        As `blocks`, or if it is of another length.
    """
    found = bytearray()
    for block in blocks(archive, info):
        found += block
        if len(found) > info.file_size:
            break
    if len(found) != info.file_size:
        raise DamagedZipError("it is not as long as it says")
    return bytes(found)


@contextmanager
def _guarded(opening: bool = False) -> Iterator[None]:
    try:
        yield
    except ZipError:
        raise
    except NotImplementedError as error:
        raise UnsupportedZipError(f"it is packed in a way that is not read ({error})") from error
    except RuntimeError as error:
        raise UnsupportedZipError("it is protected by a password") from error
    except MemoryError as error:
        raise UnsupportedZipError("it takes more memory than there is") from error
    except OSError as error:
        if error.errno is None or error.errno in _NO_PLACE:
            raise DamagedZipError("it is damaged") from error
        if opening:
            raise
        raise DamagedZipError(f"it cannot be read ({error.strerror})") from error
    except Exception as error:
        raise DamagedZipError("it is damaged") from error


class _Directory(io.RawIOBase):
    """The file of an archive with its directory such that ``zipfile`` reads all entries of it.

    An entry that ``zipfile`` would give up the archive for is changed so that only the entry
    itself fails, or none.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self.done = False

    def read(self, size: int = -1, /) -> bytes:
        if self.done:
            return self._file.read(size)
        if size > _MOST_DIRECTORY:
            raise UnsupportedZipError("its directory is too large")
        return _tolerable(self._file.read(size))

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def _tolerable(directory: bytes) -> bytes:
    changed = bytearray(directory)
    at = 0
    while at + _HEADER.size <= len(changed) and changed[at : at + 4] == _SIGNATURE:
        fields = _HEADER.unpack_from(changed, at)
        version, flags = fields[3], fields[5]
        name_bytes, extra_bytes, comment_bytes = fields[12], fields[13], fields[14]
        name_at = at + _HEADER.size
        extra_at = name_at + name_bytes
        if version > _KNOWN_VERSION:
            changed[at + 6] = _KNOWN_VERSION
        if flags & _UTF8_FLAG and not _is_utf8(changed[name_at:extra_at]):
            struct.pack_into("<H", changed, at + 8, flags & ~_UTF8_FLAG)
        if not _is_extra(changed[extra_at : extra_at + extra_bytes]):
            changed[extra_at : extra_at + extra_bytes] = bytes(extra_bytes)
        at = extra_at + extra_bytes + comment_bytes
    return bytes(changed)


def _is_utf8(name: bytearray) -> bool:
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_extra(extra: bytearray) -> bool:
    """Whether the blocks of an extra field, each with its length, end where the field does."""
    at = 0
    while at + 4 <= len(extra):
        at += 4 + int.from_bytes(extra[at + 2 : at + 4], "little")
    return at <= len(extra)
