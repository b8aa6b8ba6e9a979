"""Exporting a project: the dialog, what it does, and the viewer in the browser."""
