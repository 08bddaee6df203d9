"""The steps of a trace on their way to the shaper: a slot at a time, through a pipe, from a process of their own.

Drawing a slot's frames takes milliseconds, which the shaper has not. The pipe holds about a slot, so that neither side
gets far ahead of the other, and memory does not grow with the trace.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bentpipe.linkqueue import TraceSteps
from bentpipe.linkqueue.onclock import MovingSteps

FloatArray = NDArray[np.float64]
Piece = tuple[TraceSteps, float]
"""Steps, with the time at which the last of them ends, s of the trace."""

_HEADER: Final = struct.Struct("<4id")
_PIPE_BYTES: Final = 1 << 20
_CHUNK_BYTES: Final = 1 << 16
_SET_PIPE_SIZE: Final = 1031  # F_SETPIPE_SZ, which Python has on Linux only


def looped(pieces: Callable[[], Iterable[Piece]], length_s: float) -> Iterator[Piece]:
    """Repeat a trace without end.

    Parameters
    ----------
    pieces : callable
        Begins the trace anew.
    length_s : float
        When it ends, s.

    Yields
    ------
    tuple of TraceSteps and float
        As `pieces`, later and later.
    """
    for turn in itertools.count():
        for steps, end_s in pieces():
            yield steps._replace(start_s=steps.start_s + turn * length_s), end_s + turn * length_s


def begun_at(pieces: Iterable[Piece], offset_s: float) -> Iterator[Piece]:
    """Leave out what lies before a time, which becomes 0.

    Parameters
    ----------
    pieces : iterable of (TraceSteps, float)
        A trace.
    offset_s : float
        Where to begin, s of the trace.

    Yields
    ------
    tuple of TraceSteps and float
        What is left.
    """
    for steps, end_s in pieces:
        if end_s <= offset_s:
            continue
        first = max(int(np.searchsorted(steps.start_s, offset_s, "right")) - 1, 0)
        left = TraceSteps._make(column[first:] for column in steps)
        yield left._replace(start_s=np.maximum(left.start_s - offset_s, 0.0)), end_s - offset_s


def packed(piece: Piece) -> bytes:
    """Turn steps into the bytes that :class:`Feed` reads; neighbours that are equal become one.

    Parameters
    ----------
    piece : tuple of TraceSteps and float
        Steps, and when they end, s.

    Returns
    -------
    bytes
    """
    steps, end_s = piece
    sizes, columns = [], []
    for rate, delay, loss in (
        (steps.down_bit_s, steps.down_s, steps.down_loss),
        (steps.up_bit_s, steps.up_s, steps.up_loss),
    ):
        served = np.where(steps.connected, rate, 0.0)
        change = np.concatenate(([True], np.diff(served) != 0.0))
        columns += [steps.start_s[change], served[change]]
        other = np.concatenate(([True], (np.diff(delay) != 0.0) | (np.diff(loss) != 0.0)))
        columns += [steps.start_s[other], delay[other], loss[other]]
        sizes += [int(change.sum()), int(other.sum())]
    return _HEADER.pack(*sizes, end_s) + b"".join(np.ascontiguousarray(c, "<f8").tobytes() for c in columns)


def pump(pieces: Iterable[Piece], file: int) -> None:
    """Write a trace to a pipe, blocking; what the process of its own does.

    Parameters
    ----------
    pieces : iterable of (TraceSteps, float)
        The trace.
    file : int
        File descriptor; closed at the end, so that the reader knows.
    """
    try:
        for piece in pieces:
            message = memoryview(packed(piece))
            while message:
                message = message[os.write(file, message) :]
    except BrokenPipeError:
        pass
    finally:
        os.close(file)


def new_pipe() -> tuple[int, int]:
    """Make a pipe that holds about a slot.

    Returns
    -------
    tuple of int
        File descriptors: to read from, not blocking, and to write to.
    """
    import fcntl

    read, write = os.pipe()
    os.set_blocking(read, False)
    with contextlib.suppress(OSError):  # of the system's usual size the feeding process only waits more often
        fcntl.fcntl(write, _SET_PIPE_SIZE, _PIPE_BYTES)
    return read, write


class Feed:
    """Reading end: hands the steps of a trace to the queues of both directions.

    Parameters
    ----------
    file : int
        File descriptor to read from, not blocking.
    down, up : MovingSteps
        Of the queues towards the place and from it.

    Attributes
    ----------
    end_s : float
        Until when steps are known, s of the trace.
    over : bool
        Whether the trace has ended there.
    """

    def __init__(self, file: int, down: MovingSteps, up: MovingSteps) -> None:
        self.end_s, self.over = 0.0, False
        self._file, self._down, self._up = file, down, up
        self._got = bytearray()

    def pull(self, now_s: float, wait: bool = False) -> bool:
        """Take the next slot's steps, if they have come.

        Parameters
        ----------
        now_s : float
            No packet arrives at either queue any more before this time, s of the trace.
        wait : bool
            Whether to wait for them.

        Returns
        -------
        bool
            Whether there is anything new, the end of the trace included.
        """
        if self.over:
            return False
        while not self._whole():
            try:
                more = os.read(self._file, _CHUNK_BYTES)
            except BlockingIOError:
                if not wait:
                    return False
                select.select([self._file], [], [])
                continue
            if not more:
                self.over = self._down.final = self._up.final = True
                return True
            self._got += more
            if not wait and not self._whole():
                return False  # a little at a time: packets are waiting
        self._take(now_s)
        return True

    def _whole(self) -> bool:
        """Whether a whole message has come."""
        return len(self._got) >= _HEADER.size and len(self._got) >= _HEADER.size + 8 * self._count()

    def _count(self) -> int:
        a, b, c, d, _ = _HEADER.unpack_from(self._got)
        return int(2 * (a + c) + 3 * (b + d))

    def _take(self, now_s: float) -> None:
        """Hand one message to both queues."""
        *sizes, end_s = _HEADER.unpack_from(self._got)
        stop = _HEADER.size + 8 * self._count()
        values = np.frombuffer(bytes(self._got[_HEADER.size : stop]), "<f8")
        del self._got[:stop]
        at = 0
        for steps, rates, delays in ((self._down, sizes[0], sizes[1]), (self._up, sizes[2], sizes[3])):
            parts = []
            for length in (rates, rates, delays, delays, delays):
                parts.append(values[at : at + length])
                at += length
            steps.extend(now_s, end_s, *parts)
        self.end_s = end_s
