"""The CPU engine at its door: steps, statistics, changes, states."""

import gc
import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import engine_reference as reference
import engine_scenes as scenes
import numpy as np
import pytest
import torch

from spaceport_app.splats.engines import rows as layout
from spaceport_app.splats.engines.contract import (
    Change,
    EngineState,
    LearningRates,
    StepSettings,
    TrainingView,
)
from spaceport_app.splats.engines.cpu import noise
from spaceport_app.splats.engines.cpu.engine import CpuEngine
from spaceport_app.splats.model import Splats

NAMES = ("means", "log_scales", "quaternions", "opacity_logits", "sh")
RATES = LearningRates(2e-3)


def view(seed=0, camera=None):
    camera = camera or scenes.camera()
    rng = np.random.default_rng(seed)
    smooth = rng.integers(40, 220, (1, 1, 3)) + rng.integers(-30, 30, (camera.height, 1, 3))
    picture = np.broadcast_to(smooth, (camera.height, camera.width, 3))
    return TrainingView(camera, picture.clip(0, 255).astype(np.uint8), seed)


def engine_of(splats, **options):
    engine = CpuEngine(**options)
    engine.load(splats)
    return engine


def same(a, b):
    return all(np.array_equal(getattr(a, n), getattr(b, n)) for n in NAMES)


def settings(iteration=0, **changes):
    return replace(StepSettings(iteration, 3, RATES), **changes)


def test_steps_follow_torch_adam_on_the_reference():
    """Three whole steps with regularisation against autograd and torch.optim.Adam in float64."""
    splats = scenes.gaussians(25, 2, seed=3, size=-1.2)
    splats.means[:] *= 0.4  # All are in the picture, so that all move.
    step = settings(
        opacity_regularisation=0.01,
        scale_regularisation=0.02,
        background=(0.3, 0.1, 0.2),
        antialiased=True,
        screen_gradients=True,
    )
    engine = engine_of(splats)
    leaves = {
        n: torch.from_numpy(getattr(splats, n).astype(np.float64)).requires_grad_() for n in NAMES
    }
    sh0 = leaves["sh"][:, :1].detach().clone().requires_grad_()
    rest = leaves["sh"][:, 1:].detach().clone().requires_grad_()
    groups = [
        {"params": [leaves["means"]], "lr": RATES.means},
        {"params": [leaves["log_scales"]], "lr": RATES.log_scales},
        {"params": [leaves["quaternions"]], "lr": RATES.quaternions},
        {"params": [leaves["opacity_logits"]], "lr": RATES.opacity_logits},
        {"params": [sh0], "lr": RATES.sh0},
        {"params": [rest], "lr": RATES.sh_rest},
    ]
    adam = torch.optim.Adam(groups, betas=(0.9, 0.999), eps=1e-15)
    norms = torch.zeros(25, dtype=torch.float64)
    for i in range(3):
        shot = view(i)
        metrics = engine.step(shot, replace(step, iteration=i))
        adam.zero_grad()
        parameters = [leaves[n] for n in NAMES[:4]] + [torch.cat([sh0, rest], 1)]
        centres = []
        image = reference.render(parameters, shot.camera, 2, step.background, True, centres=centres)
        target = torch.from_numpy(shot.image / 255.0)
        value = reference.loss(image, target, 0.2)
        total = (
            value
            + 0.01 * torch.sigmoid(leaves["opacity_logits"]).mean()
            + 0.02 * torch.exp(leaves["log_scales"]).mean()
        )
        total.backward()
        adam.step()
        norms += centres[0].grad.norm(dim=-1) * shot.camera.width / 2
        assert metrics.visible == 25
        assert metrics.loss == pytest.approx(float(value.detach()), rel=1e-4)
        l1 = float((image - target).abs().mean().detach())
        assert metrics.l1 == pytest.approx(l1, rel=1e-4)
        ssim = float(reference.ssim(image, target).detach())
        assert metrics.ssim == pytest.approx(ssim, abs=1e-4)
    leaves["sh"] = torch.cat([sh0, rest], 1)
    after = engine.splats()
    for name in NAMES:
        before = getattr(splats, name).astype(np.float64)
        moved = leaves[name].detach().numpy() - before
        error = np.linalg.norm(getattr(after, name) - before - moved)
        assert error < 2e-2 * np.linalg.norm(moved), name
    statistics = engine.statistics()
    np.testing.assert_allclose(statistics.gradient_sum.numpy(), norms.numpy(), rtol=2e-3)
    assert (statistics.view_count == 3).all()


