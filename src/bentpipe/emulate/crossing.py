"""Streams over a live link: each chunk is cut into segments, which cross the queue and come out in their time.

All streams of a direction share its queue in turns of one chunk, so that those with something to send get equal
shares. A full queue holds the sender back; nothing of a stream is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bentpipe.emulate.livelink import LiveDirection, LiveLink

FloatArray = NDArray[np.float64]

SEGMENT_BYTES: Final = 1448
"""Payload of a full TCP segment, bytes: 1500 less the headers of IPv4 and TCP with timestamps."""
HEADER_BYTES: Final = 52
"""Those headers, bytes."""
SETUP_BYTES: Final = 60
"""A packet that opens a connection, bytes."""
STREAM_LIMIT_BYTES: Final = 6 << 20
"""What one direction of one stream may hold, bytes: the largest receive window of Linux by default."""
_LARGEST_CHUNK = 64 << 10
_TURN_S = 2e-3
"""What a stream may send in its turn, in time of the link."""
_TOGETHER_S = 5e-4
"""Segments that come out within this time are written at once, with the last of them."""


class _Chunk(NamedTuple):
    """Bytes on their way: when they come out, in how many packets, and what then."""

    release_s: float
    data: bytes
    packets: int
    end: bool = False
    reset: bool = False


class Crossing:
    """Both directions of a live link, for streams.

    Parameters
    ----------
    link : LiveLink
        Started.
    """

    def __init__(self, link: LiveLink) -> None:
        self.link = link
        self._gates = {id(way): asyncio.Lock() for way in (link.down, link.up)}

    async def until(self, time_s: float) -> None:
        """Wait for a time of the trace, s; for ever where it is NaN: the trace ends without capacity."""
        if time_s != time_s:
            await asyncio.Event().wait()
        while (left := time_s - self.link.now_s()) > 0.0:
            await asyncio.sleep(left)

    async def cross(self, way: LiveDirection, size_bytes: float) -> None:
        """Send one packet that cannot be lost, and wait until it comes out.

        Parameters
        ----------
        way : LiveDirection
            Direction.
        size_bytes : float
            Size with headers, bytes.
        """
        release_s = float(way.send(self.link.now_s(), size_bytes, stream=True)[0])
        await self.until(release_s)
        way.passage.add(self.link.now_s() - release_s, size_bytes)

    async def enter(self, way: LiveDirection, payload_bytes: int) -> FloatArray:
        """Send a chunk of a stream when there is room for it.

        Parameters
        ----------
        way : LiveDirection
            Direction.
        payload_bytes : int
            Without headers, above 0.

        Returns
        -------
        ndarray of float64
            When each of its segments comes out, s of the trace; NaN for never.
        """
        full, rest = divmod(payload_bytes, SEGMENT_BYTES)
        sizes = np.full(full + (rest > 0), float(SEGMENT_BYTES + HEADER_BYTES))
        if rest:
            sizes[-1] = rest + HEADER_BYTES
        async with self._gates[id(way)]:
            while (at := way.room_at(now := self.link.now_s(), float(sizes.sum()))) > now:
                await self.until(at)
            return way.send(now, sizes, stream=True)

    def turn_bytes(self, way: LiveDirection) -> int:
        """Payload that a stream may send before the next one's turn, bytes."""
        turn = int(way.rate_bit_s(self.link.now_s()) * _TURN_S / 8.0)
        return min(max(turn, 2 * SEGMENT_BYTES), _LARGEST_CHUNK)


