"""Disks that fill up, cannot be written, or hold files that may not be read."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ..base import STAGES, clear
from ..scene import NotHereError, Scene

_CLONE_NEWNS = 0x00020000
_MB = 1 << 20
_FULL = {"disk_full", "disk_small", "too_little_disk"}


def small(scene: Scene) -> None:
    """Put the project on a disk that is too small, then give it room."""
    scene.begin("photos")
    size = scene.chance.choice((0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0))
    scene.did(f"disk of {size} MB")
    scene.project.mkdir()
    _mount(scene.project, size * _MB)
    try:
        ended = scene.judged(scene.spaceport(*scene.whole), None)
        if ended.code:
            said = f"{ended.error.get('message')} {ended.error.get('remedy')}"
            if not any(word in said.lower() for word in ("disk", "room", "space")):
                scene.fault("untyped", f"the disk is full, and it says: {said}")
            scene.judged(scene.spaceport("status", scene.project, "--json"), {"no_project"})
        _grow(scene.project, 200 * _MB)
        scene.go_on(words=scene.whole)
        scene.check()
    finally:
        _unmount(scene.project)


def fills(scene: Scene) -> None:
    """Fill the disk at some moment of a run, look, then free it."""
    scene.begin("photos")
    scene.project.mkdir()
    _mount(scene.project, 64 * _MB)
    stage = scene.chance.choice(STAGES)
    lines = scene.chance.randrange(6)
    room = scene.chance.choice((0, 0, 4096, 40_000, 300_000))
    scene.did(f"the disk is full but for {room} bytes after event {lines} of {stage}")
    filler = scene.project / "filler"
    try:
        run = scene.spaceport.start(*scene.whole)
        run.until(f'"started", "stage": "{stage}"', lines)
        _fill(filler, room)
        ended = scene.judged(run.finish(), {"disk_full"})
        scene.judged(scene.spaceport("status", scene.project, "--json"), {"disk_full"})
        if ended.code and scene.chance.random() < 0.5:
            scene.judged(scene.spaceport("run", "-o", scene.project, "--json"), None)
        filler.unlink()
        scene.go_on(words=scene.whole)
        scene.check()
    finally:
        _unmount(scene.project)


def read_only(scene: Scene) -> None:
    """Make the whole project, or a folder of it, a place that cannot be written."""
    scene.begin("finished")
    place = scene.chance.choice([".", "photos", "sfm", "splats", "bundle", "export", "logs"])
    stage = scene.chance.choice(STAGES)
    scene.did(f"{place} is read-only, stage {stage}")
    where = scene.project / place
    _private()
    _run("mount", "--bind", str(where), str(where))
    try:
        _run("mount", "-o", "remount,ro,bind", str(where))
        scene.judged(scene.spaceport("status", scene.project, "--json"), set())
        before = scene.finished()
        scene.judged(scene.spaceport("stage", stage, scene.project, "--json"), None)
        if scene.finished() != before:
            scene.fault("lost", "the record lost stages")
    finally:
        _unmount(where)
    scene.go_on(may_run=STAGES[STAGES.index(stage) :])
    scene.check(kept=True)


def forbidden(scene: Scene) -> None:
    """Take the right to read or write from a file, folder or photo, then give it back."""
    scene.begin("finished")
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            raise NotHereError("root reads everything, and there is no setpriv")
        # Root without the right to pass by permissions: its own files bind it as anybody.
        few = "-dac_override,-dac_read_search"
        scene.spaceport.before = ("setpriv", f"--bounding-set={few}", f"--inh-caps={few}", "--")
    names = ["project.json", *sorted(scene.session.results), *scene.session.results]
    folders = [".", "photos", "sfm", "sfm/views", "splats", "bundle", "bundle/bundle", "export"]
    choice = scene.chance.random()
    if choice < 0.4:
        where = scene.project / scene.chance.choice(names)
    elif choice < 0.8:
        where = scene.project / scene.chance.choice(folders)
    else:
        photos = sorted(scene.photos.iterdir())
        where = scene.chance.choice([scene.photos, *photos])
    mode = scene.chance.choice((0o000, 0o000, 0o444, 0o111, 0o555))
    before = where.stat().st_mode & 0o777
    scene.did(f"chmod {mode:o} {where.relative_to(scene.folder)}")
    stage = scene.chance.choice((None, "export", "compress"))
    where.chmod(mode)
    try:
        words = ("stage", stage, scene.project) if stage else ("run", "-o", scene.project)
        scene.judged(scene.spaceport(*words, "--json"), None)
        scene.judged(scene.spaceport("status", scene.project, "--json"), None)
    finally:
        if where.exists():
            where.chmod(before)
    for path in scene.project.glob("*"):
        # What was made again meanwhile may stand beside what could not be read.
        if path.stat().st_mode & 0o777 == mode:
            path.chmod(before)
    # A result that could not be read was, for all one knew, damaged.
    scene.go_on(may_run=STAGES)
    scene.check(kept=True)


def _fill(path: Path, room: int) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(65536))
        except OSError:
            pass
        try:
            while True:
                file.write(bytes(512))
        except OSError:
            size = file.tell()
        file.truncate(max(0, size - room))


def _private() -> None:
    """Keep what is mounted from now on to this process and its children.

    So nothing stays mounted, however this process ends.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        raise NotHereError("mounting a disk needs root on Linux")
    if not _private_already:
        if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS):
            raise NotHereError("mounting is not allowed here")
        _run("mount", "--make-rprivate", "/")
        _private_already.append(True)


_private_already: list[bool] = []


def _mount(place: Path, size: float) -> None:
    _private()
    _run("mount", "-t", "tmpfs", "-o", f"size={int(size)}", "tmpfs", str(place))


def _grow(place: Path, size: float) -> None:
    _run("mount", "-o", f"remount,size={int(size)}", str(place))


def _unmount(place: Path) -> None:
    subprocess.run(["umount", "-l", str(place)], check=False, capture_output=True)
    if place.name.endswith(".spaceport") and not any(place.iterdir()):
        clear(place)


def _run(*words: str) -> None:
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        raise NotHereError(f"{words[0]}: {done.stderr.strip()}")
