"""Print PSNR and SSIM against CPU and wall seconds for one training.

Usage: python tests/benchmarks/bench_training.py RECONSTRUCTION [OPTION=VALUE ...]

RECONSTRUCTION is the folder that the sfm stage wrote; OPTION any field of TrainOptions, such as
``held_out=IMG_0474.jpg`` or ``iterations=2000``. Seconds hold everything from the first step on,
measuring included; compiling is done before on a few steps that are thrown away.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from dataclasses import fields, replace
from pathlib import Path

from spaceport_app.events import Event, Metric, Notice, ignore
from spaceport_app.sfm import store
from spaceport_app.splats.training.options import TrainOptions
from spaceport_app.splats.training.run import TrainInputs, run


def parsed(texts: list[str]) -> TrainOptions:
    """Return the options that texts such as ``sh_degree=2`` describe."""
    options = TrainOptions(preview_every_s=0.0)
    kinds = {f.name: type(getattr(options, f.name)) for f in fields(options)}
    for text in texts:
        name, _, value = text.partition("=")
        kind = kinds[name]
        given = value in ("1", "true", "True") if kind is bool else kind(value)
        options = replace(options, **{name: given})
    return options


def main() -> None:
    """Train once and print a row a measurement."""
    reconstruction = store.read(Path(sys.argv[1]))
    options = parsed(sys.argv[2:])
    with tempfile.TemporaryDirectory() as folder:
        warm, cold = Path(folder, "warm"), Path(folder, "cold")
        for place in (warm, cold):
            (place / "output").mkdir(parents=True)
            (place / "scratch").mkdir()
        few = replace(options, iterations=8, image_size=64, clean_up=False, sh_degree=3)
        run(TrainInputs(reconstruction, warm / "output", warm / "scratch"), few, ignore)

        started, used = time.perf_counter(), _cpu_seconds()

        def report(event: Event) -> None:
            if isinstance(event, Notice):
                print(event.message)
            if isinstance(event, Metric) and "psnr_db" in event.values:
                row(event.values["iteration"], event.values["gaussians"], event.values)

        def row(iteration: float, gaussians: float, values: object) -> None:
            assert isinstance(values, dict)
            wall, cpu = time.perf_counter() - started, _cpu_seconds() - used
            ssim = values.get("ssim_held_out", values.get("ssim"))
            print(
                f"{iteration:>9.0f} {gaussians:>9.0f} {wall:>7.1f} {cpu:>7.1f}"
                f" {values['psnr_db']:>8.2f} {ssim:>7.4f}",
                flush=True,
            )

        print(f"{'step':>9} {'Gaussians':>9} {'wall s':>7} {'CPU s':>7} {'PSNR dB':>8} {'SSIM':>7}")
        result = run(
            TrainInputs(reconstruction, cold / "output", cold / "scratch"), options, report
        )
        row(options.iterations, float(str(result["gaussians"])), result)
    for name in ("training_seconds", "psnr_before_clean_up_db", "removed", "views"):
        print(f"{name}: {result[name]}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory: {peak:.0f} MB")


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
