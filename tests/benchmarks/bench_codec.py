"""Bytes, CPU seconds and errors of the codec on a .ply, by order of the Gaussians.

``python tests/benchmarks/bench_codec.py SCENE.ply [hilbert morton plas] [--palette N]``
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from spaceport_app.sogs import file, version2
from spaceport_app.sogs.bundle import Bundle
from spaceport_app.sogs.measure import measure
from spaceport_app.sogs.options import CompressOptions
from spaceport_app.splats.file import read_ply
from spaceport_app.splats.model import Splats

COLUMNS = (
    ("rotation_rms_degrees", "rotation deg", ".3f"),
    ("position_rms_relative", "position /diag", ".2e"),
    ("log_scale_rms", "log-scale", ".4f"),
    ("opacity_max", "opacity max", ".4f"),
    ("dc_rms", "dc", ".4f"),
    ("sh_snr_db", "SH dB", ".2f"),
)


def encode(splats: Splats, path: Path, options: CompressOptions) -> tuple[Bundle, float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    bundle = file.write(path, splats, "sog", options)
    return bundle, time.process_time() - cpu, time.perf_counter() - wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ply", type=Path)
    parser.add_argument("orders", nargs="*", default=["hilbert", "morton"])
    parser.add_argument("--palette", type=int, default=0, help="entries, 0 for automatic")
    arguments = parser.parse_args()
    splats = read_ply(arguments.ply)
    size = arguments.ply.stat().st_size
    print(f"{arguments.ply.name}: {len(splats):,} Gaussians, degree {splats.sh_degree}, {size:,} B")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.sog"
        started = time.process_time()
        sample = splats.take(np.arange(min(len(splats), 5000)))
        version2.encode(sample, CompressOptions(palette_entries=1000), lambda _: None)
        print(f"first call, kernels compiled or loaded: {time.process_time() - started:.1f} CPU s")
        titles = "  ".join(f"{title:>14}" for _, title, _ in COLUMNS)
        print(f"{'order':8}  {'bytes':>11}  {'ratio':>6}  {'CPU s':>6}  {'wall s':>6}  {titles}")
        for order in arguments.orders:
            options = CompressOptions(order=order, palette_entries=arguments.palette)
            bundle, cpu, wall = encode(splats, path, options)
            found = measure(splats, file.read(path), bundle, size)
            written = path.stat().st_size
            cells = [
                f"{found[n]:{form}}" if found[n] is not None else "-" for n, _, form in COLUMNS
            ]
            numbers = "  ".join(f"{cell:>14}" for cell in cells)
            start = f"{order:8}  {written:11,}  {size / written:6.2f}  {cpu:6.2f}  {wall:6.2f}"
            print(f"{start}  {numbers}")
            parts = ", ".join(f"{name} {len(data):,}" for name, data in bundle.files.items())
            print(f"          {parts}")


if __name__ == "__main__":
    main()
