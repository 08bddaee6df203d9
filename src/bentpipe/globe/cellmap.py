"""Which cell each pixel of a map in plate carrée shows.

H3 lays hexagonal lattices on the faces of an icosahedron, each seen in gnomonic projection from its centre. A point's
cell depends on its face and its place in that lattice only, so lattice places are found for all pixels at once, and
H3 itself is asked for one pixel of each place. The faces are put together from the pentagons, which sit at their
corners. Source: H3 documentation, "Overview of the H3 Geospatial Indexing System" (Uber 2018), and its `geoToHex2d`.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

import h3.api.numpy_int as h3
import numpy as np
import numpy.typing as npt

from bentpipe.globe.source import Array, Source

Float = npt.NDArray[np.float64]
MAXIMUM_WIDTH, MAXIMUM_HEIGHT = 2048, 1024
PIXELS_PER_CELL = 10
#: Gnomonic distance between lattice points at resolution 0 (H3's RES0_U_GNOMONIC), and the turn of odd resolutions.
UNIT_GNOMONIC, ODD_TURN_RAD = 0.38196601125010500003, math.asin(math.sqrt(3.0 / 28.0))
#: Lattice places for which a direct table is made; beyond that they are sorted.
TABLE_PLACES = 8_000_000
ROWS_AT_ONCE = 64
METRES_PER_DEG = 111_195.0


class Bounds(NamedTuple):
    """Edges of the map, degrees; `east` is beyond 180 where the map crosses the 180th meridian."""

    west: float
    east: float
    south: float
    north: float


def index_map(source: Source) -> tuple[Array, dict[str, Any]]:
    """Say for every pixel of a map which cell it shows.

    Parameters
    ----------
    source : Source
        A run or a what-if.

    Returns
    -------
    (H, W) uint16 or uint32 ndarray, dict
        0 for no cell, i + 1 for cell i; row 0 is the northernmost, column 0 the westernmost. The header has "width",
        "height", "bytes" (of a value), and the outer edges "west", "east", "south", "north" in degrees; "east" is
        beyond 180 where the map crosses the 180th meridian.
    """
    base = getattr(source, "base", source)
    found: tuple[Array, dict[str, Any]] = base.remembered("index_map", 0, lambda: _index_map(base))
    return found


def _index_map(source: Source) -> tuple[Array, dict[str, Any]]:
    cells = source.cells
    dtype = np.uint16 if len(cells) <= 65_534 else np.uint32
    if not len(cells):
        return np.zeros((1, 1), dtype), _header(Bounds(-180.0, 180.0, -90.0, 90.0), 1, 1, dtype)
    lat, lon = source.static("latitude_deg"), source.static("longitude_deg")
    bounds, width, height = laid_out(lat, lon, float(np.sqrt(source.static("area_m2").mean())))
    lat_px = bounds.north - (np.arange(height) + 0.5) * (bounds.north - bounds.south) / height
    lon_px = bounds.west + (np.arange(width) + 0.5) * (bounds.east - bounds.west) / width
    pixels = cell_indices(cells, lat_px, lon_px, dtype)
    row, column = pixel_of(bounds, width, height, lat, lon)
    pixels[row, column] = np.arange(1, len(cells) + 1)  # cells as small as a pixel have no pixel's centre, maybe
    return pixels, _header(bounds, width, height, dtype)


def laid_out(lat_deg: Float, lon_deg: Float, cell_m: float) -> tuple[Bounds, int, int]:
    """Give the edges of the map and its width and height in pixels.

    Parameters
    ----------
    lat_deg, lon_deg : (C,) float64
        Centres of the cells, degrees.
    cell_m : float
        Mean width of a cell, m.

    Returns
    -------
    Bounds, int, int
    """
    margin = 1.2 * cell_m / METRES_PER_DEG
    south, north = max(float(lat_deg.min()) - margin, -90.0), min(float(lat_deg.max()) + margin, 90.0)
    squeezed = max(math.cos(math.radians(max(abs(south), abs(north)))), 0.02)
    west, east = _span(lon_deg, margin / squeezed)
    step = cell_m / METRES_PER_DEG / PIXELS_PER_CELL
    middle = max(math.cos(math.radians((south + north) / 2)), 0.1)
    width = min(MAXIMUM_WIDTH, max(16, round((east - west) * middle / step)))
    height = min(MAXIMUM_HEIGHT, max(16, round((north - south) / step)))
    return Bounds(west, east, south, north), width, height


def _span(lon_deg: Float, margin: float) -> tuple[float, float]:
    """West and east edge around longitudes: the widest gap between them is left out."""
    lon = np.unique((np.asarray(lon_deg) + 180.0) % 360.0 - 180.0)
    gaps = np.diff(lon, append=lon[0] + 360.0)
    widest = int(np.argmax(gaps))
    if gaps[widest] <= 2.0 * margin + 1.0:
        return -180.0, 180.0
    west, east = float(lon[(widest + 1) % len(lon)]) - margin, float(lon[widest]) + margin
    if widest + 1 < len(lon):  # the gap lies in the middle: the cells lie on both sides of the 180th meridian
        return west, east + 360.0
    return max(west, -180.0), min(east, 180.0)


def pixel_of(bounds: Bounds, width: int, height: int, lat_deg: Float, lon_deg: Float) -> tuple[Array, Array]:
    """Row and column of the pixel that holds each point, (N,) int64 each; points outside go to the edge."""
    east = (np.asarray(lon_deg) - bounds.west) % 360.0
    column = np.floor(east * width / (bounds.east - bounds.west)).astype(np.int64)
    row = np.floor((bounds.north - np.asarray(lat_deg)) * height / (bounds.north - bounds.south)).astype(np.int64)
    return np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)


def _header(bounds: Bounds, width: int, height: int, dtype: Any) -> dict[str, Any]:
    return {"width": width, "height": height, "bytes": np.dtype(dtype).itemsize, **bounds._asdict()}


def cell_indices(cells: npt.NDArray[np.uint64], lat_deg: Float, lon_deg: Float, dtype: Any = np.uint32) -> Array:
    """Index of the cell that holds each point of a grid, plus 1.

    Parameters
    ----------
    cells : (C,) uint64
        H3 ids of one resolution.
    lat_deg : (H,) float64
        Latitudes of the rows, degrees.
    lon_deg : (W,) float64
        Longitudes of the columns, degrees.
    dtype : dtype
        Of the result.

    Returns
    -------
    (H, W) ndarray
        0 where none of the cells holds the point.
    """
    resolution = h3.get_resolution(int(cells[0]))
    face, first, second, away = _lattice(lat_deg, lon_deg, resolution)
    first -= first.min()
    second -= second.min()
    rows, columns = int(first.max()) + 1, int(second.max()) + 1
    place = (face.astype(np.int64) * rows + first) * columns + second
    places = 20 * rows * columns
    if places > TABLE_PLACES:
        _, place = np.unique(place, return_inverse=True)
        places = int(place.max()) + 1
    nearest = np.full(places, np.inf, np.float32)
    np.minimum.at(nearest, place, away)
    chosen = np.flatnonzero(away == nearest[place])  # the pixel nearest to the middle: far from any border
    pick = np.full(places, -1, np.int64)
    pick[place[chosen]] = chosen
    used = np.flatnonzero(pick >= 0)
    row, column = np.divmod(pick[used], len(lon_deg))
    turned = (lon_deg[column] + 180.0) % 360.0 - 180.0
    asked = zip(lat_deg[row].tolist(), turned.tolist(), strict=True)
    ids = np.array([h3.latlng_to_cell(lat, lon, resolution) for lat, lon in asked], np.uint64)
    order = np.argsort(cells)
    at = order[np.minimum(np.searchsorted(cells, ids, sorter=order), len(cells) - 1)]
    table = np.zeros(places, dtype)
    table[used] = np.where(cells[at] == ids, at + 1, 0)
    return np.asarray(table[place].reshape(len(lat_deg), len(lon_deg)))


def _faces() -> tuple[Float, Float, Float]:
    """Centre of each face of the icosahedron, and the axes of the plane that touches it there, (20, 3) each.

    The first axis points to a corner: which of the three does not matter, since the lattice looks the same from each.
    """
    corners = _vectors(*np.array([h3.cell_to_latlng(cell) for cell in h3.get_pentagons(0)]).T)
    apart = corners @ corners.T
    edge = np.sort(apart, axis=1)[:, -2].mean() - 0.01  # cosine between neighbouring corners
    triples = [
        (a, b, c)
        for a, b, c in itertools.combinations(range(12), 3)
        if apart[a, b] > edge and apart[b, c] > edge and apart[a, c] > edge
    ]
    centre = np.array([corners[list(t)].sum(axis=0) for t in triples])
    centre /= np.linalg.norm(centre, axis=1, keepdims=True)
    toward = corners[[t[0] for t in triples]]
    axis = toward - (toward * centre).sum(axis=1, keepdims=True) * centre
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    return centre, axis, np.cross(centre, axis)


def _vectors(lat_deg: Float, lon_deg: Float) -> Float:
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def _lattice(lat_deg: Float, lon_deg: Float, resolution: int) -> tuple[Array, Array, Array, Array]:
    """Face, the two coordinates of the lattice point, and the distance from it squared, of every pixel, flat."""
    centre, across, along = _faces()
    turn = ODD_TURN_RAD if resolution % 2 else 0.0
    # Both axes turned and scaled to the lattice of the resolution.
    scale = math.sqrt(7.0) ** resolution / UNIT_GNOMONIC
    x_axis = scale * (math.cos(turn) * across + math.sin(turn) * along)
    y_axis = scale * (math.cos(turn) * along - math.sin(turn) * across)
    precise = np.float64 if resolution > 8 else np.float32  # of a lattice step, 2 in 1,000 at resolution 8
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    parts: list[tuple[Array, ...]] = []
    for begin in range(0, len(lat), ROWS_AT_ONCE):
        rows = lat[begin : begin + ROWS_AT_ONCE]
        x, y = (np.outer(np.cos(rows), f(lon)).astype(precise) for f in (np.cos, np.sin))
        z = np.repeat(np.sin(rows), len(lon)).astype(precise).reshape(x.shape)
        parts.append(_places(x.ravel(), y.ravel(), z.ravel(), centre.astype(precise), x_axis, y_axis))
    face, first, second, away = (np.concatenate(column) for column in zip(*parts, strict=True))
    return face, first, second, away


def _places(x: Array, y: Array, z: Array, centre: Array, x_axis: Float, y_axis: Float) -> tuple[Array, ...]:
    best, face = np.full(len(x), -2.0, x.dtype), np.zeros(len(x), np.int8)
    middle = np.array([x[len(x) // 2], y[len(x) // 2], z[len(x) // 2]])
    near = float(((np.stack([x, y, z]) - middle[:, None]) ** 2).sum(axis=0).max())
    for number, (a, b, c) in enumerate(centre):
        # A face's points lie within 37.4 degrees of its centre, 0.64 as the crow flies through the Earth.
        if math.dist((a, b, c), middle) > 0.66 + math.sqrt(near):
            continue
        cosine = a * x + b * y + c * z
        better = cosine > best
        face[better] = number
        np.maximum(best, cosine, out=best)
    kx, ky = x_axis.astype(x.dtype)[face], y_axis.astype(x.dtype)[face]
    u = (kx[:, 0] * x + kx[:, 1] * y + kx[:, 2] * z) / best
    v = (ky[:, 0] * x + ky[:, 1] * y + ky[:, 2] * z) / best
    return (face, *_rounded(u, v))


def _rounded(u: Array, v: Array) -> tuple[Array, Array, Array]:
    """The lattice point nearest to each point of the plane, by cube coordinates, and the distance from it squared."""
    q, r = u + v / np.float32(math.sqrt(3.0)), v * np.float32(2.0 / math.sqrt(3.0))
    s = q - r
    qi, ri, si = np.rint(q), np.rint(r), np.rint(s)
    dq, dr, ds = np.abs(q - qi), np.abs(r - ri), np.abs(s - si)
    fix_q = (dq > dr) & (dq > ds)
    fix_r = ~fix_q & (dr > ds)
    np.copyto(qi, ri + si, where=fix_q)
    np.copyto(ri, qi - si, where=fix_r)
    away = (qi - ri / 2 - u) ** 2 + (ri * np.float32(math.sqrt(0.75)) - v) ** 2
    return qi.astype(np.int32), ri.astype(np.int32), away.astype(np.float32)
