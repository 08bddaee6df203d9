"""``bentpipe sweep report|compare``: reading what studies gave."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bentpipe.cli.output import print_json, print_lines
from bentpipe.errors import Fault, InputError


def report(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A study's folder or URL, or its name in studies/.")],
    measure: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[@PLACE]",
            help="What is shown of each run, such as site_rtt_s_mean@kyiv; by what is kept when left out.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write; report.html in the study when left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout.")] = False,
) -> None:
    """Write the one-file HTML report of a study: what matters most, by axis, how the runs spread."""
    import bentpipe
    from bentpipe.sweep.reading import told

    opened = bentpipe.open_study(study)
    page = bentpipe.write_study_report(opened, out=out, measure=measure)
    words, data = told(opened, measure)
    if not opened.complete:
        sys.stderr.write("bentpipe: note: the study is unfinished: runs that are missing are left out\n")
    if as_json:
        print_json("sweep report", {"report": page, "complete": opened.complete, **data})
    else:
        print_lines([words, f"Report: {page}"])


def compare(
    studies: Annotated[list[str], typer.Argument(metavar="STUDY STUDY", help="Two studies: folders, URLs or names.")],
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout.")] = False,
) -> None:
    """Compare two studies of the same axes run by run: the difference of each statistic, with an interval."""
    import bentpipe

    if len(studies) != 2:
        raise InputError(Fault("a comparison needs two studies", "sweep compare", ", ".join(studies), "two studies"))
    opened: list[bentpipe.StudyResults] = []
    faults: list[Fault] = []
    for name in studies:
        try:
            opened.append(bentpipe.open_study(name))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(*faults)
    found = bentpipe.compare_studies(*opened)
    if as_json:
        print_json("sweep compare", found.data)
    else:
        print_lines(found.lines)
