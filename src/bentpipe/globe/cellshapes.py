"""H3 cells as polygons of RFC 7946: outer rings anticlockwise, nothing across the 180th meridian."""

from __future__ import annotations

from typing import Any

import h3.api.numpy_int as h3
import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
DIGITS = 6
#: Parts of an edge of a cell that holds a pole: its straight edges are curves in longitude and latitude.
EDGE_PARTS = 8


def cell_geometry(cell: int) -> dict[str, Any]:
    """Give a cell's outline as a GeoJSON geometry.

    Parameters
    ----------
    cell : int
        H3 id.

    Returns
    -------
    dict
        A Polygon of longitude and latitude in degrees; a MultiPolygon where the cell lies across the 180th meridian
        (RFC 7946, section 3.1.9). A cell that holds a pole reaches up to it along that meridian.
    """
    corners = h3.cell_to_boundary(cell)
    lons = [lon for _, lon in corners]
    if max(lons) - min(lons) < 180.0:  # nearly all cells: as they are
        plain = [[round(lon, DIGITS), round(lat, DIGITS)] for lat, lon in corners]
        return {"type": "Polygon", "coordinates": [[*plain, plain[0]]]}
    rings = [closed(ring) for ring in cell_rings(cell)]
    if len(rings) == 1:
        return {"type": "Polygon", "coordinates": rings}
    return {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}


def cell_rings(cell: int) -> list[Float]:
    """Give a cell's outline as one or two open rings of longitude and latitude, (P, 2) degrees, anticlockwise."""
    ring = np.array(h3.cell_to_boundary(cell), np.float64)[:, ::-1]
    steps = np.diff(ring[:, 0], append=ring[0, 0])
    turns = -np.sign(steps) * (np.abs(steps) > 180.0)
    if round(float(turns.sum())) != 0:
        return [_around_pole(ring)]
    if not turns.any():
        return [ring]
    ring[:, 0] += 360.0 * np.append(0.0, np.cumsum(turns)[:-1])
    seam = 180.0 if ring[:, 0].max() > 180.0 else -180.0
    west, east = _clipped(ring, seam, -1.0), _clipped(ring, seam, 1.0)
    if seam > 0:
        east = east - np.array([360.0, 0.0])
    else:
        west = west + np.array([360.0, 0.0])
    return [part for part in (west, east) if len(part) >= 3 and np.ptp(part[:, 0]) > 10.0**-DIGITS]


def closed(ring: Float) -> list[list[float]]:
    """Round an open ring, and end it where it begins."""
    points: list[list[float]] = np.round(ring, DIGITS).tolist()
    return [*points, points[0]]


def _around_pole(ring: Float) -> Float:
    """Ring of a cell that holds a pole, cut open along the 180th meridian."""
    ring = _along_edges(ring)
    ring = ring[np.argsort(ring[:, 0])]
    first, last = ring[0], ring[-1]
    gap = first[0] + 360.0 - last[0]
    lat = float(last[1] + (first[1] - last[1]) * (180.0 - last[0]) / gap)
    pole = 90.0 if lat > 0 else -90.0
    edge = np.array([[-180.0, lat], *ring.tolist(), [180.0, lat], [180.0, pole], [-180.0, pole]])
    return edge if pole > 0 else edge[::-1]


def _along_edges(ring: Float) -> Float:
    """Add points along the great circles between the corners."""
    lon, lat = np.radians(ring.T)
    corner = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
    part = (np.arange(EDGE_PARTS) / EDGE_PARTS)[None, :, None]
    x, y, z = ((1 - part) * corner[:, None] + part * np.roll(corner, -1, axis=0)[:, None]).reshape(-1, 3).T
    return np.column_stack([np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))])


def _clipped(ring: Float, seam: float, side: float) -> Float:
    """Part of a convex ring on one side of a meridian (Sutherland and Hodgman 1974); side 1 is east."""
    out: list[list[float]] = []
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        here, there = side * (x0 - seam) >= 0, side * (x1 - seam) >= 0
        if here:
            out.append([x0, y0])
        if here != there:
            out.append([seam, y0 + (y1 - y0) * (seam - x0) / (x1 - x0)])
    return np.array(out, np.float64).reshape(-1, 2)
