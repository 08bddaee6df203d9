"""Who may ask, and what a browser may do with the answer: checks before the routes, headers after them.

The page is served to its own machine. Other web pages that are open in the same browser must neither read it nor set
it to work: hence the checks of ``Host`` (DNS rebinding), ``Origin`` and ``Sec-Fetch-Site`` (cross-site requests), no
CORS headers, and a Content-Security-Policy without exceptions.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import socket
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["BODY_BYTES", "Guard", "is_loopback"]

#: Of a request's body at most.
BODY_BYTES = 64_000
#: Of its head at most.
HEAD_BYTES = 16_384
METHODS = frozenset({"GET", "HEAD", "POST", "DELETE"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"x-frame-options", b"DENY"),
)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_WILDCARDS = frozenset({"0.0.0.0", "::"})


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address.

    Parameters
    ----------
    host : str
        Name or address that a server is bound to.

    Returns
    -------
    bool
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class RefusalError(Exception):
    """A request that is not passed on."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class Guard:
    """ASGI application in front of another: refuses what may not ask, and bounds what browsers do with the answers.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    host : str
        Name or address that the server is bound to.
    port : int
        Its port; tells apart the cookies of two servers of one machine.
    token : str or None
        Asked of whoever comes; None on loopback.
    """

    def __init__(self, app: ASGIApp, host: str = "127.0.0.1", port: int = 0, token: str | None = None) -> None:
        self.app, self.token = app, token
        self.cookie = f"bentpipe-{port}"
        self._any_address = host in _WILDCARDS
        own = {f"[{host.lower()}]" if ":" in host else host.lower()}
        if self._any_address:
            own |= {socket.gethostname().lower(), f"{socket.gethostname().lower()}.local"}
        self.hosts = _LOOPBACK | own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse, one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        try:
            headers = _headers(scope)
            host = self._check_host(scope, headers)
            _check_form(scope)
            _check_sender(scope, headers, host)
            moved = self._check_token(scope, headers)
            if moved is not None:
                await _move(guarded, *moved)
                return
            body = await _body(scope, headers, receive)
        except RefusalError as refusal:
            await _refuse(guarded, refusal)
            return
        if body is None:  # the client left
            return
        await self.app(scope, _replay(body, receive), guarded)

    def _check_host(self, scope: Scope, headers: dict[bytes, list[bytes]]) -> str:
        given = headers.get(b"host", [])
        if len(given) != 1:
            raise RefusalError(400, "the request must name one Host")
        host = given[0].decode("latin-1").lower()
        if not self._is_own(_without_port(host)):
            raise RefusalError(
                421, "this server is not known by that name; use the address that bentpipe serve printed"
            )
        return host

    def _is_own(self, name: str) -> bool:
        if name in self.hosts:
            return True
        if self._any_address:  # rebinding needs a name: an address is nobody else's
            try:
                ipaddress.ip_address(name.strip("[]"))
            except ValueError:
                return False
            return True
        return False

    def _check_token(self, scope: Scope, headers: dict[bytes, list[bytes]]) -> tuple[str, str] | None:
        """Where to go on to without the token, and the cookie that carries it from now on; None to pass."""
        if self.token is None:
            return None
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for key, value in pairs if key == "token"]
        if given and scope["method"] in ("GET", "HEAD"):
            if not _same(given[0], self.token):
                raise RefusalError(401, "the token is wrong; use the address that bentpipe serve printed")
            rest = urlencode([pair for pair in pairs if pair[0] != "token"])
            # One slash: two would name another server.
            path = "/" + scope["raw_path"].decode("latin-1").lstrip("/\\")
            cookie = f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"
            return (f"{path}?{rest}" if rest else path), cookie
        for line in headers.get(b"cookie", []):
            if _same(_cookie(line, self.cookie), self.token):
                return None
        raise RefusalError(401, "a token is needed: use the address that bentpipe serve printed")


def _headers(scope: Scope) -> dict[bytes, list[bytes]]:
    out: dict[bytes, list[bytes]] = {}
    for key, value in scope["headers"]:
        out.setdefault(key.lower(), []).append(value)
    return out


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and (port.isdigit() or not port) and not name.endswith(":") else host


def _check_form(scope: Scope) -> None:
    head = sum(len(key) + len(value) for key, value in scope["headers"])
    if head + len(scope["raw_path"]) + len(scope["query_string"]) > HEAD_BYTES:
        raise RefusalError(400, f"the head of a request may have {HEAD_BYTES:,} bytes")
    if scope["http_version"] not in ("1.0", "1.1"):
        raise RefusalError(400, "HTTP/1.1 is spoken here")
    if scope["method"] not in METHODS:
        raise RefusalError(405, "only GET, HEAD, POST and DELETE are answered")
    if not scope["path"].startswith("/") or "\x00" in scope["path"]:
        raise RefusalError(400, "the path of the request is not one")


def _check_sender(scope: Scope, headers: dict[bytes, list[bytes]], host: str) -> None:
    """Refuse what another page sent: changes always, and reads by its scripts and images of what must be computed."""
    site = _one(headers, b"sec-fetch-site")
    if scope["method"] in ("GET", "HEAD"):
        foreign = site in ("cross-site", "same-site") and _one(headers, b"sec-fetch-mode") != "navigate"
        if foreign and scope["path"].startswith("/api/"):
            raise RefusalError(403, "pages of other sites may not read this one")
        return
    origins = headers.get(b"origin", [])
    if origins and [origin.decode("latin-1").lower() for origin in origins] != [f"http://{host}"]:
        raise RefusalError(403, "pages of other sites may not change anything here")
    if site not in ("", "same-origin", "none"):
        raise RefusalError(403, "pages of other sites may not change anything here")


def _one(headers: dict[bytes, list[bytes]], name: bytes) -> str:
    return ",".join(value.decode("latin-1").strip().lower() for value in headers.get(name, []))


async def _body(scope: Scope, headers: dict[bytes, list[bytes]], receive: Receive) -> bytes | None:
    """Whole body of a request, b"" of one without; None where the client left meanwhile."""
    refusal = RefusalError(413, f"the body of a request may have {BODY_BYTES:,} bytes")
    declared = _one(headers, b"content-length")
    if declared and (not declared.isdigit() or len(declared) > 9 or int(declared) > BODY_BYTES):
        raise refusal
    if declared in ("", "0") and b"transfer-encoding" not in headers:
        return b""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > BODY_BYTES:
            raise refusal
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Hand on a body that has been read."""
    told = False

    async def replayed() -> Message:
        nonlocal told
        if not told:
            told = True
            return {"type": "http.request", "body": body, "more_body": False}
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return message

    return replayed


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _cookie(line: bytes, name: str) -> str:
    try:
        morsel = SimpleCookie(line.decode("latin-1")).get(name)
    except CookieError:
        return ""
    return "" if morsel is None else str(morsel.value)


async def _move(send: Send, where: str, cookie: str) -> None:
    headers = [
        (b"location", where.encode("latin-1")),
        (b"set-cookie", cookie.encode()),
        (b"content-length", b"0"),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _refuse(send: Send, refusal: RefusalError) -> None:
    body = json.dumps({"error": refusal.text}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if refusal.status == 405:
        headers.append((b"allow", ", ".join(sorted(METHODS)).encode()))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
