"""From matches to camera poses and points: the global mapper, the incremental one, or both."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pycolmap

from spaceport_app.sfm import pruning

_log = logging.getLogger(__name__)

# With fewer photos placed than this share, the other mapper gets its try.
_ENOUGH = 0.9
# What C++ exceptions become: runtime_error, invalid_argument and domain_error, out_of_range.
_NATIVE_ERRORS = (RuntimeError, ValueError, IndexError)
_SMALLEST_MODEL = pruning.FEWEST_PHOTOS
# Shares of the global mapper's time, as measured on 30 photos: 9.5 s, 1.9 s a round, 2.5 s.
_POSITIONING, _ADJUSTING, _ADDING_POINTS = 5, 1, 1

Grown: TypeAlias = Callable[[pycolmap.Reconstruction, bool], None]


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
    photos: int,
    mapper: str,
    threads: int,
    seed: int,
    progress: Callable[[str, int, int], None],
    grown: Grown,
) -> Mapped | None:
    """Place the photos with `mapper` ("auto", "global", "incremental").

    Auto takes the global mapper, which costs the same on small sets and less on large ones,
    and the incremental one where it fails or leaves out more than a tenth; the result with more
    photos is kept. `grown` is called with the model of the moment, and whether it is one of the
    few that come between the phases of the global mapper; it must leave poses and points alone.

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
            models = _global(database, images, threads, seed, progress, grown)
        else:
            models = _incremental(database, images, photos, threads, seed, progress, grown)
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
    threads: int,
    seed: int,
    progress: Callable[[str, int, int], None],
    grown: Grown,
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
    found = pycolmap.ReconstructionManager()
    # It tells of a model once the first positions are found, then after each adjustment, then
    # after points were added: there is no more to be seen of it from outside.
    rounds = options.mapper.ba_num_iterations
    total = _POSITIONING + rounds * _ADJUSTING + _ADDING_POINTS
    done = 0

    def updated() -> None:
        nonlocal done
        done = min(_POSITIONING if done == 0 else done + _ADJUSTING, total - _ADDING_POINTS)
        progress("Refining where all photos are", done, total)
        grown(found.get(found.size() - 1), True)

    progress("Placing all photos at once", 0, total)
    try:
        with pycolmap.Database.open(database) as opened:
            pipeline = pycolmap.GlobalPipeline(options, opened, found)
            pipeline.add_callback(
                pycolmap.GlobalPipelineCallback.MODEL_UPDATE_CALLBACK.value, updated
            )
            pipeline.run()
    except _NATIVE_ERRORS as error:
        _log.warning("The global mapper failed: %s", error)
        return []
    progress("Refining where all photos are", total, total)
    return _models(found)


def _incremental(
    database: Path,
    images: Path,
    photos: int,
    threads: int,
    seed: int,
    progress: Callable[[str, int, int], None],
    grown: Grown,
) -> list[pycolmap.Reconstruction]:
    options = pycolmap.IncrementalPipelineOptions()
    options.num_threads = threads
    options.random_seed = seed
    options.min_model_size = _SMALLEST_MODEL
    options.mapper.random_seed = seed
    options.mapper.num_threads = threads
    options.triangulation.random_seed = seed
    options.image_path = images
    found = pycolmap.ReconstructionManager()
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
        grown(found.get(found.size() - 1), False)

    progress("Placing the photos one by one", 0, photos)
    try:
        with pycolmap.Database.open(database) as opened:
            pipeline = pycolmap.IncrementalPipeline(options, opened, found)
            kinds = pycolmap.IncrementalPipelineCallback
            pipeline.add_callback(kinds.INITIAL_IMAGE_PAIR_REG_CALLBACK.value, initial)
            pipeline.add_callback(kinds.NEXT_IMAGE_REG_CALLBACK.value, following)
            pipeline.run()
    except _NATIVE_ERRORS as error:
        _log.warning("The incremental mapper failed: %s", error)
        return []
    return _models(found)


def _models(found: pycolmap.ReconstructionManager) -> list[pycolmap.Reconstruction]:
    return [found.get(number) for number in range(found.size())]
