"""Attenuation by atmospheric gases: Recommendation ITU-R P.676-12 (08/2019), Annex 2 (approximate method).

Line-by-line specific attenuation at the surface (Annex 1), times an equivalent height for oxygen and a scaling
by the columnar content for water vapour, gives the zenith attenuation; a path divides it by sin(elevation).
P.676-13 (08/2022) is refused: its water vapour method needs the maps of P.2145 and its oxygen height new tables.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.link.p676lines import OXYGEN, WATER_VAPOUR
from bentpipe.link.validity import known_edition, within

FloatArray = NDArray[np.float64]

SOURCE = "P.676-12, Annex 2"
_MISSING = {13: "needs the maps of P.2145 and new tables of the oxygen height, which bentpipe does not have"}

# Annex 2: strength and centre (GHz) of the oxygen lines in t_2.
_OXYGEN_HEIGHT = ((0.1597, 118.750334), (0.1066, 368.498246), (0.1325, 424.763020), (0.1242, 487.249273),
                  (0.0938, 715.392902), (0.1448, 773.839490), (0.1374, 834.145546))  # fmt: skip


def _surface(
    pressure_pa: ArrayLike, temperature_k: ArrayLike, vapour_density_kg_m3: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Checked dry pressure (hPa), temperature (K) and vapour density (g/m3)."""
    pressure = within(pressure_pa, "pressure_pa", 1.0, 1.2e5, "Pa", SOURCE) / 100.0
    temperature = within(temperature_k, "temperature_k", 150.0, 350.0, "K", SOURCE)
    return pressure, temperature, within(vapour_density_kg_m3, "vapour_density_kg_m3", 0.0, 0.1, "kg/m3", SOURCE) * 1e3


def _frequency_ghz(frequency_hz: float) -> float:
    """Checked frequency of Annex 2, GHz."""
    return float(within(frequency_hz, "frequency_hz", 1e9, 350e9, "Hz", SOURCE)) / 1e9


def _oxygen(f: float, pressure: FloatArray, temperature: FloatArray, density: FloatArray) -> FloatArray:
    """Specific attenuation of dry air, dB/km: equations 1 to 8 with table 1; hPa, K, g/m3."""
    p, t, rho = (np.asarray(x)[..., None] for x in np.broadcast_arrays(pressure, temperature, density))
    f0, a1, a2, a3, a4, a5, a6 = np.array(OXYGEN).T
    theta, e = 300.0 / t, rho * t / 216.7
    strength = a1 * 1e-7 * p * theta**3 * np.exp(a2 * (1.0 - theta))
    width = np.sqrt((a3 * 1e-4 * (p * theta ** (0.8 - a4) + 1.1 * e * theta)) ** 2 + 2.25e-6)
    overlap = (a5 + a6 * theta) * 1e-4 * (p + e) * theta**0.8
    below = (width - overlap * (f0 - f)) / ((f0 - f) ** 2 + width**2)
    above = (width - overlap * (f0 + f)) / ((f0 + f) ** 2 + width**2)
    lines = np.sum(strength * f / f0 * (below + above), axis=-1)
    p, theta, e = p[..., 0], theta[..., 0], e[..., 0]
    d = 5.6e-4 * (p + e) * theta**0.8
    debye = 6.14e-5 / (d * (1.0 + (f / d) ** 2)) + 1.4e-12 * p * theta**1.5 / (1.0 + 1.9e-5 * f**1.5)
    return np.asarray(0.1820 * f * (lines + f * p * theta**2 * debye), dtype=np.float64)


def _vapour(f: float, pressure: FloatArray, temperature: FloatArray, density: FloatArray) -> FloatArray:
    """Specific attenuation of water vapour, dB/km: equations 1 to 7 with table 2; hPa, K, g/m3."""
    p, t, rho = (np.asarray(x)[..., None] for x in np.broadcast_arrays(pressure, temperature, density))
    f0, b1, b2, b3, b4, b5, b6 = np.array(WATER_VAPOUR).T
    theta, e = 300.0 / t, rho * t / 216.7
    strength = b1 * 1e-1 * e * theta**3.5 * np.exp(b2 * (1.0 - theta))
    width = b3 * 1e-4 * (p * theta**b4 + b5 * e * theta**b6)
    width = 0.535 * width + np.sqrt(0.217 * width**2 + 2.1316e-12 * f0**2 / theta)
    shape = width / ((f0 - f) ** 2 + width**2) + width / ((f0 + f) ** 2 + width**2)
    return np.asarray(0.1820 * f * np.sum(strength * f / f0 * shape, axis=-1), dtype=np.float64)


