"""Lasers of a run: which satellites carry them, who points at whom, and which links are in use slot by slot."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bentpipe.earth import to_unix_s
from bentpipe.errors import Fault, ScenarioError
from bentpipe.geometry.lasers import Slew, usable_lasers
from bentpipe.network.acquisition import acquired, slots_to_acquire
from bentpipe.network.delay import SPEED_OF_LIGHT_M_S
from bentpipe.network.mesh import Mesh, make_mesh
from bentpipe.network.sweeps import grid_orders
from bentpipe.network.topology import LaserSky, Topology, find_topology, wanted_lasers
from bentpipe.orbit import Sgp4Elements
from bentpipe.orbit.planes import Recovered, recover_planes
from bentpipe.scenario import Lasers, Scenario
from bentpipe.simulate.fleet import Fleet
from bentpipe.simulate.world import World, world_state

if TYPE_CHECKING:
    from bentpipe.simulate.prepare import Prepared

IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

#: Gravitational parameter of the Earth (WGS 72), km^3/s^2; families lie apart by more than so much.
_MU_KM3_S2, _APART_DEG, _APART_KM = 398_600.8, 0.3, 3.0
#: Shells of which the note tells how well their planes are known.
_SHELLS_TOLD = 3
#: Step of the difference that gives velocities where turning terminals are limited, s.
_STEP_S = 1.0


@dataclass(frozen=True)
class LaserNet:
    """Lasers of N satellites.

    Parameters
    ----------
    given : Lasers
        What the scenario says.
    topology : Topology
        Who points at whom.
    able : (N,) bool
        Satellites that carry lasers and are in service.
    labels : Recovered
        Shell, plane and place of each, and how well they are known.
    satellite_id : (N,) int64
        Catalogue numbers.
    wait_slots : int
        Slots that a newly pointed link takes to acquire.
    fixed : (E, 2) int32, or None
        Links wanted in every slot, where they do not depend on it.
    warnings : tuple of str
        What a user should know.
    """

    given: Lasers
    topology: Topology
    able: Mask
    labels: Recovered
    satellite_id: IntArray
    wait_slots: int
    fixed: Int32Array | None
    warnings: tuple[str, ...]

    @cached_property
    def orders(self) -> npt.NDArray[np.uint32] | None:
        """Orders in which sweeps follow the planes, (2, N); None where no planes are known."""
        labels = self.labels
        if not (labels.place >= 0).any():
            return None
        # Plane after plane through all shells; satellites without a place come last.
        plane = np.where(labels.place >= 0, labels.shell * 2**32 + labels.plane, 2**62)
        return grid_orders(plane, labels.place)

    @property
    def hop_m(self) -> float:
        """Forwarding at one laser, m of vacuum."""
        return 1e-3 * self.given.hop_ms * SPEED_OF_LIGHT_M_S

    @property
    def rate_bps(self) -> int:
        """What a laser carries each way, bit/s."""
        return round(1e9 * self.given.rate_gbps)

    def wanted(self, slot: int, position_m: FloatArray, able: Mask) -> Int32Array:
        """Links that the topology wants in a slot, (E, 2) int32, lower index first."""
        if self.fixed is not None:
            return self.fixed
        return wanted_lasers(self.topology, self._sky(slot, position_m, able))

    def _sky(self, slot: int, position_m: FloatArray, able: Mask) -> LaserSky:
        labels, given = self.labels, self.given
        return LaserSky(
            slot, position_m, able, labels.shell, labels.plane, labels.place, labels.planes, labels.places,
            labels.seam_shift, self.satellite_id, given.terminals, given.between_shells, 1e3 * given.range_km,
            given.seam, given.shift,
        )  # fmt: skip


def make_lasers(
    scenario: Scenario, fleet: Fleet, topology: str | Topology | Callable[[LaserSky], Any] | None = None
) -> LaserNet | None:
    """Equip the satellites of a run.

    Parameters
    ----------
    scenario : Scenario
        What to simulate.
    fleet : Fleet
        Its satellites.
    topology : str, Topology or callable, optional
        In place of the scenario's.

    Returns
    -------
    LaserNet or None
        None for a scenario without lasers.

    Raises
    ------
    ScenarioError
        No satellite carries lasers, or the numbering does not fit the satellites.
    """
    given = scenario.lasers
    if given is None:
        return None
    chosen = find_topology(topology or given.topology)
    able = _able(scenario, fleet)
    labels, warnings = _labels(scenario, fleet, able)
    wait = slots_to_acquire(given.acquisition.total_seconds(), scenario.time.slot_s)
    net = LaserNet(given, chosen, able, labels, fleet.satellite_id, wait, None, warnings)
    if chosen.stays(given.between_shells):
        # Failures do not turn terminals to other satellites: links are wanted of all that carry lasers.
        start = float(to_unix_s(scenario.time.start))
        position = fleet.propagator.earth_fixed_positions([start])[0]
        return replace(net, fixed=net.wanted(0, position, able))
    return net


def _able(scenario: Scenario, fleet: Fleet) -> Mask:
    """Satellites in service that carry lasers."""
    given = scenario.lasers
    assert given is not None
    able = fleet.up & ~np.isin(fleet.satellite_id, given.without) & ~np.isin(fleet.shell, given.without_shells)
    if given.first_launch is not None:
        able &= np.array([launch >= given.first_launch for launch in fleet.launch], np.bool_)
    elif given.equipped == "as-launched":
        able &= fleet.lasers
    if not able.any():
        unknown = scenario.constellation.source == "elements" and not any(fleet.launch)
        why = ": the element sets do not tell the launches" if unknown else ""
        remedy = 'equipped = "all" gives lasers to every satellite; or take [lasers] out'
        raise ScenarioError(
            Fault(f"no satellite carries lasers{why}", scenario.where("lasers"), None, "one at least", remedy)
        )
    return able


def _labels(scenario: Scenario, fleet: Fleet, able: Mask) -> tuple[Recovered, tuple[str, ...]]:
    given = scenario.lasers
    assert given is not None
    count = len(fleet.up)
    if given.numbering == "listed":
        planes, each = given.planes or 0, given.per_plane or 0
        if planes * each != count:
            raise ScenarioError(
                Fault("planes times per_plane is not the number of satellites", scenario.where("lasers.planes"),
                      f"{planes} x {each}", f"{count:,} satellites")
            )  # fmt: skip
        plane, place = np.divmod(np.arange(count, dtype=np.int64), np.int64(each))
        full = np.ones(count, np.int64)
        return Recovered(0 * full, plane, place, planes * full, each * full, 0 * full, ()), ()
    # At the date of the elements, not where the run begins: of planes half a step apart, which neighbour stands ahead
    # depends on the instant, and a slot's lasers must be the same in every run.
    unix_s = float(to_unix_s(np.datetime64(fleet.date)))
    position, velocity = fleet.propagator.inertial_states(unix_s)
    known = (fleet.shell[able] >= 0).any()
    found = recover_planes(position, velocity, able, fleet.shell if known else _families(fleet))
    if scenario.constellation.source != "elements":
        return found, ()
    placed = sorted((fit for fit in found.fits if fit.places and fit.planes), key=lambda fit: -fit.satellites)
    rest = int(able.sum()) - sum(round(fit.assigned * fit.satellites) for fit in placed)
    told = [
        f"{fit.altitude_km:.0f} km {fit.inclination_deg:.1f}°: {fit.planes} planes of {fit.places} places, "
        f"{100 * fit.assigned:.0f} % of {fit.satellites:,} satellites within {fit.plane_rms_deg:.2f}° of node and "
        f"{fit.place_rms_deg:.2f}° along the orbit (rms)"
        for fit in placed[:_SHELLS_TOLD]
    ]
    told += [f"{len(placed) - len(told)} smaller shells"] if len(placed) > len(told) else []
    words = f"planes and places of satellites with lasers are recovered from their orbits: {'; '.join(told) or 'none'}"
    return found, (f"{words}; {rest:,} of {int(able.sum()):,} satellites have no place" if rest else words,)


def world_meshes(
    prepared: Prepared, world: World, rows: IntArray, slots: IntArray, positions: FloatArray, alone: bool = False
) -> Iterator[Mesh]:
    """Lasers in use in consecutive slots of a world.

    What stood before them decides what is acquired: the run's own timeline, or, for a slot taken alone in a world that
    may be another, that world as if it had always been.

    Parameters
    ----------
    prepared : Prepared
        The run, with lasers.
    world : World
        What is there.
    rows : (T,) int64
        Rows of the slots in it.
    slots : (T,) int64
        Consecutive absolute slots.
    positions : (T, 3, N) float64
        Earth-fixed positions, m.
    alone : bool
        Whether the slot is taken alone.

    Returns
    -------
    iterator of Mesh
        Slot by slot.
    """
    # Studies of losses change what is in service alone.
    works = np.asarray(world.satellite_up[rows] & world.laser_up[rows])

    def before(earlier: IntArray) -> Mask:
        return np.repeat(works[:1], len(earlier), axis=0) if alone else world_state(prepared, earlier).laser_up

    return slot_meshes(prepared, slots, positions, works, before)


def _families(fleet: Fleet) -> IntArray | None:
    """Shells of element sets of which nobody said who serves: gaps in inclination, then in mean altitude."""
    elements = fleet.propagator.elements
    if not isinstance(elements, Sgp4Elements):
        return None
    inclination = np.degrees(elements.inclo_rad)
    axis_km = (3600.0 * _MU_KM3_S2 / elements.no_kozai_rad_per_min**2) ** (1.0 / 3.0)
    family = np.zeros(len(inclination), np.int64)
    for values, gap in ((inclination, _APART_DEG), (axis_km, _APART_KM)):
        order = np.lexsort((values, family))
        new = (np.diff(values[order], prepend=values[order[0]]) > gap) | (np.diff(family[order], prepend=0) > 0)
        family[order] = np.cumsum(new)
    return family


def slot_meshes(
    prepared: Prepared, slots: IntArray, positions: FloatArray, up: Mask, up_before: Callable[[IntArray], Mask]
) -> Iterator[Mesh]:
    """Lasers in use in consecutive slots: wanted, possible, and acquired.

    Parameters
    ----------
    prepared : Prepared
        The run, with lasers.
    slots : (T,) int64
        Consecutive absolute slots.
    positions : (T, 3, N) float64
        Earth-fixed positions, m.
    up : (T, N) bool
        Satellites in service whose lasers work.
    up_before : callable
        Gives the same for earlier slots.

    Yields
    ------
    Mesh
        Slot by slot.
    """
    net = prepared.lasers
    assert net is not None
    history: deque[npt.NDArray[np.int32]] = deque(maxlen=net.wait_slots + 1)
    if net.wait_slots and slots[0] > 0:
        before = np.arange(max(0, slots[0] - net.wait_slots), slots[0], dtype=np.int64)
        for pair, _ in _possible(prepared, net, before, prepared.positions(before), up_before(before)):
            history.append(pair)
    for pair, length_m in _possible(prepared, net, slots, positions, up):
        history.append(pair)
        in_use = acquired(list(history))
        yield make_mesh(pair[in_use], length_m[in_use], len(net.able))


def _possible(
    prepared: Prepared, net: LaserNet, slots: IntArray, positions: FloatArray, up: Mask
) -> Iterator[tuple[Int32Array, FloatArray]]:
    """Links of each slot that are wanted and that geometry allows, with their lengths, m."""
    given = net.given
    later = prepared.positions(slots, _STEP_S) if given.slew_deg_s is not None else positions
    for slot, position, ahead, works in zip(slots.tolist(), positions, later, up, strict=True):
        able = net.able & works
        pair = net.wanted(slot, position, able)
        slew = None
        if given.slew_deg_s is not None:
            slew = Slew((ahead - position) / _STEP_S, math.radians(given.slew_deg_s))
        limits = 1e3 * given.range_km, 1e3 * given.grazing_height_km
        possible, length_m = usable_lasers(position, pair, able, *limits, slew)
        yield pair[possible], length_m[possible]
