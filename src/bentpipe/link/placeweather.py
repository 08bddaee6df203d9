"""From the climate of places to attenuation: a table for each band, then a closed form for (elevation, p).

What depends on the place alone (gases at the zenith cost 70 to 90 % of the work) is computed once for each place
and band by `band_weather`; a link then costs a few exponentials. `attenuation_db` takes any exceedance between 0
and 1, as a time series meets it. Inside the range of P.618 it *is* P.618, term by term. Outside:

- p below 0.001 %: held at 0.001 %;
- p above 5 %: P.618 states no rain attenuation. It falls from its value at 5 % linearly in ln p to zero at
  p_end = max(P0, 7.5 %), P0 being the probability of rain of P.837. *Assumed*, so that it is continuous and never
  rises with p; rain along the whole slant path is somewhat more frequent than P0 at the place;
- gases and clouds: their rows at max(p, 5 %) (edition 14; 1 % in 13), linear in ln p between rows, held beyond
  the last. A row's own p is exact;
- scintillation: zero above 50 %.

The terms share one p, as in P.618: the sky that is wetter than in all but p of the year has the rain, the cloud
and the vapour of that rank. Statistics are those of an average year, without season or hour of the day.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.kernel import kernel
from bentpipe.link.p618 import HELD_BELOW_PCT, TURBULENCE_HEIGHT_M, checked_elevation_deg
from bentpipe.link.p676 import zenith_gas_db
from bentpipe.link.p838 import RainCoefficients, rain_coefficients
from bentpipe.link.p840 import zenith_cloud_db
from bentpipe.link.validity import known_edition, within

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

RAIN_ENDS_PCT = 7.5
"""Rain attenuation reaches zero at this p at the earliest, %: assumed."""


class PlaceClimate(NamedTuple):
    """What the Recommendations' maps say of places, whatever the frequency; C places, K probabilities.

    Parameters
    ----------
    latitude_deg : (C,) float64
        Geodetic latitude, degrees.
    altitude_m : (C,) float64
        Height of the ground h_s above sea level (P.1511), m.
    rain_height_m : (C,) float64
        h_R above sea level (P.839), m.
    rain_rate_001_mm_h : (C,) float64
        Rain rate exceeded for 0.01 % of the year (P.837), mm/h.
    rain_probability_pct : (C,) float64
        P0 (P.837), %.
    wet_refractivity : (C,) float64
        Median N_wet (P.453), N-units.
    pressure_pa : (C,) float64
        Dry air pressure at the ground, Pa.
    temperature_k : (C,) float64
        Mean surface temperature (P.1510), K.
    p_pct : (K,) float64
        Probabilities of the rows below, %, rising; the first is 1 for edition 13, and 1 or 5 for edition 14.
    vapour_density_kg_m3 : (C, K) float64
        Surface water vapour density exceeded for p (P.836), kg/m3.
    vapour_column_kg_m2 : (C, K) float64
        Integrated water vapour exceeded for p (P.836), kg/m2.
    cloud_liquid_kg_m2 : (C, K) float64
        Column of reduced liquid exceeded for p (P.840-8), kg/m2.
    """

    latitude_deg: FloatArray
    altitude_m: FloatArray
    rain_height_m: FloatArray
    rain_rate_001_mm_h: FloatArray
    rain_probability_pct: FloatArray
    wet_refractivity: FloatArray
    pressure_pa: FloatArray
    temperature_k: FloatArray
    p_pct: FloatArray
    vapour_density_kg_m3: FloatArray
    vapour_column_kg_m2: FloatArray
    cloud_liquid_kg_m2: FloatArray


class BandWeather(NamedTuple):
    """The place table of one band: seven numbers for each place, two of them for each probability.

    Parameters
    ----------
    latitude_deg : (C,) float64
        Absolute latitude, degrees.
    rain_above_km : (C,) float64
        h_R - h_s, at least 0, km.
    log_rain_rate : (C,) float64
        ln R0.01, mm/h; minus infinity where there is no rain.
    rain_end_log_p : (C,) float64
        ln p_end, % (see the module).
    scintillation_db : (C,) float64
        sigma_ref f^(7/12), dB.
    gas_db, cloud_db : (C, K) float64
        At the zenith, dB.
    log_p : (K,) float64
        ln of the probabilities of the columns, %.
    scalars : (8,) float64
        k_H, k_V, alpha_H, alpha_V, cos 2 tau, f (GHz), eta D^2 (m2), ln of the held p (%).
    """

    latitude_deg: FloatArray
    rain_above_km: FloatArray
    log_rain_rate: FloatArray
    rain_end_log_p: FloatArray
    scintillation_db: FloatArray
    gas_db: FloatArray
    cloud_db: FloatArray
    log_p: FloatArray
    scalars: FloatArray


def band_weather(
    climate: PlaceClimate,
    frequency_hz: float,
    antenna_diameter_m: float,
    *,
    antenna_efficiency: float = 0.5,
    polarisation_tilt_deg: float = 45.0,
    edition: int = 14,
    gas_edition: int = 12,
    cloud_edition: int = 8,
) -> BandWeather:
    """Make the place table of one band.

    Parameters
    ----------
    climate : PlaceClimate
        C places.
    frequency_hz : float
        Frequency, 4e9 to 55e9 Hz.
    antenna_diameter_m : float
        Of the ground antenna; it averages scintillation, m.
    antenna_efficiency : float
        0 to 1.
    polarisation_tilt_deg : float
        Degrees against the horizontal; 45 for circular.
    edition : int
        Of P.618, 13 or 14. Edition 14 goes with P.676-13 and P.840-9 by the letter; with the editions that are coded
        it differs from the published totals of edition 14 as the documentation says.
    gas_edition, cloud_edition : int
        Of P.676 and P.840. `cloud_liquid_kg_m2` must come from the maps of that edition of P.840.

    Returns
    -------
    BandWeather
    """
    known_edition("P.618", edition, tuple(HELD_BELOW_PCT), {})
    f = float(within(frequency_hz, "frequency_hz", 4e9, 55e9, "Hz", "P.618, section 2.5")) / 1e9
    held = HELD_BELOW_PCT[edition]
    rows = within(climate.p_pct, "p_pct", 0.01, 100.0, "%", "place table")
    within(rows[0], "p_pct[0]", 0.01, held, "%", f"P.618-{edition} holds gases and clouds below it")
    within(np.diff(rows), "p_pct, step", 1e-6, 100.0, "%", "rows rise")
    diameter = float(within(antenna_diameter_m, "antenna_diameter_m", 0.0, 100.0, "m", "P.618"))
    efficiency = float(within(antenna_efficiency, "antenna_efficiency", 0.0, 1.0, "", "P.618"))
    tilt = float(within(polarisation_tilt_deg, "polarisation_tilt_deg", -90.0, 90.0, "degrees", "P.838-3"))
    scalars = (math.cos(2.0 * math.radians(tilt)), f, efficiency * diameter**2, math.log(held))
    gas = zenith_gas_db(
        frequency_hz,
        climate.pressure_pa[:, None],
        climate.temperature_k[:, None],
        climate.vapour_density_kg_m3,
        climate.vapour_column_kg_m2,
        climate.altitude_m[:, None],
        gas_edition,
    )
    cloud = zenith_cloud_db(frequency_hz, climate.cloud_liquid_kg_m2, cloud_edition)
    return _table(climate, rain_coefficients(frequency_hz), scalars, gas, cloud)


def _table(
    climate: PlaceClimate,
    coefficients: RainCoefficients,
    scalars: tuple[float, float, float, float],
    gas: FloatArray,
    cloud: FloatArray,
) -> BandWeather:
    """Check what is left of the climate and lay it out for the kernel."""
    latitude = within(climate.latitude_deg, "latitude_deg", -90.0, 90.0, "degrees", "P.618")
    rate = within(climate.rain_rate_001_mm_h, "rain_rate_001_mm_h", 0.0, 500.0, "mm/h", "P.837")
    wet = within(climate.wet_refractivity, "wet_refractivity", 0.0, 250.0, "N-units", "P.453")
    rains = within(climate.rain_probability_pct, "rain_probability_pct", 0.0, 100.0, "%", "P.837")
    above = within(climate.rain_height_m - climate.altitude_m, "rain_height_m - altitude_m", -9e3, 9e3, "m", "P.839")
    with np.errstate(divide="ignore"):
        log_rate = np.log(rate)
    columns = (
        np.abs(latitude),
        np.maximum(above, 0.0) / 1e3,
        log_rate,
        np.log(np.maximum(rains, RAIN_ENDS_PCT)),
        (3.6e-3 + 1e-4 * wet) * scalars[1] ** (7.0 / 12.0),
        gas,
        cloud,
        np.log(climate.p_pct),
        np.array((*coefficients, *scalars)),
    )
    return BandWeather(*(np.array(column, dtype=np.float64, order="C") for column in columns))


@kernel()
def _at_row(table: FloatArray, place: int, log_p: FloatArray, x: float) -> float:
    """Value of a place's row at ln p = x, linear between columns, held beyond the ends."""
    last = log_p.size - 1
    if x <= log_p[0]:
        return float(table[place, 0])
    for k in range(last):
        if x < log_p[k + 1]:
            share = (x - log_p[k]) / (log_p[k + 1] - log_p[k])
            return float(table[place, k] + share * (table[place, k + 1] - table[place, k]))
    return float(table[place, last])


