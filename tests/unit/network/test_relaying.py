"""Ways of satellites to the ground against a plain search; antennas that follow more against the rule in words."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from meshes import dense, random_mesh

from bentpipe.network.followed import Followed
from bentpipe.network.mesh import Mesh, components, make_mesh
from bentpipe.network.relayed import Relayed, without_lasers
from bentpipe.network.relaying import follow_more, laser_steps, relay

HOP_M = 3e4


def random_ground(mesh: Mesh, seed: int) -> tuple[Followed, np.ndarray]:
    """Some satellites followed, some more in view of gateways; and each gateway's route, m."""
    rng = np.random.default_rng(seed)
    n, gateways = mesh.satellites, int(rng.integers(1, 5))
    gateway = np.where(rng.random(n) < rng.choice([0.05, 0.3]), rng.integers(0, gateways, n), -1).astype(np.int32)
    range_m = np.where(gateway >= 0, rng.uniform(6e5, 2e6, n), np.inf)
    seen = ((gateway >= 0) | (rng.random(n) < 0.1)).astype(np.int32) * rng.integers(1, 4, n).astype(np.int32)
    return Followed(gateway, range_m, seen), rng.choice([0.0, 1e5, 4e6], gateways)


def plain_search(mesh: Mesh, down_m: np.ndarray, hop_m: float) -> np.ndarray:
    """Dijkstra 1959 from all satellites that can land at once, in plain Python."""
    reach = down_m.copy()
    queue = [(cost, s) for s, cost in enumerate(reach.tolist()) if np.isfinite(cost)]
    heapq.heapify(queue)
    while queue:
        cost, here = heapq.heappop(queue)
        if cost > reach[here]:
            continue
        for k in range(mesh.offset[here], mesh.offset[here + 1]):
            there, total = int(mesh.neighbour[k]), cost + mesh.length_m[mesh.laser[k]] + hop_m
            if total < reach[there]:
                reach[there] = total
                heapq.heappush(queue, (total, there))
    return reach


def way_of(ways: Relayed, s: int) -> list[int]:
    found = [s]
    while found[-1] != ways.landing[s]:
        found.append(int(ways.following[found[-1]]))
        assert len(found) <= len(ways.landing), "the way goes round"
    return found


@pytest.mark.parametrize("seed", range(60))
def test_ways_are_the_cheapest_and_add_up(seed: int) -> None:
    mesh, _, _ = random_mesh(seed)
    followed, route_m = random_ground(mesh, seed)
    ways = relay(followed, mesh, route_m, HOP_M)
    lands = followed.gateway >= 0
    down_m = np.where(lands, followed.range_m + route_m[followed.gateway], np.inf)
    best, length = plain_search(mesh, down_m, HOP_M), dense(mesh, mesh.length_m)
    for s in range(mesh.satellites):
        if lands[s]:
            # Whoever is followed lands by itself, even where another gateway's fibre is shorter.
            assert (ways.landing[s], ways.gateway[s], ways.range_m[s]) == (s, followed.gateway[s], followed.range_m[s])
            assert ways.lasers[s] == 0 and ways.laser_m[s] == 0.0
            continue
        if np.isinf(best[s]):
            assert (ways.landing[s], ways.gateway[s], ways.lasers[s], ways.laser_m[s]) == (s, -1, 0, 0.0)
            assert np.isinf(ways.range_m[s])
            continue
        way = way_of(ways, s)
        last = way[-1]
        assert lands[last] and ways.gateway[s] == followed.gateway[last] and ways.range_m[s] == followed.range_m[last]
        assert ways.lasers[s] == len(way) - 1 >= 1
        assert ways.laser_m[s] == pytest.approx(length[way[:-1], way[1:]].sum(), rel=1e-12)
        total = ways.laser_m[s] + HOP_M * ways.lasers[s] + ways.range_m[s] + route_m[ways.gateway[s]]
        assert total == pytest.approx(best[s], rel=1e-9)


@pytest.mark.parametrize("seed", range(30))
def test_a_gateway_is_in_view_of_all_that_hang_together_with_one_that_sees_it(seed: int) -> None:
    mesh, _, _ = random_mesh(seed)
    followed, route_m = random_ground(mesh, seed)
    part = components(mesh)
    expected = np.isin(part, part[followed.gateways_in_view > 0])
    np.testing.assert_array_equal(relay(followed, mesh, route_m, HOP_M).gateways_in_view > 0, expected)


@pytest.mark.parametrize("seed", range(30))
def test_steps_of_ways_are_named_by_their_senders(seed: int) -> None:
    mesh, _, _ = random_mesh(seed)
    followed, route_m = random_ground(mesh, seed)
    ways = relay(followed, mesh, route_m, HOP_M)
    some = np.random.default_rng(seed).integers(0, mesh.satellites, 12)
    offset, sender = laser_steps(ways, some)
    np.testing.assert_array_equal(np.diff(offset), ways.lasers[some])
    for f, s in enumerate(some):
        assert sender[offset[f] : offset[f + 1]].tolist() == way_of(ways, int(s))[:-1]


def test_a_followed_satellite_on_the_way_of_another_may_be_passed_through() -> None:
    """It lands its own by its own gateway, of long fibre; who comes over it goes on to the shorter one."""
    mesh = make_mesh(np.array([[0, 1], [1, 2]], np.int32), np.array([1e6, 1e6]), 3)
    followed = Followed(np.array([-1, 0, 1], np.int32), np.array([np.inf, 6e5, 6e5]), np.array([0, 1, 1], np.int32))
    ways = relay(followed, mesh, np.array([9e6, 0.0]), 0.0)
    assert ways.gateway.tolist() == [1, 0, 1]
    assert ways.landing.tolist() == [2, 1, 2] and ways.lasers.tolist() == [2, 0, 0]
    assert laser_steps(ways, [0, 1])[1].tolist() == [0, 1]


