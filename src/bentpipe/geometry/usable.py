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
#: Up to so many groups of places look through all satellites, which is quicker than to sort them into boxes.
_FEW_GROUPS = 32
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


@kernel("void(float64[:,::1], int64, int64[::1], int64[::1])")
def _bin_satellites(
    xyzr: FloatArray,
    count: int,
    box_start: npt.NDArray[np.int64],
    member: npt.NDArray[np.int64],
) -> None:
    """Counting sort of the first `count` members into boxes, in place."""
    box = np.empty(count, np.int64)
    before = member[:count].copy()
    box_start[:] = 0
    for k in range(count):
        x, y, z = xyzr[before[k], 0], xyzr[before[k], 1], xyzr[before[k], 2]
        latitude = math.degrees(math.atan2(z, math.sqrt(x * x + y * y)))
        longitude = math.degrees(math.atan2(y, x))
        row = min(_ROWS - 1, int((latitude + 90.0) / _BOX_DEG))
        column = min(_COLUMNS - 1, int((longitude + 180.0) / _BOX_DEG))
        box[k] = row * _COLUMNS + column
        box_start[box[k] + 1] += 1
    for b in range(_ROWS * _COLUMNS):
        box_start[b + 1] += box_start[b]
    cursor = box_start.copy()
    for k in range(count):
        member[cursor[box[k]]] = before[k]
        cursor[box[k]] += 1


@kernel("int64(float64[:,::1], int64[::1], int64, int64, float64, float64, float64, float64, int64[::1], int64)")
def _within(
    xyzr: FloatArray,
    member: npt.NDArray[np.int64],
    begin: int,
    end: int,
    ax: float,
    ay: float,
    az: float,
    cos_reach: float,
    found: npt.NDArray[np.int64],
    count: int,
) -> int:
    """Append the members whose centre angle from an axis is within reach; returns how many there are then."""
    for k in range(begin, end):
        s = member[k]
        found[count] = s
        count += ax * xyzr[s, 0] + ay * xyzr[s, 1] + az * xyzr[s, 2] >= cos_reach * xyzr[s, 3]
    return count


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
            count = _within(xyzr, member, box_start[b], box_start[b + 1], ax, ay, az, cos_reach, found, count)
    return count


@kernel("float64(float64, float64, float64)")
def _reach_rad(radius: float, sin_lowest: float, highest: float) -> float:
    """Largest centre angle from a group's axis at which a satellite may be seen from any of its places."""
    elevation = math.asin(sin_lowest) - _UP_LEAN_RAD
    cosine = min(1.0, _SMALLEST_RADIUS_M * math.cos(elevation) / max(highest, _SMALLEST_RADIUS_M))
    return min(math.pi, math.acos(cosine) - elevation + radius + _UP_LEAN_RAD)


@kernel(inline=True)
def _in_view(
    near: int,
    x: FloatArray,
    y: FloatArray,
    z: FloatArray,
    orbit: FloatArray,
    px: float,
    py: float,
    pz: float,
    ux: float,
    uy: float,
    uz: float,
    sin_min: float,
    bx: float,
    by: float,
    bz: float,
    cos_cone: float,
    over: FloatArray,
    kept: npt.NDArray[np.int64],
    rx: FloatArray,
    ry: FloatArray,
    rz: FloatArray,
    length: FloatArray,
    radius: FloatArray,
) -> int:
    """Keep the satellites above the minimum elevation and inside the cone, with ray, length and orbit radius.

    Cosines are compared by their squares, signs kept: a square root for every candidate would take half the time.
    """
    low, wide = sin_min * abs(sin_min), cos_cone * abs(cos_cone)
    for k in range(near):
        dx, dy, dz = x[k] - px, y[k] - py, z[k] - pz
        square = dx * dx + dy * dy + dz * dz
        high = dx * ux + dy * uy + dz * uz
        along = dx * bx + dy * by + dz * bz
        higher = high * abs(high) - low * square
        inside = along * abs(along) - wide * square
        over[k] = higher if higher < inside else inside
    count = 0
    for k in range(near):
        kept[count] = k
        count += over[k] >= 0.0
    for i in range(count):
        k = kept[i]
        dx, dy, dz = x[k] - px, y[k] - py, z[k] - pz
        rx[i], ry[i], rz[i] = dx, dy, dz
        length[i] = math.sqrt(dx * dx + dy * dy + dz * dz)
        radius[i] = orbit[k]
    return count


