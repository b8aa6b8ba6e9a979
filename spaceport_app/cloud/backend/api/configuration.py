"""What the deployment tells the API by environment variables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spaceport_app.cloud.backend.api import mailing
from spaceport_app.cloud.layout import STEPS, Step

_INSTANCES: Mapping[Step, str] = {
    "sfm": "ml.c6i.2xlarge",
    "3dgs": "ml.g4dn.xlarge",
    "compression": "ml.c6i.4xlarge",
}
_LIMITS_S: Mapping[Step, int] = {"sfm": 4 * 3600, "3dgs": 6 * 3600, "compression": 3600}
MOST_S = 22 * 3600
"""For all steps with their waits for spare capacity: the state machine ends everything at 24 h."""
RUNNING_JOBS, JOBS_A_DAY = 2, 20
"""Of one API key, where the deployment says nothing else."""
_POLL_S: Mapping[Step, int] = {"sfm": 60, "3dgs": 120, "compression": 60}


@dataclass(frozen=True)
class Configuration:
    """Where everything is, and the limits.

    Parameters
    ----------
    uploads, artifacts : str
        Names of the two buckets.
    state_machine : str
        ARN.
    seed_buckets : frozenset of str
        Buckets that the ``s3Url`` of ``POST /start-job`` may name.
    instances : mapping
        SageMaker instance type of each step.
    limits_s : mapping
        Seconds after which SageMaker ends each step.
    waits_s : mapping
        Seconds between two looks of the state machine at each step.
    allowed : mapping
        Instance types that a job may choose for each step; that of `instances` always.
    spot : bool
        Train on spare capacity, which may be interrupted.
    spot_choice : bool
        A job may choose whether it does.
    link_s : int
        Seconds for which presigned addresses are valid.
    kept_days : int
        Days after which the artifacts bucket forgets; told to the caller.
    stop_wait_s, poll_s : float
        How long a stop waits to see that all is dead, and how often it looks.
    running_jobs, jobs_a_day : int or None
        Jobs of one key that run at once, and that it makes a day; None: any number.
    mail_to : mapping or None
        To whom mails may go, as `mailing.listed` returns it; None: to anyone.
    prices : mapping
        US dollars an hour by instance type; these go before the shipped table.
    """

    uploads: str
    artifacts: str
    state_machine: str
    seed_buckets: frozenset[str] = frozenset()
    instances: Mapping[Step, str] = field(default_factory=lambda: dict(_INSTANCES))
    limits_s: Mapping[Step, int] = field(default_factory=lambda: dict(_LIMITS_S))
    waits_s: Mapping[Step, int] = field(default_factory=lambda: dict(_POLL_S))
    allowed: Mapping[Step, frozenset[str]] = field(default_factory=dict)
    spot: bool = False
    spot_choice: bool = False
    link_s: int = 3600
    kept_days: int = 30
    stop_wait_s: float = 20.0
    poll_s: float = 1.0
    running_jobs: int | None = None
    jobs_a_day: int | None = None
    mail_to: Mapping[str, frozenset[str]] | None = None
    prices: Mapping[str, float] = field(default_factory=dict)

    @property
    def longest_s(self) -> int:
        """Seconds that a job takes at most, as the state machine sets the limits of its steps."""
        # Training on spare capacity waits for it as long again.
        waits = self.spot or self.spot_choice
        return sum(self.limits_s.values()) + (self.limits_s["3dgs"] if waits else 0)

    def may_use(self, step: Step) -> frozenset[str]:
        """Return the instance types that a job may choose for a step."""
        return self.allowed.get(step, frozenset()) | {self.instances[step]}

    @staticmethod
    def of(environment: Mapping[str, str]) -> Configuration:
        """Read the environment of the function.

        Raises
        ------
        KeyError, ValueError
            If something is missing or makes no sense: the deployment is wrong.
        """
        allowed = _table(environment, "SPACEPORT_ALLOWED_INSTANCES")
        instances = _table(environment, "SPACEPORT_INSTANCES")
        limits = _table(environment, "SPACEPORT_LIMITS_SECONDS")
        waits = _table(environment, "SPACEPORT_POLL_SECONDS")
        prices = _table(environment, "SPACEPORT_PRICES")
        found = Configuration(
            uploads=environment["SPACEPORT_UPLOADS"],
            artifacts=environment["SPACEPORT_ARTIFACTS"],
            state_machine=environment["SPACEPORT_STATE_MACHINE"],
            seed_buckets=_names(environment.get("SPACEPORT_SEED_BUCKETS", "")),
            instances={step: str(instances.get(step, _INSTANCES[step])) for step in STEPS},
            limits_s={step: int(limits.get(step, _LIMITS_S[step])) for step in STEPS},
            waits_s={step: int(waits.get(step, _POLL_S[step])) for step in STEPS},
            allowed={step: _names(allowed.get(step, "")) for step in STEPS},
            spot=_switch(environment, "SPACEPORT_SPOT"),
            spot_choice=_switch(environment, "SPACEPORT_SPOT_CHOICE"),
            link_s=int(environment.get("SPACEPORT_LINK_SECONDS", "3600")),
            kept_days=int(environment.get("SPACEPORT_KEPT_DAYS", "30")),
            running_jobs=_number(environment, "SPACEPORT_RUNNING_JOBS", RUNNING_JOBS),
            jobs_a_day=_number(environment, "SPACEPORT_JOBS_A_DAY", JOBS_A_DAY),
            mail_to=mailing.listed(environment.get("SPACEPORT_MAIL_TO", "")),
            prices={name: float(price) for name, price in prices.items()},
        )
        if found.longest_s > MOST_S:
            raise ValueError(f"the limits of the steps come to over {MOST_S} s")
        return found


def _table(environment: Mapping[str, str], name: str) -> dict[str, Any]:
    table = json.loads(environment.get(name) or "{}")
    if not isinstance(table, dict):
        raise ValueError(f"{name} is no JSON object")
    return table


def _number(environment: Mapping[str, str], name: str, usual: int) -> int:
    number = int(environment.get(name) or usual)
    if number < 1:
        raise ValueError(f"{name} is under 1")
    return number


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def _switch(environment: Mapping[str, str], name: str) -> bool:
    return environment.get(name, "").lower() in {"1", "true", "yes"}
