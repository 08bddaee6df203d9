"""Rates of a block of slots: weather, link budgets, demand, and fair shares of what the scheduler gave.

::

    weather        rank of the weather, or rain, at places and gateways        (link.rainfield)
    channel rate   what one channel carries over each serving link             (link.rates: user link and feeder)
    demand         terminals that are on, times users, rate and hour of the day
    shares         spectrum of the cell, beam time, satellite, gateway         (network.sharing)

A slot's rates depend on that slot alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.network.blockshares import BlockAsked, BlockLimits, BlockLinks, BlockShares, share_slots
from bentpipe.network.flows import Flows, Limit, Shares, SlotCapacity
from bentpipe.network.sharing import SHARING
from bentpipe.simulate.classes import Classes
from bentpipe.simulate.linkrates import Links, Sky, further_of, landing_rates, link_rates, serving_links, skies
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.radio import UNLIMITED_BPS, Direction
from bentpipe.simulate.recipe import Block

FloatArray = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


class Rates(NamedTuple):
    """One direction over T slots: C places, G gateways; bit/s.

    Parameters
    ----------
    channel_bps : (T, C) float32
        What one channel carries; 0 where not served.
    rain_loss_db : (T, C) float32
        Attenuation beyond that of clear sky, wet antenna included; NaN where not served.
    offered_bps, served_bps : (T, C) int64
        What is asked for, and what is given.
    peak_bps : (T, C) float32
        What one terminal could get now.
    limit : (T, C) int8
        `bentpipe.network.flows.Limit`.
    gateway_bps : (T, G) int64
        What goes through each gateway.
    """

    channel_bps: Floats32
    rain_loss_db: Floats32
    offered_bps: IntArray
    served_bps: IntArray
    peak_bps: Floats32
    limit: npt.NDArray[np.int8]
    gateway_bps: IntArray


def block_rates(
    prepared: Prepared, block: Block, sky: tuple[Sky, Sky] | None = None
) -> tuple[Rates | None, Rates | None]:
    """Compute the rates of a block, down and up.

    Parameters
    ----------
    prepared : Prepared
        The run.
    block : Block
        T slots, scheduled.
    sky : tuple of Sky, optional
        Weather at the places and the gateways, where it is known already.

    Returns
    -------
    down, up : Rates or None
        None where the scenario asks for no rates, or figures of the uplink are missing.
    """
    radio = prepared.radio
    if radio is None:
        return None, None
    places, gateways = sky or skies(prepared, block.slots, 0)
    links = serving_links(block), further_of(block)
    found: list[Rates | None] = []
    for name, direction in (("down", radio.down), ("up", radio.up)):
        if direction is None:
            found.append(None)
            continue
        found.append(_share_block(prepared, block, direction, name, links, (places, gateways)))
    return found[0], found[1]


def no_rates(prepared: Prepared, block: Block) -> Rates:
    """Stand for rates that are not computed: zeros, and NaN for what is a measure.

    Parameters
    ----------
    prepared : Prepared
        The run.
    block : Block
        T slots.

    Returns
    -------
    Rates
    """
    shape, gateways = block.satellite.shape, (len(block.slots), len(prepared.ground.id))
    nothing, unknown = np.zeros(shape, np.int64), np.full(shape, np.nan, np.float32)
    return Rates(unknown, unknown, nothing, nothing, unknown, np.zeros(shape, np.int8), np.zeros(gateways, np.int64))


def offered_bps(prepared: Prepared, unix_s: FloatArray, ready: npt.NDArray[Any], name: str) -> IntArray:
    """What the terminals of each place ask for.

    Parameters
    ----------
    prepared : Prepared
        The run.
    unix_s : (T,) float64
        Starts of the slots, s.
    ready : (..., T, C) integers
        Terminals that are on.
    name : str
        "down" or "up".

    Returns
    -------
    (..., T, C) int64
        bit/s.
    """
    scenario = prepared.scenario
    kbps = scenario.demand.down_kbps_per_user if name == "down" else scenario.demand.up_kbps_per_user
    each = 1e3 * kbps * scenario.terminals.users_per_terminal
    return np.asarray(np.rint(ready * (each * hour_factor(prepared, unix_s))), np.int64)


def hour_factor(prepared: Prepared, unix_s: FloatArray) -> FloatArray:
    """Traffic of the hour of the local solar day over that of the busiest.

    Parameters
    ----------
    prepared : Prepared
        The run.
    unix_s : (T,) float64
        Starts of the slots, s.

    Returns
    -------
    (T, C) float64
    """
    curve = np.array(prepared.scenario.demand.diurnal)
    hour = unix_s[:, None] / 3600.0 + prepared.territory.longitude_deg[None, :] / 15.0
    return np.asarray(curve[np.floor(hour).astype(np.int64) % 24])


class SlotLinks(NamedTuple):
    """Links of one slot, L of them: place, satellite, gateway, what a channel carries (bit/s), and beam time."""

    place: IntArray
    satellite: IntArray
    gateway: IntArray
    channel_bps: FloatArray
    slices: IntArray


def slot_capacity(prepared: Prepared, direction: Direction, unix_s: float, links: SlotLinks) -> SlotCapacity:
    """What one slot has to give.

    Parameters
    ----------
    prepared : Prepared
        The run.
    direction : Direction
        Down or up.
    unix_s : float
        Start of the slot, s.
    links : SlotLinks
        Links sorted by place, the serving one of each place first.

    Returns
    -------
    SlotCapacity
    """
    scenario, places, satellites = prepared.scenario, len(prepared.place_key), len(prepared.fleet.up)
    count = np.bincount(links.place, minlength=places)
    stop = np.cumsum(count)
    start = stop - count
    beam = links.slices * links.channel_bps / scenario.satellite.cells_per_beam
    # The spectrum over a place is worth what its best link makes of it; a feeder, its satellite's best link.
    best, worth = np.zeros(places), np.zeros(satellites)
    np.maximum.at(best, links.place, links.channel_bps)
    np.maximum.at(worth, links.satellite, links.channel_bps)
    gateway = np.full(satellites, -1, np.int32)
    gateway[links.satellite] = links.gateway
    free, trunk = _what_neighbours_leave(prepared, unix_s)
    limited = (worth > 0.0) & (direction.gateway is not None)
    feeder = np.where(limited, direction.feeder_channels * worth, UNLIMITED_BPS)
    return SlotCapacity(
        prepared.place_key, start, stop, links.satellite.astype(np.int32), np.where(count > 0, start, -1),
        beam.astype(np.int64), (direction.channels * prepared.beam_cells * best).astype(np.int64),
        (free * np.minimum(direction.satellite_bps, feeder)).astype(np.int64), gateway,
        np.full(len(prepared.ground.id), trunk, np.int64),
    )  # fmt: skip


def background_factor(prepared: Prepared, unix_s: float) -> float:
    """Part of the neighbours' share that they use at this hour, in the middle of the territory.

    Parameters
    ----------
    prepared : Prepared
        The run.
    unix_s : float
        Start of the slot, s.

    Returns
    -------
    float
        0 to 1.
    """
    if not prepared.scenario.demand.background_diurnal:
        return 1.0
    hour = unix_s / 3600.0 + float(prepared.territory.longitude_deg.mean()) / 15.0
    return min(1.0, prepared.scenario.demand.diurnal[int(hour // 1) % 24])


def _what_neighbours_leave(prepared: Prepared, unix_s: float) -> tuple[float, int]:
    """Part of each satellite, 0 to 1, and what of each gateway's backhaul, bit/s, the neighbours leave at this hour."""
    scenario = prepared.scenario
    free = 1.0 - scenario.satellite.background_share * background_factor(prepared, unix_s)
    backhaul = scenario.radio.gateway_backhaul_gbps
    return free, UNLIMITED_BPS if backhaul is None else round(1e9 * backhaul * free)


