"""A program behind the link: starts the link's process, then the program in its namespace, and sees both to their end.

The caller stays outside: it passes signals on, joins the program's connections to the host's services, and hands on the
exit code.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import selectors
import shutil
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from bentpipe.emulate import leftovers
from bentpipe.emulate.farend import HOST, Forwarder
from bentpipe.emulate.feed import looped, new_pipe, pump
from bentpipe.emulate.linkprocess import ADDRESSES, ignore_the_terminal, live
from bentpipe.emulate.namespaces import (
    CLONE_NEWNET,
    CLONE_NEWUSER,
    die_with_parent,
    enter,
    lay_over,
    signal_file,
)
from bentpipe.emulate.plan import LinkPlan
from bentpipe.errors import Fault, InputError, RunError

GRACE_S: Final = 5.0
"""Time between asking a program to end and ending it, s."""
_PASSED: Final = {
    signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGTSTP, signal.SIGUSR1, signal.SIGUSR2,
    signal.SIGCONT,
}  # fmt: skip
_STOPS: Final = (signal.SIGTSTP, signal.SIGSTOP, signal.SIGTTIN, signal.SIGTTOU)


class NotAllowedError(RunError):
    """Namespaces cannot be had here."""


@dataclass(frozen=True)
class Outcome:
    """How a program behind a link ended.

    Parameters
    ----------
    exit_code : int
        Of the program; 128 and the number of the signal that ended it.
    account : dict
        What the link did, as :meth:`~bentpipe.emulate.account.Account.as_dict` tells it.
    """

    exit_code: int
    account: dict[str, Any]


@dataclass
class _Program:
    """A program and where it runs."""

    arguments: Sequence[str]
    environment: dict[str, str]
    namespace: int = -1
    pid: int = 0
    exit_code: int | None = None


@dataclass
class _Session:
    """All that belongs to one live link, as the caller sees it."""

    plans: Sequence[LinkPlan]
    programs: list[_Program]
    folder: Path
    token: str
    internet: bool
    say: Callable[[str], None]
    control: socket.socket = field(init=False)
    offers: socket.socket | None = None
    link_pid: int = 0
    feeders: list[int] = field(default_factory=list)
    made: dict[str, Any] = field(default_factory=dict)
    user: int = -1


def run_program(
    plan: LinkPlan,
    program: Sequence[str],
    *,
    via: str | None = None,
    internet: bool = False,
    duration_s: float | None = None,
    loop: bool = False,
    environment: Mapping[str, str] | None = None,
    say: Callable[[str], None] | None = None,
) -> Outcome:
    """Run a program behind the link of a place.

    Parameters
    ----------
    plan : LinkPlan
        The link.
    program : sequence of str
        Program and its arguments.
    via : str, optional
        ``"tun"`` or ``"packet"``; the first that works by default.
    internet : bool
        Whether the program reaches the Internet beyond the link, or this host only.
    duration_s : float, optional
        Time after which the program is asked to end, s.
    loop : bool
        Whether the trace begins anew at its end; otherwise the link is down from there on.
    environment : mapping of str to str, optional
        Variables of the program; those of the caller by default.
    say : callable, optional
        Takes lines for the user; they go to stderr by default.

    Returns
    -------
    Outcome

    Raises
    ------
    NotAllowedError
        No namespaces are to be had here; nothing was started.
    """
    known = {"BENTPIPE_HOST": HOST, "BENTPIPE_ADDRESS": ADDRESSES[0], "BENTPIPE_SITE": plan.place}
    return _run([plan], [program], [known], via, internet, duration_s, loop, 0.0, environment, say)


def run_call(
    plans: tuple[LinkPlan, LinkPlan],
    programs: tuple[Sequence[str], Sequence[str]],
    *,
    between_s: float = 0.0,
    via: str | None = None,
    duration_s: float | None = None,
    loop: bool = False,
    environment: Mapping[str, str] | None = None,
    say: Callable[[str], None] | None = None,
) -> Outcome:
    """Run two programs at two places, joined by both their links.

    Parameters
    ----------
    plans : tuple of LinkPlan
        The links.
    programs : tuple of sequence of str
        The programs; the exit code is that of the first that fails, in this order.
    between_s : float
        Time between the points of presence, one way, s.
    via, duration_s, loop, environment, say
        As of :func:`run_program`.

    Returns
    -------
    Outcome
    """
    known = [
        {"BENTPIPE_ADDRESS": ADDRESSES[i], "BENTPIPE_PEER": ADDRESSES[1 - i], "BENTPIPE_SITE": plan.place}
        for i, plan in enumerate(plans)
    ]
    return _run(plans, programs, known, via, False, duration_s, loop, between_s, environment, say)


def _run(
    plans: Sequence[LinkPlan],
    programs: Sequence[Sequence[str]],
    known: Sequence[Mapping[str, str]],
    via: str | None,
    internet: bool,
    duration_s: float | None,
    loop: bool,
    between_s: float,
    environment: Mapping[str, str] | None,
    say: Callable[[str], None] | None,
) -> Outcome:
    for program in programs:
        if not program:
            raise InputError(Fault("no program is given", "PROGRAM", remedy="end with: -- PROGRAM ARGUMENTS"))
    if not sys.platform.startswith("linux"):
        raise NotAllowedError("namespaces are there on Linux only")
    leftovers.clean_up()
    folder, token = leftovers.new_record()
    base = dict(os.environ if environment is None else environment) | {leftovers.TOKEN: token}
    for name in ("no_proxy", "NO_PROXY"):
        base[name] = ",".join(filter(None, (base.get(name), HOST, *ADDRESSES)))
    behind = [_Program(p, base | dict(k)) for p, k in zip(programs, known, strict=True)]
    session = _Session(plans, behind, folder, token, internet, say or _to_stderr)
    passed = signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED | {signal.SIGCHLD})
    try:
        _start_link(session, via, loop, between_s)
        return _see_through(session, passed, duration_s)
    finally:
        _end_link(session)
        shutil.rmtree(folder, ignore_errors=True)
        signal.pthread_sigmask(signal.SIG_SETMASK, passed)


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"bentpipe: {line}\n")
    sys.stderr.flush()


def _fork(work: Callable[[], None]) -> int:
    """Run a function in a process of its own, which never comes back."""
    sys.stdout.flush()
    sys.stderr.flush()
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
            import traceback

            traceback.print_exc()
    finally:
        os._exit(code)


def _start_link(session: _Session, via: str | None, loop: bool, between_s: float) -> None:
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


def _feeding(plan: LinkPlan, write: int, read: int, loop: bool) -> Callable[[], None]:
    def work() -> None:
        os.close(read)
        pump(looped(plan.pieces, plan.length_s) if loop else plan.pieces(), write)

    return work


def _explained(made: dict[str, Any], via: str | None) -> str:
    """Why there are no namespaces, as far as one can tell."""
    hint = ""
    if made["number"] in (errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EINVAL):
        hint = "; the system forbids user namespaces to you (AppArmor, a container's seccomp, or a limit of 0)"
    if via == "tun" and made["number"] in (errno.EACCES, errno.ENOENT, errno.ENODEV, errno.EPERM):
        hint = "; /dev/net/tun cannot be opened: --via packet does without"
    return f"no network namespace: {made['error']}{hint}"


def _start_program(session: _Session, program: _Program, passed: set[Any]) -> None:
    """Start a program in its namespace; raise what its start raised."""
    parent = os.getpid()
    read, write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    program.pid = os.fork()
    if program.pid == 0:
        os.close(read)
        _become(session, program, passed, parent, write)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        told = pipe.read()
    if told:
        os.waitpid(program.pid, 0)
        program.pid = 0
        number, _, where = told.decode().partition(" ")
        if where == "program":
            program.exit_code = 127 if int(number) in (errno.ENOENT, errno.ENOTDIR) else 126
            session.say(f"{program.arguments[0]}: {os.strerror(int(number))}")
        else:
            raise RunError(f"the program's namespace could not be entered ({where}): {os.strerror(int(number))}")


def _become(session: _Session, program: _Program, passed: set[Any], parent: int, write: int) -> NoReturn:
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
        signal.pthread_sigmask(signal.SIG_SETMASK, passed)
        where = "program"
        os.execvpe(program.arguments[0], list(program.arguments), program.environment)
    except OSError as error:
        os.write(write, f"{error.errno} {where}".encode())
    except BaseException:
        os.write(write, b"5 " + where.encode())
    os._exit(127)


def _see_through(session: _Session, passed: set[Any], duration_s: float | None) -> Outcome:
    """Start the clock and the programs, and serve them until they end."""
    selector = selectors.DefaultSelector()
    forwarder = None
    if session.offers is not None:
        forwarder = Forwarder(session.offers, selector, session.internet)
    origin = time.monotonic()
    session.control.send(f"start {origin!r}".encode())
    for program in session.programs:
        _start_program(session, program, passed)
    watched = _PASSED | {signal.SIGCHLD}
    signals = signal_file({int(number) for number in watched})
    selector.register(signals, selectors.EVENT_READ, lambda _: _on_signals(session, signals))
    broken: list[bool] = []

    def on_control(_: int) -> None:
        broken.append(True)
        selector.unregister(session.control)
        _signal_all(session, signal.SIGTERM)

    selector.register(session.control, selectors.EVENT_READ, on_control)
    deadline = np_inf if duration_s is None else origin + duration_s
    asked = False
    tidied = origin
    try:
        while any(program.exit_code is None for program in session.programs):
            now = time.monotonic()
            if now >= deadline:
                _signal_all(session, signal.SIGKILL if asked else signal.SIGTERM)
                deadline, asked = (np_inf if asked else now + GRACE_S), True
            for key, events in selector.select(min(max(deadline - now, 0.0), 2.0)):
                key.data(events)
            if forwarder is not None and now > tidied + 5.0:
                forwarder.tidy()
                tidied = now
    finally:
        os.close(signals)
    code = next((p.exit_code for p in session.programs if p.exit_code), 0)
    return Outcome(code, _account(session, bool(broken)))


np_inf = float("inf")


def _on_signals(session: _Session, file: int) -> None:
    """Pass on what was sent to the caller alone; what the terminal sends reaches the program by itself."""
    for _ in range(32):
        try:
            entry = os.read(file, 128)
        except BlockingIOError:
            return
        number, _, code = struct.unpack_from("=IiI", entry)
        if number == signal.SIGCHLD:
            _reap(session)
        elif struct.unpack("=i", struct.pack("=I", code))[0] <= 0:
            _signal_all(session, number)


def _signal_all(session: _Session, number: int) -> None:
    for program in session.programs:
        if program.pid and program.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(program.pid, number)


def _reap(session: _Session) -> None:
    """Learn which programs ended; where one was stopped, stop as well, so that the shell comes back."""
    for program in session.programs:
        if not program.pid or program.exit_code is not None:
            continue
        pid, status = os.waitpid(program.pid, os.WNOHANG | os.WUNTRACED)
        if pid == 0:
            continue
        if os.WIFSTOPPED(status):
            if os.WSTOPSIG(status) in _STOPS and len(session.programs) == 1:
                os.kill(os.getpid(), signal.SIGSTOP)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(program.pid, signal.SIGCONT)
        else:
            code = os.waitstatus_to_exitcode(status)
            program.exit_code = 128 - code if code < 0 else code


def _account(session: _Session, broken: bool) -> dict[str, Any]:
    """Stop the link and ask how it went."""
    failed = {"trusted": False, "verdict": "do not trust this run: the link's process failed", **session.made}
    if broken:
        return failed
    try:
        session.control.settimeout(10.0)
        session.control.send(b"stop")
        content = session.control.recv(1 << 20)
        return json.loads(content) if content else failed  # type: ignore[no-any-return]
    except (OSError, ValueError):
        return failed


def _end_link(session: _Session) -> None:
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