@kernel()
def _rain_db(
    latitude: float, above_km: float, log_rate: float, end: float, band: FloatArray, elevation: float, log_p: float
) -> float:
    """Rain attenuation, dB: P.618, section 2.2.1.1, and the assumed end above 5 %."""
    if above_km <= 0.0 or log_rate < -30.0 or log_p >= end:
        return 0.0
    f = band[5]
    theta = math.radians(elevation)
    sine, cosine = math.sin(theta), math.cos(theta)
    mix = cosine * cosine * band[4]
    k = 0.5 * (band[0] + band[1] + (band[0] - band[1]) * mix)
    horizontal, vertical = band[0] * band[2], band[1] * band[3]
    alpha = 0.5 * (horizontal + vertical + (horizontal - vertical) * mix) / k
    gamma = k * math.exp(alpha * log_rate)
    slant = above_km / sine
    ground = slant * cosine
    reduction = 1.0 / (1.0 + 0.78 * math.sqrt(ground * gamma / f) - 0.38 * (1.0 - math.exp(-2.0 * ground)))
    rainy = slant * min(reduction, 1.0)
    chi = max(36.0 - latitude, 0.0)
    bend = 31.0 * (1.0 - math.exp(-elevation / (1.0 + chi))) * math.sqrt(rainy * gamma) / (f * f)
    a = gamma * rainy / (1.0 + math.sqrt(sine) * (bend - 0.45))
    five = math.log(5.0)
    x = min(log_p, five)
    p = math.exp(x)
    beta = 0.0
    if p < 1.0 and latitude < 36.0:
        beta = -0.005 * (latitude - 36.0)
        if elevation < 25.0:
            beta += 1.8 - 4.25 * sine
    exponent = 0.655 + 0.033 * x - 0.045 * math.log(a) - beta * (1.0 - p) * sine
    a *= math.exp(-exponent * (x - math.log(0.01)))
    if log_p > five:
        a *= (end - log_p) / (end - five)
    return float(a)


