"""A program that works for the setup: it ends with us, with a person's wish, and with its time."""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from spaceport_app.engine_setup.fetching import Cancelled
from spaceport_app.pipeline import environment, processes

_POLL_S = 0.1


@dataclass(frozen=True)
class Ended:
    """How a program ended, and the last of what it said on its error channel."""

    status: int
    errors: str


def run(
    command: Sequence[str],
    cancel: threading.Event,
    line: Callable[[str], None],
    idle: Callable[[], None] | None = None,
    more: Mapping[str, str] | None = None,
) -> Ended:
    """Run a program to its end; `line` gets each line of its output, `idle` is called meanwhile.

    Raises
    ------
    Cancelled
        If `cancel` was set; the program and all that it started have ended by then.
    OSError
        If it cannot be started.
    """
    variables = {**environment.for_child(os.environ), **(more or {})}
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        process = processes.start(command, variables, secrets.token_hex(8), errors)
        lines: list[str] = []
        lock = threading.Lock()

        def read() -> None:
            assert process.stdout is not None
            with process.stdout as stream:
                for text in stream:
                    with lock:
                        lines.append(text)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()

        def hand_on() -> None:
            with lock:
                new, lines[:] = lines[:], []
            for text in new:
                line(text)

        try:
            while process.poll() is None:
                if cancel.wait(_POLL_S):
                    processes.end(process)
                    raise Cancelled
                hand_on()
                if idle is not None:
                    idle()
        finally:
            status = processes.finish(process)
        reader.join(5.0)
        hand_on()
        errors.seek(0)
        return Ended(status, errors.read()[-4000:])
