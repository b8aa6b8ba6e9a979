"""Projection and harmonics against gsplat's own torch reference functions."""

import engine_scenes as scenes
import numpy as np
import pytest
import torch
from gsplat.cuda._torch_impl import (
    _fully_fused_projection,
    _quat_scale_to_covar_preci,
    _spherical_harmonics,
)

from spaceport_app.splats.engines import rows as layout
from spaceport_app.splats.engines.cpu import projection
from spaceport_app.splats.engines.cpu import screen as columns


def project(splats, camera, degree=3, antialiased=False, near=0.01):
    screen = np.zeros((len(splats), columns.COLUMNS), np.float32)
    projection.project(
        layout.pack(splats),
        degree,
        projection.camera_numbers(camera, near),
        camera.width,
        camera.height,
        antialiased,
        screen,
        np.zeros(len(splats), np.int32),
        np.zeros(len(splats), np.int32),
    )
    return screen.astype(np.float64)


def gsplat_projection(splats, camera, near=0.01):
    covariances, _ = _quat_scale_to_covar_preci(
        torch.from_numpy(splats.quaternions).double(),
        torch.from_numpy(splats.log_scales).double().exp(),
        compute_preci=False,
    )
    intrinsics = torch.tensor(
        [[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]], dtype=torch.float64
    )
    return _fully_fused_projection(
        torch.from_numpy(splats.means).double(),
        covariances,
        torch.from_numpy(camera.view_matrix)[None],
        intrinsics[None],
        camera.width,
        camera.height,
        near_plane=near,
        calc_compensations=True,
    )


@pytest.mark.parametrize("antialiased", [False, True])
def test_projection_is_gsplats(antialiased):
    splats, camera = scenes.gaussians(400, seed=2), scenes.camera(120, 90)
    ours = project(splats, camera, antialiased=antialiased)
    radii, centres, depths, conics, compensations = (
        part[0].numpy() for part in gsplat_projection(splats, camera)
    )
    seen = ours[:, columns.DEPTH] > 0
    assert 100 < seen.sum() < 400
    # gsplat cuts at 3.33 sigma whatever the opacity: what we see it sees.
    assert (radii[seen] > 0).all()
    x, y, s, q1, q2 = ours[seen][:, : columns.LOG2_OPACITY].T
    np.testing.assert_allclose(np.stack([x, y], 1), centres[seen], rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(ours[seen, columns.DEPTH], depths[seen], rtol=1e-5)
    k1, k2 = -2.0 * q1 / projection.LOG2_E, -2.0 * q2 / projection.LOG2_E
    conic = np.stack([k1, -k1 * s, k1 * s * s + k2], 1)
    scale = np.abs(conics[seen]).max(1, keepdims=True)
    np.testing.assert_allclose(conic / scale, conics[seen] / scale, atol=2e-5)
    opacity = 1 / (1 + np.exp(-splats.opacity_logits[seen].astype(np.float64)))
    if antialiased:
        opacity = opacity * compensations[seen]
    np.testing.assert_allclose(2.0 ** ours[seen, columns.LOG2_OPACITY], opacity, rtol=1e-4)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_colours_are_gsplats(degree):
    splats, camera = scenes.gaussians(100, seed=4), scenes.camera()
    splats.sh[:] *= 5  # Some colours are to be clamped.
    ours = project(splats, camera, degree)
    seen = ours[:, columns.DEPTH] > 0
    directions = torch.from_numpy(splats.means.astype(np.float64) - camera.centre)
    theirs = _spherical_harmonics(degree, directions, torch.from_numpy(splats.sh).double())
    colours = np.maximum(theirs.numpy() + 0.5, 0.0)
    assert (colours == 0).any()
    np.testing.assert_allclose(
        ours[seen, columns.RED : columns.BLUE + 1], colours[seen], rtol=1e-5, atol=1e-5
    )


def test_extent_is_where_alpha_reaches_one_255th():
    splats, camera = scenes.gaussians(60, seed=5), scenes.camera()
    for row in project(splats, camera):
        if row[columns.DEPTH] == 0:
            continue
        dy = np.linspace(-1.0, 1.0, 20001) * row[columns.EXTENT_Y] * 1.2
        # The best x at each dy makes u zero.
        alpha = 2.0 ** (row[columns.LOG2_OPACITY] + row[columns.Q2] * dy * dy)
        reach = np.abs(dy[alpha >= 1 / 255]).max()
        np.testing.assert_allclose(row[columns.EXTENT_Y], reach, rtol=2e-2, atol=2e-2)
        assert row[columns.EXTENT_Y] >= reach
