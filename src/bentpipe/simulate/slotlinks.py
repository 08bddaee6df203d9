"""Which satellites the gateways' antennas follow in a slot, and which lasers are in use."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.geometry.usable import LinkBuffers
from bentpipe.network.policies import SCHEDULING
from bentpipe.registry import find_policy
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.recipe import choose_slot, meshes_of, sky_of
from bentpipe.simulate.world import world_state


class SlotLinks(NamedTuple):
    """Links of one slot beside those of users.

    Parameters
    ----------
    feeder : (F, 2) int32
        Satellite, and the gateway of which an antenna follows it; by satellite.
    lasers : (L, 2) int32
        Satellites whose lasers are in use, the lower index first.
    """

    feeder: npt.NDArray[np.int32]
    lasers: npt.NDArray[np.int32]


def slot_links(prepared: Prepared, slot: int) -> SlotLinks:
    """Find the feeder links and lasers of a slot.

    Neither rests on what served before, so that nothing of the policy counts but whether it puts coverage first.

    Parameters
    ----------
    prepared : Prepared
        The run.
    slot : int
        Absolute slot.

    Returns
    -------
    SlotLinks
        As in the run.
    """
    alike = find_policy(SCHEDULING, "max-coverage" if prepared.policy.coverage_first else "highest")
    chosen = replace(prepared, policy=alike)
    slots = np.array([slot], np.int64)
    world, positions = world_state(chosen, slots), chosen.positions(slots)
    (mesh,) = meshes_of(chosen, world, np.array([0]), slots, positions)
    sky = sky_of(chosen, world, 0, positions[0], mesh, (LinkBuffers(0), LinkBuffers(0)))
    gateway = choose_slot(chosen, world, 0, slot, sky, None).followed.gateway
    satellite = np.flatnonzero(gateway >= 0)
    feeder = np.stack([satellite, gateway[satellite]], axis=1).astype(np.int32)
    lasers = np.zeros((0, 2), np.int32) if mesh is None else np.ascontiguousarray(mesh.pair, np.int32)
    return SlotLinks(feeder, lasers)
