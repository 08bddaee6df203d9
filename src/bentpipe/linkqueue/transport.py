"""Steps of a sender and of a managed queue, packet by packet: the window of CUBIC and of Reno, the drops of CoDel.

One code for the wait under load (:mod:`bentpipe.linkqueue.loaded`) and for a transfer driven in time. The window `w` of
a sender has six entries: window, threshold of slow start, highest window, start of the epoch (-1 for none), Reno's
window, and K; see :func:`fresh_window`.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bentpipe.kernel import kernel

WIDEST_WINDOW: Final = 60_000.0
"""Packets under way at most: 90 MB."""


@kernel()
def fresh_window() -> NDArray[np.float64]:
    """Window of a new connection: 10 packets (RFC 6928), in slow start without a threshold (RFC 5681)."""
    return np.array([10.0, 1e9, 0.0, -1.0, 10.0, 0.0])


@kernel()
def codel_drops(now: float, waited: float, target: float, interval: float, c: NDArray[np.float64]) -> bool:
    """Whether CoDel drops the packet whose turn it is; RFC 8289, section 5.

    `c` is its state: since when the wait is above the target (plus the interval; 0 for not), when to drop next, drops
    of this spell, drops of the last one, whether it drops.
    """
    above = False
    if waited < target:
        c[0] = 0.0
    elif c[0] == 0.0:
        c[0] = now + interval
    else:
        above = now >= c[0]
    if c[4] > 0.0:
        if not above:
            c[4] = 0.0
        elif now >= c[1]:
            c[2] += 1.0
            c[1] += interval / math.sqrt(c[2])
            return True
        return False
    if not above:
        return False
    c[4] = 1.0
    again = c[2] - c[3]
    c[2] = again if again > 1.0 and now - c[1] < 16.0 * interval else 1.0
    c[1] = now + interval / math.sqrt(c[2])
    c[3] = c[2]
    return True


@kernel()
def cubic_on_loss(w: NDArray[np.float64]) -> None:
    """Lower the window of CUBIC.

    With fast convergence; RFC 9438, sections 4.6 and 4.7.
    """
    w[2] = w[0] * 0.85 if w[0] < w[2] else w[0]
    w[0] = max(0.7 * w[0], 2.0)
    w[1], w[3], w[4] = w[0], -1.0, w[0]


@kernel()
def cubic_on_ack(now: float, rtt: float, w: NDArray[np.float64]) -> None:
    """Raise the window of CUBIC for one packet; RFC 9438, sections 4.2 to 4.5."""
    if w[0] < w[1]:
        w[0] = min(w[0] + 1.0, 60_000.0)
        return
    if w[3] < 0.0:
        w[3] = now
        w[2] = max(w[2], w[0])
        w[5] = ((w[2] - w[0]) / 0.4) ** (1.0 / 3.0)
    aim = w[2] + 0.4 * (now - w[3] + rtt - w[5]) ** 3
    w[4] += (0.5294117647058824 if w[4] < w[2] else 1.0) / w[0]
    if w[4] > aim:
        w[0] = max(w[0], w[4])
    else:
        w[0] += min(max(aim - w[0], 0.0), 0.5 * w[0]) / w[0]
    w[0] = min(w[0], 60_000.0)


@kernel()
def reno_on_loss(w: NDArray[np.float64]) -> None:
    """Halve the window; RFC 5681, section 3.1."""
    w[0] = max(0.5 * w[0], 2.0)
    w[1] = w[0]


@kernel()
def reno_on_ack(w: NDArray[np.float64]) -> None:
    """Raise the window of Reno for one packet: by one in slow start, else by one a window; RFC 5681, section 3.1."""
    w[0] = min(w[0] + (1.0 if w[0] < w[1] else 1.0 / w[0]), 60_000.0)
