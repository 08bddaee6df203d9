"""Fair shares of many slots in one pass, for the policy ``single-satellite``: `shares.single_satellite` slot by slot.

What a slot's Python would cost (some twenty small arrays) is several times what its shares cost.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel
from bentpipe.network.flows import LARGEST_WEIGHT, IntArray
from bentpipe.network.shares import fill_tree

FloatArray = npt.NDArray[np.float64]

_LARGEST_WEIGHT = int(LARGEST_WEIGHT)


class BlockLinks(NamedTuple):
    """Serving links of T slots, L of them, by slot: those of slot ``t`` are rows ``first[t]:first[t + 1]``.

    Parameters
    ----------
    first : (T + 1,) int64
        Where the links of each slot begin.
    place, satellite, gateway : (L,) int64
        Indices.
    channel_bps : (L,) float64
        What one channel carries, bit/s.
    beam_bps : (L,) int64
        What the link carries in its beam time, bit/s.
    """

    first: IntArray
    place: IntArray
    satellite: IntArray
    gateway: IntArray
    channel_bps: FloatArray
    beam_bps: IntArray


class BlockLimits(NamedTuple):
    """What does not depend on the link: C places, N satellites, G gateways, T slots.

    Parameters
    ----------
    spectrum_channels : (C,) float64
        Channels that may be lit over a place at once, over all its beam cells.
    feeder_channels : float
        Channels that a feeder carries; infinity where the feeder does not limit.
    satellite_bps : (N,) float64
        What each satellite carries, bit/s.
    free : (T,) float64
        Part of a satellite that the neighbours leave, 0 to 1.
    trunk_bps : (T,) int64
        What each gateway carries, bit/s.
    """

    spectrum_channels: FloatArray
    feeder_channels: float
    satellite_bps: FloatArray
    free: FloatArray
    trunk_bps: IntArray


class BlockAsked(NamedTuple):
    """Who asks: F possible flows, each a part of what a place asks for.

    Parameters
    ----------
    cell : (F,) int64
        Place of each.
    share : (F,) float64
        Its part of the place's terminals.
    weight : (F,) int64
        Weight of one terminal.
    rank : (F,) int64
        Strict order; the lower rank comes first.
    offered_bps : (T, C) int64
        What each place asks for, bit/s.
    ready : (T, C) int32
        Terminals that are on.
    """

    cell: IntArray
    share: FloatArray
    weight: IntArray
    rank: IntArray
    offered_bps: IntArray
    ready: npt.NDArray[np.int32]


class BlockShares(NamedTuple):
    """What is given in T slots.

    Parameters
    ----------
    given_bps : (T, C) int64
        To each place, bit/s.
    limit : (T, C) int8
        `bentpipe.network.flows.Limit` of the place's flow that is cut farthest on.
    room_bps : (T, C) float64
        What the serving satellite has left, bit/s.
    gateway_bps : (T, G) int64
        Through each gateway, bit/s.
    """

    given_bps: IntArray
    limit: npt.NDArray[np.int8]
    room_bps: FloatArray
    gateway_bps: IntArray


@kernel(
    "void(int64[::1], int64[::1], int64[::1], int64[::1], float64[::1], int64[::1], float64[::1], float64,"
    "float64[::1], float64[::1], int64[::1], int64[::1], float64[::1], int64[::1], int64[::1], int64[:,::1],"
    "int32[:,::1], int64[:,::1], int8[:,::1], float64[:,::1], int64[:,::1])"
)
def _fill_block(
    first: IntArray,
    place: IntArray,
    satellite: IntArray,
    gateway: IntArray,
    channel_bps: FloatArray,
    beam_bps: IntArray,
    spectrum_channels: FloatArray,
    feeder_channels: float,
    satellite_bps: FloatArray,
    free: FloatArray,
    trunk_bps: IntArray,
    flow_cell: IntArray,
    flow_share: FloatArray,
    flow_weight: IntArray,
    flow_rank: IntArray,
    offered: IntArray,
    ready: npt.NDArray[np.int32],
    given: IntArray,
    limit: npt.NDArray[np.int8],
    room: FloatArray,
    through: IntArray,
) -> None:
    places, satellites, gateways = given.shape[1], satellite_bps.size, through.shape[1]
    flows = flow_cell.size
    cell, demand = np.empty(flows, np.int64), np.empty(flows, np.int64)
    weight, rank = np.empty(flows, np.int64), np.empty(flows, np.int64)
    for t in range(given.shape[0]):
        n = 0
        for f in range(flows):
            c = flow_cell[f]
            asked = np.int64(offered[t, c] * flow_share[f])
            if asked <= 0:
                continue
            terminals = max(np.int64(np.rint(ready[t, c] * flow_share[f])), 1)
            cell[n], demand[n], rank[n] = c, asked, flow_rank[f]
            weight[n] = min(terminals * flow_weight[f], _LARGEST_WEIGHT)
            n += 1
        begin, end = first[t], first[t + 1]
        if n == 0 or begin == end:
            continue
        links = end - begin
        serving, spectrum = np.full(places, -1, np.int64), np.zeros(places, np.int64)
        worth, carries = np.zeros(satellites), np.empty(satellites, np.int64)
        gateway_of, of_link = np.full(satellites, -1, np.int32), np.empty(links, np.int32)
        for k in range(begin, end):
            c, s = place[k], satellite[k]
            serving[c] = k - begin
            of_link[k - begin] = s
            spectrum[c] = np.int64(spectrum_channels[c] * channel_bps[k])
            worth[s] = max(worth[s], channel_bps[k])
            gateway_of[s] = gateway[k]
        for s in range(satellites):
            most = satellite_bps[s]
            if worth[s] > 0.0 and feeder_channels * worth[s] < most:
                most = feeder_channels * worth[s]
            carries[s] = np.int64(free[t] * most)
        trunk = np.full(gateways, trunk_bps[t], np.int64)
        rate, bound, link_bps = np.zeros(n, np.int64), np.zeros(n, np.int8), np.zeros(links, np.int64)
        left = carries.copy()
        fill_tree(
            cell[:n], demand[:n], weight[:n], rank[:n], serving, of_link, beam_bps[begin:end], spectrum, left,
            gateway_of, trunk, rate, bound, link_bps,
        )  # fmt: skip
        for f in range(n):
            given[t, cell[f]] += rate[f]
            limit[t, cell[f]] = max(limit[t, cell[f]], bound[f])
        for k in range(begin, end):
            room[t, place[k]] = left[satellite[k]]
            through[t, gateway[k]] += link_bps[k - begin]


def share_slots(links: BlockLinks, limits: BlockLimits, asked: BlockAsked, gateways: int) -> BlockShares:
    """Share out many slots, each by `bentpipe.network.shares.single_satellite`.

    Parameters
    ----------
    links : BlockLinks
        Serving links, bit/s.
    limits : BlockLimits
        Spectrum, satellites and gateways.
    asked : BlockAsked
        Who asks for what.
    gateways : int
        G.

    Returns
    -------
    BlockShares
        Weighted max-min fair rates, bit/s (Bertsekas and Gallager, Data Networks, 1992, section 6.5.2).
    """
    shape = asked.offered_bps.shape
    out = BlockShares(
        np.zeros(shape, np.int64), np.zeros(shape, np.int8), np.zeros(shape), np.zeros((shape[0], gateways), np.int64)
    )
    arguments: list[Any] = [*links, *limits, *asked, *out]
    _fill_block(*arguments)
    return out