@kernel(inline=True)
def _aim(
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
    above: float,
    below: float,
) -> int:
    """Turn rays into unit rays, with the sine of the elevation and a first verdict; returns how many are not clear.

    The verdict is 1 for certainly clear of the geostationary arc, -1 for beyond the satellite's steering, 0 for
    still to be told.
    """
    unclear = 0
    for k in range(count):
        inverse = 1.0 / length[k]
        ux, uy, uz = rx[k] * inverse, ry[k] * inverse, rz[k] * inverse
        steered = ux * (rx[k] + px) + uy * (ry[k] + py) + uz * (rz[k] + pz) - cos_steering * radius[k]
        rx[k], ry[k], rz[k] = ux, uy, uz
        sine[k] = ux * upx + uy * upy + uz * upz
        value = 1.0 if uz > above else 0.0
        value = 1.0 if uz < below else value
        value = -1.0 if steered < 0.0 else value
        verdict[k] = value
        unclear += value < 1.0
    return unclear


@kernel(inline=True)
def _judge_by_arc(
    count: int,
    rx: FloatArray,
    ry: FloatArray,
    rz: FloatArray,
    verdict: FloatArray,
    cos_lon: float,
    sin_lon: float,
    rho: float,
    z: float,
    cos_limit: float,
    cos_avoid: float,
) -> None:
    """Turn verdicts of 0 into 1 for clear of the arc or -1 for refused, and leave what is too close to say.

    The nearest point of the geostationary arc is taken in closed form (`is_avoided` is the exact road), in units
    of the arc's radius.
    """
    for k in range(count):
        ux, uy, uz = rx[k], ry[k], rz[k]
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
        verdict[k] = value if verdict[k] == 0.0 else verdict[k]


