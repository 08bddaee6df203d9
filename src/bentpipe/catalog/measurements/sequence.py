"""From replies with sequence numbers to the probes that were sent: answered and lost, each with its time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bentpipe.catalog.measurements.samples import FloatArray
from bentpipe.errors import Fault, InputError

WRAP = 65_536


@dataclass
class Train:
    """One run of a prober: what came back, in order of arrival.

    Parameters
    ----------
    sequence : list of int
        As written: 16 bits, beginning again at 0.
    sent_unix_s : list of float
        When each answered probe was sent, s; NaN where not told.
    rtt_s : list of float
        Round trips, s.
    silent : list of int
        Probes that the file says were not answered, as written.
    first : int or None
        Number of the first probe, where its beginning is known.
    transmitted : int or None
        Probes sent in all, where the file says so.
    elapsed_s : float or None
        Time from first to last, s, where the file says so.
    """

    sequence: list[int] = field(default_factory=list)
    sent_unix_s: list[float] = field(default_factory=list)
    rtt_s: list[float] = field(default_factory=list)
    silent: list[int] = field(default_factory=list)
    first: int | None = None
    transmitted: int | None = None
    elapsed_s: float | None = None
    duplicates: int = 0
    _high: int = -1

    def unwrapped(self, number: int) -> int:
        """Continue a number of 16 bits from the highest so far."""
        if self._high >= 0 and number < WRAP:
            number += (self._high - number + WRAP // 2) // WRAP * WRAP
        self._high = max(self._high, number)
        return number

    def answer(self, number: int, sent_unix_s: float, rtt_s: float) -> None:
        """Note a reply."""
        self.sequence.append(self.unwrapped(number))
        self.sent_unix_s.append(sent_unix_s)
        self.rtt_s.append(rtt_s)

    def silence(self, number: int) -> None:
        """Note a probe that the file says was not answered."""
        self.silent.append(self.unwrapped(number))


@dataclass(frozen=True)
class Probes:
    """Probes sent, in order.

    Parameters
    ----------
    number : (N,) int64
        Their numbers.
    sent_unix_s : (N,) float64
        s; NaN where nothing tells.
    rtt_s : (N,) float64
        s; NaN where lost.
    interval_s : float
        Median time between two probes, s; NaN where nothing tells.
    back : int
        How often the clock went back by more than 1 s.
    """

    number: np.ndarray
    sent_unix_s: FloatArray
    rtt_s: FloatArray
    interval_s: float
    back: int


def probes_of(train: Train, file: str = "") -> Probes:
    """Fill in what was lost: every number between the first and the last one.

    Parameters
    ----------
    train : Train
        At least one reply. A number that is answered twice counts once, by its first answer.
    file : str
        For the message.

    Returns
    -------
    Probes
        A lost probe's time lies on the line between those of its neighbours that were answered.

    Raises
    ------
    InputError
        Numbers so far apart that the file cannot be one series of probes.
    """
    answered, at = np.unique(np.array(train.sequence, np.int64), return_index=True)
    rtt, sent = np.array(train.rtt_s)[at], np.array(train.sent_unix_s)[at]
    low = int(answered[0]) if train.first is None else min(train.first, int(answered[0]))
    high = max([int(answered[-1]), *train.silent])
    most = max(1_000_000, 100 * len(answered))
    if train.transmitted is not None and train.transmitted <= most:
        high = max(high, low + train.transmitted - 1)
    if high - min([low, *train.silent]) > most:
        span = f"{low} to {high}, {len(answered)} answered"
        raise InputError(
            Fault("the numbers of the probes jump", file, span, f"at most {most:,} apart", "split the file")
        )
    number = np.arange(min([low, *train.silent]), high + 1)
    place = answered - number[0]
    all_rtt = np.full(len(number), np.nan)
    all_rtt[place] = rtt
    known = np.isfinite(sent)
    steps = np.diff(sent[known]) / np.diff(answered[known]) if known.sum() > 1 else np.zeros(0)
    interval = float(np.median(steps)) if len(steps) else np.nan
    if not len(steps) and train.elapsed_s is not None and len(number) > 1:
        interval = train.elapsed_s / (len(number) - 1)
    back = int(np.count_nonzero(steps < -1.0))
    times = np.full(len(number), np.nan)
    if known.any():
        times = np.interp(number, answered[known], sent[known])
        if np.isfinite(interval):
            before, after = number < answered[known][0], number > answered[known][-1]
            times[before] += (number[before] - answered[known][0]) * interval
            times[after] += (number[after] - answered[known][-1]) * interval
    return Probes(number, times, all_rtt, interval, back)
