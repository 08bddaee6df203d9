"""A program behind the relay: started with the proxy in its environment, its signals and exit code passed through.

The relay runs in a thread with an event loop of its own. Nothing here is peculiar to one operating system.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bentpipe.emulate.account import Account
from bentpipe.emulate.livelink import LiveLink
from bentpipe.emulate.plan import LinkPlan
from bentpipe.emulate.relay import LATE_LIMIT_S, Relay
from bentpipe.emulate.relayudp import Forward
from bentpipe.errors import Fault, InputError

GRACE_S: Final = 5.0
"""Time between asking a program to end and ending it, s."""
_SWITCH_S = 5e-4
_PRIORITY = 10  # of the lowest that are served at once


@dataclass(frozen=True)
class RelayResult:
    """How a program behind the relay ended.

    Parameters
    ----------
    returncode : int
        As `subprocess` has it: minus the signal where one ended the program.
    verdict : Account
        What the link did, and whether it may be believed.
    """

    returncode: int
    verdict: Account

    @property
    def exit_code(self) -> int:
        """Exit code as a shell has it: 128 and the signal where one ended the program."""
        return self.returncode if self.returncode >= 0 else 128 - self.returncode

    @property
    def account(self) -> dict[str, Any]:
        """What the link did, for JSON, as that of a program in a namespace."""
        return self.verdict.as_dict()


def run_behind_relay(
    link: LiveLink | LinkPlan,
    program: Sequence[str | os.PathLike[str]],
    forwards: Iterable[Forward] = (),
    *,
    loop: bool = False,
    host: str = "127.0.0.1",
    port: int = 0,
    environment: Mapping[str, str] | None = None,
    directory: str | os.PathLike[str] | None = None,
    duration_s: float | None = None,
    late_limit_s: float = LATE_LIMIT_S,
    say: Callable[[str], None] | None = None,
) -> RelayResult:
    """Run a program whose connections go over a link, and wait for it.

    Parameters
    ----------
    link : LiveLink or LinkPlan
        The link; its trace begins with the program.
    program : sequence of str
        Program and arguments.
    forwards : iterable of Forward
        UDP ports.
    loop : bool
        Whether the trace of a plan begins anew at its end; otherwise the link is down from there on.
    host : str
        Loopback address to listen on.
    port : int
        Port of the proxy; 0 for any.
    environment : mapping of str to str, optional
        Of the program; that of this process where not given. Proxies are set in it.
    directory : path, optional
        Where the program runs.
    duration_s : float, optional
        Time after which the program is asked to end, s, and ended :data:`GRACE_S` later.
    late_limit_s : float
        Lateness at the 99th percentile above which the run is not trusted, s.
    say : callable, optional
        Takes lines for the user: where the relay listens, and :data:`~bentpipe.emulate.relay.CANNOT`.

    Returns
    -------
    RelayResult
        Exit code and verdict.
    """
    wanted = tuple(forwards)
    if isinstance(link, LinkPlan):
        link = LiveLink(link, loop)
    with relay_running(link, wanted, host=host, port=port, late_limit_s=late_limit_s) as relay:
        if say is not None:
            for line in relay.described():
                say(line)
        variables = dict(os.environ if environment is None else environment) | relay.environment()
        returncode = _run(program, variables, directory, duration_s, say or _to_stderr)
    return RelayResult(returncode, relay.verdict())


@contextlib.contextmanager
def relay_running(
    link: LiveLink,
    forwards: Iterable[Forward] = (),
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    late_limit_s: float = LATE_LIMIT_S,
) -> Iterator[Relay]:
    """Run a relay in a thread.

    Parameters
    ----------
    link, forwards, host, port, late_limit_s
        As of :class:`~bentpipe.emulate.relay.Relay`.

    Yields
    ------
    Relay
        Listening; its verdict is final after the block.
    """
    relay = Relay(link, host, port, forwards, late_limit_s)
    loop, stop = new_loop(), asyncio.Event()
    ready, failure = threading.Event(), []

    async def serve() -> None:
        try:
            await relay.start()
        except BaseException as error:
            failure.append(error)
            return
        finally:
            ready.set()
        try:
            await stop.wait()
        finally:
            await relay.stop()

    def work() -> None:
        relay.scheduling = be_prompt()
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=work, name="bentpipe-relay", daemon=True)
    thread.start()
    ready.wait()
    if failure:
        thread.join()
        raise failure[0]
    # Whoever else computes in this process must let the relay in at once, not after the usual 5 ms.
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, _SWITCH_S))
    try:
        yield relay
    finally:
        sys.setswitchinterval(before)
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def be_prompt() -> str:
    """Ask the system to run the calling thread, and none that it starts, at once when its time comes.

    Returns
    -------
    str
        What was granted, in words; only Linux is asked, and grants it to root.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(_PRIORITY))
            return f"SCHED_FIFO {_PRIORITY}"
    return "normal scheduling"


