"""The options of all stages in one dialog, a page a stage."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QListWidget,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from spaceport_app.errors import StageError
from spaceport_app.gui import theme
from spaceport_app.gui.dialogs import fit
from spaceport_app.gui.plain import Label, set_tip
from spaceport_app.gui.run.options_form import OptionsForm
from spaceport_app.pipeline.settings import as_json, base, resolve, with_options
from spaceport_app.pipeline.stage import Registry
from spaceport_app.project.model import Settings


class OptionsDialog(QDialog):
    """Changes the options of `Settings`; what equals the preset is not kept.

    Parameters
    ----------
    stages : Registry
        All stages in order.
    settings : Settings
        What is shown first.
    """

    def __init__(self, stages: Registry, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Options")
        self.setObjectName("options")
        self._stages = stages
        self._settings = settings
        self.settings = settings
        self.forms: dict[str, OptionsForm] = {}
        self.pages = QListWidget()
        self.pages.setAccessibleName("Stages")
        self.pages.setSpacing(theme.spacing // 2)
        self._stack = QStackedWidget()
        for stage in stages:
            form = OptionsForm(stage.options_class())
            form.show_options(as_json(resolve(stage, settings)), as_json(base(stage, settings)))
            form.changed.connect(self._count)
            self.forms[stage.name] = form
            area = QScrollArea()
            area.setWidgetResizable(True)
            area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            area.setWidget(form)
            self._stack.addWidget(area)
            self.pages.addItem(stage.label)
        self.pages.currentRowChanged.connect(self._stack.setCurrentIndex)
        self.pages.setCurrentRow(0)
        width = max((self.pages.sizeHintForColumn(0), 120))
        self.pages.setFixedWidth(width + 3 * theme.wide)

        self.state = Label()
        self.state.setProperty("role", "small")
        self.message = Label()
        self.message.setProperty("role", "error")
        self.message.setWordWrap(True)
        self.message.hide()
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setProperty("main", True)
        for button in buttons.buttons():
            button.setIcon(QIcon())
        self.reset_button = QPushButton("Reset all")
        set_tip(self.reset_button, "All options back to the values of the preset")
        self.reset_button.clicked.connect(self.reset)

        body = QHBoxLayout()
        body.addWidget(self.pages)
        body.addWidget(self._stack, 1)
        foot = QHBoxLayout()
        foot.addWidget(self.reset_button)
        foot.addWidget(self.state, 1)
        foot.addWidget(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.wide, theme.wide, theme.wide, theme.wide)
        layout.setSpacing(theme.spacing)
        layout.addLayout(body, 1)
        layout.addWidget(self.message)
        layout.addLayout(foot)
        fit(self, 760, 560)
        self._count()

    def show_stage(self, name: str) -> None:
        """Turn to the page of a stage."""
        names = [stage.name for stage in self._stages]
        if name in names:
            self.pages.setCurrentRow(names.index(name))

    def reset(self) -> None:
        """Put every option back to the value of the preset."""
        for form in self.forms.values():
            form.reset()

    def accept(self) -> None:
        """Take the options, or say what is wrong with them."""
        values = {name: form.values() for name, form in self.forms.items()}
        try:
            self.settings = with_options(self._stages, replace(self._settings, options={}), values)
        except StageError as error:
            self.message.setText(str(error))
            self.message.show()
            return
        super().accept()

    def _count(self) -> None:
        number = sum(len(form.differing()) for form in self.forms.values())
        words = {0: "All as the preset has them", 1: "1 option differs from the preset"}
        self.state.setText(words.get(number, f"{number} options differ from the preset"))
        self.reset_button.setEnabled(number > 0)
