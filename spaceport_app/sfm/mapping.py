"""From matches to camera poses and points: the global mapper, the incremental one, or both."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pycolmap

from spaceport_app.sfm import pruning

_log = logging.getLogger(__name__)

# With fewer photos placed than this share, the other mapper gets its try.
_ENOUGH = 0.9
# What C++ exceptions become: runtime_error, invalid_argument and domain_error, out_of_range.
_NATIVE_ERRORS = (RuntimeError, ValueError, IndexError)
_SMALLEST_MODEL = pruning.FEWEST_PHOTOS


@dataclass(frozen=True)
class Mapped:
    """What the mapper made.

    Parameters
    ----------
    model : pycolmap.Reconstruction
        The largest model, in a frame of its own.
    mapper : str
        ``"global"`` or ``"incremental"``.
    sizes : tuple of int
        Photos in each model, largest first.
    others : dict
        Name of the working copy to the number of its model, for photos of other models.
    tries : tuple of str
        What was tried, in words, such as ``"global: 18 of 18"``.
    """

    model: pycolmap.Reconstruction
    mapper: str
    sizes: tuple[int, ...]
    others: dict[str, int]
    tries: tuple[str, ...]


def reconstruct(
    database: Path,
    images: Path,
    scratch: Path,
    photos: int,
    mapper: str,
    threads: int,
    seed: int,
    progress: Callable[[str, int, int], None],
) -> Mapped | None:
    """Place the photos with `mapper` ("auto", "global", "incremental").

    Auto takes the global mapper, which costs the same on small sets and less on large ones,
    and the incremental one where it fails or leaves out more than a tenth; the result with more
    photos is kept.

    Returns
    -------
    Mapped or None
        None where no model of at least three photos came out.
    """
    order = {"auto": ("global", "incremental")}.get(mapper, (mapper,))
    best: Mapped | None = None
    tries: list[str] = []
    for kind in order:
        pycolmap.set_random_seed(seed)
        if kind == "global":
            models = _global(database, images, _fresh(scratch / kind), threads, seed, progress)
        else:
            models = _incremental(
                database, images, _fresh(scratch / kind), photos, threads, seed, progress
            )
        found = _largest_first([held for model in models if (held := pruning.prune(model))])
        tries.append(f"{kind}: {found[0].num_reg_images() if found else 0} of {photos}")
        _log.info("Mapper %s", tries[-1])
        if found and (best is None or _rank(found[0]) > _rank(best.model)):
            best = Mapped(found[0], kind, _sizes(found), _others(found), tuple(tries))
        if best is not None and best.sizes[0] >= _ENOUGH * photos:
            break
    if best is None:
        return None
    return Mapped(best.model, best.mapper, best.sizes, best.others, tuple(tries))


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _largest_first(models: list[pycolmap.Reconstruction]) -> list[pycolmap.Reconstruction]:
    return sorted(models, key=_rank, reverse=True)


def _rank(model: pycolmap.Reconstruction) -> tuple[int, int]:
    return model.num_reg_images(), model.num_points3D()


def _sizes(models: list[pycolmap.Reconstruction]) -> tuple[int, ...]:
    return tuple(model.num_reg_images() for model in models)


def _others(models: list[pycolmap.Reconstruction]) -> dict[str, int]:
    kept = {models[0].image(i).name for i in models[0].reg_image_ids()}
    others: dict[str, int] = {}
    for number, model in enumerate(models[1:], start=2):
        for image_id in model.reg_image_ids():
            name = model.image(image_id).name
            if name not in kept:
                others.setdefault(name, number)
    return others


def _global(
    database: Path,
    images: Path,
    output: Path,
    threads: int,
    seed: int,
    progress: Callable[[str, int, int], None],
) -> list[pycolmap.Reconstruction]:
    options = pycolmap.GlobalPipelineOptions()
    options.num_threads = threads
    options.random_seed = seed
    options.min_model_size = _SMALLEST_MODEL
    options.image_path = images
    options.mapper.num_threads = threads
    options.mapper.random_seed = seed
    options.mapper.rotation_averaging.random_seed = seed
    options.mapper.global_positioning.random_seed = seed
    options.mapper.global_positioning.use_gpu = False
    options.mapper.bundle_adjustment.ceres.use_gpu = False
    options.mapper.retriangulation.random_seed = seed
    # It can't be watched from outside, so it counts as one unit of work.
    progress("Placing all photos at once", 0, 1)
    try:
        models = pycolmap.global_mapping(database, images, output, options)
    except _NATIVE_ERRORS as error:
        _log.warning("The global mapper failed: %s", error)
        return []
    progress("Placing all photos at once", 1, 1)
    return list(models.values())


def _incremental(
    database: Path,
    images: Path,
    output: Path,
    photos: int,
    threads: int,
    seed: int,
    progress: Callable[[str, int, int], None],
) -> list[pycolmap.Reconstruction]:
    options = pycolmap.IncrementalPipelineOptions()
    options.num_threads = threads
    options.random_seed = seed
    options.min_model_size = _SMALLEST_MODEL
    options.mapper.random_seed = seed
    options.mapper.num_threads = threads
    options.triangulation.random_seed = seed
    placed = 0

    def initial() -> None:
        nonlocal placed
        # A new model starts from two photos; photos of earlier tries may come again.
        placed = min(placed + 2, photos)
        progress("Placing the photos one by one", placed, photos)

    def following() -> None:
        nonlocal placed
        placed = min(placed + 1, photos)
        progress("Placing the photos one by one", placed, photos)

    progress("Placing the photos one by one", 0, photos)
    try:
        models = pycolmap.incremental_mapping(
            database,
            images,
            output,
            options,
            initial_image_pair_callback=initial,
            next_image_callback=following,
        )
    except _NATIVE_ERRORS as error:
        _log.warning("The incremental mapper failed: %s", error)
        return []
    return list(models.values())
