"""What of the system is there, slot by slot: satellites, antennas, fibre, licence, power, ground networks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.draws import Purpose, place_id, uniforms
from bentpipe.scenario import (
    FibreLoss,
    GatewayLoss,
    Jamming,
    LicenceWithdrawn,
    PopLoss,
    SatelliteLoss,
    TerrestrialOutage,
)
from bentpipe.scenario.disruptions import Disruption
from bentpipe.simulate.ground import to_s
from bentpipe.simulate.people import powered_terminals
from bentpipe.simulate.prepare import Prepared

Mask = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


class World(NamedTuple):
    """State of the system over T slots.

    Parameters
    ----------
    unix_s : (T,) float64
        Starts of the slots, s.
    satellite_up : (T, N) bool
        Satellites in service.
    allowed : (T, C) bool
        Places licensed and not jammed.
    antennas : (T, G) int64
        Antennas that can be used.
    fibre_route_m : (T, G) float64
        Route to the point of presence in use, m.
    ready : (T, C) int32
        Terminals with power, licence and account.
    terrestrial_up : (T, R) bool
        Regions whose ground networks are whole.
    active : (T, E) bool
        Events that hold.
    """

    unix_s: FloatArray
    satellite_up: Mask
    allowed: Mask
    antennas: npt.NDArray[np.int64]
    fibre_route_m: FloatArray
    ready: npt.NDArray[np.int32]
    terrestrial_up: Mask
    active: Mask


def world_state(prepared: Prepared, slots: npt.NDArray[np.int64], people: int = 0) -> World:
    """Resolve the timeline of disruptions over some slots.

    Parameters
    ----------
    prepared : Prepared
        The run.
    slots : (T,) int64
        Absolute slots.
    people : int
        Which of the seeds' people layers.

    Returns
    -------
    World
    """
    scenario, territory = prepared.scenario, prepared.territory
    unix_s = prepared.clock.start_unix_s(slots)
    spans = [tuple(to_s(t) for t in scenario.window(event)) for event in scenario.disruptions]
    active = np.array([[a <= t < b for a, b in spans] for t in unix_s], np.bool_).reshape(len(unix_s), len(spans))
    held = list(zip(scenario.disruptions, active.T, strict=True))
    satellite_up = np.broadcast_to(prepared.fleet.up, (len(slots), len(prepared.fleet.up))).copy()
    allowed = _licensed(prepared, unix_s)
    terrestrial = np.ones((len(slots), len(territory.region_code)), np.bool_)
    for event, rows in held:
        if not rows.any():
            continue
        if isinstance(event, SatelliteLoss):
            satellite_up[np.ix_(rows, _lost(prepared, event))] = False
        elif isinstance(event, LicenceWithdrawn):
            allowed[np.ix_(rows, territory.area(event.regions, event.polygon))] = False
        elif isinstance(event, Jamming):
            radius = 1e3 * (event.radius_km or 0.0)
            allowed[np.ix_(rows, territory.area((), event.polygon, event.centre, radius))] = False
        elif isinstance(event, TerrestrialOutage):
            terrestrial[np.ix_(rows, np.isin(territory.region_code, event.regions))] = False
    antennas, route = _ground_state(prepared, unix_s, held)
    ready = powered_terminals(scenario, territory, prepared.people[people], prepared.place_key, unix_s)
    return World(
        unix_s, satellite_up, allowed, antennas, route, np.where(allowed, ready, 0).astype(np.int32), terrestrial, active
    )


def _licensed(prepared: Prepared, unix_s: FloatArray) -> Mask:
    """Places where the licence allows service; a later mask prevails over an earlier one."""
    licence, territory = prepared.scenario.licence, prepared.territory
    allowed = np.full((len(unix_s), len(territory.latitude_deg)), licence.default == "allowed", np.bool_)
    for mask in licence.masks:
        start = -np.inf if mask.start is None else to_s(mask.start)
        end = np.inf if mask.end is None else to_s(mask.end)
        rows = (unix_s >= start) & (unix_s < end)
        allowed[np.ix_(rows, territory.area(mask.regions, mask.polygon))] = mask.allowed
    return allowed


def _lost(prepared: Prepared, event: SatelliteLoss) -> Mask:
    """Satellites that an event takes: by number, by plane of a shell, or a share drawn by seed."""
    fleet = prepared.fleet
    lost = np.isin(fleet.satellite_id, event.satellites)
    if event.shell is not None:
        in_shell = fleet.shell == event.shell
        lost |= in_shell & (np.isin(fleet.plane, event.planes) if event.planes else True)
    if event.share is not None:
        key = place_id(event.id) & 0xFFFFFFFF
        lost |= uniforms(prepared.scenario.seed, Purpose.SATELLITE_LOSS, key, fleet.satellite_id, 0) < event.share
    return np.asarray(lost, np.bool_)


def _ground_state(
    prepared: Prepared, unix_s: FloatArray, held: list[tuple[Disruption, Mask]]
) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Antennas in use and the fibre route of each gateway; a lost point of presence fails over to the nearest left."""
    ground = prepared.ground
    antennas = np.where(unix_s[:, None] >= ground.available_from_s[None, :], ground.antennas[None, :], 0)
    pop_up = np.ones((len(unix_s), len(ground.pops)), np.bool_)
    for event, rows in held:
        if isinstance(event, GatewayLoss | FibreLoss):
            antennas[np.ix_(rows, np.isin(ground.id, event.gateways))] = 0
        elif isinstance(event, PopLoss):
            pop_up[np.ix_(rows, np.isin([p.id for p in ground.pops], event.pops))] = False
    route = np.where(pop_up[:, None, :], ground.fibre_route_m[None, :, :], np.inf)
    at_home = np.take_along_axis(route, np.broadcast_to(ground.home[None, :, None], (*antennas.shape, 1)), axis=2)[..., 0]
    chosen = np.where(np.isfinite(at_home), at_home, route.min(axis=2))
    antennas = np.where(np.isfinite(chosen), antennas, 0)
    return antennas, np.where(np.isfinite(chosen), chosen, 0.0)
