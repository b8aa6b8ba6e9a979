"""The whole way in a real window, by mouse and keys; each scenario in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SPLAT_TESTS = HERE.parent / "splat"


@pytest.fixture(scope="module")
def desktop() -> Iterator[dict[str, str]]:
    """A display with a window manager, which real drags need."""
    missing = [name for name in ("Xvfb", "openbox", "xdotool") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"NOT TESTED in a real window: {', '.join(missing)} not installed")
    sys.path.insert(0, str(SPLAT_TESTS))
    import xvfb

    with xvfb.running() as environment:
        manager = subprocess.Popen(["openbox"], env=environment, stderr=subprocess.DEVNULL)
        try:
            yield environment
        finally:
            manager.terminate()
            manager.wait()


@pytest.mark.slow
@pytest.mark.timeout(1900)
@pytest.mark.parametrize("scenario", ["drop_to_export", "failing", "killed", "whole_flight"])
def test_in_a_real_window(scenario: str, desktop: dict[str, str], tmp_path: Path) -> None:
    paths = [str(ROOT), str(SPLAT_TESTS), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, str(HERE / "drive.py"), scenario, str(tmp_path)],
        env={**desktop, "PYTHONPATH": os.pathsep.join(path for path in paths if path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-6000:]
    sys.stdout.write(done.stdout)
