from __future__ import annotations

import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from spaceport_app import resources

GIB = 1 << 30


@pytest.fixture
def computer(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = namedtuple("memory", "total available")
    monkeypatch.setattr(resources.psutil, "virtual_memory", lambda: memory(16 * GIB, 12 * GIB))


def container(folder: Path, limit: str, used: int, cache: int) -> tuple[Path, str, str, str]:
    (folder / "limit").write_text(f"{limit}\n")
    (folder / "used").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {cache}\nslab 7\n")
    return folder, "limit", "used", "inactive_file"


def test_this_computer_makes_sense(tmp_path: Path) -> None:
    assert resources.cores() >= 1
    assert 0 < resources.free_memory_bytes() <= resources.memory_bytes()
    assert resources.free_disk_bytes(tmp_path / "not" / "yet" / "there") > 0


def test_a_container_leaves_what_is_not_used_in_it(
    computer: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = container(tmp_path, str(4 * GIB), 3 * GIB, GIB)
    missing = (tmp_path / "gone", "limit", "used", "inactive_file")
    monkeypatch.setattr(resources, "_CONTAINERS", (missing, limited))
    assert (resources.memory_bytes(), resources.free_memory_bytes()) == (4 * GIB, 2 * GIB)


@pytest.mark.parametrize("limit", ["max", str(2**63 - 4096)])
def test_without_a_limit_the_computer_counts(
    computer: None, limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "_CONTAINERS", (container(tmp_path, limit, GIB, 0),))
    assert (resources.memory_bytes(), resources.free_memory_bytes()) == (16 * GIB, 12 * GIB)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_limit_of_the_shell_counts() -> None:
    code = (
        "import resource; from spaceport_app import resources\n"
        "assert resources.address_space_bytes() == __import__('sys').maxsize\n"
        "resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))\n"
        "assert resources.memory_bytes() <= 3 << 30\n"
        "first = resources.free_memory_bytes()\n"
        "assert 0 < first < 3 << 30\n"
        "kept = bytearray(1 << 29)\n"
        "assert resources.free_memory_bytes() <= first - (1 << 28)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
