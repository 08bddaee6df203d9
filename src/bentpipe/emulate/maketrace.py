"""From a finished run to a trace in a file: which place, which moment, how long, in which format."""

from __future__ import annotations

import importlib.metadata
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from bentpipe.emulate.exports.chrome import write_chrome
from bentpipe.emulate.exports.mahimahi import write_mahimahi
from bentpipe.emulate.exports.netem import write_netem
from bentpipe.emulate.exports.theaterq import write_theaterq
from bentpipe.emulate.exports.timed import Profile, Written, kept
from bentpipe.emulate.fromrun import check_finished, run_clock, site_series, slots_of
from bentpipe.emulate.moments import moment, place_course, site_course
from bentpipe.emulate.resample import check_step, resampled
from bentpipe.emulate.tracefile import TraceHead, write_trace
from bentpipe.errors import Fault, InputError, UnknownNameError
from bentpipe.linkqueue import LinkSeries, TraceSteps
from bentpipe.linkqueue.sitelink import ASSUMED, SiteLink
from bentpipe.results.opened import Run
from bentpipe.scenario.values import did_you_mean

DURATION_S: Final = 120.0
"""Length of a trace where none is given, s."""

RULES: Final = (
    "within a slot, waits and losses are drawn frame by frame (1/750 s) by the run's seed; a rate, what one terminal "
    "could get, holds for a slot",
    "a step has the median delay and the mean loss of its frames",
)
"""How a trace comes from a run."""


class PlaceSeries(Protocol):
    """What computes the link of a place that is no site: `bentpipe.simulate.placeseries.place_series`."""

    def __call__(
        self,
        run: Run,
        latitude_deg: float,
        longitude_deg: float,
        first: int,
        count: int,
        rate_bit_s: tuple[float, float] | None,
    ) -> SiteLink:
        """Compute it over some slots."""


class Format(NamedTuple):
    """A format of traces: how a file name ends, the usual step in s, and what writes it."""

    ending: str
    step_s: float
    write: Callable[[Path, TraceHead, Iterable[TraceSteps]], Written]


def _write_csv(path: Path, head: TraceHead, parts: Iterable[TraceSteps]) -> Written:
    rows = write_trace(path, head, parts)
    return Written((path,), (f"{rows:,} rows; each holds until the next one begins",))


FORMATS: Final[Mapping[str, Format]] = {
    "csv": Format(".csv", 0.01, _write_csv),
    "theaterq": Format(".csv", 0.01, write_theaterq),
    "mahimahi": Format("", 0.01, write_mahimahi),
    "netem": Format(".sh", 0.1, write_netem),
    "chrome": Format(".json", 0.01, write_chrome),
}
"""Formats of traces, by name."""


@dataclass(frozen=True)
class TraceMade:
    """A trace that was written.

    Parameters
    ----------
    paths : tuple of pathlib.Path
        Files.
    lines : tuple of str
        For people.
    data : dict
        The same, with units in the keys; None where there is no link to measure.
    """

    paths: tuple[Path, ...]
    lines: tuple[str, ...]
    data: dict[str, Any]


def make_trace(
    run: Run,
    site: str | None = None,
    path: Path | None = None,
    notation: str = "csv",
    *,
    at: str | None = None,
    duration_s: float = DURATION_S,
    step_s: float | None = None,
    rate_bit_s: tuple[float, float] | None = None,
    place: tuple[float, float] | None = None,
    place_series: PlaceSeries | None = None,
) -> TraceMade:
    """Write the link of a place of a run as a trace.

    Parameters
    ----------
    run : Run
        A finished run.
    site : str, optional
        Id or name of a site; case is ignored.
    path : pathlib.Path, optional
        File, or what the files of a format are named after; named for run, place and start where not given.
    notation : str
        One of `FORMATS`.
    at : str, optional
        An instant or a moment, as `bentpipe.emulate.moments.moment` takes them.
    duration_s : float
        Length, s; a run that ends before shortens it, and the answer says so.
    step_s : float, optional
        Step, s; that of the format by default.
    rate_bit_s : tuple of float, optional
        Rates down and up in place of the run's, bit/s.
    place : tuple of float, optional
        Latitude and longitude, degrees, in place of a site.
    place_series : callable, optional
        What computes the link there.

    Returns
    -------
    TraceMade

    Raises
    ------
    InputError
        Something asked for does not exist, or the run has no rates and none are given.
    """
    wanted = FORMATS.get(notation.strip().lower())
    if wanted is None:
        remedy = did_you_mean(notation, FORMATS)
        raise UnknownNameError(Fault("no such format", "--format", notation, ", ".join(FORMATS), remedy))
    check_finished(run)
    step = wanted.step_s if step_s is None else step_s
    slot_s = run_clock(run).interval_s
    check_step(step, slot_s)
    note, link, span_s = link_at(run, site, place, place_series, at, duration_s, rate_bit_s)
    series = link.series
    head = _head(run, link, span_s, step)
    target = path or Path(f"{_stem(run, series)}{wanted.ending}")
    profile = Profile()
    steps = _watched(resampled(series, step, span_s), span_s, profile)
    written = wanted.write(target, head, steps)
    data = {
        "place": series.place, "format": notation.strip().lower(), "first_slot": series.first_slot,
        "start_utc": _utc(series.start_unix_s), "duration_s": span_s, "step_s": step, "moment": note,
        **_measures(profile), "notes": list(link.notes), "paths": [str(one) for one in written.paths],
    }  # fmt: skip
    short = [] if span_s == duration_s else [f"the run ends there: {span_s:g} s in place of {duration_s:g} s"]
    lines = (
        f"{series.place}, {note}: {span_s:g} s in steps of {1e3 * step:g} ms (simulated)",
        *short, _summary(profile), *(f"note: {one}" for one in link.notes),
        *(f"Trace: {one}" for one in written.paths), *written.lines,
    )  # fmt: skip
    return TraceMade(written.paths, lines, data)


