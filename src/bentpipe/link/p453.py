"""Wet term of the radio refractivity: Recommendation ITU-R P.453-14 (08/2019), the only edition coded.

For scintillation the Recommendation's map of the median N_wet is better than the value from mean surface
conditions; the map is an input, not part of bentpipe.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.link.validity import within

SOURCE = "P.453-14"


def saturation_vapour_pressure_pa(temperature_k: ArrayLike, pressure_pa: ArrayLike) -> NDArray[np.float64]:
    """Saturation vapour pressure over water.

    Parameters
    ----------
    temperature_k : array_like
        Air temperature, K, 233.15 to 323.15; shape (...).
    pressure_pa : array_like
        Total pressure, Pa; broadcast.

    Returns
    -------
    ndarray of float64
        Pa. P.453-14, over water: EF a exp((b - t/d) t / (t + c)), t in degrees Celsius.
    """
    t = within(temperature_k, "temperature_k", 233.15, 323.15, "K", SOURCE) - 273.15
    p = within(pressure_pa, "pressure_pa", 1e4, 1.2e5, "Pa", SOURCE) / 100.0
    enhancement = 1.0 + 1e-4 * (7.2 + p * (0.0320 + 5.9e-6 * t * t))
    return np.asarray(100.0 * enhancement * 6.1121 * np.exp((18.678 - t / 234.5) * t / (t + 257.14)), np.float64)


def wet_refractivity(
    temperature_k: ArrayLike, relative_humidity_pct: ArrayLike, pressure_pa: ArrayLike = 101_325.0
) -> NDArray[np.float64]:
    """Wet term of the refractivity from surface conditions.

    Parameters
    ----------
    temperature_k : array_like
        Air temperature, K, 233.15 to 323.15; shape (...).
    relative_humidity_pct : array_like
        Relative humidity, 0 to 100 %; broadcast.
    pressure_pa : array_like
        Total pressure, Pa; broadcast.

    Returns
    -------
    ndarray of float64
        N_wet = 72 e/T + 3.75e5 e/T^2, N-units, e in hPa. P.453-14.
    """
    humidity = within(relative_humidity_pct, "relative_humidity_pct", 0.0, 100.0, "%", SOURCE)
    e = humidity / 100.0 * saturation_vapour_pressure_pa(temperature_k, pressure_pa) / 100.0
    kelvin = np.asarray(temperature_k, dtype=np.float64)
    return np.asarray(72.0 * e / kelvin + 3.75e5 * e / kelvin**2, dtype=np.float64)
