from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QProcess
from PySide6.QtWidgets import QApplication

from spaceport_app.gui.run import engine
from spaceport_app.gui.run.engine import EngineFinder


@pytest.fixture
def finder(qapp: QApplication) -> Iterator[EngineFinder]:
    finder = EngineFinder()
    yield finder
    finder.stop()


def asks(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(engine, "_QUESTION", code)


def test_this_computer_is_told_in_plain_words(finder: EngineFinder, qtbot: Any) -> None:
    before = "torch" in sys.modules
    with qtbot.waitSignal(finder.found, timeout=60_000) as signal:
        finder.start()
    name, words = signal.args
    assert name in ("cpu", "cuda")
    assert words.startswith("CPU, ") or "GiB" in words
    assert ("torch" in sys.modules) == before


def test_the_answer_is_the_last_line(
    finder: EngineFinder, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = '{"name": "cuda", "words": "NVIDIA RTX 4070, 12 GiB", "offer": false}'
    asks(monkeypatch, f"print('a library says hello'); print({answer!r})")
    with qtbot.waitSignal(finder.found, timeout=20_000) as signal:
        finder.start()
    assert signal.args == ["cuda", "NVIDIA RTX 4070, 12 GiB"]


@pytest.mark.parametrize("code", ["raise ImportError('no torch here')", "print('{}')", ""])
def test_a_broken_engine_is_told_not_raised(
    finder: EngineFinder, qtbot: Any, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    asks(monkeypatch, code)
    with qtbot.waitSignal(finder.failed, timeout=20_000) as signal:
        finder.start()
    assert signal.args[0].startswith("The training engine does not work: ")
    if "torch" in code:
        assert "no torch here" in signal.args[0]


def test_a_question_can_be_dropped(
    finder: EngineFinder, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks(monkeypatch, "import time; time.sleep(60)")
    finder.start()
    qtbot.waitUntil(lambda: finder._process.state() == QProcess.ProcessState.Running, timeout=5000)
    finder.stop()
    assert finder._process.state() == QProcess.ProcessState.NotRunning
