"""What cells can carry at a target rate: cases of a run, each scheduled and shared out anew in sampled slots.

A case is a variant of the run with an answer to two questions: who asks for beam time, and who asks for bit rate.
Cells that are *saturated* ask without end; the others ask for the target at each of their terminals, and get it first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.network.flows import LARGEST_WEIGHT, Flows, Limit
from bentpipe.simulate.alone import blocks_alone
from bentpipe.simulate.classes import Classes
from bentpipe.simulate.linkrates import Sky, further_of, link_rates, serving_links, skies
from bentpipe.simulate.people import People, beam_time_asked, beam_time_bounds
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.radio import Direction, nominal_bps
from bentpipe.simulate.rates import LIMITS, shares_by_slot
from bentpipe.simulate.recipe import Block
from bentpipe.simulate.world import World

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: What a saturated place asks for, bit/s: more than any satellite carries.
WITHOUT_END_BPS = 1 << 42
#: Rounding of shares to whole bit/s: up to one for each of the four limits.
ROUNDING_BPS = 4
#: Names of what binds a place; the last is a terminal whose own channel, or share of sending time, is too small.
BINDING = (*LIMITS, "terminal")
TERMINAL = len(LIMITS)


class Target(NamedTuple):
    """Rate that each terminal is to get, down and up, whole bit/s."""

    down_bps: int
    up_bps: int

    def of(self, name: str) -> int:
        """The rate of one direction, bit/s."""
        return self.down_bps if name == "down" else self.up_bps


@dataclass(frozen=True)
class Case:
    """A variant of a run, and who asks for how much.

    Parameters
    ----------
    prepared : Prepared
        The variant; its first people hold the beam time that is asked for.
    world : World
        Over the M sampled slots.
    flows : dict of str to Flows
        Who asks, down and up: the same F flows in the same order.
    skies : tuple of Sky
        Weather at the places and the gateways in the sampled slots.
    fixed : (C,) bool
        Places that ask for the target at their terminals: their beam time follows the rate of their links.
    """

    prepared: Prepared
    world: World
    flows: dict[str, Flows]
    skies: tuple[Sky, Sky]
    fixed: Mask


class Carried(NamedTuple):
    """What a slot gives the flows of a case.

    Parameters
    ----------
    terminals : (F,) float64
        Terminals that each flow's rate is enough for, in the direction that is short.
    limit : (F,) int8
        What binds: index into `BINDING`.
    up : (F,) bool
        Whether the direction that is short is the one from users.
    """

    terminals: FloatArray
    limit: npt.NDArray[np.int8]
    up: Mask


def directions(prepared: Prepared) -> Iterator[tuple[str, Direction]]:
    """Directions of a run that rates are known for.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Yields
    ------
    str, Direction
        "down" or "up".
    """
    radio = prepared.radio
    assert radio is not None
    for name, direction in (("down", radio.down), ("up", radio.up)):
        if direction is not None:
            yield name, direction


def terminals_per_beam(prepared: Prepared, target: Target) -> float:
    """Terminals that one beam carries at the target under clear sky, in the direction that is short.

    Parameters
    ----------
    prepared : Prepared
        The run.
    target : Target
        bit/s.

    Returns
    -------
    float
    """
    unix_s = float(prepared.clock.start_unix_s([prepared.slots.start])[0])
    each = [nominal_bps(d, prepared.fleet, unix_s, name) / target.of(name) for name, d in directions(prepared)]
    return max(min(each), 1e-9)


def asking_for(prepared: Prepared, target: Target) -> People:
    """Terminals of a run, with the beam time that all of them ask for at the target.

    Parameters
    ----------
    prepared : Prepared
        The run.
    target : Target
        bit/s.

    Returns
    -------
    People
    """
    people = prepared.people[0]
    each = terminals_per_beam(prepared, target)
    need, want = beam_time_asked(prepared.scenario, prepared.territory, people.total, each)
    return replace(people, need=need, want=want)


def busy_case(prepared: Prepared, world: World, weather: tuple[Sky, Sky], target: Target, who: People) -> Case:
    """All terminals that the scenario places ask for the target at once.

    Parameters
    ----------
    prepared, world, weather, target, who
        See `saturated_case`.

    Returns
    -------
    Case
    """
    classes = Classes(prepared, who)
    nobody = Flows(*(np.zeros(0, np.int64) for _ in range(4)))
    flows = {
        name: classes.flows(who.total * target.of(name), who.total.astype(np.int32)) or nobody
        for name, _ in directions(prepared)
    }
    return Case(replace(prepared, people=(who,)), world, flows, weather, who.total > 0)


def growth_weight(prepared: Prepared) -> FloatArray:
    """How further terminals would be placed over the cells: as given, by people, or evenly; none at sites.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    (C,) float64
    """
    territory, weight = prepared.territory, np.zeros(len(prepared.place_key))
    cells = len(territory.cell_id)
    if territory.given_terminals is not None:
        weight[:cells] = territory.given_terminals
    elif prepared.scenario.terminals.placement == "population":
        weight[:cells] = territory.people[:cells]
    else:
        weight[:cells] = 1.0
    return weight


def saturated_case(
    prepared: Prepared, world: World, weather: tuple[Sky, Sky], target: Target, grow: Mask, who: People
) -> Case:
    """Some cells ask without end, in proportion to their people; the other places ask for the target, and get it first.

    Parameters
    ----------
    prepared : Prepared
        The run, or a variant of it.
    world : World
        Over the sampled slots.
    weather : tuple of Sky
        In the sampled slots.
    target : Target
        bit/s.
    grow : (C,) bool
        Places that ask without end; those in which no further terminals would be placed ask for nothing.
    who : People
        Terminals, with the beam time that they ask for at the target.

    Returns
    -------
    Case
    """
    weight = growth_weight(prepared)
    endless = grow & (weight > 0.0)
    least, most = beam_time_bounds(prepared.scenario, prepared.territory)
    kept = np.where(grow, 0, who.total)
    people = replace(
        who,
        need=np.where(endless, least, np.where(grow, 0, who.need)),
        want=np.where(endless, most, np.where(grow, 0, who.want)),
    )
    cell = np.flatnonzero(endless | (kept > 0))
    scale = LARGEST_WEIGHT / max(float(weight[endless].max(initial=0.0)), 1e-300)
    heavy = np.where(endless, np.rint(np.where(endless, weight, 0.0) * scale), kept)
    heavy = np.clip(heavy, 1, LARGEST_WEIGHT).astype(np.int64)[cell]
    rank = endless[cell].astype(np.int64)
    flows = {
        name: Flows(cell, np.where(endless, WITHOUT_END_BPS, kept * target.of(name))[cell], heavy, rank)
        for name, _ in directions(prepared)
    }
    return Case(replace(prepared, people=(people,)), world, flows, weather, kept > 0)


def weather_of(prepared: Prepared, slots: IntArray) -> tuple[Sky, Sky]:
    """Weather of a run in some slots; see `bentpipe.simulate.rates.skies`.

    Parameters
    ----------
    prepared : Prepared
        The run.
    slots : (M,) int64
        Absolute slots.

    Returns
    -------
    tuple of Sky
        At the places, and at the gateways.
    """
    return skies(prepared, slots, 0)


def _at(sky: Sky, row: int) -> Sky:
    return Sky(*(None if column is None else column[row : row + 1] for column in sky))


def _always(flows: Flows, _: int) -> Flows:
    return flows


def carried(case: Case, block: Block, row: int, target: Target) -> Carried:
    """Share out one slot of a case.

    Parameters
    ----------
    case : Case
        The case.
    block : Block
        The slot, scheduled.
    row : int
        Which of the sampled slots it is.
    target : Target
        bit/s.

    Returns
    -------
    Carried
    """
    prepared = case.prepared
    own, more = serving_links(block), further_of(block)
    places, gateways = (_at(sky, row) for sky in case.skies)
    cell = next(iter(case.flows.values())).cell
    if not len(cell):
        return Carried(np.zeros(0), np.zeros(0, np.int8), np.zeros(0, np.bool_))
    terminals = np.full(len(cell), np.inf)
    limit, up = np.full(len(cell), Limit.UNSERVED, np.int8), np.zeros(len(cell), np.bool_)
    for name, direction in directions(prepared):
        own_bps = link_rates(prepared, own, direction, name, places, gateways)[0]
        more_bps = link_rates(prepared, more, direction, name, places, gateways)[0]
        served, binds = np.zeros(len(cell), np.int64), np.full(len(cell), Limit.UNSERVED, np.int8)
        asked = partial(_always, case.flows[name])
        for found in shares_by_slot(prepared, block, direction, (own, own_bps), (more, more_bps), asked):
            served, binds = found.shares.rate_bps, found.shares.limit
        # No terminal gets more than one channel, nor sends for more than its share of the time.
        duty = prepared.scenario.radio.terminal_duty_up if name == "up" else 1.0
        channel = np.zeros(len(prepared.place_key))
        channel[own.place] = own_bps
        able = (duty * channel)[cell] >= target.of(name)
        enough = np.where(able, (served + ROUNDING_BPS) / target.of(name), 0.0)
        enough[served == 0] = 0.0
        binds = np.where(able | (served == 0), binds, TERMINAL)
        short = enough < terminals
        terminals, limit = np.where(short, enough, terminals), np.where(short, binds, limit).astype(np.int8)
        up = np.where(short, name == "up", up)
    return Carried(terminals, limit, up)


def beam_time_of_links(busy: Case, block: Block, row: int, target: Target) -> IntArray:
    """Beam time that the terminals want at the rate of the links that serve them, rain and elevation included.

    Parameters
    ----------
    busy : Case
        All terminals ask for the target.
    block : Block
        The slot, scheduled; which satellite serves a place does not depend on what it wants.
    row : int
        Which of the sampled slots it is.
    target : Target
        bit/s.

    Returns
    -------
    (C,) int64
        Slices; as under clear sky where a place is not served.
    """
    prepared, own = busy.prepared, serving_links(block)
    who = prepared.people[0]
    places, gateways = (_at(sky, row) for sky in busy.skies)
    each = np.full(len(who.total), np.inf)
    for name, direction in directions(prepared):
        channel = link_rates(prepared, own, direction, name, places, gateways)[0]
        each[own.place] = np.minimum(each[own.place], channel / target.of(name))
    known = np.isfinite(each) & (each > 0.0)
    want = beam_time_asked(prepared.scenario, prepared.territory, who.total, np.where(known, each, 1.0))[1]
    return np.where(known, want, who.want)


def _wanting(case: Case, want: IntArray) -> Prepared:
    people = case.prepared.people[0]
    return replace(case.prepared, people=(replace(people, want=np.where(case.fixed, want, people.want)),))


def over_slots(
    cases: Sequence[Case],
    slots: IntArray,
    target: Target,
    keep: Callable[[int, int, Carried], None],
    threads: int,
    tell: Callable[[int, int], None],
) -> None:
    """Evaluate cases in each slot, slots side by side on threads; no result depends on the threads.

    Parameters
    ----------
    cases : sequence of Case
        The busy case, then others; neighbours that see the same sky share its geometry.
    slots : (M,) int64
        Sampled slots, absolute.
    target : Target
        bit/s.
    keep : callable
        Told the index of the case, that of the slot, and what was carried; from several threads at once.
    threads : int
        Threads.
    tell : callable
        Told slots done, and slots in all.
    """

    def one(row: int) -> None:
        worlds = [World._make(column[row : row + 1] for column in case.world) for case in cases]
        (first,) = blocks_alone(int(slots[row]), [(cases[0].prepared, worlds[0])])
        want = beam_time_of_links(cases[0], first, row, target)
        pairs = [(_wanting(case, want), world) for case, world in zip(cases, worlds, strict=True)]
        for index, block in enumerate(blocks_alone(int(slots[row]), pairs)):
            keep(index, row, carried(cases[index], block, row, target))

    with ThreadPoolExecutor(max(1, threads)) as pool:
        for done, _ in enumerate(pool.map(one, range(len(slots))), 1):
            tell(done, len(slots))
