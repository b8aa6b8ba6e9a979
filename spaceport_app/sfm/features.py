"""SIFT features of every photo, into the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pycolmap

from spaceport_app import resources
from spaceport_app.errors import StageError
from spaceport_app.photos.sizes import fitted
from spaceport_app.sfm import memory
from spaceport_app.sfm.database import watching
from spaceport_app.sfm.options import SfmOptions
from spaceport_app.sfm.working_copies import WorkingCopy

# COLMAP asks for 15 inliers a pair; photos with fewer features than this carry nothing.
FEW_FEATURES = 50


def extract(
    database: Path,
    folder: Path,
    copies: Sequence[WorkingCopy],
    options: SfmOptions,
    progress: Callable[[int, int], None],
) -> dict[str, int]:
    """Find features in every copy that has none yet.

    Returns
    -------
    dict
        Name of the copy to its number of features.

    Raises
    ------
    StageError
        ``no_memory`` if the free memory carries no thread; ``no_features`` if all photos
        together have next to none.
    """
    sizes = [fitted(c.width, c.height, options.feature_image_size) for c in copies]
    pixels = max(width * height for width, height in sizes)
    wanted = options.threads or resources.cores()
    extraction = pycolmap.FeatureExtractionOptions()
    extraction.use_gpu = False
    extraction.num_threads = memory.extraction_threads(
        pixels, options.first_octave, min(wanted, len(copies)), resources.free_memory_bytes()
    )
    extraction.max_image_size = options.feature_image_size
    extraction.sift.max_num_features = options.max_features
    extraction.sift.first_octave = options.first_octave
    progress(0, len(copies))
    with watching(
        database,
        lambda store, image_id: bool(store.exists_descriptors(image_id)),
        range(1, len(copies) + 1),
        lambda done: progress(done, len(copies)),
    ):
        pycolmap.extract_features(
            database,
            folder,
            image_names=[copy.name for copy in copies],
            extraction_options=extraction,
            device=pycolmap.Device.cpu,
        )
    found = _counts(database, copies)
    if sum(count >= FEW_FEATURES for count in found.values()) < 3:
        raise StageError(
            "no_features",
            "Almost no detail was found in the photos: they are blurred, dark or empty.",
            "Take sharp, well exposed photos of textured ground and add them.",
        )
    return found


def _counts(database: Path, copies: Sequence[WorkingCopy]) -> dict[str, int]:
    with closing(pycolmap.Database.open(database)) as store:
        return {
            copy.name: int(store.num_keypoints_for_image(number))
            for number, copy in enumerate(copies, start=1)
        }
