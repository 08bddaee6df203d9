"""How a search over many ends is carried out: the method, the tiles, the threads."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel
from bentpipe.network.bucketsearch import IndexArray, bucket_width, make_graph, search
from bentpipe.network.mesh import Entries, FloatArray, IntArray, Mesh
from bentpipe.network.meshinput import check_costs, check_entries
from bentpipe.network.sweeps import (
    LANE_STEP,
    LabelBuffers,
    Quads,
    check_orders,
    lane_cuts,
    make_quads,
    reference_orders,
    settle,
)
from bentpipe.network.tiles import even_cuts, run_tiles

Method = Literal["bucket", "sweep"]

SWEEP_FROM = 32
"""Ends from which sweeps are taken: with 16, irregular meshes of 10,000 satellites are quicker by buckets."""

SWEEP_FROM_WITH_ORDERS = 8
"""The same where good orders are given."""

TILES_A_THREAD = 4
"""More tiles than threads, so that a thread that is held up by others on the machine leaves work to the rest."""


Write = Callable[[int, int, FloatArray, Quads], object]
"""Takes the first and last end of a tile, its labels (N, lanes) and the lasers."""

BucketPlan = tuple[
    IndexArray, IndexArray, FloatArray, IntArray, IntArray, IndexArray, FloatArray, float, int
]  # fmt: skip
"""Graph, entries, width and number of buckets."""


class Search(NamedTuple):
    """What was asked for, checked.

    Parameters
    ----------
    mesh : Mesh
        E lasers between N satellites.
    cost : (E,) float64
        Cost of each laser, m.
    ends : Entries
        Entries of K ends.
    threads : int
        Threads.
    method : {"bucket", "sweep"}
        Chosen.
    orders : (R, N) uint32 or None
        Orders of the sweeps that were given.
    buffers : LabelBuffers
        Memory for labels.
    """

    mesh: Mesh
    cost: FloatArray
    ends: Entries
    threads: int
    method: Method
    orders: IndexArray | None
    buffers: LabelBuffers

    @property
    def entry_arrays(self) -> tuple[IntArray, IntArray, IndexArray, FloatArray]:
        """The entries as the kernels take them."""
        return self.ends.start, self.ends.stop, self.ends.satellite.view(np.uint32), self.ends.cost_m

    @property
    def bucket_plan(self) -> BucketPlan:
        """What the bucket kernels take first."""
        width, buckets = bucket_width(self.cost, _span(self.ends.cost_m))
        return (*make_graph(self.mesh, self.cost), *self.entry_arrays, width, buckets)


def _span(cost_m: FloatArray) -> float:
    """Largest difference of finite entry costs."""
    finite = cost_m[np.isfinite(cost_m)]
    return float(finite.max() - finite.min()) if len(finite) else 0.0


def prepare_search(
    mesh: Mesh,
    cost_m: FloatArray,
    entries: Entries,
    threads: int,
    method: Method | None,
    orders: npt.ArrayLike | None,
    buffers: LabelBuffers | None,
) -> Search:
    """Check what is given, and choose a method.

    Parameters
    ----------
    mesh, cost_m, entries, threads, method, orders, buffers
        As for `bentpipe.network.shortest.trees`.

    Returns
    -------
    Search
    """
    if method not in (None, "bucket", "sweep"):
        raise InputError(Fault("unknown method", "method", method, '"bucket" or "sweep"'))
    cost, ends = check_costs(mesh, cost_m), check_entries(mesh, entries)
    checked = None if orders is None else check_orders(orders, mesh.satellites)
    enough = SWEEP_FROM if checked is None else SWEEP_FROM_WITH_ORDERS
    chosen: Method = method or ("sweep" if len(ends.start) >= enough else "bucket")
    return Search(mesh, cost, ends, threads, chosen, checked, buffers or LabelBuffers())


@kernel(
    "void(uint32[::1], uint32[::1], float64[::1], int64[::1], int64[::1], uint32[::1], float64[::1], float64, int64,"
    "int64, int64, float64[:,::1])"
)
def _settle_by_buckets(
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
    label: FloatArray,
) -> None:
    """Fill the labels of a tile as `bentpipe.network.sweeps.settle` does."""
    n = label.shape[0]
    after, before = np.empty(n + buckets, np.uint32), np.empty(n + buckets, np.uint32)
    row, previous = np.empty(n), np.empty(n, np.int32)
    label[:, last - first :] = math.inf
    for k in range(first, last):
        search(
            offset, neighbour, arc_cost, entry, entry_cost, start[k], stop[k], width, buckets,
            row, previous, after, before,
        )  # fmt: skip
        lane = k - first
        for s in range(n):
            label[s, lane] = row[s]


def by_bucket(given: Search, work: Callable[[int, int, BucketPlan], object]) -> None:
    """Have tiles of ends searched one end after the other.

    Parameters
    ----------
    given : Search
        What was asked for.
    work : callable
        Takes the first and last end of a tile, and what the bucket kernels take first.
    """
    plan, count = given.bucket_plan, len(given.ends.start)
    tiles = 1 if given.threads <= 1 else given.threads * TILES_A_THREAD
    run_tiles(lambda first, last: work(first, last, plan), even_cuts(count, tiles), given.threads)


def by_labels(given: Search, write: Write) -> None:
    """Settle the labels of tile after tile, by either method, and have them written.

    Parameters
    ----------
    given : Search
        What was asked for.
    write : callable
        Turns labels into results.
    """
    count, satellites, quads = len(given.ends.start), given.mesh.satellites, make_quads(given.mesh, given.cost)
    if given.method == "bucket":
        plan = given.bucket_plan

        def bucket_tile(first: int, last: int) -> None:
            with given.buffers.rows(satellites, last - first) as (label, _):
                _settle_by_buckets(*plan, first, last, label)
                write(first, last, label, quads)

        run_tiles(bucket_tile, even_cuts(count, -(-count // LANE_STEP)), given.threads)
        return
    orders = reference_orders(make_graph(given.mesh, given.cost), given.cost) if given.orders is None else given.orders

    def tile(first: int, last: int) -> None:
        with given.buffers.rows(satellites, last - first) as (label, due):
            settle(quads.first, quads.neighbour, quads.cost, orders, *given.entry_arrays, first, last, label, due)
            write(first, last, label, quads)

    run_tiles(tile, lane_cuts(count, given.threads), given.threads)
