"""The antenna plan of `max-coverage`: exactly the best set where needs are equal, and an honest bound everywhere."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from relations import can_follow, random_sets, relation

from bentpipe.network.beams import share_beam_time
from bentpipe.network.coverage import follow_for_coverage
from bentpipe.network.coversearch import BUDGET
from bentpipe.network.followed import Followed, follow_satellites

Sets = list[list[int]]


def rows_of(places: Sets, gateways: Sets, antennas: list[int], need: np.ndarray) -> tuple[np.ndarray, ...]:
    near, far = relation(places), relation(gateways)
    ranges = np.linspace(6e5, 2e6, len(far.satellite), dtype=np.float32)
    return (*near, need, *far, ranges, np.zeros(len(gateways)), np.array(antennas, np.int64))


def plan(
    places: Sets,
    gateways: Sets,
    antennas: list[int],
    room: list[int],
    need: list[int] | int = 1,
    budget: int = BUDGET,
) -> tuple[Followed, int, int]:
    """The plan, its bound, and the places that are served under it."""
    needs = np.full(len(places), need, np.int64) if isinstance(need, int) else np.array(need, np.int64)
    rows = rows_of(places, gateways, antennas, needs)
    followed, bound = follow_for_coverage(*rows, np.array(room, np.int64), budget)
    return followed, bound, served(places, followed.gateway >= 0, needs, room)


def served(places: Sets, followed: np.ndarray, need: np.ndarray, room: list[int]) -> int:
    links = relation(places)
    score = np.random.default_rng(0).normal(size=len(links.satellite))
    order = np.arange(len(places))
    return int(
        (share_beam_time(*links, score, followed, need, need, order, np.array(room, np.int64), True).link >= 0).sum()
    )


def most_of_all_sets(places: Sets, gateways: Sets, antennas: list[int], need: np.ndarray, room: list[int]) -> int:
    """Places served by the best of all sets of satellites that the antennas can follow."""
    best, n = 0, len(room)
    for size in range(min(n, sum(antennas)) + 1):
        for chosen in itertools.combinations(range(n), size):
            if can_follow(chosen, gateways, antennas):
                best = max(best, served(places, np.isin(np.arange(n), chosen), need, room))
    return best


@pytest.mark.parametrize("seed", range(80))
def test_equal_to_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    places, gateways = random_sets(rng, 14, 9, rng.uniform(0.1, 0.4)), random_sets(rng, 3, 9, rng.uniform(0.2, 0.7))
    antennas, need = rng.integers(0, 3, 3).tolist(), int(rng.integers(1, 4))
    room = (need * rng.integers(0, (3, 6, 30)[seed % 3], 9) + rng.integers(0, need, 9)).tolist()
    needs = need * rng.integers(0, 2, 14) if seed % 2 else np.full(14, need)
    followed, bound, got = plan(places, gateways, antennas, room, needs.tolist())
    assert got == bound == most_of_all_sets(places, gateways, antennas, needs, room)
    assert can_follow(tuple(np.flatnonzero(followed.gateway >= 0).tolist()), gateways, antennas)


@pytest.mark.parametrize("seed", range(24))
def test_equal_to_an_integer_program(seed: int) -> None:
    pytest.importorskip("scipy")
    rng = np.random.default_rng(7000 + seed)
    places = random_sets(rng, 60, 20, rng.uniform(0.05, 0.25))
    gateways, antennas = random_sets(rng, 4, 20, rng.uniform(0.2, 0.6)), rng.integers(1, 4, 4).tolist()
    room = [(2, 5, 9, 60)[seed % 4]] * 20 if seed < 12 else rng.integers(1, 15, 20).tolist()
    _, bound, got = plan(places, gateways, antennas, room)
    assert got == bound == by_integer_program(places, gateways, antennas, room)


def by_integer_program(places: Sets, gateways: Sets, antennas: list[int], room: list[int]) -> int:
    """Most places served, each by one satellite, each satellite followed by one antenna (SciPy's HiGHS)."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    served_by = [(c, s) for c, row in enumerate(places) for s in row]
    follows = [(g, s) for g, row in enumerate(gateways) for s in row]
    first = len(served_by)
    limits: list[tuple[dict[int, float], float]] = []
    for c in range(len(places)):
        limits.append(({i: 1.0 for i, (d, _) in enumerate(served_by) if d == c}, 1.0))
    for s, most in enumerate(room):
        antenna = {first + i: 1.0 for i, (_, t) in enumerate(follows) if t == s}
        own = [i for i, (_, t) in enumerate(served_by) if t == s]
        limits.append((antenna, 1.0))
        limits.append(({**dict.fromkeys(own, 1.0), **dict.fromkeys(antenna, -float(most))}, 0.0))
        limits.extend(({i: 1.0, **dict.fromkeys(antenna, -1.0)}, 0.0) for i in own)
    for g, most in enumerate(antennas):
        limits.append(({first + i: 1.0 for i, (h, _) in enumerate(follows) if h == g}, float(most)))
    matrix = np.zeros((len(limits), first + len(follows)))
    for i, (row, _) in enumerate(limits):
        matrix[i, list(row)] = list(row.values())
    worth = np.concatenate([np.full(first, -1.0), np.zeros(len(follows))])
    found = milp(
        worth,
        constraints=LinearConstraint(matrix, -np.inf, np.array([most for _, most in limits])),
        bounds=Bounds(0.0, 1.0),
        integrality=np.ones(len(worth)),
    )
    assert found.success
    return round(-found.fun)


@pytest.mark.parametrize("seed", range(20))
def test_the_plan_does_not_depend_on_the_order_of_places(seed: int) -> None:
    rng = np.random.default_rng(300 + seed)
    places, gateways = random_sets(rng, 80, 20, 0.15), random_sets(rng, 4, 20, 0.4)
    room = [6] * 20
    first, bound, _ = plan(places, gateways, [1, 2, 1, 2], room)
    shuffled = [list(reversed(places[i])) for i in rng.permutation(80)]
    again, same, _ = plan(shuffled, gateways, [1, 2, 1, 2], room)
    np.testing.assert_array_equal(first.gateway, again.gateway)
    assert bound == same


def test_a_greedy_plan_that_is_best_is_kept() -> None:
    kept = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        places, gateways = random_sets(rng, 14, 9, 0.3), random_sets(rng, 3, 9, 0.5)
        rows = rows_of(places, gateways, [1, 1, 2], np.ones(14, np.int64))
        greedy = follow_satellites(*rows, 9)
        found, bound = follow_for_coverage(*rows, np.full(9, 4))
        if served(places, greedy.gateway >= 0, np.ones(14, np.int64), [4] * 9) == bound:
            kept += 1
            for mine, theirs in zip(found, greedy, strict=True):
                np.testing.assert_array_equal(mine, theirs)
    assert 5 < kept < 30  # both are there: plans that are kept, and plans that are improved


def test_a_trap_for_greedy() -> None:
    # Satellite 0 sees most places, but the two others see all of them.
    places = [[0, 1], [0, 1], [0, 2], [0, 2], [1], [2]]
    followed, bound, got = plan(places, [[0, 1, 2]], [2], [9, 9, 9])
    assert followed.gateway.tolist() == [-1, 0, 0]
    assert got == bound == 6


def test_antennas_that_are_left_follow_more() -> None:
    # One satellite serves all; the second antenna still follows another, for its beam time.
    followed, bound, _ = plan([[0, 1], [0, 1], [0]], [[0, 1]], [2], [9, 9])
    assert followed.gateway.tolist() == [0, 0]
    assert bound == 3


def test_an_exhausted_budget_is_honest() -> None:
    open_worlds = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        places, gateways = random_sets(rng, 60, 20, 0.1), random_sets(rng, 4, 20, 0.4)
        _, most, best = plan(places, gateways, [1] * 4, [60] * 20)
        _, bound, got = plan(places, gateways, [1] * 4, [60] * 20, budget=0)
        assert got <= best == most <= bound
        open_worlds += got < bound
    assert open_worlds > 5


@pytest.mark.parametrize("seed", range(30))
def test_unequal_needs_have_a_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    places, gateways = random_sets(rng, 7, 4, 0.4), random_sets(rng, 2, 4, 0.7)
    need, room = rng.integers(1, 4, 7), rng.integers(0, 7, 4).tolist()
    rows = rows_of(places, gateways, [1, 1], need)
    followed, bound = follow_for_coverage(*rows, np.array(room, np.int64))
    fitting = {int(n) for n, row in zip(need, places, strict=True) if any(room[s] >= n for s in row)}
    if len(fitting) > 1:
        np.testing.assert_array_equal(followed.gateway, follow_satellites(*rows, 4).gateway)
    best = 0
    for choice in itertools.product(*[[*row, -1] for row in places]):
        used = [sum(int(n) for n, t in zip(need, choice, strict=True) if t == s) for s in range(4)]
        chosen = tuple(sorted(set(choice) - {-1}))
        if all(u <= r for u, r in zip(used, room, strict=True)) and can_follow(chosen, gateways, [1, 1]):
            best = max(best, sum(s >= 0 for s in choice))
    assert best <= bound
    assert bound <= sum(bool(row) for row in places)


def test_nothing_to_do() -> None:
    assert plan([], [[0]], [2], [1])[1:] == (0, 0)
    assert plan([[0]], [], [], [1])[1:] == (0, 0)
    assert plan([[0]], [[0]], [0], [1])[1:] == (0, 0)
    assert plan([[0]], [[0]], [2], [0])[1:] == (0, 0)
    assert plan([[0]], [[0]], [2], [5], need=0)[1:] == (0, 0)
    assert plan([], [], [], [])[1:] == (0, 0)
