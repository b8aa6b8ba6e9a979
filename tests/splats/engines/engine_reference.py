"""The whole way from parameters to picture and loss, plain, slow, float64, differentiable.

Written from the papers with matrices and no tiles, lists or shortcuts, and with gsplat's own
torch functions only where a test compares with those on purpose.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from spaceport_app.splats.camera import Camera

C = [0.28209479177387814, 0.4886025119029199]
C2 = [
    1.0925484305920792,
    -1.0925484305920792,
    0.31539156525252005,
    -1.0925484305920792,
    0.5462742152960396,
]
C3 = [
    -0.5900435899266435,
    2.890611442640554,
    -0.4570457994644658,
    0.3731763325901154,
    -0.4570457994644658,
    1.445305721320277,
    -0.5900435899266435,
]


def harmonics(directions, sh, degree):
    """Colour less 0.5 of `sh` (N, K, 3) in unit directions (N, 3)."""
    x, y, z = directions.unbind(-1)
    terms = [torch.full_like(x, C[0])]
    if degree > 0:
        terms += [-C[1] * y, C[1] * z, -C[1] * x]
    if degree > 1:
        terms += [
            C2[0] * x * y,
            C2[1] * y * z,
            C2[2] * (2 * z * z - x * x - y * y),
            C2[3] * x * z,
            C2[4] * (x * x - y * y),
        ]
    if degree > 2:
        terms += [
            C3[0] * y * (3 * x * x - y * y),
            C3[1] * x * y * z,
            C3[2] * y * (4 * z * z - x * x - y * y),
            C3[3] * z * (2 * z * z - 3 * x * x - 3 * y * y),
            C3[4] * x * (4 * z * z - x * x - y * y),
            C3[5] * z * (x * x - y * y),
            C3[6] * x * (x * x - 3 * y * y),
        ]
    basis = torch.stack(terms, -1)
    return (basis[..., None] * sh[:, : len(terms)]).sum(1)


def rotations(quaternions):
    w, x, y, z = (quaternions / quaternions.norm(dim=-1, keepdim=True)).unbind(-1)
    rows = [
        torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)], -1),
        torch.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], -1),
        torch.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], -1),
    ]
    return torch.stack(rows, -2)


def render(
    parameters,
    camera: Camera,
    degree: int,
    background=(0.0, 0.0, 0.0),
    antialiased: bool = False,
    near: float = 0.01,
    centres: list | None = None,
    view=None,
):
    """Picture (height, width, 3) of float64 tensors means, log_scales, quaternions, ...

    `centres` receives the projected centres with their gradient kept; `view`, a float64 tensor
    (4, 4), stands in for the camera's view matrix.
    """
    means, log_scales, quaternions, opacity_logits, sh = parameters
    if view is None:
        view = torch.from_numpy(np.asarray(camera.view_matrix, np.float64))
    local = means @ view[:3, :3].T + view[:3, 3]
    x, y, z = local.unbind(-1)
    width, height = camera.width, camera.height
    slack_x, slack_y = 0.15 * width / camera.fx, 0.15 * height / camera.fy
    px = (x / z).clamp(-camera.cx / camera.fx - slack_x, (width - camera.cx) / camera.fx + slack_x)
    py = (y / z).clamp(-camera.cy / camera.fy - slack_y, (height - camera.cy) / camera.fy + slack_y)
    zero = torch.zeros_like(z)
    jacobian = torch.stack(
        [
            torch.stack([camera.fx / z, zero, -camera.fx * px / z], -1),
            torch.stack([zero, camera.fy / z, -camera.fy * py / z], -1),
        ],
        -2,
    )
    axes = rotations(quaternions) * torch.exp(log_scales)[:, None, :]
    covariance = axes @ axes.transpose(1, 2)
    flat = jacobian @ view[:3, :3] @ covariance @ view[:3, :3].T @ jacobian.transpose(1, 2)
    blurred = flat + 0.3 * torch.eye(2, dtype=flat.dtype)
    opacity = torch.sigmoid(opacity_logits)
    if antialiased:
        ratio = torch.linalg.det(flat) / torch.linalg.det(blurred)
        opacity = opacity * torch.sqrt(ratio.clamp(min=0.0))
    centre = torch.stack([camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy], -1)
    if centres is not None:
        centre.retain_grad()
        centres.append(centre)
    direction = means + view[:3, 3] @ view[:3, :3]
    direction = direction / direction.norm(dim=-1, keepdim=True)
    colour = (harmonics(direction, sh, degree) + 0.5).clamp(min=0.0)

    ys, xs = torch.meshgrid(
        torch.arange(height, dtype=torch.float64) + 0.5,
        torch.arange(width, dtype=torch.float64) + 0.5,
        indexing="ij",
    )
    pixels = torch.stack([xs, ys], -1)
    t = torch.ones(height, width, dtype=torch.float64)
    image = torch.zeros(height, width, 3, dtype=torch.float64)
    for i in torch.argsort(z.detach(), stable=True).tolist():
        if not float(z[i].detach()) > near:
            continue
        d = centre[i] - pixels
        power = -0.5 * ((d @ torch.linalg.inv(blurred[i])) * d).sum(-1)
        alpha = torch.clamp(opacity[i] * torch.exp(power), max=0.999)
        taken = (alpha.detach() >= 1 / 255) & (t.detach() > 1e-4)
        alpha = torch.where(taken, alpha, torch.zeros_like(alpha))
        image = image + (alpha * t)[..., None] * colour[i]
        t = t * (1 - alpha)
    return image + t[..., None] * torch.tensor(background, dtype=torch.float64)


def ssim(a, b):
    """Mean SSIM of (height, width, 3) pictures, zeros beyond the edge."""
    taps = torch.tensor([math.exp(-((i - 5) ** 2) / 4.5) for i in range(11)], dtype=a.dtype)
    taps = taps / taps.sum()
    window = (taps[:, None] * taps[None, :]).expand(3, 1, 11, 11)

    def blur(x):
        planes = x.permute(2, 0, 1)[None]
        return torch.nn.functional.conv2d(planes, window, padding=5, groups=3)

    ma, mb = blur(a), blur(b)
    saa, sbb, sab = blur(a * a) - ma * ma, blur(b * b) - mb * mb, blur(a * b) - ma * mb
    c1, c2 = 0.01**2, 0.03**2
    value = (2 * ma * mb + c1) * (2 * sab + c2)
    return (value / ((ma * ma + mb * mb + c1) * (saa + sbb + c2))).mean()


def loss(a, b, dssim_weight):
    return (1 - dssim_weight) * (a - b).abs().mean() + dssim_weight * (1 - ssim(a, b))
