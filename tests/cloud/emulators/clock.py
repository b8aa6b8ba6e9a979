"""The state machine's clock in the tests: its waits go twenty times as fast."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

HURRY = 20.0


def install() -> None:
    """Hurry the waits of moto's engine; its time limits stay as they are."""
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function import wait_function

    def wait(self: Any, env: Any, wait_seconds: float) -> None:
        until = time.monotonic() + wait_seconds / HURRY
        # Events of others wake it too; the end of the execution alone ends it.
        while env.is_running() and (left := until - time.monotonic()) > 0:
            env.program_state_event.wait(left)

    wait_function.WaitFunction._wait_interval = wait  # type: ignore[method-assign]
    hurried = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / HURRY))
    retrier_decl.time = hurried  # type: ignore[assignment]
