"""A real window for the splat view, on a display of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before torch or Numba load OpenMP: see spaceport_app.splats.engines.cpu.threads.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

HERE = Path(__file__).parent

# For the reference compositor and the scenes of the engines' tests.
sys.path.insert(0, str(HERE.parents[1] / "splats" / "engines"))
sys.path.insert(0, str(HERE))


@pytest.fixture(scope="session")
def display() -> Iterator[dict[str, str]]:
    """Start Xvfb, and return the environment in which programs draw there."""
    import xvfb

    if shutil.which("Xvfb") is None:
        pytest.skip("NOT TESTED in a real window: Xvfb is not installed")
    with xvfb.running() as environment:
        yield environment


@pytest.fixture(scope="session")
def in_window(display: dict[str, str]):
    """Return a function that runs a script of this folder where there is a display."""

    def run(script: str, *arguments: str) -> None:
        root = HERE.parents[2]
        paths = [str(root), str(HERE), str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")]
        environment = {**display, "PYTHONPATH": os.pathsep.join(paths)}
        done = subprocess.run(
            [sys.executable, str(HERE / script), *arguments],
            env=environment,
            cwd=root,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return run
