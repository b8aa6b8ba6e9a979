"""The compiled rasteriser against the plain float64 reference: pictures and all gradients."""

from dataclasses import replace

import engine_reference as reference
import engine_scenes as scenes
import numpy as np
import pytest
import torch

from spaceport_app.splats.engines.cpu.rasterize import rasterize
from spaceport_app.splats.model import Splats

NAMES = ("means", "log_scales", "quaternions", "opacity_logits", "sh")


def tensors(splats, dtype):
    return [torch.from_numpy(getattr(splats, n).astype(dtype)).requires_grad_() for n in NAMES]


def compare(splats, camera, degree, background=(0.0, 0.0, 0.0), antialiased=False):
    """Return PSNR and relative errors of all gradients, the projected centres' included."""
    ours, theirs = tensors(splats, np.float32), tensors(splats, np.float64)
    centres = torch.zeros(len(splats), 2, requires_grad=True)
    kept = []
    image = rasterize(
        *ours,
        camera,
        sh_degree=degree,
        background=background,
        antialiased=antialiased,
        centres=centres,
    )
    truth = reference.render(theirs, camera, degree, background, antialiased, centres=kept)
    weights = torch.from_numpy(np.random.default_rng(5).normal(size=tuple(truth.shape)))
    (image * weights.float()).sum().backward()
    (truth * weights).sum().backward()
    pairs = [(a.grad, b.grad) for a, b in zip(ours, theirs, strict=True)]
    pairs.append((centres.grad, kept[0].grad))
    errors = []
    for a, b in pairs:
        size = float(b.norm())
        assert size > 0 or float(a.norm()) == 0
        errors.append(float((a.double() - b).norm()) / max(size, 1e-12))
    mse = float(((image.double() - truth) ** 2).mean().detach())
    return -10 * np.log10(mse + 1e-30), errors


@pytest.mark.parametrize("antialiased", [False, True])
@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_matches_reference(degree, antialiased):
    splats = scenes.gaussians(80, degree, seed=degree)
    psnr, errors = compare(splats, scenes.camera(), degree, (0.2, 0.5, 0.9), antialiased)
    assert psnr > 100
    assert max(errors) < 1e-4


def test_uses_fewer_harmonics_than_stored():
    splats = scenes.gaussians(40, 3, seed=9)
    psnr, errors = compare(splats, scenes.camera(), 1)
    assert psnr > 100
    assert max(errors) < 1e-4


def place(splats, **changes):
    arrays = {n: getattr(splats, n).copy() for n in NAMES}
    for name, value in changes.items():
        arrays[name][:] = value
    return replace(splats, **arrays)


def test_many_dense_layers_stop_early():
    splats = scenes.gaussians(300, 0, seed=3, size=-0.8)
    splats = place(splats, opacity_logits=5.0)
    psnr, errors = compare(splats, scenes.camera(), 0, (1.0, 1.0, 1.0))
    assert psnr > 90
    assert max(errors) < 1e-3


@pytest.mark.parametrize("antialiased", [False, True])
def test_needles_and_plates(antialiased):
    splats = scenes.gaussians(30, 1, seed=4)
    needles = place(splats, log_scales=(np.log(0.6), np.log(0.002), np.log(0.002)))
    plates = place(splats, log_scales=(np.log(0.4), np.log(0.4), np.log(1e-4)))
    for shape in (needles, plates):
        psnr, errors = compare(shape, scenes.camera(), 1, antialiased=antialiased)
        assert psnr > 80
        assert max(errors) < 1e-3


def test_huge_gaussian_around_the_picture():
    splats = place(scenes.gaussians(3, 0, seed=1), log_scales=(3.5, 3.7, 3.2))
    splats = place(splats, means=((0, 0, 50.0), (60.0, 0, 20.0), (0, -30.0, 10.0)))
    psnr, errors = compare(splats, scenes.camera(), 0)
    assert psnr > 80
    assert max(errors) < 1e-3


def test_beyond_the_field_of_view_clamp():
    """Wide Gaussians whose centres lie outside 1.3 times the picture still reach into it."""
    splats = place(scenes.gaussians(4, 1, seed=2), log_scales=(0.2, 0.0, 0.3), opacity_logits=2.0)
    splats = place(splats, means=((4.5, 0, 0), (-4.5, 0.5, 0), (0, 4.2, 0), (0.3, -4.4, -0.5)))
    psnr, errors = compare(splats, scenes.camera(turned=False), 1)
    assert psnr > 90
    assert max(errors) < 1e-3


