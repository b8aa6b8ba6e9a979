"""All commands put together."""

from __future__ import annotations

import io
import logging
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from spaceport_app import __version__, visible
from spaceport_app.cli import (
    cloud,
    converting,
    doctor,
    editing,
    evaluating,
    inspecting,
    looking,
    running,
    setup_engine,
    updating,
    window,
)
from spaceport_app.cli.flags import with_stage_flags
from spaceport_app.cli.output import EXIT_CODES, FAILED, Output, OutputError
from spaceport_app.pipeline.stage import registry


class Commands(TyperGroup):
    """All commands; what is said about wrong words on the command line obeys nothing in them."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read the words in front of the command."""
        with _visibly():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Read the words of the command and do it."""
        with _visibly():
            return super().invoke(ctx)


@contextmanager
def _visibly() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # Typer's errors are those of the click that it brings along, under another name.
        said = getattr(error, "message", None)
        if hasattr(error, "format_message") and isinstance(said, str):
            vars(error)["message"] = visible.lines(said)
        raise


def build() -> typer.Typer:
    """Return the application with all its commands."""
    app = typer.Typer(
        name="spaceport",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        cls=Commands,
        epilog=EXIT_CODES,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    stages = registry()
    app.callback()(_main)
    app.command(epilog=EXIT_CODES)(with_stage_flags(running.run, stages))
    app.command(epilog=EXIT_CODES)(with_stage_flags(running.stage, stages))
    app.command("open", epilog=EXIT_CODES)(window.open_)
    for command in (
        looking.status,
        evaluating.evaluate,
        inspecting.inspect,
        editing.edit,
        converting.export,
        converting.convert,
        converting.compare,
        doctor.doctor,
        updating.check_updates,
    ):
        app.command(epilog=EXIT_CODES)(command)
    app.command("setup-engine", epilog=EXIT_CODES)(setup_engine.setup_engine)
    app.add_typer(cloud.cloud)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return the exit code; without any words, open the window."""
    if not arguments:
        return window.show()
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal cannot show must not end the program.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(visible.VisibleFormatter())
    try:
        build()(args=list(arguments), prog_name="spaceport", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED
    except BrokenPipeError:
        # Whoever read our output has seen enough, as with `| head`.
        _drop_output()
        return FAILED
    except OutputError as error:
        _drop_output()
        Output().warn(
            f"Error: Standard output cannot be written ({error}). "
            f"Send it to a place with room, or to {os.devnull}, and run again: what is done is "
            "kept."
        )
        return FAILED
    except Exception:
        # A traceback holds names too.
        sys.stderr.write(visible.lines(traceback.format_exc()))
        return FAILED
    return 0


def _drop_output() -> None:
    # What is still held back would fail again when the program ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"spaceport {__version__}")
        raise typer.Exit()


def _main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Drone photos in, a web-ready splat out, on the computer you own.

    Without a command, spaceport opens its window.
    """
