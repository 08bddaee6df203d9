"""The slots of a site in a finished run, and the slot to which each measured sample belongs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bentpipe.catalog.measurements import Measurements
from bentpipe.draws import place_id
from bentpipe.errors import Fault, InputError, RunError, StoreError, UnknownNameError
from bentpipe.report.reading import FinishedRun
from bentpipe.report.wording import utc
from bentpipe.slots import SlotClock

Float = NDArray[np.float64]
Integer = NDArray[np.int64]
Boolean = NDArray[np.bool_]

WAITS = ("access_scheduling", "access_load")


@dataclass(frozen=True)
class SiteSlots:
    """A site over the T slots of a run.

    Parameters
    ----------
    id, name : str
    seed, key : int
        Of the run; of the site in draws.
    first : int
        Absolute number of the first slot.
    start_unix_s, slot_s : float
        Start of the first slot and length of each, s.
    connected, handover : (T,) bool
        Served, powered and licensed; begins with a change of satellite.
    fixed_s, grant_s, load_s : (T,) float64
        Round trip apart from waits; median waits for a grant and behind others, s; NaN where not served.
    loss, load, down_bit_s, up_bit_s : (T,) float64
        Expected loss ratio; load of the beam; rates of one terminal, bit/s; NaN where not known.
    probes : dict
        Entry ``probes`` of the manifest.
    """

    id: str
    name: str
    seed: int
    key: int
    first: int
    start_unix_s: float
    slot_s: float
    connected: Boolean
    handover: Boolean
    fixed_s: Float
    grant_s: Float
    load_s: Float
    loss: Float
    load: Float
    down_bit_s: Float
    up_bit_s: Float
    probes: dict[str, Any]

    def __len__(self) -> int:
        """Count slots."""
        return len(self.connected)


class Aligned(NamedTuple):
    """Samples of which the run tells something.

    Parameters
    ----------
    inside : (M,) bool
        Which samples of the file lie within the run.
    slot : (N,) int64
        Slot of each of those, counted from the run's first.
    after_s : (N,) float64
        Time after the start of that slot, s.
    before, after : int
        Samples before the run and after it.
    """

    inside: Boolean
    slot: Integer
    after_s: Float
    before: int
    after: int


def site_slots(run: FinishedRun, site: str | None) -> SiteSlots:
    """Read a site of a run.

    Parameters
    ----------
    run : FinishedRun
        A finished run.
    site : str or None
        Id or name, case ignored; None for the only one.

    Returns
    -------
    SiteSlots

    Raises
    ------
    UnknownNameError
        No such site, or none at all.
    InputError
        Several sites and none named.
    StoreError
        A run of an earlier version, which did not keep how probes see its waits.
    RunError
        The run is not finished.
    """
    probes = run.manifest.get("probes")
    if not probes:
        what = "the run was made by an earlier version, which did not keep how probes see its waits"
        raise StoreError(Fault(what, str(run.path / "manifest.json"), remedy="run its scenario again"))
    if not run.manifest.get("complete", True):
        raise RunError(str(Fault("the run is not finished", str(run.path), remedy="run its scenario again to go on")))
    number = _number(run, site)
    data = run.dataset.isel(site=number)

    def column(name: str, kind: Any = np.float64) -> Any:
        return np.asarray(data[name].values).astype(kind)

    names = [str(name) for name in data["segment"].values]
    parts = column("site_segment_s")
    waits = [names.index(name) for name in WAITS]
    fixed = np.delete(parts, waits, axis=1).sum(axis=1)
    served, satellite = column("site_served", np.bool_), column("site_serving_satellite", np.int64)
    handover = np.zeros(len(served), np.bool_)
    handover[1:] = served[1:] & served[:-1] & (satellite[1:] != satellite[:-1])
    grid = run.manifest["grid"]
    clock = SlotClock(float(grid["interval_s"]), float(grid["offset_s"]))
    identity = str(data["site"].values)
    return SiteSlots(
        identity, str(data["site_name"].values), int(run.manifest["seeds"][0]), place_id(identity), int(grid["start"]),
        float(clock.start_unix_s(int(grid["start"]))), clock.interval_s, column("site_connected", np.bool_), handover,
        fixed, parts[:, waits[0]] - 0.5 * float(probes["request_wait_s"]), parts[:, waits[1]],
        column("site_loss"), column("site_load"), column("site_peak_down_bit_s"), column("site_peak_up_bit_s"),
        dict(probes),
    )  # fmt: skip


def _number(run: FinishedRun, site: str | None) -> int:
    """Number of a site along its axis."""
    data = run.dataset
    ids = [str(one) for one in data["site"].values] if data.sizes.get("site") else []
    if not ids:
        raise UnknownNameError(
            Fault("the run has no named site", str(run.path), remedy="add the place of the measurement as [[sites]]")
        )
    if site is None:
        if len(ids) > 1:
            raise InputError(
                Fault("the run has several sites", "--site", None, ", ".join(ids), "name the one measured")
            )
        return 0
    wanted = site.strip().casefold()
    for known in (ids, [str(one) for one in data["site_name"].values]):
        for number, one in enumerate(known):
            if one.casefold() == wanted:
                return number
    raise UnknownNameError(Fault("no such site", "--site", site, ", ".join(ids)))


def align(slots: SiteSlots, measured: Measurements, offset_s: float) -> Aligned:
    """Lay samples upon the slots of a run.

    Parameters
    ----------
    slots : SiteSlots
    measured : Measurements
    offset_s : float
        Added to the measured times, s.

    Returns
    -------
    Aligned
        A sample that covers a time belongs to the slot of its middle.

    Raises
    ------
    InputError
        Nothing was measured within the run.
    """
    after = measured.unix_s + offset_s + 0.5 * measured.span_s - slots.start_unix_s
    slot = np.floor(after / slots.slot_s + 1e-9).astype(np.int64)
    before, late = slot < 0, slot >= len(slots)
    inside = ~(before | late)
    if not inside.any():
        raise InputError(_apart(slots, measured, offset_s))
    return Aligned(
        inside, slot[inside], np.maximum(after[inside] - slot[inside] * slots.slot_s, 0.0), int(before.sum()),
        int(late.sum()),
    )  # fmt: skip


def _apart(slots: SiteSlots, measured: Measurements, offset_s: float) -> Fault:
    """Fault of spans that do not meet."""
    seen = span_words(measured.unix_s[0] + offset_s, measured.unix_s[-1] + offset_s)
    run = span_words(slots.start_unix_s, slots.start_unix_s + len(slots) * slots.slot_s)
    begin = np.datetime64(int(measured.unix_s[0] + offset_s) // 60 * 60, "s")
    return Fault(
        f"nothing was measured within the run: the run is {run}", measured.file, f"measured {seen}",
        remedy=f"run the scenario over that time: bentpipe run SCENARIO --start {begin}Z",
    )  # fmt: skip


def span_words(start_unix_s: float, end_unix_s: float) -> str:
    """Write a span of time: ``2025-04-15 01:31:27 to 01:32:34 UTC``."""
    start, end = (utc(np.datetime64(int(t), "s"), "s") for t in (start_unix_s, end_unix_s))
    return f"{start.removesuffix(' UTC')} to {end[11:] if start[:10] == end[:10] else end}"
