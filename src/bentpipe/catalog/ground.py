"""Gateways and points of presence: those of the built-in scenarios, and an assumed set for the whole world.

No open list says which gateways were in service when. The stations near Ukraine are on a community map, so that
they exist is documented; that each was in service in 2022 is assumed, and so is everything in the world set, which
a rule makes: a gateway near each large city, apart from its neighbours.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from bentpipe.catalog.geodata import Geodata
from bentpipe.catalog.population import unit_vectors
from bentpipe.errors import Fault, UnknownNameError

COMMUNITY_MAP = "community map of gateways, edition of 2023-10-10"
ASSUMED_RULE = "assumed by rule: a station near each large city, 500 km apart"

WITHOUT_GATEWAYS = ("AFG", "BLR", "CHN", "CUB", "IRN", "PRK", "RUS", "SYR")
"""Countries where the assumed set has no gateway: no licence is known. An assumption too."""


@dataclass(frozen=True)
class GatewayRow:
    """A gateway station.

    Parameters
    ----------
    id, name : str
        Id and name.
    latitude_deg, longitude_deg : float
        Degrees.
    antennas : int
        Antennas, each following one satellite.
    minimum_elevation_deg : float
        Lowest elevation that it works at, degrees.
    pop : str
        Id of its point of presence.
    tag : str
        "confirmed" (the station stands in a public source) or "assumed".
    source : str
        Where from.
    date : str
        Date of the source, ISO 8601; empty for a rule.
    note : str
        What is assumed all the same.
    """

    id: str
    name: str
    latitude_deg: float
    longitude_deg: float
    antennas: int
    minimum_elevation_deg: float
    pop: str
    tag: str
    source: str
    date: str
    note: str = ""


@dataclass(frozen=True)
class PopRow:
    """A point of presence: where the operator's network meets the internet.

    Parameters
    ----------
    id, name : str
        Id and city.
    latitude_deg, longitude_deg : float
        Of the city, degrees.
    tag, source, date : str
        As for `GatewayRow`.
    """

    id: str
    name: str
    latitude_deg: float
    longitude_deg: float
    tag: str
    source: str
    date: str


@dataclass(frozen=True)
class GroundSegment:
    """Gateways and the points of presence that they lead to.

    Parameters
    ----------
    gateways : tuple of GatewayRow
        Sorted by id.
    pops : tuple of PopRow
        Sorted by id.
    """

    gateways: tuple[GatewayRow, ...]
    pops: tuple[PopRow, ...]


def built_in_ground(name: str) -> GroundSegment:
    """Ground segment of a built-in scenario.

    Parameters
    ----------
    name : str
        "ukraine-2022": the four stations of the region, all leading to Frankfurt.

    Returns
    -------
    GroundSegment

    Raises
    ------
    UnknownNameError
        For another name.
    """
    if name.strip().casefold() != "ukraine-2022":
        raise UnknownNameError(Fault("unknown ground segment", value=name, allowed="ukraine-2022"))
    note = "opening date not known: in service in 2022 is assumed"
    rows = (
        ("kaunas", "Kaunas, Lithuania", 54.879, 23.842),
        ("muallim", "Muallim, Türkiye", 40.789, 29.509),
        ("usingen", "Usingen, Germany", 50.330, 8.471),
        ("wola-krobowska", "Wola Krobowska, Poland", 51.864, 20.921),
    )
    pop = PopRow(
        "frankfurt", "Frankfurt", 50.11, 8.68, "confirmed", "reverse DNS names of users' addresses", "2024-02-14"
    )
    return GroundSegment(
        tuple(
            GatewayRow(i, n, lat, lon, 8, 25.0, pop.id, "confirmed", COMMUNITY_MAP, "2023-10-10", note)
            for i, n, lat, lon in rows
        ),
        (pop,),
    )


EXCHANGE_CITIES = (
    ("amsterdam", 52.37, 4.90), ("ashburn", 39.04, -77.49), ("atlanta", 33.75, -84.39), ("auckland", -36.85, 174.76),
    ("bogota", 4.65, -74.08), ("chicago", 41.88, -87.63), ("dallas", 32.78, -96.80), ("denver", 39.74, -104.99),
    ("dubai", 25.20, 55.27), ("frankfurt", 50.11, 8.68), ("jakarta", -6.21, 106.85), ("johannesburg", -26.20, 28.05),
    ("lagos", 6.45, 3.39), ("lima", -12.05, -77.04), ("london", 51.51, -0.13), ("los-angeles", 34.05, -118.24),
    ("madrid", 40.42, -3.70), ("manila", 14.60, 120.98), ("miami", 25.76, -80.19), ("milan", 45.46, 9.19),
    ("mumbai", 19.08, 72.88), ("nairobi", -1.29, 36.82), ("new-york", 40.71, -74.01), ("queretaro", 20.59, -100.39),
    ("santiago", -33.45, -70.67), ("sao-paulo", -23.55, -46.63), ("seattle", 47.61, -122.33),
    ("singapore", 1.35, 103.82), ("sofia", 42.70, 23.32), ("sydney", -33.87, 151.21),
    ("tokyo", 35.68, 139.69), ("warsaw", 52.23, 21.01),
)  # fmt: skip
"""Cities with large internet exchanges, where points of presence of the world set are assumed to be."""


def world_assumed_gateways(
    geodata: Geodata,
    minimum_population: int = 100_000,
    spacing_m: float = 500_000.0,
    antennas: int = 8,
    without: Collection[str] = WITHOUT_GATEWAYS,
) -> GroundSegment:
    """An assumed set of gateways for the world, since no open list of licences exists.

    The rule: go through the cities from the largest down; a city gets a gateway unless one stands within the
    spacing already. Each leads to the nearest of some thirty exchange cities by great circle.

    Parameters
    ----------
    geodata : Geodata
        The shipped geodata.
    minimum_population : int
        Fewest people of a city with a gateway.
    spacing_m : float
        Least distance between gateways, m (mean radius 6,371 km).
    antennas : int
        Antennas of each.
    without : collection of str
        ISO 3166-1 alpha-3 codes of countries without gateways.

    Returns
    -------
    GroundSegment
        All tagged "assumed".
    """
    cities = geodata.places(minimum_population=minimum_population)
    country = geodata.territories.region_country[cities.region]
    barred = [geodata.territories.country_number(code) for code in without]
    cities = cities.where(~np.isin(country, barred))
    unit = unit_vectors(cities.lat_deg, cities.lon_deg)
    chosen: list[int] = []
    nearest = np.full(len(cities), -1.0)  # cosine of the angle to the nearest chosen city
    for index in range(len(cities)):
        if nearest[index] <= np.cos(spacing_m / 6.371e6):
            chosen.append(index)
            nearest = np.maximum(nearest, unit @ unit[index])
    pops = tuple(
        PopRow(name, name.replace("-", " ").title(), lat, lon, "assumed", "a city with a large exchange", "")
        for name, lat, lon in EXCHANGE_CITIES
    )
    pop_unit = unit_vectors(np.array([p.latitude_deg for p in pops]), np.array([p.longitude_deg for p in pops]))
    home = np.argmax(unit[chosen] @ pop_unit.T, axis=1)
    rows = []
    taken: set[str] = set()
    for index, pop in zip(chosen, home.tolist(), strict=True):
        iso2 = geodata.territories.countries[geodata.territories.region_country[cities.region[index]]].iso2
        name = f"{cities.name[index]}, {iso2}"
        key = unique_id(slug(name) or f"gateway-{iso2.lower()}", taken)
        lat, lon = float(cities.lat_deg[index]), float(cities.lon_deg[index])
        lowest = 5.0 if abs(lat) >= 60.0 else 25.0
        rows.append(GatewayRow(key, name, lat, lon, antennas, lowest, pops[pop].id, "assumed", ASSUMED_RULE, ""))
    return GroundSegment(tuple(sorted(rows, key=lambda row: row.id)), pops)


def slug(text: str) -> str:
    """Lower-case ASCII id made from a name; empty where nothing of it is ASCII."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text).strip("-")[:60].rstrip("-")


def unique_id(wanted: str, taken: set[str]) -> str:
    """The id itself, or with the first number from 2 that makes it new; it is then taken."""
    number, key = 1, wanted
    while key in taken:
        number += 1
        key = f"{wanted[:56]}-{number}"
    taken.add(key)
    return key
