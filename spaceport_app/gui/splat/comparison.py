"""The photo beside the splat: which one, how far it is wiped over, and how alike they are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spaceport_app.sfm.model import View
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import Image

LARGER_SIDE = 960
"""Pixels to which photos are shrunk for comparing."""


class Comparison:
    """One photo and the PSNR of the splat there; knows neither Qt nor OpenGL.

    Parameters
    ----------
    view : View
        The photo and its camera.
    photo : uint8 array, shape (height, width, 3)
    camera : Camera
        The view's camera at the photo's size.
    """

    def __init__(self, view: View, photo: npt.NDArray[np.uint8], camera: Camera) -> None:
        self.view = view
        self.photo = photo
        self.camera = camera

    def psnr_db(self, picture: Image) -> float:
        """Return the PSNR of a rendering of `camera` against the photo, both clamped to 0 to 1."""
        from spaceport_app.splats.quality import psnr

        return psnr(np.clip(picture, 0.0, 1.0), self.photo.astype(np.float32) / 255.0)


def load(view: View) -> Comparison:
    """Read a view's photo for comparing.

    Raises
    ------
    StageError
        ``view_unreadable`` if the picture is missing or damaged.
    """
    from spaceport_app.splats.training.dataset import load_view

    loaded = load_view(view, -1, LARGER_SIDE)
    return Comparison(view, loaded.image, loaded.camera)
