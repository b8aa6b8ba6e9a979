from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from spaceport_app.splats.model import Splats
from spaceport_app.splats.transform import harmonics_rotation, quaternion_of, transform

AXES = [
    np.eye(3),
    np.array([[-1.0, 0, 0], [0, 0, -1.0], [0, -1.0, 0]]),
    np.diag([1.0, -1, -1]),
    np.diag([-1.0, 1, -1]),
    np.diag([-1.0, -1, 1]),
    *(Rotation.random(4, rng=np.random.default_rng(1)).as_matrix()),
]


def scene(count: int, degree: int = 3) -> Splats:
    random = np.random.default_rng(0)
    return Splats(
        random.normal(0, 5, (count, 3)).astype(np.float32),
        random.normal(-3, 1, (count, 3)).astype(np.float32),
        random.normal(0, 1, (count, 4)).astype(np.float32),
        random.normal(0, 2, count).astype(np.float32),
        random.normal(0, 0.3, (count, (degree + 1) ** 2, 3)).astype(np.float32),
    )


def plain_basis(d: np.ndarray) -> np.ndarray:
    """The basis of the 3DGS paper's code, written down once more."""
    x, y, z = d.T
    one = np.ones_like(x)
    return np.stack(
        [
            0.28209479177387814 * one,
            -0.4886025119029199 * y,
            0.4886025119029199 * z,
            -0.4886025119029199 * x,
            1.0925484305920792 * x * y,
            -1.0925484305920792 * y * z,
            0.31539156525252005 * (2 * z * z - x * x - y * y),
            -1.0925484305920792 * x * z,
            0.5462742152960396 * (x * x - y * y),
            -0.5900435899266435 * y * (3 * x * x - y * y),
            2.890611442640554 * x * y * z,
            -0.4570457994644658 * y * (4 * z * z - x * x - y * y),
            0.3731763325901154 * z * (2 * z * z - 3 * x * x - 3 * y * y),
            -0.4570457994644658 * x * (4 * z * z - x * x - y * y),
            1.445305721320277 * z * (x * x - y * y),
            -0.5900435899266435 * x * (x * x - 3 * y * y),
        ],
        axis=1,
    )


@pytest.mark.parametrize("rotation", AXES)
@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_colours_turn_with_the_scene(rotation: np.ndarray, degree: int) -> None:
    splats = scene(20, degree)
    turned = transform(splats, rotation)
    directions = np.random.default_rng(2).normal(0, 1, (40, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    k = (degree + 1) ** 2
    before = np.einsum("dk,nkc->ndc", plain_basis(directions)[:, :k], splats.sh)
    after = np.einsum("dk,nkc->ndc", plain_basis(directions @ rotation.T)[:, :k], turned.sh)
    np.testing.assert_allclose(after, before, atol=2e-6)


@pytest.mark.parametrize("rotation", AXES)
def test_means_and_covariances(rotation: np.ndarray) -> None:
    splats = scene(30)
    offset = np.array([10.0, -3, 0.5])
    turned = transform(splats, rotation, offset, 2.5)
    np.testing.assert_allclose(
        turned.means, 2.5 * splats.means @ rotation.T + offset, rtol=1e-5, atol=1e-5
    )

    def covariances(s: Splats) -> np.ndarray:
        axes = Rotation.from_quat(s.quaternions, scalar_first=True).as_matrix()
        return np.einsum("nij,nj,nkj->nik", axes, np.exp(2 * s.log_scales), axes)

    wanted = 2.5**2 * rotation @ covariances(splats) @ rotation.T
    np.testing.assert_allclose(covariances(turned), wanted, rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(turned.opacity_logits, splats.opacity_logits)


def test_there_and_back() -> None:
    splats = scene(50)
    rotation = AXES[-1]
    back = transform(transform(splats, rotation), rotation.T)
    np.testing.assert_allclose(back.means, splats.means, atol=1e-5)
    np.testing.assert_allclose(back.sh, splats.sh, atol=2e-6)
    sign = np.sign((back.quaternions * splats.quaternions).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(sign * back.quaternions, splats.quaternions, atol=1e-5)


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_bands_turn_by_orthogonal_matrices_that_compose(degree: int) -> None:
    a, b = AXES[-1], AXES[-2]
    both = harmonics_rotation(a @ b, degree)
    product = harmonics_rotation(a, degree) @ harmonics_rotation(b, degree)
    np.testing.assert_allclose(both, product, atol=1e-10)
    np.testing.assert_allclose(both @ both.T, np.eye(2 * degree + 1), atol=1e-10)


@pytest.mark.parametrize("rotation", AXES)
def test_quaternion_of_a_matrix(rotation: np.ndarray) -> None:
    q = quaternion_of(rotation)
    matrix = Rotation.from_quat(q, scalar_first=True).as_matrix()
    np.testing.assert_allclose(matrix, rotation, atol=1e-12)


@pytest.mark.parametrize("matrix", [np.diag([1.0, 1, -1]), 2 * np.eye(3), np.eye(2)])
def test_what_is_no_rotation(matrix: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no rotation"):
        transform(scene(2), matrix)
    with pytest.raises(ValueError, match="not over 0"):
        transform(scene(2), np.eye(3), scale=0)
