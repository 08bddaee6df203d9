"""The people layer of a run for one seed: terminals, power, what each place asks of the beams."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bentpipe.scenario import PowerCut, Scenario, TerminalsCutOff
from bentpipe.simulate.licence import licensed
from bentpipe.simulate.terminals import (
    Terminals,
    cut_off_terminals,
    dark_for_s,
    is_dark,
    place_terminals,
    split_kinds,
)
from bentpipe.simulate.territory import Territory
from bentpipe.simulate.timeline import to_s, window_s
from bentpipe.simulate.tracks import Track

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class People:
    """Terminals for one seed.

    Parameters
    ----------
    seed : int
        Seed.
    terminals : Terminals
        By kind and place.
    total : (C,) int64
        Terminals of each place.
    need, want : (C,) int64
        Least and wished slices of beam time.
    """

    seed: int
    terminals: Terminals
    total: IntArray
    need: IntArray
    want: IntArray


def make_people(
    scenario: Scenario, territory: Territory, key: npt.NDArray[np.uint64], seed: int, channel_bps: float = 0.0
) -> People:
    """Place the terminals of a scenario.

    Parameters
    ----------
    scenario : Scenario
        What to simulate.
    territory : Territory
        Cells, sites and regions.
    key : (C,) uint64
        Keys of the places.
    seed : int
        Seed.
    channel_bps : float
        What one channel carries under clear sky, bit/s; 0 where rates are not computed.

    Returns
    -------
    People
    """
    cells, sites = len(territory.cell_id), len(territory.sites)
    kinds = scenario.terminals.kinds
    count = np.zeros((max(1, len(kinds)), cells + sites), np.int64)
    per_cell = _cell_terminals(scenario, territory, key[:cells], seed)
    count[:, :cells] = split_kinds(per_cell, [k.share for k in kinds.values()] or [1.0], key[:cells], seed)
    battery = np.zeros(count.shape)
    battery[:, :cells] = 3600.0 * np.array([k.battery_hours for k in kinds.values()] or [0.0])[:, None]
    for i, site in enumerate(territory.sites):
        count[0, cells + i] = site.terminals
        battery[0, cells + i] = 3600.0 * site.battery_hours
    cuts = [
        (e.id, e.count, territory.area(regions=e.regions, cells_only=True))
        for e in scenario.disruptions
        if isinstance(e, TerminalsCutOff)
    ]
    total = count.sum(axis=0)
    terminals = Terminals(count, battery, cut_off_terminals(count, cuts, key, seed))
    return People(
        seed, terminals, total, *beam_time_asked(scenario, territory, total, _terminals_per_beam(scenario, channel_bps))
    )


def beam_time_asked(
    scenario: Scenario, territory: Territory, total: IntArray, terminals_per_beam: float | npt.NDArray[np.float64]
) -> tuple[IntArray, IntArray]:
    """Beam time that so many terminals ask for.

    Parameters
    ----------
    scenario, territory
        What to simulate.
    total : (C,) int64
        Terminals of each place.
    terminals_per_beam : float or (C,) float64
        Terminals that fill one beam.

    Returns
    -------
    need, want : (C,) int64
        Least and wished slices; `want` is bounded by `beam_time_bounds`.
    """
    least, most = beam_time_bounds(scenario, territory)
    need = np.minimum(least, total)
    want = np.ceil(total * scenario.satellite.cells_per_beam / terminals_per_beam)
    return need, np.minimum(np.maximum(need, np.minimum(want, most).astype(np.int64)), most)


def beam_time_bounds(scenario: Scenario, territory: Territory) -> tuple[IntArray, IntArray]:
    """Beam time that a place with terminals needs, and the most that it can use.

    Parameters
    ----------
    scenario, territory
        What to simulate.

    Returns
    -------
    least, most : (C,) int64
        One slice for each beam cell; no more channels at once on a beam cell than the system has.
    """
    beam_cells = np.ceil(territory.area_m2 / (1e6 * scenario.satellite.beam_cell_km2)).astype(np.int64)
    least = np.maximum(1, beam_cells)
    return least, least * scenario.satellite.channels * scenario.satellite.cells_per_beam


#: Terminals that fill a beam, where neither the scenario nor rates say it: an assumption.
TERMINALS_PER_BEAM = 100.0


def _terminals_per_beam(scenario: Scenario, channel_bps: float) -> float:
    """Terminals that fill one beam in the busiest hour: as given, or by what they ask for."""
    given = scenario.terminals.busy_terminals_per_beam
    if given is not None:
        return given
    each = 1e3 * scenario.demand.down_kbps_per_user * scenario.terminals.users_per_terminal
    if channel_bps <= 0.0 or each <= 0.0:
        return TERMINALS_PER_BEAM
    return channel_bps / each


def _cell_terminals(scenario: Scenario, territory: Territory, key: npt.NDArray[np.uint64], seed: int) -> IntArray:
    """Terminals of each cell: as given, or shared out over regions and then by people or evenly."""
    if territory.given_terminals is not None:
        return territory.given_terminals
    cells = len(key)
    region = territory.region[:cells]
    start = np.array([to_s(scenario.time.start)])
    # Nobody keeps a terminal where it has no licence from the start.
    open_cells = licensed(scenario, territory, start)[0, :cells]
    out = np.zeros(cells, np.int64)
    reached = np.bincount(
        region[open_cells & (region >= 0)],
        territory.people[:cells][open_cells & (region >= 0)],
        len(territory.region_code),
    )
    shares = scenario.terminals.share_out(dict(zip(territory.region_code, reached.tolist(), strict=True)))
    for i, code in enumerate(territory.region_code):
        here = region == i
        people = territory.people[:cells][here]
        weight = people if scenario.terminals.placement == "population" else np.ones(int(here.sum()))
        out[here] = place_terminals(shares[code], weight * open_cells[here], key[here], seed)
    return out


def powered_terminals(
    scenario: Scenario,
    territory: Territory,
    people: People,
    key: npt.NDArray[np.uint64],
    unix_s: npt.NDArray[np.float64],
) -> npt.NDArray[np.int32]:
    """Terminals that are not cut off and have power, slot by slot.

    Parameters
    ----------
    scenario, territory, people
        What `make_people` took and gave.
    key : (C,) uint64
        Keys of the places; a site shares the mains of the cell it stands in.
    unix_s : (T,) float64
        Starts of the slots, s.

    Returns
    -------
    (T, C) int32
    """
    count, cut = people.terminals.count, people.terminals.cut_off
    cuts = _cuts(scenario, territory, people, key, unix_s)
    losses = [window_s(scenario, e) for e in scenario.disruptions if isinstance(e, TerminalsCutOff)]
    out = np.zeros((len(unix_s), count.shape[1]), np.int32)
    for kind in range(len(count)):
        left = np.broadcast_to(count[kind].astype(np.int32), out.shape).copy()
        for (start, end), taken in zip(losses, cut, strict=True):
            left[(unix_s >= start) & (unix_s < end)] -= taken[kind].astype(np.int32)
        for rows, dark, lasts in cuts:
            left[rows] *= dark[rows] < lasts[kind]
        out += left
    return out


def powered_kinds(
    scenario: Scenario,
    territory: Territory,
    people: People,
    key: npt.NDArray[np.uint64],
    unix_s: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Whether the terminals of each kind have power, slot by slot, cut off or not.

    Parameters
    ----------
    scenario, territory, people, key, unix_s
        As for `powered_terminals`.

    Returns
    -------
    (T, K, C) bool
    """
    kinds, places = people.terminals.count.shape
    out = np.ones((len(unix_s), kinds, places), np.bool_)
    for rows, dark, lasts in _cuts(scenario, territory, people, key, unix_s):
        out[rows] &= dark[rows, None] < lasts
    return out


