from __future__ import annotations

import pytest

from spaceport_app.events import Notice
from spaceport_app.gui.run import expected
from spaceport_app.pipeline.forecast import Forecast


def forecast(seconds: float, memory: float, disk: float, *notices: Notice) -> Forecast:
    return Forecast({}, seconds, memory, disk, notices)


@pytest.mark.parametrize(
    ("seconds", "memory", "disk", "words"),
    [
        (3, 4e5, 7.4e6, "About 10 s, 1 MB of memory, 7 MB of disk"),
        (34, 518.9e6, 52.1e6, "About 30 s, 520 MB of memory, 52 MB of disk"),
        (57, 999e6, 1.04e9, "About 1 min, 1.0 GB of memory, 1.0 GB of disk"),
        (700, 2.34e9, 12.34e9, "About 12 min, 2.3 GB of memory, 12.3 GB of disk"),
        (9000, 2e9, 2e9, "About 2.5 h, 2.0 GB of memory, 2.0 GB of disk"),
    ],
)
def test_an_estimate_claims_no_more_than_it_knows(
    seconds: float, memory: float, disk: float, words: str
) -> None:
    assert expected.words(forecast(seconds, memory, disk)) == words


def test_notes_name_no_flags() -> None:
    one = forecast(
        1, 1, 1, Notice("no_cuda", "With --device cpu ..."), Notice("little_memory", "Little.")
    )
    assert expected.notes(one).splitlines()[1] == "Little."
    assert "--" not in expected.notes(one)
    assert expected.lacks_gpu(one) and not expected.lacks_gpu(None)
