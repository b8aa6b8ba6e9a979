"""Values per photo that cameras can be coloured by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from spaceport_app.gui.flight.scene import Scene
from spaceport_app.photos.model import PhotoSet
from spaceport_app.sfm.model import Reconstruction


@dataclass(frozen=True)
class PhotoValues:
    """One quantity: its label, its unit (empty where it has none) and a value per photo name."""

    label: str
    unit: str
    values: Mapping[str, float]

    def of(self, scene: Scene) -> npt.NDArray[np.float64]:
        """Return the values of the scene's cameras, NaN where there is none, (N,)."""
        return np.array([self.values.get(name, np.nan) for name in scene.names], np.float64)

    def text(self, value: float) -> str:
        """Return one value as a person reads it."""
        size = abs(value)
        steps = (100.0, 10.0, 0.1, 0.01)
        digits = 2 if size == 0 else sum(size < step for step in steps)
        return f"{value:.{digits}f} {self.unit}".strip()


def known(scene: Scene, photos: PhotoSet | None, found: Reconstruction | None) -> list[PhotoValues]:
    """Return the quantities that at least one camera of the scene has a value of."""
    listed = photos.used if photos is not None else ()
    length = "m" if scene.metric else ""
    quantities = [
        PhotoValues("Time", "min", _minutes({p.name: p.taken_at for p in listed})),
        PhotoValues("Height", length, dict(zip(scene.names, scene.heights.tolist(), strict=True))),
        PhotoValues("Sharpness", "", {photo.name: 1e3 * photo.sharpness for photo in listed}),
        PhotoValues("GPS residual", "m", _residuals(found)),
    ]
    return [each for each in quantities if np.isfinite(each.of(scene)).any()]


def _minutes(times: Mapping[str, str | None]) -> dict[str, float]:
    """Return minutes since the first photo."""
    moments = {}
    for name, text in times.items():
        if text is None:
            continue
        try:
            moments[name] = datetime.fromisoformat(text).timestamp()
        except ValueError:
            continue
    first = min(moments.values(), default=0.0)
    return {name: (moment - first) / 60.0 for name, moment in moments.items()}


def _residuals(found: Reconstruction | None) -> dict[str, float]:
    """Return distances between camera and GPS position; horizontal where no height is known."""
    if found is None:
        return {}
    return {
        name: float(np.sqrt(np.nansum(np.square(residual))))
        for name, residual in found.georeference.residuals.items()
        if np.isfinite(residual[:2]).all()
    }
