"""What ``quality.json`` beside trained Gaussians says: how they were measured, and with what."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path

from spaceport_app.errors import StageError
from spaceport_app.splats.evaluation import Look
from spaceport_app.splats.vignette import Vignette

_log = logging.getLogger(__name__)

FILE = "quality.json"


@dataclass(frozen=True)
class Measured:
    """How training compared held-out photos, so that others can compare alike.

    Parameters
    ----------
    image_size : int or None
        Larger side in pixels that photos were shrunk to; None for the size they have.
    look : Look
        How views were rendered.
    psnr_db : float or None
        Mean over the held-out photos; None without any.
    held_out : tuple of str
        Their names.
    """

    image_size: int | None = None
    look: Look = field(default_factory=Look)
    psnr_db: float | None = None
    held_out: tuple[str, ...] = ()


def read(folder: Path) -> Measured:
    """Read the ``quality.json`` of a training.

    What is absent, the file or a number that older versions did not write, has its default. What
    is there must be right: wrong colours or sizes would make wrong measurements.

    Raises
    ------
    StageError
        ``bad_quality`` if it is damaged.
    """
    path = folder / FILE
    if not path.is_file():
        return Measured()
    try:
        data = json.loads(path.read_bytes())
        size, psnr = data.get("image_size_px"), data.get("psnr_db")
        red, green, blue = (float(v) for v in data.get("background", (0.0, 0.0, 0.0)))
        a, b, c = (float(v) for v in data.get("vignette", (0.0, 0.0, 0.0)))
        return Measured(
            int(size) if size else None,
            Look((red, green, blue), data.get("antialiased") is True, Vignette((a, b, c))),
            None if psnr is None else float(psnr),
            tuple(str(view["name"]) for view in data.get("views", ())),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _log.warning("training's %s cannot be read: %s", path.name, error)
        raise StageError(
            "bad_quality",
            f"The file {path.name} beside {folder.name}/splats.ply is damaged.",
            "Run the training stage again.",
        ) from error
