"""Input of the path searches: what is refused, and the corners that are not."""

from __future__ import annotations

import numpy as np
import pytest
from meshes import grid_pairs

from bentpipe.errors import InputError
from bentpipe.network.betweenends import between, to_ends
from bentpipe.network.bucketsearch import MOST_BUCKETS, bucket_width, make_graph
from bentpipe.network.forwarding import forwarding_table, next_hops_down
from bentpipe.network.mesh import Entries, Mesh, join_entries, make_mesh
from bentpipe.network.nearestend import nearest
from bentpipe.network.pairpaths import paths_between
from bentpipe.network.shortest import costs_between, trees
from bentpipe.network.sweeps import check_orders, grid_orders, lane_cuts, reference_orders
from bentpipe.network.tiles import even_cuts, run_tiles
from bentpipe.network.treepaths import mixed, path_measures, trace


@pytest.fixture
def line() -> tuple[Mesh, Entries]:
    """Satellites 0 - 1 - 2 - 3, and 4 alone; an end at 0, one at 3 and one at 4."""
    mesh = make_mesh(np.array([[0, 1], [1, 2], [2, 3]], np.int32), np.array([1.0, 2.0, 4.0]), 5)
    ends = [(np.array([s], np.int32), np.array([c])) for s, c in ((0, 10.0), (3, 20.0), (4, 30.0))]
    return mesh, join_entries(ends)


def test_a_line_by_hand(line: tuple[Mesh, Entries]) -> None:
    mesh, entries = line
    found = trees(mesh, mesh.length_m, entries)
    np.testing.assert_array_equal(found.cost_m[0], [10.0, 11.0, 13.0, 17.0, np.inf])
    np.testing.assert_array_equal(found.previous[0], [-1, 0, 1, 2, -1])
    expected = [[0.0, 37.0, np.nan], [37.0, 0.0, np.nan], [np.nan, np.nan, 0.0]]
    np.testing.assert_array_equal(between(found, entries), expected)
    np.testing.assert_array_equal(trace(found.previous[0], 3), [0, 1, 2, 3])
    down = nearest(mesh, mesh.length_m, entries)
    np.testing.assert_array_equal(down.entry, [0, 0, 0, 0, 2])
    np.testing.assert_array_equal(down.lasers, [0, 1, 2, 3, 0])
    np.testing.assert_array_equal(
        next_hops_down(found), [[-2, 1, -1], [0, 2, -1], [1, 3, -1], [2, -2, -1], [-1, -1, -2]]
    )
    np.testing.assert_array_equal(forwarding_table(mesh, mesh.length_m)[1], [0, 1, 2, 2, -1])


def test_a_hash_tells_paths_apart_and_values_need_not_be_costs(line: tuple[Mesh, Entries]) -> None:
    mesh, entries = line
    found = trees(mesh, mesh.length_m, entries)
    sums = path_measures(mesh, found.previous, np.array([5.0, 6.0, 7.0]), to_ends(found, entries).leaving)
    np.testing.assert_array_equal(sums.value, [[0.0, 18.0, np.nan], [18.0, 0.0, np.nan], [np.nan, np.nan, 0.0]])
    np.testing.assert_array_equal(sums.lasers, [[0, 3, -1], [3, 0, -1], [-1, -1, 0]])
    assert len(set(sums.mark[[0, 0, 1, 1, 2], [0, 1, 0, 1, 2]].tolist())) == 5


def test_the_hash_gives_the_known_answers_of_random123() -> None:
    # kat_vectors of Random123, philox2x32 10: counter, key, result.
    ones = np.uint64(0xFFFFFFFFFFFFFFFF)
    assert int(mixed(np.uint64(0), 0)) == 0x6CD10DF2_FF1DAE59
    assert int(mixed(ones, 0xFFFFFFFF)) == 0xAB4FD7AD_2C3F628B


@pytest.mark.parametrize(
    ("cost", "match"),
    [([1.0, 2.0], "every laser needs one cost"), ([1.0, 0.0, 1.0], "above zero"), ([1.0, np.nan, 1.0], "above zero")],
)
def test_costs_that_make_no_sense_are_refused(line: tuple[Mesh, Entries], cost: list[float], match: str) -> None:
    mesh, entries = line
    for search in (trees, costs_between, nearest):
        with pytest.raises(InputError, match=match):
            search(mesh, np.array(cost), entries)
    with pytest.raises(InputError, match=match):
        forwarding_table(mesh, np.array(cost))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"satellite": np.array([0, 3, 5], np.int32)}, "a satellite that there is not"),
        ({"satellite": np.array([0, -1, 4], np.int32)}, "a satellite that there is not"),
        ({"satellite": np.array([0, 3], np.int32)}, "differ in shape"),
        ({"stop": np.array([1, 2, 4])}, "entries that there are not"),
        ({"stop": np.array([1, 0, 3])}, "entries that there are not"),
        ({"cost_m": np.array([1.0, -1.0, 1.0])}, "must not be negative"),
        ({"cost_m": np.array([1.0, np.nan, 1.0])}, "must not be negative"),
    ],
)
def test_entries_that_do_not_fit_are_refused(
    line: tuple[Mesh, Entries], change: dict[str, np.ndarray], match: str
) -> None:
    mesh, entries = line
    with pytest.raises(InputError, match=match):
        trees(mesh, mesh.length_m, entries._replace(**change))


