"""Clocks that are wrong or jump, and files that are dated anywhere."""

from __future__ import annotations

import os
from pathlib import Path

from ..base import STAGES
from ..scene import NotHereError, Scene

_LIBRARIES = (
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/faketime/libfaketime.so.1",
)
_TIMES = (
    "1970-01-01 00:00:01",
    "1980-01-01 00:00:00",
    "2001-09-09 01:46:39",
    "2026-03-29 01:59:58",
    "2038-01-19 03:14:06",
    "2099-12-31 23:59:58",
    "2106-02-07 06:28:14",
)
_ZONES = ("UTC", "Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu", "Nowhere/Land")


def moved(scene: Scene) -> None:
    """Run while the clock tells another year, or runs backwards between two commands."""
    library = next((path for path in _LIBRARIES if Path(path).exists()), None)
    if library is None:
        raise NotHereError("libfaketime is not installed")
    scene.begin("photos")
    for _ in range(scene.chance.choice((1, 2))):
        when = scene.chance.choice((*_TIMES, "-3700s", "+400d", "-3d"))
        zone = scene.chance.choice(_ZONES)
        scene.did(f"the clock says {when} in {zone}")
        clock = {"LD_PRELOAD": library, "FAKETIME": f"@{when}" if when[0].isdigit() else when}
        clock |= {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": zone}
        run = scene.spaceport.start(*scene.whole, **clock)
        if scene.chance.random() < 0.4:
            run.until(f'"started", "stage": "{scene.chance.choice(STAGES)}"', 1)
            run.send()
            run.finish()
        else:
            scene.judged(run.finish(), ())
    scene.go_on()
    scene.check()


def dated(scene: Scene) -> None:
    """Date photos, results or what a stage has saved in the past or the future."""
    base = scene.chance.choice(("finished", "finished", "in sfm"))
    scene.begin(base)
    seconds = scene.chance.choice((0, 1, -1, 2**31, 2**32, 2**33, 4_000_000_000, 315_532_800))
    places = {"photos": scene.photos, "the project": scene.project}
    name = scene.chance.choice(list(places))
    scene.did(f"{name} dated {seconds} s after 1970")
    for path in sorted(places[name].rglob("*")):
        if scene.chance.random() < 0.7:
            os.utime(path, (seconds, seconds), follow_symlinks=False)
    # Photos with another date may be other photos: they are read again, and are found the same.
    may_run = ("import", "export") if name == "photos" else ()
    if base == "in sfm" and name == "photos":
        scene.judged(scene.spaceport("run", "-o", scene.project, "--json"), {"photo_changed"})
    scene.go_on(may_run=may_run)
    scene.check(same=name != "photos")
