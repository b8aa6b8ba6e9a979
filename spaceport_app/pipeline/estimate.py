"""What a stage will take: seconds, memory, disk, told before the start.

The constants were measured with the sample flight (30 photos of 1200x900) and a beach (18 of
1600x900) on two cores of a busy Xeon server without a GPU; those of CUDA come from gsplat's
published training times (30,000 steps to a million Gaussians in 15 minutes on an A100). On
another computer the times are right to a factor of two or three, no better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from spaceport_app.splats.training import budget
from spaceport_app.splats.training.budget import Budget, Machine, Scene
from spaceport_app.splats.training.cost import state_bytes, wall_seconds
from spaceport_app.splats.training.options import TrainOptions

_MB = 1e6
_START_S = {"cpu": 3.0, "cuda": 10.0}
_POINTS_A_PHOTO = 200
_NO_LIMIT = 10**9


@dataclass(frozen=True)
class Workload:
    """What there is to do.

    Parameters
    ----------
    photos : int
        Photos that will be used.
    width, height : float
        Their usual size in pixels.
    cores : int
        Cores that work on it.
    device : str
        ``"cpu"`` or ``"cuda"`` for training.
    """

    photos: int
    width: float
    height: float
    cores: int
    device: str

    def pixels(self, larger_side: float) -> float:
        """Return the pixels of a photo reduced to a larger side; 0 keeps it as it is."""
        longest = max(self.width, self.height, 1.0)
        factor = min(1.0, larger_side / longest) if larger_side > 0 else 1.0
        return self.width * self.height * factor**2


@dataclass(frozen=True)
class Estimate:
    """Wall seconds, largest resident memory, and bytes on disk while it works."""

    seconds: float
    memory_bytes: float
    disk_bytes: float


Options: TypeAlias = Mapping[str, Any]
Estimator: TypeAlias = Callable[[Workload, Options], Estimate]


def of_import(work: Workload, options: Options) -> Estimate:
    """Decoding: 0.12 CPU seconds a megapixel, in two threads that hold one photo each."""
    megapixels = work.photos * work.width * work.height / 1e6
    decoded = 2 * work.width * work.height * 16
    return Estimate(1.0 + 0.06 * megapixels, 110 * _MB + decoded, 2000.0 * work.photos)


def of_sfm(work: Workload, options: Options) -> Estimate:
    """Features, matching, mapping, views; each by what it was measured to grow with."""
    o = options["sfm"]
    pixels = work.pixels(o.feature_image_size)
    finer = 4.0 if o.first_octave < 0 else 1.0
    features = min(o.max_features, 0.0046 * pixels * (2.0 if finer > 1 else 1.0))
    pairs = work.photos * min(0.6 * o.neighbours, (work.photos - 1) / 2)
    view_pixels = work.pixels(o.view_size)
    cpu = work.photos * (
        0.45 * finer * pixels / 1e6 + 0.3 * (features / 5000) + 0.07 * view_pixels / 1e6
    )
    cpu += pairs * 0.068 * (features / 5000) ** 2
    memory = 300 * _MB + work.cores * pixels * finer * 75 + work.photos * features * 300
    disk = work.photos * (0.9 * (pixels + view_pixels) + features * 150)
    return Estimate(3.0 + wall_seconds(cpu, work.cores), memory, disk)


def of_train(work: Workload, options: Options) -> Estimate:
    """Steps, each by the pixels of a photo, the Gaussians, and both together."""
    scene, machine = _scene(work, options), Machine(work.device, work.cores)
    o = _fitted(work, options)
    seconds = _START_S[work.device] + budget.training_seconds(o, scene, machine)
    seconds += budget.finishing_seconds(o, scene, machine)
    pixels = scene.pixels_at(o.image_size)
    photos = min(work.photos * pixels * 3, o.views_memory_mb * 1e6)
    gaussians, terms = float(o.max_gaussians), (o.sh_degree + 1) ** 2
    memory = 500 * _MB + photos + gaussians * state_bytes(o.sh_degree) + 60 * pixels
    return Estimate(seconds, memory, gaussians * (11 + 3 * terms) * 4 * 9 + 2 * _MB)


def _scene(work: Workload, options: Options) -> Scene:
    side = max(work.width, work.height)
    if options["sfm"].view_size:
        side = min(side, options["sfm"].view_size)
    return Scene(
        int(side), work.pixels(side), _POINTS_A_PHOTO * work.photos, work.photos // 8, _NO_LIMIT
    )


def _fitted(work: Workload, options: Options) -> TrainOptions:
    """Return the training options with what follows from a given time and the photos' size."""
    o: TrainOptions = options["train"]
    scene = _scene(work, options)
    if o.finish_in_min > 0:
        before = of_import(work, options).seconds + of_sfm(work, options).seconds
        around = replace(after_training(work, options), spent_s=before + _START_S[work.device])
        o = budget.fitting(o, around, scene, Machine(work.device, work.cores))
    return replace(o, image_size=min(o.image_size, scene.full_side))


def after_training(work: Workload, options: Options) -> Budget:
    """Return what the stages after training take, apart and for each Gaussian."""

    def later(gaussians: int) -> float:
        train = replace(options["train"], max_gaussians=gaussians, finish_in_min=0.0)
        changed = {**options, "train": train}
        return of_compress(work, changed).seconds + of_export(work, changed).seconds

    few, many = later(1000), later(1_001_000)
    each = (many - few) / 1e6
    return Budget(0.0, few - 1000 * each, each)


def of_compress(work: Workload, options: Options) -> Estimate:
    """Palette, textures, and rendering the held-out photos from the bundle."""
    gaussians = float(_fitted(work, options).max_gaussians)
    terms = (options["train"].sh_degree + 1) ** 2
    cpu = gaussians * (3e-5 + 3e-6 * terms)
    memory = 400 * _MB + gaussians * (11 + 3 * terms) * 4 * 8
    return Estimate(2.0 + wall_seconds(cpu, work.cores), memory, gaussians * 25)


def of_export(work: Workload, options: Options) -> Estimate:
    """Copying the bundle; other formats are encoded again."""
    gaussians = float(_fitted(work, options).max_gaussians)
    terms = (options["train"].sh_degree + 1) ** 2
    ply = gaussians * (14 + 3 * terms) * 4 if "ply" in options["export"].formats else 0.0
    return Estimate(1.0, 150 * _MB, gaussians * 25 + ply)
