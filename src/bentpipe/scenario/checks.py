"""Cross-field checks: plain functions from a scenario to faults.

They also run on the draft of a scenario that could not be read in full, where None stands for what was refused. A
check that trips over such a gap stops there: the gap is already a fault of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import date

from bentpipe.errors import Fault
from bentpipe.scenario.disruptions import PowerCut
from bentpipe.scenario.eventchecks import check_provenance, event_checks
from bentpipe.scenario.groundchecks import (
    check_choices,
    check_dish,
    check_files,
    check_gateways,
    check_ids,
    check_licence,
    check_sites,
    twice,
    written,
)
from bentpipe.scenario.laserchecks import check_lasers, check_paths
from bentpipe.scenario.model import Scenario
from bentpipe.scenario.operatorchecks import check_access, check_geostationary, check_source
from bentpipe.scenario.places import Places
from bentpipe.scenario.polygons import area_km2, check_polygon
from bentpipe.scenario.ratechecks import check_demand, check_weather
from bentpipe.scenario.servicechecks import check_services
from bentpipe.scenario.values import FIRST_LAUNCH, LATEST

Faults = Iterator[Fault]
MOST_CELLS = 2_000_000
MOST_SLOTS = 5_000_000
MOST_SATELLITES = 100_000
EARTH_KM2 = 510_065_622.0


def check(scenario: Scenario, places: Places, *, sure: bool, today: date, may_be_outside: bool = False) -> list[Fault]:
    """Run every cross-field check.

    Parameters
    ----------
    scenario : Scenario
        Or the draft of one.
    places : Places
        Where its keys stand.
    sure : bool
        Whether it is a whole scenario. On a draft, a check that meets a gap ends quietly.
    today : datetime.date
        Nothing is documented for a later day.
    may_be_outside : bool
        Whether events may lie outside the simulated time, as where an override has changed it.

    Returns
    -------
    list of Fault
    """
    faults: list[Fault] = []
    runs: list[Callable[[], Faults]] = [
        lambda: check_time(scenario, places),
        lambda: check_constellation(scenario, places, today),
        lambda: check_source(scenario, places),
        lambda: check_shells(scenario, places),
        lambda: check_satellite(scenario, places),
        lambda: check_territory(scenario, places, sure),
        lambda: check_cells(scenario, places),
        lambda: check_people(scenario, places),
        lambda: check_terminals(scenario, places),
        lambda: check_regions(scenario, places),
        lambda: check_ids(scenario, places),
        lambda: check_sites(scenario, places),
        lambda: check_gateways(scenario, places),
        lambda: check_licence(scenario, places),
        lambda: check_choices(scenario, places),
        lambda: check_files(scenario, places),
        lambda: check_geostationary(scenario, places),
        lambda: check_access(scenario, places),
        lambda: check_weather(scenario, places),
        lambda: check_demand(scenario, places),
        lambda: check_services(scenario, places, may_be_outside),
        lambda: check_lasers(scenario, places),
        lambda: check_paths(scenario, places),
        lambda: check_provenance(scenario, places, today),
        *event_checks(scenario, places, may_be_outside),
    ]
    for run in runs:
        try:
            for fault in run():
                faults.append(fault)  # noqa: PERF402 - what was found before a gap is kept
        except (TypeError, AttributeError):
            if sure:
                raise
    return faults


def check_time(s: Scenario, at: Places) -> Faults:
    """Check that the run ends in the known world and has a bearable number of slots."""
    slots = s.time.duration / s.time.slot
    if slots > MOST_SLOTS:
        yield Fault(
            "too many slots",
            at.where(["time", "duration"]),
            f"{slots:,.0f} slots",
            f"at most {MOST_SLOTS:,}",
            "shorten the run or lengthen the slot",
        )
    if slots < 1:
        yield Fault(
            "the run is shorter than one slot",
            at.where(["time", "duration"]),
            str(s.time.duration),
            f"at least {s.time.slot}",
        )
    if s.time.end > LATEST:
        yield Fault(
            "the run ends too late",
            at.where(["time", "duration"]),
            s.time.end.isoformat(),
            f"an end by {LATEST:%Y-%m-%d}",
        )
    if s.time.slot_offset_s >= max(s.time.slot_s, 60.0):
        yield Fault(
            "the offset is longer than the slot",
            at.where(["time", "slot_offset_s"]),
            s.time.slot_offset_s,
            f"below {s.time.slot_s:g} s",
        )


def check_constellation(s: Scenario, at: Places, today: date) -> Faults:
    """Check that the source has what it needs, and nothing that it would ignore."""
    c = s.constellation
    needs = {"elements": ("elements", c.elements), "shells": ("shells", c.shells)}
    for source, (key, value) in needs.items():
        if c.source == source and not value and not written(at, "constellation", key):
            yield Fault(f"source = '{source}' needs the key '{key}'", at.where(["constellation", key]))
        if c.source not in (source, None) and value:
            yield Fault(
                f"'{key}' contradicts source = '{c.source}'",
                at.where(["constellation", key]),
                None,
                f"source = '{source}'",
                f"take '{key}' out, or change the source",
            )
    for key, numbers in (("include", c.include), ("exclude", c.exclude)):
        if numbers and c.source not in ("elements", None):
            yield Fault(
                "built-in shells and Walker shells have no catalogue numbers",
                at.where(["constellation", key]),
                list(numbers),
                "only with source = 'elements'",
            )
    both = sorted(set(c.include) & set(c.exclude))
    if both:
        yield Fault("included and excluded at once", at.where(["constellation", "exclude"]), both)
    if c.source == "on-station" and c.date is not None and c.date > today:
        yield Fault(
            "nobody knows which satellites will be on station",
            at.where(["constellation", "date"]),
            c.date.isoformat(),
            f"up to {today}",
            "describe planned satellites with source = 'shells'",
        )
    if c.source in ("on-station", "licensed") and s.satellites_on() < FIRST_LAUNCH.date():
        yield Fault(
            "no satellite had been launched",
            at.where(["constellation", "date"] if c.date else ["time", "start"]),
            s.satellites_on().isoformat(),
            f"from {FIRST_LAUNCH:%Y-%m-%d}",
        )


def check_shells(s: Scenario, at: Places) -> Faults:
    """Check Walker's F, and the number of satellites in all."""
    shells = s.constellation.shells
    for number, shell in enumerate(shells):
        if shell.phasing >= shell.planes:
            yield Fault(
                "Walker's F is below the number of planes",
                at.where(["constellation", "shells", number, "phasing"]),
                shell.phasing,
                f"from 0 to {shell.planes - 1}",
            )
    total = sum(shell.planes * shell.per_plane for shell in shells)
    if total > MOST_SATELLITES:
        yield Fault(
            "too many satellites", at.where(["constellation", "shells"]), f"{total:,}", f"at most {MOST_SATELLITES:,}"
        )


