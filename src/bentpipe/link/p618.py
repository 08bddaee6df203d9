"""Propagation of Earth-space links: Recommendation ITU-R P.618-13 (12/2017) and P.618-14 (08/2023).

The editions differ, as far as they are coded here, in one thing: for small p the attenuation of gases and
clouds is held at its value for 1 % in edition 13 and for 5 % in edition 14. Rain (section 2.2.1.1),
scintillation (section 2.4.1) and their combination (section 2.5) are the same.

Not coded: elevations below 5 degrees, cross-polarisation, site diversity, the probability of rain on the path.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.link.p838 import specific_attenuation_db_km
from bentpipe.link.validity import known_edition, within

FloatArray = NDArray[np.float64]

SOURCE = "P.618, section 2"
HELD_BELOW_PCT = {13: 1.0, 14: 5.0}
"""By edition: the p below which gases and clouds stay at their value for this p, %."""
MEAN_RADIATING_TEMPERATURE_K = 275.0
"""Of the atmosphere, without other information, K (P.618-13 and -14, section 3)."""
COSMIC_BACKGROUND_K = 2.7
"""K (P.618, section 3)."""
TURBULENCE_HEIGHT_M = 1000.0
"""Height of the turbulent layer h_L, m (P.618, section 2.4.1)."""


def checked_elevation_deg(elevation_deg: ArrayLike) -> FloatArray:
    """Refuse elevations below 5 degrees, which need another method, or above 90."""
    remedy = "paths below 5 degrees need the method for low elevations, which is not modelled"
    return within(elevation_deg, "elevation_deg", 5.0, 90.0, "degrees", SOURCE, remedy)


def held_probability_pct(p_pct: ArrayLike, edition: int = 14) -> FloatArray:
    """Probability at which gases and clouds are taken.

    Parameters
    ----------
    p_pct : array_like
        Wanted probability, 0.001 to 50 %, shape (...).
    edition : int
        13 or 14.

    Returns
    -------
    ndarray of float64
        max(p, 1 %) or max(p, 5 %), shape (...). P.618, section 2.5.
    """
    known_edition("P.618", edition, tuple(HELD_BELOW_PCT), {})
    p = within(p_pct, "p_pct", 0.001, 50.0, "%", SOURCE)
    return np.asarray(np.maximum(p, HELD_BELOW_PCT[edition]), dtype=np.float64)


def effective_path_m(
    specific_attenuation: ArrayLike,
    frequency_hz: float,
    elevation_deg: ArrayLike,
    latitude_deg: ArrayLike,
    rain_above_m: ArrayLike,
) -> FloatArray:
    """Effective path length through rain.

    Parameters
    ----------
    specific_attenuation : array_like
        gamma_R at R0.01, dB/km, shape (...).
    frequency_hz : float
        Frequency, 1e9 to 55e9 Hz.
    elevation_deg : array_like
        5 to 90 degrees; broadcast.
    latitude_deg : array_like
        Degrees; broadcast.
    rain_above_m : array_like
        Rain height above the place, h_R - h_s, m; broadcast. 0 or less: no rain on the path.

    Returns
    -------
    ndarray of float64
        L_E = L_R nu_0.01, m. P.618, section 2.2.1.1, steps 2 to 8.
    """
    f = float(within(frequency_hz, "frequency_hz", 1e9, 55e9, "Hz", SOURCE)) / 1e9
    elevation = checked_elevation_deg(elevation_deg)
    latitude = np.abs(within(latitude_deg, "latitude_deg", -90.0, 90.0, "degrees", SOURCE))
    gamma = np.asarray(specific_attenuation, dtype=np.float64)
    theta = np.radians(elevation)
    slant = np.maximum(np.asarray(rain_above_m, dtype=np.float64), 0.0) / 1e3 / np.sin(theta)
    ground = slant * np.cos(theta)
    reduction = 1.0 / (1.0 + 0.78 * np.sqrt(ground * gamma / f) - 0.38 * (1.0 - np.exp(-2.0 * ground)))
    # L_G r / cos where zeta > theta, else the slant path: zeta > theta is the same as r < 1.
    rainy = slant * np.minimum(reduction, 1.0)
    chi = np.maximum(36.0 - latitude, 0.0)
    bend = 31.0 * (1.0 - np.exp(-elevation / (1.0 + chi))) * np.sqrt(rainy * gamma) / f**2
    return np.asarray(1e3 * rainy / (1.0 + np.sqrt(np.sin(theta)) * (bend - 0.45)), dtype=np.float64)


def rain_001_db(
    rain_rate_001_mm_h: ArrayLike,
    frequency_hz: float,
    elevation_deg: ArrayLike,
    latitude_deg: ArrayLike,
    rain_above_m: ArrayLike,
    polarisation_tilt_deg: ArrayLike = 45.0,
) -> FloatArray:
    """Rain attenuation exceeded for 0.01 % of an average year.

    Parameters
    ----------
    rain_rate_001_mm_h : array_like
        Rain rate exceeded for 0.01 % of the year (P.837), mm/h, shape (...).
    frequency_hz, elevation_deg, latitude_deg, rain_above_m
        See :func:`effective_path_m`.
    polarisation_tilt_deg : array_like
        Degrees; 45 for circular.

    Returns
    -------
    ndarray of float64
        A_0.01 = gamma_R L_E, dB. P.618, section 2.2.1.1, steps 1 to 9.
    """
    gamma = specific_attenuation_db_km(rain_rate_001_mm_h, frequency_hz, elevation_deg, polarisation_tilt_deg)
    path = effective_path_m(gamma, frequency_hz, elevation_deg, latitude_deg, rain_above_m)
    return np.asarray(gamma * path / 1e3, dtype=np.float64)


def rain_db(
    attenuation_001_db: ArrayLike, p_pct: ArrayLike, elevation_deg: ArrayLike, latitude_deg: ArrayLike
) -> FloatArray:
    """Rain attenuation exceeded for another share of an average year.

    Parameters
    ----------
    attenuation_001_db : array_like
        A_0.01, dB, shape (...).
    p_pct : array_like
        Share of the year, 0.001 to 5 %; broadcast.
    elevation_deg : array_like
        5 to 90 degrees; broadcast.
    latitude_deg : array_like
        Degrees; broadcast.

    Returns
    -------
    ndarray of float64
        A_p, dB; 0 where A_0.01 is. P.618, section 2.2.1.1, step 10.
    """
    p = within(p_pct, "p_pct", 0.001, 5.0, "%", SOURCE)
    a = within(attenuation_001_db, "attenuation_001_db", 0.0, 1e4, "dB", SOURCE)
    elevation = checked_elevation_deg(elevation_deg)
    south = np.abs(within(latitude_deg, "latitude_deg", -90.0, 90.0, "degrees", SOURCE)) - 36.0
    sine = np.sin(np.radians(elevation))
    beta = -0.005 * south + np.where(elevation >= 25.0, 0.0, 1.8 - 4.25 * sine)
    beta = np.where((p >= 1.0) | (south >= 0.0), 0.0, beta)
    safe = np.where(a > 0.0, a, 1.0)
    exponent = 0.655 + 0.033 * np.log(p) - 0.045 * np.log(safe) - beta * (1.0 - p) * sine
    return np.asarray(a * (p / 0.01) ** -exponent, dtype=np.float64)


def scintillation_sigma_db(
    wet_refractivity: ArrayLike,
    frequency_hz: float,
    elevation_deg: ArrayLike,
    antenna_diameter_m: float,
    antenna_efficiency: float = 0.5,
) -> FloatArray:
    """Standard deviation of tropospheric scintillation.

    Parameters
    ----------
    wet_refractivity : array_like
        Median N_wet (P.453), N-units, shape (...).
    frequency_hz : float
        Frequency, 4e9 to 55e9 Hz.
    elevation_deg : array_like
        5 to 90 degrees; broadcast.
    antenna_diameter_m : float
        Geometric diameter, m.
    antenna_efficiency : float
        0 to 1; 0.5 is the Recommendation's value where it is not known.

    Returns
    -------
    ndarray of float64
        dB. P.618, section 2.4.1; 0 where x is 7 or more.
    """
    f = float(within(frequency_hz, "frequency_hz", 4e9, 55e9, "Hz", "P.618, section 2.4.1")) / 1e9
    sine = np.sin(np.radians(checked_elevation_deg(elevation_deg)))
    wet = within(wet_refractivity, "wet_refractivity", 0.0, 250.0, "N-units", "P.453")
    diameter = float(within(antenna_diameter_m, "antenna_diameter_m", 0.0, 100.0, "m", SOURCE))
    efficiency = float(within(antenna_efficiency, "antenna_efficiency", 0.0, 1.0, "", SOURCE))
    length = 2.0 * TURBULENCE_HEIGHT_M / (np.sqrt(sine**2 + 2.35e-4) + sine)
    x = np.maximum(1.22 * efficiency * diameter**2 * f / length, 1e-9)
    swing = 3.86 * (x * x + 1.0) ** (11.0 / 12.0) * np.sin(11.0 / 6.0 * np.arctan(1.0 / x)) - 7.08 * x ** (5.0 / 6.0)
    averaging = np.sqrt(np.where(x >= 7.0, 0.0, np.maximum(swing, 0.0)))
    return np.asarray((3.6e-3 + 1e-4 * wet) * f ** (7.0 / 12.0) * averaging / sine**1.2, dtype=np.float64)


def scintillation_db(sigma_db: ArrayLike, p_pct: ArrayLike) -> FloatArray:
    """Fade depth of scintillation exceeded for a share of the time.

    Parameters
    ----------
    sigma_db : array_like
        Standard deviation, dB, shape (...).
    p_pct : array_like
        Share of the time, 0.001 to 50 %; broadcast. The section states the factor from 0.01 %; the total of section
        2.5 goes down to 0.001 % with it, and so do the validation examples.

    Returns
    -------
    ndarray of float64
        a(p) sigma, dB. P.618, section 2.4.1.
    """
    log_p = np.log10(within(p_pct, "p_pct", 0.001, 50.0, "%", SOURCE))
    factor = -0.061 * log_p**3 + 0.072 * log_p**2 - 1.71 * log_p + 3.0
    return np.asarray(factor * np.asarray(sigma_db, dtype=np.float64), dtype=np.float64)


def total_db(gas_db: ArrayLike, cloud_db: ArrayLike, rain_db: ArrayLike, scintillation_db: ArrayLike) -> FloatArray:
    """Total attenuation of the path beyond free space.

    Parameters
    ----------
    gas_db, cloud_db, rain_db, scintillation_db : array_like
        Each for the same p, gases and clouds at :func:`held_probability_pct`, dB, shape (...).

    Returns
    -------
    ndarray of float64
        A_G + sqrt((A_R + A_C)^2 + A_S^2), dB. P.618, section 2.5.
    """
    gas, cloud, rain, scintillation = (np.asarray(x, np.float64) for x in (gas_db, cloud_db, rain_db, scintillation_db))
    return np.asarray(gas + np.sqrt((rain + cloud) ** 2 + scintillation**2), dtype=np.float64)


def sky_noise_temperature_k(
    attenuation_db: ArrayLike, mean_radiating_temperature_k: ArrayLike = MEAN_RADIATING_TEMPERATURE_K
) -> FloatArray:
    """Noise temperature of the sky at the antenna, for what is absorbed on the path.

    Parameters
    ----------
    attenuation_db : array_like
        Attenuation without scintillation, which does not absorb, dB, 0 or more; shape (...).
    mean_radiating_temperature_k : array_like
        K; broadcast. 37.34 + 0.81 T_s where the surface temperature T_s is known.

    Returns
    -------
    ndarray of float64
        T_mr (1 - 10^(-A/10)) + 2.7 x 10^(-A/10), K. P.618, section 3.
    """
    loss = within(attenuation_db, "attenuation_db", 0.0, 1e4, "dB", "P.618, section 3")
    through = 10.0 ** (-loss / 10.0)
    radiating = np.asarray(mean_radiating_temperature_k, dtype=np.float64)
    return np.asarray(radiating * (1.0 - through) + COSMIC_BACKGROUND_K * through, dtype=np.float64)
