"""One block of slots through the stages. Read this first.

::

    world_state      what is there: satellites, antennas, licence, power          (simulate.world)
    positions        orbit    -> Earth-fixed positions                            (orbit)
    links            geometry -> usable links of places and of gateways           (geometry)
    meshes           geometry, network -> lasers that are in use                  (simulate.lasers)
    follow           network  -> which satellites the gateways' antennas follow   (network.followed, .coverage)
    relay            network  -> ways of all others to those, over lasers         (network.relayed)
    score            network  -> the policy's preference for each link            (network.policies)
    share            network  -> serving satellite and beam time of each place    (network.beams)
    delay            network  -> round trip to the point of presence              (network.placedelay)

The contract is `advance`: a run is the same whole, chunked, resumed, on one thread or on two. A slot's links
depend on nothing but the slot. The choice depends on the slots before it only as far as the policy's memory
goes: a block starts with a warm-up of that many slots, so that any block can be computed alone; a policy with
unbounded memory is handed the state of the block before instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.geometry.passes import remaining_slots
from bentpipe.geometry.places import Places
from bentpipe.geometry.usable import LinkBuffers, UsableLinks, usable_links
from bentpipe.network.beams import BeamTime, share_beam_time
from bentpipe.network.choices import record_choices
from bentpipe.network.followed import Followed, follow_satellites
from bentpipe.network.further import FurtherLinks, further_links
from bentpipe.network.links import Links
from bentpipe.network.placedelay import place_round_trips_s
from bentpipe.network.relayed import Relayed, without_lasers
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.scoring import scored
from bentpipe.simulate.world import World, world_state

if TYPE_CHECKING:  # what lasers need takes long to compile
    from bentpipe.network.mesh import Mesh
    from bentpipe.simulate.paths import SlotPaths

#: Links that are held at once while looking ahead, which bounds the memory.
LINKS_AT_ONCE = 20_000_000
#: Policies that share rates over several satellites.
SEVERAL = ("multipath", "max-throughput")
_NO_SLOTS = np.empty(0, np.int16)


class State(NamedTuple):
    """What the scheduler remembers from one block to the next.

    Parameters
    ----------
    previous : (C,) int32, or None
        Satellite that served each place in the last slot, -1 for none; None where the policy's memory is
        bounded, since its blocks warm up by themselves, and at the start of a run.
    """

    previous: npt.NDArray[np.int32] | None = None


class SlotResult(NamedTuple):
    """One slot: what was usable, and what was chosen; `coverage_gap` as in ``results/variables.csv``.

    `followed` says which satellites gateways follow, `ways` how each satellite reaches the ground from there.
    """

    links: UsableLinks
    feeder_links: UsableLinks
    followed: Followed
    ways: Relayed
    beams: BeamTime
    score: npt.NDArray[np.float64]
    serving: npt.NDArray[np.int32]
    position_m: npt.NDArray[np.float64]
    places: Places
    mesh: Mesh | None
    coverage_gap: int


class Block(NamedTuple):
    """Results of T slots for C places, as arrays; see ``results/variables.csv`` for units.

    `rtt_s` is NaN where the load is computed, which is known after the rates (`bentpipe.simulate.load`).
    `handover` compares with the slot before, also across the edge of a block. `further` has the other links of each
    slot where rates are shared over several satellites. `landing` is the satellite whose feeder link is used, `ways`
    the ways of all satellites where there are lasers and rates, `laser_links` how many there are, `paths` those between
    named ends.
    """

    slots: npt.NDArray[np.int64]
    world: World
    usable: npt.NDArray[np.uint16]
    reachable: npt.NDArray[np.bool_]
    satellite: npt.NDArray[np.int32]
    gateway: npt.NDArray[np.int16]
    sin_elevation: npt.NDArray[np.float32]
    slant_range_m: npt.NDArray[np.float32]
    feeder_range_m: npt.NDArray[np.float32]
    landing: npt.NDArray[np.int32]
    lasers: npt.NDArray[np.int16]
    laser_m: npt.NDArray[np.float32]
    north: npt.NDArray[np.float32]
    cos_scan: npt.NDArray[np.float32]
    feeder_sine: npt.NDArray[np.float32]
    rtt_s: npt.NDArray[np.float32]
    beam_left: npt.NDArray[np.int32]
    beam_slices: npt.NDArray[np.int32]
    handover: npt.NDArray[np.bool_]
    antennas_in_use: npt.NDArray[np.int16]
    further: list[FurtherLinks | None]
    ways: list[Relayed | None]
    laser_links: npt.NDArray[np.int32]
    paths: list[SlotPaths | None]
    coverage_gap: npt.NDArray[np.int32]


class SlotSky(NamedTuple):
    """Geometry of one slot."""

    links: UsableLinks
    feeder_links: UsableLinks
    remaining: npt.NDArray[np.int16]
    position_m: npt.NDArray[np.float64]
    places: Places
    mesh: Mesh | None


def advance(prepared: Prepared, state: State, slots: Sequence[int], threads: int = 1) -> tuple[Block, State]:
    """Simulate some slots.

    Parameters
    ----------
    prepared : Prepared
        The run.
    state : State
        State after the slot before; `State()` at the start of a run.
    slots : sequence of int
        Consecutive absolute slot numbers.
    threads : int
        Threads over tiles of slots; the results do not depend on it.

    Returns
    -------
    block : Block
    state : State
        State after the last slot.
    """
    absolute = np.asarray(slots, np.int64)
    world = world_state(prepared, absolute)
    block = empty_block(prepared, absolute, world)
    memory = prepared.policy.memory_slots
    if memory is None:
        last = _serial(prepared, block, world, state.previous, threads)
        return block, State(last)
    if memory:
        # What is remembered must not depend on the threads: cut only where the memory starts anew in any case.
        tiles = np.split(np.arange(len(absolute)), np.flatnonzero(absolute % prepared.block_slots == 0))
    else:
        tiles = np.array_split(np.arange(len(absolute)), max(1, threads))
    tiles = [tile for tile in tiles if len(tile)]
    if len(tiles) == 1:
        _tile(prepared, block, world, tiles[0], memory)
    else:
        with ThreadPoolExecutor(max(1, threads)) as pool:
            for future in [pool.submit(_tile, prepared, block, world, tile, memory) for tile in tiles]:
                future.result()
    return block, State()


def advance_after(
    prepared: Prepared, previous: npt.NDArray[np.int32] | None, slots: Sequence[int], threads: int = 1
) -> tuple[Block, npt.NDArray[np.int32] | None]:
    """Simulate some slots of which it is known what served before: `advance` in smaller pieces.

    A policy of bounded memory would else go through its warm-up again for every piece.

    Parameters
    ----------
    prepared : Prepared
        The run.
    previous : (C,) int32, or None
        Satellite that served each place in the slot before, -1 for none; None where there is no such slot.
    slots : sequence of int
        Consecutive absolute slots; between them the policy's memory starts anew nowhere: see `slots_before`.
    threads : int
        Threads for the geometry.

    Returns
    -------
    block : Block
    previous : (C,) int32, or None
        The same, after the last of the slots.
    """
    absolute = np.asarray(slots, np.int64)
    world = world_state(prepared, absolute)
    block = empty_block(prepared, absolute, world)
    return block, _serial(prepared, block, world, previous, threads)


def slots_before(prepared: Prepared, slot: int, memory: int) -> npt.NDArray[np.int64]:
    """Slots to go through before one: from the memory's start, or the one before, whose choice tells handovers."""
    anchor = slot // prepared.block_slots * prepared.block_slots if memory else slot
    return np.arange(max(0, anchor - memory - 1), slot, dtype=np.int64)


