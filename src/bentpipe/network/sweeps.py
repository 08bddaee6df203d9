"""Least-cost paths from many ends at once: Gauss-Seidel sweeps over all satellites, one end in each SIMD lane.

Row ``s`` of the labels holds the cost from every end of a tile to satellite ``s``, so that one pass over the lasers of
a satellite serves all ends with vector instructions. The satellites are visited in a few fixed orders, forward and
backward, and only where a neighbour's label fell since the last visit, until no label falls. Labels are then the
least sums of all paths, the same bit for bit as those of `bentpipe.network.bucketsearch`, whatever the orders; good
orders follow paths, so that a whole path settles in one sweep.

Orders by distance from a few reference points are those of fast sweeping on unstructured meshes (J. Qian, Y.-T. Zhang
and H.-K. Zhao, SIAM J. Numerical Analysis 45, 2007); a +Grid has better ones, by plane and place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel
from bentpipe.network.bucketsearch import Graph, bucket_width, search
from bentpipe.network.mesh import FloatArray, Int32Array, IntArray, Mesh
from bentpipe.network.tiles import even_cuts

IndexArray = npt.NDArray[np.uint32]
FlagArray = npt.NDArray[np.uint8]

LANES = 64
"""Ends of one tile at most. At 10,000 satellites 5 MB of labels; 32 and 96 lanes took 1.1 to 1.5 times as long."""

LANE_STEP = 16
"""Lanes of a tile are a multiple of this: two vectors of 512 bits, four of 256."""


MOST_PARTS = 8
"""Parts of a mesh that get references of their own; satellites of others are visited in any order."""


class Quads(NamedTuple):
    """Lasers in groups of four, as vector instructions take them: those of ``s`` are rows ``first[s]:first[s + 1]``.

    Parameters
    ----------
    first : (N + 1,) uint32
        Rows of each satellite.
    neighbour : (G, 4) uint32
        Satellites at the other ends, falling, so that of equal paths the last one found is the lowest.
    cost : (G, 4) float64
        Costs; inf where a group is not full.
    laser : (G, 4) int32
        The lasers' rows in the mesh.
    """

    first: IndexArray
    neighbour: IndexArray
    cost: FloatArray
    laser: Int32Array


@kernel(
    "void(int64[::1], int32[::1], int32[::1], float64[::1], uint32[::1], uint32[:,::1], float64[:,::1], int32[:,::1])"
)
def _fill_quads(
    offset: IntArray,
    neighbour: Int32Array,
    laser: Int32Array,
    laser_cost: FloatArray,
    first: IndexArray,
    to: IndexArray,
    cost: FloatArray,
    row: Int32Array,
) -> None:
    n = offset.size - 1
    cursor = np.empty(n, np.uint32)
    for s in range(n):
        cursor[s] = 4 * first[s]
    flat_to, flat_cost, flat_row = to.reshape(-1), cost.reshape(-1), row.reshape(-1)
    # Each satellite is handed to its neighbours, the highest first: their lists come out in falling order.
    for v in range(n - 1, -1, -1):
        for a in range(offset[v], offset[v + 1]):
            r = cursor[neighbour[a]]
            cursor[neighbour[a]] = r + np.uint32(1)
            flat_to[r], flat_cost[r], flat_row[r] = v, laser_cost[laser[a]], laser[a]
    for s in range(n):
        for r in range(cursor[s], 4 * first[s + 1]):
            # A neighbour, not the satellite itself, which would ask to be visited again.
            flat_to[r], flat_cost[r], flat_row[r] = flat_to[4 * first[s]], math.inf, flat_row[4 * first[s]]


def make_quads(mesh: Mesh, cost_m: FloatArray) -> Quads:
    """Lasers in groups of four.

    Parameters
    ----------
    mesh : Mesh
        E lasers between N satellites.
    cost_m : (E,) float64
        Their costs, m.

    Returns
    -------
    Quads
    """
    first = np.zeros(mesh.satellites + 1, np.uint32)
    np.cumsum((np.diff(mesh.offset) + 3) // 4, out=first[1:])
    shape = (int(first[-1]), 4)
    out = Quads(first, np.empty(shape, np.uint32), np.empty(shape), np.empty(shape, np.int32))
    _fill_quads(mesh.offset, mesh.neighbour, mesh.laser, cost_m, *out)
    return out


def reference_orders(graph: Graph, cost_m: FloatArray) -> IndexArray:
    """Three orders of any mesh: by distance from a satellite, and from two that are half as far away as there are any.

    Where lasers do not join all satellites, each part has references of its own, up to `MOST_PARTS`.

    Parameters
    ----------
    graph : Graph
        The mesh with its costs.
    cost_m : (E,) float64
        Costs of the lasers, m.

    Returns
    -------
    (3, N) uint32
        Satellites by distance.
    """
    n = len(graph.offset) - 1
    width, buckets = bucket_width(cost_m, 0.0)
    scratch = np.empty(n, np.int32), np.empty(n + buckets, np.uint32), np.empty(n + buckets, np.uint32)

    def distance(references: list[int]) -> FloatArray:
        row, at = np.empty(n), np.array(references, np.uint32)
        search(*graph, at, np.zeros(len(at)), 0, len(at), width, buckets, row, *scratch)
        return row

    away, off, parts = np.full((3, n), np.inf), np.zeros(n), list[IntArray]()
    left = graph.offset[1:] > graph.offset[:-1]
    while len(parts) < MOST_PARTS and left.any():
        row = distance([int(left.argmax())])
        parts.append(np.flatnonzero(np.isfinite(row)))
        away[0, parts[-1]] = row[parts[-1]]
        left[parts[-1]] = False
    for turn in (1, 2) if parts else ():
        for part in parts:
            row = away[turn - 1, part]
            off[part] += np.abs(row - 0.5 * row.max())
        away[turn] = distance([int(part[off[part].argmin()]) for part in parts])
    return away.argsort(axis=1).astype(np.uint32)


def grid_orders(plane: npt.ArrayLike, place: npt.ArrayLike) -> IndexArray:
    """Two orders of a +Grid: by plane and place, and by plane and falling place.

    Visited forward and backward they follow paths in all four directions.

    Parameters
    ----------
    plane, place : (N,) int
        Plane of each satellite, and its place in the plane.

    Returns
    -------
    (2, N) uint32
        Satellites in order.
    """
    planes, places = np.asarray(plane), np.asarray(place)
    return np.stack([np.lexsort((side, planes)) for side in (places, -places)]).astype(np.uint32)


def check_orders(orders: npt.ArrayLike, satellites: int) -> IndexArray:
    """The orders as an array of the kernels' type, or say what is wrong with them."""
    found, n = np.asarray(orders), satellites
    sound = found.ndim == 2 and found.shape[0] > 0 and found.shape[1] == n and np.issubdtype(found.dtype, np.integer)
    if n and sound:
        sound = found.min() >= 0 and found.max() < n and all(np.bincount(row, minlength=n).min() == 1 for row in found)
    if not sound:
        raise InputError(
            Fault("each order must name every satellite once", "orders", found.shape, f"(R, {n}) int, R >= 1")
        )
    return np.ascontiguousarray(found, np.uint32)


