"""Rates of a block of slots: weather, link budgets, demand, and fair shares of what the scheduler gave.

::

    weather        rank of the weather, or rain, at places and gateways        (link.rainfield)
    channel rate   what one channel carries over each serving link             (link.rates: user link and feeder)
    demand         terminals that are on, times users, rate and hour of the day
    shares         spectrum of the cell, beam time, satellite, gateway         (network.sharing)

A slot's rates depend on that slot alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.rainfile import rain_at
from bentpipe.link.antenna import WIDEST_SCAN_DEG, wet_antenna_loss_db
from bentpipe.link.hop import Path, make_path
from bentpipe.link.placeweather import PlaceClimate, attenuation_parts_db
from bentpipe.link.rainfield import exceedance
from bentpipe.link.rainrate import attenuation_of_rate_db, rain_rate_of_exceedance_mm_h
from bentpipe.link.rates import HopRates, bent_pipe_rates, hop_rates
from bentpipe.network.flows import Flows, Limit, Shares, SlotCapacity
from bentpipe.network.sharing import SHARING
from bentpipe.simulate.classes import Classes
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.radio import UNLIMITED_BPS, Direction, Side
from bentpipe.simulate.recipe import Block

FloatArray = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

#: The weather is looked at once in so many slots (a minute), by absolute number: it changes over hours.
WEATHER_SLOTS = 4
#: No link is lower, degrees: the Recommendations end there.
LOWEST_DEG = 5.0


class Sky(NamedTuple):
    """Weather of T slots at some places: the rank, or the rain.

    Parameters
    ----------
    rank : (T, C) float64, or None
        Probability that the weather is worse, 0 to 1.
    rain_mm_h : (T, C) float64, or None
        Rain rate, mm/h; None under clear sky.
    """

    rank: FloatArray | None = None
    rain_mm_h: FloatArray | None = None


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


def block_rates(prepared: Prepared, block: Block) -> tuple[Rates | None, Rates | None]:
    """Compute the rates of a block, down and up.

    Parameters
    ----------
    prepared : Prepared
        The run.
    block : Block
        T slots, scheduled.

    Returns
    -------
    down, up : Rates or None
        None where the scenario asks for no rates, or figures of the uplink are missing.
    """
    radio = prepared.radio
    if radio is None:
        return None, None
    places, gateways = skies(prepared, block.slots, 0)
    found: list[Rates | None] = []
    for name, direction in (("down", radio.down), ("up", radio.up)):
        if direction is None:
            found.append(None)
            continue
        found.append(_share_block(prepared, block, direction, name, places, gateways))
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


def skies(prepared: Prepared, slots: IntArray, seed: int) -> tuple[Sky, Sky]:
    """Weather at the places and at the gateways.

    Parameters
    ----------
    prepared : Prepared
        The run.
    slots : (T,) int64
        Absolute slots.
    seed : int
        Which of the run's seeds.

    Returns
    -------
    places, gateways : Sky
    """
    radio = prepared.radio
    assert radio is not None
    if radio.climate is None:
        return Sky(), Sky()
    held, row = np.unique(slots // WEATHER_SLOTS * WEATHER_SLOTS, return_inverse=True)
    unix_s = prepared.clock.start_unix_s(held)
    found = []
    for lat, lon, climate in (
        (prepared.territory.latitude_deg, prepared.territory.longitude_deg, radio.climate),
        (prepared.ground.latitude_deg, prepared.ground.longitude_deg, radio.gateway_climate),
    ):
        assert climate is not None
        if radio.rain is not None:
            found.append(Sky(None, rain_at(radio.rain, lat, lon, unix_s).T[row]))
            continue
        if radio.fields:
            rank = exceedance(radio.fields[seed], lat, lon, unix_s).T
        else:
            rank = np.full((len(held), len(lat)), prepared.scenario.weather.exceeded_percent / 100.0)
        rain = rain_rate_of_exceedance_mm_h(rank, climate.rain_rate_001_mm_h, climate.rain_probability_pct)
        found.append(Sky(rank[row], rain[row]))
    return found[0], found[1]


class _Losses(NamedTuple):
    """Losses of links, dB: all, the part that makes noise, the wet antenna's, and what clear sky would cost."""

    total: FloatArray
    noisy: FloatArray
    wet: FloatArray
    clear: FloatArray


def _losses(side: Side, climate: PlaceClimate | None, sky: Sky, t: IntArray, p: IntArray, el: FloatArray) -> _Losses:
    """Losses of links at rows ``t`` and places ``p`` of a sky."""
    if climate is None or side.sky is None or sky.rain_mm_h is None:
        clear = side.zenith_db / np.sin(np.radians(el))
        return _Losses(clear, np.zeros(len(el)), np.zeros(len(el)), clear)
    rain = sky.rain_mm_h[t, p]
    wet = wet_antenna_loss_db(rain, *side.wet)
    if sky.rank is not None:
        parts = attenuation_parts_db(side.sky, p, el, sky.rank[t, p])
        return _Losses(parts["total"], parts["rain"] + parts["cloud"], wet, parts["gas"])
    fade = attenuation_of_rate_db(
        rain, climate.rain_rate_001_mm_h[p], side.hop.frequency_hz, el, climate.latitude_deg[p],
        np.maximum(climate.rain_height_m[p] - climate.altitude_m[p], 0.0),
    )  # fmt: skip
    clear = side.zenith_db / np.sin(np.radians(el))
    return _Losses(clear + fade, fade, wet, clear)


