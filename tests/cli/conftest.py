from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from spaceport_app.splats.file import write_ply
from spaceport_app.splats.model import Splats

from .doors import Spaceport


@pytest.fixture
def spaceport(tmp_path: Path) -> Iterator[Spaceport]:
    """The command line with the small stages."""
    yield from _made(tmp_path, True)


@pytest.fixture
def real_spaceport(tmp_path: Path) -> Iterator[Spaceport]:
    """The command line as it is shipped."""
    yield from _made(tmp_path, False)


def _made(folder: Path, stages: bool) -> Iterator[Spaceport]:
    made = Spaceport(folder, stages)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "Flug über Öland"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.txt").write_text("abc" * (number + 1), encoding="utf-8")
    return folder


@pytest.fixture
def ply(tmp_path: Path) -> Path:
    random = np.random.default_rng(5)

    def normal(*shape: int) -> np.ndarray:
        return random.normal(size=shape).astype(np.float32)

    splats = Splats(
        normal(300, 3) * 10, normal(300, 3) - 3, normal(300, 4), normal(300), normal(300, 4, 3) / 4
    )
    path = tmp_path / "Straße 1.ply"
    write_ply(path, splats)
    return path
