"""Disjoint paths against their definition, and their total cost against a linear program."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import dense, random_mesh
from scipy.optimize import linprog

from bentpipe.errors import InputError
from bentpipe.network.disjoint import disjoint_paths
from bentpipe.network.mesh import Entries, Mesh, make_mesh

SEEDS = st.integers(0, 2**32 - 1)


def ends_of(entries: Entries) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(entries.satellite[a:b], entries.cost_m[a:b]) for a, b in zip(entries.start, entries.stop, strict=True)]


def least_total(mesh: Mesh, cost: np.ndarray, entries: Entries, count: int, nodes: bool) -> float:
    """Cost of the cheapest flow of so many paths by linear programming; inf where there is none."""
    (first, first_cost), (last, last_cost) = ends_of(entries)
    n = mesh.satellites
    a, b = mesh.pair.astype(int).T
    arcs, price, room = [], [], []

    def add(tail: np.ndarray, head: np.ndarray, value: np.ndarray, most: np.ndarray | float) -> None:
        arcs.append(np.stack([tail, head], 1))
        price.append(value)
        room.append(np.broadcast_to(most, len(tail)))

    # Satellite s takes in at s and gives out at n + s; the ends are 2 n and 2 n + 1.
    add(n + a, b, cost, 1.0)
    add(n + b, a, cost, 1.0)
    add(np.arange(n), n + np.arange(n), np.zeros(n), 1.0 if nodes else 1e3)
    add(np.full(len(first), 2 * n), first, first_cost, np.where(np.isin(first, last), 1.0, 1e3))
    add(n + last, np.full(len(last), 2 * n + 1), last_cost, 1e3)
    arc, value = np.concatenate(arcs), np.concatenate(price)
    balance = np.zeros((2 * n + 2, len(arc)))
    balance[arc[:, 0], np.arange(len(arc))] += 1.0
    balance[arc[:, 1], np.arange(len(arc))] -= 1.0
    wanted = np.zeros(2 * n + 2)
    wanted[-2:] = count, -count
    limits = np.stack([np.zeros(len(arc)), np.concatenate(room)], 1)
    scale = max(value.max(initial=0.0), 1.0)
    found = linprog(value / scale, A_eq=balance, b_eq=wanted, bounds=limits, method="highs")
    return found.fun * scale if found.success else np.inf


@pytest.mark.parametrize("nodes", [False, True])
@settings(max_examples=80, deadline=None)
@given(seed=SEEDS)
def test_paths_are_disjoint_and_cost_the_least_in_all(nodes: bool, seed: int) -> None:
    mesh, cost, entries = random_mesh(seed, ends=2)
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 5))
    first, last = ends_of(entries)
    found = disjoint_paths(mesh, cost, first, last, k, nodes)
    step = dense(mesh, cost)
    enter, leave = (dict(zip(s.tolist(), c.tolist(), strict=True)) for s, c in (first, last))
    lasers: list[tuple[int, ...]] = []
    satellites: list[int] = []
    for path, total in found:
        assert len(set(path.tolist())) == len(path)
        expected = enter[int(path[0])] + step[path[:-1], path[1:]].sum() + leave[int(path[-1])]
        assert total == pytest.approx(expected, rel=1e-9)
        lasers += [tuple(sorted(pair)) for pair in zip(path[:-1].tolist(), path[1:].tolist(), strict=True)]
        satellites += path.tolist()
    assert len(set(lasers)) == len(lasers)
    assert not nodes or len(set(satellites)) == len(satellites)
    assert len({tuple(path.tolist()) for path, _ in found}) == len(found)
    assert [total for _, total in found] == sorted(total for _, total in found)
    if found:
        least = least_total(mesh, cost, entries, len(found), nodes)
        assert sum(total for _, total in found) == pytest.approx(least, rel=1e-7)
    if len(found) < k:
        assert np.isinf(least_total(mesh, cost, entries, len(found) + 1, nodes))


def test_a_shortest_path_that_blocks_all_others_is_given_up() -> None:
    # 0-1-2-3 is the shortest; with it no second one is left, though 0-1-5-3 and 0-4-2-3 share nothing.
    pair = np.array([[0, 1], [0, 4], [1, 2], [1, 5], [2, 3], [2, 4], [3, 5]], np.int32)
    mesh = make_mesh(pair, np.ones(len(pair)), 6)
    cost = np.where((pair == [1, 2]).all(axis=1), 1.0, 2.0)
    end = ([0], [10.0]), ([3], [20.0])
    assert [path.tolist() for path, _ in disjoint_paths(mesh, cost, *end, k=1)] == [[0, 1, 2, 3]]
    two = disjoint_paths(mesh, cost, *end, k=3)
    assert [(path.tolist(), total) for path, total in two] == [([0, 1, 5, 3], 36.0), ([0, 4, 2, 3], 36.0)]
    assert [path.tolist() for path, _ in disjoint_paths(mesh, cost, *end, k=2, nodes=True)] == [[0, 1, 2, 3]]
    with pytest.raises(InputError, match="at least one path"):
        disjoint_paths(mesh, cost, *end, k=0)
