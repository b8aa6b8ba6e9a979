"""Files of a project that are gone, cut, flipped, overwritten or something else."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from .. import inventory
from ..base import FOLDERS, LONG_STEPS, STAGES, TIMED
from ..scene import Scene
from ..verdict import LOST, UNTYPED

_STAGE_OF = dict(zip(FOLDERS, STAGES, strict=True))
_READERS = {
    "import": STAGES,
    "sfm": STAGES[1:],
    "train": STAGES[2:],
    "compress": STAGES[3:],
    "export": STAGES[4:],
}


def delete(path: Path, chance: random.Random) -> None:
    """Remove it."""
    path.unlink()


def cut(path: Path, chance: random.Random) -> None:
    """Cut it at any byte."""
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(max(1, len(data)))])


def flip(path: Path, chance: random.Random) -> None:
    """Turn one bit."""
    data = bytearray(path.read_bytes())
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def zero(path: Path, chance: random.Random) -> None:
    """Zero a stretch, as a disk does for blocks that never were written."""
    data = bytearray(path.read_bytes())
    start = chance.randrange(max(1, len(data)))
    end = min(len(data), start + chance.randrange(1, 4097))
    data[start:end] = bytes(end - start)
    path.write_bytes(data)


def noise(path: Path, chance: random.Random) -> None:
    """Fill it with other bytes, its size kept."""
    path.write_bytes(chance.randbytes(path.stat().st_size))


def longer(path: Path, chance: random.Random) -> None:
    """Hang something on."""
    path.write_bytes(path.read_bytes() + chance.randbytes(chance.randrange(1, 5000)))


def empty(path: Path, chance: random.Random) -> None:
    """Leave nothing in it."""
    path.write_bytes(b"")


def a_folder(path: Path, chance: random.Random) -> None:
    """Put a folder in its place."""
    path.unlink()
    path.mkdir()


def a_link(path: Path, chance: random.Random) -> None:
    """Put a link to a file of the person in its place."""
    path.unlink()
    path.symlink_to(path.parents[len(path.parents) - 1] / "etc" / "hostname")


WAYS: Mapping[str, Callable[[Path, random.Random], None]] = {
    "delete": delete,
    "cut": cut,
    "flip": flip,
    "zero": zero,
    "noise": noise,
    "longer": longer,
    "empty": empty,
    "a folder": a_folder,
    "a link": a_link,
}


def of_results(scene: Scene) -> None:
    """Damage one or two files of finished results: they are made again, and nothing else is."""
    scene.begin("finished")
    damaged: set[str] = set()
    for _ in range(scene.chance.choice((1, 1, 2))):
        name = _choose(scene, sorted(scene.session.results))
        way = scene.chance.choice([*WAYS, "flip", "flip", "zero"])
        path = scene.project / name
        if not path.is_file() or path.is_symlink():
            continue
        scene.did(f"{way} {name}")
        WAYS[way](path, scene.chance)
        if inventory.mark(path) != scene.session.results[name] if path.exists() else True:
            damaged.add(name)
    stages = {_STAGE_OF[name.partition("/")[0]] for name in damaged}
    first = min((STAGES.index(stage) for stage in stages), default=len(STAGES))
    if scene.chance.random() < 0.3:
        _look(scene)
    ended = scene.go_on(may_run=STAGES[first:])
    for stage in stages:
        if ended.code == 0 and ended.ran.get(stage) != "finished":
            scene.fault(LOST, f"the damage was not noticed: {stage} is {ended.ran.get(stage)}")
    scene.check(kept=True)


def _choose(scene: Scene, names: list[str]) -> str:
    """Choose a kind of file first: there are many views and few of the others."""
    kinds: dict[str, list[str]] = {}
    for name in names:
        where, _, rest = name.rpartition("/")
        rare = name not in TIMED and ("views/" in name or "held_out/" in name)
        kinds.setdefault(where if rare else f"{where}/{rest}", []).append(name)
    return scene.chance.choice(kinds[scene.chance.choice(sorted(kinds))])


def _look(scene: Scene) -> None:
    """Look at the project first, as a person does: no tracebacks, nothing changed."""
    words = scene.chance.choice(
        (
            ("status", scene.project, "--json"),
            ("inspect", scene.project / "splats" / "splats.ply", "--json"),
            ("inspect", scene.project / "export" / "o.sog", "--json"),
            ("evaluate", scene.project, "--json"),
        )
    )
    told = list(scene.verdict.told)
    scene.judged(scene.spaceport(*words), None)
    scene.verdict.told = told


def of_project_files(scene: Scene) -> None:
    """Damage what is no result: project.json, edits.json, the lock, the logs."""
    scene.begin("finished")
    names = ["project.json", "project.json", ".lock", "logs/train.log", "edits.json"]
    name = scene.chance.choice(names)
    path = scene.project / name
    if name == "edits.json":
        scene.judged(
            scene.spaceport("edit", scene.project, "--remove-floaters", "50", "--json"), None
        )
        if not path.exists():
            path.write_text('{"schema": 1, "history": []}', encoding="utf-8")
        scene.judged(scene.spaceport("run", "-o", scene.project, "--json"), None)
        scene.verdict.told.clear()
    way = scene.chance.choice(list(WAYS))
    scene.did(f"{way} {name}")
    WAYS[way](path, scene.chance)
    damaged = path.read_bytes() if path.is_file() and not path.is_symlink() else None
    _look(scene)
    if name != "project.json":
        _go_on_with(scene, name, path)
        return
    ended = scene.judged(scene.spaceport("run", "-o", scene.project, "--json"))
    if ended.code != 0:
        code = ended.error.get("code")
        if path.is_file() and damaged is not None and path.read_bytes() != damaged:
            scene.fault(LOST, "the damaged project.json was written over")
        if code not in ("project_damaged", "no_project", "project_newer", "no_permission"):
            scene.fault(UNTYPED, f"not the reason: {code}: {ended.error.get('message')}")
        if not path.is_file():
            # Without it nobody knows whose the other files are: they stay, and it says so.
            told = {"folder_not_empty", "no_permission", "no_folder"}
            scene.judged(scene.spaceport(*scene.whole), told)
            scene.check(whole=False)
            return
        # As it advises: the photos are named again.
        scene.go_on(words=scene.whole, may_run=STAGES, expected=None)
        if damaged and not any(
            kept.read_bytes() == damaged for kept in scene.project.glob("project.damaged-*.json")
        ):
            scene.fault(LOST, "the damaged project.json was not kept")
    scene.check(kept=True, same=False)


def _go_on_with(scene: Scene, name: str, path: Path) -> None:
    edits = name == "edits.json"

    def mend() -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    expected = {"bad_edits", "no_permission", "project_locked"} if edits else {"no_permission"}
    scene.go_on(
        may_run=STAGES[3:] if edits else (), expected=None if edits else expected, mend=mend
    )
    scene.check(kept=True, same=not edits)


def of_scratch(scene: Scene) -> None:
    """Damage what a stopped stage has saved: it goes on from elsewhere, or begins anew."""
    base = scene.chance.choice(("in sfm", "in train"))
    scene.begin(base)
    scratch = scene.project / (".sfm.scratch" if base == "in sfm" else ".train.scratch")
    files = [path for path in sorted(scratch.rglob("*")) if path.is_file()]
    for path in scene.chance.sample(files, min(len(files), scene.chance.choice((1, 1, 2)))):
        way = scene.chance.choice([*WAYS, "flip", "zero"])
        scene.did(f"{way} {path.relative_to(scene.project).as_posix()}")
        WAYS[way](path, scene.chance)
    words = ("run", "-o", scene.project, "--json")
    if base == "in train":
        # The stopped run was a longer one: it goes on as such.
        words = (*words, "--train-iterations", LONG_STEPS)
    scene.go_on(words=words)
    scene.check(same=base == "in sfm", kept=False)
