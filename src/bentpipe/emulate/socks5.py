"""The SOCKS protocol, version 5, as a server speaks it: RFC 1928, without authentication."""

from __future__ import annotations

import asyncio
import enum
import errno
import ipaddress
import socket
from typing import NamedTuple

_VERSION = 5
_NO_AUTHENTICATION = 0
_NONE_ACCEPTABLE = 0xFF


class Command(enum.IntEnum):
    """What a client asks for; BIND is not served."""

    CONNECT = 1
    UDP_ASSOCIATE = 3


class Reply(enum.IntEnum):
    """How a request ended, RFC 1928, section 6."""

    SUCCEEDED = 0
    FAILURE = 1
    NETWORK_UNREACHABLE = 3
    HOST_UNREACHABLE = 4
    REFUSED = 5
    TTL_EXPIRED = 6
    NO_SUCH_COMMAND = 7
    NO_SUCH_ADDRESS_TYPE = 8


class Request(NamedTuple):
    """A request.

    Parameters
    ----------
    command : Command
        What is asked for.
    host : str
        IPv4 or IPv6 address, or a name.
    port : int
        Port.
    """

    command: Command
    host: str
    port: int


class SocksError(Exception):
    """A client spoke no SOCKS 5, or asked for what is not served.

    Parameters
    ----------
    answer : bytes
        What to answer before the connection is closed.
    """

    def __init__(self, what: str, answer: bytes = b"") -> None:
        super().__init__(what)
        self.answer = answer


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
    """Agree on no authentication and read the request.

    Parameters
    ----------
    reader, writer : StreamReader, StreamWriter
        To the client.

    Returns
    -------
    Request
        CONNECT or UDP ASSOCIATE.

    Raises
    ------
    SocksError
        With what to answer.
    asyncio.IncompleteReadError
        The client left.
    """
    version, methods = await reader.readexactly(2)
    if version != _VERSION:
        spoke_http = bytes((version,)).isalpha()
        hint = b"HTTP/1.1 501 This is a SOCKS 5 proxy: use socks5h://\r\nConnection: close\r\n\r\n"
        raise SocksError(f"version {version} instead of 5", hint if spoke_http else b"")
    if _NO_AUTHENTICATION not in await reader.readexactly(methods):
        raise SocksError("the client insists on authentication", bytes((_VERSION, _NONE_ACCEPTABLE)))
    writer.write(bytes((_VERSION, _NO_AUTHENTICATION)))
    await writer.drain()
    version, command, _, kind = await reader.readexactly(4)
    if version != _VERSION:
        raise SocksError(f"version {version} in a request", answer(Reply.FAILURE))
    host = await _read_host(reader, kind)
    port = int.from_bytes(await reader.readexactly(2), "big")
    if command not in list(Command):
        raise SocksError(f"command {command} is not served", answer(Reply.NO_SUCH_COMMAND))
    return Request(Command(command), host, port)


async def _read_host(reader: asyncio.StreamReader, kind: int) -> str:
    """Read an address of one of the three kinds."""
    if kind == 1:
        return str(ipaddress.IPv4Address(await reader.readexactly(4)))
    if kind == 4:
        return str(ipaddress.IPv6Address(await reader.readexactly(16)))
    if kind == 3:
        (length,) = await reader.readexactly(1)
        name = await reader.readexactly(length)
        try:
            return name.decode("ascii")
        except UnicodeDecodeError:
            raise SocksError("a name that is not ASCII", answer(Reply.HOST_UNREACHABLE)) from None
    raise SocksError(f"address type {kind}", answer(Reply.NO_SUCH_ADDRESS_TYPE))


def answer(reply: Reply, host: str = "0.0.0.0", port: int = 0) -> bytes:
    """Make the answer to a request.

    Parameters
    ----------
    reply : Reply
        How it ended.
    host : str
        Bound address, IPv4 or IPv6.
    port : int
        Bound port.

    Returns
    -------
    bytes
        To send to the client.
    """
    return bytes((_VERSION, reply, 0)) + pack_address(host, port)


def pack_address(host: str, port: int) -> bytes:
    """Write an address as SOCKS does: kind, address, port.

    Parameters
    ----------
    host : str
        IPv4 or IPv6 address.
    port : int
        Port.

    Returns
    -------
    bytes
        7 or 19 bytes.
    """
    address = ipaddress.ip_address(host.partition("%")[0])
    return bytes((1 if address.version == 4 else 4,)) + address.packed + port.to_bytes(2, "big")


def unpack_datagram(data: bytes) -> tuple[str, int, bytes] | None:
    """Take the header off a datagram of a client, RFC 1928, section 7.

    Parameters
    ----------
    data : bytes
        As received.

    Returns
    -------
    tuple of str, int and bytes, or None
        Host, port and payload; None for what must be dropped: fragments, and what is malformed.
    """
    if len(data) < 5 or data[:3] != b"\0\0\0":
        return None
    kind = data[3]
    end = {1: 8, 4: 20, 3: 5 + data[4]}.get(kind)
    if end is None or len(data) < end + 2:
        return None
    if kind == 3:
        try:
            host = data[5:end].decode("ascii")
        except UnicodeDecodeError:
            return None
    else:
        host = str(ipaddress.ip_address(data[4:end]))
    return host, int.from_bytes(data[end : end + 2], "big"), data[end + 2 :]


def reply_for(error: BaseException) -> Reply:
    """Say why a connection could not be made.

    Parameters
    ----------
    error : BaseException
        What the attempt raised.

    Returns
    -------
    Reply
        The nearest of the protocol's reasons.
    """
    if isinstance(error, ConnectionRefusedError):
        return Reply.REFUSED
    if isinstance(error, TimeoutError):
        return Reply.TTL_EXPIRED
    if isinstance(error, socket.gaierror):
        return Reply.HOST_UNREACHABLE
    number = getattr(error, "errno", None)
    if number == errno.ENETUNREACH:
        return Reply.NETWORK_UNREACHABLE
    return Reply.HOST_UNREACHABLE if number == errno.EHOSTUNREACH else Reply.FAILURE
