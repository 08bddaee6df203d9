"""A link on the machine's clock: what a trace says, slot by slot, through the queue that a simulation uses.

Both directions take their steps from one stream of `TraceSteps`, a slot at a time and no more ahead than packets
need, so that memory does not grow with the length of the trace. After its end the link is down.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.emulate.verdict import LATE_LIMIT_S, Passage, Verdict, judge
from bentpipe.errors import Fault, InputError
from bentpipe.linkqueue import LinkSeries, TraceSteps, trace_slots
from bentpipe.linkqueue.loaded import QueueProfile
from bentpipe.linkqueue.onclock import LiveQueue
from bentpipe.linkqueue.queue import sent_at, sent_by, step_at

FloatArray = NDArray[np.float64]

DOWN_QUEUE: Final = QueueProfile("drop-tail", 4_000_000.0)
"""Queue of the way down: 100 ms at 320 Mbit/s (assumed; the default of bentpipe's catalogue of queues)."""
UP_QUEUE: Final = QueueProfile("drop-tail", 850_000.0)
"""Queue of the way up: 400 ms at 17 Mbit/s (assumed; same source)."""
_KEPT_S = 1.0  # steps over for longer are forgotten; two directions' clocks are never so far apart
_SHORTEST_BYTES = 6000.0  # what a stream may have in a managed queue at least


class LiveDirection:
    """One direction of a live link; made by :class:`LiveLink`.

    Attributes
    ----------
    passage : Passage
        What went through so far. Who lets packets out adds how late it was.
    """

    def __init__(self, link: LiveLink, way: int, profile: QueueProfile, outage: str) -> None:
        self.passage = Passage()
        self._link, self._profile = link, profile
        self._now = -np.inf
        self._packets = LiveQueue(profile, outage, link.seed, link.key, way)
        # Nothing of a stream is lost: its own queue to the same line has no end and no losses, and outlasts outages.
        self._streams = LiveQueue(QueueProfile("drop-tail", 1e15), "hold", beside=self._packets)

    @property
    def fates(self) -> NDArray[np.int64]:
        """Packets so far by fate, (6,); see `LiveQueue`."""
        return self._packets.fates + self._streams.fates

    def send(self, now_s: float, size_bytes: ArrayLike, stream: bool = False) -> FloatArray:
        """Put packets into the queue.

        Parameters
        ----------
        now_s : float
            When they arrive, s of the trace; not falling from call to call.
        size_bytes : array_like
            Sizes with headers, bytes, shape (P,) or one number.
        stream : bool
            Whether they belong to a stream that nothing may be lost of: they wait through outages, are not lost in
            bursts and not dropped in the queue (ask :meth:`room_at` first).

        Returns
        -------
        ndarray of float64
            When each comes out, s of the trace, shape (P,), in their order; NaN where it does not.
        """
        bits = 8.0 * np.array(size_bytes, np.float64, ndmin=1)
        release, count = np.empty(bits.size), bits.size
        queue = self._streams if stream else self._packets
        with self._link.lock:
            self._now = max(now_s, self._now)
            self._link.latest_s = max(self._link.latest_s, self._now)
            arrival = np.full(count, self._now)
            done = queue.admit(arrival, bits, count, release)
            while done < count:
                self._link.pull()
                done = queue.admit(arrival, bits, count, release, done)
        passed = ~np.isnan(release)
        self.passage.packets += int(passed.sum())
        self.passage.bytes += int(bits[passed].sum() / 8.0)
        return release

    def room_at(self, now_s: float, size_bytes: float) -> float:
        """When so many bytes of a stream may enter the queue.

        Parameters
        ----------
        now_s : float
            Earliest time, s of the trace.
        size_bytes : float
            Size with headers, bytes; more than the whole queue needs an empty one.

        Returns
        -------
        float
            Time, s of the trace: when they fit, or, in a managed queue, do not wait for longer than its target.
        """
        with self._link.lock:
            now_s, busy = max(now_s, self._now), self._packets.busy_until_s
            if busy <= now_s:
                return now_s
            s, limit = self._packets.steps, self._profile.buffer_bytes
            if self._profile.discipline != "drop-tail":
                limit = min(limit, max(self.rate_bit_s(now_s) * self._profile.target_s / 8.0, _SHORTEST_BYTES))
            backlog = sent_by(s.rate_start_s, s.rate_bit_s, s.sent_bit, busy)
            backlog -= sent_by(s.rate_start_s, s.rate_bit_s, s.sent_bit, now_s)
            over = backlog + 8.0 * (min(size_bytes, limit) - limit)
            if over <= 1e-6 * limit:
                return now_s
            return min(sent_at(s.rate_start_s, s.rate_bit_s, s.sent_bit, now_s, over), busy)

    def rate_bit_s(self, now_s: float) -> float:
        """Rate at a time, bit/s; 0 where the trace is not known so far."""
        s = self._packets.steps
        return float(s.rate_bit_s[max(step_at(s.rate_start_s, now_s), 0)])

    def extend(self, start_s: FloatArray, rate: FloatArray, delay: FloatArray, loss: FloatArray, end_s: float) -> None:
        """Take the next steps of the trace, and forget those that are over; called by the link.

        Parameters
        ----------
        start_s, rate, delay, loss : (N,) float64
            Start, s of the trace, rate, bit/s, delay, s, and share of packets lost, 0 to 1, of each step.
        end_s : float
            When the last of them ends, s.
        """
        first = np.concatenate(([True], np.diff(rate) != 0.0))
        over_s = self._link.latest_s - _KEPT_S
        for queue, losses in ((self._packets, loss), (self._streams, np.zeros(loss.size))):
            queue.steps.extend(over_s, end_s, start_s[first], rate[first], start_s, delay, losses)

    def finish(self) -> None:
        """Know that the trace ends where its known steps end; called by the link."""
        self._packets.steps.final = self._streams.steps.final = True


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
    down_queue, up_queue : QueueProfile
        Queues. FQ-CoDel is taken as CoDel.
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
        down_queue: QueueProfile = DOWN_QUEUE,
        up_queue: QueueProfile = UP_QUEUE,
        outage: str = "hold",
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.place, self.seed, self.key, self.offset_s, self.clock = place, seed, key, offset_s, clock
        self.lock = threading.RLock()
        self.end_s, self.latest_s = 0.0, -np.inf
        self._pieces = iter(pieces)
        self._drawing, self._drawn = threading.Lock(), deque[tuple[TraceSteps, float] | None]()
        self._origin: float | None = None
        self.down = LiveDirection(self, 0, down_queue, outage)
        self.up = LiveDirection(self, 1, up_queue, outage)
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
            with self._drawing:  # whose holder never waits for the other lock
                piece = self._drawn.popleft() if self._drawn else next(self._pieces, None)
            if piece is None:
                self.down.finish()
                self.up.finish()
                return False
            s, end_s = piece
            if not end_s > s.start_s[-1]:
                raise InputError(Fault("a piece of a trace ends after its last step begins", "end_s", end_s))
            self.down.extend(s.start_s, np.where(s.connected, s.down_bit_s, 0.0), s.down_s, s.down_loss, end_s)
            self.up.extend(s.start_s, np.where(s.connected, s.up_bit_s, 0.0), s.up_s, s.up_loss, end_s)
            self.end_s = end_s
            return True

    def draw_ahead(self) -> None:
        """Draw the next piece of the trace, which takes milliseconds, before packets need it; from any thread."""
        with self._drawing:
            if not self._drawn:
                self._drawn.append(next(self._pieces, None))

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
