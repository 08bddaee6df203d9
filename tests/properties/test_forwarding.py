"""Forwarding tables: followed hop by hop they end, and cost what the least-cost paths do."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import dense, random_mesh
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from bentpipe.network.forwarding import DOWN, NONE, forwarding_table, next_hops_down
from bentpipe.network.shortest import trees

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=80, deadline=None)
@given(seed=SEEDS)
def test_every_hop_comes_nearer_by_what_it_costs(seed: int) -> None:
    mesh, cost, _ = random_mesh(seed)
    n, step = mesh.satellites, dense(mesh, cost)
    table = forwarding_table(mesh, cost)
    tail, head = np.concatenate([mesh.pair, mesh.pair[:, ::-1]]).T
    away = dijkstra(csr_array((np.concatenate([cost, cost]), (tail, head)), shape=(n, n)))
    for to in range(n):
        hop, own = table[:, to], np.arange(n)
        assert hop[to] == to
        assert (hop[np.isinf(away[:, to])] == NONE).all()
        on = np.flatnonzero((own != to) & np.isfinite(away[:, to]))
        # Each step costs more than nothing and leads nearer: no loop can be left.
        np.testing.assert_allclose(away[on, to], step[on, hop[on]] + away[hop[on], to], rtol=1e-9)
    np.testing.assert_array_equal(table, forwarding_table(mesh, cost, threads=2))


@settings(max_examples=80, deadline=None)
@given(seed=SEEDS)
def test_next_hops_lead_down_at_the_entry(seed: int) -> None:
    mesh, cost, entries = random_mesh(seed)
    found = trees(mesh, cost, entries)
    table = next_hops_down(found)
    assert table.shape == (mesh.satellites, len(entries.start))
    for k in range(table.shape[1]):
        reach = np.isfinite(found.cost_m[k])
        np.testing.assert_array_equal(table[:, k] == NONE, ~reach)
        at = np.flatnonzero(reach)
        for _ in range(mesh.satellites):
            at = np.unique(np.where(table[at, k] >= 0, table[at, k], at))
        assert (table[at, k] == DOWN).all()
        assert set(at.tolist()) <= set(entries.satellite[entries.start[k] : entries.stop[k]].tolist())
