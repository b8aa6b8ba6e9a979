"""Trains Gaussians on an NVIDIA GPU through gsplat. Untested on a GPU.

What can be checked without one is: every keyword against gsplat's signature, and a whole step,
with a rasteriser on the processor in gsplat's place, against the CPU engine.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch.nn.functional import conv2d, normalize

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines import rows as layout
from spaceport_app.splats.engines.contract import (
    Image,
    StepMetrics,
    StepSettings,
    TrainingView,
    Twist,
)
from spaceport_app.splats.engines.store import BETA1, BETA2, EPSILON, StoredEngine


class CudaEngine(StoredEngine):
    """The engine for NVIDIA GPUs: gsplat rasterises, torch does the rest. Untested on a GPU.

    It means the same as `CpuEngine` by every setting; like there, only Gaussians on screen
    move. Runs repeat only nearly, since gsplat adds up gradients in no fixed order.

    Parameters
    ----------
    device : str
        A torch device.
    near : float
        Distance in front of the camera, in world units, at which Gaussians begin to show.
    """

    name = "cuda"

    def __init__(self, device: str = "cuda", near: float = 0.01) -> None:
        super().__init__(device)
        self._near = near

    def step(self, view: TrainingView, settings: StepSettings) -> StepMetrics:
        """Render, compare with the picture, and take one optimiser step.

        Raises
        ------
        ValueError
            If the picture is not of the camera's size.
        """
        camera, store = view.camera, self._store
        if view.image.shape != (camera.height, camera.width, 3):
            raise ValueError("the picture is not of its camera's size")
        rows = store.rows.detach().requires_grad_()
        pose = torch.from_numpy(np.array(camera.view_matrix, np.float32)).to(self._device)
        pose.requires_grad_(settings.pose_gradient)
        image, meta = self._draw(
            rows, camera, pose, settings.sh_degree, settings.background, settings.antialiased
        )
        meta["means2d"].retain_grad()
        visible = (meta["radii"][0] > 0).all(-1)
        target = torch.from_numpy(np.array(view.image)).to(self._device).float() / 255.0
        l1 = (image - target).abs().mean()
        ssim = _ssim(image, target)
        w = settings.dssim_weight
        loss = (1.0 - w) * l1 + w * (1.0 - ssim)
        opacities = torch.sigmoid(rows[visible, layout.OPACITY])
        scales = torch.exp(rows[visible, layout.LOG_SCALES : layout.QUATERNION])
        total = loss + (
            settings.opacity_regularisation * opacities.sum() / max(len(store), 1)
            + settings.scale_regularisation * scales.sum() / max(3 * len(store), 1)
        )
        total.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            index = visible.nonzero()[:, 0]
            self._measure(meta, index, camera, settings)
            if rows.grad is not None:
                self._move(index, rows.grad, settings)
        twist = None if pose.grad is None else _twist(pose)
        return StepMetrics(loss.item(), l1.item(), ssim.item(), len(index), twist)

    def _draw(
        self,
        rows: torch.Tensor,
        camera: Camera,
        pose: torch.Tensor,
        degree: int,
        background: tuple[float, float, float],
        antialiased: bool,
    ) -> tuple[torch.Tensor, dict[str, Any]]:
        import gsplat

        intrinsics = ((camera.fx, 0.0, camera.cx), (0.0, camera.fy, camera.cy), (0.0, 0.0, 1.0))
        terms = self._store.terms
        pictures, _, meta = gsplat.rasterization(
            means=rows[:, layout.MEAN : layout.LOG_SCALES],
            quats=rows[:, layout.QUATERNION : layout.OPACITY],
            scales=torch.exp(rows[:, layout.LOG_SCALES : layout.QUATERNION]),
            opacities=torch.sigmoid(rows[:, layout.OPACITY]),
            colors=rows[:, layout.SH : layout.SH + 3 * terms].reshape(-1, terms, 3),
            viewmats=pose[None],
            Ks=torch.tensor(intrinsics, device=self._device)[None],
            width=camera.width,
            height=camera.height,
            near_plane=self._near,
            sh_degree=min(degree, self._store.sh_degree),
            # One camera a step that sees most of the scene: packing would save nothing.
            packed=False,
            backgrounds=torch.tensor(background, device=self._device)[None],
            absgrad=False,
            rasterize_mode="antialiased" if antialiased else "classic",
        )
        return pictures[0], meta

    def _measure(
        self, meta: dict[str, Any], index: torch.Tensor, camera: Camera, settings: StepSettings
    ) -> None:
        """Add this picture to the statistics of the visible Gaussians."""
        if settings.screen_gradients:
            slope = meta["means2d"].grad[0, index].norm(dim=-1)
            self._store.gradient_sum[index] += slope * (0.5 * max(camera.width, camera.height))
            self._store.view_count[index] += 1.0

    def _move(self, index: torch.Tensor, gradient: torch.Tensor, settings: StepSettings) -> None:
        """Take one step of Adam with the visible Gaussians, and push them by MCMC's noise."""
        store = self._store
        store.steps += 1
        unbias = math.sqrt(1.0 - BETA2**store.steps)
        rates = torch.from_numpy(layout.rates(settings.rates, store.terms)).to(self._device)
        slope = gradient[index]
        first = store.first[index].lerp(slope, 1.0 - BETA1)
        second = store.second[index].lerp(slope * slope, 1.0 - BETA2)
        store.first[index] = first
        store.second[index] = second
        moved = store.rows[index] - (rates * (unbias / (1.0 - BETA1**store.steps)) * first) / (
            second.sqrt() + EPSILON * unbias
        )
        if settings.noise > 0.0:
            generator = torch.Generator(self._device).manual_seed(settings.iteration)
            normals = torch.randn(len(store), 3, generator=generator, device=self._device)[index]
            strength = settings.noise * settings.rates.means
            moved[:, layout.MEAN : layout.LOG_SCALES] += strength * _noise(moved, normals)
        store.rows[index] = moved

    def render(
        self,
        camera: Camera,
        *,
        sh_degree: int | None = None,
        background: tuple[float, float, float] = (0.0, 0.0, 0.0),
        antialiased: bool = False,
    ) -> Image:
        """Return the picture (height, width, 3), float32, not clamped from above."""
        degree = 3 if sh_degree is None else sh_degree
        pose = torch.from_numpy(np.array(camera.view_matrix, np.float32)).to(self._device)
        with torch.no_grad():
            image, _ = self._draw(self._store.rows, camera, pose, degree, background, antialiased)
        return np.ascontiguousarray(image.cpu().numpy(), np.float32)