@kernel()
def _scintillation_db(sigma: float, band: FloatArray, elevation: float, log_p: float) -> float:
    """Scintillation fade, dB: P.618, section 2.4.1; zero above 50 %."""
    lg = log_p / math.log(10.0)
    factor = ((-0.061 * lg + 0.072) * lg - 1.71) * lg + 3.0
    if log_p > math.log(50.0) or factor <= 0.0:
        return 0.0
    sine = math.sin(math.radians(elevation))
    length = 2.0 * TURBULENCE_HEIGHT_M / (math.sqrt(sine * sine + 2.35e-4) + sine)
    x = max(1.22 * band[6] * band[5] / length, 1e-9)
    if x >= 7.0:
        return 0.0
    swing = 3.86 * (x * x + 1.0) ** (11.0 / 12.0) * math.sin(11.0 / 6.0 * math.atan(1.0 / x)) - 7.08 * x ** (5.0 / 6.0)
    return float(factor * sigma * math.sqrt(max(swing, 0.0)) / sine**1.2)


@kernel(
    "void(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[:, ::1], float64[:, ::1],"
    " float64[::1], float64[::1], int64[::1], float64[::1], float64[::1], float64[:, ::1])"
)
def _fill(
    latitude: FloatArray,
    above_km: FloatArray,
    log_rate: FloatArray,
    rain_end: FloatArray,
    sigma: FloatArray,
    gas: FloatArray,
    cloud: FloatArray,
    rows: FloatArray,
    band: FloatArray,
    place: IntArray,
    elevation: FloatArray,
    exceedance: FloatArray,
    out: FloatArray,
) -> None:
    """Write gas, cloud, rain, scintillation and total of each link, or the total alone; shape (N, 5) or (N, 1)."""
    for i in range(place.size):
        c, el = place[i], elevation[i]
        log_p = math.log(max(100.0 * exceedance[i], 0.001))
        sine = math.sin(math.radians(el))
        held = max(log_p, band[7])
        a_gas = _at_row(gas, c, rows, held) / sine
        a_cloud = _at_row(cloud, c, rows, held) / sine
        a_rain = _rain_db(latitude[c], above_km[c], log_rate[c], rain_end[c], band, el, log_p)
        a_scintillation = _scintillation_db(sigma[c], band, el, log_p)
        wet = a_rain + a_cloud
        total = a_gas + math.sqrt(wet * wet + a_scintillation * a_scintillation)
        if out.shape[1] == 1:
            out[i, 0] = total
        else:
            out[i, 0], out[i, 1], out[i, 2], out[i, 3], out[i, 4] = a_gas, a_cloud, a_rain, a_scintillation, total


