"""What training leaves behind besides the Gaussians: quality, history, pictures to compare."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from spaceport_app import atomic
from spaceport_app.events import JsonValue
from spaceport_app.splats import evaluation
from spaceport_app.splats.engines import contract
from spaceport_app.splats.evaluation import ViewQuality
from spaceport_app.splats.training.history import History
from spaceport_app.splats.training.schedule import Schedule


@dataclass(frozen=True)
class Compared:
    """A held-out photo, its rendering (values 0 to 1), and how well they agree."""

    quality: ViewQuality
    photo: npt.NDArray[np.uint8]
    rendered: contract.Image


def write_quality(
    folder: Path, compared: Iterable[Compared], schedule: Schedule
) -> tuple[ViewQuality, ...]:
    """Write ``quality.json`` and, in ``held_out/``, photo and rendering of each view as PNG.

    Views are taken one by one, so that their pictures need not be in memory together.

    Returns
    -------
    tuple of ViewQuality
        What was written, in the order of `compared`.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    views: list[JsonValue] = []
    pictures = folder / "held_out"
    measured: list[ViewQuality] = []
    for number, one in enumerate(compared, 1):
        pictures.mkdir(exist_ok=True)
        measured.append(one.quality)
        plain = re.sub(r"[^\w.-]+", "_", Path(one.quality.name).stem)
        stem = f"{number:02d}_{plain}"
        photo, rendered = pictures / f"{stem}.photo.png", pictures / f"{stem}.render.png"
        Image.fromarray(one.photo).save(photo)
        Image.fromarray(np.rint(one.rendered * 255.0).astype(np.uint8)).save(rendered)
        views.append(
            {
                "name": one.quality.name,
                "psnr_db": one.quality.psnr_db,
                "ssim": one.quality.ssim,
                "colour_fitted_psnr_db": one.quality.colour_fitted_psnr_db,
                "photo": photo.relative_to(folder).as_posix(),
                "render": rendered.relative_to(folder).as_posix(),
                "width": one.photo.shape[1],
                "height": one.photo.shape[0],
            }
        )
    mean = evaluation.mean(measured)
    look = schedule.look
    atomic.write_json(
        folder / "quality.json",
        {
            "psnr_db": mean[0] if mean else None,
            "ssim": mean[1] if mean else None,
            "colour_fitted_psnr_db": mean[2] if mean else None,
            "image_size_px": schedule.options.image_size,
            "antialiased": look.antialiased,
            "background": list(look.background),
            "vignette": list(look.vignette.coefficients),
            "views": views,
        },
    )
    return tuple(measured)


def write_history(folder: Path, history: History) -> None:
    """Write ``history.json``: numbers over the course of training.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    atomic.write_json(folder / "history.json", history.as_json(), indent=None)
