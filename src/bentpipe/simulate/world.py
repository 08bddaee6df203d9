"""What of the system is there, slot by slot: satellites, antennas, fibre, licence, power, ground networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.draws import Purpose, place_id, uniforms
from bentpipe.scenario import (
    FibreLoss,
    GatewayLoss,
    Jamming,
    LaserLoss,
    LicenceWithdrawn,
    PopLoss,
    PowerCut,
    SatelliteLoss,
    Storm,
    TerrestrialOutage,
)
from bentpipe.scenario.disruptions import Disruption
from bentpipe.simulate.licence import licensed
from bentpipe.simulate.people import powered_terminals, rolling_window_s
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.storm import stormed
from bentpipe.simulate.terminals import dark_for_s
from bentpipe.simulate.timeline import window_s

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
    terrestrial_down : (T, R) float32
        Share of each region's people whose ground networks are out.
    active : (T, E) bool
        Events that hold.
    laser_up : (T, N) bool
        Satellites in service whose lasers work, where they have any.
    """

    unix_s: FloatArray
    satellite_up: Mask
    allowed: Mask
    antennas: npt.NDArray[np.int64]
    fibre_route_m: FloatArray
    ready: npt.NDArray[np.int32]
    terrestrial_down: npt.NDArray[np.float32]
    active: Mask
    laser_up: Mask


def world_state(prepared: Prepared, slots: npt.NDArray[np.int64], people: int = 0) -> World:
    """Resolve the timeline of disruptions over some slots.

    Parameters
    ----------
    prepared : Prepared
        The run.
    slots : (T,) int64
        Absolute slots.
    people : int
        Which of the seeds: its people layer, and its draws of satellites and gateways that fail.

    Returns
    -------
    World
    """
    scenario, territory = prepared.scenario, prepared.territory
    unix_s = prepared.clock.start_unix_s(slots)
    spans = [window_s(scenario, event) for event in scenario.disruptions]
    active = np.array([[a <= t < b for a, b in spans] for t in unix_s], np.bool_).reshape(len(unix_s), len(spans))
    held = list(zip(scenario.disruptions, active.T, strict=True))
    seed = prepared.people[people].seed
    satellite_up = np.broadcast_to(prepared.fleet.up, (len(slots), len(prepared.fleet.up))).copy()
    allowed = licensed(scenario, territory, unix_s)
    down = np.zeros((len(slots), len(territory.region_code)), np.float32)
    laser_up = np.ones_like(satellite_up)
    for event, rows in held:
        if isinstance(event, Storm):
            # Satellites may still be out when the storm is over.
            satellite_up &= ~stormed(prepared, event, unix_s, seed)
        if not rows.any():
            continue
        if isinstance(event, SatelliteLoss):
            satellite_up[np.ix_(rows, _lost(prepared, event, Purpose.SATELLITE_LOSS, seed))] = False
        elif isinstance(event, LaserLoss):
            laser_up[np.ix_(rows, event.all | _lost(prepared, event, Purpose.LASER_LOSS, seed))] = False
        elif isinstance(event, LicenceWithdrawn):
            allowed[rows[:, None] & territory.area_at(unix_s, event.regions, event.polygon)] = False
        elif isinstance(event, Jamming):
            radius = 1e3 * (event.radius_km or 0.0)
            allowed[rows[:, None] & territory.area_at(unix_s, (), event.polygon, event.centre, radius)] = False
        elif isinstance(event, TerrestrialOutage):
            named = np.isin(territory.region_code, event.regions or territory.region_code)
            down[rows[:, None] & named] = event.share
    antennas, route = _ground_state(prepared, unix_s, held, seed)
    ready = _ready(prepared, people, unix_s, allowed)
    laser_up &= satellite_up
    return World(unix_s, satellite_up, allowed, antennas, route, ready, down, active, laser_up)


def _ready(prepared: Prepared, people: int, unix_s: FloatArray, allowed: Mask) -> npt.NDArray[np.int32]:
    """Terminals with power, licence and account, (T, C)."""
    who = prepared.people[people]
    powered = powered_terminals(prepared.scenario, prepared.territory, who, prepared.place_key, unix_s)
    return np.where(allowed, powered, 0).astype(np.int32)


