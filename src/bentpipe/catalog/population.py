"""People of each cell: an approximation from listed places, calibrated to totals.

No open gridded population is small enough to ship, so people are placed as follows. Every listed place puts its
people in its cell, or over a disc where a cell could not hold the city. What a region's total leaves over is spread
evenly over the region's land; where the places sum to more than the total, they are scaled down. Totals are those
of the caller, else a country's GeoNames total, whose remainder is shared out to its regions by area. Against
Ukraine's 27 regional totals, 7 % of the people are put in the wrong region without calibration (tested in
``tests/reference/test_population.py``), none with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.cells import Cells, average_area_m2, cells_at
from bentpipe.catalog.outlines import FloatArray, IntArray
from bentpipe.catalog.places import Places
from bentpipe.catalog.territories import Territories
from bentpipe.errors import Fault, GeodataError

AGREEMENT = 0.005
"""Region totals that cover a whole territory may differ from its total by this share (rounding)."""
MOST_PEOPLE = 1e11
CITY_PEOPLE_PER_M2 = 3_500e-6
MOST_PARTS = 10_000


def population(
    cells: Cells,
    territories: Territories,
    places: Places,
    total: float | None = None,
    region_totals: Mapping[str, float] | None = None,
) -> FloatArray:
    """People of each cell.

    Parameters
    ----------
    cells : Cells
        Cells of a territory.
    territories, places
        The shipped geodata.
    total : float, optional
        People of the territory: what the cells sum to.
    region_totals : mapping, optional
        People of whole regions by their code in ``cells.region_codes``. Where `total` is given too, the other
        regions share what is left of it, in proportion to the built-in estimate.

    Returns
    -------
    (C,) float64
        People, at least 0.
    """
    given = dict(region_totals or {})
    check_totals(cells, total, given)
    listed = np.bincount(places.region, places.population, len(territories.region_code)).astype(np.float64)
    people = built_in_totals(territories, listed)
    estimate = np.array([people[members].sum() for members in cells.members])
    wanted = group_totals(cells.region_codes, estimate, given, total if cells.complete else None)
    for members, before, after in zip(cells.members, estimate, wanted, strict=True):
        if after != before:  # one region, or a country of the world: its regions keep their shares
            area = territories.region_area_m2[members]
            people[members] *= after / before if before > 0 else 0.0
            people[members] += after * area / area.sum() if before <= 0 else 0.0
    found = spread(cells, places, people, listed, territories.region_area_m2)
    if total is None or cells.complete:
        return found
    if found.sum() <= 0:
        found = cells.area_m2.copy()
    scaled: FloatArray = found * (total / found.sum())
    return scaled


def check_totals(cells: Cells, total: float | None, given: Mapping[str, float]) -> None:
    """Refuse totals that are no numbers of people, or of no region of the cells."""
    faults = []
    for key, number in [("total", total), *given.items()]:
        if number is not None and not 0 <= number < MOST_PEOPLE:
            faults.append(Fault("not a number of people", where=key, value=number, allowed=f"0 to {MOST_PEOPLE:.0e}"))
    for code in sorted(set(given) - set(cells.region_codes)):
        shown = ", ".join(cells.region_codes[:8]) + (", ..." if len(cells.region_codes) > 8 else "")
        faults.append(Fault("the territory has no such region", value=code, allowed=shown))
    if given and total is not None and not cells.complete:
        what = "a polygon or a list of cells takes a total or region totals, not both"
        faults.append(Fault(what, remedy="the total counts the cells, the region totals whole regions: leave one out"))
    if faults:
        raise GeodataError(*faults)


def built_in_totals(territories: Territories, listed: FloatArray) -> FloatArray:
    """People of every region of the world by GeoNames: listed places, and the country's rest by area.

    Parameters
    ----------
    territories : Territories
        Tables.
    listed : (R,) float64
        People in listed places.

    Returns
    -------
    (R,) float64
        Sums to each country's GeoNames total.
    """
    country, area = territories.region_country, territories.region_area_m2
    known = np.array([row.population for row in territories.countries], np.float64)
    in_places = np.bincount(country, listed, len(known))
    in_area = np.bincount(country, area, len(known))
    scale = np.where(in_places > known, known / np.maximum(in_places, 1.0), 1.0)
    rest = np.maximum(known - in_places, 0.0)
    people: FloatArray = listed * scale[country] + (rest / in_area)[country] * area
    return people


def group_totals(
    codes: Sequence[str], estimate: FloatArray, given: Mapping[str, float], total: float | None
) -> FloatArray:
    """Totals of the listed regions.

    Parameters
    ----------
    codes : sequence of str
        G codes.
    estimate : (G,) float64
        Built-in totals.
    given : mapping
        The caller's totals by code.
    total : float or None
        What they sum to.

    Returns
    -------
    (G,) float64
    """
    wanted = np.array([given.get(code, people) for code, people in zip(codes, estimate, strict=True)], np.float64)
    if total is None:
        return wanted
    unnamed = np.array([code not in given for code in codes])
    fixed = float(wanted[~unnamed].sum())
    free = float(wanted[unnamed].sum())
    if fixed > total * (1.0 + AGREEMENT) or (free <= 0.0 and fixed < total * (1.0 - AGREEMENT) and fixed > 0.0):
        raise GeodataError(
            Fault(
                "region totals do not agree with the total",
                value=round(fixed),
                allowed=f"{total:,.0f} within {AGREEMENT:.1%}",
                remedy="correct one of them, or leave the total out",
            )
        )
    if free > 0.0:
        wanted[unnamed] *= max(total - fixed, 0.0) / free
    elif fixed <= 0.0:
        wanted[:] = total / len(wanted)
    return wanted


def spread(cells: Cells, places: Places, total: FloatArray, listed: FloatArray, area_m2: FloatArray) -> FloatArray:
    """Put the people of regions into cells: places where they are, the rest over land by area."""
    scale = np.where(listed > total, total / np.maximum(listed, 1.0), 1.0)
    rest = np.maximum(total - listed, 0.0)
    group = np.full(len(total), -1, np.int64)
    for number, members in enumerate(cells.members):
        group[members] = number
    inside, parts = over_discs(places.where(group[places.region] >= 0), cells.resolution)
    weight: FloatArray = inside.population / parts * scale[inside.region]
    at = cell_of_places(cells, inside, group[inside.region])
    people = np.bincount(at[at >= 0], weight[at >= 0], len(cells)).astype(np.float64)
    if not cells.complete:
        density = np.array([rest[m].sum() / area_m2[m].sum() for m in cells.members] + [0.0])
        return people + np.where(cells.land, density[cells.region] * cells.area_m2, 0.0)
    land = np.where(cells.land, cells.area_m2, 0.0)
    by_group = np.bincount(cells.region[cells.region >= 0], land[cells.region >= 0], len(cells.members))
    remainder = np.array([rest[m].sum() for m in cells.members])
    density = np.append(np.where(by_group > 0, remainder / np.maximum(by_group, 1.0), 0.0), 0.0)
    people += density[cells.region] * land
    for number in np.flatnonzero((by_group == 0) & (remainder > 0)).tolist():
        people = people + landless(cells, at, weight, group[inside.region] == number, number, float(remainder[number]))
    lost = weight.sum() + remainder.sum() - people.sum()  # of regions with neither cell nor place: tiny islands
    return people * (1.0 + lost / people.sum()) if lost > 1e-6 * people.sum() > 0 else people


def over_discs(places: Places, resolution: int) -> tuple[Places, IntArray]:
    """Spread each city over a disc where one cell could not hold it.

    A city of P people covers a disc of radius sqrt(P / (pi * 3,500 per km2)): the density of Kyiv within its
    limits (2.95 million on 839 km2), assumed for all. Points fill it evenly (Vogel 1979), eight a cell.

    Parameters
    ----------
    places : Places
        Places.
    resolution : int
        H3 resolution of the cells they go to.

    Returns
    -------
    places : Places
        With the large ones repeated; each still has the whole population.
    parts : (P,) int64
        How many times each is there: its people are to be divided by this.
    """
    cell_m2 = average_area_m2(resolution)
    disc_m2 = places.population / CITY_PEOPLE_PER_M2
    count = np.where(disc_m2 > 0.25 * cell_m2, np.ceil(disc_m2 / cell_m2 * 8.0), 1.0)
    count = np.minimum(count, MOST_PARTS).astype(np.int64)
    use = np.repeat(np.arange(len(places)), count)
    spread_out, parts = places.where(use), count[use]
    k = np.arange(len(use)) - np.repeat(np.cumsum(count) - count, count)
    away = np.where(parts > 1, np.sqrt(disc_m2[use] / np.pi * (k + 0.5) / parts) / 111_195.0, 0.0)
    angle = k * np.pi * (3.0 - np.sqrt(5.0))
    lat = np.clip(spread_out.lat_deg + away * np.cos(angle), -90.0, 90.0)
    lon = spread_out.lon_deg + away * np.sin(angle) / np.maximum(np.cos(np.radians(lat)), 0.05)
    moved = replace(spread_out, lat_deg=lat, lon_deg=(lon + 180.0) % 360.0 - 180.0)
    return moved, parts


def landless(
    cells: Cells, at: IntArray, weight: FloatArray, mine: npt.NDArray[np.bool_], number: int, people: float
) -> FloatArray:
    """Where the remainder of a region without a land cell goes: to the cells of its places, else to its own cells."""
    share = (cells.region == number).astype(np.float64)
    if mine.any():
        share = np.bincount(at[mine], weight[mine], len(cells)).astype(np.float64)
    return people * share / share.sum() if share.sum() > 0 else np.zeros(len(cells))


def cell_of_places(cells: Cells, places: Places, group: IntArray) -> IntArray:
    """Cell of each place.

    A place on a border whose cell belongs to a neighbouring region goes to the nearest cell of its own, so
    that calibrated totals hold; a region without a cell leaves its places in whatever cell holds them.

    Returns
    -------
    (P,) int64
        Row in `cells`; -1 where the territory is not complete and none of its cells holds the place.
    """
    ids = cells_at(places.lat_deg, places.lon_deg, cells.resolution)
    at = np.minimum(np.searchsorted(cells.h3, ids), len(cells) - 1)
    present = cells.h3[at] == ids
    if not cells.complete:
        return np.where(present, at, -1)
    settled = present & (cells.region[at] == group)
    cell_unit, place_unit = unit_vectors(cells.lat_deg, cells.lon_deg), unit_vectors(places.lat_deg, places.lon_deg)
    for number in np.unique(group[~settled]):
        own = np.flatnonzero(cells.region == number)
        lost = np.flatnonzero(~settled & (group == number) & (True if len(own) else ~present))
        choice = own if len(own) else np.flatnonzero(cells.region >= 0)
        for part in np.array_split(lost, len(lost) * len(choice) // 4_000_000 + 1):
            at[part] = choice[np.argmax(place_unit[part] @ cell_unit[choice].T, axis=1)]
    return at


def unit_vectors(lat_deg: FloatArray, lon_deg: FloatArray) -> FloatArray:
    """Unit vectors of points on a sphere, (N, 3)."""
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
