"""The wheels of an installer: name, version, file and SHA-256, one list for each platform."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

LOCKS = Path(__file__).parent / "locks"
LINUX, WINDOWS = "linux_x86_64", "win_amd64"
PLATFORMS = (LINUX, WINDOWS)
PYTHON = "3.11"

# Where a wheel comes from: PyPI, or PyTorch's own index of builds without CUDA.
PYPI, PYTORCH_CPU = "pypi", "pytorch-cpu"


@dataclass(frozen=True)
class Wheel:
    """One wheel, which its hash alone decides on.

    Parameters
    ----------
    name, version : str
        As the wheel's metadata has them, the name in its normal form (``pyside6-essentials``).
    file : str
        Name of the file.
    sha256 : str
        Of the file, in hexadecimal digits.
    source : str
        `PYPI` or `PYTORCH_CPU`.
    """

    name: str
    version: str
    file: str
    sha256: str
    source: str = PYPI


def read(platform: str) -> tuple[Wheel, ...]:
    """Return the wheels of a platform (one of `PLATFORMS`), sorted by name."""
    entries = json.loads((LOCKS / f"{platform}.json").read_text(encoding="utf-8"))
    return tuple(Wheel(**entry) for entry in entries)


def systems(platform: str) -> tuple[str, ...]:
    """Return the platform tags of wheels that run there, the most wanted first.

    The interpreter that is laid out on Linux needs glibc 2.35, the window's wheel 2.34.
    """
    if platform == WINDOWS:
        return ("win_amd64",)
    newest = tuple(f"manylinux_2_{minor}_x86_64" for minor in range(35, 4, -1))
    return (*newest, "manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64")


def write(platform: str, wheels: tuple[Wheel, ...]) -> None:
    """Replace the list of a platform."""
    lines = [json.dumps(asdict(wheel)) for wheel in sorted(wheels, key=lambda wheel: wheel.name)]
    text = "[\n" + ",\n".join(lines) + "\n]\n"
    (LOCKS / f"{platform}.json").write_text(text, encoding="utf-8")
