"""Server-sent events: the newest state of every job and run, to every page that listens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

__all__ = ["EventResponse", "Events"]

STREAMS = 16
HEARTBEAT_S = 15.0


class Stream:
    """What one page has still to be told: of each thing, its newest state only."""

    def __init__(self) -> None:
        self._pending: dict[tuple[str, str], bytes] = {}
        self._news = asyncio.Event()
        self._over = False

    def put(self, event: str, id: str, text: bytes) -> None:
        """Tell of a state; an earlier one of the same thing that has not been told is forgotten."""
        self._pending.pop((event, id), None)
        self._pending[event, id] = text
        self._news.set()

    def end(self) -> None:
        """Let the stream end."""
        self._over = True
        self._news.set()

    async def read(self) -> bytes:
        """Wait for what is new; a comment where there is nothing for a while, nothing at the end."""
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await self._news.wait()
        except TimeoutError:
            return b": still here\n\n"
        self._news.clear()
        told = b"".join(self._pending.values())
        self._pending.clear()
        return b"" if self._over else told


class Events:
    """All streams of a server."""

    def __init__(self) -> None:
        self._streams: set[Stream] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._streams)

    @property
    def full(self) -> bool:
        """Whether no more pages can listen."""
        return self._closed or len(self._streams) >= STREAMS

    def tell(self, event: str, state: Mapping[str, Any]) -> None:
        """Tell all pages.

        Parameters
        ----------
        event : str
            Kind: ``job`` or ``run``.
        state : mapping
            Has an ``id``.
        """
        text = event_text(event, state)
        for stream in self._streams:
            stream.put(event, str(state["id"]), text)

    def open(self, states: Iterable[tuple[str, Mapping[str, Any]]]) -> Stream:
        """Begin a stream, to be given back to `leave`.

        Parameters
        ----------
        states : iterable of (str, mapping)
            What is told first, as for `tell`.

        Returns
        -------
        Stream
        """
        stream = Stream()
        self._streams.add(stream)
        for event, state in states:
            stream.put(event, str(state["id"]), event_text(event, state))
        return stream

    def leave(self, stream: Stream) -> None:
        """Tell a stream no more."""
        self._streams.discard(stream)

    def close(self) -> None:
        """End all streams, and let none begin."""
        self._closed = True
        for stream in self._streams:
            stream.end()


class EventResponse(StreamingResponse):
    """Answer that goes on for as long as the page listens.

    Parameters
    ----------
    events : Events
        All streams.
    stream : Stream
        This one.
    """

    def __init__(self, events: Events, stream: Stream) -> None:
        super().__init__(_follow(stream), 200, {"Cache-Control": "no-store"}, "text/event-stream")
        self._events, self._stream = events, stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send, and count the stream out, however it ends."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._events.leave(self._stream)


async def _follow(stream: Stream) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n"
    while text := await stream.read():
        yield text


def event_text(event: str, state: Mapping[str, Any]) -> bytes:
    """Write one event as it goes over the line."""
    return f"event: {event}\ndata: {json.dumps(state)}\n\n".encode()
