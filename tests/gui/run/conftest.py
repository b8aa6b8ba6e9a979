"""The panel over three tiny real stages that run in child processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pipeline.conftest import project, small, texts
from PySide6.QtWidgets import QApplication

from spaceport_app.gui import theme
from spaceport_app.gui.run import engine
from spaceport_app.gui.run.panel import StagePanel
from spaceport_app.pipeline.settings import with_options
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.project import Project

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
__all__ = ["project", "small", "texts"]


@pytest.fixture
def themed(qapp: QApplication) -> QApplication:
    theme.choose("light")
    return qapp


@pytest.fixture
def panel(
    small: None, themed: QApplication, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StagePanel]:
    monkeypatch.setattr(engine.EngineFinder, "start", lambda self: None)
    panel = StagePanel()
    qtbot.addWidget(panel)
    panel.resize(360, 800)
    panel.show()
    yield panel
    panel.close_down()


def choose(project: Project, **stages: dict[str, Any]) -> None:
    with project.locked():
        project.change(settings=with_options(registry(), project.document.settings, stages))


def saved(folder: Path, stage: str) -> Any:
    return Project.open(folder).document.stages[stage]
