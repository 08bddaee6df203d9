"""The radio links of a run as numbers: hops by operator and dish, the climate of places, what satellites carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.modcods import modcod_table, modcod_table_names
from bentpipe.catalog.radio import RadioLink, assumed_feeder, ofdm_limits, radio_link, satellite_capacity
from bentpipe.catalog.rainfile import RainSeries, load_rain
from bentpipe.catalog.weather import load_weather, weather_at
from bentpipe.earth import MEAN_RADIUS, to_unix_s
from bentpipe.errors import Fault, InputError, NotModelledError
from bentpipe.link.hop import Hop, make_path
from bentpipe.link.modcod import ModcodProfile, dvb_efficiency, shannon_profile, table_profile
from bentpipe.link.p676 import zenith_gas_db
from bentpipe.link.placeweather import BandWeather, PlaceClimate, band_weather
from bentpipe.link.rainfield import RainField, rain_field
from bentpipe.link.rates import HopRates, bent_pipe_rates, hop_rates
from bentpipe.link.slantrange import slant_range_m
from bentpipe.scenario import Scenario
from bentpipe.simulate.fleet import Fleet
from bentpipe.simulate.ground import Ground
from bentpipe.simulate.territory import Territory

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

USER_DISH_M = 0.5
GATEWAY_DISH_M = 1.47
"""Diameters over which scintillation averages, m: a user dish (assumed), the gateways' (community site map)."""

# Mean annual global reference atmosphere at sea level, ITU-R P.835-6: 1013.25 hPa, 288.15 K, 7.5 g/m3 with a scale
# height of 2 km, which is a column of 15 kg/m2.
_REFERENCE = (101_325.0, 288.15, 7.5e-3, 15.0)
UNLIMITED_BPS = 1 << 50
NOMINAL_ELEVATION_DEG = 50.0


@dataclass(frozen=True)
class Side:
    """One end of a direction: a kind of ground station under its sky.

    Parameters
    ----------
    hop : Hop
        Between it and the satellite.
    zenith_db : float
        Gases of the reference atmosphere at the zenith, dB; used where there is no `sky`.
    sky : BandWeather or None
        Place table of the band, rows as the places or gateways.
    wet : tuple of float
        Loss of the wet antenna, dB, and the rain rate that makes it so, mm/h.
    """

    hop: Hop
    zenith_db: float
    sky: BandWeather | None
    wet: tuple[float, float]


@dataclass(frozen=True)
class Direction:
    """Down (gateway, satellite, user) or up.

    Parameters
    ----------
    user : tuple of Side
        By kind of dish, as in `Radio.dish`.
    gateway : Side or None
        The feeder; None where it is assumed not to limit.
    profile : ModcodProfile
        What the last receiver decodes.
    channels : int
        Channels of the user band, each of which may light a beam cell once.
    feeder_channels : float
        User channels that one antenna of a gateway carries to one satellite: channels times polarisations of the
        feeder, by their width over that of a user channel; of no meaning without a feeder.
    satellite_bps : (N,) int64
        What each satellite carries, bit/s.
    """

    user: tuple[Side, ...]
    gateway: Side | None
    profile: ModcodProfile
    channels: int
    feeder_channels: float
    satellite_bps: IntArray


@dataclass(frozen=True)
class Radio:
    """What rates are computed from.

    Parameters
    ----------
    down, up : Direction, or None
        None where the catalogue lacks figures of the uplink.
    dish : (C,) int8
        Kind of dish of each place.
    climate, gateway_climate : PlaceClimate, or None
        None under clear sky.
    fields : tuple of RainField
        The weather of each seed, for "series".
    rain : RainSeries, or None
        The user's rain, for "file".
    nominal_bps : float
        What one downlink channel carries under clear sky at 50 degrees of elevation, bit/s.
    warnings : tuple of str
        What a user should know.
    """

    down: Direction
    up: Direction | None
    dish: npt.NDArray[np.int8]
    climate: PlaceClimate | None
    gateway_climate: PlaceClimate | None
    fields: tuple[RainField, ...]
    rain: RainSeries | None
    nominal_bps: float
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Skies:
    """Climates of the places and of the gateways, and the place tables that are known of them by end and frequency."""

    user: PlaceClimate | None
    gateway: PlaceClimate | None
    known: dict[tuple[str, float], BandWeather]

    def band(self, end: str, frequency_hz: float) -> BandWeather | None:
        """Place table of a band at "user" or "gateway"; None under clear sky."""
        climate, dish_m = (self.user, USER_DISH_M) if end == "user" else (self.gateway, GATEWAY_DISH_M)
        if climate is None:
            return None
        key = (end, frequency_hz)
        if key not in self.known:
            self.known[key] = band_weather(climate, frequency_hz, dish_m)
        return self.known[key]

    def take_from(self, other: Radio) -> None:
        """Take over the place tables of another run where it has the same climate."""
        for direction in (other.down, other.up):
            if direction is not None:
                self._take("user", self.user, other.climate, direction.user)
                sides = () if direction.gateway is None else (direction.gateway,)
                self._take("gateway", self.gateway, other.gateway_climate, sides)

    def _take(self, end: str, own: PlaceClimate | None, others: PlaceClimate | None, sides: tuple[Side, ...]) -> None:
        if own is None or others is None or not all(map(np.array_equal, own, others)):
            return
        self.known.update({(end, s.hop.frequency_hz): s.sky for s in sides if s.sky is not None})


