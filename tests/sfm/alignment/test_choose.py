from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spaceport_app.sfm.alignment.choose import align
from spaceport_app.sfm.alignment.gravity import angle_deg

from . import flights


def tilt_deg(flight, alignment) -> float:
    return angle_deg(alignment.similarity.up, flight.rotation[2])


def centre_rmse(flight, alignment):
    error = alignment.similarity.apply(flight.observed.centres) - flight.centres
    return np.sqrt((error**2).mean(0))


def with_up(flight, up):
    gps = flight.observed.gps.copy()
    gps[:, 2] = up
    return replace(flight, observed=replace(flight.observed, gps=gps))


@pytest.mark.parametrize("gimbal", [True, False])
@pytest.mark.parametrize("path", [flights.grid, flights.orbit])
def test_good_gps_gives_metres(path, gimbal):
    flight = flights.make(*path(), gimbal=gimbal)
    alignment = align(flight.observed)
    assert tilt_deg(flight, alignment) < 0.6
    assert (centre_rmse(flight, alignment) < [0.3, 0.3, 0.5]).all()
    assert alignment.similarity.scale == pytest.approx(flight.scale, rel=0.01)
    assert alignment.residuals is not None
    np.testing.assert_allclose(
        alignment.residuals,
        alignment.similarity.apply(flight.observed.centres) - flight.observed.gps,
    )


def test_the_altitude_fit_is_kept_without_a_gimbal():
    flight = flights.make(*flights.grid(), gimbal=False)
    assert align(flight.observed).method == "gps"


@pytest.mark.parametrize("gimbal", [True, False])
@pytest.mark.parametrize("path", [flights.grid, flights.orbit])
def test_a_barometer_that_drifts_by_100_m_does_not_tilt_the_scene(path, gimbal):
    flight = flights.make(*path(), gimbal=gimbal)
    count = len(flight.centres)
    drifted = flight.observed.gps[:, 2] + np.linspace(0, 100, count)
    alignment = align(with_up(flight, drifted).observed)
    assert alignment.method == "gps_horizontal"
    assert tilt_deg(flight, alignment) < 1.5
    assert (centre_rmse(flight, alignment)[:2] < 0.6).all()
    assert "altitudes" in alignment.reason


def test_drift_along_the_rows_that_fits_without_residual_is_found_out():
    # Altitude is a linear function of place: a tilted scene fits it to the millimetre.
    flight = flights.make(*flights.grid(), gimbal=False, gps_sigma=(0.3, 0.3))
    ramp = flight.centres[:, 1] * 1.0
    alignment = align(with_up(flight, flight.observed.gps[:, 2] + ramp).observed)
    assert alignment.method == "gps_horizontal"
    assert tilt_deg(flight, alignment) < 1.5


def test_a_constant_altitude_offset_moves_the_scene_and_nothing_else():
    flight = flights.make(*flights.grid())
    plain = align(flight.observed)
    shifted = align(with_up(flight, flight.observed.gps[:, 2] + 100).observed)
    assert angle_deg(plain.similarity.up, shifted.similarity.up) < 1e-6
    moved = shifted.similarity.apply(flight.observed.centres)
    np.testing.assert_allclose(
        moved - plain.similarity.apply(flight.observed.centres), [[0, 0, 100]] * 30, atol=1e-6
    )


def test_equal_altitudes_of_a_flight_that_climbs_are_not_believed():
    centres, angles = flights.orbit()
    centres[:, 2] += np.linspace(0, 40, len(centres))
    flight = flights.make(centres, angles)
    alignment = align(with_up(flight, np.full(len(centres), 250.0)).observed)
    assert tilt_deg(flight, alignment) < 1.5
    assert alignment.method == "gps_horizontal"


@pytest.mark.parametrize("gimbal", [True, False])
def test_a_single_line_does_not_roll_about_itself(gimbal):
    flight = flights.make(*flights.line(), gimbal=gimbal)
    alignment = align(flight.observed)
    assert alignment.method == "gps_horizontal"
    assert tilt_deg(flight, alignment) < (1.5 if gimbal else 3.0)
    assert "single line" in alignment.reason


