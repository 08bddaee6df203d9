"""The laser topologies: degrees, seam and shift, holes, terminals, links between shells, and how they are found."""

from __future__ import annotations

import importlib.metadata
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skies import grid_sky, random_sky

from bentpipe.errors import InputError, UnknownNameError
from bentpipe.network.nearest import link_nearest
from bentpipe.network.topology import (
    TOPOLOGIES,
    TOPOLOGY_GROUP,
    LaserSky,
    Topology,
    find_topology,
    plus_grid,
    wanted_lasers,
)


def links(sky: LaserSky, name: str = "plus-grid") -> set[tuple[int, int]]:
    pair = wanted_lasers(TOPOLOGIES[name], sky)
    assert pair.dtype == np.int32 and pair.flags.c_contiguous
    assert pair.tolist() == sorted(pair.tolist()) and (pair[:, 0] < pair[:, 1]).all()
    return {(a, b) for a, b in pair.tolist()}


def degrees(found: set[tuple[int, int]], count: int) -> np.ndarray:
    return np.bincount(np.array(sorted(found), np.int64).reshape(-1, 2).ravel(), minlength=count)


def hypatias(planes: int, places: int, seam: bool, shift: int, seam_shift: int) -> set[tuple[int, int]]:
    """Hypatia's isls_plus_grid in plain Python, with a seam that may be open or shifted."""
    found = set()
    for p, s in itertools.product(range(planes), range(places)):
        found.add(frozenset((p * places + s, p * places + (s + 1) % places)))
        if p + 1 < planes:
            found.add(frozenset((p * places + s, (p + 1) * places + (s + shift) % places)))
        elif seam:
            found.add(frozenset((p * places + s, (s + shift + seam_shift) % places)))
    return {(min(pair), max(pair)) for pair in found}


@given(st.integers(3, 12), st.integers(3, 12), st.booleans(), st.integers(-3, 3), st.integers(-20, 20))
@settings(max_examples=50, deadline=None)
def test_a_full_shell_is_the_plain_grid(planes: int, places: int, seam: bool, shift: int, seam_shift: int) -> None:
    sky = grid_sky(planes, places, seam=seam, shift=shift)
    sky = sky._replace(seam_shift=sky.seam_shift + seam_shift)
    found = links(sky)
    assert found == hypatias(planes, places, seam, shift, seam_shift)
    degree = degrees(found, planes * places).reshape(planes, places)
    assert (degree[1:-1] == 4).all() and (degree[[0, -1]] == (4 if seam else 3)).all()


def test_an_empty_place_is_stepped_over_or_replaced() -> None:
    """Plane 1 lacks place 2: its ring skips it; places 2 of the planes beside it take what is free within one."""
    sky = grid_sky(4, 8)
    gone = 8 + 2
    able = np.arange(32) != gone
    found = links(sky._replace(able=able))
    assert (9, 11) in found
    assert not any(gone in pair for pair in found)
    # Places 1 and 3 of plane 1 have their own neighbours: nothing is free, and no other link changes.
    assert found == {pair for pair in links(sky) if gone not in pair} | {(9, 11)}
    # Where place 3 of plane 0 is gone as well, place 3 of plane 1 is free for place 2 of plane 0.
    able[3] = False
    assert (2, 11) in links(sky._replace(able=able))


@given(
    st.sampled_from(sorted(TOPOLOGIES)),
    st.integers(1, 12),
    st.integers(1, 12),
    st.floats(0.0, 0.7),
    st.integers(0, 6),
    st.integers(0, 6),
    st.booleans(),
    st.integers(-4, 4),
    st.integers(0, 1000),
)
@settings(max_examples=150, deadline=None)
def test_no_satellite_is_over_its_terminals(
    name: str, planes: int, places: int, holes: float, terminals: int, other: int, seam: bool, shift: int, seed: int
) -> None:
    """Nor is one linked that is not able, nor two twice; `wanted_lasers` itself would say so of any topology."""
    other = min(other, terminals)
    sky = grid_sky(planes, places, holes, seed, terminals=terminals, between_shells=other, seam=seam, shift=shift)
    sky = sky._replace(shell=np.random.default_rng(seed).integers(0, 2, planes * places))
    found = links(sky, name)
    assert degrees(found, planes * places).max(initial=0) <= terminals
    inner = TOPOLOGIES[name].link(sky)
    assert degrees({(a, b) for a, b in inner.tolist()}, planes * places).max(initial=0) <= terminals - other
    assert all(sky.able[a] and sky.able[b] for a, b in found)


