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

_DEMAND, _CELL_SPECTRUM = int(Limit.DEMAND), int(Limit.CELL_SPECTRUM)
_BEAM_TIME, _SATELLITE, _GATEWAY = int(Limit.BEAM_TIME), int(Limit.SATELLITE), int(Limit.GATEWAY)


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


@kernel(
    "void(int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int32[::1], int64[::1], int64[::1], int64[::1],"
    "int32[::1], int64[::1], int64[::1], int8[::1], int64[::1])"
)
def fill_tree(
    cell: IntArray,
    demand: IntArray,
    weight: IntArray,
    rank: IntArray,
    serving: IntArray,
    satellite: npt.NDArray[np.int32],
    beam_bps: IntArray,
    spectrum: IntArray,
    feeder: IntArray,
    gateway_of: npt.NDArray[np.int32],
    trunk: IntArray,
    rate: IntArray,
    limit: ByteArray,
    link_bps: IntArray,
) -> None:
    """Water-fill limit by limit, rank after rank, each out of the room that those before leave.

    Parameters
    ----------
    cell, demand, weight, rank : (F,) int64
        Flows, bit/s.
    serving, satellite, beam_bps, gateway_of
        See `SlotCapacity`.
    spectrum, feeder, trunk : int64
        Room of cells, satellites and gateways, bit/s; what is given is taken out of it.
    rate, limit, link_bps
        Written; zeros, and `Limit.UNSERVED`, before.
    """
    flows, cells = cell.size, serving.size
    beam = np.zeros(cells, np.int64)
    for c in range(cells):
        if serving[c] >= 0:
            beam[c] = beam_bps[serving[c]]
    on_cell, on_satellite, on_gateway = np.empty(flows, np.int64), np.empty(flows, np.int64), np.empty(flows, np.int64)
    for level in np.unique(rank):
        for f in range(flows):
            c = cell[f]
            on_cell[f] = on_satellite[f] = on_gateway[f] = -1
            if rank[f] != level or serving[c] < 0 or gateway_of[satellite[serving[c]]] < 0:
                continue
            on_cell[f], on_satellite[f] = c, satellite[serving[c]]
            on_gateway[f] = gateway_of[on_satellite[f]]
            rate[f], limit[f] = demand[f], _DEMAND
        first_c, member_c = group(on_cell, cells)
        first_s, member_s = group(on_satellite, feeder.size)
        first_g, member_g = group(on_gateway, trunk.size)
        fill_level(first_c, member_c, spectrum, weight, rate, limit, _CELL_SPECTRUM)
        fill_level(first_c, member_c, beam, weight, rate, limit, _BEAM_TIME)
        fill_level(first_s, member_s, feeder, weight, rate, limit, _SATELLITE)
        fill_level(first_g, member_g, trunk, weight, rate, limit, _GATEWAY)
        take(first_c, member_c, rate, spectrum)
        take(first_c, member_c, rate, beam)
        take(first_s, member_s, rate, feeder)
        take(first_g, member_g, rate, trunk)
        for f in range(flows):
            if on_cell[f] >= 0:
                link_bps[serving[cell[f]]] += rate[f]


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
    rate, limit = np.zeros(len(flows.cell), np.int64), np.full(len(flows.cell), Limit.UNSERVED, np.int8)
    link_bps = np.zeros(len(capacity.satellite), np.int64)
    fill_tree(
        *flows, capacity.serving, capacity.satellite, capacity.beam_bps, capacity.spectrum_bps.copy(),
        capacity.satellite_bps.copy(), capacity.gateway, capacity.gateway_bps.copy(), rate, limit, link_bps,
    )  # fmt: skip
    return Shares(rate, limit, link_bps)
