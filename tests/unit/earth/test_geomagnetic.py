"""Geomagnetic latitude: the published poles, and the angle done by spherical trigonometry."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bentpipe.earth import ecef_to_geodetic, geodetic_to_ecef, geomagnetic_latitude_deg
from bentpipe.earth.geomagnetic import dipole_pole


@pytest.mark.parametrize(
    ("gauss_nt", "latitude_deg", "longitude_deg"),
    [
        # Alken et al. 2021, Table 4, geodetic: the poles of 1900.0 and of 1980.0, and the coefficients of those epochs.
        ((-31543.0, -2298.0, 5922.0), 78.68, -68.79),
        ((-29992.0, -1956.0, 5604.0), 78.88, -70.76),
    ],
)
def test_the_poles_are_those_of_the_reference_field(
    gauss_nt: tuple[float, float, float], latitude_deg: float, longitude_deg: float
) -> None:
    lat, lon, _ = ecef_to_geodetic(6.371e6 * dipole_pole(gauss_nt)[None, :])
    assert float(lat[0]) == pytest.approx(latitude_deg, abs=0.01)
    assert float(lon[0]) == pytest.approx(longitude_deg, abs=0.01)


def test_the_pole_in_use() -> None:
    x, y, z = dipole_pole()
    assert math.degrees(math.asin(z)) == pytest.approx(80.59, abs=0.01)
    assert math.degrees(math.atan2(y, x)) == pytest.approx(-72.68, abs=0.01)


def test_latitude_is_the_angle_from_the_equator_of_the_dipole() -> None:
    rng = np.random.default_rng(1)
    lat, lon = rng.uniform(-80, 80, 50), rng.uniform(-180, 180, 50)
    r = 7e6
    a, b = np.radians(lat), np.radians(lon)
    position = r * np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)])
    pole_lat, pole_lon = math.radians(80.588), math.radians(-72.680)
    expected = np.degrees(
        np.arcsin(np.sin(a) * math.sin(pole_lat) + np.cos(a) * math.cos(pole_lat) * np.cos(b - pole_lon))
    )
    np.testing.assert_allclose(geomagnetic_latitude_deg(position), expected, atol=0.01)
    np.testing.assert_allclose(geomagnetic_latitude_deg(np.stack([position, -position]))[1], -expected, atol=0.01)
    assert np.isnan(geomagnetic_latitude_deg(np.full((3, 1), np.nan))).all()


def test_kyiv_lies_nearer_the_geographic_than_the_geomagnetic_pole() -> None:
    kyiv, ottawa = (geodetic_to_ecef(np.array([x]), np.array([y]), 0.0).T for x, y in ((50.45, 30.52), (45.4, -75.7)))
    assert float(geomagnetic_latitude_deg(kyiv)[0]) < 50.0 < float(geomagnetic_latitude_deg(ottawa)[0])
