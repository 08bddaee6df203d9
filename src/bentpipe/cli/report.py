"""``bentpipe report RUN``: the one-file HTML report of a finished run."""

from __future__ import annotations

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

    page = bentpipe.write_report(bentpipe.open_run(run), out=out, exact_sites=exact_sites)
    if as_json:
        print_json("report", {"report": page})
    else:
        print_lines([f"Report: {page}"])