def _run(table: BandWeather, place: ArrayLike, elevation: ArrayLike, exceedance: ArrayLike, width: int) -> FloatArray:
    """Check, broadcast and run the kernel."""
    raised = checked_elevation_deg(elevation)
    rank = within(exceedance, "exceedance", 0.0, 1.0, "", "a probability")
    numbers = within(place, "place", 0, len(table.latitude_deg) - 1, "", "number of a place of the table")
    arrays = np.broadcast_arrays(numbers.astype(np.int64), raised, rank)
    links, angle, probability = (np.array(array, order="C").ravel() for array in arrays)
    out = np.empty((links.size, width))
    _fill(*table, links, angle, probability, out)
    return out.reshape(*arrays[0].shape, width)


def attenuation_db(table: BandWeather, place: ArrayLike, elevation_deg: ArrayLike, exceedance: ArrayLike) -> FloatArray:
    """Total attenuation of links beyond free space, for the rank of their present weather.

    Parameters
    ----------
    table : BandWeather
        C places.
    place : array_like
        Number of the place of each link, 0 to C - 1; shape (...).
    elevation_deg : array_like
        5 to 90 degrees; broadcast.
    exceedance : array_like
        Probability that the weather is worse than this, 0 to 1 (not %); broadcast.

    Returns
    -------
    ndarray of float64
        dB, shape of the broadcast arguments. P.618-13 or -14, section 2.5, from 0.001 to 5 %; see the module for
        what is assumed outside.
    """
    return _run(table, place, elevation_deg, exceedance, 1)[..., 0]


def attenuation_parts_db(
    table: BandWeather, place: ArrayLike, elevation_deg: ArrayLike, exceedance: ArrayLike
) -> dict[str, FloatArray]:
    """The terms of `attenuation_db`, for a link budget that is to be read.

    Parameters
    ----------
    table, place, elevation_deg, exceedance
        See :func:`attenuation_db`.

    Returns
    -------
    dict of str to ndarray of float64
        "gas", "cloud", "rain", "scintillation" and "total", dB, each of the broadcast shape.
    """
    out = _run(table, place, elevation_deg, exceedance, 5)
    return {name: out[..., i].copy() for i, name in enumerate(("gas", "cloud", "rain", "scintillation", "total"))}
