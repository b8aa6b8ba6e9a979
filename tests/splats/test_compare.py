from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from spaceport_app.splats.compare import compare, compare_in_order, rotation_angles
from spaceport_app.splats.model import Splats


def scene(count: int, degree: int = 1) -> Splats:
    random = np.random.default_rng(0)
    return Splats(
        random.uniform(0, 10, (count, 3)).astype(np.float32),
        random.normal(-3, 1, (count, 3)).astype(np.float32),
        random.normal(0, 1, (count, 4)).astype(np.float32),
        random.normal(0, 2, count).astype(np.float32),
        random.normal(0, 0.3, (count, (degree + 1) ** 2, 3)).astype(np.float32),
    )


def test_the_same_scene_has_no_error() -> None:
    found = compare(scene(100), scene(100))
    assert found.matched == "order"
    assert found.position_rms_m == found.rotation_rms_degrees == found.opacity_max == 0
    assert found.sh_rms == 0
    assert found.sh_snr_db is None


def test_known_errors() -> None:
    a = scene(1000)
    b = Splats(
        a.means + np.float32([0.003, 0, 0.004]),
        a.log_scales + np.float32(0.25),
        -2 * a.quaternions,
        a.opacity_logits.copy(),
        a.sh.copy(),
    )
    b.sh[:, 0] += 0.5
    b.sh[:, 1:] *= 0.9
    b.opacity_logits[3] = 40
    found = compare(a, b)
    diagonal = np.linalg.norm(a.means.max(axis=0) - a.means.min(axis=0))
    assert found.matched == "order"
    assert found.position_rms_m == pytest.approx(0.005, rel=1e-3)
    assert found.position_rms_relative == pytest.approx(0.005 / diagonal, rel=1e-3)
    assert found.log_scale_rms == pytest.approx(0.25, rel=1e-5)
    assert found.rotation_rms_degrees == pytest.approx(0, abs=1e-4)
    assert found.opacity_max == pytest.approx(1 - 1 / (1 + np.exp(-a.opacity_logits[3])), rel=1e-5)
    assert found.dc_rms == pytest.approx(0.5, rel=1e-5)
    assert found.sh_snr_db == pytest.approx(20.0, abs=1e-4)


def test_angles_against_scipy() -> None:
    random = np.random.default_rng(1)
    a = Rotation.random(200, rng=random)
    b = Rotation.from_rotvec(random.normal(0, 1, (200, 3)) * np.logspace(-6, 0, 200)[:, None]) * a
    wanted = np.degrees((b * a.inv()).magnitude())
    found = rotation_angles(3 * a.as_quat(scalar_first=True), -b.as_quat(scalar_first=True))
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-9)


def test_shuffled_scenes_are_paired_by_place_and_look() -> None:
    a = scene(400)
    a.means[200:] = a.means[:200]
    order = np.random.default_rng(2).permutation(400)
    b = a.take(order)
    found = compare(a, b)
    assert found.matched == "nearest"
    assert found.shared_partners == 0
    assert found.dc_max == 0
    assert found.rotation_rms_degrees == 0


def test_a_smaller_scene() -> None:
    a = scene(300)
    found = compare(a, a.take(np.arange(250)))
    assert (found.reference_gaussians, found.gaussians) == (300, 250)
    assert found.matched == "nearest"
    assert found.shared_partners == 50
    assert found.position_rms_m > 0
    one = compare(a, a.take(np.arange(1)))
    assert one.shared_partners == 299


def test_lower_degree_counts_as_lost() -> None:
    a = scene(50, 2)
    found = compare(a, a.with_sh_degree(1))
    lost = np.sqrt(np.sum(a.sh[:, 4:] ** 2) / np.size(a.sh[:, 1:]))
    assert found.sh_rms == pytest.approx(lost, rel=1e-5)
    assert compare(a.with_sh_degree(0), a).sh_rms is None


def test_nothing_to_compare() -> None:
    a = scene(5)
    with pytest.raises(ValueError, match="no Gaussians"):
        compare(a, a.take(np.zeros(0, np.intp)))
    with pytest.raises(ValueError, match="differ in the number"):
        compare_in_order(a, a.take(np.arange(4)))


def test_one_gaussian() -> None:
    a = scene(1)
    b = replace(a, means=a.means + np.float32(1))
    assert compare(a, b).position_rms_m == pytest.approx(np.sqrt(3), rel=1e-5)
