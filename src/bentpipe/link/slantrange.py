"""Slant range over a spherical Earth, for tables and checks; a run takes its ranges from `geometry`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bentpipe.link.admissible import require

FloatArray = npt.NDArray[np.float64]

MEAN_EARTH_RADIUS_M = 6_371_000.0
"""Mean radius of the Earth, m (3GPP TR 38.811 section 6.6.2 uses 6,371 km)."""


def slant_range_m(
    altitude_m: npt.ArrayLike, elevation_deg: npt.ArrayLike, earth_radius_m: float = MEAN_EARTH_RADIUS_M
) -> FloatArray:
    """Distance from a place at sea level to a satellite, by its elevation.

    Parameters
    ----------
    altitude_m : array_like (...)
        Height h of the satellite above the sphere, m.
    elevation_deg : array_like (...)
        Elevation e of the satellite seen from the place, degrees, 0 to 90.
    earth_radius_m : float
        Radius R of the sphere, m.

    Returns
    -------
    ndarray of float64 (...)
        sqrt(R^2 sin^2 e + h^2 + 2 h R) - R sin e, m (3GPP TR 38.811 V15.4.0, eq. 6.6-3).
    """
    height = require(altitude_m, "altitude_m", "the altitude of a satellite is out of range", 1e5, 1e9, "m")
    elevation = require(
        elevation_deg, "elevation_deg", "the elevation of a satellite is out of range", 0.0, 90.0, "degrees"
    )
    up = earth_radius_m * np.sin(np.radians(elevation))
    return np.asarray(np.sqrt(up * up + height * height + 2.0 * height * earth_radius_m) - up, dtype=np.float64)
