"""Maximum flow in whole numbers: the algorithm of Dinic.

Phase by phase, the distances to the sink are found over arcs with room left, and paths along which the distance
falls by one with every arc are filled until there are none (Dinic, Soviet Mathematics Doklady 11, 1970; Even and
Tarjan, SIAM J. Computing 4, 1975). Exact, with at most as many phases as there are nodes; a network of cells,
satellites and gateways took 5 to 30.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel
from bentpipe.network.flows import IntArray, checked_rates

NodeArray = npt.NDArray[np.int32]


class MaxFlow(NamedTuple):
    """A maximum flow.

    Parameters
    ----------
    total : int
        What flows from source to sink.
    flow : (E,) int64
        What flows over each arc.
    source_side : (V,) bool
        Nodes of the least minimum cut: those that the source can still reach over arcs with room left.
    """

    total: int
    flow: IntArray
    source_side: npt.NDArray[np.bool_]


@kernel("void(int32[::1], int32[::1], int64[::1], int64[::1], int32[::1], int64[::1], int32[::1], int32[::1])")
def _lay_out(
    tail: NodeArray,
    head: NodeArray,
    capacity: IntArray,
    first: IntArray,
    to: NodeArray,
    room: IntArray,
    mate: NodeArray,
    place: NodeArray,
) -> None:
    """Arcs and their reverses, node by node; ``place[e]`` is where arc ``e`` has come to."""
    for e in range(tail.size):
        first[tail[e] + 1] += 1
        first[head[e] + 1] += 1
    for v in range(first.size - 1):
        first[v + 1] += first[v]
    cursor = first[:-1].copy()
    for e in range(tail.size):
        here = cursor[tail[e]]
        cursor[tail[e]] += 1
        there = cursor[head[e]]
        cursor[head[e]] += 1
        to[here], room[here], mate[here] = head[e], capacity[e], there
        to[there], room[there], mate[there] = tail[e], 0, here
        place[e] = here


@kernel("void(int64[::1], int32[::1], int64[::1], int32[::1], int64, int64, int32[::1], int32[::1])")
def _distances(
    first: IntArray,
    to: NodeArray,
    room: IntArray,
    mate: NodeArray,
    source: int,
    sink: int,
    distance: NodeArray,
    queue: NodeArray,
) -> None:
    """Arcs from each node to the sink over arcs with room; -1 where there is no way, or none of use."""
    distance[:] = -1
    distance[sink] = 0
    queue[0] = sink
    head, tail = 0, 1
    while head < tail:
        v = queue[head]
        head += 1
        if distance[source] >= 0 and distance[v] >= distance[source]:
            return
        for a in range(first[v], first[v + 1]):
            u = to[a]
            if distance[u] < 0 and room[mate[a]] > 0:
                distance[u] = distance[v] + 1
                queue[tail] = u
                tail += 1


@kernel(
    "int64(int64[::1], int32[::1], int64[::1], int32[::1], int64, int64, int32[::1], int64[::1], int32[::1])",
)
def _fill_paths(
    first: IntArray,
    to: NodeArray,
    room: IntArray,
    mate: NodeArray,
    source: int,
    sink: int,
    distance: NodeArray,
    cursor: IntArray,
    path: NodeArray,
) -> int:
    """Fill paths of falling distance until every one is blocked; returns what was sent."""
    cursor[:] = first[:-1]
    sent, depth, v = 0, 0, source
    while True:
        if v == sink:
            least = room[path[0]]
            for i in range(1, depth):
                least = min(least, room[path[i]])
            sent += least
            back = depth
            for i in range(depth - 1, -1, -1):
                room[path[i]] -= least
                room[mate[path[i]]] += least
                if room[path[i]] == 0:
                    back = i
            depth = back
            v = to[mate[path[depth]]]
            continue
        stop, below = first[v + 1], distance[v] - 1
        a = cursor[v]
        while a < stop and not (room[a] > 0 and distance[to[a]] == below):
            a += 1
        cursor[v] = a
        if a < stop:
            path[depth] = a
            depth += 1
            v = to[a]
        elif v == source:
            return sent
        else:
            distance[v] = -1
            depth -= 1
            v = to[mate[path[depth]]]
            cursor[v] += 1


@kernel("void(int64[::1], int32[::1], int64[::1], int64, boolean[::1], int32[::1])")
def _reach(
    first: IntArray, to: NodeArray, room: IntArray, source: int, reached: npt.NDArray[np.bool_], queue: NodeArray
) -> None:
    reached[:] = False
    reached[source] = True
    queue[0] = source
    head, tail = 0, 1
    while head < tail:
        v = queue[head]
        head += 1
        for a in range(first[v], first[v + 1]):
            if room[a] > 0 and not reached[to[a]]:
                reached[to[a]] = True
                queue[tail] = to[a]
                tail += 1


def maximum_flow(
    nodes: int, tail: npt.ArrayLike, head: npt.ArrayLike, capacity: npt.ArrayLike, source: int, sink: int
) -> MaxFlow:
    """The largest flow from source to sink.

    Parameters
    ----------
    nodes : int
        V.
    tail, head : (E,) int
        Nodes that each arc leads from and to. Several arcs between two nodes are allowed.
    capacity : (E,) int64
        Capacity of each arc, bit/s; fractions are dropped.
    source, sink : int
        Two different nodes.

    Returns
    -------
    MaxFlow
        Exact. The total and the cut do not depend on the order of the arcs, the flows over arcs do.

    Raises
    ------
    InputError
        Unknown nodes, negative capacities, arrays of different lengths, or a sink that is the source.
    """
    ends = (np.ascontiguousarray(tail, np.int32), np.ascontiguousarray(head, np.int32))
    rates = checked_rates(capacity, "capacity")
    if not (ends[0].shape == ends[1].shape == rates.shape):
        raise InputError(Fault("arcs need a tail, a head and a capacity each", "capacity", rates.shape))
    if not (0 <= source < nodes and 0 <= sink < nodes and source != sink):
        raise InputError(Fault("source and sink must be two of the nodes", "source, sink", (source, sink)))
    for name, end in zip(("tail", "head"), ends, strict=True):
        if end.size and (end.min() < 0 or end.max() >= nodes):
            raise InputError(Fault("an arc names a node that there is not", name, None, f"0 to {nodes - 1}"))
    arcs = len(rates)
    first, place = np.zeros(nodes + 1, np.int64), np.empty(arcs, np.int32)
    to, room, mate = np.empty(2 * arcs, np.int32), np.empty(2 * arcs, np.int64), np.empty(2 * arcs, np.int32)
    _lay_out(*ends, rates, first, to, room, mate, place)
    distance, queue = np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    cursor, path = np.empty(nodes, np.int64), np.empty(nodes, np.int32)
    total = 0
    while True:
        _distances(first, to, room, mate, source, sink, distance, queue)
        if distance[source] < 0:
            break
        total += _fill_paths(first, to, room, mate, source, sink, distance, cursor, path)
    reached = np.empty(nodes, np.bool_)
    _reach(first, to, room, source, reached, queue)
    return MaxFlow(total, rates - room[place], reached)
