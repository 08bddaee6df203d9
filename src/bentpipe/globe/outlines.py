"""Borders to draw: of the whole world coarsely, of and around a territory finely.

Source: Natural Earth 10m admin-1 (public domain), simplified to 0.02 degree as `bentpipe.catalog.outlines` says. The
coarse borders are made from it once by ``tools/build_borders.py``.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bentpipe.globe.cellmap import Bounds, laid_out
from bentpipe.globe.source import Source

if TYPE_CHECKING:
    from bentpipe.catalog.geodata import Geodata

Float = npt.NDArray[np.float64]
SOURCE = "Natural Earth (public domain); Crimea as part of Ukraine"
#: Greatest departures that are tried, degrees, until the outlines of a territory fit in so many numbers.
TOLERANCES_DEG, MOST_NUMBERS = (0.012, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5), 50_000
#: Points that can be told apart across a territory; an extent from which it is the world, degrees.
POINTS_ACROSS, WHOLE_WORLD_DEG = 1500.0, 300.0
#: How far around the cells borders are fine, as a share of their extent and at least, degrees; how coarse beyond.
MARGIN, LEAST_MARGIN_DEG, FAR_TOLERANCE_DEG = 0.5, 7.0, 0.12


def world_outlines() -> dict[str, Any]:
    """Give the borders of all countries, departing at most 0.12 degree from the fine ones.

    Returns
    -------
    dict
        "countries": closed rings, each a flat list of longitude, latitude, ... in degrees, outer ones anticlockwise;
        "source": where they come from.
    """
    with (
        resources.files("bentpipe.globe").joinpath("data", "borders.npz").open("rb") as stream,
        np.load(stream) as pack,
    ):
        points, lengths = pack["points"], pack["length"]
    cuts = np.cumsum(lengths)[:-1]
    return {"countries": [flat(ring / 100.0, 2) for ring in np.split(points, cuts)], "source": SOURCE}


def territory_outlines(source: Source) -> dict[str, Any]:
    """Give the borders of a run's regions and of the countries on and around its cells.

    Parameters
    ----------
    source : Source
        A run or a what-if.

    Returns
    -------
    dict
        "regions", "countries": closed rings, each a flat list of longitude, latitude, ... in degrees. Those of
        countries are fine near the cells and coarse far from them. "source": where they come from.
    """
    base = getattr(source, "base", source)
    found: dict[str, Any] = base.remembered("outlines", 0, lambda: _territory(base))
    return found


def flat(ring_lon_lat: Float, digits: int) -> list[float]:
    """One ring as the page reads it."""
    rounded: list[float] = np.round(ring_lon_lat, digits).ravel().tolist()
    return rounded


def _territory(source: Source) -> dict[str, Any]:
    from bentpipe.catalog.geodata import Geodata

    extent = _extent(source)
    if extent is None or extent.east - extent.west >= WHOLE_WORLD_DEG:
        return {"regions": [], "countries": [], "source": SOURCE}  # those of the world, which are drawn anyway
    coarsest = max(extent.east - extent.west, extent.north - extent.south) / POINTS_ACROSS
    geodata = Geodata()  # not the shared one: its 20 MB go when the outlines are made
    outlines, territories = geodata.outlines, geodata.territories
    codes = set(source.names["region"]["region"])
    own = [[n] for n, code in enumerate(territories.region_code) if code in codes]
    if not own:  # regions that are countries
        own = [territories.regions_of(n).tolist() for n, row in enumerate(territories.countries) if row.iso3 in codes]
    for tolerance in [t for t in TOLERANCES_DEG if t >= coarsest] or TOLERANCES_DEG[-1:]:
        regions = [flat(ring[:, ::-1], 3) for group in own for ring in outlines.rings(group, tolerance)]
        countries = [flat(ring[:, ::-1], 3) for ring in _countries(geodata, extent, tolerance)]
        if sum(map(len, regions)) + sum(map(len, countries)) <= MOST_NUMBERS:
            break
    return {"regions": regions, "countries": countries, "source": SOURCE}


def _extent(source: Source) -> Bounds | None:
    """Bounds around the cells, or around the sites where there are none."""
    if len(source.cells):
        lat, lon = source.static("latitude_deg"), source.static("longitude_deg")
    else:
        lat, lon = source.static("site_latitude_deg"), source.static("site_longitude_deg")
    return laid_out(lat, lon, 50_000.0)[0] if len(lat) else None


def _countries(geodata: Geodata, near: Bounds, tolerance_deg: float) -> list[Float]:
    """Rings of latitude and longitude of the countries around, thinned far from the cells."""
    tall = max(LEAST_MARGIN_DEG, MARGIN * (near.north - near.south))
    least_wide = LEAST_MARGIN_DEG / max(0.1, float(np.cos(np.radians((near.south + near.north) / 2.0))))
    wide = max(least_wide, MARGIN * (near.east - near.west))
    south, north = max(near.south - tall, -90.0), min(near.north + tall, 90.0)
    west, east = near.west - wide, near.east + wide
    if east - west >= 360.0:
        west, east = -180.0, 180.0
    found: list[Float] = []
    for box in _boxes(Bounds(west, east, south, north)):
        rings = geodata.outlines_within(box.south, box.west, box.north, box.east, tolerance_deg)
        found += [thinned(ring, box) for group in rings.values() for ring in group]
    return [ring for ring in found if len(ring) >= 4]


def _boxes(bounds: Bounds) -> list[Bounds]:
    """A box as one or two that do not cross the 180th meridian."""
    if bounds.west < -180.0:
        return [bounds._replace(west=bounds.west + 360.0, east=180.0), bounds._replace(west=-180.0)]
    if bounds.east > 180.0:
        return [bounds._replace(east=180.0), bounds._replace(west=-180.0, east=bounds.east - 360.0)]
    return [bounds]


def thinned(ring: Float, box: Bounds) -> Float:
    """A closed ring with fewer points where it lies outside a box.

    Parameters
    ----------
    ring : (P, 2) float64
        Latitude and longitude, degrees, the first point again at the end.
    box : Bounds
        Within which every point stays.

    Returns
    -------
    (Q, 2) float64
    """
    from bentpipe.catalog.outlines import simplify

    inside = (ring[:, 0] >= box.south) & (ring[:, 0] <= box.north)
    inside &= (ring[:, 1] >= box.west) & (ring[:, 1] <= box.east)
    cuts = np.flatnonzero(np.diff(inside))
    begins, ends = [0, *(cuts + 1).tolist()], [*cuts.tolist(), len(ring) - 1]
    parts = [
        ring[a : b + 1] if inside[a] else simplify(ring[a : b + 1], FAR_TOLERANCE_DEG)
        for a, b in zip(begins, ends, strict=True)
    ]
    return np.concatenate(parts)
