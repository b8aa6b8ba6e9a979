"""What a job will cost and take, before its start: a range, from a price table one can edit.

Times come from the same model as those of a local run (`spaceport_app.pipeline.estimate`) with
the cores of AWS's machines, training from published times of an A100 by the share of it that the
machine's card reaches. Nothing here was measured on AWS, and no price is fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from msgspec import Meta

from spaceport_app import atomic, inside, records
from spaceport_app.cloud.client.connection import settings_file
from spaceport_app.cloud.client.failures import CloudError
from spaceport_app.cloud.layout import STAGES, STEPS, Step, following
from spaceport_app.pipeline.estimate import Workload
from spaceport_app.pipeline.stage import Registry, find

PAGE = "https://aws.amazon.com/sagemaker/ai/pricing/"
"""Where AWS tells its prices."""

_RESULT_BYTES_A_GAUSSIAN = 110.0
_VIEW_BYTES_A_PIXEL = 0.9
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Machine:
    """A machine of a step: its price, cores, and seconds until it works."""

    type: str
    usd_an_hour: float
    cores: int
    start_s: tuple[float, float]
    gpu_share: float = 1.0


@dataclass(frozen=True)
class Prices:
    """The price table: machines of each step, the usual one apart from those to choose instead.

    `spot_share` is the part of a price that spare capacity costs, `time_factor` the ends of the
    range around the model's times.
    """

    as_of: str
    region: str
    machines: Mapping[Step, Machine]
    alternatives: Mapping[Step, tuple[Machine, ...]]
    spot_share: float
    storage_usd_a_gb_month: float
    storage_months: float
    transfer_out_usd_a_gb: float
    usd_a_job: float
    time_factor: tuple[float, float]

    def offered(self, step: Step) -> tuple[Machine, ...]:
        """Return the machines of a step, the usual one first."""
        return (self.machines[step], *self.alternatives[step])

    def with_usual(self, usual: Mapping[Step, str]) -> Prices:
        """Return the table with other machines as the usual ones, where it has them."""
        machines, others = dict(self.machines), dict(self.alternatives)
        for step, type in usual.items():
            found = next((one for one in self.offered(step) if one.type == type), None)
            if found is not None:
                machines[step] = found
                others[step] = tuple(one for one in self.offered(step) if one is not found)
        return replace(self, machines=machines, alternatives=others)

    def machine(self, step: Step, type: str = "") -> Machine:
        """Return a machine of a step by its type; the usual one by none.

        Raises
        ------
        CloudError
            ``no_price`` if the table has no such machine.
        """
        offered = self.offered(step)
        for machine in offered:
            if type in ("", machine.type):
                return machine
        raise CloudError(
            "no_price",
            f"The price table has no {type} for {step}.",
            f"Choose one of {', '.join(machine.type for machine in offered)}, "
            "or add it to the table.",
        )

    def source(self) -> str:
        """Return of where and when the prices are."""
        return f"{self.region}, {self.as_of}"


@dataclass(frozen=True)
class Expected:
    """Ranges of wall seconds (without sending and fetching) and of dollars."""

    seconds: tuple[float, float]
    usd: tuple[float, float]
    as_of: str
    region: str
    spot: bool = False

    def words(self) -> str:
        """Return one line for a person."""
        low, high = (max(1, round(seconds / 60)) for seconds in self.seconds)
        waits = " Waits for spare capacity come on top." if self.spot else ""
        return (
            f"About {low} to {high} minutes on AWS, {self.usd[0]:.2f} to {self.usd[1]:.2f} US "
            f"dollars by the prices noted for {self.region}, {self.as_of}; check them.{waits}"
        )


def table_file() -> Path:
    """Where a table of one's own lies."""
    return settings_file().with_name("cloud-prices.json")


def read(path: Path | None = None) -> Prices:
    """Return the price table: that of the settings folder, else ours.

    Raises
    ------
    CloudError
        ``bad_prices`` if one's own table cannot be read.
    """
    own = path or table_file()
    if own.is_file():
        try:
            return _parse(records.parse(inside.read_regular(own, _MOST_BYTES)))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise CloudError(
                "bad_prices",
                f"The price table {own} cannot be read ({why}).",
                "Mend it, or remove it to use the one that comes with Spaceport.",
            ) from error
    return ours()


def ours() -> Prices:
    """Return the table that comes with Spaceport."""
    file = resources.files("spaceport_app.cloud.client").joinpath("prices.json")
    return _parse(records.parse(file.read_bytes()))


def write(prices: Prices, path: Path | None = None) -> None:
    """Save a table of one's own; ours instead of it means that there is none.

    Raises
    ------
    CloudError
        ``bad_prices`` if a number makes no sense.
    OSError
        If the settings folder cannot be written.
    """
    own = path or table_file()
    if prices == ours():
        own.unlink(missing_ok=True)
        return
    raw = _as_json(prices)
    try:
        _parse(raw)
    except ValueError as error:
        raise CloudError(
            "bad_prices", f"The prices make no sense ({error}).", "Check the numbers."
        ) from error
    own.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_json(own, raw)


