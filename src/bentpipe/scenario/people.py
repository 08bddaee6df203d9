"""The territory, its people, their terminals and dishes, and the named sites."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from bentpipe.scenario.areafiles import Polygon
from bentpipe.scenario.values import (
    CalendarDay,
    CellId,
    Choice,
    Code,
    Country,
    Elevation,
    FileName,
    Flag,
    Frozen,
    FrozenMap,
    Hours,
    Id,
    Latitude,
    Longitude,
    Number,
    Part,
    Share,
    Text,
    WordOr,
)

People_ = Annotated[int, Number(0, 10_000_000_000, "people", whole=True)]
Terminals_ = Annotated[int, Number(0, 100_000_000, "terminals", whole=True)]


class Territory(Part):
    """Where people live: exactly one of country, polygon, cells, sites and world.

    Parameters
    ----------
    country : str, optional
        ISO 3166-1 alpha-3.
    admin1 : tuple of str
        ISO 3166-2 codes that narrow the country down; all of it where empty.
    polygon : tuple of (float, float)
        Corners (latitude, longitude) in degrees, in order, not crossing the 180th meridian; or the path of a
        GeoJSON file with one Polygon.
    cells : tuple of str
        H3 cells in hexadecimal.
    sites : bool
        The cells that the named sites stand in, for a study of these sites alone.
    world : bool
    resolution : int
        H3 resolution of the analysis cells (5: about 253 km², 3: about 12,393 km²).
    """

    country: Country | None = None
    admin1: tuple[Code, ...] = ()
    polygon: Polygon = ()
    cells: tuple[CellId, ...] = ()
    sites: Flag = False
    world: Flag = False
    resolution: Annotated[int, Number(0, 15, "(an H3 resolution)", whole=True)] = 5


class People(Part):
    """How many people live there.

    Parameters
    ----------
    total : int, optional
        Of the whole territory; the built-in estimate where absent.
    date : datetime.date, optional
        The date that the figures are for.
    regions : mapping of str to int
        Totals by ISO 3166-2 code, to which the cells are calibrated.
    cells_file : pathlib.Path, optional
        CSV with columns h3, people and optionally terminals.
    """

    total: People_ | None = None
    date: CalendarDay | None = None
    regions: Annotated[Mapping[Code, People_], *Frozen] = FrozenMap()
    cells_file: FileName | None = None


class TerminalKind(Part):
    """A kind of user: the share of the terminals, and how long one runs without mains power, h."""

    share: Share
    battery_hours: Hours = 0.0


class Terminals(Part):
    """The terminals of the territory, named sites apart.

    Parameters
    ----------
    total : int
        Terminals in all.
    date : datetime.date, optional
    users_per_terminal : float
    dish : str
        A name of `dishes` or a built-in kind.
    regions : mapping of str to int
        Terminals by ISO 3166-2 code; they sum to `total`.
    region_weights : mapping of str to float
        Terminals for each person, relative to the other regions (1 where a region is not named); instead of
        `regions`, for sharing out any `total`.
    placement : str
        Within a region: in proportion to "population", or "even".
    kinds : mapping of str to TerminalKind
        Shares of homes, hubs, hospitals; they sum to 1.
    busy_terminals_per_beam : float, optional
        Terminals that fill one beam in the busiest hour; where absent, what they ask for (`demand`) over what a
        channel carries under clear sky.
    """

    total: Terminals_ = 0
    date: CalendarDay | None = None
    users_per_terminal: Annotated[float, Number(0, 100_000, "users", above=True)] = 1.0
    dish: Id = "standard"
    regions: Annotated[Mapping[Code, Terminals_], *Frozen] = FrozenMap()
    region_weights: Annotated[Mapping[Code, Annotated[float, Number(0, 1_000)]], *Frozen] = FrozenMap()
    placement: Annotated[Literal["population", "even"], Choice()] = "population"
    kinds: Annotated[Mapping[Id, TerminalKind], *Frozen] = FrozenMap({"homes": TerminalKind(share=1.0)})
    busy_terminals_per_beam: Annotated[float, Number(0, 1_000_000, "terminals", above=True)] | None = None

    def share_out(self, people: Mapping[str, float]) -> dict[str, int]:
        """Share the terminals out over regions.

        By `regions` where given; otherwise in proportion to people times `region_weights`, rounded by largest
        remainder (ties by code), so that the sum is exactly `total`.

        Parameters
        ----------
        people : mapping of str to float
            People by region code.

        Returns
        -------
        dict of str to int
            Terminals by region code, for the regions of `people` in their order.
        """
        if self.regions:
            return {code: self.regions.get(code, 0) for code in people}
        weights = {code: count * self.region_weights.get(code, 1.0) for code, count in people.items()}
        whole = sum(weights.values())
        if whole <= 0.0:
            return dict.fromkeys(people, 0)
        exact = {code: self.total * weight / whole for code, weight in weights.items()}
        shares = {code: int(value) for code, value in exact.items()}
        by_remainder = sorted(exact, key=lambda code: (shares[code] - exact[code], code))
        for code in by_remainder[: self.total - sum(shares.values())]:
            shares[code] += 1
        return shares


class Dish(Part):
    """A kind of user dish.

    Parameters
    ----------
    minimum_elevation_deg : float
    field_of_view_deg : float
        The full cone around the boresight.
    tilt_deg : float or "auto"
        Boresight from the zenith; "auto" follows the latitude as the dish itself does.
    azimuth_deg : float or "poleward"
        Where the boresight leans, from north over east.
    gso_avoidance_deg : float
        Satellites nearer than this to the geostationary arc are not used.
    maximum_range_km : float, optional
        Satellites farther than this are not used; no limit but the elevation where absent.
    radio : str
        Ground station of the radio catalogue whose power and G/T it has: "standard" or "high-performance".
    """

    minimum_elevation_deg: Elevation = 25.0
    field_of_view_deg: Annotated[float, Number(0, 180, "degrees (full cone)", above=True)] = 100.0
    tilt_deg: Annotated[Literal["auto"] | float, WordOr("auto", Number(0, 90, "degrees from the zenith"))] = "auto"
    azimuth_deg: Annotated[
        Literal["poleward"] | float, WordOr("poleward", Number(0, 360, "degrees from north over east"))
    ] = "poleward"
    gso_avoidance_deg: Annotated[float, Number(0, 90, "degrees")] = 18.0
    maximum_range_km: Annotated[float, Number(1, 50_000, "km")] | None = None
    radio: Annotated[Literal["standard", "high-performance"], Choice()] = "standard"


BUILTIN_DISHES: Mapping[str, Dish] = FrozenMap(
    {
        "standard": Dish(),
        "round": Dish(),
        "high_performance": Dish(field_of_view_deg=140.0, radio="high-performance"),
        "mini": Dish(field_of_view_deg=110.0),
        "rev4": Dish(field_of_view_deg=110.0),
    }
)
"""Built-in dishes: full cones of 100° (round dish and rev 3), 140° and 110°, recalled from public figures."""

Bearing = Annotated[float, Number(0, 360, "degrees from north over east")]
SiteKind = Literal[
    "home", "hub", "hospital", "school", "shelter", "government", "business", "vehicle", "vessel", "other"
]


class Site(Part):
    """A named place, followed in every slot.

    Parameters
    ----------
    obstruction : tuple of (float, float)
        The skyline: (azimuth, elevation) in degrees, by rising azimuth; linear in between.
    people : int, optional
        People that it stands for in `traffic.gravity_gbps`.
    track : pathlib.Path, optional
        For a site that moves: CSV with columns time, lat, lon and optionally height, instead of a place.
    """

    id: Id
    name: Text
    kind: Annotated[SiteKind, Choice()] = "other"
    latitude_deg: Latitude | None = None
    longitude_deg: Longitude | None = None
    height_m: Annotated[float, Number(-500, 20_000, "m")] = 0.0
    dish: Id = "standard"
    terminals: Annotated[int, Number(1, 100_000, "terminals", whole=True)] = 1
    battery_hours: Hours = 0.0
    obstruction: tuple[tuple[Bearing, Annotated[float, Number(0, 90, "degrees")]], ...] = ()
    people: People_ | None = None
    track: FileName | None = None