def check_satellite(s: Scenario, at: Places) -> Faults:
    """Check that beams and channels fit together."""
    if s.satellite.background_share == 1.0:
        yield Fault(
            "every beam is reserved for neighbours", at.where(["satellite", "background_share"]), 1.0, "below 1"
        )


def check_territory(s: Scenario, at: Places, sure: bool) -> Faults:
    """Check that exactly one form is given and that its cells can be counted."""
    t = s.territory
    forms = ("country", "polygon", "cells", "sites", "world")
    given = [key for key in forms if getattr(t, key)]
    refused = any(written(at, "territory", key) for key in forms if not given)
    if len(given) != 1 and not (refused and not sure):
        what = "no territory is given" if not given else f"{' and '.join(given)} contradict one another"
        yield Fault(
            what, at.where(["territory"]), None, "exactly one of country, polygon, cells, sites = true, world = true"
        )
    if t.sites and not s.sites and s.sites_file is None and not written(at, "sites"):
        yield Fault("the territory is that of the sites, and there is none", at.where(["territory", "sites"]), True)
    if t.admin1 and not t.country:
        yield Fault(
            "admin1 narrows a country down, and there is none",
            at.where(["territory", "admin1"]),
            list(t.admin1),
            "",
            "name the country",
        )
    yield from twice(t.admin1, at.where(["territory", "admin1"]), "region")
    if t.polygon:
        yield from check_polygon(t.polygon, at.where(["territory", "polygon"]))
    where = at.where(["territory", "resolution"])
    if t.country and t.resolution > 8:
        yield Fault("too fine for a whole country", where, t.resolution, "0 to 8", "resolution 5 has cells of 253 km²")
    area = EARTH_KM2 if t.world else area_km2(t.polygon) if t.polygon else 0.0
    cells = area / EARTH_KM2 * (2 + 120 * 7.0**t.resolution)
    if cells > MOST_CELLS:
        fits = int(math.log((MOST_CELLS * EARTH_KM2 / area - 2) / 120, 7))
        yield Fault(
            f"about {cells:,.0f} cells are too many",
            where,
            t.resolution,
            f"at most {MOST_CELLS:,} cells",
            f"resolution {fits} is the finest here",
        )


