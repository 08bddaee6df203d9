"""Places served by a set of satellites: a maximum flow of classes of places to satellites with room.

Places that see the same satellites are one class: what could be served is then a flow of some hundred classes
instead of some thousand places.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel

IntArray = npt.NDArray[np.int64]


class Cover(NamedTuple):
    """Who could serve whom, reduced to K classes of places and M satellites of use, E pairs of both.

    Parameters
    ----------
    places : (K,) int64
        Places of each class.
    offset : (K + 1,) int64
        Pairs of class ``k`` are ``offset[k]:offset[k + 1]``.
    satellite : (E,) int64
        Satellite of each pair.
    class_of : (E,) int64
        Class of each pair.
    pair_offset : (M + 1,) int64
        Entries of satellite ``s`` in `pair` are ``pair_offset[s]:pair_offset[s + 1]``.
    pair : (E,) int64
        Pairs by satellite.
    room : (M,) int64
        Places that each satellite can serve.
    option_offset : (M + 1,) int64
        Entries of satellite ``s`` in `option` are ``option_offset[s]:option_offset[s + 1]``.
    option : (Q,) int64
        Gateways that could follow each satellite.
    antennas : (G,) int64
        Antennas of each gateway.
    """

    places: IntArray
    offset: IntArray
    satellite: IntArray
    class_of: IntArray
    pair_offset: IntArray
    pair: IntArray
    room: IntArray
    option_offset: IntArray
    option: IntArray
    antennas: IntArray


@kernel()
def _push_back(cover: Cover, end: int, came_by: IntArray, origin: IntArray, flow: IntArray, most: int) -> int:
    """Send flow along the path that ends in a satellite with room; returns how much."""
    amount, s = most, end
    while True:
        e = came_by[s]
        before = origin[cover.class_of[e]]
        if before < 0:
            break
        amount = min(amount, flow[before])
        s = cover.satellite[before]
    s = end
    while True:
        e = came_by[s]
        flow[e] += amount
        before = origin[cover.class_of[e]]
        if before < 0:
            return amount
        flow[before] -= amount
        s = cover.satellite[before]


@kernel()
def _search(
    cover: Cover,
    source: int,
    left: IntArray,
    flow: IntArray,
    closed: npt.NDArray[np.bool_],
    came_by: IntArray,
    origin: IntArray,
    queue: IntArray,
) -> int:
    """Find a satellite with room along an augmenting path from one class; -1 for none.

    Satellites that a search without success went through are closed: no later path leads out of them.
    """
    m = cover.room.size
    queue[0], tail, head = source, 1, 0
    origin[source] = -1
    came_by[:] = -1
    seen = 0
    reached = np.empty(m, np.int64)
    while head < tail:
        k = queue[head]
        head += 1
        for e in range(cover.offset[k], cover.offset[k + 1]):
            s = cover.satellite[e]
            if closed[s] or came_by[s] >= 0:
                continue
            came_by[s] = e
            if left[s] > 0:
                return int(s)
            reached[seen] = s
            seen += 1
            for i in range(cover.pair_offset[s], cover.pair_offset[s + 1]):
                back = cover.pair[i]
                other = cover.class_of[back]
                if flow[back] > 0 and origin[other] == -2:
                    origin[other] = back
                    queue[tail] = other
                    tail += 1
    for i in range(seen):
        closed[reached[i]] = True
    return -1


@kernel()
def most_served(cover: Cover, chosen: npt.NDArray[np.bool_], short: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Serve as many places as some satellites can.

    Parameters
    ----------
    cover : Cover
        K classes, M satellites.
    chosen : (M,) bool
        Satellites that are followed.
    short : (K,) bool
        Set to the classes on the places' side of a minimum cut: the chosen satellites that they see are full, and
        the places served are those of all other classes and the room of these satellites.

    Returns
    -------
    served : int
        Places.
    work : int
        Pairs that were looked at, about.
    """
    n_classes, m = cover.places.size, cover.room.size
    flow = np.zeros(cover.satellite.size, np.int64)
    left, closed = np.zeros(m, np.int64), np.ones(m, np.bool_)
    for s in range(m):
        if chosen[s]:
            left[s], closed[s] = cover.room[s], False
    unserved = cover.places.copy()
    served = 0
    for k in range(n_classes):
        for e in range(cover.offset[k], cover.offset[k + 1]):
            amount = min(unserved[k], left[cover.satellite[e]])
            if amount > 0:
                flow[e] = amount
                left[cover.satellite[e]] -= amount
                unserved[k] -= amount
                served += amount
                if unserved[k] == 0:
                    break
    work = cover.satellite.size
    came_by, origin, queue = np.empty(m, np.int64), np.empty(n_classes, np.int64), np.empty(n_classes, np.int64)
    for k in range(n_classes):
        while unserved[k] > 0:
            origin[:] = -2
            end = _search(cover, k, left, flow, closed, came_by, origin, queue)
            work += 2 * n_classes
            if end < 0:
                break
            amount = _push_back(cover, end, came_by, origin, flow, min(unserved[k], left[end]))
            left[end] -= amount
            unserved[k] -= amount
            served += amount
    for k in range(n_classes):
        short[k] = True
        for e in range(cover.offset[k], cover.offset[k + 1]):
            short[k] &= closed[cover.satellite[e]]
    return served, work