@kernel("int64(float64[:,::1], boolean[::1], float64[:,::1], int64[::1])")
def _compact(position: FloatArray, up: npt.NDArray[np.bool_], xyzr: FloatArray, member: npt.NDArray[np.int64]) -> int:
    """Positions and radii satellite by satellite, and which are up and have a position; returns how many."""
    count = 0
    for s in range(position.shape[1]):
        x, y, z = position[0, s], position[1, s], position[2, s]
        radius = math.sqrt(x * x + y * y + z * z)
        xyzr[s, 0], xyzr[s, 1], xyzr[s, 2], xyzr[s, 3] = x, y, z, radius
        member[count] = s
        count += up[s] and radius < math.inf
    return count


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
    instructions; only directions close to the avoidance angle take the exact road. Rows of arrays are handed on
    as numbers: a view of a row would cost as much as the tests.
    Where the room does not suffice nothing more is written, and the caller tries again with more.
    """
    n, groups = position.shape[1], group_start.size - 1
    member, found, kept = np.empty(n + 1, np.int64), np.empty(n + 1, np.int64), np.empty(n + 1, np.int64)
    xyzr = np.empty((n, 4))
    number = _compact(position, satellite_up, xyzr, member)
    highest = 0.0
    for k in range(number):
        highest = max(highest, xyzr[member[k], 3])
    box_start = np.zeros(_ROWS * _COLUMNS + 1, np.int64)
    if groups > _FEW_GROUPS:
        _bin_satellites(xyzr, number, box_start, member)
    x, y, zz, orbit = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    over, sine, verdict = np.empty(n), np.empty(n), np.empty(n)
    rx, ry, rz, length, radius = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    room = out_satellite.size
    total = 0
    for g in range(groups):
        lowest = 1.0
        for i in range(group_start[g], group_start[g + 1]):
            lowest = min(lowest, sin_min[order[i]])
        ax, ay, az = group_axis[g, 0], group_axis[g, 1], group_axis[g, 2]
        reach = _reach_rad(group_radius[g], lowest, highest)
        if groups > _FEW_GROUPS:
            near = _gather(xyzr, box_start, member, ax, ay, az, reach, found)
        else:
            near = _within(xyzr, member, 0, number, ax, ay, az, math.cos(reach), found, 0)
        for k in range(near):
            s = found[k]
            x[k], y[k], zz[k], orbit[k] = xyzr[s, 0], xyzr[s, 1], xyzr[s, 2], xyzr[s, 3]
        for i in range(group_start[g], group_start[g + 1]):
            c = order[i]
            start[c] = total
            stop[c] = total
            if not place_up[c]:
                continue
            px, py, pz = place[c, 0], place[c, 1], place[c, 2]
            ux, uy, uz = axes[c, 6], axes[c, 7], axes[c, 8]
            count = _in_view(
                near, x, y, zz, orbit, px, py, pz, ux, uy, uz, sin_min[c],
                boresight[c, 0], boresight[c, 1], boresight[c, 2], cos_cone[c],
                over, kept, rx, ry, rz, length, radius,
            )  # fmt: skip
            if total + count > room:
                total += count
                continue
            unclear = _aim(
                count, rx, ry, rz, length, radius, sine, verdict, px, py, pz, ux, uy, uz,
                cos_steering, above[c], below[c],
            )  # fmt: skip
            nx, ny, nz = axes[c, 3], axes[c, 4], axes[c, 5]
            if unclear == 0 and mask_of[c] < 0:
                for k in range(count):
                    out_satellite[total + k] = found[kept[k]]
                    out_sin[total + k] = sine[k]
                    out_north[total + k] = rx[k] * nx + ry[k] * ny + rz[k] * nz
                    out_range[total + k] = length[k]
                total += count
                stop[c] = total
                continue
            _judge_by_arc(
                count, rx, ry, rz, verdict, cos_lon[c], sin_lon[c], rho[c] / GSO_RADIUS_M, z[c] / GSO_RADIUS_M,
                cos_limit[c], cos_avoid[c],
            )  # fmt: skip
            for k in range(count):
                keep = verdict[k] > 0.0
                if verdict[k] == 0.0:
                    keep = not is_avoided(
                        rx[k], ry[k], rz[k],
                        cos_lon[c], sin_lon[c], rho[c], z[c], cos_limit[c], cos_avoid[c],
                    )  # fmt: skip
                north = rx[k] * nx + ry[k] * ny + rz[k] * nz
                if keep and mask_of[c] >= 0:
                    east = rx[k] * axes[c, 0] + ry[k] * axes[c, 1] + rz[k] * axes[c, 2]
                    azimuth = math.degrees(math.atan2(east, north)) % 360.0
                    keep = sine[k] >= mask[mask_of[c], min(359, int(azimuth))]
                out_satellite[total] = found[kept[k]]
                out_sin[total] = sine[k]
                out_north[total] = north
                out_range[total] = length[k]
                total += keep
            stop[c] = total
    return total


@kernel("void(int64[::1], int64[::1], int32[::1], float32[::1], float32[::1], float32[::1], float64[::1])")
def _drop_farther(
    start: npt.NDArray[np.int64],
    stop: npt.NDArray[np.int64],
    satellite: npt.NDArray[np.int32],
    sine: npt.NDArray[np.float32],
    north: npt.NDArray[np.float32],
    distance: npt.NDArray[np.float32],
    limit: FloatArray,
) -> None:
    """Leave out, in place, the links that are longer than the place allows."""
    for c in range(start.size):
        kept = start[c]
        for k in range(start[c], stop[c]):
            if distance[k] <= limit[c]:
                satellite[kept], sine[kept], north[kept] = satellite[k], sine[k], north[k]
                distance[kept] = distance[k]
                kept += 1
        stop[c] = kept


def usable_links(
    position_m: FloatArray,
    places: Places,
    satellite_up: npt.NDArray[np.bool_],
    place_up: npt.NDArray[np.bool_] | None = None,
    steering_deg: float = 90.0,
    buffers: LinkBuffers | None = None,
) -> UsableLinks:
    """Satellites that each place can use in one slot.

    A satellite is usable when it is above the minimum elevation, not too far, inside the antenna's cone, above the
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
            if np.isfinite(places.max_range_m).any():
                _drop_farther(start, stop, satellite, sine, north, distance, places.max_range_m)
            return UsableLinks(start, stop, satellite[:total], sine[:total], north[:total], distance[:total])
        buffers.grow(total)
