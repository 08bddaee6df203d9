"""The same questions put to ITU-Rpy 0.4.0, which has P.618-13, P.676-12, P.840-8, P.837-7, P.838-3."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from bentpipe.catalog.weather import load_weather, weather_at
from bentpipe.link import p453, p618, p676, p837, p838, p840
from bentpipe.link.placeweather import PlaceClimate, attenuation_parts_db, band_weather

itur = pytest.importorskip("itur", reason="itur is not installed (the optional extra `weather`)")
if itur.__version__ != "0.4.0":
    pytest.skip(f"itur {itur.__version__} has other editions than 0.4.0", allow_module_level=True)
pytestmark = pytest.mark.filterwarnings("ignore")

PLACES = {"kyiv": (50.45, 30.523), "kaunas": (54.879, 23.842), "muallim": (40.789, 29.509)}


def climate_of(lat: float, lon: float) -> PlaceClimate:
    """What the maps say, by way of itur."""
    from itur.models import itu453, itu835, itu836, itu837, itu839, itu840, itu1510, itu1511

    h = itu1511.topographic_altitude(lat, lon).to("km").value
    p = np.array([1.0, 2.0, 5.0, 50.0])
    one: dict[str, Any] = {
        "altitude_m": 1e3 * h,
        "rain_height_m": itu839.rain_height(lat, lon).to("m").value,
        "rain_rate_001_mm_h": itu837.rainfall_rate(lat, lon, 0.01).value,
        "rain_probability_pct": itu837.rainfall_probability(lat, lon).to("%").value,
        "wet_refractivity": itu453.map_wet_term_radio_refractivity(lat, lon, 50).value,
        "pressure_pa": itu835.standard_pressure(h).to("Pa").value,
        "temperature_k": itu1510.surface_mean_temperature(lat, lon).value,
    }
    rows: dict[str, Any] = {
        "vapour_density_kg_m3": [1e-3 * itu836.surface_water_vapour_density(lat, lon, x, h).value for x in p],
        "vapour_column_kg_m2": [itu836.total_water_vapour_content(lat, lon, x, h).value for x in p],
        "cloud_liquid_kg_m2": [itu840.columnar_content_reduced_liquid(lat, lon, x).value for x in p],
    }
    return PlaceClimate(
        latitude_deg=np.array([lat]), p_pct=p, **{k: np.array([float(v)]) for k, v in one.items()},
        **{k: np.array([v], dtype=np.float64) for k, v in rows.items()},
    )  # fmt: skip


@pytest.mark.parametrize("place", [*PLACES.values(), (3.133, 101.7), (-33.9, 151.2), (64.0, -20.0), (20.0, -100.0)])
@pytest.mark.parametrize("f_ghz", [11.7, 14.25, 28.5, 50.0])
def test_totals_of_edition_13(place: tuple[float, float], f_ghz: float) -> None:
    """All four terms and the total to 1e-6 dB (the rain rate has an added 1e-9 in itur)."""
    table = band_weather(climate_of(*place), f_ghz * 1e9, 0.6, antenna_efficiency=0.5, edition=13)
    for elevation in (5.0, 20.0, 40.0, 85.0):
        for p in (0.001, 0.01, 0.1, 1.0, 2.0, 5.0):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = itur.atmospheric_attenuation_slant_path(
                    *place, f_ghz, elevation, p, 0.6, eta=0.5, return_contributions=True
                )
            ours = attenuation_parts_db(table, 0, elevation, p / 100.0)
            for name, value in zip(("gas", "cloud", "rain", "scintillation", "total"), theirs, strict=True):
                assert float(ours[name]) == pytest.approx(float(value.value), abs=1e-6, rel=1e-6), (name, elevation, p)


@pytest.mark.parametrize("name", PLACES)
def test_the_shipped_points_are_the_maps(name: str) -> None:
    """Six digits were kept."""
    here, there = weather_at(load_weather(), *PLACES[name]), climate_of(*PLACES[name])
    for key in ("altitude_m", "rain_height_m", "rain_rate_001_mm_h", "rain_probability_pct", "wet_refractivity"):
        assert getattr(here, key)[0] == pytest.approx(getattr(there, key)[0], rel=1e-5), key
    assert here.vapour_column_kg_m2[0, [0, 1, 3, 7]] == pytest.approx(there.vapour_column_kg_m2[0], rel=1e-5)


def test_rain_and_vapour_functions() -> None:
    from itur.models import itu453, itu676, itu837, itu838, itu840, itu1510

    f = np.array([4.0, 12.0, 20.0, 30.0, 55.0, 100.0])
    for ghz in f:
        k, alpha = p838.mixed_coefficients(p838.rain_coefficients(ghz * 1e9), 33.0, 12.0)
        theirs = itu838.rain_specific_attenuation_coefficients(ghz, 33.0, 12.0)
        assert (float(k), float(alpha)) == pytest.approx([float(x) for x in theirs], rel=1e-12)
        liquid = itu840.specific_attenuation_coefficients(ghz, 0)
        assert float(p840.mass_absorption_coefficient(ghz * 1e9, 273.15)) == pytest.approx(float(liquid), rel=1e-12)
        vapour = itu676.zenit_water_vapour_attenuation(50.0, 30.0, 1.0, ghz, V_t=30.0, h=0.7)
        assert float(p676.zenith_vapour_db(ghz * 1e9, 30.0, 700.0)) == pytest.approx(float(vapour.value), rel=1e-9)
    e = itu453.water_vapour_pressure(20.0, 1000.0, 60.0)
    n_wet = itu453.wet_term_radio_refractivity(e, 20.0)
    # itur gives the wet term as an index, 1e-6 of N-units.
    assert float(p453.wet_refractivity(293.15, 60.0, 1e5)) == pytest.approx(1e6 * float(n_wet.value), rel=1e-9)
    lat, lon = 50.45, 30.523
    months = np.arange(1, 13)
    model = itu837.__model
    rain = np.array([model.instance.Mt(np.array([lat]), np.array([lon]), m)[0] for m in months])
    temperature = np.array([float(itu1510.surface_month_mean_temperature(lat, lon, m).value) for m in months])
    assert p837.rain_probability_pct(rain, temperature) == pytest.approx(
        float(itu837.rainfall_probability(lat, lon).to("%").value), rel=1e-9
    )
    for p in (0.001, 0.1, 1.0, 3.0):
        theirs = float(itu837.rainfall_rate(lat, lon, p).value)
        assert p837.rain_rate_mm_h(rain, temperature, p) == pytest.approx(theirs, abs=2e-5)


def test_edition_14_differs_as_it_should() -> None:
    """Gases and clouds at 5 % are those that itur gives for 5 %."""
    place = PLACES["kyiv"]
    table = band_weather(climate_of(*place), 28.5e9, 0.6, edition=14)
    theirs = itur.atmospheric_attenuation_slant_path(*place, 28.5, 40.0, 5.0, 0.6, return_contributions=True)
    ours = attenuation_parts_db(table, 0, 40.0, 1e-4)
    assert float(ours["gas"]) == pytest.approx(float(theirs[0].value), rel=1e-9)
    assert float(ours["cloud"]) == pytest.approx(float(theirs[1].value), rel=1e-9)
    assert p618.HELD_BELOW_PCT[14] == 5.0
