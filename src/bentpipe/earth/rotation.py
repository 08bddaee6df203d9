"""Earth rotation: from the frame of SGP4 (TEME) to the Earth-fixed frame.

The rotation is about one axis, by Greenwich mean sidereal time of 1982 at UT1. What that leaves out, measured
against the same rotation followed by polar motion (which agrees with astropy's TEME to ITRS within 0.1 mm),
over 2024 to mid-2026:

==================================  ==========================  ===========================
rotation                            largest error at 550 km     largest error on the ground
==================================  ==========================  ===========================
GMST82(UT1), no polar motion        17 m                        16 m
GMST82(UTC), no polar motion        50 m                        46 m
the same with UT1-UTC at 0.9 s      460 m                       420 m
==================================  ==========================  ===========================

All satellites move together: no satellite moves against another. SGP4 itself is wrong by kilometres.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .ellipsoid import Floats
from .timescales import DAY_S, J2000_UNIX_S

TURN = 2.0 * np.pi
"""One turn, rad."""

EARTH_RATE = 7.292_115_146_706_98e-5
"""Rate of Greenwich mean sidereal time, rad per second of UT1 (IAU 1982, year 2000)."""


def gmst82_rad(unix_s: npt.ArrayLike, ut1_minus_utc_s: npt.ArrayLike = 0.0) -> Floats:
    """Greenwich mean sidereal time of 1982.

    ``GMST = 24110.54841 s + 8640184.812866 s T + 0.093104 s T^2 - 6.2e-6 s T^3`` plus the UT1 seconds of the
    day, with T in Julian centuries of UT1 from 2000-01-01T12:00:00, written here from noon (67310.54841 s).

    Parameters
    ----------
    unix_s : array_like, shape (...), s
        Unix time.
    ut1_minus_utc_s : array_like, shape (...), s
        UT1-UTC. Zero takes UTC for UT1: at most 0.9 s, that is 460 m at 550 km; 50 m in 2024 to mid-2026.

    Returns
    -------
    numpy.ndarray, shape (...), rad
        Angle from the mean equinox to the meridian of Greenwich, 0 to 2 pi.

    Notes
    -----
    Source: S. Aoki et al., "The new definition of Universal Time", Astronomy and Astrophysics 105, 1982; the
    angle that belongs to TEME: D. A. Vallado et al., "Revisiting Spacetrack Report #3", AIAA 2006-6753.
    """
    since_noon = (np.asarray(unix_s, np.float64) - J2000_UNIX_S) + np.asarray(ut1_minus_utc_s, np.float64)
    century = since_noon / (36_525.0 * DAY_S)
    drift = 67_310.548_41 + century * (8_640_184.812_866 + century * (0.093_104 - 6.2e-6 * century))
    return np.asarray(((since_noon % DAY_S + drift) % DAY_S) * (TURN / DAY_S))


def teme_to_earth_fixed(position: npt.ArrayLike, gmst_rad: npt.ArrayLike) -> Floats:
    """Rotate positions from TEME to the Earth-fixed frame.

    Parameters
    ----------
    position : array_like, shape (..., 3), any unit of length
        Position in the true equator, mean equinox frame of SGP4.
    gmst_rad : array_like, shape (...), rad
        From `gmst82_rad`.

    Returns
    -------
    numpy.ndarray, shape (..., 3), the unit given
        Earth-fixed position; polar motion is left out (17 m at 550 km at most, 2024 to mid-2026).
    """
    given = np.asarray(position, np.float64)
    cosine, sine = np.cos(gmst_rad), np.sin(gmst_rad)
    x = cosine * given[..., 0] + sine * given[..., 1]
    y = cosine * given[..., 1] - sine * given[..., 0]
    return np.stack((x, y, np.broadcast_to(given[..., 2], x.shape)), axis=-1)
