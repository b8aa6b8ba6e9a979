"""A display without a screen, for as long as it is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def run_again(script: str) -> None:
    """Run a script with its arguments but ``--software`` on a display of its own."""
    rest = [argument for argument in sys.argv[1:] if argument != "--software"]
    with running() as environment:
        subprocess.run([sys.executable, script, *rest], env=environment, check=True)


@contextmanager
def running(size: str = "1440x900x24") -> Iterator[dict[str, str]]:
    """Start Xvfb on a free display; give the environment for programs that draw there."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", size]
    server = subprocess.Popen(
        [*command, "+extension", "GLX", "+render", "-noreset", "-nolisten", "tcp"],
        pass_fds=(writing,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise RuntimeError("Xvfb did not start")
        environment = {k: v for k, v in os.environ.items() if k != "QT_QPA_PLATFORM"}
        environment |= {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        environment |= {"LIBGL_ALWAYS_SOFTWARE": "1", "QT_SCALE_FACTOR": "1"}
        yield environment
    finally:
        server.terminate()
        server.wait()
