"""Which fit to keep: the one that most of the independent evidence agrees with.

Altitudes can be wrong by 100 m in a way that leaves no residual (a barometer that drifts along
the flight tilts the whole scene), so the residuals alone can't tell. Each candidate is held
against every evidence of up that it was not made from, and against the horizontal residual.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spaceport_app.sfm.alignment import candidates as fits
from spaceport_app.sfm.alignment import gravity
from spaceport_app.sfm.alignment.candidates import Candidate
from spaceport_app.sfm.alignment.gravity import Up, angle_deg
from spaceport_app.sfm.alignment.observed import Observed
from spaceport_app.sfm.alignment.similarity import Similarity

Floats = npt.NDArray[np.float64]

# Disagreement beyond three sigma doesn't count more: one wrong witness must not decide.
_CAP = 9.0
# Altitudes that leave the tilt this uncertain are no fit (single lines).
_LOOSE_DEG = 4.0
# A loosely known up costs as much as a disagreement of its sigma over this.
_FIRM_DEG = 2.0
_WITHOUT_GPS_DISTANCE = 10.0


@dataclass(frozen=True)
class Alignment:
    """The fit that was kept.

    Parameters
    ----------
    similarity : Similarity
        From the reconstruction to the world frame.
    method : str
        As in `Georeference.method`.
    reason : str
        One sentence.
    residuals : (N, 3) or None
        Estimate minus GPS in metres, NaN where unknown; None without GPS.
    angles_deg : dict
        Evidence of up to its angle from the kept up, degrees.
    costs : dict
        Candidate to its disagreement; the smallest was kept.
    """

    similarity: Similarity
    method: str
    reason: str
    residuals: Floats | None
    angles_deg: dict[str, float]
    costs: dict[str, float]


def align(observed: Observed, seed: int = 1) -> Alignment:
    """Stand a reconstruction upright, in metres where GPS allows.

    Without three distinct GPS positions the frame is upright with the scene's middle at its
    origin, and so scaled that the median distance from camera to scene is 10.
    """
    ups = gravity.evidence(observed, seed)
    # The rough side of the images only votes, unless there is nothing else.
    tellers = ups[:-1] or ups
    found = fits.all_of(observed, tellers, seed) if observed.placed.sum() >= 3 else []
    if not found:
        return _without_gps(observed, ups)
    evidence = [c.up for c in found if c.method != "gps_horizontal"][:1] + ups
    best_horizontal = min(c.horizontal_sigma for c in found)
    costs = [_cost(c, evidence, best_horizontal) for c in found]
    kept = found[int(np.argmin(costs))]
    angles = {up.source: angle_deg(up.direction, kept.similarity.up) for up in evidence}
    return Alignment(
        kept.similarity,
        kept.method,
        _reason(kept, found, angles),
        fits.residuals(observed, kept.similarity),
        {source: round(angle, 2) for source, angle in angles.items()},
        {_label(c): round(cost, 2) for c, cost in zip(found, costs, strict=True)},
    )


def _label(candidate: Candidate) -> str:
    if candidate.method != "gps_horizontal":
        return candidate.method
    return f"gps_horizontal, {candidate.up.source}"


def _cost(candidate: Candidate, evidence: list[Up], best_horizontal: float) -> float:
    cost = 0.0
    for up in evidence:
        z = angle_deg(up.direction, candidate.similarity.up) / up.sigma_deg
        cost += up.weight * min(z * z, _CAP)
    worse = (candidate.horizontal_sigma - best_horizontal) / (0.3 * best_horizontal + 0.3)
    cost += 2.0 * min(worse * worse, _CAP)
    # An up that is loosely known, by whatever witness, is a worse choice than a firm one.
    cost += min((candidate.up.sigma_deg / _FIRM_DEG) ** 2, 2 * _CAP)
    return cost


def _reason(kept: Candidate, found: list[Candidate], angles: dict[str, float]) -> str:
    altitude = next((c for c in found if c.method == "gps"), None)
    if kept.method == "gps":
        named = {s: a for s, a in angles.items() if s not in ("altitudes", "image up")}
        if not named:
            return "The GPS positions with their altitudes fit, and nothing speaks against them."
        others = [f"{source} {angle:.1f}° off" for source, angle in named.items()]
        return (
            "The GPS positions with their altitudes agree with the other evidence of up"
            f" ({', '.join(others)})."
        )
    if kept.method == "gps_relative_altitude":
        tilt = angle_deg(altitude.similarity.up, kept.similarity.up) if altitude else 0.0
        return (
            "The heights above take-off agree better with the other evidence of up than the GPS"
            f" altitudes, which differ by {tilt:.1f}°."
        )
    if altitude is None:
        return f"The photos have no usable altitudes, so up comes from the {kept.up.source}."
    if altitude.up.sigma_deg > _LOOSE_DEG:
        return (
            f"The positions leave the tilt open by {altitude.up.sigma_deg:.0f}°, as on a single"
            f" line, so up comes from the {kept.up.source}."
        )
    tilt = angle_deg(altitude.similarity.up, kept.similarity.up)
    if tilt < 3.0 * float(np.hypot(altitude.up.sigma_deg, kept.up.sigma_deg)):
        return (
            f"The {kept.up.source} tells up more firmly than the GPS altitudes, which differ by"
            f" {tilt:.1f}°."
        )
    return (
        f"The GPS altitudes would tilt the scene by {tilt:.1f}° against the {kept.up.source},"
        " so only horizontal positions were trusted."
    )


def _without_gps(observed: Observed, ups: list[Up]) -> Alignment:
    tellers = ups[:-1] or ups
    costs = [
        sum(
            other.weight
            * min((angle_deg(other.direction, up.direction) / other.sigma_deg) ** 2, _CAP)
            for other in ups
        )
        + (up.sigma_deg / _FIRM_DEG) ** 2
        for up in tellers
    ]
    kept = tellers[int(np.argmin(costs))]
    turn = _northward(observed, fits.upright(kept.direction))
    scene = observed.points if len(observed.points) else observed.centres
    middle = np.median(scene, axis=0)
    distance = float(np.median(np.linalg.norm(observed.centres - middle, axis=1)))
    scale = _WITHOUT_GPS_DISTANCE / max(distance, 1e-12)
    similarity = Similarity(turn, -scale * turn @ middle, scale)
    method = "gimbal" if kept.source == "gimbal" else "layout"
    reason = (
        f"{_why_no_gps(observed)}, so up comes from the {kept.source}, heading and size are"
        f" arbitrary: the median distance from camera to scene is {_WITHOUT_GPS_DISTANCE:g} units."
    )
    return Alignment(
        similarity,
        method,
        reason,
        None,
        {up.source: round(angle_deg(up.direction, kept.direction), 2) for up in ups},
        {up.source: round(float(c), 2) for up, c in zip(tellers, costs, strict=True)},
    )


def _why_no_gps(observed: Observed) -> str:
    placed = int(observed.placed.sum())
    if placed == 0:
        return "The photos have no GPS"
    if placed < 3:
        photos = "1 photo has" if placed == 1 else f"{placed} photos have"
        return f"Only {photos} a GPS position"
    return "The GPS positions lie on one spot or line"


def _northward(observed: Observed, turn: Floats) -> Floats:
    """Return `turn` followed by a turn about up that shows the first photo's top northward."""
    ahead = turn @ (observed.rotations[0, 2] - observed.rotations[0, 1])
    angle = np.arctan2(ahead[0], ahead[1])
    c, s = np.cos(angle), np.sin(angle)
    result: Floats = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]) @ turn
    return result
