"""What the window remembers from one start to the next."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings


class WindowState:
    """A small settings file: places and sizes, theme, the tab in front.

    Parameters
    ----------
    file : Path
        INI file; a damaged or missing one counts as empty.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._settings = QSettings(str(file), QSettings.Format.IniFormat)

    def bytes(self, name: str) -> QByteArray:
        """Return saved bytes, empty if there are none."""
        found = self._settings.value(name)
        return found if isinstance(found, QByteArray) else QByteArray()

    def text(self, name: str, usual: str = "") -> str:
        """Return a saved word."""
        found = self._settings.value(name, usual)
        return found if isinstance(found, str) else usual

    def save(self, **values: QByteArray | str) -> None:
        """Save values by their names."""
        for name, value in values.items():
            self._settings.setValue(name, value)
        self._settings.sync()
