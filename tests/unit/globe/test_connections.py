"""Clients that take their time: cut, while others are answered and those who only wait are left in peace."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import stand_ins

from bentpipe.globe.connections import Limits
from bentpipe.globe.server import GlobeServer

HEAD = b"GET /api/runs HTTP/1.1\r\nHost: localhost\r\n"
LARGE = "x" * 20_000_000


@pytest.fixture(scope="module")
def hurried(run: Path) -> Iterator[GlobeServer]:
    """A server with little patience."""
    patch = pytest.MonkeyPatch()
    stand_ins.use_parts(patch)
    patch.setitem(stand_ins.PARTS, "regions_csv", lambda source, slot: LARGE)
    with stand_ins.serving([run], Limits(connections=8, request_s=0.6, write_s=0.6)) as found:
        yield found
    patch.undo()


def connect(server: GlobeServer, receive_bytes: int = 0) -> socket.socket:
    made = socket.socket()
    if receive_bytes:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    made.settimeout(20)
    made.connect(("127.0.0.1", server.port))
    return made


def is_cut(made: socket.socket, trickle: bytes = b"") -> bool:
    """Send on, byte by byte, until the server closes."""
    made.settimeout(0.1)
    until = time.monotonic() + 15
    while time.monotonic() < until:
        try:
            if trickle:
                made.sendall(trickle)
            if made.recv(65536) == b"":
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"", b""),
        (b"", b"G"),
        (HEAD, b"X"),
        (HEAD + b"X: ", b"y"),
        (b"POST /api/what-ifs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6000\r\n\r\n", b"{"),
        (b"POST /api/what-ifs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n"),
        (b"POST /api/what-ifs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 600000\r\n\r\n", b"{"),
        (HEAD + b"\r\n", b"G"),
    ],
    ids=["silent", "method", "name", "value", "body", "chunks", "refused body", "second request"],
)
def test_a_request_that_trickles_is_cut(hurried: GlobeServer, first: bytes, then: bytes) -> None:
    with connect(hurried) as made:
        made.sendall(first)
        assert is_cut(made, then)
    assert stand_ins.answers(hurried)


def test_a_flood_of_one_body_is_cut(hurried: GlobeServer) -> None:
    def flood(made: socket.socket) -> None:
        for _ in range(20_000):
            made.sendall(b"x" * 65536)

    with connect(hurried) as made:
        made.sendall(b"POST /api/what-ifs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000000\r\n\r\n")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            flood(made)
    assert stand_ins.answers(hurried)


def test_an_answer_that_is_not_read_is_cut(hurried: GlobeServer) -> None:
    asked = f"GET /api/runs/made-up-1/export/regions.csv?slot={stand_ins.START} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connect(hurried, 4096) as made:
        made.sendall(asked.encode())
        stand_ins.wait_for(lambda: len(hurried.limits.open) > 0)
        stand_ins.wait_for(lambda: not hurried.limits.open)
    assert stand_ins.answers(hurried)


def test_an_answer_that_is_read_arrives_whole(hurried: GlobeServer) -> None:
    found = httpx.get(f"{hurried.url}api/runs/made-up-1/export/regions.csv?slot={stand_ins.START}", timeout=20)
    assert found.text == LARGE


def test_a_page_that_listens_is_not_cut(hurried: GlobeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bentpipe.globe.events.HEARTBEAT_S", 0.3)
    with httpx.stream("GET", f"{hurried.url}api/events", timeout=20) as stream:
        beats = 0
        for line in stream.iter_lines():
            beats += line.startswith(": still here")
            if beats == 6:
                break
    assert beats == 6


def test_more_connections_than_there_may_be_push_the_idle_out(hurried: GlobeServer) -> None:
    with httpx.stream("GET", f"{hurried.url}api/events", timeout=20) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry")
        idle = [connect(hurried) for _ in range(40)]
        assert stand_ins.answers(hurried)
        assert len(hurried.limits.open) <= 8
        hurried.globe.events.tell("run", {"id": "still listened to"})
        assert any("still listened to" in line for line in lines)
        for made in idle:
            made.close()


def test_of_many_requests_at_once_the_first_is_answered(hurried: GlobeServer) -> None:
    with connect(hurried) as made:
        made.sendall((HEAD + b"\r\n") * 100)
        found = b""
        with suppress(ConnectionResetError):
            while piece := made.recv(65536):
                found += piece
        assert found.count(b"HTTP/1.1 200") == 1


def test_listeners_alone_cannot_take_all_places(hurried: GlobeServer) -> None:
    streams = [connect(hurried) for _ in range(20)]
    for made in streams:
        made.sendall(HEAD.replace(b"/api/runs", b"/api/events") + b"\r\n")
    stand_ins.wait_for(lambda: len(hurried.globe.events) > 0)
    for made in streams:
        made.close()
    stand_ins.wait_for(lambda: len(hurried.globe.events) == 0)
    assert stand_ins.answers(hurried)
