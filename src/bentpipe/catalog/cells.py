"""Analysis cells of a territory: H3 cells, each in exactly one region.

A cell belongs to the region that holds its centre. A cell whose centre is at sea but which holds a populated
place belongs to the region of its largest place: else harbours and small islands would have no cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.outlines import FloatArray, IntArray, Outlines, Segments, winding_region
from bentpipe.catalog.places import Places
from bentpipe.catalog.territories import Territories
from bentpipe.errors import Fault, GeodataError

MAXIMUM_CELLS = 2_000_000
"""More cells than this are refused unless a caller raises the limit: some 1 GB for the tables alone."""
TILE_DEG = 1.0
CellIds = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Cells:
    """Analysis cells of a territory, sorted by id.

    Parameters
    ----------
    h3 : (C,) uint64
        H3 cell ids.
    lat_deg, lon_deg : (C,) float64
        Centres, degrees.
    area_m2 : (C,) float64
        Areas of the whole cells, m2.
    region : (C,) int32
        Index into ``region_codes``; -1 where a cell lies in no region (sea).
    region_codes, region_names : tuple of str
        ISO 3166-2 codes and names of regions; for the whole world ISO 3166-1 alpha-3 codes and names of
        countries.
    resolution : int
        H3 resolution.
    complete : bool
        Whether every region listed is covered wholly, so that its people can be shared out among its cells.
    land : (C,) bool
        Whether the centre lies in a region's outline.
    members : tuple of (K,) int64
        Geodata's own numbers of the regions behind each entry of ``region_codes``.
    """

    h3: CellIds
    lat_deg: FloatArray
    lon_deg: FloatArray
    area_m2: FloatArray
    region: npt.NDArray[np.int32]
    region_codes: tuple[str, ...]
    region_names: tuple[str, ...]
    resolution: int
    complete: bool
    land: npt.NDArray[np.bool_]
    members: tuple[IntArray, ...]

    def __len__(self) -> int:
        return len(self.h3)


class CellFinder:
    """Finds the cells of territories.

    Parameters
    ----------
    outlines, territories, places
        The shipped geodata.
    """

    def __init__(self, outlines: Outlines, territories: Territories, places: Places) -> None:
        self.outlines, self.territories, self.places = outlines, territories, places

    def of_country(self, country: int, chosen: IntArray, resolution: int, limit: int) -> Cells:
        """Cells of a country, or of some of its regions.

        Parameters
        ----------
        country : int
            Country number.
        chosen : (K,) int64
            Numbers of the regions wanted.
        resolution : int
            H3 resolution.
        limit : int
            Most cells allowed.
        """
        area = float(self.territories.region_area_m2[chosen].sum())
        refuse_many(area / average_area_m2(resolution), limit, resolution)
        own = self.territories.regions_of(country)
        candidates = cells_of_tiles(self.outlines.of_regions(chosen), resolution)
        lat, lon = centres(candidates)
        region = self.outlines.containing(lat, lon, chosen)
        h3 = candidates[region >= 0]
        cells, regions = [h3], [region[region >= 0]]
        place_h3, place_region = self.place_cells(np.isin(self.places.region, own), resolution)
        fresh = ~np.isin(place_h3, h3) & np.isin(place_region, chosen)
        if len(h3):  # beside cells of its own, a country takes only those that nobody's land claims
            fresh[fresh] = self.outlines.containing(*centres(place_h3[fresh])) < 0
        cells.append(place_h3[fresh])
        regions.append(place_region[fresh])
        if not any(len(part) for part in cells):  # no place either: the cell below the middle of its outline
            south, west, north, east = self.outlines.bounds[chosen[0]]
            cells.append(cells_at(np.array([(south + north) / 2]), np.array([(west + east) / 2]), resolution))
            regions.append(chosen[:1])
        land = np.arange(sum(map(len, cells))) < len(h3)
        return self._table(np.concatenate(cells), np.concatenate(regions), land, resolution, chosen, True)

    def of_world(self, resolution: int, limit: int) -> Cells:
        """All cells of the Earth; a cell's region is its country."""
        import h3.api.numpy_int as h3

        refuse_many(h3.get_num_cells(resolution), limit, resolution)
        ids = np.concatenate([h3.cell_to_children(cell, resolution) for cell in h3.get_res0_cells()])
        lat, lon = centres(ids)
        region = self.outlines.containing(lat, lon)
        land = region >= 0
        region = np.where(land, self.territories.region_country[region], -1)
        place_h3, place_region = self.place_cells(np.ones(len(self.places), bool), resolution)
        order = np.argsort(ids)
        at = order[np.searchsorted(ids, place_h3, sorter=order)]
        sea = region[at] < 0
        region[at[sea]] = self.territories.region_country[place_region[sea]]
        return self._countries(ids, region, land, resolution)

    def of_cells(self, ids: CellIds, resolution: int) -> Cells:
        """Given cells; one at sea belongs to the region whose border is within its own width, else to none."""
        lat, lon = centres(ids)
        region = self.outlines.containing(lat, lon)
        land = region >= 0
        width_m = 2.0 * np.sqrt(average_area_m2(resolution) / np.pi)
        region[~land] = self.outlines.nearest(lat[~land], lon[~land], width_m)
        chosen = np.unique(region[region >= 0])
        return self._table(ids, region, land, resolution, chosen, False)

    def of_polygon(self, corners: Sequence[tuple[float, float]], resolution: int, limit: int) -> Cells:
        """Cells with their centre in a polygon, or the one at its middle where there is none."""
        ring = checked_polygon(corners)
        side = np.radians(np.ptp(ring, axis=0)) * 6.371e6
        middle = float(np.cos(np.radians(ring[:, 0].mean())))
        refuse_many(side[0] * side[1] * max(middle, 0.1) / average_area_m2(resolution) / 4, limit, resolution)
        ids = cells_in_ring(ring, resolution)
        refuse_many(len(ids), limit, resolution)
        return self.of_cells(ids, resolution)

    def place_cells(self, mask: npt.NDArray[np.bool_], resolution: int) -> tuple[CellIds, IntArray]:
        """Cells that hold places, and the region of the largest place in each."""
        places = self.places.where(mask)
        ids = cells_at(places.lat_deg, places.lon_deg, resolution)
        order = np.lexsort((-places.population, ids))
        unique, first = np.unique(ids[order], return_index=True)
        return unique, places.region[order][first]

    def _table(
        self,
        ids: CellIds,
        region: IntArray,
        land: npt.NDArray[np.bool_],
        resolution: int,
        chosen: IntArray,
        complete: bool,
    ) -> Cells:
        index = np.where(region >= 0, np.searchsorted(chosen, region), -1)
        codes = tuple(self.territories.region_code[i] for i in chosen)
        names = tuple(self.territories.region_name[i] for i in chosen)
        members = tuple(chosen.reshape(-1, 1))
        return table(ids, index, land, codes, names, members, resolution, complete)

    def _countries(self, ids: CellIds, country: IntArray, land: npt.NDArray[np.bool_], resolution: int) -> Cells:
        rows = self.territories.countries
        codes, names = tuple(row.iso3 for row in rows), tuple(row.name for row in rows)
        members = tuple(self.territories.regions_of(number) for number in range(len(rows)))
        return table(ids, country, land, codes, names, members, resolution, True)


