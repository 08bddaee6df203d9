"""``bentpipe compare RUN RUN``: finished runs side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from bentpipe.cli.output import print_json, print_lines
from bentpipe.errors import Fault, InputError


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN...", help="Two or more runs: names, or folders.")],
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout.")] = False,
) -> None:
    """Compare finished runs side by side: what they gave, and in which inputs they differ.

    Every faulty run is told at once. Runs over different territories or spans are compared with a warning.
    """
    import bentpipe

    opened: list[bentpipe.Run] = []
    faults: list[Fault] = []
    for name in runs:
        try:
            opened.append(bentpipe.open_run(name))
        except InputError as error:
            faults += error.faults
    if len(runs) < 2:
        faults.append(Fault("a comparison needs two runs", "compare", ", ".join(runs), "two runs or more"))
    if faults:
        raise InputError(*faults)
    found = bentpipe.compare(*opened)
    if as_json:
        print_json("compare", found.data)
    else:
        print_lines(found.lines)
