"""``bentpipe paths RUN A B``: the path between two ends over lasers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bentpipe.cli.capacity import run_or_scenario
from bentpipe.cli.explain import utc_instant
from bentpipe.cli.output import print_json, print_lines
from bentpipe.cli.progress import progress_on_stderr


def paths(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's name or folder; or a scenario's name or file.")],
    a: Annotated[
        str, typer.Argument(metavar="A", help="Site, gateway or point of presence by its id; or LAT,LON: 33.9S,18.4E.")
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="The other end.")],
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="One slot hop by hop, UTC, such as 2022-10-10T06:00Z.")
    ] = None,
    disjoint: Annotated[
        int, typer.Option(metavar="K", help="With --at: K ways that share no laser, together of least delay.")
    ] = 1,
    node_disjoint: Annotated[
        bool, typer.Option("--node-disjoint", help="Ways that share no satellite either.")
    ] = False,
    routing: Annotated[
        str | None, typer.Option(metavar="NAME", help="Routing in place of the run's: least-delay, fewest-hops, ...")
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write one row a slot.")] = None,
    threads: Annotated[int | None, typer.Option(metavar="N", min=1, help="All cores when left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Tell the path between two ends over lasers: delay, stretch, changes, gaps, reordering.

    A path takes any satellite that its ends can use, not the one that the scheduler would give them. Its round trip is
    light and forwarding; the access delay of terminals is told beside it.
    """
    instant = None if at is None else utc_instant(at)
    import bentpipe

    source = run_or_scenario(run)
    with progress_on_stderr(quiet) as progress:
        found = bentpipe.paths(
            source, a, b, routing=routing, at=instant, disjoint=disjoint, node_disjoint=node_disjoint,
            threads=threads, progress=progress,
        )  # fmt: skip
    written = None if csv is None else found.write_csv(csv)
    if as_json:
        print_json("paths", {"lines": found.lines, "paths": found.data, "csv": written})
    else:
        print_lines(found.lines if written is None else (*found.lines, f"Slots: {written}"))