def table(
    ids: CellIds,
    region: IntArray,
    land: npt.NDArray[np.bool_],
    codes: tuple[str, ...],
    names: tuple[str, ...],
    members: tuple[IntArray, ...],
    resolution: int,
    complete: bool,
) -> Cells:
    """Sort by id and add centres and areas."""
    import h3.api.numpy_int as h3

    order = np.argsort(ids)
    ids = ids[order]
    lat, lon = centres(ids)
    area = np.fromiter((h3.cell_area(cell, "m^2") for cell in ids), np.float64, len(ids))
    index = region[order].astype(np.int32)
    return Cells(ids, lat, lon, area, index, codes, names, resolution, complete, land[order], members)


def checked_resolution(resolution: Any) -> int:
    """An H3 resolution, or a fault."""
    if isinstance(resolution, bool) or not isinstance(resolution, int | np.integer) or not 0 <= resolution <= 15:
        raise GeodataError(Fault("H3 resolution out of range", value=resolution, allowed="an integer, 0 to 15"))
    return int(resolution)


def checked_cells(cells: Iterable[int | str]) -> tuple[CellIds, int]:
    """Ids of given H3 cells (integers or hexadecimal strings), without repeats, and their one resolution."""
    import h3.api.numpy_int as h3

    ids, faults, resolutions = [], [], set()
    for number, cell in enumerate(cells):
        try:
            value = int(cell, 16) if isinstance(cell, str) else int(cell)
            valid = 0 <= value < 2**64 and bool(h3.is_valid_cell(value))
        except (TypeError, ValueError):
            valid = False
        if valid:
            ids.append(value)
            resolutions.add(h3.get_resolution(value))
        else:
            faults.append(Fault("not an H3 cell", where=f"cell {number}", value=cell))
    if len(resolutions) > 1:
        faults.append(Fault("cells of several H3 resolutions", value=sorted(resolutions), allowed="one resolution"))
    if not ids and not faults:
        faults.append(Fault("no cells given"))
    if faults:
        raise GeodataError(*faults)
    return np.unique(np.array(ids, np.uint64)), resolutions.pop()


