"""Elevation and distance of usable links, and the geostationary arc, against Skyfield."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.earth import east_north_up, geodetic_to_ecef
from bentpipe.geometry.gso import separation_deg
from bentpipe.geometry.places import make_places
from bentpipe.geometry.usable import usable_links

skyfield_api = pytest.importorskip("skyfield.api")
toposlib = pytest.importorskip("skyfield.toposlib")

#: Kyiv, Quito, McMurdo, and a place on the 180th meridian.
PLACES = [(50.45, 30.52), (-0.18, -78.47), (-77.85, 166.67), (-16.8, 179.99)]


def looked_up(lat: float, lon: float, targets: list) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Elevation and azimuth, degrees, and distance, m, of points given by latitude, longitude and height."""
    wgs84, time = skyfield_api.wgs84, skyfield_api.load.timescale().utc(2022, 10, 24, 12)
    here = wgs84.latlon(lat, lon)
    found = [(wgs84.latlon(*t[:2], elevation_m=t[2]) - here).at(time).altaz() for t in targets]
    return (
        np.array([f[0].degrees for f in found]),
        np.array([f[1].degrees for f in found]),
        np.array([f[2].m for f in found]),
    )


@pytest.mark.parametrize(("lat", "lon"), PLACES)
def test_elevation_azimuth_and_range(lat: float, lon: float) -> None:
    rng = np.random.default_rng(int(lat * 100) % 1000)
    away = rng.uniform(-8, 8, (60, 2))
    targets = [(float(np.clip(lat + a, -89, 89)), float((lon + b + 180) % 360 - 180), 550e3) for a, b in away]
    elevation, azimuth, distance = looked_up(lat, lon, targets)
    sky = np.ascontiguousarray(geodetic_to_ecef(*np.array(targets).T).T)
    here, axes = geodetic_to_ecef(lat, lon, 0.0).reshape(1, 3), east_north_up(lat, lon).reshape(1, 3, 3)
    places = make_places(here, axes, 25.0, 0.0)
    links = usable_links(sky, places, np.ones(60, np.bool_))
    assert set(links.satellite.tolist()) == set(np.flatnonzero(elevation >= 25.0).tolist())
    assert len(links.satellite) > 5
    chosen = links.satellite
    np.testing.assert_allclose(np.degrees(np.arcsin(links.sin_elevation)), elevation[chosen], atol=2e-3)
    np.testing.assert_allclose(links.slant_range_m, distance[chosen], atol=0.5)
    north = np.cos(np.radians(elevation[chosen])) * np.cos(np.radians(azimuth[chosen]))
    np.testing.assert_allclose(links.north, north, atol=1e-5)


@pytest.mark.parametrize(("lat", "lon"), PLACES)
def test_the_arc_is_where_geostationary_satellites_stand(lat: float, lon: float) -> None:
    height = 42_164_170.0 - 6_378_137.0
    targets = [(0.0, float((lon + b + 180) % 360 - 180), height) for b in (-50, -20, 0, 10, 45)]
    elevation, azimuth, _ = looked_up(lat, lon, targets)
    up = elevation > 0.5
    assert up.any() or abs(lat) > 81.0
    axes = east_north_up(lat, lon).reshape(3, 3)
    e, a = np.radians(elevation[up]), np.radians(azimuth[up])
    rays = np.stack([np.cos(e) * np.sin(a), np.cos(e) * np.cos(a), np.sin(e)], axis=1) @ axes
    count = int(up.sum())
    here = np.repeat(geodetic_to_ecef(lat, lon, 0.0).reshape(1, 3), count, axis=0)
    many = make_places(here, np.repeat(axes[None], count, axis=0), 0.0, 18.0)
    assert separation_deg(rays, many.arc).max() < 2e-3
