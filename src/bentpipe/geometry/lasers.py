"""Which lasers between satellites can stand: range, the Earth in the way, and how fast the terminals must turn."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.earth import WGS84_A, WGS84_F
from bentpipe.earth.rotation import EARTH_RATE
from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

WGS84_B = WGS84_A * (1.0 - WGS84_F)
"""Polar radius (WGS 84), m."""


class Slew(NamedTuple):
    """How fast laser terminals can follow.

    Parameters
    ----------
    velocity_m_s : (3, N) float64
        Rate of change of the Earth-fixed positions, m/s.
    most_rad_s : float
        Largest rate at which the direction to the other satellite may turn in a satellite's orbital frame, rad/s.
    """

    velocity_m_s: FloatArray
    most_rad_s: float


@kernel("void(float64[:,::1], int32[:,::1], boolean[::1], float64, float64, float64, boolean[::1], float64[::1])")
def _usable(
    position_m: FloatArray,
    pair: Int32Array,
    able: Mask,
    range_m: float,
    equatorial_m: float,
    polar_m: float,
    ok: Mask,
    length_m: FloatArray,
) -> None:
    """In range, and the segment outside an ellipsoid: the point of it nearest to the middle of a unit sphere."""
    flat, tall = 1.0 / equatorial_m, 1.0 / polar_m
    for e in range(pair.shape[0]):
        a, b = pair[e, 0], pair[e, 1]
        x, y, z = position_m[0, a], position_m[1, a], position_m[2, a]
        dx, dy, dz = position_m[0, b] - x, position_m[1, b] - y, position_m[2, b] - z
        length = math.sqrt(dx * dx + dy * dy + dz * dz)
        length_m[e] = length
        x, y, z, dx, dy, dz = x * flat, y * flat, z * tall, dx * flat, dy * flat, dz * tall
        whole = dx * dx + dy * dy + dz * dz
        along = -(x * dx + y * dy + z * dz)
        part = along / whole if whole > 0.0 else 0.0
        part = min(max(part, 0.0), 1.0)
        x, y, z = x + part * dx, y + part * dy, z + part * dz
        # A position that is not there is NaN, and no comparison with it holds.
        ok[e] = able[a] and able[b] and length <= range_m and x * x + y * y + z * z >= 1.0


@kernel("void(float64[:,::1], int32[:,::1], float64[:,::1])")
def _turn_rates(state: FloatArray, pair: Int32Array, rate: FloatArray) -> None:
    """Rates from states (N, 6), inertial along any axes, one satellite's numbers side by side."""
    for e in range(pair.shape[0]):
        a, b = state[pair[e, 0]], state[pair[e, 1]]
        dx, dy, dz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
        wx, wy, wz = b[3] - a[3], b[4] - a[4], b[5] - a[5]
        inverse = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz)
        ux, uy, uz = dx * inverse, dy * inverse, dz * inverse
        away = wx * ux + wy * uy + wz * uz
        tx, ty, tz = (wx - away * ux) * inverse, (wy - away * uy) * inverse, (wz - away * uz) * inverse
        for side in range(2):
            s = b if side else a
            x, y, z, vx, vy, vz = s[0], s[1], s[2], s[3], s[4], s[5]
            over = 1.0 / (x * x + y * y + z * z)
            ox, oy, oz = (y * vz - z * vy) * over, (z * vx - x * vz) * over, (x * vy - y * vx) * over
            fx, fy, fz = tx - (oy * uz - oz * uy), ty - (oz * ux - ox * uz), tz - (ox * uy - oy * ux)
            rate[e, side] = math.sqrt(fx * fx + fy * fy + fz * fz)