def test_without_gateways_nothing_lands() -> None:
    mesh, _, _ = random_mesh(3)
    n = mesh.satellites
    nobody = Followed(np.full(n, -1, np.int32), np.full(n, np.inf), np.zeros(n, np.int32))
    ways = relay(nobody, mesh, np.zeros(0), HOP_M)
    assert (ways.gateway == -1).all() and np.isinf(ways.range_m).all() and not ways.gateways_in_view.any()
    assert (ways.landing == np.arange(n)).all() and not ways.lasers.any() and not ways.laser_m.any()
    offset, sender = laser_steps(ways, np.arange(n))
    assert not len(sender) and not offset.any()


def test_bent_pipes_are_ways_without_lasers() -> None:
    followed = Followed(np.array([-1, 2], np.int32), np.array([np.inf, 7e5]), np.array([3, 1], np.int32))
    ways = without_lasers(followed)
    assert ways.landing.tolist() == [0, 1] and ways.following.tolist() == [-1, -1]
    assert ways.gateways_in_view.tolist() == [3, 1] and not ways.lasers.any()


def follow_in_words(
    gateway: np.ndarray, places: list[list[int]], need: list[int], view: list[list[tuple[int, float]]],
    antennas: list[int], mesh: Mesh,
) -> np.ndarray:  # fmt: skip
    """Which gateway follows each satellite in the end, antenna by antenna."""
    part, out = components(mesh), gateway.copy()
    has_laser = np.diff(mesh.offset) > 0
    wanted = np.zeros(mesh.satellites)
    for satellites, worth in zip(places, need, strict=True):
        for s in satellites:
            wanted[part[s]] += worth / len(satellites)
    while True:
        landings = np.bincount(part[out >= 0], minlength=mesh.satellites)
        free = [a > (out == g).sum() for g, a in enumerate(antennas)]
        choice = [
            (-wanted[part[s]] / (1 + landings[part[s]]), far, g, i)
            for g, links in enumerate(view)
            for i, (s, far) in enumerate(links)
            if free[g] and out[s] < 0 and has_laser[s]
        ]
        if not choice:
            return out
        _, _, g, i = min(choice)
        out[view[g][i][0]] = g


def csr(rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    count = np.array([len(row) for row in rows], np.int64)
    return np.cumsum(count) - count, np.cumsum(count), np.array([s for row in rows for s in row], np.int32)


@pytest.mark.parametrize("seed", range(60))
def test_idle_antennas_follow_as_the_rule_says(seed: int) -> None:
    mesh, _, _ = random_mesh(seed)
    rng, n = np.random.default_rng(seed), mesh.satellites
    places = [rng.choice(n, int(rng.integers(0, min(n, 6) + 1)), replace=False).tolist() for _ in range(5)]
    need = [2 ** int(x) for x in rng.integers(0, 3, 5)]
    view = []
    for _ in range(4):
        seen = rng.choice(n, int(rng.integers(0, min(n, 9) + 1)), replace=False).tolist()
        view.append([(s, float(np.float32(far))) for s, far in zip(seen, rng.integers(6, 12, len(seen)), strict=True)])
    antennas = rng.integers(0, 4, 4).tolist()
    gateway = np.full(n, -1, np.int32)
    for g, links in enumerate(view):
        if links and antennas[g] and rng.random() < 0.4 and gateway[links[0][0]] < 0:
            gateway[links[0][0]] = g
    before = Followed(gateway, np.where(gateway >= 0, 9.0, np.inf), np.zeros(n, np.int32))
    start, stop, satellite = csr(places)
    g_start, g_stop, g_satellite = csr([[s for s, _ in links] for links in view])
    far = np.array([far for links in view for _, far in links], np.float32)
    after = follow_more(
        before, start, stop, satellite, np.array(need), g_start, g_stop, g_satellite, far,
        np.array(antennas, np.int64), mesh,
    )  # fmt: skip
    np.testing.assert_array_equal(after.gateway, follow_in_words(gateway, places, need, view, antennas, mesh))
    kept = gateway >= 0
    np.testing.assert_array_equal(after.range_m[kept], before.range_m[kept])
    assert (before.gateway == gateway).all() and before.range_m is not after.range_m
    for s in np.flatnonzero((after.gateway >= 0) & ~kept):
        assert (int(s), float(after.range_m[s])) in view[after.gateway[s]]
    assert (np.bincount(after.gateway[after.gateway >= 0], minlength=4) <= np.maximum(antennas, 0)).all()


def test_antennas_are_spread_over_the_parts_that_serve() -> None:
    """Two meshes in view of one gateway, one with three times the demand of the other: three landings to one."""
    pair = np.array([[0, 1], [1, 2], [2, 3], [4, 5], [5, 6], [6, 7]], np.int32)
    mesh = make_mesh(pair, np.full(6, 1e6), 8)
    start, stop, satellite = csr([[1], [5]])
    nobody = Followed(np.full(8, -1, np.int32), np.full(8, np.inf), np.ones(8, np.int32))
    view = np.arange(8, dtype=np.int32)
    after = follow_more(
        nobody, start, stop, satellite, np.array([300, 100]), np.array([0]), np.array([8]), view,
        np.linspace(9e5, 6e5, 8, dtype=np.float32), np.array([4]), mesh,
    )  # fmt: skip
    assert np.flatnonzero(after.gateway >= 0).tolist() == [1, 2, 3, 7]
