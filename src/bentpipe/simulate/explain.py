"""One link, one slot: the satellite chosen, its rivals and why each was refused, the segments of the delay."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from bentpipe.draws import Purpose, uniforms
from bentpipe.earth import to_unix_s
from bentpipe.errors import Fault, InputError, UnknownNameError
from bentpipe.geometry.gso import separation_deg
from bentpipe.network.delay import SEGMENTS, SPEED_OF_LIGHT_M_S, segments
from bentpipe.network.policies import SCHEDULING
from bentpipe.network.relayed import Relayed
from bentpipe.registry import Policy, find_policy
from bentpipe.results.opened import Run
from bentpipe.scenario import Scenario
from bentpipe.simulate.alone import slot_in_detail
from bentpipe.simulate.explainlink import explain_rates
from bentpipe.simulate.load import slot_load
from bentpipe.simulate.prepare import Prepared, prepare
from bentpipe.simulate.recipe import SlotResult, State, advance
from bentpipe.simulate.saved import saved_scenario
from bentpipe.simulate.world import World

if TYPE_CHECKING:
    from bentpipe.network.topology import Topology


@dataclass(frozen=True)
class Explanation:
    """Why a place is served as it is.

    Parameters
    ----------
    lines : tuple of str
        For people.
    data : dict
        The same, with units in the keys.
    """

    lines: tuple[str, ...]
    data: dict[str, Any]


def explain(
    run: Run | Scenario,
    site: str,
    at: str,
    scheduling: str | Policy | Callable[[Any], Any] | None = None,
    link: bool = False,
    topology: str | Topology | Callable[[Any], Any] | None = None,
) -> Explanation:
    """Explain one site in one slot.

    Parameters
    ----------
    run : Run or Scenario
        A run, or a scenario that need not have been run.
    site : str
        Id of a site, or an H3 cell; case is ignored.
    at : str
        Instant in UTC that `numpy.datetime64` reads.
    scheduling : str, Policy or callable, optional
        The run's scheduling policy, where that is a function of your own: a run keeps its name and a hash only.
    link : bool
        Whether to add the link budgets and what they come to: MODCOD, beam time, fair share and what binds.
    topology : str, Topology or callable, optional
        The run's laser topology, likewise.

    Returns
    -------
    Explanation

    Raises
    ------
    UnknownNameError
        No such site or cell.
    InputError
        The instant lies outside the run; the run's policy is a function that was not given, or is not the same; or
        `link` is asked of a run without rates.
    """
    scenario = run if isinstance(run, Scenario) else saved_scenario(run)
    policy = scheduling if isinstance(run, Scenario) else policy_of(run, scheduling)
    prepared = prepare(scenario, policy, seeds=1, topology=topology_of(run, topology))
    place_of(prepared, site)  # what is wrong is told before anything takes long
    slot = slot_at(prepared, at)
    return explain_slot(prepared, site, slot, state_at(prepared, slot), link)


def state_at(prepared: Prepared, slot: int, begin: int | None = None, state: State | None = None) -> State:
    """State that a slot rests on.

    Parameters
    ----------
    prepared : Prepared
        The run.
    slot : int
        Absolute slot.
    begin, state : int, State, optional
        An earlier slot, and the state that it rests on; the run's first where left out.

    Returns
    -------
    State
        Empty where the policy's memory is bounded.
    """
    found = state or State()
    if prepared.policy.memory_slots is None:
        # A choice of unbounded memory rests on every slot since the start of the run.
        for first in range(prepared.slots.start if begin is None else begin, slot, 240):
            _, found = advance(prepared, found, range(first, min(first + 240, slot)))
    return found


def explain_slot(prepared: Prepared, site: str, slot: int, state: State, link: bool = False) -> Explanation:
    """Explain one site in one slot of a run that is prepared already.

    Parameters
    ----------
    prepared : Prepared
        The run.
    site : str
        Id of a site, or an H3 cell; case is ignored.
    slot : int
        Absolute slot.
    state : State
        As of `state_at`.
    link : bool
        As for `explain`.

    Returns
    -------
    Explanation

    Raises
    ------
    UnknownNameError
        No such site or cell.
    InputError
        `link` is asked of a run without rates.
    """
    place = place_of(prepared, site)
    result, world = slot_in_detail(prepared, state, slot)
    explanation = _explain(prepared, place, slot, result, world, slot_load(prepared, state, slot, place))
    if not link:
        return explanation
    block, _ = advance(prepared, state, [slot])
    lines, data = explain_rates(prepared, block, place)
    return Explanation((*explanation.lines, *lines), {**explanation.data, "link": data})


def policy_of(run: Run, given: str | Policy | Callable[[Any], Any] | None) -> Policy:
    """Policy that a run was made with: by its name, or as given; one with another source is refused.

    Parameters
    ----------
    run : Run
        A run.
    given : str, Policy or callable, optional
        The policy, where it is a function of the run's author.

    Returns
    -------
    Policy

    Raises
    ------
    InputError
        It was not given, or is not the same.
    """
    used = run.manifest["policy"]
    named = {"name": used["scheduling"], "sha256": used["sha256"]}
    return _as_then(run, "scheduling", "scheduling policy", named, given, partial(find_policy, SCHEDULING))


def topology_of(
    run: Run | Scenario, given: str | Topology | Callable[[Any], Any] | None
) -> str | Topology | Callable[[Any], Any] | None:
    """Laser topology that a run was made with, which need not be its scenario's; one with another source is refused.

    Parameters
    ----------
    run : Run or Scenario
        A run; of a scenario, what was given holds.
    given : str, Topology or callable, optional
        The topology, where it is a function of the run's author.

    Returns
    -------
    str, Topology, callable or None
        None where there are no lasers, or the scenario's is meant.

    Raises
    ------
    InputError
        It was not given, or is not the same.
    """
    lasers = None if isinstance(run, Scenario) else run.manifest.get("lasers")
    if isinstance(run, Scenario) or lasers is None:
        return given
    from bentpipe.network.topology import find_topology  # what lasers need takes long to compile

    return _as_then(run, "topology", "laser topology", lasers["topology"], given, find_topology)


class _Named(Protocol):
    """A policy of any kind."""

    @property
    def name(self) -> str: ...

    def identity(self) -> str: ...


Found = TypeVar("Found", bound=_Named)


def _as_then(run: Run, key: str, noun: str, used: Mapping[str, str], given: Any, find: Callable[[Any], Found]) -> Found:
    """What a run was made with, found again; refused where it is not there, or has another source."""
    remedy = f"in Python: bentpipe.explain(run, site, at, {key}=your_function)"
    try:
        found = find(given or used["name"])
    except UnknownNameError:
        if given is not None:
            raise
        what = f"this run's {noun} is a function of its author's, which the run does not hold"
        raise InputError(Fault(what, str(run.path), used["name"], remedy=remedy)) from None
    if found.identity() != used["sha256"]:
        what = f"this is not the {noun} that the run was made with"
        raise InputError(Fault(what, str(run.path), found.name, f"{used['name']!r} as it was then", remedy))
    return found


def place_of(prepared: Prepared, wanted: str) -> int:
    """Find a place by name.

    Parameters
    ----------
    prepared : Prepared
        The run.
    wanted : str
        Id of a site, or an H3 cell; case is ignored.

    Returns
    -------
    int
        Its number: cells, then sites.

    Raises
    ------
    UnknownNameError
        No such site or cell.
    """
    territory = prepared.territory
    names = [f"{int(c):x}" for c in territory.cell_id] + [s.id for s in territory.sites]
    by_name = {name.lower(): i for i, name in enumerate(names)}
    if wanted.lower() in by_name:
        return by_name[wanted.lower()]
    sites = [s.id for s in territory.sites]
    near = difflib.get_close_matches(wanted.lower(), [s.lower() for s in sites], 1)
    raise UnknownNameError(
        Fault(
            "no such site",
            value=wanted,
            allowed=", ".join(sites) + ("; " if sites else "") + "or an H3 cell of the territory",
            remedy=f"did you mean {near[0]!r}?" if near else "",
        )
    )


def slot_at(prepared: Prepared, at: str) -> int:
    """Slot of a run that holds an instant.

    Parameters
    ----------
    prepared : Prepared
        The run.
    at : str
        Instant in UTC that `numpy.datetime64` reads.

    Returns
    -------
    int
        Absolute slot.

    Raises
    ------
    InputError
        No instant, or one outside the run.
    """
    try:
        slot = prepared.clock.containing(float(to_unix_s(np.datetime64(at))))
    except ValueError:
        raise InputError(Fault("not a time", "at", at, "ISO 8601, UTC", "write 2022-10-10T06:00")) from None
    if slot not in prepared.slots:
        first, last = prepared.clock.start_utc([prepared.slots.start, prepared.slots.stop - 1])
        raise InputError(Fault("the run does not cover this instant", "--at", at, f"{first} to {last} UTC"))
    return slot


def _explain(prepared: Prepared, place: int, slot: int, result: SlotResult, world: World, load: float) -> Explanation:
    links, ways, beams = result.links, result.ways, result.beams
    chosen = int(beams.link[place])
    usable = {int(links.satellite[k]): k for k in range(links.start[place], links.stop[place])}
    sky = _sky(prepared, place, slot)
    rivals = []
    for s in np.flatnonzero(sky["elevation_deg"] >= _lowest_deg(prepared, place) - 5.0):
        row = {
            "satellite": prepared.fleet.name[s],
            "catalog_number": int(prepared.fleet.satellite_id[s]),
            "elevation_deg": round(float(sky["elevation_deg"][s]), 2),
            "azimuth_deg": round(float(sky["azimuth_deg"][s]), 2),
            "slant_range_km": round(float(sky["range_m"][s]) / 1e3, 1),
        }
        k = usable.get(int(s))
        is_chosen = k is not None and k == chosen
        row["verdict"] = "chosen" if is_chosen else _refusal(prepared, place, int(s), k, result, world, sky)
        rivals.append(row)
    rivals.sort(key=lambda r: (r["verdict"] != "chosen", -float(str(r["elevation_deg"]))))
    start = str(prepared.clock.start_utc([slot])[0])
    name = _name(prepared, place)
    data: dict[str, Any] = {
        "place": name, "slot": slot, "slot_start_utc": start, "policy": prepared.policy.name,
        "served": chosen >= 0, "terminals_ready": int(world.ready[0, place]), "rivals": rivals, "segments_ms": {},
    }  # fmt: skip
    lines = [f"{name}, slot {slot} from {start} UTC, policy {prepared.policy.name} (simulated)"]
    if chosen >= 0:
        lines += _served(prepared, place, slot, result, world, chosen, data, load)
    else:
        why = _why_not(usable, ways.gateways_in_view, ways.gateway, world, place, prepared.lasers is not None)
        lines.append(f"not served: {why}")
        data["why_not"] = lines[-1].removeprefix("not served: ")
    if not world.ready[0, place]:
        lines.append("no terminal here is on: no power, no licence, cut off, or none placed")
    lines.append(f"satellites within 5 degrees of the minimum elevation or above: {len(rivals)}")
    lines += [
        f"  {r['satellite']:<20} el {r['elevation_deg']:5.1f}°  az {r['azimuth_deg']:5.1f}°  "
        f"{r['slant_range_km']:6.0f} km  {r['verdict']}"
        for r in rivals
    ]
    return Explanation(tuple(lines), data)


def _name(prepared: Prepared, place: int) -> str:
    territory = prepared.territory
    cells = len(territory.cell_id)
    return f"{int(territory.cell_id[place]):x}" if place < cells else territory.sites[place - cells].id


def _served(
    prepared: Prepared,
    place: int,
    slot: int,
    result: SlotResult,
    world: World,
    link: int,
    data: dict[str, Any],
    load: float,
) -> list[str]:
    links, ways = result.links, result.ways
    s = int(links.satellite[link])
    g, lasers = int(ways.gateway[s]), int(ways.lasers[s])
    number = int(prepared.fleet.satellite_id[s])
    draw = uniforms(prepared.scenario.seed, Purpose.ACCESS_DELAY, slot, number, prepared.place_key[place])
    part = segments(
        links.slant_range_m[link], ways.range_m[s], world.fibre_route_m[0, g], prepared.access,
        load, draw, prepared.scenario.fibre.velocity_factor,
        ways.laser_m[s], lasers * prepared.hop_m / SPEED_OF_LIGHT_M_S,
    )  # fmt: skip
    beams = result.beams.slices[place] / prepared.scenario.satellite.cells_per_beam
    first = int(result.beams.first_slice[place]) // prepared.scenario.satellite.cells_per_beam
    data |= {
        "satellite": prepared.fleet.name[s],
        "catalog_number": number,
        "gateway": prepared.ground.id[g],
        "pop": prepared.ground.pop[g],
        "beam": first,
        "channel": first % prepared.scenario.satellite.channels,
        "beam_time_beams": float(beams),
        "load": round(load, 4),
        "segments_ms": {name: round(1e3 * float(v), 3) for name, v in zip(SEGMENTS, part, strict=True)},
        "rtt_ms": round(1e3 * float(part.sum()), 3),
        "path_km": {
            "user_link": round(1e-3 * float(links.slant_range_m[link]), 3),
            "laser_links": round(1e-3 * float(ways.laser_m[s]), 3),
            "feeder_link": round(1e-3 * float(ways.range_m[s]), 3),
            "fibre": round(1e-3 * float(world.fibre_route_m[0, g]), 3),
        },
        "lasers": [prepared.fleet.name[i] for i in _satellites_on(ways, s)] if lasers else [],
    }
    over = f" over {lasers} laser{'s' if lasers > 1 else ''} ({' - '.join(data['lasers'])})" if lasers else ""
    lengths = ", ".join(f"{name} {km:,.0f} km" for name, km in data["path_km"].items() if lasers or name[0] != "l")
    lines = [
        f"served by {prepared.fleet.name[s]} ({number}){over} through {prepared.ground.name[g]} to "
        f"{prepared.ground.pop[g]}, beam {first} (channel {data['channel']}) for {100 * beams:.1f} % of a beam's time",
        f"round trip to the point of presence, median of the slot: {1e3 * part.sum():.1f} ms",
    ]
    lines += [
        f"  {name:<18} {1e3 * float(value):6.2f} ms"
        for name, value in zip(SEGMENTS, part, strict=True)
        if lasers or not name.startswith("laser_")
    ]
    return [*lines, f"one way: {lengths}"]


def _satellites_on(ways: Relayed, satellite: int) -> list[int]:
    """Satellites on the way down, the serving one first, the landing one last."""
    found = [satellite]
    while found[-1] != ways.landing[satellite]:
        found.append(int(ways.following[found[-1]]))
    return found


def _why_not(
    usable: dict[int, int],
    in_view: np.ndarray[Any, Any],
    gateway: np.ndarray[Any, Any],
    world: World,
    place: int,
    lasers: bool,
) -> str:
    if not world.allowed[0, place]:
        return "no licence, or jammed"
    if not usable:
        return "no usable satellite"
    if not any(in_view[s] for s in usable):
        return "no usable satellite has a gateway in view" + (", nor over lasers" if lasers else "")
    if not any(gateway[s] >= 0 for s in usable):
        return "every gateway antenna in reach follows another satellite"
    return "the satellites in reach have no beam time left, or the place asks for none"


def _sky(prepared: Prepared, place: int, slot: int) -> dict[str, Any]:
    """Where every satellite stands, seen from a place."""
    unix_s = prepared.clock.start_unix_s([slot])
    position = prepared.propagator.earth_fixed_positions(unix_s, prepared.orientation.ut1_minus_utc(unix_s))[0].T
    places = prepared.territory.places_at(float(unix_s[0]))
    ray = position - places.position_m[place]
    distance = np.linalg.norm(ray, axis=1)
    unit = ray / distance[:, None]
    east, north, up = (unit @ axis for axis in places.east_north_up[place].reshape(3, 3))
    elevation = np.degrees(np.arcsin(up))
    return {
        "elevation_deg": np.where(np.isfinite(elevation), elevation, -90.0),
        "azimuth_deg": np.degrees(np.arctan2(east, north)) % 360.0,
        "range_m": distance,
        "unit": unit,
        "off_axis_deg": np.degrees(np.arccos(np.clip(unit @ places.boresight[place], -1.0, 1.0))),
        "places": places,
        "position": position,
    }


def _lowest_deg(prepared: Prepared, place: int) -> float:
    return math.degrees(math.asin(prepared.places.sin_min_elevation[place]))


def _refusal(
    prepared: Prepared, place: int, s: int, link: int | None, result: SlotResult, world: World, sky: dict[str, Any]
) -> str:
    """Why a satellite above the horizon does not serve a place: the first rule that it breaks."""
    places, ways = sky["places"], result.ways
    if link is None:
        if not world.allowed[0, place]:
            return "no licence here, or jammed"
        if not world.satellite_up[0, s]:
            return "not in service" if not prepared.fleet.up[s] else "lost"
        if sky["elevation_deg"][s] < _lowest_deg(prepared, place):
            return f"below the minimum elevation of {_lowest_deg(prepared, place):.0f}°"
        half = math.degrees(math.acos(places.cos_half_cone[place]))
        if sky["off_axis_deg"][s] > half:
            return f"{sky['off_axis_deg'][s]:.0f}° off the dish's axis, outside its cone of {half:.0f}°"
        view = type(places.arc)(*(column[place : place + 1] for column in places.arc))
        apart = float(separation_deg(sky["unit"][s][None], view)[0])
        if apart <= math.degrees(math.acos(min(1.0, places.arc.cos_avoidance[place]))):
            return f"{apart:.1f}° from the geostationary arc"
        return "obstructed, or beyond the satellite's steering range"
    if not ways.gateways_in_view[s]:
        return "no gateway in view" + (", nor over lasers" if prepared.lasers else "")
    if ways.gateway[s] < 0:
        return "no gateway antenna follows it" + (", and no laser leads to one" if prepared.lasers else "")
    if result.beams.left[s] < prepared.people[0].need[place]:
        return "no beam time left"
    return "usable; the policy preferred another"
