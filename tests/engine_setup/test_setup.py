"""The whole way with uv and a real self-test; the CPU engine stands on both of its sides."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spaceport_app import installed_engine
from spaceport_app.engine_setup import fetching, installing, plan, recipes, setup, testing
from spaceport_app.errors import StageError
from spaceport_app.events import Event, Progress, ignore
from spaceport_app.installed_engine import InstalledEngine
from spaceport_app.project import lock

from .index import PAYLOAD, Server, large, recipe, table, wheel

OTHER = "spaceport_other_payload"
SetUp = Callable[..., InstalledEngine]


@pytest.fixture
def set_up(server: Server, home: Path, tmp_path: Path) -> SetUp:
    """Set an engine of two small wheels up."""

    def run(
        cancel: threading.Event | None = None,
        report: Callable[[Event], None] = ignore,
        unverified: bool = False,
        **changed: Any,
    ) -> InstalledEngine:
        wheels = changed.pop("wheels", {PAYLOAD: wheel(), OTHER: large(OTHER, 60)})
        edit = changed.pop("edit", None)
        made = recipe(server, wheels, **changed)
        if edit is not None:
            edit(made)
        planned = plan.make(recipes.read(table(tmp_path, made)), home)
        return setup.set_up(planned, cancel or threading.Event(), report, unverified=unverified)

    return run


@pytest.fixture
def no_self_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the self-test out, where something else is tried."""
    monkeypatch.setattr(testing, "test", lambda *_: {"left_out": True})


def names(home: Path) -> set[str]:
    return {path.name for path in home.iterdir()} - {".lock"}


def test_all_the_way(set_up: SetUp, home: Path) -> None:
    told: list[Progress] = []
    engine = set_up(
        report=lambda event: told.append(event) if isinstance(event, Progress) else None
    )
    assert engine.trouble == "" and engine.name == "test-engine"
    assert installed_engine.current() == engine
    assert (engine.site / PAYLOAD / "__init__.py").read_text() == "VERSION = '1.0'\n"
    about = json.loads((engine.folder / "engine.json").read_text())
    assert about["self_test"]["psnr_db"] >= 40.0
    assert about["self_test"]["last_loss"] < 0.8 * about["self_test"]["first_loss"]
    assert set(about["files"]) == {
        f"{OTHER}/__init__.py",
        f"{OTHER}/kernels.so",
        f"{PAYLOAD}/__init__.py",
    }
    assert all(one["verified"] for one in about["packages"])
    # What was fetched is not needed any more.
    assert names(home) == {"active.json", "test-engine"}
    fractions = [one.fraction for one in told]
    assert fractions == sorted(fractions) and fractions[-1] <= 1.0
    steps = " ".join(one.step for one in told)
    for words in ("Fetching", "Unpacking 2 packages", "Importing", "Rendering", "Training"):
        assert words in steps


def test_again_makes_a_second_one_and_keeps_the_first(
    set_up: SetUp, home: Path, no_self_test: None
) -> None:
    assert set_up().name == "test-engine"
    assert set_up().name == "test-engine-2"
    assert installed_engine.record(home) == {"active": "test-engine-2", "previous": "test-engine"}
    assert set_up().name == "test-engine-3"
    assert names(home) == {"active.json", "test-engine-2", "test-engine-3"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({f"{PAYLOAD}/__init__.py": b"raise OSError('no libcuda')\n"}, "no libcuda"),
        ({"something_else/__init__.py": b""}, "cannot be imported"),
        ({f"{PAYLOAD}/__init__.py": b"import os\nos.abort()\n"}, "ended while importing"),
    ],
)
def test_an_engine_that_fails_its_test_is_never_used(
    set_up: SetUp, home: Path, files: dict[str, bytes], words: str
) -> None:
    broken = wheel(files=files)
    with pytest.raises(StageError) as caught:
        set_up(wheels={PAYLOAD: broken})
    assert caught.value.code == "engine_fails" and words in caught.value.message
    assert installed_engine.current() is None
    # What was fetched stays for another try, under a newer driver say.
    assert names(home) == {"downloads"}


def test_a_module_of_the_program_s_own_does_not_count(set_up: SetUp) -> None:
    with pytest.raises(StageError, match="was imported from"):
        set_up(imports=("rich",))


