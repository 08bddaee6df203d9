"""``bentpipe report RUN``: the one-file HTML report of a finished run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bentpipe.cli.output import print_json, print_lines


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's name, or its folder.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to write; report.html in the run when left out."),
    ] = None,
    exact_sites: Annotated[
        bool,
        typer.Option("--exact-sites", help="Show sites where they are; coarsened when left out."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout.")] = False,
) -> None:
    """Write the one-file HTML report of a finished run.

    Positions of sites are coarsened unless --exact-sites is given: a report is made to be passed on.
    """
    import bentpipe

    opened = bentpipe.open_run(run, verify=True)
    page = bentpipe.write_report(opened, out=out, exact_sites=exact_sites)
    if not opened.complete:
        sys.stderr.write(
            "bentpipe: note: the run is unfinished: slots that are not simulated yet count as without service\n"
        )
    if as_json:
        print_json("report", {"report": page, "complete": opened.complete})
    else:
        print_lines([f"Report: {page}"])
