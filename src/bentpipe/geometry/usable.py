"""Usable satellites of every place in one slot, by a spatial index.

Satellites are counted into boxes of latitude and longitude; each group of places gathers the satellites of the
boxes within reach once, and each place tests that short list. The result is a ragged relation in CSR form.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.geometry.gso import GSO_RADIUS_M, is_avoided
from bentpipe.geometry.places import Places
from bentpipe.kernel import kernel

FloatArray = npt.NDArray[np.float64]

_BOX_DEG = 5.0
_ROWS = 36
_COLUMNS = 72
#: Geodetic up leans at most 0.193 degrees from the radius; the search is widened by that much.
_UP_LEAN_RAD = 0.0034
_SMALLEST_RADIUS_M = 6_356_752.0


class UsableLinks(NamedTuple):
    """Usable links of one slot: those of place ``c`` are rows ``start[c]:stop[c]`` of the other arrays.

    The rows of a place are contiguous, those of different places in no particular order: nothing is copied only
    to be sorted. The arrays are views of the buffers given, valid until the buffers are used again.

    Parameters
    ----------
    start, stop : (C,) int64
        Where each place's links start and stop.
    satellite : (P,) int32
        Index of the satellite, in no particular order within a place.
    sin_elevation : (P,) float32
        Sine of the elevation.
    north : (P,) float32
        North component of the unit direction.
    slant_range_m : (P,) float32
        Distance, m.
    """

    start: npt.NDArray[np.int64]
    stop: npt.NDArray[np.int64]
    satellite: npt.NDArray[np.int32]
    sin_elevation: npt.NDArray[np.float32]
    north: npt.NDArray[np.float32]
    slant_range_m: npt.NDArray[np.float32]


class LinkBuffers:
    """Memory for the links of one slot; touching fresh memory would cost as much as the search.

    Parameters
    ----------
    room : int
        Number of links to make room for at first.
    """

    def __init__(self, room: int) -> None:
        self.grow(max(room, 64))

    def grow(self, total: int) -> None:
        """Make room for `total` links and a tenth more; what was held is lost."""
        self.room = total + total // 10
        self.arrays = (
            np.empty(self.room, np.int32),
            np.empty(self.room, np.float32),
            np.empty(self.room, np.float32),
            np.empty(self.room, np.float32),
        )


@kernel("void(float64[:,::1], boolean[::1], int64[::1], int64[::1])")
def _bin_satellites(
    position: FloatArray,
    up: npt.NDArray[np.bool_],
    box_start: npt.NDArray[np.int64],
    member: npt.NDArray[np.int64],
) -> None:
    """Counting sort of the satellites into boxes; one that is down or has no position is left out."""
    n = position.shape[1]
    box = np.full(n, -1, np.int64)
    box_start[:] = 0
    for s in range(n):
        x, y, z = position[0, s], position[1, s], position[2, s]
        if not up[s] or not math.isfinite(x + y + z):
            continue
        latitude = math.degrees(math.atan2(z, math.sqrt(x * x + y * y)))
        longitude = math.degrees(math.atan2(y, x))
        row = min(_ROWS - 1, int((latitude + 90.0) / _BOX_DEG))
        column = min(_COLUMNS - 1, int((longitude + 180.0) / _BOX_DEG))
        box[s] = row * _COLUMNS + column
        box_start[box[s] + 1] += 1
    for b in range(_ROWS * _COLUMNS):
        box_start[b + 1] += box_start[b]
    cursor = box_start.copy()
    for s in range(n):
        if box[s] >= 0:
            member[cursor[box[s]]] = s
            cursor[box[s]] += 1


@kernel("int64(float64[:,::1], int64[::1], int64[::1], float64, float64, float64, float64, int64[::1])")
def _gather(
    xyzr: FloatArray,
    box_start: npt.NDArray[np.int64],
    member: npt.NDArray[np.int64],
    ax: float,
    ay: float,
    az: float,
    reach_rad: float,
    found: npt.NDArray[np.int64],
) -> int:
    """Satellites whose centre angle from an axis is within reach; returns how many."""
    latitude = math.degrees(math.atan2(az, math.sqrt(ax * ax + ay * ay)))
    longitude = math.degrees(math.atan2(ay, ax))
    reach = math.degrees(reach_rad)
    first = max(0, int((latitude - reach + 90.0) / _BOX_DEG))
    last = min(_ROWS - 1, int((latitude + reach + 90.0) / _BOX_DEG))
    cos_lat = math.cos(math.radians(latitude))
    whole = abs(latitude) + reach >= 90.0 or math.sin(reach_rad) >= cos_lat
    half = 180.0 if whole else math.degrees(math.asin(math.sin(reach_rad) / cos_lat))
    c0 = 0 if whole else math.floor((longitude - half + 180.0) / _BOX_DEG)
    c1 = _COLUMNS - 1 if whole else math.floor((longitude + half + 180.0) / _BOX_DEG)
    if c1 - c0 >= _COLUMNS:
        c0, c1 = 0, _COLUMNS - 1
    cos_reach = math.cos(reach_rad)
    count = 0
    for row in range(first, last + 1):
        for raw in range(c0, c1 + 1):
            b = row * _COLUMNS + raw % _COLUMNS
            for k in range(box_start[b], box_start[b + 1]):
                s = member[k]
                x, y, z, r = xyzr[s, 0], xyzr[s, 1], xyzr[s, 2], xyzr[s, 3]
                found[count] = s
                count += ax * x + ay * y + az * z >= cos_reach * r
    return count


@kernel()
def _near(
    xyzr: FloatArray,
    box_start: npt.NDArray[np.int64],
    member: npt.NDArray[np.int64],
    axis: FloatArray,
    radius: float,
    sin_lowest: float,
    highest: float,
    found: npt.NDArray[np.int64],
    near_xyz: FloatArray,
) -> int:
    """Satellites that any place of a group may see, with their positions and radii side by side."""
    elevation = math.asin(sin_lowest) - _UP_LEAN_RAD
    cosine = min(1.0, _SMALLEST_RADIUS_M * math.cos(elevation) / max(highest, _SMALLEST_RADIUS_M))
    reach = min(math.pi, math.acos(cosine) - elevation + radius + _UP_LEAN_RAD)
    near: int = _gather(xyzr, box_start, member, axis[0], axis[1], axis[2], reach, found)
    for k in range(near):
        for i in range(4):
            near_xyz[i, k] = xyzr[found[k], i]
    return near


@kernel()
def _in_view(
    xyz: FloatArray,
    near: int,
    place: FloatArray,
    axes: FloatArray,
    sin_min: float,
    boresight: FloatArray,
    cos_cone: float,
    over: FloatArray,
    kept: npt.NDArray[np.int64],
    ray: FloatArray,
) -> int:
    """Keep the satellites above the minimum elevation and inside the cone, with ray, length and orbit radius."""
    px, py, pz = place[0], place[1], place[2]
    ux, uy, uz = axes[6], axes[7], axes[8]
    bx, by, bz = boresight[0], boresight[1], boresight[2]
    x, y, z = xyz[0], xyz[1], xyz[2]
    for k in range(near):
        dx, dy, dz = x[k] - px, y[k] - py, z[k] - pz
        distance = math.sqrt(dx * dx + dy * dy + dz * dz)
        higher = dx * ux + dy * uy + dz * uz - sin_min * distance
        inside = dx * bx + dy * by + dz * bz - cos_cone * distance
        over[k] = higher if higher < inside else inside
    count = 0
    for k in range(near):
        kept[count] = k
        count += over[k] >= 0.0
    for i in range(count):
        k = kept[i]
        dx, dy, dz = x[k] - px, y[k] - py, z[k] - pz
        ray[0, i], ray[1, i], ray[2, i] = dx, dy, dz
        ray[3, i] = math.sqrt(dx * dx + dy * dy + dz * dz)
        ray[4, i] = xyz[3, k]
    return count


@kernel(
    "void(int64, float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1],"
    "float64, float64, float64, float64, float64, float64, float64, float64, float64, float64, float64, float64,"
    "float64, float64, float64)"
)
def _clear_of_arc(
    count: int,
    rx: FloatArray,
    ry: FloatArray,
    rz: FloatArray,
    length: FloatArray,
    radius: FloatArray,
    sine: FloatArray,
    verdict: FloatArray,
    px: float,
    py: float,
    pz: float,
    upx: float,
    upy: float,
    upz: float,
    cos_steering: float,
    cos_lon: float,
    sin_lon: float,
    rho: float,
    z: float,
    cos_limit: float,
    above: float,
    below: float,
    cos_avoid: float,
) -> None:
    """Turn rays into unit rays, with the sine of the elevation and a verdict.

    The verdict is 1 for clear, -1 for refused, 0 for too close to say. The nearest point of the geostationary
    arc is taken in closed form (`is_avoided` is the exact road), in units of the arc's radius.
    """
    for k in range(count):
        inverse = 1.0 / length[k]
        ux, uy, uz = rx[k] * inverse, ry[k] * inverse, rz[k] * inverse
        steered = ux * (rx[k] + px) + uy * (ry[k] + py) + uz * (rz[k] + pz) - cos_steering * radius[k]
        rx[k], ry[k], rz[k] = ux, uy, uz
        sine[k] = ux * upx + uy * upy + uz * upz
        toward = ux * cos_lon + uy * sin_lon
        east = uy * cos_lon - ux * sin_lon
        scale = 1.0 / math.sqrt(toward * toward + east * east)
        sin_hour, cos_hour = east * scale, toward * scale
        lag = rho * sin_hour
        lead = math.sqrt(1.0 - lag * lag)
        gx = cos_hour * lead + sin_hour * lag
        gy = sin_hour * lead - cos_hour * lag
        off = gx - rho
        cosine = (toward * off + east * gy - uz * z) / math.sqrt(off * off + gy * gy + z * z)
        value = -1.0 if cosine > cos_avoid else 0.0
        value = 0.0 if gx < cos_limit else value
        value = 1.0 if cosine < cos_avoid - 2e-3 else value
        value = 1.0 if uz > above else value
        value = 1.0 if uz < below else value
        verdict[k] = -1.0 if steered < 0.0 else value


@kernel(
    "int64(float64[:,::1], boolean[::1], float64, float64[:,::1], float64[:,::1], float64[::1], float64[:,::1],"
    "float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1],"
    "float64[::1], float64[::1], float64[:,::1], int64[::1], int64[::1], int64[::1], float64[:,::1],"
    "float64[::1], boolean[::1], int64[::1], int64[::1], int32[::1], float32[::1], float32[::1], float32[::1])"
)
def _usable(
    position: FloatArray,
    satellite_up: npt.NDArray[np.bool_],
    cos_steering: float,
    place: FloatArray,
    axes: FloatArray,
    sin_min: FloatArray,
    boresight: FloatArray,
    cos_cone: FloatArray,
    cos_lon: FloatArray,
    sin_lon: FloatArray,
    rho: FloatArray,
    z: FloatArray,
    cos_limit: FloatArray,
    above: FloatArray,
    below: FloatArray,
    cos_avoid: FloatArray,
    mask: FloatArray,
    mask_of: npt.NDArray[np.int64],
    order: npt.NDArray[np.int64],
    group_start: npt.NDArray[np.int64],
    group_axis: FloatArray,
    group_radius: FloatArray,
    place_up: npt.NDArray[np.bool_],
    start: npt.NDArray[np.int64],
    stop: npt.NDArray[np.int64],
    out_satellite: npt.NDArray[np.int32],
    out_sin: npt.NDArray[np.float32],
    out_north: npt.NDArray[np.float32],
    out_range: npt.NDArray[np.float32],
) -> int:
    """Fill the links, group by group. Returns the room that was needed.

    The tests run as passes over short arrays without branches, which the compiler turns into vector
    instructions; only directions close to the avoidance angle take the exact road.
    Where the room does not suffice nothing more is written, and the caller tries again with more.
    """
    n = position.shape[1]
    box_start = np.zeros(_ROWS * _COLUMNS + 1, np.int64)
    member = np.empty(n, np.int64)
    _bin_satellites(position, satellite_up, box_start, member)
    highest = 0.0
    xyzr = np.empty((n, 4))
    for k in range(box_start[-1]):
        s = member[k]
        for i in range(3):
            xyzr[s, i] = position[i, s]
        xyzr[s, 3] = math.sqrt(xyzr[s, 0] ** 2 + xyzr[s, 1] ** 2 + xyzr[s, 2] ** 2)
        highest = max(highest, xyzr[s, 3])
    found = np.empty(n, np.int64)
    near_xyz = np.empty((4, n))
    over, sine, verdict = np.empty(n), np.empty(n), np.empty(n)
    kept = np.empty(n, np.int64)
    ray = np.empty((5, n))
    room = out_satellite.size
    total = 0
    for g in range(group_start.size - 1):
        lowest = 1.0
        for i in range(group_start[g], group_start[g + 1]):
            lowest = min(lowest, sin_min[order[i]])
        near = _near(
            xyzr, box_start, member, group_axis[g], group_radius[g], lowest, highest, found, near_xyz
        )
        for i in range(group_start[g], group_start[g + 1]):
            c = order[i]
            start[c] = total
            stop[c] = total
            if not place_up[c]:
                continue
            count = _in_view(
                near_xyz, near, place[c], axes[c], sin_min[c], boresight[c], cos_cone[c], over, kept, ray
            )
            if total + count > room:
                total += count
                continue
            _clear_of_arc(
                count, ray[0], ray[1], ray[2], ray[3], ray[4], sine, verdict,
                place[c, 0], place[c, 1], place[c, 2], axes[c, 6], axes[c, 7], axes[c, 8], cos_steering,
                cos_lon[c], sin_lon[c], rho[c] / GSO_RADIUS_M, z[c] / GSO_RADIUS_M,
                cos_limit[c], above[c], below[c], cos_avoid[c],
            )  # fmt: skip
            for k in range(count):
                keep = verdict[k] > 0.0
                if verdict[k] == 0.0:
                    keep = not is_avoided(
                        ray[0, k], ray[1, k], ray[2, k],
                        cos_lon[c], sin_lon[c], rho[c], z[c], cos_limit[c], cos_avoid[c],
                    )  # fmt: skip
                north = ray[0, k] * axes[c, 3] + ray[1, k] * axes[c, 4] + ray[2, k] * axes[c, 5]
                if keep and mask_of[c] >= 0:
                    east = ray[0, k] * axes[c, 0] + ray[1, k] * axes[c, 1] + ray[2, k] * axes[c, 2]
                    azimuth = math.degrees(math.atan2(east, north)) % 360.0
                    keep = sine[k] >= mask[mask_of[c], min(359, int(azimuth))]
                out_satellite[total] = found[kept[k]]
                out_sin[total] = sine[k]
                out_north[total] = north
                out_range[total] = ray[3, k]
                total += keep
            stop[c] = total
    return total


def usable_links(
    position_m: FloatArray,
    places: Places,
    satellite_up: npt.NDArray[np.bool_],
    place_up: npt.NDArray[np.bool_] | None = None,
    steering_deg: float = 90.0,
    buffers: LinkBuffers | None = None,
) -> UsableLinks:
    """Satellites that each place can use in one slot.

    A satellite is usable when it is above the minimum elevation, inside the antenna's cone, above the
    obstruction mask, farther from the geostationary arc than the avoidance angle, and the place is within
    the satellite's steering range.

    Parameters
    ----------
    position_m : (3, N) float64
        Earth-fixed positions, m; NaN for a satellite without one.
    places : Places
        C places.
    satellite_up : (N,) bool
        Satellites in service.
    place_up : (C,) bool, optional
        Places where the service is allowed; all by default.
    steering_deg : float
        Largest angle of a beam from the satellite's nadir, degrees.
    buffers : LinkBuffers, optional
        Memory to write into, used again from slot to slot by one thread; it grows as needed.

    Returns
    -------
    UsableLinks

    Notes
    -----
    Elevation is above the plane perpendicular to geodetic up (WGS 84); no refraction, which is below 0.04
    degrees above 25 degrees of elevation.
    """
    count = len(places.position_m)
    if place_up is None:
        place_up = np.ones(count, np.bool_)
    buffers = buffers or LinkBuffers(16 * count)
    start, stop = np.empty(count, np.int64), np.empty(count, np.int64)
    while True:
        total = _usable(
            position_m,
            satellite_up,
            math.cos(math.radians(steering_deg)),
            places.position_m,
            places.east_north_up,
            places.sin_min_elevation,
            places.boresight,
            places.cos_half_cone,
            *places.arc,
            places.mask,
            places.mask_of_place,
            places.order,
            places.group_start,
            places.group_axis,
            places.group_radius_rad,
            place_up,
            start,
            stop,
            *buffers.arrays,
        )
        if total <= buffers.room:
            satellite, sine, north, distance = buffers.arrays
            return UsableLinks(start, stop, satellite[:total], sine[:total], north[:total], distance[:total])
        buffers.grow(total)
