"""The fits that come into question, each with the residuals that it leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spaceport_app.sfm.alignment import similarity as similarities
from spaceport_app.sfm.alignment.gravity import Up
from spaceport_app.sfm.alignment.observed import Observed
from spaceport_app.sfm.alignment.similarity import Similarity

Floats = npt.NDArray[np.float64]

# A drone's altitude repeats no better than this, in metres.
_VERTICAL_FLOOR_M = 0.2


@dataclass(frozen=True)
class Candidate:
    """One way to stand the reconstruction on the Earth.

    Parameters
    ----------
    method : str
        ``"gps"`` (altitudes as written), ``"gps_relative_altitude"`` (heights above take-off)
        or ``"gps_horizontal"`` (up from `up`, altitudes only for one common height).
    up : Up
        What tells up.
    similarity : Similarity
        From the reconstruction to metres east, north, up.
    horizontal, vertical : (N,)
        Residuals in metres, estimate minus GPS; NaN where GPS says nothing. `horizontal` is the
        length of the horizontal residual.
    """

    method: str
    up: Up
    similarity: Similarity
    horizontal: Floats
    vertical: Floats

    @property
    def horizontal_sigma(self) -> float:
        """Robust size of the horizontal residuals in metres."""
        return similarities.robust_sigma(self.horizontal[np.isfinite(self.horizontal)])


def all_of(observed: Observed, ups: list[Up], seed: int) -> list[Candidate]:
    """Return every candidate that the data carries, altitude fits first."""
    found = [
        _from_altitudes(observed, "gps", observed.gps[:, 2], seed),
        _from_altitudes(observed, "gps_relative_altitude", _shifted_relative(observed), seed),
    ]
    found += [_from_up(observed, up, seed) for up in ups]
    return [candidate for candidate in found if candidate is not None]


def upright(up: Floats) -> Floats:
    """Return the smallest rotation (3, 3) that turns `up` onto the third axis."""
    target = np.array([0.0, 0.0, 1.0])
    cosine = float(up @ target)
    if cosine < -1 + 1e-12:
        return np.diag([1.0, -1.0, -1.0])
    v = np.cross(up, target)
    skew = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    rotation: Floats = np.eye(3) + skew + skew @ skew / (1 + cosine)
    return rotation


def residuals(observed: Observed, similarity: Similarity) -> Floats:
    """Return estimate minus GPS in metres east, north, up, (N, 3); NaN where unknown."""
    return similarity.apply(observed.centres) - observed.gps


def _candidate(observed: Observed, method: str, up: Up, similarity: Similarity) -> Candidate:
    rest = residuals(observed, similarity)
    return Candidate(method, up, similarity, np.linalg.norm(rest[:, :2], axis=1), rest[:, 2])


def _shifted_relative(observed: Observed) -> Floats:
    # Brought to the level of the altitudes, where there are both.
    offsets = observed.gps[:, 2] - observed.relative_up
    known = np.isfinite(offsets)
    shift = float(np.median(offsets[known])) if known.any() else 0.0
    if known.sum() > 2 and np.abs(offsets[known] - shift).max() < 0.5:
        return np.full(len(offsets), np.nan)  # the same altitudes once more
    moved: Floats = observed.relative_up + shift
    return moved


def _from_altitudes(
    observed: Observed, method: str, altitudes: Floats, seed: int
) -> Candidate | None:
    target = np.concatenate([observed.gps[:, :2], altitudes[:, None]], axis=1)
    known = np.isfinite(target).all(1)
    if known.sum() < 3 or known.sum() < 0.5 * observed.placed.sum():
        return None
    fitted = similarities.fit_robust(observed.centres[known], target[known], seed)
    if fitted is None:
        return None
    similarity, inliers = fitted
    moved = similarity.apply(observed.centres[known])
    sigma = _tilt_sigma(moved[inliers], (moved - target[known])[inliers])
    up = Up("altitudes", similarity.up, float(np.hypot(0.7, sigma)), 1.0)
    return _candidate(observed, method, up, similarity)


def _tilt_sigma(moved: Floats, rest: Floats) -> float:
    """Return how well positions hold the turn about their weakest axis, degrees.

    A turn about an axis moves a camera by its distance from that axis, so the sigma is that of
    the residuals over the root of the summed squared distances: without bounds on a single line.
    The weakest axis is that along which the positions are spread most.
    """
    if len(moved) < 3:
        return 90.0
    offsets = moved - moved.mean(0)
    noise = max(float(np.sqrt((rest**2).mean())), _VERTICAL_FLOOR_M)
    sizes = np.linalg.svd(offsets, compute_uv=False)
    # The fit itself bends towards the noise, which widens a true line by about as much.
    arms = np.sqrt(max(float((sizes[1:] ** 2).sum()) - len(moved) * noise**2, 1e-12))
    return float(np.degrees(min(noise / arms, np.pi / 2)))


def _from_up(observed: Observed, up: Up, seed: int) -> Candidate | None:
    known = observed.placed
    turn = upright(up.direction)
    level = observed.centres @ turn.T
    fitted = similarities.fit_robust(level[known, :2], observed.gps[known, :2], seed)
    if fitted is None:
        return None
    flat = fitted[0]
    rotation = flat.rotation @ turn
    similarity = Similarity(rotation, flat.translation, flat.scale)
    height = _height(observed, similarity)
    translation = flat.translation + np.array([0.0, 0.0, height])
    return _candidate(observed, "gps_horizontal", up, Similarity(rotation, translation, flat.scale))


def _height(observed: Observed, similarity: Similarity) -> float:
    """Return the shift along up that agrees with most altitudes, or puts the ground at 0."""
    moved = similarity.apply(observed.centres)[:, 2]
    for altitudes in (observed.gps[:, 2], observed.relative_up):
        known = np.isfinite(altitudes)
        if known.any():
            return float(np.median(altitudes[known] - moved[known]))
    ground = similarity.apply(observed.points)[:, 2] if len(observed.points) else moved
    return -float(np.median(ground))
