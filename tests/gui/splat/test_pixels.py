"""The window's pixels against a plain float64 compositor and against the CPU engine."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import engine_reference
import engine_scenes
import numpy as np
import pytest
import torch

from spaceport_app.gui.splat import shaders
from spaceport_app.splats.camera import Camera
from spaceport_app.splats.engines.cpu.engine import CpuEngine
from spaceport_app.splats.model import Splats
from spaceport_app.splats.quality import psnr

DEGREES = range(4)


def needles(count: int = 200) -> Splats:
    """Gaussians up to a thousand times longer than wide."""
    splats = engine_scenes.gaussians(count, 1, seed=3)
    scales = splats.log_scales.copy()
    scales[:, 0] += 1.0
    scales[:, 1:] -= 5.0
    return Splats(splats.means, scales, splats.quaternions, splats.opacity_logits, splats.sh)


def dense(count: int = 20_000) -> Splats:
    """A ball of small Gaussians, tens of them over each pixel."""
    return engine_scenes.gaussians(count, 2, seed=5, size=-3.2)


SMALL = engine_scenes.camera(320, 240)
SCENES = {
    f"degree {degree}": engine_scenes.gaussians(200, degree, seed=degree) for degree in DEGREES
}
MARKS = np.arange(200, dtype=np.uint8) % 4
SCENES |= {"needles": needles(), "fine": engine_scenes.gaussians(400, 1, seed=8, size=-4.0)}


@pytest.fixture(scope="module")
def drawn(in_window, tmp_path_factory) -> dict[str, np.ndarray]:
    """Draw all cases in one real window after another."""
    from draw_cases import Case

    folder: Path = tmp_path_factory.mktemp("pixels")
    cases = [Case(name, splats, SMALL) for name, splats in SCENES.items()]
    cases.append(Case("antialiased", SCENES["fine"], SMALL, antialiased=True))
    cases.append(Case("marked", SCENES["degree 2"], SMALL, marks=MARKS))
    cases.append(Case("reversed", SCENES["degree 3"], SMALL, reversed=True))
    cases.append(Case("dense", dense(), engine_scenes.camera(640, 480)))
    (folder / "cases.pickle").write_bytes(pickle.dumps(cases))
    in_window("draw_cases.py", str(folder / "cases.pickle"), str(folder / "out.npz"))
    with np.load(folder / "out.npz") as arrays:
        return dict(arrays)


def reference(splats: Splats, camera: Camera, antialiased: bool = False) -> np.ndarray:
    arrays = [torch.from_numpy(a.astype(np.float64)) for a in vars(splats).values()]
    image = engine_reference.render(arrays, camera, splats.sh_degree, antialiased=antialiased)
    return np.clip(image.numpy(), 0.0, 1.0)


def likeness(picture: np.ndarray, wanted: np.ndarray) -> float:
    assert wanted.std() > 0.05, "the scene is there to be seen"
    return psnr(np.clip(picture, 0.0, 1.0), wanted)


@pytest.mark.parametrize("name", SCENES)
def test_picture_is_that_of_the_reference(drawn: dict[str, np.ndarray], name: str) -> None:
    assert likeness(drawn[name], reference(SCENES[name], SMALL)) >= 50.0


def test_antialiased_picture_is_that_of_the_reference(drawn: dict[str, np.ndarray]) -> None:
    wanted = reference(SCENES["fine"], SMALL, antialiased=True)
    assert likeness(drawn["antialiased"], wanted) >= 50.0
    assert likeness(drawn["fine"], wanted) < 45.0


def marked(splats: Splats) -> Splats:
    """Return the scene as it is to look with MARKS: hidden gone, faint grey, highlit yellow."""
    opacities, sh = splats.opacities, splats.sh.astype(np.float64)
    faint, lit = MARKS == shaders.FAINT, MARKS == shaders.HIGHLIGHTED
    opacities = np.where(faint, shaders.FAINT_OPACITY * opacities, opacities)
    opacities = np.where(lit, np.maximum(opacities, 0.6), opacities)
    grey = sh @ np.array([0.2126, 0.7152, 0.0722])
    sh = np.where(faint[:, None, None], grey[..., None], sh)
    sh[lit] = 0.0
    sh[lit, 0] = (np.array([1.0, 0.7, 0.2]) - 0.5) / 0.28209479177387814
    logits = np.log(opacities / (1.0 - opacities))
    as_marked = replace(splats, opacity_logits=logits.astype(np.float32), sh=sh.astype(np.float32))
    return as_marked.take(MARKS != shaders.HIDDEN)


def test_marked_gaussians_are_hidden_faint_or_highlighted(drawn: dict[str, np.ndarray]) -> None:
    assert likeness(drawn["marked"], reference(marked(SCENES["degree 2"]), SMALL)) >= 50.0
    assert likeness(drawn["marked"], reference(SCENES["degree 2"], SMALL)) < 30.0


def test_reversed_order_is_noticed(drawn: dict[str, np.ndarray]) -> None:
    assert likeness(drawn["reversed"], reference(SCENES["degree 3"], SMALL)) < 35.0


@pytest.mark.parametrize("name", ["degree 3", "needles"])
def test_window_shows_the_picture(drawn: dict[str, np.ndarray], name: str) -> None:
    shown = drawn[f"{name} window"].astype(np.float64) / 255.0
    assert likeness(shown, reference(SCENES[name], SMALL)) >= 48.0


def test_many_gaussians_look_as_the_engine_renders_them(drawn: dict[str, np.ndarray]) -> None:
    engine = CpuEngine()
    engine.load(dense())
    wanted = np.clip(engine.render(engine_scenes.camera(640, 480)), 0.0, 1.0)
    assert likeness(drawn["dense"], wanted) >= 45.0
    assert likeness(drawn["dense window"].astype(np.float64) / 255.0, wanted) >= 45.0
