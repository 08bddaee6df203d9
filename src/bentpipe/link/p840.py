"""Attenuation by clouds: Recommendation ITU-R P.840-8 (08/2019) and the formula of P.840-9 (08/2023).

The columns of liquid water come from the Recommendation's maps, which are inputs: P.840-8 wants the column of
*reduced* liquid L_red (as if all drops were at 0 degrees C), P.840-9 the integrated column L of its own, newer
maps. Do not give one edition the other's column.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.link.validity import known_edition, within

FloatArray = NDArray[np.float64]


def mass_absorption_coefficient(frequency_hz: ArrayLike, temperature_k: float) -> FloatArray:
    """Attenuation of cloud liquid water for a unit of column, by the double-Debye permittivity of water.

    Parameters
    ----------
    frequency_hz : array_like
        Frequency, 1e9 to 200e9 Hz, shape (...).
    temperature_k : float
        Temperature of the liquid, K.

    Returns
    -------
    ndarray of float64
        K_l, dB m2/kg (the same number as (dB/km)/(g/m3)). P.840-8, equations 2 to 11.
    """
    f = within(frequency_hz, "frequency_hz", 1e9, 200e9, "Hz", "P.840") / 1e9
    theta = 300.0 / temperature_k - 1.0
    static = 77.66 + 103.3 * theta
    middle, fast = 0.0671 * static, 3.52
    principal = 20.20 - 146.0 * theta + 316.0 * theta**2
    secondary = 39.8 * principal
    x, y = f / principal, f / secondary
    real = (static - middle) / (1.0 + x**2) + (middle - fast) / (1.0 + y**2) + fast
    imaginary = x * (static - middle) / (1.0 + x**2) + y * (middle - fast) / (1.0 + y**2)
    eta = (2.0 + real) / imaginary
    return np.asarray(0.819 * f / (imaginary * (1.0 + eta**2)), dtype=np.float64)


def zenith_cloud_db(frequency_hz: float, liquid_column_kg_m2: ArrayLike, edition: int = 8) -> FloatArray:
    """Zenith attenuation of clouds; a path divides it by sin(elevation), from 5 degrees up.

    Parameters
    ----------
    frequency_hz : float
        Frequency, 1e9 to 200e9 Hz.
    liquid_column_kg_m2 : array_like
        Column exceeded for the wanted share of time, kg/m2, 0 to 20, shape (...): L_red for edition 8, the integrated
        column L for edition 9.
    edition : int
        8 or 9.

    Returns
    -------
    ndarray of float64
        dB, shape (...). P.840-8: L_red K_l(f, 273.15 K); P.840-9, equation 12:
        L K_l(f, 273.75 K) (A_1 exp(-(f - f_1)^2/s_1) + A_2 exp(-(f - f_2)^2/s_2) + A_3).
    """
    known_edition("P.840", edition, (8, 9), {})
    column = within(liquid_column_kg_m2, "liquid_column_kg_m2", 0.0, 20.0, "kg/m2", f"P.840-{edition}")
    if edition == 8:
        return np.asarray(column * mass_absorption_coefficient(frequency_hz, 273.15), dtype=np.float64)
    f = frequency_hz / 1e9
    fit = (
        0.1522 * np.exp(-((f + 23.9589) ** 2) / 3.2991e3) + 11.51 * np.exp(-((f - 219.2096) ** 2) / 2.7595e6) - 10.4912
    )
    return np.asarray(column * mass_absorption_coefficient(frequency_hz, 273.75) * fit, dtype=np.float64)
