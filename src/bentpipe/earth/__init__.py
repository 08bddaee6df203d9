"""The Earth: its ellipsoid, its rotation, its time, and distances along it.

======================  =============================================================================
file                    what
======================  =============================================================================
ellipsoid.py            WGS 84: geodetic and Earth-fixed coordinates, the local horizon
greatcircle.py          distances and destinations on the sphere of mean radius
timescales.py           UTC as Unix seconds, dates and Julian dates
orientation.py          UT1-UTC, from a table in data/
rotation.py             Greenwich sidereal time; TEME to Earth-fixed
geomagnetic.py          latitude in the field of a dipole
sun.py                  where the Sun stands: day and night
======================  =============================================================================
"""

from __future__ import annotations

from .ellipsoid import WGS84_A, WGS84_F, east_north_up, ecef_to_geodetic, geodetic_to_ecef
from .geomagnetic import geomagnetic_latitude_deg
from .greatcircle import MEAN_RADIUS, destination, great_circle_m
from .orientation import EarthOrientation, load_earth_orientation
from .rotation import gmst82_rad, teme_to_earth_fixed
from .sun import sun_direction
from .timescales import from_unix_s, julian_date, to_unix_s

__all__ = [
    "MEAN_RADIUS",
    "WGS84_A",
    "WGS84_F",
    "EarthOrientation",
    "destination",
    "east_north_up",
    "ecef_to_geodetic",
    "from_unix_s",
    "geodetic_to_ecef",
    "geomagnetic_latitude_deg",
    "gmst82_rad",
    "great_circle_m",
    "julian_date",
    "load_earth_orientation",
    "sun_direction",
    "teme_to_earth_fixed",
    "to_unix_s",
]