def checked_polygon(corners: Sequence[tuple[float, float]]) -> FloatArray:
    """Corners as (P, 2) latitude and longitude; longitudes run on past 180 where the polygon crosses it."""
    ring = np.array(corners, dtype=np.float64)
    if ring.ndim != 2 or ring.shape[1:] != (2,):
        raise GeodataError(Fault("a polygon is a list of [latitude, longitude]", value=corners))
    if len(ring) > 1 and np.array_equal(ring[0], ring[-1]):
        ring = ring[:-1]
    if len(np.unique(ring, axis=0)) < 3:
        raise GeodataError(Fault("a polygon needs three corners", value=corners, allowed="3 or more distinct corners"))
    wrong = ~(np.abs(ring[:, 0]) <= 90.0) | ~(np.abs(ring[:, 1]) <= 180.0)
    if wrong.any():
        swapped = bool(np.all(np.abs(ring[wrong][:, 1]) <= 90.0))
        hint = "latitude and longitude look swapped" if swapped else ""
        raise GeodataError(
            Fault(
                "corner out of range",
                value=ring[wrong][0].tolist(),
                allowed="[-90..90, -180..180] degrees",
                remedy=hint,
            )
        )
    step = np.diff(ring[:, 1], prepend=ring[-1, 1])
    wrap = -np.sign(step) * (np.abs(step) > 180.0)
    if round(float(wrap.sum())) != 0:
        raise GeodataError(Fault("the polygon goes around a pole", remedy="give cells instead, or cut it in two"))
    ring[:, 1] += 360.0 * (np.cumsum(wrap) - wrap[0])
    return ring


def refuse_many(estimate: float, limit: int, resolution: int) -> None:
    """Refuse a territory that would have more cells than allowed, before any is made."""
    if estimate > limit:
        raise GeodataError(
            Fault(
                f"about {estimate:,.0f} cells at H3 resolution {resolution}",
                allowed=f"at most {limit:,}",
                remedy="choose a lower resolution or a smaller territory",
            )
        )


def average_area_m2(resolution: int) -> float:
    """Average area of a cell, m2."""
    import h3.api.numpy_int as h3

    return float(h3.average_hexagon_area(resolution, "m^2"))


def centres(ids: CellIds) -> tuple[FloatArray, FloatArray]:
    """Centres of cells, degrees."""
    import h3.api.numpy_int as h3

    pairs = np.array([h3.cell_to_latlng(cell) for cell in ids], np.float64).reshape(-1, 2)
    return pairs[:, 0].copy(), pairs[:, 1].copy()


def cells_at(lat_deg: FloatArray, lon_deg: FloatArray, resolution: int) -> CellIds:
    """Cells that hold points given in degrees."""
    import h3.api.numpy_int as h3

    found = [
        h3.latlng_to_cell(lat, lon, resolution) for lat, lon in zip(lat_deg.tolist(), lon_deg.tolist(), strict=True)
    ]
    return np.array(found, np.uint64)


