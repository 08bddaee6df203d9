"""The two ends of a path that is asked about: names or places resolved, and the run prepared for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError, UnknownNameError
from bentpipe.geometry.places import Places, select_places
from bentpipe.network.routing import Routing, find_routing
from bentpipe.network.topology import Topology, find_topology
from bentpipe.results.opened import Run
from bentpipe.scenario import Paths, Scenario, Site, Traffic
from bentpipe.scenario.values import did_you_mean
from bentpipe.simulate.ground import listed_ground
from bentpipe.simulate.paths import Ends, PathPlan
from bentpipe.simulate.prepare import Prepared, prepare
from bentpipe.simulate.saved import saved_scenario

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Kind = TypeVar("Kind", Routing, Topology)

#: A latitude and a longitude, degrees, each with a sign or a letter.
_PLACE = re.compile(r"\s*([+-]?\d+(?:\.\d*)?)\s*([NS]?)\s*,\s*([+-]?\d+(?:\.\d*)?)\s*([EW]?)\s*", re.IGNORECASE)
_SHOWN = 40


@dataclass(frozen=True)
class Question:
    """A run prepared for one path, and what else must be routed to answer.

    Parameters
    ----------
    prepared : Prepared
        The run; places that are no ends are among its places, too.
    plan : PathPlan
        Paths to route, the one that is asked about first; the places of its ends are numbers in `chosen`.
    chosen : (S,) int64
        Places of the run that are ends.
    """

    prepared: Prepared
    plan: PathPlan
    chosen: IntArray

    @property
    def names(self) -> tuple[str, str]:
        """Ids of both ends."""
        a, b = self.plan.pair[0].tolist()
        return self.plan.ends.id[a], self.plan.ends.id[b]

    def place(self, side: int) -> int:
        """Place of the run that an end is, or -1."""
        row = int(self.plan.ends.place[self.plan.pair[0, side]])
        return int(self.chosen[row]) if row >= 0 else -1

    @cached_property
    def _resting(self) -> Places:
        return select_places(self.prepared.places, self.chosen)

    @cached_property
    def _moves(self) -> bool:
        cells = len(self.prepared.territory.cell_id)
        return any(cells + index in self.chosen for index, _ in self.prepared.territory.tracks)

    def places_at(self, unix_s: float) -> Places:
        """The ends that are places, at a time; the same object unless one moves."""
        return select_places(self.prepared.territory.places_at(unix_s), self.chosen) if self._moves else self._resting

    def coordinates(self, side: int, unix_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Latitude and longitude of an end at times, degrees, each (T,)."""
        place, end = self.place(side), int(self.plan.pair[0, side])
        for index, track in self.prepared.territory.tracks:
            if len(self.prepared.territory.cell_id) + index == place:
                return track.along(unix_s)[:2]
        ends, same = self.plan.ends, np.ones(len(unix_s))
        return same * ends.latitude_deg[end], same * ends.longitude_deg[end]


def ask(
    run: Run | Scenario,
    a: str,
    b: str,
    routing: str | Routing | Callable[[Any], Any] | None = None,
    topology: str | Topology | Callable[[Any], Any] | None = None,
) -> Question:
    """Resolve two ends against a run and prepare it.

    Parameters
    ----------
    run : Run or Scenario
        A run, or a scenario that need not have been run.
    a, b : str
        Ids of sites, gateways or points of presence, case ignored; or "LAT,LON".
    routing, topology : str, policy or callable, optional
        In place of the run's.

    Returns
    -------
    Question

    Raises
    ------
    InputError
        No lasers, unknown ends, twice the same end, or a policy that is not at hand.
    """
    scenario = with_lasers(run)
    by = routing_of(run, scenario, routing)
    if by.name == "load-aware" and scenario.traffic == Traffic():
        what, remedy = "load-aware routing needs a load", "add [traffic], or choose another routing"
        raise InputError(Fault(what, "routing", by.name, "of a scenario with [traffic]", remedy))
    scenario, pair = _with_ends(scenario, (a, b))
    changes: dict[str, Any] = {
        "paths": Paths.model_construct(pairs=(pair,)),
        # Rates say nothing of a path; so the rain, say, need not be prepared.
        "policies": scenario.policies.model_copy(update={"sharing": "none"}),
    }
    if not by.sees_load:
        changes["traffic"] = Traffic()
    prepared = _prepared(scenario.model_copy(update=changes), topology_of(run, scenario, topology), by)
    assert prepared.paths is not None
    return _narrowed(prepared, prepared.paths)


