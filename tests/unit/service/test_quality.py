"""Verdicts against a plain twin, at the thresholds themselves, and cut into pieces."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bentpipe.service.emodel import rating
from bentpipe.service.exchange import exchange_s, transfer_s
from bentpipe.service.lattice import lattice_of
from bentpipe.service.quality import LinkState, Model, Needs, judge, needs_table, terminals_by_region

BURST_S = 0.02
LADDER = (300e3, 750e3, 2500e3, 5000e3)
VOICE = Needs(Model.CALL, (70.0, 50.0), rates_bit_s=(80e3, 80e3), added_one_way_s=0.06, bpl=25.1)
CONFERENCE = Needs(Model.VIDEO_CALL, (1.2e6, 6e5), (0.15, 0.4), (0.01, 0.03), added_one_way_s=0.06)
PAGE = Needs(Model.EXCHANGE, (2.0, 4.0), sent_bytes=2e3, received_bytes=2e6, setup_round_trips=3.0)
POST = Needs(Model.EXCHANGE, (0.3, 0.5), sent_bytes=2e3, received_bytes=2e3, setup_round_trips=3.0)
STREAM = Needs(Model.STREAM, (2.5e6, 7.5e5))
ALL = (VOICE, CONFERENCE, PAGE, POST, STREAM)


def link(rtt_s: Any, loss: Any = 0.0, down: Any = 1e8, up: Any = 1e7, connected: Any = True) -> LinkState:
    """Links of one slot."""
    columns = np.broadcast_arrays(*np.atleast_1d(connected, rtt_s, loss, down, up))
    kinds = (np.bool_, np.float32, np.float32, np.float32, np.float32)
    return LinkState(*(np.array([column], kind) for column, kind in zip(columns, kinds, strict=True)))


def verdicts(needs: Needs, state: LinkState, **more: Any) -> list[int]:
    return judge([needs], state, ladder_bit_s=LADDER, headroom=0.8, burst_s=BURST_S, **more)[0][0, :, 0].tolist()


def twin(needs: Needs, rtt: float, loss: float, down: float, up: float) -> tuple[float, int]:
    """One verdict, in plain Python."""
    one_way = rtt / 2 + needs.added_one_way_s
    if needs.model == Model.CALL:
        value = float(rating(ta_ms=1e3 * one_way, t_ms=1e3 * one_way, tr_ms=2e3 * one_way, ie=needs.ie,
                             bpl=needs.bpl, ppl_percent=100 * loss).r)  # fmt: skip
    elif needs.model == Model.VIDEO_CALL:
        value = min(down, up)
    elif needs.model == Model.STREAM:
        value = max([rung for rung in LADDER if rung <= 0.8 * down], default=0.0)
    else:
        value = needs.setup_round_trips * (rtt + 2 * loss / (1 - 2 * loss)) + rtt
        for size, rate in ((needs.sent_bytes, up), (needs.received_bytes, down)):
            seconds_a_packet = 8 * 1460 / rate
            bursts = loss + loss / (1 - loss) / BURST_S * seconds_a_packet * size / 1460
            value += transfer_s(size, rate, rtt, 10.0, min(loss, bursts / (size / 1460)))[0]
    better = (lambda a, b: a <= b) if needs.model == Model.EXCHANGE else (lambda a, b: a >= b)
    for verdict, k in ((2, 0), (1, 1)):
        fits = one_way <= needs.one_way_s[k] and loss <= needs.loss[k] and min(down, up) >= needs.rates_bit_s[k]
        if fits and better(value, needs.thresholds[k]):
            return value, verdict
    return value, 0


def test_it_is_what_a_plain_twin_finds() -> None:
    rng = np.random.default_rng(3)
    shape = (7, 60)
    state = LinkState(
        rng.random(shape) < 0.9,
        rng.uniform(0.02, 0.8, shape).astype(np.float32),
        (10 ** rng.uniform(-4, -1.2, shape)).astype(np.float32),
        (10 ** rng.uniform(4.5, 8.5, shape)).astype(np.float32),
        (10 ** rng.uniform(4.5, 7.5, shape)).astype(np.float32),
    )
    verdict, measure = judge(
        ALL, state, beyond_s=0.01, burst_s=BURST_S, ladder_bit_s=LADDER, headroom=0.8, measures=True
    )
    for s, needs in enumerate(ALL):
        assert len(np.unique(verdict[..., s])) == 3 or needs is VOICE
        for t, p in np.ndindex(*shape):
            if not state.connected[t, p]:
                assert verdict[t, p, s] == 0 and np.isnan(measure[t, p, s])
                continue
            rtt, loss, down, up = (float(column[t, p]) for column in state[1:])
            value, expected = twin(needs, rtt + 0.01, loss, down, up)
            assert measure[t, p, s] == pytest.approx(value, rel=1e-6)
            assert verdict[t, p, s] == expected


def test_the_threshold_itself_is_good_enough() -> None:
    below = [np.nextafter(np.float32(rate), np.float32(0)) for rate in (1.2e6, 6e5)]
    at = link(0.05, 0.0, [1.2e6, below[0], 6e5, below[1]], 1e8)
    assert verdicts(CONFERENCE, at) == [2, 1, 1, 0]
    assert verdicts(CONFERENCE, at._replace(down_bit_s=at.up_bit_s, up_bit_s=at.down_bit_s)) == [2, 1, 1, 0]
    delay = Needs(Model.VIDEO_CALL, (1.0, 1.0), one_way_s=(0.125, 0.25))
    above = [np.nextafter(np.float32(rtt), np.float32(9)) for rtt in (0.25, 0.5)]
    assert verdicts(delay, link([0.25, above[0], 0.5, above[1]])) == [2, 1, 1, 0]
    lossy = Needs(Model.VIDEO_CALL, (1.0, 1.0), loss=(0.125, 0.25))
    above = [np.nextafter(np.float32(loss), np.float32(9)) for loss in (0.125, 0.25)]
    assert verdicts(lossy, link(0.05, [0.125, above[0], 0.25, above[1]])) == [2, 1, 1, 0]
    # A rung is taken at exactly its rate over the headroom.
    assert verdicts(STREAM, link(0.05, 0.0, [3.125e6, 3.12e6, 937.5e3, 937e3])) == [2, 1, 1, 0]


def test_the_worst_of_measure_and_limits_counts() -> None:
    assert verdicts(VOICE, link(0.05, 0.005, 80e3, 79e3)) == [0]  # a fine rating, and no room for the voice
    assert verdicts(CONFERENCE, link(0.05, 0.02)) == [1]  # fast, and lossy
    assert verdicts(CONFERENCE, link(0.6, 0.0)) == [1] and verdicts(CONFERENCE, link(0.9, 0.0)) == [0]


def test_delay_and_loss_alone_can_be_judged_without_rates() -> None:
    assert verdicts(VOICE, link(0.05, 0.005, math.inf, math.inf)) == [2]


def test_no_rate_and_no_way_through_is_a_failure() -> None:
    assert verdicts(PAGE, link(0.05, [0.0, 0.0, 0.6], [0.0, 1e8, 1e8], [1e7, 0.0, 1e7])) == [0, 0, 0]
    assert verdicts(STREAM, link(0.05, 0.0, 0.0)) == [0]


def test_a_burst_of_losses_counts_once() -> None:
    found = judge([PAGE], link(0.05, 0.005, 1e8, 1e7), burst_s=BURST_S, measures=True)[1][0, 0, 0]
    spread = exchange_s(0.05, 1e8, 1e7, PAGE.sent_bytes, PAGE.received_bytes, 3.0, 0.005)
    without = exchange_s(0.05, 1e8, 1e7, PAGE.sent_bytes, PAGE.received_bytes, 3.0, 0.0)
    assert without < found < 0.5 * spread


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.01, 0.7), st.floats(0.0, 0.05), st.floats(4.5, 8.5), st.floats(4.5, 7.5), st.floats(1.0, 4.0),
    st.sampled_from(["rtt", "loss"]),
)  # fmt: skip
def test_a_worse_delay_or_loss_never_helps(
    rtt: float, loss: float, down: float, up: float, factor: float, what: str
) -> None:
    worse = (rtt * factor, loss) if what == "rtt" else (rtt, min(0.4, loss * factor))
    state = link([rtt, worse[0]], [loss, worse[1]], 10**down, 10**up)
    verdict, _ = judge(ALL, state, ladder_bit_s=LADDER, headroom=0.8, burst_s=BURST_S)
    assert (verdict[0, 1] <= verdict[0, 0]).all()


def test_pieces_give_the_whole() -> None:
    rng = np.random.default_rng(5)
    shape = (12, 9)
    state = LinkState(
        rng.random(shape) < 0.8, *(rng.uniform(0.02, 0.2, shape).astype(np.float32) for _ in range(2)),
        *(rng.uniform(1e5, 1e7, shape).astype(np.float32) for _ in range(2)),
    )  # fmt: skip
    whole = judge(ALL, state, measures=True, ladder_bit_s=LADDER)
    out = None
    for slots in ((5, 12), (0, 2), (2, 5)):
        out = judge(ALL, state, measures=True, ladder_bit_s=LADDER, slots=slots, out=out)
    assert out is not None
    np.testing.assert_array_equal(out[0], whole[0])
    np.testing.assert_array_equal(out[1], whole[1])


def test_terminals_are_counted_by_region_in_whole_numbers() -> None:
    rng = np.random.default_rng(7)
    verdict = rng.integers(0, 3, (5, 20, 3)).astype(np.uint8)
    terminals = rng.integers(0, 9, (5, 20)).astype(np.int32)
    region = rng.integers(-1, 4, 20)
    found = terminals_by_region(verdict, terminals, region, 4)
    for k, counted in ((2, found[0]), (1, found[1])):
        for r in range(4):
            expected = ((verdict == k) * terminals[..., None])[:, region == r].sum(axis=1)
            np.testing.assert_array_equal(counted[:, r], expected)


def many_links(shape: tuple[int, int], seed: int) -> LinkState:
    rng = np.random.default_rng(seed)
    exponents = ((-2.0, 0.2), (-4.5, -0.8), (3.8, 9.0), (3.8, 8.0))
    return LinkState(
        rng.random(shape) < 0.95,
        *((10 ** rng.uniform(low, high, shape)).astype(np.float32) for low, high in exponents),
    )


def test_boxes_of_links_change_no_verdict() -> None:
    state = many_links((50, 800), 11)
    more: dict[str, Any] = {"ladder_bit_s": LADDER, "headroom": 0.8, "beyond_s": 0.01}
    boxed, _ = judge(ALL, state, by_boxes=True, **more)
    one_by_one, _ = judge(ALL, state, measures=True, **more)
    np.testing.assert_array_equal(boxed, one_by_one)
    assert all(len(np.unique(boxed[..., s])) == 3 for s in range(len(ALL)))


def test_ranks_fall_from_corner_to_corner() -> None:
    """What boxes rest on: no measure gets better with more delay, more loss or less rate."""
    rank = lattice_of(tuple(map(tuple, needs_table(ALL).tolist())), BURST_S).rank.astype(np.int64)
    judged = [s for s, needs in enumerate(ALL) if needs.model in (Model.CALL, Model.EXCHANGE)]
    for axis, sign in ((1, -1), (2, -1), (3, 1), (4, 1)):
        assert (sign * np.diff(rank[judged], axis=axis) >= 0).all()


def test_a_link_at_a_corner_or_beyond_has_a_verdict_of_its_own() -> None:
    boxes = lattice_of(tuple(map(tuple, needs_table(ALL).tolist())), BURST_S)
    rtt = [boxes.rtt_s[0], boxes.rtt_s[3], boxes.rtt_s[-1], 0.001, 3.0]
    for down in (boxes.down_bit_s[0], boxes.down_bit_s[9], 1e3, 1e11, math.inf, 0.0):
        for loss in (0.0, 0.004, 0.2, 0.3):
            state = link(rtt, loss, down, 5e5)
            more: dict[str, Any] = {"ladder_bit_s": LADDER, "headroom": 0.8}
            boxed, _ = judge(ALL, state, by_boxes=True, **more)
            np.testing.assert_array_equal(boxed, judge(ALL, state, **more)[0])
