"""Programs behind a link, by the best way that this machine allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bentpipe.emulate.execute import NotAllowedError, Outcome, run_call, run_program
from bentpipe.emulate.plan import LinkPlan
from bentpipe.errors import Fault, InputError
from bentpipe.results.opened import Run

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
        ``"tun"``, ``"packet"`` or ``"relay"``; the first that works by default.
    internet, duration_s, loop, environment
        As of :func:`~bentpipe.emulate.execute.run_program`.
    say : callable
        Takes lines for the user.

    Returns
    -------
    Outcome
    """
    for note in plan.notes:
        say(note)
    return run_program(
        plan, program, via=via, internet=internet, duration_s=duration_s, loop=loop, environment=environment, say=say
    )


def call_link(
    plans: Sequence[LinkPlan],
    programs: Sequence[Sequence[str]],
    *,
    between_s: float = 0.0,
    via: str | None = None,
    duration_s: float | None = None,
    loop: bool = False,
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
    via, duration_s, loop
        As there.
    say : callable
        Takes lines for the user.

    Returns
    -------
    Outcome
    """
    for plan in plans:
        for note in plan.notes:
            say(note)
    return run_call(
        (plans[0], plans[1]), (programs[0], programs[1]), between_s=between_s, via=via, duration_s=duration_s,
        loop=loop, say=say,
    )  # fmt: skip
