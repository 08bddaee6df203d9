"""The live link as a relay on loopback, where network namespaces are not to be had: SOCKS 5 and forwarded ports.

A program that is told to use the proxy reaches its destinations over the link: what it sends waits in the link's
queue and for its delay, and so does what comes back. Any system that runs Python will do; no privilege is needed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import time
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, Final

from bentpipe.emulate.account import Account, WayAccount
from bentpipe.emulate.crossing import SETUP_BYTES, Crossing, carry_both
from bentpipe.emulate.livelink import LiveLink
from bentpipe.emulate.relayudp import Datagrams, Forward, LocalSocket, open_forward, open_local
from bentpipe.emulate.socks5 import (
    Command,
    Reply,
    Request,
    SocksError,
    answer,
    pack_address,
    read_request,
    reply_for,
    unpack_datagram,
)
from bentpipe.errors import Fault, InputError

CANNOT: Final = """\
What the relay cannot do (a network namespace can):
- TCP loses no packets: the losses of the trace hit UDP only, and outages hold TCP streams back.
- TCP ends at the relay: its slow start, congestion control and retransmissions do not run over the link; streams
  share the rate in turns, acknowledgements take no capacity.
- Only programs that use a SOCKS 5 proxy go over the link; what ignores the proxy goes around it.
- UDP, and so QUIC, HTTP/3 and WebRTC, only through forwarded ports or SOCKS UDP ASSOCIATE, which few programs use.
- No ICMP: ping and traceroute go around the link.
- Nothing listens behind the link: connections can only be opened from its near side."""
"""What a user must know before believing a run behind the relay; shown by the command line."""

LATE_LIMIT_S: Final = 5e-3
"""Lateness at the 99th percentile above which a run is not trusted by default, s: an event loop at normal priority is
coarser than the shaper; below the usual spread of delays within a slot (assumed)."""
CONNECTION_LIMIT: Final = 256
"""Connections at a time; more are refused."""
HANDSHAKE_S: Final = 10.0
"""Time for a client to say what it wants, s."""
CONNECT_S: Final = 60.0
"""Time for a connection to a destination, s."""
NAME_S: Final = 60.0
"""Time for which a name that was looked up is remembered, s, as browsers do (assumed)."""
_TASK_LIMIT = 1024  # connections and names that are being looked up
_DRAW_S = 1.0
_MUCH = 4.0  # limits by which a single packet may be late
_QUERY_BYTES, _ANSWER_BYTES = 46, 62  # headers of IP, UDP and DNS and the rest of a question; and one address


class Relay:
    """SOCKS 5 server and forwarded UDP ports on loopback, with a live link behind them.

    Parameters
    ----------
    link : LiveLink
        The link; started with the relay unless it is.
    host : str
        Loopback address to listen on; any other is refused.
    port : int
        Port; 0 for any.
    forwards : iterable of Forward
        UDP ports.
    late_limit_s : float
        Lateness at the 99th percentile above which the run is not trusted, s.

    Attributes
    ----------
    port : int
        Port of the proxy, once started.
    forward_ports : tuple of int
        Local port of each forward, once started.
    scheduling : str
        How the system schedules the relay's thread, for the account.
    """

    def __init__(
        self,
        link: LiveLink,
        host: str = "127.0.0.1",
        port: int = 0,
        forwards: Iterable[Forward] = (),
        late_limit_s: float = LATE_LIMIT_S,
    ) -> None:
        _refuse_public(host)
        self.link, self.host, self.port = link, host, port
        self.forward_ports: tuple[int, ...] = ()
        self.scheduling = "normal scheduling"
        self._forwards, self._late_limit_s = tuple(forwards), late_limit_s
        self._crossing, self._datagrams = Crossing(link), Datagrams(link)
        self._server: asyncio.Server | None = None
        self._locals: list[LocalSocket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._names: dict[str, tuple[float, list[str]]] = {}
        self._asked = self._turned_away = self._connections = 0
        self._verdict: Account | None = None
        self._cpu_began_s = self._cpu_s = 0.0

    @property
    def url(self) -> str:
        """Address of the proxy, as programs take it; names are resolved at the far side."""
        return f"socks5h://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def environment(self) -> dict[str, str]:
        """Variables that tell programs to use the relay.

        Returns
        -------
        dict of str to str
            ``ALL_PROXY``, ``HTTP_PROXY`` and ``HTTPS_PROXY`` in both cases; an empty ``NO_PROXY``; the proxy again
            in ``BENTPIPE_PROXY``; this host, as destinations beyond the link name it, in ``BENTPIPE_HOST``; the
            place in ``BENTPIPE_SITE``; and when the trace began, by `time.monotonic`, in ``BENTPIPE_START``.
        """
        names = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY")
        told = {spelt: self.url for name in names for spelt in (name, name.lower())}
        known = {
            "BENTPIPE_PROXY": self.url,
            "BENTPIPE_HOST": self.host,
            "BENTPIPE_SITE": self.link.plan.place,
            "BENTPIPE_START": repr(time.monotonic() - self.link.now_s()),
        }
        return told | known | {"NO_PROXY": "", "no_proxy": ""}

    def described(self) -> list[str]:
        """Lines for a user: where the relay listens, and what it cannot do.

        Returns
        -------
        list of str
            Forwards included.
        """
        ports = [
            f"UDP {self.host} port {local} goes to {forward.host} port {forward.port}"
            for local, forward in zip(self.forward_ports, self._forwards, strict=True)
        ]
        return [f"a relay at {self.url} is the link; the program finds it in ALL_PROXY", *ports, *CANNOT.splitlines()]

    async def start(self) -> None:
        """Listen. An InputError where a port is taken or a destination of a forward is not known."""
        self._cpu_began_s = time.thread_time()
        try:
            for forward in self._forwards:
                self._locals.append(await open_forward(self._datagrams, forward, self.host))
            self._server = await asyncio.start_server(self._accept, self.host, self.port)
        except OSError as error:
            await self.stop()
            raise InputError(
                Fault(f"cannot listen on {self.host}: {error.strerror or error}", "port", self.port or None)
            ) from None
        except InputError:
            await self.stop()
            raise
        self.port = int(self._server.sockets[0].getsockname()[1])
        self.forward_ports = tuple(local.port for local in self._locals)
        self.link.start()
        self._spawn(self._draw_ahead())

    async def stop(self) -> None:
        """Close everything; what is on its way is dropped."""
        if self._verdict is None:
            self._cpu_s = time.thread_time() - self._cpu_began_s
            self._verdict = self.verdict()
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._datagrams.close()
        for local in self._locals:
            local.transport.close()
        # One turn of the loop, in which transports close their sockets.
        await asyncio.sleep(0)

    def verdict(self) -> Account:
        """What the link did so far, or until the relay was stopped.

        Returns
        -------
        Account
            Not trusted where packets were late, or where nothing used the relay.
        """
        if self._verdict is not None:
            return self._verdict
        link, limit = self.link, self._late_limit_s
        ways = {"down": link.down.account(), "up": link.up.account()}
        beyond = link.beyond_s()
        reasons = _reasons(ways, beyond, limit)
        if self._asked == 0 and not ways["up"].packets:
            reasons.append("nothing used the relay: does the program take a SOCKS proxy from its environment?")
        if self._turned_away:
            reasons.append(f"{self._turned_away} connections above {CONNECTION_LIMIT} at a time were refused")
        return Account(
            "relay", False, "python, asyncio relay", self.scheduling, link.now_s(), beyond, ways, tuple(reasons),
            self._cpu_s,
        )  # fmt: skip

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run beside the rest, until the relay stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _draw_ahead(self) -> None:
        """Keep a slot of the trace drawn, so that no packet waits for that."""
        while True:
            await asyncio.to_thread(self.link.draw_ahead)
            await asyncio.sleep(_DRAW_S)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._connections += 1
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client left
        except asyncio.CancelledError:
            writer.transport.abort()  # the relay stops
        finally:
            self._tasks.discard(task)
            self._connections -= 1
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._asked += 1
        if self._connections > CONNECTION_LIMIT:
            self._turned_away += 1
            return
        try:
            request = await asyncio.wait_for(read_request(reader, writer), HANDSHAKE_S)
        except SocksError as error:
            writer.write(error.answer)
            return
        except TimeoutError:
            return
        if request.command is Command.UDP_ASSOCIATE:
            await self._associate(request, reader, writer)
        else:
            await self._connect(request, reader, writer)

    async def _connect(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Open a connection over the link and carry it; its set-up costs a round trip, as does looking up a name."""
        link, cross = self.link, self._crossing.cross
        try:
            addresses = await self._look_up(request.host)
            await cross(link.up, SETUP_BYTES)
            far = await asyncio.wait_for(_open_first(addresses, request.port), CONNECT_S)
        except (OSError, TimeoutError) as error:
            await cross(link.down, SETUP_BYTES)
            writer.write(answer(reply_for(error)))
            return
        try:
            await cross(link.down, SETUP_BYTES)
            writer.write(answer(Reply.SUCCEEDED))
            await carry_both(self._crossing, (reader, writer), far)
        finally:
            far[1].transport.abort() if writer.transport.is_closing() else far[1].close()

    async def _look_up(self, host: str) -> list[str]:
        """Addresses of a destination. A name costs a round trip, unless it was looked up a moment ago."""
        with contextlib.suppress(ValueError):
            return [str(ipaddress.ip_address(host))]
        until_s, addresses = self._names.get(host, (-1.0, []))
        if self.link.now_s() < until_s:
            return addresses
        loop = asyncio.get_running_loop()
        await self._crossing.cross(self.link.up, _QUERY_BYTES + len(host))
        try:
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except UnicodeError:  # a label that is empty, or longer than 63 characters
            raise socket.gaierror(socket.EAI_NONAME, "not a name") from None
        await self._crossing.cross(self.link.down, _ANSWER_BYTES + len(host))
        addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
        self._names[host] = (self.link.now_s() + NAME_S, addresses)
        return addresses

    async def _associate(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry the datagrams of one client for as long as it keeps its connection."""
        expected: Any = request.port or None  # the port that the client says it will send from

        def received(data: bytes, sender: Any) -> None:
            nonlocal expected
            expected = expected or sender[1]
            unpacked = unpack_datagram(data)
            if unpacked is None or sender[1] != expected or len(self._tasks) >= _TASK_LIMIT:
                return
            host, port, payload = unpacked
            self._spawn(self._datagram(local, sender, host, port, payload))

        local = await open_local(self.host, 0, received)
        try:
            writer.write(answer(Reply.SUCCEEDED, self.host, local.port))
            while await reader.read(1024):
                pass
        finally:
            self._datagrams.close((local.port, expected))
            local.transport.close()

    async def _datagram(self, local: LocalSocket, sender: Any, host: str, port: int, payload: bytes) -> None:
        """Send one datagram of a SOCKS client."""
        try:
            address = (await self._look_up(host))[0]
        except OSError:
            return
        header = b"\0\0\0" + pack_address(address, port)
        self._datagrams.up(
            payload, address, port, (local.port, sender[1]), lambda data: local.send(header + data, sender)
        )


async def _open_first(addresses: list[str], port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the first address that answers."""
    failure: OSError = OSError("no address")
    for address in addresses:
        try:
            return await asyncio.open_connection(address, port)
        except OSError as error:
            failure = error
    raise failure


def _reasons(ways: Mapping[str, WayAccount], beyond_s: float, limit_s: float) -> list[str]:
    """Why times were not kept, or had no meaning."""
    found = [
        f"on the way {name} packets were {1e3 * way.late_p99_s:.1f} ms late at the 99th percentile (limit"
        f" {1e3 * limit_s:g} ms, max {1e3 * way.late_max_s:.0f} ms): the machine was too busy"
        for name, way in ways.items()
        if way.late_p99_s > limit_s and (way.late > 1 or way.late_max_s > _MUCH * limit_s)
    ]
    if beyond_s > 1.0:
        found.append(f"the program ran {beyond_s:.0f} s beyond the end of the trace, where the link is down")
    return found


def _refuse_public(host: str) -> None:
    """Refuse to listen where others can connect."""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return
    raise InputError(
        Fault("the relay asks for no password and listens on loopback only", "host", host, "127.0.0.1 or ::1")
    )
