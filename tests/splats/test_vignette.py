import numpy as np

from spaceport_app.splats.camera import Camera
from spaceport_app.splats.vignette import NO_VIGNETTE, Vignette

LENS = Vignette((-0.3, 0.1, -0.05))
CAMERA = Camera(96, 72, 80.0, 80.0, 48.0, 36.0, np.eye(4))


def test_factors_are_the_polynomial_of_the_distance_from_the_principal_point() -> None:
    factors = LENS.factors(CAMERA)[..., 0]
    assert factors.shape == (72, 96) and np.isclose(factors.mean(), 1.0, atol=1e-6)
    r = np.hypot(95.5 - 48, 10.5 - 36) / 48
    middle = np.hypot(0.5, 0.5) / 48
    wanted = [np.exp(-0.3 * x**2 + 0.1 * x**4 - 0.05 * x**6) for x in (r, middle)]
    assert np.isclose(factors[10, 95] / factors[36, 48], wanted[0] / wanted[1], rtol=1e-5)


def test_correction_evens_out_what_the_lens_did() -> None:
    flat = np.full((72, 96, 3), 100 / 255, np.float32)
    photo = np.rint(LENS.applied(flat, CAMERA) * 255).astype(np.uint8)
    assert photo.min() < 80 and photo.max() > 110
    assert np.abs(LENS.corrected(photo, CAMERA).astype(int) - 100).max() <= 1


def test_no_vignette_changes_nothing() -> None:
    photo = np.full((72, 96, 3), 7, np.uint8)
    assert NO_VIGNETTE.corrected(photo, CAMERA) is photo
