from __future__ import annotations

import itertools

import numpy as np
import pytest

from spaceport_app.sogs.kmeans import codebook, even_codebook, nearest_level, optimal_cuts


def spread(values: np.ndarray, levels: np.ndarray) -> float:
    return float(np.mean(np.min(np.abs(values.reshape(-1, 1) - levels), axis=1) ** 2))


@pytest.mark.parametrize("distinct", [1, 2, 255, 256])
def test_few_values_are_kept_exactly(distinct: int) -> None:
    random = np.random.default_rng(distinct)
    levels = random.normal(0, 5, distinct).astype(np.float32)
    values = levels[random.integers(0, distinct, (1000, 3))]
    book = codebook(values)
    assert book.shape == (256,)
    assert (np.diff(book) >= 0).all()
    np.testing.assert_array_equal(book[nearest_level(values, book)], values)


def test_cuts_are_the_best_of_all() -> None:
    random = np.random.default_rng(3)
    for bins, size in ((7, 3), (9, 4), (10, 2), (6, 6)):
        counts = random.integers(1, 6, bins).astype(float)
        values = np.sort(random.normal(0, 2, bins))

        def error(cuts: tuple[int, ...], counts: np.ndarray, values: np.ndarray) -> float:
            total = 0.0
            for a, b in itertools.pairwise(cuts):
                mean = np.average(values[a:b], weights=counts[a:b])
                total += float(np.sum(counts[a:b] * (values[a:b] - mean) ** 2))
            return total

        best = min(
            error((0, *inner, bins), counts, values)
            for inner in itertools.combinations(range(1, bins), size - 1)
        )
        prefix = [np.concatenate(([0.0], np.cumsum(counts * values**power))) for power in range(3)]
        cuts = optimal_cuts(*prefix, size)
        assert len(cuts) == size + 1
        assert error(tuple(cuts), counts, values) == pytest.approx(best, abs=1e-12)


def test_codebook_is_a_fixed_point_and_better_than_even_levels() -> None:
    random = np.random.default_rng(0)
    values = np.concatenate((random.laplace(0, 1, 20_000), [40, -55, 80])).astype(np.float32)
    book = codebook(values)
    assert (np.diff(book) > 0).all()
    labels = nearest_level(values, book)
    means = np.array([values[labels == i].astype(float).mean() for i in range(256)])
    np.testing.assert_allclose(book, means, atol=2e-2)
    even = np.linspace(values.min(), values.max(), 256)
    quantiles = np.quantile(values, (np.arange(256) + 0.5) / 256)
    error = spread(values, book)
    assert error < 0.05 * spread(values, even)
    assert error < 0.2 * spread(values, quantiles)


def test_large_offset_loses_no_precision() -> None:
    values = (1000 + np.random.default_rng(1).normal(0, 0.5, 5000)).astype(np.float32)
    assert spread(values, codebook(values)) < (values.std() * 6 / 256) ** 2 / 6


def test_nearest_level_against_trying_all() -> None:
    random = np.random.default_rng(2)
    book = np.sort(random.normal(0, 1, 256)).astype(np.float32)
    values = random.normal(0, 1.2, 3000).astype(np.float32)
    gap = np.abs(values[:, None].astype(np.float64) - book)
    chosen = gap[np.arange(3000), nearest_level(values, book)]
    np.testing.assert_array_equal(chosen, gap.min(axis=1))


def test_even_levels_add_what_they_may() -> None:
    values = np.random.default_rng(4).normal(0, 0.2, 50_000).astype(np.float32)
    book = even_codebook(values, tolerated=1e-3, share=0.3)
    steps = np.diff(np.unique(book))
    np.testing.assert_allclose(steps, steps[0], rtol=1e-3)
    assert spread(values, book) == pytest.approx(0.3e-3, rel=0.05)


def test_even_levels_give_way_where_they_do_not_reach() -> None:
    values = np.random.default_rng(5).normal(0, 1, 4000).astype(np.float32)
    for tolerated in (0.0, 1e-12):
        np.testing.assert_array_equal(even_codebook(values, tolerated, 0.3), codebook(values))
    step = np.ptp(values) / 254
    book = even_codebook(values, tolerated=step**2 / 12 / 0.4, share=0.1)
    np.testing.assert_allclose(np.diff(np.unique(book)), step, rtol=1e-3)
    assert book[0] <= values.min()
    assert book[-1] >= values.max()
