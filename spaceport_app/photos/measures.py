"""How sharp and how well exposed a photo is, alone and among the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from spaceport_app.photos.model import Finding
from spaceport_app.photos.sizes import fitted

Floats = npt.NDArray[np.float32]

MEASURED_SIDE = 1600
"""Longer side in pixels at which photos are measured; smaller ones are taken as they are."""

HOPELESS_DETAIL = 0.01
"""Detail below which a photo is blurred whatever the others look like.

Gaussian blur of 2 pixels at 1600 pixels gave 0.005 to 0.011 on real photos, the softest real
one (a close-up with a blurred background) 0.020.
"""

_OCTAVES = 4
_DARK = 0.08
_BRIGHT = 0.92
_CLIPPED = 0.5
_FEW = 5


@dataclass(frozen=True)
class Measures:
    """Measured properties of one photo; the fields of the same names in `Photo` explain them."""

    sharpness: float
    detail: float
    brightness: float
    black: float
    white: float


def luminance(image: Image.Image) -> Floats:
    """Return ITU-R BT.601 luma, 0 to 1, with a longer side of at most `MEASURED_SIDE`, (H, W)."""
    grey = image.convert("L")
    size = fitted(grey.width, grey.height, MEASURED_SIDE)
    if size != grey.size:
        grey = grey.resize(size, Image.Resampling.BOX)
    return np.asarray(grey, np.float32) / np.float32(255.0)


def measure(image: Image.Image) -> Measures:
    """Measure one decoded RGB photo."""
    luma = luminance(image)
    return Measures(
        sharpness=sharpness(luma),
        detail=detail(luma),
        brightness=float(luma.mean()),
        black=float(np.mean(luma <= 1 / 255)),
        white=float(np.mean(luma >= 254 / 255)),
    )


def sharpness(luma: Floats) -> float:
    """Return the mean squared response of the Laplacian 0 1 0 / 1 -4 1 / 0 1 0.

    Pertuz, Puig and Garcia, "Analysis of focus measure operators for shape-from-focus",
    Pattern Recognition 46, 2013 (energy of Laplacian).
    """
    if min(luma.shape) < 3:
        return 0.0
    centre = luma[1:-1, 1:-1]
    response = luma[1:-1, :-2] + luma[1:-1, 2:] + luma[:-2, 1:-1] + luma[2:, 1:-1] - 4 * centre
    return float(np.mean(np.square(response), dtype=np.float64))


def detail(luma: Floats) -> float:
    """Return the energy of second differences at full size over the largest of three octaves below.

    Natural pictures have about the same energy in every octave (Field, "Relations between the
    statistics of natural images and the response properties of cortical cells", 1987), so this
    says how far the finest octave is washed out, whatever the picture shows: water has little
    sharpness but full detail. Taken along the two axes and the two diagonals and the smallest
    kept, because motion blurs along one direction only. 1 where there is nothing to see at all.
    """
    energies = []
    for _ in range(_OCTAVES):
        if min(luma.shape) < 8:
            break
        energies.append(_directional_energies(luma))
        luma = _half(luma)
    if len(energies) < 2:
        return 1.0
    finest, coarser = energies[0], np.max(energies[1:], axis=0)
    seen = coarser > 1e-9
    return float(np.min(finest[seen] / coarser[seen])) if seen.any() else 1.0


def _directional_energies(luma: Floats) -> npt.NDArray[np.float64]:
    """Return the mean squared second difference along x, y and both diagonals, (4,)."""
    twice = 2 * luma[1:-1, 1:-1]
    pairs = (
        (luma[1:-1, :-2], luma[1:-1, 2:]),
        (luma[:-2, 1:-1], luma[2:, 1:-1]),
        (luma[:-2, :-2], luma[2:, 2:]),
        (luma[:-2, 2:], luma[2:, :-2]),
    )
    energies = np.empty(4)
    for index, (before, after) in enumerate(pairs):
        difference = before + after
        difference -= twice
        np.square(difference, out=difference)
        energies[index] = difference.mean(dtype=np.float64)
    return energies


def findings(
    measures: Sequence[Measures], groups: Sequence[str], blur_threshold: float
) -> list[tuple[Finding, ...]]:
    """Return what stands out about each photo, compared with the others of its camera.

    Parameters
    ----------
    measures, groups : sequences of one length
        Measures and camera key of each photo. Groups under five photos are compared with the
        whole set.
    blur_threshold : float
        Share of the median detail below which a photo is blurred, 0 to 1.
    """
    details = np.array([m.detail for m in measures], np.float64)
    keys = np.array(groups, dtype=object)
    results: list[tuple[Finding, ...]] = []
    for index, item in enumerate(measures):
        peers = details[keys == keys[index]]
        median = float(np.median(peers if len(peers) >= _FEW else details))
        results.append((*_blur(item, median, blur_threshold), *_exposure(item)))
    return results


def _blur(item: Measures, median: float, threshold: float) -> tuple[Finding, ...]:
    if item.detail < HOPELESS_DETAIL:
        return (Finding("blurred", "The photo is blurred."),)
    if item.detail < threshold * median:
        times = median / max(item.detail, 1e-12)
        return (
            Finding(
                "blurred",
                f"The photo is blurred: it has {times:.0f} times less fine detail than the others.",
            ),
        )
    return ()


def _exposure(item: Measures) -> tuple[Finding, ...]:
    if item.brightness < _DARK or item.black > _CLIPPED:
        return (Finding("dark", f"The photo is very dark ({item.black:.0%} is fully black)."),)
    if item.brightness > _BRIGHT or item.white > _CLIPPED:
        return (
            Finding("overexposed", f"The photo is overexposed ({item.white:.0%} is fully white)."),
        )
    return ()


def _half(luma: Floats) -> Floats:
    height, width = luma.shape[0] // 2 * 2, luma.shape[1] // 2 * 2
    even = luma[:height, :width]
    halved: Floats = (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) * (
        np.float32(0.25)
    )
    return halved
