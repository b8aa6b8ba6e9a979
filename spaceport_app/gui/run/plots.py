"""Training while it happens: four curves and the newest picture of the splat."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QImage, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from spaceport_app.events import Metric, Preview
from spaceport_app.gui import pictures, theme
from spaceport_app.gui.plain import Label, set_tip
from spaceport_app.gui.run import history
from spaceport_app.gui.run.background import Background
from spaceport_app.gui.run.curves import Curve, TrainingCurves, smoothed
from spaceport_app.gui.run.picture import Picture
from spaceport_app.pipeline.runner import RunEvent, StageEvent, StageStarted
from spaceport_app.quantities import count

_REDRAW_MS = 250
_MEAN = "The strong line is the mean over a twentieth of the steps."
_TIPS = {
    "loss": f"How far rendered pictures are from the photos; it jumps up each time the photos "
    f"are shown larger. {_MEAN}",
    "step_s": f"How long a step takes; larger photos and more Gaussians take longer. {_MEAN}",
}
_LEAST_RANGE = 1000.0
_NOISY = frozenset(_TIPS)


_SIDE_BY_SIDE = 620
"""Width in pixels from which plots and preview stand side by side."""


class LivePlots(QWidget):
    """Loss, held-out PSNR, Gaussians and seconds a step, and the preview picture.

    Curves are drawn at most four times a second and only while they can be seen.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.curves = TrainingCurves()
        self.picture = Picture("The first picture comes a few seconds into training.")
        self._plots: dict[str, Any] = {}
        self._past = False
        self._background = Background(self)
        self.destroyed.connect(self._background.close)
        self._redraw = QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.setInterval(_REDRAW_MS)
        self._redraw.timeout.connect(self._draw)

        self._nothing = Label("The curves appear here when training starts.")
        self._nothing.setProperty("role", "muted")
        nothing = QVBoxLayout()
        nothing.addStretch(1)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._nothing)
        row.addStretch(1)
        nothing.addLayout(row)
        nothing.addStretch(1)
        empty = QWidget()
        empty.setLayout(nothing)

        self._full = QWidget()
        layout = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._full)
        layout.setContentsMargins(theme.wide, theme.wide, theme.wide, theme.wide)
        layout.setSpacing(theme.wide)
        self._sides = layout
        self._grid = QGridLayout()
        self._grid.setSpacing(theme.wide)
        layout.addLayout(self._grid, 3)
        right = QVBoxLayout()
        self.caption = Label()
        self.caption.setProperty("role", "muted")
        heading = Label("Preview")
        heading.setProperty("role", "heading")
        head = QHBoxLayout()
        head.addWidget(heading)
        head.addStretch(1)
        head.addWidget(self.caption)
        right.addLayout(head)
        right.addWidget(self.picture, 1)
        layout.addLayout(right, 2)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(empty)
        # A low window scrolls instead of drawing plots over each other.
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._full)
        self._stack.addWidget(area)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the preview below the plots where there is no room beside them."""
        narrow = self.width() < _SIDE_BY_SIDE
        way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        if way != self._sides.direction():
            self._sides.setDirection(way)
        super().resizeEvent(event)

    def add(self, event: RunEvent) -> None:
        """Take an event of the runner; other stages than training are no matter."""
        if isinstance(event, StageStarted):
            # What goes on from a checkpoint belongs to the curves of this run, not of the last.
            if self._trains(event.stage) and (self._past or not event.resumed):
                self.clear()
            return
        if not isinstance(event, StageEvent) or not self._trains(event.stage):
            return
        if isinstance(event.event, Metric) and self.curves.add(event.event.values):
            self._change()
        elif isinstance(event.event, Preview):
            self.show_preview(event.event.path)

    def show_preview(self, path: Path) -> None:
        """Read a picture in the background and show it; a newer one supersedes it."""
        self._background.submit("picture", lambda: pictures.read(path), self._take_picture)

    def show_training(self, folder: Path) -> None:
        """Show what a finished training has left in its folder."""
        self._background.submit("history", lambda: history.read(folder), self._take_history)
        self._background.submit("picture", lambda: _last(folder), self._take_last)

    def clear(self) -> None:
        """Forget everything, as before the first training."""
        self._background.forget("picture")
        self._background.forget("history")
        self._past = False
        self.curves = TrainingCurves()
        self.picture.show_image(QImage())
        self.caption.clear()
        self._change()

    @staticmethod
    def _trains(stage: str) -> bool:
        return stage == "train"

    def _take_picture(self, image: QImage) -> None:
        if image.isNull():
            return
        self.picture.show_image(image)
        step = self.curves.loss.steps[-1] if self.curves.loss.steps else None
        self.caption.setText("" if step is None else f"near step {count(step)}")
        self._change()

    def _take_last(self, found: tuple[str, QImage]) -> None:
        name, image = found
        if not image.isNull():
            self.picture.show_image(image)
            self.caption.setText(f"held-out {name}")
            self._change()

    def _take_history(self, rows: tuple[list[Any], list[Any]]) -> None:
        steps, held_out = rows
        self.curves = TrainingCurves()
        self.curves.add_all(steps)
        self._past = True
        measured = TrainingCurves()
        measured.add_all(held_out)
        self.curves.psnr_db = measured.psnr_db
        self._change()

    def _change(self) -> None:
        if not self._redraw.isActive():
            self._redraw.start()

    def _draw(self) -> None:
        empty = self.curves.empty and self.picture.image.isNull()
        self._stack.setCurrentIndex(0 if empty else 1)
        if empty or not self.isVisible():
            return
        if not self._plots:
            self._build()
        for name, (raw, line, latest) in self._plots.items():
            curve: Curve = getattr(self.curves, name)
            noisy = name in _NOISY
            raw.setData(curve.steps, curve.values if noisy else [math.nan] * len(curve.steps))
            line.setData(curve.steps, smoothed(curve.values) if noisy else curve.values)
            latest.setText(_latest(name, curve))

    def _build(self) -> None:
        import pyqtgraph as pg

        from spaceport_app.gui.run.axes import CountAxis, StepAxis

        titles = {
            "loss": "Loss",
            "psnr_db": "Held-out PSNR, dB",
            "gaussians": "Gaussians",
            "step_s": "Seconds a step",
        }
        for number, (name, title) in enumerate(titles.items()):
            box = QVBoxLayout()
            head = QHBoxLayout()
            heading = Label(title)
            heading.setProperty("role", "heading")
            latest = Label()
            latest.setProperty("role", "muted")
            head.addWidget(heading)
            head.addStretch(1)
            head.addWidget(latest)
            axes = {"bottom": StepAxis()}
            if name == "gaussians":
                axes["left"] = CountAxis()
            plot = pg.PlotWidget(axisItems=axes)
            plot.setObjectName(f"plot-{name}")
            plot.setAccessibleName(f"{title} over training steps")
            plot.setMenuEnabled(False)
            plot.setMouseEnabled(x=False, y=False)
            plot.hideButtons()
            plot.setMinimumSize(120, 110)
            plot.getAxis("left").enableAutoSIPrefix(False)
            plot.getAxis("bottom").enableAutoSIPrefix(False)
            plot.getAxis("left").setWidth(56)
            if name == "gaussians":
                # A number that stays would get five labels that read alike.
                plot.setLimits(minYRange=_LEAST_RANGE)
            if number >= 2:
                plot.setLabel("bottom", "Training step")
            symbol = "o" if name == "psnr_db" else None
            raw = plot.plot([], [], connect="finite")
            line = plot.plot([], [], symbol=symbol, symbolSize=6, antialias=True)
            box.addLayout(head)
            box.addWidget(plot, 1)
            self._grid.addLayout(box, number // 2, number % 2)
            self._plots[name] = (raw, line, latest)
            if name in _NOISY:
                set_tip(plot, _TIPS[name])
        self._colour()

    def _colour(self) -> None:
        import pyqtgraph as pg

        colours = theme.current()
        for raw, line, _ in self._plots.values():
            raw.setPen(pg.mkPen(colours.line, width=1))
            plot = line.getViewBox().parentItem()
            widget = plot.getViewWidget()
            widget.setBackground(colours.background)
            line.setPen(pg.mkPen(colours.accent, width=1.6))
            if line.opts["symbol"] is not None:
                line.setSymbolBrush(colours.accent)
                line.setSymbolPen(colours.accent)
            for side in ("left", "bottom"):
                axis = plot.getAxis(side)
                axis.setPen(pg.mkPen(colours.line))
                axis.setTextPen(pg.mkPen(colours.muted))
                axis.setGrid(False)

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what came while nobody could see it."""
        super().showEvent(event)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Take the colours of another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._plots:
            self._colour()


def _latest(name: str, curve: Curve) -> str:
    if not curve.values:
        return ""
    value = curve.values[-1]
    return {
        "loss": f"{value:.4f}",
        "psnr_db": f"{value:.2f}",
        "gaussians": count(value),
        "step_s": f"{value:.3g}",
    }[name]


def _last(folder: Path) -> tuple[str, QImage]:
    path = history.picture(folder)
    if path is None:
        return "", QImage()
    number, _, name = path.name.removesuffix(".render.png").partition("_")
    return name or number, pictures.read(path)
