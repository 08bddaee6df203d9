"""Rates of a block of slots: weather, link budgets, demand, and fair shares of what the scheduler gave.

::

    weather        rank of the weather, or rain, at places and gateways        (link.rainfield)
    channel rate   what one channel carries over each serving link             (link.rates: user link and feeder)
    demand         terminals that are on, times users, rate and hour of the day
    shares         spectrum of the cell, beam time, satellite, gateway         (network.sharing)

A slot's rates depend on that slot alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.rainfile import rain_at
from bentpipe.link.antenna import wet_antenna_loss_db
from bentpipe.link.hop import make_path
from bentpipe.link.placeweather import PlaceClimate, attenuation_parts_db
from bentpipe.link.rainfield import exceedance
from bentpipe.link.rainrate import attenuation_of_rate_db, rain_rate_of_exceedance_mm_h
from bentpipe.link.rates import HopRates, bent_pipe_rates, hop_rates
from bentpipe.network.flows import LARGEST_WEIGHT, Flows, Limit, SlotCapacity
from bentpipe.network.sharing import SHARING
from bentpipe.simulate.people import People
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
        Rain rate, mm/h; None under clear sky, and where the rank says it.
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
        channel, loss = channel_rates(prepared, block, direction, name, places, gateways)
        offered = offered_bps(prepared, block.world.unix_s, block.world.ready, name)
        found.append(_share_block(prepared, block, direction, name, channel, loss, offered))
    return found[0], found[1]


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
    for lat, lon in (
        (prepared.territory.latitude_deg, prepared.territory.longitude_deg),
        (prepared.ground.latitude_deg, prepared.ground.longitude_deg),
    ):
        if radio.rain is not None:
            found.append(Sky(None, rain_at(radio.rain, lat, lon, unix_s).T[row]))
        elif radio.fields:
            found.append(Sky(exceedance(radio.fields[seed], lat, lon, unix_s).T[row]))
        else:
            found.append(Sky(np.full((len(slots), len(lat)), prepared.scenario.weather.exceeded_percent / 100.0)))
    return found[0], found[1]


class _Losses(NamedTuple):
    """Losses of links, dB: all, the part that makes noise, the wet antenna's, and what clear sky would cost."""

    total: FloatArray
    noisy: FloatArray
    wet: FloatArray
    clear: FloatArray


def _losses(side: Side, climate: PlaceClimate | None, sky: Sky, t: IntArray, p: IntArray, el: FloatArray) -> _Losses:
    """Losses of links at rows ``t`` and places ``p`` of a sky."""
    if climate is None or side.sky is None:
        clear = side.zenith_db / np.sin(np.radians(el))
        return _Losses(clear, np.zeros(len(el)), np.zeros(len(el)), clear)
    if sky.rank is not None:
        rank = sky.rank[t, p]
        parts = attenuation_parts_db(side.sky, p, el, rank)
        rain = rain_rate_of_exceedance_mm_h(rank, climate.rain_rate_001_mm_h[p], climate.rain_probability_pct[p])
        wet = wet_antenna_loss_db(rain, *side.wet)
        return _Losses(parts["total"], parts["rain"] + parts["cloud"], wet, parts["gas"])
    assert sky.rain_mm_h is not None
    rain = sky.rain_mm_h[t, p]
    fade = attenuation_of_rate_db(
        rain, climate.rain_rate_001_mm_h[p], side.hop.frequency_hz, el, climate.latitude_deg[p],
        np.maximum(climate.rain_height_m[p] - climate.altitude_m[p], 0.0),
    )  # fmt: skip
    clear = side.zenith_db / np.sin(np.radians(el))
    return _Losses(clear + fade, fade, wet_antenna_loss_db(rain, *side.wet), clear)


def channel_rates(
    prepared: Prepared, block: Block, direction: Direction, name: str, places: Sky, gateways: Sky
) -> tuple[Floats32, Floats32]:
    """What one channel carries over each serving link, user link and feeder combined.

    Parameters
    ----------
    prepared : Prepared
        The run.
    block : Block
        T slots, scheduled.
    direction : Direction
        Down or up.
    name : str
        "down" or "up".
    places, gateways : Sky
        The weather.

    Returns
    -------
    channel_bps, rain_loss_db : (T, C) float32
        See `Rates`.
    """
    radio = prepared.radio
    assert radio is not None
    shape = block.satellite.shape
    channel, loss = np.zeros(shape, np.float32), np.full(shape, np.nan, np.float32)
    for kind, side in enumerate(direction.user):
        t, p = np.nonzero((block.satellite >= 0) & (radio.dish == kind))
        if not len(t):
            continue
        user, feeder, lost = _hops(prepared, block, direction, side, places, gateways, t, p, name)
        pair = (feeder, user, side.hop) if name == "down" else (user, feeder, direction.gateway.hop)
        rate = bent_pipe_rates(*pair, direction.profile).bit_rate_bit_s
        if name == "up":
            rate = rate * (side.hop.bandwidth_hz / direction.gateway.hop.bandwidth_hz)
        channel[t, p], loss[t, p] = rate, lost
    return channel, loss


