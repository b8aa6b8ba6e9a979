"""Removing what nobody should see: floating, faint, huge, needle-like and unseen Gaussians.

Each rule is tried on its own and kept only if the training photos are rendered as well
without those Gaussians; so a rule that would tear a hole in some unusual scene does nothing
there. Held-out photos have no part in the decision.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from spaceport_app.splats import evaluation
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import Engine, TrainingView
from spaceport_app.splats.evaluation import Look
from spaceport_app.splats.model import Splats
from spaceport_app.splats.training.backdrop import drawn_in

Mask = npt.NDArray[np.bool_]

MOST_LOSS_DB = 0.02
"""PSNR on training photos that one rule may cost."""

_FAINT = 0.005
_HUGE = 1.0
_NEEDLE = 100.0
_NEAR = 0.25
_FEW_CAMERAS = 2


def clean_up(
    engine: Engine,
    photos: Sequence[TrainingView],
    cameras: Sequence[Camera],
    extent: float,
    look: Look,
) -> dict[str, int]:
    """Remove unwanted Gaussians from the engine; return how many by which rule.

    What has drifted out beyond the backdrop is drawn in; that is not seen.

    Parameters
    ----------
    engine : Engine
        Holds the trained Gaussians; afterwards those that are left, with fresh moments.
    photos : sequence of TrainingView
        Training photos to judge by; with none, only broken and faint Gaussians go.
    cameras : sequence of Camera
        All training cameras.
    extent : float
        Scene extent in metres.
    """
    splats = drawn_in(engine.splats(), cameras)
    removed: dict[str, int] = {}
    certain = find(splats, cameras, extent)
    broken = certain.pop("broken")
    splats = splats.take(~broken)
    removed["broken"] = int(broken.sum())
    engine.load(splats)
    best = _psnr(engine, photos, look)
    for rule in certain:
        unwanted = find(splats, cameras, extent)[rule]
        count = int(unwanted.sum())
        removed[rule] = 0
        if count == 0 or count == len(splats) or (not photos and rule != "faint"):
            continue
        kept = splats.take(~unwanted)
        engine.load(kept)
        now = _psnr(engine, photos, look)
        if now >= best - MOST_LOSS_DB:
            splats, best = kept, now
            removed[rule] = count
    engine.load(splats)
    return removed


def find(splats: Splats, cameras: Sequence[Camera], extent: float) -> dict[str, Mask]:
    """Return which Gaussians each rule is about, masks (N,), in the order to try them.

    ``broken`` have numbers that are none; ``faint`` have an opacity under 0.005; ``unseen``
    stand before no training camera; ``floating`` stand within a quarter of the usual depth of a
    camera and before two cameras at most; ``huge`` have a standard deviation over the scene's
    extent; ``needle`` are a hundred times longer than wide, and longer than most are.
    """
    scales = np.exp(splats.log_scales.astype(np.float64))
    ordered = np.sort(scales, axis=1)
    finite = splats.finite
    seen, near = _sightings(splats.means.astype(np.float64), cameras)
    long = ordered[:, 2] > np.median(ordered[finite, 2]) if finite.any() else ~finite
    return {
        "broken": ~finite,
        "faint": splats.opacities < _FAINT,
        "unseen": seen == 0,
        "floating": near & (seen <= _FEW_CAMERAS),
        "huge": ordered[:, 2] > _HUGE * extent,
        "needle": (ordered[:, 2] > _NEEDLE * ordered[:, 1]) & long,
    }


def _sightings(
    means: npt.NDArray[np.float64], cameras: Sequence[Camera]
) -> tuple[npt.NDArray[np.intp], Mask]:
    """Return before how many cameras each point stands, (N,), and which is close to one."""
    seen = np.zeros(len(means), np.intp)
    near = np.zeros(len(means), np.bool_)
    for camera in cameras:
        pixels, depths = camera.project(means)
        inside = camera.frames(pixels)
        seen += inside
        if inside.any():
            near |= inside & (depths < _NEAR * np.median(depths[inside]))
    return seen, near


def _psnr(engine: Engine, photos: Sequence[TrainingView], look: Look) -> float:
    if not photos:
        return 0.0
    return float(np.mean([evaluation.psnr(engine, photo, look) for photo in photos]))