@pytest.mark.parametrize("scale", [1e-4, 1e-6, 1e-8, 1e-10])
def test_no_first_step_is_longer_than_its_rate(scale, monkeypatch):
    """Adam's first step has the length of the rate, however small the gradient."""
    plain = CpuEngine._compare

    def fainter(self, *arguments):
        metrics = plain(self, *arguments)
        self._v_image *= scale
        return metrics

    monkeypatch.setattr(CpuEngine, "_compare", fainter)
    splats = scenes.gaussians(200, 3, seed=4)
    engine = engine_of(splats)
    engine.step(view(), settings())
    after = engine.splats()
    rates = (RATES.means, RATES.log_scales, RATES.quaternions, RATES.opacity_logits)
    for name, rate in zip(NAMES, (*rates, max(RATES.sh0, RATES.sh_rest)), strict=False):
        moved = np.abs(getattr(after, name) - getattr(splats, name)).max()
        assert moved <= 1.01 * rate + 1e-6, name


def test_training_lowers_the_loss():
    engine = engine_of(scenes.gaussians(200, 1, seed=1))
    losses = [engine.step(view(), settings(i)).loss for i in range(150)]
    assert losses[-1] < 0.35 * losses[0]


def test_unused_harmonics_and_unseen_gaussians_keep_still():
    splats = scenes.gaussians(60, 3, seed=2)
    splats.means[:10] = (0, 0, -50)
    engine = engine_of(splats)
    for i in range(3):
        metrics = engine.step(view(), settings(i, sh_degree=1, noise=5e5, screen_gradients=True))
    after = engine.splats()
    assert metrics.visible <= 50
    assert np.array_equal(after.sh[:, 4:], splats.sh[:, 4:])
    assert not np.array_equal(after.sh[10:, 1:4], splats.sh[10:, 1:4])
    assert same(after.take(np.arange(10)), splats.take(np.arange(10)))
    statistics = engine.statistics()
    assert (statistics.view_count[:10] == 0).all() and (statistics.view_count[10:] > 0).any()


def test_screen_gradients_only_when_asked():
    engine = engine_of(scenes.gaussians(20, 0))
    engine.step(view(), settings())
    assert float(engine.statistics().gradient_sum.sum()) == 0
    engine.step(view(), settings(1, screen_gradients=True))
    assert float(engine.statistics().gradient_sum.sum()) > 0


def test_noise_has_the_covariance_s_shape_and_the_gate_s_size():
    """Pushes of many equal faint Gaussians against the formula of Kheradmand et al. 2024."""
    count = 20000
    one = scenes.gaussians(1, 0, seed=5)
    one.opacity_logits[:] = np.log(0.01 / 0.99)
    one.means[:] = (0.1, 0.1, 0.0)
    splats = one.take(np.zeros(count, np.intp))
    engine = engine_of(splats)
    still = replace(RATES, **dict.fromkeys(vars(RATES), 0.0))
    engine.step(view(), settings(7, rates=replace(still, means=1e-30), noise=3e29))
    pushes = (engine.splats().means - splats.means).astype(np.float64)
    axes = reference.rotations(torch.from_numpy(one.quaternions).double())[0].numpy()
    covariance = axes * np.exp(2.0 * one.log_scales[0].astype(np.float64)) @ axes.T
    gate = 1 / (1 + np.exp(-100 * ((1 - 0.01) - 0.995)))
    expected = (0.3 * gate) ** 2 * covariance @ covariance
    assert np.linalg.norm(np.cov(pushes.T) - expected) < 0.05 * np.linalg.norm(expected)
    assert np.abs(pushes.mean(0)).max() < 4 * np.sqrt(np.diag(expected).max() / count)
    again = engine_of(splats)
    again.step(view(), settings(8, rates=replace(still, means=1e-30), noise=3e29))
    other = again.splats().means - splats.means
    assert abs(np.corrcoef(other[:, 0], pushes[:, 0])[0, 1]) < 0.05


def test_solid_gaussians_get_no_noise():
    assert 1 / (1 + np.exp(-100 * ((1 - noise.OPEN_BELOW) - 0.995))) < 1e-6


def test_same_result_for_any_number_of_threads_and_again():
    splats = scenes.gaussians(300, 3, seed=4)

    def run(**options):
        engine = engine_of(splats, **options)
        for i in range(4):
            metrics = engine.step(view(i % 2), settings(i, noise=5e5))
        return engine.splats(), metrics

    first, metrics = run()
    second, metrics2 = run()
    single, metrics3 = run(threads=1)
    assert same(first, second) and same(first, single)
    assert metrics == metrics2 == metrics3


