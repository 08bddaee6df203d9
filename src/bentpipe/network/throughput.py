"""The most that the slot's links can carry, fairness aside: a maximum flow.

Cells draw from every satellite that they have beam time on; who gets how much is what the flow happens to give. It
bounds every other policy from above.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.network.flows import Flows, IntArray, Shares, SlotCapacity
from bentpipe.network.maxflow import MaxFlow, maximum_flow
from bentpipe.network.routed import Room, Routes, cell_wants, routed_shares, routes_by_id


def _largest(routes: Routes, gateway_of: npt.NDArray[np.int32], want: IntArray, room: Room) -> MaxFlow:
    """Maximum flow from a source over cells, satellites and gateways to a sink; the routes are its first arcs."""
    cells, satellites, gateways = len(routes.cell), len(room.satellite), len(room.gateway)
    satellite, gateway = cells, cells + satellites
    source, sink = gateway + gateways, gateway + gateways + 1
    followed = np.flatnonzero(gateway_of >= 0)
    own = np.repeat(np.arange(cells), np.diff(routes.first))
    tail: list[npt.NDArray[Any]] = [own, satellite + followed, gateway + np.arange(gateways), np.full(cells, source)]
    head: list[npt.NDArray[Any]] = [
        satellite + routes.satellite,
        gateway + gateway_of[followed],
        np.full(gateways, sink),
        np.arange(cells),
    ]
    capacity = [room.beam, room.satellite[followed], room.gateway, want[routes.cell]]
    arcs = [np.concatenate(parts) for parts in (tail, head, capacity)]
    return maximum_flow(sink + 1, arcs[0], arcs[1], arcs[2], source, sink)


def max_throughput(flows: Flows, capacity: SlotCapacity) -> Shares:
    """Rates of the largest total; weights and ranks count within a cell only.

    Parameters
    ----------
    flows : Flows
        F flows with demands in bit/s; checked, see `bentpipe.network.flows.checked_flows`.
    capacity : SlotCapacity
        Capacities of the slot in bit/s; checked. Every link with beam time may be used.

    Returns
    -------
    Shares
        Rates in whole bit/s; their total is exact (Dinic 1970).
    """
    routes = routes_by_id(capacity)
    want, _ = cell_wants(flows, capacity.spectrum_bps, np.ones(len(flows.cell), np.bool_))
    room = Room(capacity.spectrum_bps, capacity.beam_bps[routes.link], capacity.satellite_bps, capacity.gateway_bps)
    carried = _largest(routes, capacity.gateway, want, room).flow[: len(routes.link)]
    return routed_shares(flows, capacity, routes, carried, room.without(routes, carried))
