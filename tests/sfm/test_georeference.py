from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spaceport_app.photos.model import Origin, Photo, Position
from spaceport_app.sfm import georeference
from spaceport_app.sfm.alignment.choose import align
from spaceport_app.sfm.model import Georeference

from .alignment import flights

ORIGIN = Origin(47.5, 11.25, 700.0)


def photo(position):
    return Photo("a", Path("a"), 1, 1, "", 4, 3, "c", "", "", None, None, position, None, 1.0, 0.5)


def test_positions_become_metres_and_unknown_things_stay_unknown():
    photos = (
        photo(Position(47.5, 11.25, 710.0)),
        photo(Position(47.5 + 1 / 1112.0, 11.25, None)),
        photo(None),
    )
    found = georeference.local_positions(photos, ORIGIN)
    np.testing.assert_allclose(found[0], [0, 0, 10], atol=1e-6)
    # A degree of latitude at 47.5 degrees is 111.18 km on the WGS84 ellipsoid.
    np.testing.assert_allclose(found[1, :2], [0, 111180 / 1112.0], atol=0.05)
    assert np.isnan(found[1, 2])
    assert np.isnan(found[2]).all()
    assert np.isnan(georeference.local_positions(photos, None)).all()


def test_residuals_of_the_kept_fit_are_told_photo_by_photo():
    flight = flights.make(*flights.grid())
    gps = flight.observed.gps
    gps[4] += [60, 0, 0]
    alignment = align(flight.observed)
    found = georeference.build(flight.observed, alignment, ORIGIN)
    rest = np.array([found.residuals[name] for name in flight.observed.names])
    np.testing.assert_allclose(rest, alignment.similarity.apply(flight.observed.centres) - gps)
    expected = np.sqrt((rest[:, 0] ** 2 + rest[:, 1] ** 2).mean())
    assert found.horizontal_rmse_m == pytest.approx(expected)
    assert found.epsg == 32632
    assert found.origin == (47.5, 11.25, 700.0)
    wrong = georeference.gps_outliers(found)
    assert list(wrong) == ["photo 04"]
    assert wrong["photo 04"] == pytest.approx(60, abs=2)


def test_a_frame_of_its_own_has_no_residuals():
    nothing = Georeference(None, None, None, "layout", "", None, None, {})
    assert georeference.gps_outliers(nothing) == {}
    assert georeference.altitude_outliers(nothing) == {}


def test_a_wrong_altitude_is_named_with_its_sign():
    flight = flights.make(*flights.grid())
    flight.observed.gps[4, 2] += 100
    flight.observed.gps[:, 2] += 30
    found = georeference.build(flight.observed, align(flight.observed), ORIGIN)
    wrong = georeference.altitude_outliers(found)
    assert list(wrong) == ["photo 04"]
    assert wrong["photo 04"] == pytest.approx(100, abs=3)
