"""The link of a plan on the machine's clock, for who carries bytes rather than packets of a network device.

Both directions take their steps from one stream of `TraceSteps`, a slot at a time and no more ahead than packets
need, so that memory does not grow with the length of the trace. The queues are those of the shaper
(:mod:`bentpipe.linkqueue.onclock`). After the end of the trace the link is down, unless it is looped.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.emulate.account import LATE_S, WayAccount, quantile_s
from bentpipe.emulate.feed import Piece, looped
from bentpipe.emulate.plan import LinkPlan
from bentpipe.emulate.shaper import BIN_S, BINS
from bentpipe.errors import Fault, InputError
from bentpipe.linkqueue.loaded import QueueProfile
from bentpipe.linkqueue.onclock import LiveQueue
from bentpipe.linkqueue.queue import sent_at, sent_by, step_at

FloatArray = NDArray[np.float64]

_KEPT_S = 1.0  # steps over for longer are forgotten; two directions' clocks are never so far apart
_SHORTEST_BYTES = 6000.0  # what a stream may have in a managed queue at least


@dataclass
class Passage:
    """What came out of one direction of a live link.

    Parameters
    ----------
    packets, bytes : int
        Number, and bytes with headers.
    late : list of int
        Histogram of how much later than planned they came out, by `BIN_S`; the last bin is open.
    late_max_s : float
        The most, s.
    """

    packets: int = 0
    bytes: int = 0
    late: list[int] = field(default_factory=lambda: [0] * (BINS + 1))
    late_max_s: float = 0.0

    def add(self, late_s: float, size_bytes: float, packets: int = 1) -> None:
        """Count what came out.

        Parameters
        ----------
        late_s : float
            Time after the planned one, s; early counts as 0.
        size_bytes : float
            With headers, bytes.
        packets : int
            How many.
        """
        self.packets += packets
        self.bytes += int(size_bytes)
        self.late[min(max(int(late_s / BIN_S), 0), BINS)] += packets
        self.late_max_s = max(self.late_max_s, late_s)

    def add_unjudged(self, size_bytes: float, packets: int) -> None:
        """Count what came out when its receiver took it, not when the link let it.

        Parameters
        ----------
        size_bytes : float
            With headers, bytes.
        packets : int
            How many.
        """
        self.packets += packets
        self.bytes += int(size_bytes)


class LiveDirection:
    """One direction of a live link; made by :class:`LiveLink`.

    Attributes
    ----------
    passage : Passage
        What came out at the far end so far; who lets packets out adds them.
    """

    def __init__(self, link: LiveLink, way: int, profile: QueueProfile, outage: str) -> None:
        self.passage = Passage()
        self._link, self._profile = link, profile
        self._now = -np.inf
        self._packets = LiveQueue(profile, outage, link.plan.seed, link.plan.key, way)
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

    def account(self, overload: int = 0) -> WayAccount:
        """Sum up the direction.

        Parameters
        ----------
        overload : int
            Packets that the emulator dropped by itself.

        Returns
        -------
        WayAccount
        """
        p, fates = self.passage, [int(n) for n in self.fates]
        p50, p99 = (quantile_s(p.late, q, p.late_max_s) for q in (0.5, 0.99))
        return WayAccount(
            p.packets, p.bytes, p50, p99, p.late_max_s, sum(p.late[int(LATE_S / BIN_S) :]),
            fates[1], fates[2], fates[5], fates[3], fates[4], overload,
        )  # fmt: skip

    def warm(self) -> None:
        """Load what is compiled; called by the link."""
        for queue in (self._packets, self._streams):
            queue.admit(np.zeros(1), np.zeros(1), 0, np.zeros(1))

    def finish(self) -> None:
        """Know that the trace ends where its known steps end; called by the link."""
        self._packets.steps.final = self._streams.steps.final = True


class LiveLink:
    """Link of one place, both ways, on the machine's clock.

    Parameters
    ----------
    plan : LinkPlan
        Trace, queues, and what becomes of packets in outages; streams always wait.
    loop : bool
        Whether the trace begins anew at its end.
    clock : callable
        Seconds that never go back.

    Attributes
    ----------
    plan : LinkPlan
        As given.
    down, up : LiveDirection
        Towards the place and from it.
    end_s : float
        Until when the trace is known, s of the trace.
    """

    def __init__(self, plan: LinkPlan, loop: bool = False, clock: Callable[[], float] = time.perf_counter) -> None:
        self.plan, self.clock = plan, clock
        self.lock = threading.RLock()
        self.end_s, self.latest_s = 0.0, -np.inf
        self._pieces = looped(plan.pieces, plan.length_s) if loop else iter(plan.pieces())
        self._drawing, self._drawn = threading.Lock(), deque[Piece | None]()
        self._origin: float | None = None
        self.down = LiveDirection(self, 0, plan.down, plan.outage)
        self.up = LiveDirection(self, 1, plan.up, plan.outage)
        if not self.pull():
            raise InputError(Fault("the trace is empty", "trace", remedy="give one with at least one step"))
        # What is compiled is loaded, or compiled, at its first call: not under the first packet.
        one = np.ones(1)
        sent_at(one, one, one, sent_by(one, one, one, 1.0), 1.0)
        for way in (self.down, self.up):
            way.rate_bit_s(0.0)
            way.warm()

    def start(self) -> None:
        """Let the trace begin now; a second call does nothing."""
        if self._origin is None:
            self._origin = self.clock()

    def now_s(self) -> float:
        """Time, s of the trace; 0 where the link has not been started."""
        return 0.0 if self._origin is None else self.clock() - self._origin

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
            self.down.extend(s.start_s, np.where(s.connected, s.down_bit_s, 0.0), s.down_s, s.down_loss, end_s)
            self.up.extend(s.start_s, np.where(s.connected, s.up_bit_s, 0.0), s.up_s, s.up_loss, end_s)
            self.end_s = end_s
            return True

    def draw_ahead(self) -> None:
        """Draw the next piece of the trace, which takes milliseconds, before packets need it; from any thread."""
        with self._drawing:
            if not self._drawn:
                self._drawn.append(next(self._pieces, None))

    def beyond_s(self) -> float:
        """How long it has been running after the end of the trace, s."""
        now = self.now_s()
        while now > self.end_s and self.pull():
            pass
        return max(now - self.end_s, 0.0)
