"""A run with something broken for a while: edits become disruptions of its scenario, tagged hypothetical.

Edits are a mapping, each key optional::

    gateways               ids of gateways that stop
    shell, planes          planes of a shell whose satellites stop, from 0
    satellites_percent     probability of each satellite to stop, %
    lasers_percent         probability of each satellite that its lasers stop, %; at 100 all do
    power_regions          regions without power, whose batteries are empty
    rain_exceeded_percent  weather everywhere as bad as in so many % of an average year

Draws are keyed by seed, event and satellite, and everything else is the run's own, so that nothing differs but what the
edits do. All but the weather hold over a window of slots; a scenario has one weather, so that of the edits holds
throughout, which the window's slots cannot tell: the rates of a slot depend on that slot alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from bentpipe.catalog.weather import load_weather, weather_at
from bentpipe.errors import Fault, InputError
from bentpipe.scenario import (
    GatewayLoss,
    LaserLoss,
    PowerCut,
    Provenance,
    SatelliteLoss,
    Scenario,
    dump_toml,
    parse_scenario,
)
from bentpipe.scenario.disruptions import Disruption
from bentpipe.scenario.values import did_you_mean
from bentpipe.simulate.fleet import shell_planes
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.radio import make_radio
from bentpipe.slots import SlotClock

Edits = Mapping[str, Any]

#: What the ids of the events begin with.
PREFIX = "what-if-"
_LONGEST_NAME, _LONGEST_TITLE, _LONGEST_SUMMARY = 64, 300, 5_000
_SHOWN = 12


def edited(base: Prepared, edits: Edits, window: range) -> Prepared:
    """Prepare a run with edits in force, from what is prepared of the run.

    Parameters
    ----------
    base : Prepared
        The run.
    edits : mapping
        See the top of this file; checked: see `edit_faults`.
    window : range
        Absolute slots in which they hold.

    Returns
    -------
    Prepared
        As `prepare` would resolve `edited_scenario`: satellites, ground and territory are the run's own; where the
        weather changes, the radio links are resolved anew.
    """
    scenario = edited_scenario(base, edits, window)
    radio = base.radio
    if scenario.weather != base.scenario.weather:
        seeds = tuple(people.seed for people in base.people)
        radio = make_radio(scenario, base.territory, base.ground, base.fleet, seeds, base.radio)
    return replace(base, scenario=scenario, radio=radio)


def edited_scenario(base: Prepared, edits: Edits, window: range) -> Scenario:
    """Add edits to a run's scenario, as disruptions that come after its own.

    Parameters
    ----------
    base : Prepared
        The run.
    edits : mapping
        See the top of this file.
    window : range
        Absolute slots in which they hold.

    Returns
    -------
    Scenario
    """
    given = base.scenario
    changes: dict[str, Any] = {"disruptions": (*given.disruptions, *edit_events(base, edits, window))}
    percent = edits.get("rain_exceeded_percent")
    if percent is not None:
        update = {"mode": "exceeded", "exceeded_percent": float(percent), "rain_file": None}
        changes["weather"] = given.weather.model_copy(update=update)
    return given.model_copy(update=changes)


def edit_events(base: Prepared, edits: Edits, window: range) -> list[Disruption]:
    """Disruptions that edits stand for.

    Parameters
    ----------
    base : Prepared
        The run.
    edits : mapping
        See the top of this file.
    window : range
        Absolute slots in which they hold.

    Returns
    -------
    list of Disruption
        None for rain, which is weather.
    """
    used = {event.id for event in base.scenario.disruptions}
    start, end = _moment(base.clock, window.start), _moment(base.clock, window.stop)

    def common(name: str, title: str) -> dict[str, Any]:
        shared = {"start": start, "end": end, "tag": "hypothetical", "source": "what if: chosen by the user"}
        return {"id": _unused(PREFIX + name, used), "title": _cut(f"what if: {title}", _LONGEST_TITLE), **shared}

    found: list[Disruption] = []
    if edits.get("gateways"):
        ids = tuple(edits["gateways"])
        off = common("gateway-loss", f"gateways off: {', '.join(ids)}")
        found.append(GatewayLoss(kind="gateway-loss", gateways=ids, **off))
    if edits.get("planes"):
        planes, shell = tuple(edits["planes"]), int(edits["shell"])
        off = common("plane-loss", f"planes {', '.join(map(str, planes))} of shell {shell} off")
        found.append(SatelliteLoss(kind="satellite-loss", shell=shell, planes=planes, **off))
    if edits.get("satellites_percent") is not None:
        percent = float(edits["satellites_percent"])
        off = common("satellite-loss", f"{percent:g} % of the satellites off, drawn at random")
        found.append(SatelliteLoss(kind="satellite-loss", share=percent / 100.0, **off))
    if edits.get("lasers_percent") is not None:
        percent = float(edits["lasers_percent"])
        off = common("laser-loss", f"lasers of {percent:g} % of the satellites off")
        extent: dict[str, Any] = {"all": True} if percent >= 100.0 else {"share": percent / 100.0}
        found.append(LaserLoss(kind="laser-loss", **extent, **off))
    if edits.get("power_regions"):
        codes = tuple(edits["power_regions"])
        off = common("power-cut", f"no power and empty batteries in {', '.join(codes)}")
        # With batteries, a window of an hour would show the failure of few.
        found.append(PowerCut(kind="power-cut", regions=codes, share=1.0, battery_hours=0.0, **off))
    return found


def _moment(clock: SlotClock, slot: int) -> datetime:
    """Start of a slot; where that is no whole millisecond, the one before, so that the slot itself is hit."""
    ms = int(np.floor(clock.start_unix_s(slot) * 1e3 + 1e-3))
    moment: datetime = np.datetime64(ms, "ms").astype(datetime)
    return moment


def _unused(name: str, used: set[str]) -> str:
    found, number = name, 2
    while found in used:
        found, number = f"{name}-{number}", number + 1
    used.add(found)
    return found


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def edit_faults(base: Prepared, edits: Edits) -> list[Fault]:
    """Say which edits have nothing to act on in a run.

    Parameters
    ----------
    base : Prepared
        The run.
    edits : mapping
        See the top of this file; of the right form.

    Returns
    -------
    list of Fault
        None where all can be simulated.
    """
    ground, territory = base.ground, base.territory
    regions = {*territory.region_code, *ground.region.tolist(), *ground.country.tolist()} - {""}
    found = [
        *_unknown("gateway", edits.get("gateways", ()), set(ground.id), "edits.gateways"),
        *_unknown("region of the territory or of a gateway", edits.get("power_regions", ()), regions,
                  "edits.power_regions"),
        *_plane_faults(base, edits),
    ]  # fmt: skip
    if edits.get("lasers_percent") is not None and base.lasers is None:
        remedy = "choose a run whose scenario has [lasers]"
        found.append(Fault("the satellites of this run have no lasers", "edits.lasers_percent", remedy=remedy))
    if edits.get("rain_exceeded_percent") is not None:
        found += _rain_faults(base)
    return found


def _unknown(what: str, names: Any, known: set[str], where: str) -> Iterator[Fault]:
    listed = sorted(known)
    shown = ", ".join(listed[:_SHOWN]) + (f", ... ({len(listed):,} of them)" if len(listed) > _SHOWN else "")
    for name in names:
        if name not in known:
            yield Fault(f"no such {what}", where, name, shown or "none", did_you_mean(name, listed))


def _plane_faults(base: Prepared, edits: Edits) -> Iterator[Fault]:
    """Planes exist in shells that are numbered: those of the scenario, and the built-in ones."""
    if not edits.get("planes"):
        return
    planes = planes_by_number(base)
    if planes is None:
        remedy = "take satellites at random"
        what = f"the satellites of this run have no numbered planes ({base.fleet.source})"
        yield Fault(what, "edits.planes", remedy=remedy)
        return
    shell = int(edits["shell"])
    if shell >= len(planes):
        yield Fault("no such shell", "edits.shell", shell, f"0 to {len(planes) - 1}")
        return
    beyond = [plane for plane in edits["planes"] if plane >= planes[shell]]
    if beyond:
        yield Fault(f"no such plane of shell {shell}", "edits.planes", beyond, f"0 to {planes[shell] - 1}")


def planes_by_number(base: Prepared) -> list[int] | None:
    """Planes of each shell that an event may name by number.

    Parameters
    ----------
    base : Prepared
        The run.

    Returns
    -------
    list of int or None
        None where the satellites are no shells.
    """
    chosen = base.scenario.constellation
    return [shell.planes for shell in chosen.shells] if chosen.source == "shells" else shell_planes(base.scenario)


def _rain_faults(base: Prepared) -> Iterator[Fault]:
    where = "edits.rain_exceeded_percent"
    if base.radio is None:
        remedy = 'run it again with policies.sharing = "single-satellite"'
        yield Fault("this run has no rates, which is where rain shows", where, remedy=remedy)
        return
    try:
        table = load_weather(base.scenario.weather.table)
        for part in (base.territory, base.ground):
            weather_at(table, part.latitude_deg, part.longitude_deg)
    except InputError as error:
        for fault in error.faults:
            yield replace(fault, where=where)


def edited_text(base: Prepared, edits: Edits, window: range) -> str:
    """Write a run's scenario with edits as a file of its own.

    Parameters
    ----------
    base : Prepared
        The run.
    edits : mapping
        See the top of this file; checked.
    window : range
        Absolute slots in which they hold.

    Returns
    -------
    str
        TOML that reads back; the weather of the edits holds throughout.

    Raises
    ------
    InputError
        The scenario contradicts itself with the edits in it.
    """
    given, scenario = base.scenario, edited_scenario(base, edits, window)
    told = [event.title.removeprefix("what if: ") for event in scenario.disruptions[len(given.disruptions) :]]
    rows: list[Provenance] = []
    percent = edits.get("rain_exceeded_percent")
    if percent is not None:
        told.append(f"weather throughout as bad as in {percent:g} % of an average year")
        keys = ("weather.mode", "weather.exceeded_percent")
        rows = [Provenance(keys=keys, tag="hypothetical", source="what if: chosen by the user")]
    what = f"what if: {'; '.join(told)}"
    policies = given.policies.model_copy(update={"scheduling": base.policy.name})
    changes: dict[str, Any] = {
        "name": f"{given.name[: _LONGEST_NAME - 8]}-what-if",
        "title": _cut(f"{given.title or given.name}: {what}", _LONGEST_TITLE),
        "summary": _cut(f"Hypothetical, {what}. {given.summary}".strip(), _LONGEST_SUMMARY),
        "policies": policies,
        "provenance": (*scenario.provenance, *rows),
    }
    poll, time = given.services.poll, given.time
    if (poll.opens or time.start) < time.start or (poll.closes or time.end) > time.end:
        # A run of another time than its scenario's may have left the poll outside, which no file may.
        changes["services"] = given.services.model_copy(
            update={"poll": poll.model_copy(update={"opens": time.start, "closes": time.end})}
        )
        changes["summary"] = _cut(
            f"{changes['summary']} The poll, which lay outside the simulated time, is open throughout.",
            _LONGEST_SUMMARY,
        )
    if base.lasers is not None and given.lasers is not None:
        changes["lasers"] = given.lasers.model_copy(update={"topology": base.lasers.topology.name})
    text = dump_toml(scenario.model_copy(update=changes))
    parse_scenario(text, file="the scenario of this what-if")
    return text
