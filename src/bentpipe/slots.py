"""Slots: the scheduling interval, numbered from a fixed epoch, so that a slot has one number in every run."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Unix time of 2000-01-01T00:00:00Z, from which slots are counted.
EPOCH_UNIX_S = 946_684_800.0


@dataclass(frozen=True)
class SlotClock:
    """The grid of scheduling intervals.

    Parameters
    ----------
    interval_s : float
        Length of a slot, s. Starlink's is 15 s (measured, three independent traces).
    offset_s : float
        Start of slot 0 after 2000-01-01T00:00:00Z, s. Starlink's boundaries lie at :12 :27 :42 :57.
    """

    interval_s: float = 15.0
    offset_s: float = 12.0

    def start_unix_s(self, slots: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Unix time of the start of each slot, s, same shape as `slots`."""
        return EPOCH_UNIX_S + self.offset_s + self.interval_s * np.asarray(slots, np.float64)

    def start_utc(self, slots: npt.ArrayLike) -> npt.NDArray[np.datetime64]:
        """Start of each slot as datetime64[ms] UTC, same shape as `slots`."""
        ms = np.round(self.start_unix_s(slots) * 1000.0).astype(np.int64)
        return ms.astype("datetime64[ms]")

    def containing(self, unix_s: float) -> int:
        """Number of the slot that holds a Unix time (s)."""
        return math.floor((unix_s - EPOCH_UNIX_S - self.offset_s) / self.interval_s + 1e-6)

    def starting_from(self, unix_s: float, duration_s: float) -> range:
        """Slots that start within ``[unix_s, unix_s + duration_s)``.

        Parameters
        ----------
        unix_s : float
            Start of the span, s.
        duration_s : float
            Length of the span, s.

        Returns
        -------
        range
            Absolute slot numbers; a span that no slot starts in gives the slot that holds its start.
        """
        first = -math.floor(-((unix_s - EPOCH_UNIX_S - self.offset_s) / self.interval_s - 1e-6))
        last = -math.floor(-((unix_s + duration_s - EPOCH_UNIX_S - self.offset_s) / self.interval_s - 1e-6))
        if last <= first:
            held = self.containing(unix_s)
            return range(held, held + 1)
        return range(first, last)


#: Values of one variable in a block, about: it bounds the memory.
BLOCK_VALUES = 1_000_000
_LENGTHS = (240, 120, 60, 40, 20)


def block_length(values: int) -> int:
    """Slots in a block, so that its memory stays bounded.

    Parameters
    ----------
    values : int
        Values of a kind that a slot holds: cells and sites, say.

    Returns
    -------
    int
    """
    return next((n for n in _LENGTHS if n * values <= BLOCK_VALUES), _LENGTHS[-1])
