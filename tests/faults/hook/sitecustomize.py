"""Trips up a process of Spaceport at its n-th deed on files, as the environment says.

Python imports this by itself at its start, where this folder is on PYTHONPATH. The deeds are
seen before they are done: opening, renaming, removing and making of what lies in the project.
"""

import os
import sys

_FOLDER = os.environ.get("FAULTS_FOLDER", "")
_WHO = os.environ.get("FAULTS_WHO", "")
_AT = int(os.environ.get("FAULTS_AT", "-1"))
_DEED = os.environ.get("FAULTS_DEED", "")
_LIST = os.environ.get("FAULTS_LIST", "")
_EVENTS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink"}
_EVENTS |= {"os.truncate", "os.scandir", "os.listdir", "os.chmod", "os.utime"}
_CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class _Counter:
    def __init__(self, who: str) -> None:
        self.who = who
        self.count = 0
        self.busy = False

    def __call__(self, event: str, arguments: tuple) -> None:
        if event not in _EVENTS or self.busy or not _ours(arguments):
            return
        name = event
        if event == "open":
            flags = arguments[2] if len(arguments) > 2 and isinstance(arguments[2], int) else 0
            name = "write" if flags & _CHANGES else "read"
        self.busy = True
        try:
            if _LIST:
                with open(_LIST, "a", encoding="utf-8") as file:  # noqa: PTH123
                    file.write(f"{self.who} {name} {arguments[0]!r}\n")
            if self.who == _WHO and self.count == _AT:
                self._do(arguments)
        finally:
            self.count += 1
            self.busy = False

    def _do(self, arguments: tuple) -> None:
        if _DEED == "kill":
            os.kill(os.getpid(), 9)
        number = int(_DEED)
        raise OSError(number, os.strerror(number), str(arguments[0]))


def _ours(arguments: tuple) -> bool:
    # Removal works with names relative to open folders.
    name = arguments[0] if arguments else None
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    if not isinstance(name, (str, os.PathLike)):
        return False
    name = os.fspath(name)
    relative = not name.startswith(os.sep) and arguments[-1] not in (-1, None)
    return name.startswith(_FOLDER) or relative


if _FOLDER:
    sys.addaudithook(
        _Counter("child" if "spaceport_app.pipeline.child" in sys.orig_argv else "run")
    )
