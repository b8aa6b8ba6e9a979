"""Quality of rendered views against the photos that were taken there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from spaceport_app.sfm.model import View
from spaceport_app.splats import quality
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import Image, TrainingView
from spaceport_app.splats.views import load_view
from spaceport_app.splats.vignette import NO_VIGNETTE, Vignette


class Renderer(Protocol):
    """The part of an engine that evaluation needs."""

    def render(
        self,
        camera: Camera,
        *,
        sh_degree: int | None = None,
        background: tuple[float, float, float] = (0.0, 0.0, 0.0),
        antialiased: bool = False,
    ) -> Image:
        """Return the picture (height, width, 3), float32, not clamped from above."""


@dataclass(frozen=True)
class ViewQuality:
    """How one rendered view compares with its photo: PSNR in dB, SSIM up to 1.

    `colour_fitted_psnr_db` leaves out what exposure and white balance can explain; see
    `quality.colour_fitted_psnr`.
    """

    name: str
    psnr_db: float
    ssim: float
    colour_fitted_psnr_db: float


@dataclass(frozen=True)
class Look:
    """How views are rendered where it matters for comparing.

    Parameters
    ----------
    background : tuple of float
        Colour behind everything, 0 to 1.
    antialiased : bool
        As in training.
    vignette : Vignette
        What the lens did to the photos; renderings are darkened the same way.
    """

    background: tuple[float, float, float] = (0.0, 0.0, 0.0)
    antialiased: bool = False
    vignette: Vignette = NO_VIGNETTE


def evaluate(
    engine: Renderer,
    views: Sequence[View],
    names: Collection[str],
    *,
    image_size: int | None = None,
    look: Look | None = None,
) -> tuple[ViewQuality, ...]:
    """Render the named views and compare each with its photo, in the order of `views`.

    Parameters
    ----------
    engine : Engine
        With the Gaussians loaded.
    views : sequence of View
        Any views; only those in `names` are read and rendered.
    image_size : int or None
        Larger side that photos are shrunk to, in pixels; None for the size they have.

    Raises
    ------
    StageError
        ``view_unreadable`` if a photo cannot be read.
    """
    found = []
    for key, view in enumerate(views):
        if view.name in names:
            photo = load_view(view, key, image_size or max(view.width, view.height))
            found.append(compare(engine, view.name, photo, look or Look())[0])
    return tuple(found)


def compare(
    engine: Renderer, name: str, photo: TrainingView, look: Look
) -> tuple[ViewQuality, Image]:
    """Render one view; return its quality and the rendering, clamped to 0 to 1."""
    rendered, target = _pair(engine, photo, look)
    measured = ViewQuality(
        name,
        quality.psnr(rendered, target),
        quality.ssim(rendered, target),
        quality.colour_fitted_psnr(rendered, target),
    )
    return measured, rendered


def psnr(engine: Renderer, photo: TrainingView, look: Look) -> float:
    """Render one view; return its PSNR alone, which costs a tenth of all that `compare` tells."""
    return quality.psnr(*_pair(engine, photo, look))


def _pair(engine: Renderer, photo: TrainingView, look: Look) -> tuple[Image, Image]:
    """Return the rendering, clamped to 0 to 1, and the photo."""
    rendered = engine.render(photo.camera, background=look.background, antialiased=look.antialiased)
    rendered = look.vignette.applied(rendered, photo.camera)
    target = photo.image.astype(np.float32)
    target /= np.float32(255.0)
    return np.clip(rendered, 0.0, 1.0, out=rendered), target


def mean(views: Sequence[ViewQuality]) -> tuple[float, float, float] | None:
    """Return mean PSNR, SSIM and colour-fitted PSNR over views, or None where there are none."""
    if not views:
        return None
    numbers = [(view.psnr_db, view.ssim, view.colour_fitted_psnr_db) for view in views]
    psnr, ssim, fitted = (float(value) for value in np.mean(numbers, axis=0))
    return psnr, ssim, fitted
