from __future__ import annotations

from pathlib import Path

import pytest

from spaceport_app.engine_setup import asked, switching
from spaceport_app.pipeline import machine
from spaceport_app.splats.engines import choose
from spaceport_app.splats.engines.choose import EngineDescription

from .test_installed_engine import made


def engines(monkeypatch: pytest.MonkeyPatch, cuda: bool, card: bool) -> None:
    gpu = EngineDescription("cuda", "RTX 4070, 12 GiB", cuda)
    cpu = EngineDescription("cpu", "CPU, 8 cores", True)
    monkeypatch.setattr(choose, "available", lambda: (gpu, cpu) if cuda else (cpu, gpu))
    found = (machine.Gpu("RTX 4070", 12 << 30),) if card else ()
    monkeypatch.setattr(machine, "gpus", lambda: found)


def test_no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    engines(monkeypatch, cuda=False, card=False)
    assert asked.answer() == {"name": "cpu", "words": "CPU, 8 cores", "offer": False}


def test_an_idle_card_is_named_and_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    engines(monkeypatch, cuda=False, card=True)
    found = asked.answer()
    assert found["offer"] is True
    assert "The RTX 4070 is not used: its engine is not set up." in str(found["words"])


def test_the_engine_in_use_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(home, "one")
    switching.to(home, "one")
    monkeypatch.setattr(asked.installed_engine, "use", lambda: "")
    engines(monkeypatch, cuda=True, card=True)
    assert asked.answer()["words"] == "RTX 4070, 12 GiB, torch 9.9, CUDA 99.9"


def test_a_damaged_engine_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(home, "one")
    switching.to(home, "one")
    (folder / "site" / "torch" / "__init__.py").unlink()
    engines(monkeypatch, cuda=False, card=True)
    found = asked.answer()
    assert found["offer"] is True and "The GPU engine cannot be used" in str(found["words"])
