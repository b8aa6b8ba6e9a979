"""The command line: a thin shell around pipeline/ and project/."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from spaceport_app.cli.app import run

    sys.exit(run(sys.argv[1:]))
