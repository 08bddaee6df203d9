"""Streams through the relay: the times they should take, and how they end.

Times are checked against what the link dictates: never less, since nothing can come out before its time; and not much
more, where the verdict says that the machine let the relay keep its times.
"""

from __future__ import annotations

import asyncio
import time

import pytest
from sockspeer import Watch, ask, connect, echo, giving, serve, still

from bentpipe.emulate.behindrelay import relay_running
from bentpipe.emulate.relay import CANNOT, Relay
from bentpipe.errors import InputError
from bentpipe.linkqueue.loaded import QueueProfile


def trusted(relay: Relay, watch: Watch, stall_s: float = 0.01) -> None:
    """Skip, visibly, where the machine was too busy for times to mean anything."""
    verdict = relay.verdict()
    if not verdict.trusted:
        pytest.skip(f"the run is not to be trusted here: {'; '.join(verdict.reasons)}")
    worst = max(watch.worst_s, *(way.late_max_s for way in verdict.ways.values()))
    if worst > stall_s:
        pytest.skip(f"the machine held relay or test up for {1e3 * worst:.0f} ms")


async def timed(work):
    began = time.perf_counter()
    value = await work
    return time.perf_counter() - began, value


def test_a_small_request_costs_a_round_trip_to_connect_and_one_to_answer():
    watch = Watch()

    async def main(port):
        server, there = await serve(echo)
        async with watch:
            connected, (reader, writer) = await timed(connect(port, "127.0.0.1", there))
            writer.write(b"x" * 100)
            answered, got = await timed(reader.readexactly(100))
        assert got == b"x" * 100
        writer.close()
        server.close()
        return connected, answered

    with relay_running(still()) as relay:
        connected, answered = asyncio.run(main(relay.port))
    assert connected >= 0.054 and answered >= 0.054
    trusted(relay, watch)
    assert connected < 0.054 + 0.03 and answered < 0.054 + 0.03


def test_a_name_is_looked_up_at_the_far_side_once(monkeypatch):
    asked, watch = [], Watch()

    async def look_up(self, host, port, **rest):
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", 0))]

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", look_up)

    async def main(port):
        there = await asyncio.start_server(echo, sock=_bound())
        number = there.sockets[0].getsockname()[1]
        async with watch:
            first, _ = await timed(connect(port, "far.invalid", number))
            again, _ = await timed(connect(port, "far.invalid", number))
        return first, again

    with relay_running(still()) as relay:
        first, again = asyncio.run(main(relay.port))
    assert asked.count("far.invalid") == 1
    assert first >= 2 * 0.054 and again >= 0.054
    trusted(relay, watch)
    assert again < 2 * 0.054


def _bound():
    import socket

    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


