"""``python -m spaceport_app``: the same as the command ``spaceport``."""

import sys

if __name__ == "__main__":
    # Python looks for modules in the current folder first then, which may be somebody else's.
    if not sys.flags.safe_path:
        del sys.path[0]
    from spaceport_app.cli import main

    main()
