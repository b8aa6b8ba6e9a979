from __future__ import annotations

import math

import numpy as np
import pytest

from spaceport_app.sogs import quantize

from .scenes import scene


def test_positions_are_off_by_half_a_step_at_most() -> None:
    means = scene(2000).means
    cells, mins, maxs = quantize.encode_positions(means)
    back = quantize.decode_positions(cells, mins, maxs)
    for axis in range(3):
        half_step = (maxs[axis] - mins[axis]) / 65535 / 2
        for x, y in zip(means[:, axis], back[:, axis], strict=True):
            before = math.copysign(math.log1p(abs(x)), x)
            after = math.copysign(math.log1p(abs(y)), y)
            assert abs(before - after) <= half_step * 1.01 + 1e-6
    assert cells.min() == 0
    assert cells.max() == 65535


@pytest.mark.parametrize("value", [0.0, -3.5, 1e6])
def test_an_axis_without_extent_keeps_its_value(value: float) -> None:
    means = np.full((5, 3), value, np.float32)
    means[:, 1] = np.arange(5)
    back = quantize.decode_positions(*quantize.encode_positions(means))
    np.testing.assert_allclose(back, means, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(back[:, 0], value, rtol=1e-6)


def plain_quaternion(q: list[float]) -> list[int]:
    length = math.sqrt(sum(v * v for v in q))
    q = [v / length for v in q]
    at = max(range(4), key=lambda i: abs(q[i]))
    sign = -1 if q[at] < 0 else 1
    rest = [sign * v for i, v in enumerate(q) if i != at]
    return [math.floor((v * math.sqrt(2) * 0.5 + 0.5) * 255 + 0.5) for v in rest] + [252 + at]


def test_quaternions_against_the_definition() -> None:
    q = scene(500).quaternions
    packed = quantize.encode_quaternions(q)
    wanted = np.array([plain_quaternion([float(v) for v in row]) for row in q])
    assert np.array_equal(packed[:, 3], wanted[:, 3])
    # A value exactly between two steps may go either way.
    assert np.abs(packed.astype(int) - wanted).max() <= 1
    assert (packed == wanted).mean() > 0.999


def test_quaternions_keep_their_rotation() -> None:
    q = scene(3000).quaternions.astype(np.float64)
    back = quantize.decode_quaternions(quantize.encode_quaternions(q.astype(np.float32)))
    unit = q / np.linalg.norm(q, axis=1, keepdims=True)
    angle = 2 * np.degrees(np.arccos(np.clip(np.abs((unit * back).sum(axis=1)), 0, 1)))
    assert np.sqrt(np.mean(angle**2)) < 0.40
    np.testing.assert_allclose(np.linalg.norm(back, axis=1), 1, atol=1e-6)


def test_zero_quaternions_and_unknown_tags_are_the_identity() -> None:
    back = quantize.decode_quaternions(quantize.encode_quaternions(np.zeros((1, 4), np.float32)))
    np.testing.assert_allclose(back, [[1, 0, 0, 0]], atol=3e-3)
    texels = np.array([[0, 10, 200, 17]], np.uint8)
    np.testing.assert_array_equal(quantize.decode_quaternions(texels), [[1, 0, 0, 0]])


def test_opacities() -> None:
    logits = np.concatenate((np.linspace(-8, 8, 999), [-50, 50, -700, 700])).astype(np.float32)
    before = 1 / (1 + np.exp(-logits.astype(np.float64).clip(-700, 700)))
    packed = quantize.encode_opacities(before)
    back = quantize.decode_opacities(packed)
    assert np.isfinite(back).all()
    after = 1 / (1 + np.exp(-back.astype(np.float64)))
    assert np.abs(before - after).max() <= 0.5 / 255 + 1e-6
    assert list(packed[-4:]) == [0, 255, 0, 255]


def test_linear_bytes() -> None:
    values = np.random.default_rng(0).normal(0, 3, (400, 3)).astype(np.float32)
    values[:, 2] = 7
    mins, maxs = values.min(axis=0).astype(float), values.max(axis=0).astype(float)
    back = quantize.decode_linear(quantize.encode_linear(values, mins, maxs), mins, maxs)
    assert (np.abs(back - values) <= (maxs - mins) / 255 / 2 + 1e-6).all()
