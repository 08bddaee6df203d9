"""One slot of a path in parts: hop by hop, and the ways that share no laser, or no satellite."""

from __future__ import annotations

from typing import Any

from bentpipe.errors import Fault, InputError
from bentpipe.network.delay import SPEED_OF_LIGHT_M_S
from bentpipe.network.disjoint import disjoint_paths
from bentpipe.simulate.pathends import Question
from bentpipe.simulate.pathslots import End, SlotNet, Way, delay_m, routed, satellites_of, way_along

#: Ways that can be asked for at once.
MOST_WAYS = 64


def check_ways(count: int, at: str | None, node_disjoint: bool) -> None:
    """Refuse numbers of disjoint ways that make no sense.

    Parameters
    ----------
    count : int
        Ways asked for.
    at : str, optional
        Instant that is asked about.
    node_disjoint : bool
        Whether they are to share no satellite.

    Raises
    ------
    InputError
        Fewer than 1, too many, or of no slot in particular.
    """
    if not 1 <= count <= MOST_WAYS:
        raise InputError(Fault("the number of disjoint ways is out of range", "disjoint", count, f"1 to {MOST_WAYS}"))
    if (count > 1 or node_disjoint) and at is None:
        what, remedy = "disjoint ways are those of one slot", "say which: --at TIME"
        raise InputError(Fault(what, "disjoint", count, "with an instant", remedy))


def ways_of(asked: Question, net: SlotNet, count: int, node_disjoint: bool) -> list[Way]:
    """Ways between both ends in one slot.

    Parameters
    ----------
    asked : Question
        The path.
    net : SlotNet
        The slot.
    count : int
        Ways wanted: 1 for the path by the routing, else those of least total delay that share no laser.
    node_disjoint : bool
        Whether they are to share no satellite either.

    Returns
    -------
    list of Way
        As many as there are, the shortest first.
    """
    if count == 1:
        satellites = satellites_of(net, routed(asked, net))
        return [way_along(asked, net, satellites)] if satellites else []
    entries = net.entered.entries
    sides = []
    for end in asked.plan.pair[0].tolist():
        rows = slice(entries.start[end], entries.stop[end])
        sides.append((entries.satellite[rows], entries.cost_m[rows]))
    cost = net.mesh.length_m + asked.prepared.hop_m
    found = disjoint_paths(net.mesh, cost, sides[0], sides[1], count, node_disjoint)
    return [way_along(asked, net, satellites.tolist()) for satellites, _ in found]


def way_in_parts(asked: Question, way: Way) -> dict[str, Any]:
    """A way hop by hop.

    Parameters
    ----------
    asked : Question
        The path.
    way : Way
        A way of one slot.

    Returns
    -------
    dict
        Plain values with units in the keys.
    """
    hops = [*_ground_hops(asked, way, 0), *_laser_hops(asked, way), *_ground_hops(asked, way, 1)[::-1]]
    whole = delay_m(asked, way, sum(way.length_m), len(way.length_m))
    return {
        "rtt_ms": 2e3 * whole / SPEED_OF_LIGHT_M_S,
        "one_way_ms": 1e3 * whole / SPEED_OF_LIGHT_M_S,
        "lasers": len(way.length_m),
        "satellites": [satellite_named(asked, s) for s in way.satellites],
        "hops": hops,
    }


def satellite_named(asked: Question, satellite: int) -> dict[str, Any]:
    """Name and catalogue number of a satellite."""
    fleet = asked.prepared.fleet
    return {"name": fleet.name[satellite], "catalog_number": int(fleet.satellite_id[satellite])}


def _hop(kind: str, here: str, there: str, length_m: float, delay_m: float, forwarding_m: float) -> dict[str, Any]:
    to_ms = 1e3 / SPEED_OF_LIGHT_M_S
    return {
        "kind": kind, "from": here, "to": there, "km": 1e-3 * length_m, "ms": delay_m * to_ms,
        "forwarding_ms": forwarding_m * to_ms,
    }  # fmt: skip


def _laser_hops(asked: Question, way: Way) -> list[dict[str, Any]]:
    names = [asked.prepared.fleet.name[s] for s in way.satellites]
    hop_m = asked.prepared.hop_m
    pairs = zip(names[:-1], names[1:], way.length_m, strict=True)
    return [_hop("laser", here, there, length, length, hop_m) for here, there, length in pairs]


def _ground_hops(asked: Question, way: Way, side: int) -> list[dict[str, Any]]:
    """Hops between an end and its satellite, seen from the end; of the second end they are walked backward."""
    prepared, end = asked.prepared, (way.first, way.last)[side]
    satellite = prepared.fleet.name[way.satellites[(0, -1)[side]]]
    place, name = asked.place(side), asked.names[side]
    if place >= 0:
        return [_turned(side, "user link", name, satellite, end.range_m, end.range_m)]
    gateway = prepared.ground.id[end.gateway]
    link = _turned(side, "feeder link", gateway, satellite, end.range_m, end.range_m)
    return [_fibre(asked, side, name, gateway, end), link] if _is_pop(asked, side) else [link]


def _fibre(asked: Question, side: int, pop: str, gateway: str, end: End) -> dict[str, Any]:
    velocity = asked.prepared.scenario.fibre.velocity_factor
    return _turned(side, "fibre", pop, gateway, end.fibre_m, end.fibre_m / velocity)


def _is_pop(asked: Question, side: int) -> bool:
    return int(asked.plan.ends.pop[asked.plan.pair[0, side]]) >= 0


def _turned(side: int, kind: str, end: str, other: str, length_m: float, delay_m: float) -> dict[str, Any]:
    here, there = (end, other) if side == 0 else (other, end)
    return _hop(kind, here, there, length_m, delay_m, 0.0)
