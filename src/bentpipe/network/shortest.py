"""Least-cost paths over a mesh: from ends on the ground into all satellites, and between the ends.

The cost of a laser and of an entry is whatever the caller gives: a length, a length and what a satellite takes to
forward, a number of hops. Results do not depend on the number of threads; of two paths that cost the same, to the
last bit, the one whose previous satellite has the lower index is taken.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel
from bentpipe.network.bucketsearch import Graph, IndexArray, bucket_width, search
from bentpipe.network.mesh import Entries, FloatArray, Int32Array, IntArray, Mesh
from bentpipe.network.tiles import run_tiles


class Trees(NamedTuple):
    """Least-cost paths from K ends into N satellites.

    Parameters
    ----------
    cost_m : (K, N) float64
        Cost of the entry and the lasers up to each satellite, m (or the unit of the costs given); inf where
        there is no path.
    previous : (K, N) int32
        The satellite before on the path from the end; -1 where the path enters the mesh at this satellite, or
        where there is no path.
    """

    cost_m: FloatArray
    previous: Int32Array


class Pairs(NamedTuple):
    """Least-cost paths from K ends to M ends.

    Parameters
    ----------
    cost_m : (K, M) float64
        Cost, m; NaN where there is no path.
    leaving : (K, M) int32
        The satellite at which the path goes down to its destination, the lowest index among equals; -1 where there
        is no path.
    """

    cost_m: FloatArray
    leaving: Int32Array


class Nearest(NamedTuple):
    """The nearest of all entries from each of N satellites.

    Parameters
    ----------
    cost_m : (N,) float64
        Cost of the path down to the ground, m; inf where there is none.
    entry : (N,) int32
        Row of the entries that the path uses; -1 where there is no path.
    previous : (N,) int32
        The next satellite towards the ground; -1 at the satellite where it goes down, or where there is no path.
    lasers : (N,) int32
        Lasers of the path; -1 where there is no path.
    """

    cost_m: FloatArray
    entry: Int32Array
    previous: Int32Array
    lasers: Int32Array


def check_costs(mesh: Mesh, cost_m: npt.ArrayLike) -> FloatArray:
    """Costs of the lasers as an array, or say what is wrong with them."""
    cost = np.ascontiguousarray(cost_m, np.float64)
    if cost.shape != (len(mesh.pair),):
        raise InputError(Fault("every laser needs one cost", "cost_m", cost.shape, f"({len(mesh.pair)},)"))
    if not (cost > 0.0).all():
        raise InputError(
            Fault(
                "the cost of a laser must be above zero",
                "cost_m",
                float(cost[~(cost > 0.0)][0]),
                "above 0, or inf for a laser that carries nothing",
            )
        )
    return cost


def check_entries(mesh: Mesh, entries: Entries) -> Entries:
    """The entries as arrays of the kernels' types, or say what is wrong with them."""
    start, stop = np.ascontiguousarray(entries.start, np.int64), np.ascontiguousarray(entries.stop, np.int64)
    satellite = np.ascontiguousarray(entries.satellite, np.int32)
    cost = np.ascontiguousarray(entries.cost_m, np.float64)
    if start.shape != stop.shape or start.ndim != 1 or satellite.shape != cost.shape or satellite.ndim != 1:
        shapes = (start.shape, stop.shape, satellite.shape, cost.shape)
        raise InputError(Fault("arrays of entries differ in shape", "entries", shapes, "(K,), (K,), (P,), (P,)"))
    if start.size and not (start.min() >= 0 and (start <= stop).all() and stop.max() <= len(satellite)):
        raise InputError(Fault("an end names entries that there are not", "start, stop", None, f"0 to {len(cost)}"))
    if satellite.size and not 0 <= satellite.min() <= satellite.max() < mesh.satellites:
        raise InputError(
            Fault("an entry names a satellite that there is not", "satellite", None, f"0 to {mesh.satellites - 1}")
        )
    if not (cost >= 0.0).all():
        raise InputError(
            Fault("the cost of an entry must not be negative", "cost_m", float(cost[~(cost >= 0.0)][0]), "0 or more")
        )
    return Entries(start, stop, satellite, cost)


