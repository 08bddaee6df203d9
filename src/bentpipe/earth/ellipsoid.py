"""The WGS 84 ellipsoid: geodetic and Earth-fixed coordinates, and the local horizon.

Constants: NGA.STND.0036_1.0.0_WGS84 (2014), table 3.1 (semi-major axis) and 3.1 (flattening).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import Fault, InputError

WGS84_A = 6_378_137.0
"""Semi-major axis of the WGS 84 ellipsoid, m."""

WGS84_F = 1.0 / 298.257223563
"""Flattening of the WGS 84 ellipsoid."""

Floats = npt.NDArray[np.float64]


def check_latitude_longitude(lat_deg: npt.ArrayLike, lon_deg: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Latitude and longitude as float64 arrays, refused where they are no place on Earth.

    Parameters
    ----------
    lat_deg : array_like, any shape, degrees
        Geodetic latitude, -90 to 90.
    lon_deg : array_like, any shape, degrees
        Longitude east of Greenwich, -360 to 360.

    Returns
    -------
    tuple of numpy.ndarray
        The two arrays, not broadcast.

    Raises
    ------
    InputError
        A value is not finite or out of range.
    """
    faults = []
    arrays = []
    for name, values, limit in (("latitude", lat_deg, 90.0), ("longitude", lon_deg, 360.0)):
        array = np.asarray(values, dtype=np.float64)
        wrong = ~(np.abs(array) <= limit)
        if wrong.any():
            found = float(array[wrong].flat[0])
            allowed = f"{-limit:g} to {limit:g} degrees"
            faults.append(Fault(f"{name} is no place on Earth ({wrong.sum()} values)", "", found, allowed))
        arrays.append(array)
    if faults:
        raise InputError(*faults)
    return arrays[0], arrays[1]


def geodetic_to_ecef(lat_deg: npt.ArrayLike, lon_deg: npt.ArrayLike, height_m: npt.ArrayLike = 0.0) -> Floats:
    """Earth-fixed position of a place given by geodetic coordinates.

    ``x = (nu + h) cos(lat) cos(lon)``, ``y = (nu + h) cos(lat) sin(lon)``,
    ``z = (nu (1 - e2) + h) sin(lat)``, with ``nu = a / sqrt(1 - e2 sin(lat)^2)``.

    Parameters
    ----------
    lat_deg : array_like, shape (...), degrees
        Geodetic latitude, -90 to 90.
    lon_deg : array_like, shape (...), degrees
        Longitude east of Greenwich.
    height_m : array_like, shape (...), m
        Height above the ellipsoid.

    Returns
    -------
    numpy.ndarray, shape (..., 3), m
        Earth-fixed (ITRS, WGS 84) position.

    Notes
    -----
    Source: NGA.STND.0036_1.0.0_WGS84 (2014), equation 4-14.
    """
    lat, lon = check_latitude_longitude(lat_deg, lon_deg)
    lat, lon, height = np.broadcast_arrays(np.radians(lat), np.radians(lon), np.asarray(height_m, np.float64))
    e2 = WGS84_F * (2.0 - WGS84_F)
    sin_lat, cos_lat = np.sin(lat), np.cos(lat)
    nu = WGS84_A / np.sqrt(1.0 - e2 * sin_lat**2)
    x = (nu + height) * cos_lat * np.cos(lon)
    y = (nu + height) * cos_lat * np.sin(lon)
    z = (nu * (1.0 - e2) + height) * sin_lat
    return np.stack((x, y, z), axis=-1)


def ecef_to_geodetic(position_m: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Geodetic coordinates of an Earth-fixed position.

    Bowring's iteration on the reduced latitude, three times; from 1,000 km below the ellipsoid to beyond
    the geostationary orbit the latitude is within 1e-11 degrees and the height within 1e-8 m (tested).

    Parameters
    ----------
    position_m : array_like, shape (..., 3), m
        Earth-fixed position, further than 1,000 km from the centre of the Earth; NaN gives NaN.

    Returns
    -------
    lat_deg : numpy.ndarray, shape (...), degrees
        Geodetic latitude.
    lon_deg : numpy.ndarray, shape (...), degrees
        Longitude, -180 to 180; 0 on the axis.
    height_m : numpy.ndarray, shape (...), m
        Height above the ellipsoid.

    Notes
    -----
    Source: B. R. Bowring, "Transformation from spatial to geographical coordinates", Survey Review 23
    (181), 1976.
    """
    position = np.asarray(position_m, dtype=np.float64)
    if position.ndim == 0 or position.shape[-1] != 3:
        raise InputError(Fault("a position has three coordinates", "", position.shape, "shape (..., 3)"))
    x, y, z = position[..., 0], position[..., 1], position[..., 2]
    e2 = WGS84_F * (2.0 - WGS84_F)
    b = WGS84_A * (1.0 - WGS84_F)
    second = e2 / (1.0 - e2)
    p = np.hypot(x, y)
    reduced = np.arctan2(z * WGS84_A, p * b)
    for _ in range(3):
        lat = np.arctan2(
            z + second * b * np.sin(reduced) ** 3,
            p - e2 * WGS84_A * np.cos(reduced) ** 3,
        )
        reduced = np.arctan2((1.0 - WGS84_F) * np.sin(lat), np.cos(lat))
    sin_lat = np.sin(lat)
    height = p * np.cos(lat) + z * sin_lat - WGS84_A * np.sqrt(1.0 - e2 * sin_lat**2)
    return np.degrees(lat), np.degrees(np.arctan2(y, x)), height


def east_north_up(lat_deg: npt.ArrayLike, lon_deg: npt.ArrayLike) -> Floats:
    """Give the unit vectors of the local horizon, Earth-fixed.

    Up is the normal of the ellipsoid, not the direction from the centre of the Earth. With
    ``d`` a difference of Earth-fixed positions, ``basis @ d`` is (east, north, up).

    Parameters
    ----------
    lat_deg : array_like, shape (...), degrees
        Geodetic latitude, -90 to 90.
    lon_deg : array_like, shape (...), degrees
        Longitude east of Greenwich.

    Returns
    -------
    numpy.ndarray, shape (..., 3, 3), dimensionless
        Rows east, north, up; columns x, y, z.
    """
    lat, lon = check_latitude_longitude(lat_deg, lon_deg)
    lat, lon = np.broadcast_arrays(np.radians(lat), np.radians(lon))
    sin_lat, cos_lat, sin_lon, cos_lon = np.sin(lat), np.cos(lat), np.sin(lon), np.cos(lon)
    east = np.stack((-sin_lon, cos_lon, np.zeros_like(lon)), axis=-1)
    north = np.stack((-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat), axis=-1)
    up = np.stack((cos_lat * cos_lon, cos_lat * sin_lon, sin_lat), axis=-1)
    return np.stack((east, north, up), axis=-2)
