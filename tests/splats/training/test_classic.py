import numpy as np
import torch

from spaceport_app.splats.engines.contract import Statistics
from spaceport_app.splats.training.strategies.classic import Classic


def random_statistics(n: int, seed: int = 0) -> Statistics:
    rng = np.random.default_rng(seed)
    q = rng.normal(size=(n, 4))
    arrays = (
        rng.normal(size=(n, 3)),
        np.log(rng.uniform(0.01, 0.4, (n, 3))),
        q,
        rng.normal(0, 3, n),
        rng.uniform(0, 8e-4, n),
        rng.integers(0, 3, n),
    )
    return Statistics(*(torch.from_numpy(a.astype(np.float32)) for a in arrays))


def plain_sources(s: Statistics, strategy: Classic, iteration: int) -> list[int]:
    """Adaptive density control, Gaussian by Gaussian: kept, then clones, then parts."""
    kept, clones, parts = [], [], []
    for i in range(len(s.means)):
        opacity = 1 / (1 + np.exp(-float(s.opacity_logits[i])))
        scale = float(s.log_scales[i].exp().max())
        gradient = float(s.gradient_sum[i]) / max(1.0, float(s.view_count[i]))
        if opacity < strategy.transparent:
            continue
        if iteration > strategy.reset_every and scale > strategy.large * strategy.extent:
            continue
        if gradient >= strategy.gradient and scale > strategy.small * strategy.extent:
            parts.append(i)
            continue
        kept.append(i)
        if gradient >= strategy.gradient:
            clones.append(i)
    return kept + clones + parts + parts


def strategy(**other: float) -> Classic:
    values = {"cap": 10_000, "first": 0, "last": 1000, "every": 10, "extent": 10.0}
    return Classic(**{**values, "reset_every": 100, "small": 0.02, "large": 0.035, **other})


def test_clones_splits_and_prunes_as_the_plain_loop() -> None:
    for iteration in (10, 110):
        s = random_statistics(400)
        change = strategy().change(s, iteration, torch.Generator().manual_seed(0))
        assert change is not None
        assert change.source.tolist() == plain_sources(s, strategy(), iteration)
        kept = len(change.source) - int(change.fresh.sum())
        assert not change.fresh[:kept].any()
        assert change.fresh[kept:].all()


def test_parts_are_smaller_and_spread_as_the_gaussian_was() -> None:
    n = 4000
    s = random_statistics(1)
    s = Statistics(
        torch.zeros(n, 3),
        torch.log(torch.tensor([[1.0, 0.5, 0.1]])).repeat(n, 1),
        s.quaternions.repeat(n, 1),
        torch.zeros(n),
        torch.ones(n),
        torch.ones(n),
    )
    change = strategy(cap=3 * n).change(s, 10, torch.Generator().manual_seed(0))
    assert change is not None and change.means is not None and change.log_scales is not None
    assert len(change.source) == 2 * n
    assert torch.allclose(change.log_scales.exp() * 1.6, s.log_scales.exp().repeat(2, 1))
    w, x, y, z = torch.nn.functional.normalize(s.quaternions[0], dim=0).tolist()
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    expected = rotation @ np.diag([1.0, 0.25, 0.01]) @ rotation.T
    assert np.allclose(np.cov(change.means.numpy().T), expected, atol=0.05)


def test_the_cap_holds_and_the_largest_gradients_go_first() -> None:
    s = random_statistics(400)
    alive = int((torch.sigmoid(s.opacity_logits) >= 0.005).sum())
    change = strategy(cap=alive + 5).change(s, 10, torch.Generator())
    assert change is not None
    assert len(change.source) == alive + 5
    mean = s.gradient_sum / s.view_count.clamp(min=1)
    mean[torch.sigmoid(s.opacity_logits) < 0.005] = 0
    counts = torch.bincount(change.source, minlength=400)
    assert set(torch.nonzero(counts == 2).squeeze(1).tolist()) == set(
        torch.argsort(mean, descending=True)[:5].tolist()
    )


def test_a_reset_lowers_every_opacity() -> None:
    s = random_statistics(100)
    change = strategy().change(s, 100, torch.Generator())
    assert change is not None and change.opacity_logits is not None
    assert float(torch.sigmoid(change.opacity_logits).max()) <= 0.01 + 1e-6
    assert change.fresh.all()


def test_nothing_to_do_is_no_change() -> None:
    s = random_statistics(50)
    quiet = Statistics(
        s.means,
        s.log_scales,
        s.quaternions,
        torch.zeros(50),
        torch.zeros(50),
        torch.ones(50),
    )
    assert strategy().change(quiet, 10, torch.Generator()) is None
