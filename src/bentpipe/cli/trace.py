"""``bentpipe trace RUN SITE``: the link of a place as a trace, for programs and for other emulators."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bentpipe.cli.capacity import target_rates
from bentpipe.cli.output import print_json, print_lines
from bentpipe.errors import Fault, InputError


def trace(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's name, or its folder.")],
    site: Annotated[
        str | None, typer.Argument(metavar="SITE", help="A site of the run; or give --place.", show_default=False)
    ] = None,
    notation: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="csv, theaterq, mahimahi, netem or chrome.")
    ] = "csv",
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Instant, UTC, or worst-outage, handover, busy-hour; the run's start when left out."
        ),
    ] = None,
    duration: Annotated[str, typer.Option(metavar="TIME", help="Length, such as 2min or 1h.")] = "2min",
    step: Annotated[
        str | None, typer.Option(metavar="TIME", help="10ms to 1s; 10ms when left out, 100ms for netem.")
    ] = None,
    place: Annotated[
        str | None, typer.Option(metavar="LAT,LON", help="A place of the territory in place of a site, degrees.")
    ] = None,
    rate: Annotated[
        str | None, typer.Option(metavar="DOWN/UP", help="Rates in place of the run's, Mbit/s, such as 100/10.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Named for run, place and start when left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON on stdout.")] = False,
) -> None:
    """Write what the link of a place offers, step by step: delay, rate and loss, each way, and outages.

    csv is read back by bentpipe; the others replay elsewhere, and each says what it loses.
    """
    point = None if place is None else place_degrees(place)
    given = rates_bit_s(rate)
    duration_s = span_s("--duration", duration)
    step_s = None if step is None else span_s("--step", step)
    import bentpipe
    from bentpipe.emulate.maketrace import PlaceSeries, make_trace

    compute: PlaceSeries | None = None
    if point is not None:
        from bentpipe.simulate.placeseries import place_series

        compute = place_series
    made = make_trace(
        bentpipe.open_run(run), site, out, notation, at=at, duration_s=duration_s, step_s=step_s,
        rate_bit_s=given, place=point, place_series=compute,
    )  # fmt: skip
    if as_json:
        print_json("trace", made.data)
    else:
        print_lines(made.lines)


def place_degrees(text: str) -> tuple[float, float]:
    """Latitude and longitude, degrees."""
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        latitude, longitude = float("nan"), float("nan")
    if not (-90.0 <= latitude <= 90.0 and -360.0 <= longitude <= 360.0):
        allowed, remedy = "-90 to 90 and -360 to 360 degrees", "write for example --place 50.45,30.52"
        raise InputError(Fault("not a place", "--place", text, allowed, remedy))
    return latitude, longitude


def rates_bit_s(text: str | None) -> tuple[float, float] | None:
    """Rates down and up of --rate, bit/s, where they are given, in Mbit/s."""
    if text is None:
        return None
    down, up = target_rates(text, "--rate")
    return 1e6 * down, 1e6 * up


def span_s(option: str, text: str) -> float:
    """Length of time, s."""
    from bentpipe.scenario.values import parse_duration

    try:
        seconds = parse_duration(text).total_seconds()
    except ValueError:
        seconds = 0.0
    if seconds <= 0.0:
        allowed, remedy = "a number and a unit: ms, s, min, h, d", "write for example 10ms, 2min or 1h30m"
        raise InputError(Fault("not a length of time", option, text, allowed, remedy))
    return seconds
