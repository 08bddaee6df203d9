"""Which satellites the gateways follow so that most places are served: the antenna plan of `max-coverage`.

The greedy plan of `followed` comes first. Where all places with demand need the same number of slices, it is kept
where it serves all that could be served if every satellite in view were followed, or else improved by branch and
bound (`coversearch`): what comes out serves most, and that is proven, or the budget of the search was exhausted.
So a satellite, gateway or antenna less never raises the places served where the plan with it is proven.
Satellites of the better plan are given antennas first, then the others greedily as before.

Where needs differ, sharing out beam time is a bin-packing problem itself (NP-hard even for one antenna plan). The
greedy plan is kept, and the bound is a plain one: the places in reach, and the smallest needs that fit into the room
of all antennas. A slot in which that many places are served is proven best, too; any other is not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel
from bentpipe.network.coverflow import Cover, bottleneck, most_served
from bentpipe.network.coversearch import BUDGET, UNIT, search
from bentpipe.network.followed import Followed, follow_satellites

IntArray = npt.NDArray[np.int64]


@kernel("uint64(uint64)")
def _mixed(number: np.uint64) -> np.uint64:
    """Scramble 64 bits (splitmix64), so that sums over different sets of satellites differ."""
    z = number + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@kernel()
def _satellites_of_use(
    start: IntArray,
    stop: IntArray,
    satellite: npt.NDArray[np.int32],
    need: IntArray,
    room: IntArray,
    in_view: npt.NDArray[np.int32],
) -> tuple[IntArray, IntArray, IntArray]:
    """Satellites that could serve a place, ascending; the number of each or -1; such satellites of each place."""
    number, options = np.full(room.size, -1, np.int64), np.zeros(need.size, np.int64)
    for c in range(need.size):
        if need[c] > 0:
            for k in range(start[c], stop[c]):
                s = satellite[k]
                if in_view[s] > 0 and room[s] >= need[c]:
                    number[s] = 0
                    options[c] += 1
    useful = np.flatnonzero(number == 0)
    for i in range(useful.size):
        number[useful[i]] = i
    return useful, number, options


@kernel()
def _classes(
    start: IntArray, stop: IntArray, satellite: npt.NDArray[np.int32], number: IntArray, options: IntArray, m: int
) -> tuple[IntArray, IntArray]:
    """One place for each class of places that see the same satellites, and the places of the class.

    Classes come in the order of a hash of their satellites, whatever the order of the places.
    """
    code = np.zeros(options.size, np.uint64)
    some = np.flatnonzero(options)
    for c in some:
        for k in range(start[c], stop[c]):
            if number[satellite[k]] >= 0:
                code[c] += _mixed(np.uint64(number[satellite[k]]))
    order = some[np.argsort(code[some])]
    first, places, classes = np.empty(order.size, np.int64), np.zeros(order.size, np.int64), 0
    mark = np.full(m, -1, np.int64)
    for c in order:
        same = classes > 0 and code[c] == code[first[classes - 1]] and options[c] == options[first[classes - 1]]
        if same:
            for k in range(start[c], stop[c]):
                i = number[satellite[k]]
                same &= i < 0 or mark[i] == classes - 1
        if not same:
            for k in range(start[c], stop[c]):
                if number[satellite[k]] >= 0:
                    mark[number[satellite[k]]] = classes
            first[classes] = c
            classes += 1
        places[classes - 1] += 1
    return first[:classes].copy(), places[:classes].copy()


@kernel()
def _pairs(
    start: IntArray,
    stop: IntArray,
    satellite: npt.NDArray[np.int32],
    number: IntArray,
    options: IntArray,
    first: IntArray,
    m: int,
) -> tuple[IntArray, IntArray, IntArray, IntArray, IntArray]:
    """Pairs of class and satellite, ascending in both, and where those of each begin."""
    offset, pair_offset = np.zeros(first.size + 1, np.int64), np.zeros(m + 1, np.int64)
    for k in range(first.size):
        offset[k + 1] = offset[k] + options[first[k]]
    partner, class_of = np.empty(offset[-1], np.int64), np.empty(offset[-1], np.int64)
    for k in range(first.size):
        at, c = offset[k], first[k]
        for j in range(start[c], stop[c]):
            i = number[satellite[j]]
            if i >= 0:
                partner[at], class_of[at] = i, k
                pair_offset[i + 1] += 1
                at += 1
        partner[offset[k] : at].sort()
    pair_offset = np.cumsum(pair_offset)
    cursor, pair = pair_offset[:m].copy(), np.empty(offset[-1], np.int64)
    for e in range(pair.size):
        pair[cursor[partner[e]]] = e
        cursor[partner[e]] += 1
    return offset, partner, class_of, pair_offset, pair


@kernel()
def _options(
    gateway_start: IntArray,
    gateway_stop: IntArray,
    gateway_satellite: npt.NDArray[np.int32],
    antennas: IntArray,
    number: IntArray,
    m: int,
) -> tuple[IntArray, IntArray]:
    """Gateways that could follow each satellite of use."""
    offset = np.zeros(m + 1, np.int64)
    for g in range(antennas.size):
        if antennas[g] > 0:
            for k in range(gateway_start[g], gateway_stop[g]):
                if number[gateway_satellite[k]] >= 0:
                    offset[number[gateway_satellite[k]] + 1] += 1
    offset = np.cumsum(offset)
    cursor, option = offset[:m].copy(), np.empty(offset[-1], np.int64)
    for g in range(antennas.size):
        if antennas[g] > 0:
            for k in range(gateway_start[g], gateway_stop[g]):
                i = number[gateway_satellite[k]]
                if i >= 0:
                    option[cursor[i]] = g
                    cursor[i] += 1
    return offset, option


@kernel()
def _plain_bound(need: IntArray, options: IntArray, room: IntArray, useful: IntArray, antennas: int) -> int:
    """Places in reach, and no more than the smallest needs that fit into the room of all antennas."""
    wanted, total = np.sort(need[options > 0]), 0
    rooms = np.sort(room[useful])
    for i in range(min(antennas, rooms.size)):
        total += rooms[rooms.size - 1 - i]
    count = 0
    while count < wanted.size and total >= wanted[count]:
        total -= wanted[count]
        count += 1
    return count


@kernel(
    "UniTuple(int64, 2)(int64[::1], int64[::1], int32[::1], int64[::1], int64[::1], int64[::1], int64[::1],"
    "int32[::1], int64[::1], int32[::1], int32[::1], int64, boolean[::1])"
)
def _improve(
    start: IntArray,
    stop: IntArray,
    satellite: npt.NDArray[np.int32],
    need: IntArray,
    room: IntArray,
    gateway_start: IntArray,
    gateway_stop: IntArray,
    gateway_satellite: npt.NDArray[np.int32],
    antennas: IntArray,
    gateway_of: npt.NDArray[np.int32],
    in_view: npt.NDArray[np.int32],
    budget: int,
    taken: npt.NDArray[np.bool_],
) -> tuple[int, int]:
    """Set `taken` to the satellites of a better plan, if there is one; returns whether, and the bound."""
    useful, number, options = _satellites_of_use(start, stop, satellite, need, room, in_view)
    m, least, most = useful.size, 0, 0
    taken[:] = False
    for c in range(need.size):
        if options[c] > 0:
            least = need[c] if least == 0 else min(least, need[c])
            most = max(most, need[c])
    if m == 0:
        return 0, 0
    if least != most:
        return 0, _plain_bound(need, options, room, useful, antennas.sum())
    first, places = _classes(start, stop, satellite, number, options, m)
    offset, partner, class_of, pair_offset, pair = _pairs(start, stop, satellite, number, options, first, m)
    option_offset, option = _options(gateway_start, gateway_stop, gateway_satellite, antennas, number, m)
    cover = Cover(
        places, offset, partner, class_of, pair_offset, pair, room[useful] // least, option_offset, option, antennas
    )
    best = gateway_of[useful] >= 0
    served, _ = most_served(cover, best, np.empty(places.size, np.bool_))
    if served == places.sum() or best.all():
        return 0, served
    # Prices that prove the flow with shared antennas best: nothing for places that it cannot all serve.
    price = np.where(bottleneck(cover), 0, UNIT)
    found, bound, _ = search(cover, best, price, served, budget)
    if found > served:
        for i in range(m):
            taken[useful[i]] = best[i]
    return int(found > served), bound


def follow_for_coverage(
    start: IntArray,
    stop: IntArray,
    satellite: npt.NDArray[np.int32],
    need: IntArray,
    gateway_start: IntArray,
    gateway_stop: IntArray,
    gateway_satellite: npt.NDArray[np.int32],
    gateway_range_m: npt.NDArray[np.float32],
    fibre_path_m: npt.NDArray[np.float64],
    antennas: IntArray,
    room: IntArray,
    budget: int = BUDGET,
) -> tuple[Followed, int]:
    """Give the gateways' antennas to satellites in one slot, so that most places can be served.

    Parameters
    ----------
    start, stop : (C,) int64
        Rows of each place's links; no satellite comes twice in the rows of a place.
    satellite : (P,) int32
        Satellite of each link.
    need : (C,) int64
        Slices that serving each place takes; 0 for a place without demand.
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
    room : (N,) int64
        Slices that each satellite has for the territory.
    budget : int
        See `bentpipe.network.coversearch.BUDGET`.

    Returns
    -------
    followed : Followed
        The greedy plan of `bentpipe.network.followed.follow_satellites`, or a better one. It does not depend on
        the order of the places.
    bound : int
        Places that no plan and no sharing of beam time can exceed. Where all needs are equal, a maximum flow under
        the plan serves as many, unless the budget of the search was exhausted.
    """
    rows = (start, stop, satellite, need, gateway_start, gateway_stop, gateway_satellite)
    rest = (gateway_range_m, fibre_path_m, antennas, len(room))
    greedy = follow_satellites(*rows, *rest)
    taken = np.empty(len(room), np.bool_)
    better, bound = _improve(
        *rows[:4], room, *rows[4:], antennas, greedy.gateway, greedy.gateways_in_view, budget, taken
    )
    return (follow_satellites(*rows, *rest, taken) if better else greedy), int(bound)
