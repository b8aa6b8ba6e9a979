"""``open``, and ``spaceport`` alone: the window."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from spaceport_app import visible
from spaceport_app.cli.output import FAILED, OK, Output, told, usage

Things = Annotated[
    Optional[list[Path]],  # noqa: UP045
    typer.Argument(
        help="A project, photos (folders, zips, files), or a splat.", show_default=False
    ),
]


def open_(
    things: Things = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="The photos that come with Spaceport.")
    ] = False,
) -> None:
    """Open the window, with a project, photos or a splat."""
    paths = tuple(things or ())
    with told(Output()):
        for path in paths:
            if not path.exists():
                raise usage(f"There is no {path}.", "Check the spelling.")
        if sample and paths:
            raise usage("The sample flight opens alone.", "Leave out --sample or the paths.")
    raise typer.Exit(show(paths, sample=sample))


def show(paths: tuple[Path, ...] = (), *, sample: bool = False) -> int:
    """Show the window until it is closed, and return the exit code."""
    from spaceport_app.gui import display

    sentence = display.trouble()
    if sentence is not None:
        more = "The commands work without it: spaceport --help"
        sys.stderr.write(f"{visible.lines(sentence)}\n{more}\n")
        return FAILED
    from spaceport_app.gui.app import main

    return main(paths, sample=sample) or OK
