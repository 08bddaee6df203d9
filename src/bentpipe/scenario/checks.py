"""Cross-field checks: plain functions from a scenario to faults.

They also run on the draft of a scenario that could not be read in full, where None stands for what was refused. A
check that trips over such a gap stops there: the gap is already a fault of its own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

from bentpipe.errors import Fault
from bentpipe.scenario.eventchecks import check_provenance, event_checks
from bentpipe.scenario.ground import SCHEDULING
from bentpipe.scenario.model import WORLD_ASSUMED, Scenario
from bentpipe.scenario.people import BUILTIN_DISHES
from bentpipe.scenario.places import Places
from bentpipe.scenario.values import EARLIEST, LATEST, did_you_mean

Faults = Iterator[Fault]
MOST_CELLS = 2_000_000
MOST_SLOTS = 5_000_000
MOST_SATELLITES = 100_000
EARTH_KM2 = 510_065_622.0


def check(scenario: Scenario, places: Places, *, sure: bool, today: date) -> list[Fault]:
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

    Returns
    -------
    list of Fault
    """
    faults: list[Fault] = []
    runs: list[Callable[[], Faults]] = [
        lambda: check_time(scenario, places),
        lambda: check_constellation(scenario, places, today),
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
        lambda: check_provenance(scenario, places, today),
        *event_checks(scenario, places),
    ]
    for run in runs:
        try:
            for fault in run():
                faults.append(fault)
        except (TypeError, AttributeError):
            if sure:
                raise
    return faults


def check_time(s: Scenario, at: Places) -> Faults:
    """Check that the run ends in the known world and has a bearable number of slots."""
    slots = s.time.duration / s.time.slot
    if slots > MOST_SLOTS:
        yield Fault("too many slots", at.where(["time", "duration"]), f"{slots:,.0f} slots",
                    f"at most {MOST_SLOTS:,}", "shorten the run or lengthen the slot")
    if slots < 1:
        yield Fault("the run is shorter than one slot", at.where(["time", "duration"]), str(s.time.duration),
                    f"at least {s.time.slot}")
    if s.time.end > LATEST:
        yield Fault("the run ends too late", at.where(["time", "duration"]), s.time.end.isoformat(),
                    f"an end by {LATEST:%Y-%m-%d}")
    if s.time.slot_offset_s >= max(s.time.slot_s, 60.0):
        yield Fault("the offset is longer than the slot", at.where(["time", "slot_offset_s"]), s.time.slot_offset_s,
                    f"below {s.time.slot_s:g} s")


def check_constellation(s: Scenario, at: Places, today: date) -> Faults:
    """Check that the source has what it needs, and nothing that it would ignore."""
    c = s.constellation
    needs = {"elements": ("elements", c.elements), "shells": ("shells", c.shells)}
    for source, (key, value) in needs.items():
        if c.source == source and not value and not _written(at, "constellation", key):
            yield Fault(f"source = '{source}' needs the key '{key}'", at.where(["constellation", key]))
        if c.source not in (source, None) and value:
            yield Fault(f"'{key}' contradicts source = '{c.source}'", at.where(["constellation", key]), None,
                        f"source = '{source}'", f"take '{key}' out, or change the source")
    for key, numbers in (("include", c.include), ("exclude", c.exclude)):
        if numbers and c.source not in ("elements", None):
            yield Fault("built-in shells and Walker shells have no catalogue numbers",
                        at.where(["constellation", key]), list(numbers), "only with source = 'elements'")
    both = sorted(set(c.include) & set(c.exclude))
    if both:
        yield Fault("included and excluded at once", at.where(["constellation", "exclude"]), both)
    if c.source == "on-station" and c.date is not None and c.date > today:
        yield Fault("nobody knows which satellites will be on station", at.where(["constellation", "date"]),
                    c.date.isoformat(), f"up to {today}", "describe planned satellites with source = 'shells'")
    if c.source in ("on-station", "licensed") and c.date is not None and c.date < EARLIEST.date():
        yield Fault("no satellite had been launched", at.where(["constellation", "date"]), c.date.isoformat(),
                    f"from {EARLIEST:%Y-%m-%d}")


def check_shells(s: Scenario, at: Places) -> Faults:
    """Check Walker's F, and the number of satellites in all."""
    shells = s.constellation.shells
    for number, shell in enumerate(shells):
        if shell.phasing >= shell.planes:
            yield Fault("Walker's F is below the number of planes",
                        at.where(["constellation", "shells", number, "phasing"]), shell.phasing,
                        f"from 0 to {shell.planes - 1}")
    total = sum(shell.planes * shell.per_plane for shell in shells)
    if total > MOST_SATELLITES:
        yield Fault("too many satellites", at.where(["constellation", "shells"]), f"{total:,}",
                    f"at most {MOST_SATELLITES:,}")


