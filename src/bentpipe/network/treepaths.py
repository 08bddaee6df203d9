"""Paths of trees of least cost: which satellites, what they add up to, and whether they changed."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel
from bentpipe.network.mesh import FloatArray, Int32Array, IntArray, Mesh

HashArray = npt.NDArray[np.uint64]

_MULTIPLIER, _WEYL = np.uint64(0xD256D193), np.uint64(0x9E3779B9)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


class PathMeasures(NamedTuple):
    """What the paths from K ends to M satellites add up to.

    Parameters
    ----------
    value : (K, M) float64
        Sum of the lasers' values, in their unit, from the entry on; 0 for a path without lasers, NaN for none.
    lasers : (K, M) int32
        Lasers; -1 where there is no path.
    mark : (K, M) uint64
        A hash of the indices of the satellites from the entry on, in their order: another path has another one (but
        for a chance of 2^-64). 0 where there is no path.
    """

    value: FloatArray
    lasers: Int32Array
    mark: HashArray


@kernel()
def mixed(mark: np.uint64, satellite: int) -> np.uint64:
    """Next state of the hash: Philox2x32 with 10 rounds (Salmon and others, SC 2011), the satellite its key.

    For each satellite a one-to-one map of 64-bit states. 32-bit words are held in 64 bits, so that nothing overflows.
    """
    first, second, key = mark & _LOW, mark >> _HALF, np.uint64(satellite)
    for _ in range(10):
        product = first * _MULTIPLIER
        first, second = (product >> _HALF) ^ key ^ second, product & _LOW
        key = (key + _WEYL) & _LOW
    return np.uint64(first | (second << _HALF))


@kernel(
    "void(int64[::1], int32[::1], int32[::1], int32[:,::1], float64[::1], int32[:,::1],"
    "float64[:,::1], int32[:,::1], uint64[:,::1])"
)
def _path_measures(
    offset: IntArray,
    neighbour: Int32Array,
    laser: Int32Array,
    previous: Int32Array,
    value: FloatArray,
    leaving: Int32Array,
    out_value: FloatArray,
    out_lasers: Int32Array,
    out_mark: HashArray,
) -> None:
    """Each satellite of a tree is walked over once, however many paths cross it."""
    n = previous.shape[1]
    known = np.full(n, -1, np.int64)
    stack = np.empty(n, np.int32)
    total = np.empty(n)
    lasers = np.empty(n, np.int32)
    mark = np.empty(n, np.uint64)
    for k in range(previous.shape[0]):
        for j in range(leaving.shape[1]):
            v, depth = leaving[k, j], 0
            if v < 0:
                out_value[k, j], out_lasers[k, j], out_mark[k, j] = math.nan, -1, np.uint64(0)
                continue
            while v >= 0 and known[v] != k:
                stack[depth] = v
                depth += 1
                v = previous[k, v]
            while depth > 0:
                depth -= 1
                s = stack[depth]
                known[s] = k
                if v < 0:
                    total[s], lasers[s], mark[s] = 0.0, 0, mixed(np.uint64(0), s)
                else:
                    a = offset[s]
                    while neighbour[a] != v:
                        a += 1
                    total[s], lasers[s] = total[v] + value[laser[a]], lasers[v] + 1
                    mark[s] = mixed(mark[v], s)
                v = s
            out_value[k, j], out_lasers[k, j], out_mark[k, j] = total[v], lasers[v], mark[v]


def path_measures(mesh: Mesh, previous: Int32Array, value: FloatArray, leaving: Int32Array) -> PathMeasures:
    """Sum any value of the lasers along paths, such as a delay where the cost was not the delay.

    Parameters
    ----------
    mesh : Mesh
        The mesh that the trees were found in.
    previous : (K, N) int32
        Trees from K ends, see `bentpipe.network.shortest.Trees`.
    value : (E,) float64
        Value of each laser, in any unit.
    leaving : (K, M) int32
        Satellites that the paths lead to, see `bentpipe.network.shortest.Pairs`; -1 for no path. A satellite that
        the tree does not reach is taken for an entry.

    Returns
    -------
    PathMeasures

    Raises
    ------
    InputError
        Arrays that do not fit the mesh.
    """
    per_laser = np.ascontiguousarray(value, np.float64)
    shapes = (previous.shape, per_laser.shape, leaving.shape)
    if shapes != ((len(leaving), mesh.satellites), (len(mesh.pair),), (len(previous), *leaving.shape[1:])):
        raise InputError(
            Fault("arrays do not fit the mesh", "previous, value, leaving", shapes, "(K, N), (E,), (K, M)")
        )
    shape = leaving.shape
    out = PathMeasures(np.empty(shape), np.empty(shape, np.int32), np.empty(shape, np.uint64))
    _path_measures(mesh.offset, mesh.neighbour, mesh.laser, previous, per_laser, leaving, *out)
    return out


def trace(previous_row: Int32Array, satellite: int) -> Int32Array:
    """Satellites of a path, from the entry to the satellite given.

    Parameters
    ----------
    previous_row : (N,) int32
        The tree of one end: the satellite before each, -1 at an entry.
    satellite : int
        The satellite that the path leads to; it must be one that the tree reaches.

    Returns
    -------
    (L + 1,) int32
        Satellites, L lasers.
    """
    path = [satellite]
    while (before := int(previous_row[path[-1]])) >= 0:
        path.append(before)
    return np.array(path[::-1], np.int32)
