"""Forwarding tables: where a satellite sends what is meant for another satellite, or for an end on the ground."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bentpipe.network.bucketsearch import make_graph
from bentpipe.network.mesh import FloatArray, Int32Array, Mesh
from bentpipe.network.meshinput import check_costs
from bentpipe.network.shortest import Trees
from bentpipe.network.sweeps import (
    LabelBuffers,
    check_orders,
    lane_cuts,
    make_quads,
    reference_orders,
    settle,
    write_next_hops,
)
from bentpipe.network.tiles import run_tiles

NONE = -1
"""There is no path."""

DOWN = -2
"""Down to the ground here."""


def forwarding_table(
    mesh: Mesh, cost_m: FloatArray, threads: int = 1, orders: npt.ArrayLike | None = None
) -> Int32Array:
    """Next hop from every satellite to every satellite on paths of least cost.

    Parameters
    ----------
    mesh : Mesh
        E lasers between N satellites.
    cost_m : (E,) float64
        Cost of each laser, above zero, m or any other unit; inf for a laser that carries nothing.
    threads : int
        Threads over destinations.
    orders : (R, N) int, optional
        Orders of the sweeps, see `bentpipe.network.shortest.trees`.

    Returns
    -------
    (N, N) int32
        Row: where it is; column: where it is to go; the value: the neighbour that it is sent to, itself on the
        diagonal, -1 where there is no path. Without loops: each column is the tree of one destination, and of
        equal paths the neighbour with the lower index is taken. 400 MB for 10,000 satellites.

    Raises
    ------
    InputError
        Costs or orders that do not fit the mesh.
    """
    cost, n = check_costs(mesh, cost_m), mesh.satellites
    quads = make_quads(mesh, cost)
    visited = reference_orders(make_graph(mesh, cost), cost) if orders is None else check_orders(orders, n)
    out, buffers = np.empty((n, n), np.int32), LabelBuffers()
    rows, every = np.arange(n + 1, dtype=np.int64), np.arange(n, dtype=np.uint32)

    def tile(first: int, last: int) -> None:
        with buffers.rows(n, last - first) as (label, due):
            settle(
                quads.first, quads.neighbour, quads.cost, visited, rows[:-1], rows[1:], every, np.zeros(n),
                first, last, label, due,
            )  # fmt: skip
            write_next_hops(quads.first, quads.neighbour, quads.cost, first, last, label, out)

    run_tiles(tile, lane_cuts(n, threads), threads)
    return out


def next_hops_down(trees: Trees) -> Int32Array:
    """Next hop from every satellite to ends on the ground.

    Parameters
    ----------
    trees : Trees
        Least-cost paths from K ends into N satellites: the way down is the way up backward.

    Returns
    -------
    (N, K) int32
        Row: where it is; column: the end; the value: the neighbour that it is sent to, -2 where it goes down to the
        ground from here, -1 where there is no path.
    """
    down = np.where(np.isfinite(trees.cost_m), np.int32(DOWN), np.int32(NONE))
    return np.ascontiguousarray(np.where(trees.previous >= 0, trees.previous, down).T)
