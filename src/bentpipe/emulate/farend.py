"""The far end of the link: what a program reaches beyond it are services of this host, and the Internet where allowed.

Two halves. :class:`Watch` sits at the near end of the way up, in the shaper: the first packet to a port opens a socket
on it in the far namespace, before the packet gets there, and hands it over. :class:`Forwarder` lives in
the host's own namespace: it takes the sockets over, and joins what they accept to the real service. So the packets on
the simulated link are the kernel's own, TCP runs over its delay and loss, and nothing listens on the host.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import selectors
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bentpipe.emulate.namespaces import CLONE_NEWNET, enter

HOST: Final = "100.64.0.1"
"""Address of the far end, as the program sees it: this host's own services (RFC 6598, shared address space)."""

_TCP, _UDP, _ICMP = 6, 17, 1
_CHUNK = 1 << 18
_UDP_IDLE_S = 120.0
_LISTENERS = 4096
_MANY_LISTENERS, _LISTENER_IDLE_S = 256, 300.0
_FORGET_S = 1.0


class HostPorts:
    """Which ports of this host something waits on, by the system's tables: no service is called on for that.

    Made in the host's network namespace, it goes on telling of that one, wherever its process goes.
    """

    def __init__(self) -> None:
        self._tables: dict[str, list[int]] = {}
        for kind in ("tcp", "udp"):
            self._tables[kind] = []
            for table in (kind, f"{kind}6"):
                with contextlib.suppress(OSError):  # a host without IPv6 has no second one
                    self._tables[kind].append(os.open(f"/proc/self/net/{table}", os.O_RDONLY | os.O_CLOEXEC))

    def waits(self, kind: str, port: int) -> bool:
        """Tell whether something waits on a port.

        Parameters
        ----------
        kind : str
            ``"tcp"`` or ``"udp"``.
        port : int
            Port.

        Returns
        -------
        bool
        """
        wanted, state = f":{port:04X}", "0A" if kind == "tcp" else "07"
        for file in self._tables[kind]:
            os.lseek(file, 0, os.SEEK_SET)
            with os.fdopen(os.dup(file), "r") as table:
                next(table, None)
                for line in table:
                    fields = line.split()
                    if fields[3] != state and kind == "tcp":
                        break  # those that listen come first
                    if fields[1].endswith(wanted) and fields[3] == state:
                        return True
        return False


class Watch:
    """Sees every packet on its way up, and opens ports at the far end as they are asked for.

    Parameters
    ----------
    channel : socket.socket
        To the forwarder: a datagram of 7 bytes (protocol, address, port), with the socket.
    namespace : int
        File descriptor of the network namespace of the far end.
    internet : bool
        Whether addresses other than that of the host are answered, and names.
    ports : HostPorts
        Of the host.
    """

    def __init__(self, channel: socket.socket, namespace: int, internet: bool, ports: HostPorts) -> None:
        self._channel, self._namespace, self._internet, self._ports = channel, namespace, internet, ports
        self._host = socket.inet_aton(HOST)
        self._known: set[bytes] = set()
        self._forget = 0.0

    def __call__(self, packet: bytes) -> bool:
        """Look at a packet.

        Parameters
        ----------
        packet : bytes
            IPv4, from its header on.

        Returns
        -------
        bool
            Whether to drop it: an echo request that the far end would answer in the name of another.
        """
        protocol = packet[9]
        if protocol == _TCP:
            at = 4 * (packet[0] & 15)
            if len(packet) > at + 13 and packet[at + 13] & 0x12 == 0x02:  # SYN without ACK
                self._open(packet, at, socket.SOCK_STREAM)
            return False
        if protocol == _UDP:
            at = 4 * (packet[0] & 15)
            if packet[16:20] + packet[at + 2 : at + 4] not in self._known and not packet[6] & 0x1F and not packet[7]:
                self._open(packet, at, socket.SOCK_DGRAM)
            return False
        return protocol == _ICMP and packet[16:20] != self._host

    def _open(self, packet: bytes, at: int, kind: socket.SocketKind) -> None:
        """Open the port that a packet is for; one that is open already cannot be, and that is well."""
        target, port = packet[16:20], packet[at + 2 : at + 4]
        if target != self._host and not self._internet:
            return
        now = time.monotonic()
        if now > self._forget:  # the forwarder closes what is idle: ask again from time to time
            self._known.clear()
            self._forget = now + _FORGET_S
        s = socket.socket(socket.AF_INET, kind)
        with s, contextlib.suppress(OSError):
            if kind == socket.SOCK_DGRAM:
                self._known.add(target + port)
            else:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            number = int.from_bytes(port, "big")
            s.bind((socket.inet_ntoa(target), number))
            if target == self._host and not (
                self._ports.waits("tcp" if kind == socket.SOCK_STREAM else "udp", number)
                or (self._internet and number == 53)
            ):
                return
            if kind == socket.SOCK_STREAM:
                s.listen(1024)
            note = bytes([packet[9]]) + target + port
            socket.send_fds(self._channel, [note], [s.fileno()], socket.MSG_DONTWAIT)

    def enter(self) -> None:
        """Let the calling thread live in the namespace of the far end, where its new sockets then are."""
        if self._namespace >= 0:
            enter(self._namespace, CLONE_NEWNET)