@kernel()
def _join(
    a: int, b: int, capacity: int, at: int, last: IntArray, before: IntArray, to: IntArray, left: IntArray
) -> int:
    """Add an edge and its reverse to a network; edges of a node are a list from `last` by `before`."""
    to[at], left[at], before[at], last[a] = b, capacity, last[a], at
    to[at + 1], left[at + 1], before[at + 1], last[b] = a, 0, last[b], at + 1
    return at + 2


@kernel()
def _levels(last: IntArray, before: IntArray, to: IntArray, left: IntArray, level: IntArray, queue: IntArray) -> bool:
    """Distance of each node from node 0 along edges with capacity left, -1 for out of reach; whether 1 is reached."""
    level[:] = -1
    level[0], queue[0], head, tail = 0, 0, 0, 1
    while head < tail:
        a = queue[head]
        head += 1
        e = last[a]
        while e >= 0:
            if left[e] > 0 and level[to[e]] < 0:
                level[to[e]] = level[a] + 1
                queue[tail] = to[e]
                tail += 1
            e = before[e]
    return bool(level[1] >= 0)


@kernel()
def _fill(last: IntArray, before: IntArray, to: IntArray, left: IntArray, level: IntArray, path: IntArray) -> None:
    """Send flow from node 0 to node 1 along shortest paths until there is none (Dinitz)."""
    now = last.copy()
    a, depth = 0, 0
    while True:
        if a == 1:
            amount = left[path[0]]
            for i in range(depth):
                amount = min(amount, left[path[i]])
            for i in range(depth - 1, -1, -1):
                left[path[i]] -= amount
                left[path[i] ^ 1] += amount
                if left[path[i]] == 0:
                    depth = i
            a = to[path[depth] ^ 1]
        e = now[a]
        while e >= 0 and (left[e] == 0 or level[to[e]] != level[a] + 1):
            e = before[e]
        now[a] = e
        if e >= 0:
            path[depth] = e
            depth += 1
            a = to[e]
        elif a == 0:
            return
        else:
            depth -= 1
            a = to[path[depth] ^ 1]
            now[a] = before[now[a]]


@kernel()
def bottleneck(cover: Cover) -> npt.NDArray[np.bool_]:
    """Say which classes are short of satellites or antennas, if antennas could be shared.

    The places of a minimum cut of the network from classes by satellites to gateways, where a gateway carries as
    much as the roomiest satellites that it could follow. The maximum flow is a bound of what can be served.

    Parameters
    ----------
    cover : Cover
        K classes.

    Returns
    -------
    (K,) bool
    """
    n_classes, m, n_gateways = cover.places.size, cover.room.size, cover.antennas.size
    nodes = 2 + n_classes + 2 * m + n_gateways
    edges = 2 * (n_classes + cover.satellite.size + m + cover.option.size + n_gateways)
    last, before = np.full(nodes, -1, np.int64), np.empty(edges, np.int64)
    to, left, at = np.empty(edges, np.int64), np.empty(edges, np.int64), 0
    inner, outer, gate = 2 + n_classes, 2 + n_classes + m, 2 + n_classes + 2 * m
    for k in range(n_classes):
        at = _join(0, 2 + k, cover.places[k], at, last, before, to, left)
        for e in range(cover.offset[k], cover.offset[k + 1]):
            at = _join(2 + k, inner + cover.satellite[e], cover.places[k], at, last, before, to, left)
    for s in range(m):
        at = _join(inner + s, outer + s, cover.room[s], at, last, before, to, left)
    carries, unused = np.zeros(n_gateways, np.int64), cover.antennas.copy()
    for s in np.argsort(-cover.room):
        for i in range(cover.option_offset[s], cover.option_offset[s + 1]):
            g = cover.option[i]
            at = _join(outer + s, gate + g, cover.room[s], at, last, before, to, left)
            if unused[g] > 0:
                unused[g] -= 1
                carries[g] += cover.room[s]
    for g in range(n_gateways):
        at = _join(gate + g, 1, carries[g], at, last, before, to, left)
    level, queue = np.empty(nodes, np.int64), np.empty(nodes, np.int64)
    while _levels(last, before, to, left, level, queue):
        _fill(last, before, to, left, level, queue)
    return level[2:inner] >= 0
