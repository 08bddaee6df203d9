"""Least costs between ends on the ground, from the trees of `bentpipe.network.shortest`."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bentpipe.kernel import kernel
from bentpipe.network.bucketsearch import IndexArray
from bentpipe.network.mesh import Entries, FloatArray, Int32Array, IntArray
from bentpipe.network.shortest import Trees


class Pairs(NamedTuple):
    """Least-cost paths from K ends to M ends.

    Parameters
    ----------
    cost_m : (K, M) float64
        Cost, m; NaN where there is no path.
    leaving : (K, M) int32
        The satellite at which the path goes down to its destination, the lowest index among equals; -1 where there
        is no path.
    """

    cost_m: FloatArray
    leaving: Int32Array


@kernel("void(float64[:,::1], int64[::1], int64[::1], uint32[::1], float64[::1], float64[:,::1], int32[:,::1])")
def _to_ends(
    tree_cost: FloatArray,
    start: IntArray,
    stop: IntArray,
    entry: IndexArray,
    entry_cost: FloatArray,
    cost: FloatArray,
    leaving: Int32Array,
) -> None:
    for k in range(cost.shape[0]):
        for j in range(cost.shape[1]):
            least, at = math.inf, np.int64(-1)
            for p in range(start[j], stop[j]):
                s = entry[p]
                total = tree_cost[k, s] + entry_cost[p]
                if total < least or (total == least and at > np.int64(s)):
                    least, at = total, np.int64(s)
            cost[k, j] = least if at >= 0 else math.nan
            leaving[k, j] = at


def to_ends(trees: Trees, entries: Entries) -> Pairs:
    """Least cost from the ends of the trees to other ends.

    Parameters
    ----------
    trees : Trees
        From K ends into N satellites.
    entries : Entries
        Where M ends enter the mesh.

    Returns
    -------
    Pairs
        Shape (K, M).
    """
    shape = (len(trees.cost_m), len(entries.start))
    out = Pairs(np.empty(shape), np.empty(shape, np.int32))
    satellite = np.ascontiguousarray(entries.satellite, np.int32).view(np.uint32)
    _to_ends(trees.cost_m, entries.start, entries.stop, satellite, entries.cost_m, *out)
    return out


def pairs_between(trees: Trees, entries: Entries) -> Pairs:
    """Least cost of every pair of ends, and the satellite at which the destination is reached.

    Parameters
    ----------
    trees : Trees
        From K ends.
    entries : Entries
        Entries of the same ends.

    Returns
    -------
    Pairs
        Shape (K, K). On the diagonal the cost is 0 and no satellite is left (-1).
    """
    out = to_ends(trees, entries)
    np.fill_diagonal(out.cost_m, 0.0)
    np.fill_diagonal(out.leaving, -1)
    return out


def between(trees: Trees, entries: Entries) -> FloatArray:
    """Least cost of every pair of ends.

    Parameters
    ----------
    trees : Trees
        From K ends.
    entries : Entries
        Entries of the same ends.

    Returns
    -------
    (K, K) float64
        Cost, m; NaN where there is no path, 0 on the diagonal. Symmetric but for rounding (a sum is built up from
        the end of its row).
    """
    return pairs_between(trees, entries).cost_m
