import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from spaceport_app.splats.engines.contract import Statistics
from spaceport_app.splats.training.mcmc import Mcmc, divided
from spaceport_app.splats.training.options import TrainOptions


def statistics(opacities: np.ndarray, scales: np.ndarray) -> Statistics:
    n = len(opacities)
    return Statistics(
        torch.arange(3.0 * n).reshape(n, 3),
        torch.log(torch.from_numpy(scales.astype(np.float32))),
        torch.eye(4)[:1].repeat(n, 1),
        torch.logit(torch.from_numpy(opacities.astype(np.float32))),
        torch.zeros(n),
        torch.zeros(n),
    )


def random_statistics(n: int, dead: int) -> Statistics:
    rng = np.random.default_rng(4)
    opacities = rng.uniform(0.05, 0.99, n)
    opacities[rng.choice(n, dead, replace=False)] = 0.001
    return statistics(opacities, rng.uniform(0.01, 1.0, (n, 3)))


def plain_divided(o: float, s: float, n: int) -> tuple[float, float]:
    """Equation 9 of Kheradmand et al. 2024, term by term."""
    each = 1.0 - (1.0 - o) ** (1.0 / n)
    total = 0.0
    for i in range(1, n + 1):
        for k in range(i):
            total += math.comb(i - 1, k) * (-1) ** k * each ** (k + 1) / math.sqrt(k + 1)
    return each, s * o / total


@pytest.mark.parametrize("copies", [1, 2, 3, 7, 20, 51])
@pytest.mark.parametrize("opacity", [0.006, 0.3, 0.9, 0.9999])
def test_copies_get_what_equation_9_says(copies: int, opacity: float) -> None:
    scales = torch.tensor([[0.1, 1.0, 20.0]], dtype=torch.float64)
    o, log_scales = divided(
        torch.tensor([opacity], dtype=torch.float64), scales.log(), torch.tensor([copies])
    )
    for axis in range(3):
        expected = plain_divided(opacity, float(scales[0, axis]), copies)
        assert float(o) == pytest.approx(expected[0], rel=1e-9)
        assert float(log_scales[0, axis].exp()) == pytest.approx(expected[1], rel=1e-7)


def test_copies_hide_what_lies_behind_them_as_the_one_did() -> None:
    opacities = torch.linspace(0.01, 0.999, 50, dtype=torch.float64)
    copies = torch.arange(1, 51)
    each, _ = divided(opacities, torch.zeros(50, 3, dtype=torch.float64), copies)
    assert torch.allclose((1 - each) ** copies, 1 - opacities, atol=1e-12)


def test_a_pixel_sees_the_same_before_and_after() -> None:
    """Along a line through the centres, copies add up to the same mass, what eq. 9 is for."""
    x = np.linspace(-60, 60, 200_001)
    for n, o in [(2, 0.8), (5, 0.95)]:
        each, scale = plain_divided(o, 1.0, n)
        one = o * np.exp(-0.5 * x**2)
        profile = 1 - (1 - each * np.exp(-0.5 * (x / scale) ** 2)) ** n
        assert profile.sum() == pytest.approx(one.sum(), rel=1e-6)


def test_the_dead_move_onto_the_living_and_the_set_grows() -> None:
    before = random_statistics(1000, 200)
    change = Mcmc(cap=5000, first=0, last=100, every=10, growth=0.05).change(
        before, 10, torch.Generator().manual_seed(1)
    )
    assert change is not None
    assert change.log_scales is not None and change.opacity_logits is not None
    assert len(change.source) == 1050
    old = torch.sigmoid(before.opacity_logits)
    assert bool((old[change.source] > 0.005).all())
    new = torch.sigmoid(change.opacity_logits)
    # The copies of one Gaussian are together as opaque as it was.
    for source in torch.unique(change.source):
        copies = change.source == source
        assert float((1 - new[copies].double()).prod()) == pytest.approx(
            1 - float(old[source]), abs=2e-6
        )
        assert bool(change.fresh[copies].all()) == (int(copies.sum()) > 1)
    untouched = ~change.fresh
    assert torch.equal(
        change.opacity_logits[untouched], before.opacity_logits[:1000][change.source[untouched]]
    )


def test_the_cap_holds_and_a_full_set_without_dead_stays() -> None:
    strategy = Mcmc(cap=1020, first=0, last=100, every=10, growth=0.05)
    change = strategy.change(random_statistics(1000, 0), 10, torch.Generator())
    assert change is not None and len(change.source) == 1020
    strategy.cap = 1000
    assert strategy.change(random_statistics(1000, 0), 10, torch.Generator()) is None


def test_nothing_happens_where_all_are_dead() -> None:
    dead = statistics(np.full(5, 0.001), np.ones((5, 3)))
    strategy = Mcmc(cap=100, first=0, last=100, every=10)
    assert strategy.change(dead, 10, torch.Generator()) is None


def test_opaque_gaussians_stay_finite() -> None:
    solid = statistics(np.full(4, 1.0 - 1e-7), np.ones((4, 3)))
    change = Mcmc(cap=100, first=0, last=9, every=1, growth=1.0).change(solid, 1, torch.Generator())
    assert change is not None and change.opacity_logits is not None
    assert change.log_scales is not None
    assert bool(torch.isfinite(change.opacity_logits).all())
    assert bool(torch.isfinite(change.log_scales).all())


def test_the_same_seed_gives_the_same_change() -> None:
    strategy = Mcmc(cap=5000, first=0, last=100, every=10)
    changes = [
        strategy.change(random_statistics(300, 50), 10, torch.Generator().manual_seed(7))
        for _ in range(2)
    ]
    assert changes[0] is not None and changes[1] is not None
    assert torch.equal(changes[0].source, changes[1].source)


def test_due_between_first_and_last() -> None:
    strategy = Mcmc(cap=10, first=20, last=50, every=10)
    assert [i for i in range(80) if strategy.due(i)] == [20, 30, 40]


def test_copies_are_drawn_where_the_photos_are_not_matched_yet() -> None:
    """Of equally opaque Gaussians one of a hundredfold gradient is drawn ten times as often."""
    even = statistics(np.full(1000, 0.5), np.ones((1000, 3)))
    gradients = torch.ones(1000)
    gradients[:500] = 100.0
    pulled = replace(even, gradient_sum=3.0 * gradients, view_count=torch.full((1000,), 3.0))
    strategy = Mcmc(cap=5000, first=0, last=100, every=10, growth=1.0)
    change = strategy.change(pulled, 10, torch.Generator().manual_seed(3))
    assert change is not None
    added = change.source[1000:]
    assert float((added < 500).double().mean()) == pytest.approx(10 / 11, abs=0.04)
    change = strategy.change(even, 10, torch.Generator().manual_seed(3))
    assert change is not None
    assert float((change.source[1000:] < 500).double().mean()) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(("iterations", "first", "last"), [(2000, 80, 1700), (30_000, 500, 25_500)])
def test_timing_follows_the_number_of_steps(iterations: int, first: int, last: int) -> None:
    strategy = Mcmc.of(TrainOptions(iterations=iterations, max_gaussians=7, growth=0.2))
    assert (strategy.first, strategy.last) == (first, last)
    assert (strategy.cap, strategy.growth) == (7, 0.2)