class _Half:
    """Bytes from one socket to another through a pipe, without a copy."""

    def __init__(self, source: socket.socket, sink: socket.socket) -> None:
        self.source, self.sink = source, sink
        self.read, self.write = os.pipe()
        self.held = 0
        self.ended = False

    def move(self) -> bool:
        """Move what can be moved now, up to a limit for the others' sake; whether the direction is done with."""
        for _ in range(16):
            if not self.ended and self.held < _CHUNK // 2:
                try:
                    got = os.splice(self.source.fileno(), self.write, _CHUNK, flags=0x3)
                    self.ended = got == 0
                    self.held += got
                except BlockingIOError:
                    if not self.held:
                        return False
            if self.held:
                try:
                    self.held -= os.splice(self.read, self.sink.fileno(), self.held, flags=0x3)
                except BlockingIOError:
                    return False
            elif self.ended:
                with contextlib.suppress(OSError):
                    self.sink.shutdown(socket.SHUT_WR)
                return True
        return False

    def close(self) -> None:
        os.close(self.read)
        os.close(self.write)


class _Stream:
    """A connection of the program, joined to one in the host's namespace."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.near, self.far = near, far
        self.up, self.down = _Half(near, far), _Half(far, near)
        self.done: set[_Half] = set()

    def wanted(self, s: socket.socket) -> int:
        """Events that a socket is watched for."""
        reads, writes = (self.up, self.down) if s is self.near else (self.down, self.up)
        events = 0
        if reads not in self.done and not reads.ended and reads.held < _CHUNK // 2:
            events |= selectors.EVENT_READ
        if writes not in self.done and writes.held:
            events |= selectors.EVENT_WRITE
        return events


class Forwarder:
    """Joins what the program asks for to the real services, in the caller's namespace.

    Parameters
    ----------
    channel : socket.socket
        Other end of the one that :class:`Watch` has.
    selector : selectors.BaseSelector
        Loop of the caller; the data of each key is a function of the events to call.
    internet : bool
        Whether names are answered for, by this host's name server.
    """

    def __init__(self, channel: socket.socket, selector: selectors.BaseSelector, internet: bool = False) -> None:
        self._channel, self._selector = channel, selector
        self._resolver = resolver() if internet else None
        channel.setblocking(False)
        selector.register(channel, selectors.EVENT_READ, self._offered)
        self._listeners: dict[socket.socket, bool] = {}
        self._asked: dict[socket.socket, float] = {}
        self._flows: dict[tuple[socket.socket, Any], tuple[socket.socket, list[float]]] = {}

    def _offered(self, _: int) -> None:
        """Take over a socket that the watch opened."""
        try:
            note, files, _, _ = socket.recv_fds(self._channel, 7, 1, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        if not files:
            self._selector.unregister(self._channel)
            return
        s = socket.socket(fileno=files[0])
        s.setblocking(False)
        if len(self._listeners) >= _LISTENERS:
            s.close()
            return
        self._listeners[s] = socket.inet_ntoa(note[1:5]) == HOST
        self._asked[s] = time.monotonic()
        call = self._accept if note[0] == _TCP else self._datagram
        self._selector.register(s, selectors.EVENT_READ, lambda _: call(s))

    def _target(self, own: bool, address: tuple[str, int]) -> tuple[str, int]:
        """Where a connection to an address at the far end is to go."""
        if not own:
            return address
        if address[1] == 53 and self._resolver:
            return (self._resolver, 53)
        return ("127.0.0.1", address[1])

    def _accept(self, s: socket.socket) -> None:
        try:
            near, _ = s.accept()
        except OSError:
            return
        self._asked[s] = time.monotonic()
        near.setblocking(False)
        own = self._listeners[s]
        target = self._target(own, near.getsockname())
        far = socket.socket(_family(target), socket.SOCK_STREAM)
        far.setblocking(False)
        try:
            if own and target[0] == "127.0.0.1":
                far = _to_host(far, target)
            else:
                far.connect(target)
        except BlockingIOError:
            pass
        except OSError:
            _reset(near)
            far.close()
            if own:  # the service is gone: the port is closed until it is asked for again
                self._drop(s)
            return
        for each in (near, far):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = _Stream(near, far)
        self._selector.register(far, selectors.EVENT_WRITE, lambda _: self._connected(stream))

    def _connected(self, stream: _Stream) -> None:
        """Begin to move bytes once the far side is there, or refuse the program's connection."""
        self._selector.unregister(stream.far)
        if stream.far.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._end(stream)
            return
        self._move(stream)

    def _move(self, stream: _Stream) -> None:
        """Move what can be moved both ways, and wait for more."""
        try:
            for half in (stream.up, stream.down):
                if half not in stream.done and half.move():
                    stream.done.add(half)
        except OSError:
            self._end(stream)
            return
        if len(stream.done) == 2:
            self._end(stream, orderly=True)
            return
        for s in (stream.near, stream.far):
            self._watch(s, stream.wanted(s), lambda _: self._move(stream))

    def _watch(self, s: socket.socket, events: int, call: Callable[[int], None]) -> None:
        """Watch a socket for events; none means not at all."""
        key = self._selector.get_map().get(s)
        if key is None:
            if events:
                self._selector.register(s, events, call)
        elif not events:
            self._selector.unregister(s)
        elif key.events != events:
            self._selector.modify(s, events, call)

    def _end(self, stream: _Stream, orderly: bool = False) -> None:
        for s in (stream.near, stream.far):
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(s)
            if orderly:
                s.close()
            else:
                _reset(s)
        stream.up.close()
        stream.down.close()

    def _datagram(self, s: socket.socket) -> None:
        """Pass datagrams of the program on, each sender's from a socket of its own."""
        for _ in range(64):
            try:
                content, client = s.recvfrom(65_536)
            except OSError:
                return
            flow = self._flows.get((s, client))
            if flow is None:
                flow = self._new_flow(s, client)
                if flow is None:
                    continue
            flow[1][0] = time.monotonic()
            with contextlib.suppress(OSError):
                flow[0].send(content)

    def _new_flow(self, s: socket.socket, client: Any) -> tuple[socket.socket, list[float]] | None:
        target = self._target(self._listeners[s], s.getsockname())
        far = socket.socket(_family(target), socket.SOCK_DGRAM)
        far.setblocking(False)
        for each in (s, far):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        try:
            far.connect(target)
        except OSError:
            far.close()
            return None
        flow = self._flows[s, client] = (far, [time.monotonic()])

        def back(_: int) -> None:
            for _ in range(64):
                try:
                    content = far.recv(65_536)
                except OSError:
                    return
                flow[1][0] = time.monotonic()
                with contextlib.suppress(OSError):
                    s.sendto(content, client)

        self._selector.register(far, selectors.EVENT_READ, back)
        return flow

    def tidy(self) -> None:
        """Close what has been idle; to be called every few seconds."""
        now = time.monotonic()
        if len(self._listeners) > _MANY_LISTENERS:
            for s, asked in list(self._asked.items()):
                if s.type == socket.SOCK_STREAM and now - asked > _LISTENER_IDLE_S:
                    self._drop(s)
        for (s, client), (far, used) in list(self._flows.items()):
            if now - used[0] > _UDP_IDLE_S:
                self._selector.unregister(far)
                far.close()
                del self._flows[s, client]
                if not any(key[0] is s for key in self._flows):
                    self._drop(s)

    def _drop(self, s: socket.socket) -> None:
        self._asked.pop(s, None)
        if self._listeners.pop(s, None) is not None:
            self._selector.unregister(s)
            s.close()


