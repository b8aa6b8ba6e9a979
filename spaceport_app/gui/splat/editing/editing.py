"""Edits of the scene that the splat view shows, between the undo stack, the panel and the box."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QColor, QUndoStack
from PySide6.QtWidgets import QWidget

from spaceport_app.gui import theme
from spaceport_app.gui.background import Background
from spaceport_app.gui.splat.editing.box_tool import GRIP, BoxTool
from spaceport_app.gui.splat.editing.commands import EditCommand
from spaceport_app.gui.splat.editing.marking import Marking
from spaceport_app.gui.splat.editing.panel import EditPanel
from spaceport_app.gui.splat.packing import PackedScene
from spaceport_app.splats.edits import words
from spaceport_app.splats.edits.box import CropBox, fitting
from spaceport_app.splats.edits.history import MOST_STEPS, History, Step
from spaceport_app.splats.edits.model import NONE, Edits

if TYPE_CHECKING:
    from spaceport_app.gui.splat.canvas import SplatCanvas
    from spaceport_app.gui.splat.editing.box_item import BoxItem

_ISOLATION = "isolation"


class SplatEditing(QObject):
    """Holds the edits, puts them on the scene at once, and tells when they change.

    Parameters
    ----------
    parent : QWidget
        The splat view.
    """

    changed = Signal()
    """A person made, took back or made again an edit: see `history`."""
    opened = Signal(bool)
    """Editing began or ended."""
    counted = Signal(int)
    """So many Gaussians stay."""
    failed = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.stack = QUndoStack(self)
        self.stack.setUndoLimit(MOST_STEPS)
        self.stack.indexChanged.connect(self._moved)
        self.panel = EditPanel(self.stack, parent)
        self.panel.hide()
        self.panel.crop_wanted.connect(self._crop)
        self.panel.fit_wanted.connect(self._fit)
        self.panel.box.changed.connect(self._typed)
        self.panel.strength_moved.connect(self._strength_moved)
        self.panel.highlight_wanted.connect(lambda _: self._draw())
        self.panel.floaters_wanted.connect(self._floaters)
        self.panel.clear_wanted.connect(self.clear_all)
        self.panel.closed.connect(lambda: self.open(False))
        self._background = Background(self, 1)
        self._base = NONE
        self._edits = NONE
        self._quiet = False
        self._open = False
        self._path: Path | None = None
        self._marking: Marking | None = None
        self._canvas: SplatCanvas | None = None
        self._item: BoxItem | None = None
        self._tool = BoxTool(self._dragged, self._dropped, self._grip)
        # As often as the window is drawn, however fast the mouse tells where it is.
        self._due = QTimer(self, interval=0, singleShot=True)
        self._due.timeout.connect(self._draw)

    # What the view and the window ask of it

    @property
    def available(self) -> bool:
        """Whether what is shown can be edited."""
        return self._marking is not None

    @property
    def is_open(self) -> bool:
        """Whether the panel and the box are there."""
        return self._open

    @property
    def edits(self) -> Edits:
        """The edits that count now."""
        return self._edits

    @property
    def history(self) -> History:
        """All steps, with those that were taken back."""
        commands = [self.stack.command(i) for i in range(self.stack.count())]
        steps = tuple(Step(c.text(), c.after) for c in commands if isinstance(c, EditCommand))
        first = commands[0] if commands else None
        base = first.before if isinstance(first, EditCommand) else self._base
        return History(base, steps, self.stack.index())

    def set_history(self, history: History, note: str = "") -> None:
        """Take over edits that were made before; `note` is a sentence about them."""
        self._quiet = True
        self.stack.clear()
        self._base = before = history.base
        for step in history.steps:
            self.stack.push(EditCommand(step.words, before, step.edits, self._put))
            before = step.edits
        self.stack.setIndex(history.position)
        self._put(history.present)
        self._quiet = False
        self.panel.say(note)
        self._draw()

    def take_scene(self, canvas: SplatCanvas, scene: PackedScene, path: Path | None) -> None:
        """Edit this scene from now on, which is that of the .ply at `path`; None edits nothing."""
        self._background.forget(_ISOLATION)
        self._prepare(canvas)
        self._path = path
        if path is None:
            self._marking = None
            self.open(False)
            return
        self._marking = Marking(scene)
        if self._open or self._edits.floaters is not None:
            self._look_for_floaters()
        self._draw()

    def leave_scene(self) -> None:
        """Edit nothing: there is no scene any more."""
        self._background.forget(_ISOLATION)
        self._marking = None
        self._path = None
        self.open(False)

    def open(self, on: bool) -> None:
        """Begin or end editing."""
        on = on and self.available
        if on == self._open:
            return
        self._open = on
        self.panel.setVisible(on)
        if on and self._marking is not None and self._marking.isolation is None:
            self._look_for_floaters()
        self._show()
        self.opened.emit(on)

    def clear_all(self) -> None:
        """Take back all edits, in one step that can be undone."""
        self._commit(NONE)

    def name_axes(self, *, in_metres: bool) -> None:
        """Call the axes of the box by what they are."""
        self.panel.box.name_axes(in_metres=in_metres)

    def stop(self) -> None:
        """End all work in the background."""
        self._background.wait()

    # What a person does

    def _commit(self, edits: Edits, kind: str = "") -> None:
        if edits != self._edits:
            said = words.of_change(self._edits, edits)
            self.stack.push(EditCommand(said, self._edits, edits, self._put, kind))

    def _crop(self, on: bool) -> None:
        self._commit(replace(self._edits, crop=self._first_box() if on else None))

    def _fit(self) -> None:
        self._commit(replace(self._edits, crop=self._first_box()))

    def _first_box(self) -> CropBox | None:
        if self._marking is None:
            return None
        scene = self._marking.scene
        return fitting(scene.means, scene.base[:, 3])

    def _typed(self, box: CropBox, kind: str) -> None:
        self._commit(replace(self._edits, crop=box), kind)

    def _dragged(self, box: CropBox) -> None:
        self.panel.box.show_box(box)
        self._due.start()

    def _dropped(self, box: CropBox) -> None:
        self._commit(replace(self._edits, crop=box))

    def _strength_moved(self) -> None:
        if not self.panel.highlight.isChecked():
            self.panel.highlight.setChecked(True)
        self._due.start()

    def _floaters(self, strength: int | None) -> None:
        self.panel.highlight.setChecked(False)
        self._commit(replace(self._edits, floaters=strength))

    # What follows

    def _put(self, edits: Edits) -> None:
        self._edits = edits
        if edits.floaters is not None and self._marking is not None:
            self._look_for_floaters()

    def _moved(self) -> None:
        if not self._quiet:
            self._show()
            self.changed.emit()

    def _look_for_floaters(self) -> None:
        marking, path = self._marking, self._path
        if marking is None or path is None or marking.isolation is not None:
            return
        self._background.start(
            _ISOLATION, _finder(path, marking.scene), self._take_isolation, self.failed.emit
        )

    def _take_isolation(self, found: npt.NDArray[np.float64]) -> None:
        if self._marking is not None and len(found) == len(self._marking.scene):
            self._marking.isolation = found
            self._draw()

    def _show(self) -> None:
        self.panel.show_edits(self._edits)
        self._draw()

    def _draw(self) -> None:
        """Put the edits on the scene."""
        self._due.stop()
        marking, canvas = self._marking, self._canvas
        if canvas is None:
            return
        held = self._tool.box if self._tool.held else self._edits.crop
        self._tool.box = held if self._open and marking is not None else None
        if marking is None:
            canvas.update()
            return
        edits = replace(self._edits, crop=held)
        if not self._open:
            shown = marking.applied(edits)
        else:
            lit = self.panel.highlight.isChecked()
            shown = marking.offered(edits, self.panel.strength.value() if lit else None)
            self.panel.show_edits(edits)
            self.panel.show_floaters(marking.count(self.panel.strength.value()))
            self.panel.show_left(shown.stay, len(marking.scene))
        self._wear_theme(canvas)
        canvas.set_marks(shown.marks)
        self.counted.emit(shown.stay)

    def _prepare(self, canvas: SplatCanvas) -> None:
        if self._canvas is canvas:
            return
        from spaceport_app.gui.splat.editing.box_item import BoxItem

        self._canvas = canvas
        self._item = BoxItem(self._tool)
        canvas.addItem(self._item)
        canvas.tool = self._tool

    def _wear_theme(self, canvas: SplatCanvas) -> None:
        if self._item is not None:
            self._item.line = _rgb(theme.current().accent)
            canvas.item.highlight = _rgb(theme.DARK.warning)

    def _grip(self) -> float:
        return GRIP * (1.0 if self._canvas is None else self._canvas.devicePixelRatioF())


def _finder(path: Path, scene: PackedScene) -> Callable[[], npt.NDArray[np.float64]]:
    def find() -> npt.NDArray[np.float64]:
        from spaceport_app.splats.edits.floaters import isolation
        from spaceport_app.splats.file import read_ply

        # What is packed is in another order, and lacks what cannot be drawn.
        return isolation(read_ply(path))[scene.source]

    return find


def _rgb(name: str) -> tuple[float, float, float]:
    colour = QColor(name)
    return colour.redF(), colour.greenF(), colour.blueF()
