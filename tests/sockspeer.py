"""What the tests of the relay talk to and with: a SOCKS client, servers, and links that hold still."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Awaitable, Callable

import numpy as np

from bentpipe.emulate.livelink import LiveLink
from bentpipe.emulate.plan import LinkPlan, steps_plan
from bentpipe.linkqueue import TraceSteps
from bentpipe.linkqueue.loaded import QueueProfile

WIDE = QueueProfile("drop-tail", 4e6)
Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def still(**options) -> LiveLink:
    """A link whose steps are given."""
    return LiveLink(plan(**options))


def plan(start=(0.0,), down_bit_s=1e8, up_bit_s=1e8, one_way_s=0.027, loss=0.0, length_s=600.0, **options) -> LinkPlan:
    """Steps that are given; a rate of 0 is an outage."""
    start, down, up, delay, lost = (
        np.array(a) for a in np.broadcast_arrays(start, down_bit_s, up_bit_s, one_way_s, loss)
    )
    steps = TraceSteps(
        start.astype(float), (down > 0) & (up > 0), delay, delay, down.astype(float), up.astype(float), lost, lost
    )
    return steps_plan(steps, length_s, **({"down": WIDE, "up": WIDE} | options))


def request(host: str, port: int, command: int = 1) -> bytes:
    try:
        address = ipaddress.ip_address(host)
        kind = bytes((1 if address.version == 4 else 4,)) + address.packed
    except ValueError:
        kind = bytes((3, len(host))) + host.encode()
    return bytes((5, command, 0)) + kind + port.to_bytes(2, "big")


async def ask(proxy: int, host: str, port: int, command: int = 1) -> tuple[int, int, Pair]:
    """Ask the proxy; its reply, the bound port, and the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy)
    writer.write(b"\5\1\0")
    assert await reader.readexactly(2) == b"\5\0"
    writer.write(request(host, port, command))
    head = await reader.readexactly(4)
    tail = await reader.readexactly({1: 6, 4: 18}[head[3]])
    return head[1], int.from_bytes(tail[-2:], "big"), (reader, writer)


async def connect(proxy: int, host: str, port: int) -> Pair:
    reply, _, pair = await ask(proxy, host, port)
    assert reply == 0
    return pair


async def serve(handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], host="127.0.0.1"):
    """Start a server; it and its port."""
    server = await asyncio.start_server(handle, host, 0)
    return server, server.sockets[0].getsockname()[1]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


def giving(count: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """A server that sends so many bytes and closes."""

    async def give(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes(count))
        await writer.drain()
        writer.close()

    return give


class Watch:
    """Tells by how much this event loop, whose clients and servers a test times, was itself held up."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def __aenter__(self) -> Watch:
        self._task = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _look(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            self.worst_s = max(self.worst_s, time.perf_counter() - began - 0.005)
