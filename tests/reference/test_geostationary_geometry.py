"""Published geometry of a geostationary satellite, and the round trip that follows from it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bentpipe.earth import WGS84_A, east_north_up, geodetic_to_ecef
from bentpipe.geometry.places import make_places
from bentpipe.geometry.usable import usable_links
from bentpipe.link.slantrange import slant_range_m
from bentpipe.network.delay import light_round_trip_s
from bentpipe.orbit import GEOSTATIONARY_RADIUS_M, earth_fixed_positions, geostationary_satellite

EPOCH = 1_666_569_600.0


def links(latitude_deg: float, longitude_deg: float, satellite_deg: float = 9.0) -> tuple[float, float]:
    """Elevation (degrees) and range (m) of the satellite, by the geometry of a run; no satellite fails."""
    lat, lon = np.array([latitude_deg]), np.array([longitude_deg])
    places = make_places(geodetic_to_ecef(lat, lon, 0.0), east_north_up(lat, lon), 10.0, 0.0, 180.0)
    position = earth_fixed_positions(geostationary_satellite(satellite_deg, EPOCH), [EPOCH + 100.0])[0]
    found = usable_links(position, places, np.array([True]), steering_deg=9.0)
    assert found.satellite.tolist() == [0]
    return math.degrees(math.asin(found.sin_elevation[0])), float(found.slant_range_m[0])


def test_radius_and_height_are_those_of_every_textbook() -> None:
    # Maral, Bousquet, Sun 2009: 42,164 km, 35,786 km; to the 10 m: 42,164.17 km
    assert pytest.approx(42_164.17e3, abs=10.0) == GEOSTATIONARY_RADIUS_M
    assert pytest.approx(35_786e3, abs=100.0) == GEOSTATIONARY_RADIUS_M - WGS84_A
    assert 2 * math.pi / 7.292_115_146_706_98e-5 == pytest.approx(86_164.09, abs=0.01)


def test_slant_range_at_45_degrees() -> None:
    # The place on the equator from which it stands 45 degrees high: both sides of a triangle are known.
    ratio = WGS84_A / GEOSTATIONARY_RADIUS_M
    away = math.degrees(math.acos(ratio * math.cos(math.radians(45.0)))) - 45.0
    elevation, distance = links(0.0, 9.0 + away)
    assert elevation == pytest.approx(45.0, abs=1e-3)
    assert distance == pytest.approx(float(slant_range_m(GEOSTATIONARY_RADIUS_M - WGS84_A, 45.0, WGS84_A)), abs=20.0)
    # The table has 37,410.63 km, above a sphere of 6,371 km: 7 km of radius make 5 km of range at most.
    assert float(slant_range_m(35_786e3, 45.0)) == pytest.approx(37_410.63e3, abs=10.0)
    assert distance == pytest.approx(37_410.63e3, abs=5e3)


def test_ukraine_and_a_teleport_are_half_a_second_away() -> None:
    kyiv, frankfurt = links(50.45, 30.52), links(50.1, 8.7)
    assert 25.0 < kyiv[0] < frankfurt[0] < 35.0
    assert all(36_000e3 < distance < 41_000e3 for _, distance in (kyiv, frankfurt))
    assert 0.48 < float(light_round_trip_s(kyiv[1] + frankfurt[1])) < 0.54


def test_nothing_to_avoid_is_what_lets_the_arc_be_used() -> None:
    lat, lon = np.array([50.0]), np.array([9.0])
    position = earth_fixed_positions(geostationary_satellite(9.0, EPOCH), [EPOCH])[0]
    for avoidance, usable in ((0.0, 1), (1.0, 0)):
        places = make_places(geodetic_to_ecef(lat, lon, 0.0), east_north_up(lat, lon), 10.0, avoidance, 180.0)
        assert len(usable_links(position, places, np.array([True])).satellite) == usable
