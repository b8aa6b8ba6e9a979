from __future__ import annotations

import numpy as np
import pytest
import torch

from spaceport_app.splats.engines.contract import Change, Statistics
from spaceport_app.splats.training.size_limit import limited

CENTRES = torch.tensor([[0.0, 0.0, 40.0], [100.0, 0.0, 40.0], [0.0, 200.0, 50.0]])
LARGEST = 0.1


def statistics(count: int = 200, log_scale: float = 1.0) -> Statistics:
    generator = torch.Generator().manual_seed(3)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    zeros = torch.zeros(count)
    return Statistics(
        means=60 * normal(count, 3),
        log_scales=log_scale + 2 * normal(count, 3),
        quaternions=normal(count, 4),
        opacity_logits=normal(count),
        gradient_sum=zeros,
        view_count=zeros,
    )


def plain(means: torch.Tensor, log_scales: torch.Tensor) -> np.ndarray:
    """The rule one Gaussian at a time, in float64."""
    result = log_scales.numpy().astype(np.float64).copy()
    for i, mean in enumerate(means.numpy().astype(np.float64)):
        nearest = min(float(np.linalg.norm(mean - c)) for c in CENTRES.numpy())
        for axis in range(3):
            result[i, axis] = min(result[i, axis], np.log(LARGEST * nearest))
    return result


def test_sizes_are_cut_to_the_limit_of_the_nearest_camera() -> None:
    given = statistics()
    change = limited(None, given, CENTRES, LARGEST)
    assert change is not None
    assert change.log_scales is not None
    expected = plain(given.means, given.log_scales)
    assert (expected < given.log_scales.numpy() - 1e-3).any()
    np.testing.assert_allclose(change.log_scales.numpy(), expected, atol=1e-5)
    assert change.source.tolist() == list(range(200))
    assert not change.fresh.any()
    assert change.means is None
    assert change.opacity_logits is None


def test_small_gaussians_are_left_alone() -> None:
    assert limited(None, statistics(log_scale=-20.0), CENTRES, LARGEST) is None


def test_a_change_within_the_limit_is_passed_on() -> None:
    change = Change(torch.tensor([4, 4, 7]), torch.tensor([True, True, False]))
    assert limited(change, statistics(log_scale=-20.0), CENTRES, LARGEST) is change


@pytest.mark.parametrize("moved", [False, True])
def test_what_a_change_brings_is_limited_too(moved: bool) -> None:
    given = statistics()
    source = torch.arange(0, 200, 2)
    fresh = torch.arange(100) % 3 == 0
    means = given.means[source] + 30.0 if moved else None
    scales = given.log_scales[source] + 1.0
    logits = torch.linspace(-1, 1, 100)
    change = limited(Change(source, fresh, means, scales, logits), given, CENTRES, LARGEST)
    assert change is not None
    assert change.log_scales is not None
    expected = plain(given.means[source] if means is None else means, scales)
    np.testing.assert_allclose(change.log_scales.numpy(), expected, atol=1e-5)
    assert change.source is source
    assert change.fresh is fresh
    assert change.means is means
    assert change.opacity_logits is logits
