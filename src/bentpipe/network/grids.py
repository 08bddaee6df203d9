"""Kernels: laser topologies that follow from planes and places alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel

IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

#: Farthest along the orbit that a place stands in for an empty one, degrees, and one place at least.
_ASIDE_DEG = 25
#: What is known of each shell, by row: its first row in the table, planes, places, places left over at the seam.
Table = tuple[Int32Array, IntArray]


def places_table(
    shell: IntArray, plane: IntArray, place: IntArray, planes: IntArray, places: IntArray, seam: IntArray, able: Mask
) -> Table:
    """Which satellite is at each place of each shell.

    Parameters
    ----------
    shell, plane, place, planes, places, seam : numpy.ndarray of int64, shape (N,)
        Labels, -1 where there is none, and the size of each satellite's shell and its shift at the seam.
    able : numpy.ndarray of bool, shape (N,)
        Satellites that count.

    Returns
    -------
    (T,) int32
        Satellite at each place, row by row of planes, shell after shell; -1 where there is none. Of two at one place
        the lower index.
    (S, 4) int64
        First row of each shell, planes, places, shift at the seam.
    """
    held = np.flatnonzero(able & (shell >= 0) & (plane >= 0) & (place >= 0))[::-1]
    _, last, which = np.unique(shell[held], return_index=True, return_inverse=True)
    size = np.stack([planes[held][last], places[held][last], seam[held][last]], axis=1).reshape(-1, 3)
    area = size[:, 0] * size[:, 1]
    first = np.cumsum(area) - area
    table = np.full(int(area.sum()), -1, np.int32)
    # Written from the highest index down, so that the lowest stays.
    table[first[which] + plane[held] * size[which, 1] + place[held]] = held
    return table, np.ascontiguousarray(np.concatenate([first[:, None], size], axis=1))


@kernel("int64(int32[::1], int64, int64, int64, int64[::1], int32[:,::1], int64)")
def _rings(table: Int32Array, first: int, planes: int, places: int, free: IntArray, pair: Int32Array, made: int) -> int:
    """Link each satellite to the next in its plane, over empty places."""
    for p in range(planes):
        begin, before, count = -1, -1, 0
        for s in range(places + 1):
            at = table[first + p * places + s] if s < places else begin
            if at < 0 or (s == places and count < 3):
                continue
            if before >= 0 and free[before] > 0 and free[at] > 0:
                pair[made, 0], pair[made, 1] = min(before, at), max(before, at)
                free[before] -= 1
                free[at] -= 1
                made += 1
            begin = at if begin < 0 else begin
            before = at
            count += 1
    return made


@kernel(
    "int64(int32[::1], int64[::1], boolean, int64, int64, boolean, int64[::1], boolean[:,::1], int32[:,::1], int64)"
)
def _across(
    table: Int32Array,
    shell: IntArray,
    close_seam: bool,
    shift: int,
    off: int,
    empty_only: bool,
    free: IntArray,
    used: Mask,
    pair: Int32Array,
    made: int,
) -> int:
    """Link each satellite to place + shift + off of the next plane that has satellites.

    With `empty_only`, only where place + shift is empty, and only satellites that have no link on that side.
    """
    first, planes, places, seam = shell[0], shell[1], shell[2], shell[3]
    held = np.empty(planes, np.int64)
    occupied = 0
    for p in range(planes):
        for s in range(places):
            if table[first + p * places + s] >= 0:
                held[occupied] = p
                occupied += 1
                break
    for i in range(occupied):
        p = held[i]
        # Of two planes the seam is the link that there is already.
        if i + 1 == occupied and (not close_seam or occupied < 3):
            break
        q = held[(i + 1) % occupied]
        for s in range(places):
            a = table[first + p * places + s]
            to = s + shift + (seam if q < p else 0)
            b = table[first + q * places + (to + off) % places]
            if a < 0 or b < 0 or free[a] <= 0 or free[b] <= 0:
                continue
            if empty_only and (table[first + q * places + to % places] >= 0 or used[0, a] or used[1, b]):
                continue
            pair[made, 0], pair[made, 1] = min(a, b), max(a, b)
            free[a] -= 1
            free[b] -= 1
            used[0, a] = used[1, b] = True
            made += 1
    return made


@kernel("int64(int32[::1], int64[:,::1], boolean, int64, int64[::1], int32[:,::1])")
def _plus_grid(
    table: Int32Array, shells: IntArray, close_seam: bool, shift: int, free: IntArray, pair: Int32Array
) -> int:
    made = 0
    used = np.zeros((2, free.size), np.bool_)
    for k in range(shells.shape[0]):
        shell = shells[k]
        made = _rings(table, shell[0], shell[1], shell[2], free, pair, made)
        made = _across(table, shell, close_seam, shift, 0, False, free, used, pair, made)
        if shell[2] > 2:
            for off in range(1, max(1, shell[2] * _ASIDE_DEG // 360) + 1):
                made = _across(table, shell, close_seam, shift, -off, True, free, used, pair, made)
                made = _across(table, shell, close_seam, shift, off, True, free, used, pair, made)
    return made


@kernel("int64(int32[::1], int64[:,::1], boolean, int64, int64[::1], int32[:,::1])")
def _zigzag(table: Int32Array, shells: IntArray, close_seam: bool, shift: int, free: IntArray, pair: Int32Array) -> int:
    made = 0
    used = np.zeros((2, free.size), np.bool_)
    for k in range(shells.shape[0]):
        made = _across(table, shells[k], close_seam, shift, 0, False, free, used, pair, made)
        if shells[k, 2] > 1:
            made = _across(table, shells[k], close_seam, shift, 1, False, free, used, pair, made)
    return made


def plus_grid_pairs(table: Table, close_seam: bool, shift: int, free: IntArray) -> Int32Array:
    """Links of the +Grid, (E, 2) int32, of satellites with `free` (N,) terminals."""
    return _pairs(_plus_grid, table, close_seam, shift, free)


def zigzag_pairs(table: Table, close_seam: bool, shift: int, free: IntArray) -> Int32Array:
    """Links of the zigzag, (E, 2) int32, of satellites with `free` (N,) terminals."""
    return _pairs(_zigzag, table, close_seam, shift, free)


def _pairs(kind: object, table: Table, close_seam: bool, shift: int, free: IntArray) -> Int32Array:
    left = np.array(free, np.int64)
    pair = np.empty((int(left.sum()) // 2, 2), np.int32)
    return pair[: kind(table[0], table[1], close_seam, shift, left, pair)]  # type: ignore[operator]
