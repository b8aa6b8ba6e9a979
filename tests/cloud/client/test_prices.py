"""Time and cost before the start."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from mutated import check_reader

from spaceport_app.cloud.client import prices
from spaceport_app.cloud.client.failures import CloudError
from spaceport_app.cloud.layout import STEPS, Step
from spaceport_app.pipeline.estimate import Workload
from spaceport_app.pipeline.settings import resolve_all
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.model import Settings

NONE = Path("/nonexistent/prices.json")


def expected(
    photos: int, first: Step = "sfm", last: Step = "compression", preset: str = "preview"
) -> prices.Expected:
    options = resolve_all(registry(), Settings(preset, "cuda"))
    work = Workload(photos, 4000, 3000, 2, "cuda")
    return prices.expect(prices.read(NONE), work, options, first, last, registry())


def test_published_times_lie_within_or_near_the_range() -> None:
    # 20-30 photos took 13-14 minutes for about $0.45, 200 and more 78-80 for $0.90.
    few, many = expected(25), expected(220, preset="standard")
    assert few.seconds[0] / 60 < 14 < few.seconds[1] / 60
    assert many.seconds[0] / 60 < 80 < many.seconds[1] / 60
    assert 0.02 < few.usd[0] < 0.45 < 10 * few.usd[1]
    assert many.usd[0] < 0.9 < 3 * many.usd[1]


def test_it_grows_with_the_work_and_with_the_steps() -> None:
    assert expected(200).usd > expected(20).usd
    assert expected(200).seconds > expected(20).seconds
    whole, part = expected(50), expected(50, "3dgs", "3dgs")
    assert part.usd[1] < whole.usd[1] and part.seconds[0] < whole.seconds[0]
    low, high = whole.usd
    assert 0 < low < high
    assert "US dollars" in whole.words() and "minutes" in whole.words()


def test_ones_own_table_counts(tmp_path: Path) -> None:
    ours = json.loads(Path(prices.__file__).with_name("prices.json").read_text(encoding="utf-8"))
    for machine in ours["instances"].values():
        machine["usd_an_hour"] *= 100
    own = tmp_path / "cloud-prices.json"
    own.write_text(json.dumps(ours), encoding="utf-8")
    options = resolve_all(registry(), Settings("preview", "cuda"))
    work = Workload(25, 4000, 3000, 2, "cuda")
    dear = prices.expect(prices.read(own), work, options, "sfm", "compression", registry())
    assert dear.usd[0] > 20 * expected(25).usd[0]


@pytest.mark.parametrize("text", ["{", "[]", '{"as_of": "x"}'])
def test_a_damaged_table_is_told(tmp_path: Path, text: str) -> None:
    own = tmp_path / "cloud-prices.json"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(CloudError) as caught:
        prices.read(own)
    assert caught.value.code == "bad_prices"


def test_a_table_of_ones_own_is_written_and_ours_takes_it_away(tmp_path: Path) -> None:
    path = tmp_path / "settings" / "prices.json"
    dear = replace(prices.ours().machines["3dgs"], usd_an_hour=99.0)
    table = replace(prices.ours(), machines={**prices.ours().machines, "3dgs": dear})
    prices.write(table, path)
    assert prices.read(path) == table
    prices.write(prices.ours(), path)
    assert not path.exists()


def test_a_table_that_makes_no_sense_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(CloudError, match="make no sense"):
        prices.write(replace(prices.ours(), time_factor=(3.0, 1.0)), tmp_path / "prices.json")
    assert not list(tmp_path.iterdir())


def test_machine_and_spare_capacity_change_the_estimate() -> None:
    options = resolve_all(registry(), Settings("preview", "cuda"))
    work = Workload(50, 4000, 3000, 2, "cuda")
    table = prices.ours()

    def training(type: str = "", *, spot: bool = False) -> prices.Expected:
        chosen: dict[Step, str] = {"3dgs": type} if type else {}
        return prices.expect(table, work, options, "3dgs", "3dgs", registry(), chosen, spot=spot)

    usual, fast, spare = training(), training("ml.g5.xlarge"), training(spot=True)
    assert training("ml.g4dn.xlarge") == usual
    assert fast.seconds[1] < usual.seconds[1]
    assert spare.seconds == usual.seconds and spare.usd[0] < usual.usd[0]
    assert "spare capacity" in spare.words() and "spare" not in usual.words()
    with pytest.raises(CloudError, match=r"no ml\.p4d\.24xlarge for 3dgs"):
        training("ml.p4d.24xlarge")


def test_a_table_of_an_older_spaceport_offers_its_machines_alone(tmp_path: Path) -> None:
    raw = json.loads(Path(prices.__file__).with_name("prices.json").read_text(encoding="utf-8"))
    del raw["alternatives"], raw["spot_share"]
    own = tmp_path / "cloud-prices.json"
    own.write_text(json.dumps(raw), encoding="utf-8")
    table = prices.read(own)
    assert [machine.type for machine in table.offered("3dgs")] == ["ml.g4dn.xlarge"]


def test_our_machines_are_those_that_the_service_has_prices_for() -> None:
    service = Path(prices.__file__).parents[1] / "backend" / "api" / "prices.json"
    told = json.loads(service.read_text(encoding="utf-8"))["usdPerHour"]
    for step in STEPS:
        for machine in prices.ours().offered(step):
            assert told[machine.type] == machine.usd_an_hour


def test_a_table_with_anything_wrong_in_it_is_read_or_refused(tmp_path: Path) -> None:
    own = tmp_path / "cloud-prices.json"
    own.write_bytes(Path(prices.__file__).with_name("prices.json").read_bytes())
    options = resolve_all(registry(), Settings("preview", "cuda"))
    work = Workload(50, 4000, 3000, 2, "cuda")

    def read() -> None:
        prices.expect(prices.read(own), work, options, "sfm", "compression", registry()).words()

    check_reader(own, read, "bad_prices")
