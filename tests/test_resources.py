from __future__ import annotations

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
