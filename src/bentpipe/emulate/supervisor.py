"""The supervisor of a live link: starts the link's process and the programs, and sees all of them to their end.

It has one thread, and lives in the caller's process group: what a terminal sends reaches the program by itself; what is
sent to the caller alone is passed on. It joins the program's connections to the host's services, and cleans up even
where the caller is killed.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import resource
import selectors
import shutil
import signal
import socket
import struct
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from bentpipe.emulate import leftovers
from bentpipe.emulate.farend import HOST, Forwarder
from bentpipe.emulate.feed import looped, new_pipe, pump
from bentpipe.emulate.linkprocess import ignore_the_terminal, live
from bentpipe.emulate.namespaces import (
    CLONE_NEWNET,
    CLONE_NEWUSER,
    die_with_parent,
    enter,
    lay_over,
    signal_file,
)
from bentpipe.emulate.outcome import NotAllowedError, Outcome
from bentpipe.emulate.plan import LinkPlan
from bentpipe.errors import InputError, RunError

GRACE_S: Final = 5.0
"""Time between asking a program to end and ending it, s."""
PASSED: Final = (
    signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGTSTP, signal.SIGUSR1, signal.SIGUSR2,
    signal.SIGCONT,
)  # fmt: skip
_FILES = 65_536  # six a connection to this host
_SAME_S = 0.05  # a signal of the terminal reaches caller and supervisor within this time


@dataclass
class Program:
    """A program and where it runs."""

    arguments: Sequence[str]
    environment: dict[str, str]
    namespace: int = -1
    pid: int = 0
    exit_code: int | None = None


@dataclass
class Session:
    """All that belongs to one live link, as the supervisor sees it."""

    plans: Sequence[LinkPlan]
    programs: list[Program]
    folder: Path
    token: str
    internet: bool
    caller: socket.socket
    mask: set[Any]
    control: socket.socket = field(init=False)
    offers: socket.socket | None = None
    link_pid: int = 0
    feeders: list[int] = field(default_factory=list)
    made: dict[str, Any] = field(default_factory=dict)
    user: int = -1
    direct: dict[int, float] = field(default_factory=dict)
    indirect: list[tuple[float, int]] = field(default_factory=list)

    def say(self, line: str) -> None:
        """Have the caller tell the user a line."""
        self._tell("say", line)

    def warn(self, line: str) -> None:
        """Have the caller write a line to stderr, whatever it does with others."""
        self._tell("warn", line)

    def _tell(self, how: str, line: str) -> None:
        with contextlib.suppress(OSError):
            self.caller.send(json.dumps({how: line}).encode())


def fork_supervisor(work: Callable[[set[Any]], None], channel: socket.socket) -> int:
    """Fork the process that does all else; it never comes back, and tells what goes wrong."""
    sys.stdout.flush()
    sys.stderr.flush()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {*PASSED, signal.SIGCHLD})
    pid = _plain_fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return pid
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        work(mask)
        code = 0
    except NotAllowedError as error:
        channel.send(json.dumps({"not_allowed": str(error)}).encode())
    except BaseException as error:
        known = isinstance(error, RunError | InputError)
        text = str(error) if known else f"{type(error).__name__}: {error}"
        channel.send(json.dumps({"failed": text}).encode())
        if os.environ.get("BENTPIPE_TRACEBACK"):
            traceback.print_exc()
    finally:
        os._exit(code)


def _plain_fork() -> int:
    """Fork; the threads of the caller's libraries, which Python warns of, are not used by any child."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def supervise(
    session: Session,
    came: int,
    caller: int,
    via: str | None,
    duration_s: float | None,
    loop: bool,
    between_s: float,
) -> None:
    """Start the link and the programs, see them to their end, clean up, and tell how it went."""
    try:
        _start_link(session, via, loop, between_s)
        outcome = _see_through(session, came, caller, duration_s)
    finally:
        _end_link(session)
        shutil.rmtree(session.folder, ignore_errors=True)
    told = {"exit_code": outcome.exit_code, "account": outcome.account}
    with contextlib.suppress(OSError):
        session.caller.send(json.dumps(told).encode())


def _fork(work: Callable[[], None]) -> int:
    """Run a function in a process of its own, which never comes back."""
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        die_with_parent(parent, signal.SIGKILL)
        ignore_the_terminal()
        work()
        code = 0
    except Exception as error:
        os.write(2, f"bentpipe: the link's process failed: {type(error).__name__}: {error}\n".encode())
        if os.environ.get("BENTPIPE_TRACEBACK"):
            traceback.print_exc()
    finally:
        os._exit(code)


