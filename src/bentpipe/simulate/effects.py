"""What each event does: the run beside the same run without that event, in sampled slots."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.scenario.disruptions import Disruption
from bentpipe.simulate.alone import served_alone
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.timeline import felt_s
from bentpipe.simulate.world import World, world_state

#: Slots in which an event is compared, at most.
COMPARED = 24


def compared_slots(prepared: Prepared, event: Disruption, most: int = COMPARED) -> npt.NDArray[np.int64]:
    """Slots of the run in which an event is felt, evenly spaced by absolute number.

    Parameters
    ----------
    prepared : Prepared
        The run.
    event : Disruption
        One of its timeline.
    most : int
        Slots at most.

    Returns
    -------
    (M,) int64
        Empty where the event lies outside the run.
    """
    slots = np.arange(prepared.slots.start, prepared.slots.stop, dtype=np.int64)
    start, end = felt_s(prepared.scenario, event)
    unix_s = prepared.clock.start_unix_s(slots)
    held = slots[(unix_s >= start) & (unix_s < end)]
    stride = max(1, -(-len(held) // most))
    return np.asarray(held[held % stride == 0], np.int64)


def event_effects(prepared: Prepared) -> list[dict[str, Any] | None]:
    """Terminals, users and sites connected with each event and without it, and their delay, over some slots.

    Every other event of the timeline is there on both sides. Each slot is scheduled for itself, without the memory of
    the slot before.

    Parameters
    ----------
    prepared : Prepared
        The run.

    Returns
    -------
    list of dict or None
        In the order of the timeline: the number of slots compared, means over them, and the median idle round trip over
        connected places and slots (ms; None where nobody is connected, or the load is computed); None where the event
        lies outside the run.
    """
    known: dict[bytes, tuple[World, _Served]] = {}
    found: list[dict[str, Any] | None] = []
    for index, event in enumerate(prepared.scenario.disruptions):
        slots = compared_slots(prepared, event)
        if not len(slots):
            found.append(None)
            continue
        world, served = known.get(slots.tobytes(), (None, None))
        if world is None or served is None:
            world = world_state(prepared, slots)
            served = _served(prepared, slots, world)
            known[slots.tobytes()] = world, served
        without = world_state(prepared.without_event(index), slots)
        same = all(np.array_equal(*pair) for pair in _what_scheduling_sees(world, without))
        other = served if same else _served(prepared, slots, without)
        here, there = _connected(prepared, served, world), _connected(prepared, other, without)
        found.append(
            {
                "slots": len(slots),
                **{f"{name}_with": here[name] for name in here},
                **{f"{name}_without": there[name] for name in there},
            }
        )
    return found


def _what_scheduling_sees(one: World, other: World) -> tuple[tuple[npt.NDArray[Any], npt.NDArray[Any]], ...]:
    return (
        (one.satellite_up, other.satellite_up),
        (one.laser_up, other.laser_up),
        (one.allowed, other.allowed),
        (one.antennas, other.antennas),
        (one.fibre_route_m, other.fibre_route_m),
    )


class _Served(NamedTuple):
    """Places that are served in T slots, and their idle round trips, s, each (T, C)."""

    where: npt.NDArray[np.bool_]
    rtt_s: npt.NDArray[np.float32]


def _served(prepared: Prepared, slots: npt.NDArray[np.int64], world: World) -> _Served:
    rtt_s = np.empty((len(slots), 1, len(prepared.place_key)), np.float32)
    return _Served(served_alone(prepared, slots, [world], (), rtt_s)[:, 0], rtt_s[:, 0])


def _connected(prepared: Prepared, served: _Served, world: World) -> dict[str, float | None]:
    """Means over the slots of terminals and users in cells of regions, and of named sites; their median delay, ms."""
    cells = len(prepared.territory.cell_id)
    ready = np.where(served.where, world.ready, 0)
    known = np.isfinite(served.rtt_s) & (ready > 0)
    rtt_ms = round(1e3 * float(np.median(served.rtt_s[known])), 2) if known.any() else None
    terminals = float(prepared.territory.by_region(ready[:, :cells]).sum(axis=1).mean())
    users = terminals * prepared.scenario.terminals.users_per_terminal
    sites = float((ready[:, cells:] > 0).sum(axis=1).mean())
    return {"terminals": round(terminals, 3), "users": round(users, 3), "sites": round(sites, 3), "rtt_ms": rtt_ms}
