"""The window: a thin face over pipeline/ and project/, made of Qt widgets."""

from spaceport_app.gui import immortal

# Whichever part of the window is imported first, this must come before Qt is called.
immortal.keep_constants()