def slot_links(block: Block, row: int, own: Links, own_bps: FloatArray, more: Links, more_bps: FloatArray) -> SlotLinks:
    """Links of one slot with their beam time; idle time of a satellite goes to its further places in equal parts.

    `own` and `more` are the serving and the further links of the row, with what a channel carries over each, bit/s.
    """
    slices = block.beam_slices[row, own.place].astype(np.int64)
    if not len(more.row):
        return SlotLinks(own.place, own.satellite, own.gateway, own_bps, slices)
    idle = np.zeros(int(max(own.satellite.max(), more.satellite.max())) + 1, np.int64)
    idle[own.satellite] = block.beam_left[row, own.place]
    takers = np.bincount(more.satellite, minlength=len(idle))
    extra = idle[more.satellite] // np.maximum(takers[more.satellite], 1)
    parts = (
        (own.place, more.place), (own.satellite, more.satellite), (own.gateway, more.gateway), (own_bps, more_bps),
        (slices, extra),
    )  # fmt: skip
    joined = [np.concatenate(pair) for pair in parts]
    order = np.argsort(joined[0], kind="stable")
    return SlotLinks(*(column[order] for column in joined))


def _share_block(
    prepared: Prepared, block: Block, direction: Direction, name: str, links: tuple[Links, Links], sky: tuple[Sky, Sky]
) -> Rates:
    """Fair shares of each slot."""
    shape = block.satellite.shape
    own, more = links
    own_bps, lost = link_rates(prepared, own, direction, name, *sky)
    more_bps, _ = link_rates(prepared, more, direction, name, *sky)
    offered = offered_bps(prepared, block.world.unix_s, block.world.ready, name)
    left = zip(*(_what_neighbours_leave(prepared, float(t)) for t in block.world.unix_s), strict=True)
    free, trunk = (np.array(column) for column in left)
    if prepared.lasers is not None:
        from bentpipe.simulate.meshrates import share_over_lasers

        landing = landing_rates(prepared, own, own_bps, direction, sky[1])
        given = share_over_lasers(prepared, block, direction, (own, own_bps, landing), offered, free, trunk)
    elif prepared.scenario.policies.sharing == "single-satellite":
        given = share_alone(prepared, block, direction, own, own_bps, offered)
    else:
        given = share_by_slot(prepared, block, direction, (own, own_bps), (more, more_bps), offered)
    channel, loss = np.zeros(shape, np.float32), np.full(shape, np.nan, np.float32)
    channel[own.row, own.place], loss[own.row, own.place] = own_bps, lost
    # Nobody gets more than the gateway's connection has left, either.
    of_gateway = trunk[own.row] - given.gateway_bps[own.row, own.gateway]
    room = given.room_bps
    room[own.row, own.place] = np.minimum(room[own.row, own.place], of_gateway)
    peak = _peak(prepared, block, name, channel, given.given_bps, room)
    return Rates(channel, loss, offered, given.given_bps, peak, given.limit, given.gateway_bps)


