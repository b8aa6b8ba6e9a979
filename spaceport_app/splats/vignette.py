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
        v, u = np.ogrid[0 : camera.height, 0 : camera.width]
        square = _square(u + 0.5, v + 0.5, camera)
        a, b, c = self.coefficients
        # In place: arrays of doubles for 12 megapixels are 100 MB each.
        factors = c * square
        for coefficient in (b, a):
            factors += coefficient
            factors *= square
        np.exp(np.clip(factors, -_STRONGEST, _STRONGEST, out=factors), out=factors)
        factors /= factors.mean()
        return factors.astype(np.float32)[..., None]

    def corrected(self, image: npt.NDArray[np.uint8], camera: Camera) -> npt.NDArray[np.uint8]:
        """Return a photo (height, width, 3) as a lens without loss would have taken it."""
        if not any(self.coefficients):
            return image
        evened = image / self.factors(camera)
        return np.rint(np.clip(evened, 0.0, 255.0, out=evened), out=evened).astype(np.uint8)

    def applied(self, image: Image, camera: Camera) -> Image:
        """Return a rendering (height, width, 3) as this lens would have taken it."""
        return image * self.factors(camera) if any(self.coefficients) else image


NO_VIGNETTE = Vignette()


def even_powers(u: Floats, v: Floats, camera: Camera) -> Floats:
    """Return r^2, r^4 and r^6 at pixels of any shape, (..., 3)."""
    square = _square(u, v, camera)
    return np.stack([square, square**2, square**3], axis=-1)


def _square(u: Floats, v: Floats, camera: Camera) -> Floats:
    half = max(camera.width, camera.height) / 2
    return np.asarray(((u - camera.cx) ** 2 + (v - camera.cy) ** 2) / half**2, np.float64)