@kernel("int64(uint32[::1], uint32[:,::1], float64[:,::1], uint32[::1], boolean, int64, float64[:,::1], uint8[::1])")
def _sweep(
    first: IndexArray,
    neighbour: IndexArray,
    cost: FloatArray,
    order: IndexArray,
    backward: bool,
    lanes: int,
    label: FloatArray,
    due: FlagArray,
) -> int:
    """Visit the satellites that are due in one order; returns how many were.

    `lanes` is the length of a row of `label`: as a constant the loop would be unrolled, and not turned into vectors.
    """
    n = order.size
    visits = 0
    for j in range(n):
        s = order[n - 1 - j] if backward else order[j]
        if due[s] == 0:
            continue
        due[s] = 0
        visits += 1
        row = label[s]
        fell = 0
        for g in range(first[s], first[s + np.uint32(1)]):
            row0, row1 = label[neighbour[g, 0]], label[neighbour[g, 1]]
            row2, row3 = label[neighbour[g, 2]], label[neighbour[g, 3]]
            cost0, cost1, cost2, cost3 = cost[g, 0], cost[g, 1], cost[g, 2], cost[g, 3]
            for lane in range(lanes):
                now = row[lane]
                x, y = row0[lane] + cost0, row1[lane] + cost1
                z, w = row2[lane] + cost2, row3[lane] + cost3
                x = x if x < y else y
                z = z if z < w else w
                x = x if x < z else z
                fell |= x < now
                row[lane] = x if x < now else now
        if fell != 0:
            for g in range(first[s], first[s + np.uint32(1)]):
                for q in range(4):
                    due[neighbour[g, q]] = 1
    return visits