def test_outliers_of_gps_are_left_aside_but_reported():
    flight = flights.make(*flights.grid())
    gps = flight.observed.gps.copy()
    gps[3] += [400, -300, 50]
    gps[17] += [-90, 20, 0]
    alignment = align(replace(flight.observed, gps=gps))
    assert (centre_rmse(flight, alignment) < [0.4, 0.4, 0.6]).all()
    assert alignment.residuals is not None
    assert np.linalg.norm(alignment.residuals[3, :2]) > 450


def test_photos_without_gps_among_others_get_metres_too():
    flight = flights.make(*flights.grid())
    gps = flight.observed.gps.copy()
    gps[::3] = np.nan
    alignment = align(replace(flight.observed, gps=gps))
    assert (centre_rmse(flight, alignment) < [0.4, 0.4, 0.6]).all()
    assert alignment.residuals is not None
    assert np.isnan(alignment.residuals[0]).all()


def test_positions_without_altitudes_are_enough():
    flight = with_up(flights.make(*flights.grid()), np.nan)
    alignment = align(flight.observed)
    assert alignment.method == "gps_horizontal"
    assert tilt_deg(flight, alignment) < 1.0
    assert "no usable altitudes" in alignment.reason
    ground = alignment.similarity.apply(flight.observed.points)[:, 2]
    assert abs(np.median(ground)) < 0.5


def test_heights_above_take_off_replace_drifting_altitudes():
    centres, angles = flights.orbit()
    flight = flights.make(centres, angles, gimbal=False)
    drifted = with_up(flight, flight.observed.gps[:, 2] + np.linspace(0, 100, len(centres)))
    observed = replace(drifted.observed, relative_up=centres[:, 2].copy())
    alignment = align(observed)
    assert tilt_deg(flight, alignment) < 1.5
    assert "gps_relative_altitude" in alignment.costs


def test_sloping_ground_followed_by_the_flight_stays_sloped():
    centres, angles = flights.grid()
    centres[:, 2] += centres[:, 0] * np.tan(np.radians(12))
    flight = flights.make(centres, angles, gimbal=False, ground_slope_deg=12)
    alignment = align(flight.observed)
    assert alignment.method == "gps"
    assert tilt_deg(flight, alignment) < 1.0


@pytest.mark.parametrize("path", [flights.grid, flights.orbit])
def test_without_gps_the_scene_stands_upright_at_a_stated_size(path):
    flight = flights.make(*path(), gimbal=False)
    observed = replace(flight.observed, gps=np.full((len(flight.centres), 3), np.nan))
    alignment = align(observed)
    assert alignment.method == "layout"
    assert alignment.residuals is None
    assert tilt_deg(flight, alignment) < 3.0
    moved = alignment.similarity.apply(observed.centres)
    assert np.median(np.linalg.norm(moved, axis=1)) == pytest.approx(10, rel=0.01)
    assert (moved[:, 2] > 0).all()
    assert "no GPS" in alignment.reason


def test_one_gps_fix_for_the_whole_flight_counts_as_none():
    flight = flights.make(*flights.grid())
    gps = np.tile([1.0, 2.0, 3.0], (len(flight.centres), 1))
    alignment = align(replace(flight.observed, gps=gps))
    assert alignment.residuals is None
    assert alignment.reason.startswith("The GPS positions lie on one spot")


def test_too_few_positions_are_not_called_none():
    flight = flights.make(*flights.grid())
    gps = np.full((len(flight.centres), 3), np.nan)
    gps[:2] = flight.observed.gps[:2]
    reason = align(replace(flight.observed, gps=gps)).reason
    assert reason.startswith("Only 2 photos have a GPS position,")


def test_the_same_input_gives_the_same_alignment():
    observed = flights.make(*flights.orbit()).observed
    first, second = align(observed, seed=7), align(observed, seed=7)
    np.testing.assert_array_equal(first.similarity.rotation, second.similarity.rotation)
    assert first.costs == second.costs
