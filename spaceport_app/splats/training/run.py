"""The train stage: a reconstruction in, Gaussians and their measured quality out."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from spaceport_app import __version__, stopping
from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue, Notice, Progress, Report
from spaceport_app.options import validate
from spaceport_app.sfm.model import Reconstruction, View
from spaceport_app.splats import evaluation, file, held_out
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines import choose
from spaceport_app.splats.engines.contract import Engine, TrainingView
from spaceport_app.splats.model import Splats
from spaceport_app.splats.training import cleanup, fill, memory, planning, results, snapshots
from spaceport_app.splats.training.budget import Budget, Scene
from spaceport_app.splats.training.checkpoint import Checkpoints
from spaceport_app.splats.training.dataset import HeldOut
from spaceport_app.splats.training.extent import scene_extent
from spaceport_app.splats.training.initialise import initial_splats
from spaceport_app.splats.training.observer import FRACTION_FROM, FRACTION_TO, Observer
from spaceport_app.splats.training.options import NOT_IN_RESULT, TrainOptions
from spaceport_app.splats.training.pace import Pace
from spaceport_app.splats.training.previews import Previews
from spaceport_app.splats.training.snapshots import Snapshots
from spaceport_app.splats.training.trainer import Trainer
from spaceport_app.splats.training.vignetting import estimate
from spaceport_app.splats.views import camera_at, load_view
from spaceport_app.splats.vignette import NO_VIGNETTE, Vignette
from spaceport_app.stopping import StoppedOnRequest

_FEWEST_VIEWS = 2
_CLEAN_UP_PHOTOS = 8
_PREVIEW_SIDE = 640
_SMALL_SIDE = 96


@dataclass(frozen=True)
class TrainInputs:
    """What training starts from and where it writes.

    Parameters
    ----------
    reconstruction : Reconstruction
        Views, their pictures and the cloud.
    output : Path
        Existing, empty folder for the results.
    scratch : Path
        Existing folder that outlives a kill: checkpoints and ``preview.jpg``.
    budget : Budget
        What the other stages of the run take, for a run that is to end at some time.
    """

    reconstruction: Reconstruction
    output: Path
    scratch: Path
    budget: Budget = field(default_factory=Budget)


def run(inputs: TrainInputs, options: TrainOptions, report: Report) -> dict[str, JsonValue]:
    """Train Gaussians and measure them on photos that training never saw.

    Writes ``splats.ply``, ``quality.json``, ``history.json`` and pictures in ``held_out/``.
    Goes on from a checkpoint in `inputs.scratch` where there is one of the same run.

    Returns
    -------
    dict
        Measured results: ``gaussians``, ``iterations``, ``engine``, ``psnr_db`` and ``ssim``
        (means over the held-out photos, None without any), ``held_out`` and so on.

    Raises
    ------
    StageError
        ``bad_option``, ``too_few_views``, ``too_few_points``, ``unknown_photo``,
        ``view_unreadable``, ``out_of_memory``, ``training_diverged``, or what the choice of an
        engine raises.
    StoppedOnRequest
        When it was asked to end (see `spaceport_app.stopping`).
    """
    try:
        validate(options)
    except ValueError as error:
        raise StageError("bad_option", str(error), "Change it and start again.") from error
    began = time.monotonic()
    engine = choose.make(options.engine)
    words = f"Preparing the {engine.name.upper()} engine, once"

    # It takes long on a new machine and nothing later: so it tells its own count, and is no
    # part of the stage from which the time left could be told.
    def prepared(done: int, total: int) -> None:
        if stopping.asked(inputs.scratch):
            raise StoppedOnRequest("")
        report(Progress(f"{words}: {done} of {total}", done, total, 0.0))

    engine.prepare(prepared)
    spent = inputs.budget.spent_s + time.monotonic() - began
    inputs = replace(inputs, budget=replace(inputs.budget, spent_s=spent))
    return train(engine, inputs, options, report)


def train(
    engine: Engine, inputs: TrainInputs, options: TrainOptions, report: Report
) -> dict[str, JsonValue]:
    """Do what `run` does on a given engine."""
    # The trainer makes do with less; this is for what comes before and after its steps.
    with memory.told("training"):
        return _train(engine, inputs, options, report)


def _train(
    engine: Engine, inputs: TrainInputs, options: TrainOptions, report: Report
) -> dict[str, JsonValue]:
    started = time.monotonic()

    def stop_asked() -> bool:
        return stopping.asked(inputs.scratch)

    def stop_if_asked(where: str = "") -> None:
        if stop_asked():
            raise StoppedOnRequest(where)

    views = sorted(inputs.reconstruction.views, key=lambda view: view.name)
    names = held_out.choose([view.name for view in views], options.held_out)
    kept = [view for view in views if view.name not in names]
    _check(kept, names, options, report)
    full = max(max(view.width, view.height) for view in views)
    options = replace(options, image_size=min(options.image_size, full))
    cameras = [Camera.of_view(view) for view in kept]
    extent = scene_extent(cameras)

    report(Progress("Placing the first Gaussians", 0, 1, 0.0))
    stop_if_asked()
    cloud = inputs.reconstruction.cloud
    small = [load_view(view, i, _SMALL_SIDE) for i, view in enumerate(kept)]
    vignette = NO_VIGNETTE
    if options.vignetting and _is_one_camera(views):
        vignette = estimate(cloud.xyz, small)

    def estimated(done: int, total: int) -> None:
        stop_if_asked()
        part = planning.FROM * (done / total)
        report(Progress(f"Estimating depths in {total} photos", done, total, part))

    cells = fill.cells(
        cloud.xyz,
        [_corrected(view, vignette) for view in small],
        estimated,
        upright=inputs.reconstruction.georeference.origin is not None,
    )

    def first(options: TrainOptions) -> Splats:
        return initial_splats(
            cloud,
            cells,
            filled=int(options.fill * options.max_gaussians),
            limit=options.max_gaussians,
            sh_degree=options.sh_degree,
            seed=options.seed,
        )

    key = _fingerprint(engine, inputs, options)
    pace: Pace | None = None
    if options.finish_in_min > 0:
        scene = Scene.of(views, len(cloud.xyz), len(names), options.sh_degree)
        task = planning.Task(engine, kept, scene, inputs.budget, started, extent, first)
        plan = planning.make(task, options, inputs.scratch, key, report)
        options, pace = plan.options, plan.pace()
    # Held-out photos get a quarter of the memory for photos, the training what is left of it.
    held = [view for view in views if view.name in names]
    photos = HeldOut(held, options.image_size, options.views_memory_mb * 2**20 // 4)
    left = options.views_memory_mb - (options.views_memory_mb // 4 if held else 0)
    initial = first(options)
    report(Progress("Placing the first Gaussians", 1, 1, FRACTION_FROM))
    preview = camera_at((held or kept)[0], options.image_size if held else _PREVIEW_SIDE)
    observer = Observer(
        report,
        Previews(inputs.scratch / "preview.jpg", options.preview_every_s),
        len(kept),
        photos,
        preview,
        Snapshots(inputs.scratch / snapshots.FOLDER, options.snapshot_every_s),
    )
    checkpoints = Checkpoints(inputs.scratch, key)
    trainer = Trainer(
        engine,
        kept,
        replace(options, views_memory_mb=left),
        extent,
        checkpoints,
        observer,
        vignette,
        stop_asked,
        pace,
    )
    trainer.train(initial)

    # From here on the last checkpoint holds all of the steps.
    stop_if_asked(trainer.where)
    look = trainer.schedule.look
    before = evaluation.mean(observer.measure(engine, trainer.schedule))
    removed: dict[str, int] = {}
    if options.clean_up:
        report(Progress("Removing floating and faint Gaussians", 0, 1, FRACTION_TO))
        judges = kept[:: max(1, len(kept) // _CLEAN_UP_PHOTOS)][:_CLEAN_UP_PHOTOS]
        # At full size: what is thinner than a pixel of a smaller picture seems to be in the way
        # there. Judged at half size, 51 thin Gaussians went and held-out photos lost 0.2 dB.
        side = trainer.schedule.options.image_size
        judging = [
            load_view(trainer.refined(view), -1 - i, side, vignette)
            for i, view in enumerate(judges)
        ]
        stop_if_asked(trainer.where)
        removed = cleanup.clean_up(
            engine, judging, cameras, extent, replace(look, vignette=NO_VIGNETTE)
        )
    report(Progress("Measuring quality on held-out photos", 0, 1, 0.98))

    def compared() -> Iterator[results.Compared]:
        stop_if_asked(trainer.where)
        for one in observer.compare(engine, trainer.schedule):
            yield one
            stop_if_asked(trainer.where)

    found = results.write_quality(inputs.output, compared(), trainer.schedule)
    splats = engine.splats()
    file.write_ply(inputs.output / "splats.ply", splats)
    quality = evaluation.mean(found)
    if quality:
        last: dict[str, JsonValue] = {"iteration": trainer.iteration}
        last |= {"seconds": round(trainer.seconds, 3), "psnr_db": quality[0]}
        last |= {"ssim_held_out": quality[1], "gaussians": len(splats)}
        observer.history.held_out.append(last)
    results.write_history(inputs.output, observer.history)
    observer.show(engine, trainer.schedule)
    report(Progress("Measuring quality on held-out photos", 1, 1, 1.0))
    used = trainer.schedule.options
    return {
        "gaussians": len(splats),
        "iterations": trainer.iteration,
        "engine": engine.name,
        "sh_degree": splats.sh_degree,
        "image_size_px": used.image_size,
        "max_gaussians": used.max_gaussians,
        "times_out_of_memory": trainer.times_out_of_memory,
        "antialiased": options.antialiased,
        "photos": len(kept),
        "held_out": list(names),
        "psnr_db": quality[0] if quality else None,
        "ssim": quality[1] if quality else None,
        "psnr_before_clean_up_db": before[0] if before else None,
        "vignette": list(vignette.coefficients),
        "views": [asdict(view) for view in found],
        "removed": {rule: count for rule, count in removed.items() if count},
        "training_seconds": round(trainer.seconds, 2),
        "snapshot_seconds": round(observer.snapshots.seconds, 3) if observer.snapshots else 0.0,
        "seconds": round(time.monotonic() - started, 2),
        **trainer.poses,
    }


def _check(
    kept: Sequence[View], names: Sequence[str], options: TrainOptions, report: Report
) -> None:
    if len(kept) < _FEWEST_VIEWS:
        raise StageError(
            "too_few_views",
            f"Only {len(kept)} photos are left to train with.",
            "Add overlapping photos or hold out fewer of them.",
        )
    if not names and options.held_out != held_out.NONE:
        report(
            Notice(
                "no_held_out",
                "With fewer than five photos all are trained with, so quality is not measured.",
            )
        )


def _is_one_camera(views: Sequence[View]) -> bool:
    """Return whether all views have the intrinsics of one lens."""
    return len({(v.width, v.height, v.fx, v.fy, v.cx, v.cy) for v in views}) == 1


def _corrected(view: TrainingView, vignette: Vignette) -> TrainingView:
    return replace(view, image=vignette.corrected(view.image, view.camera))


def _fingerprint(engine: Engine, inputs: TrainInputs, options: TrainOptions) -> str:
    """Return a hash of all that the result depends on, for checkpoints to be matched by."""
    asked = {k: v for k, v in asdict(options).items() if k not in NOT_IN_RESULT}
    digest = hashlib.sha256(
        json.dumps([__version__, engine.name, asked], sort_keys=True).encode("utf-8")
    )
    for view in inputs.reconstruction.views:
        about = f"{view.name}\0{view.width}\0{view.height}\0"
        digest.update(about.encode("utf-8", "surrogatepass"))
        digest.update(np.array([view.fx, view.fy, view.cx, view.cy]).tobytes())
        digest.update(np.ascontiguousarray(view.view_matrix).tobytes())
    cloud = inputs.reconstruction.cloud
    digest.update(np.ascontiguousarray(cloud.xyz).tobytes())
    digest.update(np.ascontiguousarray(cloud.rgb).tobytes())
    return digest.hexdigest()
