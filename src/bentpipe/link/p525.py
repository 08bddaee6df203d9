"""Free-space loss: Recommendation ITU-R P.525-4 (08/2019)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.link.validity import within

SPEED_OF_LIGHT_M_S = 299_792_458.0
"""Speed of light in vacuum, m/s (SI)."""


def free_space_loss_db(distance_m: ArrayLike, frequency_hz: ArrayLike) -> NDArray[np.float64]:
    """Basic transmission loss between isotropic antennas in free space.

    Parameters
    ----------
    distance_m : array_like
        Slant range, m, above 0; shape (...).
    frequency_hz : array_like
        Frequency, Hz, above 0; broadcast with the distance.

    Returns
    -------
    ndarray of float64
        20 lg(4 pi d f / c), dB; shape of the broadcast arguments. P.525-4.
    """
    distance = within(distance_m, "distance_m", math.ulp(0.0), 1e15, "m", "P.525-4: a distance above zero")
    frequency = within(frequency_hz, "frequency_hz", math.ulp(0.0), 1e15, "Hz", "P.525-4: a frequency above zero")
    return np.asarray(20.0 * np.log10(4.0 * math.pi / SPEED_OF_LIGHT_M_S * distance * frequency), dtype=np.float64)
