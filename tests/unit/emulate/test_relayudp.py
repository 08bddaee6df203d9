"""Datagrams through the relay: forwarded ports and SOCKS UDP ASSOCIATE."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest
from sockspeer import ask, request, still

from bentpipe.emulate.behindrelay import relay_running
from bentpipe.emulate.relayudp import FLOW_LIMIT, Datagrams, Forward, parse_forward
from bentpipe.emulate.socks5 import pack_address, unpack_datagram
from bentpipe.errors import InputError


class Peer(asyncio.DatagramProtocol):
    """Keeps what it gets; a server sends it back."""

    def __init__(self, sends_back=False):
        self.got, self.sends_back, self.arrived = [], sends_back, asyncio.Event()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.got.append((time.perf_counter(), data))
        self.arrived.set()
        if self.sends_back:
            self.transport.sendto(data, addr)

    async def wait(self, number):
        while len(self.got) < number:
            self.arrived.clear()
            await asyncio.wait_for(self.arrived.wait(), 20)


async def open_peer(to=None, sends_back=False):
    loop = asyncio.get_running_loop()
    where = {"remote_addr": ("127.0.0.1", to)} if to else {"local_addr": ("127.0.0.1", 0)}
    transport, peer = await loop.create_datagram_endpoint(lambda: Peer(sends_back), **where)
    return peer, transport, transport.get_extra_info("sockname")[1]


@pytest.fixture
def server():
    """A UDP echo in a thread of its own, as far side; its port."""
    import threading

    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))

    def work():
        while True:
            try:
                data, sender = sock.recvfrom(65536)
            except OSError:
                return
            if data == b"stop":
                return
            sock.sendto(data, sender)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    port = sock.getsockname()[1]
    yield port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.sendto(b"stop", ("127.0.0.1", port))
    thread.join(5)
    sock.close()


def test_a_datagram_and_its_answer_take_a_round_trip_in_order(server):
    async def main(local):
        peer, transport, _ = await open_peer(local)
        began = time.perf_counter()
        for i in range(50):
            transport.sendto(bytes((i,)) * 100)
        await peer.wait(50)
        transport.close()
        return peer.got[0][0] - began, [data[0] for _, data in peer.got]

    with relay_running(still(), [Forward(0, "127.0.0.1", server)]) as relay:
        took, order = asyncio.run(main(relay.forward_ports[0]))
    assert took >= 0.054 and order == list(range(50))
    ways = relay.verdict().ways
    assert ways["up"].packets == ways["down"].packets == 50
    assert ways["up"].bytes == 50 * 128


def test_datagrams_are_lost_as_the_trace_says(server):
    number = 2000

    async def main(local):
        peer, transport, _ = await open_peer(local)
        for i in range(number):
            transport.sendto(i.to_bytes(4, "big"))
            if i % 50 == 49:
                await asyncio.sleep(0.002)  # no kernel buffer on the way overflows
        await asyncio.sleep(0.3)
        transport.close()
        return len(peer.got)

    with relay_running(still(one_way_s=0.001, loss=0.05), [Forward(0, "127.0.0.1", server)]) as relay:
        got = asyncio.run(main(relay.forward_ports[0]))
    ways = relay.verdict().ways
    up, down = ways["up"], ways["down"]
    for way in (up, down):
        came = way.packets + way.lost  # fewer than were sent where this machine's own buffers overflowed
        assert 200 < came <= number
        assert abs(way.lost / came - 0.05) < 5.0 * (0.05 * 0.95 / came) ** 0.5
    assert got <= down.packets <= up.packets


def test_an_outage_drops_or_holds_datagrams_as_the_plan_says(server):
    async def main(local):
        peer, transport, _ = await open_peer(local)
        transport.sendto(b"held")
        if relay.link.now_s() > 0.35:
            pytest.skip("this machine was too slow: the outage was over before the test began")
        await asyncio.sleep(0.5)
        transport.sendto(b"after")
        await peer.wait(1)
        await asyncio.sleep(0.1)
        transport.close()
        return [data for _, data in peer.got]

    times = {"start": (0.0, 0.4), "down_bit_s": (0.0, 1e8), "up_bit_s": (0.0, 1e8), "one_way_s": 0.001}
    for outage, want in (("drop", [b"after"]), ("hold", [b"held", b"after"])):
        with relay_running(still(**times, outage=outage), [Forward(0, "127.0.0.1", server)]) as relay:
            assert asyncio.run(main(relay.forward_ports[0])) == want
        assert relay.verdict().ways["up"].outage == (outage == "drop")


def test_socks_associate_carries_datagrams_and_ends_with_its_connection(server):
    async def main(port):
        reply, local, (_, writer) = await ask(port, "0.0.0.0", 0, command=3)
        assert reply == 0
        peer, transport, _ = await open_peer(local)
        stranger, other, _ = await open_peer(local)
        head = b"\0\0\0" + pack_address("127.0.0.1", server)
        named = b"\0\0\0" + request("localhost", server)[3:]
        transport.sendto(head + b"one")
        await peer.wait(1)
        other.sendto(head + b"not the client")
        transport.sendto(b"\0\0\1" + head[3:] + b"a fragment")
        transport.sendto(b"\0\0")
        transport.sendto(named + b"two")
        await peer.wait(2)
        assert not stranger.got
        writer.close()
        await asyncio.sleep(0.2)
        transport.sendto(head + b"three")
        await asyncio.sleep(0.1)
        transport.close()
        other.close()
        return head, [data for _, data in peer.got]

    with relay_running(still(one_way_s=0.01)) as relay:
        head, got = asyncio.run(main(relay.port))
    assert got[0] == head + b"one"
    host, port, payload = unpack_datagram(got[1])
    assert host in ("127.0.0.1", "::1") and port == server and payload == b"two"
    assert len(got) == 2


def test_flows_are_bounded():
    async def main():
        link = still(one_way_s=0.0)
        link.start()
        datagrams = Datagrams(link)
        for i in range(FLOW_LIMIT + 20):
            datagrams._flow(("program", i), "127.0.0.1", 9, lambda data: None, 28)
        number = len(datagrams._flows)
        datagrams.close()
        await asyncio.sleep(0.05)
        return number, len(datagrams._flows)

    assert asyncio.run(main()) == (FLOW_LIMIT, 0)


def test_forwards_are_read_from_text():
    assert parse_forward("5353:192.0.2.1:53") == Forward(5353, "192.0.2.1", 53)
    assert parse_forward("0:[2001:db8::1]:443") == Forward(0, "2001:db8::1", 443)
    assert parse_forward("8443:example.org:443") == Forward(8443, "example.org", 443)
    for bad in ("", "53", "53:host", "a:host:53", "53::53", "53:host:0", "70000:h:1", "53:2001:db8::1:53", "53:h:٣"):
        with pytest.raises(InputError, match="LOCAL:HOST:PORT"):
            parse_forward(bad)


def test_a_destination_without_address_is_told():
    with (
        pytest.raises(InputError, match="no address for the destination"),
        relay_running(still(), [Forward(0, "no-such-name.invalid", 53)]),
    ):
        pass


def test_datagrams_of_socks_are_read_with_care():
    assert unpack_datagram(b"\0\0\0\1\x7f\0\0\1\0\x35data") == ("127.0.0.1", 53, b"data")
    assert unpack_datagram(b"\0\0\0\3\4host\0\x35") == ("host", 53, b"")
    for bad in (
        b"",
        b"\0\0\0\1",
        b"\0\0\0\1\x7f\0\0\1\0",
        b"\0\0\0\2aaaaaaa",
        b"\0\0\0\3\xffaa\0\0",
        b"\0\0\0\3\1\xff\0\0",
    ):
        assert unpack_datagram(bad) is None
