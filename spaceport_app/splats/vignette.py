"""How much darker a lens makes the edges of its pictures.

The model is the usual even polynomial (Goldman 2010): ``log V = a r^2 + b r^4 + c r^6``, r in
halves of the larger side from the principal point, one for all photos of a camera.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spaceport_app.splats.camera import Camera

Floats = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]

_STRONGEST = 0.7


@dataclass(frozen=True)
class Vignette:
    """Coefficients a, b, c of one lens; all zero for one without loss."""

    coefficients: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def factors(self, camera: Camera) -> Image:
        """Return what the lens leaves of the light at each pixel, (height, width, 1), mean 1."""
        v, u = np.mgrid[0 : camera.height, 0 : camera.width] + 0.5
        logs = even_powers(u, v, camera) @ np.array(self.coefficients)
        factors = np.exp(np.clip(logs, -_STRONGEST, _STRONGEST))
        return np.asarray(factors / factors.mean(), np.float32)[..., None]

    def corrected(self, image: npt.NDArray[np.uint8], camera: Camera) -> npt.NDArray[np.uint8]:
        """Return a photo (height, width, 3) as a lens without loss would have taken it."""
        if not any(self.coefficients):
            return image
        return np.rint(np.clip(image / self.factors(camera), 0.0, 255.0)).astype(np.uint8)

    def applied(self, image: Image, camera: Camera) -> Image:
        """Return a rendering (height, width, 3) as this lens would have taken it."""
        return image * self.factors(camera) if any(self.coefficients) else image


NO_VIGNETTE = Vignette()


def even_powers(u: Floats, v: Floats, camera: Camera) -> Floats:
    """Return r^2, r^4 and r^6 at pixels of any shape, (..., 3)."""
    half = max(camera.width, camera.height) / 2
    square = ((u - camera.cx) ** 2 + (v - camera.cy) ** 2) / half**2
    return np.stack([square, square**2, square**3], axis=-1)
