"""Processes that are killed, or refused a deed, at an exact deed on files of the project.

So every step of publishing, saving and cleaning up is met, which no clock would hit.
"""

from __future__ import annotations

import errno
import os
import re

from ..base import STAGES
from ..scene import Scene
from ..spaceport import Ended
from ..verdict import UNTYPED

_TOLD = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EACCES: "permission",
    errno.EROFS: "permission|read-only",
    errno.EIO: "",
    errno.ESTALE: "",
    errno.EMFILE: "",
}
"""What a sentence about the error must hold to be true, and, for all, the system's own words."""

_OF_READING = (errno.EACCES, errno.EIO, errno.ESTALE, errno.EMFILE)
_READS = ("read", "os.listdir", "os.scandir")


def killed(scene: Scene) -> None:
    """Kill the command or its stage right before its n-th deed."""
    words, who, at, after, _ = _place(scene, changes_only=True)
    scene.did(f"kill {who} before deed {at} of {' '.join(map(str, words[:2]))}")
    before = set(scene.finished())
    ended = _tripped(scene, words, who, at, "kill")
    if ended.code >= 0:
        scene.judged(ended, {"killed"})
    scene.go_on(may_run={*after} | set(STAGES) - before)
    scene.check()


def refused(scene: Scene) -> None:
    """Let the n-th deed of the command or its stage fail as a disk or the system would."""
    words, who, at, after, deed = _place(scene, changes_only=False)
    reads = deed.startswith(_READS)
    number = scene.chance.choice([one for one in _TOLD if not reads or one in _OF_READING])
    scene.did(f"{errno.errorcode[number]} at deed {at} of {who} of {' '.join(map(str, words[:2]))}")
    ended = scene.judged(_tripped(scene, words, who, at, str(number)))
    said = f"{ended.error.get('message')} {ended.error.get('remedy')}"
    true = "|".join(filter(None, (_TOLD[number], re.escape(os.strerror(number)))))
    if ended.error and not re.search(true, said, re.IGNORECASE):
        scene.fault(UNTYPED, f"{os.strerror(number)}, and it says: {said}")
    scene.go_on(may_run=after)
    # What could not be compared with its record is kept beside.
    scene.check(kept=True)


def _place(
    scene: Scene, *, changes_only: bool
) -> tuple[tuple[object, ...], str, int, tuple[str, ...], str]:
    """Lay a base and choose a command, its process and the number of one of its deeds.

    Then come the stages that are outdated if the command succeeds: a stage that is made anew
    differs in the times that it notes. The last word is what the deed is.
    """
    session = scene.session
    session.lay("finished")
    if scene.chance.random() < 0.25:
        scene.begin("photos")
        what, words = "run", scene.whole
        after: tuple[str, ...] = ()
    else:
        stage = scene.chance.choice((*STAGES, "export", "compress"))
        what, words = stage, ("stage", stage, scene.project, "--json")
        if f"{stage} run" not in session.deeds:
            session.note_deeds(stage, *words)
        scene.begin("finished")
        after = STAGES[STAGES.index(stage) + 1 :]
    who = scene.chance.choice(("run", "run", "child"))
    deeds = session.deeds[f"{what} {who}"]
    places = [
        number
        for number, deed in enumerate(deeds)
        if not changes_only or not deed.startswith(_READS)
    ]
    at = scene.chance.choice(places)
    return words, who, at, after, deeds[at]


def _tripped(scene: Scene, words: tuple[object, ...], who: str, at: int, deed: str) -> Ended:
    return scene.spaceport(
        *words,
        FAULTS_FOLDER=str(scene.project),
        FAULTS_WHO=who,
        FAULTS_AT=str(at),
        FAULTS_DEED=deed,
    )
