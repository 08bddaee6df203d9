"""The real server on loopback, attacked: it refuses, it stays up, and after each attack it answers."""

from __future__ import annotations

import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
import stand_ins

from bentpipe.globe.events import STREAMS
from bentpipe.globe.jobs import KEPT, WAITING
from bentpipe.globe.server import GlobeServer


@pytest.fixture(autouse=True)
def _still_there(server: GlobeServer) -> Iterator[None]:
    yield
    assert stand_ins.answers(server)


def connect(server: GlobeServer) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", server.port), 20)
    made.settimeout(20)
    return made


def exchange(server: GlobeServer, request: bytes) -> int:
    """Status of a request sent as it is; 0 where the server only closed."""
    with connect(server) as made:
        made.sendall(request)
        with suppress(OSError):
            head = made.recv(65536)
            return int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/1.1 ") else 0
        return 0


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /api/runs HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET /api/runs HTTP/1.1\r\nHost: 127.0.0.1.evil.example:80\r\n\r\n", 421),
        (b"GET /api/runs HTTP/1.1\r\n\r\n", 400),
        (b"GET /api/runs HTTP/1.0\r\n\r\n", 400),
        (b"GET /api/runs HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
        (b"GET http://evil.example/api/runs HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /api/runs HTTP/1.1\r\nHost: [::1]:1234\r\n\r\n", 200),
        (b"GET /api/runs HTTP/1.1\r\nHost: localhost:1\r\nX-Forwarded-Host: evil.example\r\n\r\n", 200),
        (b"GET /api/runs HTTP/2.0\r\nHost: localhost\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /api/runs HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 9000 + b"\r\n", 400),
        (b"POST /api/what-ifs HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST /api/what-ifs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        (b"POST /api/what-ifs HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\nContent-Length: 2\r\n\r\n{}", 403),
        (b"POST /api/what-ifs HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil\r\nContent-Length: 2\r\n\r\n{}", 403),
        (b"DELETE /api/what-ifs/what-if-1 HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n\r\n", 403),
        (b"OPTIONS /api/what-ifs HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n", 405),
        (b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"GET /api/events HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 200),
    ],
)  # fmt: skip
def test_requests_that_no_page_of_ours_sends(server: GlobeServer, head: bytes, status: int) -> None:
    assert exchange(server, head) == status


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2fserver.py", "/static/..%5cserver.py",
        "/static//etc/passwd", "//etc/passwd", "/static/%2fetc%2fpasswd", "/static/index.html%00.js", "/static/%00",
        "/static/./index.html/../../guard.py", "/static/....//guard.py", "/static/%252e%252e/guard.py",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/runs/..%2f..%2fetc/scene", "/api/runs/%2e%2e/scene", "/api/runs/made-up-1%2f..%2fmade-up-1/scene",
        "/api/runs/made-up-1/values/..%2f..%2f..%2finputs/1", "/api/runs/%00/scene", "/api/what-ifs/..%2fx/result",
        "/static/linked", "/static/",
    ],
)  # fmt: skip
def test_paths_lead_nowhere(server: GlobeServer, path: str) -> None:
    status = exchange(server, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert status in (400, 404)


def test_a_body_too_large_declared_and_in_chunks(server: GlobeServer) -> None:
    url = f"{server.url}api/what-ifs"
    assert httpx.post(url, content=b"x" * 100_000, timeout=20).status_code == 413
    head = b"POST /api/what-ifs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert exchange(server, head + (b"3e8\r\n" + b"x" * 1000 + b"\r\n") * 80) == 413
    assert exchange(server, head + b"ffffffffffffffff\r\n" + b"x" * 100_000) in (400, 413)
    assert exchange(server, head + b"nonsense\r\n") == 400


def test_a_thousand_slow_clients(server: GlobeServer) -> None:
    """A third says nothing, a third trickles a request, a third asks for much and reads nothing."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    count = 1000 if most < 0 else max(100, min(1000, most - 700))
    k = f"/api/runs/made-up-1/export/cells.csv?variable=rate&slot={stand_ins.START}"
    starts = (b"", b"GET / HTTP/1.1\r\nHost: local", f"GET {k} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 20)
    ended = threading.Event()
    with ExitStack() as stack:
        clients = []
        for i in range(count):
            made = stack.enter_context(socket.socket())
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            made.settimeout(20)
            made.connect(("127.0.0.1", server.port))
            with suppress(OSError):
                made.sendall(starts[i % 3])
            clients.append(made)

        def trickle() -> None:
            while not ended.wait(0.2):
                for made in clients[1::3]:
                    with suppress(OSError):
                        made.send(b"h")

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            for _ in range(5):
                assert stand_ins.answers(server)
                time.sleep(0.1)
            assert len(server.limits.open) <= server.limits.connections
        finally:
            ended.set()
            thread.join()


def test_a_flood_of_listeners(server: GlobeServer) -> None:
    with ExitStack() as stack:
        statuses = []
        for _ in range(3 * STREAMS):
            made = stack.enter_context(connect(server))
            made.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            statuses.append(int(made.recv(4096).split(b" ", 2)[1]))
        assert statuses.count(200) == STREAMS
        assert statuses.count(429) == 2 * STREAMS
        assert stand_ins.answers(server)
    stand_ins.wait_for(lambda: len(server.globe.events) == 0)


def test_a_flood_of_what_ifs(server: GlobeServer) -> None:
    asked = {"run": "made-up-1", "from_slot": stand_ins.START, "to_slot": stand_ins.START + 400}
    slow = {**asked, "edits": {"satellites_percent": 50}}
    with httpx.Client(base_url=server.url, timeout=20) as client:
        answers = [client.post("/api/what-ifs", json=slow) for _ in range(30)]
        begun = [answer.json()["id"] for answer in answers if answer.status_code == 202]
        assert len(begun) == 1 + WAITING
        assert {answer.status_code for answer in answers} == {202, 429}
        assert "wait" in answers[-1].json()["error"]
        for id in begun:
            assert client.delete(f"/api/what-ifs/{id}").status_code == 202
        stand_ins.wait_for(lambda: not any(job.active for job in server.globe.jobs))
        quick = {**asked, "edits": {"gateways": ["kaunas"]}, "to_slot": stand_ins.START + 1}
        for _ in range(KEPT + 4):
            assert client.post("/api/what-ifs", json=quick).status_code == 202
            stand_ins.wait_for(lambda: not any(job.active for job in server.globe.jobs))
        kept = [run["id"] for run in client.get("/api/runs").json()["runs"] if run["kind"] == "what-if"]
        assert len(kept) == KEPT
        folders = [path.name for path in server.globe.jobs.folder.iterdir()]
        assert sorted(folders) == sorted(kept)


def test_questions_at_once(server: GlobeServer) -> None:
    """More than there are threads for: all are answered, or told to come again."""
    paths = [f"/api/runs/made-up-1/place?slot={stand_ins.START + i}&site=kyiv" for i in range(150)]
    statuses = []

    def ask(path: str) -> None:
        statuses.append(exchange(server, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()))

    threads = [threading.Thread(target=ask, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 503}
    assert 200 in statuses


def test_only_files_that_were_there_at_the_start_have_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what the package's own folder holds when the server starts has a name."""
    from bentpipe.globe import assets

    (tmp_path / "static" / "vendor").mkdir(parents=True)
    (tmp_path / "static" / "index.html").write_text("page")
    (tmp_path / "static" / "vendor" / "three.js").write_text("code")
    (tmp_path / "static" / "notes.py").write_text("no part of a page")
    monkeypatch.setattr(assets.resources, "files", lambda package: tmp_path)
    found = assets.read_assets()
    assert sorted(found) == ["index.html", "vendor/three.js"]
    assert found["vendor/three.js"].type.startswith("text/javascript")
