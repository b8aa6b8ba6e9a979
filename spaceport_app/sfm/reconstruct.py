"""The sfm stage: photos in, posed and undistorted views in metres out."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pycolmap

from spaceport_app import resources
from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue, Notice, Report
from spaceport_app.options import validate
from spaceport_app.photos.model import Photo
from spaceport_app.sfm import (
    cloud,
    database,
    features,
    georeference,
    loops,
    mapping,
    matching,
    memory,
    pairs,
    pruning,
    store,
    undistort,
    working_copies,
)
from spaceport_app.sfm.alignment import choose
from spaceport_app.sfm.growing import Growing
from spaceport_app.sfm.inputs import SfmInputs
from spaceport_app.sfm.mapping import Mapped
from spaceport_app.sfm.model import Reconstruction, View
from spaceport_app.sfm.options import SfmOptions
from spaceport_app.sfm.pairs import Pair
from spaceport_app.sfm.steps import Steps
from spaceport_app.sfm.working_copies import WorkingCopy

__all__ = ["SfmInputs", "SfmOptions", "run"]

_log = logging.getLogger(__name__)

_MORE_OVERLAP = "Fly with at least 70 % overlap between neighbouring photos and add more of them."


def run(inputs: SfmInputs, options: SfmOptions, report: Report) -> dict[str, JsonValue]:
    """Find where the photos were taken and write views, cloud and model in the world frame.

    The frame is east, north, up in metres about `PhotoSet.origin`, or an arbitrary upright one
    without GPS. What lies in `inputs.scratch` from an earlier try is used again.

    Returns
    -------
    dict
        Measured figures: photos, registered, left out and why, points, reprojection error,
        residuals to GPS, the fit kept and why, cameras, seconds a step.

    Raises
    ------
    StageError
        ``too_few_photos``, ``no_features``, ``no_overlap`` or ``no_memory``.
    OSError
        If a folder cannot be written.
    """
    validate(options)
    job = _Job(inputs, options, Steps(report))
    photos = inputs.photos.used
    _need_three(len(photos), "The project has")
    copies, left_out = job.make_copies(photos)
    _need_three(len(copies), "Only")
    counts = job.find_features(copies)
    chosen = job.choose_pairs(copies)
    verified = job.match(copies, chosen)
    mapped = job.place(copies, verified)
    left_out |= _why_left_out(copies, mapped, counts)
    for name, reason in sorted(left_out.items()):
        report(Notice("left_out", reason, name))
    photo_of = {copy.name: copy.photo for copy in copies}
    weak = pruning.weakly_placed(mapped.model)
    for copy_name, points in weak.items():
        text = f"It was placed by {points} points only, so it may stand a little off."
        report(Notice("weakly_placed", text, photo_of[copy_name].name))
    with job.steps.step("alignment"):
        job.steps.progress("Aligning the cameras to GPS", 0, 1)
        origin = inputs.photos.origin
        observed = georeference.observe(mapped.model, photo_of, origin)
        alignment = choose.align(observed, options.random_seed)
        fit = alignment.similarity
        mapped.model.transform(
            pycolmap.Sim3d(fit.scale, pycolmap.Rotation3d(fit.rotation), fit.translation)
        )
        if alignment.residuals is None:
            origin = None
            report(Notice("no_gps", alignment.reason))
        placed = georeference.build(observed, alignment, origin)
        outliers = georeference.gps_outliers(placed)
        for name, metres in outliers.items():
            report(Notice("wrong_gps", f"Its GPS position is {metres:.0f} m off.", name))
        heights = georeference.altitude_outliers(placed)
        for name, metres in heights.items():
            way = "high" if metres > 0 else "low"
            text = f"Its GPS altitude is {abs(metres):.0f} m too {way}."
            report(Notice("wrong_altitude", text, name))
        job.steps.progress("Aligning the cameras to GPS", 1, 1)
    with job.steps.step("views"):
        views = job.write_views(copies, mapped)
        result = Reconstruction(views, cloud.of_model(mapped.model), placed, left_out)
        store.write(inputs.output, result)
    figures: dict[str, JsonValue] = {
        "photos": len(photos),
        "registered": len(views),
        "left_out": dict(left_out),
        "weakly_placed": {photo_of[name].name: points for name, points in weak.items()},
        "points": len(result.cloud.xyz),
        "reprojection_error_px": round(mapped.model.compute_mean_reprojection_error(), 4),
        "mean_track_length": round(mapped.model.compute_mean_track_length(), 3),
        "horizontal_rmse_m": _rounded(placed.horizontal_rmse_m),
        "vertical_rmse_m": _rounded(placed.vertical_rmse_m),
        "wrong_gps_m": dict(outliers),
        "wrong_altitude_m": dict(heights),
        "method": placed.method,
        "reason": placed.reason,
        "evidence_deg": dict(alignment.angles_deg),
        "fit_costs": dict(alignment.costs),
        "mapper": mapped.mapper,
        "mapper_tries": list(mapped.tries),
        "model_sizes": list(mapped.sizes),
        "pairs": len(chosen),
        "verified_pairs": verified,
        "features": sum(counts.values()),
        "cameras": _cameras(copies, mapped, options),
    }
    return figures | {
        "seconds": round(sum(job.steps.seconds.values()), 3),
        "seconds_by_step": dict(job.steps.seconds),
        "cpu_seconds_by_step": dict(job.steps.cpu_seconds),
    }


@dataclass
class _Job:
    inputs: SfmInputs
    options: SfmOptions
    steps: Steps

    @property
    def images(self) -> Path:
        return self.inputs.scratch / "images"

    @property
    def database(self) -> Path:
        return self.inputs.scratch / "database.db"

    @property
    def threads(self) -> int:
        return self.options.threads or resources.cores()

    def picture_threads(self, sizes: Iterable[tuple[int, int]]) -> int:
        largest = max(width * height for width, height in sizes)
        return memory.picture_threads(largest, self.threads, resources.free_memory_bytes())

    def make_copies(self, photos: Sequence[Photo]) -> tuple[list[WorkingCopy], dict[str, str]]:
        text = f"Decoding {len(photos)} photos"
        with self.steps.step("copies"):
            planned = working_copies.plan(
                photos, self.options.feature_image_size, self.options.view_size
            )
            failed = working_copies.make(
                planned,
                self.images,
                self.picture_threads((photo.width, photo.height) for photo in photos),
                lambda done, total: self.steps.progress(text, done, total),
            )
        return [copy for copy in planned if copy.photo.name not in failed], failed

    def find_features(self, copies: Sequence[WorkingCopy]) -> dict[str, int]:
        text = f"Finding features in {len(copies)} photos"
        with self.steps.step("features"):
            database.prepare(self.database, copies, self.options.camera_model)
            return features.extract(
                self.database,
                self.images,
                copies,
                self.options,
                lambda done, total: self.steps.progress(text, done, total),
            )

    def choose_pairs(self, copies: Sequence[WorkingCopy]) -> list[Pair]:
        count, options = len(copies), self.options
        text = "Choosing pairs of photos to match"
        with self.steps.step("pairs"):
            self.steps.progress(text, 0, count)
            positions = georeference.local_positions(
                tuple(copy.photo for copy in copies), self.inputs.photos.origin
            )
            rule = options.pairing
            if rule == "auto":
                rule = "sequential"
                if pairs.is_spread(positions):
                    rule = "neighbours"
                elif count <= pairs.EXHAUSTIVE_UP_TO:
                    rule = "exhaustive"
            if rule == "exhaustive" or count <= options.neighbours + 1:
                chosen = pairs.exhaustive(count)
            elif rule == "neighbours":
                chosen = pairs.neighbours(
                    positions, _targets(copies, positions), options.neighbours
                )
            else:
                alike = loops.similarity(
                    loops.largest_descriptors(self.database, range(1, count + 1)),
                    lambda done, total: self.steps.progress(text, done, total),
                )
                chosen = pairs.with_loops(
                    count, max(2, options.neighbours // 2), alike, options.neighbours
                )
            self.steps.progress(text, count, count)
        _log.info("%d pairs by rule %s", len(chosen), rule)
        return chosen

    def match(self, copies: Sequence[WorkingCopy], chosen: Sequence[Pair]) -> int:
        text = f"Matching {len(chosen)} pairs of photos"
        with self.steps.step("matching"):
            return matching.match(
                self.database,
                copies,
                chosen,
                self.threads,
                self.options.random_seed,
                lambda done, total: self.steps.progress(text, done, total),
            )

    def place(self, copies: Sequence[WorkingCopy], verified: int) -> Mapped:
        mapped = None
        growing = Growing(
            self.inputs.scratch,
            self.images,
            {copy.name: copy.photo for copy in copies},
            self.inputs.photos.origin,
            self.options.random_seed,
            self.steps.report,
        )
        if verified >= 2:  # three photos hang together by two pairs at least
            with self.steps.step("mapping"):
                mapped = mapping.reconstruct(
                    self.database,
                    self.images,
                    len(copies),
                    self.options.mapper,
                    self.threads,
                    self.options.random_seed,
                    self.steps.progress,
                    lambda model, always: growing.show(model, always=always),
                )
                if mapped is not None and mapped.mapper == "incremental":
                    # The global mapper has shown its last state already.
                    growing.show(mapped.model, always=True)
        if mapped is None:
            raise StageError(
                "no_overlap",
                "The photos don't overlap enough to find out where they were taken.",
                _MORE_OVERLAP,
            )
        return mapped

    def write_views(self, copies: Sequence[WorkingCopy], mapped: Mapped) -> tuple[View, ...]:
        folder = self.inputs.output / store.VIEWS
        folder.mkdir(exist_ok=True)
        model = self.inputs.output / store.MODEL
        model.mkdir(exist_ok=True)
        mapped.model.write(model)
        text = f"Undistorting {mapped.sizes[0]} photos"
        return undistort.write_views(
            mapped.model,
            copies,
            self.images,
            folder,
            self.options.view_size,
            self.picture_threads((copy.width, copy.height) for copy in copies),
            lambda done, total: self.steps.progress(text, done, total),
        )


def _need_three(count: int, words: str) -> None:
    if count >= pruning.FEWEST_PHOTOS:
        return
    photos = "no photo" if count == 0 else "1 photo" if count == 1 else f"{count} photos"
    rest = " can be used." if words == "Only" else " that can be used."
    raise StageError(
        "too_few_photos",
        f"{words} {photos}{rest}",
        f"Add at least {pruning.FEWEST_PHOTOS} overlapping photos; 20 and more make a good scene.",
    )


def _targets(
    copies: Sequence[WorkingCopy], positions: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    photos = [copy.photo for copy in copies]
    heights = [
        math.nan
        if p.position is None or p.position.relative_altitude is None
        else p.position.relative_altitude
        for p in photos
    ]
    yaws = [math.nan if p.orientation is None else p.orientation.yaw for p in photos]
    pitches = [math.nan if p.orientation is None else p.orientation.pitch for p in photos]
    return pairs.look_at(positions, np.array(heights), np.array(yaws), np.array(pitches))


def _why_left_out(
    copies: Sequence[WorkingCopy], mapped: Mapped, counts: dict[str, int]
) -> dict[str, str]:
    placed = {mapped.model.image(i).name for i in mapped.model.reg_image_ids()}
    reasons = {}
    for copy in copies:
        if copy.name in placed:
            continue
        if copy.name in mapped.others:
            size = mapped.sizes[mapped.others[copy.name] - 1]
            reason = f"It belongs to a separate part of {size} photos without enough overlap."
        elif counts[copy.name] < features.FEW_FEATURES:
            reason = f"It shows too little detail: {counts[copy.name]} features."
        else:
            reason = "It doesn't overlap enough with the other photos."
        reasons[copy.photo.name] = reason
    return reasons


def _cameras(
    copies: Sequence[WorkingCopy], mapped: Mapped, options: SfmOptions
) -> dict[str, JsonValue]:
    result: dict[str, JsonValue] = {}
    for group in sorted({copy.group for copy in copies}):
        members = [copy for copy in copies if copy.group == group]
        if not mapped.model.exists_camera(group):
            continue
        prior = database.prior_camera(group, members, options.camera_model)
        refined = mapped.model.camera(group)
        photo = members[0].photo
        result[f"camera{group}"] = {
            "name": photo.camera,
            "photos": len(members),
            "width": refined.width,
            "height": refined.height,
            "model": refined.model_name,
            "focal_prior_px": round(prior.mean_focal_length(), 2)
            if prior.has_prior_focal_length
            else None,
            "focal_px": round(refined.mean_focal_length(), 2),
            "parameters": [round(float(value), 6) for value in refined.params],
        }
    return result


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
