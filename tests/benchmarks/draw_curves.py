"""Draw PSNR and SSIM against seconds, as ``bench_training.py --json`` measured them.

python tests/benchmarks/draw_curves.py runs.json docs/images/training-curves.png
"""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pyqtgraph as pg
from PySide6.QtCore import Qt

_COLOURS = ("#1f77b4", "#d95f02", "#2ca02c", "#9467bd", "#8c564b", "#e377c2")
_CLOCKS = {
    "wall": "wall seconds of training, two cores",
    "cpu": "CPU seconds of training, user and system",
}
_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
_LINE = 0.035
"""Height of a line of text, as a part of the values' range."""
_ROOM = 0.7
"""For the names right of the last point, in decades."""
_DASHES = {
    "preview": Qt.PenStyle.SolidLine,
    "standard": Qt.PenStyle.DashLine,
    "high": Qt.PenStyle.DotLine,
}


def draw(runs: list[dict[str, Any]], path: Path, clock: str) -> None:
    """Write a PNG with PSNR on the left and SSIM on the right, `clock` seconds along both."""
    pg.setConfigOptions(background="w", foreground="#333333", antialias=True)
    app = pg.mkQApp()
    widget = pg.GraphicsLayoutWidget()
    widget.resize(1200, 480)
    sets = list(dict.fromkeys(run["set"] for run in runs))
    for column, (key, label) in enumerate((("psnr_db", "PSNR, dB"), ("ssim", "SSIM"))):
        plot = widget.addPlot(row=0, col=column)
        plot.setLogMode(x=True)
        ticks = [(math.log10(second), str(second)) for second in _TICKS]
        plot.getAxis("bottom").setTicks([ticks, []])
        plot.getAxis("left").enableAutoSIPrefix(False)
        plot.setLabel("bottom", _CLOCKS[clock])
        plot.setLabel("left", f"{label}, mean of the held-out photos")
        plot.showGrid(x=True, y=True, alpha=0.25)
        for run in runs:
            colour = _COLOURS[sets.index(run["set"]) % len(_COLOURS)]
            dash = _DASHES.get(run["preset"], Qt.PenStyle.DotLine)
            rows = run["rows"]
            plot.plot(
                [row[f"{clock}_s"] for row in rows],
                [row[key] for row in rows],
                pen=pg.mkPen(colour, width=2, style=dash),
                symbol="o",
                symbolSize=5,
                symbolBrush=colour,
                symbolPen=None,
            )
        _name_ends(plot, runs, key, clock, sets)
    widget.show()
    app.processEvents()
    widget.grab().save(str(path))


def _name_ends(
    plot: Any, runs: list[dict[str, Any]], key: str, clock: str, sets: list[str]
) -> None:
    """Write each curve's name at its end, apart from each other: a legend would cover some."""
    values = [row[key] for run in runs for row in run["rows"]]
    seconds = [row[f"{clock}_s"] for run in runs for row in run["rows"]]
    apart = _LINE * (max(values) - min(values))
    lowest = -math.inf
    for run in sorted(runs, key=lambda run: float(run["rows"][-1][key])):
        last = run["rows"][-1]
        lowest = max(last[key], lowest + apart)
        colour = _COLOURS[sets.index(run["set"]) % len(_COLOURS)]
        text = f"{run['set']}, {run['preset'] or 'own options'}: {last[key]:.4g}"
        name = pg.TextItem(text, colour, anchor=(0, 0.5))
        name.setPos(math.log10(last[f"{clock}_s"]), lowest)
        plot.addItem(name)
    plot.setXRange(math.log10(min(seconds)), math.log10(max(seconds)) + _ROOM)


if __name__ == "__main__":
    draw(
        json.loads(Path(sys.argv[1]).read_text("utf-8")),
        Path(sys.argv[2]),
        (sys.argv[3:] or ["wall"])[0],
    )
