"""Least-cost paths from one end into all satellites: Dijkstra with circular buckets.

Labels are kept in buckets of costs rather than in a heap (E. W. Dijkstra, Numerische Mathematik 1, 1959; R. B. Dial,
Communications of the ACM 12, 1969). A bucket may be wider than the cheapest laser: a label that falls while its
bucket is worked off is put back into it, and the search goes on until all buckets are empty (the label correction
of delta-stepping, U. Meyer and P. Sanders, Journal of Algorithms 49, 2003). So costs are exact whatever the width.

Sums are built up laser by laser from the end, and the least sum of all paths is what is found, bit for bit, in
whatever order labels are worked off: rounding never makes the larger of two sums the smaller one.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel
from bentpipe.network.mesh import FloatArray, Int32Array, Mesh

IndexArray = npt.NDArray[np.uint32]

MOST_BUCKETS = 4096
"""Buckets are made wider rather than more: an empty one costs 1 ns in every search."""


class Graph(NamedTuple):
    """A mesh with costs, as the kernels read it.

    Parameters
    ----------
    offset : (N + 1,) uint32
        Lasers of satellite ``s`` are rows ``offset[s]:offset[s + 1]`` of the next two. Unsigned, because an index
        that may be negative is looked at twice by the compiler: it saves 15 % of a search.
    neighbour : (2 E,) uint32
        The satellite at the other end.
    arc_cost : (2 E,) float64
        What the laser costs.
    """

    offset: IndexArray
    neighbour: IndexArray
    arc_cost: FloatArray


def make_graph(mesh: Mesh, cost_m: FloatArray) -> Graph:
    """A mesh with costs, as the kernels read it.

    Parameters
    ----------
    mesh : Mesh
        E lasers between N satellites.
    cost_m : (E,) float64
        Their costs, m.

    Returns
    -------
    Graph
    """
    return Graph(mesh.offset.astype(np.uint32), mesh.neighbour.view(np.uint32), cost_m[mesh.laser])


def bucket_width(cost: FloatArray, span: float) -> tuple[float, int]:
    """Width and number of circular buckets.

    Parameters
    ----------
    cost : (E,) float64
        Costs of the lasers; those that are not finite do not count.
    span : float
        Largest difference of two entry costs of one end.

    Returns
    -------
    width : float
        The median cost of a thousand or so: wide enough that few buckets are empty, narrow enough that few labels
        are corrected.
    buckets : int
        A power of two, enough for the labels that wait at one time.
    """
    finite = cost[np.isfinite(cost)]
    reach = max(float(finite.max(initial=0.0)), span)
    if reach == 0.0:
        return 1.0, 2
    some = np.sort(finite[:: max(1, len(finite) // 1000)])
    width = float(some[len(some) // 2]) if len(some) else reach
    width = max(width, reach / (MOST_BUCKETS - 2))
    return width, 1 << math.ceil(math.log2(reach / width + 2.0))


@kernel(
    "void(uint32[::1], uint32[::1], float64[::1], uint32[::1], float64[::1], int64, int64, float64, int64,"
    "float64[::1], int32[::1], uint32[::1], uint32[::1])"
)
def search(
    offset: IndexArray,
    neighbour: IndexArray,
    arc_cost: FloatArray,
    entry: IndexArray,
    entry_cost: FloatArray,
    begin: int,
    end: int,
    width: float,
    buckets: int,
    cost: FloatArray,
    previous: Int32Array,
    after: IndexArray,
    before: IndexArray,
) -> None:
    """Fill `cost` and `previous` (N,) from the entries ``begin:end``.

    `after` and `before` (N + buckets,) are scratch: the buckets as rings, with a head each behind the satellites. A
    satellite that is in no bucket is a ring of its own, so that taking it out needs no question.
    """
    n = cost.size
    mask = buckets - 1
    scale = 1.0 / width
    for i in range(n):
        cost[i] = math.inf
        previous[i] = -1
    for i in range(after.size):
        after[i] = i
        before[i] = i
    lowest = math.inf
    for k in range(begin, end):
        lowest = min(lowest, entry_cost[k])
    if not lowest < math.inf:
        return
    for k in range(begin, end):
        v, new = entry[k], entry_cost[k]
        if new < cost[v]:
            cost[v] = new
            p, q = before[v], after[v]
            after[p] = q
            before[q] = p
            h = np.uint32(n + (int(new * scale) & mask))
            p = before[h]
            before[v] = p
            after[v] = h
            after[p] = v
            before[h] = v
    bucket = int(lowest * scale)
    empty = 0
    while empty < buckets:
        h = np.uint32(n + (bucket & mask))
        u = after[h]
        if u == h:
            empty += 1
            bucket += 1
            continue
        empty = 0
        while u != h:
            q = after[u]
            after[h] = q
            before[q] = h
            after[u] = u
            before[u] = u
            here = cost[u]
            for a in range(offset[u], offset[u + np.uint32(1)]):
                v = neighbour[a]
                new = here + arc_cost[a]
                if new <= cost[v]:
                    if new < cost[v]:
                        cost[v] = new
                        previous[v] = u
                        p, q = before[v], after[v]
                        after[p] = q
                        before[q] = p
                        g = np.uint32(n + (int(new * scale) & mask))
                        p = before[g]
                        before[v] = p
                        after[v] = g
                        after[p] = v
                        before[g] = v
                    elif np.int32(u) < previous[v] and here < new:
                        previous[v] = u
            u = after[h]
        bucket += 1
