"""Drop rate and round trip of a link, one sample a second, as a dish reports them.

A dish pings its point of presence some 15 times a second: the drop rates of a real history (June 2024) are multiples
of 1/13 to 1/17, most often of 1/15. Here they leave evenly, each meets what the link offers in its frame, and the
second reports the share lost and the mean round trip of the others.
"""

from __future__ import annotations

import threading
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bentpipe.linkqueue.series import LinkSeries, slot_steps

FloatArray = NDArray[np.float64]

PINGS_PER_S: Final = 15
"""Pings a second: see the module."""

PHASE: Final = 0.51
"""When a ping leaves, in its share of the second: a share is 50 frames, so this is the middle of one of them, and
rounding never decides which."""


class LinkSamples:
    """Samples of a link, drawn when first asked for and kept.

    Parameters
    ----------
    series : LinkSeries
        T slots; second 0 begins with the first.
    """

    def __init__(self, series: LinkSeries) -> None:
        self.series = series
        count = int(len(series) * series.slot_s + 1e-9)
        self._drop, self._latency = np.full(count, np.nan), np.full(count, np.nan)
        self._known = np.zeros(count, np.bool_)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Count whole seconds."""
        return len(self._known)

    def between(self, first: int, stop: int) -> tuple[FloatArray, FloatArray]:
        """Samples of some seconds.

        Parameters
        ----------
        first, stop : int
            Seconds since the start of the series, 0 to its length.

        Returns
        -------
        drop_rate : (N,) float64
            Share of the pings lost, 0 to 1.
        latency_s : (N,) float64
            Mean round trip of those answered, s; NaN where none was.
        """
        with self._lock:
            missing = first + np.flatnonzero(~self._known[first:stop])
            if len(missing):
                low, high = int(missing[0]), int(missing[-1]) + 1
                self._drop[low:high], self._latency[low:high] = second_samples(self.series, low, high)
                self._known[low:high] = True
            return self._drop[first:stop].copy(), self._latency[first:stop].copy()


def second_samples(series: LinkSeries, first: int, stop: int) -> tuple[FloatArray, FloatArray]:
    """Draw the samples of some seconds; as `LinkSamples.between`, which keeps them.

    Parameters
    ----------
    series : LinkSeries
        T slots.
    first, stop : int
        Seconds since its start.

    Returns
    -------
    drop_rate, latency_s : (N,) float64
        Share of the pings lost; mean round trip of the others, s, NaN where there is none.
    """
    leave_s = first + (np.arange((stop - first) * PINGS_PER_S) + PHASE) / PINGS_PER_S
    slot = np.minimum((leave_s / series.slot_s).astype(np.int64), len(series) - 1)
    passed, round_trip = np.zeros(len(leave_s)), np.zeros(len(leave_s))
    for i in np.unique(slot[series.connected[slot]]):
        steps = slot_steps(series, int(i))
        pings = slot == i
        step = np.searchsorted(steps.start_s, leave_s[pings] - i * series.slot_s, side="right") - 1
        passed[pings] = ((1.0 - steps.down_loss) * (1.0 - steps.up_loss))[step]
        round_trip[pings] = (steps.down_s + steps.up_s)[step]
    by_second = (stop - first, PINGS_PER_S)
    came = passed.reshape(by_second).sum(axis=1)
    total = (passed * round_trip).reshape(by_second).sum(axis=1)
    latency = np.divide(total, came, out=np.full(len(came), np.nan), where=came > 0.0)
    return 1.0 - came / PINGS_PER_S, latency
