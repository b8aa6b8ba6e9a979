from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spaceport_app.splats.edits.apply import apply, kept
from spaceport_app.splats.edits.box import CropBox
from spaceport_app.splats.edits.floaters import (
    NEIGHBOURS,
    enough,
    floating,
    isolation,
    limit,
)
from spaceport_app.splats.edits.model import Edits
from spaceport_app.splats.model import Splats
from spaceport_app.splats.transform import transform


def gaussians(means: np.ndarray, sigma: float = 0.1, opacity: float = 0.9) -> Splats:
    n = len(means)
    logit = np.log(opacity / (1 - opacity))
    return Splats(
        means.astype(np.float32),
        np.full((n, 3), np.log(sigma), np.float32),
        np.tile(np.array([1, 0, 0, 0], np.float32), (n, 1)),
        np.full(n, logit, np.float32),
        np.zeros((n, 1, 3), np.float32),
    )


def joined(*parts: Splats) -> Splats:
    names = ("means", "log_scales", "quaternions", "opacity_logits", "sh")
    return Splats(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def ground(count: int = 2000) -> Splats:
    """A dense flat field of 10 m x 10 m."""
    r = np.random.default_rng(0)
    means = np.column_stack([r.uniform(0, 10, (count, 2)), r.normal(0, 0.02, count)])
    return gaussians(means)


def mixed(count: int = 700) -> Splats:
    """Gaussians of all sizes and opacities, dense here and lone there."""
    r = np.random.default_rng(5)
    scattered = gaussians(r.normal(0, 1.0, (count, 3)) ** 3)
    return replace(
        scattered,
        log_scales=r.normal(-2.5, 0.8, (count, 3)).astype(np.float32),
        opacity_logits=r.normal(0.0, 2.0, count).astype(np.float32),
    )


def plainly_isolated(splats: Splats) -> np.ndarray:
    """Every link length tried by itself, components found by walking, all in plain loops."""
    n = len(splats)
    means = splats.means.astype(np.float64)
    sigma = [sorted(np.exp(row.astype(np.float64)))[1] for row in splats.log_scales]
    links: dict[tuple[int, int], float] = {}
    for i in range(n):
        away = [(float(np.sqrt(((means[i] - means[j]) ** 2).sum())), j) for j in range(n)]
        for distance, j in sorted(away)[1 : NEIGHBOURS + 1]:
            links[min(i, j), max(i, j)] = max(distance / (sigma[i] + sigma[j]), 1.0)
    opacities = splats.opacities
    wanted = enough(opacities)
    found = np.full(n, np.inf)
    for length in sorted(set(links.values())):
        beside: list[list[int]] = [[] for _ in range(n)]
        for (i, j), own in links.items():
            if own <= length:
                beside[i].append(j)
                beside[j].append(i)
        seen = [False] * n
        for start in range(n):
            group, todo = [], [start]
            while todo:
                i = todo.pop()
                if not seen[i]:
                    seen[i] = True
                    group.append(i)
                    todo += beside[i]
            if sum(opacities[i] for i in group) >= wanted:
                for i in group:
                    found[i] = min(found[i], length)
    return found


def test_isolation_is_that_of_the_plain_reference() -> None:
    splats = mixed(160)
    wanted = plainly_isolated(splats)
    np.testing.assert_allclose(isolation(splats), wanted, rtol=1e-12)
    assert len(set(wanted)) > 20, "the scene tells something"


def test_lone_gaussians_and_small_groups_float_and_the_ground_does_not() -> None:
    r = np.random.default_rng(1)
    lone = gaussians(np.array([[5.0, 5.0, 4.0], [2.0, 8.0, 6.0]]))
    group = gaussians(np.array([8.0, 2.0, 3.0]) + r.normal(0, 0.1, (20, 3)))
    found = floating(isolation(joined(ground(), lone, group)), 50)
    assert not found[:2000].any()
    assert found[2000:].all()


def test_faint_crowd_floats_where_a_solid_one_is_an_object() -> None:
    r = np.random.default_rng(2)
    places = np.array([5.0, 5.0, 5.0]) + r.normal(0, 0.2, (150, 3))
    solid = floating(isolation(joined(ground(), gaussians(places, opacity=0.9))), 50)
    faint = floating(isolation(joined(ground(), gaussians(places, opacity=0.02))), 50)
    assert not solid[2000:].any()
    assert faint[2000:].all()


def test_large_coarse_background_is_no_floater() -> None:
    r = np.random.default_rng(3)
    far = np.column_stack([r.uniform(-100, 100, (300, 2)), r.normal(-2, 0.5, 300)])
    found = floating(isolation(joined(ground(), gaussians(far, sigma=8.0))), 50)
    assert not found[2000:].any()


def test_stronger_takes_more_and_never_fewer() -> None:
    isolated = isolation(mixed())
    before = np.zeros(len(isolated), np.bool_)
    for strength in range(1, 101):
        now = floating(isolated, strength)
        assert (now | ~before).all()
        before = now
    assert floating(isolated, 100).sum() > floating(isolated, 1).sum()
    assert limit(50) == pytest.approx(3.0)
    assert limit(100) == pytest.approx(1.0)


def test_isolation_knows_no_place_heading_or_scale() -> None:
    splats = mixed()
    c, s = np.cos(0.7), np.sin(0.7)
    rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    elsewhere = transform(splats, rotation, np.array([30.0, -20.0, 5.0]), 4.0)
    np.testing.assert_allclose(isolation(elsewhere), isolation(splats), rtol=1e-3)


def test_broken_gaussians_are_removed_and_few_are_not() -> None:
    splats = ground(100)
    splats.means[3] = np.nan
    found = isolation(splats)
    assert np.isinf(found[3])
    assert floating(found, 1)[3]
    assert not floating(isolation(ground(1)), 100).any()
    assert len(isolation(ground(1).take(np.zeros(0, np.intp)))) == 0


def test_edits_keep_what_is_inside_and_does_not_float() -> None:
    splats = joined(ground(), gaussians(np.array([[2.0, 2.0, 4.0]])))
    box = CropBox.between((0.0, 0.0, -1.0), (5.0, 10.0, 9.0))
    inside = box.holds(splats.means)
    assert kept(splats, Edits()).all()
    assert kept(splats, Edits(crop=box)).tolist() == inside.tolist()
    both = kept(splats, Edits(box, 50))
    assert both[:2000].tolist() == inside[:2000].tolist()
    assert inside[2000]
    assert not both[2000]
    left = apply(splats, Edits(box, 50))
    np.testing.assert_array_equal(left.means, splats.means[both])
    assert apply(splats, Edits()) is splats


@pytest.mark.parametrize("strength", [0, 101, -5])
def test_strength_has_limits(strength: int) -> None:
    with pytest.raises(ValueError, match="1 to 100"):
        Edits(floaters=strength)