def check_satellite(s: Scenario, at: Places) -> Faults:
    """Check that beams and channels fit together."""
    if s.satellite.background_share == 1.0:
        yield Fault("every beam is reserved for neighbours", at.where(["satellite", "background_share"]), 1.0,
                    "below 1")


def check_territory(s: Scenario, at: Places, sure: bool) -> Faults:
    """Check that exactly one form is given and that its cells can be counted."""
    t = s.territory
    given = [key for key in ("country", "polygon", "cells", "world") if getattr(t, key)]
    refused = any(_written(at, "territory", key) for key in ("country", "polygon", "cells", "world") if not given)
    if len(given) != 1 and not (refused and not sure):
        what = "no territory is given" if not given else f"{' and '.join(given)} contradict one another"
        yield Fault(what, at.where(["territory"]), None, "exactly one of country, polygon, cells, world = true")
    if t.admin1 and not t.country:
        yield Fault("admin1 narrows a country down, and there is none", at.where(["territory", "admin1"]),
                    list(t.admin1), "", "name the country")
    yield from _twice(t.admin1, at.where(["territory", "admin1"]), "region")
    if t.polygon:
        yield from check_polygon(t.polygon, at.where(["territory", "polygon"]))
    where = at.where(["territory", "resolution"])
    if t.country and t.resolution > 8:
        yield Fault("too fine for a whole country", where, t.resolution, "0 to 8", "resolution 5 has cells of 253 km²")
    area = EARTH_KM2 if t.world else _area_km2(t.polygon) if t.polygon else 0.0
    cells = area / EARTH_KM2 * (2 + 120 * 7.0**t.resolution)
    if cells > MOST_CELLS:
        fits = int(math.log((MOST_CELLS * EARTH_KM2 / area - 2) / 120, 7))
        yield Fault(f"about {cells:,.0f} cells are too many", where, t.resolution, f"at most {MOST_CELLS:,} cells",
                    f"resolution {fits} is the finest here")


def _area_km2(corners: Collection[tuple[float, float]]) -> float:
    """Area of a polygon of (latitude, longitude) corners in the cylindrical equal-area projection, km²."""
    flat = [(math.radians(lon), math.sin(math.radians(lat))) for lat, lon in corners]
    twice = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise([*flat, flat[0]]))
    return abs(twice) / 2 * 6371.0**2


def check_polygon(corners: Collection[tuple[float, float]], where: str) -> Faults:
    """Check that corners enclose an area.

    Parameters
    ----------
    corners : collection of (float, float)
        Latitude and longitude, degrees.
    where : str
        For the faults.

    Yields
    ------
    Fault
    """
    if len(set(corners)) < 3:
        yield Fault("a polygon has at least three corners", where, len(set(corners)),
                    "[[latitude, longitude], ...] in degrees")
        return
    longitudes = [lon for _, lon in corners]
    if max(longitudes) - min(longitudes) > 180.0:
        yield Fault("the polygon crosses the 180th meridian or is wider than half the Earth", where, None, "",
                    "split it at the meridian")
    elif _area_km2(corners) < 1e-3:
        yield Fault("the polygon encloses no area", where)
    elif len(corners) <= 500 and _crosses_itself(list(corners)):
        yield Fault("the sides of the polygon cross one another", where, None, "", "give the corners in order")


def _crosses_itself(corners: list[tuple[float, float]]) -> bool:
    sides = list(pairwise([*corners, corners[0]]))

    def turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    return any(
        turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0
        for n, (a, b) in enumerate(sides)
        for c, d in sides[n + 2 :]
    )


def check_cells(s: Scenario, at: Places) -> Faults:
    """Check that explicit cells exist, once each, at the one resolution."""
    if not s.territory.cells:
        return
    import h3.api.basic_str as h3

    where = at.where(["territory", "cells"])
    yield from _twice(s.territory.cells, where, "cell")
    bad = [cell for cell in s.territory.cells if not h3.is_valid_cell(cell)]
    if bad:
        yield Fault("not an H3 cell", where, bad[0])
        return
    found = sorted({h3.get_resolution(cell) for cell in s.territory.cells})
    if found != [s.territory.resolution]:
        yield Fault("the resolution contradicts the cells", at.where(["territory", "resolution"]),
                    s.territory.resolution, f"that of the cells: {', '.join(map(str, found))}")


