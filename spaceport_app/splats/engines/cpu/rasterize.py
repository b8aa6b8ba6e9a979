"""The compiled rasteriser as one differentiable torch function, for checks and research."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines import rows as layout
from spaceport_app.splats.engines.cpu import update
from spaceport_app.splats.engines.cpu.rasteriser import Rasteriser
from spaceport_app.splats.model import Splats


def rasterize(
    means: torch.Tensor,
    log_scales: torch.Tensor,
    quaternions: torch.Tensor,
    opacity_logits: torch.Tensor,
    sh: torch.Tensor,
    camera: Camera,
    *,
    sh_degree: int = 3,
    background: tuple[float, float, float] = (0.0, 0.0, 0.0),
    antialiased: bool = False,
    near: float = 0.01,
    centres: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the picture (height, width, 3) of float32 tensors on the processor.

    Parameters are as in `Splats`. If `centres`, an (N, 2) tensor of zeros that requires a
    gradient, is given, it receives the gradient by the projected centres in pixels.
    """
    if centres is None:
        centres = torch.zeros(len(means), 2)
    image: torch.Tensor = _Rasterize.apply(  # type: ignore[no-untyped-call]
        means,
        log_scales,
        quaternions,
        opacity_logits,
        sh,
        centres,
        camera,
        sh_degree,
        background,
        antialiased,
        near,
    )
    return image


class _Rasterize(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> torch.Tensor:
        *tensors, _, camera, degree, background, antialiased, near = arguments
        splats = Splats(*(t.detach().numpy().astype(np.float32, order="C") for t in tensors))
        rows = layout.pack(splats)
        rasteriser = Rasteriser(near)
        degree = min(degree, splats.sh_degree)
        image = rasteriser.draw(rows, camera, degree, background, antialiased)
        ctx.kept = rasteriser, rows, splats.sh.shape[1]
        return torch.from_numpy(np.ascontiguousarray(image.transpose(1, 2, 0)))

    @staticmethod
    def backward(ctx: Any, *v_outputs: Any) -> Any:
        rasteriser, rows, terms = ctx.kept
        v_image = np.ascontiguousarray(v_outputs[0].numpy().transpose(2, 0, 1), np.float32)
        v_entries = rasteriser.draw_back(v_image)
        v_rows = np.zeros_like(rows)
        v_centres = np.zeros((len(rows), 2), np.float32)
        update.parameter_gradients(
            rows,
            rasteriser.degree,
            rasteriser.camera,
            rasteriser.antialiased,
            rasteriser.screen,
            rasteriser.counts,
            rasteriser.slots,
            v_entries,
            v_rows,
            v_centres,
        )
        v = layout.unpack(v_rows, terms)
        gradients = (v.means, v.log_scales, v.quaternions, v.opacity_logits, v.sh, v_centres)
        return (*(torch.from_numpy(g) for g in gradients), *([None] * 5))
