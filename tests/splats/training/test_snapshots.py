from __future__ import annotations

import json

import numpy as np
import pytest

from spaceport_app.events import Snapshot
from spaceport_app.splats.file import read_ply
from spaceport_app.splats.training.options import TrainOptions
from spaceport_app.splats.training.schedule import Schedule
from spaceport_app.splats.training.snapshots import Snapshots, affordable_degree

SCHEDULE = Schedule(TrainOptions(iterations=100, sh_degree=2, image_size=64), 8.0, 0)


@pytest.fixture
def engine(plain_engine, make_splats):
    made = plain_engine()
    made.load(make_splats(50, 3, 2))
    return made


def test_a_snapshot_is_what_the_engine_holds(engine, tmp_path) -> None:
    events = []
    Snapshots(tmp_path / "snapshot", 5.0).write(engine, SCHEDULE, 90, events.append)
    path = tmp_path / "snapshot" / "splats.ply"
    assert events == [Snapshot(path, 90, 100)]
    found, held = read_ply(path), engine.splats()
    for name in ("means", "log_scales", "quaternions", "opacity_logits", "sh"):
        assert np.array_equal(getattr(found, name), getattr(held, name)), name
    about = json.loads((path.parent / "quality.json").read_text())
    assert about["image_size_px"] == 64 and about["antialiased"] is False
    assert not list(path.parent.glob(".*"))


def test_harmonics_that_are_not_trained_yet_are_left_out(engine, tmp_path) -> None:
    writer = Snapshots(tmp_path / "snapshot", 5.0)
    path = tmp_path / "snapshot" / "splats.ply"
    sizes = []
    for done in (10, 40, 90):
        writer.write(engine, SCHEDULE, done, lambda event: None)
        sizes.append((read_ply(path).sh_degree, path.stat().st_size > 50 * 17 * 4))
    assert sizes == [(0, True), (1, True), (2, True)]


def test_very_many_gaussians_go_without_harmonics() -> None:
    assert affordable_degree(80_000, 2) == 2
    assert affordable_degree(500_000, 3) == 1
    assert affordable_degree(5_000_000, 3) == 0


def test_a_costly_snapshot_is_written_seldom(engine, tmp_path, monkeypatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("spaceport_app.splats.training.snapshots.time.monotonic", lambda: clock[0])
    plain = engine.splats

    def slowly():
        clock[0] += 3.0
        return plain()

    engine.splats = slowly
    writer = Snapshots(tmp_path / "snapshot", 5.0)
    assert writer.due
    writer.write(engine, SCHEDULE, 1, lambda event: None)
    for _ in range(149):
        clock[0] += 1.0
        assert not writer.due
    clock[0] += 1.0
    assert writer.due, "150 s later: 3 s are a fiftieth of it"
    assert writer.seconds == 3.0


def test_nobody_watching_costs_nothing(engine, tmp_path) -> None:
    assert not Snapshots(tmp_path / "snapshot", 0.0).due


def test_what_is_no_number_is_not_shown(engine, tmp_path) -> None:
    engine.parameters["means"][3, 1] = float("nan")
    events = []
    Snapshots(tmp_path / "snapshot", 5.0).write(engine, SCHEDULE, 9, events.append)
    assert events == [] and not (tmp_path / "snapshot").exists()


def test_where_nothing_can_be_written_training_goes_on(engine, tmp_path) -> None:
    events = []
    Snapshots(tmp_path / "gone" / "snapshot", 5.0).write(engine, SCHEDULE, 9, events.append)
    assert events == []
