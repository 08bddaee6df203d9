r"""The set of satellites that serves most places, by branch and bound.

Let :math:`f(S)` be the places that satellites :math:`S` can serve (`coverflow`) and let the antennas be able to
follow the sets of a family :math:`I`, which is a transversal matroid. With a price :math:`0 \le u_c \le 1` for each
place, of which :math:`K_s` at most fit a satellite,

.. math:: \max_{S \in I} f(S) \le L(u) = \sum_c u_c + \max_{S \in I} \sum_{s \in S} v_s(u), \qquad
          v_s(u) = \text{sum of the } K_s \text{ largest } 1 - u_c \text{ among its places}

(the Lagrangian relaxation of "each place is served once"; Cornuejols, Fisher and Nemhauser, Management Science 23,
1977). The inner maximum is that of a matroid, which greedy finds exactly (Edmonds, Mathematical Programming 1, 1971).
What one set contributes to :math:`L` is least, namely :math:`f(S)`, at prices 0 on the places' side of its own
minimum cut and 1 elsewhere. So each step goes from the best prices towards the mean of the cuts of the sets chosen
of late, and every set on the way is tried.

A node whose bound is below one place more than the best known is closed; else satellites that cannot or must be in a
better set are fixed, and the one that the steps agree on least is branched on. Prices are whole numbers of
``1 / UNIT``, so that every bound, and with it every proof, is exact.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel
from bentpipe.network.coverflow import Cover, most_served
from bentpipe.network.followed import arrange

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

#: Price of a place that is worth no satellite.
UNIT = 1 << 20
#: Pairs of a class and a satellite that a search may look at: about 50 ms. It is counted, not timed, so that a
#: run is the same on every machine.
BUDGET = 20_000_000
#: Steps at the root and at every other node, at most.
ROOT_STEPS, NODE_STEPS = 150, 20
#: Minimum cuts that the mean remembers, about.
MEMORY = 10
_FREE, _IN, _OUT = 0, 1, 2


@kernel()
def _best_set(
    cover: Cover, status: IntArray, value: IntArray, rank: IntArray, held: IntArray, used: IntArray, chosen: BoolArray
) -> int:
    """Followable set of largest value that keeps what is fixed; returns its value, -1 where there is none."""
    m = value.size
    gateway_of, scratch = np.full(m, -1, np.int32), np.zeros(4 * cover.antennas.size, np.int64)
    used[:] = 0
    chosen[:] = False
    total = 0
    for s in range(m):
        if status[s] == _IN:
            if not arrange(s, cover.option_offset, cover.option, cover.antennas, gateway_of, held, used, scratch):
                return -1
            chosen[s] = True
            total += value[s]
    for i in range(m):
        s = rank[i]
        if status[s] == _FREE and arrange(
            s, cover.option_offset, cover.option, cover.antennas, gateway_of, held, used, scratch
        ):
            chosen[s] = True
            total += value[s]
    return int(total)


@kernel()
def _rank(value: IntArray, rank: IntArray) -> None:
    """Satellites by value, largest first, then by index; `rank` holds an order that is nearly right."""
    for i in range(1, rank.size):
        s = rank[i]
        j = i
        while j > 0 and (value[rank[j - 1]] < value[s] or (value[rank[j - 1]] == value[s] and rank[j - 1] > s)):
            rank[j] = rank[j - 1]
            j -= 1
        rank[j] = s


@kernel()
def _values(cover: Cover, price: IntArray, order: IntArray, status: IntArray, value: IntArray) -> None:
    """``v_s(u)`` of each satellite, of those not left out; `order` is nearly by price."""
    for i in range(1, order.size):
        k = order[i]
        j = i
        while j > 0 and (price[order[j - 1]] > price[k] or (price[order[j - 1]] == price[k] and order[j - 1] > k)):
            order[j] = order[j - 1]
            j -= 1
        order[j] = k
    left = cover.room.copy()
    value[:] = 0
    for i in range(order.size):
        k = order[i]
        worth, places = UNIT - price[k], cover.places[k]
        for e in range(cover.offset[k], cover.offset[k + 1]):
            s = cover.satellite[e]
            amount = min(places, left[s])
            left[s] -= amount
            value[s] += amount * worth


@kernel()
def _fix(
    cover: Cover,
    status: IntArray,
    value: IntArray,
    rank: IntArray,
    chosen: BoolArray,
    base: int,
    tally: IntArray,
    held: IntArray,
    used: IntArray,
) -> int:
    """Fix satellites without which, or with which, no better set is left; returns how many stay free."""
    free, other = 0, np.empty(value.size, np.bool_)
    for s in range(value.size):
        if status[s] == _FREE:
            status[s] = _OUT if chosen[s] else _IN
            total = _best_set(cover, status, value, rank, held, used, other)
            tally[1] += 4 * value.size
            if total < 0 or base + total < (tally[0] + 1) * UNIT:
                status[s] = _IN if chosen[s] else _OUT
            else:
                status[s] = _FREE
                free += 1
    return free


@kernel()
def _relax(
    cover: Cover,
    status: IntArray,
    price: IntArray,
    steps: int,
    best: BoolArray,
    tally: IntArray,
    chosen: BoolArray,
    often: IntArray,
    value: IntArray,
    rank: IntArray,
    held: IntArray,
    used: IntArray,
) -> int:
    """Lower the bound of a node by steps of the prices; returns it, -1 where the node is closed.

    `price` and `chosen` become those of the least bound, `often` how often each satellite was chosen.
    """
    n_classes, pairs, m = cover.places.size, cover.satellite.size, cover.room.size
    order = np.argsort(price * n_classes + np.arange(n_classes))
    now, short = np.empty(m, np.bool_), np.empty(n_classes, np.bool_)
    trial, mean, least, scale, stale = price.copy(), price.copy(), -1, 0.5, 0
    often[:] = 0
    for step in range(steps):
        _values(cover, trial, order, status, value)
        _rank(value, rank)
        bound = _best_set(cover, status, value, rank, held, used, now)
        if bound < 0:
            return -1
        for k in range(n_classes):
            bound += cover.places[k] * trial[k]
        served, work = most_served(cover, now, short)
        tally[1] += work + pairs + n_classes + 8 * m
        if served > tally[0]:
            tally[0] = served
            best[:] = now
        if least < 0 or bound < least:
            least, stale = bound, 0
            price[:] = trial
            chosen[:] = now
        else:
            stale += 1
            if stale == 6:
                scale, stale = 0.7 * scale, 0
        if least < (tally[0] + 1) * UNIT:
            return -1
        for s in range(m):
            often[s] += now[s]
        for k in range(n_classes):
            seen_by = 0
            for e in range(cover.offset[k], cover.offset[k + 1]):
                seen_by += now[cover.satellite[e]]
            # The part of a set is as small at any price of a place that only one of its satellites sees.
            cut = 0 if short[k] else UNIT if seen_by > 1 else price[k]
            mean[k] += cut - mean[k] if step == 0 else (cut - mean[k]) // MEMORY
            trial[k] = price[k] + np.int64(scale * (mean[k] - price[k]))
    return int(least)


@kernel()
def _node(
    cover: Cover, status: IntArray, price: IntArray, steps: int, best: BoolArray, tally: IntArray, held: IntArray
) -> int:
    """Bound one node; returns how to branch, -1 for a closed node.

    The answer is ``2 s + 1`` where satellite ``s`` shall be tried first, ``2 s`` where it shall be left out first.
    """
    n_classes, m = cover.places.size, cover.room.size
    chosen, often = np.empty(m, np.bool_), np.empty(m, np.int64)
    value, rank, used = np.empty(m, np.int64), np.arange(m), np.empty(cover.antennas.size, np.int64)
    least = _relax(cover, status, price, steps, best, tally, chosen, often, value, rank, held, used)
    if least < 0:
        return -1
    if steps == ROOT_STEPS:
        tally[2] = least // UNIT
    order = np.argsort(price * n_classes + np.arange(n_classes))
    _values(cover, price, order, status, value)
    _rank(value, rank)
    base = 0
    for k in range(n_classes):
        base += cover.places[k] * price[k]
    if _fix(cover, status, value, rank, chosen, base, tally, held, used) == 0:
        return -1
    answer, nearest, every = -1, 0, often.max()
    whole = True
    for s in range(m):
        if status[s] == _FREE:
            whole &= chosen[s]
            off = abs(2 * often[s] - every)
            if answer < 0 or off < nearest:
                answer, nearest = 2 * s + chosen[s], off
    return -1 if whole else answer


@kernel()
def search(cover: Cover, best: BoolArray, price: IntArray, served: int, budget: int) -> tuple[int, int, int]:
    """Find a followable set of satellites that serves most places.

    Parameters
    ----------
    cover : Cover
        K classes, M satellites.
    best : (M,) bool
        A followable set; becomes the best found. It stays where none is better.
    price : (K,) int64
        Prices to start with, in 1 / `UNIT`.
    served : int
        Places that the set serves.
    budget : int
        Pairs to look at, at most, about.

    Returns
    -------
    served : int
        Places that the best set serves.
    bound : int
        Places that no set exceeds; the same where that is proven.
    work : int
        Pairs that were looked at, about.
    """
    m = cover.room.size
    status, prices = np.zeros((m + 2, m), np.int64), np.empty((m + 2, price.size), np.int64)
    later = np.full(m + 2, -1, np.int64)
    prices[0] = price
    tally = np.array([served, 0, cover.places.sum()])
    held = np.empty((cover.antennas.size, max(1, cover.antennas.max())), np.int64)
    depth = 0
    while tally[1] < budget:
        steps = NODE_STEPS if depth or tally[1] else ROOT_STEPS
        branch = _node(cover, status[depth], prices[depth], steps, best, tally, held)
        if branch >= 0:
            later[depth] = branch
            status[depth + 1] = status[depth]
            status[depth + 1, branch // 2] = _IN if branch % 2 else _OUT
            prices[depth + 1] = prices[depth]
            depth += 1
            continue
        while depth > 0 and later[depth - 1] < 0:
            depth -= 1
        if depth == 0:
            return int(tally[0]), int(tally[0]), int(tally[1])
        branch, later[depth - 1] = later[depth - 1], -1
        status[depth] = status[depth - 1]
        status[depth, branch // 2] = _OUT if branch % 2 else _IN
        prices[depth] = prices[depth - 1]
    return int(tally[0]), int(tally[2]), int(tally[1])
