"""Mean motion, altitude and secular rates of mean elements, in the constants SGP4 was fitted with.

Source: F. R. Hoots, R. L. Roehrich, Spacetrack Report No. 3 (1980); D. A. Vallado et al., "Revisiting
Spacetrack Report #3", AIAA 2006-6753 (initialisation, WGS 72 constants).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: WGS 72: equatorial radius (m), gravitational parameter (m^3/s^2), second zonal harmonic.
EQUATORIAL_RADIUS_M: Final = 6_378_135.0
GRAVITATION_M3_S2: Final = 398_600.8e9
J2: Final = 0.001082616


def brouwer_mean_motion(mean_motion_rad_per_min: Floats, eccentricity: Floats, inclination_rad: Floats) -> Floats:
    """Brouwer's mean motion from the published one, which is Kozai's.

    Parameters
    ----------
    mean_motion_rad_per_min : ndarray, float64 (N,)
        Kozai mean motion, rad/min.
    eccentricity : ndarray, float64 (N,)
        Eccentricity.
    inclination_rad : ndarray, float64 (N,)
        Inclination, rad.

    Returns
    -------
    ndarray, float64 (N,)
        Mean motion, rad/s (AIAA 2006-6753, routine initl).
    """
    kozai = mean_motion_rad_per_min / 60.0
    axis = (GRAVITATION_M3_S2 / kozai**2) ** (1.0 / 3.0) / EQUATORIAL_RADIUS_M
    one_minus_e2 = 1.0 - eccentricity**2
    term = 0.75 * J2 * (3.0 * np.cos(inclination_rad) ** 2 - 1.0) / one_minus_e2**1.5
    first = term / axis**2
    axis = axis * (1.0 - first**2 - first * (1.0 / 3.0 + 134.0 * first**2 / 81.0))
    brouwer: Floats = kozai / (1.0 + term / axis**2)
    return brouwer


def semi_major_axis_m(mean_motion_rad_per_min: Floats, eccentricity: Floats, inclination_rad: Floats) -> Floats:
    """Mean semi-major axis from the published mean motion.

    Parameters
    ----------
    mean_motion_rad_per_min, eccentricity, inclination_rad : ndarray, float64 (N,)
        Kozai mean motion (rad/min), eccentricity, inclination (rad).

    Returns
    -------
    ndarray, float64 (N,)
        Semi-major axis, m.
    """
    rate = brouwer_mean_motion(mean_motion_rad_per_min, eccentricity, inclination_rad)
    axis: Floats = (GRAVITATION_M3_S2 / rate**2) ** (1.0 / 3.0)
    return axis


def secular_rates(
    mean_motion_rad_per_min: Floats, eccentricity: Floats, inclination_rad: Floats
) -> tuple[Floats, Floats]:
    """Secular J2 rates of the node and of the argument of latitude.

    dRAAN/dt = -3/2 J2 (R/p)^2 n cos i;
    du/dt = n + 3/4 J2 (R/p)^2 n [(3 cos^2 i - 1) sqrt(1 - e^2) + 5 cos^2 i - 1].

    Parameters
    ----------
    mean_motion_rad_per_min, eccentricity, inclination_rad : ndarray, float64 (N,)
        Kozai mean motion (rad/min), eccentricity, inclination (rad).

    Returns
    -------
    tuple of ndarray, float64 (N,)
        Rate of the right ascension of the node and of the mean argument of latitude, rad/s.
    """
    n = brouwer_mean_motion(mean_motion_rad_per_min, eccentricity, inclination_rad)
    parameter = (GRAVITATION_M3_S2 / n**2) ** (1.0 / 3.0) * (1.0 - eccentricity**2)
    cos2 = np.cos(inclination_rad) ** 2
    scale = 0.75 * J2 * (EQUATORIAL_RADIUS_M / parameter) ** 2 * n
    node: Floats = -2.0 * scale * np.cos(inclination_rad)
    latitude: Floats = n + scale * ((3.0 * cos2 - 1.0) * np.sqrt(1.0 - eccentricity**2) + 5.0 * cos2 - 1.0)
    return node, latitude
