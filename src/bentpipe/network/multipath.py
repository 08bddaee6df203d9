r"""Weighted max-min fair shares over several satellites at once: adaptive water-filling.

A cell that wants :math:`u` splits it over its routes: route r has a part :math:`\theta_r`, asks for
:math:`a_r = \min(\theta_r u, b_r)` and weighs :math:`\omega_r = \theta_r w`. Given the parts, every satellite has one
water level, then every gateway, as in `bentpipe.network.shares`:

.. math:: x_r = \min(a_r, \omega_r v_r), \qquad v_r = \min(\lambda_\mathrm{satellite}, \lambda_\mathrm{gateway}).

A satellite or gateway that is not full counts with a level above all others: the largest :math:`u / w` times its
capacity over its use. Then the parts move towards routes of higher level,

.. math:: \theta_r \leftarrow \min\left(\theta_r \left(1 + e_r \frac{v_r - \bar v}{v_r + \bar v}\right),
          \frac{b_r}{\min(u, w \bar v)}\right), \qquad \bar v = \sum_r \theta_r v_r,

scaled to a sum of 1, and so on. The elasticity :math:`e` is the part of a full satellite's rate that its level
governs, or the spare part of one that is not full, so that steps do not overshoot; at first it is at least 1, in round
k at least 16 / (16 + k), which is quicker and calms down. Where the parts stay put a cell draws only from routes of its
highest level, which is the condition for max-min fair rates. The number of rounds is fixed, so the result is feasible
but not exact, and no proof of convergence is known to us; what is left over is handed out in proportion to what is
still wanted. ``docs/models/fair-shares.md`` has the measured gaps.

Re-weighting subflows between water-fillings is the idea of the adaptive waterfiller of Namyar and others, "Solving
max-min fair resource allocations quickly on large graphs", NSDI 2024 (arXiv 2310.09699). There the parts follow the
rates; here they follow the levels, which also moves satisfied cells off satellites that others need.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel
from bentpipe.network.flows import Flows, IntArray, Shares, SlotCapacity
from bentpipe.network.routed import Room, Routes, cell_wants, routed_shares, routes_by_id

FloatArray = npt.NDArray[np.float64]
NodeArray = npt.NDArray[np.int32]

ROUNDS: Final = 8
"""Rounds of water-filling, fixed so that a run's time and results do not hang on a tolerance."""

_STEPS = 2
_LAST_STEPS = 6
_PASSES = 2
_LEAST_PART = 1e-4
_CALM = 16.0  # rounds after which the least elasticity has fallen from 1 to a half


@kernel(
    "boolean(int64, int32[::1], int32[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1],"
    "float64[::1])"
)
def _levels(
    steps: int,
    satellite: NodeArray,
    up: NodeArray,
    room: FloatArray,
    ask: FloatArray,
    weight: FloatArray,
    below: FloatArray,
    level: FloatArray,
    most: FloatArray,
) -> bool:
    """Newton's method on the levels of all satellites at once, or of all gateways; whether any is full.

    ``up`` is the limit that each satellite leads to (itself, or its gateway), ``below`` the satellites' levels under
    it (empty for none), and ``most`` becomes what is asked of each limit. What a limit gives is a concave function of
    its level, so that a step from anywhere lands at or below the level sought, and the level is feasible after any
    number of steps.
    Infinity: not full.
    """
    links, bounded = room.size, below.size > 0
    heavy, met = np.zeros(links), np.zeros((links, 2))  # what is met, and the weights that still rise, side by side
    most[:] = 0.0
    for r in range(satellite.size):
        s, w = satellite[r], weight[r]
        a, i = min(ask[r], w * below[s]) if bounded else ask[r], up[s]
        most[i] += a
        heavy[i] += w
        full = np.int64(a > w * level[i])  # no branch: half of them would be guessed wrong
        met[i, full] += w if full else a
    some = False
    for i in range(links):
        if most[i] <= room[i]:
            level[i] = np.inf
        else:
            some = True
    for step in range(steps if some else 0):
        if step > 0:
            met[:] = 0.0
            for r in range(satellite.size):
                s, w = satellite[r], weight[r]
                a, i = min(ask[r], w * below[s]) if bounded else ask[r], up[s]
                full = np.int64(a > w * level[i])  # no branch: half of them would be guessed wrong
                met[i, full] += w if full else a
        moved = False
        for i in range(links):
            before = level[i]
            if most[i] <= room[i]:
                continue
            if met[i, 1] > 0.0 and met[i, 0] < room[i]:
                level[i] = (room[i] - met[i, 0]) / met[i, 1]
            else:
                level[i] = room[i] / heavy[i]
            moved |= level[i] != before
        if not moved:
            break
    return some


