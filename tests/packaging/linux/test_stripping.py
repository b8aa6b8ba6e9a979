"""What strip may do to a library, tried with libraries that the tests' own Python loads."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from linux import stripping

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("strip"), reason="needs Linux with binutils"
)
_LOAD = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"


def grafted() -> list[Path]:
    """Return the libraries that NumPy's wheel carries, whose headers were rewritten."""
    return sorted((Path(numpy.__file__).parents[1] / "numpy.libs").glob("*.so*"))


@pytest.mark.skipif(not grafted(), reason="this NumPy is not of a wheel for Linux")
def test_what_strip_would_break_stays_as_it_was_and_all_load(tmp_path: Path) -> None:
    plain = Path(numpy._core._multiarray_umath.__file__)
    for path in [*grafted(), plain]:
        shutil.copy(path, tmp_path)
    bytes_before = {path.name: path.stat().st_size for path in tmp_path.iterdir()}

    left = stripping.strip(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == bytes_before.keys()
    assert all(path.stat().st_size == bytes_before[path.name] for path in left)
    assert all(stripping.is_loadable(path) for path in tmp_path.iterdir())
    for path in grafted():
        subprocess.run(
            [sys.executable, "-c", _LOAD, tmp_path / path.name],
            check=True,
            env={"LD_LIBRARY_PATH": str(tmp_path)},
        )


def test_segments_at_a_wrong_place_are_seen(tmp_path: Path) -> None:
    library = tmp_path / "library.so"
    shutil.copy(numpy._core._multiarray_umath.__file__, library)
    assert stripping.is_loadable(library)
    content = bytearray(library.read_bytes())
    table = int.from_bytes(content[32:40], "little")
    first = next(
        table + 56 * number
        for number in range(int.from_bytes(content[56:58], "little"))
        if content[table + 56 * number] == 1
    )
    content[first + 8] ^= 8
    library.write_bytes(content)

    assert not stripping.is_loadable(library)
    with pytest.raises(OSError, match=r"page-aligned|failed to map|invalid|ELF"):
        ctypes.CDLL(str(library))
