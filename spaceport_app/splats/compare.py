"""How two sets of Gaussians differ, Gaussian by Gaussian."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.model import Floats, Splats
from spaceport_app.splats.nearby import nearby

_CANDIDATES = 8
_NEAR = 1e-3


@dataclass(frozen=True)
class Difference:
    """Errors of a scene against a reference.

    Parameters
    ----------
    matched : str
        ``"order"`` or ``"nearest"``: how Gaussians of the two were paired.
    gaussians, reference_gaussians : int
        Number of Gaussians in the scene and in the reference.
    shared_partners : int
        Gaussians of the reference whose partner another one has as well; 0 by order.
    position_rms_m : float
        Root mean square distance of centres, without sky and hills far behind the scene.
    position_rms_relative : float
        The same by the diagonal of the reference's bounding box.
    rotation_rms_degrees : float
        Of the angle that turns one orientation into the other.
    log_scale_rms : float
        Over the three natural logarithms a Gaussian.
    opacity_rms, opacity_max : float
        Of opacities from 0 to 1, not of logits.
    dc_rms, dc_max : float
        Of the coefficients of degree 0.
    sh_rms : float or None
        Of the coefficients above degree 0; None where the reference has none.
    sh_snr_db : float or None
        ``10 log10(mean(reference^2) / mean(error^2))`` over the coefficients above degree 0:
        the signal's own power is the peak. None where there is no error or no coefficient.
    """

    matched: str
    gaussians: int
    reference_gaussians: int
    shared_partners: int
    position_rms_m: float
    position_rms_relative: float
    rotation_rms_degrees: float
    log_scale_rms: float
    opacity_rms: float
    opacity_max: float
    dc_rms: float
    dc_max: float
    sh_rms: float | None
    sh_snr_db: float | None


def compare(reference: Splats, other: Splats) -> Difference:
    """Compare a scene with a reference.

    Gaussians are paired by their order where both have as many and the centres of most pairs
    are near (within 0.1 % of the diagonal); otherwise each Gaussian of the reference is paired
    with the most similar of its nearest neighbours in the other scene.

    Raises
    ------
    ValueError
        If one of them is empty.
    """
    if len(reference) == 0 or len(other) == 0:
        raise ValueError("There are no Gaussians to compare.")
    partner = None if _same_order(reference, other) else _nearest(reference, other)
    paired = other if partner is None else other.take(partner)
    shared = 0 if partner is None else len(partner) - len(np.unique(partner))
    return _difference(reference, paired, partner is None, len(other), shared)


def compare_in_order(reference: Splats, other: Splats) -> Difference:
    """Compare Gaussian i with Gaussian i.

    Raises
    ------
    ValueError
        If they differ in number, or are empty.
    """
    if len(reference) != len(other) or len(other) == 0:
        raise ValueError("The scenes differ in the number of Gaussians.")
    return _difference(reference, other, True, len(other), 0)


def rotation_angles(a: Floats, b: Floats) -> npt.NDArray[np.float64]:
    """Return the angle in degrees, 0 to 180, between orientations of any length (N, 4)."""
    p, q = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (_f64(a), _f64(b)))
    # The chord keeps its precision at small angles, where the cosine loses it.
    chord = np.minimum(np.linalg.norm(p - q, axis=1), np.linalg.norm(p + q, axis=1))
    angles: npt.NDArray[np.float64] = np.degrees(4.0 * np.arcsin(np.clip(chord / 2, 0.0, 1.0)))
    return angles


def _difference(
    reference: Splats, paired: Splats, by_order: bool, gaussians: int, shared: int
) -> Difference:
    # Files keep positions relative to their distance: kilometres away they would hide all else.
    near = nearby(reference.means)
    distance = np.linalg.norm(_f64(reference.means) - paired.means, axis=1)
    opacity = reference.opacities - paired.opacities
    dc = _f64(reference.sh[:, 0]) - paired.sh[:, 0]
    position_rms = _rms(distance[near])
    sh_rms, snr = _harmonics_error(reference, paired)
    return Difference(
        matched="order" if by_order else "nearest",
        gaussians=gaussians,
        reference_gaussians=len(reference),
        shared_partners=shared,
        position_rms_m=position_rms,
        position_rms_relative=position_rms / (_diagonal(reference.take(near)) or 1.0),
        rotation_rms_degrees=_rms(rotation_angles(reference.quaternions, paired.quaternions)),
        log_scale_rms=_rms(_f64(reference.log_scales) - paired.log_scales),
        opacity_rms=_rms(opacity),
        opacity_max=float(np.abs(opacity).max()),
        dc_rms=_rms(dc),
        dc_max=float(np.abs(dc).max()),
        sh_rms=sh_rms,
        sh_snr_db=snr,
    )


def _harmonics_error(reference: Splats, paired: Splats) -> tuple[float | None, float | None]:
    if reference.sh_degree == 0:
        return None, None
    wanted = _f64(reference.sh[:, 1:])
    error = _rms(wanted - paired.with_sh_degree(reference.sh_degree).sh[:, 1:])
    signal = _rms(wanted)
    if error == 0 or signal == 0:
        return error, None
    return error, float(20.0 * np.log10(signal / error))


def _same_order(reference: Splats, other: Splats) -> bool:
    if len(reference) != len(other):
        return False
    distance = np.linalg.norm(_f64(reference.means) - other.means, axis=1)
    return bool(np.median(distance) <= _NEAR * _diagonal(reference))


def _nearest(reference: Splats, other: Splats) -> npt.NDArray[np.intp]:
    from scipy.spatial import KDTree

    candidates = min(_CANDIDATES, len(other))
    found = KDTree(other.means).query(reference.means, k=candidates)
    distance, index = (np.reshape(part, (len(reference), candidates)) for part in found)
    # Centres may coincide within the error of either scene: there the looks decide.
    unit = float(np.median(distance[:, 0])) or _NEAR * _diagonal(reference) or 1.0
    cost = (distance / unit) ** 2
    cost += np.sum((other.log_scales[index] - reference.log_scales[:, None]) ** 2, axis=2)
    cost += np.sum((other.sh[index, 0] - reference.sh[:, None, 0]) ** 2, axis=2)
    chosen: npt.NDArray[np.intp] = index[np.arange(len(reference)), np.argmin(cost, axis=1)]
    return chosen


def _diagonal(splats: Splats) -> float:
    return float(np.linalg.norm(_f64(splats.means.max(axis=0)) - splats.means.min(axis=0)))


def _rms(values: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _f64(values: Floats) -> npt.NDArray[np.float64]:
    return values.astype(np.float64)
