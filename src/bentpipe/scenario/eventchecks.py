"""Cross-field checks of disruptions and of provenance."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import partial

from bentpipe.errors import Fault
from bentpipe.scenario.disruptions import (
    Disruption,
    FibreLoss,
    GatewayLoss,
    Jamming,
    LaserLoss,
    LicenceWithdrawn,
    PopLoss,
    PowerCut,
    SatelliteLoss,
    Storm,
    TerminalsCutOff,
    TerrestrialOutage,
)
from bentpipe.scenario.groundchecks import written
from bentpipe.scenario.model import Scenario
from bentpipe.scenario.places import Places
from bentpipe.scenario.polygons import check_polygon
from bentpipe.scenario.values import did_you_mean

Faults = Iterator[Fault]


def event_checks(s: Scenario, at: Places, may_be_outside: bool = False) -> list[Callable[[], Faults]]:
    """List the checks of disruptions, one by one, so that a gap in one event hides nothing in another.

    Parameters
    ----------
    s : Scenario
        Or a draft.
    at : Places
    may_be_outside : bool
        Whether events may lie outside the simulated time, as where an override has changed it.

    Returns
    -------
    list of callable
        Each yields faults.
    """
    runs: list[Callable[[], Faults]] = [partial(check_overlaps, s, at)]
    for number, event in enumerate(s.disruptions or ()):
        here = _here(at, number, event)
        runs.append(partial(check_window, s, event, here, may_be_outside))
        runs.append(partial(check_target, s, event, here, _said(at, number, event)))
        runs.append(partial(check_known, s, event, here))
    return runs


def _index(at: Places, number: int, event: Disruption) -> int | str:
    return at.find(["disruptions"]).ids.get(str(event.id), number)


def _here(at: Places, number: int, event: Disruption) -> Callable[[str], str]:
    """Make a function from a key of the event to its place."""
    index = _index(at, number, event)
    return lambda key: at.where(["disruptions", index, *([key] if key else [])])


def _said(at: Places, number: int, event: Disruption) -> Callable[[str], bool]:
    """Make a function that tells whether a key of the event was written: its value may have been refused."""
    index = _index(at, number, event)
    return lambda key: written(at, "disruptions", index, key)


def check_window(s: Scenario, event: Disruption, here: Callable[[str], str], may_be_outside: bool = False) -> Faults:
    """Check that the event ends once, after it starts, and touches the run (unless it may lie outside)."""
    if event.end is not None and event.duration is not None:
        yield Fault("end and duration contradict one another", here("duration"), str(event.duration), "one of them")
        return
    if event.tag == "documented" and not event.source.strip():
        yield Fault(
            "a documented event needs a source",
            here("tag"),
            event.tag,
            "",
            "say who documents it in source, or tag it assumed",
        )
    start, end = s.window(event)
    if event.start is not None and event.end is not None and end <= start:
        yield Fault("the event ends before it starts", here("end"), end.isoformat(), f"after {start.isoformat()}")
    elif not may_be_outside and lies_outside(s, event):
        since = f"from {event.start.isoformat()}" if event.start is not None else ""
        until = f"to {end.isoformat()}" if event.end is not None or event.duration is not None else ""
        yield Fault(
            "the event lies outside the run",
            here("start" if event.start is not None else "end"),
            f"{since} {until}".strip(),
            f"something between {s.time.start.isoformat()} and {s.time.end.isoformat()}",
            "move the event or the run",
        )


def lies_outside(s: Scenario, event: Disruption) -> bool:
    """Tell whether an event holds at no moment of the simulated time.

    Parameters
    ----------
    s : Scenario
    event : Disruption

    Returns
    -------
    bool
    """
    start, end = s.window(event)
    if isinstance(event, Storm) and event.recovery is not None:
        end += event.recovery
    return end <= s.time.start or start >= s.time.end


def check_target(s: Scenario, event: Disruption, here: Callable[[str], str], said: Callable[[str], bool]) -> Faults:
    """Check that the event says what it hits, in one way only."""
    if isinstance(event, GatewayLoss) and (said("gateways") and event.gateways != ()) == said("share"):
        yield Fault(
            "the event says in none or both ways which gateways stop", here(""), None, "exactly one of gateways, share"
        )
    if isinstance(event, FibreLoss) and event.gateways == ():
        yield Fault("the event hits no gateway", here("gateways"), [], "at least one id")
    if isinstance(event, PopLoss) and event.pops == ():
        yield Fault("the event hits no point of presence", here("pops"), [], "at least one id")
    if isinstance(event, (SatelliteLoss, LaserLoss)):
        yield from check_satellites(s, event, here, said)
    if isinstance(event, Storm):
        yield from check_storm(event, here)
    if isinstance(event, TerminalsCutOff) and event.count > s.terminals.total + sum(x.terminals for x in s.sites):
        yield Fault(
            "more terminals are cut off than there are", here("count"), event.count, f"at most {s.terminals.total:,}"
        )
    if isinstance(event, LicenceWithdrawn) and bool(event.regions) == bool(event.polygon):
        yield Fault("a withdrawal covers regions or a polygon", here(""), None, "exactly one of regions, polygon")
    if isinstance(event, Jamming):
        circle = event.centre is not None or event.radius_km is not None
        if circle == bool(event.polygon):
            yield Fault(
                "jamming covers a circle or a polygon", here(""), None, "exactly one of polygon, centre with radius_km"
            )
        elif circle and (event.centre is None or event.radius_km is None):
            yield Fault("a circle needs centre and radius_km", here(""))
    if isinstance(event, (LicenceWithdrawn, Jamming)) and event.polygon:
        yield from check_polygon(event.polygon, here("polygon"))


def check_satellites(
    s: Scenario, event: SatelliteLoss | LaserLoss, here: Callable[[str], str], said: Callable[[str], bool]
) -> Faults:
    """Check that an event names satellites in one way, and in one that the constellation knows."""
    lasers = isinstance(event, LaserLoss)
    if lasers and getattr(s, "lasers", None) is None:
        remedy = "take the event out, or give the satellites lasers"
        yield Fault("the satellites of this scenario have no lasers", here("kind"), event.kind, "", remedy)
    planes = said("shell") or (said("planes") and event.planes != ())
    ways = [said("satellites") and event.satellites != (), planes, said("share")]
    ways += [bool(event.all)] if isinstance(event, LaserLoss) else []
    if sum(ways) != 1:
        yield Fault(
            f"the event says in none or several ways which {'lasers' if lasers else 'satellites'} stop",
            here(""),
            None,
            f"exactly one of satellites, shell with planes, share{', all = true' if lasers else ''}",
        )
    elif ways[1] and not (said("shell") and said("planes") and event.planes != ()):
        yield Fault("a loss by plane needs shell and planes", here(""))
    for key, named in (("satellites", event.satellites), ("planes", event.planes)):
        if len(set(named)) != len(named):
            yield Fault(f"a {key[:-1]} is named twice", here(key), list(named), "once each")
    source = s.constellation.source
    if event.satellites and source not in ("elements", None):
        yield Fault(
            "Walker shells have no catalogue numbers",
            here("satellites"),
            list(event.satellites),
            "only with constellation.source = 'elements'",
            "name shell and planes",
        )
    if event.shell is not None and source == "elements":
        yield Fault(
            "an element set has no numbered shells", here("shell"), event.shell, "", "name satellites, or a share"
        )
    if event.shell is not None and source == "shells" and s.constellation.shells:
        yield from unknown_planes(event, [shell.planes for shell in s.constellation.shells], here)


def unknown_planes(event: SatelliteLoss | LaserLoss, planes: Sequence[int], here: Callable[[str], str]) -> Faults:
    """Check that the planes that an event names exist.

    Parameters
    ----------
    event : SatelliteLoss or LaserLoss
        One that names a shell.
    planes : sequence of int
        Planes of each shell.
    here : callable
        From a key of the event to its place.

    Yields
    ------
    Fault
    """
    if event.shell is None:
        return
    if event.shell >= len(planes):
        yield Fault("no such shell", here("shell"), event.shell, f"from 0 to {len(planes) - 1}")
        return
    most = planes[event.shell] - 1
    if any(plane > most for plane in event.planes):
        yield Fault(f"no such plane of shell {event.shell}", here("planes"), list(event.planes), f"from 0 to {most}")


def check_storm(event: Storm, here: Callable[[str], str]) -> Faults:
    """Check that a storm has a start, and is called hypothetical where nobody says so."""
    if event.start is None and event.duration is None:
        remedy = "say when it starts: the satellites that pass high latitudes then stop first"
        yield Fault("a storm without a start", here("start"), None, "a start, or a duration from the start", remedy)
    if event.tag == "assumed" and not event.source.strip():
        remedy = "tag it hypothetical, or name a source"
        yield Fault("a storm that nobody reports is hypothetical", here("tag"), event.tag, "", remedy)


def check_known(s: Scenario, event: Disruption, here: Callable[[str], str]) -> Faults:
    """Check that gateways and points of presence exist, as far as the file itself lists them."""
    if isinstance(s.gateways, str) or s.gateways_file is not None:
        return
    named: Iterable[str] = getattr(event, "gateways", None) or getattr(event, "pops", None) or ()
    key = "pops" if isinstance(event, PopLoss) else "gateways"
    known = {item.id for item in (s.pops if key == "pops" else s.gateways) if not isinstance(item, str)}
    what = "point of presence" if key == "pops" else "gateway"
    for name in named:
        if name not in known:
            yield Fault(f"no such {what}", here(key), name, ", ".join(sorted(known)), did_you_mean(name, known))
    if len(set(named)) != len(list(named)):
        yield Fault(f"a {what} is named twice", here(key), list(named), "once each")


def check_overlaps(s: Scenario, at: Places) -> Faults:
    """Check that power cuts and terrestrial outages of one place and time do not contradict one another."""
    for kind in (PowerCut, TerrestrialOutage):
        events = [(n, event) for n, event in enumerate(s.disruptions) if isinstance(event, kind)]
        for place, (number, event) in enumerate(events):
            for _, earlier in events[:place]:
                if _leaves_nothing(event) or _leaves_nothing(earlier):
                    continue  # whatever the other says of the place
                same = _common(event.regions, earlier.regions)
                (start, end), (start2, end2) = s.window(event), s.window(earlier)
                if same and start < end2 and start2 < end:
                    yield Fault(
                        f"overlaps in time and place with '{earlier.id}', which says another share",
                        _here(at, number, event)("regions"),
                        same,
                        "one share for a place at a time",
                        "join the two, or let one end where the other starts",
                    )


def _leaves_nothing(event: PowerCut | TerrestrialOutage) -> bool:
    """Tell whether a power cut leaves no place with power, nor with a battery."""
    if not isinstance(event, PowerCut) or event.share is None:  # of a draft
        return False
    return event.share >= 1.0 and event.pattern == "steady" and event.battery_hours == 0.0


def _common(a: tuple[str, ...], b: tuple[str, ...]) -> list[str]:
    """List the regions of both, where none named means all."""
    if a and b:
        return sorted(set(a) & set(b))
    return list(a or b or ("everywhere",))


def check_provenance(s: Scenario, at: Places, today: date) -> Faults:
    """Check that rows name keys that exist, carry a source where documented, and no date to come."""
    from bentpipe.scenario.assumptions import idle_keys, leaf_keys

    leaves: list[str] | None = None
    for number, row in enumerate(s.provenance):
        here: list[str | int] = ["provenance", number]
        if row.tag == "documented" and not row.source.strip():
            yield Fault(
                "a documented value needs a source",
                at.where([*here, "tag"]),
                row.tag,
                "",
                "name the source, or tag it assumed",
            )
        if row.tag == "documented" and row.date is not None and row.date > today:
            yield Fault(
                "documented for a day to come", at.where([*here, "date"]), row.date.isoformat(), f"up to {today}"
            )
        leaves = [*leaf_keys(s), *idle_keys(s)] if leaves is None else leaves
        for key in row.keys:
            if not any(matches(key, leaf) for leaf in leaves):
                sections = [*{leaf.rsplit(".", n)[0] for leaf in leaves for n in (0, 1)}]
                yield Fault(
                    "matches no key of the scenario", at.where([*here, "keys"]), key, "", did_you_mean(key, sections)
                )


def matches(pattern: str, key: str) -> bool:
    """Tell whether a provenance key covers a dotted key.

    Parameters
    ----------
    pattern : str
        ``*`` stands for any characters within one part; a pattern covers all below it.
    key : str

    Returns
    -------
    bool
    """
    wanted, parts = pattern.lower().split("."), key.lower().split(".")
    return len(wanted) <= len(parts) and all(
        fnmatch.fnmatchcase(part, want) for want, part in zip(wanted, parts, strict=False)
    )
