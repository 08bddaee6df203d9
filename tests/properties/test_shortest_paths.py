"""Least-cost paths against SciPy and against their own definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meshes import dense, random_mesh, scipy_costs

from bentpipe.network.betweenends import between, pairs_between, to_ends
from bentpipe.network.mesh import Entries, Mesh, make_mesh
from bentpipe.network.nearestend import nearest
from bentpipe.network.pairpaths import paths_between
from bentpipe.network.shortest import Trees, costs_between, trees
from bentpipe.network.treepaths import path_measures, trace

SEEDS = st.integers(0, 2**32 - 1)
CLOSE = 1e-9


def entry_matrix(mesh: Mesh, entries: Entries) -> np.ndarray:
    """(K, N) costs of entering, inf where an end cannot."""
    out = np.full((len(entries.start), mesh.satellites), np.inf)
    for k, (a, b) in enumerate(zip(entries.start, entries.stop, strict=True)):
        np.minimum.at(out[k], entries.satellite[a:b], entries.cost_m[a:b])
    return out


@settings(max_examples=150, deadline=None)
@given(seed=SEEDS)
def test_costs_are_those_of_scipy(seed: int) -> None:
    mesh, cost, entries = random_mesh(seed)
    np.testing.assert_allclose(trees(mesh, cost, entries).cost_m, scipy_costs(mesh, cost, entries), rtol=CLOSE)


@settings(max_examples=150, deadline=None)
@given(seed=SEEDS)
def test_trees_hold_paths_of_that_cost_and_the_lowest_previous_satellite(seed: int) -> None:
    mesh, cost, entries = random_mesh(seed)
    found, step, enter = trees(mesh, cost, entries), dense(mesh, cost), entry_matrix(mesh, entries)
    for k in range(len(entries.start)):
        reach = found.cost_m[k]
        # Exact equality: the least of all sums, to the last bit.
        through = reach[:, None] + step
        np.testing.assert_array_equal(reach, np.minimum(through.min(axis=0, initial=np.inf), enter[k]))
        best = np.where((enter[k] == reach) | np.isinf(reach), -1, (through == reach).argmax(axis=0))
        np.testing.assert_array_equal(found.previous[k], best)


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS)
def test_pairs_are_symmetric_and_missing_where_there_is_no_path(seed: int) -> None:
    mesh, cost, entries = random_mesh(seed)
    found, enter = trees(mesh, cost, entries), entry_matrix(mesh, entries)
    pairs = pairs_between(found, entries)
    both = found.cost_m[:, None, :] + enter[None]
    least = both.min(axis=2)
    np.fill_diagonal(least, 0.0)
    np.testing.assert_array_equal(pairs.cost_m, np.where(np.isinf(least), np.nan, least))
    np.testing.assert_allclose(pairs.cost_m, pairs.cost_m.T, rtol=CLOSE)
    np.testing.assert_array_equal(pairs.cost_m, between(found, entries))
    expected = np.where(np.isinf(least), -1, both.argmin(axis=2))
    np.fill_diagonal(expected, -1)
    np.testing.assert_array_equal(pairs.leaving, expected)


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS)
def test_a_lost_laser_shortens_no_path(seed: int) -> None:
    mesh, cost, entries = random_mesh(seed)
    if not len(cost):
        return
    keep = np.ones(len(cost), bool)
    keep[np.random.default_rng(seed).integers(len(cost))] = False
    less = make_mesh(mesh.pair[keep], mesh.length_m[keep], mesh.satellites)
    whole, lost = trees(mesh, cost, entries), trees(less, cost[keep], entries)
    assert (lost.cost_m >= whole.cost_m).all()
    # A laser without a price that can be paid is a lost one.
    same = trees(mesh, np.where(keep, cost, np.inf), entries)
    np.testing.assert_array_equal(same.cost_m, lost.cost_m)
    np.testing.assert_array_equal(same.previous, lost.previous)


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS)
def test_two_threads_find_what_one_finds(seed: int) -> None:
    mesh, cost, entries = random_mesh(seed)
    one, two = trees(mesh, cost, entries), trees(mesh, cost, entries, threads=2)
    np.testing.assert_array_equal(one.cost_m, two.cost_m)
    np.testing.assert_array_equal(one.previous, two.previous)


@settings(max_examples=80, deadline=None)
@given(seed=SEEDS)
def test_nearest_is_the_least_over_all_ends(seed: int) -> None:
    mesh, cost, entries = random_mesh(seed)
    found = nearest(mesh, cost, entries)
    np.testing.assert_array_equal(found.cost_m, trees(mesh, cost, entries).cost_m.min(axis=0, initial=np.inf))
    step = dense(mesh, cost)
    for s in np.flatnonzero(np.isfinite(found.cost_m)):
        path, entry = trace(found.previous, int(s)), found.entry[s]
        assert entries.satellite[entry] == path[0] and len(path) == found.lasers[s] + 1
        total = entries.cost_m[entry] + step[path[:-1], path[1:]].sum()
        assert total == pytest.approx(found.cost_m[s], rel=CLOSE)
    none = np.isinf(found.cost_m)
    assert (found.entry[none] == -1).all() and (found.lasers[none] == -1).all() and (found.previous[none] == -1).all()


@settings(max_examples=80, deadline=None)
@given(seed=SEEDS)
def test_measures_are_those_of_the_traced_paths(seed: int) -> None:
    mesh, cost, entries = random_mesh(seed)
    found = trees(mesh, cost, entries)
    pairs = to_ends(found, entries)
    value = np.random.default_rng(seed).uniform(1, 2, len(cost))
    step, sums = dense(mesh, value), path_measures(mesh, found.previous, value, pairs.leaving)
    marks: dict[tuple[int, ...], int] = {}
    for (k, j), last in np.ndenumerate(pairs.leaving):
        if last < 0:
            assert np.isnan(sums.value[k, j]) and sums.lasers[k, j] == -1 and sums.mark[k, j] == 0
            continue
        path = trace(found.previous[k], int(last))
        assert sums.lasers[k, j] == len(path) - 1
        assert sums.value[k, j] == pytest.approx(step[path[:-1], path[1:]].sum(), rel=CLOSE)
        assert marks.setdefault(tuple(path.tolist()), int(sums.mark[k, j])) == sums.mark[k, j]
    assert len(set(marks.values())) == len(marks)


def test_ends_without_entries_reach_nothing() -> None:
    mesh = make_mesh(np.array([[0, 1]], np.int32), np.ones(1), 3)
    none = Entries(np.zeros(2, np.int64), np.zeros(2, np.int64), np.zeros(0, np.int32), np.zeros(0))
    found = trees(mesh, np.ones(1), none)
    assert isinstance(found, Trees) and np.isinf(found.cost_m).all() and (found.previous == -1).all()
    np.testing.assert_array_equal(between(found, none), [[0.0, np.nan], [np.nan, 0.0]])


@settings(max_examples=150, deadline=None)
@given(seed=SEEDS)
def test_methods_orders_and_threads_change_no_bit(seed: int) -> None:
    mesh, cost, entries = random_mesh(seed, ends=int(np.random.default_rng(seed).choice([1, 5, 70])))
    bucket = trees(mesh, cost, entries, method="bucket")
    orders = np.random.default_rng(seed).permuted(np.tile(np.arange(mesh.satellites), (3, 1)), axis=1)
    for other in (None, orders):
        for threads in (1, 2):
            sweep = trees(mesh, cost, entries, threads, "sweep", other)
            np.testing.assert_array_equal(sweep.cost_m, bucket.cost_m)
            np.testing.assert_array_equal(sweep.previous, bucket.previous)
    pairs, value = pairs_between(bucket, entries), np.random.default_rng(seed).uniform(1, 2, len(cost))
    expected = (*pairs, *path_measures(mesh, bucket.previous, value, pairs.leaving))
    for method in ("bucket", "sweep"):
        for threads in (1, 2):
            np.testing.assert_array_equal(costs_between(mesh, cost, entries, threads, method), pairs.cost_m)
            for found, known in zip(paths_between(mesh, cost, entries, value, threads, method), expected, strict=True):
                np.testing.assert_array_equal(found, known)
