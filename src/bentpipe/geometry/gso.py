"""The geostationary arc, and how far a direction lies from it.

Non-geostationary systems keep their beams clear of the geostationary arc (ITU Radio Regulations, Article 22):
a satellite is not used from a place when, seen from there, it is closer to the visible arc than the avoidance
angle. The arc seen from a place is a curve of nearly constant topocentric declination, so the nearest point
is found in closed form from the hour angle, then polished by Newton steps.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel

FloatArray = npt.NDArray[np.float64]

#: Radius of the geostationary orbit, m (sidereal period and WGS 84 GM).
GSO_RADIUS_M = 42_164_170.0


class ArcView(NamedTuple):
    """What the separation from the geostationary arc needs of each place; all arrays ``(C,)`` float64.

    Parameters
    ----------
    cos_longitude, sin_longitude : ndarray
        Of the place.
    axis_distance_m, z_m : ndarray
        Distance from the Earth's axis and height above the equatorial plane, m.
    cos_longitude_limit : ndarray
        Cosine of half the span of the arc above the horizon, as geocentric longitude from the place's
        meridian; above 1 where the arc is below the horizon everywhere.
    declination_above_sin, declination_below_sin : ndarray
        A direction whose z component lies above the first or below the second is certainly clear.
    cos_avoidance : ndarray
        Cosine of the avoidance angle; 2 where there is none.
    """

    cos_longitude: FloatArray
    sin_longitude: FloatArray
    axis_distance_m: FloatArray
    z_m: FloatArray
    cos_longitude_limit: FloatArray
    declination_above_sin: FloatArray
    declination_below_sin: FloatArray
    cos_avoidance: FloatArray


def arc_view(position_m: FloatArray, up: FloatArray, avoidance_deg: npt.ArrayLike) -> ArcView:
    """Prepare the arc for a set of places.

    Parameters
    ----------
    position_m : (C, 3) float64
        Earth-fixed position, m.
    up : (C, 3) float64
        Geodetic up, unit.
    avoidance_deg : (C,) or scalar
        Avoidance angle, degrees; 0 switches the rule off.

    Returns
    -------
    ArcView
    """
    x, y, z = (np.ascontiguousarray(position_m[:, i]) for i in range(3))
    rho = np.hypot(x, y)
    longitude = np.arctan2(y, x)
    cos_lat = np.hypot(up[:, 0], up[:, 1])
    edge = (rho + z * up[:, 2] / np.maximum(cos_lat, 1e-12)) / GSO_RADIUS_M
    limit = np.arccos(np.clip(edge, -1.0, 1.0))
    avoidance = np.radians(np.broadcast_to(np.asarray(avoidance_deg, np.float64), rho.shape))
    meridian = np.arctan2(-z, GSO_RADIUS_M - rho)
    horizon = np.arctan2(-z, np.hypot(GSO_RADIUS_M * np.cos(limit) - rho, GSO_RADIUS_M * np.sin(limit)))
    highest = np.maximum(meridian, horizon) + avoidance
    lowest = np.minimum(meridian, horizon) - avoidance
    off = (avoidance <= 0.0) | (edge >= 1.0)
    return ArcView(
        np.cos(longitude),
        np.sin(longitude),
        rho,
        z,
        np.where(edge < 1.0, np.maximum(edge, -1.0), 2.0),
        np.where(off, -2.0, np.where(highest < math.pi / 2, np.sin(highest), 2.0)),
        np.where(off, 2.0, np.where(lowest > -math.pi / 2, np.sin(lowest), -2.0)),
        np.where(off, 2.0, np.cos(avoidance)),
    )


@kernel()
def cos_separation(
    ux: float,
    uy: float,
    uz: float,
    cos_longitude: float,
    sin_longitude: float,
    axis_distance_m: float,
    z_m: float,
    cos_longitude_limit: float,
) -> float:
    """Cosine of the angle between a direction and the nearest visible point of the arc.

    Parameters
    ----------
    ux, uy, uz : float
        Unit direction from the place, Earth-fixed.
    cos_longitude, sin_longitude, axis_distance_m, z_m, cos_longitude_limit : float
        See `ArcView`.

    Returns
    -------
    float
        Cosine of the separation; -2 where the arc is below the horizon. Error below 1e-4 degrees.
    """
    if cos_longitude_limit > 1.0:
        return -2.0
    toward = ux * cos_longitude + uy * sin_longitude
    east = uy * cos_longitude - ux * sin_longitude
    in_plane = math.sqrt(toward * toward + east * east)
    sin_hour = east / in_plane if in_plane > 1e-12 else 0.0
    lon = math.atan2(east, toward) - math.asin(axis_distance_m / GSO_RADIUS_M * sin_hour)
    limit = math.acos(cos_longitude_limit)
    best = -2.0
    for _ in range(3):
        lon = min(max(lon, -limit), limit)
        c, s = GSO_RADIUS_M * math.cos(lon), GSO_RADIUS_M * math.sin(lon)
        gx, gy, gz = c - axis_distance_m, s, -z_m
        norm = math.sqrt(gx * gx + gy * gy + gz * gz)
        gx, gy, gz = gx / norm, gy / norm, gz / norm
        cosine = toward * gx + east * gy + uz * gz
        if cosine > best:
            best = cosine
        # Derivative of the unit vector towards the arc with respect to longitude.
        radial = -gx * s + gy * c
        px, py, pz = (-s - gx * radial) / norm, (c - gy * radial) / norm, -gz * radial / norm
        slope = toward * px + east * py + uz * pz
        curvature = (px * px + py * py + pz * pz) * max(cosine, 0.1)
        lon += slope / curvature
    return best


@kernel()
def is_avoided(
    ux: float,
    uy: float,
    uz: float,
    cos_longitude: float,
    sin_longitude: float,
    axis_distance_m: float,
    z_m: float,
    cos_longitude_limit: float,
    cos_avoidance: float,
) -> bool:
    """Whether a direction is closer to the visible arc than the avoidance angle.

    The closed-form nearest point settles all but the directions within about 0.3 degrees of the limit, without a
    trigonometric call; those go through `cos_separation`.

    Parameters
    ----------
    ux, uy, uz : float
        Unit direction from the place, Earth-fixed.
    cos_longitude, sin_longitude, axis_distance_m, z_m, cos_longitude_limit, cos_avoidance : float
        See `ArcView`.

    Returns
    -------
    bool
    """
    if cos_longitude_limit > 1.0:
        return False
    toward = ux * cos_longitude + uy * sin_longitude
    east = uy * cos_longitude - ux * sin_longitude
    in_plane = math.sqrt(toward * toward + east * east)
    if in_plane > 1e-9 and toward > 0.2 * in_plane:
        sin_hour, cos_hour = east / in_plane, toward / in_plane
        lag = axis_distance_m / GSO_RADIUS_M * sin_hour
        lead = math.sqrt(1.0 - lag * lag)
        c = GSO_RADIUS_M * (cos_hour * lead + sin_hour * lag)
        s = GSO_RADIUS_M * (sin_hour * lead - cos_hour * lag)
        gx = c - axis_distance_m
        cosine = (toward * gx + east * s - uz * z_m) / math.sqrt(gx * gx + s * s + z_m * z_m)
        if cosine < cos_avoidance - 2e-3:
            return False
        if cosine > cos_avoidance and c >= GSO_RADIUS_M * cos_longitude_limit:
            return True
    return (
        cos_separation(ux, uy, uz, cos_longitude, sin_longitude, axis_distance_m, z_m, cos_longitude_limit)
        > cos_avoidance
    )


def separation_deg(direction: FloatArray, view: ArcView) -> FloatArray:
    """Angle between directions and the visible geostationary arc, degrees, the plain form of the kernel's test.

    Parameters
    ----------
    direction : (C, 3) float64
        One unit direction for each place of `view`, Earth-fixed.
    view : ArcView
        Places.

    Returns
    -------
    (C,) float64
        Degrees; infinity where the arc is below the horizon.
    """
    out = np.empty(len(direction))
    for i, (ux, uy, uz) in enumerate(direction):
        cosine = cos_separation(
            ux,
            uy,
            uz,
            view.cos_longitude[i],
            view.sin_longitude[i],
            view.axis_distance_m[i],
            view.z_m[i],
            view.cos_longitude_limit[i],
        )
        out[i] = math.inf if cosine < -1.5 else math.degrees(math.acos(min(1.0, cosine)))
    return out