def seed_worlds(prepared: Prepared, slots: npt.NDArray[np.int64]) -> list[World]:
    """World of each seed: satellites and gateways, too, where chance says which of them fail.

    Parameters
    ----------
    prepared : Prepared
        The run.
    slots : (T,) int64
        Absolute slots.

    Returns
    -------
    list of World
        As many as `prepared.people`.
    """
    first = world_state(prepared, slots)
    codes = prepared.territory.region_code
    drawn = any(
        isinstance(e, Storm)
        or (isinstance(e, SatelliteLoss | GatewayLoss | LaserLoss) and e.share is not None)
        or (isinstance(e, PowerCut) and prepared.ground.standing_in(e.regions or codes).any())
        for e in prepared.scenario.disruptions
    )
    others = range(1, len(prepared.people))
    if drawn:
        return [first, *(world_state(prepared, slots, i) for i in others)]
    return [first, *(first._replace(ready=_ready(prepared, i, first.unix_s, first.allowed)) for i in others)]


def same_sky(one: World, other: World, row: int) -> bool:
    """Whether two worlds have the same usable links in a slot.

    They rest on satellites, lasers, open places, and gateways with an antenna; how many antennas does not matter.

    Parameters
    ----------
    one, other : World
        Over the same slots.
    row : int
        Which of them.

    Returns
    -------
    bool
    """
    pairs = (
        (one.satellite_up, other.satellite_up), (one.allowed, other.allowed), (one.laser_up, other.laser_up),
    )  # fmt: skip
    same = one is other or all(np.array_equal(a[row], b[row]) for a, b in pairs)
    return same and np.array_equal(one.antennas[row] > 0, other.antennas[row] > 0)


def _lost(prepared: Prepared, event: SatelliteLoss | LaserLoss, purpose: Purpose, seed: int) -> Mask:
    """Satellites that an event takes, or whose lasers: by number, by plane of a shell, or a share drawn by seed."""
    fleet = prepared.fleet
    lost = np.isin(fleet.satellite_id, event.satellites)
    if event.shell is not None:
        in_shell = fleet.shell == event.shell
        lost |= in_shell & (np.isin(fleet.plane, event.planes) if event.planes else True)
    if event.share is not None:
        key = place_id(event.id) & 0xFFFFFFFF
        lost |= uniforms(seed, purpose, key, fleet.satellite_id, 0) < event.share
    return np.asarray(lost, np.bool_)


def _ground_state(
    prepared: Prepared, unix_s: FloatArray, held: Sequence[tuple[Disruption, Mask]], seed: int
) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Antennas in use and the fibre route of each gateway; a lost point of presence fails over to the nearest left."""
    ground = prepared.ground
    antennas = np.where(unix_s[:, None] >= ground.available_from_s[None, :], ground.antennas[None, :], 0)
    pop_up = np.ones((len(unix_s), len(ground.pops)), np.bool_)
    for event, rows in held:
        if isinstance(event, GatewayLoss) and event.share is not None:
            key = np.array([place_id(name) for name in ground.id], np.uint64)
            draw = uniforms(seed, Purpose.GATEWAY_LOSS, place_id(event.id) & 0xFFFFFFFF, 0, key)
            antennas[np.ix_(rows, draw < event.share)] = 0
        elif isinstance(event, GatewayLoss | FibreLoss):
            antennas[np.ix_(rows, np.isin(ground.id, event.gateways))] = 0
        elif isinstance(event, PopLoss):
            pop_up[np.ix_(rows, np.isin([p.id for p in ground.pops], event.pops))] = False
        elif isinstance(event, PowerCut):
            start, end = window_s(prepared.scenario, event)
            # A cut of no region in particular is the territory's: its neighbours keep their power.
            concerned = ground.standing_in(event.regions or prepared.territory.region_code)
            key = np.array([place_id(name) for name in ground.id], np.uint64)
            dark = dark_for_s(unix_s, start, end, event.share, rolling_window_s(event), event.id, concerned, key, seed)
            antennas[dark >= ground.power_backup_s[None, :]] = 0
    route = np.where(pop_up[:, None, :], ground.fibre_route_m[None, :, :], np.inf)
    at_home = route[:, np.arange(len(ground.home)), ground.home]
    chosen = np.where(np.isfinite(at_home), at_home, route.min(axis=2, initial=np.inf))
    antennas = np.where(np.isfinite(chosen), antennas, 0)
    return antennas, np.where(np.isfinite(chosen), chosen, 0.0)
