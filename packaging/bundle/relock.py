"""Make the lists of wheels anew: ``python packaging/bundle/relock.py``.

Needs the packages ``uv`` and ``packaging``. Takes what pyproject.toml asks for, and uv itself, at
the versions of packaging/constraints.txt.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
import urllib.parse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bundle import lock, pruning
from bundle.failure import BuildError

ROOT = Path(__file__).resolve().parents[2]
# The window's wheel needs glibc 2.34, the interpreter that is laid out with it 2.35.
_TARGETS = {lock.LINUX: "x86_64-manylinux_2_35", lock.WINDOWS: "x86_64-pc-windows-msvc"}
_TOOLS = "uv\n"


def resolve(platform: str, options: tuple[str, ...] = ()) -> tuple[lock.Wheel, ...]:
    """Return the wheels for a platform as uv resolves them.

    Parameters
    ----------
    platform : str
        One of `bundle.lock.PLATFORMS`.
    options : tuple of str
        Further options for uv, such as ``--find-links`` with a folder of wheels.

    Raises
    ------
    BuildError
        If uv finds no solution; its own words stand above.
    """
    import uv

    with tempfile.TemporaryDirectory() as folder:
        tools = Path(folder) / "tools.in"
        tools.write_text(_TOOLS, encoding="utf-8")
        output = Path(folder) / "pylock.toml"
        done = subprocess.run(
            [
                uv.find_uv_bin(),
                *("pip", "compile", str(ROOT / "pyproject.toml"), str(tools)),
                *("--constraint", str(ROOT / "packaging" / "constraints.txt")),
                *("--python-platform", _TARGETS[platform], "--python-version", lock.PYTHON),
                *("--only-binary", ":all:", "--format", "pylock.toml", "--quiet"),
                *("--output-file", str(output), *options),
            ],
            cwd=ROOT,
            check=False,
        )
        if done.returncode:
            raise BuildError(f"uv found no set of wheels for {platform} (see above).")
        return wheels_of(tomllib.loads(output.read_text(encoding="utf-8")), platform)


def wheels_of(pylock: dict[str, Any], platform: str) -> tuple[lock.Wheel, ...]:
    """Return the wheels of a lock file (PEP 751) that were chosen for one platform."""
    from packaging.markers import Marker

    system = "win32" if platform == lock.WINDOWS else "linux"
    wheels = []
    for package in pylock["packages"]:
        marker = package.get("marker")
        if marker and not Marker(marker).evaluate({"sys_platform": system}):
            continue
        if package["name"] in pruning.NOT_SHIPPED:
            continue
        files = {file_name(wheel["url"]): wheel for wheel in package["wheels"]}
        file = best(files, platform)
        local = "+cpu" in package["version"]
        wheels.append(
            lock.Wheel(
                name=package["name"],
                version=package["version"],
                file=file,
                sha256=files[file]["hashes"]["sha256"],
                source=lock.PYTORCH_CPU if local else lock.PYPI,
            )
        )
    return tuple(wheels)


def file_name(url: str) -> str:
    """Return the name of the file at an address."""
    return Path(urllib.parse.unquote(urllib.parse.urlsplit(url).path)).name


def rank(file: str, platform: str) -> int:
    """Return how far down the list of what a platform prefers a wheel stands, -1 if not on it."""
    from packaging.utils import parse_wheel_filename

    from packaging import tags

    systems = lock.systems(platform)
    version = (int(lock.PYTHON.split(".")[0]), int(lock.PYTHON.split(".")[1]))
    liked = [
        *tags.cpython_tags(version, platforms=systems),
        *tags.compatible_tags(version, "cp311", systems),
    ]
    fitting = [liked.index(tag) for tag in parse_wheel_filename(file)[3] if tag in liked]
    return min(fitting, default=-1)


def best(files: Iterable[str], platform: str) -> str:
    """Return the name of the wheel that a platform prefers, of equal ones the latest build.

    Raises
    ------
    BuildError
        If none fits.
    """
    from packaging.utils import parse_wheel_filename

    ranks = {file: rank(file, platform) for file in files}
    fitting = [file for file, place in ranks.items() if place >= 0]
    if not fitting:
        raise BuildError(f"No wheel fits {platform}: {', '.join(sorted(ranks))}.")
    first = min(ranks[file] for file in fitting)
    return max(
        (file for file in fitting if ranks[file] == first),
        key=lambda file: parse_wheel_filename(file)[2],
    )


def main(options: list[str]) -> int:
    """Write the list of each platform and return the exit code."""
    for platform in lock.PLATFORMS:
        wheels = resolve(platform, tuple(options))
        lock.write(platform, wheels)
        sys.stdout.write(f"{platform}: {len(wheels)} wheels\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BuildError as error:
        sys.exit(str(error))