def new_loop() -> asyncio.AbstractEventLoop:
    """Make an event loop whose timers are exact to microseconds where the system lets them be.

    Returns
    -------
    asyncio.AbstractEventLoop
        On Linux `epoll` rounds up to milliseconds, so that `select` waits for it; elsewhere the usual loop.
    """
    if sys.platform == "linux":
        return asyncio.SelectorEventLoop(_PreciseSelector())
    return asyncio.new_event_loop()


if sys.platform == "linux":

    class _PreciseSelector(selectors.EpollSelector):
        """`epoll` that is waited for by `select`, whose timeout is in microseconds."""

        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            if timeout is not None and timeout > 0.0 and self.fileno() < 1024:
                select.select([self.fileno()], [], [], timeout)
                timeout = 0.0
            return super().select(timeout)


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"bentpipe: {line}\n")
    sys.stderr.flush()


def _run(
    program: Sequence[str | os.PathLike[str]],
    environment: Mapping[str, str],
    directory: str | os.PathLike[str] | None,
    duration_s: float | None,
    say: Callable[[str], None],
) -> int:
    """Run a program and pass on signals; its return code, or 126 or 127 as of a shell where it cannot be started."""
    if not program:
        raise InputError(Fault("no program is given", "PROGRAM", remedy="end with: -- PROGRAM ARGUMENTS"))
    child: list[subprocess.Popen[bytes]] = []
    with _signals_to(child):
        try:
            child.append(subprocess.Popen([os.fspath(part) for part in program], env=dict(environment), cwd=directory))
        except OSError as error:
            say(f"{os.fspath(program[0])}: {error.strerror or error}")
            return 127 if isinstance(error, FileNotFoundError | NotADirectoryError) else 126
        return wait_for(child[0], duration_s)


def wait_for(child: subprocess.Popen[Any], duration_s: float | None) -> int:
    """Wait for a program, and end it when its time is over.

    Parameters
    ----------
    child : subprocess.Popen
        The program.
    duration_s : float, optional
        Its time, s; without end where not given.

    Returns
    -------
    int
        Its return code.
    """
    with contextlib.suppress(subprocess.TimeoutExpired):
        return child.wait(duration_s)
    child.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        return child.wait(GRACE_S)
    child.kill()
    return child.wait()


@contextlib.contextmanager
def _signals_to(child: list[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Pass signals on to a program while it runs; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def pass_on(number: int, _: Any) -> None:
        # The terminal sends its own to all in the foreground, the program included.
        by_terminal = number in _from_keys() and _in_foreground()
        if child and not by_terminal:
            with contextlib.suppress(OSError, ValueError):
                child[0].send_signal(number)

    names = ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    # What is ignored, as under nohup, the program is to ignore as well: it inherits that, but no handler.
    numbers = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, pass_on) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _from_keys() -> tuple[int, ...]:
    """Signals that a terminal sends."""
    return tuple(
        getattr(signal, name) for name in ("SIGINT", "SIGQUIT", "SIGWINCH", "SIGBREAK") if hasattr(signal, name)
    )


def _in_foreground() -> bool:
    """Whether keys of a terminal reach this process, and so the program."""
    if sys.platform == "win32":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
