"""The closed form of the place table, against the Recommendations in NumPy; and what is assumed outside them."""

from __future__ import annotations

import numpy as np
import pytest
from climates import P_PCT, four_places

from bentpipe.errors import InputError, NotModelledError
from bentpipe.link import p618, p676, p840
from bentpipe.link.placeweather import BandWeather, attenuation_db, attenuation_parts_db, band_weather
from bentpipe.link.rainfield import exceedance, rain_field


def table(edition: int = 14, tilt: float = 30.0, frequency_hz: float = 28.5e9) -> BandWeather:
    return band_weather(
        four_places(), frequency_hz, 0.5, antenna_efficiency=0.6, polarisation_tilt_deg=tilt, edition=edition
    )


def plain(edition: int, place: int, elevation: float, p_pct: float, f: float = 28.5e9) -> dict[str, float]:
    """P.618 by the functions of the Recommendations, at a p whose max(p, cap) is a row."""
    c = four_places()
    row = int(np.flatnonzero(p618.held_probability_pct(p_pct, edition) == P_PCT)[0])
    sine = np.sin(np.radians(elevation))
    gas = p676.zenith_gas_db(
        f, c.pressure_pa[place], c.temperature_k[place], c.vapour_density_kg_m3[place, row],
        c.vapour_column_kg_m2[place, row], c.altitude_m[place],
    ) / sine  # fmt: skip
    cloud = p840.zenith_cloud_db(f, c.cloud_liquid_kg_m2[place, row]) / sine
    above = c.rain_height_m[place] - c.altitude_m[place]
    a001 = p618.rain_001_db(c.rain_rate_001_mm_h[place], f, elevation, c.latitude_deg[place], above, 30.0)
    rain = p618.rain_db(a001, p_pct, elevation, c.latitude_deg[place]) if p_pct <= 5.0 else 0.0
    sigma = p618.scintillation_sigma_db(c.wet_refractivity[place], f, elevation, 0.5, 0.6)
    flicker = p618.scintillation_db(sigma, p_pct)
    total = p618.total_db(gas, cloud, rain, flicker)
    return {"gas": gas, "cloud": cloud, "rain": rain, "scintillation": flicker, "total": total}  # type: ignore[dict-item]


@pytest.mark.parametrize("edition", [13, 14])
@pytest.mark.parametrize("elevation", [5.0, 24.9, 25.0, 40.0, 90.0])
@pytest.mark.parametrize("p_pct", [0.001, 0.01, 0.1, 1.0, 5.0])
def test_kernel_is_the_recommendation(edition: int, elevation: float, p_pct: float) -> None:
    for place in range(4):
        got = attenuation_parts_db(table(edition), place, elevation, p_pct / 100.0)
        for name, value in plain(edition, place, elevation, p_pct).items():
            assert float(got[name]) == pytest.approx(value, rel=1e-11, abs=1e-13), name


def test_totals_alone_are_the_same_and_shapes_broadcast() -> None:
    rng = np.random.default_rng(3)
    place, elevation, p = rng.integers(0, 4, (5, 1)), rng.uniform(5, 90, 7), rng.uniform(0, 1, (5, 7))
    total = attenuation_db(table(), place, elevation, p)
    assert total.shape == (5, 7)
    np.testing.assert_array_equal(total, attenuation_parts_db(table(), place, elevation, p)["total"])


def test_rain_ends_where_it_stops_raining() -> None:
    """Continuous at 5 %, zero from max(P0, 7.5 %): 7.5 % at the first place, 11 % at the second."""
    parts = attenuation_parts_db(
        table(), [[0], [1]], 40.0, np.array([0.05, 0.05 * 1.000001, 0.0749, 0.1099, 0.1101, 0.5])
    )
    rain = parts["rain"]
    np.testing.assert_allclose(rain[:, 1], rain[:, 0], rtol=1e-5)
    assert rain[0, 2] > 0.0 == rain[0, 3]
    assert rain[1, 3] > 0.0
    assert not rain[:, 4:].any()


def test_the_ends_of_the_scale() -> None:
    got = attenuation_parts_db(table(), 0, 40.0, np.array([0.0, 1e-6, 1e-5, 0.99, 1.0]))
    assert np.ptp(got["total"][:3]) == 0.0
    assert got["total"][3] == pytest.approx(got["total"][4], rel=0.01)
    assert not got["scintillation"][3:].any()
    assert np.isfinite(got["total"]).all()


def test_rows_between_are_linear_in_the_logarithm_of_p() -> None:
    share = np.log(10.0 / 5.0) / np.log(20.0 / 5.0)
    gas = attenuation_parts_db(table(), 0, 90.0, np.array([0.05, 0.1, 0.2]))["gas"]
    assert gas[1] == pytest.approx(gas[0] + share * (gas[2] - gas[0]), rel=1e-12)


def test_no_rain_in_the_desert_and_above_the_rain_height() -> None:
    assert not attenuation_parts_db(table(), [2, 3], 10.0, 1e-5)["rain"].any()


@pytest.mark.parametrize(
    ("place", "elevation", "p"),
    [(4, 40.0, 0.1), (-1, 40.0, 0.1), (0, 4.9, 0.1), (0, 90.1, 0.1), (0, 40.0, 1.1), (0, 40.0, np.nan)],
)
def test_links_outside_are_refused(place: int, elevation: float, p: float) -> None:
    with pytest.raises(InputError):
        attenuation_db(table(), place, elevation, p)


def test_tables_that_cannot_be_made_are_refused() -> None:
    climate = four_places()
    with pytest.raises(InputError, match="frequency_hz"):
        band_weather(climate, 60e9, 0.5)
    with pytest.raises(NotModelledError, match=r"P.676-13"):
        band_weather(climate, 12e9, 0.5, gas_edition=13)
    with pytest.raises(NotModelledError, match=r"P.618-15"):
        band_weather(climate, 12e9, 0.5, edition=15)
    late = climate._replace(p_pct=P_PCT * 1.5)
    with pytest.raises(InputError, match=r"P.618-13 holds"):
        band_weather(late._replace(p_pct=np.minimum(late.p_pct, 99.0)), 12e9, 0.5, edition=13)
    with pytest.raises(InputError, match="rain_rate_001_mm_h"):
        band_weather(climate._replace(rain_rate_001_mm_h=np.array([28.0, np.nan, 0.0, 0.0])), 12e9, 0.5)


def test_a_time_series_has_the_distribution_of_p618() -> None:
    """Weather drawn over seeds and days: the loss of p % is exceeded in p % of the draws."""
    days = 1.6e9 + 172_800.0 * np.arange(25)
    rank = np.concatenate([exceedance(rain_field(s, 49.0, 31.0), 50.45, 30.523, days)[0] for s in range(800)])
    loss = attenuation_db(table(), 0, 40.0, rank)
    for p in (0.5, 0.05, 0.01, 0.001):
        share = np.mean(loss > float(attenuation_db(table(), 0, 40.0, p)))
        assert share == pytest.approx(p, abs=4.0 * np.sqrt(p * (1 - p) / rank.size)), p
