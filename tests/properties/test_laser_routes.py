"""Routes between ends and the traffic on them: against SciPy and against their own definition, on random meshes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import dense, random_mesh, scipy_costs
from test_max_min_certificate import assert_max_min

from bentpipe.network.flows import Flows
from bentpipe.network.mesh import Entries, Mesh, make_mesh
from bentpipe.network.routes import Routes, find_routes, laser_loads, route, share_routes
from bentpipe.network.routing import ROUTING, RouteView

SEEDS = st.integers(0, 2**32 - 1)
CLOSE = 1e-9


def all_pairs(entries: Entries) -> np.ndarray:
    """Every two ends, in both orders."""
    count = len(entries.start)
    a, b = np.nonzero(~np.eye(count, dtype=bool))
    return np.stack([a, b], axis=1).astype(np.int32)


def view_of(mesh: Mesh, hop_m: float, load: np.ndarray | None = None) -> RouteView:
    return RouteView(7, mesh, hop_m, np.zeros((3, mesh.satellites)), np.zeros(len(mesh.pair)) if load is None else load)


def walk(routes: Routes, mesh: Mesh, m: int) -> list[int]:
    """Satellites of a route, from its first end to its second, by its steps alone."""
    here, found = int(routes.last[m]), [int(routes.last[m])]
    for step in routes.step[routes.offset[m] : routes.offset[m + 1]]:
        low, high = mesh.pair[step // 2]
        source, target = (high, low) if step % 2 else (low, high)
        assert target == here, "a step leads to the satellite that comes after"
        here = int(source)
        found.append(here)
    return found[::-1]


def cost_to_enter(entries: Entries, end: int, satellite: int) -> float:
    rows = slice(entries.start[end], entries.stop[end])
    return float(entries.cost_m[rows][entries.satellite[rows] == satellite].min())


@settings(max_examples=120, deadline=None)
@given(seed=SEEDS, hop=st.sampled_from([0.0, 3e4]))
def test_routes_are_as_cheap_as_scipy_finds_and_measured_as_they_go(seed: int, hop: float) -> None:
    mesh, cost, entries = random_mesh(seed)
    pair = all_pairs(entries)
    found = find_routes(mesh, entries, pair, cost, hop)
    reach, price = scipy_costs(mesh, cost, entries), dense(mesh, cost)
    length = dense(mesh, mesh.length_m)
    for m, (a, b) in enumerate(pair.tolist()):
        ends = [
            reach[a, s] + cost_to_enter(entries, b, s) for s in entries.satellite[entries.start[b] : entries.stop[b]]
        ]
        best = min(ends, default=np.inf)
        if np.isinf(best):
            assert np.isnan(found.path_m[m]) and found.lasers[m] == found.first[m] == found.last[m] == -1
            assert found.offset[m] == found.offset[m + 1] and found.mark[m] == 0
            continue
        way = walk(found, mesh, m)
        assert (way[0], way[-1], len(way) - 1) == (found.first[m], found.last[m], found.lasers[m])
        enter, leave = cost_to_enter(entries, a, way[0]), cost_to_enter(entries, b, way[-1])
        assert enter + price[way[:-1], way[1:]].sum() + leave == pytest.approx(best, rel=CLOSE, abs=1e-6)
        lasers = length[way[:-1], way[1:]].sum()
        assert found.laser_m[m] == pytest.approx(lasers, rel=CLOSE)
        assert found.path_m[m] == pytest.approx(enter + lasers + leave + hop * found.lasers[m], rel=CLOSE)


@settings(max_examples=80, deadline=None)
@given(seed=SEEDS)
def test_the_way_back_is_as_long(seed: int) -> None:
    mesh, _, entries = random_mesh(seed)
    pair = all_pairs(entries)
    cost = mesh.length_m + 1e4
    there = find_routes(mesh, entries, pair, cost, 1e4)
    back = find_routes(mesh, entries, np.ascontiguousarray(pair[:, ::-1]), cost, 1e4)
    np.testing.assert_allclose(there.path_m, back.path_m, rtol=CLOSE)


@settings(max_examples=80, deadline=None)
@given(seed=SEEDS)
def test_a_laser_less_shortens_no_least_delay_path(seed: int) -> None:
    mesh, _, entries = random_mesh(seed)
    rng = np.random.default_rng(seed)
    keep = rng.random(len(mesh.pair)) > 0.2
    less = make_mesh(mesh.pair[keep], mesh.length_m[keep], mesh.satellites)
    pair = all_pairs(entries)
    whole, part = (find_routes(one, entries, pair, one.length_m + 1e4, 1e4).path_m for one in (mesh, less))
    assert not (np.isnan(whole) & ~np.isnan(part)).any()
    both = ~np.isnan(part)
    assert (part[both] >= whole[both] * (1.0 - CLOSE)).all()


def traffic(seed: int) -> tuple[Mesh, Entries, np.ndarray, tuple[np.ndarray, np.ndarray], int, np.ndarray]:
    """Mesh, entries, pairs, what they ask for there and back, what a laser and the ends carry."""
    mesh, _, entries = random_mesh(seed)
    rng = np.random.default_rng(seed + 1)
    pair = all_pairs(entries)
    pair = pair[rng.random(len(pair)) < 0.7]
    most = int(rng.choice([3, 50, 10**11]))
    there, back = (rng.integers(0, most, len(pair)) * (rng.random(len(pair)) < 0.8) for _ in range(2))
    ends = rng.integers(1, 4 * most, len(entries.start))
    return mesh, entries, pair, (there, back), int(rng.integers(1, 3 * most)), ends


@settings(max_examples=80, deadline=None)
@given(seed=SEEDS)
def test_no_policy_is_shorter_than_least_delay_nor_has_fewer_lasers_than_fewest_hops(seed: int) -> None:
    mesh, entries, pair, demand, rate, _ = traffic(seed)
    found = {n: route(p, view_of(mesh, 2e4), entries, pair, demand, rate) for n, p in ROUTING.items()}
    least, fewest = found["least-delay"], found["fewest-hops"]
    for other in found.values():
        # Which pairs have a way does not depend on what it costs.
        np.testing.assert_array_equal(np.isnan(other.path_m), np.isnan(least.path_m))
        there = ~np.isnan(other.path_m)
        assert (other.path_m[there] >= least.path_m[there] * (1.0 - CLOSE)).all()
        assert (other.lasers >= fewest.lasers).all()
        for m in np.flatnonzero(there):
            assert walk(other, mesh, int(m))[0] == other.first[m]


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS)
def test_load_aware_is_least_delay_without_a_load(seed: int) -> None:
    mesh, entries, pair, (there, _), rate, _ = traffic(seed)
    nothing = np.zeros_like(there), np.zeros_like(there)
    one, other = (
        route(ROUTING[name], view_of(mesh, 2e4), entries, pair, nothing, rate) for name in ("least-delay", "load-aware")
    )
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS, policy=st.sampled_from(sorted(ROUTING)))
def test_shares_of_routes_have_the_max_min_certificate(seed: int, policy: str) -> None:
    mesh, entries, pair, demand, rate, ends = traffic(seed)
    routes = route(ROUTING[policy], view_of(mesh, 2e4), entries, pair, demand, rate)
    lasers, count = len(mesh.pair), len(ends)
    given_ = share_routes(routes, pair, demand, ends, lasers, rate)
    # The links of each flow, written down anew: up from one end, lasers by their direction, down to the other.
    rows, asked, got = [], [], []
    for m, (a, b) in enumerate(pair.tolist()):
        for source, target, bps, is_back, result in (
            (a, b, demand[0][m], 0, given_.there_bps[m]),
            (b, a, demand[1][m], 1, given_.back_bps[m]),
        ):
            if routes.lasers[m] < 0:
                assert result == 0
                continue
            way = walk(routes, mesh, m)
            way = way[::-1] if is_back else way
            index = {tuple(p): e for e, p in enumerate(mesh.pair.tolist())}
            over = [2 * index[min(i, j), max(i, j)] + (i > j) for i, j in itertools.pairwise(way)]
            rows.append([source, count + target, *(2 * count + step for step in over)])
            asked.append(bps)
            got.append(result)
    size = np.concatenate([ends, ends, np.full(2 * lasers, rate)]).astype(np.int64)
    flows = Flows(
        np.zeros(len(rows), np.int64), np.array(asked, np.int64), np.ones(len(rows), np.int64),
        np.zeros(len(rows), np.int64),
    )  # fmt: skip
    assert_max_min(rows, size, flows, np.array(got, np.int64))
    carried = np.zeros(2 * lasers, np.int64)
    for row, bps in zip(rows, got, strict=True):
        np.add.at(carried, np.array(row[2:], np.int64) - 2 * count, bps)
    np.testing.assert_array_equal(given_.laser_bps, carried)
    assert (carried <= rate).all()


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS)
def test_what_lasers_carry_is_what_flows_over_them(seed: int) -> None:
    mesh, entries, pair, (there, back), _, _ = traffic(seed)
    routes = find_routes(mesh, entries, pair, mesh.length_m, 0.0)
    total = laser_loads(routes, there, back, len(mesh.pair))
    assert total.sum() == ((there + back) * np.maximum(routes.lasers, 0)).sum()
    np.testing.assert_array_equal(
        total.reshape(-1, 2)[:, ::-1].ravel(), laser_loads(routes, back, there, len(mesh.pair))
    )