def make_radio(
    scenario: Scenario, territory: Territory, ground: Ground, fleet: Fleet, seeds: tuple[int, ...],
    like: Radio | None = None,
) -> Radio | None:  # fmt: skip
    """Resolve the radio links of a scenario.

    Parameters
    ----------
    scenario, territory, ground, fleet
        What to simulate, and what it was resolved to.
    seeds : tuple of int
        Seeds of the range, the run's own first.
    like : Radio, optional
        Of another run: place tables of the same climate are taken from it, as they are.

    Returns
    -------
    Radio or None
        None where the scenario asks for no rates.

    Raises
    ------
    NotModelledError
        The catalogue lacks the figures of the operator's downlink.
    InputError
        The climate or the rain of a place is not known.
    """
    if scenario.policies.sharing == "none":
        return None
    cells, weather = len(territory.cell_id), scenario.weather
    dishes = [scenario.terminals.dish] * cells + [site.dish for site in territory.sites]
    station: list[str] = [scenario.dish(name).radio for name in dishes]
    kinds = sorted(set(station)) or ["standard"]
    climate = gateway_climate = None
    if weather.mode != "clear":
        table = load_weather(weather.table)
        climate = PlaceClimate(**weather_at(table, territory.latitude_deg, territory.longitude_deg)._asdict())
        gateway_climate = PlaceClimate(**weather_at(table, ground.latitude_deg, ground.longitude_deg)._asdict())
    operator = scenario.radio.operator or scenario.constellation.operator
    skies = _Skies(climate, gateway_climate, {})
    if like is not None:
        skies.take_from(like)
    try:
        down = _direction(operator, "down", kinds, skies, _capacity(scenario, operator, fleet, "down"))
    except NotModelledError as error:
        remedy = 'set policies.sharing = "none" to run without rates'
        faults = [Fault(f.what, scenario.where("radio.operator"), operator, f.allowed, remedy) for f in error.faults]
        raise NotModelledError(*faults) from None
    assumed = assumed_feeder(operator)
    notes: list[str] = [] if assumed is None else [f"rates are those of the user link alone: {assumed}"]
    up: Direction | None
    try:
        up = _direction(operator, "up", kinds, skies, _capacity(scenario, operator, fleet, "up"))
    except NotModelledError as error:
        up = None
        notes.append(f"no rates from users: {error.faults[0].what}")
    middle = (float(territory.latitude_deg.mean()), float(territory.longitude_deg.mean()))
    series = seeds if weather.mode == "series" else ()
    return Radio(
        down,
        up,
        np.array([kinds.index(name) for name in station], np.int8),
        climate,
        gateway_climate,
        tuple(
            rain_field(seed, *middle, wind_east_m_s=weather.wind_east_m_s, wind_north_m_s=weather.wind_north_m_s)
            for seed in series
        ),
        load_rain(weather.rain_file) if weather.rain_file is not None else None,
        nominal_bps(down, fleet, float(to_unix_s(np.datetime64(scenario.time.start)))),
        tuple(notes),
    )


