"""Least-cost paths over a mesh: from ends on the ground into all satellites, and between the ends.

The cost of a laser and of an entry is whatever the caller gives: a length, a length and what a satellite takes to
forward, a number of hops. Results do not depend on the method nor on the number of threads; of two paths that cost
the same, to the last bit, the one whose previous satellite has the lower index is taken.

Two methods, one end after the other (`bentpipe.network.bucketsearch`) and up to 64 ends at once
(`bentpipe.network.sweeps`). Measured on one core of an AMD EPYC (Zen 4), us an end, 64 ends, Walker shells with +Grid:

===========  ======  =======================  ==================
satellites   bucket  sweep, reference orders  sweep, grid orders
===========  ======  =======================  ==================
1,584            37                        9                   5
4,408            95                       27                  15
10,000          220                       80                  37
===========  ======  =======================  ==================
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel
from bentpipe.network.bucketsearch import IndexArray, bucket_width, make_graph, search
from bentpipe.network.mesh import Entries, FloatArray, Int32Array, IntArray, Mesh
from bentpipe.network.meshinput import check_costs, check_entries
from bentpipe.network.sweeps import (
    Quads,
    check_orders,
    label_rows,
    lane_cuts,
    make_quads,
    reference_orders,
    settle,
    write_costs,
    write_trees,
)
from bentpipe.network.tiles import even_cuts, run_tiles

Method = Literal["bucket", "sweep"]

SWEEP_FROM = 32
"""Ends from which sweeps are taken: with 16, irregular meshes of 10,000 satellites are quicker by buckets."""

SWEEP_FROM_WITH_ORDERS = 8
"""The same where good orders are given."""

TILES_A_THREAD = 4
"""More tiles than threads, so that a thread that is held up by others on the machine leaves work to the rest."""


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


def _span(cost_m: FloatArray) -> float:
    """Largest difference of finite entry costs."""
    finite = cost_m[np.isfinite(cost_m)]
    return float(finite.max() - finite.min()) if len(finite) else 0.0


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


@kernel(
    "void(uint32[::1], uint32[::1], float64[::1], int64[::1], int64[::1], uint32[::1], float64[::1], float64, int64,"
    "int64, int64, float64[:,::1])"
)
def _costs_between(
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
) -> None:
    """Costs from the ends ``first:last`` to all ends."""
    n = offset.size - 1
    after, before = np.empty(n + buckets, np.uint32), np.empty(n + buckets, np.uint32)
    label, previous = np.empty(n), np.empty(n, np.int32)
    for k in range(first, last):
        search(
            offset, neighbour, arc_cost, entry, entry_cost, start[k], stop[k], width, buckets,
            label, previous, after, before,
        )  # fmt: skip
        for j in range(start.size):
            least = math.inf
            for p in range(start[j], stop[j]):
                least = min(least, label[entry[p]] + entry_cost[p])
            cost[k, j] = 0.0 if k == j else (least if least < math.inf else math.nan)


class _Search(NamedTuple):
    """What the methods start from."""

    mesh: Mesh
    cost: FloatArray
    ends: Entries
    threads: int
    orders: IndexArray | None

    @property
    def entry_arrays(self) -> tuple[IntArray, IntArray, IndexArray, FloatArray]:
        return self.ends.start, self.ends.stop, self.ends.satellite.view(np.uint32), self.ends.cost_m


def _prepare(
    mesh: Mesh,
    cost_m: FloatArray,
    entries: Entries,
    threads: int,
    method: Method | None,
    orders: npt.ArrayLike | None,
) -> tuple[Method, _Search]:
    """Check what is given, and choose a method."""
    if method not in (None, "bucket", "sweep"):
        raise InputError(Fault("unknown method", "method", method, '"bucket" or "sweep"'))
    cost, ends = check_costs(mesh, cost_m), check_entries(mesh, entries)
    checked = None if orders is None else check_orders(orders, mesh.satellites)
    enough = SWEEP_FROM if checked is None else SWEEP_FROM_WITH_ORDERS
    chosen: Method = method or ("sweep" if len(ends.start) >= enough else "bucket")
    return chosen, _Search(mesh, cost, ends, threads, checked)


def _by_bucket(given: _Search, work: Callable[..., object], *out: npt.NDArray[np.generic]) -> None:
    """Run a kernel that goes from end to end."""
    graph = make_graph(given.mesh, given.cost)
    width, buckets = bucket_width(given.cost, _span(given.ends.cost_m))
    count = len(given.ends.start)

    def tile(first: int, last: int) -> None:
        work(*graph, *given.entry_arrays, width, buckets, first, last, *out)

    run_tiles(tile, even_cuts(count, 1 if given.threads <= 1 else given.threads * TILES_A_THREAD), given.threads)


def _by_sweep(given: _Search, write: Callable[[int, int, FloatArray, Quads], object]) -> None:
    """Settle the labels of tile after tile, and have them written."""
    quads, orders = make_quads(given.mesh, given.cost), given.orders
    if orders is None:
        orders = reference_orders(make_graph(given.mesh, given.cost), given.cost)

    def tile(first: int, last: int) -> None:
        label, due = label_rows(given.mesh.satellites, last - first)
        settle(quads.first, quads.neighbour, quads.cost, orders, *given.entry_arrays, first, last, label, due)
        write(first, last, label, quads)

    run_tiles(tile, lane_cuts(len(given.ends.start), given.threads), given.threads)


def trees(
    mesh: Mesh,
    cost_m: FloatArray,
    entries: Entries,
    threads: int = 1,
    method: Method | None = None,
    orders: npt.ArrayLike | None = None,
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
    chosen, given = _prepare(mesh, cost_m, entries, threads, method, orders)
    shape = (len(given.ends.start), mesh.satellites)
    out = Trees(np.empty(shape), np.empty(shape, np.int32))
    if chosen == "bucket":
        _by_bucket(given, _trees, *out)
    else:
        _by_sweep(
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
) -> FloatArray:
    """Least cost of every pair of ends, without keeping trees: `between` in less time and memory.

    Parameters
    ----------
    mesh, cost_m, entries, threads, method, orders
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
    chosen, given = _prepare(mesh, cost_m, entries, threads, method, orders)
    out = np.empty((len(given.ends.start),) * 2)
    if chosen == "bucket":
        _by_bucket(given, _costs_between, out)
    else:
        _by_sweep(given, lambda first, last, label, _: write_costs(*given.entry_arrays, first, last, label, out))
    return out
