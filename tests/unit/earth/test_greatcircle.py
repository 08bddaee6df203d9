"""Great circles, against Vincenty's geodesics on the ellipsoid."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentpipe.earth import MEAN_RADIUS, WGS84_A, WGS84_F, destination, great_circle_m
from bentpipe.errors import InputError

LATITUDES = st.floats(-90.0, 90.0)
LONGITUDES = st.floats(-180.0, 180.0)


def vincenty_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Geodesic on WGS 84 (T. Vincenty, Survey Review 23 (176), 1975, inverse formula); not near antipodes."""
    b = WGS84_A * (1.0 - WGS84_F)
    u1 = math.atan((1.0 - WGS84_F) * math.tan(math.radians(lat1)))
    u2 = math.atan((1.0 - WGS84_F) * math.tan(math.radians(lat2)))
    span = lam = math.radians(lon2 - lon1)
    for _ in range(100):
        sin_s = math.hypot(
            math.cos(u2) * math.sin(lam),
            math.cos(u1) * math.sin(u2) - math.sin(u1) * math.cos(u2) * math.cos(lam),
        )
        if sin_s == 0.0:
            return 0.0
        cos_s = math.sin(u1) * math.sin(u2) + math.cos(u1) * math.cos(u2) * math.cos(lam)
        s = math.atan2(sin_s, cos_s)
        sin_a = math.cos(u1) * math.cos(u2) * math.sin(lam) / sin_s
        c2a = 1.0 - sin_a**2
        cos_2m = cos_s - 2.0 * math.sin(u1) * math.sin(u2) / c2a if c2a > 1e-15 else 0.0
        c = WGS84_F / 16.0 * c2a * (4.0 + WGS84_F * (4.0 - 3.0 * c2a))
        inner = cos_2m + c * cos_s * (2.0 * cos_2m**2 - 1.0)
        new = span + (1.0 - c) * WGS84_F * sin_a * (s + c * sin_s * inner)
        lam, change = new, abs(new - lam)
        if change < 1e-13:
            break
    k = c2a * (WGS84_A**2 - b**2) / b**2
    big_a = 1.0 + k / 16384.0 * (4096.0 + k * (-768.0 + k * (320.0 - 175.0 * k)))
    big_b = k / 1024.0 * (256.0 + k * (-128.0 + k * (74.0 - 47.0 * k)))
    bend = cos_s * (2.0 * cos_2m**2 - 1.0)
    bend -= big_b / 6.0 * cos_2m * (4.0 * sin_s**2 - 3.0) * (4.0 * cos_2m**2 - 3.0)
    return b * big_a * (s - big_b * sin_s * (cos_2m + big_b / 4.0 * bend))


def test_the_twin_itself() -> None:
    # Flinders Peak to Buninyong, 54,972.271 m (Geocentric Datum of Australia Technical Manual; GRS 80).
    found = vincenty_m(-37.951033417, 144.424867889, -37.652821139, 143.926495528)
    assert found == pytest.approx(54_972.271, abs=0.002)


def test_error_against_the_ellipsoid() -> None:
    rng = np.random.default_rng(20240716)
    lat1, lat2 = np.degrees(np.arcsin(rng.uniform(-1, 1, (2, 4000))))
    lon1, lon2 = rng.uniform(-180, 180, (2, 4000))
    # Short ones in every direction and place have the extremes of curvature.
    lat2[2000:] = np.clip(lat1[2000:] + rng.uniform(-0.5, 0.5, 2000), -90, 90)
    lon2[2000:] = lon1[2000:] + rng.uniform(-0.5, 0.5, 2000)
    sphere = great_circle_m(lat1, lon1, lat2, lon2)
    far = sphere < 19_500e3
    true = np.array([vincenty_m(*row) for row in zip(lat1, lon1, lat2, lon2, strict=True)])
    error = sphere[far] / true[far] - 1.0
    assert -0.0046 < error.min() < -0.004
    assert 0.005 < error.max() < 0.0057


def test_quarter_half_and_nothing() -> None:
    found = great_circle_m([0.0, 0.0, 50.0, -90.0], [0.0, 0.0, 30.0, 0.0], [0, 0, 50, 90], [90, 180, 30, 5])
    np.testing.assert_allclose(found, MEAN_RADIUS * np.pi * np.array([0.5, 1.0, 0.0, 1.0]), atol=1e-6)


def test_broadcasts() -> None:
    assert great_circle_m(np.zeros((3, 1)), 0.0, np.ones(4), 0.0).shape == (3, 4)


@given(LATITUDES, LONGITUDES, st.floats(-360.0, 360.0), st.floats(0.0, 20_000e3))
def test_a_destination_is_as_far_as_asked(lat: float, lon: float, bearing: float, distance: float) -> None:
    reached_lat, reached_lon = destination(lat, lon, bearing, distance)
    assert great_circle_m(lat, lon, reached_lat, reached_lon) == pytest.approx(distance, abs=1e-3)
    assert -180.0 <= reached_lon < 180.0


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_symmetric(lat1: float, lon1: float, lat2: float, lon2: float) -> None:
    there = great_circle_m(lat1, lon1, lat2, lon2)
    assert there == pytest.approx(float(great_circle_m(lat2, lon2, lat1, lon1)), abs=1e-6)


def test_bad_input() -> None:
    with pytest.raises(InputError, match="no place on Earth"):
        great_circle_m(91.0, 0.0, 0.0, 0.0)
    with pytest.raises(InputError, match="finite"):
        destination(0.0, 0.0, np.nan, 1.0)
