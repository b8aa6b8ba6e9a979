"""What the commands of dev.py do once the environment is there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from development import environment, lock, peers, system, torch_choice
from development.environment import Environment
from development.words import say

NO_WINDOW = "--no-window"
CHECKS: tuple[tuple[str, ...], ...] = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("mypy",),
)


def run(root: Path, command: str, arguments: Sequence[str]) -> int:
    """Set up what is missing, run a command of dev.py and return its exit code."""
    place = Environment(root)
    if not place.complete(_kind()):
        with lock.held(root):
            environment.set_up(place)
    if command == "demo":
        return _demo(place, arguments)
    if command == "test":
        peers.set_up(root)
        return _python(place, ["-m", "pytest", *arguments], root)
    if command == "lint":
        # All of them, so that one call shows all there is to mend.
        return max([*(_check(place, check, root) for check in CHECKS), _imports(place, root)])
    say(f"Ready: {place.python}")
    return 0


def _kind() -> str:
    return "cuda" if torch_choice.nvidia_driver() else "cpu"


def _demo(place: Environment, arguments: Sequence[str]) -> int:
    """Open the window with the sample flight; run it in the terminal where no window can open."""
    if not arguments and "CI" not in os.environ and _window_opens(place):
        say("The window opens with the sample flight. Press Start in it to make the splat.")
        return _python(place, ["-m", "spaceport_app", "open", "--sample"], Path.cwd())
    flight = place.root / "resources" / "sample_flight"
    given = [argument for argument in arguments if argument != NO_WINDOW]
    options = ["-o", "demo.spaceport", "--preset", "preview", *given]
    return _python(place, ["-m", "spaceport_app", "run", str(flight), *options], Path.cwd())


def _window_opens(place: Environment) -> bool:
    """Ask our own code in a process of its own; say what it says where no window can open."""
    program = "from spaceport_app.gui import display as d; print(d.trouble() or '')"
    found = subprocess.run(
        [str(place.python), "-c", program],
        env=_clean(),
        cwd=place.root,
        capture_output=True,
        text=True,
        check=False,
    )
    sentence = found.stdout.strip()
    if found.returncode == 0 and not sentence:
        return True
    missing = [one.package for one in system.missing_libraries()]
    if missing:
        sentence = f"The window lacks system libraries. To install: {system.install_line(missing)}"
    say(sentence or "The window cannot be opened here.")
    say("The demo goes on in this terminal.")
    return False


def _check(place: Environment, check: tuple[str, ...], root: Path) -> int:
    say(f"== {' '.join(check)}")
    return _python(place, ["-m", *check], root)


def _imports(place: Environment, root: Path) -> int:
    say("== lint-imports")
    # import-linter has no module to run with -m; its script does no more than this.
    program = "from importlinter.cli import lint_imports_command as c; c()"
    return _python(place, ["-c", program], root)


def _python(place: Environment, arguments: Sequence[str], folder: Path) -> int:
    command = [str(place.python), *arguments]
    with subprocess.Popen(command, cwd=folder, env=_clean()) as child:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                # The child got the same Ctrl-C and stops in its own time, saying how to go on.
                continue


def _clean() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH")}
