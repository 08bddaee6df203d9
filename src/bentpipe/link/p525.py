"""Free-space loss: Recommendation ITU-R P.525-4 (08/2019), Calculation of free-space attenuation."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bentpipe.link.admissible import require, require_frequency

FloatArray = npt.NDArray[np.float64]

SPEED_OF_LIGHT_M_S = 299_792_458.0
"""Speed of light in vacuum, m/s (SI)."""


def free_space_loss_db(distance_m: npt.ArrayLike, frequency_hz: npt.ArrayLike) -> FloatArray:
    """Basic transmission loss of free space between isotropic antennas.

    Parameters
    ----------
    distance_m : array_like (...)
        Distance d, m; positive.
    frequency_hz : array_like (...)
        Frequency f, Hz.

    Returns
    -------
    ndarray of float64 (...)
        20 lg(4 pi d f / c), dB (ITU-R P.525-4, eq. 4).
    """
    distance = require(distance_m, "distance_m", "a distance is out of range", 1.0, 1e12, "m", "give it in metres")
    frequency = require_frequency(frequency_hz)
    return np.asarray(20.0 * np.log10(4.0 * math.pi / SPEED_OF_LIGHT_M_S * distance * frequency), dtype=np.float64)