def _hops(
    prepared: Prepared, block: Block, direction: Direction, side: Side, places: Sky, gateways: Sky,
    t: IntArray, p: IntArray, name: str,
) -> tuple[HopRates, HopRates, FloatArray]:  # fmt: skip
    """User link, feeder link, and the loss of the user link beyond clear sky, dB."""
    radio = prepared.radio
    assert radio is not None
    el = np.maximum(np.degrees(np.arcsin(np.minimum(block.sin_elevation[t, p], 1.0))), LOWEST_DEG).astype(np.float64)
    scan = np.degrees(np.arccos(np.clip(block.cos_scan[t, p], 0.0, 1.0))).clip(0.0, 85.0)
    fade = _losses(side, radio.climate, places, t, p, el)
    steered = {"receive_scan_deg" if name == "down" else "transmit_scan_deg": scan}
    user = make_path(
        block.slant_range_m[t, p], atmospheric_loss_db=fade.total, noisy_loss_db=np.minimum(fade.noisy, fade.total),
        wet_antenna_loss_db=fade.wet, **steered,
    )  # fmt: skip
    g = block.gateway[t, p].astype(np.int64)
    rise = np.maximum(np.degrees(np.arcsin(np.clip(block.feeder_sine[t, p], 0.0, 1.0))), LOWEST_DEG).astype(np.float64)
    far = _losses(direction.gateway, radio.gateway_climate, gateways, t, g, rise)
    feeder = make_path(
        block.feeder_range_m[t, p], atmospheric_loss_db=far.total, noisy_loss_db=np.minimum(far.noisy, far.total),
        wet_antenna_loss_db=far.wet,
    )  # fmt: skip
    rates = (hop_rates(side.hop, user, direction.profile), hop_rates(direction.gateway.hop, feeder, direction.profile))
    return *rates, fade.total - fade.clear + fade.wet


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


def slot_capacity(
    prepared: Prepared, block: Block, direction: Direction, row: int, channel: Floats32, slices: IntArray
) -> SlotCapacity:
    """What one slot has to give over the links that the scheduler chose.

    Parameters
    ----------
    prepared : Prepared
        The run.
    block : Block
        Slots, scheduled.
    direction : Direction
        Down or up.
    row : int
        Which slot of the block.
    channel : (C,) float32
        What one channel carries, bit/s.
    slices : (C,) int64
        Beam time of each place.

    Returns
    -------
    SlotCapacity
        One link a place.
    """
    limits, scenario = prepared.scenario.satellite, prepared.scenario
    places = len(channel)
    own = np.arange(places, dtype=np.int64)
    served = block.satellite[row] >= 0
    rate = channel.astype(np.float64)
    beam = np.where(served, slices * rate / limits.cells_per_beam, 0.0).astype(np.int64)
    spectrum = (direction.channels * prepared.beam_cells * rate).astype(np.int64)
    gateway = np.full(len(prepared.fleet.up), -1, np.int32)
    gateway[block.satellite[row][served]] = block.gateway[row][served]
    free = 1.0 - scenario.satellite.background_share * _background(prepared, block.world.unix_s[row])
    feeder = np.full(len(gateway), UNLIMITED_BPS, np.int64)
    # The feeder carries so many channels; each is worth what it carries to the best of the satellite's places.
    best = np.zeros(len(gateway))
    np.maximum.at(best, block.satellite[row][served], rate[served])
    known = best > 0.0
    feeder[known] = (direction.feeder_channels * best[known]).astype(np.int64)
    carries = (free * np.minimum(direction.satellite_bps, feeder)).astype(np.int64)
    backhaul = scenario.radio.gateway_backhaul_gbps
    trunk = UNLIMITED_BPS if backhaul is None else round(1e9 * backhaul * free)
    return SlotCapacity(
        prepared.place_key, own, own + 1, np.where(served, block.satellite[row], 0).astype(np.int32),
        np.where(served, own, -1), beam, spectrum, carries, gateway,
        np.full(len(prepared.ground.id), trunk, np.int64),
    )  # fmt: skip


