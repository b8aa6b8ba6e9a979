"""What a training run reaches after how many seconds, on photos that it never sees.

    python tests/benchmarks/bench_training.py RECONSTRUCTION [--preset NAME] [--name SET]
        [--json FILE] [OPTION=VALUE ...]

RECONSTRUCTION is the folder that the sfm stage wrote; OPTION any field of TrainOptions, such as
``held_out=IMG_0474.jpg`` or ``iterations=2000``, on top of the preset's. Seconds hold everything
from the first step on, measuring included; compiling is done before on a few steps that are
thrown away. ``--json`` adds the run to a file that ``draw_curves.py`` makes a picture of.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

# Read when OpenMP is loaded; the pipeline's children have it (see `CpuEngine`).
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from spaceport_app.events import Event, Metric, Notice, ignore
from spaceport_app.pipeline import presets
from spaceport_app.sfm import store
from spaceport_app.splats.training.options import TrainOptions
from spaceport_app.splats.training.run import TrainInputs, run


def parsed(preset: str, texts: list[str]) -> TrainOptions:
    """Return the options of a preset with those changed that texts like ``seed=2`` name."""
    options = TrainOptions(engine="cpu", preview_every_s=0.0)
    if preset:
        options = replace(options, **dict(presets.values(preset, "cpu", "train")))  # type: ignore[arg-type]
    kinds = {f.name: type(getattr(options, f.name)) for f in fields(options)}
    for text in texts:
        name, _, value = text.partition("=")
        kind = kinds[name]
        given = value in ("1", "true", "True") if kind is bool else kind(value)
        options = replace(options, **{name: given})
    return options


class Curve:
    """Rows of a run as they come, printed and kept."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self._wall, self._cpu = time.perf_counter(), _cpu_seconds()
        print(f"{'step':>9} {'Gaussians':>9} {'wall s':>7} {'CPU s':>7} {'PSNR dB':>8} {'SSIM':>7}")

    def add(self, step: float, gaussians: float, psnr: float, ssim: float) -> None:
        """Print and keep a measurement made now."""
        wall, cpu = time.perf_counter() - self._wall, _cpu_seconds() - self._cpu
        print(
            f"{step:>9.0f} {gaussians:>9.0f} {wall:>7.1f} {cpu:>7.1f} {psnr:>8.2f} {ssim:>7.4f}",
            flush=True,
        )
        self.rows.append(
            {
                "step": step,
                "gaussians": gaussians,
                "wall_s": round(wall, 2),
                "cpu_s": round(cpu, 2),
                "psnr_db": round(psnr, 3),
                "ssim": round(ssim, 4),
            }
        )

    def report(self, event: Event) -> None:
        """Take note of what a run tells."""
        if isinstance(event, Notice):
            print(event.message)
        if isinstance(event, Metric) and "psnr_db" in event.values:
            values = event.values
            self.add(
                values["iteration"],
                values["gaussians"],
                values["psnr_db"],
                values["ssim_held_out"],
            )


def main() -> None:
    """Train once; print a row a measurement, then each held-out view."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reconstruction", type=Path)
    parser.add_argument("options", nargs="*", help="OPTION=VALUE")
    parser.add_argument("--preset", default="", choices=("", *presets.NAMES))
    parser.add_argument("--name", default="", help="name of the set in the picture")
    parser.add_argument("--json", type=Path, help="file to add the run to")
    arguments = parser.parse_intermixed_args()
    reconstruction = store.read(arguments.reconstruction)
    options = parsed(arguments.preset, arguments.options)
    with tempfile.TemporaryDirectory() as folder:
        warm, cold = Path(folder, "warm"), Path(folder, "cold")
        for place in (warm, cold):
            (place / "output").mkdir(parents=True)
            (place / "scratch").mkdir()
        few = replace(options, iterations=8, image_size=64, clean_up=False, sh_degree=3)
        run(TrainInputs(reconstruction, warm / "output", warm / "scratch"), few, ignore)
        curve = Curve()
        result: dict[str, Any] = run(
            TrainInputs(reconstruction, cold / "output", cold / "scratch"), options, curve.report
        )
        curve.add(options.iterations, result["gaussians"], result["psnr_db"], result["ssim"])
    for view in result["views"]:
        print(
            f"{view['name']}: {view['psnr_db']:.2f} dB, SSIM {view['ssim']:.4f}, "
            f"colour-fitted {view['colour_fitted_psnr_db']:.2f} dB"
        )
    for name in ("training_seconds", "psnr_before_clean_up_db", "removed"):
        print(f"{name}: {result[name]}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory: {peak:.0f} MB")
    if arguments.json:
        runs = json.loads(arguments.json.read_text()) if arguments.json.exists() else []
        runs.append(
            {
                "set": arguments.name or arguments.reconstruction.resolve().parent.stem,
                "preset": arguments.preset,
                "options": asdict(options),
                "rows": curve.rows,
                "views": result["views"],
                "peak_mb": round(peak),
            }
        )
        arguments.json.write_text(json.dumps(runs, indent=1))


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
