"""What reaches the terminal: text for people, JSON for scripts, errors in one sentence."""

from __future__ import annotations

import errno
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from spaceport_app import visible
from spaceport_app.errors import StageError
from spaceport_app.events import Failed
from spaceport_app.pipeline import trouble
from spaceport_app.pipeline.messages import dumps
from spaceport_app.project.errors import ProjectError

OK, FAILED, USAGE, PROJECT, STOPPED = 0, 1, 2, 3, 130

EXIT_CODES = (
    "Exit codes: 0 done, 1 a stage or file failed, 2 wrong use, "
    "3 the project cannot be used (locked, damaged, no project), 130 stopped by Ctrl-C."
)

_log = logging.getLogger(__name__)


class OutputError(Exception):
    """Standard output takes no more; the text says why."""


@contextmanager
def _written() -> Iterator[None]:
    """Tell a full standard output from a full disk of the project."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(error.strerror or type(error).__name__) from error


class Output:
    """Where a command speaks.

    Parameters
    ----------
    json : bool
        Standard output carries JSON only, and text for people is dropped.
    quiet : bool
        Standard output carries nothing; errors still go to standard error.
    """

    def __init__(self, *, json: bool = False, quiet: bool = False) -> None:
        self.json = json
        self.quiet = quiet
        self.console = _console()
        self._errors = _console(stderr=True)

    def say(self, text: str = "") -> None:
        """Show a line to a person, as it is written: no markup, and nothing that acts."""
        if not self.json and not self.quiet:
            with _written():
                self.console.print(shown(text))

    def warn(self, text: str) -> None:
        """Show a line on standard error."""
        if not self.json:
            # There is nowhere left to tell that this cannot be told.
            with suppress(OSError):
                self._errors.print(shown(text))

    def document(self, value: Any) -> None:
        """Write one JSON value on a line of standard output, if JSON is wanted."""
        if self.json:
            # DEL is the one character that acts and may stand in JSON as it is.
            with _written():
                sys.stdout.write(dumps(value).replace("\x7f", "\\u007f") + "\n")
                sys.stdout.flush()

    def fail(self, failure: Failed, code: int) -> typer.Exit:
        """Tell what went wrong and return the exception that ends the command."""
        self.document(
            {
                "ok": False,
                "error": {
                    "code": failure.code,
                    "message": failure.message,
                    "remedy": failure.remedy,
                },
            }
        )
        self.warn(f"Error: {failure.message} {failure.remedy}")
        return typer.Exit(code)


def shown(text: str) -> Text:
    """Return a line for the terminal, in which no name or message is obeyed."""
    return Text(visible.line(text))


def _console(*, stderr: bool = False) -> Console:
    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)


@contextmanager
def told(output: Output, place: Path | None = None) -> Iterator[None]:
    """Turn every expected error into one sentence and an exit code.

    Parameters
    ----------
    place : Path, optional
        The project or file at work, named where disk or permissions are the trouble.
    """
    try:
        yield
    except ProjectError as error:
        failure = Failed(error.code, error.message, error.remedy)
        raise output.fail(failure, USAGE if error.code in _USAGE_CODES else PROJECT) from error
    except StageError as error:
        raise output.fail(Failed(error.code, error.message, error.remedy), FAILED) from error
    except KeyboardInterrupt as error:
        output.document({"ok": False, "error": {"code": "stopped", "message": "Stopped."}})
        output.warn("Stopped.")
        raise typer.Exit(STOPPED) from error
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        here = place or Path.cwd()
        failure = trouble.explain(error, here, here)
        if failure.code == "internal":
            what = error.strerror or type(error).__name__
            failure = Failed(
                "file_error", f"{error.filename or here}: {what}.", "Check the path and try again."
            )
        raise output.fail(failure, FAILED) from error
    except ImportError as error:
        failure = Failed(
            "not_installed",
            f"A part of Spaceport is missing ({error}).",
            "Install Spaceport again.",
        )
        raise output.fail(failure, FAILED) from error


_USAGE_CODES = frozenset({"bad_option", "unknown_preset"})


def usage(message: str, remedy: str = "See --help.") -> ProjectError:
    """Return the error for a command that was called wrongly."""
    return ProjectError("bad_option", message, remedy)


def bytes_of(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder or of the bundle of a meta.json."""
    if path.name == "meta.json":
        path = path.parent
    if path.is_dir():
        return sum(part.stat().st_size for part in path.rglob("*") if part.is_file())
    return path.stat().st_size
