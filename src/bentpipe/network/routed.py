"""What the policies that use several satellites share: cells in the order of their ids, wants, binding limits.

A policy that draws from several satellites settles how much each *cell* gets; the flows of a cell then share that
out by rank and weight.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel
from bentpipe.network.flows import LARGEST_BPS, Flows, IntArray, Limit, Shares, SlotCapacity
from bentpipe.network.shares import ByteArray, fill_level, group

NodeArray = npt.NDArray[np.int32]


class Routes(NamedTuple):
    """Links that lead to a gateway, cell by cell in the order of the cells' ids; R of them.

    Parameters
    ----------
    cell : (C,) int64
        Cells by rising id.
    first : (C + 1,) int64
        Rows of each of these cells.
    link : (R,) int64
        Row of the link in the slot; within a cell by rising satellite.
    satellite, gateway : (R,) int64
        Where the link leads.
    """

    cell: IntArray
    first: IntArray
    link: IntArray
    satellite: IntArray
    gateway: IntArray


class Room(NamedTuple):
    """What is left of the capacities, bit/s.

    Parameters
    ----------
    spectrum : (C,) int64
    beam : (R,) int64
    satellite : (N,) int64
    gateway : (G,) int64
    """

    spectrum: IntArray
    beam: IntArray
    satellite: IntArray
    gateway: IntArray

    def without(self, routes: Routes, carried: IntArray) -> Room:
        """Room that is left after routes carry some more, (R,) bit/s."""
        left = Room(*(array.copy() for array in self))
        np.subtract.at(left.spectrum, np.repeat(routes.cell, np.diff(routes.first)), carried)
        np.subtract.at(left.beam, np.arange(len(carried)), carried)
        np.subtract.at(left.satellite, routes.satellite, carried)
        np.subtract.at(left.gateway, routes.gateway, carried)
        return left


@kernel("int64(int64[::1], int64[::1], int64[::1], int32[::1], int64[::1], int32[::1], int64[::1], int64[::1])")
def _in_order(
    cell: IntArray,
    start: IntArray,
    stop: IntArray,
    satellite: NodeArray,
    beam: IntArray,
    gateway: NodeArray,
    first: IntArray,
    link: IntArray,
) -> int:
    n = 0
    for i in range(cell.size):
        c = cell[i]
        begin = n
        for k in range(start[c], stop[c]):
            if beam[k] > 0 and gateway[satellite[k]] >= 0:
                at = n
                while at > begin and satellite[link[at - 1]] > satellite[k]:
                    link[at] = link[at - 1]
                    at -= 1
                link[at] = k
                n += 1
        first[i + 1] = n
    return n


def routes_by_id(capacity: SlotCapacity) -> Routes:
    """Links with beam time to satellites that a gateway follows, by cell id and satellite.

    Parameters
    ----------
    capacity : SlotCapacity
        Checked.

    Returns
    -------
    Routes
    """
    cell = np.argsort(capacity.cell_id, kind="stable")
    first, link = np.zeros(len(cell) + 1, np.int64), np.empty(int((capacity.stop - capacity.start).sum()), np.int64)
    count = _in_order(
        cell, capacity.start, capacity.stop, capacity.satellite, capacity.beam_bps, capacity.gateway, first, link
    )
    link = link[:count].copy()
    satellite = capacity.satellite[link].astype(np.int64)
    return Routes(cell, first, link, satellite, capacity.gateway[satellite].astype(np.int64))


@kernel("void(int64[::1], int64[::1], int64[::1], int64[::1], boolean[::1], int64, int64[::1], int64[::1])")
def _gather(
    cell: IntArray,
    demand: IntArray,
    weight: IntArray,
    spectrum: IntArray,
    chosen: npt.NDArray[np.bool_],
    largest: int,
    want: IntArray,
    heavy: IntArray,
) -> None:
    for f in range(cell.size):
        if chosen[f]:
            c = cell[f]
            want[c] = min(want[c] + demand[f], largest)
            if demand[f] > 0:
                heavy[c] += weight[f]
    for c in range(want.size):
        want[c] = min(want[c], spectrum[c])


def cell_wants(flows: Flows, spectrum_bps: IntArray, chosen: npt.NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
    """What each cell can take at most, bit/s, and the sum of the weights of its flows with demand.

    Parameters
    ----------
    flows : Flows
        F flows.
    spectrum_bps : (C,) int64
        Spectrum that is left over each cell, bit/s.
    chosen : (F,) bool
        Flows that count.

    Returns
    -------
    want_bps, weight : (C,) int64
    """
    want, heavy = np.zeros(len(spectrum_bps), np.int64), np.zeros(len(spectrum_bps), np.int64)
    _gather(flows.cell, flows.demand_bps, flows.weight, spectrum_bps, chosen, LARGEST_BPS, want, heavy)
    return want, heavy


@kernel(
    "void(int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int8[::1])"
)
def cell_limits(
    cell: IntArray,
    first: IntArray,
    satellite: IntArray,
    gateway: IntArray,
    beam_left: IntArray,
    satellite_left: IntArray,
    gateway_left: IntArray,
    spectrum_left: IntArray,
    limit: ByteArray,
) -> None:
    """Limit of each cell: spectrum; beam time if all links are full; else a satellite, or else a gateway.

    Every link of a cell that gets too little is blocked: it is full itself, or its satellite or gateway is.
    """
    for i in range(cell.size):
        c = cell[i]
        limit[c] = 0
        if first[i] == first[i + 1]:
            continue
        limit[c] = 2 if spectrum_left[c] == 0 else 3
        if limit[c] == 2:
            continue
        for r in range(first[i], first[i + 1]):
            if beam_left[r] > 0:
                limit[c] = 4 if satellite_left[satellite[r]] == 0 or limit[c] == 4 else 5


def shares_within_cells(flows: Flows, rate_of_cell: IntArray, limit_of_cell: ByteArray) -> tuple[IntArray, ByteArray]:
    """Share out what each cell gets among its flows: rank by rank, by weight within a rank.

    Parameters
    ----------
    flows : Flows
        F flows.
    rate_of_cell : (C,) int64
        What each cell gets, bit/s.
    limit_of_cell : (C,) int8
        The `Limit` of a cell that gets less than it wants.

    Returns
    -------
    rate_bps : (F,) int64
        In whole bit/s; the bits that weights leave over go to the flows of a cell one by one, in their order.
    limit : (F,) int8
    """
    rate, limit = np.zeros(len(flows.cell), np.int64), np.zeros(len(flows.cell), np.int8)
    left = rate_of_cell.copy()
    for rank in np.unique(flows.rank):
        now = flows.rank == rank
        rate[now] = flows.demand_bps[now]
        limit[now] = Limit.DEMAND
        first, member = group(np.where(now, flows.cell, -1), len(left))
        fill_level(first, member, left, flows.weight, rate, limit, -1)
        _hand_out(first, member, flows.demand_bps, rate, left)
    short = rate < flows.demand_bps
    return rate, np.where(short, limit_of_cell[flows.cell], Limit.DEMAND).astype(np.int8)


@kernel("void(int64[::1], int64[::1], int64[::1], int64[::1], int64[::1])")
def _hand_out(first: IntArray, member: IntArray, demand: IntArray, rate: IntArray, left: IntArray) -> None:
    """Take rates out of the rooms, and give single bits to flows that lack some where rounding left them."""
    for link in range(left.size):
        for i in range(first[link], first[link + 1]):
            left[link] -= rate[member[i]]
        for i in range(first[link], first[link + 1]):
            f = member[i]
            if left[link] > 0 and rate[f] < demand[f]:
                rate[f] += 1
                left[link] -= 1


def routed_shares(flows: Flows, capacity: SlotCapacity, routes: Routes, carried: IntArray, room: Room) -> Shares:
    """Shares of the flows from what the routes carry.

    Parameters
    ----------
    flows : Flows
        F flows.
    capacity : SlotCapacity
        Capacities of the slot.
    routes : Routes
        R routes.
    carried : (R,) int64
        Rate over each route, bit/s.
    room : Room
        What is left of the capacities.

    Returns
    -------
    Shares
    """
    rate, limit = np.zeros(len(capacity.start), np.int64), np.empty(len(capacity.start), np.int8)
    count = np.diff(routes.first)
    np.add.at(rate, np.repeat(routes.cell, count), carried)
    cell_limits(
        routes.cell, routes.first, routes.satellite, routes.gateway, room.beam, room.satellite, room.gateway,
        room.spectrum, limit,
    )  # fmt: skip
    link_bps = np.zeros(len(capacity.satellite), np.int64)
    link_bps[routes.link] = carried
    return Shares(*shares_within_cells(flows, rate, limit), link_bps)
