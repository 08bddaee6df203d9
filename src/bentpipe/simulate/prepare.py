"""A scenario resolved to arrays: names to numbers, places to positions, events to windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import numpy.typing as npt

from bentpipe.draws import Purpose, place_id, uniforms
from bentpipe.earth import EarthOrientation, load_earth_orientation, to_unix_s
from bentpipe.errors import Fault, InputError, ScenarioError
from bentpipe.geometry.places import Places
from bentpipe.network.access import AccessParameters, access_parameters
from bentpipe.network.delay import fixed_access_s, median_wait_s
from bentpipe.network.loss import LossParameters, loss_parameters
from bentpipe.network.observed import poleward_fade
from bentpipe.network.policies import SCHEDULING
from bentpipe.orbit import Propagator
from bentpipe.registry import Policy, find_policy
from bentpipe.scenario import Access, Scenario, check_references
from bentpipe.scenario.services import NEED_UPLINK, ServiceName
from bentpipe.simulate.checking import outside_faults
from bentpipe.simulate.fleet import Fleet, make_fleet, shell_planes
from bentpipe.simulate.ground import Ground, make_ground
from bentpipe.simulate.people import People, make_people
from bentpipe.simulate.radio import Radio, make_radio
from bentpipe.simulate.territory import Territory, make_territory
from bentpipe.slots import SlotClock, block_length

if TYPE_CHECKING:  # what lasers need takes long to compile
    from bentpipe.simulate.lasers import LaserNet
    from bentpipe.simulate.paths import PathPlan

#: Seeds of the range that is given beside an answer, the run's own included.
SEEDS = 10
#: The other seeds are run, too, every so many slots (half an hour), or more often, so that there are about so many.
SEED_STRIDE = 120
SEED_SAMPLES = 12


@dataclass(frozen=True)
class Prepared:
    """What `advance` needs, as arrays; nothing in it changes during a run.

    Places are the cells, then the named sites.

    Parameters
    ----------
    scenario : Scenario
        What was asked.
    policy : Policy
        Scheduling policy.
    clock : SlotClock
        Grid of slots.
    slots : range
        Slots of the run.
    fleet : Fleet
        Satellites.
    ground : Ground
        Gateways and points of presence.
    territory : Territory
        Cells, sites and regions.
    people : tuple of People
        Terminals and power for each seed; the first is the run's own.
    lasers : LaserNet or None
        Lasers between satellites; None for bent pipes only.
    paths : PathPlan or None
        Paths that are followed; None where there are none.
    radio : Radio or None
        What rates are computed from; None for a run without them.
    orientation : EarthOrientation
        UT1-UTC.
    access : AccessParameters
        Waits of the access network: fitted to Starlink, or as the scenario gives them.
    loss : LossParameters or None
        Bursts of loss; None for another operator than Starlink.
    fixed_s, wait_s : float
        Fixed part and median wait of the access delay at the scenario's load, s; NaN where the load is computed.
    place_key : (C,) uint64
        Keys of the places for draws.
    poleward_sign : (C,) float64
        See `bentpipe.network.links.Links`.
    warnings : tuple of str
        What a user should know.
    """

    scenario: Scenario
    policy: Policy
    clock: SlotClock
    slots: range
    fleet: Fleet
    ground: Ground
    territory: Territory
    people: tuple[People, ...]
    lasers: LaserNet | None
    paths: PathPlan | None
    radio: Radio | None
    orientation: EarthOrientation
    access: AccessParameters
    loss: LossParameters | None
    fixed_s: float
    wait_s: float
    place_key: npt.NDArray[np.uint64]
    poleward_sign: npt.NDArray[np.float64]
    warnings: tuple[str, ...]

    @cached_property
    def beam_cells(self) -> npt.NDArray[np.int64]:
        """Beam cells that each place holds, one at least, (C,) int64."""
        area_km2 = self.territory.area_m2 / 1e6
        return np.maximum(1, np.ceil(area_km2 / self.scenario.satellite.beam_cell_km2)).astype(np.int64)

    @cached_property
    def block_slots(self) -> int:
        """Slots between the absolute slots at which a policy's memory starts anew."""
        return block_length(self.block_values)

    @property
    def block_values(self) -> int:
        """Values of a kind that a slot of a block holds, which bounds its length: places; paths; ways of satellites."""
        lasers = len(self.fleet.up) if self.lasers else 0
        return len(self.place_key) + lasers + (len(self.paths.pair) if self.paths else 0)

    @cached_property
    def satellite_room(self) -> npt.NDArray[np.int64]:
        """Slices of beam time that each satellite has for the territory, (N,) int64."""
        limits = self.scenario.satellite
        slices = round(limits.beams * limits.cells_per_beam * (1.0 - limits.background_share))
        return np.full(len(self.fleet.up), slices, np.int64)

    @cached_property
    def _orders(self) -> dict[tuple[int, int], npt.NDArray[np.int64]]:
        return {}

    def choosing_order(self, seed: int, slot: int) -> npt.NDArray[np.int64]:
        """Order in which places choose, (C,) int64: drawn anew every 20 slots, so that nobody is always last."""
        period = slot // 20
        found = self._orders.get((seed, period))
        if found is None:
            draw = uniforms(seed, Purpose.ORDER, period, 0, self.place_key)
            found = np.lexsort((self.place_key, draw)).astype(np.int64)
            if len(self._orders) > 64:
                self._orders.clear()
            self._orders[seed, period] = found
        return found

    def without_event(self, index: int) -> Prepared:
        """The same run as if one event of the timeline did not happen."""
        events = self.scenario.disruptions
        kept = self.scenario.model_copy(update={"disruptions": events[:index] + events[index + 1 :]})
        channel_bps = self.radio.nominal_bps if self.radio else 0.0
        people = tuple(make_people(kept, self.territory, self.place_key, p.seed, channel_bps) for p in self.people[:1])
        return replace(self, scenario=kept, people=people)

    def positions(self, slots: npt.NDArray[np.int64], later_s: float = 0.0) -> npt.NDArray[np.float64]:
        """Earth-fixed positions of the satellites at the starts of slots, or some seconds later, (T, 3, N) m."""
        unix_s = self.clock.start_unix_s(slots) + later_s
        return self.propagator.earth_fixed_positions(unix_s, self.orientation.ut1_minus_utc(unix_s))

    @property
    def hop_m(self) -> float:
        """Forwarding at one laser, m of vacuum; 0 without lasers."""
        return self.lasers.hop_m if self.lasers else 0.0

    @property
    def propagator(self) -> Propagator:
        """Positions of the satellites."""
        return self.fleet.propagator

    @property
    def places(self) -> Places:
        """Cells, then sites."""
        return self.territory.places


