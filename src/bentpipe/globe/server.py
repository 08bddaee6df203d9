"""The server of the page: a socket, uvicorn, and a clean end."""

from __future__ import annotations

import ctypes
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from bentpipe.errors import Fault, InputError
from bentpipe.globe.app import application
from bentpipe.globe.connections import Limits, limited_protocol
from bentpipe.globe.guard import HEAD_BYTES, is_loopback
from bentpipe.globe.physicsprocess import Factory
from bentpipe.globe.state import Globe
from bentpipe.globe.workfolders import remove_leftovers

__all__ = ["GlobeServer", "serve"]

#: Connections that may wait to be accepted, and that are accepted in one go.
BACKLOG = 256
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8


def _say_nothing(line: str) -> None:
    pass


class GlobeServer:
    """A server whose socket is open; `run` answers until `stop`.

    Parameters
    ----------
    runs : sequence of pathlib.Path or str
        Folders of runs, or their names within ``runs/``; the first is shown first.
    physics_factory : callable
        Of a module, called in another process: see `bentpipe.globe.physicsprocess.PhysicsProcess`.
    host : str
        Name or address to bind to; a token is asked for on any but loopback.
    port : int
        0 takes a free one.
    announce : callable
        Takes a line about what goes wrong meanwhile.
    limits : Limits, optional
        What clients are held to.

    Raises
    ------
    InputError
        Where a run is unknown, or the address cannot be bound to.
    StoreError
        Where a run cannot be read.
    """

    def __init__(
        self,
        runs: Sequence[Path | str],
        physics_factory: Factory,
        host: str = "127.0.0.1",
        port: int = 0,
        announce: Callable[[str], None] = _say_nothing,
        limits: Limits | None = None,
    ) -> None:
        from bentpipe.results.opened import find_run

        folders = [find_run(run) for run in runs]
        self.limits = limits or Limits()
        self.token = None if is_loopback(host) else secrets.token_urlsafe(24)
        self._socket = bind(host, port)
        try:
            self.host, self.port = host, int(self._socket.getsockname()[1])
            remove_leftovers()
            self.globe = Globe(folders, physics_factory, announce)
        except BaseException:
            self._socket.close()
            raise
        self._server = _Uvicorn(
            uvicorn.Config(
                application(self.globe, host, self.port, self.token),
                http=limited_protocol(self.limits),
                loop="asyncio",
                ws="none",
                lifespan="on",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=15,
                timeout_graceful_shutdown=1,
                h11_max_incomplete_event_size=HEAD_BYTES,
                backlog=BACKLOG,
            ),
            self.globe.events.close,
        )

    @property
    def url(self) -> str:
        """Address of the page, with the token where one is asked for."""
        name = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(self.host, self.host)
        name = f"[{name}]" if ":" in name else name
        return f"http://{name}:{self.port}/" + (f"?token={self.token}" if self.token else "")

    def run(self) -> None:
        """Answer until `stop` is called, or Ctrl-C or a request to terminate comes; all is then cleaned up."""
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()
            self.globe.close()

    def stop(self) -> None:
        """Let `run` return soon; from any thread."""
        self._server.should_exit = True

    @property
    def started(self) -> bool:
        """Whether requests are answered."""
        return self._server.started


class _Uvicorn(uvicorn.Server):
    """A server that ends quietly: a signal ends it and is not raised again, streams end with it."""

    def __init__(self, config: uvicorn.Config, leaving: Callable[[], None]) -> None:
        super().__init__(config)
        self._leaving = leaving

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let Ctrl-C and requests to terminate end the server while it lives."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        ending = [signal.SIGINT, signal.SIGTERM]
        # A terminal that is closed ends the server as cleanly; under nohup it goes on.
        if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
            ending.append(signal.SIGHUP)
        before = {number: signal.signal(number, self.handle_exit) for number in ending}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; at once, where asked twice."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: Any = None) -> None:
        """End the streams, which would otherwise be waited for, and then the rest."""
        self._leaving()
        await super().shutdown(sockets)


def give_memory_back() -> None:
    """Let what is read and dropped go back to the system at once, where the C library can be told so (glibc).

    Chunks and outlines of some 100 kB to 10 MB come and go; kept for later, they are a fifth of what the server holds.
    What is smaller comes from one pool for all threads, which otherwise keep a pool each.
    """
    with suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, 65_536)
        library.mallopt(_M_ARENA_MAX, 1)


def bind(host: str, port: int) -> socket.socket:
    """Open a socket.

    Parameters
    ----------
    host : str
        Name or address.
    port : int
        0 takes a free one.

    Returns
    -------
    socket.socket

    Raises
    ------
    InputError
        Where that cannot be.
    """
    if not 0 <= port <= 65_535:
        raise InputError(Fault("no such port", "--port", port, "0 to 65535"))
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # "localhost" is both; the page's address is the older one.
        family, *_, address = sorted(found, key=lambda one: one[0] != socket.AF_INET)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        remedy = "leave --port out, and a free one is taken" if port else "leave --host out for this machine alone"
        raise InputError(Fault(f"no server can be there: {reason}", value=f"{host}:{port}", remedy=remedy)) from None


def serve(
    runs: Sequence[Path | str],
    physics_factory: Factory,
    host: str = "127.0.0.1",
    port: int = 0,
    open_browser: bool = False,
    announce: Callable[[str], None] = _say_nothing,
    ready: Callable[[str], None] = _say_nothing,
) -> None:
    """Show runs as a web page until Ctrl-C.

    Parameters
    ----------
    runs : sequence of pathlib.Path or str
        Folders of runs, or their names within ``runs/``; the first is shown first.
    physics_factory : callable
        Of a module; called in another process, it returns what computes: see `bentpipe.globe.physics`.
    host : str
        Name or address to bind to; on any but loopback, whoever comes is asked for a token, and a warning announced.
    port : int
        0 takes a free one.
    open_browser : bool
        Show the page in the user's browser.
    announce : callable
        Takes a line about what goes wrong.
    ready : callable
        Takes the address of the page, once the socket is open.

    Raises
    ------
    InputError
        Where a run is unknown, or the address cannot be bound to.
    StoreError
        Where a run cannot be read.
    """
    give_memory_back()
    server = GlobeServer(runs, physics_factory, host, port, announce)
    if server.token is not None:
        announce(
            "warning: other machines can reach this server; whoever has the address with its token can look at the "
            "runs and set this machine to work, and it travels unencrypted"
        )
    ready(server.url)
    if open_browser:
        import webbrowser

        # The socket is open: a browser that comes before the first answer waits for it.
        threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
    server.run()
