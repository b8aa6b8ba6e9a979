"""Processes that are killed or asked to end at any moment."""

from __future__ import annotations

import signal
import time

import psutil

from ..base import STAGES
from ..scene import Scene
from ..spaceport import Started, kill_tree

_VICTIMS = ("parent", "child", "both")
_LINES = {"import": 6, "sfm": 40, "train": 20, "compress": 4, "export": 2}
"""About so many events a stage tells."""


def at_any_moment(scene: Scene) -> None:
    """Kill parent, child or both, once or twice, then go on."""
    scene.begin("photos")
    for _ in range(scene.chance.choice((1, 1, 2))):
        victim = scene.chance.choice(_VICTIMS)
        run = scene.spaceport.start(*scene.whole)
        scene.did(f"kill {victim} {_moment(scene, run)}")
        if victim == "both":
            kill_tree(run.process.pid)
        elif victim == "parent":
            run.send()
        else:
            for child in _children(run.process.pid):
                child.kill()
        ended = run.finish()
        if victim == "child" and ended.code != 0:
            scene.judged(ended, {"killed"})
    scene.go_on()
    scene.check()


def asked_to_end(scene: Scene) -> None:
    """Send a signal that asks, then go on; it ends within seconds and says how to go on."""
    scene.begin("photos")
    number = scene.chance.choice(
        (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGSTOP)
    )
    run = scene.spaceport.start(*scene.whole)
    scene.did(f"{signal.Signals(number).name} {_moment(scene, run)}")
    run.send(number)
    if number == signal.SIGSTOP:
        time.sleep(scene.chance.uniform(0.5, 3.0))
        run.send(signal.SIGCONT)
    ended = run.finish()
    if ended.code >= 0 or ended.hung:
        scene.judged(ended)
    scene.go_on()
    scene.check()


def _moment(scene: Scene, run: Started) -> str:
    """Wait for a moment of a run, told by its events: a clock means little on a busy computer."""
    chance = scene.chance
    if chance.random() < 0.1:
        seconds = chance.uniform(0.05, 1.0)
        run.wait(seconds)
        return f"{seconds:.2f} s after the start"
    stage = chance.choice(STAGES)
    lines, seconds = chance.randrange(_LINES[stage]), chance.choice((0.0, chance.uniform(0, 0.6)))
    run.until(f'"started", "stage": "{stage}"', lines)
    run.wait(seconds)
    return f"{seconds:.2f} s after event {lines} of {stage}"


def _children(number: int) -> list[psutil.Process]:
    try:
        return psutil.Process(number).children(recursive=True)
    except psutil.Error:
        return []
