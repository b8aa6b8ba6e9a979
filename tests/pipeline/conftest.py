from __future__ import annotations

import sys
from pathlib import Path

import pytest

from spaceport_app.pipeline.stage import REGISTRY_VARIABLE
from spaceport_app.project.model import Settings
from spaceport_app.project.project import Project

SMALL = Path(__file__).parent / "small"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "Text mit Ümläuten"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.txt").write_text("abc" * (number + 1), encoding="utf-8")
    return folder


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the small stages, here and in child processes."""
    monkeypatch.setenv(REGISTRY_VARIABLE, "small_stages:STAGES")
    monkeypatch.setenv("PYTHONPATH", str(SMALL))
    monkeypatch.setattr(sys, "path", [str(SMALL), *sys.path])


@pytest.fixture
def project(small: None, texts: Path, tmp_path: Path) -> Project:
    return Project.create(tmp_path / "one.spaceport", (texts,), Settings("preview", "cpu"))
