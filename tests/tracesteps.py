"""Links for tests of services: steps of rate, delay, loss and outages."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.linkqueue import TraceSteps


def link(
    bit_s: ArrayLike,
    one_way_s: ArrayLike = 0.02,
    loss: ArrayLike = 0.0,
    start_s: ArrayLike = 0.0,
    back_loss: ArrayLike = 0.0,
) -> TraceSteps:
    """The same link both ways, losses apart; a rate of 0 is an outage."""
    rows = [np.atleast_1d(np.asarray(row, float)) for row in (start_s, bit_s, one_way_s, loss, back_loss)]
    start, rate, delay, down, up = (np.array(row) for row in np.broadcast_arrays(*rows))
    return TraceSteps(start, rate > 0.0, delay, delay.copy(), rate, rate.copy(), down, up)


def offered_bits(steps: TraceSteps, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bits that the way down offers between edges, s: an integral apart from the queue's own."""
    starts = np.append(steps.start_s, max(edges[-1], steps.start_s[-1]) + 1.0)
    sent = np.concatenate(([0.0], np.cumsum(np.diff(starts) * np.where(steps.connected, steps.down_bit_s, 0.0))))
    return np.diff(np.interp(edges, starts, sent))
