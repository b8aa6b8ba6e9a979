"""The photo of the camera that one stands at, over the splat, and how alike both are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor

from spaceport_app.gui import theme
from spaceport_app.gui.background import Background
from spaceport_app.gui.plain import set_tip
from spaceport_app.gui.splat.comparison import Comparison
from spaceport_app.gui.splat.comparison import load as load_comparison
from spaceport_app.gui.splat.controls import SplatControls
from spaceport_app.gui.splat.editing.editing import SplatEditing
from spaceport_app.gui.splat.trained import Trained
from spaceport_app.sfm.model import View
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import Image

if TYPE_CHECKING:
    from spaceport_app.gui.splat.canvas import SplatCanvas

_PHOTO, _QUALITY = "photo", "quality"


class Comparing(QObject):
    """Reads a photo, wipes between it and the splat, and measures once the splat is drawn whole.

    Parameters
    ----------
    controls : SplatControls
        Where comparing is switched, and where the result is told.
    editing : SplatEditing
        Knows whether the splat is cropped.
    background : Background
        Reads and measures.
    """

    failed = Signal(str)
    """A photo could not be read: one sentence, and what to do."""
    compared = Signal(str, float)
    """Name of a photo and the PSNR in dB of the splat there."""
    seen = Signal()
    """What is shown was drawn whole and its picture taken."""

    def __init__(
        self,
        controls: SplatControls,
        editing: SplatEditing,
        background: Background,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.under_way = False
        """Whether the splat is one of a training that goes on."""
        self._controls = controls
        self._editing = editing
        self._background = background
        self._canvas: SplatCanvas | None = None
        self._comparison: Comparison | None = None
        self._measuring: Camera | None = None
        self._pictured = False
        controls.split_changed.connect(self._place_wipe)

    @property
    def measuring(self) -> bool:
        """Whether the picture to measure by is being drawn."""
        return self._measuring is not None

    def take_canvas(self, canvas: SplatCanvas) -> None:
        """Compare on this drawing surface."""
        self._canvas = canvas
        canvas.picture_taken.connect(self._measure)
        canvas.wiped.connect(self._controls.split_at)

    def load(self, view: View, trained: Trained) -> None:
        """Read the photo of the camera that one stands at, and compare with it."""
        work = partial(load_comparison, view, trained)
        self._background.start(_PHOTO, work, self._take_photo, self.failed.emit)

    def forget(self) -> None:
        """Show the splat alone."""
        self._comparison = self._measuring = None
        self._controls.result.clear()
        if self._canvas is not None:
            self._canvas.set_wipe(None)

    def draw_again(self) -> None:
        """Measure anew: another scene is drawn."""
        self._measuring = None

    def camera_moved(self) -> None:
        """Keep the wipe over the photo's frame."""
        if not self._pictured:
            # What moved the camera, a resize say, also ended the drawing to measure by.
            self._measuring = None
        self._place_wipe()

    def take_turn(self) -> bool:
        """Take the picture to measure by, now that all is drawn; return whether one is due."""
        due = self._comparison is not None and self._measuring is None
        if due:
            self._take_picture()
        return due

    def _take_photo(self, comparison: Comparison) -> None:
        canvas = self._canvas
        if canvas is None or canvas.navigator.view is not comparison.view:
            return
        if not self._controls.compare.isChecked():
            return
        self._comparison = comparison
        canvas.set_photo(comparison.shown)
        self._place_wipe()
        self._controls.result.setText("Measuring")
        if canvas.at_rest():
            self._take_picture()

    def _place_wipe(self) -> None:
        canvas = self._canvas
        if canvas is None:
            return
        frame = canvas.frame()
        if self._comparison is None or frame is None:
            canvas.set_wipe(None)
            return
        from spaceport_app.gui.splat.item import Wipe

        colour = QColor(theme.current().accent)
        line = colour.redF(), colour.greenF(), colour.blueF()
        width = 2.0 * canvas.devicePixelRatioF()
        canvas.set_wipe(Wipe(frame, self._controls.split_part(), line, width))

    def _take_picture(self) -> None:
        if self._canvas is not None and self._comparison is not None:
            self._measuring = self._comparison.camera
            self._pictured = False
            self._canvas.take_picture(self._comparison.camera)

    def _measure(self, camera: Camera, picture: Image) -> None:
        comparison = self._comparison
        if comparison is None or camera is not comparison.camera:
            return
        self._pictured = True
        self.seen.emit()
        work = partial(comparison.psnr_db, picture)
        done = partial(self._take_psnr, comparison)
        self._background.start(_QUALITY, work, done, self.failed.emit)

    def _take_psnr(self, comparison: Comparison, psnr_db: float) -> None:
        if comparison is not self._comparison:
            return
        height, width = comparison.photo.shape[:2]
        now = " now" if self.under_way else ""
        cropped = self._editing.available and self._editing.edits.crop is not None
        part = ", cropped" if cropped else ""
        result = self._controls.result
        result.setText(f"PSNR {psnr_db:.1f} dB{now}{part}")
        more = " The photo also shows what the crop box takes away." if cropped else ""
        set_tip(
            result,
            f"Splat against photo at {width} × {height} pixels; the higher, the more alike.{more}",
        )
        self.compared.emit(comparison.view.name, psnr_db)
