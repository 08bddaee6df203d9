"""How good a service is at the corners of boxes of links: where best and worst corner agree, so do all links between.

The measures get no better with more delay, more loss or less rate, so that a box of links whose best and worst corner
have the same rank has that rank throughout; only the others are computed one by one. The corners are the same for
every run, so that the verdict of a link depends on that link alone.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel
from bentpipe.service.measures import measure_of, rank_of

FloatArray = npt.NDArray[np.float64]
Ranks = npt.NDArray[np.uint8]

_RTTS, _DOWN, _UP = (0.005, 2.0, 17), (1e4, 1e10, 33), (1e4, 1e9, 8)
_LOSS: Final = (0.0, 0.001, 0.002, 0.004, 0.006, 0.008, 0.012, 0.02, 0.05, 0.2)
MANY: Final = 50_000
"""Links from which on the corners are worth computing."""


class Lattice(NamedTuple):
    """Ranks of S services at corners: round trips, s; losses; rates, bit/s, all rising.

    `rank` is (S, losses, round trips, down, up) uint8.
    """

    rtt_s: FloatArray
    loss: FloatArray
    down_bit_s: FloatArray
    up_bit_s: FloatArray
    rank: Ranks


@kernel(
    "void(float64[:, ::1], float64, float64[::1], float64[::1], float64[::1], float64[::1], uint8[:, :, :, :, ::1])"
)
def _fill(
    table: FloatArray,
    burst_s: float,
    rtt: FloatArray,
    loss: FloatArray,
    down: FloatArray,
    up: FloatArray,
    rank: Ranks,
) -> None:
    nothing = np.zeros(0)
    for s in range(table.shape[0]):
        for k in range(loss.size):
            for r in range(rtt.size):
                for d in range(down.size):
                    for u in range(up.size):
                        value = measure_of(table[s], rtt[r], loss[k], down[d], up[u], nothing, 1.0, burst_s)
                        rank[s, k, r, d, u] = rank_of(table[s], value)


@lru_cache(maxsize=8)
def lattice_of(rows: tuple[tuple[float, ...], ...], burst_s: float) -> Lattice:
    """Compute the ranks at the corners; the same services are computed once.

    Parameters
    ----------
    rows : tuple of S tuples of float
        Rows of `bentpipe.service.quality.needs_table`.
    burst_s : float
        Mean length of a burst of loss, s.

    Returns
    -------
    Lattice
        Of services that are a call or an exchange; ranks of the others are of no meaning.
    """
    axes = [np.geomspace(*axis) for axis in (_RTTS, _DOWN, _UP)]
    rtt, down, up = axes
    loss = np.array(_LOSS)
    rank = np.zeros((len(rows), len(loss), len(rtt), len(down), len(up)), np.uint8)
    _fill(np.array(rows, np.float64).reshape(len(rows), -1), burst_s, rtt, loss, down, up, rank)
    return Lattice(rtt, loss, down, up, rank)


def no_lattice(services: int) -> Lattice:
    """Return a lattice without boxes: every link is computed."""
    nothing = np.zeros(0)
    return Lattice(nothing, nothing, nothing, nothing, np.zeros((services, 0, 0, 0, 0), np.uint8))


@kernel()
def box_along(value: float, corners: FloatArray, even: bool) -> int:
    """Number of the box along one axis that holds a value; -1 for none. `even`: corners rise by an even factor."""
    last = corners.size - 1
    if last < 1 or not (corners[0] <= value <= corners[last]):
        return -1
    at = 0
    if even:
        step = math.log(corners[1] / corners[0])
        at = min(max(int(math.log(value / corners[0]) / step), 0), last - 1)
    while at > 0 and corners[at] > value:
        at -= 1
    while at < last - 1 and corners[at + 1] < value:
        at += 1
    return at
