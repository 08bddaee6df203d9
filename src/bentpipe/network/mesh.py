"""The mesh of lasers between satellites in one slot, and the ends that enter it from the ground.

A ground node never relays: a path is user link, lasers, user or feeder link. So a place on the ground is not a
node of the graph but a list of entries, satellites that it can use and what it costs to get there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel

IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]


class Mesh(NamedTuple):
    """E lasers between N satellites, both ways alike, as a list and by satellite.

    Parameters
    ----------
    pair : (E, 2) int32
        Satellites of each laser, the lower index first.
    length_m : (E,) float64
        Its length, m.
    offset : (N + 1,) int64
        Neighbours of satellite ``s`` are rows ``offset[s]:offset[s + 1]`` of the next two.
    neighbour, laser : (2 E,) int32
        The satellite at the other end, and the laser's row in `pair`.
    """

    pair: Int32Array
    length_m: FloatArray
    offset: IntArray
    neighbour: Int32Array
    laser: Int32Array

    @property
    def satellites(self) -> int:
        """Satellites, with or without lasers."""
        return len(self.offset) - 1


class Entries(NamedTuple):
    """Where K ends enter the mesh, P entries in all: those of end ``k`` are rows ``start[k]:stop[k]``.

    Parameters
    ----------
    start, stop : (K,) int64
        Rows of each end.
    satellite : (P,) int32
        Satellite that is entered.
    cost_m : (P,) float64
        What it costs to get there, m of vacuum: slant range, and fibre over its velocity factor.
    """

    start: IntArray
    stop: IntArray
    satellite: Int32Array
    cost_m: FloatArray


@kernel("void(int32[:,::1], int64[::1], int32[::1], int32[::1])")
def _by_satellite(pair: Int32Array, offset: IntArray, neighbour: Int32Array, laser: Int32Array) -> None:
    """Lasers by satellite, each list in the order of the lasers."""
    n = offset.size - 1
    for e in range(pair.shape[0]):
        offset[pair[e, 0] + 1] += 1
        offset[pair[e, 1] + 1] += 1
    for s in range(n):
        offset[s + 1] += offset[s]
    fill = offset[:n].copy()
    for e in range(pair.shape[0]):
        for side in range(2):
            s = pair[e, side]
            neighbour[fill[s]] = pair[e, 1 - side]
            laser[fill[s]] = e
            fill[s] += 1


def make_mesh(pair: Int32Array, length_m: FloatArray, satellites: int) -> Mesh:
    """Order lasers by satellite.

    Parameters
    ----------
    pair : (E, 2) int32
        Satellites of each laser, the lower index first, no pair twice.
    length_m : (E,) float64
        Lengths, m.
    satellites : int
        N.

    Returns
    -------
    Mesh
    """
    offset = np.zeros(satellites + 1, np.int64)
    neighbour, laser = np.empty(2 * len(pair), np.int32), np.empty(2 * len(pair), np.int32)
    pair = np.ascontiguousarray(pair, np.int32).reshape(-1, 2)
    _by_satellite(pair, offset, neighbour, laser)
    return Mesh(pair, np.ascontiguousarray(length_m, np.float64), offset, neighbour, laser)


def join_entries(ends: Sequence[tuple[Int32Array, FloatArray]]) -> Entries:
    """Put the entries of several ends one after the other.

    Parameters
    ----------
    ends : sequence of K ((P,) int32, (P,) float64)
        Satellites and costs (m) of each end.

    Returns
    -------
    Entries
    """
    count = np.array([len(satellite) for satellite, _ in ends], np.int64)
    stop = np.cumsum(count)
    satellite = np.concatenate([np.zeros(0, np.int32), *(s for s, _ in ends)]).astype(np.int32)
    cost = np.concatenate([np.zeros(0), *(c for _, c in ends)])
    return Entries(stop - count, stop, satellite, cost)


@kernel("void(int64[::1], int32[::1], int32[::1])")
def _components(offset: IntArray, neighbour: Int32Array, out: Int32Array) -> None:
    out[:] = -1
    queue = np.empty(out.size, np.int64)
    for seed in range(out.size):
        if out[seed] >= 0:
            continue
        out[seed], queue[0], head, tail = seed, seed, 0, 1
        while head < tail:
            here = queue[head]
            head += 1
            for k in range(offset[here], offset[here + 1]):
                if out[neighbour[k]] < 0:
                    out[neighbour[k]] = seed
                    queue[tail] = neighbour[k]
                    tail += 1


def components(mesh: Mesh) -> Int32Array:
    """Parts of the mesh that hang together.

    Parameters
    ----------
    mesh : Mesh
        N satellites.

    Returns
    -------
    (N,) int32
        The lowest index among the satellites that each can reach over lasers, its own included.
    """
    out = np.empty(mesh.satellites, np.int32)
    _components(mesh.offset, mesh.neighbour, out)
    return out
