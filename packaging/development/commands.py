"""What the commands of dev.py do once the environment is there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from development import environment, lock, peers, torch_choice
from development.environment import Environment
from development.words import say

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
    flight = place.root / "resources" / "sample_flight"
    options = ["-o", "demo.spaceport", "--preset", "preview", *arguments]
    return _python(place, ["-m", "spaceport_app", "run", str(flight), *options], Path.cwd())


def _check(place: Environment, check: tuple[str, ...], root: Path) -> int:
    say(f"== {' '.join(check)}")
    return _python(place, ["-m", *check], root)


def _imports(place: Environment, root: Path) -> int:
    say("== lint-imports")
    # import-linter has no module to run with -m; its script does no more than this.
    program = "from importlinter.cli import lint_imports_command as c; c()"
    return _python(place, ["-c", program], root)


def _python(place: Environment, arguments: Sequence[str], folder: Path) -> int:
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH")}
    with subprocess.Popen([str(place.python), *arguments], cwd=folder, env=clean) as child:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                # The child got the same Ctrl-C and stops in its own time, saying how to go on.
                continue
