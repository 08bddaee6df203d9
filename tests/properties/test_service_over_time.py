"""Video and conferences in time: nothing beyond what the link gave, times that add up, and needs that are monotone."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tracesteps import link

from bentpipe.service.adaptive import LADDER_BIT_S, Player, adaptive_video
from bentpipe.service.conference import conference_freezes, needs_met, published_needs
from bentpipe.service.videophone import video_scores

RATES = st.one_of(st.just(0.0), st.floats(1e4, 5e7))
STEPS = st.lists(st.tuples(st.floats(0.1, 40.0), RATES, st.floats(0.0, 1.0)), min_size=1, max_size=8)
POSITIVE = st.floats(1e-3, 1e3)


@settings(deadline=None)
@given(STEPS, st.floats(1.0, 300.0), st.sampled_from([2.0, 4.0, 6.0]), st.sampled_from([8.0, 30.0]))
def test_video_never_plays_more_than_the_link_gave(
    rows: list[tuple[float, ...]], duration: float, segment: float, buffer: float
) -> None:
    length, rate, rtt = (np.array(column) for column in zip(*rows, strict=True))
    start = np.concatenate(([0.0], np.cumsum(length)[:-1]))
    got = adaptive_video(start, rate, rtt, duration, Player(segment_s=segment, buffer_s=buffer, start_s=segment))
    ends = np.append(start[1:], np.inf)
    offered = float((np.clip(np.minimum(ends, duration) - start, 0.0, None) * rate).sum())
    assert got.fetched_bits <= offered * (1.0 + 1e-9) + 1e-6
    assert np.asarray(LADDER_BIT_S)[got.rung].sum() * segment <= got.fetched_bits * (1.0 + 1e-9) + 1e-6
    assert got.played_s <= len(got.rung) * segment + 1e-9
    assert np.all(np.diff(got.fetched_at_s) >= 0.0)
    if np.isfinite(got.started_s):
        assert abs(got.started_s + got.played_s + got.stalled_s - duration) < 1e-6
        assert 0.0 <= got.stall_ratio <= 1.0 and got.longest_stall_s <= got.stalled_s + 1e-9
    else:
        assert got.played_s == got.stalled_s == 0.0


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.01, 10.0), RATES, st.floats(0.001, 0.4), st.floats(0.0, 1.0)), min_size=1, max_size=6
    ),
    st.floats(0.1, 60.0),
)
def test_freezes_add_up(rows: list[tuple[float, ...]], duration: float) -> None:
    length, rate, delay, loss = (np.array(column) for column in zip(*rows, strict=True))
    start = np.concatenate(([0.0], np.cumsum(length)[:-1]))
    got = conference_freezes(link(rate, delay, loss, start), duration)
    assert 0.0 <= got.longest_s <= got.frozen_s <= duration + 1e-9 and 0.0 <= got.frozen_share <= 1.0 + 1e-9
    assert got.freezes == len(got.lasts_s) and np.all(got.lasts_s >= 1.0 / 30.0 + 0.15 - 1e-6)
    assert np.all(got.begins_s[1:] >= (got.begins_s + got.lasts_s)[:-1] - 1e-9)


@settings(deadline=None)
@given(st.floats(0.0, 5.0), st.floats(0.0, 5.0), st.floats(0.005, 0.4), st.floats(0.005, 0.4))
def test_a_longer_outage_or_path_never_freezes_less(one: float, other: float, near: float, far: float) -> None:
    (short, long), (near, far) = sorted((one, other)), sorted((near, far))
    frozen = []
    for outage, delay in ((short, near), (long, far)):
        ends = 5.0 + max(outage, 1e-3)
        frozen.append(conference_freezes(link([5e6, 0.0, 5e6], delay, 0.0, [0.0, 5.0, ends]), 20.0).longest_s)
    assert frozen[0] <= frozen[1] + 1e-9


@given(st.lists(POSITIVE, min_size=7, max_size=7), st.integers(0, 6), st.floats(1.0, 10.0))
def test_a_worse_link_meets_no_further_need(values: list[float], which: int, factor: float) -> None:
    good = np.array([1e5, 1e5, 1e-2, 1e-2, 1e-3, 1e-2, 1e-3]) * values
    bad = good.copy()
    bad[which] *= 1.0 / factor if which < 2 else factor
    for need in published_needs():
        assert bool(needs_met(need, *good)) >= bool(needs_met(need, *bad))


@given(st.floats(1e4, 2e7), st.floats(1.0, 30.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_more_loss_never_improves_a_picture(bit_s: float, frames: float, one: float, other: float) -> None:
    less, more = sorted((one, other))
    score = video_scores(bit_s, frames, [less, more])
    assert 1.0 <= score[1] <= score[0] <= 5.0
