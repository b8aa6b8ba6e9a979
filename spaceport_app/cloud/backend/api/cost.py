"""What a job has cost: the seconds of each SageMaker job times the price of its machine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from spaceport_app.cloud.backend.api.compute import Compute
from spaceport_app.cloud.backend.api.configuration import Configuration

TABLE = "prices.json"
BY = "seconds of each job times the price table"


def prices(configuration: Configuration) -> Mapping[str, float]:
    """Return US dollars an hour by instance type: the shipped table under the deployment's."""
    shipped = json.loads(Path(__file__).with_name(TABLE).read_text(encoding="utf-8"))
    return {**shipped["usdPerHour"], **configuration.prices}


def spent(computes: Iterable[Compute], table: Mapping[str, float], now: datetime) -> dict[str, Any]:
    """Return the cost so far; machines that have no price are named, not guessed."""
    usd, unknown = 0.0, set()
    for compute in computes:
        seconds = compute.seconds(now)
        if compute.instance in table:
            usd += seconds / 3600 * table[compute.instance]
        elif seconds:
            unknown.add(compute.instance)
    answer: dict[str, Any] = {"spent": round(usd, 4), "by": BY}
    return answer | {"withoutPrice": sorted(unknown)} if unknown else answer
