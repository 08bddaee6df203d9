"""Outlines of countries and their regions: the shipped pack decoded, rings put together, points located.

Source: Natural Earth 10m admin-1 (public domain), simplified to 0.02 degree with shared borders kept; see
``tools/build_geodata.py``. Each border is stored once, as an arc; a ring is a list of arcs, ``~n`` for arc
n run backwards, outer rings anticlockwise and holes clockwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from importlib import resources
from typing import IO, NamedTuple, cast

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

PAIRS_AT_ONCE = 4_000_000
"""Pairs of a point and a border segment that are tried at once: bounds the memory to some 200 MB."""


def open_data(name: str) -> IO[bytes]:
    """Open a file of the package's own data, read-only."""
    return resources.files("bentpipe.catalog").joinpath("data", name).open("rb")


def decode_varints(stream: npt.NDArray[np.uint8]) -> IntArray:
    """Signed integers from zigzag LEB128 bytes.

    Parameters
    ----------
    stream : (B,) uint8
        Seven bits a byte, lowest first; the high bit says that more follow.

    Returns
    -------
    (N,) int64
    """
    last = stream < 128
    value = np.concatenate([[0], np.cumsum(last)[:-1]])
    start = np.concatenate([[0], np.flatnonzero(last)[:-1] + 1])
    shift = 7 * (np.arange(len(stream)) - start[value])
    zigzag = np.add.reduceat((stream & 127).astype(np.int64) << shift, start)
    return (zigzag >> 1) ^ -(zigzag & 1)


class Segments(NamedTuple):
    """Directed border segments, degrees, of all rings in order of region.

    Parameters
    ----------
    lat0, lon0, lat1, lon1 : (E,) float64
        Ends, degrees.
    region : (E,) int64
        Region to the left of the segment.
    """

    lat0: FloatArray
    lon0: FloatArray
    lat1: FloatArray
    lon1: FloatArray
    region: IntArray

    def where(self, chosen: npt.NDArray[np.bool_] | IntArray | slice) -> Segments:
        """Some of the segments."""
        return Segments(self.lat0[chosen], self.lon0[chosen], self.lat1[chosen], self.lon1[chosen], self.region[chosen])


