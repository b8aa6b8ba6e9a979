from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from spaceport_app.events import Metric, Preview
from spaceport_app.gui import theme
from spaceport_app.gui.run.curves import TrainingCurves, smoothed
from spaceport_app.gui.run.plots import LivePlots
from spaceport_app.pipeline.runner import StageEvent, StageStarted


def alike(one: QColor, other: QColor) -> bool:
    parts = zip(one.getRgb()[:3], other.getRgb()[:3], strict=True)
    return max(abs(a - b) for a, b in parts) < 40


def metric(**values: float) -> StageEvent:
    return StageEvent("train", Metric(values), None, 0.0)


def test_seconds_a_step_come_from_what_lies_between() -> None:
    curves = TrainingCurves()
    curves.add({"iteration": 10, "seconds": 2.0, "loss": 0.5, "gaussians": 100})
    curves.add({"iteration": 30, "seconds": 5.0, "loss": 0.4, "gaussians": 120})
    assert curves.step_s.steps == [30]
    assert curves.step_s.values == [pytest.approx(0.15)]


def test_the_same_numbers_told_twice_are_one_point() -> None:
    curves = TrainingCurves()
    row = {"iteration": 10.0, "seconds": 2.0, "loss": 0.5}
    assert curves.add(row)
    assert not curves.add(row)
    assert curves.loss.steps == [10.0]


def test_going_on_from_a_checkpoint_replaces_what_was_lost() -> None:
    curves = TrainingCurves()
    for step in range(10, 60, 10):
        curves.add({"iteration": step, "seconds": step, "loss": 1 / step})
    curves.add({"iteration": 30, "seconds": 30, "loss": 9.0})
    assert curves.loss.steps == [10, 20, 30]
    assert curves.loss.values[-1] == 9.0


def test_smoothing_keeps_level_and_slope() -> None:
    assert smoothed([1.0, 5.0, 2.0]) == [1.0, 5.0, 2.0]
    line = [2.0 * n + 1.0 for n in range(200)]
    assert smoothed(line) == pytest.approx(line)
    noisy = [value + (-1) ** n for n, value in enumerate(line)]
    errors = [abs(a - b) for a, b in zip(smoothed(noisy), line, strict=True)]
    assert max(errors[5:-5]) < 0.2


def test_broken_numbers_are_not_drawn() -> None:
    curves = TrainingCurves()
    curves.add({"iteration": 10, "loss": float("nan"), "gaussians": 5})
    assert curves.loss.steps == [] and curves.gaussians.steps == [10]


@pytest.fixture
def plots(themed: QApplication, qtbot: Any) -> LivePlots:
    plots = LivePlots()
    qtbot.addWidget(plots)
    plots.resize(900, 600)
    plots.show()
    return plots


def test_it_says_what_will_come_before_there_is_anything(plots: LivePlots) -> None:
    assert plots._nothing.isVisible() and not plots._full.isVisible()


def test_curves_are_drawn_as_numbers_come(plots: LivePlots, qtbot: Any) -> None:
    for step in (10, 20, 30):
        plots.add(metric(iteration=step, seconds=step / 5, loss=1 / step, gaussians=step * 100))
    plots.add(metric(iteration=30, psnr_db=21.5))
    plots.add(StageEvent("sfm", Metric({"iteration": 99, "loss": 5.0}), None, 0.0))
    qtbot.waitUntil(lambda: bool(plots._plots), timeout=10_000)
    qtbot.waitUntil(lambda: plots._plots["loss"][1].getData()[0] is not None, timeout=5000)
    steps, losses = plots._plots["loss"][1].getData()
    assert list(steps) == [10, 20, 30] and losses[0] == pytest.approx(0.1)
    assert plots._plots["psnr_db"][2].text() == "21.50"
    assert plots._plots["gaussians"][2].text() == "3,000"
    image = plots._plots["loss"][1].getViewWidget().grab().toImage()
    accent = QColor(theme.current().accent)
    found = sum(
        alike(image.pixelColor(x, y), accent)
        for x in range(image.width())
        for y in range(image.height())
    )
    assert found > 20


def test_a_new_training_starts_with_empty_curves_a_resumed_one_does_not(plots: LivePlots) -> None:
    plots.add(metric(iteration=10, seconds=1.0, loss=0.5))
    plots.add(StageStarted("train", "Training", resumed=True))
    assert plots.curves.loss.steps == [10]
    plots.add(StageStarted("train", "Training", resumed=False))
    assert plots.curves.loss.steps == []


def test_the_newest_picture_wins(plots: LivePlots, qtbot: Any, tmp_path: Path) -> None:
    for number, colour in enumerate(("red", "green", "blue")):
        image = QImage(40, 30, QImage.Format.Format_RGB32)
        image.fill(QColor(colour))
        assert image.save(str(tmp_path / f"{number}.png"))
        plots.add(StageEvent("train", Preview(tmp_path / f"{number}.png"), None, 0.0))
    qtbot.waitUntil(lambda: not plots.picture.image.isNull(), timeout=5000)
    qtbot.wait(200)
    assert plots.picture.image.pixelColor(5, 5) == QColor("blue")


def test_a_picture_that_is_gone_again_leaves_the_last(
    plots: LivePlots, qtbot: Any, tmp_path: Path
) -> None:
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    image.save(str(tmp_path / "a.png"))
    plots.show_preview(tmp_path / "a.png")
    qtbot.waitUntil(lambda: not plots.picture.image.isNull(), timeout=5000)
    plots.show_preview(tmp_path / "gone.png")
    qtbot.waitUntil(lambda: not plots._background.pending("picture"), timeout=5000)
    assert plots.picture.image.pixelColor(5, 5) == QColor("red")


def test_a_finished_training_can_be_looked_at_again(
    plots: LivePlots, qtbot: Any, tmp_path: Path
) -> None:
    history = {
        "steps": [
            {"iteration": n, "seconds": n / 10, "loss": 1 / n, "gaussians": n} for n in (2, 4, 6)
        ],
        "held_out": [{"iteration": 4, "psnr_db": 20.0, "gaussians": 4}],
    }
    (tmp_path / "history.json").write_text(json.dumps(history))
    plots.show_training(tmp_path)
    qtbot.waitUntil(lambda: not plots.curves.empty, timeout=5000)
    assert plots.curves.loss.steps == [2, 4, 6]
    assert plots.curves.psnr_db.values == [20.0]
    plots.show_training(tmp_path / "nothing")
    qtbot.waitUntil(lambda: plots.curves.empty, timeout=5000)
