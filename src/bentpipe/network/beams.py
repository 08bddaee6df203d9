"""Beam time: which satellite serves each place, on which beam, for which share of the time.

A satellite has so many beams, one on each pair of channel and polarisation; a beam hops over up to
``cells_per_beam`` beam cells, so its time is counted in that many slices. A place needs at least one slice for
each of its beam cells that holds a terminal, and wants as much as its busy terminals ask for. First every place
gets its least; what is left of a satellite's time is then shared out in proportion to what is still wanted.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


class BeamTime(NamedTuple):
    """Beam time of one slot.

    Parameters
    ----------
    link : (C,) int64
        Row of the link that serves each place; -1 for none.
    slices : (C,) int64
        Slices of beam time.
    first_slice : (C,) int64
        The satellite's slice that they start with: slice ``i`` belongs to beam ``i // cells_per_beam``, and
        beam ``b`` to channel ``b % channels``.
    left : (N,) int64
        Slices of each satellite that nobody took.
    """

    link: IntArray
    slices: IntArray
    first_slice: IntArray
    left: IntArray


@kernel(inline=True)
def _best_link(
    c: int,
    start: IntArray,
    stop: IntArray,
    satellite: npt.NDArray[np.int32],
    score: FloatArray,
    followed: npt.NDArray[np.bool_],
    left: IntArray,
    need: int,
) -> int:
    """Row of the best link with room; ties go to the lower satellite index."""
    best, highest = -1, -math.inf
    for k in range(start[c], stop[c]):
        # Most links are ruled out by their score alone, NaN among them.
        if score[k] > highest or (score[k] == highest and best >= 0 and satellite[k] < satellite[best]):
            s = satellite[k]
            if followed[s] and left[s] >= need:
                best, highest = k, score[k]
    return best


@kernel()
def _make_room(
    c: int,
    start: IntArray,
    stop: IntArray,
    satellite: npt.NDArray[np.int32],
    score: FloatArray,
    followed: npt.NDArray[np.bool_],
    need: IntArray,
    offset: IntArray,
    member: IntArray,
    left: IntArray,
    link: IntArray,
    came_by: IntArray,
    queue: IntArray,
    state: IntArray,
) -> bool:
    """Serve a place by moving others along an augmenting path; places that need as much or more can move.

    Exact (a maximum flow) where all places need the same. ``came_by[s]`` is the link that leads into s.
    """
    tail = 0
    for k in range(start[c], stop[c]):
        s = satellite[k]
        if followed[s] and state[s] == 0 and score[k] > -math.inf:
            came_by[s] = k
            state[s] = 1
            queue[tail] = s
            tail += 1
    head, end = 0, -1
    places = np.full(state.size, c, np.int64)  # place of the link that leads into each queued satellite
    while head < tail and end < 0:
        s = queue[head]
        head += 1
        for i in range(offset[s], offset[s + 1]):
            d = member[i]
            if link[d] < 0 or satellite[link[d]] != s or left[s] + need[d] < need[places[s]]:
                continue
            for k in range(start[d], stop[d]):
                t = satellite[k]
                if followed[t] and state[t] == 0 and score[k] > -math.inf:
                    state[t] = 1
                    came_by[t] = k
                    places[t] = d
                    queue[tail] = t
                    tail += 1
                    if left[t] >= need[d]:
                        end = t
                        break
            if end >= 0:
                break
    for i in range(tail):
        state[queue[i]] = 0
    if end < 0:
        return False
    t = end
    while True:
        d = places[t]
        before = link[d]
        link[d] = came_by[t]
        left[t] -= need[d]
        if before < 0:
            return True
        t = satellite[before]
        left[t] += need[d]


@kernel(
    "void(int64[::1], int64[::1], int32[::1], float64[::1], boolean[::1], int64[::1], int64[::1], int64[::1],"
    "boolean, int64[::1], int64[::1], int64[::1], int64[::1])"
)
def _share(
    start: IntArray,
    stop: IntArray,
    satellite: npt.NDArray[np.int32],
    score: FloatArray,
    followed: npt.NDArray[np.bool_],
    need: IntArray,
    want: IntArray,
    order: IntArray,
    coverage_first: bool,
    left: IntArray,
    link: IntArray,
    slices: IntArray,
    first_slice: IntArray,
) -> None:
    n, n_places = left.size, need.size
    link[:] = -1
    slices[:] = 0
    first_slice[:] = 0
    for i in range(n_places):
        c = order[i]
        if need[c] > 0:
            best = _best_link(c, start, stop, satellite, score, followed, left, need[c])
            if best >= 0:
                link[c] = best
                left[satellite[best]] -= need[c]
    if coverage_first:
        offset = np.zeros(n + 1, np.int64)
        for c in range(n_places):
            if need[c] > 0:
                for k in range(start[c], stop[c]):
                    offset[satellite[k] + 1] += 1
        for s in range(n):
            offset[s + 1] += offset[s]
        member = np.empty(offset[n], np.int64)
        cursor = offset[:n].copy()
        for c in range(n_places):
            if need[c] > 0:
                for k in range(start[c], stop[c]):
                    member[cursor[satellite[k]]] = c
                    cursor[satellite[k]] += 1
        came_by, queue, state = np.empty(n, np.int64), np.empty(n, np.int64), np.zeros(n, np.int64)
        for i in range(n_places):
            c = order[i]
            if need[c] > 0 and link[c] < 0:
                _make_room(
                    c, start, stop, satellite, score, followed, need, offset, member, left, link, came_by, queue, state
                )
    asked = np.zeros(n, np.int64)
    for c in range(n_places):
        if link[c] >= 0:
            asked[satellite[link[c]]] += max(0, want[c] - need[c])
    spare = left.copy()
    taken = np.zeros(n, np.int64)
    for c in range(n_places):
        if link[c] < 0:
            continue
        s = satellite[link[c]]
        extra = max(0, want[c] - need[c])
        if asked[s] > spare[s]:
            extra = extra * spare[s] // asked[s]
        left[s] -= extra
        slices[c] = need[c] + extra
        first_slice[c] = taken[s]
        taken[s] += slices[c]


def share_beam_time(
    start: IntArray,
    stop: IntArray,
    satellite: npt.NDArray[np.int32],
    score: FloatArray,
    followed: npt.NDArray[np.bool_],
    need: IntArray,
    want: IntArray,
    order: IntArray,
    room: IntArray,
    coverage_first: bool = False,
) -> BeamTime:
    """Give places a satellite and beam time in one slot.

    Parameters
    ----------
    start, stop : (C,) int64
        Rows of each place's links.
    satellite : (P,) int32
        Satellite of each link.
    score : (P,) float64
        Preference; NaN and minus infinity are never chosen.
    followed : (N,) bool
        Satellites that a gateway follows.
    need, want : (C,) int64
        Least and wished slices; need 0 for a place without demand.
    order : (C,) int64
        Order in which places choose.
    room : (N,) int64
        Slices that each satellite has for the territory.
    coverage_first : bool
        Serve as many places as possible, the score only a preference.

    Returns
    -------
    BeamTime
    """
    left = room.copy()
    result = (np.empty(len(need), np.int64), np.empty(len(need), np.int64), np.empty(len(need), np.int64))
    _share(start, stop, satellite, score, followed, need, want, order, coverage_first, left, *result)
    return BeamTime(*result, left)
