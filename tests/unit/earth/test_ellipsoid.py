"""WGS 84 coordinates and the local horizon."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.earth import WGS84_A, WGS84_F, east_north_up, ecef_to_geodetic, geodetic_to_ecef
from bentpipe.errors import InputError

LAT = np.linspace(-90.0, 90.0, 37)
LON = np.linspace(-180.0, 180.0, 25)
HEIGHT = np.array([-1_000e3, -400.0, 0.0, 8_848.0, 550e3, 2_000e3, 35_786e3])


def test_axes() -> None:
    b = WGS84_A * (1.0 - WGS84_F)
    expected = [[WGS84_A, 0.0, 0.0], [0.0, WGS84_A, 0.0], [0.0, 0.0, b], [0.0, 0.0, -b]]
    found = geodetic_to_ecef([0.0, 0.0, 90.0, -90.0], [0.0, 90.0, 0.0, 0.0], 0.0)
    np.testing.assert_allclose(found, expected, atol=1e-8)
    assert b == pytest.approx(6_356_752.314245, abs=1e-6)


def test_there_and_back() -> None:
    lat, lon, height = np.meshgrid(LAT, LON, HEIGHT, indexing="ij")
    found = ecef_to_geodetic(geodetic_to_ecef(lat, lon, height))
    np.testing.assert_allclose(found[0], lat, atol=1e-11)
    np.testing.assert_allclose(found[2], height, atol=1e-8)
    turned = (found[1] - lon + 180.0) % 360.0 - 180.0
    off_pole = np.abs(lat) < 90.0
    np.testing.assert_allclose(turned[off_pole], 0.0, atol=1e-11)


def test_missing_stays_missing() -> None:
    assert all(np.isnan(part) for part in ecef_to_geodetic([np.nan, np.nan, np.nan]))


def test_horizon_is_right_handed_and_along_the_coordinates() -> None:
    lat, lon = (grid.ravel() for grid in np.meshgrid(LAT[1:-1], LON))
    basis = east_north_up(lat, lon)
    unit = np.broadcast_to(np.eye(3), basis.shape)
    np.testing.assert_allclose(basis @ basis.swapaxes(-1, -2), unit, atol=1e-15)
    np.testing.assert_allclose(np.cross(basis[:, 0], basis[:, 1]), basis[:, 2], atol=1e-15)
    step = 1e-4
    here = geodetic_to_ecef(lat, lon, 0.0)
    for axis, there in enumerate(
        (
            geodetic_to_ecef(lat, lon + step, 0.0),
            geodetic_to_ecef(lat + step, lon, 0.0),
            geodetic_to_ecef(lat, lon, 10.0),
        )
    ):
        local = np.einsum("nij,nj->ni", basis, there - here)
        direction = local / np.linalg.norm(local, axis=1, keepdims=True)
        np.testing.assert_allclose(direction[:, axis], 1.0, atol=1e-9)


@pytest.mark.parametrize(("lat", "lon"), [(90.1, 0.0), (np.nan, 0.0), (0.0, 361.0), (0.0, np.inf)])
def test_no_place_on_earth(lat: float, lon: float) -> None:
    with pytest.raises(InputError, match="no place on Earth"):
        geodetic_to_ecef([0.0, lat], [0.0, lon], 0.0)
    with pytest.raises(InputError, match="no place on Earth"):
        east_north_up(lat, lon)


def test_both_faults_at_once() -> None:
    with pytest.raises(InputError) as caught:
        geodetic_to_ecef(100.0, 400.0)
    assert len(caught.value.faults) == 2


def test_wrong_shape() -> None:
    with pytest.raises(InputError, match="three coordinates"):
        ecef_to_geodetic([1.0, 2.0])
