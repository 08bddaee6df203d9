"""Paths over a mesh beside NetworkX."""

from __future__ import annotations

import numpy as np
import pytest
from meshes import random_mesh

from bentpipe.network.betweenends import between
from bentpipe.network.disjoint import disjoint_paths
from bentpipe.network.forwarding import forwarding_table
from bentpipe.network.shortest import trees

nx = pytest.importorskip("networkx", reason="NetworkX is not installed")


@pytest.mark.parametrize("seed", range(40))
def test_costs_between_ends_are_those_of_networkx(seed: int) -> None:
    mesh, cost, entries = random_mesh(seed)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(mesh.satellites))
    for (a, b), c in zip(mesh.pair.tolist(), cost.tolist(), strict=True):
        graph.add_edge(a, b, weight=c)
        graph.add_edge(b, a, weight=c)
    for k, (start, stop) in enumerate(zip(entries.start.tolist(), entries.stop.tolist(), strict=True)):
        graph.add_nodes_from([("from", k), ("to", k)])
        for row in range(start, stop):
            s, c = int(entries.satellite[row]), float(entries.cost_m[row])
            graph.add_edge(("from", k), s, weight=c)
            graph.add_edge(s, ("to", k), weight=c)
    found = between(trees(mesh, cost, entries), entries)
    for k in range(len(found)):
        theirs = nx.single_source_dijkstra_path_length(graph, ("from", k))
        for j in range(len(found)):
            expected = 0.0 if j == k else theirs.get(("to", j), np.nan)
            assert found[k, j] == pytest.approx(expected, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("seed", range(20))
def test_forwarding_follows_paths_as_long_as_those_of_networkx(seed: int) -> None:
    mesh, cost, _ = random_mesh(seed)
    graph = nx.Graph()
    graph.add_nodes_from(range(mesh.satellites))
    graph.add_weighted_edges_from((a, b, c) for (a, b), c in zip(mesh.pair.tolist(), cost.tolist(), strict=True))
    table = forwarding_table(mesh, cost)
    theirs = dict(nx.all_pairs_dijkstra_path_length(graph))
    for here in range(mesh.satellites):
        for to in range(mesh.satellites):
            if to not in theirs[here]:
                assert table[here, to] == -1
                continue
            at, total = here, 0.0
            while at != to:
                total += graph.edges[at, int(table[at, to])]["weight"]
                at = int(table[at, to])
            assert total == pytest.approx(theirs[here][to], rel=1e-9)


@pytest.mark.parametrize("nodes", [False, True])
@pytest.mark.parametrize("seed", range(40))
def test_there_are_as_many_disjoint_paths_as_networkx_counts(seed: int, nodes: bool) -> None:
    mesh, cost, _ = random_mesh(seed)
    rng = np.random.default_rng(seed)
    if mesh.satellites < 2:
        return
    a, b = rng.choice(mesh.satellites, 2, replace=False).tolist()
    graph = nx.Graph(mesh.pair.tolist())
    graph.add_nodes_from([a, b])
    if nodes:
        # Satellite-disjoint paths share the satellites at the ends with nobody: enter by all neighbours instead.
        first, last = (np.array(sorted(graph.neighbors(s)), np.int32) for s in (a, b))
        if graph.has_edge(a, b):
            return
        keep = ~(mesh.pair[:, :, None] == [a, b]).any(axis=(1, 2))
        cost = np.where(keep, cost, np.inf)
    else:
        first, last = np.array([a], np.int32), np.array([b], np.int32)
    found = disjoint_paths(mesh, cost, (first, np.ones(len(first))), (last, np.ones(len(last))), 50, nodes)
    count = nx.node_connectivity(graph, a, b) if nodes else nx.edge_connectivity(graph, a, b)
    assert len(found) == count
