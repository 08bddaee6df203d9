"""The sky as a dish maps it: where it sees, and what stands in the way.

The zenith is in the middle, north up, east right; the angle from the zenith grows evenly outwards (azimuthal
equidistant; assumed, the operator publishes no projection).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

SIZE: Final = 123
"""Rows and columns of the map of a real dish."""

LOWEST_DEG: Final = 10.0
"""Elevation at the edge of the map, degrees."""


class SkyView(NamedTuple):
    """Map of a dish.

    Parameters
    ----------
    clear : (123, 123) float64
        1 where the sky is clear, 0 below the skyline, -1 outside the field of view.
    obstructed : float
        Share of the solid angle of the field of view that lies below the skyline.
    """

    clear: NDArray[np.float64]
    obstructed: float


def sky_view(
    azimuth_deg: float,
    elevation_deg: float,
    field_of_view_deg: float,
    minimum_elevation_deg: float,
    skyline: Sequence[tuple[float, float]] = (),
) -> SkyView:
    """Map the field of view and the skyline.

    Parameters
    ----------
    azimuth_deg, elevation_deg : float
        Axis of the dish, degrees.
    field_of_view_deg : float
        Full cone around it, degrees.
    minimum_elevation_deg : float
        Lowest elevation that the dish uses, degrees.
    skyline : sequence of (float, float)
        Azimuth and elevation of what stands in the way, degrees, by rising azimuth; linear in between.

    Returns
    -------
    SkyView
    """
    across = (np.arange(SIZE) - (SIZE - 1) / 2) / (SIZE / 2)
    east, north = np.meshgrid(across, -across)
    zenith_angle = np.radians(90.0 - LOWEST_DEG) * np.hypot(east, north)
    azimuth = np.arctan2(east, north)
    axis_azimuth, axis_elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    from_axis = np.cos(zenith_angle) * np.sin(axis_elevation) + np.sin(zenith_angle) * np.cos(axis_elevation) * np.cos(
        azimuth - axis_azimuth
    )
    elevation = 90.0 - np.degrees(zenith_angle)
    seen = from_axis >= np.cos(np.radians(0.5 * field_of_view_deg)) - 1e-12
    seen &= elevation >= max(minimum_elevation_deg, LOWEST_DEG) - 1e-9
    hidden = np.zeros_like(seen)
    if skyline:
        at, height = np.array(skyline, np.float64).T
        hidden = elevation < np.interp(np.degrees(azimuth) % 360.0, at, height, period=360.0)
    weight = np.where(seen, np.sinc(zenith_angle / np.pi), 0.0)  # solid angle of a pixel: sin(theta) / theta
    share = float(weight[hidden].sum() / weight.sum()) if weight.any() else 0.0
    return SkyView(np.where(seen, np.where(hidden, 0.0, 1.0), -1.0), share)
