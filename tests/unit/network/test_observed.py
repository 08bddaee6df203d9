"""The observed scheduling policy: weights, the race of two clocks, and its kernel beside its plain form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bentpipe.draws import Purpose, uniforms
from bentpipe.network.observed import (
    OBSERVED,
    observed_score,
    observed_scores,
    observed_weights,
    poleward_fade,
    satellite_log_weights,
    slow_window,
)

SINE = np.array([0.60, 0.75, 0.85, 0.92, 0.99])
POLEWARD = np.array([0.5, -0.4, 0.3, 0.1, -0.1])
LOG_WEIGHT = np.array([0.0, 0.0, math.log(5.7), 0.0, 0.0])


def race(slots: int, windows: bool, share: float = OBSERVED.slow_share) -> np.ndarray:
    """Choices among five satellites that stand still, (slots,)."""
    parameters = OBSERVED._replace(slow_share=share)
    slot, satellite = np.arange(slots)[:, None], np.arange(5)[None] + 44_000
    place = 617_000_000_000_000_000
    window = np.array(
        [[slow_window(t, s, np.uint64(place), OBSERVED.window_slots) for s in satellite[0]] for t in range(slots)]
    )
    slow = uniforms(7, Purpose.PREFERENCE_SLOW, window if windows else slot, satellite, place)
    fast = uniforms(7, Purpose.PREFERENCE_FAST, slot, satellite, place)
    return observed_scores(SINE, POLEWARD, LOG_WEIGHT, slow, fast, parameters).argmax(axis=1)


def test_kernel_equals_plain_form():
    draw = np.random.default_rng(1).random((200, 2))
    sine = np.random.default_rng(2).uniform(0.4, 1.0, 200)
    north = np.random.default_rng(3).uniform(-0.8, 0.8, 200)
    weight = np.where(np.arange(200) % 3 == 0, math.log(OBSERVED.newer_weight), 0.0)
    plain = observed_scores(sine, north, weight, draw[:, 0], draw[:, 1])
    compiled = [observed_score(*row, *OBSERVED.for_kernel()) for row in zip(sine, north, weight, *draw.T, strict=True)]
    np.testing.assert_allclose(compiled, plain, rtol=1e-13)
    assert (plain < 0.0).all()


def test_extreme_draws_and_directions_stay_finite():
    edge = np.array([0.5, 2**32 - 0.5]) / 2**32
    for slow in edge:
        for fast in edge:
            for sine in (-1.0, 0.0, 1.0):
                score = observed_score(sine, -1.0, 0.0, slow, fast, *OBSERVED.for_kernel())
                assert math.isfinite(score) and score < 0.0


@pytest.mark.parametrize("share", [0.1, OBSERVED.slow_share, 0.9])
def test_choice_is_in_proportion_to_the_weight_whatever_the_share(share):
    slots = 20_000
    expected = observed_weights(SINE, POLEWARD, LOG_WEIGHT)
    expected = expected / expected.sum()
    counted = np.bincount(race(slots, windows=False, share=share), minlength=5) / slots
    # Four standard errors of a share.
    assert (np.abs(counted - expected) < 4.0 * np.sqrt(expected * (1.0 - expected) / slots)).all()


def test_slow_clock_keeps_and_returns_without_changing_the_shares():
    slots = 20_000
    fresh, held = race(slots, windows=False, share=0.8), race(slots, windows=True, share=0.8)
    shares = np.bincount(fresh, minlength=5) / slots
    np.testing.assert_allclose(np.bincount(held, minlength=5) / slots, shares, atol=0.03)
    by_chance = (shares**2).sum()

    def repeats(chosen, lag):
        return np.mean(chosen[lag:] == chosen[:-lag])

    assert repeats(fresh, 1) == pytest.approx(by_chance, abs=0.02)
    assert repeats(held, 1) > by_chance + 0.1
    assert repeats(held, 1) > repeats(held, 2) > repeats(held, 3)
    # Nothing reaches beyond a window.
    assert repeats(held, OBSERVED.window_slots) == pytest.approx(by_chance, abs=0.03)


def test_weight_peaks_at_the_preferred_elevation_and_grows_poleward():
    sine = np.linspace(0.4, 1.0, 601)
    weights = observed_weights(sine, 0.0, 0.0)
    assert sine[weights.argmax()] == pytest.approx(OBSERVED.peak_sin_elevation, abs=1e-3)
    assert (np.diff(observed_weights(0.8, np.linspace(-0.6, 0.6, 9), 0.0)) > 0.0).all()
    newer = observed_weights(0.8, 0.0, math.log(OBSERVED.newer_weight))
    assert newer / observed_weights(0.8, 0.0, 0.0) == pytest.approx(OBSERVED.newer_weight)


def test_windows_hold_for_their_length_and_start_anywhere():
    place = np.uint64(2**63 - 25)
    starts = set()
    for satellite in range(44_000, 44_100):
        window = np.array([slow_window(slot, satellite, place, 4) for slot in range(40)])
        step = np.diff(window)
        assert set(step.tolist()) == {0, 1}
        change = np.flatnonzero(step)
        assert (np.diff(change) == 4).all()
        starts.add(int(change[0]))
        assert slow_window(12_345, satellite, place, 1) == 12_345
    assert starts == {0, 1, 2, 3}
    assert isinstance(slow_window(2**31, 999_999_999, place, 4), int)


def test_poleward_fades_to_none_at_the_equator_and_turns_with_the_hemisphere():
    np.testing.assert_allclose(poleward_fade([-90.0, -15.0, -7.5, 0.0, 15.0, 50.0]), [-1, -1, -0.5, 0, 1, 1])


def test_generation_is_read_from_the_name():
    names = [
        "STARLINK-1007",
        "STARLINK-6300",
        "STARLINK-11073 [DTC]",
        "STARLINK-30000",
        "starlink-34001 ",
        "X",
    ]
    newer = math.log(OBSERVED.newer_weight)
    np.testing.assert_allclose(satellite_log_weights(names), [0, 0, 0, newer, newer, 0])