def _twist(pose: torch.Tensor) -> Twist:
    """Return the gradient by a twist of the camera from that by its view matrix (4, 4)."""
    assert pose.grad is not None
    axes = pose.detach().double()[:3].T
    slopes = pose.grad.double()[:3].T
    turn = torch.linalg.cross(axes, slopes).sum(dim=0)
    x, y, z, rx, ry, rz = torch.cat([slopes[3], turn]).tolist()
    return x, y, z, rx, ry, rz


def _ssim(image: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the mean SSIM of (height, width, 3) pictures, as in `engines.cpu.loss`."""
    taps = torch.exp(-0.5 * (torch.arange(-5.0, 6.0, device=image.device) / 1.5) ** 2)
    taps = (taps / taps.sum()).reshape(1, 1, 11)
    a, b = (picture.permute(2, 0, 1) for picture in (image, target))
    planes = torch.cat([a, b, a * a, b * b, a * b])[:, None]
    # TF32 would leave a variance of small differences three digits.
    with torch.backends.cudnn.flags(allow_tf32=False):
        across = conv2d(planes, taps[:, :, None, :], padding=(0, 5))
        blurred = conv2d(across, taps[:, :, :, None], padding=(5, 0))
    ma, mb, aa, bb, ab = blurred.reshape(5, *a.shape).unbind(0)
    means = ma * ma + mb * mb
    upper = (2.0 * ma * mb + 0.01**2) * (2.0 * (ab - ma * mb) + 0.03**2)
    lower = (means + 0.01**2) * (aa + bb - means + 0.03**2)
    return torch.mean(upper / lower)


def _noise(rows: torch.Tensor, normals: torch.Tensor) -> torch.Tensor:
    """Return MCMC's push of strength 1, as in `engines.cpu.noise`, (N, 3)."""
    w, x, y, z = normalize(rows[:, layout.QUATERNION : layout.OPACITY], dim=-1).unbind(-1)
    rotation = torch.stack(
        [
            1.0 - 2.0 * (y * y + z * z),
            2.0 * (x * y - w * z),
            2.0 * (x * z + w * y),
            2.0 * (x * y + w * z),
            1.0 - 2.0 * (x * x + z * z),
            2.0 * (y * z - w * x),
            2.0 * (x * z - w * y),
            2.0 * (y * z + w * x),
            1.0 - 2.0 * (x * x + y * y),
        ],
        -1,
    ).reshape(-1, 3, 3)
    variances = torch.exp(2.0 * rows[:, layout.LOG_SCALES : layout.QUATERNION])
    opacity = torch.sigmoid(rows[:, layout.OPACITY])
    gate = torch.sigmoid(100.0 * ((1.0 - opacity) - 0.995))
    local = torch.einsum("nji,nj->ni", rotation, normals) * variances
    return torch.einsum("nij,nj->ni", rotation, local) * gate[:, None]