class Outlines:
    """All regions of the world as rings of shared arcs."""

    def __init__(self) -> None:
        with open_data("outlines.npz") as stream, np.load(stream, allow_pickle=False) as pack:
            quantum = float(pack["quantum_per_deg"].item())
            self._length = pack["arc_length"].astype(np.int64)
            self._lon = np.cumsum(decode_varints(pack["lon"])) / quantum
            self._lat = np.cumsum(decode_varints(pack["lat"])) / quantum
            self._ring_length = pack["ring_length"].astype(np.int64)
            self._ring_arc = pack["ring_arc"].astype(np.int64)
            self._ring_region = pack["ring_region"].astype(np.int64)
        self._start = np.cumsum(self._length) - self._length

    @cached_property
    def segments(self) -> Segments:
        """Every border segment once for each region that it bounds."""
        arc = np.where(self._ring_arc < 0, ~self._ring_arc, self._ring_arc)
        count = self._length[arc] - 1
        use = np.repeat(np.arange(len(arc)), count)
        along = np.arange(len(use)) - np.repeat(np.cumsum(count) - count, count)
        forward = self._ring_arc[use] >= 0
        first = self._start[arc[use]] + np.where(forward, along, self._length[arc[use]] - 1 - along)
        second = first + np.where(forward, 1, -1)
        region = np.repeat(self._ring_region, self._ring_length)[use]
        return Segments(self._lat[first], self._lon[first], self._lat[second], self._lon[second], region)

    @cached_property
    def bounds(self) -> FloatArray:
        """South, west, north, east of each region, degrees, (R, 4)."""
        s = self.segments
        edge = np.flatnonzero(np.diff(s.region, prepend=-1))
        return np.column_stack([
            np.minimum.reduceat(s.lat0, edge), np.minimum.reduceat(s.lon0, edge),
            np.maximum.reduceat(s.lat0, edge), np.maximum.reduceat(s.lon0, edge),
        ])  # fmt: skip

    def of_regions(self, regions: IntArray) -> Segments:
        """Border segments of some regions."""
        begin = np.searchsorted(self.segments.region, regions, "left")
        end = np.searchsorted(self.segments.region, regions, "right")
        index = np.concatenate([np.arange(a, b) for a, b in zip(begin, end, strict=True)] or [np.arange(0)])
        return self.segments.where(index)

    def near(self, lat_deg: FloatArray, lon_deg: FloatArray, margin_deg: float = 0.0) -> IntArray:
        """Regions whose bounds overlap those of the points, widened by a margin in degrees."""
        b = self.bounds
        overlap = (b[:, 0] <= lat_deg.max() + margin_deg) & (b[:, 2] >= lat_deg.min() - margin_deg)
        if margin_deg < 180.0:
            widen = margin_deg / max(0.05, float(np.cos(np.radians(np.abs(lat_deg).max()))))
            overlap &= (b[:, 1] <= lon_deg.max() + widen) & (b[:, 3] >= lon_deg.min() - widen)
        return np.flatnonzero(overlap)

    def containing(self, lat_deg: FloatArray, lon_deg: FloatArray, regions: IntArray | None = None) -> IntArray:
        """Region that holds each point, by winding numbers on the plate carrée.

        Parameters
        ----------
        lat_deg, lon_deg : (N,) float64
            Points, degrees; longitudes in [-180, 180].
        regions : (K,) int64, optional
            Regions to look in; all that could hold a point where not given.

        Returns
        -------
        (N,) int64
            Region, -1 where none holds the point.
        """
        if not len(lat_deg):
            return np.empty(0, np.int64)
        chosen = self.near(lat_deg, lon_deg) if regions is None else regions
        return winding_region(lat_deg, lon_deg, self.of_regions(chosen))

    def nearest(
        self, lat_deg: FloatArray, lon_deg: FloatArray, within_m: float, regions: IntArray | None = None
    ) -> IntArray:
        """Region whose border is nearest to each point.

        Parameters
        ----------
        lat_deg, lon_deg : (N,) float64
            Points, degrees.
        within_m : float
            Greatest distance, m; plane distances with the point's own scale of longitude, right to 1 % up to
            some 300 km outside the polar caps.
        regions : (K,) int64, optional
            Regions to look in.

        Returns
        -------
        (N,) int64
            Region, -1 where none is so near.
        """
        limit = within_m / 111_195.0
        found = np.full(len(lat_deg), -1, np.int64)
        if not len(lat_deg):
            return found
        s = self.of_regions(self.near(lat_deg, lon_deg, limit) if regions is None else regions)
        south, north = np.minimum(s.lat0, s.lat1), np.maximum(s.lat0, s.lat1)
        for i, (lat, lon) in enumerate(zip(lat_deg, lon_deg, strict=True)):
            close = np.flatnonzero((south < lat + limit) & (north > lat - limit))
            if len(close):
                distance = _distance_deg(lat, lon, s.where(close))
                best = int(np.argmin(distance))
                found[i] = s.region[close[best]] if distance[best] <= limit else -1
        return found

    def rings(self, regions: Iterable[int], tolerance_deg: float = 0.0) -> tuple[FloatArray, ...]:
        """Outline of a group of regions as one area: the borders inside the group are left out.

        Parameters
        ----------
        regions : iterable of int
            Region numbers.
        tolerance_deg : float
            Greatest departure of the drawn line from the stored one, degrees (Douglas and Peucker 1973). A
            border is the same line for both its sides; rings smaller than the tolerance are left out.

        Returns
        -------
        tuple of (P, 2) float64
            Closed rings, latitude and longitude in degrees, outer ones anticlockwise, longest first.
        """
        used = np.isin(np.repeat(self._ring_region, self._ring_length), list(regions))
        chain = self._ring_arc[used]
        arc, count = np.unique(np.where(chain < 0, ~chain, chain), return_counts=True)
        single = set(arc[count == 1].tolist())
        lines = [self._line(n, tolerance_deg) for n in chain.tolist() if (n if n >= 0 else ~n) in single]
        rings = [ring for ring in _link(lines) if len(ring) >= 4 and np.ptp(ring, axis=0).max() >= tolerance_deg]
        return tuple(sorted(rings, key=len, reverse=True))

    def _line(self, chain: int, tolerance_deg: float) -> FloatArray:
        """One arc as points in the asked direction, (P, 2)."""
        arc = chain if chain >= 0 else ~chain
        at = slice(self._start[arc], self._start[arc] + self._length[arc])
        points = np.column_stack([self._lat[at], self._lon[at]])
        if tolerance_deg > 0.0:
            points = simplify(points, tolerance_deg)
        return points if chain >= 0 else points[::-1]


