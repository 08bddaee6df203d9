"""Programs behind a link, by the best way that this machine allows: namespaces, or else a relay."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from bentpipe.emulate.feed import Piece
from bentpipe.emulate.outcome import NotAllowedError, Outcome
from bentpipe.emulate.plan import LinkPlan
from bentpipe.emulate.tracefile import open_trace
from bentpipe.errors import Fault, InputError

VIA: Final = ("tun", "packet", "relay")
"""Ways to put a program behind a link; by default the first that works."""

Say = Callable[[str], None]


def behind_link(
    plan: LinkPlan,
    program: Sequence[str],
    *,
    via: str | None = None,
    internet: bool = False,
    duration_s: float | None = None,
    loop: bool = False,
    environment: Mapping[str, str] | None = None,
    forward_udp: Sequence[str] = (),
    relay: bool = True,
    say: Say,
) -> Outcome:
    """Run a program behind a link: in a namespace of its own, or, where that is not allowed, behind a relay.

    Parameters
    ----------
    plan : LinkPlan
        The link.
    program : sequence of str
        Program and arguments.
    via : str, optional
        One of :data:`VIA`; the first that works by default.
    internet, duration_s, loop, environment
        As of :func:`~bentpipe.emulate.execute.run_program`; a relay always reaches the Internet.
    forward_udp : sequence of str
        UDP ports that a relay forwards, ``LOCAL:HOST:PORT``; in a namespace programs send UDP by themselves.
    relay : bool
        Whether a relay will do where namespaces are not allowed.
    say : callable
        Takes lines for the user.

    Returns
    -------
    Outcome
    """
    from bentpipe.emulate.relayudp import parse_forward

    wanted = [parse_forward(text) for text in forward_udp]
    for note in plan.notes:
        say(note)
    if via != "relay":
        try:
            _need_linux()
            from bentpipe.emulate.execute import run_program

            return run_program(
                plan, program, via=via, internet=internet, duration_s=duration_s, loop=loop,
                environment=environment, say=say,
            )  # fmt: skip
        except NotAllowedError as error:
            if via is not None or not relay:
                raise
            say(f"{error}: a relay takes its place")
    from bentpipe.emulate.behindrelay import run_behind_relay

    found = run_behind_relay(plan, program, wanted, loop=loop, environment=environment, duration_s=duration_s, say=say)
    return Outcome(found.exit_code, found.account)


def _need_linux() -> None:
    """Refuse namespaces elsewhere, before what makes them is imported: it uses calls that only Linux has."""
    if not sys.platform.startswith("linux"):
        raise NotAllowedError("network namespaces are there on Linux only")


def call_link(
    plans: Sequence[LinkPlan],
    programs: Sequence[Sequence[str]],
    *,
    between_s: float = 0.0,
    via: str | None = None,
    duration_s: float | None = None,
    loop: bool = False,
    environment: Mapping[str, str] | None = None,
    say: Say,
) -> Outcome:
    """Run two programs at two places; see :func:`~bentpipe.emulate.execute.run_call`.

    Parameters
    ----------
    plans : sequence of LinkPlan
        Two.
    programs : sequence of sequence of str
        Two.
    between_s : float
        Between the points of presence, one way, s.
    via, duration_s, loop, environment
        As there; a relay cannot do it.
    say : callable
        Takes lines for the user.

    Returns
    -------
    Outcome
    """
    for note in dict.fromkeys(note for plan in plans for note in plan.notes):
        say(note)
    _need_linux()
    from bentpipe.emulate.execute import run_call

    return run_call(
        (plans[0], plans[1]), (programs[0], programs[1]), between_s=between_s, via=via, duration_s=duration_s,
        loop=loop, environment=environment, say=say,
    )  # fmt: skip


def trace_plan(path: Path, outage: str = "drop") -> LinkPlan:
    """Plan a link from a trace in a file.

    Parameters
    ----------
    path : pathlib.Path
        As `bentpipe trace` writes it, or one's own with the same columns.
    outage : str
        As of :class:`~bentpipe.emulate.plan.LinkPlan`.

    Returns
    -------
    LinkPlan
        Where the file does not say how long it is, its last row lasts as long as the row before.
    """
    head, first = open_trace(path)
    length = head.duration_s
    if not math.isfinite(length):
        last = [0.0, 0.0]
        for part in first:
            last = [*last, *part.start_s[-2:].tolist()][-2:]
        step = head.step_s if math.isfinite(head.step_s) else last[1] - last[0]
        if step <= 0.0:
            remedy = "say how long it is: a line '# duration_s: 120' at the top"
            raise InputError(Fault("the trace has one row and does not say how long it is", str(path), remedy=remedy))
        length = last[1] + step

    def pieces() -> Iterator[Piece]:
        _, parts = open_trace(path)
        before = next(parts, None)
        while before is not None:
            after = next(parts, None)
            yield before, length if after is None else float(after.start_s[0])
            before = after

    what = head.place or path.name
    return LinkPlan(what, pieces, length, outage=outage, notes=(f"{what}, {length:g} s from {path}", *head.assumed))