def share_alone(
    prepared: Prepared, block: Block, direction: Direction, own: Links, own_bps: FloatArray, offered: IntArray
) -> BlockShares:
    """Share out a block where each place has one satellite.

    Parameters
    ----------
    prepared : Prepared
        The run.
    block : Block
        T slots, scheduled.
    direction : Direction
        Down or up.
    own : Links
        Serving links, by slot.
    own_bps : (L,) float64
        What a channel carries over each, bit/s.
    offered : (T, C) int64
        What each place asks for, bit/s.

    Returns
    -------
    BlockShares
    """
    scenario, classes = prepared.scenario, Classes(prepared, prepared.people[0])
    slices = block.beam_slices[own.row, own.place]
    links = BlockLinks(
        np.searchsorted(own.row, np.arange(len(block.slots) + 1)).astype(np.int64), own.place, own.satellite,
        own.gateway, own_bps, (slices * own_bps / scenario.satellite.cells_per_beam).astype(np.int64),
    )  # fmt: skip
    free, trunk = zip(*(_what_neighbours_leave(prepared, float(t)) for t in block.world.unix_s), strict=True)
    limits = BlockLimits(
        (direction.channels * prepared.beam_cells).astype(np.float64),
        math.inf if direction.gateway is None else float(direction.feeder_channels),
        direction.satellite_bps.astype(np.float64), np.array(free), np.array(trunk, np.int64),
    )  # fmt: skip
    asked = BlockAsked(classes.cell, classes.share, classes.weight, classes.rank, offered, block.world.ready)
    return share_slots(links, limits, asked, len(prepared.ground.id))


