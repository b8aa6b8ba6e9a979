"""Flags made from the options of the stages."""

from __future__ import annotations

import typer

from spaceport_app.cli.app import build


def _parameters() -> list[str]:
    command = typer.main.get_command(build()).commands["run"]  # type: ignore[attr-defined]
    return [str(parameter.name) for parameter in command.params]


def test_the_command_line_is_built_the_same_again() -> None:
    first = _parameters()
    assert "import_leave_out_duplicates" in first
    assert _parameters() == first
