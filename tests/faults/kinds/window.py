"""The real window, offscreen: killed while it works, and shown projects that are damaged."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from ..base import STAGES
from ..scene import NotHereError, Scene
from ..spaceport import Ended, Started, kill_tree
from ..verdict import HANG, UNTYPED
from . import damage

_PROGRAM = Path(__file__).parents[1] / "window_of_case.py"


def killed(scene: Scene) -> None:
    """Kill the window while a run that it began is under way; it goes on in a new one."""
    _needs_qt()
    scene.begin("in sfm")
    # Only what was chosen for the run counts: the window starts it by its button.
    stage = scene.chance.choice(STAGES[1:4])
    scene.did(f"the window is killed in {stage}")
    run = _window(scene, "start")
    while not run.over and not _works_on(scene, stage):
        run.wait(0.05)
    run.wait(scene.chance.uniform(0.0, 1.0))
    if scene.chance.random() < 0.5:
        run.send()
    else:
        kill_tree(run.process.pid)
    run.finish()
    if scene.chance.random() < 0.5:
        _judge(scene, _window(scene, "start").finish())
    scene.go_on()
    scene.check()


def _works_on(scene: Scene, stage: str) -> bool:
    return stage in scene.finished() or (scene.project / f".{stage}.partial").is_dir()


def shows_damage(scene: Scene) -> None:
    """Open a damaged project in the window, look at every tab, and have it mended."""
    _needs_qt()
    scene.begin("finished")
    names = [*sorted(scene.session.results), "project.json", "edits.json", "logs/train.log"]
    name = scene.chance.choice(names)
    path = scene.project / name
    if not path.exists():
        path.write_text("{}", encoding="utf-8")
    way = scene.chance.choice(["delete", "cut", "flip", "zero", "noise", "empty", "longer"])
    scene.did(f"the window with {way} {name}")
    damage.WAYS[way](path, scene.chance)
    run = _window(scene, "Training", "Report", "start", "Report")
    _judge(scene, run.finish())
    words = scene.whole if name == "project.json" else None
    scene.go_on(may_run=STAGES, words=words, expected=None)
    scene.verdict.told.clear()
    scene.check(kept=True, same=False, whole=name != "project.json")


def _window(scene: Scene, *deeds: str) -> Started:
    words = ("window", *deeds)
    return scene.spaceport.program([str(_PROGRAM), str(scene.project), *deeds], words)


def _judge(scene: Scene, ended: Ended) -> None:
    if ended.hung:
        scene.fault(HANG, "the window does not come to its end")
        return
    found = ended.report
    if ended.code or "opened" not in found:
        scene.fault(UNTYPED, f"the window ended with {ended.code}: {ended.err[-400:]}")
        return
    for words in found["broken"]:
        scene.fault(UNTYPED, f"in the window: {words[-300:]}")
    if found["running"]:
        scene.fault(HANG, "the run in the window does not end")
    for words in found["said"]:
        if "inside Spaceport" in words or "Traceback" in words:
            scene.fault(UNTYPED, f"the window says: {words[:200]}")


def _needs_qt() -> None:
    if importlib.util.find_spec("PySide6") is None:
        raise NotHereError("PySide6 is not installed")
