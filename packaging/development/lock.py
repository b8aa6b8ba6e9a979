"""One set-up at a time: a lock that the system drops when its holder dies."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from development.words import SetupError


@contextmanager
def held(root: Path) -> Iterator[None]:
    """Hold the set-up of one checkout.

    Raises
    ------
    SetupError
        If another process holds it.
    """
    mark = hashlib.sha256(str(root).encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"spaceport-setup-{mark}.lock"
    with path.open("a+b") as file:
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SetupError(
                "Another set-up of this folder is running. Wait for it, then run this again."
            ) from error
        yield