def winding_region(lat_deg: FloatArray, lon_deg: FloatArray, segments: Segments) -> IntArray:
    """Region that holds each point.

    Rings are directed, so a region's segments east of a point, +1 going north and -1 going south, sum to 1
    inside and to 0 outside; weighted with the region's number they sum to the number itself, since regions do
    not overlap. Cost: one step for each segment that crosses a point's parallel.

    Parameters
    ----------
    lat_deg, lon_deg : (N,) float64
        Points, degrees.
    segments : Segments
        All the rings of the regions in question.

    Returns
    -------
    (N,) int64
        Region, -1 where none.
    """
    order = np.argsort(lat_deg, kind="stable")
    lat, lon = lat_deg[order], lon_deg[order]
    first = np.searchsorted(lat, np.minimum(segments.lat0, segments.lat1), "left")
    last = np.searchsorted(lat, np.maximum(segments.lat0, segments.lat1), "left")
    crossed = last > first
    segments, first, last = segments.where(crossed), first[crossed], last[crossed]
    total = np.cumsum(last - first)
    turns, label = np.zeros(len(lat)), np.zeros(len(lat))
    begin = 0
    while begin < len(total):
        done = int(total[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(total, done + PAIRS_AT_ONCE, "right")))
        s = segments.where(slice(begin, end))
        _add_crossings(lat, lon, s, first[begin:end], last[begin:end], turns, label)
        begin = end
    region = np.full(len(lat), -1, np.int64)
    inside = turns == 1.0
    region[order[inside]] = np.rint(label[inside]).astype(np.int64) - 1
    return region


def _add_crossings(
    lat: FloatArray, lon: FloatArray, s: Segments, first: IntArray, last: IntArray, turns: FloatArray, label: FloatArray
) -> None:
    count = last - first
    segment = np.repeat(np.arange(len(count)), count)
    point = np.arange(len(segment)) - np.repeat(np.cumsum(count) - count, count) + first[segment]
    share = (lat[point] - s.lat0[segment]) / (s.lat1[segment] - s.lat0[segment])
    east = s.lon0[segment] + share * (s.lon1[segment] - s.lon0[segment]) > lon[point]
    point, segment = point[east], segment[east]
    sign = np.where(s.lat1[segment] > s.lat0[segment], 1.0, -1.0)
    turns += np.bincount(point, sign, len(lat))
    label += np.bincount(point, sign * (s.region[segment] + 1), len(lat))


def _distance_deg(lat: float, lon: float, s: Segments) -> FloatArray:
    """Plane distance of a point to each segment, in degrees of a great circle."""
    scale = np.cos(np.radians(lat))
    x0, x1 = (((end - lon + 180.0) % 360.0 - 180.0) * scale for end in (s.lon0, s.lon1))
    y0, y1 = s.lat0 - lat, s.lat1 - lat
    dx, dy = x1 - x0, y1 - y0
    along = np.clip(-(x0 * dx + y0 * dy) / np.maximum(dx * dx + dy * dy, 1e-18), 0.0, 1.0)
    return cast(FloatArray, np.hypot(x0 + along * dx, y0 + along * dy))


def simplify(points: FloatArray, tolerance_deg: float) -> FloatArray:
    """Line with fewer points, by Douglas and Peucker (1973); both ends stay.

    Parameters
    ----------
    points : (P, 2) float64
        Latitude and longitude, degrees.
    tolerance_deg : float
        Greatest departure, degrees of latitude (longitude scaled by the cosine of the mean latitude).

    Returns
    -------
    (Q, 2) float64
    """
    plane = points * np.array([1.0, np.cos(np.radians(points[:, 0].mean()))])
    keep = np.zeros(len(points), np.bool_)
    keep[[0, -1]] = True
    stack = [(0, len(points) - 1)]
    while stack:
        a, b = stack.pop()
        if b - a < 2:
            continue
        base, offset = plane[b] - plane[a], plane[a + 1 : b] - plane[a]
        along = np.clip(offset @ base / max(float(base @ base), 1e-18), 0.0, 1.0)
        away = np.hypot(*(offset - along[:, None] * base).T)
        far = int(np.argmax(away))
        if away[far] > tolerance_deg:
            keep[a + 1 + far] = True
            stack += [(a, a + 1 + far), (a + 1 + far, b)]
    return points[keep]


def _link(lines: list[FloatArray]) -> list[FloatArray]:
    """Join directed lines into closed rings."""
    from_point: dict[tuple[float, float], list[int]] = defaultdict(list)
    for index, line in enumerate(lines):
        from_point[line[0, 0], line[0, 1]].append(index)
    rings = []
    for index, line in enumerate(lines):
        if index not in from_point[line[0, 0], line[0, 1]]:
            continue
        parts, here = [], index
        while here >= 0:
            part = lines[here]
            from_point[part[0, 0], part[0, 1]].remove(here)
            parts.append(part[:-1])
            following = from_point.get((part[-1, 0], part[-1, 1]), [])
            closed = tuple(part[-1]) == tuple(line[0])
            here = following[0] if following and not closed else -1
        rings.append(np.concatenate([*parts, line[:1]]))
    return rings
