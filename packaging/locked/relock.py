"""Make the lists of hashes anew: ``python packaging/locked/relock.py``.

Needs the packages ``uv`` and ``packaging``. Takes what the files below ask for at the versions of
packaging/constraints.txt, and of each package the wheels for the systems and Pythons on which
Spaceport is developed. ``torch-cpu.txt`` is kept by hand: PyTorch's own index holds its wheels.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bundle import relock
from bundle.failure import BuildError

from locked import places

ROOT = relock.ROOT
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
PYTHONS = ((3, 11), (3, 12), (3, 13))
# torch, and the packages that only its builds for NVIDIA cards ask for.
_TORCH = re.compile(r"torch|triton|nvidia-.+|cuda-.+")
_SYSTEMS = re.compile(r"any|win_amd64|macosx_.+|(manylinux|linux).+_(x86_64|aarch64)")
_LINUX = re.compile(r"any|(manylinux|linux).+_x86_64")


@dataclass(frozen=True)
class List:
    """One list of hashes.

    Parameters
    ----------
    file : str
        Its name.
    purpose : str
        Its first line, for a person.
    files, names : tuple of str
        What uv resolves: files below the checkout, and packages.
    extra : str
        Of pyproject.toml.
    systems : Pattern
        Platform tags of the wheels that are listed.
    only, without : Pattern or None
        Names of the packages that stay, and of those that do not.
    pythons : tuple
        Versions of Python.
    unpinned : tuple of str
        Packages whose version `files` state instead of the constraints.
    source : bool
        List source archives in place of wheels.
    """

    file: str
    purpose: str
    files: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    extra: str = ""
    systems: re.Pattern[str] = _LINUX
    only: re.Pattern[str] | None = None
    without: re.Pattern[str] | None = None
    pythons: tuple[tuple[int, int], ...] = ((3, 11),)
    unpinned: tuple[str, ...] = ()
    source: bool = False


_WORKER = "packaging/aws/worker-requirements.txt"
_CUDA = (_WORKER, "packaging/aws/worker-cuda-requirements.txt")
_UBUNTU = ((3, 12),)
LISTS = (
    List(
        places.DEVELOPMENT,
        "All of Spaceport's packages for use, tests and checks, but torch",
        files=("pyproject.toml",),
        extra="dev",
        systems=_SYSTEMS,
        without=_TORCH,
        pythons=PYTHONS,
    ),
    List(
        places.TORCH,
        "torch from PyPI, with what its build for NVIDIA cards brings on Linux",
        names=("torch",),
        systems=_SYSTEMS,
        only=_TORCH,
        pythons=PYTHONS,
    ),
    List(
        "release.txt",
        "What a release's bill of materials is made with",
        names=("cyclonedx-python-lib", "jsonschema", "referencing"),
    ),
    List(
        "cdk.txt",
        "What the stack for AWS is made with",
        names=("aws-cdk-lib", "constructs"),
        systems=_SYSTEMS,
        pythons=PYTHONS,
    ),
    List(
        "worker-cpu.txt",
        "The worker's image without CUDA, but torch",
        files=(_WORKER,),
        names=("torch",),
        without=_TORCH,
    ),
    List(
        "worker-cuda.txt",
        "The worker's image with CUDA: torch, and what compiles gsplat, among the rest",
        files=_CUDA,
        without=re.compile("gsplat"),
        pythons=_UBUNTU,
        unpinned=("torch",),
    ),
    List(
        "worker-gsplat.txt",
        "gsplat's source archive: its wheel on PyPI holds no kernels",
        files=_CUDA,
        only=re.compile("gsplat"),
        pythons=_UBUNTU,
        unpinned=("torch",),
        source=True,
    ),
)


def resolved(wanted: List, options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Return the packages of a lock file (PEP 751) for a list, as uv resolves them.

    Raises
    ------
    BuildError
        If uv finds no solution; its own words stand above.
    """
    import uv

    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "pins.txt"
        pins.write_text(
            "".join(
                f"{line}\n"
                for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines()
                if line.partition("==")[0] not in wanted.unpinned
            ),
            encoding="utf-8",
        )
        named = Path(folder) / "names.in"
        named.write_text("".join(f"{name}\n" for name in wanted.names), encoding="utf-8")
        extra = ("--extra", wanted.extra) if wanted.extra else ()
        output = Path(folder) / "pylock.toml"
        oldest = ".".join(map(str, wanted.pythons[0]))
        done = subprocess.run(
            [
                *(uv.find_uv_bin(), "pip", "compile", *wanted.files, str(named), *extra),
                *("--constraint", str(pins), "--universal", "--python-version", oldest),
                *("--format", "pylock.toml", "--quiet", "--output-file", str(output), *options),
            ],
            cwd=ROOT,
            check=False,
        )
        if done.returncode:
            raise BuildError(f"uv found no set of packages for {wanted.file} (see above).")
        found: list[dict[str, Any]] = tomllib.loads(output.read_text("utf-8"))["packages"]
        return found


def fits(file: str, wanted: List) -> bool:
    """Return whether a wheel runs on one of the systems and Pythons of a list."""
    from packaging.utils import parse_wheel_filename

    return any(
        _speaks(tag.interpreter, tag.abi, wanted.pythons)
        and wanted.systems.fullmatch(tag.platform) is not None
        for tag in parse_wheel_filename(file)[3]
    )


def _speaks(interpreter: str, abi: str, pythons: Iterable[tuple[int, int]]) -> bool:
    """Return whether one of some Pythons loads what bears these tags."""
    if re.fullmatch(r"py3\d*", interpreter):
        return interpreter == "py3" or any(f"py3{minor}" >= interpreter for _, minor in pythons)
    found = re.fullmatch(r"cp3(\d+)", interpreter)
    if found is None:
        return False
    if abi == "abi3":
        return any(int(found[1]) <= minor for _, minor in pythons)
    return (3, int(found[1])) in pythons and abi in (interpreter, "none")


def text(wanted: List, packages: Iterable[dict[str, Any]]) -> str:
    """Return a list as pip reads it.

    Raises
    ------
    BuildError
        If a package has no file that fits.
    """
    lines = [f"# {wanted.purpose}.", "# Made by packaging/locked/relock.py."]
    for package in sorted(packages, key=lambda one: str(one["name"])):
        name = package["name"]
        if wanted.only is not None and not wanted.only.fullmatch(name):
            continue
        if wanted.without is not None and wanted.without.fullmatch(name):
            continue
        marker = f" ; {package['marker']}" if "marker" in package else ""
        hashes = _hashes(package, wanted)
        if not hashes:
            raise BuildError(f"{wanted.file}: {name} {package['version']} has no file that fits.")
        lines.append(f"{name}=={package['version']}{marker} \\")
        lines += [f"    --hash=sha256:{one} \\" for one in hashes]
        lines[-1] = lines[-1].removesuffix(" \\")
    return "\n".join(lines) + "\n"


def _hashes(package: dict[str, Any], wanted: List) -> list[str]:
    if wanted.source:
        return [package["sdist"]["hashes"]["sha256"]]
    wheels = package.get("wheels", ())
    fitting = [one for one in wheels if fits(relock.file_name(one["url"]), wanted)]
    return sorted({one["hashes"]["sha256"] for one in fitting})


def main(options: list[str]) -> int:
    """Write all lists and return the exit code."""
    for wanted in LISTS:
        written = text(wanted, resolved(wanted, tuple(options)))
        (places.FOLDER / wanted.file).write_text(written, encoding="utf-8", newline="\n")
        sys.stdout.write(f"{wanted.file}: {written.count('==')} packages\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BuildError as error:
        sys.exit(str(error))
