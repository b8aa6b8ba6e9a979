"""Our own differentiable rasteriser behind gsplat's real signature, on the processor."""

import inspect

import gsplat
import torch

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.cpu.rasteriser import Rasteriser
from spaceport_app.splats.engines.cpu.rasterize import rasterize
from spaceport_app.splats.engines.rows import pack
from spaceport_app.splats.model import Splats

SIGNATURE = inspect.signature(gsplat.rasterization)


def stand_in(calls):
    def rasterization(*arguments, **keywords):
        calls.append(SIGNATURE.bind(*arguments, **keywords).arguments)
        a = calls[-1]
        assert a["viewmats"].shape == (1, 4, 4) and a["Ks"].shape == (1, 3, 3)
        k = a["Ks"][0].double().numpy()
        camera = Camera(
            a["width"],
            a["height"],
            k[0, 0],
            k[1, 1],
            k[0, 2],
            k[1, 2],
            a["viewmats"][0].double().numpy(),
        )
        parameters = (
            a["means"],
            torch.log(a["scales"]),
            a["quats"],
            torch.logit(a["opacities"]),
            a["colors"],
        )
        antialiased = a["rasterize_mode"] == "antialiased"
        arrays = [p.detach().numpy().copy() for p in parameters]
        probe = Rasteriser(a["near_plane"])
        rows = pack(Splats(*arrays))
        probe.draw(rows, camera, a["sh_degree"], (0, 0, 0), antialiased)
        seen = torch.from_numpy(probe.counts > 0)
        centres = torch.zeros(1, len(seen), 2, requires_grad=True)
        image = rasterize(
            *parameters,
            camera,
            sh_degree=a["sh_degree"],
            background=tuple(a["backgrounds"][0].tolist()),
            antialiased=antialiased,
            near=a["near_plane"],
            centres=centres[0],
        )
        meta = {
            "radii": seen[None, :, None].expand(1, -1, 2).int(),
            "means2d": centres,
        }
        return image[None], None, meta

    return rasterization
