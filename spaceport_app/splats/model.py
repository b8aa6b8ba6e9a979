"""The Gaussians of one scene as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

SH_C0 = 0.28209479177387814
"""The harmonic of degree 0, the same in every direction: ``1 / (2 sqrt(pi))``."""


@dataclass(frozen=True)
class Splats:
    """N three-dimensional Gaussians, all arrays float32 and C-contiguous.

    Parameters
    ----------
    means : (N, 3)
        Centres in world metres.
    log_scales : (N, 3)
        Natural logarithm of the standard deviations along the Gaussian's own axes.
    quaternions : (N, 4)
        Rotations w, x, y, z; not necessarily of unit length.
    opacity_logits : (N,)
        Opacity is the sigmoid of this.
    sh : (N, K, 3)
        Spherical harmonics coefficients with K = (degree + 1)^2 for degree 0 to 3; colour is
        ``0.5 + sum(sh * basis)`` clamped at 0 from below (Kerbl et al. 2023).
    """

    means: Floats
    log_scales: Floats
    quaternions: Floats
    opacity_logits: Floats
    sh: Floats

    def __post_init__(self) -> None:
        n = len(self.means)
        k = self.sh.shape[1] if self.sh.ndim == 3 else 0
        if (
            self.means.shape != (n, 3)
            or self.log_scales.shape != (n, 3)
            or self.quaternions.shape != (n, 4)
            or self.opacity_logits.shape != (n,)
            or self.sh.shape != (n, k, 3)
            or k not in (1, 4, 9, 16)
        ):
            raise ValueError("arrays of Gaussians do not fit together")

    def __len__(self) -> int:
        return len(self.means)

    @property
    def sh_degree(self) -> int:
        """Degree of the spherical harmonics, 0 to 3."""
        return {1: 0, 4: 1, 9: 2, 16: 3}[self.sh.shape[1]]

    @property
    def opacities(self) -> npt.NDArray[np.float64]:
        """Opacities (N,), 0 to 1."""
        # The logistic function by way of tanh, which does not overflow for large logits.
        values: npt.NDArray[np.float64] = 0.5 * np.tanh(0.5 * self.opacity_logits, dtype=np.float64)
        return values + 0.5

    @property
    def finite(self) -> npt.NDArray[np.bool_]:
        """Which Gaussians hold only numbers, neither NaN nor infinite, (N,)."""
        good = np.ones(len(self), np.bool_)
        for values in (
            self.means,
            self.log_scales,
            self.quaternions,
            self.opacity_logits,
            self.sh,
        ):
            good &= np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
        return good

    def take(self, index: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Splats:
        """Return the Gaussians that `index` names, in that order."""
        return Splats(
            np.ascontiguousarray(self.means[index]),
            np.ascontiguousarray(self.log_scales[index]),
            np.ascontiguousarray(self.quaternions[index]),
            np.ascontiguousarray(self.opacity_logits[index]),
            np.ascontiguousarray(self.sh[index]),
        )

    def with_sh_degree(self, degree: int) -> Splats:
        """Return the same Gaussians with harmonics cut, or padded with zeros, to `degree`."""
        k = (degree + 1) ** 2
        sh = np.zeros((len(self), k, 3), np.float32)
        common = min(k, self.sh.shape[1])
        sh[:, :common] = self.sh[:, :common]
        return Splats(self.means, self.log_scales, self.quaternions, self.opacity_logits, sh)
