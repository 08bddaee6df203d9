"""Routes of chosen pairs of ends in one slot, their measures, and fair shares of the traffic that flows on them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel
from bentpipe.network.maxmin import max_min_rates
from bentpipe.network.mesh import Entries, Mesh
from bentpipe.network.routing import ROUNDS, RouteView, Routing, laser_costs
from bentpipe.network.shortest import trees

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]


class Routes(NamedTuple):
    """Routes of M pairs of ends.

    Parameters
    ----------
    path_m : (M,) float64
        Whole way, entries and forwarding included, one way, m of vacuum; NaN where there is none.
    laser_m : (M,) float64
        Length of its lasers, m.
    lasers : (M,) int32
        How many they are; -1 where there is no way.
    first, last : (M,) int32
        Satellites at both ends; -1 where there is no way.
    mark : (M,) uint64
        Hash of the satellites in their order: another path has another mark.
    offset : (M + 1,) int64
        The lasers of pair ``m`` are rows ``offset[m]:offset[m + 1]`` of the next.
    step : (H,) int64
        Lasers along each way, from its last satellite to its first: twice the row in the mesh, and one more where it
        leads from the higher to the lower index on the way there.
    """

    path_m: FloatArray
    laser_m: FloatArray
    lasers: Int32Array
    first: Int32Array
    last: Int32Array
    mark: npt.NDArray[np.uint64]
    offset: IntArray
    step: IntArray


def no_routes(pairs: int) -> Routes:
    """Routes of pairs that have none yet.

    Parameters
    ----------
    pairs : int
        M.

    Returns
    -------
    Routes
    """
    none = np.full(pairs, -1, np.int32)
    return Routes(
        np.full(pairs, math.nan), np.zeros(pairs), none, none.copy(), none.copy(), np.zeros(pairs, np.uint64),
        np.zeros(pairs + 1, np.int64), np.zeros(0, np.int64),
    )  # fmt: skip


@kernel(
    "int64(int32[:,::1], int64[::1], float64[:,::1], int32[:,::1], int64[::1], int64[::1], int32[::1], float64[::1],"
    "int64[::1], int32[::1], int32[::1], float64[::1], float64, float64[::1], float64[::1], int32[::1], int32[::1],"
    "int32[::1], uint64[::1], int64[::1], int64[::1])"
)
def _routes(
    pair: Int32Array,
    tree_of: IntArray,
    cost: FloatArray,
    previous: Int32Array,
    start: IntArray,
    stop: IntArray,
    entered: Int32Array,
    entry_m: FloatArray,
    offset: IntArray,
    neighbour: Int32Array,
    laser: Int32Array,
    length_m: FloatArray,
    hop_m: float,
    path_m: FloatArray,
    laser_m: FloatArray,
    lasers: Int32Array,
    first: Int32Array,
    last: Int32Array,
    mark: npt.NDArray[np.uint64],
    begin: IntArray,
    step: IntArray,
) -> int:
    """Walk the way of each pair back from its last satellite. Returns how many lasers there are in all.

    Where `step` has no room for them they are counted only.
    """
    count = 0
    for m in range(pair.shape[0]):
        a, b = pair[m, 0], pair[m, 1]
        t, best, at = tree_of[a], math.inf, -1
        for k in range(start[b], stop[b]):
            total = cost[t, entered[k]] + entry_m[k]
            if total < best or (total == best and at >= 0 and entered[k] < entered[at]):
                best, at = total, k
        if at >= 0:
            here, length, hops = entered[at], 0.0, 0
            code = np.uint64(0xCBF29CE484222325)
            last[m] = here
            while True:
                code = (code ^ np.uint64(here + 1)) * np.uint64(0x9E3779B97F4A7C15)
                code ^= code >> np.uint64(29)
                there = previous[t, here]
                if there < 0:
                    break
                e = -1
                for k in range(offset[here], offset[here + 1]):
                    if neighbour[k] == there:
                        e = laser[k]
                length += length_m[e]
                if count < step.size:
                    step[count] = 2 * e + (1 if there > here else 0)
                hops += 1
                count += 1
                here = there
            entry = math.inf
            for k in range(start[a], stop[a]):
                if entered[k] == here:
                    entry = min(entry, entry_m[k])
            path_m[m] = entry + length + hops * hop_m + entry_m[at]
            laser_m[m], lasers[m], first[m], mark[m] = length, hops, here, code
        begin[m + 1] = count
    return count


def find_routes(
    mesh: Mesh,
    entries: Entries,
    pair: Int32Array,
    cost_m: FloatArray,
    hop_m: float,
    orders: npt.NDArray[np.uint32] | None = None,
) -> Routes:
    """Least-cost routes of some pairs.

    Parameters
    ----------
    mesh : Mesh
        Lasers.
    entries : Entries
        Where K ends enter the mesh.
    pair : (M, 2) int32
        Ends of each pair.
    cost_m : (E,) float64
        Cost of each laser, by which routes are chosen, m.
    hop_m : float
        Forwarding at one laser, m of vacuum, by which they are measured.
    orders : (R, N) uint32, optional
        Orders in which sweeps visit the satellites; they change the time, not the routes. See
        `bentpipe.network.sweeps.grid_orders`.

    Returns
    -------
    Routes
        Ties go to the satellite of lower index.
    """
    out = no_routes(len(pair))
    if not len(pair):
        return out
    sources, tree_of = np.unique(pair[:, 0]), np.full(len(entries.start), -1, np.int64)
    tree_of[sources] = np.arange(len(sources))
    begun = Entries(entries.start[sources], entries.stop[sources], entries.satellite, entries.cost_m)
    found = trees(mesh, cost_m, begun, orders=orders)
    where = (mesh.offset, mesh.neighbour, mesh.laser, mesh.length_m, hop_m)
    step = np.empty(16 * len(pair), np.int64)
    while True:
        arguments: list[Any] = [np.ascontiguousarray(pair), tree_of, *found, *entries, *where, *out[:7], step]
        count = _routes(*arguments)
        if count <= len(step):
            return out._replace(step=step[:count])
        step = np.empty(count, np.int64)


def laser_loads(routes: Routes, there_bps: IntArray, back_bps: IntArray, lasers: int) -> IntArray:
    """What the lasers carry.

    Parameters
    ----------
    routes : Routes
        Routes of M pairs.
    there_bps, back_bps : (M,) int64
        Rates of each pair, from its first to its second end and back, bit/s.
    lasers : int
        E.

    Returns
    -------
    (2 E,) int64
        bit/s; of laser ``e``, from the lower to the higher index at ``2 e``, back at ``2 e + 1``.
    """
    times = np.diff(routes.offset)
    load = np.bincount(routes.step, np.repeat(there_bps, times), 2 * lasers)
    load += np.bincount(routes.step ^ 1, np.repeat(back_bps, times), 2 * lasers)
    return load.astype(np.int64)


def route(
    policy: Routing,
    view: RouteView,
    entries: Entries,
    pair: Int32Array,
    demand_bps: tuple[IntArray, IntArray],
    rate_bps: int,
    orders: npt.NDArray[np.uint32] | None = None,
) -> Routes:
    """Routes of some pairs by a policy; in rounds, the largest demand first, where it looks at the load.

    Parameters
    ----------
    policy : Routing
        The policy.
    view : RouteView
        The slot; its load is that of the first round.
    entries : Entries
        Where K ends enter the mesh.
    pair : (M, 2) int32
        Ends of each pair.
    demand_bps : ((M,) int64, (M,) int64)
        What flows there and back, bit/s.
    rate_bps : int
        What a laser carries each way, bit/s.
    orders : (R, N) uint32, optional
        As of `find_routes`.

    Returns
    -------
    Routes
    """
    total = demand_bps[0] + demand_bps[1]
    if not policy.sees_load or not total.any():
        return find_routes(view.mesh, entries, pair, laser_costs(policy, view), view.hop_m, orders)
    order = np.argsort(-total, kind="stable")
    # In floating point: ten times all the traffic may be more than an int64 holds.
    so_far = np.cumsum(total[order], dtype=np.float64)
    turn = np.minimum((so_far * (ROUNDS / so_far[-1])).astype(np.int64), ROUNDS - 1)
    parts: list[tuple[IntArray, Routes]] = []
    carried = np.zeros(2 * len(view.mesh.pair), np.int64)
    for now in np.unique(turn):
        chosen = order[turn == now]
        load = carried.reshape(-1, 2).max(axis=1) / rate_bps
        cost = laser_costs(policy, view._replace(load=load))
        found = find_routes(view.mesh, entries, pair[chosen], cost, view.hop_m, orders)
        carried += laser_loads(found, demand_bps[0][chosen], demand_bps[1][chosen], len(view.mesh.pair))
        parts.append((chosen, found))
    return _joined(parts, len(pair))


def _joined(parts: list[tuple[IntArray, Routes]], pairs: int) -> Routes:
    """Routes of all pairs from those of some."""
    out = no_routes(pairs)
    times = np.zeros(pairs, np.int64)
    for chosen, found in parts:
        columns: Any = zip(out[:6], found[:6], strict=True)
        for whole, part in columns:
            whole[chosen] = part
        times[chosen] = np.diff(found.offset)
    offset = np.concatenate([[0], np.cumsum(times)]).astype(np.int64)
    step = np.empty(offset[-1], np.int64)
    for chosen, found in parts:
        count = np.diff(found.offset)
        at = np.repeat(offset[chosen] - found.offset[:-1], count) + np.arange(len(found.step))
        step[at] = found.step
    return out._replace(offset=offset, step=step)


class FlowRates(NamedTuple):
    """What pairs of ends are given.

    Parameters
    ----------
    there_bps, back_bps : (M,) int64
        Rates from the first to the second end of each pair and back, bit/s.
    laser_bps : (2 E,) int64
        What the lasers carry, as of `laser_loads`.
    """

    there_bps: IntArray
    back_bps: IntArray
    laser_bps: IntArray


def share_routes(
    routes: Routes,
    pair: Int32Array,
    demand_bps: tuple[IntArray, IntArray],
    end_bps: IntArray,
    lasers: int,
    rate_bps: int,
) -> FlowRates:
    """Max-min fair rates of the traffic on routes.

    Parameters
    ----------
    routes : Routes
        Routes of M pairs.
    pair : (M, 2) int32
        Ends of each.
    demand_bps : ((M,) int64, (M,) int64)
        What is asked for there and back, bit/s.
    end_bps : (K,) int64
        What the links of each end carry each way, bit/s.
    lasers : int
        E.
    rate_bps : int
        What a laser carries each way, bit/s.

    Returns
    -------
    FlowRates
        Weights of 1 (Bertsekas and Gallager, Data Networks, 1992, section 6.5.2); 0 where there is no way.
    """
    ends, pairs = len(end_bps), len(pair)
    given = np.zeros((2, pairs), np.int64)
    way, row = np.nonzero(np.stack(demand_bps) * (routes.lasers >= 0) > 0)
    if len(row):
        times = np.diff(routes.offset)[row]
        offset = np.concatenate([[0], np.cumsum(times + 2)]).astype(np.int64)
        link = np.empty(offset[-1], np.int64)
        source = np.where(way == 0, pair[row, 0], pair[row, 1])
        link[offset[:-1]] = source
        link[offset[1:] - 1] = ends + pair[row].sum(axis=1) - source
        flow = np.repeat(np.arange(len(row)), times)
        step = np.arange(len(flow)) - (np.cumsum(times) - times)[flow]
        crossed = routes.step[routes.offset[row][flow] + step] ^ way[flow]
        link[offset[flow] + 1 + step] = 2 * ends + crossed
        capacity = np.concatenate([end_bps, end_bps, np.full(2 * lasers, rate_bps)])
        given[way, row] = max_min_rates(offset, link, capacity, np.stack(demand_bps)[way, row]).rate_bps
    return FlowRates(given[0], given[1], laser_loads(routes, given[0], given[1], lasers))
