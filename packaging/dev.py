"""Set Spaceport up from a clone and run it: ``python3 packaging/dev.py demo``.

Commands: ``demo`` opens the window with the sample flight; without a display, with ``--no-window``
or with options of ``spaceport run`` it takes the flight to a finished splat in ./demo.spaceport in
the terminal. ``test`` runs the tests, with what follows it for pytest, ``lint`` the checks,
``setup`` only sets up. Needs nothing but Python's standard library.
"""

import sys
from pathlib import Path

from development import interpreter

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ("demo", "test", "lint", "setup")


def main(arguments: "list[str]") -> int:
    """Run one command and return its exit code."""
    if len(arguments) < 1 or arguments[0] not in COMMANDS:
        sys.stderr.write("usage: python3 packaging/dev.py %s\n" % "|".join(COMMANDS))  # noqa: UP031
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    if not interpreter.fits(tuple(sys.version_info[:2])):
        return interpreter.hand_over([str(Path(__file__).resolve()), *arguments])
    # Newer Python from here on.
    from development import commands
    from development.words import SetupError, complain

    try:
        return commands.run(ROOT, arguments[0], arguments[1:])
    except SetupError as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        complain("Stopped. The same command goes on from here.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
