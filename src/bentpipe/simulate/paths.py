"""Paths between named ends, slot by slot: sites, gateways and points of presence, over any usable satellite.

A path is the best that the routing policy finds: it takes any satellite that its ends may use, whether the scheduler
would give it beam time or not. What a terminal gets of its scheduler is in the run's other variables.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.trafficmatrix import read_traffic_matrix
from bentpipe.earth import great_circle_m
from bentpipe.errors import Fault, ScenarioError
from bentpipe.geometry.usable import UsableLinks
from bentpipe.network.mesh import Entries, Mesh, join_entries
from bentpipe.network.routes import route, share_routes
from bentpipe.network.routing import RouteView, Routing, find_routing
from bentpipe.scenario import Scenario
from bentpipe.scenario.laserchecks import MOST_PAIRS
from bentpipe.simulate.ground import Ground
from bentpipe.simulate.territory import Territory

if TYPE_CHECKING:
    from bentpipe.simulate.prepare import Prepared

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Links of ends that are no sites carry what comes: a gateway's or a point of presence's are not what is studied.
_UNLIMITED_BPS = 1 << 49


class Ends(NamedTuple):
    """K places that paths begin or end at.

    Parameters
    ----------
    id : tuple of str
        Names.
    place : (K,) int64
        Number of a site among the places; -1 for another end.
    gateway : (K,) int64
        Number of a gateway; -1 for another end.
    pop : (K,) int64
        Number of a point of presence; -1 for another end.
    latitude_deg, longitude_deg : (K,) float64
        Degrees.
    """

    id: tuple[str, ...]
    place: IntArray
    gateway: IntArray
    pop: IntArray
    latitude_deg: FloatArray
    longitude_deg: FloatArray


@dataclass(frozen=True)
class PathPlan:
    """Paths that a run follows.

    Parameters
    ----------
    ends : Ends
        K ends.
    pair : (M, 2) int32
        Ends of each path.
    routing : Routing
        What it is chosen by.
    there_bps, back_bps : (M,) int64
        Traffic asked for from the first to the second end and back, bit/s.
    end_bps : (K,) int64
        What the links of each end carry each way, bit/s.
    """

    ends: Ends
    pair: npt.NDArray[np.int32]
    routing: Routing
    there_bps: IntArray
    back_bps: IntArray
    end_bps: IntArray

    @property
    def great_circle_m(self) -> FloatArray:
        """Distance of the ends of each path over the ground, (M,) m."""
        a, b = self.pair.T
        lat, lon = self.ends.latitude_deg, self.ends.longitude_deg
        return np.asarray(great_circle_m(lat[a], lon[a], lat[b], lon[b]), np.float64)

    @property
    def names(self) -> list[str]:
        """Names of the paths: their ends with a dash in between."""
        return [f"{self.ends.id[a]} - {self.ends.id[b]}" for a, b in self.pair.tolist()]


class SlotPaths(NamedTuple):
    """Paths of one slot.

    Parameters
    ----------
    path_m, laser_m, lasers, first, last, mark : (M,)
        See `bentpipe.network.routes.Routes`.
    there_bps, back_bps : (M,) int64
        What each way is given, bit/s.
    load_mean, load_max : float
        What the lasers carry over what they could, on average and of the busiest; NaN without traffic.
    """

    path_m: FloatArray
    laser_m: FloatArray
    lasers: npt.NDArray[np.int32]
    first: npt.NDArray[np.int32]
    last: npt.NDArray[np.int32]
    mark: npt.NDArray[np.uint64]
    there_bps: IntArray
    back_bps: IntArray
    load_mean: float
    load_max: float


def all_ends(territory: Territory, ground: Ground) -> Ends:
    """Every end that paths may name: sites, then gateways, then points of presence.

    Parameters
    ----------
    territory : Territory
        With the sites.
    ground : Ground
        With the rest.

    Returns
    -------
    Ends
    """
    cells, sites = len(territory.cell_id), len(territory.sites)
    counts = (sites, len(ground.id), len(ground.pops))
    columns: list[IntArray] = []
    for kind, count in enumerate(counts):
        column = np.full(sum(counts), -1, np.int64)
        begin = sum(counts[:kind])
        column[begin : begin + count] = np.arange(count) + (cells if kind == 0 else 0)
        columns.append(column)
    place, gateway, pop = columns
    return Ends(
        (*(s.id for s in territory.sites), *ground.id, *(p.id for p in ground.pops)),
        place,
        gateway,
        pop,
        np.concatenate([territory.latitude_deg[cells:], ground.latitude_deg, [p.latitude_deg for p in ground.pops]]),
        np.concatenate([territory.longitude_deg[cells:], ground.longitude_deg, [p.longitude_deg for p in ground.pops]]),
    )


def make_paths(
    scenario: Scenario,
    territory: Territory,
    ground: Ground,
    routing: str | Routing | Callable[[RouteView], Any] | None = None,
) -> PathPlan | None:
    """Resolve the paths and the traffic of a scenario.

    Parameters
    ----------
    scenario : Scenario
        What to simulate.
    territory : Territory
        With the sites.
    ground : Ground
        Gateways and points of presence.
    routing : str, Routing or callable, optional
        In place of the scenario's.

    Returns
    -------
    PathPlan or None
        None for a scenario that asks for no paths.

    Raises
    ------
    ScenarioError
        A pair of ends that there are not, or too many pairs.
    InputError
        Faults of the traffic matrix.
    """
    if scenario.lasers is None:
        return None
    ends = all_ends(territory, ground)
    number = {name: i for i, name in reversed(list(enumerate(ends.id)))}
    sites = [site.id for site in territory.sites]
    wanted = list(combinations(sites, 2)) if scenario.paths.all_sites else []
    among = set(wanted)
    wanted += [pair for pair in scenario.paths.pairs if pair not in among and pair[::-1] not in among]
    unknown = {end for pair in wanted for end in pair} - set(number)
    if unknown:
        raise ScenarioError(
            *(Fault("no such site, gateway or point of presence", scenario.where("paths.pairs"), end,
                    ", ".join(ends.id)) for end in sorted(unknown))
        )  # fmt: skip
    pairs = [(number[a], number[b]) for a, b in wanted]
    demand = _demand(scenario, territory, ends, number)
    place = {pair: i for i, pair in enumerate(pairs)}
    for a, b in demand:
        if (a, b) not in place and (b, a) not in place:
            place[a, b] = len(pairs)
            pairs.append((a, b))
    if not pairs:
        return None
    if len(pairs) > MOST_PAIRS:
        # Of sites and traffic in files, too, which the scenario's own checks do not read.
        raise ScenarioError(
            Fault("too many pairs", scenario.where("paths"), f"{len(pairs):,}", f"at most {MOST_PAIRS:,}",
                  "name fewer pairs")
        )  # fmt: skip
    there, back = np.zeros(len(pairs), np.int64), np.zeros(len(pairs), np.int64)
    for (a, b), bps in demand.items():
        if (a, b) in place:
            there[place[a, b]] += bps
        else:
            back[place[b, a]] += bps
    limit = np.where(ends.place >= 0, round(1e9 * scenario.traffic.site_gbps), _UNLIMITED_BPS).astype(np.int64)
    pair = np.array(pairs, np.int32).reshape(-1, 2)
    return PathPlan(ends, pair, find_routing(routing or scenario.paths.routing), there, back, limit)


def _demand(scenario: Scenario, territory: Territory, ends: Ends, number: dict[str, int]) -> dict[tuple[int, int], int]:
    """Traffic from end to end, bit/s: of the file, or by gravity between the sites."""
    traffic = scenario.traffic
    if traffic.matrix_file is not None:
        rows = read_traffic_matrix(traffic.matrix_file, ends.id)
        return {(number[row.source], number[row.target]): row.bps for row in rows}
    if traffic.gravity_gbps is None:
        return {}
    people = np.array([site.people or 0 for site in territory.sites], np.float64)
    weight = np.outer(people, people)
    np.fill_diagonal(weight, 0.0)
    if not weight.any():
        what, where = "no two sites have people between whom traffic could flow", scenario.where("traffic.gravity_gbps")
        raise ScenarioError(Fault(what, where, traffic.gravity_gbps, remedy="give sites.*.people"))
    share = np.rint(1e9 * traffic.gravity_gbps * weight / weight.sum()).astype(np.int64)
    return {(a, b): int(share[a, b]) for a, b in zip(*np.nonzero(share), strict=True)}


class Entered(NamedTuple):
    """Where ends enter the mesh, and by what.

    Parameters
    ----------
    entries : Entries
        P entries of K ends.
    gateway : (P,) int64
        Gateway of each; -1 where a site's own link is meant.
    range_m : (P,) float64
        Slant range, m.
    fibre_m : (P,) float64
        Length of the fibre route between gateway and point of presence, m; 0 where there is none.
    """

    entries: Entries
    gateway: IntArray
    range_m: FloatArray
    fibre_m: FloatArray


def entered_by(prepared: Prepared, ends: Ends, links: UsableLinks, feeder: UsableLinks, route_m: FloatArray) -> Entered:
    """Where ends enter the mesh in one slot, and by what.

    Parameters
    ----------
    prepared : Prepared
        The run.
    ends : Ends
        K ends.
    links, feeder : UsableLinks
        Usable links of the places and of the gateways.
    route_m : (G,) float64
        Fibre route of each gateway to the point of presence in use, m.

    Returns
    -------
    Entered
        Of a point of presence, by way of each gateway whose home it is, with the fibre in between; none where it is
        lost, and its gateways lead to another.
    """
    ground, velocity = prepared.ground, prepared.scenario.fibre.velocity_factor
    found, gateways, ranges, fibres = [], [np.zeros(0, np.int64)], [np.zeros(0)], [np.zeros(0)]
    for place, gateway, pop in zip(ends.place.tolist(), ends.gateway.tolist(), ends.pop.tolist(), strict=True):
        # Where there is a place, the only way up is its own.
        through = [-1] if place >= 0 else [gateway]
        if pop >= 0:
            through = np.flatnonzero((ground.home == pop) & (route_m == ground.fibre_route_m[:, pop])).tolist()
        satellite, cost = [np.zeros(0, np.int32)], [np.zeros(0)]
        for g in through:
            of, row = (links, place) if g < 0 else (feeder, g)
            rows = slice(of.start[row], of.stop[row])
            fibre = float(ground.fibre_route_m[g, pop]) if pop >= 0 else 0.0
            satellite.append(of.satellite[rows])
            ranges.append(of.slant_range_m[rows].astype(np.float64))
            cost.append(ranges[-1] + fibre / velocity)
            gateways.append(np.full(len(cost[-1]), g, np.int64))
            fibres.append(np.full(len(cost[-1]), fibre))
        found.append((np.concatenate(satellite), np.concatenate(cost)))
    return Entered(join_entries(found), np.concatenate(gateways), np.concatenate(ranges), np.concatenate(fibres))


def end_entries(
    prepared: Prepared, ends: Ends, links: UsableLinks, feeder: UsableLinks, route_m: FloatArray
) -> Entries:
    """Where ends enter the mesh in one slot: see `entered_by`."""
    return entered_by(prepared, ends, links, feeder, route_m).entries


def slot_paths(
    prepared: Prepared,
    plan: PathPlan,
    slot: int,
    mesh: Mesh,
    position_m: FloatArray,
    links: UsableLinks,
    feeder: UsableLinks,
    route_m: FloatArray,
) -> SlotPaths:
    """Route the paths of one slot, and share out what flows on them.

    Parameters
    ----------
    prepared : Prepared
        The run.
    plan : PathPlan
        M paths.
    slot : int
        Absolute slot.
    mesh : Mesh
        Lasers in use.
    position_m : (3, N) float64
        Earth-fixed positions, m.
    links, feeder : UsableLinks
        Usable links of the places and of the gateways.
    route_m : (G,) float64
        Fibre route of each gateway to the point of presence in use, m.

    Returns
    -------
    SlotPaths
    """
    assert prepared.lasers is not None
    lasers, rate_bps = len(mesh.pair), prepared.lasers.rate_bps
    entries = end_entries(prepared, plan.ends, links, feeder, route_m)
    view = RouteView(slot, mesh, prepared.hop_m, position_m, np.zeros(lasers))
    demand = plan.there_bps, plan.back_bps
    routes = route(plan.routing, view, entries, plan.pair, demand, rate_bps, prepared.lasers.orders)
    if not (plan.there_bps.any() or plan.back_bps.any()):
        return SlotPaths(*routes[:6], *demand, math.nan, math.nan)
    given = share_routes(routes, plan.pair, demand, plan.end_bps, lasers, rate_bps)
    load = np.append(given.laser_bps, 0) / rate_bps
    return SlotPaths(*routes[:6], given.there_bps, given.back_bps, float(load.sum() / max(2 * lasers, 1)), load.max())
