"""Splats of any program read in the background."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spaceport_app.errors import StageError
from spaceport_app.gui.splat import trained
from spaceport_app.gui.splat.packing import PackedScene, pack
from spaceport_app.splats.model import Splats


def read(path: Path) -> tuple[Splats, bool]:
    """Return the Gaussians in a file or bundle, and whether they were trained antialiased.

    Raises
    ------
    StageError
        If it holds no Gaussians or is damaged.
    OSError
        If it cannot be read.
    """
    # Reading a file can wait for imports that showing the window can't.
    from spaceport_app.sogs import file as bundles
    from spaceport_app.splats.file import read_ply

    if path.suffix.lower() == ".ply" and not path.is_dir():
        return read_ply(path), trained.read(path).antialiased
    load = bundles.open_bundle(path)
    return bundles.decode(load), bundles.is_antialiased(load)


def packed(source: Callable[[], tuple[Splats, bool]], subject: str) -> PackedScene:
    """Read and pack a scene.

    Raises
    ------
    StageError
        ``no_gaussians`` if it is empty, ``unreadable``, ``out_of_memory``, or what the source
        raises.
    """
    try:
        splats, antialiased = source()
        scene = pack(splats, antialiased)
    except OSError as error:
        raise StageError(
            "unreadable",
            f"{subject} cannot be read: {error.strerror or error}.",
            "Choose another file, or see that you may read it.",
        ) from error
    except MemoryError as error:
        raise StageError(
            "out_of_memory",
            f"{subject} does not fit into memory.",
            "Close other programs and try again.",
        ) from error
    if len(scene) == 0:
        raise StageError("no_gaussians", f"{subject} holds no Gaussians.", "Choose another file.")
    return scene
