r"""Weighted max-min fair shares where each cell has one satellite: water-filling up a tree.

Rates are max-min fair when no flow can get more without taking from one that has no more per unit of weight
(Bertsekas and Gallager, Data Networks, 2nd edition 1992, section 6.5.2). Here all flows of a cell go over one link
to one satellite and one gateway, so the limits are nested. Then each limit has one water level, which only the limits
below it influence, and a flow gets

.. math:: r_f = \min(d_f, w_f \lambda_\mathrm{cell}, w_f \lambda_\mathrm{beam}, w_f \lambda_\mathrm{satellite},
          w_f \lambda_\mathrm{gateway}),

where :math:`\lambda_l` solves :math:`\sum_f \min(u_f, w_f \lambda_l) = C_l` and :math:`u_f` is what the limits
below leave to the flow. `bentpipe.network.maxmin` has the form for any network; the tests compare the two.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel
from bentpipe.network.flows import Flows, IntArray, Limit, Shares, SlotCapacity

ByteArray = npt.NDArray[np.int8]


@kernel("Tuple((int64[::1], int64[::1]))(int64[::1], int64)")
def group(link: IntArray, links: int) -> tuple[IntArray, IntArray]:
    """Members of each link, in their own order; those of link -1 are left out.

    Parameters
    ----------
    link : (F,) int64
        Link of each member.
    links : int
        L.

    Returns
    -------
    first : (L + 1,) int64
        Where the members of each link begin.
    member : (F,) int64
    """
    first = np.zeros(links + 1, np.int64)
    for f in range(link.size):
        if link[f] >= 0:
            first[link[f] + 1] += 1
    for i in range(links):
        first[i + 1] += first[i]
    member, cursor = np.empty(link.size, np.int64), first[:links].copy()
    for f in range(link.size):
        if link[f] >= 0:
            member[cursor[link[f]]] = f
            cursor[link[f]] += 1
    return first, member


@kernel("void(int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int8[::1], int64)")
def fill_level(
    first: IntArray,
    member: IntArray,
    room: IntArray,
    weight: IntArray,
    rate: IntArray,
    limit: ByteArray,
    name: int,
) -> None:
    """Lower the rates of each link's flows to its water level; ``rate`` holds what the flows could take.

    Round by round those that ask for no more than their part of what is left are given it. A part is rounded down
    to whole bit/s, so up to one bit/s a flow is left. No sum is above ``room`` plus one rate, so none overflows.
    """
    work = np.empty(member.size, np.int64)
    for link in range(room.size):
        total, heavy, active = 0, 0, 0
        for i in range(first[link], first[link + 1]):
            f = member[i]
            if rate[f] > 0:
                work[active] = f
                active += 1
                heavy += weight[f]
                if total <= room[link]:
                    total += rate[f]
        if total <= room[link]:
            continue
        left = room[link]
        while active > 0:
            # weight * left / heavy without the overflow of the product.
            whole, rest = left // heavy, left % heavy
            kept, given, gone = 0, 0, 0
            for i in range(active):
                f = work[i]
                if rate[f] <= weight[f] * whole + weight[f] * rest // heavy:
                    given += rate[f]
                    gone += weight[f]
                else:
                    work[kept] = f
                    kept += 1
            if kept == active:
                for i in range(active):
                    f = work[i]
                    rate[f] = weight[f] * whole + weight[f] * rest // heavy
                    limit[f] = name
                break
            active = kept
            left -= given
            heavy -= gone


@kernel("void(int64[::1], int64[::1], int64[::1], int64[::1])")
def take(first: IntArray, member: IntArray, rate: IntArray, room: IntArray) -> None:
    """Subtract the rates of each link's flows from its room."""
    for link in range(room.size):
        for i in range(first[link], first[link + 1]):
            room[link] -= rate[member[i]]


def single_satellite(flows: Flows, capacity: SlotCapacity) -> Shares:
    """Weighted max-min fair rates over the links that the scheduler chose.

    Parameters
    ----------
    flows : Flows
        F flows with demands in bit/s; checked, see `bentpipe.network.flows.checked_flows`.
    capacity : SlotCapacity
        Capacities of the slot in bit/s; checked.

    Returns
    -------
    Shares
        Rates in whole bit/s; exact up to one bit/s a flow and limit. Flows of a cell without a serving link, or whose
        satellite no gateway follows, are unserved.
    """
    served = capacity.serving >= 0
    satellite = np.full(len(served), -1, np.int64)
    satellite[served] = capacity.satellite[capacity.serving[served]]
    beam = np.zeros(len(served), np.int64)
    beam[served] = capacity.beam_bps[capacity.serving[served]]
    gateway = np.where(satellite >= 0, capacity.gateway[satellite] if len(capacity.gateway) else -1, -1)
    served &= gateway >= 0
    cell = np.where(served[flows.cell], flows.cell, -1)
    on_cell, on_satellite = cell, np.where(cell >= 0, satellite[flows.cell], -1)
    on_gateway = np.where(cell >= 0, gateway[flows.cell], -1).astype(np.int64)
    steps = [
        (Limit.CELL_SPECTRUM, on_cell, capacity.spectrum_bps.copy()),
        (Limit.BEAM_TIME, on_cell, beam),
        (Limit.SATELLITE, on_satellite, capacity.satellite_bps.copy()),
        (Limit.GATEWAY, on_gateway, capacity.gateway_bps.copy()),
    ]
    rate, limit = np.zeros(len(cell), np.int64), np.full(len(cell), Limit.UNSERVED, np.int8)
    for rank in np.unique(flows.rank):
        now = (flows.rank == rank) & (cell >= 0)
        rate[now] = flows.demand_bps[now]
        limit[now] = Limit.DEMAND
        _climb(now, steps, flows.weight, rate, limit)
    link_bps = np.zeros(len(capacity.satellite), np.int64)
    given = cell >= 0
    np.add.at(link_bps, capacity.serving[cell[given]], rate[given])
    return Shares(rate, limit, link_bps)


def _climb(
    now: npt.NDArray[np.bool_],
    steps: list[tuple[Limit, IntArray, IntArray]],
    weight: IntArray,
    rate: IntArray,
    limit: ByteArray,
) -> None:
    """Water-fill some flows limit by limit, and take their rates out of the room of each."""
    grouped = [(name, group(np.where(now, link, -1), len(room)), room) for name, link, room in steps]
    for name, (first, member), room in grouped:
        fill_level(first, member, room, weight, rate, limit, int(name))
    for _, (first, member), room in grouped:
        take(first, member, rate, room)