def test_orders_and_methods_that_are_none_are_refused(line: tuple[Mesh, Entries]) -> None:
    mesh, entries = line
    for orders in ([[0, 1, 2, 3, 3]], [0, 1, 2, 3, 4], [[0, 1, 2, 3]], np.zeros((0, 5))):
        with pytest.raises(InputError, match="every satellite once"):
            trees(mesh, mesh.length_m, entries, orders=orders)
    with pytest.raises(InputError, match="unknown method"):
        trees(mesh, mesh.length_m, entries, method="heap")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="every laser needs one value"):
        paths_between(mesh, mesh.length_m, entries, np.ones(2))
    found = trees(mesh, mesh.length_m, entries)
    with pytest.raises(InputError, match="do not fit the mesh"):
        path_measures(mesh, found.previous, np.ones(2), found.previous)


@pytest.mark.parametrize("method", ["bucket", "sweep"])
def test_nothing_to_do_is_done(method: str) -> None:
    for satellites, ends in ((0, 0), (0, 3), (4, 0), (4, 3)):
        mesh = make_mesh(np.zeros((0, 2), np.int32), np.zeros(0), satellites)
        none = Entries(*(np.zeros(ends, np.int64),) * 2, np.zeros(0, np.int32), np.zeros(0))
        found = trees(mesh, np.zeros(0), none, 2, method)  # type: ignore[arg-type]
        assert found.cost_m.shape == (ends, satellites) and np.isinf(found.cost_m).all()
        assert costs_between(mesh, np.zeros(0), none, 2, method).shape == (ends, ends)  # type: ignore[arg-type]
        paths = paths_between(mesh, np.zeros(0), none, np.zeros(0), 2, method)  # type: ignore[arg-type]
        assert paths.lasers.shape == (ends, ends) and (paths.leaving == -1).all()
        assert forwarding_table(mesh, np.zeros(0)).shape == (satellites, satellites)


def test_entries_far_apart_in_cost_need_no_more_buckets() -> None:
    assert bucket_width(np.ones(3), 1e12)[1] <= MOST_BUCKETS
    pair = grid_pairs(5, 7)
    mesh = make_mesh(pair, np.ones(len(pair)), 35)
    ends = join_entries([(np.array([3, 30], np.int32), np.array([0.0, 1e12]))])
    far = np.zeros(35)
    far[30] = 1e12
    assert trees(mesh, mesh.length_m, ends).cost_m.max() < 10.0
    alone = np.where((pair == 30).any(axis=1), np.inf, 1.0)
    assert trees(mesh, alone, ends).cost_m[0, 30] == 1e12


def test_grid_orders_run_along_planes() -> None:
    orders = grid_orders([0, 0, 1, 1], [1, 0, 0, 1])
    np.testing.assert_array_equal(orders, [[1, 0, 2, 3], [0, 1, 3, 2]])
    np.testing.assert_array_equal(check_orders(orders, 4), orders)


def test_reference_orders_follow_each_part_of_a_mesh() -> None:
    # Two rings of ten and a satellite alone, numbered in turns: each ring is walked from one side to the other.
    ring = np.array([[i, (i + 1) % 10] for i in range(10)])
    pair = np.sort(np.concatenate([1 + 2 * ring, 2 + 2 * ring]), axis=1).astype(np.int32)
    mesh = make_mesh(pair, np.ones(20), 21)
    orders = reference_orders(make_graph(mesh, mesh.length_m), mesh.length_m)
    np.testing.assert_array_equal(check_orders(orders, 21), orders)
    for order in orders:
        assert order[-1] == 0
        for side in (1, 0):
            at = np.flatnonzero(order[:-1] % 2 == side)
            first = int(order[at[0]])
            around = np.abs(order[at].astype(int) - first) // 2
            np.testing.assert_array_equal(np.minimum(around, 10 - around), [0, 1, 1, 2, 2, 3, 3, 4, 4, 5])


def test_tiles_cover_all_once_and_hand_on_what_is_raised() -> None:
    assert even_cuts(0, 3) == [0, 0]
    assert even_cuts(100, 2, 16) == [0, 48, 100]
    assert lane_cuts(100, 1) == lane_cuts(100, 2) == [0, 48, 100]
    assert lane_cuts(1000, 2)[-1] == 1000 and max(np.diff(lane_cuts(1000, 2))) <= 64
    seen = np.zeros(57, np.int64)

    def count(first: int, last: int) -> None:
        seen[first:last] += 1

    run_tiles(count, even_cuts(57, 9), 4)
    assert (seen == 1).all()

    def fail(first: int, last: int) -> None:
        raise ValueError(first)

    for threads in (1, 3):
        with pytest.raises(ValueError, match="0"):
            run_tiles(fail, [0, 1], threads)
