"""Polygons of (latitude, longitude) corners: whether they enclose an area, and how much."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from itertools import pairwise

from bentpipe.errors import Fault

Faults = Iterator[Fault]


def area_km2(corners: Collection[tuple[float, float]]) -> float:
    """Give the area of a polygon in the cylindrical equal-area projection.

    Parameters
    ----------
    corners : collection of (float, float)
        Latitude and longitude, degrees.

    Returns
    -------
    float
        km², on a sphere of 6,371 km.
    """
    flat = [(math.radians(lon), math.sin(math.radians(lat))) for lat, lon in corners]
    twice = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise([*flat, flat[0]]))
    return abs(twice) / 2 * 6371.0**2


def check_polygon(corners: Collection[tuple[float, float]], where: str) -> Faults:
    """Check that corners enclose an area.

    Parameters
    ----------
    corners : collection of (float, float)
        Latitude and longitude, degrees.
    where : str
        For the faults.

    Yields
    ------
    Fault
    """
    if len(set(corners)) < 3:
        yield Fault(
            "a polygon has at least three corners", where, len(set(corners)), "[[latitude, longitude], ...] in degrees"
        )
        return
    longitudes = [lon for _, lon in corners]
    if max(longitudes) - min(longitudes) > 180.0:
        yield Fault(
            "the polygon crosses the 180th meridian or is wider than half the Earth",
            where,
            None,
            "",
            "split it at the meridian",
        )
    elif len(corners) <= 500 and _crosses_itself(list(corners)):
        yield Fault("the sides of the polygon cross one another", where, None, "", "give the corners in order")
    elif area_km2(corners) < 1e-3:
        yield Fault("the polygon encloses no area", where)


def _crosses_itself(corners: list[tuple[float, float]]) -> bool:
    sides = list(pairwise([*corners, corners[0]]))

    def turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    return any(
        turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0
        for n, (a, b) in enumerate(sides)
        for c, d in sides[n + 2 :]
    )