@pytest.mark.parametrize("streams", [1, 8])
def test_the_rate_is_that_of_the_link_and_streams_share_it(streams):
    total, rate, watch = 6_000_000, 4e7, Watch()

    async def fetch(port, there):
        reader, _ = await connect(port, "127.0.0.1", there)
        return len(await reader.read(-1)), time.perf_counter()

    async def main(port):
        _, there = await serve(giving(total // streams))
        began = time.perf_counter()
        async with watch:
            got = await asyncio.gather(*(fetch(port, there) for _ in range(streams)))
        return sum(g for g, _ in got), [end - began for _, end in got]

    with relay_running(still(down_bit_s=rate, down=QueueProfile("drop-tail", 1e5))) as relay:
        got, took = asyncio.run(main(relay.port))
    assert got == total
    ideal = 2 * 0.054 + 8 * total * 1500 / 1448 / rate  # three packets to connect, then all bytes down
    assert max(took) > ideal
    trusted(relay, watch)  # the queue holds 20 ms: a longer stall lets the link fall idle
    assert max(took) < 1.02 * ideal + 0.01
    assert min(took) > 0.7 * ideal  # all end at about the same time: they had equal shares


def test_both_directions_cross_at_once_and_every_byte_comes_back():
    payload = bytes(range(256)) * 4000

    async def main(port):
        _, there = await serve(echo)
        reader, writer = await connect(port, "127.0.0.1", there)

        async def send():
            writer.write(payload)
            await writer.drain()
            writer.write_eof()

        got, _ = await asyncio.gather(reader.read(-1), send())
        return got

    with relay_running(still(one_way_s=0.003)) as relay:
        assert asyncio.run(main(relay.port)) == payload
    verdict = relay.verdict()
    assert all(way.bytes > len(payload) and way.lost == 0 for way in verdict.ways.values())


def test_an_outage_holds_a_stream_and_its_end():
    async def main(port):
        _, there = await serve(echo)
        reader, writer = await connect(port, "127.0.0.1", there)
        began = time.perf_counter()
        writer.write(b"a")
        first = (await reader.read(1)) and time.perf_counter()
        await asyncio.sleep(max(0.35 - (time.perf_counter() - began), 0.0))
        writer.write(b"b")
        writer.write_eof()
        return first, await reader.read(-1)

    link = still(start=(0.0, 0.3, 0.9), down_bit_s=(1e8, 0.0, 1e8), up_bit_s=(1e8, 0.0, 1e8), one_way_s=0.01)
    with relay_running(link) as relay:
        _, rest = asyncio.run(main(relay.port))
        assert link.now_s() >= 0.92
    assert rest == b"b"


def test_a_stream_loses_nothing_where_the_trace_loses_all():
    async def main(port):
        _, there = await serve(giving(100_000))
        reader, _ = await connect(port, "127.0.0.1", there)
        return len(await reader.read(-1))

    with relay_running(still(one_way_s=0.001, loss=1.0)) as relay:
        assert asyncio.run(main(relay.port)) == 100_000


def test_a_full_queue_and_a_slow_reader_hold_the_sender_back():
    sent = 0

    async def pour(_, writer):
        nonlocal sent
        while True:
            writer.write(bytes(65536))
            await writer.drain()
            sent += 65536

    async def main(port):
        server, there = await serve(pour)
        reader, writer = await connect(port, "127.0.0.1", there)
        await reader.readexactly(65536)
        before = -1
        while before != sent:  # until nothing moves any more
            before = sent
            await asyncio.sleep(0.4)
        writer.transport.abort()
        server.close()

    with relay_running(still(one_way_s=0.001, down_bit_s=1e9, down=QueueProfile("drop-tail", 1e5))) as relay:
        asyncio.run(main(relay.port))
    # The relay's own limit, and buffers of the two connections in the kernel and in asyncio.
    assert sent < (6 << 20) + (24 << 20)


def test_refused_and_unknown_destinations_are_told_so():
    async def main(port):
        sock = _bound()  # bound, not listening: refused
        refused, _ = await timed(ask(port, "127.0.0.1", sock.getsockname()[1]))
        reply = (await ask(port, "127.0.0.1", sock.getsockname()[1]))[0]
        unknown = (await ask(port, "no-such-name.invalid", 80))[0]
        no_name = (await ask(port, "a" * 70 + ".invalid", 80))[0]
        no_command = (await ask(port, "127.0.0.1", 80, command=2))[0]
        sock.close()
        return refused, reply, unknown, no_name, no_command

    with relay_running(still(one_way_s=0.01)) as relay:
        refused, reply, unknown, no_name, no_command = asyncio.run(main(relay.port))
    assert refused >= 0.02  # the refusal came back over the link
    assert (reply, unknown, no_name, no_command) == (5, 4, 4, 7)


def test_clients_that_speak_something_else_are_told_or_left():
    async def say(port, data):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        writer.write_eof()
        return await reader.read(-1)

    async def main(port):
        return [
            await say(port, d) for d in (b"GET / HTTP/1.1\r\n\r\n", b"\4\1", b"\5\1\2", b"\5", b"", b"\5\1\0\5\1\0\7")
        ]

    with relay_running(still()) as relay:
        http, old, insists, cut, nothing, odd_kind = asyncio.run(main(relay.port))
    assert b"socks5h://" in http and (old, cut, nothing) == (b"", b"", b"")
    assert insists == b"\5\xff" and odd_kind[:4] == b"\5\0\5\x08"


@pytest.mark.parametrize("who", ["client", "server"])
def test_a_side_that_breaks_off_is_noticed_at_the_other(who):
    noticed = asyncio.Event()

    async def main(port):
        async def handle(reader, writer):
            if who == "server":
                await reader.read(1)
                writer.transport.abort()
                return
            try:
                while True:
                    writer.write(bytes(65536))
                    await writer.drain()
            except OSError:
                noticed.set()

        server, there = await serve(handle)
        reader, writer = await connect(port, "127.0.0.1", there)
        if who == "client":
            await reader.readexactly(1000)
            writer.transport.abort()
            await asyncio.wait_for(noticed.wait(), 20)
        else:
            writer.write(b"x")
            assert await asyncio.wait_for(reader.read(100), 20) == b""
        server.close()

    with relay_running(still(one_way_s=0.005)) as relay:
        asyncio.run(main(relay.port))


def test_ipv6_is_served_and_public_addresses_are_refused():
    async def main(port):
        try:
            _, there = await serve(echo, "::1")
        except OSError:
            pytest.skip("no IPv6 loopback on this machine")
        reader, writer = await connect(port, "::1", there)
        writer.write(b"six")
        return await reader.readexactly(3)

    with relay_running(still(one_way_s=0.001)) as relay:
        assert asyncio.run(main(relay.port)) == b"six"
    for host in ("0.0.0.0", "192.0.2.1", "::", "localhost", ""):
        with pytest.raises(InputError, match="loopback only"):
            Relay(still(), host)


def test_a_port_that_is_taken_is_told():
    with (
        relay_running(still()) as relay,
        pytest.raises(InputError, match="cannot listen"),
        relay_running(still(), port=relay.port),
    ):
        pass


def test_an_unused_relay_is_not_trusted_and_its_limits_are_told():
    with relay_running(still()) as relay:
        pass
    assert "nothing used the relay" in relay.verdict().reasons[0]
    assert "no packets" in CANNOT and "QUIC" in CANNOT and "ICMP" in CANNOT
