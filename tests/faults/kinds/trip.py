"""Processes that are killed, or refused a deed, at an exact deed on files of the project.

So every step of publishing, saving and cleaning up is met, which no clock would hit.
"""

from __future__ import annotations

import errno

from ..base import STAGES
from ..scene import Scene
from ..spaceport import Ended

_ERRORS = {
    errno.ENOSPC: {"disk_full"},
    errno.EDQUOT: {"disk_full"},
    errno.EACCES: {"no_permission"},
    errno.EROFS: {"no_permission"},
    errno.EIO: None,
    errno.ESTALE: None,
    errno.EMFILE: None,
}


def killed(scene: Scene) -> None:
    """Kill the command or its stage right before its n-th deed."""
    words, who, at = _place(scene, changes_only=True)
    scene.did(f"kill {who} before deed {at} of {' '.join(map(str, words[:2]))}")
    before = set(scene.finished())
    ended = _tripped(scene, words, who, at, "kill")
    if ended.code >= 0:
        scene.judged(ended, {"killed"})
    scene.go_on(may_run=set(STAGES) - before)
    scene.check()


def refused(scene: Scene) -> None:
    """Let the n-th deed of the command or its stage fail as a disk or the system would."""
    words, who, at = _place(scene, changes_only=False)
    number = scene.chance.choice(list(_ERRORS))
    scene.did(f"{errno.errorcode[number]} at deed {at} of {who} of {' '.join(map(str, words[:2]))}")
    scene.judged(_tripped(scene, words, who, at, str(number)))
    scene.go_on()
    scene.check()


def _place(scene: Scene, *, changes_only: bool) -> tuple[tuple[object, ...], str, int]:
    """Lay a base and choose a command, its process and the number of one of its deeds."""
    session = scene.session
    session.lay("finished")
    if scene.chance.random() < 0.25:
        scene.begin("photos")
        what, words = "run", scene.whole
    else:
        stage = scene.chance.choice((*STAGES, "export", "compress"))
        what, words = stage, ("stage", stage, scene.project, "--json")
        if f"{stage} run" not in session.deeds:
            session.note_deeds(stage, *words)
        scene.begin("finished")
    who = scene.chance.choice(("run", "run", "child"))
    deeds = session.deeds[f"{what} {who}"]
    places = [
        number
        for number, deed in enumerate(deeds)
        if not changes_only or not deed.startswith(("read", "os.listdir", "os.scandir"))
    ]
    return words, who, scene.chance.choice(places)


def _tripped(scene: Scene, words: tuple[object, ...], who: str, at: int, deed: str) -> Ended:
    return scene.spaceport(
        *words,
        FAULTS_FOLDER=str(scene.project),
        FAULTS_WHO=who,
        FAULTS_AT=str(at),
        FAULTS_DEED=deed,
    )