def _tile(prepared: Prepared, block: Block, world: World, rows: npt.NDArray[np.int64], memory: int) -> None:
    """Consecutive slots of a block under a policy of bounded memory, after a warm-up of at least one slot."""
    previous: npt.NDArray[np.int32] | None = None
    before = slots_before(prepared, int(block.slots[rows[0]]), memory)
    buffers = (LinkBuffers(0), LinkBuffers(0))
    if len(before):
        previous = warm_up(prepared, before, buffers)
    slots = block.slots[rows]
    positions = prepared.positions(slots)
    meshes = meshes_of(prepared, world, rows, slots, positions)
    for row, slot, position, mesh in zip(rows.tolist(), slots.tolist(), positions, meshes, strict=True):
        sky = sky_of(prepared, world, row, position, mesh, buffers)
        result = choose_slot(prepared, world, row, slot, sky, previous)
        store_slot(prepared, block, world, row, slot, result, previous)
        previous = result.serving


def warm_up(
    prepared: Prepared, before: npt.NDArray[np.int64], buffers: tuple[LinkBuffers, LinkBuffers]
) -> npt.NDArray[np.int32]:
    """Serving satellites after some slots whose results are not kept."""
    world = world_state(prepared, before)
    previous = np.full(len(prepared.place_key), -1, np.int32)
    positions = prepared.positions(before)
    meshes = meshes_of(prepared, world, np.arange(len(before)), before, positions)
    for row, (slot, position, mesh) in enumerate(zip(before.tolist(), positions, meshes, strict=True)):
        sky = sky_of(prepared, world, row, position, mesh, buffers)
        previous = choose_slot(prepared, world, row, slot, sky, previous).serving
    return previous


