"""``POST /jobs/{id}/stop``: nothing counts as stopped before its machines are seen dead."""

from __future__ import annotations

from dataclasses import dataclass

from spaceport_app.cloud import layout
from spaceport_app.cloud.backend.api import compute, execution, records, status
from spaceport_app.cloud.backend.api.records import Record
from spaceport_app.cloud.backend.api.services import Services
from spaceport_app.cloud.job import State


@dataclass(frozen=True)
class Stopping:
    """What came of a stop: the state as seen, and the names of what was stopped and is dead."""

    state: State
    resources: tuple[str, ...]


def stop(services: Services, record: Record) -> Stopping:
    """Stop the execution and then every SageMaker job of a job; wait to see them dead.

    A job that has ended is left as it is, and one that was never started can't be any more.
    """
    before = status.look(services, record)
    if before.state in {"finished", "failed"} and compute.all_dead(before.computes):
        return Stopping(before.state, ())
    records.wish_stop(services, record)
    execution.end(services, record.id)
    found = compute.kill(services, record, services.configuration.stop_wait_s)
    after = status.look(services, record)
    lived = {c.step for c in before.computes if not c.dead}
    lived |= {c.step for c in found} - {c.step for c in before.computes}
    dead = [layout.compute_name(record.id, c.step) for c in after.computes if c.dead]
    running = before.run is not None and before.run["status"] == "RUNNING"
    ended = after.run is not None and after.run["status"] != "RUNNING"
    executions = [execution.arn(services.configuration, record.id)] if running and ended else []
    alive_before = {layout.compute_name(record.id, step) for step in lived}
    return Stopping(after.state, (*executions, *(name for name in dead if name in alive_before)))
