"""Connections of the server: how many are open, and how long a client may take.

A page needs a handful. Whoever opens hundreds, trickles a request or does not read its answer is cut, so that others
are still answered.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["Limits", "LimitedProtocol", "limited_protocol"]


@dataclass
class Limits:
    """What clients are held to, and the connections that are open.

    Parameters
    ----------
    connections : int
        Open at most; beyond that, the oldest that asks for nothing, or for many things at once, is closed; where there
        is none, the oldest that does not read its answer, and then the oldest that awaits one.
    request_s : float
        From the first byte awaited to the last byte of a request, s.
    write_s : float
        Within which an answer, or `write_bytes` of it, is read, s.
    write_bytes : int
        See `write_s`.
    request_bytes : int
        Taken from a client for one request, which may have been refused long before, bytes.
    """

    connections: int = 200
    request_s: float = 10.0
    write_s: float = 30.0
    write_bytes: int = 500_000
    request_bytes: int = 1_000_000
    open: dict[LimitedProtocol, None] = field(default_factory=dict, repr=False)

    def admit(self, newcomer: LimitedProtocol) -> None:
        """Count a connection in; close another, or it, where there are too many."""
        if len(self.open) >= self.connections:
            idle = (other for other in self.open if not other.busy)
            stuck = (other for other in self.open if other.write_held)
            waiting = (other for other in self.open if not other.streaming)
            victim = next(idle, None) or next(stuck, None) or next(waiting, newcomer)
            self.open.pop(victim, None)
            victim.cut()
            if victim is newcomer:
                return
        self.open[newcomer] = None


class LimitedProtocol(H11Protocol):
    """HTTP/1.1 of uvicorn, held to `Limits`."""

    limits: Limits

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._request_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._unread = 0
        self._taken = 0

    @property
    def busy(self) -> bool:
        """Whether one whole request waits for its answer, or for the rest of it to be read."""
        if self.cycle is None or self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            return self.write_held
        if self.conn.trailing_data[0]:  # no browser sends the next request before it has its answer
            return False
        return self.write_held or not self.cycle.response_complete

    @property
    def streaming(self) -> bool:
        """Whether an answer has begun that goes on."""
        return self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete

    @property
    def write_held(self) -> bool:
        """Whether the client has not read what it was sent."""
        return self._write_timer is not None

    def cut(self) -> None:
        """Drop the connection now, whatever is still to be sent."""
        self._stop_timers()
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection; its first request is awaited."""
        # Told as soon as one byte waits: an answer that fits into the buffer would otherwise wait unseen for ever.
        transport.set_write_buffer_limits(high=0)
        super().connection_made(transport)
        self._await_request()
        self.limits.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the connection out."""
        self._stop_timers()
        self.limits.open.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request, which must be whole in time."""
        self._taken += len(data)
        if self._taken > self.limits.request_bytes:
            self.cut()
            return
        super().data_received(data)
        self._look_at_request()

    def on_response_complete(self) -> None:
        """Go on to the next request; where it was sent before this answer was there, ask for a new connection."""
        if self.conn.trailing_data[0] and self.conn.their_state is h11.DONE:
            self.transport.close()  # no browser does that; a few clients could keep the server busy with it
            return
        super().on_response_complete()
        self._look_at_request()

    def pause_writing(self) -> None:
        """Start the clock: what is sent must be read in time."""
        super().pause_writing()
        if self._write_timer is None:
            self._watch_write()

    def resume_writing(self) -> None:
        """Stop the clock: all has been read."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _look_at_request(self) -> None:
        """Let time run while a request is on its way, and only then."""
        theirs = self.conn.their_state
        if theirs is h11.SEND_BODY or (theirs is h11.IDLE and self.conn.trailing_data[0]):
            self._await_request()
        else:
            self._taken = 0
            if self._request_timer is not None:
                self._request_timer.cancel()
                self._request_timer = None

    def _await_request(self) -> None:
        if self._request_timer is None and not self.transport.is_closing():
            self._request_timer = self.loop.call_later(self.limits.request_s, self.cut)

    def _watch_write(self) -> None:
        self._unread = self.transport.get_write_buffer_size()
        self._write_timer = self.loop.call_later(self.limits.write_s, self._judge_write)

    def _judge_write(self) -> None:
        if self.transport.get_write_buffer_size() > self._unread - self.limits.write_bytes:
            self.cut()
        else:
            self._watch_write()

    def _stop_timers(self) -> None:
        for timer in (self._request_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        self._request_timer = self._write_timer = None


def limited_protocol(limits: Limits) -> type[LimitedProtocol]:
    """Protocol of one server.

    Parameters
    ----------
    limits : Limits
        Of this server.

    Returns
    -------
    type
        For ``uvicorn.Config(http=...)``.
    """
    return type("LimitedProtocolOfServer", (LimitedProtocol,), {"limits": limits})
