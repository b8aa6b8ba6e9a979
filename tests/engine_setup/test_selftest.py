from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spaceport_app.engine_setup import selftest
from spaceport_app.engine_setup.selftest import SelfTestError
from spaceport_app.splats.engines.cpu.engine import CpuEngine


def ignore(step: str, done: int, total: int) -> None:
    pass


class Wrong(CpuEngine):
    """Renders a little wrong."""

    def render(self, *arguments: Any, **options: Any) -> Any:
        image = super().render(*arguments, **options)
        return image + np.float32(0.02)


class Idle(CpuEngine):
    """Does not learn."""

    def step(self, view: Any, settings: Any) -> Any:
        before = self.state()
        metrics = super().step(view, settings)
        self.restore(before)
        return metrics


def test_a_good_engine_passes() -> None:
    found = selftest.compare(CpuEngine(), CpuEngine(), ignore)
    assert found["psnr_db"] == 200.0
    assert found["last_loss"] < 0.7 * found["first_loss"]


def test_another_picture_is_noticed() -> None:
    with pytest.raises(SelfTestError, match="its picture is not the CPU engine's"):
        selftest.compare(Wrong(), CpuEngine(), ignore)


def test_an_engine_that_does_not_learn_is_noticed() -> None:
    with pytest.raises(SelfTestError, match="does not learn"):
        selftest.compare(Idle(), CpuEngine(), ignore)
