"""A stage that renders takes the engine that is set up, and goes on without a broken one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from spaceport_app import installed_engine
from spaceport_app.pipeline import machine
from spaceport_app.pipeline.stages import STAGES


def set_up(home: Path, **changed: Any) -> None:
    folder = home / "one"
    (folder / "site").mkdir(parents=True)
    about = {
        "schema": 1,
        "python": installed_engine.python_tag(),
        "versions": {"torch": "9.9"},
        "installed_bytes": 1,
        "files": {},
    }
    (folder / "engine.json").write_text(json.dumps(about | changed))
    (home / "active.json").write_text(json.dumps({"schema": 1, "active": "one"}))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(installed_engine.FOLDER_VARIABLE, str(tmp_path / "engines"))
    return tmp_path / "engines"


def test_the_device_follows_the_engine(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(home)
    monkeypatch.setattr(machine, "gpus", lambda: (machine.Gpu("RTX 4070", 12 << 30),))
    assert machine.device() == "cuda"
    monkeypatch.setattr(machine, "gpus", lambda: ())
    assert machine.device() == "cpu"


def test_a_damaged_engine_does_not_count(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(home, files={"torch/gone.so": 5})
    monkeypatch.setattr(machine, "gpus", lambda: (machine.Gpu("RTX 4070", 12 << 30),))
    monkeypatch.setattr(machine.importlib.util, "find_spec", lambda name: None)
    assert machine.device() == "cpu"


def test_stages_that_render_are_those_with_an_engine() -> None:
    assert {stage.name for stage in STAGES if stage.renders} == {"train", "compress"}