class Stream:
    """One direction of one stream over the link.

    Parameters
    ----------
    crossing : Crossing
        The link.
    way : LiveDirection
        Direction.
    reader : asyncio.StreamReader
        Where bytes come from.
    writer : asyncio.StreamWriter
        Where they come out.
    """

    def __init__(
        self, crossing: Crossing, way: LiveDirection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.back: Stream | None = None
        self._done = False
        self._crossing, self._way, self._reader, self._writer = crossing, way, reader, writer
        self._chunks: deque[_Chunk] = deque()
        self._held, self._broken, self._free_s = 0, False, -np.inf
        self._came, self._went = asyncio.Event(), asyncio.Event()

    async def carry(self) -> None:
        """Carry bytes until the end of the stream has come out, or a reset."""
        intake = asyncio.create_task(self._take_in())
        try:
            await self._let_out()
        finally:
            self._done = True
            intake.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await intake

    async def _take_in(self) -> None:
        """Read what comes, and put it on its way while there is room."""
        crossing, way = self._crossing, self._way
        try:
            while data := await self._reader.read(crossing.turn_bytes(way)):
                self._put(data, await crossing.enter(way, len(data)))
                await asyncio.sleep(0)  # what is due elsewhere comes first
                while self._held >= STREAM_LIMIT_BYTES:
                    self._went.clear()
                    await self._went.wait()
        except OSError:
            self.reset()
            return
        self._put_last(end=True)

    def reset(self) -> None:
        """Tell the receiver, after what is on its way, that the connection is broken."""
        self._put_last(reset=True)

    def _put_last(self, end: bool = False, reset: bool = False) -> None:
        out = self._way.send(self._crossing.link.now_s(), HEADER_BYTES, stream=True)
        self._add(_Chunk(float(out[0]), b"", 1, end, reset))

    def _put(self, data: bytes, release: FloatArray) -> None:
        """Put segments on their way, those together that come out within a moment."""
        first = 0
        while first < release.size:
            # A segment that never comes out is not within a moment of any other.
            after = max(int(np.searchsorted(release, release[first] + _TOGETHER_S, "right")), first + 1)
            piece = data[first * SEGMENT_BYTES : after * SEGMENT_BYTES]
            self._add(_Chunk(float(release[after - 1]), piece, after - first))
            first = after

    def _add(self, chunk: _Chunk) -> None:
        self._held += len(chunk.data)
        self._chunks.append(chunk)
        self._came.set()

    async def _let_out(self) -> None:
        """Write each chunk in its time, and at once all that are due by then."""
        while True:
            while not self._chunks:
                self._came.clear()
                await self._came.wait()
            await self._crossing.until(self._chunks[0].release_s)
            if data := self._due():
                await self._write(data)
                continue
            last = self._chunks.popleft()
            self._way.passage.add(self._crossing.link.now_s() - last.release_s, HEADER_BYTES)
            self._finish(last.reset)
            if last.reset or not self._chunks:  # a reset may follow an end
                return

    def _due(self) -> bytes:
        """Take what is due, up to an end of the stream, and count it."""
        now_s, passage, taken = self._crossing.link.now_s(), self._way.passage, []
        while self._chunks and self._chunks[0].release_s <= now_s and self._chunks[0].data:
            chunk = self._chunks.popleft()
            taken.append(chunk.data)
            size = len(chunk.data) + HEADER_BYTES * chunk.packets
            if chunk.release_s >= self._free_s:
                passage.add(now_s - chunk.release_s, size, chunk.packets)
            else:  # it waited for a receiver that reads slowly, not for us
                passage.add_unjudged(size, chunk.packets)
        return b"".join(taken)

    async def _write(self, data: bytes) -> None:
        """Hand bytes to the receiver, unless it is gone, and wait while it takes no more."""
        try:
            if not self._broken:
                self._writer.write(data)
                slow = self._writer.transport.get_write_buffer_size() > 0
                await self._writer.drain()
                if slow:
                    self._free_s = self._crossing.link.now_s()
        except OSError:
            self._broken = True
            await self._tell_sender()
        self._held -= len(data)
        self._went.set()

    async def _tell_sender(self) -> None:
        """Reset the sender, whose receiver is gone; what it still sends is thrown away."""
        back = self.back
        if back is None:
            return
        if not back._done:
            back.reset()
            return
        await self._crossing.cross(back._way, HEADER_BYTES)
        back._finish(reset=True)

    def _finish(self, reset: bool) -> None:
        """End the stream at the receiver."""
        if reset:
            self._writer.transport.abort()
            return
        with contextlib.suppress(OSError, RuntimeError):
            if self._writer.can_write_eof():
                self._writer.write_eof()


async def carry_both(
    crossing: Crossing,
    near: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    far: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    """Carry a connection that the program has just been told of both ways, until both have ended.

    Parameters
    ----------
    crossing : Crossing
        The link.
    near, far : tuple of StreamReader and StreamWriter
        Connection of the program, and to its destination.
    """
    for _, writer in (near, far):
        writer.transport.set_write_buffer_limits(high=_LARGEST_CHUNK)
    up = Stream(crossing, crossing.link.up, near[0], far[1])
    down = Stream(crossing, crossing.link.down, far[0], near[1])
    up.back, down.back = down, up

    async def answer() -> None:
        # A server hears of the connection, and can speak first, when the third packet of the set-up has come.
        await crossing.cross(crossing.link.up, HEADER_BYTES)
        await down.carry()

    await asyncio.gather(up.carry(), answer())
