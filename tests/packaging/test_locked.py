"""The lists of hashes: they hold what is installed, and pip takes nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from bundle import lock
from bundle.failure import BuildError
from locked import places, relock

ROOT = Path(__file__).parents[2]
PEERS = ROOT / "tests" / "peers"
LISTS = sorted(places.FOLDER.glob("*.txt"))
LINE = re.compile(r"([A-Za-z0-9][\w.-]*)==([^\s;\\]+)(?: ; ([^\\]+))?(?: \\)?")
NO_CPU = "+cpu"


def normal(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def requirements(path: Path) -> dict[str, tuple[str, set[str]]]:
    """Version and hashes of each package of a list."""
    found: dict[str, tuple[str, set[str]]] = {}
    name = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        if line.startswith(" "):
            found[name][1].add(line.strip().removesuffix(" \\").removeprefix("--hash=sha256:"))
            continue
        match = LINE.fullmatch(line)
        assert match is not None, line
        name = normal(match[1])
        found[name] = (match[2], set())
    return found


def pins() -> dict[str, str]:
    text = (ROOT / "packaging" / "constraints.txt").read_text(encoding="utf-8")
    return {normal(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.M)}


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_every_package_has_hashes_and_no_list_names_a_place(path: Path) -> None:
    held = requirements(path)
    assert held
    for name, (_, hashes) in held.items():
        assert hashes, name
        assert all(re.fullmatch("[0-9a-f]{64}", one) for one in hashes), name
    lines = path.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if "://" in line and not line.startswith("#")]


def test_every_list_is_made_by_the_tool_or_kept_by_hand() -> None:
    made = {one.file for one in relock.LISTS}
    assert {path.name for path in LISTS} == made | {places.TORCH_CPU}


def test_the_lists_for_development_hold_the_pins_and_no_more() -> None:
    development = requirements(places.FOLDER / places.DEVELOPMENT)
    torch = requirements(places.FOLDER / places.TORCH)
    pinned = pins()
    assert torch["torch"][0] == pinned.pop("torch")
    assert {name: version for name, (version, _) in development.items()} == pinned
    # What torch's own metadata pin: its builds for NVIDIA cards.
    assert all(re.match("torch$|nvidia-|cuda-|triton", name) for name in torch)


def test_other_lists_keep_to_the_pins() -> None:
    pinned = pins()
    for wanted in relock.LISTS:
        for name, (version, _) in requirements(places.FOLDER / wanted.file).items():
            if name in pinned and name not in wanted.unpinned:
                assert version == pinned[name], f"{wanted.file}: {name}"


def test_all_that_is_asked_for_is_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {normal(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in asked}
    assert names - {"torch"} <= requirements(places.FOLDER / places.DEVELOPMENT).keys()


@pytest.mark.parametrize("platform", lock.PLATFORMS)
def test_installers_take_files_that_the_lists_hold(platform: str) -> None:
    held = requirements(places.FOLDER / places.DEVELOPMENT)
    held |= requirements(places.FOLDER / places.TORCH)
    small = requirements(places.FOLDER / places.TORCH_CPU)["torch"]
    for wheel in lock.read(platform):
        version, hashes = small if wheel.version.endswith(NO_CPU) else held[wheel.name]
        assert wheel.version == version and wheel.sha256 in hashes, wheel.name


def test_the_small_build_of_torch_is_of_the_pinned_version() -> None:
    (version, hashes) = requirements(places.FOLDER / places.TORCH_CPU)["torch"]
    assert version == pins()["torch"] + NO_CPU
    # Linux on two processors, with each Python.
    assert len(hashes) == 2 * len(relock.PYTHONS)


def test_the_stack_for_aws_is_made_with_its_list() -> None:
    asked = ROOT / "packaging" / "aws" / "requirements.txt"
    (line,) = (one for one in asked.read_text("utf-8").splitlines() if not one.startswith("#"))
    option, _, place = line.partition(" ")
    assert option == "-r" and (asked.parent / place).resolve() == places.FOLDER / "cdk.txt"


def wheel(folder: Path, code: str) -> str:
    """Make a wheel in a folder and return its SHA-256."""
    about = "spaceport_nobody-1.0.dist-info"
    files = {
        "spaceport_nobody.py": code,
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: spaceport-nobody\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [f"{about}/RECORD,,"]
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
        lines.append(f"{name},sha256={digest.rstrip('=')},{len(text)}")
    path = folder / "spaceport_nobody-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
        archive.writestr(zipfile.ZipInfo(f"{about}/RECORD"), "\n".join(lines) + "\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("trouble", ["", "swapped", "no hash"])
def test_pip_takes_the_listed_file_and_no_other(tmp_path: Path, trouble: str) -> None:
    sha256 = wheel(tmp_path, "OWN = True\n")
    if trouble == "swapped":
        wheel(tmp_path, "OWN = False\n")
    asked = tmp_path / "list.txt"
    line = "spaceport-nobody==1.0"
    asked.write_text(line if trouble == "no hash" else f"{line} --hash=sha256:{sha256}")
    words = ["--no-index", "--find-links", str(tmp_path), "--target", str(tmp_path / "site")]
    words += ["--no-cache-dir", "--requirement"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--isolated", "install", *places.STRICT, *words, str(asked)],
        capture_output=True,
        text=True,
        check=False,
    )
    installed = (tmp_path / "site" / "spaceport_nobody.py").is_file()
    assert (done.returncode == 0, installed) == (not trouble, not trouble), done.stderr
    assert not trouble or "hash" in done.stderr.lower()


def test_questions_before_an_installation_name_versions_and_no_hashes() -> None:
    text = (places.FOLDER / places.DEVELOPMENT).read_text(encoding="utf-8")
    plain = places.without_hashes(text)
    assert "--hash" not in plain and "#" not in plain and "\\" not in plain
    assert len(plain.splitlines()) == len(requirements(places.FOLDER / places.DEVELOPMENT))


@pytest.mark.parametrize(
    ("file", "fits"),
    [
        ("a-1.0-py3-none-any.whl", True),
        ("a-1.0-py2.py3-none-any.whl", True),
        ("a-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", True),
        ("a-1.0-cp313-cp313-win_amd64.whl", True),
        ("a-1.0-cp39-abi3-macosx_11_0_arm64.whl", True),
        ("a-1.0-cp314-cp314-manylinux_2_28_x86_64.whl", False),
        ("a-1.0-cp313-cp313t-win_amd64.whl", False),
        ("a-1.0-cp314-abi3-win_amd64.whl", False),
        ("a-1.0-cp311-cp311-musllinux_1_2_x86_64.whl", False),
        ("a-1.0-cp311-cp311-win32.whl", False),
        ("a-1.0-pp311-pypy311_pp73-win_amd64.whl", False),
    ],
)
def test_wheels_of_our_systems_and_pythons_are_listed(file: str, fits: bool) -> None:
    development = next(one for one in relock.LISTS if one.file == places.DEVELOPMENT)
    assert relock.fits(file, development) is fits


def test_a_package_without_a_file_that_fits_is_told() -> None:
    package: dict[str, Any] = {"name": "a", "version": "1.0", "wheels": []}
    development = next(one for one in relock.LISTS if one.file == places.DEVELOPMENT)
    with pytest.raises(BuildError, match=r"a 1\.0 has no file that fits"):
        relock.text(development, [package])


def test_the_peers_from_npm_are_listed_with_hashes_and_without_places() -> None:
    text = (PEERS / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in text
    packages = json.loads(text)["packages"]
    own = packages.pop("")
    wanted = json.loads((PEERS / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert own["dependencies"] == wanted
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())