def link_at(
    run: Run,
    site: str | None,
    place: tuple[float, float] | None,
    place_series: PlaceSeries | None,
    at: str | None,
    duration_s: float,
    rate_bit_s: tuple[float, float] | None,
) -> tuple[str, SiteLink, float]:
    """Find the link of a place from a moment on.

    Parameters
    ----------
    run, site, place, place_series, at, duration_s, rate_bit_s
        As in `make_trace`.

    Returns
    -------
    tuple of str, SiteLink and float
        What happens at the start, the link from there on, and for how long it goes on, s.

    Raises
    ------
    InputError
        As `make_trace`.
    """
    if (site is None) == (place is None):
        raise InputError(Fault("one place is wanted", "SITE", allowed="a site of the run, or --place LAT,LON"))
    check_finished(run)
    if not (math.isfinite(duration_s) and duration_s > 0.0):
        raise InputError(Fault("a span has a length", "--duration", duration_s, "above 0 s"))
    course = site_course(run, site) if site is not None else place_course(run, *(place or (math.nan, math.nan)))
    first, note = moment(run, course, at)
    slot_s = run_clock(run).interval_s
    there = len(slots_of(run, first))
    count = min(there, math.ceil(duration_s / slot_s - 1e-9))
    if site is not None:
        link = site_series(run, site, first, count, rate_bit_s)
    elif place is not None and place_series is not None:
        link = place_series(run, *place, first, count, rate_bit_s)
    else:
        raise InputError(Fault("a place that is no site needs what computes its link", "place_series"))
    return note, link, min(duration_s, count * slot_s)


def _head(run: Run, link: SiteLink, span_s: float, step_s: float) -> TraceHead:
    """What the trace is."""
    manifest, version = run.manifest, importlib.metadata.version("bentpipe")
    source = (
        f"run {manifest['name']}, identity {manifest['identity'][:12]}, bentpipe {version}; simulated, not measured"
    )
    assumed = (*RULES, *ASSUMED, *link.notes)
    return TraceHead(link.series.place, link.series.start_unix_s, span_s, step_s, source, assumed)


def _stem(run: Run, series: LinkSeries) -> str:
    """Name of a file: run, place, start."""
    place = re.sub(r"[^\w.,-]+", "-", series.place.split(" (")[0])
    return f"{run.manifest['name']}-{place}-{_utc(series.start_unix_s).replace(':', '').replace('-', '')}"


def _utc(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _watched(parts: Iterable[TraceSteps], span_s: float, profile: Profile) -> Iterator[TraceSteps]:
    """Steps as they pass, with a profile that takes note."""
    for part, time_s in kept(parts, span_s):
        profile.add(part, time_s)
        yield part


def _measures(profile: Profile) -> dict[str, float | None]:
    """Medians and means over the time with a link."""
    found: dict[str, float] = {"connected_s": profile.connected_s}
    for way in ("down", "up"):
        found[f"{way}_delay_s"] = profile.delay_s(way)
        found[f"{way}_bit_s"] = profile.rate_bit_s(way)
        found[f"{way}_loss"] = profile.loss(way)
    return {name: value if math.isfinite(value) else None for name, value in found.items()}


def _summary(profile: Profile) -> str:
    """One line of them."""
    if not profile.connected_s:
        return f"no link in all of the {profile.total_s:g} s"
    delay, rate, loss = (
        [each(way) for way in ("down", "up")] for each in (profile.delay_s, profile.rate_bit_s, profile.loss)
    )
    return (
        f"connected {profile.connected_s:.6g} of {profile.total_s:.6g} s; then, down / up: one-way delay "
        f"{1e3 * delay[0]:.1f} / {1e3 * delay[1]:.1f} ms and rate {rate[0] / 1e6:.3g} / {rate[1] / 1e6:.3g} Mbit/s "
        f"(medians), loss {100 * loss[0]:.2f} / {100 * loss[1]:.2f} %"
    )
