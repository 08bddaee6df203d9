"""``bentpipe dish RUN SITE``: a virtual dish that answers from a finished run."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Annotated

import typer

from bentpipe.cli.output import print_json, print_lines

_ADDRESS = "127.0.0.1:9200"


def dish(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's name, or its folder.")],
    site: Annotated[str, typer.Argument(metavar="SITE", help="A site of the run, by its id.")],
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="worst-outage, handover, busy-hour, or an instant, UTC: 2022-10-10T06:00Z."),
    ] = None,
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where to answer; port 0 takes a free one.")] = (
        _ADDRESS
    ),
    speed: Annotated[float, typer.Option(metavar="X", help="Seconds of the run a second.")] = 1.0,
    public: Annotated[bool, typer.Option("--public", help="Let other machines ask, where HOST is theirs to reach.")] = (
        False
    ),
    show_location: Annotated[
        bool, typer.Option("--show-location", help="Tell the site's coordinates to whoever asks.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Tell where it answers as JSON on stdout.")] = False,
) -> None:
    """Serve a virtual dish: the local gRPC service of a user terminal, answered from a finished run.

    Programs that read a real dish read this one: status, history, outages, map of the sky, second by second of the
    run. Its clock begins at --at and goes on in real time, or faster with --speed; it stops with the run. What would
    change a real dish is refused. Needs: pip install 'bentpipe[dish]'.
    """
    import bentpipe
    from bentpipe.emulate.dish import serve
    from bentpipe.emulate.moments import moment, site_course

    opened = bentpipe.open_run(run)
    begin = moment(opened, site_course(opened, site), at)
    at_s = begin.first * float(opened.manifest["grid"]["interval_s"])
    ended = False
    with (
        serve(opened, site, listen, at_s=at_s, speed=speed, show_location=show_location, public=public) as served,
        suppress(KeyboardInterrupt),
    ):
        left_s = (served.answers.length_s - at_s) / speed
        record = served.answers.record
        if as_json:
            told = {"address": served.address, "id": record.name, "at_s": at_s, "speed": speed, "ends_in_s": left_s}
            print_json("dish", {**told, "moment": begin.note, "notes": record.notes})
        else:
            place = "told to whoever asks" if show_location else "not told (--show-location tells it)"
            print_lines(
                [
                    f"Virtual dish {record.name}: simulated, not a real terminal.",
                    f"Answers at {served.address}, {begin.note}; {speed:g} s of the run a second.",
                    f"The run is over, and the dish gone, in {left_s:.0f} s.",
                    f"Its place is {place}. No live link is attached: it reports that it carries nothing.",
                    *(f"Note: {note}." for note in record.notes),
                    "Stop it with Ctrl-C.",
                ]
            )
        sys.stdout.flush()
        served.wait()
        ended = True
    if ended and not as_json:
        print_lines(["The run is over."])
