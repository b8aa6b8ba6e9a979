from __future__ import annotations

import pytest

from spaceport_app.gui.run.axes import round_distance, short


@pytest.mark.parametrize(
    ("extent", "labels", "distance"),
    [(100, 2, 50), (90, 2, 50), (0.4, 3, 1), (6000, 3.5, 2000), (30_000, 5, 10_000), (7, 0.2, 10)],
)
def test_labels_stand_at_round_distances(extent: float, labels: float, distance: float) -> None:
    assert round_distance(extent, labels) == pytest.approx(distance)


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (950, "950"), (12_500, "12,500"), (250_000, "250k"), (73_140_000, "73.14M")],
)
def test_large_counts_are_short(value: float, words: str) -> None:
    assert short(value) == words