def meshes_of(
    prepared: Prepared,
    world: World,
    rows: npt.NDArray[np.int64],
    slots: npt.NDArray[np.int64],
    positions: npt.NDArray[np.float64],
    alone: bool = False,
) -> Iterator[Mesh | None]:
    """Lasers in use in consecutive slots; None for bent pipes."""
    if prepared.lasers is None:
        return iter([None] * len(slots))
    from bentpipe.simulate.lasers import world_meshes

    return world_meshes(prepared, world, rows, slots, positions, alone)


def sky_of(
    prepared: Prepared,
    world: World,
    row: int,
    position: npt.NDArray[np.float64],
    mesh: Mesh | None,
    buffers: tuple[LinkBuffers, LinkBuffers],
    look_ahead: bool = True,
) -> SlotSky:
    """Usable links of one slot, valid until the buffers are used again."""
    if look_ahead and prepared.policy.lookahead_slots:
        slot = prepared.clock.containing(float(world.unix_s[row]))
        return look_on_threads(prepared, world, np.array([row]), np.array([slot], np.int64), 1)[0]
    up = np.ascontiguousarray(world.satellite_up[row])
    places = prepared.territory.places_at(float(world.unix_s[row]))
    steering = prepared.scenario.satellite.steering_deg
    links = usable_links(position, places, up, np.ascontiguousarray(world.allowed[row]), steering, buffers[0])
    feeder = usable_links(position, prepared.ground.places, up, world.antennas[row] > 0, 90.0, buffers[1])
    return SlotSky(links, feeder, _NO_SLOTS, position, places, mesh)


