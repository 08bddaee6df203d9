"""More never serves fewer: satellites, gateways, antennas and room under `max-coverage`.

A further gateway or satellite never shrinks what is usable. Under `max-coverage` it never lowers the number of
served places either, where all need the same and the satellites followed are proven the best set: the beams are
shared out by a maximum flow. Both are asserted here on random worlds in which antennas are short.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bentpipe.earth import east_north_up, geodetic_to_ecef
from bentpipe.geometry.places import make_places
from bentpipe.geometry.usable import usable_links
from bentpipe.network.beams import share_beam_time
from bentpipe.network.coverage import follow_for_coverage
from bentpipe.network.followed import follow_satellites

Sets = list[list[int]]
PLACES, SATELLITES, GATEWAYS = 20, 12, 4


def rows_of(sets: Sets) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    stop = np.cumsum([len(s) for s in sets], dtype=np.int64)
    start = np.concatenate([np.zeros(1, np.int64), stop])[: len(sets)]
    return start, stop, np.array([s for row in sets for s in row], np.int32)


def random_world(seed: int) -> tuple[Sets, Sets, list[int]]:
    """Usable satellites of places and of gateways, and antennas."""
    rng = np.random.default_rng(seed)
    dense = rng.uniform(0.1, 0.4)

    def some(count: int, chance: float) -> Sets:
        return [[s for s in range(SATELLITES) if rng.random() < chance] for _ in range(count)]

    return some(PLACES, dense), some(GATEWAYS, rng.uniform(0.2, 0.6)), rng.integers(1, 3, GATEWAYS).tolist()


def follow(places: Sets, gateways: Sets, antennas: list[int]) -> np.ndarray:
    far = rows_of(gateways)
    return (
        follow_satellites(
            *rows_of(places),
            np.ones(len(places), np.int64),
            *far,
            np.full(len(far[2]), 1e6, np.float32),
            np.zeros(len(gateways)),
            np.array(antennas, np.int64),
            SATELLITES,
        ).gateway
        >= 0
    )


def served(places: Sets, followed: np.ndarray, room: int, satellites: int = SATELLITES) -> int:
    """Places served under `max-coverage`, one slice each."""
    links, one = rows_of(places), np.ones(len(places), np.int64)
    score = np.random.default_rng(0).normal(size=len(links[2]))
    beams = share_beam_time(
        *links, score, followed, one, one, np.arange(len(places)), np.full(satellites, room, np.int64), True
    )
    return int((beams.link >= 0).sum())


def without_last_satellite(places: Sets) -> Sets:
    return [[s for s in row if s != SATELLITES - 1] for row in places]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), extra=st.integers(1, 50))
def test_further_satellites_never_shrink_a_usable_set(seed: int, extra: int) -> None:
    rng = np.random.default_rng(seed)
    unit = rng.normal(size=(300 + extra, 3))
    sky = np.ascontiguousarray((unit / np.linalg.norm(unit, axis=1, keepdims=True) * 6_921e3).T)
    lat, lon = np.degrees(np.arcsin(rng.uniform(-1, 1, 30))), rng.uniform(-180, 180, 30)
    places = make_places(
        geodetic_to_ecef(lat, lon, 0.0), east_north_up(lat, lon), rng.uniform(5, 40), rng.choice([0.0, 18.0])
    )
    few = usable_links(np.ascontiguousarray(sky[:, :300]), places, np.ones(300, np.bool_))
    many = usable_links(sky, places, np.ones(300 + extra, np.bool_))
    for i in range(30):
        before = set(few.satellite[few.start[i] : few.stop[i]].tolist())
        after = set(many.satellite[many.start[i] : many.stop[i]].tolist())
        assert before <= after
        assert {s for s in after if s < 300} == before


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_further_gateway_never_lowers_what_is_in_view(seed: int) -> None:
    places, gateways, antennas = random_world(seed)

    def in_view(count: int) -> np.ndarray:
        far = rows_of(gateways[:count])
        return follow_satellites(
            *rows_of(places), np.ones(PLACES, np.int64), *far, np.ones(len(far[2]), np.float32), np.zeros(count),
            np.array(antennas[:count], np.int64), SATELLITES,
        ).gateways_in_view  # fmt: skip

    assert (in_view(GATEWAYS) >= in_view(GATEWAYS - 1)).all()


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), room=st.integers(0, 8), extra=st.integers(0, SATELLITES - 1))
def test_a_further_followed_satellite_or_more_room_never_lowers_the_served(seed: int, room: int, extra: int) -> None:
    places, gateways, antennas = random_world(seed)
    followed = follow(places, gateways, antennas)
    before = served(places, followed, room)
    assert served(places, followed, room + 1) >= before
    more = followed.copy()
    more[extra] = True
    assert served(places, more, room) >= before


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), room=st.integers(1, 8))
def test_more_never_serves_fewer_where_antennas_are_not_short(seed: int, room: int) -> None:
    places, gateways, _ = random_world(seed)
    plenty = [SATELLITES] * GATEWAYS
    whole = served(places, follow(places, gateways, plenty), room)
    assert whole >= served(places, follow(places, gateways[:-1], plenty[:-1]), room)
    less = without_last_satellite(places)
    assert whole >= served(less, follow(less, gateways, plenty), room)


def plan_and_bound(places: Sets, gateways: Sets, antennas: list[int], room: int, satellites: int) -> tuple[int, int]:
    """Places served under `max-coverage`, and the number that no choice can exceed."""
    far = rows_of(gateways)
    plan, bound = follow_for_coverage(
        *rows_of(places), np.ones(len(places), np.int64), *far, np.full(len(far[2]), 1e6, np.float32),
        np.zeros(len(gateways)), np.array(antennas, np.int64), np.full(satellites, room, np.int64),
    )  # fmt: skip
    return served(places, plan.gateway >= 0, room, satellites), bound


def check_more_never_serves_fewer(
    places: Sets, gateways: Sets, antennas: list[int], room: int, satellites: int, pick: int
) -> bool:
    """Take away one gateway, one antenna, one satellite, room: never does that serve more; whether all is proven."""
    whole, bound = plan_and_bound(places, gateways, antennas, room, satellites)
    g, s = pick % len(gateways), pick % satellites
    others = [i for i in range(len(gateways)) if i != g]
    fewer = [n - (i == g) for i, n in enumerate(antennas)]
    worlds = (
        (places, [gateways[i] for i in others], [antennas[i] for i in others], room),
        (places, gateways, fewer, room),
        ([[t for t in row if t != s] for row in places], gateways, antennas, room),
        (places, gateways, antennas, room - 1),
    )
    proven = whole == bound
    for world in worlds:
        less, at_most = plan_and_bound(*world, satellites)
        proven &= less == at_most
        assert less <= bound
        assert less <= whole or whole < bound
    return proven


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), room=st.sampled_from([1, 2, 4, 8, 1000]), pick=st.integers(0, 99))
def test_more_never_serves_fewer_where_antennas_are_short(seed: int, room: int, pick: int) -> None:
    assert check_more_never_serves_fewer(*random_world(seed), room, SATELLITES, pick)


def larger_world(seed: int, sparsest: float) -> tuple[Sets, Sets, list[int]]:
    """200 places, 40 satellites, 4 gateways of 8 antennas."""
    rng = np.random.default_rng(seed)
    dense, sight = rng.uniform(sparsest, 0.4), rng.uniform(0.1, 0.6)

    def some(count: int, chance: float) -> Sets:
        return [np.flatnonzero(rng.random(40) < chance).tolist() for _ in range(count)]

    return some(200, dense), some(4, sight), [8] * 4


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), room=st.sampled_from([1, 2, 4, 8, 16, 1000]), pick=st.integers(0, 99))
def test_more_never_serves_fewer_in_larger_worlds(seed: int, room: int, pick: int) -> None:
    """Strictly where the larger world is proven; where the budget of the search ran out, within its bound."""
    check_more_never_serves_fewer(*larger_world(seed, 0.02), room, 40, pick)


@pytest.mark.parametrize("room", [2, 4, 8, 16, 1000])
def test_larger_worlds_are_proven(room: int) -> None:
    for seed in range(25):
        assert check_more_never_serves_fewer(*larger_world(seed, 0.1), room, 40, seed)
