import numpy as np
import pytest

from spaceport_app.splats.model import Splats


def splats(n: int = 4) -> Splats:
    shapes = ((n, 3), (n, 3), (n, 4), (n,), (n, 9, 3))
    return Splats(*(np.zeros(shape, np.float32) for shape in shapes))


def test_opacities_are_the_sigmoid_and_never_overflow() -> None:
    made = splats()
    made.opacity_logits[:] = (0.0, 2.0, -700.0, 700.0)
    with np.errstate(all="raise"):
        assert made.opacities == pytest.approx([0.5, 1 / (1 + np.exp(-2)), 0.0, 1.0])


@pytest.mark.parametrize("name", ["means", "log_scales", "quaternions", "opacity_logits", "sh"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_number_that_is_none_spoils_its_gaussian_alone(name: str, value: float) -> None:
    made = splats()
    getattr(made, name).reshape(4, -1)[2, -1] = value
    assert made.finite.tolist() == [True, True, False, True]


def test_no_gaussians_have_no_opacities_and_no_faults() -> None:
    assert splats(0).opacities.shape == splats(0).finite.shape == (0,)