def test_restored_state_goes_on_exactly():
    engine = engine_of(scenes.gaussians(100, 2, seed=6))
    for i in range(3):
        engine.step(view(i), settings(i, screen_gradients=True, noise=5e5))
    state = engine.state()
    for i in range(3, 6):
        engine.step(view(i), settings(i, screen_gradients=True, noise=5e5))
    other = CpuEngine()
    other.restore(EngineState({k: np.array(v) for k, v in state.arrays.items()}))
    for i in range(3, 6):
        other.step(view(i), settings(i, screen_gradients=True, noise=5e5))
    assert same(engine.splats(), other.splats())
    for name in ("gradient_sum", "view_count"):
        ours, theirs = getattr(engine.statistics(), name), getattr(other.statistics(), name)
        assert torch.equal(ours, theirs)


def test_state_is_a_copy():
    engine = engine_of(scenes.gaussians(20, 0))
    state = engine.state()
    kept = {k: v.copy() for k, v in state.arrays.items()}
    engine.step(view(), settings())
    assert all(np.array_equal(kept[k], v) for k, v in state.arrays.items())


def test_broken_states_are_refused():
    state = engine_of(scenes.gaussians(20, 0)).state()
    lacking = {k: v for k, v in state.arrays.items() if k != "first"}
    with pytest.raises(ValueError, match="lacks first"):
        CpuEngine().restore(EngineState(lacking))
    with pytest.raises(ValueError, match="fit together"):
        CpuEngine().restore(EngineState({**state.arrays, "second": np.zeros((3, 16), "f4")}))
    for name, odd in (("terms", np.zeros(7, "i8")), ("steps", np.zeros(2)), ("rows", np.zeros(()))):
        with pytest.raises(ValueError, match="shapes"):
            CpuEngine().restore(EngineState({**state.arrays, name: odd}))


def test_change_copies_moments_and_replaces_parameters():
    engine = engine_of(scenes.gaussians(30, 1, seed=8))
    for i in range(2):
        engine.step(view(), settings(i, screen_gradients=True))
    before, old = engine.splats(), engine.state().arrays
    source = torch.tensor([3, 3, 29, 0])
    logits = torch.tensor([1.0, 2.0, 3.0, 4.0])
    engine.change(Change(source, torch.tensor([False, True, False, False]), opacity_logits=logits))
    assert len(engine) == 4
    after, new = engine.splats(), engine.state().arrays
    expected = replace(before.take(source.numpy()), opacity_logits=logits.numpy())
    assert same(after, expected)
    for name in ("first", "second"):
        moments = old[name][source.numpy()].copy()
        assert np.abs(moments).sum() > 0
        moments[1] = 0
        assert np.array_equal(new[name], moments)
    statistics = engine.statistics()
    for array in (statistics.gradient_sum, statistics.view_count):
        assert array.shape == (4,) and float(array.sum()) == 0
    engine.step(view(), settings(2))


def test_change_replaces_means_and_scales():
    engine = engine_of(scenes.gaussians(5, 0))
    means, scales = torch.rand(2, 3), torch.rand(2, 3)
    new = Change(torch.tensor([1, 4]), torch.zeros(2, dtype=torch.bool), means, scales)
    engine.change(new)
    given = means.clone()
    means += 1.0  # The engine has a copy.
    splats = engine.splats()
    assert np.array_equal(splats.means, given.numpy())
    assert np.array_equal(splats.log_scales, scales.numpy())


@pytest.mark.parametrize(
    "change",
    [
        Change(torch.tensor([0, 5]), torch.tensor([True, True])),
        Change(torch.tensor([-1]), torch.tensor([True])),
        Change(torch.tensor([0, 1]), torch.tensor([True])),
        Change(torch.tensor([0, 1]), torch.tensor([True, True]), means=torch.zeros(3, 3)),
    ],
)
def test_impossible_changes_are_refused_and_change_nothing(change):
    engine = engine_of(scenes.gaussians(5, 0))
    before = engine.splats()
    with pytest.raises(ValueError):
        engine.change(change)
    assert same(engine.splats(), before)


def test_change_to_no_gaussians():
    engine = engine_of(scenes.gaussians(5, 0))
    engine.change(Change(torch.empty(0, dtype=torch.int64), torch.empty(0, dtype=torch.bool)))
    metrics = engine.step(view(), settings())
    assert (len(engine), metrics.visible) == (0, 0)


def test_render_is_the_reference_s():
    splats, camera = scenes.gaussians(60, 3, seed=10), scenes.camera()
    engine = engine_of(splats)
    exact = [torch.from_numpy(getattr(splats, n)).double() for n in NAMES]
    for degree, background, antialiased in ((None, (0, 0, 0), False), (1, (1, 0.5, 0), True)):
        ours = engine.render(
            camera, sh_degree=degree, background=background, antialiased=antialiased
        )
        theirs = reference.render(
            exact, camera, 3 if degree is None else degree, background, antialiased
        )
        assert ours.shape == (37, 45, 3) and ours.dtype == np.float32
        assert np.abs(ours - theirs.numpy()).max() < 1e-4


