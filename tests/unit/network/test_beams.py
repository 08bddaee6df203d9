"""Beam time: nothing is given twice, nothing beyond what there is, and the most places where that is asked."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from relations import Relation, random_sets, relation

from bentpipe.network.beams import BeamTime, share_beam_time


def share(
    sets: list[list[int]],
    need: list[int],
    room: list[int],
    want: list[int] | None = None,
    score: np.ndarray | None = None,
    followed: np.ndarray | None = None,
    order: np.ndarray | None = None,
    coverage_first: bool = False,
) -> tuple[Relation, BeamTime]:
    links = relation(sets)
    return links, share_beam_time(
        *links,
        np.zeros(len(links.satellite)) if score is None else score,
        np.ones(len(room), np.bool_) if followed is None else followed,
        np.array(need, np.int64),
        np.array(need if want is None else want, np.int64),
        np.arange(len(sets), dtype=np.int64) if order is None else order,
        np.array(room, np.int64),
        coverage_first,
    )


@pytest.mark.parametrize("coverage_first", [False, True])
@pytest.mark.parametrize("seed", range(60))
def test_no_slice_is_used_twice_and_every_need_is_met(seed: int, coverage_first: bool) -> None:
    rng = np.random.default_rng(seed)
    places, satellites = int(rng.integers(0, 40)), int(rng.integers(1, 12))
    sets = random_sets(rng, places, satellites, rng.uniform(0.1, 0.6))
    need = rng.integers(0, 6, places)
    want = need + rng.integers(0, 30, places)
    room = rng.integers(0, 25, satellites)
    followed = rng.random(satellites) < 0.7
    links, beams = share(
        sets, need, room, want, rng.normal(size=sum(map(len, sets))), followed, rng.permutation(places), coverage_first
    )
    used: dict[int, list[tuple[int, int]]] = {}
    for c in range(places):
        k = int(beams.link[c])
        if k < 0:
            assert beams.slices[c] == 0
            continue
        assert links.start[c] <= k < links.stop[c]
        s = int(links.satellite[k])
        assert followed[s] and need[c] > 0
        assert need[c] <= beams.slices[c] <= want[c]
        used.setdefault(s, []).append((int(beams.first_slice[c]), int(beams.first_slice[c] + beams.slices[c])))
    for s in range(satellites):
        ranges = sorted(used.get(s, []))
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(ranges))
        assert all(first >= 0 and last <= room[s] for first, last in ranges)
        assert beams.left[s] == room[s] - sum(last - first for first, last in ranges)
        hungry = sum(
            want[c] - beams.slices[c]
            for c in range(places)
            if beams.link[c] >= 0 and links.satellite[beams.link[c]] == s
        )
        assert beams.left[s] == 0 or hungry == 0 or beams.left[s] < len(ranges)  # but for rounding, none is wasted
    for c in range(places):  # whoever is left out finds no room for his need at any followed satellite
        if beams.link[c] < 0 and need[c] > 0:
            rest = {
                s: room[s]
                - sum(need[d] for d in range(places) if beams.link[d] >= 0 and links.satellite[beams.link[d]] == s)
                for s in sets[c]
            }
            assert all(not followed[s] or left < need[c] for s, left in rest.items())


@pytest.mark.parametrize("need", [1, 3])
@pytest.mark.parametrize("seed", range(30))
def test_coverage_first_is_the_maximum_flow_for_equal_needs(seed: int, need: int) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    csgraph = pytest.importorskip("scipy.sparse.csgraph")
    rng = np.random.default_rng(700 + seed)
    places, satellites = int(rng.integers(5, 60)), int(rng.integers(2, 12))
    sets = random_sets(rng, places, satellites, rng.uniform(0.05, 0.4))
    room, followed = rng.integers(0, 8 * need, satellites), rng.random(satellites) < 0.8
    _, beams = share(
        sets, [need] * places, room, None, rng.normal(size=sum(map(len, sets))), followed, rng.permutation(places), True
    )
    graph = np.zeros((places + satellites + 2,) * 2, np.int32)
    graph[0, 1 : places + 1] = 1
    for c, row in enumerate(sets):
        for s in row:
            graph[1 + c, 1 + places + s] = int(followed[s])
    graph[1 + places : -1, -1] = room // need
    flow = csgraph.maximum_flow(sparse.csr_matrix(graph), 0, places + satellites + 1).flow_value
    assert (beams.link >= 0).sum() == flow


def test_a_place_moves_to_let_another_in() -> None:
    # Place 0 prefers satellite 0, the only one of place 1.
    sets, score = [[0, 1], [0]], np.array([1.0, 0.0, 0.0])
    assert share(sets, [1, 1], [1, 1], score=score)[1].link.tolist() == [0, -1]
    assert share(sets, [1, 1], [1, 1], score=score, coverage_first=True)[1].link.tolist() == [1, 2]


def test_the_best_score_is_taken_and_ties_go_to_the_lower_satellite() -> None:
    assert share([[2, 0, 1]], [1], [5, 5, 5], score=np.array([1.0, 3.0, 2.0]))[1].link.tolist() == [1]
    assert share([[2, 0, 1]], [1], [5, 5, 5])[1].link.tolist() == [1]
    assert share([[2, 0, 1]], [1], [0, 5, 5])[1].link.tolist() == [2]


def test_the_order_decides_who_is_left_out() -> None:
    assert share([[0], [0]], [1, 1], [1], order=np.array([1, 0]))[1].link.tolist() == [-1, 1]


def test_what_is_left_is_shared_in_proportion() -> None:
    _, beams = share([[0], [0]], [2, 2], [16], want=[10, 6])
    assert beams.slices.tolist() == [2 + 8, 2 + 4]
    _, beams = share([[0], [0]], [2, 2], [10], want=[10, 6])
    assert beams.slices.tolist() == [2 + 4, 2 + 2]
    assert beams.left.tolist() == [0]


@pytest.mark.parametrize("coverage_first", [False, True])
def test_a_score_that_is_no_number_is_never_chosen(coverage_first: bool) -> None:
    # Satellite 1 has room throughout, but place 0 may not use it, not even to make room for place 1.
    sets, score = [[0, 1], [0]], np.array([1.0, np.nan, 1.0])
    links, beams = share(sets, [1, 1], [1, 5], score=score, coverage_first=coverage_first)
    served = beams.link[beams.link >= 0]
    assert links.satellite[served].tolist() == [0]