def _start_link(session: Session, via: str | None, loop: bool, between_s: float) -> None:
    """Start the feeding processes and the link's, and learn what was made."""
    session.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    offers = None
    if len(session.plans) == 1:
        session.offers, offers = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    reads = []
    for plan in session.plans:
        read, write = new_pipe()
        session.feeders.append(_fork(_feeding(plan, write, read, loop)))
        os.close(write)
        reads.append(read)

    def work() -> None:
        session.control.close()
        if session.offers is not None:
            session.offers.close()
        live(session.plans, reads, theirs, offers, via, session.internet, between_s)

    session.link_pid = _fork(work)
    for each in (theirs, offers):
        if each is not None:
            each.close()
    for read in reads:
        os.close(read)
    content, files, _, _ = socket.recv_fds(session.control, 65_536, 4)
    if not content:
        raise RunError("the link's process ended before the link was there")
    session.made = json.loads(content)
    if "error" in session.made:
        raise NotAllowedError(_explained(session.made, via))
    for program, file in zip(session.programs, files, strict=False):
        program.namespace = file
    if session.made["user_namespace"]:
        session.user = files[-1]
    session.say(_taken(session.made, session.internet))


def _feeding(plan: LinkPlan, write: int, read: int, loop: bool) -> Callable[[], None]:
    def work() -> None:
        os.close(read)
        pump(looped(plan.pieces, plan.length_s) if loop else plan.pieces(), write)

    return work


def _taken(made: dict[str, Any], internet: bool) -> str:
    """Which way was taken, and what it cannot do."""
    how = {"tun": "a TUN device", "packet": "packet sockets"}[made["via"]]
    where = "a user namespace, without root: sudo and the like do not work in it" if made["user_namespace"] else "root"
    reach = "the Internet by TCP and UDP; ping reaches this host only" if internet else "this host"
    if made["call"]:
        return f"{how} ({where}); IPv4 only"
    return f"{how} ({where}); IPv4 only; beyond the link: {reach}, at {HOST}" if not internet else (
        f"{how} ({where}); IPv4 only; beyond the link: this host at {HOST}, {reach}")  # fmt: skip


def _explained(made: dict[str, Any], via: str | None) -> str:
    """Why there are no namespaces, as far as one can tell."""
    hint = ""
    if made["number"] in (errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EINVAL):
        hint = "; the system forbids user namespaces to you (AppArmor, a container's seccomp, or a limit of 0)"
    if via == "tun" and made["number"] in (errno.EACCES, errno.ENOENT, errno.ENODEV, errno.EPERM):
        hint = "; /dev/net/tun cannot be opened: --via packet does without"
    return f"no network namespace: {made['error']}{hint}"


def _start_program(session: Session, program: Program) -> None:
    """Start a program in its namespace; raise what its start raised."""
    parent = os.getpid()
    read, write = os.pipe()
    program.pid = os.fork()
    if program.pid == 0:
        os.close(read)
        _become(session, program, parent, write)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        told = pipe.read()
    if told:
        os.waitpid(program.pid, 0)
        program.pid = 0
        number, _, where = told.decode().partition(" ")
        if where == "program":
            program.exit_code = 127 if int(number) in (errno.ENOENT, errno.ENOTDIR) else 126
            session.warn(f"{program.arguments[0]}: {os.strerror(int(number))}")
        else:
            raise RunError(f"the program's namespace could not be entered ({where}): {os.strerror(int(number))}")


def _become(session: Session, program: Program, parent: int, write: int) -> NoReturn:
    """In the child: enter the namespace, and become the program."""
    where = "process"
    try:
        die_with_parent(parent, signal.SIGTERM)
        where = "user namespace"
        if session.user >= 0:
            enter(session.user, CLONE_NEWUSER)
        where = "network namespace"
        enter(program.namespace, CLONE_NEWNET)
        if session.internet:
            where = "resolv.conf"
            names = session.folder / "resolv.conf"
            names.write_text(f"nameserver {HOST}\n")
            lay_over(names, "/etc/resolv.conf")
        for number in (signal.SIGPIPE, getattr(signal, "SIGXFSZ", signal.SIGPIPE)):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, session.mask)
        where = "program"
        os.execvpe(program.arguments[0], list(program.arguments), program.environment)
    except OSError as error:
        os.write(write, f"{error.errno} {where}".encode())
    except BaseException:
        os.write(write, b"5 " + where.encode())
    os._exit(127)


