"""Where the Sun stands, for day and night: a formula of a few terms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .ellipsoid import Floats
from .rotation import gmst82_rad
from .timescales import DAY_S, J2000_UNIX_S


def sun_right_ascension_declination_rad(days_tt: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Apparent place of the Sun.

    With n days from 2000-01-01T12:00 TT, mean longitude ``L = 280.460 + 0.9856474 n`` and mean anomaly
    ``g = 357.528 + 0.9856003 n`` degrees: ecliptic longitude ``L + 1.915 sin g + 0.020 sin 2g``, latitude 0, obliquity
    ``23.439 - 4e-7 n``.

    Parameters
    ----------
    days_tt : array_like, shape (...), days
        Terrestrial time since 2000-01-01T12:00. The Sun moves 0.0008 degrees in the minute between it and UTC.

    Returns
    -------
    right_ascension, declination : numpy.ndarray, shape (...), rad
        Of date, aberration included; right ascension from -pi to pi. Within 0.01 degrees from 1950 to 2050, as the
        source states.

    Notes
    -----
    Source: The Astronomical Almanac, section C, "Low precision formulas for the Sun" (U.S. Naval Observatory and HM
    Nautical Almanac Office, since 1984).
    """
    days = np.asarray(days_tt, np.float64)
    anomaly = np.radians(357.528 + 0.985_600_3 * days)
    longitude = np.radians(280.460 + 0.985_647_4 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2.0 * anomaly))
    obliquity = np.radians(23.439 - 4e-7 * days)
    ascension = np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude))
    return np.asarray(ascension), np.asarray(np.arcsin(np.sin(obliquity) * np.sin(longitude)))


def sun_direction(unix_s: npt.ArrayLike) -> Floats:
    """Direction to the Sun from the Earth's centre, in the frame that turns with the Earth.

    Parameters
    ----------
    unix_s : array_like, shape (...), s
        Unix time. UTC is taken for TT, 0.0008 degrees of the Sun's way, and for UT1, 0.004 degrees of the Earth's turn
        at most.

    Returns
    -------
    numpy.ndarray, shape (..., 3)
        Unit vectors (ITRS), within 0.02 degrees from 1950 to 2050. Where its product with the vertical is negative it
        is night; the disc and refraction, 0.8 degrees together, are left out.

    Notes
    -----
    Source: as of `sun_right_ascension_declination_rad`; sidereal time as of `bentpipe.earth.gmst82_rad`.
    """
    seconds = np.asarray(unix_s, np.float64)
    ascension, declination = sun_right_ascension_declination_rad((seconds - J2000_UNIX_S) / DAY_S)
    longitude = ascension - gmst82_rad(seconds)
    flat = np.cos(declination)
    return np.stack((flat * np.cos(longitude), flat * np.sin(longitude), np.sin(declination)), axis=-1)
