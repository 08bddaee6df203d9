"""The longest user link of a dish: against all links, one by one."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.earth import east_north_up, geodetic_to_ecef
from bentpipe.geometry.places import Places, make_places
from bentpipe.geometry.usable import LinkBuffers, UsableLinks, usable_links

COUNT = 60


def satellites(seed: int, count: int = 3_000) -> np.ndarray:
    to = np.random.default_rng(seed).normal(size=(3, count))
    return np.ascontiguousarray(to / np.linalg.norm(to, axis=0) * 6_921e3)


def places(seed: int, limit_m: float | np.ndarray = np.inf) -> Places:
    rng = np.random.default_rng(seed)
    lat, lon, none = rng.uniform(-60, 60, COUNT), rng.uniform(-180, 180, COUNT), np.zeros(COUNT)
    return make_places(
        geodetic_to_ecef(lat, lon, none).reshape(-1, 3), east_north_up(lat, lon).reshape(-1, 3, 3),
        none + 10.0, none, none + 180.0, none, none, [[] for _ in range(COUNT)], limit_m,
    )  # fmt: skip


def rows(links: UsableLinks, c: int) -> dict[int, tuple[float, float, float]]:
    part = slice(links.start[c], links.stop[c])
    columns = (links.sin_elevation[part], links.north[part], links.slant_range_m[part])
    return dict(zip(links.satellite[part].tolist(), zip(*(x.tolist() for x in columns), strict=True), strict=True))


@pytest.mark.parametrize("seed", range(5))
def test_links_are_those_that_are_short_enough(seed: int) -> None:
    position, rng = satellites(seed), np.random.default_rng(seed)
    limit = np.where(rng.random(COUNT) < 0.3, np.inf, rng.uniform(5e5, 1.5e6, COUNT))
    up = rng.random(position.shape[1]) < 0.9
    everything = usable_links(position, places(seed), up)
    # The same memory twice: what was dropped before does not come back.
    buffers = LinkBuffers(0)
    for _ in range(2):
        near = usable_links(position, places(seed, limit), up, buffers=buffers)
        dropped = 0
        for c in range(COUNT):
            expected = {s: row for s, row in rows(everything, c).items() if row[2] <= limit[c]}
            assert rows(near, c) == expected
            dropped += len(rows(everything, c)) - len(expected)
        assert dropped > 100


def test_a_limit_of_nothing_leaves_nothing() -> None:
    links = usable_links(satellites(1), places(1, np.full(COUNT, 1e5)), np.ones(3_000, bool))
    assert (links.start == links.stop).all()
