"""The queue of a live link: whatever pieces its steps come in, packets fare as over the whole, and as simulated."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bentpipe.errors import InputError
from bentpipe.linkqueue import Fate, link_schedule, transit
from bentpipe.linkqueue.loaded import QueueProfile
from bentpipe.linkqueue.onclock import LiveQueue

PROFILES = [QueueProfile("drop-tail", 20_000.0), QueueProfile("codel", 60_000.0)]


def made(seed: int, steps: int = 12) -> tuple[NDArray[np.float64], ...]:
    """Steps of a second: rate (some 0), delay, share lost (some between 0 and 1)."""
    rng = np.random.default_rng(seed)
    rate = rng.choice([0.0, 2e5, 1e6, 3e6], steps)
    return np.arange(float(steps)), rate, rng.uniform(0.0, 0.3, steps), rng.choice([0.0, 0.0, 0.3, 1.0], steps)


def played(
    seed: int, profile: QueueProfile, outage: str, cuts: list[int], batch: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Send packets in batches over steps that come in pieces, each only when it is needed."""
    start, rate, delay, loss = made(seed)
    edges = sorted({0, *cuts, start.size})
    pieces = [slice(a, b) for a, b in itertools.pairwise(edges)]
    queue = LiveQueue(profile, outage, seed=seed, key=77, way=1)
    rng = np.random.default_rng(seed + 1)
    arrival, bits = np.sort(rng.uniform(0.0, 13.0, 900)), 8.0 * rng.integers(40, 1500, 900)
    out = np.full(900, np.nan)
    for begin in range(0, 900, batch):
        part = slice(begin, begin + batch)
        times, sizes = arrival[part].copy(), bits[part].copy()
        release, done = np.empty(times.size), 0
        while (done := queue.admit(times, sizes, times.size, release, done)) < times.size:
            if pieces:
                piece = pieces.pop(0)
                end = float(piece.stop)
                queue.steps.extend(
                    float(times[done]), end, start[piece], rate[piece], start[piece], delay[piece], loss[piece]
                )
            else:
                queue.steps.final = True
        out[part] = release
    return out, queue.fates


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000), st.sampled_from(PROFILES), st.sampled_from(["hold", "drop"]),
    st.lists(st.integers(1, 11), max_size=11), st.integers(1, 60),
)  # fmt: skip
def test_pieces_and_batches_change_nothing(
    seed: int, profile: QueueProfile, outage: str, cuts: list[int], batch: int
) -> None:
    whole, fates = played(seed, profile, outage, [], 900)
    cut, others = played(seed, profile, outage, cuts, batch)
    np.testing.assert_allclose(cut, whole, rtol=0.0, atol=1e-9)
    np.testing.assert_array_equal(others, fates)
    assert fates.sum() == 900
    assert np.all(np.diff(whole[~np.isnan(whole)]) >= 0.0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["hold", "drop"]))
def test_where_all_or_nothing_is_lost_it_is_the_simulators_queue(seed: int, outage: str) -> None:
    start, rate, delay, loss = made(seed)
    loss = np.floor(loss)
    queue = LiveQueue(PROFILES[0], outage)
    queue.steps.extend(0.0, 12.0, start, rate, start, delay, loss)
    queue.steps.final = True
    rng = np.random.default_rng(seed)
    arrival, bits = np.sort(rng.uniform(0.0, 13.0, 900)), 8.0 * rng.integers(40, 1500, 900)
    out = np.empty(900)
    assert queue.admit(arrival, bits, 900, out) == 900
    schedule = link_schedule(
        np.append(start, 12.0), np.append(rate, 0.0), start, delay, loss > 0.5, PROFILES[0].buffer_bytes, outage
    )
    expected = transit(schedule, arrival, bits / 8.0)
    np.testing.assert_array_equal(out, expected.release_s)
    # Beyond the end of the steps nothing passes any more: that is told apart from an outage.
    fate = np.where((expected.fate == 3) & (arrival >= 12.0), 4, expected.fate)
    np.testing.assert_array_equal(queue.fates[:5], np.bincount(fate, minlength=5))


def test_a_lost_packet_holds_up_none() -> None:
    queue = LiveQueue(QueueProfile("drop-tail", 1e6))
    start = np.array([0.0, 1.0])
    queue.steps.extend(0.0, 9.0, start[:1], np.array([1e6]), start, np.array([0.5, 0.1]), np.array([1.0, 0.0]))
    queue.steps.final = True
    out = np.empty(2)
    queue.admit(np.array([0.99, 1.0]), np.array([8.0, 8.0]), 2, out)
    assert np.isnan(out[0]) and out[1] == pytest.approx(1.1, abs=1e-4)
    assert queue.fates[Fate.LOST] == 1 and queue.busy_until_s == pytest.approx(1.000008)


def test_another_treatment_of_outages_is_refused() -> None:
    with pytest.raises(InputError, match="outage"):
        LiveQueue(PROFILES[0], "wait")
