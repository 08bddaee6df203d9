"""The territory of a run: cells with their people, named sites, regions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bentpipe.earth import east_north_up, geodetic_to_ecef
from bentpipe.errors import Fault, ScenarioError
from bentpipe.geometry.places import Places, automatic_tilt_deg, make_places
from bentpipe.scenario import Scenario, Site, check_references
from bentpipe.simulate.areas import area_mask
from bentpipe.simulate.tracks import Track, read_track

if TYPE_CHECKING:
    from bentpipe.catalog.cells import Cells
    from bentpipe.catalog.geodata import Geodata

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Territory:
    """Cells, then sites, as places; regions of the cells.

    Parameters
    ----------
    cell_id : (A,) uint64
        H3 cells.
    sites : tuple of Site
        Named sites.
    latitude_deg, longitude_deg : (C,) float64
        Places, degrees; a moving site by the start of its track.
    area_m2, people : (C,) float64
        Area and people of each cell; 0 for sites.
    region : (C,) int32
        Region of each place; -1 for none.
    cell_of_place : (C,) uint64
        The H3 cell itself, or the one that a site stands in.
    region_code, region_name : tuple of str
        R regions.
    region_people : (R,) float64
        People.
    given_terminals : (A,) int64, or None
        Terminals where the user gave them by cell.
    places : Places
        The view of the sky; moving sites at the start of their tracks.
    tracks : tuple of (site index, Track)
        Sites that move.
    resolution : int
        H3 resolution.
    warnings : tuple of str
        What a user should know.
    """

    cell_id: npt.NDArray[np.uint64]
    sites: tuple[Site, ...]
    latitude_deg: FloatArray
    longitude_deg: FloatArray
    area_m2: FloatArray
    people: FloatArray
    region: npt.NDArray[np.int32]
    cell_of_place: npt.NDArray[np.uint64]
    region_code: tuple[str, ...]
    region_name: tuple[str, ...]
    region_people: FloatArray
    given_terminals: IntArray | None
    places: Places
    tracks: tuple[tuple[int, Track], ...]
    resolution: int
    warnings: tuple[str, ...]
    scenario: Scenario

    def area(
        self,
        regions: Sequence[str] = (),
        polygon: Sequence[tuple[float, float]] = (),
        centre: tuple[float, float] | None = None,
        radius_m: float = 0.0,
        cells_only: bool = False,
    ) -> Mask:
        """Places of an area, (C,) bool, a moving site by the start of its track; see `area_mask`."""
        mask = area_mask(
            self.latitude_deg, self.longitude_deg, self.region, self.region_code, regions, polygon, centre, radius_m
        )
        if cells_only:
            mask[len(self.cell_id) :] = False
        return mask

    def area_at(
        self,
        unix_s: FloatArray,
        regions: Sequence[str] = (),
        polygon: Sequence[tuple[float, float]] = (),
        centre: tuple[float, float] | None = None,
        radius_m: float = 0.0,
    ) -> Mask:
        """Places that are in an area at each time, (T, C) bool: a moving site by where it is then."""
        mask = np.broadcast_to(self.area(regions, polygon, centre, radius_m), (len(unix_s), len(self.latitude_deg)))
        if not self.tracks:
            return mask
        mask = mask.copy()
        for index, track in self.tracks:
            lat, lon, _ = track.along(unix_s)
            region = self.region_of(self.cells_under(lat, lon)) if regions else np.full(len(lat), -1, np.int32)
            column = area_mask(lat, lon, region, self.region_code, regions, polygon, centre, radius_m)
            mask[:, len(self.cell_id) + index] = column
        return mask

    def cells_under(self, latitude_deg: FloatArray, longitude_deg: FloatArray) -> npt.NDArray[np.uint64]:
        """H3 cells that points lie in, (N,) uint64, whether of the territory or not."""
        import h3.api.numpy_int as h3

        points = zip(latitude_deg.tolist(), longitude_deg.tolist(), strict=True)
        return np.array([h3.latlng_to_cell(lat, lon, self.resolution) for lat, lon in points], np.uint64)

    def region_of(self, cell: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
        """Regions of cells, (N,) int32; -1 for a cell outside the territory."""
        if not len(self.cell_id):
            return np.full(len(cell), -1, np.int32)
        order = np.argsort(self.cell_id)
        at = order[np.minimum(np.searchsorted(self.cell_id, cell, sorter=order), len(order) - 1)]
        return np.where(self.cell_id[at] == cell, self.region[at], -1).astype(np.int32)

    @property
    def moving(self) -> tuple[str, ...]:
        """Ids of the sites that move."""
        return tuple(self.sites[index].id for index, _ in self.tracks)

    def by_region(self, values: npt.NDArray[np.int64] | npt.NDArray[np.int32]) -> IntArray:
        """Sums over the cells of each region, (..., A) to (..., R) int64."""
        region = self.region[: len(self.cell_id)]
        flat = values.reshape(-1, values.shape[-1])
        out = np.zeros((len(flat), len(self.region_code)), np.int64)
        known = np.flatnonzero(region >= 0)
        order = known[np.argsort(region[known], kind="stable")]
        first = np.flatnonzero(np.diff(region[order], prepend=-1))
        if len(order):
            out[:, region[order][first]] = np.add.reduceat(flat[:, order], first, axis=1, dtype=np.int64)
        return out.reshape(*values.shape[:-1], len(self.region_code))

    def places_at(self, unix_s: float) -> Places:
        """Places at a time; the same object unless a site moves."""
        if not self.tracks:
            return self.places
        lat, lon = self.latitude_deg.copy(), self.longitude_deg.copy()
        height = np.concatenate([np.zeros(len(self.cell_id)), [s.height_m for s in self.sites]])
        for index, track in self.tracks:
            at = len(self.cell_id) + index
            lat[at], lon[at], height[at] = track.at(unix_s)
        return _places(self.scenario, self.sites, lat, lon, height)


def make_territory(scenario: Scenario, beyond: Collection[str] = ()) -> Territory:
    """Build the territory of a scenario.

    Parameters
    ----------
    scenario : Scenario
        What to simulate.
    beyond : collection of str
        Codes of regions outside it that a power cut may name: those of gateways.

    Returns
    -------
    Territory

    Raises
    ------
    InputError
        Unknown country or region, too many cells, a file that cannot be read.
    """
    import h3.api.numpy_int as h3

    from bentpipe.catalog.geodata import load_geodata

    geodata = load_geodata()
    sites = scenario.sites
    if scenario.sites_file is not None:
        from bentpipe.catalog.sitelists import load_sites

        sites = (*sites, *(Site(**row) for row in load_sites(scenario.sites_file)))
        _refuse_twins(scenario, sites)
    cells, people, terminals, warnings = _cells(scenario, sites, geodata)
    known = set(cells.region_codes)
    power = known | set(beyond)
    if scenario.territory.country is not None:
        known |= {region.code for region in geodata.regions(scenario.territory.country)}
    faults = check_references(scenario, known, power_regions=power)
    if faults:
        raise ScenarioError(*faults)
    tracks = tuple(
        (i, read_track(s.track, scenario.time.start, scenario.time.end))
        for i, s in enumerate(sites)
        if s.track is not None
    )
    moving = dict(tracks)
    # A site without a track has a place: the scenario's own checks see to it.
    fixed = [(s.latitude_deg or 0.0, s.longitude_deg or 0.0, s.height_m) for s in sites]
    where = [moving[i].start if i in moving else place for i, place in enumerate(fixed)]
    lat = np.concatenate([cells.lat_deg, [w[0] for w in where]]).astype(np.float64)
    lon = np.concatenate([cells.lon_deg, [w[1] for w in where]]).astype(np.float64)
    height = np.concatenate([np.zeros(len(cells)), [w[2] for w in where]]).astype(np.float64)
    under = np.array([h3.latlng_to_cell(w[0], w[1], cells.resolution) for w in where], np.uint64)
    position = {int(cell): i for i, cell in enumerate(cells.h3)}
    site_region = [int(cells.region[position[int(c)]]) if int(c) in position else -1 for c in under]
    totals = np.bincount(cells.region[cells.region >= 0], people[cells.region >= 0], len(cells.region_codes))
    return Territory(
        cells.h3,
        sites,
        lat,
        lon,
        np.concatenate([cells.area_m2, np.zeros(len(sites))]),
        np.concatenate([people, np.zeros(len(sites))]),
        np.concatenate([cells.region, site_region]).astype(np.int32),
        np.concatenate([cells.h3, under]).astype(np.uint64),
        cells.region_codes,
        cells.region_names,
        totals.astype(np.float64),
        terminals,
        _places(scenario, sites, lat, lon, height),
        tracks,
        cells.resolution,
        warnings,
        scenario,
    )


def _cells(
    scenario: Scenario, sites: tuple[Site, ...], geodata: Geodata
) -> tuple[Cells, FloatArray, IntArray | None, tuple[str, ...]]:
    """Cells, people and, where the user gave them, terminals."""
    place, people = scenario.territory, scenario.people
    own = place.cells
    if place.sites:
        import h3.api.basic_str as h3

        fixed = [s for s in sites if s.latitude_deg is not None and s.longitude_deg is not None]
        own = tuple(sorted({h3.latlng_to_cell(s.latitude_deg, s.longitude_deg, place.resolution) for s in fixed}))
    cells = geodata.cells(
        place.resolution,
        country=place.country,
        admin1=place.admin1,
        polygon=place.polygon,
        cells=own,
        world=place.world,
    )
    if people.cells_file is not None:
        given = geodata.read_cells_file(people.cells_file, cells)
        return cells, given.people, given.terminals, ()
    totals = {code: float(n) for code, n in people.regions.items() if code in cells.region_codes}
    found = geodata.population(cells, None if people.total is None else float(people.total), totals or None)
    return cells, found, None, ("people per cell are approximate: cities, and the rest spread evenly over the land",)


def _refuse_twins(scenario: Scenario, sites: tuple[Site, ...]) -> None:
    seen: set[str] = set()
    for site in sites:
        if site.id.lower() in seen:
            raise ScenarioError(
                Fault("two sites have one id", scenario.where("sites_file"), site.id, "unique ids", "rename one")
            )
        seen.add(site.id.lower())


def _places(
    scenario: Scenario, sites: tuple[Site, ...], lat: FloatArray, lon: FloatArray, height: FloatArray
) -> Places:
    """The view of the sky of cells (the territory's dish) and sites (each its own)."""
    cells = len(lat) - len(sites)
    dishes = [scenario.dish(scenario.terminals.dish)] * min(1, cells) + [scenario.dish(s.dish) for s in sites]
    row = np.concatenate([np.zeros(cells, np.int64), np.arange(len(sites)) + min(1, cells)])

    def each(values: list[float]) -> FloatArray:
        return np.asarray(np.array(values, np.float64)[row], np.float64)

    fixed_tilt = each([np.nan if d.tilt_deg == "auto" else float(d.tilt_deg) for d in dishes])
    fixed_azimuth = each([np.nan if d.azimuth_deg == "poleward" else float(d.azimuth_deg) for d in dishes])
    return make_places(
        geodetic_to_ecef(lat, lon, height).reshape(-1, 3),
        east_north_up(lat, lon).reshape(-1, 3, 3),
        each([d.minimum_elevation_deg for d in dishes]),
        each([d.gso_avoidance_deg for d in dishes]),
        each([d.field_of_view_deg for d in dishes]),
        np.where(np.isnan(fixed_tilt), automatic_tilt_deg(lat), fixed_tilt),
        np.where(np.isnan(fixed_azimuth), np.where(lat >= 0.0, 0.0, 180.0), fixed_azimuth),
        [[] for _ in range(cells)] + [list(s.obstruction) for s in sites],
        each([np.inf if d.maximum_range_km is None else 1e3 * d.maximum_range_km for d in dishes]),
    )
