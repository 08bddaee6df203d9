"""Paths between all ends of a slot, what they cost and add up to, without keeping trees."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel
from bentpipe.network.bucketsearch import IndexArray
from bentpipe.network.mesh import Entries, FloatArray, Int32Array, IntArray, Mesh
from bentpipe.network.searchplan import Method, by_labels, prepare_search
from bentpipe.network.sweeps import LabelBuffers, Quads
from bentpipe.network.treepaths import HashArray, mixed


class PairPaths(NamedTuple):
    """Least-cost paths between K ends; no path on the diagonal.

    Parameters
    ----------
    cost_m : (K, K) float64
        Cost, m; NaN where there is no path, 0 on the diagonal.
    leaving : (K, K) int32
        The satellite at which the path goes down to its destination, the lowest index among equals; -1 for no path.
    value : (K, K) float64
        Sum of the lasers' values, in their unit; 0 for a path without lasers, NaN for no path.
    lasers : (K, K) int32
        Lasers of the path; -1 for no path.
    mark : (K, K) uint64
        Hash of the path's satellites, see `bentpipe.network.treepaths.PathMeasures`; 0 for no path.
    """

    cost_m: FloatArray
    leaving: Int32Array
    value: FloatArray
    lasers: Int32Array
    mark: HashArray


@kernel(
    "void(int64[::1], int64[::1], uint32[::1], float64[::1], int64, int64, float64[:,::1],float64[:,::1], int32[:,::1])"
)
def _leave(
    start: IntArray,
    stop: IntArray,
    entry: IndexArray,
    entry_cost: FloatArray,
    begin: int,
    end: int,
    label: FloatArray,
    cost: FloatArray,
    leaving: Int32Array,
) -> None:
    """Costs to all ends, and the satellites at which they are reached."""
    lanes = label.shape[1]
    least, at = np.empty(lanes), np.empty(lanes, np.int32)
    for j in range(start.size):
        least[:] = math.inf
        at[:] = -1
        for p in range(start[j], stop[j]):
            row, c, s = label[entry[p]], entry_cost[p], np.int32(entry[p])
            for lane in range(lanes):
                x, now = row[lane] + c, least[lane]
                better = (x < now) | ((x == now) & (s < at[lane]))
                least[lane] = x if better else now
                at[lane] = s if better else at[lane]
        for k in range(begin, end):
            same, found = k == j, least[k - begin]
            cost[k, j] = 0.0 if same else (found if found < math.inf else math.nan)
            leaving[k, j] = -1 if same else at[k - begin]


@kernel("int64(uint32[::1], uint32[:,::1], float64[:,::1], int64, int64, float64, float64[:,::1])")
def _arc_before(
    first: IndexArray,
    neighbour: IndexArray,
    cost: FloatArray,
    satellite: int,
    lane: int,
    entry_cost: float,
    label: FloatArray,
) -> int:
    """Place among the lasers of the one that a label comes over; -1 where it comes from the ground."""
    here, found = label[satellite, lane], -1
    if here == entry_cost:
        return -1
    for g in range(first[satellite], first[satellite + 1]):
        for q in range(4):
            there = label[neighbour[g, q], lane]
            if there + cost[g, q] == here and there < here:
                found = 4 * g + q
    return found


@kernel(
    "void(uint32[::1], uint32[:,::1], float64[:,::1], int32[:,::1], int64[::1], int64[::1], uint32[::1], float64[::1],"
    "int64, int64, float64[:,::1], float64[::1], int32[:,::1], float64[:,::1], int32[:,::1], uint64[:,::1])"
)
def _measure(
    first: IndexArray,
    neighbour: IndexArray,
    cost: FloatArray,
    laser: Int32Array,
    start: IntArray,
    stop: IntArray,
    entry: IndexArray,
    entry_cost: FloatArray,
    begin: int,
    end: int,
    label: FloatArray,
    value: FloatArray,
    leaving: Int32Array,
    out_value: FloatArray,
    out_lasers: Int32Array,
    out_mark: HashArray,
) -> None:
    """Walk the paths of a tile back, each satellite of an end's tree once."""
    n = label.shape[0]
    known, stack, arc = np.full(n, -1, np.int64), np.empty(n, np.int32), np.empty(n, np.int64)
    total, lasers, mark = np.empty(n), np.empty(n, np.int32), np.empty(n, np.uint64)
    down = np.full(n, math.inf)
    for k in range(begin, end):
        for p in range(start[k], stop[k]):
            down[entry[p]] = min(down[entry[p]], entry_cost[p])
        for j in range(leaving.shape[1]):
            v, depth = int(np.int64(leaving[k, j])), 0
            if v < 0:
                out_value[k, j], out_lasers[k, j], out_mark[k, j] = math.nan, -1, np.uint64(0)
                continue
            while v >= 0 and known[v] != k:
                stack[depth] = v
                arc[depth] = _arc_before(first, neighbour, cost, v, k - begin, down[v], label)
                v = int(np.int64(neighbour[arc[depth] // 4, arc[depth] % 4])) if arc[depth] >= 0 else -1
                depth += 1
            while depth > 0:
                depth -= 1
                s = int(np.int64(stack[depth]))
                known[s] = k
                if v < 0:
                    total[s], lasers[s], mark[s] = 0.0, 0, mixed(np.uint64(0), s)
                else:
                    over = laser[arc[depth] // 4, arc[depth] % 4]
                    total[s], lasers[s], mark[s] = total[v] + value[over], lasers[v] + 1, mixed(mark[v], s)
                v = s
            out_value[k, j], out_lasers[k, j], out_mark[k, j] = total[v], lasers[v], mark[v]
        for p in range(start[k], stop[k]):
            down[entry[p]] = math.inf


def paths_between(
    mesh: Mesh,
    cost_m: FloatArray,
    entries: Entries,
    value: FloatArray,
    threads: int = 1,
    method: Method | None = None,
    orders: npt.ArrayLike | None = None,
    buffers: LabelBuffers | None = None,
) -> PairPaths:
    """Least-cost paths of every pair of ends: what `trees`, `pairs_between` and `path_measures` give, bit for bit.

    Trees are not kept: with 100 ends and 10,000 satellites it takes half the time and memory.

    Parameters
    ----------
    mesh, cost_m, entries, threads, method, orders, buffers
        As for `bentpipe.network.shortest.trees`.
    value : (E,) float64
        Value of each laser to be added up along paths, such as its length where the cost is something else.

    Returns
    -------
    PairPaths

    Raises
    ------
    InputError
        As for `bentpipe.network.shortest.trees`, or values that do not fit the mesh.
    """
    given = prepare_search(mesh, cost_m, entries, threads, method, orders, buffers)
    per_laser = np.ascontiguousarray(value, np.float64)
    if per_laser.shape != given.cost.shape:
        raise InputError(Fault("every laser needs one value", "value", per_laser.shape, f"({len(mesh.pair)},)"))
    floats, whole = (np.empty((2, *(len(given.ends.start),) * 2), kind) for kind in (np.float64, np.int32))
    out = PairPaths(floats[0], whole[0], floats[1], whole[1], np.empty(whole[0].shape, np.uint64))

    def write(first: int, last: int, label: FloatArray, quads: Quads) -> None:
        _leave(*given.entry_arrays, first, last, label, out.cost_m, out.leaving)
        _measure(
            quads.first, quads.neighbour, quads.cost, quads.laser, *given.entry_arrays, first, last, label, per_laser,
            out.leaving, out.value, out.lasers, out.mark,
        )  # fmt: skip

    by_labels(given, write)
    return out
