"""What the sfm stage is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from spaceport_app.photos.model import PhotoSet


@dataclass(frozen=True)
class SfmInputs:
    """Photos to place, the empty folder for the result and a folder that survives a kill.

    Parameters
    ----------
    photos : PhotoSet
        Only its used photos are taken.
    output : Path
        Existing, empty folder.
    scratch : Path
        Kept between tries with the same photos and options: working copies and database.
    """

    photos: PhotoSet
    output: Path
    scratch: Path
