"""The link of a site, read from a finished run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bentpipe.errors import Fault, InputError, RunError, StoreError, UnknownNameError
from bentpipe.linkqueue.sitelink import SiteLink, SlotRows, WithinRun, changes_of_satellite, link_of
from bentpipe.results.opened import Run
from bentpipe.scenario.values import did_you_mean
from bentpipe.slots import SlotClock

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SiteLink", "check_finished", "run_clock", "site_id", "site_series", "slots_of", "within_of"]


def site_series(
    run: Run, site: str, first: int = 0, count: int | None = None, rate_bit_s: tuple[float, float] | None = None
) -> SiteLink:
    """Read the link of a site over some slots of a run.

    Parameters
    ----------
    run : Run
        A finished run.
    site : str
        Id of a site, or its name; case is ignored.
    first : int
        Slot to begin with, counted from the run's first.
    count : int, optional
        Slots; up to the run's end by default.
    rate_bit_s : tuple of float, optional
        Rates down and up in place of the run's, bit/s; needed where it has none.

    Returns
    -------
    SiteLink
        Whether the first slot of a run begins with a change of satellite is not known: it counts as none.

    Raises
    ------
    UnknownNameError
        No such site.
    InputError
        The slots lie outside the run, or it has no rates and none are given.
    StoreError
        The run was made by an earlier version, or its manifest is damaged.
    RunError
        The run is not finished.
    """
    slots = slots_of(run, first, count)
    number, name = site_id(run, site)
    within, keys = within_of(run)
    begin = max(slots.start - 1, 0)
    data = run.dataset.isel(site=number, slot=slice(begin, slots.stop))

    def column(variable: str) -> NDArray[Any]:
        return np.asarray(data[variable].values)

    skip = slots.start - begin
    handover = changes_of_satellite(column("site_served").astype(bool), column("site_serving_satellite"))
    rows = SlotRows(
        column("site_connected")[skip:].astype(bool), handover[skip:],
        *(column(f"site_{key}")[skip:].astype(np.float64)
          for key in ("segment_s", "peak_down_bit_s", "peak_up_bit_s", "bursts_per_s")),
    )  # fmt: skip
    clock, absolute = run_clock(run), int(run.manifest["grid"]["start"]) + slots.start
    start = float(clock.start_unix_s(absolute))
    seed, key = int(run.manifest["seeds"][0]), keys[name]
    return link_of(name, seed, key, absolute, start, clock.interval_s, rows, within, rate_bit_s)


def site_id(run: Run, site: str) -> tuple[int, str]:
    """Find a site of a run by id or name.

    Parameters
    ----------
    run : Run
        A run.
    site : str
        Id of a site, or its name; case is ignored.

    Returns
    -------
    tuple of int and str
        Its number along the axis of sites, and its id.

    Raises
    ------
    UnknownNameError
        No such site.
    """
    ids = [str(one) for one in run.dataset["site"].values]
    names = [str(one) for one in run.dataset["site_name"].values]
    wanted = site.strip().casefold()
    for known in (ids, names):
        found = [i for i, one in enumerate(known) if one.casefold() == wanted]
        if found:
            return found[0], ids[found[0]]
    remedy = did_you_mean(site, names + ids) if ids else "the run has no named sites; give a place by --place LAT,LON"
    raise UnknownNameError(Fault("no such site", "SITE", site, ", ".join(ids), remedy))


def within_of(run: Run) -> tuple[WithinRun, dict[str, int]]:
    """Read from a manifest how delay and loss vary within slots, and the keys of the sites in draws.

    Parameters
    ----------
    run : Run
        A finished run.

    Returns
    -------
    tuple of WithinRun and dict of str to int

    Raises
    ------
    StoreError
        An earlier version made the run, or its manifest is damaged.
    RunError
        The run is not finished.
    """
    where, again = str(run.path / "manifest.json"), "run its scenario again"
    entry = run.manifest.get("within_slot")
    if entry is None:
        what = "the run was made by an earlier version, which did not keep how delay and loss vary within a slot"
        raise StoreError(Fault(what, where, remedy=again))
    check_finished(run)
    try:
        return WithinRun.of(entry), {str(name): int(key, 16) for name, key in entry["site_key"].items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise StoreError(Fault("the run's manifest is damaged: within_slot", where, remedy=again)) from None


def check_finished(run: Run) -> None:
    """Refuse a run whose last slots are not there yet.

    Parameters
    ----------
    run : Run
        A run.

    Raises
    ------
    RunError
        It is not finished.
    """
    if not run.complete:
        raise RunError(str(Fault("the run is not finished", str(run.path), remedy="run its scenario again to go on")))


def slots_of(run: Run, first: int = 0, count: int | None = None) -> range:
    """Check a choice of slots.

    Parameters
    ----------
    run : Run
        A run.
    first : int
        Slot to begin with, counted from the run's first.
    count : int, optional
        Slots; up to the run's end by default.

    Returns
    -------
    range
        Counted from the run's first.

    Raises
    ------
    InputError
        They lie outside the run, or there are none.
    """
    there = int(run.manifest["grid"]["stop"]) - int(run.manifest["grid"]["start"])
    if not 0 <= first < there:
        raise InputError(Fault("the run has no such slot", "first", first, f"0 to {there - 1}"))
    wanted = there - first if count is None else count
    if not 1 <= wanted <= there - first:
        raise InputError(Fault("the run has not so many slots from there on", "count", count, f"1 to {there - first}"))
    return range(first, first + wanted)


def run_clock(run: Run) -> SlotClock:
    """Tell the grid of a run's slots.

    Parameters
    ----------
    run : Run
        A run.

    Returns
    -------
    SlotClock
        Interval and offset in s.
    """
    return SlotClock(float(run.manifest["grid"]["interval_s"]), float(run.manifest["grid"]["offset_s"]))
