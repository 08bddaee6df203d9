"""Terminals: none lost, none made up; draws by key; power that goes and comes back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bentpipe.simulate.terminals import cut_off_terminals, dark_for_s, is_dark, place_terminals, split_kinds

KEYS = np.random.default_rng(3).integers(1, 2**60, 50).astype(np.uint64)
EVERYWHERE = np.ones(50, np.bool_)


@settings(max_examples=50, deadline=None)
@given(total=st.integers(0, 5000), seed=st.integers(0, 2**32 - 1))
def test_every_terminal_has_a_place_and_a_kind(total: int, seed: int) -> None:
    weight = np.random.default_rng(seed).exponential(1.0, 50) * (np.arange(50) % 5 > 0)
    count = place_terminals(total, weight, KEYS, seed)
    assert count.sum() == total
    assert (count[weight == 0.0] == 0).all()
    assert (np.abs(count - total * weight / weight.sum()) < 1.0).all()
    kinds = split_kinds(count, [0.6, 0.35, 0.05], KEYS, seed)
    np.testing.assert_array_equal(kinds.sum(axis=0), count)
    assert (kinds >= 0).all()
    assert (np.abs(kinds[0] - 0.6 * count) < 1.0 + 1e-9).all()


def test_nobody_without_weight() -> None:
    assert place_terminals(100, np.zeros(50), KEYS, 1).sum() == 0
    assert place_terminals(0, np.ones(50), KEYS, 1).sum() == 0


def test_the_order_of_places_does_not_matter() -> None:
    weight = np.random.default_rng(1).exponential(1.0, 50)
    swap = np.random.default_rng(2).permutation(50)
    straight = place_terminals(333, weight, KEYS, 9)
    np.testing.assert_array_equal(place_terminals(333, weight[swap], KEYS[swap], 9), straight[swap])
    kinds = split_kinds(straight, [0.5, 0.5], KEYS, 9)
    np.testing.assert_array_equal(split_kinds(straight[swap], [0.5, 0.5], KEYS[swap], 9), kinds[:, swap])
    cut = cut_off_terminals(kinds, [("bill", 77, EVERYWHERE)], KEYS, 9)
    again = cut_off_terminals(kinds[:, swap], [("bill", 77, EVERYWHERE)], KEYS[swap], 9)
    np.testing.assert_array_equal(again, cut[..., swap])


@pytest.mark.parametrize("asked", [0, 1, 120, 10_000])
def test_a_terminal_is_cut_off_once(asked: int) -> None:
    count = split_kinds(place_terminals(400, np.ones(50), KEYS, 4), [0.7, 0.3], KEYS, 4)
    half = np.arange(50) < 25
    cut = cut_off_terminals(count, [("first", asked, half), ("second", asked, EVERYWHERE)], KEYS, 4)
    assert (cut.sum(axis=0) <= count).all() and (cut >= 0).all()
    assert cut[0].sum() == min(asked, count[:, half].sum())
    assert (cut[0][:, ~half] == 0).all()
    assert cut[1].sum() == min(asked, count.sum() - cut[0].sum())


def test_a_steady_cut_lasts_and_takes_its_share() -> None:
    keys = np.arange(1, 4001, dtype=np.uint64)
    dark = dark_for_s(np.arange(0.0, 100.0, 10.0), 20.0, 60.0, 0.3, None, "dark", np.ones(4000, np.bool_), keys, 1)
    assert (dark[:2] == -1.0).all() and (dark[6:] == -1.0).all()
    out = dark[2] >= 0.0
    assert out.mean() == pytest.approx(0.3, abs=0.03)
    np.testing.assert_array_equal(dark[2:6, out], np.arange(0.0, 40.0, 10.0)[:, None] * np.ones(out.sum()))
    assert (dark[2:6, ~out] == -1.0).all()


def test_a_rolling_cut_takes_others_and_adds_up_where_it_stays() -> None:
    keys = np.arange(1, 2001, dtype=np.uint64)
    time = np.arange(0.0, 240.0, 15.0)
    dark = dark_for_s(time, 0.0, 240.0, 0.5, 60.0, "dark", np.ones(2000, np.bool_), keys, 1)
    off = dark >= 0.0
    assert off.mean() == pytest.approx(0.5, abs=0.03)
    for t in range(1, len(time)):
        both = off[t] & off[t - 1]
        np.testing.assert_allclose(dark[t, both], dark[t - 1, both] + 15.0)
        begun = off[t] & ~off[t - 1]
        assert (dark[t, begun] == 0.0).all() and (not begun.any() or time[t] % 60.0 == 0.0)
    # A slot's answer does not rest on the slots asked for together with it.
    alone = dark_for_s(time[9:10], 0.0, 240.0, 0.5, 60.0, "dark", np.ones(2000, np.bool_), keys, 1)
    np.testing.assert_array_equal(alone[0], dark[9])


@pytest.mark.parametrize("share", [0.5, 0.9, 1.0])
def test_a_rolling_cut_without_a_start_has_always_rolled(share: float) -> None:
    keys = np.arange(1, 401, dtype=np.uint64)
    time = np.arange(1_000_000.0, 1_000_240.0, 15.0)
    everywhere = np.ones(400, np.bool_)
    forever = dark_for_s(time, -np.inf, np.inf, share, 60.0, "dark", everywhere, keys, 1)
    # As one that began long ago, on the same windows; where all are dark it never began.
    begun = dark_for_s(time, 1_000_000.0 % 60.0, 2e6, share, 60.0, "dark", everywhere, keys, 1)
    assert ((begun >= 0.0).mean() - share) == pytest.approx(0.0, abs=0.05)
    if share == 1.0:
        assert np.isposinf(forever).all()
        return
    assert (forever >= 0.0).mean() == pytest.approx(share, abs=0.05)
    assert np.isfinite(forever).all()
    later = dark_for_s(time[9:], -np.inf, np.inf, share, 60.0, "dark", everywhere, keys, 1)
    np.testing.assert_array_equal(later, forever[9:])
    moving = [is_dark(time, -np.inf, np.inf, share, 60.0, "dark", np.ones(16, np.bool_), keys[i].repeat(16), 1)
              for i in range(20)]  # fmt: skip
    np.testing.assert_array_equal(np.array(moving).T, forever[:, :20] >= 0.0)
