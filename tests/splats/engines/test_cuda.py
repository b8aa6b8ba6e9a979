"""The GPU engine without a GPU: gsplat's signature, and whole steps against the CPU engine.

In gsplat's place stands our own differentiable rasteriser behind gsplat's real signature.
"""

from dataclasses import replace

import engine_reference as reference
import engine_scenes as scenes
import gsplat
import numpy as np
import pytest
import torch
from gsplat_stand_in import SIGNATURE, stand_in

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import (
    Change,
    LearningRates,
    StepSettings,
    TrainingView,
)
from spaceport_app.splats.engines.cpu import projection
from spaceport_app.splats.engines.cpu.engine import CpuEngine
from spaceport_app.splats.engines.cuda import CudaEngine

NAMES = ("means", "log_scales", "quaternions", "opacity_logits", "sh")


@pytest.fixture
def calls(monkeypatch):
    calls = []
    monkeypatch.setattr(gsplat, "rasterization", stand_in(calls))
    return calls


def both(splats):
    engines = CpuEngine(), CudaEngine(device="cpu")
    for engine in engines:
        engine.load(splats)
    return engines


@pytest.mark.parametrize("antialiased", [False, True])
def test_steps_are_the_cpu_engine_s(calls, antialiased):
    splats = scenes.gaussians(80, 2, seed=1)
    cpu, cuda = both(splats)
    picture = np.random.default_rng(2).integers(0, 255, (37, 45, 3), np.uint8)
    settings = StepSettings(
        0,
        1,
        LearningRates(2e-3),
        opacity_regularisation=0.01,
        scale_regularisation=0.02,
        background=(0.2, 0.4, 0.6),
        antialiased=antialiased,
        screen_gradients=True,
    )
    for i in range(3):
        view = TrainingView(scenes.camera(), picture, 0)
        ours = cuda.step(view, replace(settings, iteration=i))
        theirs = cpu.step(view, replace(settings, iteration=i))
        assert ours.visible == theirs.visible < 80
        assert ours.loss == pytest.approx(theirs.loss, rel=1e-4)
        assert ours.l1 == pytest.approx(theirs.l1, rel=1e-4)
        assert ours.ssim == pytest.approx(theirs.ssim, abs=1e-4)
    for name in NAMES:
        before = getattr(splats, name)
        moved = getattr(cpu.splats(), name) - before
        error = getattr(cuda.splats(), name) - before - moved
        assert np.linalg.norm(error) < 0.03 * np.linalg.norm(moved), name
    a, b = cuda.statistics(), cpu.statistics()
    assert torch.equal(a.view_count, b.view_count)
    torch.testing.assert_close(a.gradient_sum, b.gradient_sum, rtol=1e-3, atol=1e-7)


def test_asks_gsplat_for_what_the_contract_says(calls):
    _, cuda = both(scenes.gaussians(5, 3))
    cuda.render(scenes.camera(), sh_degree=1, antialiased=True)
    cuda.render(scenes.camera())
    first, second = calls
    assert (first["rasterize_mode"], second["rasterize_mode"]) == ("antialiased", "classic")
    assert (first["sh_degree"], second["sh_degree"]) == (1, 3)
    assert first["absgrad"] is False
    assert SIGNATURE.parameters["eps2d"].default == projection.LOW_PASS


def test_render_is_the_cpu_engine_s(calls):
    cpu, cuda = both(scenes.gaussians(50, 1))
    camera = scenes.camera()
    ours, theirs = cuda.render(camera), cpu.render(camera)
    assert ours.shape == theirs.shape and ours.dtype == np.float32
    assert np.abs(ours - theirs).max() < 1e-4


def test_noise_repeats_and_keeps_the_gate(calls):
    splats = scenes.gaussians(60, 0, seed=3)
    splats.opacity_logits[:30] = -4.5
    splats.opacity_logits[30:] = 3.0
    rates = LearningRates(*([0.0] * 6))
    settings = StepSettings(4, 0, replace(rates, means=1e-30), noise=3e29)
    view = TrainingView(scenes.camera(), np.zeros((37, 45, 3), np.uint8), 0)
    results = []
    for _ in range(2):
        _, cuda = both(splats)
        cuda.step(view, settings)
        results.append(cuda.splats().means - splats.means)
    assert np.array_equal(*results)
    assert np.abs(results[0][:30]).max() > 1e-4
    assert np.abs(results[0][30:]).max() < 1e-6


def test_state_and_change(calls):
    _, cuda = both(scenes.gaussians(10, 1))
    view = TrainingView(scenes.camera(), np.zeros((37, 45, 3), np.uint8), 0)
    cuda.step(view, StepSettings(0, 1, LearningRates(1e-3)))
    other = CpuEngine()
    other.restore(cuda.state())
    assert np.array_equal(other.splats().sh, cuda.splats().sh)
    cuda.change(Change(torch.tensor([2, 2]), torch.tensor([False, True])))
    assert len(cuda) == 2 and np.array_equal(cuda.splats().means[1], other.splats().means[2])


def test_pose_gradient_is_the_cpu_engine_s(monkeypatch):
    """By `viewmats`, as from gsplat, in whose place the float64 reference is."""

    def rasterization(*arguments, **keywords):
        a = SIGNATURE.bind(*arguments, **keywords).arguments
        k = a["Ks"][0].tolist()
        size = a["width"], a["height"]
        plain = Camera(*size, k[0][0], k[1][1], k[0][2], k[1][2], np.eye(4))
        scene = a["means"], torch.log(a["scales"]), a["quats"], torch.logit(a["opacities"])
        image = reference.render(
            [p.double() for p in (*scene, a["colors"])],
            plain,
            a["sh_degree"],
            tuple(a["backgrounds"][0].tolist()),
            view=a["viewmats"][0].double(),
        )
        meta = {
            "radii": torch.ones(1, len(a["means"]), 2, dtype=torch.int32),
            "means2d": torch.zeros(1, len(a["means"]), 2, requires_grad=True),
        }
        return image[None].float(), None, meta

    monkeypatch.setattr(gsplat, "rasterization", rasterization)
    cpu, cuda = both(scenes.gaussians(50, 2, seed=4, size=-1.5))
    picture = np.random.default_rng(2).integers(0, 255, (37, 45, 3), np.uint8)
    view = TrainingView(scenes.camera(), picture, 0)
    settings = StepSettings(0, 2, LearningRates(0.0), pose_gradient=True)
    ours, theirs = cuda.step(view, settings), cpu.step(view, settings)
    assert ours.pose_gradient is not None
    size = np.linalg.norm(theirs.pose_gradient)
    np.testing.assert_allclose(ours.pose_gradient, theirs.pose_gradient, rtol=0, atol=1e-3 * size)
    assert cuda.step(view, replace(settings, pose_gradient=False)).pose_gradient is None
