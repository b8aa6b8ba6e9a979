"""One stage in a process of its own: ``python -m spaceport_app.pipeline.child STAGE PROJECT S``.

S is the seconds that the run has taken before this stage.

Events leave as JSON lines on what was standard output when the process started; from then on
output and errors of Python and of native code alike go to ``logs/STAGE.log``.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import IO

from spaceport_app import installed_engine
from spaceport_app.errors import StageError
from spaceport_app.events import End, Event, Failed, Finished, Notice, Progress, Stopped
from spaceport_app.pipeline import memory, messages, trouble
from spaceport_app.pipeline.processes import die_with_parent, step_back
from spaceport_app.pipeline.settings import resolve_all
from spaceport_app.pipeline.stage import Place, find, load, registry
from spaceport_app.project.project import Project
from spaceport_app.stopping import StoppedOnRequest

_PROGRESS_INTERVAL_S = 0.1

_log = logging.getLogger(__name__)


class Channel:
    """Events to the runner as lines; safe from any thread, progress at most ten a second."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._step = ""
        self._sent = 0.0

    def report(self, event: Event) -> None:
        """Send an event; the first and last progress of a step are never held back."""
        with self._lock:
            if isinstance(event, Progress):
                now = time.monotonic()
                inner = event.step == self._step and event.done < event.total
                if inner and now - self._sent < _PROGRESS_INTERVAL_S:
                    return
                self._step, self._sent = event.step, now
            try:
                self._stream.write(messages.encode(event))
                self._stream.flush()
            except BrokenPipeError:
                os._exit(1)


def run(stage_name: str, folder: Path, report: Channel, began: float) -> End:
    """Run one stage of a project and return how it ended; nothing is published here.

    `began` is when the run began, as ``time.monotonic()`` tells it here.
    """
    project: Project | None = None
    log = folder / "logs" / f"{stage_name}.log"
    try:
        project = Project.open(folder)
        stages = registry()
        stage = find(stages, stage_name)
        options = resolve_all(stages, project.document.settings)
        output, scratch = project.partial(stage_name), project.scratch(stage_name)
        output.mkdir(exist_ok=True)
        scratch.mkdir(exist_ok=True)
        # Whoever chose the CPU engine does not depend on the folder of another.
        gpu_wanted = stage.renders and getattr(options[stage_name], "engine", "auto") != "cpu"
        if gpu_wanted and (words := installed_engine.use()):
            report.report(Notice("engine_damaged", words))
        inputs = stage.inputs(Place(project, output, scratch, options, began))
        found = load(stage.function)(inputs, options[stage_name], report.report)
        return Finished({**found, "peak_memory_bytes": memory.own_peak_bytes()})
    except StoppedOnRequest as stopped:
        _log.info("stopped on request at %s", stopped.where or "the start")
        return Stopped(stopped.where)
    except StageError as error:
        _log.info("the stage failed: %s", error)
        return Failed(error.code, error.message, error.remedy)
    except Exception as error:
        _log.exception("the stage failed")
        return trouble.explain(error, folder, log)


def main(arguments: list[str]) -> int:
    """Run the stage named in `arguments`; 0 if it finished, 1 if not."""
    stage_name, folder = arguments[0], Path(arguments[1])
    began = time.monotonic() - float(arguments[2])
    die_with_parent()
    step_back()
    channel = Channel(_own_output(folder / "logs" / f"{stage_name}.log"))
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    end = run(stage_name, folder, channel, began)
    channel.report(end)
    return 0 if isinstance(end, Finished) else 1


def _own_output(log: Path) -> IO[str]:
    """Keep the first output for events and turn file descriptors 1 and 2 to the log."""
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    try:
        # The runner has made the folder. A link would empty what it leads to.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        target = os.open(log, flags, 0o666)
    except OSError:
        target = os.open(os.devnull, os.O_WRONLY)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
    return stream


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
