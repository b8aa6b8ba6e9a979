from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from spaceport_app.events import Failed, Finished, Stopped
from spaceport_app.pipeline.outcome import Ending, Outcome, judge

GOOD = Ending(Finished({}), 0, False, False, 1 << 30, 16 << 30, 50 << 30)
DIED = replace(GOOD, last=None, exit_status=-9)
FOLDER, LOG = Path("p.spaceport"), Path("p.spaceport/logs/train.log")


@pytest.mark.parametrize(
    ("ending", "kind", "code"),
    [
        (GOOD, "finished", ""),
        (replace(GOOD, exit_status=-11), "finished", ""),
        (replace(GOOD, last=Failed("a", "b", "c"), exit_status=1), "failed", "a"),
        (DIED, "crashed", "killed"),
        (replace(DIED, cancelled=True), "cancelled", "cancelled"),
        (replace(GOOD, last=Stopped("step 3 of 9"), exit_status=1), "cancelled", "stopped"),
        (replace(GOOD, last=Stopped(""), exit_status=1, cancelled=True), "cancelled", "stopped"),
        (replace(DIED, oom_killed=True), "crashed", "out_of_memory"),
        (replace(DIED, peak_memory_bytes=15 << 30), "crashed", "out_of_memory"),
        (replace(DIED, free_disk_bytes=1 << 20), "crashed", "disk_full"),
        (replace(DIED, exit_status=-7, free_disk_bytes=0), "crashed", "disk_full"),
        (replace(DIED, exit_status=-11), "crashed", "crashed"),
        (replace(DIED, exit_status=3), "crashed", "crashed"),
        (replace(DIED, exit_status=0), "crashed", "crashed"),
    ],
)
def test_an_ending_is_judged(ending: Ending, kind: str, code: str) -> None:
    found, failure = judge(ending, FOLDER, LOG)
    assert (found, failure.code if failure else "") == (kind, code)
    if failure is not None and code != "a":
        assert failure.message.endswith(".")
        assert failure.remedy.endswith(".")


def test_a_crash_names_signal_and_log() -> None:
    _, failure = judge(replace(DIED, exit_status=-11), FOLDER, LOG)
    assert failure is not None
    assert "SIGSEGV" in failure.message
    assert str(LOG) in failure.remedy


def test_words() -> None:
    done = Outcome("train", "Training", "finished", seconds=61.4)
    assert done.words() == "Training: finished in 61 s."
    assert done.good
    stopped = Outcome("train", "Training", "cancelled", where="step 3 of 9")
    assert stopped.words() == "Training: stopped at step 3 of 9."
    bad = Outcome("train", "Training", "failed", "a", "It broke.", "Mend it.")
    assert bad.words() == "Training: It broke. Mend it."
    assert not bad.good
