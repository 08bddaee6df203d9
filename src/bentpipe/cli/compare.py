"""``bentpipe compare RUN RUN``: runs side by side; with ``--measured FILE`` one run beside a user's measurements."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bentpipe.cli.output import print_json, print_lines
from bentpipe.errors import Fault, InputError

if TYPE_CHECKING:
    import bentpipe


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN RUN...", help="Two or more runs, or one with --measured: names, or folders."),
    ],
    measured: Annotated[
        list[Path] | None,
        typer.Option(
            "--measured", metavar="FILE",
            help="Your own measurements against the same slots of one run: a ping log, a CSV of time and rtt_ms, "
            "JSON of iperf3 -J, or a dish's history. May be given several times.",
        ),
    ] = None,
    site: Annotated[
        str | None, typer.Option("--site", metavar="SITE", help="With --measured: the site where it was measured.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", metavar="ping|iperf3|dish", help="With --measured: what FILE is; recognised otherwise."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--start", metavar="TIME", help="With --measured: UTC of its first sample, if it has no times."),
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option("--interval", metavar="S", help="With --measured: s between pings of a log without times."),
    ] = None,
    offset: Annotated[
        float | None,
        typer.Option("--offset", metavar="S", help="With --measured: s to add to its times, if its clock was slow."),
    ] = None,
    probe: Annotated[
        str | None,
        typer.Option(
            "--probe", metavar="ping|traceroute|built-in|dish",
            help="With --measured: which waits the pings met; told from their spacing otherwise.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout.")] = False,
) -> None:  # fmt: skip
    """Compare finished runs side by side, or one run with your own measurements.

    Runs: what they gave, and in which inputs they differ. Measurements: their distribution beside that of the same
    slots, and which part of the prediction is off. Everything that is faulty is told at once.
    """
    import bentpipe

    faults: list[Fault] = []
    opened = [run for name in runs if (run := _tried(faults, bentpipe.open_run, name)) is not None]
    found: bentpipe.Comparison | bentpipe.MeasuredComparison
    if measured:
        asked = _asked(faults, kind, start, interval)
        if len(runs) != 1:
            faults.append(Fault("measurements are compared with one run", "--measured", ", ".join(runs), "one run"))
        read = [part for file in measured for part in _tried(faults, bentpipe.read_measurements, file, **asked) or ()]
        _stop(faults)
        found = bentpipe.compare_measured(opened[0], *read, site=site, offset_s=offset or 0.0, probe=probe)
    else:
        options = {"--site": site, "--kind": kind, "--start": start, "--interval": interval, "--offset": offset}
        given = [name for name, value in {**options, "--probe": probe}.items() if value is not None]
        faults += [Fault("only of use with --measured FILE", name) for name in given]
        if len(runs) < 2:
            remedy = "or --measured FILE for your own measurements"
            faults.append(Fault("a comparison needs two runs", "compare", ", ".join(runs), "two runs or more", remedy))
        _stop(faults)
        found = bentpipe.compare(*opened)
    if as_json:
        print_json("compare", found.data)
    else:
        print_lines(found.lines)


def _tried(faults: list[Fault], work: Callable[..., Any], *given: Any, **options: Any) -> Any:
    """What a call returns; None where its input is wrong, with the faults noted."""
    try:
        return work(*given, **options)
    except InputError as error:
        faults += error.faults
        return None


def _asked(faults: list[Fault], kind: str | None, start: str | None, interval: float | None) -> dict[str, Any]:
    """What a user says of a file that the file may not say itself."""
    from bentpipe.catalog.measurements.instants import asked_time

    if interval is not None and not 1e-4 <= interval <= 86_400.0:
        faults.append(Fault("not a time between pings", "--interval", interval, "0.0001 to 86400 s"))
    begin = None if start is None else _tried(faults, asked_time, start, "--start")
    return {"kind": kind, "start_unix_s": begin, "interval_s": interval}


def _stop(faults: list[Fault]) -> None:
    if faults:
        raise InputError(*dict.fromkeys(faults))
