"""Some of the places see what they see among all."""

from __future__ import annotations

import numpy as np

from bentpipe.earth import east_north_up, geodetic_to_ecef
from bentpipe.geometry.places import make_places, select_places
from bentpipe.geometry.usable import usable_links


def test_some_places_have_the_links_that_they_have_among_all() -> None:
    rng = np.random.default_rng(5)
    lat, lon = rng.uniform(-60, 60, 40), rng.uniform(-180, 180, 40)
    masks: list[list[tuple[float, float]]] = [[] for _ in range(40)]
    masks[7] = [(0.0, 30.0), (180.0, 70.0)]
    masks[21] = [(90.0, 50.0)]
    places = make_places(
        geodetic_to_ecef(lat, lon, 0.0).reshape(-1, 3), east_north_up(lat, lon).reshape(-1, 3, 3),
        rng.uniform(5, 30, 40), rng.uniform(0, 20, 40), rng.uniform(100, 360, 40), 20.0, 10.0, masks,
        rng.uniform(1e6, 2e6, 40),
    )  # fmt: skip
    ray = rng.normal(size=(3, 4_000))
    position = np.ascontiguousarray(6.92e6 * ray / np.linalg.norm(ray, axis=0))
    up = np.ones(4_000, np.bool_)
    whole = usable_links(position, places, up)
    for index in (np.array([21, 3, 7, 30]), np.arange(40), np.zeros(0, np.int64)):
        some = usable_links(position, select_places(places, index), up)
        assert len(some.start) == len(index)
        for row, place in enumerate(index.tolist()):
            mine, theirs = slice(some.start[row], some.stop[row]), slice(whole.start[place], whole.stop[place])
            order, other = np.argsort(some.satellite[mine]), np.argsort(whole.satellite[theirs])
            for column in ("satellite", "sin_elevation", "slant_range_m"):
                left, right = getattr(some, column)[mine][order], getattr(whole, column)[theirs][other]
                np.testing.assert_array_equal(left, right)
    assert len(whole.satellite) > 200