def check_people(s: Scenario, at: Places) -> Faults:
    """Check that totals and parts agree."""
    p = s.people
    if p.cells_file and p.regions:
        yield Fault("cells_file and regions contradict one another", at.where(["people", "cells_file"]),
                    str(p.cells_file.name), "one of them")
    if p.regions and p.total is not None and sum(p.regions.values()) != p.total:
        yield Fault("the regions do not sum to the total", at.where(["people", "total"]), p.total,
                    f"the sum {sum(p.regions.values()):,}", "correct one of them, or leave the total out")
    if p.total == 0 and s.terminals.total:
        yield Fault("terminals without people", at.where(["people", "total"]), 0, "above 0")


def check_terminals(s: Scenario, at: Places) -> Faults:
    """Check that counts and shares agree with one another and with the people."""
    t = s.terminals
    if t.regions and t.region_weights:
        yield Fault("regions and region_weights contradict one another", at.where(["terminals", "region_weights"]),
                    None, "one of them")
    if t.regions and sum(t.regions.values()) != t.total:
        yield Fault("the regions do not sum to the total", at.where(["terminals", "total"]), t.total,
                    f"the sum {sum(t.regions.values()):,}", "correct one of them, or use region_weights")
    shares = sum(kind.share for kind in t.kinds.values())
    if abs(shares - 1.0) > 1e-6:
        yield Fault("the shares of the kinds do not sum to 1", at.where(["terminals", "kinds"]), round(shares, 6),
                    "1")
    people = s.people.total if s.people.total is not None else sum(s.people.regions.values()) or None
    if people is not None and t.total * t.users_per_terminal > people > 0:
        yield Fault("more users than people", at.where(["terminals", "users_per_terminal"]),
                    f"{t.total * t.users_per_terminal:,.0f} users", f"at most {people:,} people")
    yield from _dish(s, t.dish, at.where(["terminals", "dish"]))


def _dish(s: Scenario, name: str | None, where: str) -> Faults:
    known = [*BUILTIN_DISHES, *s.dishes]
    if name is not None and name not in known:
        yield Fault("no such dish", where, name, ", ".join(known), did_you_mean(name, known))


def check_regions(s: Scenario, at: Places) -> Faults:
    """Check that regions belong to the territory, as far as the file itself tells."""
    known = set(s.territory.admin1) or (set(s.people.regions) if s.people.regions else None)
    named: list[tuple[str, tuple[str | int, ...]]] = []
    if s.territory.admin1:
        named += [(code, ("people", "regions", code)) for code in s.people.regions]
    named += [(code, ("terminals", "regions", code)) for code in s.terminals.regions]
    named += [(code, ("terminals", "region_weights", code)) for code in s.terminals.region_weights]
    for event in s.disruptions:
        codes: Iterable[str] = getattr(event, "regions", None) or ()
        named += [(code, ("disruptions", event.id, "regions")) for code in codes]
    for code, path in named:
        if known and code not in known and code != s.territory.country:
            yield Fault("no such region in this scenario", at.where(path), code,
                        f"one of {len(known)} regions, {min(known)} to {max(known)}", did_you_mean(code, known))


def check_ids(s: Scenario, at: Places) -> Faults:
    """Check that ids are used once."""
    for key in ("sites", "gateways", "pops", "disruptions"):
        items = getattr(s, key)
        if items == WORLD_ASSUMED or items is None:
            continue
        first: dict[str, int] = {}
        for number, item in enumerate(items):
            if item.id is not None and item.id in first:
                yield Fault(f"the id is used twice in {key}", at.where([key, number, "id"]), item.id, "",
                            f"the first is at {at.where([key, first[item.id], 'id'])}")
            first.setdefault(item.id, number)


def check_sites(s: Scenario, at: Places) -> Faults:
    """Check that each site has one place, a known dish and a skyline in order."""
    for number, site in enumerate(s.sites):
        here = ["sites", number]
        yield from _dish(s, site.dish, at.where([*here, "dish"]))
        placed = site.latitude_deg is not None and site.longitude_deg is not None
        if site.track is not None and (site.latitude_deg is not None or site.longitude_deg is not None):
            yield Fault("a track and a fixed place contradict one another", at.where([*here, "track"]),
                        site.track.name, "one of them")
        elif not placed and site.track is None and not all(
            _written(at, *here, key) for key in ("latitude_deg", "longitude_deg")
        ):
            yield Fault("the site has no place", at.where(here), site.id,
                        "latitude_deg and longitude_deg, or track")
        azimuths = [azimuth for azimuth, _ in site.obstruction or ()]
        if any(b <= a for a, b in pairwise(azimuths)):
            yield Fault("the azimuths of the skyline do not rise", at.where([*here, "obstruction"]), azimuths,
                        "each azimuth above the one before")


