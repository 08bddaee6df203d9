"""Queue of one direction of a live link: the kernel of a simulated transfer, fed with steps as time goes on.

A packet's fate and release follow from `pass_packet` at its arrival, whether the clock is the machine's or a column
of numbers. Added are what a live link needs: shares of loss between 0 and 1, drawn for each packet by its number;
CoDel (RFC 8289), as :mod:`bentpipe.linkqueue.loaded` has it; and a window of steps that moves on, so that memory does
not grow with the length of a trace.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bentpipe.draws import Purpose, uniform
from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel
from bentpipe.linkqueue.loaded import QueueProfile
from bentpipe.linkqueue.queue import pass_packet, step_at
from bentpipe.linkqueue.transport import codel_drops

FloatArray = NDArray[np.float64]

_PACKET: Final = int(Purpose.PACKET)


class MovingSteps:
    """What one direction offers from now on, in steps; those that are over are forgotten.

    Attributes
    ----------
    end_s : float
        Until when steps are known, s.
    final : bool
        Whether no more will come: after `end_s` the link is down.
    """

    def __init__(self) -> None:
        self.end_s = 0.0
        self.final = False
        self.rate_start_s, self.rate_bit_s, self.sent_bit = np.zeros(1), np.zeros(1), np.zeros(1)
        self.delay_start_s, self.delay_s, self.loss = np.zeros(1), np.zeros(1), np.zeros(1)
        self.none_lost = np.zeros(1, np.bool_)

    def extend(
        self,
        now_s: float,
        end_s: float,
        rate_start_s: FloatArray,
        rate_bit_s: FloatArray,
        delay_start_s: FloatArray,
        delay_s: FloatArray,
        loss: FloatArray,
    ) -> None:
        """Take the next steps, and forget those that ended before a time.

        Parameters
        ----------
        now_s : float
            No packet arrives any more before this time, s.
        end_s : float
            When the last of the new steps ends, s.
        rate_start_s, rate_bit_s : (K,) float64
            Start, s, and rate, bit/s, of the new steps; the first begins where the known ones end.
        delay_start_s, delay_s, loss : (M,) float64
            Start, s, one-way delay, s, and share of packets lost, 0 to 1, of the new steps.
        """
        known = self.end_s
        keep = slice(max(int(np.searchsorted(self.rate_start_s, now_s, "right")) - 1, 0), -1 if known > 0.0 else 0)
        start = np.concatenate((self.rate_start_s[keep], rate_start_s, [end_s]))
        rate = np.concatenate((self.rate_bit_s[keep], rate_bit_s, [0.0]))
        self.sent_bit = np.concatenate(([0.0], np.cumsum(np.diff(start) * rate[:-1])))
        self.rate_start_s, self.rate_bit_s = start, rate
        stop = self.delay_start_s.size if known > 0.0 else 0
        keep = slice(max(int(np.searchsorted(self.delay_start_s, now_s, "right")) - 1, 0), stop)
        self.delay_start_s = np.concatenate((self.delay_start_s[keep], delay_start_s))
        self.delay_s = np.concatenate((self.delay_s[keep], delay_s))
        self.loss = np.concatenate((self.loss[keep], loss))
        self.none_lost = np.zeros(self.loss.size, np.bool_)
        self.end_s = end_s


class LiveQueue:
    """Queue of one direction over steps that move on.

    Parameters
    ----------
    profile : QueueProfile
        Buffer and its management. FQ-CoDel is taken as CoDel: flows are not told apart.
    outage : str
        ``"hold"``: packets that arrive in an outage wait; ``"drop"``: they are dropped.
    seed, key : int
        Seed of the run, and key of the place in draws.
    way : int
        0 for the way down, 1 for the way up; another number is another stream of draws.
    beside : LiveQueue, optional
        Another queue that feeds the same line: what either sends, both wait for. Each has steps of its own.

    Attributes
    ----------
    steps : MovingSteps
        What the link offers.
    fates : (6,) int64
        Packets so far by :class:`~bentpipe.linkqueue.Fate`; the last entry counts drops by CoDel.
    """

    def __init__(
        self,
        profile: QueueProfile,
        outage: str = "drop",
        seed: int = 0,
        key: int = 0,
        way: int = 0,
        beside: LiveQueue | None = None,
    ) -> None:
        if outage not in ("hold", "drop"):
            raise InputError(Fault("no such treatment of outages", "outage", outage, "'hold' or 'drop'"))
        self.steps = MovingSteps()
        self.fates = np.zeros(6, np.int64)
        self._limit_bit = 8.0 * profile.buffer_bytes
        self._hold = outage == "hold"
        managed = profile.discipline != "drop-tail"
        self._target, self._interval = profile.target_s if managed else np.inf, profile.interval_s
        self._seed, self._way, self._key = seed, way, np.uint64(key)
        self._state = np.zeros(7)
        self._state[:2] = -np.inf
        if beside is not None:
            self._state = beside._state
        self._number = np.zeros(1, np.int64)

    def admit(
        self, arrival_s: FloatArray, size_bit: FloatArray, count: int, release_s: FloatArray, begin: int = 0
    ) -> int:
        """Send packets.

        Parameters
        ----------
        arrival_s, size_bit : (P,) float64
            Arrival, s, not falling from call to call, and size, bit.
        count : int
            How many of them, at most P.
        release_s : (P,) float64
            Filled in: when each comes out at the far end, s; NaN where it does not.
        begin : int
            The first of them.

        Returns
        -------
        int
            Packets up to which all is decided: fewer than `count` where what follows turns on steps that are not
            known so far. Extend them, and call again with `begin` there.
        """
        s = self.steps
        return _admit(
            s.rate_start_s, s.rate_bit_s, s.sent_bit, s.delay_start_s, s.delay_s, s.loss, s.none_lost,
            s.end_s, s.final, self._limit_bit, self._hold, self._target, self._interval,
            self._seed, self._way, self._key, self._number, self._state, self.fates,
            arrival_s, size_bit, begin, count, release_s,
        )  # fmt: skip

    @property
    def busy_until_s(self) -> float:
        """When the last packet sent leaves the queue, s; minus infinity before the first."""
        return float(self._state[0])


@kernel(
    "int64(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], boolean[::1], "
    "float64, boolean, float64, boolean, float64, float64, int64, int64, uint64, int64[::1], float64[::1], int64[::1], "
    "float64[::1], float64[::1], int64, int64, float64[::1])"
)
def _admit(
    rate_start: FloatArray,
    rate: FloatArray,
    sent: FloatArray,
    delay_start: FloatArray,
    delay: FloatArray,
    loss: FloatArray,
    none_lost: NDArray[np.bool_],
    end: float,
    final: bool,
    limit_bit: float,
    hold: bool,
    target: float,
    interval: float,
    seed: int,
    way: int,
    key: np.uint64,
    number: NDArray[np.int64],
    state: FloatArray,
    fates: NDArray[np.int64],
    arrival: FloatArray,
    bits: FloatArray,
    begin: int,
    count: int,
    release: FloatArray,
) -> int:
    """Decide packets `begin` to `count` as far as the steps are known; see :meth:`LiveQueue.admit`."""
    before = np.empty(5)
    for p in range(begin, count):
        now = arrival[p]
        if now >= end and not final:
            return p
        release[p] = np.nan
        before[:] = state[2:]
        turn = max(now, state[0])
        if target < np.inf:
            k = step_at(rate_start, turn)
            # Below the time of one and a half packets CoDel would starve a slow link.
            least = 18_000.0 / rate[k] if k >= 0 and rate[k] > 0.0 else 0.0
            if codel_drops(turn, turn - now, max(target, least), interval, state[2:]):
                fates[5] += 1
                number[0] += 1
                continue
        last = state[1]
        fate, leaves = pass_packet(
            rate_start, rate, sent, delay_start, delay, none_lost, limit_bit, hold, now, bits[p], state
        )
        if fate == 4 and not final:
            state[2:] = before
            return p
        if fate == 3 and now >= end:
            fate = 4  # not an outage of the trace, which has ended
        if fate == 0:
            share = loss[max(step_at(delay_start, leaves), 0)]
            if share > 0.0 and uniform(seed, _PACKET, way, number[0] & 0xFFFFFFFF, key) < share:
                fate = 1
                state[1] = last  # a lost packet holds up none
            else:
                release[p] = state[1]
        number[0] += 1
        fates[fate] += 1
    return count
