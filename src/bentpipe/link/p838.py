"""Specific attenuation of rain: Recommendation ITU-R P.838-3 (03/2005), the only edition coded.

gamma = k R^alpha, dB/km, with R in mm/h; k and alpha for horizontal and vertical polarisation are sums of
Gaussians in the logarithm of the frequency (equations 2 and 3, tables 1 to 4) and mixed by equations 4 and 5.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.link.validity import known_edition, within

FloatArray = NDArray[np.float64]

SOURCE = "P.838-3"

# Tables 1 to 4: rows (a, b, c) of the Gaussians, then (slope, intercept) against lg f.
_K_H = (((-5.33980, -0.10008, 1.13098), (-0.35351, 1.26970, 0.45400), (-0.23789, 0.86036, 0.15354),
         (-0.94158, 0.64552, 0.16817)), (-0.18961, 0.71147))  # fmt: skip
_K_V = (((-3.80595, 0.56934, 0.81061), (-3.44965, -0.22911, 0.51059), (-0.39902, 0.73042, 0.11899),
         (0.50167, 1.07319, 0.27195)), (-0.16398, 0.63297))  # fmt: skip
_ALPHA_H = (((-0.14318, 1.82442, -0.55187), (0.29591, 0.77564, 0.19822), (0.32177, 0.63773, 0.13164),
             (-5.37610, -0.96230, 1.47828), (16.1721, -3.29980, 3.43990)), (0.67849, -1.95537))  # fmt: skip
_ALPHA_V = (((-0.07771, 2.33840, -0.76284), (0.56727, 0.95545, 0.54039), (-0.20238, 1.14520, 0.26809),
             (-48.2991, 0.791669, 0.116226), (48.5833, 0.791459, 0.116479)), (-0.053739, 0.83433))  # fmt: skip


class RainCoefficients(NamedTuple):
    """k and alpha of one frequency, horizontal and vertical, before elevation and tilt mix them.

    Parameters
    ----------
    k_horizontal, k_vertical : float
        dB/km for R = 1 mm/h.
    alpha_horizontal, alpha_vertical : float
        Exponents.
    """

    k_horizontal: float
    k_vertical: float
    alpha_horizontal: float
    alpha_vertical: float


def _curve(rows: tuple[tuple[float, float, float], ...], line: tuple[float, float], log_f: float) -> float:
    """Sum of Gaussians and a line in lg f."""
    bumps = sum(a * np.exp(-(((log_f - b) / c) ** 2)) for a, b, c in rows)
    return float(bumps + line[0] * log_f + line[1])


def rain_coefficients(frequency_hz: float, edition: int = 3) -> RainCoefficients:
    """Coefficients of one frequency for horizontal and vertical polarisation.

    Parameters
    ----------
    frequency_hz : float
        Frequency, 1e9 to 1e12 Hz.
    edition : int
        3.

    Returns
    -------
    RainCoefficients
        P.838-3, equations 2 and 3.
    """
    known_edition("P.838", edition, (3,), {})
    log_f = float(np.log10(within(frequency_hz, "frequency_hz", 1e9, 1e12, "Hz", SOURCE) / 1e9))
    return RainCoefficients(
        10.0 ** _curve(*_K_H, log_f),
        10.0 ** _curve(*_K_V, log_f),
        _curve(*_ALPHA_H, log_f),
        _curve(*_ALPHA_V, log_f),
    )


def mixed_coefficients(
    coefficients: RainCoefficients, elevation_deg: ArrayLike, polarisation_tilt_deg: ArrayLike = 45.0
) -> tuple[FloatArray, FloatArray]:
    """Mix the coefficients for the elevation and tilt of a path.

    Parameters
    ----------
    coefficients : RainCoefficients
        Of the frequency.
    elevation_deg : array_like
        Path elevation, 0 to 90 degrees, shape (...).
    polarisation_tilt_deg : array_like
        Tilt of the polarisation against the horizontal, degrees, -90 to 90; 45 for circular.

    Returns
    -------
    tuple of ndarray of float64
        k (dB/km at 1 mm/h) and alpha, shape of the broadcast arguments. P.838-3, equations 4 and 5.
    """
    elevation = np.radians(within(elevation_deg, "elevation_deg", 0.0, 90.0, "degrees", SOURCE))
    tilt = np.radians(within(polarisation_tilt_deg, "polarisation_tilt_deg", -90.0, 90.0, "degrees", SOURCE))
    k_h, k_v, a_h, a_v = coefficients
    mix = np.cos(elevation) ** 2 * np.cos(2.0 * tilt)
    k = 0.5 * (k_h + k_v + (k_h - k_v) * mix)
    alpha = 0.5 * (k_h * a_h + k_v * a_v + (k_h * a_h - k_v * a_v) * mix) / k
    return np.asarray(k, dtype=np.float64), np.asarray(alpha, dtype=np.float64)


def specific_attenuation_db_km(
    rain_rate_mm_h: ArrayLike,
    frequency_hz: float,
    elevation_deg: ArrayLike,
    polarisation_tilt_deg: ArrayLike = 45.0,
    edition: int = 3,
) -> FloatArray:
    """Attenuation of rain for each kilometre of path.

    Parameters
    ----------
    rain_rate_mm_h : array_like
        Rain rate, mm/h, 0 to 1,000; shape (...).
    frequency_hz : float
        Frequency, 1e9 to 1e12 Hz.
    elevation_deg, polarisation_tilt_deg : array_like
        See :func:`mixed_coefficients`.
    edition : int
        3.

    Returns
    -------
    ndarray of float64
        k R^alpha, dB/km, shape of the broadcast arguments. P.838-3, equation 1.
    """
    rate = within(rain_rate_mm_h, "rain_rate_mm_h", 0.0, 1000.0, "mm/h", "rates above that are not met on Earth")
    k, alpha = mixed_coefficients(rain_coefficients(frequency_hz, edition), elevation_deg, polarisation_tilt_deg)
    return np.asarray(k * rate**alpha, dtype=np.float64)