def with_lasers(run: Run | Scenario) -> Scenario:
    """Scenario of a run that has lasers.

    Parameters
    ----------
    run : Run or Scenario
        A run, or a scenario.

    Returns
    -------
    Scenario

    Raises
    ------
    InputError
        It has none.
    """
    scenario = run if isinstance(run, Scenario) else saved_scenario(run)
    if scenario.lasers is None:
        what = "this constellation has no lasers: there are no paths over them"
        where = scenario.where("lasers") or "lasers"
        raise InputError(Fault(what, where, None, "a scenario with a part [lasers]", "add [lasers] and run it again"))
    return scenario


def prepare_network(run: Run | Scenario, topology: str | Topology | Callable[[Any], Any] | None = None) -> Prepared:
    """Prepare a run for a look at its network, without rates.

    Parameters
    ----------
    run : Run or Scenario
        A run, or a scenario that need not have been run.
    topology : str, Topology or callable, optional
        In place of the scenario's; of a run, the same function.

    Returns
    -------
    Prepared

    Raises
    ------
    InputError
        No lasers, or a policy that is not at hand.
    """
    scenario = with_lasers(run)
    by = topology_of(run, scenario, topology)
    changes = {"policies": scenario.policies.model_copy(update={"sharing": "none"}), "traffic": Traffic()}
    return _prepared(scenario.model_copy(update=changes), by, find_routing("least-delay"))


def _prepared(scenario: Scenario, topology: Topology, routing: Routing) -> Prepared:
    # The scheduler has no say in a path, and may be a function that is not at hand.
    return prepare(scenario, "highest", seeds=1, topology=topology, routing=routing)


def topology_of(
    run: Run | Scenario, scenario: Scenario, given: str | Topology | Callable[[Any], Any] | None
) -> Topology:
    """Topology that a run was made with: by its name, or as given; one with another source is refused.

    Parameters
    ----------
    run : Run or Scenario
        A run; of a scenario any topology will do.
    scenario : Scenario
        Its scenario, with lasers.
    given : str, Topology or callable, optional
        The topology, where it is a function of the run's author.

    Returns
    -------
    Topology

    Raises
    ------
    InputError
        It was not given, or is not the same.
    """
    assert scenario.lasers is not None
    used = _used(run, "topology")
    if used is None:
        return find_topology(given or scenario.lasers.topology)
    return _as_used(run, "topology", find_topology, given or used["name"], given is None, used)


def routing_of(run: Run | Scenario, scenario: Scenario, given: str | Routing | Callable[[Any], Any] | None) -> Routing:
    """Routing that is asked for; where none is, that of the run, if it is at hand and still the same.

    Parameters
    ----------
    run : Run or Scenario
        A run, or a scenario.
    scenario : Scenario
        Its scenario.
    given : str, Routing or callable, optional
        What is asked for.

    Returns
    -------
    Routing

    Raises
    ------
    InputError
        The run's is a function that is not at hand, or has another source by now.
    """
    used = _used(run, "routing")
    if given is not None or used is None:
        return find_routing(given or scenario.paths.routing)
    return _as_used(run, "routing", find_routing, used["name"], True, used)


def _used(run: Run | Scenario, kind: str) -> dict[str, Any] | None:
    """What a run's manifest says of a policy; None for a scenario, and where it says nothing."""
    lasers = None if isinstance(run, Scenario) else run.manifest.get("lasers")
    found: dict[str, Any] | None = lasers.get(kind) if lasers else None
    return found


def _as_used(
    run: Any, kind: str, find: Callable[[Any], Kind], wanted: Any, by_name: bool, used: dict[str, Any]
) -> Kind:
    """A policy, if it is the one that the run was made with."""
    remedy = f"in Python, hand it over: {kind}=your_function"
    try:
        policy = find(wanted)
    except UnknownNameError:
        if not by_name:
            raise
        what = f"this run's {kind} is a function of its author's, which the run does not hold"
        raise InputError(Fault(what, str(run.path), used["name"], remedy=remedy)) from None
    if policy.identity() != used["sha256"]:
        what = f"this is not the {kind} that the run was made with"
        raise InputError(Fault(what, str(run.path), policy.name, f"{used['name']!r} as it was then", remedy))
    return policy


