"""The separation from the geostationary arc, against the arc sampled densely."""

from __future__ import annotations

import numpy as np
import pytest
from sky import arc_separation_deg, places_at, random_satellites, rays

from bentpipe.geometry.gso import is_avoided, separation_deg


@pytest.mark.parametrize("lat", [0.0, 0.5, -12.0, 35.0, 50.45, -64.0, 75.0, 80.9])
def test_separation_is_that_of_the_nearest_visible_point(lat: float) -> None:
    sky = random_satellites(np.random.default_rng(int(100 + lat)), 3000)
    one = places_at(lat, 30.0)
    axes = one.east_north_up[0].reshape(3, 3)
    unit, local, _ = rays(sky, one.position_m[0], axes)
    unit = unit[local[:, 2] > 0.0]
    many = places_at(np.full(len(unit), lat), np.full(len(unit), 30.0), gso=18.0)
    expected = arc_separation_deg(unit, one.position_m[0], axes[2])
    # The samples lie 0.009 degrees apart, the ends of the visible arc up to as much short.
    np.testing.assert_allclose(separation_deg(unit, many.arc), expected, atol=0.012)


@pytest.mark.parametrize("lat", [0.0, 20.0, 50.45, -70.0])
def test_the_short_road_agrees_with_the_exact_one(lat: float) -> None:
    sky = random_satellites(np.random.default_rng(7), 6000)
    one = places_at(lat, -100.0, gso=18.0)
    axes = one.east_north_up[0].reshape(3, 3)
    unit, local, _ = rays(sky, one.position_m[0], axes)
    unit = np.ascontiguousarray(unit[local[:, 2] > 0.1])
    many = places_at(np.full(len(unit), lat), np.full(len(unit), -100.0), gso=18.0)
    angle = separation_deg(unit, many.arc)
    arc = [column[0] for column in one.arc]
    view, cosine = arc[:5], arc[7]
    for direction, separation in zip(unit, angle, strict=True):
        if abs(separation - 18.0) > 1e-3:
            assert is_avoided(*direction, *view, cosine) == (separation < 18.0)


def test_no_arc_near_the_poles() -> None:
    lat = np.array([90.0, -90.0, 81.5, -85.0])
    places = places_at(lat, np.zeros(4), gso=18.0)
    up = places.east_north_up[:, 6:]
    assert np.isinf(separation_deg(up, places.arc)).all()
    seen = places_at(np.array([81.0, -81.0]), np.zeros(2), gso=18.0)
    assert np.isfinite(separation_deg(seen.east_north_up[:, 6:], seen.arc)).all()


def test_the_arc_overhead_at_the_equator() -> None:
    places = places_at(0.0, 77.0, gso=18.0)
    assert separation_deg(places.east_north_up[:, 6:], places.arc)[0] == pytest.approx(0.0, abs=1e-4)
    north, up = places.east_north_up[:, 3:6], places.east_north_up[:, 6:]
    south = np.cos(np.radians(10)) * up - np.sin(np.radians(10)) * north
    assert separation_deg(south, places.arc)[0] == pytest.approx(10.0, abs=1e-3)
