"""The built-in scheduling policies on a hand-made slot."""

from __future__ import annotations

import numpy as np
import pytest
from relations import relation

from bentpipe.draws import Purpose, uniforms
from bentpipe.network.links import Links
from bentpipe.network.observed import OBSERVED, observed_scores, slow_window
from bentpipe.network.policies import SCHEDULING, highest, least_delay, longest, observed


def some_links(places: int = 30, satellites: int = 20, seed: int = 1, **changes: object) -> Links:
    rng = np.random.default_rng(seed)
    rows = relation([rng.permutation(satellites)[: rng.integers(0, 8)].tolist() for _ in range(places)])
    count = len(rows.satellite)
    links = Links(
        slot=47_994_720,
        seed=5,
        start=rows.start,
        stop=rows.stop,
        satellite=rows.satellite,
        sin_elevation=rng.uniform(0.42, 1.0, count).astype(np.float32),
        north=rng.uniform(-0.5, 0.5, count).astype(np.float32),
        slant_range_m=rng.uniform(5.5e5, 1.1e6, count).astype(np.float32),
        remaining_slots=rng.integers(1, 15, count).astype(np.int16),
        followed=np.ones(satellites, np.bool_),
        feeder_path_m=rng.uniform(6e5, 2e6, satellites),
        satellite_id=np.arange(44_000, 44_000 + satellites),
        satellite_log_weight=rng.choice([0.0, 1.7], satellites),
        place_id=rng.integers(1, 2**60, places).astype(np.uint64),
        poleward_sign=np.ones(places),
        previous=np.full(places, -1, np.int32),
    )
    return links._replace(**changes)


def test_place_of_link_in_any_order_of_rows() -> None:
    links = some_links()._replace(
        start=np.array([4, 0, 4, 1]), stop=np.array([6, 1, 4, 4]), satellite=np.zeros(6, np.int32)
    )
    assert links.place_of_link().tolist() == [1, 3, 3, 3, 0, 0]


def test_place_of_link_where_every_place_has_links() -> None:
    links = some_links()
    expected = np.repeat(np.arange(30), links.stop - links.start)
    np.testing.assert_array_equal(links.place_of_link(), expected)


@pytest.mark.parametrize("name", sorted(SCHEDULING))
def test_every_policy_scores_every_link(name: str) -> None:
    links = some_links()
    score = SCHEDULING[name].score(links)
    assert score.shape == links.satellite.shape
    assert score.dtype == np.float64
    assert np.isfinite(score).all()
    assert SCHEDULING[name].source
    empty = some_links(places=0)
    assert SCHEDULING[name].score(empty).shape == (0,)


def test_highest_is_the_highest() -> None:
    links = some_links()
    assert highest(links).argmax() == links.sin_elevation.argmax()


def test_least_delay_is_the_shortest_way_through_a_followed_satellite() -> None:
    links = some_links()
    path = links.feeder_path_m.copy()
    path[3] = np.inf
    score = least_delay(links._replace(feeder_path_m=path))
    expected = -(links.slant_range_m + path[links.satellite])
    np.testing.assert_array_equal(score, expected)
    assert np.isneginf(score[links.satellite == 3]).all()


def test_longest_keeps_its_satellite_then_looks_ahead() -> None:
    links = some_links()
    rows = next(slice(a, b) for a, b in zip(links.start, links.stop, strict=True) if b - a >= 3)
    place = int(np.flatnonzero(links.start == rows.start)[-1])
    fresh = longest(links)[rows]
    assert links.remaining_slots[rows][fresh.argmax()] == links.remaining_slots[rows].max()
    previous = links.previous.copy()
    previous[place] = links.satellite[rows][fresh.argmin()]
    kept = longest(links._replace(previous=previous))[rows]
    assert kept.argmax() == fresh.argmin()


def test_observed_is_its_published_form() -> None:
    links = some_links()
    place = links.place_of_link()
    number, key = links.satellite_id[links.satellite], links.place_id[place]
    window = [
        slow_window(links.slot, int(n), np.uint64(k), OBSERVED.window_slots) for n, k in zip(number, key, strict=True)
    ]
    expected = observed_scores(
        links.sin_elevation,
        links.north * links.poleward_sign[place],
        links.satellite_log_weight[links.satellite],
        uniforms(links.seed, Purpose.PREFERENCE_SLOW, window, number, key),
        uniforms(links.seed, Purpose.PREFERENCE_FAST, links.slot, number, key),
    )
    np.testing.assert_allclose(observed(links), expected, rtol=1e-6)


def test_observed_leaves_out_what_nobody_follows() -> None:
    followed = np.arange(20) % 2 == 0
    links = some_links(followed=followed)
    score = observed(links)
    np.testing.assert_array_equal(np.isneginf(score), ~followed[links.satellite])
    np.testing.assert_array_equal(score[followed[links.satellite]], observed(some_links())[followed[links.satellite]])
