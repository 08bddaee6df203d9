"""Weather that moves: a Gaussian field over the globe and time, from keyed draws, read as an exceedance.

A field is a sum of M cosines with fixed wave vectors, phases and frequencies (the spectral method: Shinozuka and
Deodatis, Applied Mechanics Reviews 44, 1991)::

    Z(x, t) = sqrt(2/M) sum_m cos(k_m . (x - v t) + w_m t + phi_m),     p = Q(Z)

x is the place on a sphere in Earth-fixed coordinates, v the wind, t absolute time. Every value is a function of
(seed, place, time) alone, so that no cut of a run and no other place changes it. Over seeds Z has mean 0,
variance exactly 1 and, because the wave vectors are drawn from the spectra of the two terms, exactly the
correlation over the distance d

    rho(d) = 0.7 exp(-d / 60 km) + 0.3 exp(-(d / 700 km)^2)

which P.618-13, section 2.2.4.1 gives for the Gaussian behind rainfall at two sites. At one place it falls in time
as rho(|v| t) exp(-t / T). *Assumed*: T = 12,000 s and a wind of 10 m/s from the west, with which the correlation
starts to fall at 2e-4 for each second, the rate of P.1853-2 for rain attenuation; that clouds and vapour go with
the rain. Z is a sum of many terms and nearly normal: its excess kurtosis is -1.5/M.

The wind is one vector, tangent to the sphere at the anchor. 1,000 km from there it leans by 9 degrees out of
the ground, which shortens it by 1 %; a quarter of the globe away nothing is carried along any more, though
the correlations hold everywhere.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.draws import Purpose, uniforms
from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel
from bentpipe.link.validity import within
from bentpipe.linkqueue.normal import normal_quantile

FloatArray = NDArray[np.float64]

EARTH_RADIUS_M = 6_371_000.0
"""Of the sphere that the field lives on, m."""
SHORT_SHARE = 0.7
"""Share of the variance with the short range (P.618-13, section 2.2.4.1)."""
SHORT_RANGE_M = 60e3
"""Range of the exponential term, m (P.618-13, section 2.2.4.1)."""
LONG_RANGE_M = 700e3
"""Range of the Gaussian term, m (P.618-13, section 2.2.4.1)."""
DECAY_S = 12_000.0
"""Time in which the correlation falls to 1/e in air that moves along, s: assumed."""
WIND_EAST_M_S = 10.0
"""Drift of the weather to the east, m/s: assumed."""
MODES = 500
"""Cosines in the sum: a multiple of 10 gives the two terms their exact shares."""


NARROWEST = 1e-4
"""Bound of the divisor that makes short waves: none is shorter than some 40 m."""
FASTEST_RAD_S = 0.1
"""Bound of a mode's own frequency: about a turn in a minute."""


class RainField(NamedTuple):
    """The modes of a field, M of them.

    Parameters
    ----------
    wave_rad_m : (M, 3) float64
        Wave vectors, Earth-fixed, rad/m.
    phase_rad : (M,) float64
        Phases, rad.
    rate_rad_s : (M,) float64
        Change of phase with time at a place, w_m - k_m . v, rad/s.
    """

    wave_rad_m: FloatArray
    phase_rad: FloatArray
    rate_rad_s: FloatArray


def rain_field(
    seed: int,
    latitude_deg: float,
    longitude_deg: float,
    *,
    wind_east_m_s: float = WIND_EAST_M_S,
    wind_north_m_s: float = 0.0,
    decay_s: float = DECAY_S,
    modes: int = MODES,
) -> RainField:
    """Draw a field.

    Parameters
    ----------
    seed : int
        Seed of the run, 32 bits.
    latitude_deg, longitude_deg : float
        Anchor of the wind, degrees; the middle of the territory. It does not enter where the wind is zero.
    wind_east_m_s, wind_north_m_s : float
        Velocity of the weather at the anchor, m/s, each within 100.
    decay_s : float
        Time in which moving weather changes, s, 60 to 1e7.
    modes : int
        Cosines, 64 to 4,096.

    Returns
    -------
    RainField
        Spectral method of Shinozuka and Deodatis 1991, correlation of P.618-13, section 2.2.4.1.
    """
    within(modes, "modes", 64, 4096, "", "spectral sum")
    within([wind_east_m_s, wind_north_m_s], "wind_m_s", -100.0, 100.0, "m/s", "winds of the lower air")
    within(decay_s, "decay_s", 60.0, 1e7, "s", "life of weather")
    within(latitude_deg, "latitude_deg", -90.0, 90.0, "degrees", "WGS 84")
    number = np.arange(modes)
    draw = [uniforms(seed, Purpose.RAIN_FIELD, k, number, 0) for k in range(6)]
    axis = np.stack([_quantiles(u) for u in draw[:3]], axis=-1)
    short = number < round(SHORT_SHARE * modes)
    # exp(-d/L) is the characteristic function of the Cauchy distribution in three dimensions: normal vector over
    # normal number. That number and the Cauchy frequency are stratified, which evens out single realisations.
    count, rank = np.where(short, short.sum(), modes), np.where(short, number, 0)
    width = np.maximum(np.abs(_quantiles(np.where(short, 0.5 + 0.5 * (rank + draw[3]) / count, 0.75))), NARROWEST)
    wave = np.where(short, 1.0 / (SHORT_RANGE_M * width), math.sqrt(2.0) / LONG_RANGE_M)[:, None] * axis
    shuffled = _ranks(uniforms(seed, Purpose.RAIN_FIELD, 6, number, 0))
    drift = np.clip(np.tan(math.pi * ((shuffled + draw[4]) / modes - 0.5)) / decay_s, -FASTEST_RAD_S, FASTEST_RAD_S)
    wind = _tangent(latitude_deg, longitude_deg) @ np.array([wind_east_m_s, wind_north_m_s])
    rate = drift - np.sum(wave * wind, axis=1)
    return RainField(*(np.ascontiguousarray(x) for x in (wave, 2.0 * math.pi * draw[5], rate)))