def cells_of_tiles(segments: Segments, resolution: int) -> CellIds:
    """Cells whose centres could lie in the regions: those of all 1 degree tiles that touch them.

    Tiles keep the work near the area itself where a box around it would be mostly sea (island states,
    countries on both sides of the 180th meridian).
    """
    rows, columns = round(180 / TILE_DEG), round(360 / TILE_DEG)
    row, column = np.divmod(np.arange(rows * columns), columns)
    lat, lon = (row + 0.5) * TILE_DEG - 90.0, (column + 0.5) * TILE_DEG - 180.0
    touched = winding_region(lat, lon, segments) >= 0
    span = np.maximum(np.abs(segments.lat1 - segments.lat0), np.abs(segments.lon1 - segments.lon0))
    reach = 0.05 * TILE_DEG
    steps = np.ceil(span / reach).astype(np.int64) + 1
    use = np.repeat(np.arange(len(steps)), steps)
    share = (np.arange(len(use)) - np.repeat(np.cumsum(steps) - steps, steps)) / np.maximum(steps[use] - 1, 1)
    for d_lat, d_lon in ((reach, reach), (reach, -reach), (-reach, reach), (-reach, -reach)):
        y = segments.lat0[use] + share * (segments.lat1 - segments.lat0)[use] + d_lat
        x = segments.lon0[use] + share * (segments.lon1 - segments.lon0)[use] + d_lon
        r = np.clip(np.floor((y + 90.0) / TILE_DEG), 0, rows - 1).astype(np.int64)
        c = np.clip(np.floor((x + 180.0) / TILE_DEG), 0, columns - 1).astype(np.int64)
        touched[r * columns + c] = True
    return _cells_of_strips(touched.reshape(rows, columns), resolution)


def _cells_of_strips(touched: npt.NDArray[np.bool_], resolution: int) -> CellIds:
    """Cells of runs of tiles, each at most 60 degrees long (H3 takes longer sides the other way round)."""
    import h3.api.numpy_int as h3

    found = [np.empty(0, np.uint64)]
    for row in np.flatnonzero(touched.any(axis=1)):
        flags = np.concatenate([[False], touched[row], [False]])
        begins, ends = np.flatnonzero(flags[1:] & ~flags[:-1]), np.flatnonzero(~flags[1:] & flags[:-1])
        south = max(-90.0, row * TILE_DEG - 90.0 - 1e-6)
        north = min(90.0, (row + 1) * TILE_DEG - 90.0 + 1e-6)
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
            for first in np.arange(begin, end, 60.0 / TILE_DEG):
                west = max(-180.0, first * TILE_DEG - 180.0 - 1e-6)
                east = min(180.0, min(first + 60.0 / TILE_DEG, end) * TILE_DEG - 180.0 + 1e-6)
                box = h3.LatLngPoly([(south, west), (south, east), (north, east), (north, west)])
                found.append(h3.h3shape_to_cells(box, resolution))
    return np.unique(np.concatenate(found))


def cells_in_ring(ring: FloatArray, resolution: int) -> CellIds:
    """Cells with their centre in a ring of (P, 2) degrees whose longitudes may run past 180."""
    after = np.roll(ring, -1, axis=0)
    signed = float(np.sum(ring[:, 1] * after[:, 0] - after[:, 1] * ring[:, 0]))
    ring, after = (ring, after) if signed > 0 else (after, ring)  # anticlockwise: each side the other way
    shifts = [k for k in (-360.0, 0.0, 360.0) if ring[:, 1].min() + k < 180.0 and ring[:, 1].max() + k > -180.0]
    found = []
    for shift in shifts:
        lon0, lon1 = ring[:, 1] + shift, after[:, 1] + shift
        side = Segments(ring[:, 0], lon0, after[:, 0], lon1, np.zeros(len(ring), np.int64))
        candidates = cells_of_tiles(side, resolution)
        found.append(candidates[winding_region(*centres(candidates), side) == 0])
    ids = np.unique(np.concatenate(found))
    if len(ids):
        return ids
    lat, lon = ring.mean(axis=0)
    return cells_at(np.array([lat]), np.array([(lon + 180.0) % 360.0 - 180.0]), resolution)
