"""A small scene and a slow, plain engine to train it with."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from spaceport_app.sfm.model import Cloud, Georeference, Reconstruction, View
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.contract import (
    Change,
    EngineState,
    Statistics,
    StepMetrics,
    StepSettings,
    TrainingView,
)
from spaceport_app.splats.model import Splats

# For what the tests of the engines offer, whatever pytest's import mode.
sys.path.insert(0, str(Path(__file__).parents[1] / "engines"))

NAMES = ("means", "log_scales", "quaternions", "opacity_logits", "sh")


class PlainEngine:
    """Every Gaussian against every pixel by torch autograd, L1 loss, harmonics to degree 1."""

    name = "plain"

    def __init__(self) -> None:
        self.parameters: dict[str, torch.Tensor] = {}
        self.first: dict[str, torch.Tensor] = {}
        self.second: dict[str, torch.Tensor] = {}
        self.steps = 0
        self.seen: list[tuple[int, int]] = []

    def load(self, splats: Splats) -> None:
        self.parameters = {n: torch.from_numpy(getattr(splats, n)).clone() for n in NAMES}
        self.first = {n: torch.zeros_like(p) for n, p in self.parameters.items()}
        self.second = {n: torch.zeros_like(p) for n, p in self.parameters.items()}
        self.steps = 0
        self._reset()

    def _reset(self) -> None:
        n = len(self)
        self.gradient_sum, self.view_count = torch.zeros(n), torch.zeros(n)

    def __len__(self) -> int:
        return len(self.parameters["means"])

    def step(self, view: TrainingView, settings: StepSettings) -> StepMetrics:
        self.seen.append((view.key, view.camera.width))
        leaves = {n: p.clone().requires_grad_() for n, p in self.parameters.items()}
        twist = torch.zeros(6, requires_grad=settings.pose_gradient)
        picture, screen, visible = draw(
            leaves, view.camera, settings.sh_degree, settings.background, twist
        )
        screen.retain_grad()
        target = torch.from_numpy(view.image.astype(np.float32) / 255.0)
        l1 = (picture - target).abs().mean()
        loss = l1 + settings.opacity_regularisation * torch.sigmoid(leaves["opacity_logits"]).mean()
        loss.backward()
        if settings.screen_gradients:
            half = max(view.camera.width, view.camera.height) / 2
            assert screen.grad is not None
            self.gradient_sum += screen.grad.norm(dim=1) * half * visible
            self.view_count += visible
        rates = settings.rates
        rate = {n: getattr(rates, n, rates.sh0) for n in NAMES}
        self.steps += 1
        for n in NAMES:
            g = leaves[n].grad
            assert g is not None
            self.first[n] = 0.9 * self.first[n] + 0.1 * g
            self.second[n] = 0.999 * self.second[n] + 0.001 * g * g
            m = self.first[n] / (1 - 0.9**self.steps)
            v = self.second[n] / (1 - 0.999**self.steps)
            self.parameters[n] = self.parameters[n] - rate[n] * m / (v.sqrt() + 1e-15)
        pose = None if twist.grad is None else tuple(twist.grad.tolist())
        return StepMetrics(float(l1.detach()), float(l1.detach()), 0.0, int(visible.sum()), pose)

    def render(self, camera, *, sh_degree=None, background=(0.0, 0.0, 0.0), antialiased=False):
        with torch.no_grad():
            picture, _, _ = draw(self.parameters, camera, sh_degree, background)
        return picture.numpy()

    def statistics(self) -> Statistics:
        p = self.parameters
        return Statistics(
            p["means"],
            p["log_scales"],
            p["quaternions"],
            p["opacity_logits"],
            self.gradient_sum,
            self.view_count,
        )

    def change(self, change: Change) -> None:
        for n in NAMES:
            for moments in (self.first, self.second):
                moments[n] = moments[n][change.source].clone()
                moments[n][change.fresh] = 0.0
            new = getattr(change, n, None)
            self.parameters[n] = self.parameters[n][change.source] if new is None else new.clone()
        self._reset()

    def splats(self) -> Splats:
        return Splats(*(self.parameters[n].numpy().copy() for n in NAMES))

    def state(self) -> EngineState:
        arrays: dict[str, np.ndarray] = {"steps": np.array(self.steps)}
        for n in NAMES:
            arrays[f"p.{n}"] = self.parameters[n].numpy().copy()
            arrays[f"m.{n}"] = self.first[n].numpy().copy()
            arrays[f"v.{n}"] = self.second[n].numpy().copy()
        for n in ("gradient_sum", "view_count"):
            arrays[n] = getattr(self, n).numpy().copy()
        return EngineState(arrays)

    def restore(self, state: EngineState) -> None:
        a = state.arrays
        self.steps = int(a["steps"])
        self.parameters = {n: torch.from_numpy(a[f"p.{n}"].copy()) for n in NAMES}
        self.first = {n: torch.from_numpy(a[f"m.{n}"].copy()) for n in NAMES}
        self.second = {n: torch.from_numpy(a[f"v.{n}"].copy()) for n in NAMES}
        for n in ("gradient_sum", "view_count"):
            setattr(self, n, torch.from_numpy(a[n].copy()))


def draw(p, camera, sh_degree, background, twist=None):
    """Return picture, screen positions and which Gaussians stand before the camera."""
    matrix = torch.from_numpy(camera.view_matrix.astype(np.float32))
    if twist is not None:
        zero = torch.zeros(())
        x, y, z, a, b, c = twist
        rows = ((zero, -c, b, x), (c, zero, -a, y), (-b, a, zero, z), (zero,) * 4)
        motion = torch.stack([torch.stack(row) for row in rows])
        matrix = matrix + motion @ matrix
    x, y, z = (p["means"] @ matrix[:3, :3].T + matrix[:3, 3]).unbind(1)
    visible = z > 0.1
    depth = torch.where(visible, z, torch.ones_like(z))
    screen = torch.stack(
        [camera.fx * x / depth + camera.cx, camera.fy * y / depth + camera.cy], dim=1
    )
    zero = torch.zeros_like(depth)
    jacobian = torch.stack(
        [
            torch.stack([camera.fx / depth, zero, -camera.fx * x / depth**2], 1),
            torch.stack([zero, camera.fy / depth, -camera.fy * y / depth**2], 1),
        ],
        1,
    )
    w, i, j, k = torch.nn.functional.normalize(p["quaternions"], dim=1).unbind(1)
    rotation = torch.stack(
        [
            *(1 - 2 * (j * j + k * k), 2 * (i * j - w * k), 2 * (i * k + w * j)),
            *(2 * (i * j + w * k), 1 - 2 * (i * i + k * k), 2 * (j * k - w * i)),
            *(2 * (i * k - w * j), 2 * (j * k + w * i), 1 - 2 * (i * i + j * j)),
        ],
        1,
    ).reshape(-1, 3, 3)
    half = jacobian @ matrix[:3, :3] @ (rotation * p["log_scales"].exp()[:, None, :])
    inverse = torch.linalg.inv(half @ half.transpose(1, 2) + 0.3 * torch.eye(2))
    v, u = torch.meshgrid(
        torch.arange(camera.height) + 0.5, torch.arange(camera.width) + 0.5, indexing="ij"
    )
    offset = torch.stack([u, v], -1).reshape(-1, 1, 2) - screen
    power = torch.einsum("pni,nij,pnj->pn", offset, inverse, offset)
    alpha = torch.sigmoid(p["opacity_logits"]) * torch.exp(-0.5 * power)
    alpha = (alpha * visible).clamp(max=0.99)
    order = torch.argsort(z.detach())
    alpha = alpha[:, order]
    behind = torch.cumprod(1 - alpha, 1)
    before = torch.cat([torch.ones_like(behind[:, :1]), behind[:, :-1]], 1)
    colour = 0.28209479177387814 * p["sh"][:, 0] + 0.5
    if sh_degree != 0 and p["sh"].shape[1] > 1:
        centre = torch.from_numpy(camera.centre.astype(np.float32))
        d = torch.nn.functional.normalize(p["means"] - centre, dim=1)
        basis = 0.4886025119029199 * torch.stack([-d[:, 1], d[:, 2], -d[:, 0]], 1)
        colour = colour + torch.einsum("nk,nkc->nc", basis, p["sh"][:, 1:4])
    picture = (alpha * before) @ colour.clamp(min=0)[order]
    picture = picture + behind[:, -1:] * torch.tensor(background)
    return picture.reshape(camera.height, camera.width, 3), screen, visible.float()


def splats_like(n: int, seed: int, sh_degree: int = 0) -> Splats:
    """Return random Gaussians on a bumpy, coloured ground of 8 by 8 metres."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(-4, 4, (n, 2))
    means = np.column_stack([xy, 0.4 * np.sin(xy[:, 0]) * np.cos(xy[:, 1])])
    sh = np.zeros((n, (sh_degree + 1) ** 2, 3))
    sh[:, 0] = rng.uniform(-1.5, 1.5, (n, 3))
    quaternions = rng.normal(size=(n, 4))
    arrays = (
        means,
        np.log(rng.uniform(0.3, 0.7, (n, 3))),
        quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True),
        rng.uniform(0.5, 3.0, n),
        sh,
    )
    return Splats(*(np.ascontiguousarray(a, np.float32) for a in arrays))