def test_single_gaussian():
    splats = place(scenes.gaussians(1, 3, seed=6), means=(0.1, 0.2, 0.0))
    psnr, errors = compare(splats, scenes.camera(), 3)
    assert psnr > 100
    assert max(errors) < 1e-4


@pytest.mark.parametrize(
    "changes",
    [
        {"means": (0.0, 0.0, -9.0)},
        {"means": (500.0, 0.0, 0.0)},
        {"opacity_logits": -8.0},
        {"means": np.nan},
        {"log_scales": 60.0},
    ],
    ids=["behind", "beside", "faint", "not a number", "absurd"],
)
def test_nothing_visible_is_background(changes):
    splats = place(scenes.gaussians(5, 2), **changes)
    ours = tensors(splats, np.float32)
    image = rasterize(*ours, scenes.camera(), background=(0.1, 0.2, 0.3))
    assert torch.equal(image, torch.tensor([0.1, 0.2, 0.3]).expand_as(image))
    image.sum().backward()
    assert all(bool((t.grad == 0).all()) for t in ours)


def test_no_gaussians():
    splats = scenes.gaussians(0, 0)
    image = rasterize(*tensors(splats, np.float32), scenes.camera(), background=(1.0, 0.0, 0.5))
    assert torch.equal(image, torch.tensor([1.0, 0.0, 0.5]).expand_as(image))


def test_one_bad_gaussian_does_not_spoil_the_picture():
    splats = scenes.gaussians(20, 0)
    good = rasterize(*tensors(splats, np.float32), scenes.camera())
    bad = Splats(
        *(np.concatenate([getattr(splats, n), getattr(splats, n)[:1] * np.nan]) for n in NAMES)
    )
    assert torch.equal(rasterize(*tensors(bad, np.float32), scenes.camera()), good)


def test_near_plane_hides_what_is_close():
    splats = place(scenes.gaussians(1, 0), means=(0.0, 0.0, -3.9), opacity_logits=3.0)
    camera = scenes.camera(turned=False)
    shown = rasterize(*tensors(splats, np.float32), camera, near=0.05)
    hidden = rasterize(*tensors(splats, np.float32), camera, near=0.2)
    assert float(shown.detach().abs().max()) > 0.1
    assert float(hidden.detach().abs().max()) == 0.0


@pytest.mark.parametrize("size", [(1, 1), (8, 32), (9, 33), (640, 5), (7, 100)])
def test_any_picture_size(size):
    splats = scenes.gaussians(25, 0, seed=8, size=-1.0)
    psnr, errors = compare(splats, scenes.camera(*size), 0)
    assert psnr > 90
    assert max(errors) < 1e-3


@pytest.mark.parametrize("antialiased", [False, True])
def test_finite_differences_of_the_reference(antialiased):
    """The reference's autograd, and so ours, against central differences."""
    splats = scenes.gaussians(6, 3, seed=12, size=-0.7)
    camera = scenes.camera(24, 20)
    weights = torch.from_numpy(np.random.default_rng(3).normal(size=(20, 24, 3)))
    parameters = tensors(splats, np.float32)
    image = rasterize(*parameters, camera, antialiased=antialiased)
    (image * weights.float()).sum().backward()
    exact = [p.detach().double().clone() for p in parameters]

    def value():
        return float((reference.render(exact, camera, 3, (0.0,) * 3, antialiased) * weights).sum())

    rng = np.random.default_rng(0)
    for tensor, ours in zip(exact, parameters, strict=True):
        flat = tensor.view(-1)
        chosen = rng.choice(len(flat), min(len(flat), 18), replace=False)
        found = []
        for i in chosen.tolist():
            kept = float(flat[i])
            # Small steps cross few of the 1/255 edges, whose jumps no derivative describes.
            flat[i] = kept + 1e-7
            above = value()
            flat[i] = kept - 1e-7
            below = value()
            flat[i] = kept
            found.append((above - below) / 2e-7)
        expected = ours.grad.view(-1)[torch.from_numpy(chosen)].double().numpy()
        assert np.linalg.norm(expected - found) < 1e-3 * np.linalg.norm(found)
