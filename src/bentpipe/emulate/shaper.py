"""The shaper: packets between two ports, each held until the simulated link lets it out.

One process with one thread does nothing else. At a packet's arrival the queues tell when it comes out at the far end,
so that a list, first in, first out, is all there is. While traffic is dense the thread sleeps for a quantum rather
than wake for every packet (at 400 Mbit/s the wakeups cost more than the bytes); an arrival is then taken at
the middle of the time in which it must have come, and a packet is let out up to half a quantum early rather than
late, so that the quantum adds no bias.
"""

from __future__ import annotations

import os
import select
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from bentpipe.emulate.feed import Feed
from bentpipe.linkqueue.onclock import LiveQueue

QUANTUM_S: Final = 1e-4
"""How long the shaper sleeps while traffic is dense, s."""
BIN_S: Final = 1e-5
"""Width of the bins of the histogram of lateness, s."""
BINS: Final = 10_000
"""Bins: up to 0.1 s; the last one holds all that is later."""
_BATCH: Final = 64  # packets moved at once: the other direction waits as long
_AHEAD_S: Final = 20.0  # steps are fetched before they are needed by so much
_DOUBT_S: Final = 0.05  # a device that is never empty tells nothing of when its packets came
_FETCH_S: Final = 0.01  # how often a piece of them is fetched, s
_LOOK_S: Final = 0.02  # how often the control channel is asked, s


@dataclass
class Port:
    """One end of the link: where packets come from and go to.

    Parameters
    ----------
    file : int
        File descriptor, not blocking: one packet a read or write.
    header : int
        Bytes of each that are no part of the IP packet.
    """

    file: int
    header: int = 0


@dataclass
class Flow:
    """One direction between two ports.

    Parameters
    ----------
    source, sink : Port
        Where packets come from, and where they go.
    stages : sequence of (LiveQueue, Feed, float)
        Queues that a packet passes one after the other, each with the feed of its steps, and with the time
        that passes between it and the next one, s.
    watch : callable, optional
        Sees every packet as it arrives; True drops it.

    Attributes
    ----------
    packets, octets : int
        Let out at the far end; bytes of IP.
    refused : int
        Packets that the far end did not take.
    late : list of int
        Histogram of how much later than planned packets came out, by :data:`BIN_S`.
    late_max_s : float
        The most, s.
    """

    source: Port
    sink: Port
    stages: Sequence[tuple[LiveQueue, Feed, float]]
    watch: Callable[[bytes], bool] | None = None
    packets: int = 0
    octets: int = 0
    refused: int = 0
    late: list[int] = field(default_factory=lambda: [0] * (BINS + 1))
    late_max_s: float = 0.0
    waiting: deque[tuple[float, float, bytes]] = field(default_factory=deque)
    empty_s: float = 0.0  # when the source was last known to be empty
    arrived_s: float = -np.inf

    def __post_init__(self) -> None:
        self._times, self._bits, self._out = np.zeros(_BATCH), np.zeros(_BATCH), np.zeros(_BATCH)

    def plan(self, arrival_s: float, packets: list[bytes]) -> list[float]:
        """Decide what becomes of packets that arrive together.

        Parameters
        ----------
        arrival_s : float
            When, s of the trace; not falling from call to call.
        packets : list of bytes
            At most 64.

        Returns
        -------
        list of float
            When each comes out, s; NaN where it does not.
        """
        count, header = len(packets), self.source.header
        times, bits, out = self._times, self._bits, self._out
        times[:count] = arrival_s
        bits[:count] = [8 * (len(packet) - header) for packet in packets]
        if len(self.stages) == 1:
            queue, feed, _ = self.stages[0]
            _admit(queue, feed, times, bits, count, out, arrival_s)
            return list(out[:count].tolist())
        left = np.arange(count)
        result = np.full(count, np.nan)
        for queue, feed, after_s in self.stages:
            _admit(queue, feed, times, bits, left.size, out, arrival_s)
            through = np.flatnonzero(~np.isnan(out[: left.size]))
            left = left[through]
            times[: left.size], bits[: left.size] = out[through] + after_s, bits[through]
        result[left] = times[: left.size]
        return list(result.tolist())

    def take(self, now_s: float) -> int:
        """Read what has come, and plan it.

        Parameters
        ----------
        now_s : float
            Time, s of the trace.

        Returns
        -------
        int
            Packets read.
        """
        file, read, watch = self.source.file, os.read, self.watch
        packets: list[bytes] = []
        try:
            while len(packets) < _BATCH:
                packets.append(read(file, 65_536))
            emptied = False
        except BlockingIOError:
            emptied = True
        number = len(packets)
        if watch is not None and packets:
            packets = [packet for packet in packets if not watch(packet)]
        if packets:
            doubt = min(0.5 * max(now_s - self.empty_s, 0.0), _DOUBT_S)
            arrival = self.arrived_s = max(now_s - doubt, self.arrived_s)
            if self.stages[0][0].busy_until_s >= now_s:
                doubt = 0.0  # it has to wait whenever it came
            append = self.waiting.append
            for packet, out in zip(packets, self.plan(arrival, packets), strict=True):
                if out == out:  # not NaN
                    append((out, doubt, packet))
        if emptied:
            self.empty_s = now_s
        return number

    def let_out(self, until_s: float, clock: Callable[[], float], origin_s: float) -> int:
        """Write what is due.

        Parameters
        ----------
        until_s : float
            Due until when, s of the trace.
        clock : callable
            The machine's clock, s.
        origin_s : float
            Time of the clock at 0 s of the trace.

        Returns
        -------
        int
            Packets written.
        """
        waiting, file, write, late = self.waiting, self.sink.file, os.write, self.late
        header, number = self.sink.header, 0
        while waiting and waiting[0][0] <= until_s and number < _BATCH:
            due, doubt, packet = waiting.popleft()
            try:
                write(file, packet)
            except OSError:
                self.refused += 1
                number += 1
                continue
            over = clock() - origin_s - due + doubt
            self.packets += 1
            self.octets += len(packet) - header
            if over > self.late_max_s:
                self.late_max_s = over
            late[min(max(int(over / BIN_S), 0), BINS)] += 1
            number += 1
        return number


