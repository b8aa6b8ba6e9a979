"""The theme put on the application, following the system unless a person chose one."""

from __future__ import annotations

from string import Template
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from spaceport_app.gui import resources
from spaceport_app.gui.theme import measures
from spaceport_app.gui.theme.colours import DARK, LIGHT, Colours

CHOICES = ("system", "light", "dark")
_CHOICE = "spaceport_theme"
_POINTS = 10.0


def current() -> Colours:
    """Return the colours that the application wears now."""
    chosen = choice()
    if chosen != "system":
        return DARK if chosen == "dark" else LIGHT
    app = QGuiApplication.instance()
    if app is None:
        return LIGHT
    return DARK if _scheme() == Qt.ColorScheme.Dark else LIGHT


def _scheme() -> Qt.ColorScheme:
    return QGuiApplication.styleHints().colorScheme()


def follow(app: QApplication) -> None:
    """Wear the colours of the desktop from now on, also when a person changes them there."""
    apply(app)
    app.styleHints().colorSchemeChanged.connect(lambda: apply(app))


def choice() -> str:
    """Return what a person chose: ``"system"``, ``"light"`` or ``"dark"``."""
    app = QGuiApplication.instance()
    chosen = app.property(_CHOICE) if app is not None else None
    return chosen if chosen in CHOICES else "system"


def choose(name: str) -> None:
    """Wear another theme from now on; ``"system"`` follows the desktop."""
    if name not in CHOICES:
        raise ValueError(f"Theme must be one of {', '.join(CHOICES)}.")
    app = cast(QApplication, QApplication.instance())
    app.setProperty(_CHOICE, name)
    apply(app)


def apply(app: QApplication) -> None:
    """Put the current colours, type and stylesheet on the application."""
    colours = current()
    if app.style().objectName() != "fusion":
        app.setStyle("Fusion")
    font = QFont(app.font())
    if font.pointSizeF() < _POINTS:
        font.setPointSizeF(_POINTS)
        app.setFont(font)
    app.setPalette(_palette(colours))
    app.setStyleSheet(stylesheet(colours, font.pointSizeF()))


def stylesheet(colours: Colours, points: float) -> str:
    """Return the stylesheet with colours and sizes filled in."""
    template = Template(resources.path("styles", "spaceport.qss").read_text(encoding="utf-8"))
    return template.substitute(
        {name: getattr(colours, name) for name in Colours.__dataclass_fields__},
        spacing=measures.spacing,
        half=measures.spacing // 2,
        wide=measures.wide,
        radius=measures.radius,
        small=f"{points * measures.small:.1f}pt",
        title=f"{points * measures.title:.1f}pt",
        # A check mark needs a picture; Qt's stylesheets take files only.
        pictures=resources.path("styles").as_posix(),
    )


def _palette(colours: Colours) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for name, value in (
        (role.Window, colours.background),
        (role.WindowText, colours.text),
        (role.Base, colours.field),
        (role.AlternateBase, colours.panel),
        (role.ToolTipBase, colours.raised),
        (role.ToolTipText, colours.text),
        (role.PlaceholderText, colours.muted),
        (role.Text, colours.text),
        (role.Button, colours.raised),
        (role.ButtonText, colours.text),
        (role.BrightText, colours.error),
        (role.Link, colours.accent),
        (role.Highlight, colours.accent),
        (role.HighlightedText, colours.on_accent),
        (role.Light, colours.raised),
        (role.Midlight, colours.raised),
        (role.Mid, colours.line),
        (role.Dark, colours.line),
        (role.Shadow, colours.line),
        (role.Accent, colours.accent),
    ):
        palette.setColor(name, QColor(value))
    for name in (role.WindowText, role.Text, role.ButtonText):
        faint = QColor(colours.muted)
        faint.setAlpha(150)
        palette.setColor(QPalette.ColorGroup.Disabled, name, faint)
    return palette