def make_graph(mesh: Mesh, cost_m: FloatArray) -> Graph:
    """A mesh with costs, as the kernels read it."""
    return Graph(mesh.offset.astype(np.uint32), mesh.neighbour.view(np.uint32), cost_m[mesh.laser])


def _span(cost_m: FloatArray) -> float:
    """Largest difference of finite entry costs."""
    finite = cost_m[np.isfinite(cost_m)]
    return float(finite.max() - finite.min()) if len(finite) else 0.0


@kernel(
    "void(uint32[::1], uint32[::1], float64[::1], int64[::1], int64[::1], uint32[::1], float64[::1], float64, int64,"
    "int64, int64, float64[:,::1], int32[:,::1])"
)
def _trees(
    offset: IndexArray,
    neighbour: IndexArray,
    arc_cost: FloatArray,
    start: IntArray,
    stop: IntArray,
    entry: IndexArray,
    entry_cost: FloatArray,
    width: float,
    buckets: int,
    first: int,
    last: int,
    cost: FloatArray,
    previous: Int32Array,
) -> None:
    """Trees of the ends ``first:last``."""
    after = np.empty(cost.shape[1] + buckets, np.uint32)
    before = np.empty(cost.shape[1] + buckets, np.uint32)
    for k in range(first, last):
        search(
            offset, neighbour, arc_cost, entry, entry_cost, start[k], stop[k], width, buckets,
            cost[k], previous[k], after, before,
        )  # fmt: skip


def trees(mesh: Mesh, cost_m: FloatArray, entries: Entries, threads: int = 1) -> Trees:
    """Least-cost paths from each end into all satellites.

    Parameters
    ----------
    mesh : Mesh
        E lasers between N satellites.
    cost_m : (E,) float64
        Cost of each laser, above zero, m or any other unit; inf for a laser that carries nothing.
    entries : Entries
        Satellites that each of the K ends can enter, and what that costs in the same unit.
    threads : int
        Threads over ends.

    Returns
    -------
    Trees
        Exact to the rounding of sums in float64, built up from the end laser by laser.

    Raises
    ------
    InputError
        Costs or entries that do not fit the mesh.

    Notes
    -----
    Dijkstra (1959) with circular buckets (Dial, 1969); see `bentpipe.network.bucketsearch`.
    """
    cost, ends = check_costs(mesh, cost_m), check_entries(mesh, entries)
    graph, shape = make_graph(mesh, cost), (len(ends.start), mesh.satellites)
    width, buckets = bucket_width(cost, _span(ends.cost_m))
    out = Trees(np.empty(shape), np.empty(shape, np.int32))

    def work(first: int, last: int) -> None:
        _trees(
            *graph,
            ends.start,
            ends.stop,
            ends.satellite.view(np.uint32),
            ends.cost_m,
            width,
            buckets,
            first,
            last,
            *out,
        )

    run_tiles(work, shape[0], threads)
    return out


@kernel("void(float64[:,::1], int64[::1], int64[::1], uint32[::1], float64[::1], float64[:,::1], int32[:,::1])")
def _to_ends(
    tree_cost: FloatArray,
    start: IntArray,
    stop: IntArray,
    entry: IndexArray,
    entry_cost: FloatArray,
    cost: FloatArray,
    leaving: Int32Array,
) -> None:
    for k in range(cost.shape[0]):
        for j in range(cost.shape[1]):
            least, at = math.inf, np.int64(-1)
            for p in range(start[j], stop[j]):
                s = entry[p]
                total = tree_cost[k, s] + entry_cost[p]
                if total < least or (total == least and at > np.int64(s)):
                    least, at = total, np.int64(s)
            cost[k, j] = least if at >= 0 else math.nan
            leaving[k, j] = at


