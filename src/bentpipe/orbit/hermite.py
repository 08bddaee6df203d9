"""Kernel: positions between key times by Hermite interpolation, rotated to the Earth-fixed frame.

A polynomial of degree seven passes through the positions and velocities of SGP4 at four key times and serves
the middle one of the three steps. Its remainder is ``max((s^2 - 1) s (s - 2))^2 / 8! = 7.8e-6`` times
``r (n h)^8``: 0.03 m at 550 km for a step of 360 s. What is left is SGP4's own: its velocity is not quite the
derivative of its position (the short-period terms are of first order in J2), which no polynomial through
velocities can mend. On real element sets of Starlink at 360 s that is 0.4 m on average and 2 m at most, and
up to 9 m where a fit through a manoeuvre left a B* of 0.005 and more; at 480 s half as much again. A cubic
through two key times is 6.4 m off already at 120 s.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ..kernel import kernel

Floats = npt.NDArray[np.float64]

TILE = 128
"""Satellites whose 24 coefficients are held at once: 24 kB, within the first-level cache."""

NODES = 4
"""Key times that a polynomial passes through: one before its step, its two ends, one after."""


@kernel()
def _axis_coefficients(
    start: float, d: tuple[float, float, float], w: tuple[float, float, float, float], table: Floats, m: int
) -> None:
    """Degree seven from position ``start``, differences from it (-1, 1, 2) and slopes (-1, 0, 1, 2).

    The weights are the exact inverse of the 8 x 8 confluent Vandermonde matrix of the nodes -1, 0, 1, 2.
    """
    (a, b, c), (u, v, x, y) = d, w
    table[0, m] = start
    table[1, m] = v
    table[2, m] = (56.0 * a + 216.0 * b + 25.0 * c + 12.0 * u - 108.0 * v - 108.0 * x - 6.0 * y) / 108.0
    table[3, m] = (-124.0 * a + 108.0 * b - 11.0 * c - 24.0 * u - 189.0 * v + 3.0 * y) / 108.0
    table[4, m] = (50.0 * a - 270.0 * b - 50.0 * c + 3.0 * u + 216.0 * v + 189.0 * x + 12.0 * y) / 108.0
    table[5, m] = (59.0 * a - 27.0 * b + 22.0 * c + 21.0 * u + 54.0 * v - 27.0 * x - 6.0 * y) / 108.0
    table[6, m] = (-52.0 * a + 108.0 * b + 25.0 * c - 15.0 * u - 108.0 * v - 81.0 * x - 6.0 * y) / 108.0
    table[7, m] = (11.0 * a - 27.0 * b - 11.0 * c + 3.0 * u + 27.0 * v + 27.0 * x + 3.0 * y) / 108.0


@kernel()
def _coefficients(
    position_km: Floats,
    velocity_km_s: Floats,
    refused: npt.NDArray[np.uint8],
    k: int,
    step_s: float,
    first: int,
    last: int,
    table: Floats,
) -> None:
    """Polynomials of satellites first to last over the step from key time k, in m (3, 8, TILE)."""
    for n in range(first, last):
        m = n - first
        if refused[n, k] != 0 or refused[n, k + 1] != 0:
            table[:, :, m] = math.nan
            continue
        # Where only an outer key time is refused the satellite decays: a cubic, 0.5 km off, serves then.
        whole = refused[n, k - 1] == 0 and refused[n, k + 2] == 0
        for axis in range(3):
            start = 1000.0 * position_km[n, k, axis]
            b = 1000.0 * position_km[n, k + 1, axis] - start
            v = 1000.0 * step_s * velocity_km_s[n, k, axis]
            x = 1000.0 * step_s * velocity_km_s[n, k + 1, axis]
            if whole:
                a = 1000.0 * position_km[n, k - 1, axis] - start
                c = 1000.0 * position_km[n, k + 2, axis] - start
                u = 1000.0 * step_s * velocity_km_s[n, k - 1, axis]
                y = 1000.0 * step_s * velocity_km_s[n, k + 2, axis]
                _axis_coefficients(start, (a, b, c), (u, v, x, y), table[axis], m)
            else:
                table[axis, :, m] = 0.0
                table[axis, 0, m] = start
                table[axis, 1, m] = v
                table[axis, 2, m] = 3.0 * b - 2.0 * v - x
                table[axis, 3, m] = v + x - 2.0 * b


@kernel(
    "void(float64[:,:,::1], float64[:,:,::1], uint8[:,::1], float64, int64[::1], float64[::1], "
    "float64[::1], float64[:,:,::1])"
)
def hermite_earth_fixed(
    position_km: Floats,
    velocity_km_s: Floats,
    refused: npt.NDArray[np.uint8],
    step_s: float,
    key: npt.NDArray[np.int64],
    fraction: Floats,
    gmst_rad: Floats,
    out: Floats,
) -> None:
    """Interpolate in TEME, then rotate each time to the Earth-fixed frame.

    Parameters
    ----------
    position_km, velocity_km_s : numpy.ndarray, shape (N, K, 3), km and km/s
        States at the key times, TEME.
    refused : numpy.ndarray of uint8, shape (N, K)
        Not 0 where SGP4 gave an error.
    step_s : float, s
        From one key time to the next.
    key : numpy.ndarray of int64, shape (T,)
        Key time before each output time; the one before it and the two after it must be one step apart.
    fraction : numpy.ndarray, shape (T,), 0 to 1
        Part of the step gone by.
    gmst_rad : numpy.ndarray, shape (T,), rad
        Greenwich sidereal time of the output times.
    out : numpy.ndarray, shape (T, 3, N), m
        Written: Earth-fixed positions; NaN where SGP4 refused either end of the step.

    Notes
    -----
    Source: Hermite's interpolation formula, J. Stoer and R. Bulirsch, "Introduction to Numerical Analysis",
    section 2.1.5, with the nodes -1, 0, 1 and 2.
    """
    times, count = key.shape[0], position_km.shape[0]
    table = np.empty((3, 8, TILE))
    value = np.empty((3, TILE))
    begin = 0
    while begin < times:
        end = begin + 1
        while end < times and key[end] == key[begin]:
            end += 1
        for first in range(0, count, TILE):
            last = min(first + TILE, count)
            _coefficients(position_km, velocity_km_s, refused, key[begin], step_s, first, last, table)
            for t in range(begin, end):
                s, cosine, sine = fraction[t], math.cos(gmst_rad[t]), math.sin(gmst_rad[t])
                for axis in range(3):
                    for m in range(last - first):
                        value[axis, m] = table[axis, 7, m]
                    for power in range(6, -1, -1):
                        for m in range(last - first):
                            value[axis, m] = value[axis, m] * s + table[axis, power, m]
                for m in range(last - first):
                    out[t, 0, first + m] = cosine * value[0, m] + sine * value[1, m]
                for m in range(last - first):
                    out[t, 1, first + m] = cosine * value[1, m] - sine * value[0, m]
                for m in range(last - first):
                    out[t, 2, first + m] = value[2, m]
        begin = end


@kernel(
    "void(float64[:,:,::1], float64[:,:,::1], uint8[:,::1], float64, int64[::1], float64[::1], "
    "float64[::1], float64, float64[:,:,::1])"
)
def hermite_earth_fixed_states(
    position_km: Floats,
    velocity_km_s: Floats,
    refused: npt.NDArray[np.uint8],
    step_s: float,
    key: npt.NDArray[np.int64],
    fraction: Floats,
    gmst_rad: Floats,
    turn_rad_s: float,
    out: Floats,
) -> None:
    """Interpolate as `hermite_earth_fixed` does, with the derivative of the same polynomial as velocity.

    In the turning frame ``v = R v_teme - w x r``, where R turns by sidereal time and w is the Earth's rotation.

    Parameters
    ----------
    position_km, velocity_km_s, refused, step_s, key, fraction, gmst_rad
        As of `hermite_earth_fixed`.
    turn_rad_s : float, rad/s
        Rate of sidereal time.
    out : numpy.ndarray, shape (T, N, 6), m and m/s
        Written: Earth-fixed positions, then velocities seen from the turning Earth; NaN where SGP4 refused.

    Notes
    -----
    Source: as of `hermite_earth_fixed`; H. Goldstein, "Classical Mechanics", section 4.9, for the turning frame.
    """
    times, count = key.shape[0], position_km.shape[0]
    table = np.empty((3, 8, TILE))
    value, slope = np.empty((3, TILE)), np.empty((3, TILE))
    begin = 0
    while begin < times:
        end = begin + 1
        while end < times and key[end] == key[begin]:
            end += 1
        for first in range(0, count, TILE):
            last = min(first + TILE, count)
            _coefficients(position_km, velocity_km_s, refused, key[begin], step_s, first, last, table)
            for t in range(begin, end):
                s, cosine, sine = fraction[t], math.cos(gmst_rad[t]), math.sin(gmst_rad[t])
                for axis in range(3):
                    for m in range(last - first):
                        value[axis, m] = table[axis, 7, m]
                        slope[axis, m] = 0.0
                    for power in range(6, -1, -1):
                        for m in range(last - first):
                            slope[axis, m] = slope[axis, m] * s + value[axis, m]
                            value[axis, m] = value[axis, m] * s + table[axis, power, m]
                for m in range(last - first):
                    x = cosine * value[0, m] + sine * value[1, m]
                    y = cosine * value[1, m] - sine * value[0, m]
                    row = out[t, first + m]
                    row[0], row[1], row[2] = x, y, value[2, m]
                    row[3] = (cosine * slope[0, m] + sine * slope[1, m]) / step_s + turn_rad_s * y
                    row[4] = (cosine * slope[1, m] - sine * slope[0, m]) / step_s - turn_rad_s * x
                    row[5] = slope[2, m] / step_s
        begin = end
