"""Which satellites the gateways follow: each antenna follows one, so that most of the demand can be served.

The satellites are taken greedily, each time the one that adds most: places that no followed satellite serves
yet count fully, those that have one, two, ... already count less and less. A satellite is taken only if the
antennas can be arranged for all (an augmenting path in the matching of satellites and antennas). Choosing the
best set is a maximum-coverage problem and NP-hard; the greedy choice is within 1 - 1/e of it (Nemhauser, Wolsey
and Fisher, Mathematical Programming 14, 1978), and `tests/properties` compares it with the exact optimum.
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
def _arrange(
    wanted: int,
    offset: IntArray,
    option: IntArray,
    antennas: IntArray,
    gateway_of: npt.NDArray[np.int32],
    held: IntArray,
    used: IntArray,
    scratch: IntArray,
) -> bool:
    """Find an antenna for one more satellite, moving others if need be; options are nearest first."""
    n_gateways = antennas.size
    for k in range(offset[wanted], offset[wanted + 1]):
        g = option[k]
        if used[g] < antennas[g]:
            held[g, used[g]] = wanted
            used[g] += 1
            gateway_of[wanted] = g
            return True
    # Breadth-first over full gateways; `scratch` holds queue, mover and origin one after the other.
    queue, mover, origin = scratch[:n_gateways], scratch[n_gateways : 2 * n_gateways], scratch[2 * n_gateways :]
    mover[:] = -2
    tail = 0
    for k in range(offset[wanted], offset[wanted + 1]):
        g = option[k]
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
    return False


@kernel(
    "void(int64[::1], int64[::1], int32[::1], int64[::1], int64[::1], int64[::1], int32[::1], float32[::1],"
    "float64[::1], int64[::1], int32[::1], float64[::1], int32[::1])"
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
    # Places of each satellite that could be followed.
    count = np.zeros(n + 1, np.int64)
    for c in range(n_places):
        if weight[c] > 0:
            for k in range(start[c], stop[c]):
                count[satellite[k] + 1] += in_view[satellite[k]] > 0
    for s in range(n):
        count[s + 1] += count[s]
    member = np.empty(count[n], np.int64)
    cursor = count[:n].copy()
    gain = np.zeros(n, np.int64)
    for c in range(n_places):
        if weight[c] > 0:
            for k in range(start[c], stop[c]):
                s = satellite[k]
                if in_view[s] > 0:
                    member[cursor[s]] = c
                    cursor[s] += 1
                    gain[s] += weight[c] * worth[0]
    active = np.flatnonzero(gain)
    level = np.zeros(n_places, np.int64)
    used = np.zeros(n_gateways, np.int64)
    free = antennas.sum()
    held = np.zeros((n_gateways, max(1, antennas.max() if n_gateways else 1)), np.int64)
    scratch = np.empty(3 * n_gateways, np.int64)
    while free > 0:
        best, best_gain = -1, 0
        for i in range(active.size):
            if gain[active[i]] > best_gain:
                best, best_gain = int(active[i]), int(gain[active[i]])
        if best < 0:
            break
        gain[best] = 0
        if not _arrange(best, offset, option, antennas, gateway_of, held, used, scratch):
            gain[best] = -(1 << 60)
            continue
        gain[best] = -(1 << 60)
        free -= 1
        for i in range(count[best], count[best + 1]):
            c = member[i]
            if level[c] < worth.size - 1:
                loss = weight[c] * (worth[level[c]] - worth[level[c] + 1])
                level[c] += 1
                for k in range(start[c], stop[c]):
                    gain[satellite[k]] -= loss
    for s in range(n):
        if gateway_of[s] >= 0:
            for k in range(offset[s], offset[s + 1]):
                if option[k] == gateway_of[s]:
                    range_m[s] = reach[k]


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

    Returns
    -------
    Followed
        Ties go to the lower satellite and gateway index.
    """
    result = Followed(np.empty(satellites, np.int32), np.empty(satellites), np.empty(satellites, np.int32))
    _follow(
        start,
        stop,
        satellite,
        weight,
        gateway_start,
        gateway_stop,
        gateway_satellite,
        gateway_range_m,
        fibre_path_m,
        antennas,
        *result,
    )
    return result
