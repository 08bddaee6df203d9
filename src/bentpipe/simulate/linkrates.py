"""What a channel carries over links: the weather on the way, the user link and the feeder combined."""

from __future__ import annotations

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
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.radio import Direction, Side
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
    relayed : (L,) bool
        Lasers lie between the satellite and the gateway: the signal is made anew on board.
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
    relayed: npt.NDArray[np.bool_]


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
    t, p = (np.ascontiguousarray(index) for index in np.nonzero(block.satellite >= 0))
    measures = (block.slant_range_m, block.feeder_range_m, block.sin_elevation, block.feeder_sine, block.cos_scan)
    columns: list[Any] = [array[t, p].astype(np.float64) for array in measures]
    satellite, gateway = (array[t, p].astype(np.int64) for array in (block.satellite, block.gateway))
    return Links._make((t, p, satellite, gateway, *columns, block.lasers[t, p] > 0))


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
        return Links._make((rows, rows, rows, rows, *(np.zeros(0) for _ in range(5)), np.zeros(0, np.bool_)))
    columns = zip(*(links for _, links in found), strict=True)
    return Links._make((rows, *(np.concatenate(column) for column in columns), np.zeros(len(rows), np.bool_)))


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
    """Rate of a channel from end to end, bit/s; that of the user link where it ends on board, or limits alone."""
    if direction.gateway is None or links.relayed.all():
        return user.bit_rate_bit_s
    shared, back = _feeder(prepared, links, direction, direction.gateway, gateways)
    feeder = HopRates._make(column[back] for column in shared)
    pair = (feeder, user, side.hop) if name == "down" else (user, feeder, direction.gateway.hop)
    rate = bent_pipe_rates(*pair, direction.profile).bit_rate_bit_s
    if name == "up":  # the feeder hop has wider channels, the same C/N and the same bits a symbol
        rate = rate * (side.hop.bandwidth_hz / direction.gateway.hop.bandwidth_hz)
    return np.where(links.relayed, user.bit_rate_bit_s, rate)


def landing_rates(
    prepared: Prepared, links: Links, channel_bps: FloatArray, direction: Direction, gateways: Sky
) -> FloatArray:
    """What the width of a user channel carries between the satellite that lands each link and its gateway.

    Parameters
    ----------
    prepared : Prepared
        The run.
    links : Links
        L links.
    channel_bps : (L,) float64
        What one channel carries over them, as of `link_rates`.
    direction : Direction
        Down or up.
    gateways : Sky
        The weather there.

    Returns
    -------
    (L,) float64
        bit/s; of a bent pipe the channel's own, both hops combined. Where lasers lie in between the signal is made anew
        on board, and the feeder link carries the bits that it can (Maral, Bousquet and Sun 2009, section 5.10).
    """
    if direction.gateway is None or not links.relayed.any():
        return channel_bps
    shared, back = _feeder(prepared, links, direction, direction.gateway, gateways)
    width = direction.user[0].hop.bandwidth_hz / direction.gateway.hop.bandwidth_hz
    return np.where(links.relayed, shared.bit_rate_bit_s[back] * width, channel_bps)


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
