from __future__ import annotations

import pytest

from spaceport_app.options import validate
from spaceport_app.sogs.options import CompressOptions, ExportOptions


def test_formats_come_once_and_in_one_order() -> None:
    assert ExportOptions(formats="ply, sog,ply").chosen() == ("sog", "ply")


@pytest.mark.parametrize("formats", ["", " , ", "spz", "sog,spz"])
def test_unknown_or_missing_formats_are_refused(formats: str) -> None:
    with pytest.raises(ValueError, match="must be among sog, sog-folder, sogs, ply"):
        ExportOptions(formats=formats).chosen()


@pytest.mark.parametrize(
    "options",
    [
        CompressOptions(order="random"),
        CompressOptions(palette_entries=70_000),
        CompressOptions(sh_degree=4),
        CompressOptions(webp_effort=7),
        ExportOptions(orientation="moon"),
    ],
)
def test_limits(options: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        validate(options)
    validate(CompressOptions())
    validate(ExportOptions())
