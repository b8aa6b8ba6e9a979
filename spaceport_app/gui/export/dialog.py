"""The export dialog: choose, watch, and take the files away."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from spaceport_app.errors import StageError
from spaceport_app.events import Failed, Progress
from spaceport_app.gui import plain, theme
from spaceport_app.gui.background import Background
from spaceport_app.gui.dialogs import fit
from spaceport_app.gui.export import choices, first_view, results
from spaceport_app.gui.export.choices import AXES, FORMATS, ORDERS, Choice
from spaceport_app.gui.export.taking import take_away
from spaceport_app.gui.export.viewer_server import ViewerServer
from spaceport_app.gui.plain import Label, add_row, set_choice_tip, set_tip
from spaceport_app.gui.run.pill_line import PillLine
from spaceport_app.gui.stage_thread import StageThread
from spaceport_app.pipeline import whole
from spaceport_app.pipeline.runner import StageEvent
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.project import Project
from spaceport_app.quantities import duration, size

_OWN = "As chosen below"
_WIDTH = 560


class ExportDialog(QDialog):
    """Formats and quality on top, the measured result below."""

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Export {plain.name(project.document.name)}")
        self.setMinimumWidth(480)
        self._project = project
        self._stages = registry()
        self._worker: StageThread | None = None
        self._server: ViewerServer | None = None
        self._background = Background(self)
        self._result: results.Results | None = None

        self.formats = {name: self._format(name) for name in FORMATS}
        self._levels = choices.levels(project)
        self.level = QComboBox(self)
        for level in self._levels:
            self.level.addItem(level.label)
            set_choice_tip(self.level, self.level.count() - 1, level.help)
        self.degree = QComboBox(self)
        for degree in range(choices.trained_degree(project) + 1):
            words = "One colour from all sides" if degree == 0 else f"Degree {degree}"
            self.degree.addItem(words, degree)
        self.order = QComboBox(self)
        for name, words in ORDERS.items():
            self.order.addItem(words, name)
        self.axes = QComboBox(self)
        for name, words in AXES.items():
            self.axes.addItem(words, name)
        self.estimate = Label(parent=self)
        self.estimate.setObjectName("estimate")

        self._form = QWidget(self)
        form = QFormLayout(self._form)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(theme.spacing)
        boxes = QVBoxLayout()
        boxes.setSpacing(theme.spacing // 2)
        for box in self.formats.values():
            boxes.addWidget(box)
        add_row(form, "Formats", boxes)
        add_row(form, "Quality", self.level)
        add_row(form, "View-dependent colour", self.degree)
        add_row(form, "Order in the textures", self.order)
        add_row(form, "Axes", self.axes)
        add_row(form, "Size", self.estimate)

        self.line = PillLine(self)
        self.line.setAccessibleName("Export")
        self.status = Label(parent=self)
        self.status.setObjectName("export_status")
        self.status.setWordWrap(True)
        self.status.hide()
        self._outcome = self._make_outcome()
        self.start = QPushButton("Export", self)
        self.start.setProperty("main", True)
        self.start.clicked.connect(self._start)
        self.stop = QPushButton("Stop", self)
        self.stop.clicked.connect(self._stop)
        close = QPushButton("Close", self)
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addStretch()
        for button in (self.start, self.stop, close):
            buttons.addWidget(button)
        # All but the buttons scrolls where the screen is lower than the dialog.
        self._content = QWidget(self)
        inner = QVBoxLayout(self._content)
        inner.setContentsMargins(0, 0, theme.spacing, 0)
        inner.setSpacing(theme.spacing + 4)
        for widget in (self._form, self.line, self.status, self._outcome):
            inner.addWidget(widget)
        inner.addStretch()
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self._content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.wide] * 4)
        layout.setSpacing(theme.spacing + 4)
        layout.addWidget(area, 1)
        layout.addLayout(buttons)

        self._show_choice(choices.now(project, self._stages))
        self.level.activated.connect(self._level_chosen)
        for combo in (self.degree, self.order, self.axes):
            combo.activated.connect(self._changed)
        for box in self.formats.values():
            box.toggled.connect(self._changed)
        self._changed()
        self._show_result()
        self._idle()

    # Choosing

    def choice(self) -> Choice:
        """Return what is chosen now."""
        formats = tuple(name for name, box in self.formats.items() if box.isChecked())
        return Choice(
            formats,
            int(self.degree.currentData()),
            self._entries,
            str(self.order.currentData()),
            str(self.axes.currentData()),
        )

    def _format(self, name: str) -> QCheckBox:
        words, help_text = FORMATS[name]
        box = QCheckBox(words, self)
        set_tip(box, help_text)
        return box

    def _show_choice(self, choice: Choice) -> None:
        for name, box in self.formats.items():
            box.setChecked(name in choice.formats)
        self._entries = choice.entries
        self.degree.setCurrentIndex(self.degree.findData(choice.degree))
        self.order.setCurrentIndex(self.order.findData(choice.order))
        self.axes.setCurrentIndex(self.axes.findData(choice.orientation))

    def _level_chosen(self, index: int) -> None:
        if index >= len(self._levels):
            return
        level = self._levels[index]
        self._entries = level.entries
        self.degree.setCurrentIndex(min(level.degree, self.degree.count() - 1))
        self._changed()

    def _changed(self) -> None:
        choice = self.choice()
        self._show_level(choice)
        expected = choices.estimate(choice, self._project, self._stages)
        self.start.setEnabled(bool(choice.formats))
        if expected is None:
            self.estimate.setText("Choose a format" if not choice.formats else "Not known yet")
            return
        words = size(expected.bytes)
        self.estimate.setText(f"{words}, as measured" if expected.exact else f"about {words}")

    def _show_level(self, choice: Choice) -> None:
        """Name the level that the fields amount to."""
        highest = self.degree.count() - 1
        fits = [
            number
            for number, level in enumerate(self._levels)
            if min(level.degree, highest) == choice.degree and level.entries == choice.entries
        ]
        own = self.level.findText(_OWN)
        if fits:
            if own >= 0:
                self.level.removeItem(own)
            self.level.setCurrentIndex(fits[0])
            return
        if own < 0:
            self.level.addItem(_OWN)
            own = self.level.count() - 1
        self.level.setCurrentIndex(own)

    # Working

    def _start(self) -> None:
        self.line.show_fraction(0.0, active=True)
        self._say("Starting the export")
        self._form.setEnabled(False)
        self._outcome.hide()
        self.start.hide()
        self.stop.show()
        self._close_server()
        choice = self.choice()
        settings = choices.settings_with(choice, self._project, self._stages)
        names = ["export"]
        if choices.needs_compression(choice, self._project, self._stages):
            names.insert(0, "compress")
        worker = StageThread(self._project.folder, names, self._stages, settings, self)
        worker.told.connect(self._heard)
        worker.ended.connect(self._ended)
        self._worker = worker
        worker.start()

    def _stop(self) -> None:
        if self._worker is not None:
            self._worker.cancel()
            self._say("Stopping the export")

    def _heard(self, event: object) -> None:
        if isinstance(event, StageEvent) and isinstance(event.event, Progress):
            self.line.show_fraction(event.event.fraction, active=True)
            left = f", {duration(event.eta_s)} left" if event.eta_s is not None else ""
            self._say(f"{event.event.step}{left}")

    def _ended(self, failure: Failed | None) -> None:
        if self._worker is not None:
            self._worker.wait()
            self._worker.deleteLater()
            self._worker = None
        self._idle()
        self._reread()
        if failure is None:
            self.line.show_fraction(1.0)
            self._say("The files are written and measured")
        elif failure.code == "cancelled":
            self.line.show_fraction(0.0)
            self._say("Stopped. What was there before is kept.")
        else:
            self.line.show_fraction(1.0, failed=True)
            self._say(f"{failure.message} {failure.remedy}", failed=True)
        self._show_result()
        self._changed()

    def _idle(self) -> None:
        self._form.setEnabled(True)
        self.start.show()
        self.stop.hide()

    def _say(self, words: str, failed: bool = False) -> None:
        self.status.setProperty("role", "error" if failed else "muted")
        self.status.style().polish(self.status)
        self.status.setText(words)
        self.status.setVisible(bool(words))

    def _reread(self) -> None:
        try:
            self._project = Project.open(self._project.folder)
        except StageError as error:
            self._say(str(error), failed=True)

    # The result

    def _make_outcome(self) -> QFrame:
        frame = QFrame(self)
        frame.setObjectName("outcome")
        self._figures = QGridLayout()
        self._figures.setColumnStretch(1, 1)
        self._figures.setHorizontalSpacing(theme.wide)
        self.folder_button = QPushButton("Show in folder", frame)
        self.folder_button.clicked.connect(self._show_folder)
        self.copy_button = QPushButton("Copy path", frame)
        self.copy_button.clicked.connect(self._copy_path)
        self.save_button = QPushButton("Save to…", frame)
        self.save_button.clicked.connect(self._save_to)
        self.browser_button = QPushButton("Open in browser", frame)
        self.browser_button.clicked.connect(self.open_in_browser)
        row = QHBoxLayout()
        for button in (
            self.folder_button,
            self.copy_button,
            self.save_button,
            self.browser_button,
        ):
            row.addWidget(button)
        row.addStretch()
        line = QFrame(frame)
        line.setProperty("role", "line")
        layout = QVBoxLayout(frame)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.spacing + 4)
        layout.addWidget(line)
        layout.addLayout(self._figures)
        layout.addLayout(row)
        return frame

    def _show_result(self) -> None:
        self._result = results.of(self._project)
        self._outcome.setVisible(self._result is not None)
        while (item := self._figures.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        if self._result is None:
            return
        for number, (head, words) in enumerate(self._result.figures):
            left, right = Label(head, self), Label(words, self)
            left.setProperty("role", "muted")
            right.setWordWrap(True)
            right.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._figures.addWidget(left, number, 0, Qt.AlignmentFlag.AlignTop)
            self._figures.addWidget(right, number, 1)
        self.browser_button.setEnabled(results.to_look_at(self._project) is not None)
        self._fit()
        # New labels in an open dialog count for its size only once they are shown.
        QTimer.singleShot(0, self, self._fit)

    def _fit(self) -> None:
        width = max(self.width(), _WIDTH)
        inside = width - 2 * theme.wide
        content = self._content.layout()
        assert content is not None
        rest = 3 * theme.wide + self.start.sizeHint().height()
        height = max(content.heightForWidth(inside), self._content.sizeHint().height())
        fit(self, width, height + rest)

    def _main_file(self) -> Path | None:
        return self._result.files[0].path if self._result is not None else None

    def _show_folder(self) -> None:
        path = self._main_file()
        if path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))

    def _copy_path(self) -> None:
        path = self._main_file()
        if path is not None:
            QGuiApplication.clipboard().setText(str(path))
            self._say("The path is on the clipboard")

    def _save_to(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder for the exported files")
        found = self._result
        if not chosen or found is None:
            return
        paths = tuple(made.path for made in found.files)
        self._background.start(
            "save",
            lambda: self._take_away(paths, Path(chosen)),
            lambda _: self._say(f"Saved to {chosen}"),
            lambda sentence: self._say(sentence, failed=True),
        )

    def _take_away(self, paths: tuple[Path, ...], folder: Path) -> None:
        whole.require(Project.open(self._project.folder), "export")
        take_away(paths, folder)

    def open_in_browser(self) -> None:
        """Serve the splat on this computer alone and open the browser there."""
        if self._server is not None:
            QDesktopServices.openUrl(QUrl(self._server.url))
            return
        path = results.to_look_at(self._project)
        if path is None:
            return
        project = self._project

        def serve() -> ViewerServer:
            stage = "compress" if path.is_dir() else "export"
            whole.require(Project.open(project.folder), stage)
            return ViewerServer(path, project.document.name, first_view.choose(project))

        self._say("Opening the viewer in the browser")
        self._background.start(
            "browser", serve, self._served, lambda sentence: self._say(sentence, failed=True)
        )

    def _served(self, server: ViewerServer) -> None:
        self._server = server
        opened = QDesktopServices.openUrl(QUrl(server.url))
        words = "The viewer is open in the browser while this dialog is open"
        self._say(words if opened else f"Open this in a browser: {server.url}")

    def _close_server(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    # Going

    def reject(self) -> None:
        """Close on Escape as well, with the same care."""
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop the export and the server with the dialog."""
        if self._worker is not None:
            self._worker.ended.disconnect(self._ended)
            self._worker.cancel()
            self._worker.wait()
            self._worker = None
        self._background.wait()
        self._close_server()
        event.accept()
        self.done(QDialog.DialogCode.Accepted)