def nominal_bps(direction: Direction, fleet: Fleet, unix_s: float, name: str = "down") -> float:
    """Rate of a channel to or from a dish that looks 25 degrees aside at 50 degrees of elevation, under clear sky.

    Parameters
    ----------
    direction : Direction
        Down or up.
    fleet : Fleet
        Satellites.
    unix_s : float
        When their altitude is taken, s.
    name : str
        "down" or "up".

    Returns
    -------
    float
        bit/s.
    """
    radius = np.sqrt(np.square(fleet.propagator.earth_fixed_positions([unix_s])[0]).sum(axis=0))
    distance = slant_range_m(float(np.nanmedian(radius[fleet.up])) - MEAN_RADIUS, NOMINAL_ELEVATION_DEG, MEAN_RADIUS)
    aside = "receive_scan_deg" if name == "down" else "transmit_scan_deg"

    def over(side: Side, scan_deg: float) -> HopRates:
        loss = side.zenith_db / np.sin(np.radians(NOMINAL_ELEVATION_DEG))
        return hop_rates(
            side.hop, make_path(distance, atmospheric_loss_db=loss, **{aside: scan_deg}), direction.profile
        )

    user, hop = over(direction.user[0], 25.0), direction.user[0].hop
    if direction.gateway is None:
        return float(user.bit_rate_bit_s)
    gateway = over(direction.gateway, 0.0)
    if name == "down":
        return float(bent_pipe_rates(gateway, user, hop, direction.profile).bit_rate_bit_s)
    rate = bent_pipe_rates(user, gateway, direction.gateway.hop, direction.profile).bit_rate_bit_s
    return float(rate) * hop.bandwidth_hz / direction.gateway.hop.bandwidth_hz


def _direction(operator: str, way: str, kinds: list[str], skies: _Skies, carries: IntArray) -> Direction:
    user = [radio_link(operator, f"user-{way}", kind) for kind in kinds]
    if assumed_feeder(operator) is not None:
        sides = tuple(_side(link, skies, "user") for link in user)
        return Direction(sides, None, _profile(user[0].modcods), user[0].channels * user[0].polarisations, 0, carries)
    feeder = radio_link(operator, "feeder-up" if way == "down" else "feeder-down")
    last = user[0] if way == "down" else feeder
    return Direction(
        tuple(_side(link, skies, "user") for link in user),
        _side(feeder, skies, "gateway"),
        _profile(last.modcods),
        user[0].channels * user[0].polarisations,
        feeder.channels * feeder.polarisations * feeder.numbers()["bandwidth_hz"] / user[0].numbers()["bandwidth_hz"],
        carries,
    )


def _side(link: RadioLink, skies: _Skies, end: str) -> Side:
    hop = Hop(link.name, **link.numbers(), origin=link.origin())
    wet = (
        0.0 if link.wet_saturation_db is None else link.wet_saturation_db.value,
        1.0 if link.wet_scale_mm_h is None else link.wet_scale_mm_h.value,
    )
    zenith = float(zenith_gas_db(hop.frequency_hz, *_REFERENCE, 0.0))
    return Side(hop, zenith, skies.band(end, hop.frequency_hz), wet)


def _profile(name: str) -> ModcodProfile:
    if name in modcod_table_names():
        table = modcod_table(name)
        efficiency = dvb_efficiency(table.bits_per_symbol, table.code_rate, table.bch_errors)
        return table_profile(name, table.criterion, table.row_names, table.es_n0_db, efficiency)
    limits = ofdm_limits(name)
    values = (limits.gap_db, limits.lowest_es_n0_db, limits.bits_per_symbol, limits.code_rate)
    return shannon_profile(name, *(value.value for value in values))


def _capacity(scenario: Scenario, operator: str, fleet: Fleet, way: str) -> IntArray:
    """What each satellite carries, bit/s: as the scenario says, or by generation; no limit where not stated."""
    given: Any = getattr(scenario.radio, f"satellite_{way}_gbps")
    count = len(fleet.up)
    if given is not None:
        return np.full(count, round(1e9 * given), np.int64)
    if operator == "starlink":
        newer = fleet.log_weight > 0.0
        old, new = (satellite_capacity(operator, generation) for generation in ("v1", "v2-mini"))
        pair = [getattr(c, f"{way}_bit_s") for c in (old, new)]
        rates = [UNLIMITED_BPS if rate is None else round(rate) for rate in pair]
        return np.where(newer, rates[1], rates[0]).astype(np.int64)
    try:
        rate = getattr(satellite_capacity(operator, "filed"), f"{way}_bit_s")
    except InputError:
        rate = None
    return np.full(count, UNLIMITED_BPS if rate is None else round(rate), np.int64)
