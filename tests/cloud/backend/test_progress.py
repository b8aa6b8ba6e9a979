"""What a step tells while it works."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spaceport_app.cloud.backend import progress
from spaceport_app.cloud.backend.progress import StepProgress
from spaceport_app.cloud.backend.sights import Sights
from spaceport_app.events import Event, Failed, Metric, Notice, Preview, Progress
from spaceport_app.pipeline.outcome import Outcome
from spaceport_app.pipeline.runner import StageEnded, StageEvent, StageStarted


class Kept:
    """Where progress is put: all versions as they would be read."""

    def __init__(self, fail: int = 0) -> None:
        self.versions: list[dict[str, Any]] = []
        self.fail = fail

    def __call__(self, document: Mapping[str, Any]) -> None:
        if self.fail:
            self.fail -= 1
            raise OSError("no network")
        self.versions.append(json.loads(json.dumps(document, allow_nan=False)))


def tell(to: StepProgress, event: Event, stage: str = "sfm") -> None:
    to.listen(StageEvent(stage, event, None, 0.0))


def test_events_are_kept_whole_and_only_the_newest_progress_of_a_stage() -> None:
    kept = Kept()
    told = StepProgress("sfm", kept)
    told.listen(StageStarted("import", "Reading", False))
    tell(told, Progress("Reading", 1, 2, 0.5), "import")
    tell(told, Progress("Reading", 2, 2, 1.0), "import")
    told.listen(StageEnded(Outcome("import", "Reading", "finished", report={"used": 2})))
    tell(told, Notice("far", "One is far.", "a.jpg"))
    tell(told, Progress("Finding", 1, 9, 0.1))
    tell(told, Preview(Path("/opt/ml/here.jpg")))
    tell(told, Metric({"error": math.nan}))
    told.end("finished")
    last = kept.versions[-1]
    assert [event["number"] for event in last["events"]] == [2, 3, 4, 5, 6]
    assert [event["event"]["event"] for event in last["events"]] == [
        *("progress", "finished", "warning", "progress", "metric")
    ]
    assert last["events"][0]["event"]["done"] == 2
    assert last["events"][1] == {**last["events"][1], "stage": "import"}
    assert last["events"][4]["event"]["values"] == {"error": None}
    assert (last["state"], last["stage"], last["failure"]) == ("finished", "sfm", None)


def test_a_failure_says_why() -> None:
    kept = Kept()
    told = StepProgress("sfm", kept)
    told.listen(StageEnded(Outcome("sfm", "SfM", "failed", "few", "Too few.", "Take more.")))
    told.end("failed", Failed("few", "Too few.", "Take more."))
    reason = {"code": "few", "message": "Too few.", "remedy": "Take more."}
    assert kept.versions[-1]["failure"] == reason
    assert kept.versions[-1]["events"][-1]["event"] == {"event": "failed", **reason}


def test_a_second_try_goes_on_with_the_numbers_of_the_first() -> None:
    kept = Kept()
    first = StepProgress("3dgs", kept)
    tell(first, Progress("Training", 5, 10, 0.5), "train")
    tell(first, Metric({"loss": 1.0}), "train")
    first.end("stopped")
    second = StepProgress("3dgs", kept, kept.versions[-1])
    second.end("stopped")
    assert kept.versions[-1]["events"] == kept.versions[0]["events"]
    tell(second, Progress("Training", 6, 10, 0.6), "train")
    second.end("finished")
    numbers = [(e["number"], e["event"]["event"]) for e in kept.versions[-1]["events"]]
    assert numbers == [(2, "metric"), (3, "progress")]
    assert kept.versions[-1]["started"] == kept.versions[0]["started"]


def test_it_is_put_while_work_goes_on_and_after_a_failed_put() -> None:
    kept = Kept(fail=1)
    told = StepProgress("sfm", kept, interval_s=0.02)
    told.start()
    tell(told, Progress("Reading", 1, 2, 0.5))
    until = time.monotonic() + 5
    while not kept.versions and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.2)
    versions = len(kept.versions)
    told.end("finished")
    # What has not changed is not put again.
    assert versions <= 2
    assert [version["state"] for version in kept.versions] == ["running"] * versions + ["finished"]


def test_very_many_metrics_are_thinned_but_the_first_and_the_newest_stay() -> None:
    kept = Kept()
    told = StepProgress("3dgs", kept)
    for number in range(3 * progress.MOST_METRICS):
        tell(told, Metric({"iteration": float(number)}), "train")
    told.end("finished")
    found = [event["event"]["values"]["iteration"] for event in kept.versions[-1]["events"]]
    assert len(found) <= progress.MOST_METRICS
    assert (found[0], found[-1]) == (0.0, 3 * progress.MOST_METRICS - 1)
    assert found == sorted(found)


def test_a_picture_is_told_once_it_lies_there_and_only_the_newest(tmp_path: Path) -> None:
    kept, there = Kept(), dict[str, bytes]()
    shown = Sights(there.__setitem__, every_s=0.0)
    told = StepProgress("3dgs", kept, interval_s=0.01, sights=shown)
    picture = tmp_path / "scratch.jpg"
    told.start()
    for content in (b"first", b"second"):
        picture.write_bytes(content)
        tell(told, Preview(picture), "train")
        end = time.monotonic() + 10
        while there.get("preview.jpg") != content:
            assert time.monotonic() < end
            time.sleep(0.01)
    told.end("finished")
    seen = [e["event"] for e in kept.versions[-1]["events"]]
    assert seen == [{"event": "preview", "path": "preview.jpg"}]
    assert kept.versions[-1]["events"][0]["number"] == 2

    # The next try's picture comes in place of this one's.
    again = StepProgress("3dgs", kept, kept.versions[-1], interval_s=0.01, sights=shown)
    tell(again, Preview(picture), "train")
    again.start()
    while len(kept.versions) < 4 and time.monotonic() < end:
        time.sleep(0.01)
    again.end("stopped")
    assert [e["number"] for e in kept.versions[-1]["events"]] == [3]
