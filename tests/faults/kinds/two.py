"""Two commands at the same project at the same time."""

from __future__ import annotations

from ..base import STAGES
from ..scene import Scene

_LOCKED = {"project_locked"}


def at_once(scene: Scene) -> None:
    """Do something to a project while a run works on it."""
    scene.begin("photos")
    run = scene.spaceport.start(*scene.whole)
    stage = scene.chance.choice(STAGES)
    run.until(f'"started", "stage": "{stage}"', scene.chance.randrange(3))
    others: tuple[tuple[object, ...], ...] = (
        ("run", "-o", scene.project, "--json"),
        scene.whole,
        ("stage", "export", scene.project, "--json"),
        ("status", scene.project, "--json"),
        ("edit", scene.project, "--undo", "--json"),
        ("evaluate", scene.project, "--json"),
        ("run", "-o", scene.project, "--json", "--export-orientation", "world"),
    )
    for words in scene.chance.sample(others[:-1], scene.chance.choice((1, 2, 3))):
        scene.did(f"{words[0]} while {stage}")
        told = list(scene.verdict.told)
        ended = scene.judged(scene.spaceport(*words), None)
        if words[0] == "run" and not run.over and ended.error.get("code") not in _LOCKED:
            scene.fault("untyped", f"the project is in use, and it says: {ended.error}")
        scene.verdict.told = told
    scene.judged(run.finish(), ())
    scene.go_on()
    scene.check(same=True)


def created_at_once(scene: Scene) -> None:
    """Make the same project twice at once: one makes it, the other says that it is there."""
    scene.begin("photos")
    first = scene.spaceport.start(*scene.whole)
    first.wait(scene.chance.choice((0.0, 0.05, 0.3, 0.6)))
    second = scene.spaceport.start(*scene.whole)
    scene.did("two that make it")
    ended = [first.finish(), second.finish()]
    for one in ended:
        scene.judged(one, {"project_locked", "project_exists", "bad_option"})
    if all(one.code != 0 for one in ended):
        scene.fault("lost", "neither of the two made it")
    scene.go_on()
    scene.check()
