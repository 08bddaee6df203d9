"""All that is wrong with a scenario: what its text says, what the files that it names hold, what the catalogue knows.

Compiled code is not loaded here, so that a check takes a moment.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bentpipe.errors import Fault, InputError
from bentpipe.scenario import Scenario, check_references
from bentpipe.scenario.reader import examine
from bentpipe.scenario.values import did_you_mean

if TYPE_CHECKING:
    from bentpipe.catalog.cells import Cells

Faults = Iterator[Fault]


def validate(source: str | Path) -> tuple[Fault, ...]:
    """Find all that is wrong with a scenario, with the files that it names, and with what it takes from the catalogue.

    Parameters
    ----------
    source : str or pathlib.Path
        A built-in name or a file.

    Returns
    -------
    tuple of Fault
        None where it is right: `bentpipe.run` then accepts it.
    """
    scenario, faults = examine(source)
    return faults if scenario is None else (*faults, *outside_faults(scenario, sure=not faults))


def outside_faults(scenario: Scenario, *, sure: bool = True) -> tuple[Fault, ...]:
    """Check the files that a scenario names, and its names against the catalogue.

    Parameters
    ----------
    scenario : Scenario
        Or the draft of one, where None stands for what was refused.
    sure : bool
        Whether it is a whole scenario. On a draft, a check that meets a gap ends quietly.

    Returns
    -------
    tuple of Fault
    """
    found: list[Fault] = []
    for check in (_territory, _sites, _tracks, _ground, _satellites, _weather):
        try:
            found += check(scenario)
        except (TypeError, AttributeError):
            if sure:
                raise
    return tuple({str(fault): fault for fault in found}.values())


def _told(read: Callable[[], Any], where: str, results: list[Any] | None = None) -> Faults:
    """Faults of reading something; those without a place of their own get that of the key."""
    try:
        result = read()
    except InputError as error:
        yield from (fault if fault.where else replace(fault, where=where) for fault in error.faults)
    else:
        if results is not None:
            results.append(result)


def _there(path: Path | None) -> Path | None:
    """A file that exists; one that does not is a fault of the scenario's own checks already."""
    return path if path is not None and os.path.isfile(path) else None


def _territory(s: Scenario) -> Faults:
    """Country, regions, cells, and the people in them."""
    from bentpipe.catalog.geodata import load_geodata

    geodata, place = load_geodata(), s.territory
    kind = next((key for key in ("country", "polygon", "cells", "world") if getattr(place, key)), None)
    if kind is None:
        return
    known: list[set[str]] = []
    if place.country is not None:
        country = place.country
        faults = list(_told(lambda: {r.code for r in geodata.regions(country)}, s.where("territory.country"), known))
        yield from faults
        if faults:
            return
        bad = list(check_references(s, known[0]))
        yield from bad
        if bad:
            return
    made: list[Cells] = []
    yield from _told(
        lambda: geodata.cells(
            place.resolution,
            country=place.country,
            admin1=place.admin1,
            polygon=place.polygon,
            cells=place.cells,
            world=place.world,
        ),
        s.where(f"territory.{kind}"),
        made,
    )
    for cells in made:
        if place.country is None:
            yield from check_references(s, set(cells.region_codes))
        yield from _people(s, cells)


def _people(s: Scenario, cells: Cells) -> Faults:
    from bentpipe.catalog.geodata import load_geodata
    from bentpipe.catalog.population import check_totals

    path, people = s.people.cells_file, s.people
    if path is None:
        totals = {code: float(n) for code, n in people.regions.items() if code in cells.region_codes}
        total = None if people.total is None else float(people.total)
        yield from _told(lambda: check_totals(cells, total, totals), s.where("people"))
    elif _there(path):
        yield from _told(lambda: load_geodata().read_cells_file(path, cells), s.where("people.cells_file"))


def _sites(s: Scenario) -> Faults:
    """Sites of a file: their values, their dishes, and that no id is used twice."""
    from bentpipe.catalog.sitelists import load_sites

    path = _there(s.sites_file)
    if path is None:
        return
    read: list[tuple[dict[str, Any], ...]] = []
    yield from _told(lambda: load_sites(path), s.where("sites_file"), read)
    own = {site.id for site in s.sites}
    yield from unknown_dishes(s, (row for rows in read for row in rows))
    for row in (row for rows in read for row in rows):
        if row["id"] in own:
            yield Fault("a site of this id is in the scenario too", s.where("sites_file"), row["id"], "unique ids")


