import numpy as np
import pytest

from spaceport_app.splats import quality


def plain_ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Sum an 11x11 window around every pixel, zeros beyond the border."""
    g = np.exp(-(np.arange(-5, 6) ** 2) / 4.5)
    window = np.outer(g, g) / np.outer(g, g).sum()
    height, width, channels = a.shape
    total = 0.0
    for c in range(channels):
        x, y = (np.pad(image[..., c], 5) for image in (a, b))
        for i in range(height):
            for j in range(width):
                p, q = x[i : i + 11, j : j + 11], y[i : i + 11, j : j + 11]
                mp, mq = (window * p).sum(), (window * q).sum()
                vp = (window * p * p).sum() - mp * mp
                vq = (window * q * q).sum() - mq * mq
                cov = (window * p * q).sum() - mp * mq
                c1, c2 = 0.01**2, 0.03**2
                total += (
                    (2 * mp * mq + c1)
                    * (2 * cov + c2)
                    / ((mp * mp + mq * mq + c1) * (vp + vq + c2))
                )
    return total / (height * width * channels)


def pictures() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    a = rng.random((14, 17, 3))
    return a, np.clip(a + rng.normal(0, 0.1, a.shape), 0, 1)


def test_ssim_equals_the_plain_sum_over_windows() -> None:
    a, b = pictures()
    assert quality.ssim(a, b) == pytest.approx(plain_ssim(a, b), abs=1e-12)


def test_equal_pictures_have_one_and_infinity() -> None:
    a, _ = pictures()
    assert quality.ssim(a, a) == pytest.approx(1.0)
    assert quality.psnr(a, a) == float("inf")


def test_psnr_of_a_known_error() -> None:
    a = np.full((5, 6, 3), 0.5, np.float32)
    assert quality.psnr(a, a + 0.1) == pytest.approx(20.0, abs=1e-4)
    assert quality.psnr(np.zeros((2, 2, 3)), np.ones((2, 2, 3))) == 0.0


def test_pictures_of_two_shapes_are_refused() -> None:
    a, b = pictures()
    with pytest.raises(ValueError, match="shape"):
        quality.psnr(a, b[:-1])
    with pytest.raises(ValueError, match="shape"):
        quality.ssim(a, b[:-1])


def test_another_exposure_and_white_balance_is_left_out_by_the_colour_fit() -> None:
    photo = np.random.default_rng(1).random((14, 17, 3)) * 0.6
    seen = photo @ np.array([[1.2, 0.1, 0.0], [0.0, 0.8, 0.1], [0.1, 0.0, 1.1]]) + 0.05
    assert quality.psnr(seen, photo) < 25.0
    assert quality.colour_fitted_psnr(seen, photo) > 100.0


def test_the_colour_fit_of_one_half_is_measured_on_the_other() -> None:
    rng = np.random.default_rng(2)
    photo, seen = rng.random((14, 18, 3)), rng.random((14, 18, 3))
    squares = 0.0
    for fitted, measured in ((slice(0, 9), slice(9, 18)), (slice(9, 18), slice(0, 9))):
        x = np.column_stack([seen[:, fitted].reshape(-1, 3), np.ones(14 * 9)])
        matrix, *_ = np.linalg.lstsq(x, photo[:, fitted].reshape(-1, 3), rcond=None)
        y = np.column_stack([seen[:, measured].reshape(-1, 3), np.ones(14 * 9)]) @ matrix
        squares += ((y.clip(0, 1) - photo[:, measured].reshape(-1, 3)) ** 2).sum()
    expected = -10 * np.log10(squares / photo.size)
    assert quality.colour_fitted_psnr(seen, photo) == pytest.approx(expected, abs=1e-9)
