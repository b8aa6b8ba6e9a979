"""``setup-engine``: the engine for NVIDIA cards, fetched, tested, switched to, taken back."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer
from rich.control import Control
from rich.segment import ControlType

from spaceport_app import installed_engine
from spaceport_app.cli.output import STOPPED, Output, shown, told, usage
from spaceport_app.cli.running import Json, Quiet
from spaceport_app.cli.signals import on_stop
from spaceport_app.events import Event, Progress
from spaceport_app.pipeline import messages
from spaceport_app.pipeline.summary import columns
from spaceport_app.quantities import size

if TYPE_CHECKING:
    from spaceport_app.engine_setup.plan import Plan
    from spaceport_app.engine_setup.status import Status
    from spaceport_app.installed_engine import InstalledEngine

_LINE_EVERY_S = 10.0


def setup_engine(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    accept_unverified: Annotated[
        bool,
        typer.Option(
            "--accept-unverified", help="Also take packages of which nobody publishes a checksum."
        ),
    ] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Only show what is set up, and which card is here.")
    ] = False,
    back: Annotated[
        bool,
        typer.Option("--back", help="Go back to the engine before, or to Spaceport's own."),
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove all GPU engines and what was fetched.")
    ] = False,
    recipes: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--recipes",
            exists=True,
            dir_okay=False,
            help="Another table of packages, of a mirror, say.",
            show_default=False,
        ),
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Set the GPU engine up for an NVIDIA card: torch for CUDA and gsplat.

    It is fetched into a folder of yours, tested, and only then used. The CPU engine always works.
    """
    output = Output(json=json, quiet=quiet)
    home = installed_engine.home()
    with told(output, home):
        if status + back + remove > 1:
            raise usage("--status, --back and --remove exclude each other.")
        if status:
            _status(output, home)
        elif back:
            _back(output, home)
        elif remove:
            _remove(output, home, yes)
        else:
            _set_up(output, home, recipes, yes, accept_unverified)


def _status(output: Output, home: Path) -> None:
    from spaceport_app.engine_setup import status

    found = status.look(home)
    output.document(found.as_json())
    for line in _status_lines(found):
        output.say(line)


def _status_lines(found: Status) -> list[str]:
    rows = [("GPU engine", _words(found.active) if found.active else "not set up")]
    if found.previous:
        rows.append(("Before", _words(found.previous)))
    if found.left_bytes:
        rows.append(("Fetched", f"{size(found.left_bytes)} of a setup that was stopped"))
    if found.cards:
        names = "; ".join(card.name for card in found.cards.cards)
        rows.append(("NVIDIA cards", f"{names}, driver {found.cards.driver_words}"))
    elif found.trouble:
        rows.append(("NVIDIA cards", found.trouble.message))
    rows.append(("Folder", str(found.home)))
    return columns(rows)


def _words(engine: InstalledEngine) -> str:
    trouble = f" (cannot be used: {engine.trouble})" if engine.trouble else ""
    return f"{engine.words()}, {size(engine.installed_bytes)}{trouble}"


def _back(output: Output, home: Path) -> None:
    from spaceport_app.engine_setup import setup, switching

    with setup.told(home), setup.held(home):
        name = switching.back(home)
    output.document({"event": "switched", "active": name})
    if name is None:
        output.say("Spaceport's own engine is in use again. --back once more undoes that.")
    else:
        output.say(f"In use again: {installed_engine.look(home / name).words()}.")


def _remove(output: Output, home: Path, yes: bool) -> None:
    from spaceport_app.engine_setup import setup, switching

    if not home.exists():
        freed = 0
    else:
        _agree(output, f"Remove all GPU engines in {home}?", yes)
        with setup.told(home), setup.held(home):
            freed = switching.remove_all(home)
    output.document({"event": "removed", "freed_bytes": freed})
    output.say(f"Removed; {size(freed)} are free again." if freed else "There was nothing.")


def _set_up(
    output: Output, home: Path, table: Path | None, yes: bool, accept_unverified: bool
) -> None:
    from spaceport_app.engine_setup import plan, recipes, setup
    from spaceport_app.engine_setup.fetching import Cancelled

    with setup.told(home):
        planned = plan.make(recipes.read(table), home)
    output.document({"event": "plan", **planned.as_json()})
    for line in _plan_lines(planned):
        output.say(line)
    if planned.unverified and not accept_unverified:
        if yes or output.json or not sys.stdin.isatty():
            raise setup.unverified_refused(planned)
        _agree(output, "Take it without a checksum?", yes)
    _agree(output, "Fetch it and set it up?", yes)
    cancel = threading.Event()
    with on_stop(cancel.set):
        try:
            engine = setup.set_up(planned, cancel, _Listener(output), unverified=True)
        except Cancelled as stop:
            document = {"ok": False, "error": {"code": "stopped", "message": "Stopped."}}
            output.document(document)
            output.warn("Stopped. What was fetched is kept: the same command goes on from there.")
            raise typer.Exit(STOPPED) from stop
    output.document(
        {"event": "ready", "ok": True, "active": engine.name, "folder": str(engine.folder)}
    )
    output.say(f"The GPU engine works and is in use: {engine.words()}.")


def _plan_lines(planned: Plan) -> list[str]:
    recipe = planned.recipe
    fetched = f" ({size(planned.fetched_bytes)} are here already)" if planned.fetched_bytes else ""
    rows = []
    if planned.cards is not None:
        card = planned.cards.cards[0]
        rows.append(("Card", f"{card.name}, driver {planned.cards.driver_words}"))
    rows += [
        ("Engine", recipe.words),
        ("To fetch", f"{size(planned.download_bytes)} from {', '.join(planned.hosts)}{fetched}"),
        ("Disk", f"{size(planned.needed_bytes)} of {size(planned.free_bytes)} that are free"),
        ("Folder", str(planned.home)),
    ]
    rows += [
        ("Unverified", f"{one.name} {one.version} from {one.host}: nobody publishes its checksum")
        for one in planned.unverified
    ]
    return columns(rows)


def _agree(output: Output, question: str, yes: bool) -> None:
    if yes:
        return
    if output.json or not sys.stdin.isatty():
        raise usage("Nobody is there to ask.", "Add --yes.")
    if not typer.confirm(question):
        raise typer.Exit()


class _Listener:
    """Shows progress: a bar on a terminal, a line at each step elsewhere, JSON for scripts."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._step = ""
        self._said = 0.0

    def __call__(self, event: Event) -> None:
        if not isinstance(event, Progress):
            return
        now = time.monotonic()
        # The words of a step carry the bytes behind a bracket.
        step = event.step.partition(" (")[0]
        terminal = self._output.console.is_terminal
        every = 1.0 if self._output.json else 0.2 if terminal else _LINE_EVERY_S
        if step == self._step and now - self._said < every:
            return
        again = step != self._step and self._said > 0.0
        self._step, self._said = step, now
        self._output.document(messages.as_json(event))
        words = f"{event.fraction:4.0%}  {event.step}"
        if terminal and not self._output.json and not self._output.quiet:
            if again:
                self._output.console.print()
            self._output.console.control(Control(ControlType.CARRIAGE_RETURN))
            self._output.console.print(shown(words), end="")
            self._output.console.control(Control((ControlType.ERASE_IN_LINE, 0)))
        else:
            self._output.say(f"  {words}")