def turn_rates(position_m: FloatArray, velocity_m_s: FloatArray, pair: Int32Array) -> FloatArray:
    """How fast the direction to the other satellite turns in each satellite's own orbital frame.

    With ``u = (r2 - r1) / d`` and ``w = v2 - v1`` the direction turns, seen from the stars, at
    ``u' = (w - (w . u) u) / d``. The orbital frame (towards the Earth, along the orbit, across it) turns at
    ``o = r1 x v1 / r1^2``, and in it the direction turns at ``|u' - o x u|``; in the other's, with its own ``o``.

    Parameters
    ----------
    position_m : numpy.ndarray, shape (3, N), m
        Earth-fixed positions.
    velocity_m_s : numpy.ndarray, shape (3, N), m/s
        Their rates of change.
    pair : numpy.ndarray of int32, shape (E, 2)
        Satellites of each laser.

    Returns
    -------
    numpy.ndarray, shape (E, 2), rad/s
        Rate in the frame of the first satellite of each pair, and of the second. That the frame also turns about the
        vertical, with the drift of the node, is left out: 2e-6 rad/s at most at 550 km.

    Notes
    -----
    Source: kinematics of rotating frames; the frame is Vallado's RSW (LVLH), "Fundamentals of Astrodynamics and
    Applications", 4th edition, 2013, section 3.3.
    """
    position, velocity, pairs = _arrays(position_m, pair, velocity_m_s)
    rate = np.empty(pairs.shape)
    state = np.empty((position.shape[1], 6))
    state[:, :3], state[:, 3:] = position.T, velocity.T
    # Inertial velocities along Earth-fixed axes: the Earth's rotation x r comes on top.
    state[:, 3] -= EARTH_RATE * position[1]
    state[:, 4] += EARTH_RATE * position[0]
    _turn_rates(state, pairs, rate)
    return rate


def usable_lasers(
    position_m: FloatArray,
    pair: Int32Array,
    able: Mask,
    range_m: float,
    grazing_height_m: float,
    slew: Slew | None = None,
) -> tuple[Mask, FloatArray]:
    """Which lasers can stand, and how long they are.

    Both satellites are able, not further apart than the range, and the straight line between them stays above the
    Earth: outside the WGS 84 ellipsoid with both radii made larger by the grazing height, which is nowhere a metre
    off that height for the 80 km and less that the atmosphere asks for. With `slew`, neither satellite's terminal must
    turn faster than it can; see `turn_rates`.

    Parameters
    ----------
    position_m : numpy.ndarray, shape (3, N), m
        Earth-fixed positions; a satellite without one (NaN) has no laser.
    pair : numpy.ndarray of int32, shape (E, 2)
        Satellites of each laser.
    able : numpy.ndarray of bool, shape (N,)
        Satellites whose lasers work.
    range_m : float, m
        Longest laser.
    grazing_height_m : float, m
        Lowest height of the line above the ellipsoid.
    slew : Slew, optional
        Velocities, m/s, and the fastest turn, rad/s.

    Returns
    -------
    ok : numpy.ndarray of bool, shape (E,)
        Lasers that can stand.
    length_m : numpy.ndarray, shape (E,), m
        Distances, of those that cannot, too.

    Raises
    ------
    InputError
        Arrays of shapes that do not fit, or satellites that are not there.

    Notes
    -----
    Source: plane geometry on WGS 84 (NGA.STND.0036, 2014).
    """
    position, _, pairs = _arrays(position_m, pair, position_m)
    count = position.shape[1]
    if np.shape(able) != (count,):
        raise InputError(Fault("satellites that are able", "lasers", np.shape(able), f"({count},)"))
    ok, length = np.empty(len(pairs), bool), np.empty(len(pairs))
    radii = (WGS84_A + grazing_height_m, WGS84_B + grazing_height_m)
    _usable(position, pairs, np.ascontiguousarray(able, bool), float(range_m), *radii, ok, length)
    if slew is not None:
        rate = turn_rates(position, slew.velocity_m_s, pairs)
        ok &= (rate[:, 0] <= slew.most_rad_s) & (rate[:, 1] <= slew.most_rad_s)
    return ok, length


def _arrays(
    position_m: FloatArray, pair: Int32Array, velocity_m_s: FloatArray
) -> tuple[FloatArray, FloatArray, Int32Array]:
    """Arrays as kernels take them, once they fit."""
    position = np.ascontiguousarray(position_m, np.float64)
    velocity = np.ascontiguousarray(velocity_m_s, np.float64)
    pairs = np.ascontiguousarray(pair, np.int32)
    if position.ndim != 2 or len(position) != 3 or velocity.shape != position.shape:
        raise InputError(Fault("positions and velocities", "lasers", (position.shape, velocity.shape), "(3, N)"))
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise InputError(Fault("pairs of satellites", "lasers", pairs.shape, "(E, 2)"))
    count = position.shape[1]
    if len(pairs) and not (pairs.min() >= 0 and pairs.max() < count):
        raise InputError(
            Fault("pairs of satellites", "lasers", (int(pairs.min()), int(pairs.max())), f"0 to {count - 1}")
        )
    return position, velocity, pairs
