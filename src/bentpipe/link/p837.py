"""Rain rate statistics: Recommendation ITU-R P.837-7 (06/2017), the only edition coded.

R0.01 itself is a map of the Recommendation, an input. From monthly mean rainfall and temperature the method of
Annex 1 gives the probability of rain and the rate exceeded for any other share of the year.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.kernel import kernel
from bentpipe.link.validity import known_edition, within

FloatArray = NDArray[np.float64]

SOURCE = "P.837-7, Annex 1"
DAYS = np.array([31.0, 28.25, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0])
"""Days of each month of the average year."""


def monthly_rain(rainfall_mm: ArrayLike, temperature_k: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Probability of rain in each month, and the rate that scales its distribution.

    Parameters
    ----------
    rainfall_mm : array_like
        Mean total rainfall of each month, mm, 0 to 5,000; shape (..., 12).
    temperature_k : array_like
        Mean surface temperature of each month, K, 200 to 330; shape (..., 12).

    Returns
    -------
    tuple of ndarray of float64
        Probability, % of the month, and rate r, mm/h; shape (..., 12). P.837-7, steps 4 to 6: r = 0.5874 exp(0.0883 t)
        above 0 degrees C, probability at most 70 %.
    """
    rain = within(rainfall_mm, "rainfall_mm", 0.0, 5000.0, "mm", SOURCE)
    celsius = within(temperature_k, "temperature_k", 200.0, 330.0, "K", SOURCE) - 273.15
    rate = 0.5874 * np.exp(0.0883 * np.maximum(celsius, 0.0))
    probability = 100.0 * rain / (24.0 * DAYS * rate)
    capped = probability > 70.0
    rate = np.where(capped, 100.0 / 70.0 * rain / (24.0 * DAYS), rate)
    return np.where(capped, 70.0, probability), np.asarray(rate, dtype=np.float64)


def rain_probability_pct(rainfall_mm: ArrayLike, temperature_k: ArrayLike, edition: int = 7) -> FloatArray:
    """Share of the average year in which it rains at a place.

    Parameters
    ----------
    rainfall_mm, temperature_k : array_like
        See :func:`monthly_rain`.
    edition : int
        7.

    Returns
    -------
    ndarray of float64
        P0, %, shape (...). P.837-7, equation 3.
    """
    known_edition("P.837", edition, (7,), {})
    probability, _ = monthly_rain(rainfall_mm, temperature_k)
    return np.asarray(np.sum(DAYS * probability, axis=-1) / 365.25, dtype=np.float64)


def rain_rate_mm_h(rainfall_mm: ArrayLike, temperature_k: ArrayLike, p_pct: float, edition: int = 7) -> FloatArray:
    """Rain rate exceeded for a share of the average year.

    Parameters
    ----------
    rainfall_mm, temperature_k : array_like
        See :func:`monthly_rain`.
    p_pct : float
        Share of the year, 0.001 to 100 %. At 0.01 % the map of R0.01 stands above this method.
    edition : int
        7.

    Returns
    -------
    ndarray of float64
        mm/h, shape (...); 0 where it rains for less than that. P.837-7, step 8: bisection on
        sum N P0 Q((ln R + 0.7938 - ln r)/1.26) / 365.25 = p.
    """
    known_edition("P.837", edition, (7,), {})
    p = float(within(p_pct, "p_pct", 0.001, 100.0, "%", SOURCE))
    probability, rate = (np.ascontiguousarray(x) for x in monthly_rain(rainfall_mm, temperature_k))
    shape = probability.shape[:-1]
    out = np.empty(int(np.prod(shape)))
    weights = (DAYS / 365.25 * probability).reshape(-1, 12)
    _bisect(np.ascontiguousarray(weights), np.log(np.maximum(rate, 1e-12)).reshape(-1, 12).copy(), p, out)
    return out.reshape(shape)


@kernel("void(float64[:, ::1], float64[:, ::1], float64, float64[::1])")
def _bisect(weight_pct: FloatArray, log_rate: FloatArray, p_pct: float, out: FloatArray) -> None:
    """Rate at which the weighted tails sum to p, for each row; monthly weights in %, shape (N, 12)."""
    for i in range(out.size):
        total = 0.0
        for m in range(12):
            total += weight_pct[i, m]
        if total <= p_pct:
            out[i] = 0.0
            continue
        low, high = math.log(1e-10), math.log(1000.0)
        for _ in range(60):
            middle = 0.5 * (low + high)
            above = 0.0
            for m in range(12):
                z = (middle + 0.7938 - log_rate[i, m]) / 1.26
                above += weight_pct[i, m] * 0.5 * math.erfc(z / math.sqrt(2.0))
            if above > p_pct:
                low = middle
            else:
                high = middle
        out[i] = math.exp(0.5 * (low + high))
