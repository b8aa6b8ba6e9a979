"""``python -m spaceport_app``: the same as the command ``spaceport``."""

from spaceport_app.cli import main

if __name__ == "__main__":
    main()
