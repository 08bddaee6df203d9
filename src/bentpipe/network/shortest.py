"""Least-cost paths over a mesh: from ends on the ground into all satellites, and between the ends.

The cost of a laser and of an entry is whatever the caller gives: a length, a length and what a satellite takes to
forward, a number of hops. Results do not depend on the method nor on the number of threads; of two paths that cost
the same, to the last bit, the one whose previous satellite has the lower index is taken.

Two methods, one end after the other (`bentpipe.network.bucketsearch`) and up to 64 ends at once
(`bentpipe.network.sweeps`). Measured on one thread of an AMD EPYC (Zen 4, AVX-512), us an end, everything included, 64
ends all over Walker shells with +Grid; costs between ends, and trees:

===========  =========  =======================  ==================
satellites   bucket     sweep, reference orders  sweep, grid orders
===========  =========  =======================  ==================
1,584         32,  30                   13,  17              7,  10
4,408         88,  83                   45,  63             18,  34
10,000       204, 182                  101, 154             40,  78
===========  =========  =======================  ==================

Where satellites have lasers to whatever is nearest, sweeps gain less: 1.3 times as fast as buckets with 10,744
satellites and 48 ends, slower with 16 unless orders are given.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel
from bentpipe.network.bucketsearch import IndexArray, search
from bentpipe.network.mesh import Entries, FloatArray, Int32Array, IntArray, Mesh
from bentpipe.network.searchplan import Method, by_bucket, by_labels, prepare_search
from bentpipe.network.sweeps import LabelBuffers, write_costs, write_trees


class Trees(NamedTuple):
    """Least-cost paths from K ends into N satellites.

    Parameters
    ----------
    cost_m : (K, N) float64
        Cost of the entry and the lasers up to each satellite, m (or the unit of the costs given); inf where
        there is no path.
    previous : (K, N) int32
        The satellite before on the path from the end; -1 where the path enters the mesh at this satellite, or
        where there is no path.
    """

    cost_m: FloatArray
    previous: Int32Array


@kernel(
    "void(uint32[::1], uint32[::1], float64[::1], int64[::1], int64[::1], uint32[::1], float64[::1], float64, int64,"
    "int64, int64, float64[:,::1], int32[:,::1])"
)
def _trees(
    offset: IndexArray,
    neighbour: IndexArray,
    arc_cost: FloatArray,
    start: IntArray,
    stop: IntArray,
    entry: IndexArray,
    entry_cost: FloatArray,
    width: float,
    buckets: int,
    first: int,
    last: int,
    cost: FloatArray,
    previous: Int32Array,
) -> None:
    """Trees of the ends ``first:last``."""
    after = np.empty(cost.shape[1] + buckets, np.uint32)
    before = np.empty(cost.shape[1] + buckets, np.uint32)
    for k in range(first, last):
        search(
            offset, neighbour, arc_cost, entry, entry_cost, start[k], stop[k], width, buckets,
            cost[k], previous[k], after, before,
        )  # fmt: skip


def trees(
    mesh: Mesh,
    cost_m: FloatArray,
    entries: Entries,
    threads: int = 1,
    method: Method | None = None,
    orders: npt.ArrayLike | None = None,
    buffers: LabelBuffers | None = None,
) -> Trees:
    """Least-cost paths from each end into all satellites.

    Parameters
    ----------
    mesh : Mesh
        E lasers between N satellites.
    cost_m : (E,) float64
        Cost of each laser, above zero, m or any other unit; inf for a laser that carries nothing.
    entries : Entries
        Satellites that each of the K ends can enter, and what that costs in the same unit.
    threads : int
        Threads over ends.
    method : {"bucket", "sweep"}, optional
        By the number of ends where not given. It changes the time, not the results.
    orders : (R, N) int, optional
        Orders of the satellites for the sweeps, such as `bentpipe.network.sweeps.grid_orders`; those by distance
        from two satellites where not given. They change the time, not the results.
    buffers : LabelBuffers, optional
        Memory to use again from slot to slot.

    Returns
    -------
    Trees
        Exact to the rounding of sums in float64, built up from the end laser by laser.

    Raises
    ------
    InputError
        Costs, entries or orders that do not fit the mesh, or an unknown method.

    Notes
    -----
    Dijkstra (1959) with circular buckets (Dial, 1969), see `bentpipe.network.bucketsearch`, or sweeps (Qian, Zhang
    and Zhao, 2007), see `bentpipe.network.sweeps`.
    """
    given = prepare_search(mesh, cost_m, entries, threads, method, orders, buffers)
    shape = (len(given.ends.start), mesh.satellites)
    out = Trees(np.empty(shape), np.empty(shape, np.int32))
    if given.method == "bucket":
        by_bucket(given, lambda first, last, plan: _trees(*plan, first, last, *out))
    else:
        by_labels(
            given,
            lambda first, last, label, quads: write_trees(
                quads.first, quads.neighbour, quads.cost, *given.entry_arrays, first, last, label, *out
            ),
        )
    return out


def costs_between(
    mesh: Mesh,
    cost_m: FloatArray,
    entries: Entries,
    threads: int = 1,
    method: Method | None = None,
    orders: npt.ArrayLike | None = None,
    buffers: LabelBuffers | None = None,
) -> FloatArray:
    """Least cost of every pair of ends, without keeping trees: `between` in less time and memory.

    Parameters
    ----------
    mesh, cost_m, entries, threads, method, orders, buffers
        As for `trees`.

    Returns
    -------
    (K, K) float64
        What `between` gives, bit for bit: m; NaN where there is no path, 0 on the diagonal.

    Raises
    ------
    InputError
        As for `trees`.
    """
    given = prepare_search(mesh, cost_m, entries, threads, method, orders, buffers)
    out = np.empty((len(given.ends.start),) * 2)
    by_labels(given, lambda first, last, label, _: write_costs(*given.entry_arrays, first, last, label, out))
    return out
