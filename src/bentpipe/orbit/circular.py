"""Kernel: states on circular orbits."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ..kernel import kernel

Floats = npt.NDArray[np.float64]


@kernel("void(float64[:,::1], float64[::1], float64[:,:,::1], float64[:,:,::1])")
def circular_states(columns: Floats, unix_s: Floats, position_km: Floats, velocity_km_s: Floats) -> None:
    """Positions and velocities on circular orbits, TEME.

    ``r = radius (cos(u) P + sin(u) Q)``, with P towards the ascending node, Q 90 degrees on along the orbit,
    ``u`` the argument of latitude and both angles linear in time; the velocity is its derivative, the turning
    of the node included.

    Parameters
    ----------
    columns : numpy.ndarray, shape (7, N)
        Epoch (s), radius (m), inclination (rad), node (rad) and its rate (rad/s), argument of latitude (rad)
        and its rate (rad/s).
    unix_s : numpy.ndarray, shape (K,), s
        Unix time.
    position_km, velocity_km_s : numpy.ndarray, shape (N, K, 3), km and km/s
        Written: states, in the units of SGP4.

    Notes
    -----
    Source: D. A. Vallado, "Fundamentals of Astrodynamics and Applications", 4th edition, 2013, section 2.5.
    """
    for k in range(unix_s.shape[0]):
        for n in range(columns.shape[1]):
            since = unix_s[k] - columns[0, n]
            radius = 1e-3 * columns[1, n]
            node = columns[3, n] + columns[4, n] * since
            along = columns[5, n] + columns[6, n] * since
            cos_i, sin_i = math.cos(columns[2, n]), math.sin(columns[2, n])
            cos_node, sin_node = math.cos(node), math.sin(node)
            forth, side = radius * math.cos(along), radius * math.sin(along)
            x = forth * cos_node - side * cos_i * sin_node
            y = forth * sin_node + side * cos_i * cos_node
            position_km[n, k, 0] = x
            position_km[n, k, 1] = y
            position_km[n, k, 2] = side * sin_i
            turn, rate = columns[4, n], columns[6, n]
            velocity_km_s[n, k, 0] = rate * (-side * cos_node - forth * cos_i * sin_node) - turn * y
            velocity_km_s[n, k, 1] = rate * (-side * sin_node + forth * cos_i * cos_node) + turn * x
            velocity_km_s[n, k, 2] = rate * forth * sin_i
