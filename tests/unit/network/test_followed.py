"""Antennas to satellites: the limits hold, paths are found, and the choice is near the best."""

from __future__ import annotations

import numpy as np
import pytest
from relations import can_follow, most_covered, random_sets, relation

from bentpipe.network.followed import Followed, follow_satellites


def follow(
    places: list[list[int]],
    gateways: list[list[int]],
    antennas: list[int],
    satellites: int,
    weight: list[int] | None = None,
    reach: list[list[float]] | None = None,
    fibre: list[float] | None = None,
) -> Followed:
    near, far = relation(places), relation(gateways)
    ranges = [r for row in reach for r in row] if reach else [1e6] * len(far.satellite)
    return follow_satellites(
        *near,
        np.array([1] * len(places) if weight is None else weight, np.int64),
        *far,
        np.array(ranges, np.float32),
        np.array(fibre if fibre else [0.0] * len(gateways), np.float64),
        np.array(antennas, np.int64),
        satellites,
    )


@pytest.mark.parametrize("seed", range(40))
def test_limits_hold_on_random_worlds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    satellites, n_gateways = int(rng.integers(1, 30)), int(rng.integers(0, 6))
    places = random_sets(rng, int(rng.integers(0, 25)), satellites, rng.uniform(0.05, 0.5))
    gateways = random_sets(rng, n_gateways, satellites, rng.uniform(0.1, 0.7))
    antennas = rng.integers(0, 5, n_gateways).tolist()
    weight = rng.integers(0, 4, len(places)).tolist()
    reach = [rng.uniform(5e5, 2e6, len(row)).tolist() for row in gateways]
    found = follow(places, gateways, antennas, satellites, weight, reach)
    wanted = {s for row, w in zip(places, weight, strict=True) if w for s in row}
    for g in range(n_gateways):
        assert (found.gateway == g).sum() <= antennas[g]
    for s in range(satellites):
        seen_by = [g for g in range(n_gateways) if s in gateways[g] and antennas[g] > 0]
        assert found.gateways_in_view[s] == len(seen_by)
        g = int(found.gateway[s])
        if g < 0:
            assert np.isinf(found.range_m[s])
        else:
            assert g in seen_by and s in wanted
            assert found.range_m[s] == np.float32(reach[g][gateways[g].index(s)])
    assert (found.gateway >= 0).sum() <= sum(antennas)


@pytest.mark.parametrize("seed", range(25))
def test_near_the_exact_optimum(seed: int) -> None:
    rng = np.random.default_rng(1000 + seed)
    places, gateways = random_sets(rng, 10, 8, 0.25), random_sets(rng, 3, 8, 0.5)
    antennas, weight = rng.integers(0, 3, 3).tolist(), rng.integers(1, 5, 10).tolist()
    found = follow(places, gateways, antennas, 8, weight)
    chosen = set(np.flatnonzero(found.gateway >= 0).tolist())
    covered = sum(w for row, w in zip(places, weight, strict=True) if chosen & set(row))
    best = most_covered(places, weight, gateways, antennas)
    # Greedy over a matroid is within one half, under a mere count of antennas within 1 - 1/e.
    assert covered >= 0.5 * best
    assert covered <= best


def test_greedy_is_mostly_exact() -> None:
    share = []
    for seed in range(60):
        rng = np.random.default_rng(5000 + seed)
        places, gateways = random_sets(rng, 12, 8, 0.25), random_sets(rng, 2, 8, 0.6)
        antennas = rng.integers(1, 3, 2).tolist()
        chosen = set(np.flatnonzero(follow(places, gateways, antennas, 8).gateway >= 0).tolist())
        best = most_covered(places, [1] * 12, gateways, antennas)
        share.append(1.0 if best == 0 else sum(bool(chosen & set(row)) for row in places) / best)
    assert np.mean(share) > 0.97
    assert np.mean(np.array(share) == 1.0) > 0.7


def test_a_satellite_makes_room_along_a_path() -> None:
    # Satellite 0 is worth most and goes to its nearest gateway 0, the only one that sees satellite 1; then 1 comes.
    found = follow([[0], [0], [1]], [[0, 1], [0]], [1, 1], 2, reach=[[6e5, 6e5], [9e5]])
    assert found.gateway.tolist() == [1, 0]
    np.testing.assert_allclose(found.range_m, [9e5, 6e5])


def test_a_long_path() -> None:
    # Gateway g sees satellites g and g + 1, nearest g + 1: all shift by one when the last comes.
    n = 6
    gateways = [[g, g + 1] for g in range(n)] + [[n]]
    places = [[s] for s in range(n + 1)]
    reach = [[9e5, 6e5] for _ in range(n)] + [[9e5]]
    weight = [1, *range(n + 1, 1, -1)]
    found = follow(places, gateways, [1] * (n + 1), n + 1, weight, reach)
    assert (found.gateway >= 0).all()
    for s, g in enumerate(found.gateway.tolist()):
        assert s in gateways[g]


@pytest.mark.parametrize("seed", range(20))
def test_all_are_followed_where_all_can_be(seed: int) -> None:
    rng = np.random.default_rng(300 + seed)
    gateways = random_sets(rng, 4, 6, 0.4)
    antennas = rng.integers(1, 4, 4).tolist()
    possible = can_follow(tuple(range(6)), gateways, antennas)
    found = follow([[s] for s in range(6)], gateways, antennas, 6)
    assert bool((found.gateway >= 0).all()) == possible


def test_the_shorter_path_to_the_point_of_presence_is_taken() -> None:
    gateways, reach = [[0], [0]], [[1.0e6], [6.0e5]]
    assert follow([[0]], gateways, [1, 1], 1, reach=reach).gateway.tolist() == [1]
    assert follow([[0]], gateways, [1, 1], 1, reach=reach, fibre=[0.0, 9e5]).gateway.tolist() == [0]
    assert follow([[0]], gateways, [1, 0], 1, reach=reach).gateway.tolist() == [0]


def test_ties_go_to_the_lower_index() -> None:
    assert follow([[0, 1, 2]], [[2, 1, 0], [0, 1, 2]], [1, 0], 3).gateway.tolist() == [0, -1, -1]
    assert follow([[0]], [[0], [0]], [1, 1], 1).gateway.tolist() == [0]


def test_nothing_to_do() -> None:
    assert follow([], [[0]], [2], 1).gateway.tolist() == [-1]
    assert follow([[0]], [], [], 1).gateway.tolist() == [-1]
    assert follow([[0]], [[0]], [2], 1, weight=[0]).gateway.tolist() == [-1]
    assert follow([], [], [], 0).gateway.size == 0
