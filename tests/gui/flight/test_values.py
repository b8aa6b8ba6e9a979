from __future__ import annotations

import numpy as np
import pytest

from gui.flight.flights import photo_set, reconstruction
from spaceport_app.gui.flight import colours
from spaceport_app.gui.flight.scene import build
from spaceport_app.gui.flight.values import PhotoValues, known


def test_only_what_is_known_is_offered() -> None:
    photos = photo_set()
    scene = build(photos, None)
    assert scene is not None
    assert [v.label for v in known(scene, photos, None)] == ["Time", "Height", "Sharpness"]
    found = reconstruction(photos)
    scene = build(photos, found)
    assert scene is not None
    assert [v.label for v in known(scene, photos, found)][-1] == "GPS residual"


def test_residuals_without_height_are_horizontal() -> None:
    photos = photo_set()
    found = reconstruction(photos)
    scene = build(photos, found)
    assert scene is not None
    residual = known(scene, photos, found)[-1]
    np.testing.assert_allclose(residual.of(scene), 5.0)


def test_time_counts_minutes_from_the_first_photo() -> None:
    photos = photo_set()
    scene = build(photos, None)
    assert scene is not None
    time = known(scene, photos, None)[0].of(scene)
    np.testing.assert_allclose(time[:4], [29.0, 0.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("value", "text"),
    [(123.4, "123 m"), (12.34, "12.3 m"), (1.234, "1.23 m"), (0.0588, "0.059 m")],
)
def test_values_are_told_with_three_figures(value: float, text: str) -> None:
    assert PhotoValues("x", "m", {}).text(value) == text


def test_low_and_high_wear_the_ends_of_the_scale_and_the_unknown_its_own() -> None:
    table = colours.scale(dark=True)
    grey = colours.parse("#808080")
    got = colours.colours_of(np.array([1.0, 3.0, np.nan]), table, grey)
    np.testing.assert_array_equal(got, [table[0], table[-1], grey])


def test_equal_values_wear_the_middle() -> None:
    table = colours.scale(dark=False)
    got = colours.colours_of(np.array([2.0, 2.0]), table, colours.parse("#000000"))
    assert (got == table[128]).all() or (got == table[127]).all()


def test_one_value_far_off_does_not_flatten_the_others() -> None:
    values = np.append(np.linspace(0.0, 1.0, 200), 1e6)
    assert colours.span(values)[1] < 1.1
