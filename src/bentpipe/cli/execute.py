"""``bentpipe exec RUN SITE -- PROGRAM`` and ``bentpipe call RUN A B -- PROGRAM -- PROGRAM``: programs behind a link."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bentpipe.cli.output import as_json
from bentpipe.cli.trace import place_degrees, rates_bit_s, span_s
from bentpipe.errors import Fault, InputError

_VIA = ("tun", "packet", "relay")
At = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Where to begin: an instant (UTC), worst-outage, handover or busy-hour."),
]
Span = Annotated[str | None, typer.Option(metavar="SPAN", help='End the program after this time, such as "90s".')]
Rate = Annotated[str | None, typer.Option(metavar="DOWN/UP", help="Rates in place of the run's, Mbit/s.")]
Treatment = Annotated[
    str, typer.Option(metavar="hold|drop", help="Packets that come in an outage wait in the queue, or are dropped.")
]
Way = Annotated[str | None, typer.Option(metavar="|".join(_VIA), help="How to take packets; else what works.")]
Loop = Annotated[bool, typer.Option("--loop", help="Begin the trace anew at its end; else the link is down.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but why not to trust the run.")]
Report = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write what the link did as JSON.")]
Positional = Annotated[list[str] | None, typer.Argument(metavar="RUN SITE -- PROGRAM [ARGUMENTS]")]


def execute(
    context: typer.Context,
    words: Positional = None,
    at: At = None,
    place: Annotated[
        str | None, typer.Option(metavar="LAT,LON", help="A place of the run's territory instead of SITE, degrees.")
    ] = None,
    trace: Annotated[Path | None, typer.Option(metavar="FILE", help="A trace (CSV) instead of RUN and SITE.")] = None,
    duration: Span = None,
    rate: Rate = None,
    outage: Treatment = "drop",
    via: Way = None,
    internet: Annotated[
        bool, typer.Option("--internet", help="Let the program reach the Internet beyond the link, not this host only.")
    ] = False,
    forward_udp: Annotated[
        list[str] | None,
        typer.Option(metavar="LOCAL:HOST:PORT", help="Behind a relay: send a local UDP port to a destination."),
    ] = None,
    dish: Annotated[
        bool, typer.Option("--dish", help="Let a virtual dish answer at 192.168.100.1:9200, where dishes do.")
    ] = False,
    loop: Loop = False,
    report: Report = None,
    quiet: Quiet = False,
    cleanup: Annotated[
        bool, typer.Option("--cleanup", help="Only remove what killed runs of this command left.")
    ] = False,
) -> int:
    """Run a program behind the link of a site: its delay, rate, losses and outages as the run has them.

    The program runs in a network of its own. This host's services are at 100.64.0.1 there (BENTPIPE_HOST). Exit code,
    signals, input and output are the program's own. What the link did, and whether to believe it, is said at the end.
    """
    if cleanup:
        return _clean_up()
    before, (program,) = split_words(context.obj, words or [], 1)
    plan = _plan(before, at, place, trace, rate, _one_of(outage, ("hold", "drop"), "--outage"))
    if dish:
        if len(before) != 2 or via == "relay":
            remedy = "give RUN SITE, and no --place, --trace or --via relay"
            raise InputError(Fault("a dish answers for a site of a run, in a namespace", "--dish", remedy=remedy))
        program = _with_dish(before, at, program)
    from bentpipe.emulate.ways import behind_link

    outcome = behind_link(
        plan, program, via=None if via is None else _one_of(via, _VIA, "--via"), internet=internet,
        duration_s=_span(duration), loop=loop, forward_udp=forward_udp or (), relay=not dish,
        say=_silent if quiet else say,
    )  # fmt: skip
    return _finish("exec", outcome, report, quiet)


def call(
    context: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(metavar="RUN A B -- PROGRAM [...] -- PROGRAM [...]")] = None,
    at: At = None,
    between: Annotated[
        float | None, typer.Option(metavar="MS", help="One-way delay between the points of presence, ms.")
    ] = None,
    duration: Span = None,
    rate: Rate = None,
    outage: Treatment = "drop",
    via: Way = None,
    loop: Loop = False,
    report: Report = None,
    quiet: Quiet = False,
) -> int:
    """Run two programs at two sites of a run, joined by both their links.

    Packets of the first go up the link of A, over to the point of presence of B, and down the link of B. Each program
    finds the other's address in BENTPIPE_PEER.
    """
    before, programs = split_words(context.obj, words or [], 2)
    if len(before) != 3:
        raise InputError(Fault("a call needs a run and two sites", "RUN A B", " ".join(before), "three words"))
    import bentpipe
    from bentpipe.emulate.runplan import between_sites_s, run_plan
    from bentpipe.emulate.ways import call_link

    run = bentpipe.open_run(before[0])
    treatment = _one_of(outage, ("hold", "drop"), "--outage")
    plans = tuple(run_plan(run, site, at=at, rate_bit_s=rates_bit_s(rate), outage=treatment) for site in before[1:])
    between_s, note = between_sites_s(run, before[1], before[2], None if between is None else 1e-3 * between)
    (_silent if quiet else say)(note)
    outcome = call_link(
        plans, programs, between_s=between_s,
        via=None if via is None else _one_of(via, _VIA[:2], "--via"),
        duration_s=_span(duration), loop=loop, say=_silent if quiet else say,
    )  # fmt: skip
    return _finish("call", outcome, report, quiet)


def split_words(arguments: Sequence[str], words: list[str], programs: int) -> tuple[list[str], list[list[str]]]:
    """Tell the words of bentpipe from programs, which follow after ``--``.

    Parameters
    ----------
    arguments : sequence of str
        The whole command line after the program's name.
    words : list of str
        What is no option of it.
    programs : int
        How many programs there are.

    Returns
    -------
    tuple of list of str and list of list of str
        Words of bentpipe, and the programs with their arguments.
    """
    parts: list[list[str]] = []
    if "--" in arguments:
        rest = list(arguments[list(arguments).index("--") + 1 :])
        words = words[: len(words) - len(rest)]
        for _ in range(programs - 1):
            cut = rest.index("--") if "--" in rest else len(rest)
            parts.append(rest[:cut])
            rest = rest[cut + 1 :]
        parts.append(rest)
    if len(parts) != programs or not all(parts):
        remedy = "end with: " + " ".join(["-- PROGRAM ARGUMENTS"] * programs)
        raise InputError(Fault("no program is given" if programs == 1 else "two programs are needed", remedy=remedy))
    return words, parts


def say(line: str) -> None:
    """Tell the user a line on stderr, which is the program's as well."""
    sys.stderr.write(f"bentpipe: {line}\n")
    sys.stderr.flush()


