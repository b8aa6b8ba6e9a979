"""Progress while stages run: bars on a terminal, plain lines elsewhere, JSON lines for scripts."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TypeAlias

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from spaceport_app import visible
from spaceport_app.cli.output import Output, shown
from spaceport_app.events import Metric, Notice, Progress
from spaceport_app.pipeline import messages
from spaceport_app.pipeline.outcome import Outcome
from spaceport_app.pipeline.runner import RunEvent, StageEnded, StageEvent, StageStarted
from spaceport_app.pipeline.stage import Registry
from spaceport_app.quantities import count, duration

_LINE_EVERY_S = 10.0
_STOPPING = "Stopping, saving the state. Press Ctrl+C again to stop at once."


class JsonLines:
    """Every event as one JSON object a line."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self.stopping = False

    def __call__(self, event: RunEvent) -> None:
        """Write the event."""
        if isinstance(event, StageStarted):
            self._output.document(
                {"event": "started", "stage": event.stage, "resumed": event.resumed}
            )
        elif isinstance(event, StageEvent):
            line = {"stage": event.stage, **messages.as_json(event.event)}
            if isinstance(event.event, Progress):
                line |= {"eta_s": event.eta_s, "overall": event.fraction}
            self._output.document(line)
        else:
            self._output.document({"event": "ended", **asdict(event.outcome)})

    def __enter__(self) -> JsonLines:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class PlainLines:
    """One line at each step and every ten seconds, for logs and pipes."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._step = ""
        self._said = 0.0
        self._numbers: dict[str, float] = {}
        self.stopping = False
        """Whether it was asked to stop: set in a signal handler, said at the next event."""
        self._told = False

    def __call__(self, event: RunEvent) -> None:
        """Write a line, if it is time for one."""
        if self.stopping and not self._told and not isinstance(event, StageEnded):
            self._told = True
            self._output.say(_STOPPING)
        if isinstance(event, StageStarted):
            self._step, self._numbers = "", {}
            again = ", going on from where it was" if event.resumed else ""
            self._output.say(f"{event.label}{again}")
        elif isinstance(event, StageEnded):
            self._output.say(f"  {event.outcome.words()}")
        elif isinstance(event.event, Metric):
            self._numbers.update(event.event.values)
        elif isinstance(event.event, Notice):
            self._output.say(f"  Note: {_notice(event.event)}")
        elif isinstance(event.event, Progress):
            self._progress(event.event, event.eta_s)

    def _progress(self, progress: Progress, eta_s: float | None) -> None:
        now = time.monotonic()
        if progress.step == self._step and now - self._said < _LINE_EVERY_S:
            return
        self._step, self._said = progress.step, now
        left = f", {duration(eta_s)} left" if eta_s is not None else ""
        more = f", {numbers(self._numbers)}" if numbers(self._numbers) else ""
        self._output.say(f"  {progress.fraction:4.0%}  {progress.step}{left}{more}")

    def __enter__(self) -> PlainLines:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@dataclass
class _Row:
    """What one stage's bar shows."""

    label: str
    fraction: float = 0.0
    step: str = ""
    eta_s: float | None = None
    began: float = 0.0
    told: float = 0.0
    outcome: Outcome | None = None
    running: bool = False
    numbers: dict[str, float] = field(default_factory=dict)


class Bars:
    """One bar a stage, redrawn in place, with step, time left and key numbers."""

    def __init__(self, output: Output, stages: Registry) -> None:
        self._rows = {stage.name: _Row(stage.label) for stage in stages}
        self._output = output
        self.stopping = False
        self._live = Live(
            get_renderable=self._draw,
            console=output.console,
            refresh_per_second=5,
            transient=False,
        )

    def __enter__(self) -> Bars:
        self._live.__enter__()
        return self

    def __exit__(self, *what: object) -> None:
        self._live.refresh()
        self._live.__exit__(None, None, None)

    def __call__(self, event: RunEvent) -> None:
        """Take an event; the bars show it at the next redraw."""
        if isinstance(event, StageStarted):
            row = self._rows[event.stage]
            row.running, row.began = True, time.monotonic()
            row.step = "Going on from where it was" if event.resumed else "Starting"
        elif isinstance(event, StageEnded):
            row = self._rows[event.outcome.stage]
            row.running, row.outcome = False, event.outcome
        else:
            row = self._rows[event.stage]
            told = event.event
            if isinstance(told, Progress):
                row.fraction, row.step, row.eta_s = told.fraction, told.step, event.eta_s
                row.told = time.monotonic()
            elif isinstance(told, Metric):
                row.numbers.update(told.values)
            elif isinstance(told, Notice):
                self._live.console.print(shown(f"Note: {_notice(told)}"))

    def _draw(self) -> RenderableType:
        table = Table.grid(padding=(0, 1), expand=False)
        table.add_column(no_wrap=True)
        table.add_column(width=24)
        table.add_column(justify="right", width=5)
        table.add_column(no_wrap=True)
        details: list[RenderableType] = []
        for row in self._rows.values():
            done = row.outcome is not None and row.outcome.good
            share = 1.0 if done else row.fraction
            table.add_row(
                Text(visible.line(row.label), style="bold" if row.running else ""),
                ProgressBar(total=1.0, completed=share, width=24),
                f"{share:.0%}" if row.running or row.outcome else "",
                Text(visible.line(_state(row)), style="" if done or row.running else "dim"),
            )
            if row.running:
                more = numbers(row.numbers)
                words = visible.line(row.step + (f"   {more}" if more else ""))
                details.append(Text(words, style="dim"))
        if self.stopping:
            details.append(Text(_STOPPING))
        return Group(table, *details)


def numbers(values: Mapping[str, float]) -> str:
    """Return the key numbers of a stage in words: Gaussians and PSNR."""
    parts = []
    if "gaussians" in values:
        parts.append(f"{count(values['gaussians'])} Gaussians")
    if math.isfinite(values.get("psnr_db", math.nan)):
        parts.append(f"PSNR {values['psnr_db']:.1f} dB")
    return ", ".join(parts)


def _state(row: _Row) -> str:
    if row.outcome is not None:
        words = {
            "finished": f"{duration(row.outcome.seconds)}   {numbers(row.numbers)}".rstrip(),
            "skipped": "still holds",
            "cancelled": "stopped",
        }
        return words.get(row.outcome.kind, "failed")
    if not row.running:
        return ""
    now = time.monotonic()
    # Between two counts the time left goes down; one that has run out tells nothing.
    left = None if row.eta_s is None else row.eta_s - (now - row.told)
    if left is None or left < 0.0:
        return f"{duration(now - row.began)} so far"
    return f"{duration(left)} left"


def _notice(notice: Notice) -> str:
    return f"{notice.subject}: {notice.message}" if notice.subject else notice.message


Listener: TypeAlias = JsonLines | PlainLines | Bars


def listener(output: Output, stages: Registry) -> Listener:
    """Return what shows the progress of a run best, given where standard output goes."""
    if output.json:
        return JsonLines(output)
    if output.console.is_terminal and not output.quiet:
        return Bars(output, stages)
    return PlainLines(output)
