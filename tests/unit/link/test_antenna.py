"""Gains, scan loss, G/T, noise in rain, wet antennas."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.errors import InputError
from bentpipe.link.antenna import (
    aperture_gain_dbi,
    array_gain_dbi,
    g_over_t_db,
    g_over_t_drop_db,
    rain_noise_k,
    scan_loss_db,
    system_noise_k,
    wet_antenna_loss_db,
)


def test_an_aperture_gains_6_db_with_twice_the_diameter_or_frequency() -> None:
    base = aperture_gain_dbi(0.6, 0.6, 12e9)
    assert aperture_gain_dbi([1.2, 0.6], 0.6, [12e9, 24e9]) - base == pytest.approx(6.0206, abs=1e-4)


def test_scan_loss_is_none_on_the_axis_and_grows() -> None:
    assert scan_loss_db(0.0, 1.3) == 0.0
    assert scan_loss_db(60.0, 1.0) == pytest.approx(3.0103, abs=1e-4)
    assert np.all(np.diff(scan_loss_db(np.arange(0.0, 86.0), 1.2)) > 0.0)
    assert np.all(scan_loss_db(np.arange(0.0, 86.0), 0.0) == 0.0)
    assert array_gain_dbi(33.0, 60.0, 1.5) == pytest.approx(33.0 - 4.5154, abs=1e-4)


def test_system_noise_with_and_without_feed_loss() -> None:
    assert system_noise_k(150.0, 0.0) == 150.0
    assert system_noise_k(150.0, 3.0103) == pytest.approx(150.0 + 290.0, abs=1e-2)
    assert system_noise_k(290.0, 0.0, 2.0) == pytest.approx(290.0)
    assert g_over_t_db(40.0, 100.0) == pytest.approx(20.0)


def test_rain_adds_noise_up_to_its_temperature() -> None:
    assert rain_noise_k(0.0) == 0.0
    assert rain_noise_k(3.0103) == pytest.approx(137.5, abs=0.01)
    assert rain_noise_k(100.0) == pytest.approx(275.0)
    assert g_over_t_drop_db(0.0, 200.0) == 0.0
    assert g_over_t_drop_db(100.0, 275.0) == pytest.approx(3.0103, abs=1e-4)
    assert g_over_t_drop_db(10.0, 275.0, medium_k=0.0) == 0.0


def test_a_wet_antenna_saturates() -> None:
    assert wet_antenna_loss_db(0.0, 2.0, 5.0) == 0.0
    assert wet_antenna_loss_db(5.0, 2.0, 5.0) == pytest.approx(2.0 * (1.0 - np.exp(-1.0)))
    assert wet_antenna_loss_db(300.0, 2.0, 5.0) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: aperture_gain_dbi(0.6, 0.6, 12.0), "12 GHz is 12e9"),
        (lambda: aperture_gain_dbi(-0.6, 0.6, 12e9), "diameter_m"),
        (lambda: aperture_gain_dbi(0.6, 1.6, 12e9), "efficiency"),
        (lambda: scan_loss_db(90.0, 1.2), "scan_deg"),
        (lambda: scan_loss_db([0.0, np.nan], 1.2), "nan"),
        (lambda: scan_loss_db(10.0, -1.0), "exponent"),
        (lambda: system_noise_k(-3.0, 1.0), "antenna_noise_k"),
        (lambda: g_over_t_db(40.0, 0.0), "noise_k"),
        (lambda: rain_noise_k(-1.0), "positive"),
        (lambda: wet_antenna_loss_db(-1.0, 1.0, 5.0), "rain_rate_mm_h"),
    ],
)
def test_bad_values_are_refused_by_name(call: object, named: str) -> None:
    assert callable(call)
    with pytest.raises(InputError, match=named):
        call()
