"""Areas named in a scenario, as masks over places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bentpipe.earth import great_circle_m

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def inside_polygon(latitude_deg: FloatArray, longitude_deg: FloatArray, corners: Sequence[tuple[float, float]]) -> Mask:
    """Places inside a polygon, by counting crossings to the east on the plate carrée.

    Parameters
    ----------
    latitude_deg, longitude_deg : (C,) float64
        Places, degrees.
    corners : sequence of (latitude, longitude)
        Corners in order, degrees, not crossing the 180th meridian.

    Returns
    -------
    (C,) bool
    """
    inside = np.zeros(len(latitude_deg), np.bool_)
    for (lat0, lon0), (lat1, lon1) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if lat0 == lat1:
            continue
        crosses = (lat0 > latitude_deg) != (lat1 > latitude_deg)
        at = lon0 + (latitude_deg - lat0) / (lat1 - lat0) * (lon1 - lon0)
        inside ^= crosses & (longitude_deg < at)
    return inside


def area_mask(
    latitude_deg: FloatArray,
    longitude_deg: FloatArray,
    region: npt.NDArray[np.int32],
    codes: Sequence[str],
    regions: Sequence[str] = (),
    polygon: Sequence[tuple[float, float]] = (),
    centre: tuple[float, float] | None = None,
    radius_m: float = 0.0,
) -> Mask:
    """Places of an area: of named regions, of a polygon or of a circle; everywhere where none is given.

    Parameters
    ----------
    latitude_deg, longitude_deg : (C,) float64
        Places, degrees.
    region : (C,) int32
        Index of each place's region in `codes`; -1 for none.
    codes : sequence of str
        Region codes.
    regions, polygon, centre, radius_m
        The area.

    Returns
    -------
    (C,) bool
    """
    if regions:
        wanted = [i for i, code in enumerate(codes) if code in set(regions)]
        return np.isin(region, wanted)
    if polygon:
        return inside_polygon(latitude_deg, longitude_deg, polygon)
    if centre is not None:
        distance = np.asarray(great_circle_m(latitude_deg, longitude_deg, centre[0], centre[1]))
        return distance <= radius_m
    return np.ones(len(latitude_deg), np.bool_)
