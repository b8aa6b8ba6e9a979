"""The flight view: scene, tools above it, legend and facts below it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, Qt, Signal
from PySide6.QtGui import QCloseEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from spaceport_app.gui import theme
from spaceport_app.gui.dialogs import tell
from spaceport_app.gui.flight import colours
from spaceport_app.gui.flight.canvas import FlightCanvas
from spaceport_app.gui.flight.colour_bar import ColourBar
from spaceport_app.gui.flight.layers import Layers
from spaceport_app.gui.flight.scene import Scene, build
from spaceport_app.gui.flight.tools import FlightTools
from spaceport_app.gui.flight.values import PhotoValues, known
from spaceport_app.gui.latest import Latest
from spaceport_app.gui.plain import Label, set_tip
from spaceport_app.photos.model import PhotoSet
from spaceport_app.sfm.model import Reconstruction

_PICTURE_SIDE = 640
_NO_PHOTOS = "Add photos to see where they were taken."
_NO_PLACES = "These photos have no GPS position. The cameras appear here once they are placed."


class FlightView(QWidget):
    """Shows the flight of the open project.

    VTK is loaded and drawn with in the background, once the view was shown. Signals: `selected` and
    `activated` with the name of a photo whose camera was clicked or double-clicked.
    """

    selected = Signal(str)
    activated = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("flightView")
        self.setAccessibleName("Flight")
        self._photos: PhotoSet | None = None
        self._found: Reconstruction | None = None
        self._growing: Reconstruction | None = None
        self._extra: dict[str, PhotoValues] = {}
        self._scene: Scene | None = None
        self._quantities: list[PhotoValues] = []
        self._name = ""
        self._picture: tuple[str, Any] | None = None
        self._fresh = True
        self._canvas: FlightCanvas | None = None
        self._opening: FlightCanvas | None = None
        self._builder = Latest(self, "flight")
        self._builder.answered.connect(self._take_scene)
        self._builder.failed.connect(self._cannot_build)
        self._painter = Latest(self, "flight-picture")
        self._painter.answered.connect(self._take_picture)
        self._tools = FlightTools()
        self._tools.preset_chosen.connect(self._take_preset)
        self._tools.colour_chosen.connect(self._draw_cameras)
        self._tools.layer_switched.connect(self._switch)
        self._tools.point_size_changed.connect(self._resize_points)
        self._tools.picture_wanted.connect(self._save_picture)
        self._lay_out()
        self._enable()
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.stop)

    def set_photos(self, photos: PhotoSet) -> None:
        """Show where photos were taken, as GPS says."""
        self._photos = photos
        self._build()

    def set_reconstruction(self, reconstruction: Reconstruction | None) -> None:
        """Show where structure from motion put the cameras, and its points."""
        self._found = reconstruction
        if reconstruction is not None:
            self._growing = None
        self._build()

    def set_growing(self, reconstruction: Reconstruction | None) -> None:
        """Show what structure from motion has found so far, in place of an older result.

        Photos that are not in it yet stand where GPS says. None ends it.
        """
        if reconstruction is None and self._growing is None:
            return
        self._growing = reconstruction
        if reconstruction is not None and reconstruction.georeference.origin is None:
            # Place and scale are others each time: all of it is to be in sight again.
            self._fresh = True
        self._build()

    def set_values(self, label: str, values: Mapping[str, float]) -> None:
        """Offer another quantity to colour cameras by; values per photo name.

        A unit stands behind a comma: ``"Held-out PSNR, dB"``.
        """
        quantity, _, unit = label.partition(", ")
        self._extra[label] = PhotoValues(quantity, unit, dict(values))
        self._fill_colours()
        self._draw_cameras()

    def select(self, name: str) -> None:
        """Mark the camera of a photo, without telling so by `selected`."""
        if name != self._name:
            self._name = name
            if self._canvas is not None and self._scene is not None:
                row = self._scene.row(name)
                self._canvas.change(lambda layers: layers.leave_out(row))
            self._draw_selected()

    def fly_to(self, name: str) -> None:
        """Select a photo and fly to where one sees what its camera saw."""
        self.select(name)
        row = self._scene.row(name) if self._scene is not None else None
        if row is not None and self._canvas is not None:
            self._canvas.fly_to_camera(row)

    def clear(self) -> None:
        """Show nothing, as before the first photo."""
        self._photos = self._found = self._growing = None
        self._extra.clear()
        self._name, self._picture, self._fresh = "", None, True
        self._build()

    def stop(self) -> None:
        """Give threads and graphics memory back; showing the view begins anew."""
        for worker in (self._builder, self._painter):
            worker.stop()
        canvas = self._canvas or self._opening
        if canvas is not None:
            canvas.stop()
            self._pages.removeWidget(canvas)
            canvas.deleteLater()
        self._canvas = self._opening = None

    def showEvent(self, event: QShowEvent) -> None:
        """Load VTK when the view is first seen."""
        super().showEvent(event)
        if self._canvas is None and self._opening is None:
            self._make_canvas()
            self._show_message()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut the facts to the new width."""
        super().resizeEvent(event)
        self._show_facts(-1)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Leave no thread and no graphics context behind."""
        self.stop()
        super().closeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Take the colours of another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._canvas is not None:
            look = theme.current()
            self._canvas.change(lambda layers: layers.dress(look))
            self._draw()

    def _lay_out(self) -> None:
        self._message = Label(_NO_PHOTOS)
        self._message.setProperty("role", "muted")
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message.setWordWrap(True)
        pages = QWidget()
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(self._message)
        self._bar = ColourBar()
        self._facts = Label()
        self._facts.setProperty("role", "small")
        self._facts.setMinimumWidth(1)
        self._facts.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        below = QHBoxLayout()
        below.setContentsMargins(theme.spacing, 0, theme.spacing, theme.spacing // 2)
        below.setSpacing(theme.wide)
        below.addWidget(self._bar)
        below.addWidget(self._facts, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.spacing // 2)
        layout.addWidget(self._tools)
        layout.addWidget(pages, 1)
        layout.addLayout(below)

    def _make_canvas(self) -> None:
        self._opening = canvas = FlightCanvas(self)
        canvas.hide()
        canvas.opened.connect(self._open)
        canvas.failed.connect(self._cannot_open)
        canvas.clicked.connect(lambda row: self._tell(self.selected, row))
        canvas.double_clicked.connect(self._double_clicked)
        canvas.hovered.connect(self._show_facts)

    def _open(self) -> None:
        canvas, self._opening = self._opening, None
        if canvas is None:
            return
        self._canvas = canvas
        self._pages.addWidget(canvas)
        for layer, on in self._tools.layers().items():
            self._switch(layer, on)
        size = self._tools.point_size()
        canvas.change(lambda layers: layers.set_point_size(size))
        self._fresh = True
        self._draw()

    def _cannot_open(self, trouble: str) -> None:
        self._pages.setCurrentWidget(self._message)
        self._message.setText(f"The flight view cannot be shown: {trouble}")

    def _cannot_build(self, trouble: str) -> None:
        self._take_scene(None)
        self._message.setText(f"The flight cannot be shown: {trouble}")

    def _build(self) -> None:
        photos, found = self._photos, self._growing or self._found
        growing = self._growing is not None
        if photos is None and found is None:
            self._builder.forget()
            self._take_scene(None)
            return

        def work() -> tuple[Scene | None, list[PhotoValues]]:
            scene = build(photos, found, growing=growing)
            if scene is not None:
                scene.prepare()
            return scene, known(scene, photos, found) if scene is not None else []

        self._builder.ask(work)

    def _take_scene(self, answer: tuple[Scene | None, list[PhotoValues]] | None) -> None:
        before = self._scene
        self._scene, self._quantities = answer or (None, [])
        if before is not None and self._scene is not None and before.metric != self._scene.metric:
            # Another frame altogether: the old pose looks at nothing.
            self._fresh = True
        self._fill_colours()
        self._draw()

    def _draw(self) -> None:
        """Draw everything anew."""
        canvas, scene = self._canvas, self._scene
        self._enable()
        if canvas is None or scene is None:
            if canvas is not None:
                canvas.change(lambda layers: layers.clear())
                canvas.show_scene(None, False)
            self._show_message()
            return

        def fill(layers: Layers) -> None:
            layers.clear()
            layers.show_ground(scene)
            layers.show_cloud(scene)
            layers.show_heights(scene)
            layers.show_track(scene)

        canvas.change(fill)
        self._pages.setCurrentWidget(canvas)
        canvas.show_scene(scene, self._fresh or canvas.fits)
        self._fresh = False
        self._draw_cameras()
        self._draw_selected()

    def _draw_cameras(self) -> None:
        canvas, scene = self._canvas, self._scene
        quantity = self._tools.quantity()
        look = theme.current()
        if scene is None:
            self._bar.hide()
            return
        if quantity is None:
            self._bar.hide()
            shades = np.tile(colours.parse(look.text), (len(scene.names), 1))
        else:
            values = quantity.of(scene)
            table = colours.scale(look.is_dark)
            low, high = colours.span(values)
            self._bar.show_scale(table, quantity.text(low), quantity.text(high))
            self._bar.show()
            shades = colours.colours_of(values, table, colours.parse(look.muted))
        if canvas is not None:
            row = scene.row(self._name)
            canvas.change(lambda layers: layers.show_cameras(scene, shades, row))

    def _draw_selected(self) -> None:
        self._show_facts(-1)
        canvas, scene = self._canvas, self._scene
        if canvas is None or scene is None:
            return
        row = scene.row(self._name)
        picture = None
        if self._picture is not None and self._picture[0] == self._name:
            picture = self._picture[1]
        elif row is not None:
            self._ask_picture(self._name)
        canvas.change(lambda layers: layers.show_selected(scene, row, picture))

    def _ask_picture(self, name: str) -> None:
        path = self._picture_of(name)
        if path is None:
            return

        def work() -> tuple[str, Any]:
            from spaceport_app.gui.photos.pictures import small_picture

            # As stored: that is what the camera's axes are those of.
            return name, np.asarray(small_picture(path, _PICTURE_SIDE, upright=False))

        self._painter.ask(work)

    def _picture_of(self, name: str) -> Path | None:
        for view in self._found.views if self._found is not None else ():
            if view.name == name:
                return view.image
        for photo in self._photos.photos if self._photos is not None else ():
            if photo.name == name:
                return photo.path
        return None

    def _take_picture(self, answer: tuple[str, Any]) -> None:
        self._picture = answer
        if answer[0] == self._name:
            self._draw_selected()

    def _fill_colours(self) -> None:
        scene = self._scene
        offered = []
        if scene is not None:
            extra = [v for v in self._extra.values() if np.isfinite(v.of(scene)).any()]
            offered = [*self._quantities, *extra]
        self._tools.offer(offered)

    def _enable(self) -> None:
        """Let only those tools be used that have something to work on."""
        ready = self._scene is not None and self._canvas is not None
        points = self._scene is not None and self._scene.cloud is not None
        self._tools.enable(ready, points)
        if not ready:
            self._bar.hide()

    def _show_message(self) -> None:
        self._pages.setCurrentWidget(self._message)
        if self._photos is None and self._found is None:
            self._message.setText(_NO_PHOTOS)
        elif self._canvas is None:
            self._message.setText("Opening the flight view")
        else:
            self._message.setText(_NO_PLACES)
        self._show_facts(-1)

    def _show_facts(self, hovered: int) -> None:
        """Say what is known of the camera under the mouse, else of the selected one."""
        scene = self._scene
        if scene is None:
            self._say("")
            return
        row = hovered if 0 <= hovered < len(scene.names) else scene.row(self._name)
        if row is not None:
            self._say(self._about(scene, row))
            return
        parts = [f"{len(scene.names):,} cameras"]
        if scene.cloud is not None:
            parts.append(f"{len(scene.cloud.xyz):,} points")
        if scene.left_out.any():
            parts.append(f"{int(scene.left_out.sum()):,} left out")
        if scene.unseen:
            parts.append(f"{scene.unseen:,} without a position")
        self._say(" · ".join(parts))

    def _say(self, text: str) -> None:
        room = max(self._facts.width(), 1)
        mode = Qt.TextElideMode.ElideRight
        self._facts.setText(self._facts.fontMetrics().elidedText(text, mode, room))
        set_tip(self._facts, text)
        self._facts.setAccessibleName(text)

    def _about(self, scene: Scene, row: int) -> str:
        name = scene.names[row]
        unit = "m" if scene.metric else "units"
        parts = [name, f"{scene.heights[row]:.1f} {unit} above {scene.base_name}"]
        quantity = self._tools.quantity()
        if quantity is not None and quantity.label != "Height":
            value = quantity.values.get(name, np.nan)
            if np.isfinite(value):
                parts.append(f"{quantity.label} {quantity.text(value)}")
        if scene.left_out[row]:
            parts.append("left out")
        return " · ".join(parts)

    def _take_preset(self, preset: str) -> None:
        if self._canvas is not None:
            self._canvas.fit(preset)

    def _switch(self, layer: str, on: bool) -> None:
        if self._canvas is not None:
            self._canvas.change(lambda layers: layers.set_visible(layer, on))

    def _resize_points(self, size: int) -> None:
        if self._canvas is not None:
            self._canvas.change(lambda layers: layers.set_point_size(float(size)))

    def _tell(self, signal: Any, row: int) -> None:
        if self._scene is None:
            return
        name = self._scene.names[row]
        self.select(name)
        signal.emit(name)

    def _double_clicked(self, row: int) -> None:
        if self._scene is not None:
            self.fly_to(self._scene.names[row])
        self._tell(self.activated, row)

    def _save_picture(self) -> None:
        if self._canvas is None:
            return
        chosen, _ = QFileDialog.getSaveFileName(
            self, "Save picture", str(Path.home() / "flight.png"), "PNG pictures (*.png)"
        )
        if not chosen:
            return
        path = Path(chosen)
        try:
            self._canvas.screenshot(path if path.suffix else path.with_suffix(".png"))
        except (OSError, ValueError) as error:
            tell(self, "The picture could not be saved.", str(error))
