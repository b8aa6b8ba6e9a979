from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage

from spaceport_app.events import Event, Progress, ignore
from spaceport_app.sogs import palette as module
from spaceport_app.sogs.palette import (
    Palette,
    automatic_entries,
    build_palette,
    renumber_by_users,
)


def vectors(count: int, dimensions: int = 9, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = random.normal(0, 1, (max(2, count // 20), dimensions))
    spread = centres[random.integers(0, len(centres), count)]
    return (spread + random.laplace(0, 0.2, (count, dimensions))).astype(np.float32)


def error(points: np.ndarray, palette: Palette) -> float:
    return float(np.mean((palette.entries[palette.labels] - points) ** 2))


@pytest.mark.parametrize(
    ("count", "entries"),
    [(1, 1024), (1024, 1024), (2047, 1024), (2048, 2048), (100_000, 65_536), (9**7, 65_536)],
)
def test_automatic_entries(count: int, entries: int) -> None:
    assert automatic_entries(count) == entries


def test_enough_entries_keep_every_vector() -> None:
    points = vectors(300)
    palette = build_palette(points, 300, ignore)
    np.testing.assert_array_equal(palette.entries[palette.labels], points)


def test_merging_is_wards(monkeypatch: pytest.MonkeyPatch) -> None:
    """One cell without refinement is SciPy's Ward clustering, cut at as many clusters."""
    monkeypatch.setattr(module, "_LLOYD_ITERATIONS", 0)
    monkeypatch.setattr(module, "_assign", lambda *_: None)
    points = vectors(400)
    for entries in (300, 120, 17):
        ours = build_palette(points, entries, ignore)
        theirs = fcluster(linkage(points.astype(float), "ward"), entries, "maxclust")
        same = ours.labels[:, None] == ours.labels
        np.testing.assert_array_equal(same, theirs[:, None] == theirs)
        for entry in range(entries):
            members = points[ours.labels == entry].astype(float)
            np.testing.assert_allclose(ours.entries[entry], members.mean(axis=0), atol=1e-5)


def test_refinement_gives_every_vector_its_nearest_entry_of_one_cell() -> None:
    points = vectors(700)
    palette = build_palette(points, 200, ignore)
    gaps = ((points[:, None] - palette.entries) ** 2).sum(axis=2)
    chosen = gaps[np.arange(700), palette.labels]
    np.testing.assert_allclose(chosen, gaps.min(axis=1), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("entries", [4096, 1024, 64, 5, 1])
def test_many_cells(entries: int) -> None:
    points = vectors(6000, 24)
    seen: list[Event] = []
    palette = build_palette(points, entries, seen.append, 0.5)
    assert len(palette.entries) <= entries
    assert palette.labels.min() == 0
    assert palette.labels.max() == len(palette.entries) - 1
    assert len(np.unique(palette.labels)) == len(palette.entries)
    random = np.random.default_rng(1)
    sample = points[random.choice(6000, entries, replace=False)]
    nearest = ((points[:, None, :] - sample[None, :64]) ** 2).sum(axis=2).min(axis=1).mean() / 24
    assert error(points, palette) < nearest
    fractions = [event.fraction for event in seen if isinstance(event, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(0.5)


def test_close_to_full_is_far_better_than_random_picks() -> None:
    points = vectors(4000, 24)
    palette = build_palette(points, 2600, ignore)
    picks = points[np.random.default_rng(0).permutation(4000)[:2600]].astype(np.float64)
    squares = (points.astype(np.float64) ** 2).sum(axis=1)[:, None] + (picks**2).sum(axis=1)
    nearest = np.maximum(squares - 2 * points.astype(np.float64) @ picks.T, 0).min(axis=1)
    assert error(points, palette) < 0.5 * nearest.mean() / 24


def test_equal_vectors_need_one_entry_each() -> None:
    points = np.repeat(vectors(10), 100, axis=0)
    palette = build_palette(points, 10, ignore)
    assert error(points, palette) < 1e-12


def test_same_input_same_palette() -> None:
    points = vectors(3000, 24)
    a, b = (build_palette(points, 500, ignore) for _ in range(2))
    np.testing.assert_array_equal(a.entries, b.entries)
    np.testing.assert_array_equal(a.labels, b.labels)


def test_renumbering_changes_numbers_only() -> None:
    points = vectors(900)
    before = build_palette(points, 300, ignore)
    after = renumber_by_users(before)
    np.testing.assert_array_equal(after.entries[after.labels], before.entries[before.labels])
    entries, first_users = np.unique(after.labels, return_index=True)
    assert list(entries) == list(range(len(after.entries)))
    assert (np.diff(first_users) > 0).all()