def unknown_dishes(s: Scenario, rows: Iterable[dict[str, Any]]) -> Faults:
    """Check the dishes that a list of sites names.

    Parameters
    ----------
    s : Scenario
    rows : iterable of dict
        As `bentpipe.catalog.sitelists.load_sites` gives them.

    Yields
    ------
    Fault
    """
    known = [*s.known_dishes()]
    for row in rows:
        if "dish" in row and row["dish"] not in known:
            hint = did_you_mean(row["dish"], known)
            yield Fault(f"site {row['id']}: no such dish", s.where("sites_file"), row["dish"], ", ".join(known), hint)


def _tracks(s: Scenario) -> Faults:
    from bentpipe.simulate.tracks import read_track

    for site in s.sites:
        path = _there(site.track)
        if path is not None:
            yield from _told(lambda path=path: read_track(path, s.time.start, s.time.end), "")  # type: ignore[misc]


def _weather(s: Scenario) -> Faults:
    """The climate's table and the rain, where files are named."""
    from bentpipe.catalog.rainfile import load_rain
    from bentpipe.catalog.weather import load_weather

    table, rain = _there(s.weather.table), s.weather.rain_file
    if table is not None:
        yield from _told(lambda: load_weather(table), s.where("weather.table"))
    if rain is not None and rain.exists():
        yield from _told(lambda: load_rain(rain), s.where("weather.rain_file"))


def _ground(s: Scenario) -> Faults:
    """Gateways of a file or of the assumed list, and what the timeline names of them."""
    from bentpipe.catalog.geodata import load_geodata
    from bentpipe.catalog.ground import world_assumed_gateways
    from bentpipe.catalog.sitelists import load_gateways

    path = _there(s.gateways_file)
    if path is not None:
        read: list[tuple[dict[str, Any], ...]] = []
        yield from _told(lambda: load_gateways(path, s.pops), s.where("gateways_file"), read)
        for rows in read:
            yield from check_references(s, gateways={row["id"] for row in rows}, pops={pop.id for pop in s.pops})
    elif isinstance(s.gateways, str) and any(hasattr(e, "gateways") or hasattr(e, "pops") for e in s.disruptions):
        assumed = world_assumed_gateways(load_geodata())
        yield from check_references(s, gateways={g.id for g in assumed.gateways}, pops={p.id for p in assumed.pops})


def _satellites(s: Scenario) -> Faults:
    """The element set, or the built-in shells of the date."""
    from bentpipe.catalog.elements import in_service, load_elements
    from bentpipe.catalog.shells import constellation_shells

    chosen = s.constellation
    if chosen.source in ("on-station", "licensed"):
        key = "constellation.date" if chosen.date else "time.start"
        shells: list[Any] = []
        yield from _told(
            lambda: constellation_shells(chosen.operator, chosen.source, s.satellites_on()), s.where(key), shells
        )
        if shells == [()]:
            yield Fault(
                "no satellites", s.where(key), str(s.satellites_on()), "one shell or more", "choose another date"
            )
        for found in shells:
            yield from check_references(s, planes=[shell.planes for shell in found])
    path = _there(chosen.elements)
    if chosen.source != "elements" or path is None:
        return
    read: list[Any] = []
    yield from _told(lambda: load_elements(path), s.where("constellation.elements"), read)
    for elements in read:
        named = list(unknown_satellites(s, elements.catalog_number))
        yield from named
        if not named and chosen.in_service == "auto":
            start = np.datetime64(s.time.start)
            yield from _told(
                lambda: in_service(elements, start, chosen.include, chosen.exclude),  # noqa: B023 - called at once
                s.where("constellation"),
            )


def unknown_satellites(s: Scenario, numbers: Collection[int]) -> tuple[Fault, ...]:
    """Check the catalogue numbers that a scenario names against those of the element set.

    Parameters
    ----------
    s : Scenario
    numbers : (N,) int64
        Catalogue numbers.

    Returns
    -------
    tuple of Fault
    """
    return check_references(s, catalog_numbers={int(number) for number in numbers})
