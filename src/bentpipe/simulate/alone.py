"""Slots taken by themselves: for explanations, for what would be without an event, and for what random losses cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from bentpipe.geometry.usable import LinkBuffers
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.recipe import (
    Block,
    SlotResult,
    SlotSky,
    State,
    choose_slot,
    empty_block,
    look_on_threads,
    meshes_of,
    round_trips_s,
    sky_of,
    slots_before,
    store_slot,
    warm_up,
)
from bentpipe.simulate.world import World, same_sky, seed_worlds, world_state


def slot_in_detail(prepared: Prepared, state: State, slot: int) -> tuple[SlotResult, World]:
    """One slot with everything that the choice rests on, for an explanation.

    Parameters
    ----------
    prepared : Prepared
        The run.
    state : State
        State after the slot before, where the policy's memory is unbounded.
    slot : int
        Absolute slot.

    Returns
    -------
    SlotResult, World
    """
    slots = np.array([slot], np.int64)
    world = world_state(prepared, slots)
    previous, memory = state.previous, prepared.policy.memory_slots
    if memory:
        previous = warm_up(prepared, slots_before(prepared, slot, memory), (LinkBuffers(0), LinkBuffers(0)))
    (sky,) = look_on_threads(prepared, world, np.array([0]), slots, 1)
    return choose_slot(prepared, world, 0, slot, sky, previous), world


def seed_samples(
    prepared: Prepared, slots: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Terminals connected under each seed, by region, in sampled slots.

    Parameters
    ----------
    prepared : Prepared
        The run.
    slots : (M,) int64
        Sampled slots.

    Returns
    -------
    connected : (M, S, R) int64
        Terminals of cells, for each seed.
    slots : (M,) int64
    """
    cells = len(prepared.territory.cell_id)
    worlds = seed_worlds(prepared, slots)
    served = served_alone(prepared, slots, worlds, range(len(worlds)))
    ready = np.stack([world.ready for world in worlds], axis=1)
    return prepared.territory.by_region(np.where(served, ready, 0)[..., :cells]), slots


def served_alone(
    prepared: Prepared,
    slots: npt.NDArray[np.int64],
    worlds: Sequence[World],
    people: Sequence[int] = (),
    rtt_s: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.bool_]:
    """Places that are served in slots taken one by one, without memory of the slot before, in each of several worlds.

    Parameters
    ----------
    prepared : Prepared
        The run.
    slots : (M,) int64
        Absolute slots, in any order.
    worlds : sequence of W World
        Each over these slots.
    people : sequence of W int
        Which of the seeds schedules each world; the run's own where none is given.
    rtt_s : (M, W, C) float32, optional
        Written: idle round trips, s; NaN where not served, and where the load is computed.

    Returns
    -------
    (M, W, C) bool
    """
    out = np.zeros((len(slots), len(worlds), len(prepared.place_key)), np.bool_)
    buffers = (LinkBuffers(0), LinkBuffers(0))
    for m, (slot, position) in enumerate(zip(slots.tolist(), prepared.positions(slots), strict=True)):
        seen = worlds[0]
        sky = _alone(prepared, seen, m, slot, position, buffers)
        for i, world in enumerate(worlds):
            if not same_sky(seen, world, m):
                seen = world
                sky = _alone(prepared, seen, m, slot, position, buffers)
            who = people[i] if people else 0
            result = choose_slot(prepared, world, m, slot, sky, None, who)
            out[m, i] = result.serving >= 0
            if rtt_s is not None:
                rtt_s[m, i] = round_trips_s(prepared, world, m, slot, result)
    return out


def _alone(
    prepared: Prepared,
    world: World,
    row: int,
    slot: int,
    position: npt.NDArray[np.float64],
    buffers: tuple[LinkBuffers, LinkBuffers],
) -> SlotSky:
    """Geometry of one slot taken by itself."""
    (mesh,) = meshes_of(prepared, world, np.array([row]), np.array([slot], np.int64), position[None], alone=True)
    return sky_of(prepared, world, row, position, mesh, buffers)


def blocks_alone(slot: int, cases: Sequence[tuple[Prepared, World]]) -> Iterator[Block]:
    """Schedule one slot in several cases, without memory of the slot before.

    Parameters
    ----------
    slot : int
        Absolute slot.
    cases : sequence of (Prepared, World)
        Variants of one run with the same satellites and places, each with the world of that slot alone. Neighbours
        in the sequence that see the same sky share its geometry.

    Yields
    ------
    Block
        Of one slot, case by case.
    """
    buffers = (LinkBuffers(0), LinkBuffers(0))
    slots = np.array([slot], np.int64)
    seen: tuple[Prepared, World, SlotSky] | None = None
    for prepared, world in cases:
        if seen is None or prepared.ground is not seen[0].ground or not same_sky(seen[1], world, 0):
            same_fleet = seen is not None and prepared.fleet is seen[0].fleet
            position = seen[2].position_m if seen and same_fleet else prepared.positions(slots)[0]
            seen = prepared, world, _alone(prepared, world, 0, slot, position, buffers)
        block = empty_block(prepared, slots, world)
        store_slot(prepared, block, world, 0, slot, choose_slot(prepared, world, 0, slot, seen[2], None), None)
        yield block