def read_place(text: str) -> tuple[float, float] | None:
    """Read "LAT,LON": signed degrees, or degrees with N, S, E or W.

    Parameters
    ----------
    text : str
        Such as "50.45,30.52" or "33.9S,18.4E".

    Returns
    -------
    (float, float) or None
        Degrees north and east; None for something else, such as a name.

    Raises
    ------
    InputError
        No such place on Earth, or both a sign and a letter.
    """
    found = _PLACE.fullmatch(text)
    if not found:
        return None
    lat, lon = float(found[1]), float(found[3])
    signed = (found[2] and found[1][0] in "+-") or (found[4] and found[3][0] in "+-")
    if signed or not (-90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0):
        allowed = "-90 to 90 and -180 to 180 degrees, with a sign or a letter: 33.9S,18.4E"
        raise InputError(Fault("no place on Earth", "LAT,LON", text, allowed))
    return (-lat if found[2].upper() == "S" else lat), (-lon if found[4].upper() == "W" else lon)


def _with_ends(scenario: Scenario, wanted: tuple[str, str]) -> tuple[Scenario, tuple[str, str]]:
    """Scenario with a site for each end that is a place, and the ids of both ends."""
    known = _known_ends(scenario)
    by_name = {name.lower(): name for name in reversed(known)}
    ids, sites, faults = list[str](), list[Site](), list[Fault]()
    for text in wanted:
        where = read_place(text)
        if where is not None:
            ids.append(f"{where[0]:.10g},{where[1]:.10g}")
            # No id that a file could give: it cannot be taken for one of the scenario's.
            sites.append(
                Site.model_construct(
                    id=ids[-1], name=ids[-1], latitude_deg=where[0], longitude_deg=where[1],
                    dish=scenario.terminals.dish,
                )
            )  # fmt: skip
        elif text.lower() in by_name:
            ids.append(by_name[text.lower()])
        else:
            faults.append(_unknown(text, known))
    if faults:
        raise UnknownNameError(*faults)
    if ids[0] == ids[1]:
        raise InputError(Fault("a path needs two ends", "A, B", wanted, "two different ends"))
    return scenario.model_copy(update={"sites": (*scenario.sites, *sites)}), (ids[0], ids[1])


def _known_ends(scenario: Scenario) -> list[str]:
    """Ids of sites, gateways and points of presence."""
    sites = [site.id for site in scenario.sites]
    if scenario.sites_file is not None:
        from bentpipe.catalog.sitelists import load_sites

        sites += [row["id"] for row in load_sites(scenario.sites_file)]
    gateways, pops, _ = listed_ground(scenario)
    return [*sites, *(g.id for g in gateways), *(p.id for p in pops)]


def _unknown(text: str, known: Sequence[str]) -> Fault:
    shown = ", ".join(known[:_SHOWN]) + (f", ... ({len(known):,} in all)" if len(known) > _SHOWN else "")
    allowed = f"{shown}; or LAT,LON in degrees" if known else "LAT,LON in degrees"
    what = "no such site, gateway or point of presence"
    return Fault(what, value=text, allowed=allowed, remedy=did_you_mean(text, known))


def _narrowed(prepared: Prepared, plan: PathPlan) -> Question:
    """The path that is asked about, with others only where they bear on it: by their load."""
    pair = plan.pair if plan.routing.sees_load else plan.pair[:1]
    used, row = np.unique(pair, return_inverse=True)
    ends = plan.ends
    place = ends.place[used]
    chosen = place[place >= 0]
    number = np.where(place >= 0, np.cumsum(place >= 0) - 1, -1)
    few = Ends(
        tuple(ends.id[i] for i in used.tolist()), number, ends.gateway[used], ends.pop[used],
        ends.latitude_deg[used], ends.longitude_deg[used],
    )  # fmt: skip
    rows = row.reshape(pair.shape).astype(np.int32)
    count = len(pair)
    narrowed = PathPlan(few, rows, plan.routing, plan.there_bps[:count], plan.back_bps[:count], plan.end_bps[used])
    return Question(prepared, narrowed, chosen)