class Links(NamedTuple):
    """Links of a block in any order, L of them: where, and by which way.

    Parameters
    ----------
    row, place, satellite, gateway : (L,) int64
        Slot of the block, place, satellite and gateway.
    slant_range_m, feeder_range_m, sin_elevation, feeder_sine, cos_scan : (L,) float64
        See `bentpipe.network.further.FurtherLinks`.
    """

    row: IntArray
    place: IntArray
    satellite: IntArray
    gateway: IntArray
    slant_range_m: FloatArray
    feeder_range_m: FloatArray
    sin_elevation: FloatArray
    feeder_sine: FloatArray
    cos_scan: FloatArray


def serving_links(block: Block) -> Links:
    """Links that the scheduler chose.

    Parameters
    ----------
    block : Block
        T slots, scheduled.

    Returns
    -------
    Links
        By slot, then place.
    """
    t, p = np.nonzero(block.satellite >= 0)
    measures = (block.slant_range_m, block.feeder_range_m, block.sin_elevation, block.feeder_sine, block.cos_scan)
    columns = (array[t, p].astype(np.float64) for array in measures)
    return Links(t, p, block.satellite[t, p].astype(np.int64), block.gateway[t, p].astype(np.int64), *columns)


def further_of(block: Block) -> Links:
    """Further links of a block whose rates are shared over several satellites.

    Parameters
    ----------
    block : Block
        T slots, scheduled.

    Returns
    -------
    Links
        By slot, then place.
    """
    found = [(row, links) for row, links in enumerate(block.further) if links is not None]
    rows = np.concatenate([np.full(len(links.place), row, np.int64) for row, links in found] or [np.zeros(0, np.int64)])
    if not found:
        return Links(rows, rows, rows, rows, *(np.zeros(0) for _ in range(5)))
    columns = zip(*(links for _, links in found), strict=True)
    return Links._make((rows, *(np.concatenate(column) for column in columns)))


def link_rates(
    prepared: Prepared, links: Links, direction: Direction, name: str, places: Sky, gateways: Sky
) -> tuple[FloatArray, FloatArray]:
    """What one channel carries over links, user link and feeder combined, and what rain costs.

    Parameters
    ----------
    prepared : Prepared
        The run.
    links : Links
        L links.
    direction : Direction
        Down or up.
    name : str
        "down" or "up".
    places, gateways : Sky
        The weather.

    Returns
    -------
    channel_bps, rain_loss_db : (L,) float64
        See `Rates`.
    """
    radio = prepared.radio
    assert radio is not None
    channel, loss = np.zeros(len(links.row)), np.zeros(len(links.row))
    for kind, side in enumerate(direction.user):
        own = np.flatnonzero(radio.dish[links.place] == kind)
        if not len(own):
            continue
        mine = Links._make(column[own] for column in links)
        user, lost = _user(prepared, mine, direction, side, places, name)
        channel[own], loss[own] = _with_feeder(prepared, mine, direction, side, user, gateways, name), lost
    return channel, loss


def _elevation_deg(sine: FloatArray) -> FloatArray:
    return np.maximum(np.degrees(np.arcsin(np.clip(sine, 0.0, 1.0))), LOWEST_DEG)


def _user(
    prepared: Prepared, links: Links, direction: Direction, side: Side, places: Sky, name: str
) -> tuple[HopRates, FloatArray]:
    """User link, and its loss beyond clear sky, dB."""
    path, lost = user_path(prepared, links, side, places, name)
    return hop_rates(side.hop, path, direction.profile), lost


def user_path(prepared: Prepared, links: Links, side: Side, places: Sky, name: str) -> tuple[Path, FloatArray]:
    """Paths of user links (L,) to one kind of dish under the weather, and their `rain_loss_db` (L,) as in `Rates`."""
    assert prepared.radio is not None
    scan = np.degrees(np.arccos(np.clip(links.cos_scan, 0.0, 1.0))).clip(0.0, WIDEST_SCAN_DEG)
    rise = _elevation_deg(links.sin_elevation)
    fade = _losses(side, prepared.radio.climate, places, links.row, links.place, rise)
    steered = {"receive_scan_deg" if name == "down" else "transmit_scan_deg": scan}
    return _path(links.slant_range_m, fade, **steered), fade.total - fade.clear + fade.wet