def to_ends(trees: Trees, entries: Entries) -> Pairs:
    """Least cost from the ends of the trees to other ends.

    Parameters
    ----------
    trees : Trees
        From K ends into N satellites.
    entries : Entries
        Where M ends enter the mesh.

    Returns
    -------
    Pairs
        Shape (K, M).
    """
    shape = (len(trees.cost_m), len(entries.start))
    out = Pairs(np.empty(shape), np.empty(shape, np.int32))
    satellite = np.ascontiguousarray(entries.satellite, np.int32).view(np.uint32)
    _to_ends(trees.cost_m, entries.start, entries.stop, satellite, entries.cost_m, *out)
    return out


def pairs_between(trees: Trees, entries: Entries) -> Pairs:
    """Least cost of every pair of ends, and the satellite at which the destination is reached.

    Parameters
    ----------
    trees : Trees
        From K ends.
    entries : Entries
        Entries of the same ends.

    Returns
    -------
    Pairs
        Shape (K, K). On the diagonal the cost is 0 and no satellite is left (-1).
    """
    out = to_ends(trees, entries)
    np.fill_diagonal(out.cost_m, 0.0)
    np.fill_diagonal(out.leaving, -1)
    return out


def between(trees: Trees, entries: Entries) -> FloatArray:
    """Least cost of every pair of ends.

    Parameters
    ----------
    trees : Trees
        From K ends.
    entries : Entries
        Entries of the same ends.

    Returns
    -------
    (K, K) float64
        Cost, m; NaN where there is no path, 0 on the diagonal. Symmetric but for rounding (a sum is built up from
        the end of its row).
    """
    return pairs_between(trees, entries).cost_m


@kernel("void(float64[::1], int32[::1], uint32[::1], float64[::1], int32[::1], int32[::1])")
def _entries_used(
    cost: FloatArray,
    previous: Int32Array,
    entry: IndexArray,
    entry_cost: FloatArray,
    used: Int32Array,
    lasers: Int32Array,
) -> None:
    """Entry and number of lasers of every satellite, each walked once."""
    for p in range(entry.size):
        s = entry[p]
        if used[s] < 0 and previous[s] < 0 and entry_cost[p] == cost[s] and cost[s] < math.inf:
            used[s], lasers[s] = p, 0
    stack = np.empty(cost.size, np.int32)
    for s in range(cost.size):
        v, depth = np.int32(s), 0
        while lasers[v] < 0 and previous[v] >= 0:
            stack[depth] = v
            depth += 1
            v = previous[v]
        while depth > 0:
            depth -= 1
            used[stack[depth]], lasers[stack[depth]] = used[v], lasers[v] + 1
            v = stack[depth]


def nearest(mesh: Mesh, cost_m: FloatArray, entries: Entries) -> Nearest:
    """The nearest end of every satellite, by one search from all entries together.

    Parameters
    ----------
    mesh : Mesh
        E lasers between N satellites.
    cost_m : (E,) float64
        Cost of each laser, above zero, m; inf for a laser that carries nothing.
    entries : Entries
        Entries of all ends, such as gateways; what an end costs itself (fibre to a point of presence, m of
        vacuum) is added to its entries by the caller.

    Returns
    -------
    Nearest

    Raises
    ------
    InputError
        Costs or entries that do not fit the mesh.
    """
    ends = check_entries(mesh, entries)
    count = ends.stop - ends.start
    row = np.repeat(ends.start - np.cumsum(count) + count, count) + np.arange(count.sum())
    every = Entries(np.zeros(1, np.int64), np.array([len(row)]), ends.satellite[row], ends.cost_m[row])
    found = trees(mesh, cost_m, every)
    cost, previous = found.cost_m[0], found.previous[0]
    used, lasers = np.full(mesh.satellites, -1, np.int32), np.full(mesh.satellites, -1, np.int32)
    _entries_used(cost, previous, every.satellite.view(np.uint32), every.cost_m, used, lasers)
    return Nearest(cost, np.where(used >= 0, row[used], -1).astype(np.int32), previous, lasers)
