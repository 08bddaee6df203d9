"""Usable links against brute force: elevation, cone, obstruction, steering, geostationary arc, odd places."""

from __future__ import annotations

import numpy as np
import pytest
from sky import brute_force, places_at, random_satellites, rays, sets_of

from bentpipe.earth import east_north_up, geodetic_to_ecef
from bentpipe.geometry.usable import LinkBuffers, usable_links

RNG = np.random.default_rng(20221024)
SKY = random_satellites(RNG, 4000)
UP = np.ones(SKY.shape[1], np.bool_)
WORLDWIDE = (
    np.concatenate([np.degrees(np.arcsin(RNG.uniform(-1, 1, 40))), [90.0, -90.0, 89.99, 0.0, 0.0, 51.0, 51.0]]),
    np.concatenate([RNG.uniform(-180, 180, 40), [0.0, 17.0, 45.0, 0.0, 180.0, 179.999, -179.999]]),
)


@pytest.mark.parametrize(
    "limits",
    [
        {"elevation": 25.0},
        {"elevation": 0.0},
        {"elevation": 5.0, "steering": 45.0},
        {"elevation": 25.0, "cone": 100.0, "tilt": 27.0, "azimuth": 0.0},
        {"elevation": 20.0, "cone": 70.0, "tilt": 40.0, "azimuth": 225.0},
        {"elevation": 10.0, "gso": 18.0},
        {"elevation": 25.0, "gso": 22.0, "cone": 110.0, "tilt": 10.0, "azimuth": 180.0, "steering": 56.0},
        {"elevation": 5.0, "mask": [(0.0, 10.0), (90.0, 40.0), (200.0, 15.0), (330.0, 60.0)]},
        {"elevation": 5.0, "mask": [(180.0, 30.0)], "gso": 12.0},
    ],
    ids=lambda limits: "-".join(limits),
)
def test_every_limit_against_brute_force(limits: dict) -> None:
    lat, lon = WORLDWIDE
    mask = limits.get("mask")
    places = places_at(
        lat,
        lon,
        limits["elevation"],
        limits.get("gso", 0.0),
        field_of_view_deg=limits.get("cone", 360.0),
        tilt_deg=limits.get("tilt", 0.0),
        azimuth_deg=limits.get("azimuth", 0.0),
        masks=None if mask is None else [mask] * len(lat),
    )
    found = sets_of(usable_links(SKY, places, UP, steering_deg=limits.get("steering", 90.0)))
    total = 0
    for i in range(len(lat)):
        expected, doubtful = brute_force(SKY, lat[i], lon[i], **limits)
        assert found[i] - doubtful == expected - doubtful, (lat[i], lon[i])
        total += len(expected)
    assert total > 50


def test_elevation_north_and_range() -> None:
    lat, lon = WORLDWIDE
    links = usable_links(SKY, places_at(lat, lon, 10.0), UP)
    for i in range(len(lat)):
        rows = slice(links.start[i], links.stop[i])
        chosen = SKY[:, links.satellite[rows]]
        axes = east_north_up(lat[i], lon[i]).reshape(3, 3)
        _, local, distance = rays(chosen, geodetic_to_ecef(lat[i], lon[i], 0.0).reshape(3), axes)
        np.testing.assert_allclose(links.sin_elevation[rows], local[:, 2], atol=2e-7)
        np.testing.assert_allclose(links.north[rows], local[:, 1], atol=2e-7)
        np.testing.assert_allclose(links.slant_range_m[rows], distance, rtol=1e-7)


def test_satellites_of_very_different_heights() -> None:
    sky = random_satellites(np.random.default_rng(5), 1500, 300e3, 20_000e3)
    lat, lon = WORLDWIDE
    found = sets_of(usable_links(sky, places_at(lat, lon, 30.0), np.ones(1500, np.bool_)))
    for i in range(len(lat)):
        assert found[i] == brute_force(sky, lat[i], lon[i], 30.0)[0]


def test_a_satellite_in_the_zenith_is_usable_everywhere() -> None:
    for lat, lon in [(0.0, 0.0), (90.0, 0.0), (-90.0, 0.0), (50.0, 180.0), (-33.0, -180.0)]:
        above = np.ascontiguousarray(geodetic_to_ecef(lat, lon, 550e3).reshape(3, 1))
        links = usable_links(above, places_at(lat, lon, 80.0, field_of_view_deg=10.0), np.ones(1, np.bool_))
        assert links.satellite.tolist() == [0]
        assert links.slant_range_m[0] == pytest.approx(550e3, rel=1e-6)


def test_satellites_and_places_that_are_down() -> None:
    lat, lon = WORLDWIDE
    places = places_at(lat, lon, 10.0)
    rng = np.random.default_rng(1)
    up, allowed = rng.random(SKY.shape[1]) < 0.5, rng.random(len(lat)) < 0.5
    everything = sets_of(usable_links(SKY, places, UP))
    found = sets_of(usable_links(SKY, places, up, allowed))
    down = set(np.flatnonzero(~up).tolist())
    for whole, part, ok in zip(everything, found, allowed, strict=True):
        assert part == (whole - down if ok else set())


def test_a_satellite_without_a_position_is_never_usable() -> None:
    sky = SKY.copy()
    sky[:, ::3] = np.nan
    lat, lon = WORLDWIDE
    found = sets_of(usable_links(sky, places_at(lat, lon, 10.0), UP))
    for whole, part in zip(sets_of(usable_links(SKY, places_at(lat, lon, 10.0), UP)), found, strict=True):
        assert part == {s for s in whole if s % 3}


def test_empty_sets() -> None:
    nobody = places_at(np.empty(0), np.empty(0))
    assert usable_links(SKY, nobody, UP).satellite.size == 0
    one = places_at(50.0, 30.0)
    none = usable_links(np.empty((3, 0)), one, np.empty(0, np.bool_))
    assert none.start.tolist() == none.stop.tolist()
    assert usable_links(SKY, one, np.zeros_like(UP)).satellite.size == 0


def test_buffers_grow_and_do_not_change_the_links() -> None:
    lat, lon = WORLDWIDE
    places = places_at(lat, lon, 5.0)
    small = LinkBuffers(0)
    grown = usable_links(SKY, places, UP, buffers=small)
    roomy = usable_links(SKY, places, UP, buffers=LinkBuffers(1_000_000))
    again = usable_links(SKY, places, UP, buffers=small)
    for a, b, c in zip(grown, roomy, again, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def test_a_place_sees_the_same_alone_as_in_company() -> None:
    lat, lon = WORLDWIDE
    together = sets_of(usable_links(SKY, places_at(lat, lon, 25.0, 18.0), UP))
    for i in range(0, len(lat), 5):
        assert sets_of(usable_links(SKY, places_at(lat[i], lon[i], 25.0, 18.0), UP)) == [together[i]]
