"""Rain height: Recommendation ITU-R P.839-4 (09/2013), the only edition coded."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.link.validity import known_edition, within

ABOVE_ISOTHERM_M = 360.0
"""Mean rain height above the 0 degree isotherm, m (P.839-4, equation 1)."""


def rain_height_m(isotherm_height_m: ArrayLike, edition: int = 4) -> NDArray[np.float64]:
    """Mean annual rain height above sea level.

    Parameters
    ----------
    isotherm_height_m : array_like
        Mean annual height of the 0 degree isotherm above sea level, m, -1,000 to 7,000; shape (...). The
        Recommendation's map of it is an input, not part of bentpipe.
    edition : int
        4.

    Returns
    -------
    ndarray of float64
        h_0 + 360 m, m, shape (...).
    """
    known_edition("P.839", edition, (4,), {})
    height = within(isotherm_height_m, "isotherm_height_m", -1000.0, 7000.0, "m", "P.839-4")
    return np.asarray(height + ABOVE_ISOTHERM_M, dtype=np.float64)
