"""Each Recommendation alone: limits, refusals and what its formula says at the ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bentpipe.errors import InputError, NotModelledError
from bentpipe.link import p453, p525, p618, p676, p837, p838, p839, p840
from bentpipe.link.validity import within


def test_a_fault_names_the_argument_the_value_and_the_range() -> None:
    with pytest.raises(
        InputError, match=r"elevation_deg: outside .* found 3.0; allowed: 5 to 90 degrees .*not modelled"
    ):
        p618.checked_elevation_deg([40.0, 3.0])
    with pytest.raises(InputError, match="not a number"):
        within(math.nan, "p_pct", 0.0, 1.0, "%", "P.618")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: p676.zenith_gas_db(12e9, 1e5, 280.0, 0.01, 20.0, 0.0, edition=13), "P.676-13.*P.2145"),
        (lambda: p618.held_probability_pct(1.0, edition=12), "P.618-12: this edition is not coded"),
        (lambda: p840.zenith_cloud_db(12e9, 0.5, edition=7), "P.840-7"),
        (lambda: p838.rain_coefficients(12e9, edition=2), "P.838-2"),
        (lambda: p839.rain_height_m(3000.0, edition=3), "P.839-3"),
        (lambda: p837.rain_probability_pct(np.ones(12), np.full(12, 280.0), edition=6), "P.837-6"),
    ],
)
def test_other_editions_are_refused_by_name(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(NotModelledError, match=message):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: p525.free_space_loss_db(0.0, 12e9),
        lambda: p525.free_space_loss_db(1e6, -1.0),
        lambda: p838.specific_attenuation_db_km(-1.0, 12e9, 40.0),
        lambda: p838.specific_attenuation_db_km(10.0, 12.0, 40.0),  # GHz where Hz is wanted
        lambda: p676.zenith_gas_db(400e9, 1e5, 280.0, 0.01, 20.0, 0.0),
        lambda: p676.zenith_gas_db(12e9, 1013.25, 280.0, 7.5, 20.0, 0.0),  # hPa and g/m3
        lambda: p840.zenith_cloud_db(300e9, 0.5),
        lambda: p618.rain_db(10.0, 6.0, 40.0, 50.0),
        lambda: p618.rain_db(10.0, 0.01, 4.9, 50.0),
        lambda: p618.scintillation_sigma_db(40.0, 2e9, 40.0, 0.5),
        lambda: p618.scintillation_db(0.1, 60.0),
        lambda: p618.effective_path_m(1.0, 60e9, 40.0, 50.0, 3000.0),
        lambda: p618.sky_noise_temperature_k(-1.0),
        lambda: p453.wet_refractivity(280.0, 101.0),
        lambda: p839.rain_height_m(np.nan),
    ],
)
def test_what_lies_outside_is_refused(call: Callable[[], Any]) -> None:
    with pytest.raises(InputError):
        call()


def test_free_space_loss_grows_by_6_db_for_twice_the_distance() -> None:
    loss = p525.free_space_loss_db([550e3, 1100e3], 12e9)
    assert loss[1] - loss[0] == pytest.approx(20 * math.log10(2), abs=1e-12)


def test_polarisation_mixes_between_horizontal_and_vertical() -> None:
    c = p838.rain_coefficients(20e9)
    (k_h, a_h), (k_v, a_v), (k_45, _) = (p838.mixed_coefficients(c, 0.0, tilt) for tilt in (0.0, 90.0, 45.0))
    assert (float(k_h), float(a_h)) == pytest.approx((c.k_horizontal, c.alpha_horizontal))
    assert (float(k_v), float(a_v)) == pytest.approx((c.k_vertical, c.alpha_vertical))
    assert float(k_45) == pytest.approx(0.5 * (c.k_horizontal + c.k_vertical))
    up = [p838.mixed_coefficients(c, 90.0, tilt) for tilt in (0.0, 90.0)]
    assert float(up[0][0]) == pytest.approx(float(up[1][0]))


def test_rain_path_is_never_longer_than_the_bend_of_the_vertical_adjustment_allows() -> None:
    short = p618.effective_path_m(50.0, 30e9, 40.0, 50.0, 3000.0)
    assert 0.0 < short < 3000.0 / math.sin(math.radians(40.0))
    assert p618.effective_path_m(5.0, 30e9, 40.0, 50.0, -100.0) == 0.0
    assert p618.rain_db(0.0, 0.01, 40.0, 50.0) == 0.0


def test_beta_of_low_latitudes() -> None:
    """P.618, step 10: at p < 1 % and below 36 degrees of latitude the exponent changes, and again below 25 degrees."""
    a = np.array([20.0, 20.0, 20.0])
    got = p618.rain_db(a, 0.1, [30.0, 30.0, 20.0], [40.0, 10.0, 10.0])
    beta = np.array([0.0, 0.13, 0.13 + 1.8 - 4.25 * math.sin(math.radians(20.0))])
    sine = np.sin(np.radians([30.0, 30.0, 20.0]))
    exponent = 0.655 + 0.033 * math.log(0.1) - 0.045 * math.log(20.0) - beta * 0.9 * sine
    np.testing.assert_allclose(got, 20.0 * 10.0**-exponent, rtol=1e-13)


def test_a_large_antenna_sees_no_scintillation() -> None:
    assert p618.scintillation_sigma_db(50.0, 50e9, 80.0, 20.0) == 0.0
    point, dish = (p618.scintillation_sigma_db(50.0, 12e9, 30.0, d) for d in (0.0, 1.2))
    assert point > dish > 0.0


def test_noise_temperature_ends() -> None:
    np.testing.assert_allclose(p618.sky_noise_temperature_k([0.0, 10.0, 400.0]), [2.7, 0.9 * 275 + 0.27, 275.0])


def test_no_vapour_no_attenuation_of_it() -> None:
    assert p676.zenith_vapour_db(22.2e9, 0.0, 0.0) == 0.0
    dry, wet = p676.specific_attenuation_db_km(22.2e9, 101_325.0, 288.15, 0.0)
    assert wet == 0.0 < dry


def test_oxygen_height_is_bounded_below_70_ghz() -> None:
    assert p676.oxygen_height_m(60e9, 101_325.0, 288.15, 0.0) == pytest.approx(10_700.0, rel=1e-12)


def test_wet_refractivity_of_saturated_air() -> None:
    """Saturation pressure over water at 0 degrees C: 6.11 hPa times an enhancement of some 0.4 %."""
    assert p453.saturation_vapour_pressure_pa(273.15, 101_325.0) == pytest.approx(611.21 * 1.0039624)
    assert p453.wet_refractivity(293.15, 0.0) == 0.0


def test_rain_rates_by_bisection_solve_the_equation() -> None:
    rain = np.array([[40.0, 35, 35, 40, 55, 75, 80, 60, 50, 35, 45, 45], [0.0] * 12, [900.0] * 12])
    temperature = 273.15 + np.array([-4.0, -3, 2, 9, 15, 19, 21, 20, 14, 8, 2, -2])
    probability, scale = p837.monthly_rain(rain, temperature)
    assert probability.max() == 70.0
    for p in (0.01, 0.1, 1.0):
        rate = p837.rain_rate_mm_h(rain, temperature, p)
        assert rate[1] == 0.0
        tail = [0.5 * math.erfc((math.log(rate[0]) + 0.7938 - math.log(r)) / 1.26 / math.sqrt(2)) for r in scale[0]]
        assert np.sum(p837.DAYS * probability[0] * tail) / 365.25 == pytest.approx(p, rel=1e-9)
    assert p837.rain_probability_pct(rain, temperature)[1] == 0.0
    assert p837.rain_rate_mm_h(rain[:1], temperature, 60.0)[0] == 0.0