def _written(at: Places, *path: str | int) -> bool:
    """Tell whether a key was written: where its value is missing all the same, that is a fault already."""
    return path[-1] in at.find(path[:-1]).below


def check_gateways(s: Scenario, at: Places) -> Faults:
    """Check that there is one list of gateways, and that each leads to a known point of presence."""
    given = [key for key in ("gateways", "gateways_file") if getattr(s, key)]
    if "gateways" in at.below and s.gateways is None:
        given.append("gateways")
    if len(given) != 1:
        what = "there is no gateway" if not given else "gateways and gateways_file contradict one another"
        yield Fault(what, at.where(["gateways"]), None,
                    "one of [[gateways]], gateways = 'world-assumed', gateways_file", "" if given else
                    "without a gateway nobody is connected: bent pipes only")
    if s.gateways == WORLD_ASSUMED:
        if s.pops:
            yield Fault("the assumed world-wide gateways bring their own points of presence", at.where(["pops"]),
                        len(s.pops), "no [[pops]]")
        return
    pops = {pop.id for pop in s.pops} | set(at.find(["pops"]).ids)
    for number, gateway in enumerate(s.gateways):
        assert not isinstance(gateway, str)
        here = ["gateways", number]
        if gateway.pop is not None and gateway.pop not in pops:
            yield Fault("no such point of presence", at.where([*here, "pop"]), gateway.pop,
                        ", ".join(sorted(pops)) or "an id of [[pops]]", did_you_mean(gateway.pop, pops))
        if gateway.antennas is not None and gateway.background_antennas > gateway.antennas:
            yield Fault("more antennas are reserved than there are", at.where([*here, "background_antennas"]),
                        gateway.background_antennas, f"0 to {gateway.antennas}")


def check_licence(s: Scenario, at: Places) -> Faults:
    """Check that masks say where and when, and that no two contradict one another."""
    masks = s.licence.masks
    for number, mask in enumerate(masks):
        where = at.where(["licence", "masks", number])
        if bool(mask.regions) == bool(mask.polygon):
            yield Fault("a mask covers regions or a polygon", where, None, "exactly one of regions, polygon")
        if mask.polygon:
            yield from check_polygon(mask.polygon, where)
        if mask.start is not None and mask.end is not None and mask.end <= mask.start:
            yield Fault("the mask ends before it starts", at.where(["licence", "masks", number, "end"]),
                        mask.end.isoformat(), f"after {mask.start.isoformat()}")
        for earlier in masks[:number]:
            same = sorted(set(earlier.regions) & set(mask.regions))
            if same and earlier.allowed != mask.allowed and (earlier.start, earlier.end) == (mask.start, mask.end):
                yield Fault("allowed and refused at the same time", where, same, "one of them")


def check_choices(s: Scenario, at: Places) -> Faults:
    """Check that policies are known, and that the access network existed."""
    from importlib.metadata import entry_points

    from bentpipe.registry import ENTRY_POINT_GROUP

    name = s.policies.scheduling.lower()
    if name not in SCHEDULING:
        known = sorted({*SCHEDULING, *(point.name for point in entry_points(group=ENTRY_POINT_GROUP))})
        if name not in {one.lower() for one in known}:
            yield Fault("no scheduling policy has this name", at.where(["policies", "scheduling"]),
                        s.policies.scheduling, ", ".join(known), did_you_mean(name, known))
    era = s.access.era or s.time.start.date()
    if era < date(2021, 1, 1):
        key = ["access", "era"] if s.access.era else ["time", "start"]
        yield Fault("no access parameters before the service began", at.where(key), era.isoformat(),
                    "from 2021-01-01", "" if s.access.era else "set access.era to a later date")


def check_files(s: Scenario, at: Places) -> Faults:
    """Check that the files named exist; what is in them is checked where they are read."""
    named: list[tuple[Path | None, list[str | int]]] = [
        (s.sites_file, ["sites_file"]),
        (s.gateways_file, ["gateways_file"]),
        (s.people.cells_file, ["people", "cells_file"]),
        (s.constellation.elements, ["constellation", "elements"]),
    ]
    named += [(site.track, ["sites", number, "track"]) for number, site in enumerate(s.sites)]
    for path, key in named:
        if path is not None and not path.is_file():
            what = "a folder where a file belongs" if path.is_dir() else "no such file"
            near = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
            yield Fault(what, at.where(key), str(path), "a path relative to the scenario file",
                        did_you_mean(path.name, near))


def _twice(values: Iterable[str], where: str, what: str) -> Faults:
    for value, count in Counter(values).items():
        if count > 1:
            yield Fault(f"the {what} is named {count} times", where, value, "once")
