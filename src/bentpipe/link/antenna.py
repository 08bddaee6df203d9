"""Antennas: gain, loss when a beam is steered, G/T, noise in rain, water on the antenna."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bentpipe.link.admissible import require, require_frequency
from bentpipe.link.p525 import SPEED_OF_LIGHT_M_S

FloatArray = npt.NDArray[np.float64]

REFERENCE_TEMPERATURE_K = 290.0
"""Reference temperature of noise figures, K (IEEE Std 145)."""

RAIN_TEMPERATURE_K = 275.0
"""Effective temperature of absorbing rain, K (ITU-R P.618-14, section 3: mean radiating temperature)."""

WIDEST_SCAN_DEG = 85.0
"""Steering angle up to which the cosine law is used, degrees; beyond it an array has no useful beam."""


def aperture_gain_dbi(diameter_m: npt.ArrayLike, efficiency: npt.ArrayLike, frequency_hz: npt.ArrayLike) -> FloatArray:
    """Gain of a round aperture on its axis.

    Parameters
    ----------
    diameter_m : array_like (...)
        Diameter D, m.
    efficiency : array_like (...)
        Aperture efficiency, above 0 and at most 1.
    frequency_hz : array_like (...)
        Frequency f, Hz.

    Returns
    -------
    ndarray of float64 (...)
        10 lg(efficiency (pi D f / c)^2), dBi (IEEE Std 145-2013, aperture efficiency).
    """
    diameter = require(diameter_m, "diameter_m", "the diameter of an antenna is out of range", 1e-3, 1e3, "m")
    eta = require(efficiency, "efficiency", "an aperture efficiency is out of range", 1e-3, 1.0)
    frequency = require_frequency(frequency_hz)
    return np.asarray(
        10.0 * np.log10(eta) + 20.0 * np.log10(math.pi / SPEED_OF_LIGHT_M_S * diameter * frequency), dtype=np.float64
    )


def scan_loss_db(scan_deg: npt.ArrayLike, exponent: float) -> FloatArray:
    """Gain that a phased array loses when its beam is steered away from its axis.

    Parameters
    ----------
    scan_deg : array_like (...)
        Angle between the beam and the axis, degrees, 0 to 85.
    exponent : float
        n of the cos^n law: 0 for an antenna that turns as a whole, 1 for the foreshortened aperture of an ideal
        array, 1.2 to 1.5 for real ones, whose elements see less to the side (Mailloux, Phased Array Antenna
        Handbook, 2nd ed. 2005, section 1.2, for the element pattern; the range is recalled). Which one a terminal
        has is an assumption that travels with its data.

    Returns
    -------
    ndarray of float64 (...)
        -10 n lg cos(scan), dB; 0 on the axis.
    """
    scan = require(
        scan_deg, "scan_deg", "the steering angle of an array is out of range", 0.0, WIDEST_SCAN_DEG, "degrees"
    )
    n = require(exponent, "exponent", "the exponent of the scan law is out of range", 0.0, 4.0)
    return np.asarray(-10.0 * n * np.log10(np.cos(np.radians(scan))) + 0.0, dtype=np.float64)


def array_gain_dbi(boresight_gain_dbi: npt.ArrayLike, scan_deg: npt.ArrayLike, exponent: float) -> FloatArray:
    """Gain of a phased array whose beam is steered.

    Parameters
    ----------
    boresight_gain_dbi : array_like (...)
        Gain on the axis, dBi.
    scan_deg : array_like (...)
        Angle between the beam and the axis, degrees, 0 to 85.
    exponent : float
        n of the cos^n law, see :func:`scan_loss_db`.

    Returns
    -------
    ndarray of float64 (...)
        dBi (Mailloux 2005, section 1.2).
    """
    gain = require(boresight_gain_dbi, "boresight_gain_dbi", "an antenna gain is out of range", -30.0, 100.0, "dBi")
    return gain - scan_loss_db(scan_deg, exponent)


def system_noise_k(
    antenna_noise_k: npt.ArrayLike, noise_figure_db: npt.ArrayLike, feed_loss_db: npt.ArrayLike = 0.0
) -> FloatArray:
    """Noise temperature of a receiver, referred to the input of its amplifier.

    Parameters
    ----------
    antenna_noise_k : array_like (...)
        Noise temperature of the antenna T_a, K.
    noise_figure_db : array_like (...)
        Noise figure F, dB.
    feed_loss_db : array_like (...)
        Loss L between antenna and amplifier, dB, at 290 K.

    Returns
    -------
    ndarray of float64 (...)
        T_a / L + 290 (1 - 1/L) + 290 (F - 1), K (Friis 1944; with L = 1 the G/T of 3GPP TR 38.821, section 6.1.3.1).
    """
    antenna = require(antenna_noise_k, "antenna_noise_k", "an antenna noise temperature is out of range", 0.0, 1e4, "K")
    figure = require(noise_figure_db, "noise_figure_db", "a noise figure is out of range", 0.0, 30.0, "dB")
    feed = require(feed_loss_db, "feed_loss_db", "a feed loss is out of range", 0.0, 30.0, "dB")
    passed = 10.0 ** (-feed / 10.0)
    receiver = REFERENCE_TEMPERATURE_K * (10.0 ** (figure / 10.0) - 1.0)
    return np.asarray(antenna * passed + REFERENCE_TEMPERATURE_K * (1.0 - passed) + receiver, dtype=np.float64)


def g_over_t_db(gain_dbi: npt.ArrayLike, noise_k: npt.ArrayLike) -> FloatArray:
    """Figure of merit of a receiver.

    Parameters
    ----------
    gain_dbi : array_like (...)
        Antenna gain G at the reference of `noise_k`, dBi.
    noise_k : array_like (...)
        System noise temperature T, K.

    Returns
    -------
    ndarray of float64 (...)
        G - 10 lg T, dB/K (ITU-R S.733-2).
    """
    noise = require(noise_k, "noise_k", "a system noise temperature is out of range", 1.0, 1e6, "K")
    gain = require(gain_dbi, "gain_dbi", "an antenna gain is out of range", -30.0, 100.0, "dBi")
    return np.asarray(gain - 10.0 * np.log10(noise), dtype=np.float64)


def rain_noise_k(loss_db: npt.ArrayLike, medium_k: float = RAIN_TEMPERATURE_K) -> FloatArray:
    """Noise that absorbing rain, cloud or water adds to a receiver which looks through it at the sky.

    Parameters
    ----------
    loss_db : array_like (...)
        Loss A above that of clear sky, dB.
    medium_k : float
        Temperature of what absorbs, K.

    Returns
    -------
    ndarray of float64 (...)
        medium (1 - 10^(-A/10)), K (ITU-R P.618-14, section 3). The clear sky's own noise, which A dims by a few
        kelvin, stays counted in full.
    """
    loss = require(loss_db, "loss_db", "a loss is out of range", 0.0, 1e3, "dB", "a loss is a positive number")
    return np.asarray(medium_k * (1.0 - 10.0 ** (-loss / 10.0)), dtype=np.float64)


def g_over_t_drop_db(
    loss_db: npt.ArrayLike, clear_noise_k: npt.ArrayLike, medium_k: float = RAIN_TEMPERATURE_K
) -> FloatArray:
    """What the noise of rain takes from G/T; the loss itself is another line of the budget.

    Parameters
    ----------
    loss_db : array_like (...)
        Loss A above that of clear sky, dB.
    clear_noise_k : array_like (...)
        System noise temperature T under clear sky, K.
    medium_k : float
        Temperature of what absorbs, K; 0 for a satellite, which looks at the warm Earth anyway.

    Returns
    -------
    ndarray of float64 (...)
        10 lg(1 + dT / T), dB, dT by :func:`rain_noise_k` (ITU-R P.618-14, section 3).
    """
    clear = require(clear_noise_k, "clear_noise_k", "a system noise temperature is out of range", 1.0, 1e6, "K")
    return np.asarray(10.0 * np.log10(1.0 + rain_noise_k(loss_db, medium_k) / clear), dtype=np.float64)


def wet_antenna_loss_db(rain_rate_mm_h: npt.ArrayLike, saturation_db: float, scale_mm_h: float) -> FloatArray:
    """Loss of a film of water on an antenna or radome.

    Parameters
    ----------
    rain_rate_mm_h : array_like (...)
        Rain rate R at the antenna, mm/h.
    saturation_db : float
        Loss of a fully wet antenna C, dB.
    scale_mm_h : float
        Rain rate R0 at which 63 % of it is reached, mm/h.

    Returns
    -------
    ndarray of float64 (...)
        C (1 - exp(-R / R0)), dB. The saturating form is that of Kharadly and Ross, IEEE Trans. Antennas Propag. 49
        (2001) 1183, there in terms of path attenuation (recalled); its use with the rain rate, C and R0 are
        assumptions, for want of published measurements of flat user terminals. Drying after rain is not modelled.
    """
    rain = require(rain_rate_mm_h, "rain_rate_mm_h", "a rain rate is out of range", 0.0, 500.0, "mm/h")
    full = require(saturation_db, "saturation_db", "the loss of a wet antenna is out of range", 0.0, 30.0, "dB")
    scale = require(scale_mm_h, "scale_mm_h", "the scale of a wet antenna is out of range", 1e-3, 1e3, "mm/h")
    return np.asarray(-full * np.expm1(-rain / scale), dtype=np.float64)
