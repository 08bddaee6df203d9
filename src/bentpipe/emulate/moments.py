"""Moments of a run worth living through: an instant, the worst outage, a change of satellite, the busy hour."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bentpipe.emulate.fromrun import run_clock, site_id
from bentpipe.errors import Fault, InputError
from bentpipe.linkqueue.sitelink import changes_of_satellite
from bentpipe.results.opened import Run
from bentpipe.scenario.values import did_you_mean

MOMENTS: Final = ("worst-outage", "handover", "busy-hour")
"""Moments that are found by name."""

BEFORE_S: Final = 15.0
"""Time between the start of a moment and what it is about, s, rounded up to whole slots."""

HOUR_S: Final = 3600.0


class Course(NamedTuple):
    """What a run keeps of a place over all its T slots.

    Parameters
    ----------
    place : str
        What it is called.
    connected, served : (T,) bool
        Served, powered and licensed; served.
    satellite : (T,) int
        Serving satellite; of meaning only where served.
    down_bit_s : (T,) float64
        What one terminal could get, bit/s; NaN where not known.
    load : (T,) float64
        Load of the beams that serve the place, 0 to 1; NaN where not known.
    """

    place: str
    connected: NDArray[np.bool_]
    served: NDArray[np.bool_]
    satellite: NDArray[np.int64]
    down_bit_s: NDArray[np.float64]
    load: NDArray[np.float64]


class Moment(NamedTuple):
    """Where a trace begins.

    Parameters
    ----------
    first : int
        Slot, counted from the run's first.
    note : str
        What happens there, with times in UTC.
    """

    first: int
    note: str


def site_course(run: Run, site: str) -> Course:
    """Read the course of a site.

    Parameters
    ----------
    run : Run
        A run.
    site : str
        Id or name of a site; case is ignored.

    Returns
    -------
    Course
    """
    number, name = site_id(run, site)
    data = run.dataset.isel(site=number)
    columns = (data[f"site_{key}"].values for key in ("connected", "served", "serving_satellite", "peak_down_bit_s"))
    connected, served, satellite, down = columns
    return Course(name, connected, served, satellite.astype(np.int64), down.astype(np.float64),
                  data["site_load"].values.astype(np.float64))  # fmt: skip


def place_course(run: Run, latitude_deg: float, longitude_deg: float) -> Course:
    """Read the course of the cell that holds a place.

    Parameters
    ----------
    run : Run
        A run.
    latitude_deg, longitude_deg : float
        Place, degrees.

    Returns
    -------
    Course
        Connected while any terminal of the cell is; its load is not kept.

    Raises
    ------
    InputError
        The place lies outside the territory.
    """
    import h3

    cells = [str(cell) for cell in run.dataset["cell"].values]
    wanted = h3.latlng_to_cell(latitude_deg, longitude_deg, h3.get_resolution(cells[0])) if cells else ""
    if wanted not in cells:
        value, remedy = f"{latitude_deg:g},{longitude_deg:g}", "name a place within it, or one of its sites"
        raise InputError(Fault("the place lies outside the run's territory", "--place", value, remedy=remedy))
    data = run.dataset.isel(cell=cells.index(wanted))
    served = data["served"].values
    return Course(
        wanted, data["terminals_connected"].values > 0, served, data["serving_satellite"].values.astype(np.int64),
        data["peak_down_bit_s"].values.astype(np.float64), np.full(len(served), np.nan),
    )  # fmt: skip


def moment(run: Run, course: Course, at: str | None = None) -> Moment:
    """Find where a trace is to begin.

    Parameters
    ----------
    run : Run
        A run.
    course : Course
        Of the place, from this run.
    at : str, optional
        An instant in UTC (ISO 8601), whose slot is taken; "worst-outage": 15 s before the longest stretch that is not
        connected, the first of equals; "handover": 15 s before the change of satellite nearest to the middle of the
        run; "busy-hour": the whole hour (UTC) with the least median of what one terminal could get, or, where rates
        are not known, with the highest median load; the run's start by default.

    Returns
    -------
    Moment

    Raises
    ------
    InputError
        It is no time, lies outside the run, or there is no such moment.
    """
    if at is None:
        return Moment(0, "from the start of the run")
    name = at.strip().lower()
    if name == "worst-outage":
        return _worst_outage(run, course)
    if name == "handover":
        return _handover(run, course)
    if name == "busy-hour":
        return _busy_hour(run, course)
    return _instant(run, at.strip())


def _worst_outage(run: Run, course: Course) -> Moment:
    """Slot 15 s before the longest outage."""
    edges = np.diff(np.concatenate(([0], (~course.connected).astype(np.int8), [0])))
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    if not len(begins):
        raise InputError(_nothing(f"{course.place} is connected in every slot of the run: there is no outage"))
    worst = int(np.argmax(ends - begins))
    begin, end = int(begins[worst]), int(ends[worst])
    span = f"{_utc(run, begin)} to {_utc(run, end)} UTC, {(end - begin) * run_clock(run).interval_s:g} s"
    return Moment(_before(run, begin), f"around the longest outage of {course.place}, {span}")


def _handover(run: Run, course: Course) -> Moment:
    """Slot 15 s before a change of satellite."""
    changes = np.flatnonzero(changes_of_satellite(course.served, course.satellite) & course.connected)
    if not len(changes):
        raise InputError(_nothing(f"{course.place} never changes its satellite in this run"))
    change = int(changes[np.argmin(np.abs(changes - len(course.served) / 2))])
    return Moment(_before(run, change), f"around the change of satellite of {course.place} at {_utc(run, change)} UTC")


def _busy_hour(run: Run, course: Course) -> Moment:
    """First slot of the busiest whole hour."""
    start = run_clock(run).start_unix_s(np.arange(len(course.served)) + int(run.manifest["grid"]["start"]))
    hour = np.floor(start / HOUR_S + 1e-9).astype(np.int64)
    end = start[-1] + run_clock(run).interval_s
    slot_s = run_clock(run).interval_s
    whole = [h for h in np.unique(hour) if h * HOUR_S >= start[0] - slot_s and (h + 1) * HOUR_S <= end + slot_s]
    if not whole:
        raise InputError(_nothing("the run holds no whole hour (UTC), so it has no busiest one"))
    by_rate = bool(np.isfinite(course.down_bit_s[course.connected]).any())
    values = course.down_bit_s if by_rate else -course.load
    known = course.connected & np.isfinite(values)
    medians = [np.median(values[known & (hour == h)]) if np.any(known & (hour == h)) else np.inf for h in whole]
    finite = np.isfinite(medians)
    if not finite.any() or (not by_rate and np.ptp(np.array(medians)[finite]) == 0.0):
        raise InputError(_nothing(f"the run tells neither rates nor a load that changes for {course.place}"))
    best = int(np.argmin(medians))
    first = int(np.argmax(hour == whole[best]))
    what = f"{medians[best] / 1e6:.3g} Mbit/s for one terminal" if by_rate else f"load {-medians[best]:.2f}"
    return Moment(first, f"from {_utc(run, first)} UTC, the busiest hour of {course.place} (median {what})")


def _instant(run: Run, at: str) -> Moment:
    """Slot that holds an instant."""
    remedy = did_you_mean(at, MOMENTS) or f"write 2022-10-10T06:00Z or one of: {', '.join(MOMENTS)}"
    try:
        unix_s = _unix_s(at)
    except ValueError:
        raise InputError(Fault("neither a time nor a moment", "--at", at, "ISO 8601, UTC", remedy)) from None
    grid = run.manifest["grid"]
    slot = run_clock(run).containing(unix_s)
    if not grid["start"] <= slot < grid["stop"]:
        there = int(grid["stop"]) - int(grid["start"])
        span = f"{_utc(run, 0)} to {_utc(run, there)} UTC"
        raise InputError(Fault("the run does not cover this instant", "--at", at, span))
    first = slot - int(grid["start"])
    return Moment(first, f"from {_utc(run, first)} UTC")


def _unix_s(text: str) -> float:
    """Unix time of an instant, s; one without an offset is UTC."""
    from datetime import UTC, datetime

    instant = datetime.fromisoformat(text)
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()


def _before(run: Run, slot: int) -> int:
    """Slot 15 s before another, not before the run's first."""
    return max(0, slot - int(np.ceil(BEFORE_S / run_clock(run).interval_s - 1e-9)))


def _utc(run: Run, slot: int) -> str:
    """Start of a slot, to the second."""
    return str(run_clock(run).start_utc([int(run.manifest["grid"]["start"]) + slot])[0].astype("datetime64[s]"))


def _nothing(what: str) -> Fault:
    return Fault(what, "--at", remedy="give an instant, --at 2022-10-10T06:00Z, or leave it out for the run's start")
