"""A geostationary satellite: a circle above the equator that turns with the Earth and is kept in its place.

The station is kept: the satellite stands still in the Earth-fixed frame, where a real one swings by up to 0.1
degrees (74 km) about its longitude and latitude. Nothing pulls it away, so there are no rates of drift.
"""

from __future__ import annotations

import math

import numpy as np

from ..earth import gmst82_rad
from ..earth.rotation import EARTH_RATE
from ..errors import Fault, InputError
from .elements import CircularElements

EARTH_MU = 3.986_004_418e14
"""Gravitational parameter of the Earth, m^3/s^2 (WGS 84, IERS Conventions 2010)."""

GEOSTATIONARY_RADIUS_M = (EARTH_MU / EARTH_RATE**2) ** (1.0 / 3.0)
"""Radius at which a circular orbit lasts one sidereal day, ``(mu / omega^2)^(1/3)``: 42,164.17 km, of which
35,786.03 km above the equator."""

SIDEREAL_RATE = 2.0 * math.pi / 86_400.0 * (1.0 + 8_640_184.812_866 / (36_525.0 * 86_400.0))
"""Rate of Greenwich mean sidereal time (Aoki et al. 1982), rad/s: that of the Earth, and of the equinox against it."""


def geostationary_satellite(
    longitude_deg: float, epoch_unix_s: float = 0.0, number: int = 1, ut1_minus_utc_s: float = 0.0
) -> CircularElements:
    """One satellite that stands above a longitude of the equator.

    Its argument of latitude is the longitude plus Greenwich sidereal time, and turns at the rate of that time.

    Parameters
    ----------
    longitude_deg : float, degrees
        Longitude, east positive, -180 to 360.
    epoch_unix_s : float, s
        Epoch, Unix time.
    number : int
        Number that stands for the satellite in a run.
    ut1_minus_utc_s : float, s
        UT1-UTC at the epoch: without it, the longitude is off by up to 0.004 degrees, 3 km.

    Returns
    -------
    CircularElements
        Columns of shape (1,).

    Raises
    ------
    InputError
        A longitude or an epoch out of range.

    Notes
    -----
    Source: G. Maral, M. Bousquet, Z. Sun, "Satellite Communications Systems", 5th edition, 2009, section 2.2.5
    (radius 42,164 km, sidereal day of 86,164.1 s).
    """
    faults = [
        Fault("out of range", name, value, f"{low:g} to {high:g} {unit}")
        for name, value, low, high, unit in (
            ("longitude_deg", longitude_deg, -180.0, 360.0, "degrees"),
            ("epoch_unix_s", epoch_unix_s, -1e11, 1e11, "s"),
            ("number", number, 0, 2**32 - 1, "(numbers below 2^32)"),
        )
        if not low <= value <= high
    ]
    if faults:
        raise InputError(*faults)
    one = np.ones(1)
    argument = float(gmst82_rad(epoch_unix_s, ut1_minus_utc_s)) + math.radians(longitude_deg)
    return CircularElements(
        catalog_number=np.array([number], np.int64),
        plane=np.zeros(1, np.int64),
        epoch_unix_s=float(epoch_unix_s) * one,
        radius_m=GEOSTATIONARY_RADIUS_M * one,
        inclination_rad=0.0 * one,
        node_rad=0.0 * one,
        node_rate_rad_per_s=0.0 * one,
        latitude_argument_rad=(argument % (2.0 * math.pi)) * one,
        latitude_argument_rate_rad_per_s=SIDEREAL_RATE * one,
    )
