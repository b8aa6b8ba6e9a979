"""Small pictures of the present state, for whoever watches the training."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import numpy as np
from PIL import Image

from spaceport_app import atomic
from spaceport_app.events import Preview, Report
from spaceport_app.splats.engines import contract

_log = logging.getLogger(__name__)


class Previews:
    """Writes ``preview.jpg`` every so often, replaced in one step.

    Parameters
    ----------
    path : Path
        The picture to write.
    every_s : float
        Seconds between pictures; 0 for none at all.
    """

    def __init__(self, path: Path, every_s: float) -> None:
        self._path = path
        self._every_s = every_s
        self._last = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time for the next picture."""
        return self._every_s > 0 and time.monotonic() - self._last >= self._every_s

    def write(self, picture: contract.Image, report: Report) -> None:
        """Write a picture (height, width, 3) with values 0 to 1 and tell of it.

        A picture that cannot be written is no reason to stop training: it is only logged.
        """
        self._last = time.monotonic()
        pixels = np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)
        try:
            with atomic.replacing(self._path) as temporary:
                Image.fromarray(pixels).save(temporary, format="JPEG", quality=88)
        except OSError as error:
            _log.warning("the preview cannot be written: %s", error)
            return
        report(Preview(self._path))