def _background(prepared: Prepared, unix_s: float) -> float:
    """Part of the neighbours' share that they use at this hour, in the middle of the territory."""
    if not prepared.scenario.demand.background_diurnal:
        return 1.0
    hour = unix_s / 3600.0 + float(prepared.territory.longitude_deg.mean()) / 15.0
    return min(1.0, prepared.scenario.demand.diurnal[int(hour // 1) % 24])


def _share_block(
    prepared: Prepared, block: Block, direction: Direction, name: str, channel: Floats32, loss: Floats32,
    offered: IntArray,
) -> Rates:  # fmt: skip
    """Fair shares of each slot."""
    shape, gateways = channel.shape, len(prepared.ground.id)
    served, limit = np.zeros(shape, np.int64), np.zeros(shape, np.int8)
    through = np.zeros((shape[0], gateways), np.int64)
    room = np.zeros(shape)
    policy = SHARING[prepared.scenario.policies.sharing].share
    classes = Classes(prepared, prepared.people[0])
    for row in range(shape[0]):
        capacity = slot_capacity(prepared, block, direction, row, channel[row], block.beam_slices[row].astype(np.int64))
        flows = classes.flows(offered[row], block.world.ready[row])
        if flows is None:
            continue
        shares = policy(flows, capacity)
        np.add.at(served[row], flows.cell, shares.rate_bps)
        limit[row] = _worst(flows.cell, shares.limit, shape[1])
        satellite = block.satellite[row]
        on = satellite >= 0
        used = np.bincount(satellite[on], served[row][on], len(capacity.satellite_bps))
        room[row] = np.where(on, capacity.satellite_bps[satellite] - used[satellite], 0.0)
        through[row] = np.bincount(block.gateway[row][on], served[row][on], gateways).astype(np.int64)
    peak = _peak(prepared, block, name, channel, served, room)
    return Rates(channel, loss, offered, served, peak, limit, through)


def _worst(cell: IntArray, limit: npt.NDArray[np.int8], places: int) -> npt.NDArray[np.int8]:
    """Limit of each place: that of its flow that is cut the most downstream; demand only where all are met."""
    out = np.zeros(places, np.int8)
    np.maximum.at(out, cell, limit)
    return out


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


class Classes:
    """Who asks for capacity: one flow for each place, or for each place and kind where kinds weigh differently.

    Parameters
    ----------
    prepared : Prepared
        The run.
    people : People
        Terminals of one seed.
    """

    def __init__(self, prepared: Prepared, people: People) -> None:
        scenario, sites = prepared.scenario, prepared.territory.sites
        by_kind = scenario.demand.weights
        weights = np.ones(people.terminals.count.shape, np.int64)
        weights *= np.array([by_kind.get(kind, 1) for kind in scenario.terminals.kinds] or [1])[:, None]
        for i, site in enumerate(sites):
            weights[0, len(prepared.territory.cell_id) + i] = by_kind.get(site.kind, 1)
        count = people.terminals.count
        if len(np.unique(weights[count > 0])) > 1:
            self.cell, kind = np.nonzero(count.T > 0)
            self.weight = weights[kind, self.cell]
            self.share = count[kind, self.cell] / people.total[self.cell]
        else:
            self.cell = np.flatnonzero(people.total > 0)
            self.weight, self.share = np.ones(len(self.cell), np.int64), np.ones(len(self.cell))
        self.strict = scenario.demand.strict

    def flows(self, offered: IntArray, ready: npt.NDArray[np.int32]) -> Flows | None:
        """Flows that ask for something in a slot; None where nobody does.

        Terminals that are off are taken to be of all kinds alike.

        Parameters
        ----------
        offered : (C,) int64
            What each place asks for, bit/s.
        ready : (C,) int32
            Terminals that are on.

        Returns
        -------
        Flows or None
        """
        demand = (offered[self.cell] * self.share).astype(np.int64)
        some = demand > 0
        if not some.any():
            return None
        terminals = np.maximum(np.rint(ready[self.cell] * self.share), 1).astype(np.int64)
        weight = np.minimum(terminals * self.weight, LARGEST_WEIGHT)
        rank = self.weight.max() - self.weight if self.strict else np.zeros(len(self.cell), np.int64)
        return Flows(self.cell[some], demand[some], weight[some], rank[some])


LIMITS = tuple(limit.name.lower().replace("_", "-") for limit in Limit)
"""Names of the limits, by number."""
