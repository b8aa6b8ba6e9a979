"""The window: a thin face over pipeline/ and project/, made of Qt widgets."""