def _ranks(draw: FloatArray) -> NDArray[np.int64]:
    """Ranks of draws: a random permutation."""
    return np.argsort(np.argsort(draw, kind="stable"), kind="stable")


@kernel("float64[::1](float64[::1])")
def _quantile_array(u: FloatArray) -> FloatArray:
    """Standard normal quantiles, shape (N,)."""
    out = np.empty_like(u)
    for i in range(u.size):
        out[i] = normal_quantile(u[i])
    return out


def _quantiles(u: FloatArray) -> FloatArray:
    """Standard normal quantiles of draws."""
    return np.asarray(_quantile_array(np.ascontiguousarray(u)), dtype=np.float64)


def _tangent(latitude_deg: float, longitude_deg: float) -> FloatArray:
    """East and north as columns, Earth-fixed, shape (3, 2)."""
    lat, lon = math.radians(latitude_deg), math.radians(longitude_deg)
    east = (-math.sin(lon), math.cos(lon), 0.0)
    north = (-math.sin(lat) * math.cos(lon), -math.sin(lat) * math.sin(lon), math.cos(lat))
    return np.array([east, north]).T


@kernel("void(float64[:, ::1], float64[::1], float64[::1], float64[:, ::1], float64[::1], boolean, float64[:, ::1])")
def _sum_modes(
    wave: FloatArray,
    phase: FloatArray,
    rate: FloatArray,
    position: FloatArray,
    unix_s: FloatArray,
    as_exceedance: bool,
    out: FloatArray,
) -> None:
    """Field, or its exceedance, at places and times, shape (P, T): cos(a + b) by the cosines of a and of b."""
    modes, times = phase.size, unix_s.size
    cos_t, sin_t = np.empty((modes, times)), np.empty((modes, times))
    for m in range(modes):
        for t in range(times):
            angle = rate[m] * unix_s[t]
            cos_t[m, t], sin_t[m, t] = math.cos(angle), math.sin(angle)
    scale = math.sqrt(2.0 / modes)
    for p in range(position.shape[0]):
        row = out[p]
        row[:] = 0.0
        for m in range(modes):
            angle = wave[m, 0] * position[p, 0] + wave[m, 1] * position[p, 1] + wave[m, 2] * position[p, 2] + phase[m]
            c, s = math.cos(angle), math.sin(angle)
            for t in range(times):
                row[t] += c * cos_t[m, t] - s * sin_t[m, t]
        for t in range(times):
            z = scale * row[t]
            row[t] = 0.5 * math.erfc(z / math.sqrt(2.0)) if as_exceedance else z


def _evaluate(
    field: RainField, latitude_deg: ArrayLike, longitude_deg: ArrayLike, unix_s: ArrayLike, as_exceedance: bool
) -> FloatArray:
    """Check and run the kernel, some hundred times at once so that the tables of the times stay small."""
    lat = np.radians(within(latitude_deg, "latitude_deg", -90.0, 90.0, "degrees", "WGS 84").ravel())
    lon = np.radians(within(longitude_deg, "longitude_deg", -360.0, 360.0, "degrees", "WGS 84").ravel())
    times = np.ascontiguousarray(within(unix_s, "unix_s", -1e10, 1e10, "s", "Unix time").ravel())
    if lat.size != lon.size:
        raise InputError(Fault("latitudes and longitudes differ in number", "longitude_deg", lon.size, str(lat.size)))
    ball = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    position = np.ascontiguousarray(EARTH_RADIUS_M * ball)
    out = np.empty((lat.size, times.size))
    for first in range(0, times.size, 240):
        part = np.empty((lat.size, min(240, times.size - first)))
        _sum_modes(*field, position, times[first : first + 240].copy(), as_exceedance, part)
        out[:, first : first + 240] = part
    return out


def gaussian_field(
    field: RainField, latitude_deg: ArrayLike, longitude_deg: ArrayLike, unix_s: ArrayLike
) -> FloatArray:
    """Value of the field; high is wet.

    Parameters
    ----------
    field : RainField
        From :func:`rain_field`.
    latitude_deg, longitude_deg : array_like
        P places, degrees, east positive.
    unix_s : array_like
        T absolute times, s since 1970-01-01 UTC, in any order.

    Returns
    -------
    (P, T) ndarray of float64
        Standard normal over seeds; the same for a place and a time whatever else is asked.
    """
    return _evaluate(field, latitude_deg, longitude_deg, unix_s, False)


def exceedance(field: RainField, latitude_deg: ArrayLike, longitude_deg: ArrayLike, unix_s: ArrayLike) -> FloatArray:
    """Rank of the present weather: the probability that it is worse.

    Parameters
    ----------
    field, latitude_deg, longitude_deg, unix_s
        See :func:`gaussian_field`.

    Returns
    -------
    (P, T) ndarray of float64
        Q(Z), 0 to 1, uniform over seeds; what :func:`bentpipe.link.placeweather.attenuation_db` takes.
    """
    return _evaluate(field, latitude_deg, longitude_deg, unix_s, True)
