"""The nearest end of every satellite, such as its nearest gateway."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bentpipe.kernel import kernel
from bentpipe.network.bucketsearch import IndexArray
from bentpipe.network.mesh import Entries, FloatArray, Int32Array, Mesh
from bentpipe.network.meshinput import check_entries
from bentpipe.network.shortest import trees


class Nearest(NamedTuple):
    """The nearest of all entries from each of N satellites.

    Parameters
    ----------
    cost_m : (N,) float64
        Cost of the path down to the ground, m; inf where there is none.
    entry : (N,) int32
        Row of the entries that the path uses; -1 where there is no path.
    previous : (N,) int32
        The next satellite towards the ground; -1 at the satellite where it goes down, or where there is no path.
    lasers : (N,) int32
        Lasers of the path; -1 where there is no path.
    """

    cost_m: FloatArray
    entry: Int32Array
    previous: Int32Array
    lasers: Int32Array


@kernel("void(float64[::1], int32[::1], uint32[::1], float64[::1], int32[::1], int32[::1])")
def _entries_used(
    cost: FloatArray,
    previous: Int32Array,
    entry: IndexArray,
    entry_cost: FloatArray,
    used: Int32Array,
    lasers: Int32Array,
) -> None:
    """Entry and number of lasers of every satellite, each walked once."""
    for p in range(entry.size):
        s = entry[p]
        if used[s] < 0 and previous[s] < 0 and entry_cost[p] == cost[s] and cost[s] < math.inf:
            used[s], lasers[s] = p, 0
    stack = np.empty(cost.size, np.int32)
    for s in range(cost.size):
        v, depth = np.int32(s), 0
        while lasers[v] < 0 and previous[v] >= 0:
            stack[depth] = v
            depth += 1
            v = previous[v]
        while depth > 0:
            depth -= 1
            used[stack[depth]], lasers[stack[depth]] = used[v], lasers[v] + 1
            v = stack[depth]


def nearest(mesh: Mesh, cost_m: FloatArray, entries: Entries) -> Nearest:
    """The nearest end of every satellite, by one search from all entries together.

    Parameters
    ----------
    mesh : Mesh
        E lasers between N satellites.
    cost_m : (E,) float64
        Cost of each laser, above zero, m; inf for a laser that carries nothing.
    entries : Entries
        Entries of all ends, such as gateways; what an end costs itself (fibre to a point of presence, m of
        vacuum) is added to its entries by the caller.

    Returns
    -------
    Nearest

    Raises
    ------
    InputError
        Costs or entries that do not fit the mesh.
    """
    ends = check_entries(mesh, entries)
    count = ends.stop - ends.start
    row = np.repeat(ends.start - np.cumsum(count) + count, count) + np.arange(count.sum())
    every = Entries(np.zeros(1, np.int64), np.array([len(row)]), ends.satellite[row], ends.cost_m[row])
    found = trees(mesh, cost_m, every, method="bucket")
    cost, previous = found.cost_m[0], found.previous[0]
    used, lasers = np.full(mesh.satellites, -1, np.int32), np.full(mesh.satellites, -1, np.int32)
    _entries_used(cost, previous, every.satellite.view(np.uint32), every.cost_m, used, lasers)
    return Nearest(cost, np.append(row, -1)[used].astype(np.int32), previous, lasers)
