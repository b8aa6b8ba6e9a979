from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter
from scipy import ndimage

from spaceport_app.photos import measures
from spaceport_app.photos.measures import Measures
from spaceport_app.photos.options import ImportOptions

from .conftest import texture

LAPLACIAN = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])


def test_sharpness_is_the_energy_of_the_laplacian() -> None:
    luma = np.random.default_rng(0).random((50, 71), np.float32)
    reference = ndimage.convolve(luma.astype(np.float64), LAPLACIAN)[1:-1, 1:-1]
    assert measures.sharpness(luma) == pytest.approx(np.mean(reference**2), rel=1e-6)


@pytest.mark.parametrize("direction", [(0, 0), (0, 1), (1, 0), (1, 1), (1, -1)])
def test_detail_agrees_with_a_plain_computation(direction: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).random((64, 96), np.float32)
    moved = [np.roll(noise, np.multiply(direction, step), (0, 1)) for step in range(3)]
    luma = np.asarray(np.mean(moved, axis=0), np.float32)
    kernels = np.zeros((4, 3, 3))
    kernels[:, 1, 1] = -2
    for kernel, (row, column) in zip(kernels, ((1, 0), (0, 1), (0, 0), (0, 2)), strict=True):
        kernel[row, column] = kernel[2 - row, 2 - column] = 1

    def energies(y: np.ndarray) -> list[float]:
        return [float(np.mean(ndimage.correlate(y, kernel)[1:-1, 1:-1] ** 2)) for kernel in kernels]

    octaves = [energies(luma.astype(np.float64))]
    y = luma.astype(np.float64)
    for _ in range(3):
        y = y.reshape(y.shape[0] // 2, 2, y.shape[1] // 2, 2).mean((1, 3))
        octaves.append(energies(y))
    expected = min(octaves[0][k] / max(o[k] for o in octaves[1:]) for k in range(4))
    assert measures.detail(luma) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("level", [0, 64, 255])
def test_flat_picture(level: int) -> None:
    measured = measures.measure(Image.new("RGB", (200, 100), (level, level, level)))
    assert measured.brightness == pytest.approx(level / 255, abs=1e-6)
    assert measured.sharpness == 0.0
    assert (measured.black, measured.white) == (float(level == 0), float(level == 255))


def test_large_photos_are_measured_at_a_fixed_size() -> None:
    assert measures.luminance(Image.new("RGB", (4000, 3000))).shape == (1200, 1600)
    assert measures.luminance(Image.new("RGB", (3000, 4000))).shape == (1600, 1200)
    assert measures.luminance(Image.new("RGB", (640, 480))).shape == (480, 640)


def test_tiny_photos_are_measured_too() -> None:
    measured = measures.measure(Image.new("RGB", (2, 1), (255, 255, 255)))
    assert measured.sharpness == 0.0 and measured.detail == 1.0


def codes(items: list[Measures], groups: list[str] | None = None) -> list[set[str]]:
    threshold = ImportOptions().blur_threshold
    found = measures.findings(items, groups or ["one"] * len(items), threshold)
    return [{finding.code for finding in each} for each in found]


def motion(image: Image.Image, pixels: int, axis: int) -> Image.Image:
    array = ndimage.uniform_filter1d(np.asarray(image, np.float32), pixels, axis=axis)
    return Image.fromarray(array.astype(np.uint8))


def diagonal_motion(image: Image.Image, pixels: int) -> Image.Image:
    array = np.asarray(image, np.float32)
    moved = [np.roll(array, (step, step), (0, 1)) for step in range(pixels)]
    return Image.fromarray(np.mean(moved, axis=0).astype(np.uint8))


def encoded(image: Image.Image, quality: int) -> Image.Image:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return Image.open(data).convert("RGB")


def test_blurred_copies_stand_out_and_the_others_do_not() -> None:
    sharp = [texture(seed, (1600, 900)) for seed in range(6)]
    spoilt = [
        sharp[0].filter(ImageFilter.GaussianBlur(1.5)),
        sharp[1].filter(ImageFilter.GaussianBlur(4)),
        motion(sharp[2], 9, axis=0),
        motion(sharp[3], 9, axis=1),
        diagonal_motion(sharp[5], 9),
    ]
    kept = [*sharp, encoded(sharp[4], 50)]
    found = codes([measures.measure(encoded(image, 92)) for image in kept + spoilt])
    assert found[: len(kept)] == [set()] * len(kept)
    assert found[len(kept) :] == [{"blurred"}] * len(spoilt)


def test_a_scene_with_little_contrast_is_not_blurred() -> None:
    water = np.asarray(texture(7), np.float32)
    calm = Image.fromarray((128 + (water - 128) * 0.15).astype(np.uint8))
    items = [measures.measure(texture(seed)) for seed in range(5)] + [measures.measure(calm)]
    assert items[-1].sharpness < 0.05 * items[0].sharpness
    assert codes(items)[-1] == set()


def test_a_set_blurred_throughout_is_found_without_comparison() -> None:
    blurred = [texture(s).filter(ImageFilter.GaussianBlur(4)) for s in range(3)]
    assert codes([measures.measure(image) for image in blurred]) == [{"blurred"}] * 3


def test_each_camera_is_compared_with_itself() -> None:
    soft = Measures(0.001, 0.08, 0.5, 0.0, 0.0)
    crisp = Measures(0.01, 1.0, 0.5, 0.0, 0.0)
    assert codes([crisp] * 6 + [soft] * 5, ["a"] * 6 + ["b"] * 5) == [set()] * 11
    assert codes([crisp] * 6 + [soft] * 5, ["a"] * 11)[-1] == {"blurred"}


def test_exposure() -> None:
    dark, bright, fine = (Measures(0.01, 1.0, level, 0.0, 0.0) for level in (0.03, 0.97, 0.5))
    burnt = Measures(0.01, 1.0, 0.7, 0.0, 0.6)
    night = Measures(0.01, 1.0, 0.3, 0.6, 0.0)
    assert codes([dark, bright, fine, burnt, night]) == [
        {"dark"},
        {"overexposed"},
        set(),
        {"overexposed"},
        {"dark"},
    ]
