"""Takes out of libraries the names of inner functions, of use to debuggers alone."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

from bundle.failure import BuildError

_ELF = b"\x7fELF"
_PT_LOAD = 1


def libraries(folder: Path) -> list[Path]:
    """Return the programs and libraries below a folder, sorted."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(len(_ELF)) == _ELF:
                    found.append(path)
    return found


def is_loadable(library: Path) -> bool:
    """Return whether the loader takes the segments of a 64-bit library.

    Offset in the file and address of a loaded segment must be equal modulo its alignment
    (System V ABI, program header). Strip moves segments so that they are not, if a library's
    headers were rewritten after it was linked, as in wheels that carry other libraries.
    """
    with library.open("rb") as file:
        header = file.read(64)
        (table,) = struct.unpack_from("<Q", header, 32)
        size, entries = struct.unpack_from("<HH", header, 54)
        file.seek(table)
        segments = file.read(size * entries)
    for start in range(0, len(segments), size):
        kind, _, offset, address = struct.unpack_from("<IIQQ", segments, start)
        (alignment,) = struct.unpack_from("<Q", segments, start + 48)
        if kind == _PT_LOAD and alignment > 1 and (offset - address) % alignment:
            return False
    return True


def strip(folder: Path) -> list[Path]:
    """Strip the programs and libraries below a folder, and return those left as they were.

    Raises
    ------
    BuildError
        If strip is missing or fails.
    """
    program = shutil.which("strip")
    if program is None:
        raise BuildError("There is no strip. Install binutils and build again.")
    left = []
    for path in libraries(folder):
        stripped = path.with_name(path.name + ".stripped")
        done = subprocess.run(
            [program, "--strip-unneeded", "-o", str(stripped), str(path)],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise BuildError(f"strip failed: {done.stderr}")
        mode = 0o644 if ".so" in path.name else path.stat().st_mode
        if is_loadable(stripped):
            stripped.replace(path)
        else:
            stripped.unlink()
            left.append(path)
        path.chmod(mode)
    return left
