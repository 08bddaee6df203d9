"""Datagrams over a live link: forwarded ports, and what SOCKS clients send by UDP.

Each pair of a program's socket and a destination has a connected socket of its own at the far side, as behind a
symmetric address translation: nothing listens but on loopback, and only the destination's answers come back.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import socket
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final

from bentpipe.emulate.livelink import LiveDirection, LiveLink
from bentpipe.errors import Fault, InputError

FLOW_LIMIT: Final = 512
"""Pairs of sockets at a time; a new one ends the one that was idle for longest."""
FLOW_IDLE_S: Final = 300.0
"""Idle time after which a pair ends, s: the default that RFC 4787 recommends (REQ-5)."""
_WAITING = 64  # datagrams that wait while a socket opens


@dataclass(frozen=True)
class Forward:
    """A local UDP port whose datagrams go to one destination.

    Parameters
    ----------
    local : int
        Port on loopback; 0 for any.
    host : str
        Destination: address or name, resolved at the far side.
    port : int
        Its port.
    """

    local: int
    host: str
    port: int


def parse_forward(text: str) -> Forward:
    """Read a forward as it is written on a command line.

    Parameters
    ----------
    text : str
        ``LOCAL:HOST:PORT``; an IPv6 address in brackets.

    Returns
    -------
    Forward
        Refused with an InputError where it is not one.
    """
    local, _, rest = text.partition(":")
    host, _, port = rest.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    bare = host[1:-1] if bracketed else host
    numbers = [int(n) if n.isascii() and n.isdigit() else -1 for n in (local, port)]
    if not bare or (":" in bare and not bracketed) or not (0 <= numbers[0] <= 65535 and 1 <= numbers[1] <= 65535):
        raise InputError(
            Fault("not a forward of a UDP port", "--forward-udp", text, "LOCAL:HOST:PORT, such as 5353:192.0.2.1:53")
        )
    return Forward(numbers[0], bare, numbers[1])


@dataclass
class _Flow(asyncio.DatagramProtocol):
    """Socket at the far side, connected to one destination."""

    answered: Callable[[bytes], None]
    used_s: float = 0.0
    transport: Any = None
    waiting: deque[bytes] = field(default_factory=lambda: deque(maxlen=_WAITING))
    opening: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        while self.waiting:
            self.transport.sendto(self.waiting.popleft())

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.answered(data)

    def send(self, data: bytes) -> None:
        """Send, or wait for the socket to open."""
        if self.transport is None:
            self.waiting.append(data)
        elif not self.transport.is_closing():
            self.transport.sendto(data)

    def close(self) -> None:
        """End it."""
        if self.opening is not None:
            self.opening.cancel()
        if self.transport is not None:
            self.transport.close()


class Datagrams:
    """Carries datagrams both ways over a link.

    Parameters
    ----------
    link : LiveLink
        Started.
    """

    def __init__(self, link: LiveLink) -> None:
        self._link = link
        self._flows: dict[Hashable, _Flow] = {}

    def up(self, data: bytes, host: str, port: int, sender: Hashable, answer: Callable[[bytes], None]) -> None:
        """Send a datagram of the program to its destination.

        Parameters
        ----------
        data : bytes
            Payload.
        host : str
            IPv4 or IPv6 address.
        port : int
            Port.
        sender : hashable
            The program's socket.
        answer : callable
            Called with each answer when it has crossed the link.
        """
        headers = _header_bytes(host)
        self._cross(
            self._link.up, len(data) + headers, lambda: self._flow(sender, host, port, answer, headers).send(data)
        )

    def close(self, sender: Hashable = None) -> None:
        """End all flows, or those of one socket of the program.

        Parameters
        ----------
        sender : hashable, optional
            The socket.
        """
        for key in [k for k in self._flows if sender is None or k[0] == sender]:  # type: ignore[index]
            self._flows.pop(key).close()

    def _cross(self, way: LiveDirection, size_bytes: int, then: Callable[[], None]) -> None:
        """Send one datagram, and call when it comes out, if it does."""
        release_s = float(way.send(self._link.now_s(), size_bytes)[0])
        if math.isnan(release_s):
            return

        def let_out() -> None:
            late_s = self._link.now_s() - release_s
            if late_s < 0.0:  # the loop's clock is a little ahead
                asyncio.get_running_loop().call_later(-late_s, let_out)
                return
            way.passage.add(late_s, size_bytes)
            then()

        asyncio.get_running_loop().call_later(max(release_s - self._link.now_s(), 0.0), let_out)

    def _flow(self, sender: Hashable, host: str, port: int, answer: Callable[[bytes], None], headers: int) -> _Flow:
        """Find the socket of a pair, or open it."""
        now_s, key = self._link.now_s(), (sender, host, port)
        flow = self._flows.pop(key, None) or self._new_flow(host, port, answer, headers)
        flow.used_s = now_s
        self._flows[key] = flow  # the one used last is last
        return flow

    def _new_flow(self, host: str, port: int, answer: Callable[[bytes], None], headers: int) -> _Flow:
        """Open the socket of a pair."""
        self._make_room(self._link.now_s())

        def answered(data: bytes) -> None:
            flow.used_s = self._link.now_s()
            self._cross(self._link.down, len(data) + headers, lambda: answer(data))

        flow = _Flow(answered)
        flow.opening = asyncio.get_running_loop().create_task(self._open(flow, host, port))
        return flow

    async def _open(self, flow: _Flow, host: str, port: int) -> None:
        """Open the socket of a flow; where that fails, its datagrams are gone, as in a network."""
        try:
            await asyncio.get_running_loop().create_datagram_endpoint(lambda: flow, remote_addr=(host, port))
        except OSError:
            flow.waiting.clear()

    def _make_room(self, now_s: float) -> None:
        """End what is idle, and the one idle for longest where there are too many."""
        for key in list(self._flows):
            if len(self._flows) < FLOW_LIMIT and self._flows[key].used_s > now_s - FLOW_IDLE_S:
                break
            self._flows.pop(key).close()


class LocalSocket(asyncio.DatagramProtocol):
    """A socket on loopback that a program sends datagrams to.

    Parameters
    ----------
    received : callable
        Called with the datagram and the address of its sender.
    """

    def __init__(self, received: Callable[[bytes, Any], None]) -> None:
        self._received = received
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; called by asyncio."""
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Hand a datagram on; called by asyncio."""
        self._received(data, addr)

    def send(self, data: bytes, address: Any) -> None:
        """Send to a program, unless the socket is closed."""
        if not self.transport.is_closing():
            self.transport.sendto(data, address)

    @property
    def port(self) -> int:
        """Port on loopback."""
        return int(self.transport.get_extra_info("sockname")[1])


async def open_local(host: str, port: int, received: Callable[[bytes, Any], None]) -> LocalSocket:
    """Open a socket on loopback.

    Parameters
    ----------
    host : str
        Loopback address.
    port : int
        Port; 0 for any.
    received : callable
        Called with each datagram and the address of its sender.

    Returns
    -------
    LocalSocket
        Open.
    """
    loop = asyncio.get_running_loop()
    _, local = await loop.create_datagram_endpoint(lambda: LocalSocket(received), local_addr=(host, port))
    return local


async def open_forward(datagrams: Datagrams, forward: Forward, host: str) -> LocalSocket:
    """Forward a local port.

    Parameters
    ----------
    datagrams : Datagrams
        The link.
    forward : Forward
        Port and destination.
    host : str
        Loopback address to listen on.

    Returns
    -------
    LocalSocket
        Open. An InputError where the destination's name is not known.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(forward.host, forward.port, type=socket.SOCK_DGRAM)
    except socket.gaierror as error:
        raise InputError(
            Fault(f"no address for the destination ({error.strerror})", "--forward-udp", forward.host)
        ) from None
    address = str(found[0][4][0])

    def received(data: bytes, sender: Any) -> None:
        datagrams.up(data, address, forward.port, (local.port, sender), lambda answer: local.send(answer, sender))

    local = await open_local(host, forward.local, received)
    return local


def _header_bytes(host: str) -> int:
    """Headers of IP and UDP, bytes."""
    return 28 if ipaddress.ip_address(host.partition("%")[0]).version == 4 else 48
