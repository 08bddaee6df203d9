"""Geomagnetic latitude, in the field of a dipole at the Earth's centre."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

#: First-degree Gauss coefficients g10, g11, h11 of IGRF-13 for 2020.0, nT.
IGRF13_2020_NT = (-29404.8, -1450.9, 4652.5)


def dipole_pole(gauss_nt: tuple[float, float, float] = IGRF13_2020_NT) -> npt.NDArray[np.float64]:
    """Direction of the northern geomagnetic pole of a centred dipole.

    Parameters
    ----------
    gauss_nt : tuple of float
        Gauss coefficients g10, g11, h11, nT.

    Returns
    -------
    (3,) float64
        Unit vector, Earth-fixed: for 2020.0 towards 80.59 degrees north (geocentric; 80.65 geodetic), 72.68 west.

    Notes
    -----
    The dipole's axis is (g11, h11, g10); the pole in the north is where it points into the Earth. P. Alken et al.,
    "International Geomagnetic Reference Field: the thirteenth generation", Earth, Planets and Space 73:49, 2021,
    doi:10.1186/s40623-020-01288-x, Table 4. By IGRF-14 the pole of 2025.0 (-29350.0, -1410.3, 4545.5 nT) lies 0.2
    degrees farther north.
    """
    g10, g11, h11 = gauss_nt
    return -np.array([g11, h11, g10]) / math.sqrt(g10 * g10 + g11 * g11 + h11 * h11)


def geomagnetic_latitude_deg(position_m: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Geomagnetic dipole latitude of positions, by the dipole of 2020.0.

    Parameters
    ----------
    position_m : (..., 3, N) float64
        Earth-fixed positions, m; only their directions count.

    Returns
    -------
    (..., N) float64
        Degrees, north positive; NaN where a position is.

    Notes
    -----
    The angle between the position and the plane of the dipole's equator. Invariant and corrected geomagnetic
    latitudes, which follow the field lines of the full field, differ from it by up to some ten degrees.
    """
    radius = np.sqrt(np.square(position_m).sum(axis=-2))
    along = np.einsum("j,...jn->...n", dipole_pole(), position_m)
    return np.asarray(np.degrees(np.arcsin(np.clip(along / radius, -1.0, 1.0))), np.float64)
