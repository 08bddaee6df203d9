"""Weighted max-min fair rates of flows over any links: progressive filling, exact.

All rates rise together in proportion to their weights until a link is full or a demand met; the flows concerned
stop, the others go on (Bertsekas and Gallager, Data Networks, 2nd edition 1992, section 6.5.2). A link's level, what
it has left over the weights still rising, only grows, so a heap of levels with entries brought up to date when they
come to the top finds the next link in O((E + L) log L).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel
from bentpipe.network.flows import Flows, IntArray, checked_flows, checked_rates
from bentpipe.network.shares import group

FloatArray = npt.NDArray[np.float64]


class MaxMin(NamedTuple):
    """Max-min fair rates.

    Parameters
    ----------
    rate_bps : (F,) int64
        Rate, bit/s.
    bottleneck : (F,) int64
        Link that stopped each flow, the lowest of several; -1 where its demand did.
    """

    rate_bps: IntArray
    bottleneck: IntArray


@kernel("void(float64[::1], int64[::1], int64, int64)")
def _sink(key: FloatArray, heap: IntArray, size: int, at: int) -> None:
    """Restore a heap of links, smallest key first, below one entry whose key has grown."""
    entry = heap[at]
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and key[heap[child + 1]] < key[heap[child]]:
            child += 1
        if key[heap[child]] >= key[entry]:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = entry


@kernel("int64(float64[::1], int64[::1], int64, int64[::1], int64[::1])")
def _refresh(key: FloatArray, heap: IntArray, size: int, left: IntArray, heavy: IntArray) -> int:
    """Bring the top of the heap up to date; links without rising flows are dropped. Returns the new size."""
    while size > 0:
        link = heap[0]
        if heavy[link] == 0:
            size -= 1
            heap[0] = heap[size]
            _sink(key, heap, size, 0)
            continue
        now = left[link] / heavy[link]
        if now == key[link]:
            break
        key[link] = now
        _sink(key, heap, size, 0)
    return size


@kernel("void(int64, int64, int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], boolean[::1])")
def _stop(
    f: int,
    rate: int,
    offset: IntArray,
    link: IntArray,
    weight: IntArray,
    left: IntArray,
    heavy: IntArray,
    out: IntArray,
    rising: npt.NDArray[np.bool_],
) -> None:
    rising[f] = False
    out[f] = rate
    for k in range(offset[f], offset[f + 1]):
        left[link[k]] -= rate
        heavy[link[k]] -= weight[f]


@kernel(
    "void(int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1], int64[::1],"
    "int64[::1])"
)
def _progressive(
    offset: IntArray,
    link: IntArray,
    first: IntArray,
    member: IntArray,
    left: IntArray,
    demand: IntArray,
    weight: IntArray,
    order: IntArray,
    out: IntArray,
    bottleneck: IntArray,
) -> None:
    """``order`` has the flows by rising demand over weight; ``left`` the capacities, which are used up.

    All links of one level stop their flows together, from what they had before, so that neither the order of flows
    nor that of links matters. Levels are compared as float64; shares are rounded down in whole numbers.
    """
    flows, links = demand.size, left.size
    heavy, key, heap = np.zeros(links, np.int64), np.empty(links), np.arange(links)
    for f in range(flows):
        for k in range(offset[f], offset[f + 1]):
            heavy[link[k]] += weight[f]
    for i in range(links):
        key[i] = left[i] / heavy[i] if heavy[i] > 0 else 0.0
    for i in range(links // 2 - 1, -1, -1):
        _sink(key, heap, links, i)
    rising = np.ones(flows, np.bool_)
    batch, stopped, share = np.empty(links, np.int64), np.empty(flows, np.int64), np.full(flows, -1, np.int64)
    size, turn = links, 0
    while True:
        size = _refresh(key, heap, size, left, heavy)
        while turn < flows and not rising[order[turn]]:
            turn += 1
        if turn == flows:
            return
        f = order[turn]
        if size == 0 or demand[f] / weight[f] < key[heap[0]]:
            _stop(f, demand[f], offset, link, weight, left, heavy, out, rising)
            continue
        level, links_now, flows_now = key[heap[0]], 0, 0
        while size > 0 and key[heap[0]] == level:
            batch[links_now] = heap[0]
            links_now += 1
            size -= 1
            heap[0] = heap[size]
            _sink(key, heap, size, 0)
            size = _refresh(key, heap, size, left, heavy)
        for b in range(links_now):
            i = batch[b]
            whole, rest = left[i] // heavy[i], left[i] % heavy[i]
            for j in range(first[i], first[i + 1]):
                f = member[j]
                if not rising[f]:
                    continue
                part = weight[f] * whole + weight[f] * rest // heavy[i]
                if share[f] < 0:
                    stopped[flows_now] = f
                    flows_now += 1
                    share[f], bottleneck[f] = part, i
                elif part < share[f] or (part == share[f] and i < bottleneck[f]):
                    share[f], bottleneck[f] = part, i
        for j in range(flows_now):
            f = stopped[j]
            if demand[f] <= share[f]:
                share[f], bottleneck[f] = demand[f], -1
            _stop(f, share[f], offset, link, weight, left, heavy, out, rising)


@kernel("boolean(int64[::1], int64[::1], int64[::1])")
def _twice(offset: IntArray, link: IntArray, seen: IntArray) -> bool:
    for f in range(offset.size - 1):
        for k in range(offset[f], offset[f + 1]):
            if seen[link[k]] == f:
                return True
            seen[link[k]] = f
    return False


def max_min_rates(
    offset: npt.ArrayLike,
    link: npt.ArrayLike,
    capacity_bps: npt.ArrayLike,
    demand_bps: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
) -> MaxMin:
    """Weighted max-min fair rates of flows, each over a fixed set of links.

    Parameters
    ----------
    offset : (F + 1,) int64
        The links of flow ``f`` are ``link[offset[f]:offset[f + 1]]``; a flow without links gets its demand.
    link : (E,) int64
        Link indices; no link twice in a flow.
    capacity_bps : (L,) int64
        Capacity of each link, bit/s.
    demand_bps : (F,) int64
        Wished rates, bit/s.
    weight : (F,) int64, optional
        Whole weights from 1 to 2**20; 1 for all where not given.

    Returns
    -------
    MaxMin
        In whole bit/s: a full link has less than one bit/s for each of its flows left over. Fractions of a bit/s
        in capacities and demands are dropped.

    Raises
    ------
    InputError
        No flows, negative or missing rates, weights of zero, links that there are not.
    """
    demand = np.asarray(demand_bps)
    heavy = np.ones(demand.shape, np.int64) if weight is None else np.asarray(weight)
    zero = np.zeros(demand.shape, np.int64)
    flows = checked_flows(Flows(zero, demand, heavy, zero), 1)
    left = np.array(checked_rates(capacity_bps, "capacity_bps"))
    rows, links = np.ascontiguousarray(offset, np.int64), np.ascontiguousarray(link, np.int64)
    if len(rows) != len(demand) + 1 or rows[0] != 0 or rows[-1] != len(links) or (np.diff(rows) < 0).any():
        raise InputError(
            Fault("offsets do not cut the links into flows", "offset", len(rows), "0, rising, up to len(link)")
        )
    if links.size and (links.min() < 0 or links.max() >= len(left)):
        raise InputError(Fault("a flow names a link that there is not", "link", None, f"0 to {len(left) - 1}"))
    of_flow = np.repeat(np.arange(len(demand)), np.diff(rows))
    if _twice(rows, links, np.full(len(left), -1, np.int64)):
        raise InputError(Fault("a flow names a link twice", "link", None, "each link once a flow"))
    first, at = group(links, len(left))
    order = np.argsort(flows.demand_bps / flows.weight, kind="stable")
    result = MaxMin(np.zeros(len(demand), np.int64), np.full(len(demand), -1, np.int64))
    member = np.ascontiguousarray(of_flow[at])
    _progressive(rows, links, first, member, left, flows.demand_bps, flows.weight, order, *result)
    return result
