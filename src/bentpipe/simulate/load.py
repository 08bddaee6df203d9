"""Load of the beams that serve each place, and the delay that a bulk transfer of one's own adds.

The load of a satellite is the busy part of its beam time: slices that the territory's places use, and the neighbours'
share at this hour. A place uses its slices in full where rates are not computed; else for the part of them that its
traffic takes, in the direction that takes more.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.rates import Rates, background_factor, block_rates
from bentpipe.simulate.recipe import Block, State, advance

FloatArray = npt.NDArray[np.float64]
Both = tuple[Rates | None, Rates | None]

#: Rates at which the queue is driven, bit/s.
TABLE_BIT_S = tuple(float(rate) for rate in np.geomspace(1e5, 1e9, 17))
#: Round trip of the transfer through the empty queue, s: assumed, to a server near the point of presence.
TRANSFER_RTT_S = 0.04


def place_loads(prepared: Prepared, block: Block, rates: Both) -> FloatArray:
    """Load of the beams that serve each place.

    Parameters
    ----------
    prepared : Prepared
        The run.
    block : Block
        T slots.
    rates : tuple of Rates or None
        Down and up, as of `bentpipe.simulate.rates.block_rates`.

    Returns
    -------
    () or (T, C) float64
        The scenario's number; or, where that is "computed", by place, 0 to 1, 0 where not served.
    """
    given = prepared.scenario.access.load
    if not isinstance(given, str):
        return np.asarray(given, np.float64)
    limits = prepared.scenario.satellite
    slices = limits.beams * limits.cells_per_beam
    served = block.satellite >= 0
    used = np.where(served, block.beam_slices * _used_part(prepared, block, rates), 0.0)
    count = len(prepared.fleet.up)
    satellite = np.where(served, block.satellite, 0)
    key = satellite + np.arange(len(block.slots), dtype=np.int64)[:, None] * count
    # Each satellite of each slot sums over places in their order, however the run is cut.
    busy = np.bincount(key.ravel(), used.ravel(), len(block.slots) * count)[key]
    hour = np.array([background_factor(prepared, float(t)) for t in block.world.unix_s])
    neighbours = (slices - int(prepared.satellite_room[0])) * hour[:, None] if count else 0.0
    return np.where(served, np.minimum((busy + neighbours) / slices, 1.0), 0.0)


def _used_part(prepared: Prepared, block: Block, rates: Both) -> FloatArray:
    """Part of its beam time that each place's traffic takes, (T, C)."""
    found = np.full(block.satellite.shape, 0.0 if any(rates) else 1.0)
    for given in rates:
        if given is not None:
            each = given.channel_bps.astype(np.float64) / prepared.scenario.satellite.cells_per_beam
            room = each * block.beam_slices
            part = np.divide(given.served_bps, room, out=np.ones_like(room), where=room > 0.0)
            found = np.maximum(found, np.minimum(part, 1.0))
    return found


def slot_load(prepared: Prepared, state: State, slot: int, place: int) -> float:
    """Load of the beams that serve one place in one slot.

    Parameters
    ----------
    prepared : Prepared
        The run.
    state : State
        After the slot before.
    slot, place : int
        Absolute slot; number of the place.

    Returns
    -------
    float
        0 to 1.
    """
    given = prepared.scenario.access.load
    if not isinstance(given, str):
        return given
    block, _ = advance(prepared, state, range(slot, slot + 1))
    return float(place_loads(prepared, block, block_rates(prepared, block))[0, place])


@cache
def _loaded_tables(queue: str) -> tuple[Any, Any]:
    """Waits by rate, down and up: made once."""
    from bentpipe.catalog.queues import access_queues  # its kernels are needed by runs with sites and rates only
    from bentpipe.linkqueue.loaded import loaded_waits

    queues = access_queues(queue)
    return tuple(loaded_waits(profile, TABLE_BIT_S, TRANSFER_RTT_S) for profile in (queues.down, queues.up))  # type: ignore[return-value]


def loaded_round_trips_s(
    prepared: Prepared, idle_s: npt.NDArray[np.float32], rates: Both
) -> dict[str, npt.NDArray[np.float32]]:
    """Round trips of the sites while a bulk transfer of their own fills the link.

    Parameters
    ----------
    prepared : Prepared
        The run.
    idle_s : (T, S) float32
        Median round trip of each slot of an idle terminal, s.
    rates : tuple of Rates or None
        Down and up.

    Returns
    -------
    dict of str to (T, S) float32
        "site_rtt_loaded_down_s" and "site_rtt_loaded_up_s", s: with the median wait of a queue that is driven at the
        rate that one terminal could get (`Rates.peak_bps`); NaN where not served, and where rates are not computed.
    """
    cells = len(prepared.territory.cell_id)
    out = {}
    for number, (way, given) in enumerate(zip(("down", "up"), rates, strict=True)):
        loaded = np.full(idle_s.shape, np.nan, np.float32)
        if given is not None and idle_s.size:
            from bentpipe.linkqueue.loaded import interpolated_wait_s

            table = _loaded_tables(prepared.scenario.access.queue)[number]
            loaded = (idle_s + interpolated_wait_s(table, given.peak_bps[:, cells:])).astype(np.float32)
        out[f"site_rtt_loaded_{way}_s"] = loaded
    return out
