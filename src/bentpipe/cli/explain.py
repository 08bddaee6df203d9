"""``bentpipe explain RUN SITE --at TIME``: one link, one instant, every reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from bentpipe.cli.output import print_json, print_lines
from bentpipe.errors import Fault, InputError


def explain(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's name, or its folder.")],
    site: Annotated[str, typer.Argument(metavar="SITE", help="A site of the run, by its id.")],
    at: Annotated[str, typer.Option(metavar="TIME", help="Instant, UTC, such as 2022-10-10T06:00Z.")],
    link: Annotated[
        bool, typer.Option("--link", help="Add the link budgets, line by line, and the share that comes of them.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout.")] = False,
) -> None:
    """Say which satellite serves a site at an instant, and why.

    Shows the satellite chosen, its rivals and why each was refused, and the segments of the delay; with --link also
    how the rate comes about: budgets, MODCOD, beam time, fair share and what binds.
    """
    instant = utc_instant(at)
    import bentpipe

    explanation = bentpipe.explain(bentpipe.open_run(run), site, instant, link=link)
    if as_json:
        print_json("explain", {"site": site, "at": instant, "explanation": explanation.data})
    else:
        print_lines(explanation.lines)


def utc_instant(text: str) -> str:
    """Read an ISO 8601 instant; one without an offset is UTC.

    Parameters
    ----------
    text : str
        Such as ``2022-10-10T06:00``, ``2022-10-10T06:00:12Z`` or ``2022-10-10T09:00+03:00``.

    Returns
    -------
    str
        The instant in UTC, to the microsecond at most, without an offset: what ``numpy.datetime64`` reads.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        remedy = "write for example --at 2022-10-10T06:00Z"
        raise InputError(Fault("not a time", "--at", text, "ISO 8601, UTC", remedy)) from None
    if instant.tzinfo is not None:
        instant = instant.astimezone(UTC).replace(tzinfo=None)
    return instant.isoformat()
