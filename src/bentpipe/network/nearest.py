"""Kernel: link satellites, shortest pairs first, while both have terminals free.

Pairs are looked at in bands of length, each a little further than the last: a satellite whose terminals are all taken
is out of every later band, so few pairs are ever sorted. Within a band the satellites are found by cubes of its
length.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]

#: Most cubes along an edge of space.
_CUBES = 64
#: Each band ends so much further than the last.
_GROWTH = 1.35


@kernel("int64(float64[:,::1], int64[::1], int64, float64, float64[::1], int64[:,::1])")
def _into_cubes(
    position_m: FloatArray, row: IntArray, count: int, cube_m: float, corner: FloatArray, cell: IntArray
) -> int:
    """Cubes along an edge, and the cube of each of the first `count` rows along x, y and z."""
    edge = 1
    for axis in range(3):
        low, high = math.inf, -math.inf
        for k in range(count):
            low, high = min(low, position_m[axis, row[k]]), max(high, position_m[axis, row[k]])
        corner[axis] = low
        edge = max(edge, int((high - low) / cube_m) + 1)
    for axis in range(3):
        for k in range(count):
            cell[axis, k] = int((position_m[axis, row[k]] - corner[axis]) / cube_m)
    return edge


@kernel("void(int64[::1], float64[::1], int64[::1], int64[::1], int64)")
def _settle_ties(order: IntArray, square: FloatArray, first: IntArray, second: IntArray, count: int) -> None:
    """Among pairs of one length, the one of lower indices first."""
    for k in range(1, count):
        at, here = k, order[k]
        while at > 0:
            there = order[at - 1]
            if square[there] < square[here]:
                break
            lower = first[there] < first[here] or (first[there] == first[here] and second[there] < second[here])
            if lower:
                break
            order[at] = there
            at -= 1
        order[at] = here


@kernel(
    "int64(float64[:,::1], int64[::1], int64[::1], boolean, float64, int32[:,::1], int64, float64, float64,"
    "int64[::1], int32[:,::1], int64)"
)
def _link_band(
    position_m: FloatArray,
    free: IntArray,
    group: IntArray,
    apart: bool,
    cube_m: float,
    linked: Int32Array,
    active: int,
    shortest_sq: float,
    longest_sq: float,
    row: IntArray,
    pair: Int32Array,
    made: int,
) -> int:
    """Link the pairs of one band of length; the number of pairs made so far."""
    corner, cell = np.empty(3), np.empty((3, active), np.int64)
    edge = _into_cubes(position_m, row, active, cube_m, corner, cell)
    start = np.zeros(edge * edge * edge + 1, np.int64)
    for k in range(active):
        start[(cell[0, k] * edge + cell[1, k]) * edge + cell[2, k] + 1] += 1
    for c in range(start.size - 1):
        start[c + 1] += start[c]
    held, point = np.empty(active, np.int64), np.empty((active, 3))
    fill = start.copy()
    for k in range(active):
        c = (cell[0, k] * edge + cell[1, k]) * edge + cell[2, k]
        held[fill[c]] = row[k]
        for axis in range(3):
            point[fill[c], axis] = position_m[axis, row[k]]
        fill[c] += 1
    room, count = 8 * active + 64, 0
    square, first, second = np.empty(room), np.empty(room, np.int64), np.empty(room, np.int64)
    for k in range(active):
        a = row[k]
        x, y, z = position_m[0, a], position_m[1, a], position_m[2, a]
        for i in range(max(cell[0, k] - 1, 0), min(cell[0, k] + 2, edge)):
            for j in range(max(cell[1, k] - 1, 0), min(cell[1, k] + 2, edge)):
                line = (i * edge + j) * edge
                low, high = max(cell[2, k] - 1, 0), min(cell[2, k] + 1, edge - 1)
                for at in range(start[line + low], start[line + high + 1]):
                    b = held[at]
                    if b <= a:
                        continue
                    dx, dy, dz = point[at, 0] - x, point[at, 1] - y, point[at, 2] - z
                    sq = dx * dx + dy * dy + dz * dz
                    if not (shortest_sq < sq <= longest_sq) or (apart and group[a] == group[b]):
                        continue
                    if count == room:
                        room *= 2
                        square = np.concatenate((square, np.empty(count)))
                        first = np.concatenate((first, np.empty(count, np.int64)))
                        second = np.concatenate((second, np.empty(count, np.int64)))
                    square[count], first[count], second[count] = sq, a, b
                    count += 1
    order = np.argsort(square[:count])
    _settle_ties(order, square, first, second, count)
    for k in range(count):
        a, b = first[order[k]], second[order[k]]
        if free[a] > 0 and free[b] > 0:
            known = False
            for at in range(linked.shape[1]):
                known = known or linked[a, at] == b
            if not known:
                pair[made, 0], pair[made, 1] = a, b
                free[a] -= 1
                free[b] -= 1
                made += 1
    return made


@kernel("int64(float64[:,::1], int64[::1], int64[::1], boolean, float64, int32[:,::1], int32[:,::1])")
def _greedy(
    position_m: FloatArray,
    free: IntArray,
    group: IntArray,
    apart: bool,
    range_m: float,
    linked: Int32Array,
    pair: Int32Array,
) -> int:
    """All bands up to the range; `free` is used up."""
    n = free.size
    row = np.empty(n, np.int64)
    made, shortest_sq, reach = 0, -1.0, 0.0
    while True:
        active, largest = 0, 0.0
        for s in range(n):
            if free[s] > 0:
                row[active] = s
                active += 1
                largest = max(largest, position_m[0, s] ** 2 + position_m[1, s] ** 2 + position_m[2, s] ** 2)
        if active < 2 or reach >= range_m:
            return made
        if reach == 0.0:
            # On a sphere evenly strewn, four neighbours would lie so near.
            reach = 4.0 * math.sqrt(largest / active)
        else:
            reach *= _GROWTH
        reach = min(max(reach, 1.0), range_m)
        cube = max(reach, 2.0 * math.sqrt(largest) / _CUBES)
        made = _link_band(
            position_m, free, group, apart, cube, linked, active, shortest_sq, reach * reach, row, pair, made
        )
        shortest_sq = reach * reach


def link_nearest(
    position_m: FloatArray,
    free: IntArray,
    range_m: float,
    group: IntArray | None = None,
    linked: Int32Array | None = None,
) -> Int32Array:
    """Link satellites greedily, shortest pairs first, while both have terminals free.

    Parameters
    ----------
    position_m : numpy.ndarray, shape (3, N), m
        Positions; a satellite without one (NaN) gets no link.
    free : numpy.ndarray of int64, shape (N,)
        Terminals that each may use.
    range_m : float, m
        Longest link.
    group : numpy.ndarray of int64, shape (N,), optional
        Where given, only satellites of different groups are linked.
    linked : numpy.ndarray of int32, shape (E, 2), optional
        Links that there are already, which are not made again.

    Returns
    -------
    numpy.ndarray of int32, shape (E, 2)
        Pairs, the lower index first, shortest first. Among pairs of one length the lower indices are first.

    Notes
    -----
    No link can be added to what is found, so it has at least half the links of the largest choice. Source: D. Avis,
    "A survey of heuristics for the weighted matching problem", Networks 13, 1983.
    """
    position = np.ascontiguousarray(position_m, np.float64)
    left = np.where(np.isfinite(position).all(axis=0), free, 0).astype(np.int64)
    pair = np.empty((int(left.sum()) // 2, 2), np.int32)
    known = _by_row(linked, len(left)) if linked is not None and len(linked) else np.empty((len(left), 0), np.int32)
    groups = np.zeros(len(left), np.int64) if group is None else np.ascontiguousarray(group, np.int64)
    return pair[: _greedy(position, left, groups, group is not None, float(range_m), known, pair)]


def _by_row(pair: Int32Array, satellites: int) -> Int32Array:
    """The other ends of each satellite's links, -1 where there are no more."""
    one, other = np.concatenate([pair, pair[:, ::-1]]).T
    order = np.argsort(one, kind="stable")
    size = np.bincount(one, minlength=satellites)
    nth = np.arange(len(one)) - np.repeat(np.cumsum(size) - size, size)
    out = np.full((satellites, int(size.max())), -1, np.int32)
    out[one[order], nth] = other[order]
    return out
