import pytest

from spaceport_app.photos.sizes import fitted


@pytest.mark.parametrize(
    ("size", "limit", "expected"),
    [
        ((4000, 3000), 1600, (1600, 1200)),
        ((3000, 4000), 1600, (1200, 1600)),
        ((800, 600), 1600, (800, 600)),
        ((4000, 3000), 0, (4000, 3000)),
        ((5000, 1), 100, (100, 1)),
    ],
)
def test_fitted_keeps_the_shape(size, limit: int, expected) -> None:
    assert fitted(*size, limit) == expected