@kernel(
    "void(uint32[::1], uint32[:,::1], float64[:,::1], uint32[:,::1], int64[::1], int64[::1], uint32[::1], float64[::1],"
    "int64, int64, float64[:,::1], uint8[::1])"
)
def settle(
    first: IndexArray,
    neighbour: IndexArray,
    cost: FloatArray,
    orders: IndexArray,
    start: IntArray,
    stop: IntArray,
    entry: IndexArray,
    entry_cost: FloatArray,
    begin: int,
    end: int,
    label: FloatArray,
    due: FlagArray,
) -> None:
    """Fill `label` (N, lanes) with the costs from the ends ``begin:end``, inf in the lanes that are left over."""
    label[:] = math.inf
    due[:] = 0
    for k in range(begin, end):
        for p in range(start[k], stop[k]):
            s = entry[p]
            if entry_cost[p] < label[s, k - begin]:
                label[s, k - begin] = entry_cost[p]
                for g in range(first[s], first[s + np.uint32(1)]):
                    for q in range(4):
                        due[neighbour[g, q]] = 1
    turn, visits = 0, 1
    while visits > 0:
        order = orders[(turn // 2) % orders.shape[0]]
        visits = _sweep(first, neighbour, cost, order, turn % 2 == 1, label.shape[1], label, due)
        turn += 1


@kernel("void(uint32[::1], uint32[:,::1], float64[:,::1], int64, int64, float64[:,::1], int32[::1])")
def _previous(
    first: IndexArray,
    neighbour: IndexArray,
    cost: FloatArray,
    satellite: int,
    lanes: int,
    label: FloatArray,
    previous: Int32Array,
) -> None:
    """The neighbour that each lane's label comes from, the lowest of several; -1 for none."""
    row = label[satellite]
    for lane in range(lanes):
        previous[lane] = -1
    for g in range(first[satellite], first[satellite + 1]):
        for q in range(4):
            v, c = np.int32(neighbour[g, q]), cost[g, q]
            other = label[neighbour[g, q]]
            for lane in range(lanes):
                here = row[lane]
                comes = (other[lane] + c == here) & (other[lane] < here)
                previous[lane] = v if comes else previous[lane]


@kernel(
    "void(uint32[::1], uint32[:,::1], float64[:,::1], int64[::1], int64[::1], uint32[::1], float64[::1],"
    "int64, int64, float64[:,::1], float64[:,::1], int32[:,::1])"
)
def write_trees(
    first: IndexArray,
    neighbour: IndexArray,
    cost: FloatArray,
    start: IntArray,
    stop: IntArray,
    entry: IndexArray,
    entry_cost: FloatArray,
    begin: int,
    end: int,
    label: FloatArray,
    tree_cost: FloatArray,
    previous: Int32Array,
) -> None:
    """Turn settled labels into rows of trees."""
    n, lanes = label.shape
    comes_from = np.empty(lanes, np.int32)
    for s in range(n):
        _previous(first, neighbour, cost, s, lanes, label, comes_from)
        row = label[s]
        for lane in range(end - begin):
            tree_cost[begin + lane, s] = row[lane]
            previous[begin + lane, s] = comes_from[lane]
    for k in range(begin, end):
        for p in range(start[k], stop[k]):
            if entry_cost[p] == tree_cost[k, entry[p]]:
                previous[k, entry[p]] = -1


@kernel("void(int64[::1], int64[::1], uint32[::1], float64[::1], int64, int64, float64[:,::1], float64[:,::1])")
def write_costs(
    start: IntArray,
    stop: IntArray,
    entry: IndexArray,
    entry_cost: FloatArray,
    begin: int,
    end: int,
    label: FloatArray,
    cost: FloatArray,
) -> None:
    """Turn settled labels into costs to all ends."""
    lanes = label.shape[1]
    least = np.empty(lanes)
    for j in range(start.size):
        least[:] = math.inf
        for p in range(start[j], stop[j]):
            row, c = label[entry[p]], entry_cost[p]
            for lane in range(lanes):
                x, now = row[lane] + c, least[lane]
                least[lane] = x if x < now else now
        for k in range(begin, end):
            found = least[k - begin]
            cost[k, j] = 0.0 if k == j else (found if found < math.inf else math.nan)


@kernel("void(uint32[::1], uint32[:,::1], float64[:,::1], int64, int64, float64[:,::1], int32[:,::1])")
def write_next_hops(
    first: IndexArray,
    neighbour: IndexArray,
    cost: FloatArray,
    begin: int,
    end: int,
    label: FloatArray,
    next_hop: Int32Array,
) -> None:
    """Turn the settled labels of the satellites ``begin:end`` into columns of a forwarding table."""
    n, lanes = label.shape
    towards = np.empty(lanes, np.int32)
    for s in range(n):
        _previous(first, neighbour, cost, s, lanes, label, towards)
        for lane in range(end - begin):
            next_hop[s, begin + lane] = towards[lane]
        if begin <= s < end:
            next_hop[s, s] = s


def lane_cuts(count: int, threads: int) -> list[int]:
    """Tiles of at most `LANES` ends, as many for each thread."""
    tiles = -(-count // LANES)
    return even_cuts(count, max(1, -(-tiles // threads) * threads), LANE_STEP)


class LabelBuffers:
    """Memory for the labels of tiles, kept from search to search.

    Touching fresh memory takes as long as a good part of a search, and threads that do it at once stand in each
    other's way. Any number of threads may share one; it holds as many arrays as were ever in use at one time, 5 MB
    each for 64 ends and 10,000 satellites.
    """

    def __init__(self) -> None:
        self._free: list[tuple[FloatArray, FlagArray]] = []

    @contextmanager
    def rows(self, satellites: int, count: int) -> Iterator[tuple[FloatArray, FlagArray]]:
        """Labels of `count` ends in whole cache lines, and flags, both with anything in them.

        Parameters
        ----------
        satellites : int
            N.
        count : int
            Ends; the lanes are the next multiple of `LANE_STEP`.

        Yields
        ------
        label : (N, lanes) float64
        due : (N,) uint8
        """
        lanes = -(-count // LANE_STEP) * LANE_STEP
        try:
            room, due = self._free.pop()
        except IndexError:
            room, due = np.empty(0), np.empty(0, np.uint8)
        if len(room) < satellites * lanes + 8:
            room = np.empty(satellites * lanes + 8)
        if len(due) < satellites:
            due = np.empty(satellites, np.uint8)
        skip = -(room.ctypes.data // 8) % 8
        try:
            yield room[skip : skip + satellites * lanes].reshape(satellites, lanes), due[:satellites]
        finally:
            self._free.append((room, due))
