"""The loss by the camera's pose against autograd in float64 and against moved cameras."""

from dataclasses import replace

import engine_reference as reference
import engine_scenes as scenes
import numpy as np
import pytest
import torch
from scipy.linalg import expm

from spaceport_app.splats.engines.contract import LearningRates, StepSettings, TrainingView
from spaceport_app.splats.engines.cpu.engine import CpuEngine

NAMES = ("means", "log_scales", "quaternions", "opacity_logits", "sh")
SETTINGS = StepSettings(
    0, 3, LearningRates(0.0), background=(0.3, 0.1, 0.2), noise=0.0, pose_gradient=True
)


def picture(seed=0, shape=(37, 45, 3)):
    smooth = np.random.default_rng(seed).integers(40, 220, (4, 5, 3)).repeat(12, 0).repeat(12, 1)
    return smooth[: shape[0], : shape[1]].astype(np.uint8)


def stepped(splats, camera, settings=SETTINGS, **options):
    engine = CpuEngine(**options)
    engine.load(splats)
    return engine.step(TrainingView(camera, picture(), 0), settings)


def algebra(twist):
    """Matrix (4, 4) whose exponential is the rigid motion of a twist."""
    x, y, z, a, b, c = twist
    return np.array([[0, -c, b, x], [c, 0, -a, y], [-b, a, 0, z], [0, 0, 0, 0.0]])


@pytest.mark.parametrize("degree", [0, 1, 3])
@pytest.mark.parametrize("antialiased", [False, True])
def test_gradient_is_that_of_autograd_in_float64(degree, antialiased):
    splats, camera = scenes.gaussians(60, 3, seed=3, size=-1.6), scenes.camera()
    settings = replace(SETTINGS, sh_degree=degree, antialiased=antialiased)
    metrics = stepped(splats, camera, settings)
    twist = torch.zeros(6, dtype=torch.float64, requires_grad=True)
    generators = torch.from_numpy(np.array([algebra(one) for one in np.eye(6)]))
    motion = torch.eye(4, dtype=torch.float64) + (twist[:, None, None] * generators).sum(0)
    exact = [torch.from_numpy(getattr(splats, n)).double() for n in NAMES]
    image = reference.render(
        exact,
        camera,
        degree,
        settings.background,
        antialiased,
        view=motion @ torch.from_numpy(camera.view_matrix),
    )
    value = reference.loss(image, torch.from_numpy(picture() / 255.0), settings.dssim_weight)
    value.backward()
    assert metrics.loss == pytest.approx(float(value.detach()), rel=1e-4)
    theirs = twist.grad.numpy()
    error = np.abs(np.array(metrics.pose_gradient) - theirs)
    assert (error < 1e-4 * np.linalg.norm(theirs)).all(), (metrics.pose_gradient, theirs)


def test_gradient_is_the_slope_between_moved_cameras():
    """By the engine's own loss, without any formula in common."""
    splats, camera = scenes.gaussians(60, 3, seed=5, size=-1.0), scenes.camera(120, 96)
    target = picture(1).repeat(3, 0).repeat(3, 1)[:96, :120]
    engine = CpuEngine()

    def loss(twist, settings=SETTINGS):
        engine.load(splats)
        moved = replace(camera, view_matrix=expm(algebra(twist)) @ camera.view_matrix)
        return engine.step(TrainingView(moved, target, 0), settings)

    slope = np.array(loss(np.zeros(6)).pose_gradient)
    h = 2e-3
    measured = [(loss(h * one).loss - loss(-h * one).loss) / (2 * h) for one in np.eye(6)]
    assert np.abs(slope - measured).max() < 0.02 * np.abs(slope).max(), (slope, measured)


def test_any_number_of_threads_gives_the_same_and_asking_changes_nothing_else():
    splats, camera = scenes.gaussians(1500, 2, seed=7), scenes.camera()
    both, one = stepped(splats, camera), stepped(splats, camera, threads=1)
    assert both == one and both.pose_gradient is not None
    engines = CpuEngine(), CpuEngine()
    for engine, asked in zip(engines, (True, False), strict=True):
        engine.load(splats)
        settings = replace(SETTINGS, rates=LearningRates(1e-3), pose_gradient=asked)
        metrics = engine.step(TrainingView(camera, picture(), 0), settings)
    assert metrics.pose_gradient is None
    assert np.array_equal(*(engine.state().arrays["rows"] for engine in engines))


def test_no_gaussian_in_sight_is_no_gradient():
    splats = scenes.gaussians(5, 0)
    splats.means[:] = (0.0, 0.0, -50.0)
    assert stepped(splats, scenes.camera()).pose_gradient == (0.0,) * 6
