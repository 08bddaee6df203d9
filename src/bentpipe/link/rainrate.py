"""Attenuation of a rain that is given, such as a radar's or a forecast's, rather than its statistics.

P.618 predicts the distribution over a year, not the fade of a given rain. Here its effective path length at R0.01
of the place stands for the path, and P.838 gives the attenuation of each kilometre at the present rate::

    A(R) = gamma(R) L_E(R0.01)

so that A(R0.01) is P.618's A_0.01. *Assumed*: light, widespread rain fills more of the path than that, so small
rates are underestimated.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.kernel import kernel
from bentpipe.link.p618 import effective_path_m
from bentpipe.link.p838 import specific_attenuation_db_km
from bentpipe.link.validity import within
from bentpipe.linkqueue.normal import normal_quantile


def attenuation_of_rate_db(
    rain_rate_mm_h: ArrayLike,
    rain_rate_001_mm_h: ArrayLike,
    frequency_hz: float,
    elevation_deg: ArrayLike,
    latitude_deg: ArrayLike,
    rain_above_m: ArrayLike,
    polarisation_tilt_deg: ArrayLike = 45.0,
) -> NDArray[np.float64]:
    """Rain attenuation for the rain rate at the place now.

    Parameters
    ----------
    rain_rate_mm_h : array_like
        Rate now, mm/h, 0 to 1,000; shape (...).
    rain_rate_001_mm_h : array_like
        Rate exceeded for 0.01 % of the year at the place (P.837), mm/h; broadcast.
    frequency_hz : float
        1e9 to 55e9 Hz.
    elevation_deg, latitude_deg : array_like
        5 to 90, and -90 to 90 degrees; broadcast.
    rain_above_m : array_like
        Rain height above the place, h_R - h_s, m; broadcast.
    polarisation_tilt_deg : array_like
        Degrees; 45 for circular.

    Returns
    -------
    ndarray of float64
        dB, shape of the broadcast arguments. P.838-3, equation 1, times the effective path of P.618, section
        2.2.1.1.
    """
    typical = specific_attenuation_db_km(rain_rate_001_mm_h, frequency_hz, elevation_deg, polarisation_tilt_deg)
    path = effective_path_m(typical, frequency_hz, elevation_deg, latitude_deg, rain_above_m)
    now = specific_attenuation_db_km(rain_rate_mm_h, frequency_hz, elevation_deg, polarisation_tilt_deg)
    return np.asarray(now * path / 1e3, dtype=np.float64)


@kernel("void(float64[::1], float64[::1], float64[::1], float64[::1])")
def _rates(
    exceedance: NDArray[np.float64], rate_001: NDArray[np.float64], p0: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    for i in range(out.size):
        if exceedance[i] >= p0[i] or rate_001[i] <= 0.0 or p0[i] <= 1e-4:
            out[i] = 0.0
            continue
        rank = max(exceedance[i], 1e-5) / p0[i]
        out[i] = rate_001[i] * math.exp(1.26 * (normal_quantile(1e-4 / p0[i]) - normal_quantile(rank)))


def rain_rate_of_exceedance_mm_h(
    exceedance: ArrayLike, rain_rate_001_mm_h: ArrayLike, rain_probability_pct: ArrayLike
) -> NDArray[np.float64]:
    """Rain rate at a place when its weather has a rank.

    Parameters
    ----------
    exceedance : array_like
        Probability that the weather is worse, 0 to 1; shape (...). Below 1e-5 it is held there.
    rain_rate_001_mm_h : array_like
        Rate exceeded for 0.01 % of the year (P.837), mm/h; broadcast.
    rain_probability_pct : array_like
        P0, %; broadcast.

    Returns
    -------
    ndarray of float64
        mm/h; 0 where the rank is above P0. P0 Q((ln R - mu) / 1.26) = p, the law of P.837-7 for one month, with mu
        such that R0.01 is met: *assumed* to hold for the whole year, whose months P.837 adds up.
    """
    given = (
        within(exceedance, "exceedance", 0.0, 1.0, "", "a probability"),
        within(rain_rate_001_mm_h, "rain_rate_001_mm_h", 0.0, 500.0, "mm/h", "P.837"),
        within(rain_probability_pct, "rain_probability_pct", 0.0, 100.0, "%", "P.837") / 100.0,
    )
    arrays = np.broadcast_arrays(*given)
    rank, rate, p0 = (np.array(array, np.float64, order="C").ravel() for array in arrays)
    out = np.empty(rank.size)
    _rates(rank, rate, p0, out)
    return out.reshape(arrays[0].shape)