#: Slots of a power cut, how long places have been dark, s, and how long each kind of terminal bears it, s.
_Cut = tuple[slice, npt.NDArray[np.float64], npt.NDArray[np.float64]]


def _cuts(
    scenario: Scenario,
    territory: Territory,
    people: People,
    key: npt.NDArray[np.uint64],
    unix_s: npt.NDArray[np.float64],
) -> list[_Cut]:
    """Power cuts that hold in any of the slots."""
    battery, places = people.terminals.battery_s, people.terminals.count.shape[1]
    mains = np.where(np.arange(places) < len(territory.cell_id), key, territory.cell_of_place).astype(np.uint64)
    cuts: list[_Cut] = []
    for event in scenario.disruptions:
        if isinstance(event, PowerCut):
            start, end = window_s(scenario, event)
            held = np.flatnonzero((unix_s >= start) & (unix_s < end))
            if not len(held):
                continue
            cut_of = (start, end, event.share, rolling_window_s(event), event.id)
            dark = dark_for_s(unix_s, *cut_of, territory.area(regions=event.regions), mains, people.seed)
            lasts = battery if event.battery_hours is None else np.full_like(battery, 3600.0 * event.battery_hours)
            for index, track in territory.tracks:
                column = len(territory.cell_id) + index
                longest = float(lasts[:, column].max())
                dark[:, column] = _dark_on_the_way_s(
                    scenario, territory, event, cut_of, track, longest, people.seed, unix_s
                )
            cuts.append((slice(held[0], held[-1] + 1), dark, np.maximum(lasts, 0.0)))
    return cuts


def rolling_window_s(event: PowerCut) -> float | None:
    """Length of the windows of a rolling cut, s; None where the same places are dark throughout."""
    return event.window.total_seconds() if event.pattern == "rolling" else None


def _dark_on_the_way_s(
    scenario: Scenario,
    territory: Territory,
    event: PowerCut,
    cut: tuple[float, float, float, float | None, str],
    track: Track,
    battery_s: float,
    seed: int,
    unix_s: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """How long a moving site has been without mains power, (T,) float64, s, to the slot; -1 where it has power.

    Its way is looked at back to where it began, but no farther than its battery lasts: beyond that it is off anyway.
    """
    step = scenario.time.slot_s
    first, last = float(unix_s.min()), float(unix_s.max())
    back = math.ceil(max(0.0, min(battery_s, first - float(track.unix_s[0]))) / step) + 1
    time = np.asarray(first + step * np.arange(-back, round((last - first) / step) + 1), np.float64)
    lat, lon, _ = track.along(time)
    cell = territory.cells_under(lat, lon)
    if event.regions:
        wanted = [i for i, code in enumerate(territory.region_code) if code in event.regions]
        inside = np.isin(territory.region_of(cell), wanted)
    else:
        inside = np.ones(len(cell), np.bool_)
    dark = is_dark(time, *cut, inside, cell, seed)
    earlier = 0.0
    if time[0] <= track.unix_s[0] and dark[0]:
        earlier = float(dark_for_s(time[:1], *cut, inside[:1], cell[:1], seed)[0, 0])
    row = np.arange(len(time))
    lit = np.maximum.accumulate(np.where(dark, -1, row))
    since = np.where(lit < 0, step * row + earlier, step * (row - lit - 1))
    asked = np.rint((unix_s - time[0]) / step).astype(np.int64)
    return np.asarray(np.where(dark, since, -1.0)[asked], np.float64)
