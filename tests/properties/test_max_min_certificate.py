"""Fair shares against their definitions: max-min certificates, conservation, capacities, order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slots_to_share import permuted, random_slot

from bentpipe.network.flows import Flows, Limit, Shares, SlotCapacity
from bentpipe.network.maxmin import max_min_rates
from bentpipe.network.sharing import SHARING, share_capacity

SEEDS = st.integers(0, 2**32 - 1)


def assert_max_min(links: list[list[int]], capacity: np.ndarray, flows: Flows, rate: np.ndarray) -> None:
    """Each flow has its demand or a full link on which nobody has more per unit of weight.

    Whole numbers leave less than two bit/s a flow on a full link, and less than one between two flows' shares.
    """
    on = [[f for f, row in enumerate(links) if link in row] for link in range(len(capacity))]
    for link, members in enumerate(on):
        assert rate[members].sum() <= capacity[link]
    assert (rate >= 0).all() and (rate <= flows.demand_bps).all()
    for f, row in enumerate(links):
        if rate[f] == flows.demand_bps[f]:
            continue
        weight, best = flows.weight, False
        for link in row:
            full = capacity[link] - rate[on[link]].sum() < 2 * len(on[link])
            best |= full and all(rate[g] * weight[f] < weight[g] * (rate[f] + 2) for g in on[link])
        assert best, f"flow {f} could rise without harm to a smaller one"


@settings(max_examples=200, deadline=None)
@given(seed=SEEDS)
def test_progressive_filling_has_the_certificate(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, links = int(rng.integers(1, 15)), int(rng.integers(1, 8))
    rows = [[link for link in range(links) if rng.random() < 0.4] for _ in range(count)]
    largest = int(rng.choice([5, 100, 10**12]))
    capacity, demand = rng.integers(0, largest, links), rng.integers(0, largest, count)
    weight = rng.integers(1, 6, count)
    flows = Flows(np.zeros(count, np.int64), demand, weight, np.zeros(count, np.int64))

    def solve(order: np.ndarray, of_link: np.ndarray) -> np.ndarray:
        offset = np.concatenate([[0], np.cumsum([len(rows[f]) for f in order])])
        flat = np.array([of_link[link] for f in order for link in rows[f]], np.int64)
        moved = np.empty(links, np.int64)
        moved[of_link] = capacity
        out = np.empty(count, np.int64)
        out[order] = max_min_rates(offset, flat, moved, demand[order], weight[order]).rate_bps
        return out

    rate = solve(np.arange(count), np.arange(links))
    assert_max_min(rows, capacity, flows, rate)
    np.testing.assert_array_equal(rate, solve(rng.permutation(count), rng.permutation(links)))


def tree_of(flows: Flows, capacity: SlotCapacity) -> tuple[list[list[int]], np.ndarray]:
    """Links of the flows: spectrum and beam of the cell, satellite, gateway; those unserved cross a link of 0."""
    cells, satellites = len(capacity.start), len(capacity.satellite_bps)
    beam = [int(capacity.beam_bps[k]) if k >= 0 else 0 for k in capacity.serving]
    size = np.concatenate([capacity.spectrum_bps, beam, capacity.satellite_bps, capacity.gateway_bps, [0]])
    rows = []
    for c in flows.cell:
        s = int(capacity.satellite[capacity.serving[c]]) if capacity.serving[c] >= 0 else -1
        g = int(capacity.gateway[s]) if s >= 0 else -1
        way = [int(c), cells + int(c), 2 * cells + s, 2 * cells + satellites + g]
        rows.append(way if g >= 0 else [len(size) - 1])
    return rows, size


@settings(max_examples=200, deadline=None)
@given(seed=SEEDS)
def test_single_satellite_has_the_certificate_and_agrees_with_the_general_form(seed: int) -> None:
    flows, capacity = random_slot(seed)
    flows = flows._replace(rank=np.zeros_like(flows.rank))
    shares = share_capacity(flows, capacity)
    rows, size = tree_of(flows, capacity)
    assert_max_min(rows, size, flows, shares.rate_bps)
    offset = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    general = max_min_rates(offset, [link for row in rows for link in row], size, flows.demand_bps, flows.weight)
    assert np.abs(general.rate_bps - shares.rate_bps).max() <= len(flows.cell)


def assert_feasible(flows: Flows, capacity: SlotCapacity, shares: Shares) -> None:
    """What flows in flows out at every node, and no capacity is exceeded."""
    rate, link = shares.rate_bps, shares.link_bps
    assert (rate >= 0).all() and (rate <= flows.demand_bps).all()
    assert (link >= 0).all() and (link <= capacity.beam_bps).all()
    cells, gateways = len(capacity.start), len(capacity.gateway_bps)
    of_cell, through = np.zeros(cells, np.int64), np.zeros(len(capacity.satellite_bps), np.int64)
    np.add.at(of_cell, flows.cell, rate)
    np.add.at(through, capacity.satellite, link)
    for c in range(cells):
        assert link[capacity.start[c] : capacity.stop[c]].sum() == of_cell[c] <= capacity.spectrum_bps[c]
    assert (through <= capacity.satellite_bps).all()
    assert (through[capacity.gateway < 0] == 0).all()
    for g in range(gateways):
        assert through[capacity.gateway == g].sum() <= capacity.gateway_bps[g]


@pytest.mark.parametrize("name", SHARING)
@settings(max_examples=150, deadline=None)
@given(seed=SEEDS)
def test_shares_are_feasible_labelled_and_independent_of_the_order_of_cells(name: str, seed: int) -> None:
    flows, capacity = random_slot(seed)
    shares = share_capacity(flows, capacity, name)
    assert_feasible(flows, capacity, shares)
    met = shares.rate_bps == flows.demand_bps
    assert (shares.limit[~met] != Limit.DEMAND).all()
    assert (shares.rate_bps[shares.limit == Limit.UNSERVED] == 0).all()
    order = np.random.default_rng(seed).permutation(len(capacity.start))
    again = share_capacity(*permuted(flows, capacity, order), name)
    np.testing.assert_array_equal(again.rate_bps, shares.rate_bps)
    np.testing.assert_array_equal(again.limit, shares.limit)


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS)
def test_no_cell_could_take_more_over_several_satellites(seed: int) -> None:
    flows, capacity = random_slot(seed)
    shares = share_capacity(flows, capacity, "multipath")
    through = np.zeros(len(capacity.satellite_bps), np.int64)
    np.add.at(through, capacity.satellite, shares.link_bps)
    of_gateway = [through[capacity.gateway == g].sum() for g in range(len(capacity.gateway_bps))]
    for c in flows.cell[shares.rate_bps < flows.demand_bps]:
        rows = slice(capacity.start[c], capacity.stop[c])
        if shares.link_bps[rows].sum() == capacity.spectrum_bps[c]:
            continue
        for k in range(rows.start, rows.stop):
            s = capacity.satellite[k]
            g = capacity.gateway[s]
            full = shares.link_bps[k] == capacity.beam_bps[k] or g < 0
            assert full or through[s] == capacity.satellite_bps[s] or of_gateway[g] == capacity.gateway_bps[g]


@settings(max_examples=150, deadline=None)
@given(seed=SEEDS)
def test_the_maximum_flow_bounds_all_and_never_falls_with_more_capacity(seed: int) -> None:
    flows, capacity = random_slot(seed)
    total = {name: share_capacity(flows, capacity, name).total_bps for name in SHARING}
    assert max(total.values()) == total["max-throughput"]
    rng = np.random.default_rng(seed)
    name = str(rng.choice(["spectrum_bps", "beam_bps", "satellite_bps", "gateway_bps"]))
    more = getattr(capacity, name).copy()
    if len(more):
        more[rng.integers(len(more))] += rng.integers(1, 100)
    assert (
        share_capacity(flows, capacity._replace(**{name: more}), "max-throughput").total_bps
        >= (total["max-throughput"])
    )


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS)
def test_a_lower_rank_takes_nothing_from_a_higher_one(seed: int) -> None:
    flows, capacity = random_slot(seed)
    first = flows.rank == 0
    if not first.any():
        return
    alone = Flows(*(array[first] for array in flows))
    for name in ("single-satellite", "multipath"):
        both, one = share_capacity(flows, capacity, name), share_capacity(alone, capacity, name)
        np.testing.assert_array_equal(both.rate_bps[first], one.rate_bps)