def _serial(
    prepared: Prepared, block: Block, world: World, previous: npt.NDArray[np.int32] | None, threads: int
) -> npt.NDArray[np.int32] | None:
    """Slots one after the other; only the geometry runs on threads."""
    count, ahead = len(block.slots), prepared.policy.lookahead_slots
    at_once = max(1, LINKS_AT_ONCE // (16 * len(prepared.place_key)) - ahead)
    for begin in range(0, count, at_once):
        rows = np.arange(begin, min(count, begin + at_once))
        skies = look_on_threads(prepared, world, rows, block.slots[rows], threads)
        for row, sky in zip(rows, skies, strict=True):
            result = choose_slot(prepared, world, int(row), int(block.slots[row]), sky, previous)
            store_slot(prepared, block, world, int(row), int(block.slots[row]), result, previous)
            previous = result.serving
    return previous


def look_on_threads(
    prepared: Prepared, world: World, rows: npt.NDArray[np.int64], slots: npt.NDArray[np.int64], threads: int
) -> list[SlotSky]:
    """Usable links of some slots of a world, tiles of them on threads, with what a policy that looks ahead needs."""
    ahead = prepared.policy.lookahead_slots
    later = np.arange(slots[-1] + 1, slots[-1] + 1 + ahead, dtype=np.int64)
    parts = [(world, r, s) for r, s in zip(np.array_split(rows, threads), np.array_split(slots, threads), strict=True)]
    if ahead:
        parts.append((world_state(prepared, later), np.arange(ahead), later))
    with ThreadPoolExecutor(max(1, threads)) as pool:
        found = pool.map(lambda part: _look(prepared, *part), [p for p in parts if len(p[1])])
        skies = [sky for part in found for sky in part]
    if ahead:
        remaining = remaining_slots([sky.links for sky in skies], len(prepared.fleet.up), ahead)
        skies = [sky._replace(remaining=slots) for sky, slots in zip(skies, remaining, strict=False)]
    return skies[: len(rows)]


def _look(prepared: Prepared, world: World, rows: npt.NDArray[np.int64], slots: npt.NDArray[np.int64]) -> list[SlotSky]:
    """Usable links of some slots, in memory of their own."""
    positions = prepared.positions(slots)
    return [
        sky_of(prepared, world, row, position, mesh, (LinkBuffers(0), LinkBuffers(0)), look_ahead=False)
        for row, position, mesh in zip(
            rows.tolist(), positions, meshes_of(prepared, world, rows, slots, positions), strict=True
        )
    ]


def choose_slot(
    prepared: Prepared,
    world: World,
    row: int,
    slot: int,
    sky: SlotSky,
    previous: npt.NDArray[np.int32] | None,
    people: int = 0,
) -> SlotResult:
    """Antennas, preferences and beam time of one slot."""
    links, feeder = sky.links, sky.feeder_links
    who = prepared.people[people]
    velocity = prepared.scenario.fibre.velocity_factor
    route = world.fibre_route_m[row] / velocity
    need = np.where(world.allowed[row], who.need, 0)
    antennas = np.ascontiguousarray(world.antennas[row])
    followed, most = _follow(prepared, links, feeder, need, route, antennas)
    if sky.mesh is None:
        ways = without_lasers(followed)
    else:
        from bentpipe.network.relaying import follow_more, relay

        places, gateways = (links.start, links.stop, links.satellite, need), feeder[:3]
        followed = follow_more(followed, *places, *gateways, feeder.slant_range_m, antennas, sky.mesh)
        ways = relay(followed, sky.mesh, route, prepared.hop_m)
    has_way = ways.gateway >= 0
    down_path = _down_m(prepared, ways) + np.where(has_way, route[ways.gateway], 0.0) if len(route) else ways.range_m
    nobody = np.full(len(who.need), -1, np.int32)
    score = scored(
        prepared.policy,
        Links(
            slot, who.seed, links.start, links.stop, links.satellite, links.sin_elevation, links.north,
            links.slant_range_m, sky.remaining, has_way, down_path, prepared.fleet.satellite_id,
            prepared.fleet.log_weight, prepared.place_key, prepared.poleward_sign,
            nobody if previous is None or prepared.policy.memory_slots == 0 else previous,
        ),
    )  # fmt: skip
    beams = share_beam_time(
        links.start, links.stop, links.satellite, score, has_way, need, who.want,
        prepared.choosing_order(who.seed, slot), prepared.satellite_room,
        prepared.policy.coverage_first,
    )  # fmt: skip
    serving = np.full(len(need), -1, np.int32)
    served = beams.link >= 0
    serving[served] = links.satellite[beams.link[served]]
    gap = -1 if most is None else most - int(served.sum())
    return SlotResult(links, feeder, followed, ways, beams, score, serving, sky.position_m, sky.places, sky.mesh, gap)


def _down_m(prepared: Prepared, ways: Relayed) -> npt.NDArray[np.float64]:
    """Lasers, forwarding and feeder link of each satellite, (N,) m of vacuum; infinity where there is no way."""
    if prepared.lasers is None:
        return ways.range_m
    return np.asarray(ways.range_m + ways.laser_m + prepared.hop_m * ways.lasers)


def round_trips_s(prepared: Prepared, world: World, row: int, slot: int, result: SlotResult) -> npt.NDArray[np.float32]:
    """Idle round trip of each place, (C,) s; NaN where it is not served, or the load is computed."""
    links, ways = result.links, result.ways
    return place_round_trips_s(
        slot, prepared.scenario.seed, result.beams.link, links.satellite, links.slant_range_m, ways.gateway,
        _down_m(prepared, ways), np.ascontiguousarray(world.fibre_route_m[row]), prepared.fleet.satellite_id,
        prepared.place_key, prepared.scenario.fibre.velocity_factor, prepared.fixed_s, prepared.wait_s,
        prepared.access.slot_log_sigma,
    )  # fmt: skip


def _follow(
    prepared: Prepared,
    links: UsableLinks,
    feeder: UsableLinks,
    need: npt.NDArray[np.int64],
    route_m: npt.NDArray[np.float64],
    antennas: npt.NDArray[np.int64],
) -> tuple[Followed, int | None]:
    """Satellites to follow; where the policy puts coverage first, also the places that no choice can exceed."""
    rows = (
        links.start, links.stop, links.satellite, need, feeder.start, feeder.stop, feeder.satellite,
        feeder.slant_range_m, route_m, antennas,
    )  # fmt: skip
    if prepared.policy.coverage_first:
        from bentpipe.network.coverage import follow_for_coverage  # its kernels take long to compile

        return follow_for_coverage(*rows, prepared.satellite_room)
    return follow_satellites(*rows, len(prepared.fleet.up)), None


def store_slot(
    prepared: Prepared,
    block: Block,
    world: World,
    row: int,
    slot: int,
    result: SlotResult,
    previous: npt.NDArray[np.int32] | None,
) -> None:
    """Write one slot into the block."""
    links, ways, beams = result.links, result.ways, result.beams
    record_choices(
        links.start, links.stop, links.satellite, links.sin_elevation, links.north, links.slant_range_m,
        ways.gateway, ways.range_m, ways.gateways_in_view, ways.landing, beams.link, result.position_m,
        result.places.position_m, result.places.boresight, prepared.ground.places.position_m, prepared.ground.up,
        block.usable[row], block.reachable[row], block.gateway[row], block.sin_elevation[row], block.north[row],
        block.slant_range_m[row], block.feeder_range_m[row], block.cos_scan[row], block.feeder_sine[row],
    )  # fmt: skip
    if prepared.scenario.policies.sharing in SEVERAL:
        block.further[row] = further_links(
            links.start, links.stop, links.satellite, links.sin_elevation, links.slant_range_m, ways.gateway,
            ways.range_m, beams.link, result.position_m, result.places.position_m, result.places.boresight,
            prepared.ground.places.position_m, prepared.ground.up,
        )  # fmt: skip
    block.beam_left[row] = np.where(result.serving >= 0, beams.left[result.serving], 0)
    block.satellite[row] = result.serving
    if prepared.lasers is not None:
        served = result.serving >= 0
        for out, values in ((block.landing, ways.landing), (block.lasers, ways.lasers), (block.laser_m, ways.laser_m)):
            out[row] = np.where(served, values[result.serving], 0)
        if prepared.radio is not None:
            block.ways[row] = ways
    if result.mesh is not None:
        block.laser_links[row] = len(result.mesh.pair)
        if prepared.paths is not None:
            from bentpipe.simulate.paths import slot_paths

            geometry = result.position_m, links, result.feeder_links, world.fibre_route_m[row]
            block.paths[row] = slot_paths(prepared, prepared.paths, slot, result.mesh, *geometry)
    block.rtt_s[row] = round_trips_s(prepared, world, row, slot, result)
    block.beam_slices[row] = beams.slices
    changed = (result.serving >= 0) & (result.serving != previous) if previous is not None else False
    block.handover[row] = changed & (previous >= 0) if previous is not None else False
    used = result.followed.gateway[result.followed.gateway >= 0]
    block.antennas_in_use[row] = np.bincount(used, minlength=block.antennas_in_use.shape[1])
    block.coverage_gap[row] = result.coverage_gap


def empty_block(prepared: Prepared, slots: npt.NDArray[np.int64], world: World) -> Block:
    """Room for the results of some slots."""
    shape = (len(slots), len(prepared.place_key))

    def floats() -> npt.NDArray[np.float32]:
        return np.empty(shape, np.float32)

    return Block(
        slots=slots,
        world=world,
        usable=np.empty(shape, np.uint16),
        reachable=np.empty(shape, np.bool_),
        satellite=np.empty(shape, np.int32),
        gateway=np.empty(shape, np.int16),
        sin_elevation=floats(),
        slant_range_m=floats(),
        feeder_range_m=floats(),
        landing=np.zeros(shape, np.int32),
        lasers=np.zeros(shape, np.int16),
        laser_m=np.zeros(shape, np.float32),
        north=floats(),
        cos_scan=floats(),
        feeder_sine=floats(),
        rtt_s=floats(),
        beam_left=np.empty(shape, np.int32),
        beam_slices=np.empty(shape, np.int32),
        handover=np.empty(shape, np.bool_),
        antennas_in_use=np.empty((len(slots), len(prepared.ground.id)), np.int16),
        further=[None] * len(slots),
        ways=[None] * len(slots),
        laser_links=np.zeros(len(slots), np.int32),
        paths=[None] * len(slots),
        coverage_gap=np.empty(len(slots), np.int32),
    )
