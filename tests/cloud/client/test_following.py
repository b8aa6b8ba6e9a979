"""Events of the cloud as those of a run here."""

from __future__ import annotations

from spaceport_app.cloud.client import answers
from spaceport_app.cloud.client.following import Follower
from spaceport_app.events import Metric, Progress
from spaceport_app.pipeline.runner import RunEvent, StageEvent, StageStarted
from spaceport_app.pipeline.stage import registry


def event(number: int, stage: str, **fields: object) -> dict[str, object]:
    return {"number": number, "stage": stage, "at": "", "event": fields}


def progress(number: int, stage: str, fraction: float) -> dict[str, object]:
    return event(
        number, stage, event="progress", step="Doing", done=number, total=9, fraction=fraction
    )


def look(*events: dict[str, object]) -> answers.Look:
    return answers.look({"job": "x", "state": "running", "events": list(events)})


def test_an_event_is_told_once_and_its_number_asked_from() -> None:
    told: list[RunEvent] = []
    follower = Follower("3dgs", registry(), told.append)
    metric = event(1, "train", event="metric", values={"loss": 0.5})
    follower.take(look(metric, progress(2, "train", 0.1)), "3dgs")
    follower.take(look(metric, progress(4, "train", 0.2)), "3dgs")
    kinds = [type(e.event) if isinstance(e, StageEvent) else type(e) for e in told]
    assert kinds == [StageStarted, Metric, Progress, Progress]
    assert follower.after == 4


def test_numbers_may_begin_anew_with_each_step() -> None:
    told: list[RunEvent] = []
    follower = Follower("sfm", registry(), told.append)
    follower.take(look(progress(7, "sfm", 0.5)), "sfm")
    follower.take(look(), "3dgs")
    assert follower.after == 0
    follower.take(look(progress(7, "sfm", 0.5), progress(7, "train", 0.5)), "3dgs")
    stages = [e.stage for e in told if isinstance(e, StageEvent)]
    assert stages == ["sfm", "train"]


def test_the_two_stages_of_a_step_share_a_row() -> None:
    told: list[RunEvent] = []
    follower = Follower("compression", registry(), told.append)
    follower.take(look(progress(1, "compress", 1.0), progress(2, "export", 0.5)), "compression")
    rows = [
        (e.stage, round(e.event.fraction, 3))
        for e in told
        if isinstance(e, StageEvent) and isinstance(e.event, Progress)
    ]
    assert [stage for stage, _ in rows] == ["compress", "compress"]
    assert 0.25 < rows[0][1] < rows[1][1] < 0.92


def test_the_time_left_is_told_from_counted_work() -> None:
    told: list[RunEvent] = []
    now = 0.0
    follower = Follower("3dgs", registry(), told.append, lambda: now)
    for number in range(1, 40):
        now = number * 5.0
        follower.take(look(progress(number, "train", number / 100)), "3dgs")
    last = told[-1]
    assert isinstance(last, StageEvent) and last.eta_s is not None
    assert 250 < last.eta_s < 500


def test_pictures_that_lie_there_are_not_told() -> None:
    told: list[RunEvent] = []
    follower = Follower("3dgs", registry(), told.append)
    there = [
        event(1, "train", event="preview", path="/opt/ml/x.png"),
        event(2, "train", event="snapshot", path="/opt/ml/x.ply", done=1, total=2),
        event(3, "train", event="finished", report={}),
        event(4, "train", event="of a newer version"),
    ]
    follower.take(look(*there), "3dgs")
    assert told == []