def _silent(line: str) -> None:
    """Tell nothing."""


def _one_of(text: str, allowed: tuple[str, ...], where: str) -> str:
    if text.lower() not in allowed:
        raise InputError(Fault("no such choice", where, text, ", ".join(allowed)))
    return text.lower()


def _plan(
    before: list[str], at: str | None, place: str | None, trace: Path | None, rate: str | None, outage: str
) -> Any:
    """Plan of the link that is asked for."""
    given = rates_bit_s(rate)
    if trace is not None:
        if before or place or at or rate:
            raise InputError(Fault("a trace needs no run, site, place, time or rate", "--trace", str(trace)))
        from bentpipe.emulate.ways import trace_plan

        return trace_plan(trace, outage)
    if len(before) != (1 if place else 2):
        needed = "RUN --place LAT,LON" if place else "RUN SITE"
        raise InputError(Fault(f"needed before the program: {needed}", value=" ".join(before)))
    import bentpipe
    from bentpipe.emulate.runplan import place_plan, run_plan

    run = bentpipe.open_run(before[0])
    if not place:
        return run_plan(run, before[1], at=at, rate_bit_s=given, outage=outage)
    from bentpipe.emulate.moments import moment, place_course
    from bentpipe.simulate.placeseries import place_series

    latitude, longitude = place_degrees(place)
    begin = moment(run, place_course(run, latitude, longitude), at)
    return place_plan(run, place_series(run, latitude, longitude, begin.first, None, given), begin.note, outage)


def _with_dish(before: list[str], at: str | None, program: list[str]) -> list[str]:
    """Command that starts a dish in the program's namespace, and then becomes the program."""
    import importlib.util

    import bentpipe
    from bentpipe.emulate.dish.descriptors import MISSING
    from bentpipe.emulate.moments import moment, site_course

    if importlib.util.find_spec("grpc_reflection") is None:
        raise InputError(MISSING)
    run = bentpipe.open_run(before[0])
    begin_s = moment(run, site_course(run, before[1]), at).first * float(run.manifest["grid"]["interval_s"])
    alongside = [sys.executable, "-m", "bentpipe.emulate.dish.alongside", str(run.path.resolve()), before[1]]
    return [*alongside, repr(begin_s), "--", *program]


def _span(text: str | None) -> float | None:
    return None if text is None else span_s("--duration", text)


def _finish(command: str, outcome: Any, report: Path | None, quiet: bool) -> int:
    """Say the verdict, and write the report."""
    if not (quiet and outcome.account["trusted"]):
        say(str(outcome.account["verdict"]))
    if report is not None:
        whole = {"schema": 1, "command": command, "exit_code": outcome.exit_code, **outcome.account}
        report.write_text(json.dumps(as_json(whole), indent=2) + "\n", encoding="utf-8")
    return int(outcome.exit_code)


def _clean_up() -> int:
    from bentpipe.emulate.leftovers import clean_up

    links, ended = clean_up()
    say(f"{links} links of killed runs removed, {ended} programs ended" if links else "nothing was left")
    return 0
