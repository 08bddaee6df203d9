"""What a live link did, and whether it may be believed: how late it was against its own plan, what it dropped."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

BINS_A_DECADE: Final = 40
"""Bins of a histogram of lateness a factor of ten: a quantile is given to 6 %."""
SMALLEST_S: Final = 1e-6
"""Upper edge of the lowest bin, s."""
LATE_LIMIT_S: Final = 5e-3
"""Lateness at the 99th percentile above which a run is not trusted by default, s: below the usual spread of delays
within a slot (assumed)."""


@dataclass
class Lateness:
    """Histogram of how much later than planned packets were let out, in bounded memory."""

    counts: dict[int, int] = field(default_factory=dict)
    number: int = 0
    largest_s: float = 0.0

    def add(self, late_s: float, number: int = 1) -> None:
        """Count packets.

        Parameters
        ----------
        late_s : float
            Time after the planned one, s; early counts as 0.
        number : int
            How many packets were so late.
        """
        bin_ = 0 if late_s <= SMALLEST_S else math.ceil(BINS_A_DECADE * math.log10(late_s / SMALLEST_S))
        self.counts[bin_] = self.counts.get(bin_, 0) + number
        self.number += number
        self.largest_s = max(self.largest_s, late_s)

    def quantile_s(self, probability: float) -> float:
        """Lateness that a part of the packets did not exceed.

        Parameters
        ----------
        probability : float
            0 to 1.

        Returns
        -------
        float
            Upper edge of the bin, s, at most the largest; 0 where nothing was counted.
        """
        left = probability * self.number
        for bin_ in sorted(self.counts):
            left -= self.counts[bin_]
            if left <= 0:
                return min(SMALLEST_S * float(10.0 ** (bin_ / BINS_A_DECADE)), self.largest_s)
        return self.largest_s


@dataclass
class Passage:
    """What went through one direction of a live link.

    Parameters
    ----------
    packets, bytes : int
        That have a time to come out at the far end; bytes with their headers.
    fates : (6,) int64
        Packets by :class:`~bentpipe.linkqueue.Fate`; the last entry counts drops by CoDel.
    lateness : Lateness
        Of those let out.
    """

    packets: int = 0
    bytes: int = 0
    fates: NDArray[np.int64] = field(default_factory=lambda: np.zeros(6, np.int64))
    lateness: Lateness = field(default_factory=Lateness)


@dataclass(frozen=True)
class WayVerdict:
    """One direction of a finished live link.

    Parameters
    ----------
    packets, bytes : int
        Let out at the far end, bytes with their headers.
    lost, queue_full, managed, outage, never : int
        Packets lost as the trace says; dropped at a full queue; dropped by the queue's management; dropped in an
        outage; sent after the last capacity.
    late_p50_s, late_p99_s, late_max_s : float
        How much later than planned packets were let out, s.
    """

    packets: int
    bytes: int
    lost: int
    queue_full: int
    managed: int
    outage: int
    never: int
    late_p50_s: float
    late_p99_s: float
    late_max_s: float


@dataclass(frozen=True)
class Verdict:
    """What a live link did, and whether it may be believed.

    Parameters
    ----------
    how : str
        What carried the traffic, such as ``"relay"``.
    ran_s : float
        How long it ran, s.
    beyond_s : float
        Of that, after the end of the trace, s: the link was down.
    down, up : WayVerdict
        Towards the place and from it.
    reasons : tuple of str
        Why the run is not to be trusted; empty where it is.
    """

    how: str
    ran_s: float
    beyond_s: float
    down: WayVerdict
    up: WayVerdict
    reasons: tuple[str, ...]

    @property
    def trusted(self) -> bool:
        """Whether nothing speaks against the run."""
        return not self.reasons

    def __str__(self) -> str:
        lines = [f"{self.how}, {self.ran_s:.1f} s: {'trusted' if self.trusted else 'NOT TRUSTED'}"]
        for name, way in (("down", self.down), ("up", self.up)):
            lines.append(
                f"  {name:4} {way.packets} packets, {way.bytes} bytes; {way.lost} lost, {way.queue_full + way.managed}"
                f" dropped in the queue, {way.outage + way.never} in an outage;"
                f" late p50 {1e3 * way.late_p50_s:.2f} ms, p99 {1e3 * way.late_p99_s:.2f} ms,"
                f" max {1e3 * way.late_max_s:.2f} ms"
            )
        if self.beyond_s > 0.0:
            lines.append(f"  ran {self.beyond_s:.1f} s beyond the end of the trace: the link was down there")
        return "\n".join(lines + [f"  {reason}" for reason in self.reasons])


def judge(
    how: str,
    ran_s: float,
    beyond_s: float,
    down: Passage,
    up: Passage,
    late_limit_s: float = LATE_LIMIT_S,
    more: tuple[str, ...] = (),
) -> Verdict:
    """Sum up a run and say whether it may be believed.

    Parameters
    ----------
    how : str
        What carried the traffic.
    ran_s, beyond_s : float
        How long it ran, and of that after the end of the trace, s.
    down, up : Passage
        What went through.
    late_limit_s : float
        Lateness at the 99th percentile above which the run is not trusted, s.
    more : tuple of str
        Other reasons not to trust it.

    Returns
    -------
    Verdict
        With every reason.
    """
    reasons = list(more)
    ways = []
    for name, passage in (("down", down), ("up", up)):
        late = passage.lateness
        p50, p99 = late.quantile_s(0.5), late.quantile_s(0.99)
        if p99 > late_limit_s:
            reasons.append(
                f"the way {name} was {1e3 * p99:.1f} ms late at the 99th percentile (limit {1e3 * late_limit_s:g} ms): "
                f"the machine is too busy or too slow"
            )
        lost, full, outage, never, managed = (int(n) for n in passage.fates[1:])
        ways.append(
            WayVerdict(
                passage.packets, passage.bytes, lost, full, managed, outage, never, p50, p99, late.largest_s
            )
        )  # fmt: skip
    return Verdict(how, ran_s, beyond_s, ways[0], ways[1], tuple(reasons))
