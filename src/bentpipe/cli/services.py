"""``bentpipe services RUN SITE``: what calls, pages, votes, files and video get over the link of a place."""

from __future__ import annotations

from typing import Annotated

import typer

from bentpipe.cli.output import print_json, print_lines
from bentpipe.cli.trace import place_degrees, rates_bit_s, span_s


def services(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's name, or its folder.")],
    site: Annotated[
        str | None, typer.Argument(metavar="SITE", help="A site of the run; or give --place.", show_default=False)
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Instant, UTC, or worst-outage, handover, busy-hour; the run's start when left out."
        ),
    ] = None,
    duration: Annotated[str, typer.Option(metavar="TIME", help="Length, 15s to 2h.")] = "10min",
    place: Annotated[
        str | None, typer.Option(metavar="LAT,LON", help="A place of the territory in place of a site, degrees.")
    ] = None,
    rate: Annotated[
        str | None, typer.Option(metavar="DOWN/UP", help="Rates in place of the run's, Mbit/s, such as 100/10.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout.")] = False,
) -> None:
    """Tell what services get over the link of a place: voice, videoconference, page, post, vote, file, video.

    Calls, files and video are driven in time, through outages and changes of satellite. Simulated, for one user.
    """
    point = None if place is None else place_degrees(place)
    rates = rates_bit_s(rate)
    duration_s = span_s("--duration", duration)
    import bentpipe
    from bentpipe.emulate.maketrace import link_at
    from bentpipe.simulate.placeseries import place_series
    from bentpipe.simulate.saved import saved_scenario
    from bentpipe.simulate.siteservices import check_span

    check_span(duration_s)
    opened = bentpipe.open_run(run)
    moment, link, lasts_s = link_at(opened, site, point, place_series, at, duration_s, rates)
    short = () if lasts_s == duration_s else (f"the run ends there: {lasts_s:g} s in place of {duration_s:g} s",)
    found = bentpipe.site_services(link.series, lasts_s, saved_scenario(opened), moment, (*short, *link.notes))
    if as_json:
        print_json("services", {"lines": found.lines, "services": found.data})
    else:
        print_lines(found.lines)