def specific_attenuation_db_km(
    frequency_hz: float, pressure_pa: ArrayLike, temperature_k: ArrayLike, vapour_density_kg_m3: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Specific attenuation of dry air and of water vapour.

    Parameters
    ----------
    frequency_hz : float
        Frequency, 1e9 to 350e9 Hz.
    pressure_pa : array_like
        Dry air pressure, Pa, shape (...).
    temperature_k : array_like
        Temperature, K; broadcast.
    vapour_density_kg_m3 : array_like
        Water vapour density, kg/m3; broadcast.

    Returns
    -------
    tuple of ndarray of float64
        Dry air and water vapour, dB/km, shape of the broadcast arguments. P.676-12, Annex 1, equations 1 to 8.
    """
    state = _surface(pressure_pa, temperature_k, vapour_density_kg_m3)
    f = _frequency_ghz(frequency_hz)
    return _oxygen(f, *state), _vapour(f, *state)


def oxygen_height_m(
    frequency_hz: float, pressure_pa: ArrayLike, temperature_k: ArrayLike, vapour_density_kg_m3: ArrayLike
) -> FloatArray:
    """Equivalent height of dry air.

    Parameters
    ----------
    frequency_hz, pressure_pa, temperature_k, vapour_density_kg_m3
        See :func:`specific_attenuation_db_km`.

    Returns
    -------
    ndarray of float64
        h_o, m. P.676-12, Annex 2, equations 30 to 34; below 70 GHz at most 10.7 r_p^0.3 km.
    """
    p, t, rho = _surface(pressure_pa, temperature_k, vapour_density_kg_m3)
    f = _frequency_ghz(frequency_hz)
    rp = (p + rho * t / 216.7) / 1013.25
    t1 = 5.1040 / (1.0 + 0.066 * rp**-2.3) * np.exp(-(((f - 59.7) / (2.87 + 12.4 * np.exp(-7.9 * rp))) ** 2))
    t2 = sum(c * np.exp(2.12 * rp) / ((f - f0) ** 2 + 0.025 * np.exp(2.2 * rp)) for c, f0 in _OXYGEN_HEIGHT)
    curve = (15.02 * f**2 - 1353.0 * f + 5.333e4) / (f**3 - 151.3 * f**2 + 9629.0 * f - 6803.0)
    t3 = 0.0114 * f / (1.0 + 0.14 * rp**-2.6) * curve
    height = 6.1 * (0.7832 + 0.00709 * (t - 273.15)) / (1.0 + 0.17 * rp**-1.1) * (1.0 + t1 + t2 + t3)
    return np.asarray(1e3 * (np.minimum(height, 10.7 * rp**0.3) if f < 70.0 else height), dtype=np.float64)


def zenith_vapour_db(frequency_hz: float, vapour_column_kg_m2: ArrayLike, altitude_m: ArrayLike) -> FloatArray:
    """Zenith attenuation of water vapour from its columnar content.

    Parameters
    ----------
    frequency_hz : float
        Frequency, 1e9 to 350e9 Hz.
    vapour_column_kg_m2 : array_like
        Integrated water vapour V_t above the place, kg/m2, 0 to 150; shape (...).
    altitude_m : array_like
        Altitude of the place, m; broadcast. Used between 0 and 4 km, as the Recommendation says.

    Returns
    -------
    ndarray of float64
        dB. P.676-12, Annex 2, section 2.3: 0.0176 V_t gamma_w(f)/gamma_w(20.6 GHz) at a reference state, times
        a h^b + 1 from 20 GHz up.
    """
    f = _frequency_ghz(frequency_hz)
    column = within(vapour_column_kg_m2, "vapour_column_kg_m2", 0.0, 150.0, "kg/m2", SOURCE)
    h = np.clip(within(altitude_m, "altitude_m", -500.0, 9000.0, "m", SOURCE) / 1e3, 0.0, 4.0)
    safe = np.maximum(column, 1e-3)  # the reference temperature has ln V_t; the column itself multiplies below
    state = (np.full_like(safe, 845.0), 14.0 * np.log(0.22 * safe / 2.38) + 3.0 + 273.15, safe / 2.38)
    out = 0.0176 * column * _vapour(f, *state) / _vapour(20.6, *state)
    if f < 20.0:
        return np.asarray(out + 0.0 * h, dtype=np.float64)
    a = (0.2048 * np.exp(-(((f - 22.43) / 3.097) ** 2)) + 0.2326 * np.exp(-(((f - 183.5) / 4.096) ** 2))
         + 0.2073 * np.exp(-(((f - 325.0) / 3.651) ** 2)) - 0.1113)  # fmt: skip
    b = 8.741e4 * np.exp(-0.587 * f) + 312.2 * f**-2.38 + 0.723
    return np.asarray(out * (a * h**b + 1.0), dtype=np.float64)


def zenith_gas_db(
    frequency_hz: float,
    pressure_pa: ArrayLike,
    temperature_k: ArrayLike,
    vapour_density_kg_m3: ArrayLike,
    vapour_column_kg_m2: ArrayLike,
    altitude_m: ArrayLike,
    edition: int = 12,
) -> FloatArray:
    """Zenith attenuation of dry air and water vapour; a path divides it by sin(elevation), from 5 degrees up.

    Parameters
    ----------
    frequency_hz : float
        Frequency, 1e9 to 350e9 Hz.
    pressure_pa, temperature_k, vapour_density_kg_m3 : array_like
        Surface state, see :func:`specific_attenuation_db_km`; broadcast, shape (...).
    vapour_column_kg_m2, altitude_m : array_like
        See :func:`zenith_vapour_db`; broadcast.
    edition : int
        12; 13 is refused.

    Returns
    -------
    ndarray of float64
        gamma_o h_o + A_w, dB, shape of the broadcast arguments. P.676-12, Annex 2, sections 2.2 and 2.3.
    """
    known_edition("P.676", edition, (12,), _MISSING)
    state = _surface(pressure_pa, temperature_k, vapour_density_kg_m3)
    dry = _oxygen(_frequency_ghz(frequency_hz), *state)  # water vapour goes by its column
    height = oxygen_height_m(frequency_hz, pressure_pa, temperature_k, vapour_density_kg_m3)
    return np.asarray(dry * height / 1e3 + zenith_vapour_db(frequency_hz, vapour_column_kg_m2, altitude_m), np.float64)
