"""The compiled loss and its gradient against torch in float64."""

import engine_reference as reference
import numpy as np
import pytest
import torch

from spaceport_app.splats.engines.cpu import loss


@pytest.mark.parametrize("size", [(3, 2), (37, 45), (130, 21), (64, 64)])
@pytest.mark.parametrize("weight", [0.0, 0.2, 1.0])
def test_value_and_gradient(size, weight):
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (*size, 3), np.uint8)
    target = np.empty((3, *size), np.float32)
    loss.unpack(picture, target)
    np.testing.assert_allclose(target, picture.transpose(2, 0, 1) / 255.0, rtol=1e-6)
    image = np.clip(target + rng.normal(0, 0.2, target.shape), 0, 1.3).astype(np.float32)
    image[0, 0, 0] = target[0, 0, 0]
    parts = np.empty((3, 3, *size), np.float32)
    sums = np.empty((3 * -(-size[0] // loss.BAND), 2), np.float32)
    gradient = np.empty_like(image)
    count = image.size
    loss.similarity(image, target, parts, sums)
    loss.gradient(image, target, parts, weight / count, (1 - weight) / count, gradient)

    a = torch.from_numpy(image.transpose(1, 2, 0).astype(np.float64)).requires_grad_()
    b = torch.from_numpy(target.transpose(1, 2, 0).astype(np.float64))
    value = reference.loss(a, b, weight)
    value.backward()
    ssim, l1 = sums.sum(0) / count
    assert ssim == pytest.approx(float(reference.ssim(a, b).detach()), abs=1e-5)
    assert l1 == pytest.approx(float((a - b).abs().mean().detach()), rel=1e-5)
    theirs = a.grad.numpy().transpose(2, 0, 1)
    assert np.linalg.norm(gradient - theirs) < 1e-3 * np.linalg.norm(theirs)


def test_equal_pictures_have_no_loss():
    picture = np.random.default_rng(2).random((3, 40, 50), np.float32)
    parts, sums = np.empty((3, 3, 40, 50), np.float32), np.empty((3, 2), np.float32)
    gradient = np.empty_like(picture)
    loss.similarity(picture, picture, parts, sums)
    loss.gradient(picture, picture, parts, 0.2, 0.8, gradient)
    assert sums.sum(0)[0] / picture.size == pytest.approx(1.0, abs=1e-6)
    assert sums.sum(0)[1] == 0.0
    assert np.abs(gradient).max() < 1e-4