def resolver() -> str | None:
    """Name server of this host: the first one of /etc/resolv.conf."""
    with contextlib.suppress(OSError):
        for line in Path("/etc/resolv.conf").read_text().splitlines():
            fields = line.split()
            if len(fields) >= 2 and fields[0] == "nameserver":
                return fields[1]
    return None


def _family(target: tuple[str, int]) -> socket.AddressFamily:
    """Kind of an address: a name server may have one of IPv6."""
    return socket.AF_INET6 if ":" in target[0] else socket.AF_INET


def _to_host(s: socket.socket, target: tuple[str, int]) -> socket.socket:
    """Connect to a service of this host: by the IPv4 loopback, else by that of IPv6, else by the host's own address."""
    s.setblocking(True)
    try:
        s.connect(target)
    except ConnectionRefusedError:
        s.close()
        candidates = [(socket.AF_INET6, "::1")] + [(socket.AF_INET, address) for address in _own_addresses()]
        for family, address in candidates:
            s = socket.socket(family, socket.SOCK_STREAM)
            try:
                s.connect((address, target[1]))
                break
            except OSError:
                s.close()
        else:
            raise
    s.setblocking(False)
    return s


def _own_addresses() -> list[str]:
    """IPv4 addresses of this host, as its table of local routes has them."""
    found: list[str] = []
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/net/fib_trie").read_text().splitlines()
        for line, after in itertools.pairwise(lines):
            if "/32 host LOCAL" in after:
                address = line.split()[-1]
                if address not in found and not address.startswith("127."):
                    found.append(address)
    return found


def _reset(s: socket.socket) -> None:
    """Close a connection so that the other side sees it refused."""
    with contextlib.suppress(OSError):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
