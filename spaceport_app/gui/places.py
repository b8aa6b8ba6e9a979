"""Where the window keeps its own files and puts new projects."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def settings_folder() -> Path:
    """Where window state and the list of recent projects live."""
    return Path(platformdirs.user_config_dir("spaceport", appauthor=False))


def projects_folder() -> Path:
    """Where projects of dropped photos are made."""
    return Path(platformdirs.user_documents_dir()) / "Spaceport"