def feeder_path(prepared: Prepared, links: Links, side: Side, gateways: Sky) -> Path:
    """Paths of the feeder links under the weather, arguments as those of `user_path`."""
    assert prepared.radio is not None
    rise = _elevation_deg(links.feeder_sine)
    far = _losses(side, prepared.radio.gateway_climate, gateways, links.row, links.gateway, rise)
    return _path(links.feeder_range_m, far)


def _path(range_m: FloatArray, fade: _Losses, **steered: FloatArray) -> Path:
    noisy = np.minimum(fade.noisy, fade.total)
    return make_path(
        range_m, atmospheric_loss_db=fade.total, noisy_loss_db=noisy, wet_antenna_loss_db=fade.wet, **steered
    )


def _with_feeder(
    prepared: Prepared, links: Links, direction: Direction, side: Side, user: HopRates, gateways: Sky, name: str
) -> FloatArray:
    """Rate of a channel from end to end, bit/s; that of the user link where the feeder is assumed not to limit."""
    if direction.gateway is None:
        return user.bit_rate_bit_s
    shared, back = _feeder(prepared, links, direction, direction.gateway, gateways)
    feeder = HopRates._make(column[back] for column in shared)
    pair = (feeder, user, side.hop) if name == "down" else (user, feeder, direction.gateway.hop)
    rate = bent_pipe_rates(*pair, direction.profile).bit_rate_bit_s
    if name == "up":  # the feeder hop has wider channels, the same C/N and the same bits a symbol
        rate = rate * (side.hop.bandwidth_hz / direction.gateway.hop.bandwidth_hz)
    return rate


def _feeder(
    prepared: Prepared, links: Links, direction: Direction, gateway: Side, gateways: Sky
) -> tuple[HopRates, IntArray]:
    """Feeder links, each satellite's once a slot, and which of them each link uses."""
    key = links.row * len(prepared.fleet.up) + links.satellite
    number = np.full(int(key.max()) + 1, -1, np.int64)
    number[key] = np.arange(len(key))
    one = number[number >= 0]
    number[key[one]] = np.arange(len(one))
    path = feeder_path(prepared, Links._make(column[one] for column in links), gateway, gateways)
    return hop_rates(gateway.hop, path, direction.profile), number[key]


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
    free = 1.0 - scenario.satellite.background_share * background_factor(prepared, unix_s)
    limited = (worth > 0.0) & (direction.gateway is not None)
    feeder = np.where(limited, direction.feeder_channels * worth, UNLIMITED_BPS)
    backhaul = scenario.radio.gateway_backhaul_gbps
    trunk = UNLIMITED_BPS if backhaul is None else round(1e9 * backhaul * free)
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
    prepared: Prepared, block: Block, direction: Direction, name: str, places: Sky, gateways: Sky
) -> Rates:
    """Fair shares of each slot."""
    shape = block.satellite.shape
    own, more = serving_links(block), further_of(block)
    own_bps, lost = link_rates(prepared, own, direction, name, places, gateways)
    more_bps, _ = link_rates(prepared, more, direction, name, places, gateways)
    offered = offered_bps(prepared, block.world.unix_s, block.world.ready, name)
    served, limit = np.zeros(shape, np.int64), np.zeros(shape, np.int8)
    through = np.zeros((shape[0], len(prepared.ground.id)), np.int64)
    room = np.zeros(shape)
    classes = Classes(prepared, prepared.people[0])

    def asked(row: int) -> Flows | None:
        return classes.flows(offered[row], block.world.ready[row])

    for row, mine, links, capacity, flows, shares in shares_by_slot(
        prepared, block, direction, (own, own_bps), (more, more_bps), asked
    ):
        np.add.at(served[row], flows.cell, shares.rate_bps)
        np.maximum.at(limit[row], flows.cell, shares.limit)
        used = np.bincount(links.satellite, shares.link_bps, len(capacity.satellite_bps))
        satellite = own.satellite[mine]
        room[row, own.place[mine]] = capacity.satellite_bps[satellite] - used[satellite]
        through[row] = np.bincount(links.gateway, shares.link_bps, through.shape[1]).astype(np.int64)
    channel, loss = np.zeros(shape, np.float32), np.full(shape, np.nan, np.float32)
    channel[own.row, own.place], loss[own.row, own.place] = own_bps, lost
    peak = _peak(prepared, block, name, channel, served, room)
    return Rates(channel, loss, offered, served, peak, limit, through)


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
    """What one terminal could get: idle time of its beam and satellite besides its own share."""
    slices = prepared.scenario.satellite.cells_per_beam
    idle = np.minimum(1.0, (block.beam_slices + block.beam_left) / slices) * channel - served
    own = served / np.maximum(block.world.ready, 1)
    peak = np.minimum(np.maximum(idle, 0.0), np.maximum(room, 0.0)) + own
    duty = prepared.scenario.radio.terminal_duty_up if name == "up" else 1.0
    return np.asarray(np.minimum(peak, duty * channel), np.float32)


LIMITS = tuple(limit.name.lower().replace("_", "-") for limit in Limit)
"""Names of the limits, by number."""
