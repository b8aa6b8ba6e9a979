"""Draws the flight on a thread of its own: the window never waits for a picture of it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from spaceport_app.gui.flight.layers import Layers
from spaceport_app.gui.flight.offscreen import Offscreen
from spaceport_app.gui.flight.poses import Pose
from spaceport_app.gui.theme import Colours

_log = logging.getLogger(__name__)

_FEW_PARTS = 2
"""So many parts are drawn at once: there are few cameras, and no cloud or a small one."""

Change = Callable[[Layers], None]


@dataclass(frozen=True)
class Wish:
    """A picture that is wanted, `width` and `height` in pixels of the screen.

    So much is left out of it as `level` says, see `Layers.thin`. `at_rest` it may be given up for
    a newer one; while the view moves, newer ones would come all the time.
    """

    pose: Pose
    width: int
    height: int
    level: int
    at_rest: bool


@dataclass(frozen=True)
class Drawn:
    """A picture, and the seconds that drawing it took."""

    wish: Wish
    image: QImage
    seconds: float


class Drawing(QObject):
    """Owns all of VTK, on its thread; others tell it what to change and which picture they want.

    Signals, told on the thread of this object: `opened`, with whether software draws; `drawn`
    with a `Drawn`; `failed` with a sentence. Only the latest wish counts.
    """

    opened = Signal(bool)
    drawn = Signal(object)
    failed = Signal(str)

    def __init__(self, look: Colours, pixel_ratio: float, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._look, self._ratio = look, pixel_ratio
        self._news = threading.Condition()
        self._changes: list[Change] = []
        self._wish: Wish | None = None
        self._ended = False
        # Python's own, as in `Latest`; one that nobody stopped must not hold the process up.
        self._thread = threading.Thread(target=self._work, name="flight-drawing", daemon=True)

    def start(self) -> None:
        """Begin, once those who want to know of it are connected."""
        self._thread.start()

    def change(self, change: Change) -> None:
        """Have the layers changed before the next picture."""
        with self._news:
            self._changes.append(change)
            self._news.notify()

    def ask(self, wish: Wish) -> None:
        """Ask for a picture; it supersedes one that is not begun, or is drawn in parts."""
        with self._news:
            self._wish = wish
            self._news.notify()

    def stop(self) -> None:
        """Give the graphics memory back and end the thread."""
        with self._news:
            self._ended = True
            self._news.notify()
        self._thread.join()

    def _work(self) -> None:
        try:
            surface = Offscreen()
            layers = Layers(surface.renderer, self._look, self._ratio)
        except Exception as error:
            _log.exception("VTK cannot draw")
            self._tell(self.failed, str(error) or type(error).__name__)
            return
        self._tell(self.opened, surface.software)
        while not self._ended:
            with self._news:
                self._news.wait_for(lambda: self._ended or self._changes or self._wish)
                changes, self._changes = self._changes, []
                wish, self._wish = self._wish, None
            try:
                for change in changes:
                    change(layers)
                if wish is not None and not self._ended:
                    self._draw(surface, layers, wish)
            except Exception as error:
                _log.exception("the flight could not be drawn")
                self._tell(self.failed, str(error) or type(error).__name__)
        layers.clear()
        surface.close()

    def _draw(self, surface: Offscreen, layers: Layers, wish: Wish) -> None:
        began = time.perf_counter()
        layers.thin(wish.level)
        # All parts have the near and far end of the whole, or they would not hide each other.
        surface.take(wish.pose, wish.width, wish.height)
        parts = layers.steps() if surface.software and wish.at_rest else []
        if len(parts) <= _FEW_PARTS:
            surface.render()
        elif not self._draw_parts(surface, layers, parts):
            return
        image = surface.picture()
        self._tell(self.drawn, Drawn(wish, image, time.perf_counter() - began))

    def _draw_parts(self, surface: Offscreen, layers: Layers, parts: list[list[object]]) -> bool:
        """Draw part over part, and return False where a newer wish came in between."""
        try:
            for number, part in enumerate(parts):
                if self._wish is not None or self._ended:
                    return False
                layers.show_only(part)
                surface.render(over=number > 0)
        finally:
            layers.show_all()
        return True

    def _tell(self, signal: object, *words: object) -> None:
        try:
            signal.emit(*words)  # type: ignore[attr-defined]
        except RuntimeError:
            _log.debug("a picture came after the window was closed")
