"""Paths that share no laser, or no satellite: what is left when one fails.

The k paths of least total cost are a flow of least cost in a network where every laser, or every satellite, carries
one path. It is found path by path, each the shortest in what is left of the network, in which a path already found
may be walked backward at its price (J. W. Suurballe, Networks 4, 1974; R. Bhandari, Survivable Networks, 1999). Costs
are made positive by potentials (J. Edmonds and R. M. Karp, Journal of the ACM 19, 1972), so that the bucket search of
the trees finds those paths, too.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError
from bentpipe.network.bucketsearch import IndexArray, bucket_width, search
from bentpipe.network.mesh import FloatArray, Int32Array, IntArray, Mesh, join_entries
from bentpipe.network.meshinput import check_costs, check_entries

Entry = tuple[npt.ArrayLike, npt.ArrayLike]


class _Network:
    """Arcs between nodes in rows by tail, and the paths that they carry.

    Where satellites are to be disjoint, satellite ``s`` is two nodes: ``2 s`` where paths come in and ``2 s + 1``
    where they leave, with an arc between that costs nothing and carries one path. Otherwise it is one node. No two
    arcs have both ends in common, and none of one that carries a path runs beside its own reverse.
    """

    def __init__(self, mesh: Mesh, cost_m: FloatArray, nodes: bool) -> None:
        a, b = mesh.pair.astype(np.int64).T
        if nodes:
            own = np.arange(mesh.satellites)
            tail = np.concatenate([2 * a + 1, 2 * b + 1, 2 * own])
            head = np.concatenate([2 * b, 2 * a, 2 * own + 1])
            cost = np.concatenate([cost_m, cost_m, np.zeros(len(own))])
            # Backward an arc exists only while a path runs over it.
            tail, head = np.concatenate([tail, head]), np.concatenate([head, tail])
            cost = np.concatenate([cost, np.full(len(cost), np.inf)])
        else:
            tail, head, cost = np.concatenate([a, b]), np.concatenate([b, a]), np.concatenate([cost_m, cost_m])
        self.nodes = mesh.satellites * (2 if nodes else 1)
        order = np.lexsort((head, tail))
        self.tail, self.head, self.cost = tail[order], head[order], cost[order]
        self.carries = np.zeros(len(order), np.bool_)
        self.offset = np.searchsorted(self.tail, np.arange(self.nodes + 1)).astype(np.uint32)
        self.key = self.tail * self.nodes + self.head

    def rows(self, tail: IntArray, head: IntArray) -> IntArray:
        """Rows of arcs that there are."""
        return np.searchsorted(self.key, tail * self.nodes + head)

    def residual_cost(self) -> FloatArray:
        """What each arc costs the next path: inf where one runs already, less than nothing back along one."""
        cost = np.where(self.carries, np.inf, self.cost)
        used = np.flatnonzero(self.carries)
        cost[self.rows(self.head[used], self.tail[used])] = -self.cost[used]
        return cost

    def send(self, path: IntArray) -> None:
        """Let one path more run, and undo those that it walks backward."""
        back, ahead = self.rows(path[1:], path[:-1]), self.rows(path[:-1], path[1:])
        undone = self.carries[back]
        self.carries[back[undone]] = False
        self.carries[ahead[~undone]] = True


def _shortest(
    network: _Network, entry: IndexArray, entry_cost: FloatArray, potential: FloatArray
) -> tuple[FloatArray, Int32Array]:
    """Distances in the residual network with costs made positive, and the nodes before."""
    reduced = network.residual_cost() + (potential[network.tail] - potential[network.head])
    # Rounding may leave a hair below zero.
    reduced = np.maximum(reduced, 0.0)
    price = np.maximum(entry_cost - potential[entry], 0.0)
    known = price[np.isfinite(price)]
    span = float(known.max() - known.min()) if len(known) else 0.0
    width, buckets = bucket_width(reduced[reduced > 0.0], span)
    away, previous = np.empty(network.nodes), np.empty(network.nodes, np.int32)
    scratch = np.empty(network.nodes + buckets, np.uint32), np.empty(network.nodes + buckets, np.uint32)
    search(
        network.offset, network.head.astype(np.uint32), reduced, entry, price, 0, len(entry), width, buckets,
        away, previous, *scratch,
    )  # fmt: skip
    return away, previous


def _one_each(satellite: npt.ArrayLike, cost: npt.ArrayLike) -> tuple[Int32Array, FloatArray]:
    """The cheapest entry of each satellite."""
    found, price = np.asarray(satellite, np.int32).reshape(-1), np.asarray(cost, np.float64).reshape(-1)
    if found.shape != price.shape:
        raise InputError(Fault("every entry needs one cost", "first, last", (found.shape, price.shape)))
    order = np.lexsort((price, found))
    found, price = found[order], price[order]
    keep = np.ones(len(found), np.bool_)
    keep[1:] = found[1:] != found[:-1]
    return found[keep], price[keep]


def disjoint_paths(
    mesh: Mesh, cost_m: FloatArray, first: Entry, last: Entry, k: int = 2, nodes: bool = False
) -> list[tuple[Int32Array, float]]:
    """Up to k paths between two ends that share no laser, or no satellite, of least total cost.

    Parameters
    ----------
    mesh : Mesh
        E lasers between N satellites.
    cost_m : (E,) float64
        Cost of each laser, above zero, m or any other unit; inf for a laser that carries nothing.
    first, last : ((P,) int, (P,) float)
        Satellites that each end can enter, and what that costs in the same unit.
    k : int
        Paths wanted.
    nodes : bool
        Share no satellite either, those at the ends included. Otherwise paths may enter by the same satellite and
        cross in others; only a satellite that both ends can enter is entered by one path from the first end, so
        that a path without lasers does not come twice.

    Returns
    -------
    list of ((L + 1,) int32, float)
        Satellites of each path from the first end to the last, and its cost, entries included; the cheapest
        first. Fewer than k where there are no more. All of them together cost the least that so many can; the
        cheapest of several need not be the shortest path.

    Raises
    ------
    InputError
        Costs or entries that do not fit the mesh, or k below 1.
    """
    if k < 1:
        raise InputError(Fault("at least one path must be wanted", "k", k, "1 or more"))
    ends = join_entries([_one_each(*first), _one_each(*last)])
    checked, cut = check_entries(mesh, ends), int(ends.stop[0])
    network = _Network(mesh, check_costs(mesh, cost_m), nodes)
    satellites = checked.satellite.astype(np.int64)
    entry, entry_cost = satellites[:cut] * (2 if nodes else 1), checked.cost_m[:cut].copy()
    exits, exit_cost = satellites[cut:] * (2 if nodes else 1) + int(nodes), checked.cost_m[cut:]
    once = np.isin(satellites[:cut], satellites[cut:])
    potential, begun = np.zeros(network.nodes), list[int]()
    price = entry_cost.copy()
    for _ in range(k):
        away, previous = _shortest(network, entry.astype(np.uint32), price, potential)
        potential = np.where(np.isfinite(away), potential + away, potential)
        total = np.where(np.isfinite(away[exits]), potential[exits] + exit_cost, np.inf)
        if not len(total) or not total.min() < math.inf:
            break
        path = [int(exits[total.argmin()])]
        while (before := int(previous[path[-1]])) >= 0:
            path.append(before)
        network.send(np.array(path[::-1], np.int64))
        begun.append(path[-1])
        price[once & (entry == path[-1])] = np.inf
    in_cost = dict(zip(entry.tolist(), entry_cost.tolist(), strict=True))
    return _follow(network, begun, in_cost, dict(zip(exits.tolist(), exit_cost.tolist(), strict=True)), nodes)


def _follow(
    network: _Network,
    begun: list[int],
    entry_cost: dict[int, float],
    exit_cost: dict[int, float],
    nodes: bool,
) -> list[tuple[Int32Array, float]]:
    """Take the flow apart into paths."""
    onward: dict[int, list[int]] = {}
    for row in np.flatnonzero(network.carries)[::-1].tolist():
        onward.setdefault(int(network.tail[row]), []).append(int(network.head[row]))
    found = []
    for start in sorted(begun):
        walk = [start]
        # Where a path may end as well as go on, those that go on come first: each arc is walked once.
        while onward.get(walk[-1]):
            walk.append(onward[walk[-1]].pop())
        steps = np.array(walk, np.int64)
        lasers = network.cost[network.rows(steps[:-1], steps[1:])]
        satellites = steps[::2] // 2 if nodes else steps
        found.append((satellites.astype(np.int32), entry_cost[start] + float(lasers.sum()) + exit_cost[walk[-1]]))
    return sorted(found, key=lambda path: (path[1], path[0].tolist()))