def share_by_slot(
    prepared: Prepared,
    block: Block,
    direction: Direction,
    own: tuple[Links, FloatArray],
    more: tuple[Links, FloatArray],
    offered: IntArray,
) -> BlockShares:
    """Share out a block by any policy, slot by slot.

    Parameters
    ----------
    prepared, block, direction, offered
        See `share_alone`.
    own, more : (Links, (L,) float64)
        Serving and further links, by slot, and what a channel carries over each, bit/s.

    Returns
    -------
    BlockShares
    """
    shape = block.satellite.shape
    given = np.zeros(shape, np.int64)
    limit, room = np.zeros(shape, np.int8), np.zeros(shape)
    through = np.zeros((shape[0], len(prepared.ground.id)), np.int64)
    classes = Classes(prepared, prepared.people[0])

    def asked(row: int) -> Flows | None:
        return classes.flows(offered[row], block.world.ready[row])

    for row, mine, links, capacity, flows, shares in shares_by_slot(prepared, block, direction, own, more, asked):
        np.add.at(given[row], flows.cell, shares.rate_bps)
        np.maximum.at(limit[row], flows.cell, shares.limit)
        used = np.bincount(links.satellite, shares.link_bps, len(capacity.satellite_bps))
        satellite = own[0].satellite[mine]
        room[row, own[0].place[mine]] = capacity.satellite_bps[satellite] - used[satellite]
        through[row] = np.bincount(links.gateway, shares.link_bps, through.shape[1]).astype(np.int64)
    return BlockShares(given, limit, room, through)


class SlotShares(NamedTuple):
    """Shares of one slot: its row in the block, its rows of the serving links, links, capacity, flows, and shares."""

    row: int
    own: slice
    links: SlotLinks
    capacity: SlotCapacity
    flows: Flows
    shares: Shares


def shares_by_slot(
    prepared: Prepared,
    block: Block,
    direction: Direction,
    own: tuple[Links, FloatArray],
    more: tuple[Links, FloatArray],
    asked: Callable[[int], Flows | None],
) -> Iterator[SlotShares]:
    """Share out each slot of a block among those who ask.

    Parameters
    ----------
    prepared : Prepared
        The run.
    block : Block
        T slots, scheduled.
    direction : Direction
        Down or up.
    own, more : (Links, (L,) float64)
        Serving and further links, by slot, and what a channel carries over each, bit/s.
    asked : callable
        Flows of a row of the block; None where nobody asks.

    Yields
    ------
    SlotShares
        Of the slots in which somebody asks and some place is served.
    """
    rows = np.arange(len(block.slots) + 1)
    of_own, of_more = np.searchsorted(own[0].row, rows), np.searchsorted(more[0].row, rows)
    policy = SHARING[prepared.scenario.policies.sharing].share
    for row in range(len(block.slots)):
        mine, further = slice(of_own[row], of_own[row + 1]), slice(of_more[row], of_more[row + 1])
        here, there = (
            Links._make(column[part] for column in links) for (links, _), part in ((own, mine), (more, further))
        )
        links = slot_links(block, row, here, own[1][mine], there, more[1][further])
        flows = asked(row)
        if flows is None or not len(links.place):
            continue
        capacity = slot_capacity(prepared, direction, float(block.world.unix_s[row]), links)
        yield SlotShares(row, mine, links, capacity, flows, policy(flows, capacity))


def _peak(
    prepared: Prepared, block: Block, name: str, channel: Floats32, served: IntArray, room: FloatArray
) -> Floats32:
    """What one terminal could get: idle time of its beam, satellite and gateway besides its own share."""
    slices = prepared.scenario.satellite.cells_per_beam
    idle = np.minimum(1.0, (block.beam_slices + block.beam_left) / slices) * channel - served
    own = served / np.maximum(block.world.ready, 1)
    peak = np.minimum(np.maximum(idle, 0.0), np.maximum(room, 0.0)) + own
    duty = prepared.scenario.radio.terminal_duty_up if name == "up" else 1.0
    return np.asarray(np.minimum(peak, duty * channel), np.float32)


LIMITS = tuple(limit.name.lower().replace("_", "-") for limit in Limit)
"""Names of the limits, by number."""