def _see_through(session: Session, came: int, caller: int, duration_s: float | None) -> Outcome:
    """Start the clock and the programs, and serve them until they end."""
    selector = selectors.DefaultSelector()
    forwarder = None
    if session.offers is not None:
        forwarder = Forwarder(session.offers, selector, session.internet)
    origin = time.monotonic()
    session.control.send(f"start {origin!r}".encode())
    for program in session.programs:
        program.environment["BENTPIPE_START"] = repr(origin)
        _start_program(session, program)
    failed = any(program.exit_code is not None for program in session.programs)
    _allow_files()
    signals = signal_file({int(number) for number in (*PASSED, signal.SIGCHLD)})
    gone: list[str] = []

    def lost(who: str, what: Any) -> None:
        gone.append(who)
        selector.unregister(what)

    def on_caller(_: int) -> None:
        numbers = os.read(came, 64)
        if not numbers:
            lost("caller", came)
        session.indirect += [(time.monotonic(), number) for number in numbers]

    selector.register(signals, selectors.EVENT_READ, lambda _: _on_signals(session, signals, caller))
    selector.register(came, selectors.EVENT_READ, on_caller)
    selector.register(session.control, selectors.EVENT_READ, lambda _: lost("link", session.control))
    deadline = math.inf if duration_s is None else origin + duration_s
    asked, tidied = False, origin
    while any(program.exit_code is None for program in session.programs):
        now = time.monotonic()
        if (gone or failed) and not asked:
            deadline = now
        if now >= deadline:
            _signal_all(session, signal.SIGKILL if asked else signal.SIGTERM)
            deadline, asked = (math.inf if asked else now + GRACE_S), True
        _pass_on(session, now)
        wait = _SAME_S if session.indirect else 2.0
        for key, events in selector.select(min(max(deadline - now, 0.0), wait)):
            # What came before it in this round may have closed it, or asked for something else.
            if selector.get_map().get(key.fd) is key:
                key.data(events)
        if forwarder is not None and now > tidied + 5.0:
            forwarder.tidy()
            tidied = now
    code = next((p.exit_code for p in session.programs if p.exit_code), 0)
    return Outcome(code, _account(session, "link" in gone))


def _allow_files() -> None:
    """Allow this process as many open files as it may have; the programs are started, and keep the usual limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _on_signals(session: Session, file: int, caller: int) -> None:
    """Note what the whole process group was sent; the program has it as well."""
    for _ in range(32):
        try:
            (number,) = struct.unpack_from("=I", os.read(file, 128))
        except BlockingIOError:
            return
        if number == signal.SIGCHLD:
            _reap(session, caller)
        else:
            session.direct[number] = time.monotonic()


def _pass_on(session: Session, now: float) -> None:
    """Pass on what the caller alone was sent."""
    waiting, session.indirect = session.indirect, []
    for at, number in waiting:
        if abs(session.direct.get(number, -math.inf) - at) < 2.0 * _SAME_S:
            continue
        if now < at + _SAME_S:
            session.indirect.append((at, number))
        else:
            _signal_all(session, number)


def _signal_all(session: Session, number: int) -> None:
    for program in session.programs:
        if program.pid and program.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(program.pid, number)


def _reap(session: Session, caller: int) -> None:
    """Learn which programs ended; where the only one was stopped, stop the caller, so that the shell comes back."""
    for program in session.programs:
        if not program.pid or program.exit_code is not None:
            continue
        pid, status = os.waitpid(program.pid, os.WNOHANG | os.WUNTRACED)
        if pid == 0:
            continue
        if os.WIFSTOPPED(status):
            if len(session.programs) == 1:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(caller, signal.SIGSTOP)
        else:
            code = os.waitstatus_to_exitcode(status)
            program.exit_code = 128 - code if code < 0 else code


def _account(session: Session, broken: bool) -> dict[str, Any]:
    """Stop the link and ask how it went."""
    failed = {"trusted": False, "verdict": "do not trust this run: the link's process failed", **session.made}
    if broken:
        return failed
    try:
        session.control.settimeout(10.0)
        session.control.send(b"stop")
        content = session.control.recv(1 << 20)
        return json.loads(content) if content else failed
    except (OSError, ValueError):
        return failed


def _end_link(session: Session) -> None:
    """End what still runs: the program's own children, the feeding processes, the link."""
    for program in session.programs:
        if program.pid and program.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(program.pid, signal.SIGKILL)
                os.waitpid(program.pid, 0)
    leftovers.end_all(session.token)
    for pid in filter(None, (session.link_pid, *session.feeders)):
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    for program in session.programs:
        if program.namespace >= 0:
            os.close(program.namespace)