def expect(
    prices: Prices,
    work: Workload,
    options: Mapping[str, Any],
    first: Step,
    last: Step,
    stages: Registry,
    instances: Mapping[Step, str] | None = None,
    *,
    spot: bool = False,
) -> Expected:
    """Return the range of time and cost of the steps from `first` to `last`.

    Parameters
    ----------
    work : Workload
        Photos and their size; cores and device are those of AWS's machines.
    options : mapping
        Options of every stage.
    instances : mapping, optional
        Types of machines that are not the usual ones.
    spot : bool
        Training uses spare capacity.

    Raises
    ------
    CloudError
        ``no_price`` if the table has no such machine.
    """
    spare = spot and "3dgs" in following(first, last)
    low_s = high_s = low_usd = high_usd = 0.0
    for step in following(first, last):
        machine = prices.machine(step, (instances or {}).get(step, ""))
        hour = machine.usd_an_hour * (prices.spot_share if spot and step == "3dgs" else 1.0)
        device = "cuda" if step == "3dgs" else "cpu"
        there = replace(work, cores=machine.cores, device=device)
        if step == "sfm":
            # Photos arrive reduced.
            side = max(there.width, there.height, 1.0)
            factor = min(1.0, (options["sfm"].feature_image_size or side) / side)
            there = replace(there, width=there.width * factor, height=there.height * factor)
        seconds = 0.0
        for name in STAGES[step]:
            stage = find(stages, name)
            if stage.estimate is not None:
                seconds += stage.estimate(there, options).seconds
        seconds /= machine.gpu_share
        low = machine.start_s[0] + seconds * prices.time_factor[0]
        high = machine.start_s[1] + seconds * prices.time_factor[1]
        low_s, high_s = low_s + low, high_s + high
        low_usd += low / 3600 * hour
        high_usd += high / 3600 * hour
    moved_gb = _result_bytes(work, options, first, last) / 1e9
    storage = moved_gb * prices.storage_usd_a_gb_month * prices.storage_months
    other = prices.usd_a_job + storage + moved_gb * prices.transfer_out_usd_a_gb
    usd = (low_usd + other * prices.time_factor[0], high_usd + other * prices.time_factor[1])
    return Expected((low_s, high_s), usd, prices.as_of, prices.region, spare)


def _result_bytes(work: Workload, options: Mapping[str, Any], first: Step, last: Step) -> float:
    steps = following(first, last)
    views = work.photos * work.pixels(options["sfm"].view_size) * _VIEW_BYTES_A_PIXEL
    splats = options["train"].max_gaussians * _RESULT_BYTES_A_GAUSSIAN
    return (views if "sfm" in steps else 0.0) + (splats if len(steps) > 1 or first != "sfm" else 0)


_Amount: TypeAlias = Annotated[float, Meta(ge=0.0, le=1e9)]
_Name: TypeAlias = Annotated[str, Meta(max_length=100)]


@dataclass(frozen=True)
class _Machine:
    type: _Name
    usd_an_hour: _Amount
    cores: Annotated[int, Meta(ge=1, le=100_000)]
    start_s: tuple[_Amount, _Amount]
    gpu_share_of_a100: Annotated[float, Meta(gt=0.0, le=1e6)] = 1.0

    def __post_init__(self) -> None:
        _check_range(self.start_s)

    def machine(self) -> Machine:
        return Machine(
            self.type, self.usd_an_hour, self.cores, self.start_s, self.gpu_share_of_a100
        )


@dataclass(frozen=True)
class _Prices:
    as_of: _Name
    region: _Name
    instances: dict[Step, _Machine]
    storage_usd_a_gb_month: _Amount
    storage_months: _Amount
    transfer_out_usd_a_gb: _Amount
    usd_a_job: _Amount
    time_factor: tuple[_Amount, _Amount]
    alternatives: dict[Step, tuple[_Machine, ...]] = field(default_factory=dict)
    spot_share: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0

    def __post_init__(self) -> None:
        _check_range(self.time_factor)
        for step in STEPS:
            if step not in self.instances:
                raise ValueError(f"it has no machine for {step}")
            offered = (self.instances[step], *self.alternatives.get(step, ()))
            if len({machine.type for machine in offered}) < len(offered):
                raise ValueError(f"a machine of {step} is there twice")


def _check_range(ends: tuple[float, float]) -> None:
    if ends[0] > ends[1]:
        raise ValueError("a range ends before it begins")


def _parse(raw: Any) -> Prices:
    found = records.convert(raw, _Prices)
    return Prices(
        found.as_of,
        found.region,
        {step: found.instances[step].machine() for step in STEPS},
        {
            step: tuple(machine.machine() for machine in found.alternatives.get(step, ()))
            for step in STEPS
        },
        found.spot_share,
        found.storage_usd_a_gb_month,
        found.storage_months,
        found.transfer_out_usd_a_gb,
        found.usd_a_job,
        found.time_factor,
    )


def _as_json(prices: Prices) -> dict[str, Any]:
    def raw(machine: Machine) -> dict[str, Any]:
        return {
            "type": machine.type,
            "usd_an_hour": machine.usd_an_hour,
            "cores": machine.cores,
            "start_s": list(machine.start_s),
            "gpu_share_of_a100": machine.gpu_share,
        }

    return {
        "as_of": prices.as_of,
        "region": prices.region,
        "currency": "USD",
        "instances": {step: raw(machine) for step, machine in prices.machines.items()},
        "alternatives": {
            step: [raw(machine) for machine in machines]
            for step, machines in prices.alternatives.items()
        },
        "spot_share": prices.spot_share,
        "storage_usd_a_gb_month": prices.storage_usd_a_gb_month,
        "storage_months": prices.storage_months,
        "transfer_out_usd_a_gb": prices.transfer_out_usd_a_gb,
        "usd_a_job": prices.usd_a_job,
        "time_factor": list(prices.time_factor),
    }
