"""Who may ask, and what goes with every answer."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from bentpipe.globe.guard import BODY_BYTES, Guard, is_loopback


async def _application(scope: Any, receive: Any, send: Any) -> None:
    """Says what it was asked."""
    message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-length", b"%d" % len(message["body"]))]})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


def ask(guard: Guard, method: str = "GET", path: str = "/", **options: Any) -> httpx.Response:
    headers = {"Host": "127.0.0.1:8000", **options.pop("headers", {})}
    content = options.pop("content", None)

    async def go() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://127.0.0.1:8000") as client:
            return await client.request(method, path, headers=headers, content=content)

    return asyncio.run(go())


def raw(guard: Guard, headers: list[tuple[bytes, bytes]], **scope: Any) -> int:
    """Ask with headers as they are."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    whole = {"type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "headers": headers}
    whole["http_version"] = "1.1"
    asyncio.run(guard({**whole, **scope}, receive, send))
    return int(sent[0]["status"])


@pytest.mark.parametrize("host", ["localhost", "localhost:81", "127.0.0.1:9", "[::1]:80", "[::1]", "LOCALHOST:1"])
def test_its_own_names_at_any_port(host: str) -> None:
    assert ask(Guard(_application), headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0", "", "[::1",
     "localhost:80:80", "127.0.0.1@evil.example", "192.168.0.1", "localhost:eighty"],
)  # fmt: skip
def test_other_names_are_refused(host: str) -> None:
    assert raw(Guard(_application), [(b"host", host.encode())]) == 421


@pytest.mark.parametrize("hosts", [[], ["localhost", "localhost"], ["localhost", "evil.example"]])
def test_one_host_is_needed(hosts: list[str]) -> None:
    assert raw(Guard(_application), [(b"host", host.encode()) for host in hosts]) == 400


@pytest.mark.parametrize("path", ["", "*", "http://evil.example/", "/\x00"])
def test_only_paths_are_paths(path: str) -> None:
    assert raw(Guard(_application), [(b"host", b"localhost")], path=path) == 400


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:8000"}, 200),
        ({"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:8001"}, 403),
        ({"Origin": "https://127.0.0.1:8000"}, 403),
        ({"Origin": "http://localhost:8000"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_other_pages_change_nothing(method: str, headers: dict[str, str], status: int) -> None:
    assert ask(Guard(_application), method, "/api/what-ifs", headers=headers).status_code == status


def test_other_pages_read_nothing_but_may_link_here() -> None:
    guard = Guard(_application)
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert ask(guard, path="/api/runs", headers=foreign).status_code == 403
    assert ask(guard, path="/", headers={**foreign, "Sec-Fetch-Mode": "navigate"}).status_code == 200


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "PATCH", "TRACE", "CONNECT", "PROPFIND", "get"])
def test_other_methods(method: str) -> None:
    assert raw(Guard(_application), [(b"host", b"localhost")], method=method) == 405


def test_headers_of_every_answer_and_none_for_other_origins() -> None:
    guard = Guard(_application)
    for answer in (ask(guard), ask(guard, headers={"Host": "evil.example"}), ask(guard, "PUT")):
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "permissions-policy" in answer.headers
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_bodies_declared_and_streamed() -> None:
    guard = Guard(_application)
    assert ask(guard, "POST", content=b"x" * BODY_BYTES).headers["x-length"] == str(BODY_BYTES)
    assert ask(guard, "POST", content=b"x" * (BODY_BYTES + 1)).status_code == 413

    async def pieces() -> Any:
        for _ in range(70):
            yield b"x" * 1000

    assert ask(guard, "POST", content=pieces()).status_code == 413
    assert raw(guard, [(b"host", b"localhost"), (b"content-length", b"9" * 30)], method="POST") == 413


def test_a_token_is_asked_for_and_moves_into_a_cookie() -> None:
    guard = Guard(_application, "192.0.2.7", 8000, "s3cret")
    own = {"Host": "192.0.2.7:8000"}
    assert ask(guard, headers=own).status_code == 401
    assert "token" in ask(guard, headers=own).json()["error"]
    assert ask(guard, path="/?token=s3cre", headers=own).status_code == 401
    assert ask(guard, path="/?token=%ff", headers=own).status_code == 401
    moved = ask(guard, path="/?a=1&token=s3cret&b=%26", headers=own)
    assert moved.status_code == 303
    assert moved.headers["location"] == "/?a=1&b=%26"
    assert moved.headers["set-cookie"] == "bentpipe-8000=s3cret; Path=/; HttpOnly; SameSite=Strict"
    assert ask(guard, headers={**own, "Cookie": "bentpipe-8000=s3cret"}).status_code == 200
    assert ask(guard, headers={**own, "Cookie": "a=b; bentpipe-8000=s3cret"}).status_code == 200
    assert ask(guard, headers={**own, "Cookie": "bentpipe-8000=other"}).status_code == 401
    assert ask(guard, headers={**own, "Cookie": "bentpipe-8001=s3cret"}).status_code == 401
    assert ask(guard, "POST", "/?token=s3cret", headers=own).status_code == 401
    assert ask(guard, headers={"Host": "evil.example", "Cookie": "bentpipe-8000=s3cret"}).status_code == 421


def test_the_move_stays_on_this_server() -> None:
    guard = Guard(_application, "192.0.2.7", 8000, "s3cret")
    moved = ask(guard, path="http://127.0.0.1:8000//evil.example/?token=s3cret", headers={"Host": "192.0.2.7"})
    assert moved.headers["location"] == "/evil.example/"


def test_bound_to_all_addresses_it_answers_to_addresses_only() -> None:
    guard = Guard(_application, "0.0.0.0", 8000, "s3cret")
    cookie = {"Cookie": "bentpipe-8000=s3cret"}
    assert ask(guard, headers={**cookie, "Host": "192.0.2.9:8000"}).status_code == 200
    assert ask(guard, headers={**cookie, "Host": "evil.example"}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_only_this_machine_reaches_it(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "a.example"])
def test_others_reach_it(host: str) -> None:
    assert not is_loopback(host)
