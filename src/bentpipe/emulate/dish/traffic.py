"""Bits that a live link has carried, second by second of the run, for the dish to report."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray


class TrafficCount:
    """Count of bits by seconds of the run; a live link adds to it, the dish reads it.

    Parameters
    ----------
    seconds : int
        Length of the run, s.
    """

    def __init__(self, seconds: int) -> None:
        self._bits = np.zeros((2, seconds))
        self._lock = threading.Lock()

    def add(self, at_s: float, down_bit: float, up_bit: float) -> None:
        """Add what passed at a time.

        Parameters
        ----------
        at_s : float
            Since the run's start, s; outside the run it counts for nothing.
        down_bit, up_bit : float
            Bits towards the terminal and from it.
        """
        if 0.0 <= at_s < self._bits.shape[1]:
            with self._lock:
                self._bits[:, int(at_s)] += (down_bit, up_bit)

    def between(self, first: int, stop: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Rates of some seconds.

        Parameters
        ----------
        first, stop : int
            Seconds since the run's start.

        Returns
        -------
        down, up : (N,) float64
            Bit/s.
        """
        with self._lock:
            down, up = self._bits[:, first:stop].copy()
        return down, up
