"""The link of any place of a territory, slot by slot: the cell that holds it, computed anew for some slots of a run.

A run keeps the segments of the delay for its named sites only. Here the slots go through the run's own recipe again,
so that what a run does keep of a cell comes out the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bentpipe.errors import Fault, InputError
from bentpipe.linkqueue.sitelink import SiteLink, SlotRows, WithinRun, link_of
from bentpipe.registry import Policy
from bentpipe.results.opened import Run
from bentpipe.simulate.explain import policy_of, topology_of
from bentpipe.simulate.load import place_loads
from bentpipe.simulate.outputs import block_segments, stored_rate
from bentpipe.simulate.prepare import Prepared, prepare
from bentpipe.simulate.rates import block_rates
from bentpipe.simulate.recipe import Block, State, advance
from bentpipe.simulate.saved import saved_scenario
from bentpipe.simulate.withinslot import bursts_per_s, within_slot
from bentpipe.slots import block_length


def place_series(
    run: Run,
    latitude_deg: float,
    longitude_deg: float,
    first: int = 0,
    count: int | None = None,
    rate_bit_s: tuple[float, float] | None = None,
    scheduling: str | Policy | Callable[[Any], Any] | None = None,
    topology: Any = None,
) -> SiteLink:
    """Compute the link of the cell that holds a place over some slots of a run.

    Parameters
    ----------
    run : Run
        A run.
    latitude_deg, longitude_deg : float
        Place, degrees.
    first : int
        Slot to begin with, counted from the run's first.
    count : int, optional
        Slots; up to the run's end by default.
    rate_bit_s : tuple of float, optional
        Rates down and up in place of the run's, bit/s; needed where it has none.
    scheduling, topology : str, policy or callable, optional
        The run's own, where they are functions of yours: a run keeps their names and hashes only.

    Returns
    -------
    SiteLink
        Connected while any terminal of the cell is.

    Raises
    ------
    InputError
        The place lies outside the territory or in a cell without terminals, the slots outside the run; or a policy is
        a function that was not given.
    """
    policy = policy_of(run, scheduling)
    prepared = prepare(saved_scenario(run), policy, seeds=1, topology=topology_of(run, topology))
    place = cell_holding(prepared, latitude_deg, longitude_deg)
    begin, there = prepared.slots.start + first, len(prepared.slots)
    stop = prepared.slots.stop if count is None else begin + count
    if not (0 <= first < there and begin < stop <= prepared.slots.stop):
        raise InputError(Fault("the run has no such slots", "first, count", (first, count), f"within 0 to {there}"))
    rows = [_rows(prepared, block, place) for block in _blocks(prepared, begin, stop)]
    whole = SlotRows(*(np.concatenate(column) for column in zip(*rows, strict=True)))
    cell = int(prepared.territory.cell_id[place])
    name = f"{latitude_deg:g},{longitude_deg:g} (cell {cell:x})"
    within = WithinRun.of(within_slot(prepared))
    start = float(prepared.clock.start_unix_s(begin))
    key, slot_s = int(prepared.place_key[place]), prepared.clock.interval_s
    link = link_of(name, prepared.scenario.seed, key, begin, start, slot_s, whole, within, rate_bit_s)
    return link._replace(notes=("the link is that of the analysis cell's centre, connected while any terminal of the "
                                "cell is", *link.notes))  # fmt: skip


def cell_holding(prepared: Prepared, latitude_deg: float, longitude_deg: float) -> int:
    """Find the cell of a territory that holds a place.

    Parameters
    ----------
    prepared : Prepared
        The run.
    latitude_deg, longitude_deg : float
        Place, degrees.

    Returns
    -------
    int
        Number of the cell.

    Raises
    ------
    InputError
        There is none, or it has no terminals, so that nobody there is served.
    """
    if not (abs(latitude_deg) <= 90.0 and abs(longitude_deg) <= 360.0):
        allowed = "-90 to 90 and -360 to 360 degrees"
        raise InputError(Fault("not a place", "--place", (latitude_deg, longitude_deg), allowed))
    territory = prepared.territory
    (wanted,) = territory.cells_under(np.array([latitude_deg]), np.array([longitude_deg]))
    found = np.flatnonzero(territory.cell_id == wanted)
    value = f"{latitude_deg:g},{longitude_deg:g}"
    if not len(found):
        remedy = "name a place within it, or one of its sites"
        raise InputError(Fault("the place lies outside the run's territory", "--place", value, remedy=remedy))
    if not prepared.people[0].total[found[0]]:
        remedy = "name a place that has some, or a site"
        what = f"the run has no terminals in the cell that holds the place ({int(wanted):x}): nobody there is served"
        raise InputError(Fault(what, "--place", value, remedy=remedy))
    return int(found[0])


def _blocks(prepared: Prepared, begin: int, stop: int) -> Iterator[Block]:
    """Slots through the recipe, block by block; from the run's start where the policy's memory is unbounded."""
    length = block_length(prepared.block_values)
    start = prepared.slots.start if prepared.policy.memory_slots is None else begin
    state = State()
    edges = sorted({*range(start, begin, length), *range(begin, stop, length), stop})
    for first, last in itertools.pairwise(edges):
        block, state = advance(prepared, state, range(first, last))
        if first >= begin:
            yield block


def _rows(prepared: Prepared, block: Block, place: int) -> SlotRows:
    """What a run would hold of a cell if it were a site."""
    served = block.satellite >= 0
    rates = block_rates(prepared, block)
    load = place_loads(prepared, block, rates)
    busy = np.broadcast_to(load, served.shape)
    unknown = np.full(len(served), np.nan)
    down, up = (
        unknown if way is None else stored_rate(np.where(served, way.peak_bps, np.nan))[:, place].astype(np.float64)
        for way in rates
    )
    bursts = bursts_per_s(prepared, served[:, place : place + 1], busy[:, place : place + 1])[:, 0]
    return SlotRows(
        connected=served[:, place] & (block.world.ready[:, place] > 0),
        handover=block.handover[:, place].copy(),
        segment_s=block_segments(prepared, block, load, 0)[:, place],
        down_bit_s=down,
        up_bit_s=up,
        bursts_per_s=bursts.astype(np.float64),
    )