def test_a_card_that_torch_does_not_see(set_up: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    from spaceport_app.engine_setup import gpu

    card = gpu.Cards((gpu.Card("RTX 4070", 12 << 30, (8, 9)),), (580, 65, 6))
    monkeypatch.setattr(gpu, "find", lambda: card)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(StageError, match="torch finds no card"):
        set_up(device="cuda")


def test_unverified_packages_need_a_yes(set_up: SetUp, home: Path, no_self_test: None) -> None:
    def forget(made: dict[str, Any]) -> None:
        made["files"][0] |= {"sha256": None, "bytes": None}

    with pytest.raises(StageError) as caught:
        set_up(edit=forget)
    assert caught.value.code == "unverified" and "--accept-unverified" in caught.value.remedy
    assert not home.exists()
    engine = set_up(edit=forget, unverified=True)
    about = json.loads((engine.folder / "engine.json").read_text())
    first = about["packages"][0]
    assert first["verified"] is False and len(first["sha256"]) == 64


def test_a_wheel_that_is_none(set_up: SetUp, home: Path) -> None:
    with pytest.raises(StageError) as caught:
        set_up(wheels={PAYLOAD: b"PK\x03\x04 and no wheel"})
    assert caught.value.code == "install_failed"
    assert names(home) == {"downloads"}


def test_uv_checks_the_files_once_more(
    set_up: SetUp, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = fetching.fetch

    def changed(*arguments: Any) -> dict[str, str]:
        return {name: "0" * 64 for name in fetch(*arguments)}

    monkeypatch.setattr(fetching, "fetch", changed)
    with pytest.raises(StageError) as caught:
        set_up()
    assert caught.value.code == "checksum_mismatch"
    assert installed_engine.current() is None


def test_without_uv(set_up: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    import uv

    def missing() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(uv, "find_uv_bin", missing)
    monkeypatch.setattr(installing.programs, "find", lambda name: None)
    with pytest.raises(StageError, match="uv"):
        set_up()


@pytest.mark.parametrize("step", ["Fetching", "Unpacking", "Importing", "Training"])
def test_a_stop_anywhere_changes_nothing(set_up: SetUp, home: Path, step: str) -> None:
    cancel = threading.Event()

    def report(event: Event) -> None:
        if isinstance(event, Progress) and event.step.startswith(step):
            cancel.set()

    with pytest.raises(fetching.Cancelled):
        set_up(cancel=cancel, report=report)
    assert installed_engine.current() is None
    assert names(home) == {"downloads"}


KILLED = """
import os, pathlib, signal, sys, threading
from spaceport_app.engine_setup import plan, recipes, setup, switching, testing
table, home, where = sys.argv[1:]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
def report(event):
    if event.step.startswith(where):
        die()
if where.startswith("switch"):
    testing.test = lambda *_: {}
if where == "switching":
    switching.to = die
if where == "switched":
    switching.remove_others = die
planned = plan.make(recipes.read(pathlib.Path(table)), pathlib.Path(home))
setup.set_up(planned, threading.Event(), report)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("where", "active", "then"),
    [
        ("Unpacking", None, {"active.json", "test-engine"}),
        ("Importing", None, {"active.json", "test-engine"}),
        ("switching", None, {"active.json", "test-engine-2"}),
        ("switched", "test-engine", {"active.json", "test-engine", "test-engine-2"}),
    ],
)
def test_killed_anywhere_it_goes_on_without_fetching_anew(
    server: Server,
    set_up: SetUp,
    home: Path,
    tmp_path: Path,
    no_self_test: None,
    where: str,
    active: str | None,
    then: set[str],
) -> None:
    made = recipe(server, {PAYLOAD: wheel(), OTHER: large(OTHER, 60)})
    command = [sys.executable, "-c", KILLED, str(table(tmp_path, made)), str(home), where]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=False
    )
    assert done.returncode == -9
    engine = installed_engine.current()
    assert (engine.name if engine else None) == active
    set_up()
    assert names(home) == then
    assert len(server.asked) == 2
    used = installed_engine.current()
    assert used is not None and used.trouble == ""


def test_leftovers_of_a_kill_are_cleared(set_up: SetUp, home: Path, no_self_test: None) -> None:
    half = home / ".test-engine.partial" / "site"
    half.mkdir(parents=True)
    (half / "half.py").touch()
    set_up()
    assert names(home) == {"active.json", "test-engine"}


def test_two_at_once(set_up: SetUp, home: Path) -> None:
    home.mkdir(parents=True)
    with lock.held(home), pytest.raises(StageError) as caught:
        set_up()
    assert caught.value.code == "setup_running"


def test_a_folder_that_may_not_be_written(
    set_up: SetUp, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: Any) -> None:
        raise PermissionError(13, "Permission denied", str(home))

    monkeypatch.setattr(setup.fetching, "fetch", forbidden)
    with pytest.raises(StageError) as caught:
        set_up()
    assert caught.value.code == "no_permission"
    assert installed_engine.FOLDER_VARIABLE in caught.value.remedy


def test_a_disk_that_is_full_while_fetching(set_up: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(setup.fetching, "fetch", full)
    with pytest.raises(StageError) as caught:
        set_up()
    assert caught.value.code == "disk_full" and "kept" in caught.value.remedy


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("error: failed to write: No space left on device (os error 28)", "disk_full"),
        ("error: Permission denied (os error 13)", "no_permission"),
        ("error: Hash mismatch for `x`", "checksum_mismatch"),
        ("error: something else", "install_failed"),
        ("", "install_failed"),
    ],
)
def test_what_uv_says_in_words(home: Path, said: str, code: str) -> None:
    assert installing._failure(said, home).code == code
