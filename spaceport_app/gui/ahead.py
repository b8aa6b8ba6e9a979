"""What the tabs will need, imported before a person opens them: it takes up to a second."""

from __future__ import annotations


def import_bindings() -> None:
    """Import what goes through all classes of Qt; for the GUI thread, before all other imports.

    PySide makes its classes when they are first asked for. Two threads that asked at once ended
    the process.
    """
    import pyqtgraph  # noqa: F401
    import PySide6.QtOpenGL
    import PySide6.QtOpenGLWidgets  # noqa: F401


def import_libraries() -> None:
    """Import the modules of tabs that are not open yet; for a background thread.

    The flight view, which is opened first, sees to VTK itself.
    """
    import spaceport_app.gui.report.facts
    import spaceport_app.gui.report.tab
    import spaceport_app.gui.run.axes
    import spaceport_app.gui.run.plots
    import spaceport_app.gui.splat.canvas
    import spaceport_app.gui.splat.view  # noqa: F401
