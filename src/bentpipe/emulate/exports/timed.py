"""What every export needs: the time that each step is kept, medians over a trace, room for a queue."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bentpipe.errors import Fault, InputError
from bentpipe.linkqueue import TraceSteps

FloatArray = NDArray[np.float64]

PACKET_BYTES: Final = 1500
"""Size of a packet where a format counts packets, bytes."""

QUEUE_S: Final = 0.1
"""Buffer of the link, s at its rate; assumed: 100 ms, as in the queues of ``queues.toml`` towards users."""

WAYS: Final = ("down", "up")
"""Towards the place, and from it."""


class Written(NamedTuple):
    """What an export wrote.

    Parameters
    ----------
    paths : tuple of pathlib.Path
        Files.
    lines : tuple of str
        How to use them, and what the format loses.
    """

    paths: tuple[Path, ...]
    lines: tuple[str, ...]


def kept(parts: Iterable[TraceSteps], duration_s: float) -> Iterator[tuple[TraceSteps, FloatArray]]:
    """Pair steps with the time that each is kept.

    Parameters
    ----------
    parts : iterable of TraceSteps
        In order.
    duration_s : float
        Length of the trace, s.

    Yields
    ------
    TraceSteps, ndarray of float64
        Steps, and s, above 0.

    Raises
    ------
    InputError
        The trace is longer than it says, or does not say how long it is.
    """
    if not math.isfinite(duration_s):
        remedy = "add a first line such as: # duration_s: 60"
        raise InputError(Fault("the trace does not say how long it is, so its last row has no end", remedy=remedy))
    held: TraceSteps | None = None
    for part in parts:
        if held is not None:
            yield held, np.diff(np.append(held.start_s, part.start_s[0]))
        held = part
    if held is None:
        raise InputError(Fault("the trace has no steps"))
    if held.start_s[-1] >= duration_s:
        raise InputError(Fault("the trace is longer than it says", "duration_s", duration_s))
    yield held, np.diff(np.append(held.start_s, duration_s))


def way_of(part: TraceSteps, way: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Take one way of some steps.

    Parameters
    ----------
    part : TraceSteps
        N steps.
    way : str
        "down" or "up".

    Returns
    -------
    tuple of (N,) float64
        Delay, s; rate, bit/s; share lost.
    """
    if way == "down":
        return part.down_s, part.down_bit_s, part.down_loss
    return part.up_s, part.up_bit_s, part.up_loss


def queue_packets(rate_bit_s: FloatArray, delay_s: FloatArray) -> NDArray[np.int64]:
    """Packets that a queue must hold: those on their way and those that wait.

    Parameters
    ----------
    rate_bit_s, delay_s : (N,) float64
        Rate, bit/s; delay one way, s.

    Returns
    -------
    (N,) int64
        Of 1,500 bytes; 100 at least, for small packets.
    """
    bits = rate_bit_s * (delay_s + QUEUE_S)
    return np.maximum(np.ceil(bits / (8 * PACKET_BYTES)), 100.0).astype(np.int64)


class Profile:
    """Medians and means of a trace over the time in which it is connected, gathered step by step."""

    def __init__(self) -> None:
        self.connected_s, self.total_s = 0.0, 0.0
        self._time: dict[str, dict[float, float]] = {}
        self._lost: dict[str, float] = dict.fromkeys(WAYS, 0.0)

    def add(self, part: TraceSteps, kept_s: FloatArray) -> None:
        """Take in some steps, each with the time that it is kept, s."""
        there = part.connected
        self.total_s += float(kept_s.sum())
        self.connected_s += float(kept_s[there].sum())
        for way in WAYS:
            delay, rate, loss = way_of(part, way)
            self._lost[way] += float((loss * kept_s)[there].sum())
            self._count(f"{way} delay", np.round(delay[there], 5), kept_s[there])
            self._count(f"{way} rate", np.round(rate[there], -3), kept_s[there])

    def _count(self, name: str, values: FloatArray, kept_s: FloatArray) -> None:
        times = self._time.setdefault(name, {})
        distinct, index = np.unique(values, return_inverse=True)
        for value, time in zip(distinct.tolist(), np.bincount(index, kept_s).tolist(), strict=False):
            times[value] = times.get(value, 0.0) + time

    def delay_s(self, way: str) -> float:
        """Median delay one way, s, to 10 us; NaN without a link."""
        return self._median(f"{way} delay")

    def rate_bit_s(self, way: str) -> float:
        """Median rate, bit/s, to 1 kbit/s; NaN without a link."""
        return self._median(f"{way} rate")

    def loss(self, way: str) -> float:
        """Mean share of packets lost, 0 to 1; NaN without a link."""
        return self._lost[way] / self.connected_s if self.connected_s else math.nan

    def _median(self, name: str) -> float:
        times = self._time.get(name, {})
        if not times:
            return math.nan
        values = sorted(times)
        below = np.cumsum([times[value] for value in values])
        return values[int(np.searchsorted(below, 0.5 * below[-1]))]


def beside(path: Path, ending: str) -> Path:
    """Name a file of a set: ``trace`` or ``trace.csv`` with the ending ``-down.csv`` gives ``trace-down.csv``.

    Parameters
    ----------
    path : pathlib.Path
        As the user gave it.
    ending : str
        What follows the name without its own ending.

    Returns
    -------
    pathlib.Path
    """
    return path.with_name(re.sub(r"\.(csv|txt|mahimahi)$", "", path.name, flags=re.IGNORECASE) + ending)
