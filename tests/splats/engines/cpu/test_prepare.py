from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import engine_scenes as scenes
import numpy as np
import pytest

from spaceport_app.splats.engines.contract import LearningRates, StepSettings, TrainingView
from spaceport_app.splats.engines.cpu import prepare
from spaceport_app.splats.engines.cpu.engine import CpuEngine

SCRIPT = """
from numba import njit
from spaceport_app.splats.engines.cpu import prepare

def one(x): return x + 1
def two(x): return x * 2

def counted_in_a_new_process():
    kernels = tuple(njit(f, cache=True) for f in (one, two))
    prepare.KERNELS = kernels
    told = []
    prepare.compile_all(lambda: [k(3) for k in kernels], lambda *c: told.append(c))
    print(told)

counted_in_a_new_process()
"""


def test_kernels_are_counted_while_they_are_compiled_and_once_only(tmp_path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    environment["PYTHONPATH"] = str(Path.cwd())
    for told in ("[(0, 2), (1, 2), (1, 2), (2, 2)]", "[]"):
        done = subprocess.run(
            [sys.executable, str(script)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.strip() == told, done.stderr


def test_a_prepared_engine_needs_no_more_compiling() -> None:
    engine = CpuEngine()
    engine.prepare(lambda done, total: None)
    before = [len(kernel.signatures) for kernel in prepare.KERNELS]
    assert min(before) >= 1
    engine.load(scenes.gaussians(20, 2))
    picture = np.zeros((37, 45, 3), np.uint8)
    settings = StepSettings(7, 2, LearningRates(1e-3), noise=5.0, screen_gradients=True)
    engine.step(TrainingView(scenes.camera(), picture, 3), settings)
    engine.render(scenes.camera(), antialiased=True)
    assert [len(kernel.signatures) for kernel in prepare.KERNELS] == before


def test_who_counts_may_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from numba import njit

    def kernel(x: int) -> int:
        return x + np.int64(1)

    fresh = njit(kernel)
    monkeypatch.setattr(prepare, "KERNELS", (fresh,))

    def stop(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        prepare.compile_all(lambda: fresh(1), stop)