def test_with_few_terminals_the_own_plane_comes_first() -> None:
    full = grid_sky(6, 8)
    ring = {pair for pair in links(full) if pair[0] // 8 == pair[1] // 8}
    assert links(full._replace(terminals=2)) == ring
    three = links(full._replace(terminals=3))
    assert ring < three < links(full)
    assert (degrees(three, 48) == 3).all()
    assert links(full._replace(terminals=0)) == set()


def test_zigzag_runs_across_only() -> None:
    found = links(grid_sky(6, 8), "zigzag")
    assert found == {
        (min(a, b), max(a, b))
        for p, s, off in itertools.product(range(6), range(8), (0, 1))
        for a, b in [(p * 8 + s, (p + 1) % 6 * 8 + (s + off) % 8)]
    }
    assert (degrees(found, 48) == 4).all()
    two = links(grid_sky(6, 8, terminals=2), "zigzag")
    assert (degrees(two, 48) == 2).all()


def test_two_at_one_place_and_those_without_a_place() -> None:
    """The lower index of two has the place; without a place there is no link."""
    sky = grid_sky(4, 6)
    place = sky.place.copy()
    place[7], place[20] = place[8], -1
    found = links(sky._replace(place=place))
    assert any(7 in pair for pair in found)
    assert not any(8 in pair or 20 in pair for pair in found)


def brute(sky: LaserSky, free: np.ndarray, group: np.ndarray | None = None) -> list[tuple[int, int]]:
    """Every pair by length, then by index."""
    count, left, made = len(free), free.copy(), []
    length = np.linalg.norm(sky.position_m[:, :, None] - sky.position_m[:, None, :], axis=0)
    a, b = np.triu_indices(count, 1)
    for k in np.lexsort((b, a, length[a, b])):
        i, j = int(a[k]), int(b[k])
        if length[i, j] <= sky.range_m and left[i] and left[j] and (group is None or group[i] != group[j]):
            made.append((i, j))
            left[[i, j]] -= 1
    return made


@given(st.integers(0, 120), st.integers(0, 10_000), st.integers(1, 5), st.floats(1e5, 2e7))
@settings(max_examples=60, deadline=None)
def test_nearest_is_the_greedy_choice(count: int, seed: int, terminals: int, range_m: float) -> None:
    sky = random_sky(count, seed, terminals=terminals, range_m=range_m)
    assert links(sky, "nearest") == set(brute(sky, sky.free()))


@given(st.integers(0, 120), st.integers(0, 10_000), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_between_shells_is_the_greedy_choice_of_what_is_reserved(count: int, seed: int, other: int) -> None:
    sky = random_sky(count, seed, shells=3, between_shells=other, range_m=4_000e3)
    free = np.where(sky.able, other, 0)
    assert links(sky) == set(brute(sky, free, sky.shell))


def test_links_that_there_are_are_not_made_again() -> None:
    sky = random_sky(80, 3, shells=2, between_shells=2)
    inner = set(map(tuple, TOPOLOGIES["nearest"].link(sky).tolist()))
    found = links(sky, "nearest")
    assert inner < found
    assert all(sky.shell[a] != sky.shell[b] for a, b in found - inner)
    assert degrees(found - inner, 80).max() <= 2


def test_of_pairs_of_one_length_the_lower_indices_are_first() -> None:
    square = np.array([[0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    assert link_nearest(square, np.ones(4, np.int64), 10.0).tolist() == [[0, 1], [2, 3]]
    assert link_nearest(square, np.full(4, 2), 10.0).tolist() == [[0, 1], [0, 3], [1, 2], [2, 3]]
    same = np.zeros((3, 5))
    assert link_nearest(same, np.ones(5, np.int64), 10.0).tolist() == [[0, 1], [2, 3]]
    gone = np.where(np.arange(4) == 1, np.nan, square)
    assert link_nearest(gone, np.ones(4, np.int64), 10.0).tolist() == [[0, 3]]


def test_topologies_are_found_by_name_record_and_function(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_topology("Plus-Grid") is TOPOLOGIES["plus-grid"]
    own = find_topology(lambda sky: np.zeros((0, 2), np.int32))
    assert (own.fixed, find_topology(own)) == (False, own)

    def still(sky: LaserSky) -> np.ndarray:
        return plus_grid(sky)

    still.fixed = True  # type: ignore[attr-defined]
    assert find_topology(still).stays(0) and not find_topology(still).stays(1)
    with pytest.raises(UnknownNameError, match="did you mean 'plus-grid'") as caught:
        find_topology("plusgrid")
    assert "zigzag" in str(caught.value)
    with pytest.raises(InputError, match="a name or a function"):
        find_topology(4)  # type: ignore[arg-type]
    point = importlib.metadata.EntryPoint("Mine", "numpy:abs", TOPOLOGY_GROUP)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [point] if group == TOPOLOGY_GROUP else [])
    assert find_topology("mine").link is np.abs


def test_the_identity_of_a_topology_is_its_function_and_its_name() -> None:
    some = [topology.identity() for topology in TOPOLOGIES.values()]
    some += [Topology("plus-grid", plus_grid, False).identity(), Topology("other", plus_grid, True).identity()]
    assert len(set(some)) == 5


@pytest.mark.parametrize(
    ("given_pairs", "message"),
    [
        ([[0, 1], [1, 0]], "given twice"),
        ([[3, 3]], "linked to itself"),
        ([[0, 48]], "0 to 47"),
        ([[0.5, 1.0]], "integers"),
        ([0, 1], "integers"),
        ([[0, 1], [0, 2], [0, 3], [0, 4], [0, 5]], "4 terminals"),
        ([[0, 9]], "not able"),
    ],
)
def test_what_a_topology_must_not_give(given_pairs: list[object], message: str) -> None:
    sky = grid_sky(6, 8)._replace(able=np.arange(48) != 9)
    with pytest.raises(InputError, match=message):
        wanted_lasers(Topology("mine", lambda _: np.array(given_pairs)), sky)


def test_numbers_that_make_no_sense() -> None:
    for changes in ({"between_shells": 5}, {"between_shells": -1}, {"range_m": 0.0}, {"range_m": float("nan")}):
        with pytest.raises(InputError):
            wanted_lasers(TOPOLOGIES["plus-grid"], grid_sky(6, 8, **changes))