def scheduling_policy(wanted: str | Policy | Callable[[Any], Any]) -> Policy:
    """Find a scheduling policy.

    Parameters
    ----------
    wanted : str, Policy or callable
        A name, a policy, or a scoring function.

    Returns
    -------
    Policy

    Raises
    ------
    UnknownNameError
        Where no policy has that name.
    """
    return find_policy(SCHEDULING, wanted)


def prepare(
    scenario: Scenario,
    scheduling: str | Policy | Callable[[Any], Any] | None = None,
    seeds: int = SEEDS,
    topology: Any = None,
    routing: Any = None,
    like: Prepared | None = None,
) -> Prepared:
    """Resolve a scenario.

    Parameters
    ----------
    scenario : Scenario
        What to simulate.
    scheduling : str, Policy or callable, optional
        Scheduling policy in place of the scenario's.
    seeds : int
        Seeds of the range, the scenario's own included.
    topology, routing : str, policy or callable, optional
        Who points lasers at whom, and what paths are chosen by, in place of the scenario's; see
        `bentpipe.network.topology` and `bentpipe.network.routing`.
    like : Prepared, optional
        Another run: what takes long to compute and rests on the same numbers there is taken from it, as it is.

    Returns
    -------
    Prepared

    Raises
    ------
    InputError
        Every fault that shows only against the catalogue: unknown regions, files that cannot be read.
    """
    policy = scheduling_policy(scheduling or scenario.policies.scheduling)
    try:
        return _resolved(scenario, policy, seeds, topology, routing, like)
    except InputError as error:
        faults = outside_faults(scenario)
        if not faults:
            raise
        # The same faults, all of them, with file and line, that `bentpipe validate` tells.
        raise ScenarioError(*faults) from error


