from __future__ import annotations

from pathlib import Path

import pytest

from spaceport_app import installed_engine
from spaceport_app.engine_setup import switching
from spaceport_app.errors import StageError

from .test_installed_engine import made


def active() -> str | None:
    engine = installed_engine.current()
    return engine.name if engine else None


def test_back_and_forth(home: Path) -> None:
    made(home, "one")
    made(home, "two")
    switching.to(home, "one")
    switching.to(home, "two")
    assert active() == "two"
    assert switching.back(home) == "one" and active() == "one"
    assert switching.back(home) == "two" and active() == "two"


def test_back_to_the_program_s_own_and_forth(home: Path) -> None:
    made(home, "one")
    switching.to(home, "one")
    assert switching.back(home) is None and active() is None
    assert switching.back(home) == "one" and active() == "one"


def test_no_way_back_to_a_damaged_engine(home: Path) -> None:
    folder = made(home, "one")
    made(home, "two")
    switching.to(home, "one")
    switching.to(home, "two")
    (folder / "site" / "torch" / "__init__.py").unlink()
    assert switching.back(home) is None and active() is None


def test_nothing_to_go_back_from(home: Path) -> None:
    with pytest.raises(StageError) as caught:
        switching.back(home)
    assert caught.value.code == "no_engine"


def test_only_the_one_in_use_and_the_one_before_are_kept(home: Path) -> None:
    for name in ("one", "two", "three"):
        made(home, name)
        switching.to(home, name)
    switching.remove_others(home)
    assert {path.name for path in home.iterdir()} == {"two", "three", "active.json"}


def test_removing_leaves_nothing_of_ours_and_all_else(home: Path) -> None:
    for name in ("one", "two"):
        made(home, name)
        switching.to(home, name)
    (home / "downloads").mkdir()
    (home / ".three.partial").mkdir()
    (home / ".lock").touch()
    assert switching.remove_all(home) > 14
    assert not home.exists() and active() is None
    made(home, "one")
    (home / "a letter.txt").write_text("mine")
    switching.remove_all(home)
    assert [path.name for path in home.iterdir()] == ["a letter.txt"]
    assert switching.remove_all(home / "nowhere") == 0
