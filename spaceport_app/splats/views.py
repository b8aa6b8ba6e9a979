"""Training views at the size that is asked for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from spaceport_app import inside, pictures
from spaceport_app.errors import StageError
from spaceport_app.photos.sizes import fitted
from spaceport_app.sfm.model import View
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import TrainingView
from spaceport_app.splats.vignette import NO_VIGNETTE, Vignette

Pixels = npt.NDArray[np.uint8]


def camera_at(view: View, larger_side: int) -> Camera:
    """Return the camera of a view shrunk so that neither side is over `larger_side` pixels."""
    return Camera.of_view(view).resized(*fitted(view.width, view.height, larger_side))


def load_view(
    view: View, key: int, larger_side: int, vignette: Vignette = NO_VIGNETTE
) -> TrainingView:
    """Read a view's picture, shrunk by averaging over areas, with the camera to match.

    The picture is freed from `vignette`.

    Raises
    ------
    StageError
        ``view_unreadable`` if the picture is missing, damaged or of another size.
    OSError
        If the system does not give it.
    """
    camera = camera_at(view, larger_side)
    picture = _read(view, camera.width, camera.height)
    return TrainingView(camera, vignette.corrected(picture, camera), key)


def _read(view: View, width: int, height: int) -> Pixels:
    try:
        with pictures.opened(view.image, (view.width, view.height)) as image:
            picture = image.convert("RGB")
        if picture.size != (width, height):
            picture = picture.resize((width, height), Image.Resampling.BOX)
        return np.array(picture)
    except (OSError, ValueError) as error:
        if inside.is_of_system(error):
            raise
        raise StageError(
            "view_unreadable",
            f"The undistorted picture of {view.name} cannot be read.",
            "Run the sfm stage again.",
        ) from error
