"""The command line: a thin shell around pipeline/ and project/."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from spaceport_app.cli.app import run

    # Numba would look into the current folder for where its compiled code lies, and run that.
    os.environ.setdefault("NUMBA_CACHE_DIR", "")
    sys.exit(run(sys.argv[1:]))