def _resolved(
    scenario: Scenario, policy: Policy, seeds: int, topology: Any, routing: Any, like: Prepared | None
) -> Prepared:
    clock = SlotClock(scenario.time.slot_s, scenario.time.slot_offset_s)
    start = float(to_unix_s(scenario.time.start))
    slots = clock.starting_from(start, scenario.time.duration_s)
    if slots.start < 0 or slots.stop >= 2**32:
        raise ScenarioError(
            Fault("slots are counted from 2000", scenario.where("time.start"), scenario.time.start, "2000 on")
        )
    orientation = load_earth_orientation()
    fleet = make_fleet(scenario)
    ground = make_ground(scenario)
    numbers = fleet.satellite_id.tolist() if scenario.constellation.source == "elements" else None
    pops = {pop.id for pop in ground.pops}
    planes = shell_planes(scenario)
    unknown = check_references(scenario, gateways=set(ground.id), pops=pops, catalog_numbers=numbers, planes=planes)
    if unknown:
        raise ScenarioError(*unknown)
    territory = make_territory(scenario, {*ground.region.tolist(), *ground.country.tolist()} - {""})
    if not len(ground.latitude_deg) and not scenario.follows_paths:
        raise ScenarioError(
            Fault(
                "no gateway",
                scenario.where("gateways"),
                None,
                "one or more",
                "only a study of paths over lasers needs none",
            )
        )
    era = scenario.access.era or scenario.time.start.date()
    starlink = scenario.constellation.operator == "starlink"
    own = _access(scenario.access)
    if own is None and not starlink:
        what = f"the access network fitted to Starlink says nothing of {scenario.constellation.operator}"
        remedy = "read the scenario with load_scenario, which fills in the operator's, or give all of them"
        raise ScenarioError(Fault(what, scenario.where("access"), None, "frame_ms and its companions", remedy))
    access = own or access_parameters(era, scenario.access.probe)
    key = np.concatenate([territory.cell_id, np.array([place_id(s.id) for s in territory.sites], np.uint64)]).astype(
        np.uint64
    )
    lasers, paths = _mesh(scenario, fleet, territory, ground, topology, routing)
    others = [(scenario.seed + i) % 2**32 for i in range(seeds)]
    radio = make_radio(scenario, territory, ground, fleet, tuple(others), like.radio if like else None)
    channel_bps = radio.nominal_bps if radio else 0.0
    people = tuple(make_people(scenario, territory, key, seed, channel_bps) for seed in others)
    return Prepared(
        scenario=scenario,
        policy=policy,
        clock=clock,
        slots=slots,
        fleet=fleet,
        ground=ground,
        territory=territory,
        people=people,
        lasers=lasers,
        paths=paths,
        radio=radio,
        orientation=orientation,
        access=access,
        loss=loss_parameters(era) if starlink else None,
        fixed_s=fixed_access_s(access),
        wait_s=_wait_s(access, scenario.access.load),
        place_key=key,
        poleward_sign=poleward_fade(territory.latitude_deg),
        warnings=(
            *scenario.notes,
            *fleet.warnings,
            *territory.warnings,
            *ground.warnings,
            *(lasers.warnings if lasers else ()),
            *_rival_warnings(scenario.constellation.operator, policy.name),
            *(radio.warnings if radio else ()),
            *_service_warnings(scenario, radio),
            *_orientation_warning(orientation, start),
        ),
    )


def _mesh(
    scenario: Scenario, fleet: Fleet, territory: Territory, ground: Ground, topology: Any, routing: Any
) -> tuple[LaserNet | None, PathPlan | None]:
    """Lasers and the paths over them."""
    if scenario.lasers is None:
        for name, policy in (("topology", topology), ("routing", routing)):
            if policy is not None:
                what = f"this constellation has no lasers: there is nothing for a {name} policy to decide"
                raise ScenarioError(Fault(what, name, getattr(policy, "__name__", policy), remedy="add [lasers]"))
        return None, None
    from bentpipe.simulate.lasers import make_lasers
    from bentpipe.simulate.paths import make_paths

    return make_lasers(scenario, fleet, topology), make_paths(scenario, territory, ground, routing)


def _access(given: Access) -> AccessParameters | None:
    """The access network that a scenario gives; None where that fitted to Starlink is meant."""
    frame, grant, load = given.frame_ms, given.grant_wait_ms, given.load_wait_ms
    between, within = given.slot_log_sigma, given.within_log_sigma
    if frame is None or grant is None or load is None or between is None or within is None:
        return None
    return AccessParameters(frame / 1e3, grant / 1e3, 0.0, load / 1e3, between, within)


def _rival_warnings(operator: str, policy: str) -> tuple[str, ...]:
    """What is assumed of an operator other than Starlink."""
    if operator == "starlink":
        return ()
    told = [f"{operator}: the delay of the access network is assumed, not measured; packet loss is not modelled (NaN)"]
    if operator in ("oneweb", "geostationary"):
        told.append(f"{operator}: beams are fixed, but their time is shared as if each could point anywhere: too good")
    if policy == "observed":
        told.append(
            f"{operator}: the policy 'observed' is fitted to Starlink's scheduler; this operator's is not known"
        )
    return tuple(told)


def _service_warnings(scenario: Scenario, radio: Radio | None) -> tuple[str, ...]:
    """What is assumed of the services; refuses what cannot be judged without the uplink."""
    judge = scenario.services.judge
    blind = [name for name in judge if name in NEED_UPLINK]
    if blind and radio is not None and radio.up is None:
        what = f"{', '.join(blind)}: not to be judged without rates from users"
        allowed = ", ".join(name for name in get_args(ServiceName) if name not in NEED_UPLINK)
        remedy = f"take them out; {'; '.join(radio.warnings) or 'the catalogue lacks the figures of the uplink'}"
        raise ScenarioError(Fault(what, scenario.where("services.judge"), list(judge), allowed, remedy))
    if not judge or scenario.constellation.operator == "starlink":
        return ()
    return ("packet loss is not modelled for this operator: services are judged as if no packet were lost",)


def _wait_s(access: AccessParameters, load: float | str) -> float:
    return float("nan") if isinstance(load, str) else float(median_wait_s(access, load))


def _orientation_warning(orientation: EarthOrientation, unix_s: float) -> tuple[str, ...]:
    bound = float(np.max(orientation.bound_s(np.array([unix_s]))))
    if bound < 0.1:
        return ()
    return (
        f"the Earth's rotation at this date is known to {bound:.1f} s only: every satellite is off by up to "
        f"{465 * bound:.0f} m in longitude, all alike",
    )
