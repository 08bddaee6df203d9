"""The path between two ends over lasers: in every slot of a run, or in one of them part by part."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.network.routing import Routing
from bentpipe.network.topology import Topology
from bentpipe.results.opened import Run
from bentpipe.results.store import write_atomically
from bentpipe.scenario import Scenario
from bentpipe.simulate.explain import slot_at
from bentpipe.simulate.pathaccess import PARTS, EndLoad, access_parts_s, end_load
from bentpipe.simulate.pathdetail import check_ways, way_in_parts, ways_of
from bentpipe.simulate.pathends import Question, ask
from bentpipe.simulate.pathlines import ANY_SATELLITE, slot_lines, summary_lines
from bentpipe.simulate.pathslots import PathSeries, SlotNet, Way, path_series, slot_nets
from bentpipe.simulate.pathsummary import spread, summary

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PathsFound:
    """The path between two ends.

    Parameters
    ----------
    lines : tuple of str
        For people.
    data : dict
        The same, with units in the keys; None where there is nothing to say.
    series : PathSeries
        Slot by slot, NaN where there is no path; one slot where an instant was asked about.
    """

    lines: tuple[str, ...]
    data: dict[str, Any]
    series: PathSeries

    def write_csv(self, path: str | Path) -> Path:
        """Write the series as CSV, one row a slot, whole or not at all.

        Parameters
        ----------
        path : str or pathlib.Path
            File to write.

        Returns
        -------
        pathlib.Path
            The file.
        """
        text = io.StringIO()
        out = csv.writer(text, lineterminator="\n")
        columns = self.series._asdict()
        first = {name: columns.pop(name) for name in ("slot", "start_utc")}
        out.writerow([*first, *columns])
        out.writerows(zip(*map(_cells, [*first.values(), *columns.values()]), strict=True))
        target = Path(path)
        write_atomically(target, text.getvalue().encode())
        return target


def _cells(column: npt.NDArray[Any]) -> list[Any]:
    """A column of the series; empty where there is nothing to say."""
    if column.dtype.kind == "M":
        return list(np.datetime_as_string(column))
    missing = ~np.isfinite(column) if column.dtype.kind == "f" else column < 0
    return ["" if gone else value for value, gone in zip(column.tolist(), missing.tolist(), strict=True)]


def paths(
    run_or_scenario: Run | Scenario,
    a: str,
    b: str,
    *,
    routing: str | Routing | Callable[[Any], Any] | None = None,
    topology: str | Topology | Callable[[Any], Any] | None = None,
    at: str | None = None,
    disjoint: int = 1,
    node_disjoint: bool = False,
    threads: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> PathsFound:
    """Follow the path between two ends over lasers, slot by slot, or show it in one slot part by part.

    A path takes any satellite that its ends can use, not the one that the scheduler would give them. Its round trip is
    light and forwarding; the access delay of an end that is a terminal is told beside it.

    Parameters
    ----------
    run_or_scenario : Run or Scenario
        A run, or a scenario that need not have been run; with lasers.
    a, b : str
        Both ends: ids of sites, gateways or points of presence, case ignored; or a place as "LAT,LON" in degrees
        ("33.9S,18.4E", too), where a terminal with the territory's dish stands.
    routing : str, Routing or callable, optional
        What a path is chosen by, where not by the run's or the scenario's routing; see `bentpipe.network.routing`.
    topology : str, Topology or callable, optional
        Who points lasers at whom, in place of the scenario's; of a run only the function that it was made with.
    at : str, optional
        Instant in UTC that `numpy.datetime64` reads: only the slot that holds it is looked at, hop by hop.
    disjoint : int
        With `at`: so many ways that share no laser, together of least delay, whatever the routing.
    node_disjoint : bool
        Whether they are to share no satellite either.
    threads : int, optional
        Threads; all cores when left out. The results do not depend on it.
    progress : callable, optional
        Told ``(stage, done, total)``.

    Returns
    -------
    PathsFound

    Raises
    ------
    UnknownNameError
        No such end, routing or topology.
    InputError
        No lasers; twice the same end; an instant outside the run; a number of ways out of range; or the run was made
        with a function that is not given, or is not the same.
    """
    check_ways(disjoint, at, node_disjoint)
    tell = progress or (lambda stage, done, total: None)
    tell("prepare", 0, 0)
    asked = ask(run_or_scenario, a, b, routing, topology)
    loads = _loads(run_or_scenario, asked)
    if at is not None:
        slot = slot_at(asked.prepared, at)
        series = _with_access(asked, path_series(asked, range(slot, slot + 1)), loads)
        return _one_slot(asked, series, loads, disjoint, node_disjoint)
    slots = asked.prepared.slots
    found = path_series(asked, slots, threads or os.cpu_count() or 1, lambda done, total: tell("simulate", done, total))
    return _all_slots(asked, _with_access(asked, found, loads), loads)


def _loads(run: Run | Scenario, asked: Question) -> dict[int, EndLoad]:
    """Load of the beams at the ends that are terminals."""
    return {side: end_load(run, asked.prepared, asked.place(side)) for side in (0, 1) if asked.place(side) >= 0}


def _access_s(asked: Question, load: EndLoad, side: int, slot: Any, satellite: Any) -> FloatArray:
    slots, satellites = np.atleast_1d(np.int64(slot)), np.atleast_1d(np.int64(satellite))
    return access_parts_s(asked.prepared, load.load, asked.place(side), slots, satellites)


def _with_access(asked: Question, series: PathSeries, loads: dict[int, EndLoad]) -> PathSeries:
    columns = {}
    for side, load in loads.items():
        name = ("first", "last")[side]
        parts = _access_s(asked, load, side, series.slot, getattr(series, f"{name}_satellite"))
        columns[f"{name}_access_s"] = parts.sum(axis=1)
    return series._replace(**columns)


def _head(asked: Question, series: PathSeries) -> dict[str, Any]:
    prepared = asked.prepared
    assert prepared.lasers is not None
    start = np.datetime_as_string(series.start_utc, "s")
    first, second = asked.names
    return {
        "from": first,
        "to": second,
        "routing": asked.plan.routing.name,
        "topology": prepared.lasers.topology.name,
        "slot_s": prepared.clock.interval_s,
        "first_slot_utc": str(start[0]),
        "last_slot_utc": str(start[-1]),
        "note": ANY_SATELLITE,
    }


def _all_slots(asked: Question, series: PathSeries, loads: dict[int, EndLoad]) -> PathsFound:
    prepared = asked.prepared
    fibre = prepared.scenario.fibre
    found = summary(series, prepared.clock.interval_s, prepared.hop_m, (fibre.route_factor, fibre.velocity_factor))
    there, ends = np.isfinite(series.rtt_s), []
    total = series.rtt_s[there]
    for side, load in loads.items():
        satellite = (series.first_satellite, series.last_satellite)[side][there]
        parts = _access_s(asked, load, side, series.slot[there], satellite)
        total = total + parts.sum(axis=1)
        if len(parts):
            ends.append(_access_of(asked, side, load, "median_ms", np.median(parts, axis=0)))
    found["rtt_with_access_ms"] = spread(1e3 * total) if ends else None
    if found["median_slot"] is not None:
        row = found["median_slot"]["slot"] - int(series.slot[0])
        found["median_slot"]["start_utc"] = str(np.datetime_as_string(series.start_utc[row], "s"))
    data = {
        **_head(asked, series),
        "fibre": {**fibre.model_dump(), "tag": "assumed"},
        "summary": found,
        "access": ends,
    }
    return PathsFound(tuple(summary_lines(data)), data, series)


def _access_of(asked: Question, side: int, load: EndLoad, key: str, parts_s: FloatArray) -> dict[str, Any]:
    ms = {name: 1e3 * value for name, value in zip(PARTS, parts_s.tolist(), strict=True)}
    return {"end": asked.names[side], "load": load.load, "load_source": load.source, key: ms}


def _one_slot(
    asked: Question, series: PathSeries, loads: dict[int, EndLoad], count: int, node_disjoint: bool
) -> PathsFound:
    (net,) = slot_nets(asked, series.slot)
    ways = [_in_parts(asked, net, way, loads) for way in ways_of(asked, net, count, node_disjoint)]
    data = {
        **_head(asked, series),
        "slot": net.slot,
        "disjoint": count,
        "node_disjoint": node_disjoint,
        "ways": ways,
        "why_not": None if ways else _why_not(asked, net),
    }
    return PathsFound(tuple(slot_lines(data)), data, series)


def _in_parts(asked: Question, net: SlotNet, way: Way, loads: dict[int, EndLoad]) -> dict[str, Any]:
    """A way hop by hop, with the access delay at its terminals."""
    found, ends = way_in_parts(asked, way), []
    total = found["rtt_ms"]
    for side, load in loads.items():
        (parts,) = _access_s(asked, load, side, net.slot, way.satellites[(0, -1)[side]])
        ends.append(_access_of(asked, side, load, "ms", parts))
        total += 1e3 * float(parts.sum())
    return {**found, "rtt_with_access_ms": total, "access": ends}


def _why_not(asked: Question, net: SlotNet) -> str:
    entries = net.entered.entries
    for end, name in zip(asked.plan.pair[0].tolist(), asked.names, strict=True):
        if entries.start[end] == entries.stop[end]:
            return f"no usable satellite at {name}"
    return "no lasers lead from the satellites in reach of one end to those of the other"
