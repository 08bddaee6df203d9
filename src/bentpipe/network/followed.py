"""Which satellites the gateways follow: each antenna follows one, so that most of the demand can be served.

The satellites are taken greedily, each time the one that adds most: places that no followed satellite serves
yet count fully, those that have one, two, ... already count less and less. A satellite is taken only if the
antennas can be arranged for all (an augmenting path in the matching of satellites and antennas). Choosing the
best set is a maximum-coverage problem and NP-hard; the greedy choice is within 1 - 1/e of it (Nemhauser, Wolsey
and Fisher, Mathematical Programming 14, 1978). `coverage` improves on it for policies that put coverage first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel

IntArray = npt.NDArray[np.int64]

#: Worth of the first, second, ... satellite of a place: one is worth sixteen seconds, whose beam time is still of
#: use where the first is full.
_WORTH = (65536, 4096, 2048, 1024, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1, 0)
#: A gain and the index of its satellite share a 64-bit number: room for a million satellites.
_INDEX_BITS = 20
_INDEX_MASK = (1 << _INDEX_BITS) - 1


class Followed(NamedTuple):
    """Satellites followed in one slot.

    Parameters
    ----------
    gateway : (N,) int32
        Gateway that follows each satellite; -1 for none.
    range_m : (N,) float64
        Range from that gateway, m; infinity where there is none.
    gateways_in_view : (N,) int32
        Gateways with an antenna that could follow each satellite.
    """

    gateway: npt.NDArray[np.int32]
    range_m: npt.NDArray[np.float64]
    gateways_in_view: npt.NDArray[np.int32]


@kernel()
def _move_along(
    last: int,
    mover: IntArray,
    origin: IntArray,
    held: IntArray,
    used: IntArray,
    gateway_of: npt.NDArray[np.int32],
) -> None:
    """Shift satellites along the path that ends in a gateway with a free antenna."""
    g = last
    used[g] += 1
    slot = used[g] - 1
    while True:
        t, source = mover[g], origin[g]
        held[g, slot] = t
        gateway_of[t] = g
        if source < 0:
            return
        slot = 0
        while held[source, slot] != t:
            slot += 1
        g = source


@kernel("boolean(int64, int64[::1], int64[::1], int64[::1], int32[::1], int64[:,::1], int64[::1], int64[::1])")
def arrange(
    wanted: int,
    offset: IntArray,
    option: IntArray,
    antennas: IntArray,
    gateway_of: npt.NDArray[np.int32],
    held: IntArray,
    used: IntArray,
    scratch: IntArray,
) -> bool:
    """Find an antenna for one more satellite, moving others if need be; options are nearest first.

    Where none is found, none ever will be for the gateways that the search went through: they are full, and what
    they follow can go to no others. They are marked, and later searches pass them over.
    """
    n_gateways = antennas.size
    for k in range(offset[wanted], offset[wanted + 1]):
        g = option[k]
        if used[g] < antennas[g]:
            held[g, used[g]] = wanted
            used[g] += 1
            gateway_of[wanted] = g
            return True
    # Breadth-first over full gateways; `scratch` holds four arrays one after the other.
    queue, mover = scratch[:n_gateways], scratch[n_gateways : 2 * n_gateways]
    origin, dead = scratch[2 * n_gateways : 3 * n_gateways], scratch[3 * n_gateways :]
    for g in range(n_gateways):
        mover[g] = 0 if dead[g] else -2
    tail = 0
    for k in range(offset[wanted], offset[wanted + 1]):
        g = option[k]
        if not dead[g]:
            mover[g], origin[g] = wanted, -1
            queue[tail] = g
            tail += 1
    head = 0
    while head < tail:
        g = queue[head]
        head += 1
        for i in range(used[g]):
            t = held[g, i]
            for k in range(offset[t], offset[t + 1]):
                h = option[k]
                if mover[h] != -2:
                    continue
                mover[h], origin[h] = t, g
                if used[h] < antennas[h]:
                    _move_along(h, mover, origin, held, used, gateway_of)
                    return True
                queue[tail] = h
                tail += 1
    for i in range(tail):
        dead[queue[i]] = 1
    return False


@kernel("void(int64[::1], int64, int64)")
def _sift_down(heap: IntArray, size: int, at: int) -> None:
    """Restore a heap, largest first, below one entry that has become smaller."""
    entry = heap[at]
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and heap[child + 1] > heap[child]:
            child += 1
        if heap[child] <= entry:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = entry


@kernel("int64(int64[::1], int64[::1], int32[::1], int64[::1], int32[::1], int64[::1], int32[::1], int64[::1])")
def _members(
    start: IntArray,
    stop: IntArray,
    satellite: npt.NDArray[np.int32],
    weight: IntArray,
    in_view: npt.NDArray[np.int32],
    first: IntArray,
    member: npt.NDArray[np.int32],
    gain: IntArray,
) -> int:
    """Places with demand of each satellite in view of a gateway, and the weight of all of them.

    Those of satellite ``s`` end up in ``member[first[s]:first[s + 1]]``. Returns how many there are.
    """
    n, n_places = in_view.size, weight.size
    count = np.zeros(n, np.int32)
    gain[:] = 0
    for c in range(n_places):
        w = weight[c]
        if w > 0:
            for k in range(start[c], stop[c]):
                count[satellite[k]] += 1
                gain[satellite[k]] += w
    first[0] = 0
    for s in range(n):
        if in_view[s] == 0:
            gain[s] = count[s] = 0
        first[s + 1] = first[s] + count[s]
    cursor, seen = np.empty(n, np.int32), np.empty(n, np.int32)
    for s in range(n):
        # The last entry takes what is not wanted, without a branch.
        cursor[s] = first[s] if in_view[s] > 0 else first[n]
        seen[s] = in_view[s] > 0
    for c in range(n_places):
        if weight[c] > 0:
            for k in range(start[c], stop[c]):
                s = satellite[k]
                member[cursor[s]] = c
                cursor[s] += seen[s]
    return int(first[n])


@kernel(
    "void(int64[::1], int64[::1], int32[::1], int64[::1], int64[::1], int64[::1], int32[::1], float32[::1],"
    "float64[::1], int64[::1], boolean[::1], int32[::1], float64[::1], int32[::1])"
)
def _follow(
    start: IntArray,
    stop: IntArray,
    satellite: npt.NDArray[np.int32],
    weight: IntArray,
    gateway_start: IntArray,
    gateway_stop: IntArray,
    gateway_satellite: npt.NDArray[np.int32],
    gateway_range: npt.NDArray[np.float32],
    fibre_path: npt.NDArray[np.float64],
    antennas: IntArray,
    taken: npt.NDArray[np.bool_],
    gateway_of: npt.NDArray[np.int32],
    range_m: npt.NDArray[np.float64],
    in_view: npt.NDArray[np.int32],
) -> None:
    n, n_gateways, n_places = gateway_of.size, antennas.size, weight.size
    worth = np.array(_WORTH, np.int64)
    gateway_of[:] = -1
    range_m[:] = np.inf
    in_view[:] = 0
    for g in range(n_gateways):
        if antennas[g] > 0:
            for k in range(gateway_start[g], gateway_stop[g]):
                in_view[gateway_satellite[k]] += 1
    # Options of each satellite, nearest (by path to the point of presence) first.
    offset = np.zeros(n + 1, np.int64)
    for s in range(n):
        offset[s + 1] = offset[s] + in_view[s]
    option = np.empty(offset[n], np.int64)
    path = np.empty(offset[n])
    reach = np.empty(offset[n])
    fill = offset[:n].copy()
    for g in range(n_gateways):
        if antennas[g] > 0:
            for k in range(gateway_start[g], gateway_stop[g]):
                s = gateway_satellite[k]
                length = gateway_range[k] + fibre_path[g]
                i = fill[s]
                while i > offset[s] and path[i - 1] > length:
                    path[i], option[i], reach[i] = path[i - 1], option[i - 1], reach[i - 1]
                    i -= 1
                path[i], option[i], reach[i] = length, g, gateway_range[k]
                fill[s] += 1
    first, member, gain = np.empty(n + 1, np.int64), np.empty(satellite.size + 1, np.int32), np.empty(n, np.int64)
    _members(start, stop, satellite, weight, in_view, first, member, gain)
    # Largest gain first, then lowest index. A gain only ever falls, so the entries are upper bounds, and a
    # satellite whose entry still holds when it comes to the top adds most.
    heap, size = np.empty(n, np.int64), 0
    for s in range(n):
        if gain[s] > 0:
            heap[size] = (gain[s] * worth[0] << _INDEX_BITS) + (_INDEX_MASK - s)
            size += 1
    for i in range(size // 2 - 1, -1, -1):
        _sift_down(heap, size, i)
    adds = np.empty(n_places, np.int64)  # what one more satellite of a place adds
    for c in range(n_places):
        adds[c] = weight[c] * worth[0]
    level = np.zeros(n_places, np.int64)
    used = np.zeros(n_gateways, np.int64)
    free = antennas.sum()
    held = np.zeros((n_gateways, max(1, antennas.max() if n_gateways else 1)), np.int64)
    scratch = np.zeros(4 * n_gateways, np.int64)
    for s in range(taken.size):
        if taken[s] and arrange(s, offset, option, antennas, gateway_of, held, used, scratch):
            free -= 1
            for i in range(first[s], first[s + 1]):
                c = member[i]
                level[c] = min(level[c] + 1, worth.size - 1)
                adds[c] = weight[c] * worth[level[c]]
    while free > 0 and size > 0:
        best = _INDEX_MASK - (heap[0] & _INDEX_MASK)
        now = 0
        for i in range(first[best], first[best + 1]):
            now += adds[member[i]]
        if now > 0 and now != heap[0] >> _INDEX_BITS:
            heap[0] = (now << _INDEX_BITS) + (_INDEX_MASK - best)
            _sift_down(heap, size, 0)
            continue
        size -= 1
        heap[0] = heap[size]
        _sift_down(heap, size, 0)
        if (
            now == 0
            or gateway_of[best] >= 0
            or not arrange(best, offset, option, antennas, gateway_of, held, used, scratch)
        ):
            continue
        free -= 1
        for i in range(first[best], first[best + 1]):
            c = member[i]
            level[c] = min(level[c] + 1, worth.size - 1)
            adds[c] = weight[c] * worth[level[c]]
    for s in range(n):
        if gateway_of[s] >= 0:
            for k in range(offset[s], offset[s + 1]):
                if option[k] == gateway_of[s]:
                    range_m[s] = reach[k]


@kernel("int64(int64[::1], int64[::1], int32[::1], int64[::1], int64[::1], int64[::1], int64[::1])")
def _merge(
    start: IntArray,
    stop: IntArray,
    satellite: npt.NDArray[np.int32],
    weight: IntArray,
    first: IntArray,
    last: IntArray,
    whole: IntArray,
) -> int:
    """Join the places with demand whose links name the same satellites in the same order; returns how many are left.

    Neighbours mostly see the same sky: two thousand places of a country are some two hundred. A hash finds the
    candidate, a comparison decides.
    """
    size = 64
    while size < 2 * start.size:
        size *= 2
    table, code = np.full(size, -1, np.int64), np.empty(start.size, np.uint64)
    count = 0
    for c in range(start.size):
        if weight[c] <= 0 or stop[c] <= start[c]:
            continue
        h = np.uint64(stop[c] - start[c])
        for k in range(start[c], stop[c]):
            h = (h ^ np.uint64(satellite[k])) * np.uint64(0x9E3779B97F4A7C15)
        i = np.int64(h >> np.uint64(32)) & (size - 1)
        while table[i] >= 0:
            j = table[i]
            same = code[j] == h and last[j] - first[j] == stop[c] - start[c]
            if same:
                shift = start[c] - first[j]
                for k in range(first[j], last[j]):
                    same &= satellite[k] == satellite[k + shift]
            if same:
                break
            i = (i + 1) & (size - 1)
        if table[i] < 0:
            table[i] = count
            first[count], last[count], whole[count], code[count] = start[c], stop[c], 0, h
            count += 1
        whole[table[i]] += weight[c]
    return count


def follow_satellites(
    start: IntArray,
    stop: IntArray,
    satellite: npt.NDArray[np.int32],
    weight: IntArray,
    gateway_start: IntArray,
    gateway_stop: IntArray,
    gateway_satellite: npt.NDArray[np.int32],
    gateway_range_m: npt.NDArray[np.float32],
    fibre_path_m: npt.NDArray[np.float64],
    antennas: IntArray,
    satellites: int,
    taken: npt.NDArray[np.bool_] | None = None,
) -> Followed:
    """Give the gateways' antennas to satellites in one slot.

    Parameters
    ----------
    start, stop : (C,) int64
        Rows of each place's links.
    satellite : (P,) int32
        Satellite of each link.
    weight : (C,) int64
        Worth of serving each place; 0 for a place without demand.
    gateway_start, gateway_stop : (G,) int64
        Rows of each gateway's links.
    gateway_satellite : (Q,) int32
        Satellite of each gateway link.
    gateway_range_m : (Q,) float32
        Its range, m.
    fibre_path_m : (G,) float64
        Fibre route to the point of presence divided by the velocity factor, m.
    antennas : (G,) int64
        Antennas that are free for the territory.
    satellites : int
        N.
    taken : (N,) bool, optional
        Satellites that are followed before all others are considered, where the antennas allow.

    Returns
    -------
    Followed
        Ties go to the lower satellite and gateway index.
    """
    result = Followed(np.empty(satellites, np.int32), np.empty(satellites), np.empty(satellites, np.int32))
    merged = [np.empty(len(start), np.int64) for _ in range(3)]
    count = _merge(start, stop, satellite, weight, *merged)
    first, last, whole = (column[:count] for column in merged)
    _follow(
        first,
        last,
        satellite,
        whole,
        gateway_start,
        gateway_stop,
        gateway_satellite,
        gateway_range_m,
        fibre_path_m,
        antennas,
        np.empty(0, np.bool_) if taken is None else taken,
        *result,
    )
    return result
