"""A link on the machine's clock: what a trace says, slot by slot, through the queue that a simulation uses.

Both directions take their steps from one stream of `TraceSteps`, a slot at a time and no more ahead than packets
need, so that memory does not grow with the length of the trace. After its end the last step holds on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.draws import Purpose, uniforms
from bentpipe.emulate.verdict import LATE_LIMIT_S, Passage, Verdict, judge
from bentpipe.errors import Fault, InputError
from bentpipe.linkqueue import (
    Fate,
    LinkSchedule,
    LinkSeries,
    TraceSteps,
    Transits,
    idle_state,
    link_schedule,
    trace_slots,
    transit,
)
from bentpipe.linkqueue.queue import sent_at, sent_by, step_at

FloatArray = NDArray[np.float64]

DOWN_QUEUE_BYTES: Final = 4_000_000.0
"""Queue of the way down, bytes: 100 ms at 320 Mbit/s (assumed; that of bentpipe's catalogue of queues)."""
UP_QUEUE_BYTES: Final = 850_000.0
"""Queue of the way up, bytes: 400 ms at 17 Mbit/s (assumed; same source)."""
_KEPT_S = 1.0  # steps over for longer are forgotten; two directions' clocks are never so far apart


class LiveDirection:
    """One direction of a live link; made by :class:`LiveLink`.

    Attributes
    ----------
    passage : Passage
        What went through so far. Who lets packets out adds how late it was.
    """

    def __init__(self, link: LiveLink, way: int, queue_limit_bytes: float, outage: str) -> None:
        self.passage = Passage()
        self._link = link
        self._way = way
        self._limit, self._outage = queue_limit_bytes, outage
        self._state = idle_state()
        self._now = -np.inf
        self._end_s = 0.0
        self._rate: tuple[FloatArray, FloatArray] = (np.empty(0), np.empty(0))
        self._delay: tuple[FloatArray, FloatArray, FloatArray] = (np.empty(0), np.empty(0), np.empty(0))
        self._drawn = 0
        self._packets: LinkSchedule
        self._stream: LinkSchedule
        self._shares = False

    def send(self, now_s: float, size_bytes: ArrayLike, stream: bool = False) -> Transits:
        """Put packets into the queue.

        Parameters
        ----------
        now_s : float
            When they arrive, s of the trace; not falling from call to call.
        size_bytes : array_like
            Sizes with headers, bytes, shape (P,) or one number.
        stream : bool
            Whether they belong to a stream that nothing may be lost of: they wait through outages, are not lost in
            bursts and not dropped at a full queue (ask :meth:`room_at` first).

        Returns
        -------
        Transits
            In their order; :attr:`~bentpipe.linkqueue.Fate.NEVER` for what the trace leaves without capacity.
        """
        size = np.array(size_bytes, np.float64, ndmin=1)
        with self._link.lock:
            self._now = max(now_s, self._now)
            self._link.latest_s = max(self._link.latest_s, self._now)
            arrival = np.full(size.size, self._now)
            while True:
                state = self._state.copy()
                out = transit(self._stream if stream else self._packets, arrival, size, state)
                known = max(state[0], self._now) <= self._end_s and not np.any(out.fate == Fate.NEVER)
                if known or not self._link.pull():
                    break
            self._state = state
            if not stream:
                self._draw_losses(out)
            self._count(out, size)
        return out

    def room_at(self, now_s: float, size_bytes: float) -> float:
        """When so many bytes fit into the queue.

        Parameters
        ----------
        now_s : float
            Earliest time, s of the trace.
        size_bytes : float
            Size with headers, bytes; more than the whole queue needs an empty one.

        Returns
        -------
        float
            Time, s of the trace.
        """
        with self._link.lock:
            now_s, busy = max(now_s, self._now), float(self._state[0])
            if busy <= now_s:
                return now_s
            s = self._stream
            backlog = sent_by(s.rate_start_s, s.rate_bit_s, s.sent_bit, busy) - sent_by(
                s.rate_start_s, s.rate_bit_s, s.sent_bit, now_s
            )
            limit = 8.0 * self._limit
            over = backlog + min(8.0 * size_bytes, limit) - limit
            if over <= 1e-6 * limit:
                return now_s
            return min(sent_at(s.rate_start_s, s.rate_bit_s, s.sent_bit, now_s, over), busy)

    def rate_bit_s(self, now_s: float) -> float:
        """Rate at a time, bit/s; that of the last known step where the trace is not known so far."""
        start, rate = self._rate
        return float(rate[max(step_at(start, now_s), 0)])

    def extend(self, start_s: FloatArray, rate: FloatArray, delay: FloatArray, loss: FloatArray, end_s: float) -> None:
        """Take the next steps of the trace, and forget those that are over; called by the link.

        Parameters
        ----------
        start_s, rate, delay, loss : (N,) float64
            Start, s of the trace, rate, bit/s, delay, s, and share of packets lost, 0 to 1, of each step.
        end_s : float
            When the last of them ends, s.
        """
        changes = np.concatenate(([True], np.diff(rate) != 0.0))
        old_start, old_rate = self._rate
        over_s = self._link.latest_s - _KEPT_S
        keep = slice(max(step_at(old_start, over_s), 0), None)
        self._rate = (
            np.concatenate((old_start[keep], start_s[changes])),
            np.concatenate((old_rate[keep], rate[changes])),
        )
        old = self._delay
        keep = slice(max(step_at(old[0], over_s), 0), None)
        new = (start_s, delay, loss)
        self._delay = tuple(np.concatenate((a[keep], b)) for a, b in zip(old, new, strict=True))  # type: ignore[assignment]
        self._end_s = end_s
        at, seconds, share = self._delay
        self._packets = link_schedule(*self._rate, at, seconds, share >= 1.0, self._limit, self._outage)
        self._stream = self._packets._replace(
            lost=np.zeros(at.size, np.bool_), queue_limit_bit=np.inf, hold_outages=True
        )
        self._shares = bool(np.any((share > 0.0) & (share < 1.0)))

    def _draw_losses(self, out: Transits) -> None:
        """Lose packets of steps in which a share of them is lost; changes the fates."""
        if not self._shares:
            return
        at, _, share = self._delay
        passed = out.fate == Fate.DELIVERED
        step = np.maximum(np.searchsorted(at, np.where(passed, out.depart_s, at[0]), "right") - 1, 0)
        numbers = self._drawn + np.arange(passed.size)
        self._drawn += passed.size
        link = self._link
        draw = uniforms(link.seed, Purpose.PACKET, self._way, numbers & 0xFFFFFFFF, link.key)
        hit = passed & (draw < share[step])
        out.fate[hit], out.release_s[hit] = Fate.LOST, np.nan

    def _count(self, out: Transits, size: FloatArray) -> None:
        """Add up what became of packets."""
        p, number = self.passage, np.bincount(out.fate, minlength=5)
        p.packets += int(number[Fate.DELIVERED])
        p.bytes += int(size[out.fate == Fate.DELIVERED].sum())
        p.lost += int(number[Fate.LOST])
        p.queue_full += int(number[Fate.QUEUE_FULL])
        p.outage += int(number[Fate.OUTAGE])
        p.never += int(number[Fate.NEVER])


class LiveLink:
    """Link of one place, both ways, on the machine's clock.

    Parameters
    ----------
    pieces : iterable of (TraceSteps, float)
        The trace piece by piece, in order, each with the time at which it ends, s of the trace.
    place : str
        What the place is called.
    seed, key : int
        Seed of the run and key of the place, for the draws of which packets are lost.
    offset_s : float
        Where in the trace to begin, s.
    down_queue_bytes, up_queue_bytes : float
        Sizes of the queues, bytes.
    outage : str
        What becomes of packets that arrive in an outage: ``"hold"`` or ``"drop"``; streams always wait.
    clock : callable
        Seconds that never go back.
    """

    def __init__(
        self,
        pieces: Iterable[tuple[TraceSteps, float]],
        *,
        place: str = "",
        seed: int = 0,
        key: int = 0,
        offset_s: float = 0.0,
        down_queue_bytes: float = DOWN_QUEUE_BYTES,
        up_queue_bytes: float = UP_QUEUE_BYTES,
        outage: str = "hold",
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.place, self.seed, self.key, self.offset_s, self.clock = place, seed, key, offset_s, clock
        self.lock = threading.RLock()
        self.end_s, self.latest_s = 0.0, -np.inf
        self._pieces = iter(pieces)
        self._origin: float | None = None
        self.down = LiveDirection(self, 0, down_queue_bytes, outage)
        self.up = LiveDirection(self, 1, up_queue_bytes, outage)
        while self.pull() and self.end_s <= offset_s:
            pass
        if self.end_s <= offset_s:
            raise InputError(
                Fault("the trace ends before the link begins", "offset_s", offset_s, f"below {self.end_s:g} s")
            )
        # Kernels without a signature are compiled, or loaded, at their first call: not under the first packet.
        one = np.ones(1)
        sent_at(one, one, one, sent_by(one, one, one, 1.0), 1.0)

    @classmethod
    def from_series(cls, series: LinkSeries, first: int = 0, **options: object) -> LiveLink:
        """Make a link of the slots of a run.

        Parameters
        ----------
        series : LinkSeries
            T slots.
        first : int
            Slot to begin with, 0 to T - 1.
        **options
            As of the class.

        Returns
        -------
        LiveLink
            Not started.
        """

        def pieces() -> Iterator[tuple[TraceSteps, float]]:
            for i, steps in enumerate(trace_slots(series, first)):
                yield steps, (i + 1) * series.slot_s

        return cls(pieces(), place=series.place, seed=series.seed, key=series.key, **options)  # type: ignore[arg-type]

    @classmethod
    def from_steps(cls, steps: TraceSteps, length_s: float, **options: object) -> LiveLink:
        """Make a link of a whole trace.

        Parameters
        ----------
        steps : TraceSteps
            The trace.
        length_s : float
            When its last step ends, s.
        **options
            As of the class.

        Returns
        -------
        LiveLink
            Not started.
        """
        return cls([(steps, length_s)], **options)  # type: ignore[arg-type]

    def start(self) -> None:
        """Let the trace begin now; a second call does nothing."""
        if self._origin is None:
            self._origin = self.clock() - self.offset_s

    def now_s(self) -> float:
        """Time, s of the trace; its beginning where the link has not been started."""
        return self.offset_s if self._origin is None else self.clock() - self._origin

    def pull(self) -> bool:
        """Take the next piece of the trace.

        Returns
        -------
        bool
            Whether there was one.
        """
        with self.lock:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            s, end_s = piece
            if not end_s > s.start_s[-1]:
                raise InputError(Fault("a piece of a trace ends after its last step begins", "end_s", end_s))
            self.down.extend(s.start_s, np.where(s.connected, s.down_bit_s, 0.0), s.down_s, s.down_loss, end_s)
            self.up.extend(s.start_s, np.where(s.connected, s.up_bit_s, 0.0), s.up_s, s.up_loss, end_s)
            self.end_s = end_s
            return True

    def verdict(self, how: str, late_limit_s: float = LATE_LIMIT_S, more: tuple[str, ...] = ()) -> Verdict:
        """Sum up the run so far.

        Parameters
        ----------
        how : str
            What carried the traffic.
        late_limit_s : float
            Lateness at the 99th percentile above which the run is not trusted, s.
        more : tuple of str
            Other reasons not to trust it.

        Returns
        -------
        Verdict
            See :func:`~bentpipe.emulate.verdict.judge`.
        """
        now = self.now_s()
        while now > self.end_s and self.pull():
            pass
        return judge(
            how, now - self.offset_s, max(now - self.end_s, 0.0), self.down.passage, self.up.passage, late_limit_s, more
        )
