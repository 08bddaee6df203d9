"""A program behind the link, as the caller sees it: a supervisor is forked, told of signals, and listened to."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bentpipe.emulate import leftovers
from bentpipe.emulate.farend import HOST
from bentpipe.emulate.linkprocess import ADDRESSES
from bentpipe.emulate.outcome import NotAllowedError, Outcome
from bentpipe.emulate.plan import LinkPlan
from bentpipe.emulate.supervisor import PASSED, Program, Session, fork_supervisor, supervise
from bentpipe.errors import Fault, InputError, RunError

__all__ = ["NotAllowedError", "Outcome", "run_call", "run_program"]


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
    """Fork the supervisor, pass on to it what signals come, and tell what it tells."""
    for program in programs:
        if not program:
            raise InputError(Fault("no program is given", "PROGRAM", remedy="end with: -- PROGRAM ARGUMENTS"))
    if not sys.platform.startswith("linux"):
        raise NotAllowedError("namespaces are there on Linux only")
    leftovers.clean_up()
    base = dict(os.environ if environment is None else environment)
    for name in ("no_proxy", "NO_PROXY"):
        base[name] = ",".join(filter(None, (base.get(name), HOST, *ADDRESSES)))
    behind = [Program(p, base | dict(k)) for p, k in zip(programs, known, strict=True)]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    came, come = os.pipe()
    os.set_blocking(come, False)
    caller = os.getpid()

    def work(mask: set[Any]) -> None:
        ours.close()
        os.close(come)
        os.set_blocking(came, False)
        folder, token = leftovers.new_record()
        for program in behind:
            program.environment[leftovers.TOKEN] = token
        session = Session(plans, behind, folder, token, internet, theirs, mask)
        supervise(session, came, caller, via, duration_s, loop, between_s)

    with _signals_to(come):
        pid = fork_supervisor(work, theirs)
        theirs.close()
        os.close(came)
        try:
            return _listen(ours, say or _to_stderr)
        finally:
            ours.close()
            os.waitpid(pid, 0)
            os.close(come)


@contextlib.contextmanager
def _signals_to(file: int) -> Iterator[None]:
    """Write the number of every signal that comes to a file, whichever thread gets it, and do nothing else.

    Only the main thread can; in another one the caller's signals stay as they are.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in PASSED}
    woken = signal.set_wakeup_fd(file, warn_on_full_buffer=False)
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        signal.set_wakeup_fd(woken)


def _listen(supervisor: socket.socket, say: Callable[[str], None]) -> Outcome:
    """Tell the user what the supervisor says, until it says how it ended."""
    while True:
        content = supervisor.recv(1 << 20)
        if not content:
            raise RunError("the supervisor of the link ended before its time")
        told = json.loads(content)
        if "say" in told:
            say(told["say"])
        elif "warn" in told:
            _to_stderr(told["warn"])
        elif "not_allowed" in told:
            raise NotAllowedError(told["not_allowed"])
        elif "failed" in told:
            raise RunError(told["failed"])
        else:
            return Outcome(told["exit_code"], told["account"])


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"bentpipe: {line}\n")
    sys.stderr.flush()