@kernel("void(float64[::1], float64[::1], float64[::1], float64[::1], float64, float64, float64[::1], float64[::1])")
def _pull(
    room: FloatArray,
    level: FloatArray,
    used: FloatArray,
    governed: FloatArray,
    highest: float,
    least: float,
    value: FloatArray,
    elasticity: FloatArray,
) -> None:
    """Level with which each satellite or gateway counts, and how far a step may go."""
    for i in range(room.size):
        if level[i] < np.inf:
            value[i], part = level[i], governed[i] / max(used[i], 1.0)
        else:
            ratio = room[i] / max(used[i], 1.0)
            value[i], part = highest * ratio, min(1.0, ratio - 1.0)
        elasticity[i] = max(part, least)


@kernel(
    "void(float64, int64[::1], int32[::1], int32[::1], float64[::1], float64[::1], float64[::1], float64[::1],"
    "float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1])"
)
def _move_parts(
    least: float,
    first: IntArray,
    satellite: NodeArray,
    gateway: NodeArray,
    s_room: FloatArray,
    g_room: FloatArray,
    want: FloatArray,
    weight: FloatArray,
    beam: FloatArray,
    s_level: FloatArray,
    g_level: FloatArray,
    part: FloatArray,
    ask: FloatArray,
    heavy: FloatArray,
) -> None:
    """Move each cell's parts towards its routes of higher level; ``gateway`` is that of each satellite."""
    n, g_count, highest = s_room.size, g_room.size, 0.0
    used, governed, value, elastic = np.zeros(n), np.zeros(n), np.empty(n), np.empty(n)
    g_used, g_governed, g_value, g_elastic = (
        np.zeros(g_count), np.zeros(g_count), np.empty(g_count), np.empty(g_count)
    )  # fmt: skip
    for i in range(want.size):
        if want[i] > 0.0:
            highest = max(highest, want[i] / weight[i])
    for s in range(n):
        value[s] = min(s_level[s], g_level[gateway[s]]) if gateway[s] >= 0 else 0.0
    for r in range(satellite.size):
        s = satellite[r]
        full = heavy[r] * value[s]
        if full < ask[r]:
            used[s] += full
            governed[s] += full
        else:
            used[s] += ask[r]
    for s in range(n):
        if gateway[s] >= 0:
            g_used[gateway[s]] += used[s]
            g_governed[gateway[s]] += governed[s]
    _pull(s_room, s_level, used, governed, highest, least, value, elastic)
    _pull(g_room, g_level, g_used, g_governed, highest, least, g_value, g_elastic)
    for s in range(n):
        g = gateway[s]
        if g >= 0 and g_value[g] < value[s]:
            value[s], elastic[s] = g_value[g], g_elastic[g]
    for i in range(want.size):
        if want[i] <= 0.0:
            continue
        mean, total = 0.0, 0.0
        for r in range(first[i], first[i + 1]):
            mean += part[r] * value[satellite[r]]
        target = min(want[i], weight[i] * mean)
        for r in range(first[i], first[i + 1]):
            s = satellite[r]
            if value[s] + mean > 0.0:
                part[r] *= 1.0 + elastic[s] * (value[s] - mean) / (value[s] + mean)
            if part[r] * target > beam[r]:
                part[r] = beam[r] / target
            total += part[r]
        scale = 1.0 / total if total > 0.0 else 0.0
        for r in range(first[i], first[i + 1]):
            part[r] = max(part[r] * scale, _LEAST_PART)
            ask[r] = min(part[r] * want[i], beam[r])
            heavy[r] = part[r] * weight[i]