def test_pictures_are_not_overwritten_by_the_next():
    engine = engine_of(scenes.gaussians(20, 0))
    first = engine.render(scenes.camera())
    kept = first.copy()
    engine.render(scenes.camera(), background=(1.0, 1.0, 1.0))
    assert np.array_equal(first, kept)


def test_picture_of_the_wrong_size_is_refused():
    engine = engine_of(scenes.gaussians(5, 0))
    wrong = TrainingView(scenes.camera(), np.zeros((8, 8, 3), np.uint8), 0)
    with pytest.raises(ValueError, match="size"):
        engine.step(wrong, settings())


def test_read_only_pictures_work():
    shot = view()
    shot.image.flags.writeable = False
    engine_of(scenes.gaussians(5, 0)).step(shot, settings())


def test_memory_does_not_grow_with_steps():
    engine = engine_of(scenes.gaussians(100, 0))
    rasteriser = engine._rasteriser
    engine.step(view(), settings())
    kept = [id(rasteriser.v_entries), id(rasteriser.image), id(rasteriser.screen)]
    for i in range(1, 5):
        engine.step(view(), settings(i))
    assert kept == [id(rasteriser.v_entries), id(rasteriser.image), id(rasteriser.screen)]


def test_two_hundred_steps_leave_nothing_behind():
    """Neither Python's memory nor, with what kernels take, the process's resident memory grows.

    Keeping one picture (20 kB) a step would make 4 MB of 200 steps.
    """
    engine = engine_of(scenes.gaussians(100, 3))
    shot = view()

    def run(first, last):
        for i in range(first, last):
            engine.step(shot, settings(i, screen_gradients=True, noise=5.0))

    def held():
        gc.collect()
        return tracemalloc.get_traced_memory()[0], resident()

    tracemalloc.start()
    try:
        run(0, 20)
        python, process = held()
        run(20, 220)
        python_after, process_after = held()
    finally:
        tracemalloc.stop()
    assert python_after - python < 50_000
    assert process_after - process < 2_000_000


def resident():
    """Return the process's memory in bytes, 0 where the system does not tell it this way."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_rows_hold_gaussians_unchanged():
    for degree in range(4):
        splats = scenes.gaussians(7, degree)
        rows = layout.pack(splats)
        assert rows.shape[1] % 16 == 0
        assert same(layout.unpack(rows, splats.sh.shape[1]), splats)
        assert (rows[:, layout.SH + 3 * splats.sh.shape[1] :] == 0).all()


_ELSEWHERE = """
import sys
import numpy as np
sys.path.insert(0, {folder!r})
import engine_scenes as scenes
from test_engine import engine_of, settings, view
engine = engine_of(scenes.gaussians(200, 3, seed=4))
before = engine.render(scenes.camera())
losses = [engine.step(view(0), settings(0)).loss]
gradients = 10 * engine.state().arrays["first"]  # Adam's first moment after one step.
losses += [engine.step(view(i % 2), settings(i)).loss for i in range(1, 5)]
np.savez({out!r}, before=before, losses=losses, gradients=gradients)
"""


@pytest.mark.slow
def test_processor_without_wide_vectors_gives_the_same(tmp_path):
    """The same kernels compiled for a processor of the year 2003."""
    here = Path(__file__).parent
    results = []
    for number, processor in enumerate(("", "generic")):
        out = tmp_path / f"{number}.npz"
        script = f"import sys; sys.path.insert(0, {str(here)!r})\n" + _ELSEWHERE.format(
            folder=str(here.parent), out=str(out)
        )
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / str(number))}
        if processor:
            environment |= {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": ""}
        subprocess.run([sys.executable, "-c", script], check=True, env=environment)
        results.append(np.load(out))
    ours, theirs = results
    np.testing.assert_allclose(theirs["before"], ours["before"], atol=2e-6)
    np.testing.assert_allclose(theirs["losses"], ours["losses"], rtol=1e-5)
    largest = np.abs(ours["gradients"]).max(axis=0)
    assert np.count_nonzero(largest) > 50
    error = np.abs(theirs["gradients"] - ours["gradients"]).max(axis=0)
    assert (error <= 1e-5 * largest).all()


def test_empty_engine_renders_background():
    image = CpuEngine().render(scenes.camera(), background=(0.5, 0.25, 0.0))
    assert (image == np.float32([0.5, 0.25, 0.0])).all()


def test_splats_are_a_copy():
    engine = engine_of(scenes.gaussians(5, 0))
    copy: Splats = engine.splats()
    copy.means[:] = 9
    assert not (engine.splats().means == 9).any()
