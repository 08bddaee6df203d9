"""``bentpipe resilience RUN``: how service falls when a random share of the satellites is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bentpipe.cli.capacity import run_or_scenario
from bentpipe.cli.output import print_json, print_lines
from bentpipe.cli.progress import progress_on_stderr
from bentpipe.errors import Fault, InputError


def resilience(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's name or folder; or a scenario's name or file.")],
    lose: Annotated[
        str, typer.Option(metavar="WHAT", help="What is lost: satellites, gateways, planes or lasers.")
    ] = "satellites",
    shares: Annotated[
        str, typer.Option(metavar="PERCENT,...", help="Shares that are lost, %, with commas between.")
    ] = "0,1,2,5,10,20,30,50",
    draws: Annotated[int, typer.Option(metavar="N", min=1, max=10_000, help="Random losses of each share.")] = 20,
    slots: Annotated[
        int, typer.Option(metavar="N", min=1, max=100_000, help="Slots to look at, evenly spaced over the run.")
    ] = 12,
    seed: Annotated[
        int | None, typer.Option(metavar="N", min=0, max=2**32 - 1, help="Seed of the losses; the scenario's own.")
    ] = None,
    threads: Annotated[int | None, typer.Option(metavar="N", min=1, help="All cores when left out.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="PLACE", help="Folder or .html file of the report; the run's folder when left out."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Tell how service falls when a random share of the satellites, gateways, planes or lasers is lost.

    A run is scheduled anew in some of its slots, with many random losses of each share, and a report is written into
    its folder. It ranks no targets: losses are random, and no answer says which would cost most.
    """
    lost = lost_shares(shares)
    import bentpipe
    from bentpipe.report.resilience import check_place

    source = run_or_scenario(run)
    wanted: Path | None = out if out is not None else getattr(source, "path", None)
    place = None if wanted is None else check_place(wanted)
    with progress_on_stderr(quiet) as progress:
        found = bentpipe.resilience(source, lose, lost, draws, slots, seed=seed, threads=threads, progress=progress)
    page = bentpipe.write_resilience(found, place) if place is not None else None
    if as_json:
        print_json("resilience", {"lines": found.lines, "resilience": found.data, "report": page})
        return
    print_lines(found.lines)
    print_lines([f"Report: {page}"] if page is not None else ["No report: a scenario has no folder; name --out."])


def lost_shares(text: str) -> tuple[float, ...]:
    """Read the shares that are lost.

    Parameters
    ----------
    text : str
        Per cent, such as ``0,1,2.5``.

    Returns
    -------
    tuple of float
        1 for all.

    Raises
    ------
    InputError
        If one is no number, or outside 0 to 100 %.
    """
    remedy = "write for example --shares 0,5,10,50"
    allowed = "numbers from 0 to 100 (%), with commas between"
    shares = []
    for part in text.split(","):
        try:
            share = float(part)
        except ValueError:
            raise InputError(Fault("not a share", "--shares", part.strip() or text, allowed, remedy)) from None
        if not 0.0 <= share <= 100.0:
            raise InputError(Fault("a share is out of range", "--shares", part.strip(), allowed, remedy))
        shares.append(share / 100.0)
    return tuple(shares)