@kernel(
    "void(int64, int64[::1], int32[::1], int32[::1], float64[::1], int64[::1], int64[::1], int64[::1], int64[::1],"
    "int64[::1])"
)
def _hand_out(
    passes: int,
    first: IntArray,
    satellite: NodeArray,
    gateway: NodeArray,
    rate: FloatArray,
    want: IntArray,
    beam: IntArray,
    satellite_left: IntArray,
    gateway_left: IntArray,
    carried: IntArray,
) -> None:
    """Whole bit/s from rates, then what is left in proportion to what is wanted; a last pass leaves no gap open."""
    n, g_count = satellite_left.size, gateway_left.size
    for turn in range(passes + 2):
        s_part, g_part = np.ones(n), np.ones(g_count)
        if 0 < turn <= passes:
            s_ask, g_ask = np.zeros(n), np.zeros(g_count)
            for i in range(want.size):
                for r in range(first[i], first[i + 1]):
                    s = satellite[r]
                    g = gateway[s]
                    if want[i] > 0 and satellite_left[s] > 0 and gateway_left[g] > 0:
                        most = min(want[i], beam[r])
                        s_ask[s] += most
                        g_ask[g] += min(most, satellite_left[s])
            for s in range(n):
                s_part[s] = min(1.0, satellite_left[s] / max(s_ask[s], 1.0))
            for g in range(g_count):
                g_part[g] = min(1.0, gateway_left[g] / max(g_ask[g], 1.0))
        for i in range(want.size):
            if want[i] == 0:
                continue
            wanted = want[i]
            for r in range(first[i], first[i + 1]):
                s = satellite[r]
                g = gateway[s]
                most = min(wanted, beam[r]) * min(s_part[s], g_part[g]) if turn > 0 else rate[r]
                x = min(np.int64(most), want[i], beam[r], satellite_left[s], gateway_left[g])
                carried[r] += x
                want[i] -= x
                beam[r] -= x
                satellite_left[s] -= x
                gateway_left[g] -= x


def _fill(routes: Routes, gateway: NodeArray, want: IntArray, weight: IntArray, room: Room, rounds: int) -> IntArray:
    """Rates of the routes, (R,) int64 bit/s; `want` and `weight` are those of the cells in the order of the routes."""
    count = np.diff(routes.first)
    satellite, itself = routes.satellite.astype(np.int32), np.arange(len(gateway), dtype=np.int32)
    s_room, g_room, beam = (array.astype(np.float64) for array in (room.satellite, room.gateway, room.beam))
    wanted, heavy_cell = want.astype(np.float64), np.maximum(weight, 1).astype(np.float64)
    part = np.repeat(1.0 / np.maximum(count, 1), count)
    ask, heavy = np.minimum(part * np.repeat(wanted, count), beam), part * np.repeat(heavy_cell, count)
    s_level, g_level, nothing = np.full(len(s_room), np.inf), np.full(len(g_room), np.inf), np.empty(0)
    s_most, g_most, linked = np.empty(len(s_room)), np.empty(len(g_room)), gateway >= 0
    for turn in range(rounds):
        steps = _STEPS if turn < rounds - 1 else _LAST_STEPS
        _levels(steps, satellite, itself, s_room, ask, heavy, nothing, s_level, s_most)
        # Only if the satellites together could overfill a gateway do the gateways need levels.
        arriving = np.bincount(gateway[linked], np.minimum(s_most, s_room)[linked], len(g_room))
        if (arriving > g_room).any():
            _levels(steps, satellite, gateway, g_room, ask, heavy, s_level, g_level, g_most)
        else:
            g_level[:] = np.inf
        if turn < rounds - 1:
            _move_parts(
                _CALM / (_CALM + turn), routes.first, satellite, gateway, s_room, g_room, wanted, heavy_cell, beam,
                s_level, g_level, part, ask, heavy,
            )  # fmt: skip
    level = np.minimum(s_level, g_level[gateway] if len(g_level) else 0.0)
    rate = np.minimum(ask, heavy * level[satellite])
    carried = np.zeros(len(beam), np.int64)
    left = (want.copy(), room.beam.copy(), room.satellite.copy(), room.gateway.copy())
    _hand_out(_PASSES, routes.first, satellite, gateway, rate, *left, carried)
    return carried


def multipath(flows: Flows, capacity: SlotCapacity, rounds: int = ROUNDS) -> Shares:
    """Nearly weighted max-min fair rates, each cell drawing from all its satellites with beam time.

    Cells weigh as much as their flows together; within a cell rank and weight decide. With several ranks, each is
    shared out on what the ranks before it left, their routes kept.

    Parameters
    ----------
    flows : Flows
        F flows with demands in bit/s; checked, see `bentpipe.network.flows.checked_flows`.
    capacity : SlotCapacity
        Capacities of the slot in bit/s; checked. Every link with beam time may be used.
    rounds : int
        Rounds of water-filling; more come closer to the exact rates.

    Returns
    -------
    Shares
        Rates in whole bit/s; no flow can get more without taking from another.
    """
    routes = routes_by_id(capacity)
    room = Room(capacity.spectrum_bps, capacity.beam_bps[routes.link], capacity.satellite_bps, capacity.gateway_bps)
    carried = np.zeros(len(routes.link), np.int64)
    for rank in np.unique(flows.rank):
        want, weight = cell_wants(flows, room.spectrum, flows.rank == rank)
        more = _fill(routes, capacity.gateway, want[routes.cell], weight[routes.cell], room, rounds)
        room = room.without(routes, more)
        carried += more
    return routed_shares(flows, capacity, routes, carried, room)