def check_cells(s: Scenario, at: Places) -> Faults:
    """Check that explicit cells exist, once each, at the one resolution."""
    if not s.territory.cells:
        return
    import h3.api.basic_str as h3

    where = at.where(["territory", "cells"])
    yield from twice(s.territory.cells, where, "cell")
    bad = [cell for cell in s.territory.cells if not h3.is_valid_cell(cell)]
    if bad:
        yield Fault("not an H3 cell", where, bad[0])
        return
    found = sorted({h3.get_resolution(cell) for cell in s.territory.cells})
    if found != [s.territory.resolution]:
        yield Fault(
            "the resolution contradicts the cells",
            at.where(["territory", "resolution"]),
            s.territory.resolution,
            f"that of the cells: {', '.join(map(str, found))}",
        )


def check_people(s: Scenario, at: Places) -> Faults:
    """Check that totals and parts agree."""
    p = s.people
    if p.cells_file and p.regions:
        yield Fault(
            "cells_file and regions contradict one another",
            at.where(["people", "cells_file"]),
            str(p.cells_file.name),
            "one of them",
        )
    if p.regions and p.total is not None and sum(p.regions.values()) != p.total:
        yield Fault(
            "the regions do not sum to the total",
            at.where(["people", "total"]),
            p.total,
            f"the sum {sum(p.regions.values()):,}",
            "correct one of them, or leave the total out",
        )
    if p.total == 0 and s.terminals.total:
        yield Fault("terminals without people", at.where(["people", "total"]), 0, "above 0")


def check_terminals(s: Scenario, at: Places) -> Faults:
    """Check that counts and shares agree with one another and with the people."""
    t = s.terminals
    if t.regions and t.region_weights:
        yield Fault(
            "regions and region_weights contradict one another",
            at.where(["terminals", "region_weights"]),
            None,
            "one of them",
        )
    if t.regions and sum(t.regions.values()) != t.total:
        yield Fault(
            "the regions do not sum to the total",
            at.where(["terminals", "total"]),
            t.total,
            f"the sum {sum(t.regions.values()):,}",
            "correct one of them, or use region_weights",
        )
    shares = sum(kind.share for kind in t.kinds.values())
    if abs(shares - 1.0) > 1e-6:
        yield Fault("the shares of the kinds do not sum to 1", at.where(["terminals", "kinds"]), round(shares, 6), "1")
    people = s.people.total if s.people.total is not None else sum(s.people.regions.values()) or None
    if people is not None and t.total * t.users_per_terminal > people > 0:
        yield Fault(
            "more users than people",
            at.where(["terminals", "users_per_terminal"]),
            f"{t.total * t.users_per_terminal:,.0f} users",
            f"at most {people:,} people",
        )
    yield from check_dish(s, t.dish, at.where(["terminals", "dish"]))


def check_regions(s: Scenario, at: Places) -> Faults:
    """Check that regions belong to the territory, as far as the file itself tells: `admin1` names them all."""
    known = set(s.territory.admin1)
    named: list[tuple[str, tuple[str | int, ...]]] = []
    named += [(code, ("people", "regions", code)) for code in s.people.regions]
    named += [(code, ("terminals", "regions", code)) for code in s.terminals.regions]
    named += [(code, ("terminals", "region_weights", code)) for code in s.terminals.region_weights]
    for event in s.disruptions:
        codes: Iterable[str] = getattr(event, "regions", None) or ()
        if isinstance(event, PowerCut):
            # A cut abroad may concern a gateway: the run knows where they stand.
            codes = [code for code in codes if code[:3] in {own[:3] for own in known}]
        named += [(code, ("disruptions", event.id, "regions")) for code in codes]
    for code, path in named:
        if known and code not in known:
            yield Fault(
                "no such region in this scenario",
                at.where(path),
                code,
                ", ".join(sorted(known)),
                "name it in territory.admin1 too, or take it out here",
            )