def _admit(queue: LiveQueue, feed: Feed, times: Any, bits: Any, count: int, out: Any, now_s: float) -> None:
    """Put packets through a queue, fetching steps where they turn on more than is known."""
    done = queue.admit(times, bits, count, out)
    while done < count:
        feed.pull(now_s, wait=True)
        done = queue.admit(times, bits, count, out, done)


class Shaper:
    """Loop that moves packets of all flows.

    Parameters
    ----------
    flows : sequence of Flow
        Directions.
    feeds : sequence of Feed
        Where their steps come from.
    quantum_s : float
        How long to sleep while traffic is dense, s.
    """

    def __init__(self, flows: Sequence[Flow], feeds: Sequence[Feed], quantum_s: float = QUANTUM_S) -> None:
        self.flows, self.feeds, self.quantum_s = flows, feeds, quantum_s

    def prepare(self) -> None:
        """Fetch the first steps, and load what is compiled, before the clock begins to run."""
        for feed in self.feeds:
            while feed.end_s < _AHEAD_S and feed.pull(0.0, wait=True):
                pass
        nothing = np.zeros(1)
        for flow in self.flows:
            for queue, _, _ in flow.stages:
                queue.admit(nothing, nothing, 0, nothing)

    def run(self, origin_s: float, control: int, stop: Callable[[], bool]) -> None:
        """Move packets until told to stop.

        Parameters
        ----------
        origin_s : float
            Time of ``time.monotonic`` at 0 s of the trace.
        control : int
            File descriptor; when it can be read, `stop` is called.
        stop : callable
            Reads it, and says whether to end.
        """
        clock, flows, quantum = time.monotonic, self.flows, self.quantum_s
        files = [flow.source.file for flow in flows] + [control]
        dense, looked, fetched = False, 0.0, 0.0
        for flow in flows:
            flow.empty_s = clock() - origin_s
        while True:
            now = clock() - origin_s
            ahead = now + 0.5 * quantum if dense else now + 1e-5
            moved, most = 0, 0
            for flow in flows:
                number = flow.let_out(ahead, clock, origin_s)
                moved, most = moved + number, max(most, number)
            for flow in flows:
                if flow.waiting and flow.waiting[0][0] <= ahead:
                    continue  # behind: what is due goes first, so that no more is held than the link holds
                number = flow.take(clock() - origin_s)
                moved, most = moved + number, max(most, number)
            if now > fetched + _FETCH_S:
                fetched = now
                for feed in self.feeds:
                    if feed.end_s < now + _AHEAD_S and feed.pull(now - 1.0):
                        break
            if dense and now < looked + _LOOK_S:
                ready = []
            else:
                looked = now
                ready = select.select([control], [], [], 0.0)[0] if dense or moved > 1 else []
            dense = moved > 1
            if not ready:
                if most == _BATCH:
                    pass  # there is more
                elif dense:
                    time.sleep(max(quantum - (clock() - origin_s - now), 1e-6))
                else:
                    ready = self._wait(files, clock, origin_s)
            if control in ready and stop():
                return

    def _wait(self, files: list[int], clock: Callable[[], float], origin_s: float) -> list[int]:
        """Sleep until a packet comes or is due; a source that has not woken us was empty until now."""
        due = min((flow.waiting[0][0] for flow in self.flows if flow.waiting), default=np.inf)
        timeout = min(max(due - (clock() - origin_s), 0.0), 0.05)
        ready = select.select(files, [], [], timeout)[0]
        now = clock() - origin_s
        for flow in self.flows:
            flow.empty_s = now
        return ready
