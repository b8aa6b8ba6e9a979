"""What a stage will take: seconds, memory, disk, told before the start.

The constants were measured with the sample flight (30 photos of 1200x900) and a beach (18 of
1600x900) on two cores of a busy Xeon server without a GPU; those of CUDA come from gsplat's
published training times (30,000 steps to a million Gaussians in 15 minutes on an A100). On
another computer the times are right to a factor of two or three, no better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

_MB = 1e6


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


def _wall(cpu_seconds: float, work: Workload) -> float:
    # Of two cores 1.7 were at work on average; more cores help less and less.
    return cpu_seconds / (0.85 * work.cores) if work.cores < 8 else cpu_seconds / 6.8


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
    return Estimate(3.0 + _wall(cpu, work), memory, disk)


def of_train(work: Workload, options: Options) -> Estimate:
    """Steps, each by the pixels of a photo, the Gaussians, and both together."""
    o = options["train"]
    largest = (
        o.image_size
        if options["sfm"].view_size == 0
        else min(o.image_size, options["sfm"].view_size)
    )
    pixels = work.pixels(largest)
    gaussians = float(o.max_gaussians)
    terms = (o.sh_degree + 1) ** 2
    # Most steps have fewer Gaussians than at the end, and the first third smaller photos.
    early = 0.7 if o.coarse_to_fine else 0.9
    if work.device == "cuda":
        step = 0.004 + 2.2e-8 * gaussians + 3e-9 * pixels
        seconds = 10.0 + o.iterations * early * step
    else:
        step = 1.24e-7 * pixels + 4.9e-7 * gaussians + 1.1e-12 * pixels * gaussians
        seconds = 6.0 + _wall(o.iterations * early * step, work)
    photos = min(work.photos * pixels * 3, o.views_memory_mb * 1e6)
    state = gaussians * (11 + 3 * terms) * 4
    memory = 500 * _MB + photos + 10 * state + 60 * pixels
    return Estimate(seconds, memory, 9 * state + 2 * _MB)


def of_compress(work: Workload, options: Options) -> Estimate:
    """Palette, textures, and rendering the held-out photos from the bundle."""
    gaussians = float(options["train"].max_gaussians)
    terms = (options["train"].sh_degree + 1) ** 2
    cpu = gaussians * (3e-5 + 3e-6 * terms)
    memory = 400 * _MB + gaussians * (11 + 3 * terms) * 4 * 8
    return Estimate(2.0 + _wall(cpu, work), memory, gaussians * 25)


def of_export(work: Workload, options: Options) -> Estimate:
    """Copying the bundle; other formats are encoded again."""
    gaussians = float(options["train"].max_gaussians)
    terms = (options["train"].sh_degree + 1) ** 2
    ply = gaussians * (14 + 3 * terms) * 4 if "ply" in options["export"].formats else 0.0
    return Estimate(1.0, 150 * _MB, gaussians * 25 + ply)
