"""Processes that get too little: memory, open files, bytes a file."""

from __future__ import annotations

import sys

from ..scene import NotHereError, Scene

_GB = 1 << 30
_MEMORY = {"out_of_memory", "not_enough_memory"}
_LIMIT_S = 420.0
"""Longer than a stage may stand still before it is ended."""


def memory(scene: Scene) -> None:
    """Let a run have little address space, then enough."""
    if sys.platform != "linux":
        raise NotHereError("limits of Linux")
    import resource

    scene.begin("photos")
    size = scene.chance.choice((0.5, 0.6, 0.7, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5))
    scene.did(f"{size} GB of address space")
    scene.spaceport.limits = {resource.RLIMIT_AS: int(size * _GB)}
    scene.judged(scene.spaceport(*scene.whole, limit_s=_LIMIT_S), _MEMORY)
    scene.spaceport.limits = {}
    scene.go_on(words=scene.whole)
    scene.check()


def files(scene: Scene) -> None:
    """Let a run open few files, or write short ones, then as many as it needs."""
    if sys.platform != "linux":
        raise NotHereError("limits of Linux")
    import resource

    scene.begin("photos")
    if scene.chance.random() < 0.5:
        most = scene.chance.choice((8, 12, 16, 24, 32, 64))
        scene.did(f"{most} open files")
        scene.spaceport.limits = {resource.RLIMIT_NOFILE: most}
        expected = None
    else:
        most = scene.chance.choice((4096, 20_000, 60_000, 200_000, 1_000_000))
        scene.did(f"files of {most} bytes")
        scene.spaceport.limits = {resource.RLIMIT_FSIZE: most}
        expected = {"disk_full", "file_too_large"}
    ended = scene.spaceport(*scene.whole, limit_s=_LIMIT_S)
    # With so few files Python itself may not start.
    if not ("open files" in scene.verdict.did and not ended.out and most <= 16):
        scene.judged(ended, expected)
    scene.spaceport.limits = {}
    scene.go_on(words=scene.whole)
    scene.check()
