"""A geostationary satellite: its radius, and that it stands still."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.earth import ecef_to_geodetic
from bentpipe.errors import InputError
from bentpipe.orbit import GEOSTATIONARY_RADIUS_M, concatenate, earth_fixed_positions, geostationary_satellite

EPOCH = 1_666_569_600.0  # 2022-10-24
DAY = 86_400.0


def longitudes(longitude_deg: float, days: float, ut1: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    times = EPOCH + np.linspace(0.0, days * DAY, 97)
    position = earth_fixed_positions(geostationary_satellite(longitude_deg, EPOCH), times, ut1)[:, :, 0]
    return np.degrees(np.arctan2(position[:, 1], position[:, 0])), position


@pytest.mark.parametrize("longitude_deg", [-180.0, -61.5, 0.0, 9.0, 179.9])
def test_it_keeps_its_longitude_for_days(longitude_deg: float) -> None:
    found, position = longitudes(longitude_deg, 30.0)
    apart = (found - longitude_deg + 180.0) % 360.0 - 180.0
    assert np.abs(apart).max() < 1e-4  # 74 m, after a month
    assert np.abs(np.linalg.norm(position, axis=1) - GEOSTATIONARY_RADIUS_M).max() < 1.0
    assert np.abs(position[:, 2]).max() < 1e-3


def test_it_stands_within_kilometres_where_ut1_is_not_known() -> None:
    found, _ = longitudes(9.0, 1.0, ut1=0.9)
    assert np.abs(found - 9.0).max() * np.radians(1.0) * GEOSTATIONARY_RADIUS_M < 3e3


def test_longitudes_are_those_of_the_ellipsoid() -> None:
    _, position = longitudes(30.5, 0.5)
    latitude, longitude, height = ecef_to_geodetic(position)
    assert np.allclose(longitude, 30.5, atol=1e-4) and np.allclose(latitude, 0.0, atol=1e-6)
    assert np.allclose(height, 35_786_034.0, atol=50.0)


def test_it_goes_together_with_shells() -> None:
    both = concatenate([geostationary_satellite(9.0), geostationary_satellite(13.0, number=2)])
    assert both.catalog_number.tolist() == [1, 2]


def test_bad_longitudes_are_refused_at_once() -> None:
    with pytest.raises(InputError) as error:
        geostationary_satellite(400.0, float("nan"), -1)
    assert len(error.value.faults) == 3
