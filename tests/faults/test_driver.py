"""The campaign itself: it repeats, it counts, and it sees what it is there to see."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from . import campaign, inventory
from .kinds import KINDS
from .spaceport import ROOT, Doing, Ended, environment
from .verdict import HANG, LOST, Fault, Verdict, table


def ended(code: int, out: object = "", err: str = "") -> Ended:
    text = out if isinstance(out, str) else json.dumps(out)
    return Ended(("run",), code, text, err, 1.0)


def test_a_seed_draws_the_same_cases_of_all_kinds() -> None:
    cases = campaign.drawn(3, 200)
    assert cases == campaign.drawn(3, 200) != campaign.drawn(4, 200)
    assert {kind for kind, _ in cases} == set(KINDS)
    assert {kind for kind, _ in campaign.drawn(3, 5, "damage")} == {"damage"}


def test_the_table_counts_each_kind() -> None:
    verdicts = [
        Verdict("kill", 1),
        Verdict("kill", 2, told=["killed"]),
        Verdict("kill", 3, faults=[Fault(LOST, "a photo"), Fault(LOST, "two"), Fault(HANG, "x")]),
        Verdict("clock", 1, skipped="no clock"),
    ]
    rows = table(verdicts).splitlines()
    assert rows[2] == "| kill | 3 | 1 | 1 | 1 | 0 | 1 | 0 | 0 | 0 |"
    assert rows[3] == "| clock | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |"
    assert rows[4].startswith("| all | 3 |")
    assert "said truly (killed)" in verdicts[1].line()
    assert "LOST: a photo; LOST: two; HANG: x" in verdicts[2].line()


@pytest.mark.parametrize(
    ("one", "good"),
    [
        (ended(0), True),
        (ended(0, err="Traceback (most recent call last):"), False),
        (ended(0, err="KeyError: 'x'"), False),
        (ended(1), False),
        (ended(139), False),
        (ended(1, {"error": {"code": "x", "message": "It is so.", "remedy": "Do this."}}), True),
        (ended(1, {"error": {"code": "x", "message": "It is so.", "remedy": ""}}), False),
        (ended(1, {"error": {"code": "internal", "message": "a", "remedy": "b"}}), False),
        (ended(3, {"error": {"code": "x", "message": "[Errno 13] y", "remedy": "b"}}), False),
        (ended(130), True),
    ],
)
def test_what_no_person_understands_is_seen(one: Ended, good: bool) -> None:
    assert (one.untyped() == "") is good


def test_what_is_touched_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "same").write_text("1")
    (tmp_path / "a" / "changed").write_text("2")
    (tmp_path / "a" / "gone").write_text("3")
    (tmp_path / "link").symlink_to("a")
    before = inventory.of(tmp_path)
    (tmp_path / "a" / "changed").write_text("4")
    (tmp_path / "a" / "gone").rename(tmp_path / "kept")
    (tmp_path / "link").unlink()
    (tmp_path / "link").mkdir()
    after = inventory.of(tmp_path)
    assert sorted(inventory.changes(before, after)) == [
        "a/changed is changed",
        "a/gone is gone",
        "kept is new",
        "link is changed",
    ]
    # What lies elsewhere now is not missing.
    assert sorted(inventory.missing(before, [tmp_path])) == ["a/changed", "link"]


@pytest.mark.skipif(sys.platform != "linux", reason="signals of Linux")
@pytest.mark.parametrize("deed", ["kill", str(errno.EIO)])
def test_a_process_is_tripped_up_at_its_deed(tmp_path: Path, deed: str) -> None:
    for name in ("said", "home", "place"):
        (tmp_path / name).mkdir()
    script = "import pathlib, sys\nfor n in range(3): (pathlib.Path(sys.argv[1]) / str(n)).touch()"
    doing = Doing(tmp_path, tmp_path / "said", environment(tmp_path / "home"))
    place = tmp_path / "place"
    more = {"FAULTS_FOLDER": str(place), "FAULTS_WHO": "run", "FAULTS_AT": "1"}
    one = doing.program(["-c", script, str(place)], ("x",), FAULTS_DEED=deed, **more).finish()
    if deed == "kill":
        assert one.code == -signal.SIGKILL
    else:
        assert one.code == 1 and os.strerror(errno.EIO) in one.err
    assert not (place / "2").exists()


def test_a_command_over_its_time_is_ended(tmp_path: Path) -> None:
    doing = Doing(tmp_path, tmp_path, environment(tmp_path))
    one = doing.program(["-c", "import time; time.sleep(60)"], ("x",)).finish(0.5)
    assert one.hung and one.seconds < 20
    assert ROOT.joinpath("pyproject.toml").is_file()
