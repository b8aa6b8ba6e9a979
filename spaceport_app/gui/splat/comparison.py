"""The photo beside the splat: what is shown of it, and how alike both are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spaceport_app.gui.splat.trained import Trained
from spaceport_app.sfm.model import View
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import Image

_SHOWN_SIDE = 1600
_COMPARED_SIDE = 960


@dataclass(frozen=True)
class Comparison:
    """One photo and its camera.

    Parameters
    ----------
    view : View
    shown : uint8 array, shape (height, width, 3)
        The photo for looking at.
    photo : uint8 array, shape (height, width, 3)
        The photo at the size to measure at.
    camera : Camera
        The view's camera at that size.
    trained : Trained
        How training compared.
    """

    view: View
    shown: npt.NDArray[np.uint8]
    photo: npt.NDArray[np.uint8]
    camera: Camera
    trained: Trained

    def psnr_db(self, picture: Image) -> float:
        """Return the PSNR of a rendering of `camera` against the photo, as training measures it.

        The rendering is seen through the lens that took the photos; both are clamped to 0 to 1.
        """
        from spaceport_app.splats.quality import psnr
        from spaceport_app.splats.vignette import Vignette

        seen = Vignette(self.trained.vignette).applied(picture, self.camera)
        return psnr(np.clip(seen, 0.0, 1.0), self.photo.astype(np.float32) / 255.0)


def load(view: View, trained: Trained) -> Comparison:
    """Read a view's photo, to be measured at the size at which training measured.

    Raises
    ------
    StageError
        ``view_unreadable`` if the picture is missing or damaged.
    """
    from spaceport_app.splats.views import load_view

    compared = load_view(view, -1, trained.image_size or _COMPARED_SIDE)
    shown = load_view(view, -1, _SHOWN_SIDE)
    return Comparison(view, shown.image, compared.image, compared.camera, trained)