def looking_down(x: float, y: float, z: float = 8.0, tilt: float = 0.0) -> np.ndarray:
    """Return the view matrix of a camera above (x, y), tilted about its x axis by radians."""
    down = np.diag([1.0, -1.0, -1.0])
    c, s = np.cos(tilt), np.sin(tilt)
    rotation = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ down
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = -rotation @ np.array([x, y, z])
    return matrix


@pytest.fixture
def plain_engine() -> type[PlainEngine]:
    """The class of the slow, plain engine."""
    torch.set_num_threads(1)
    return PlainEngine


@pytest.fixture
def make_splats():
    """Makes random Gaussians: (n, seed, sh_degree=0) -> Splats."""
    return splats_like


@pytest.fixture
def make_reconstruction(tmp_path: Path):
    """Makes a reconstruction of `photos` small views with their pictures on disk."""

    def make(photos: int = 10, width: int = 32, height: int = 24, points: int = 60):
        truth = PlainEngine()
        truth.load(splats_like(80, 1))
        folder = tmp_path / "views ü"
        folder.mkdir(exist_ok=True)
        views = []
        for i in range(photos):
            angle = 2 * np.pi * i / photos
            matrix = looking_down(2 * np.cos(angle), 2 * np.sin(angle), tilt=0.15 * np.sin(3 * i))
            camera = Camera(width, height, width * 0.9, width * 0.9, width / 2, height / 2, matrix)
            picture = np.clip(truth.render(camera), 0, 1)
            path = folder / f"photo {i:02d}.png"
            Image.fromarray(np.rint(picture * 255).astype(np.uint8)).save(path)
            views.append(
                View(
                    path.name,
                    path,
                    width,
                    height,
                    camera.fx,
                    camera.fy,
                    camera.cx,
                    camera.cy,
                    matrix,
                )
            )
        source = splats_like(80, 1)
        chosen = np.random.default_rng(2).choice(80, points, replace=points > 80)
        jitter = np.random.default_rng(3).normal(0, 0.05, (points, 3))
        cloud = Cloud(
            source.means[chosen].astype(np.float64) + jitter,
            np.clip((source.sh[chosen, 0] * 0.282 + 0.5) * 255, 0, 255).astype(np.uint8),
            np.full(points, 0.5, np.float32),
            np.full(points, 3, np.int32),
        )
        nowhere = Georeference(None, None, None, "layout", "No GPS.", None, None, {})
        return Reconstruction(tuple(views), cloud, nowhere, {})

    return make
