"""The live link is the queue of the simulation, fed slot by slot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bentpipe.emulate.livelink import LiveLink
from bentpipe.emulate.plan import LinkPlan, series_plan, steps_plan
from bentpipe.linkqueue import Fate, LinkSeries, TraceSteps, link_schedule, trace_slots, transit
from bentpipe.linkqueue.loaded import QueueProfile

WIDE, NARROW = QueueProfile("drop-tail", 4e6), QueueProfile("drop-tail", 8.5e5)


def steps(start=(0.0,), rate=(1e7,), delay=(0.02,), loss=(0.0,), up_delay=None) -> TraceSteps:
    start, rate, delay, loss = np.broadcast_arrays(*(np.asarray(v, float) for v in (start, rate, delay, loss)))
    up = delay if up_delay is None else np.broadcast_to(up_delay, start.shape)
    return TraceSteps(start, rate > 0, delay, up, rate, rate, loss, loss)


def series(slots=4, down=2e7, connected=None) -> LinkSeries:
    row = np.ones(slots)
    on = row.astype(bool) if connected is None else np.array(connected)
    return LinkSeries(
        "a", 7, 99, 100, 0.0, 15.0, on, 0.01 * row, 0.01 * row, 0.012 * row, down * np.arange(1, slots + 1), 4e6 * row,
        np.zeros(slots, bool), 0.5 * row, 0.5, 0.1, 0.0, 0.0,
    )  # fmt: skip


@pytest.mark.parametrize("way", ["down", "up"])
def test_slot_by_slot_is_the_whole_trace_at_once(way):
    run = series(connected=[True, True, False, True])
    link = LiveLink(series_plan(run, down=WIDE, up=NARROW, outage="hold"))
    whole = [np.concatenate(c) for c in zip(*trace_slots(run), strict=True)]
    whole = TraceSteps(*whole)
    rate, delay, loss = {
        "down": (whole.down_bit_s, whole.down_s, whole.down_loss),
        "up": (whole.up_bit_s, whole.up_s, whole.up_loss),
    }[way]
    times = np.sort(np.random.default_rng(1).uniform(0.0, 60.0, 2000))
    limit = {"down": 4e6, "up": 8.5e5}[way]
    want = transit(link_schedule(whole.start_s, rate, whole.start_s, delay, loss >= 1, limit), times, 1500.0)
    got = [getattr(link, way).send(t, 1500.0)[0] for t in times]
    np.testing.assert_allclose(got, want.release_s, rtol=0, atol=1e-9)
    assert getattr(link, way).fates[Fate.LOST] == np.sum(want.fate == 1) > 0


def test_a_packet_that_leaves_in_a_later_piece_sees_its_rate():
    pieces = [(steps(rate=0.0), 10.0), (steps(start=(10.0,), rate=1.2e6, delay=0.03), 20.0)]
    link = LiveLink(LinkPlan("", lambda: iter(pieces), 20.0))
    np.testing.assert_allclose(link.down.send(1.0, [1500, 1500], stream=True), [10.04, 10.05])


def test_streams_wait_where_packets_are_dropped_and_both_share_the_queue():
    queue = QueueProfile("drop-tail", 3000.0)
    link = LiveLink(steps_plan(steps(start=(0, 1), rate=(0, 1.2e6)), 2.0, outage="drop", down=queue))
    assert np.isnan(link.down.send(0.0, 1500))
    np.testing.assert_allclose(link.down.send(0.0, [1500] * 3, stream=True), [1.03, 1.04, 1.05])
    assert np.isnan(link.down.send(1.0, 1500))
    assert link.down.fates.tolist() == [3, 0, 1, 1, 0, 0]
    assert link.down.room_at(1.0, 1500) == pytest.approx(1.02)
    assert link.down.room_at(1.0, 9000) == pytest.approx(1.03)  # larger than the queue: when it is empty
    assert link.down.send(1.02, 1500) == pytest.approx(1.06)
    assert link.up.room_at(0.5, 1500) == 0.5


def test_in_a_managed_queue_a_stream_waits_no_longer_than_the_target():
    link = LiveLink(steps_plan(steps(rate=1e8), 9.0, down=QueueProfile("codel", 1e6, 5e-3)))
    link.down.send(0.0, np.full(100, 1500.0), stream=True)  # 12 ms
    assert link.down.room_at(0.0, 15_000) == pytest.approx(12e-3 - 5e-3 + 1.2e-3)


def test_a_share_of_packets_is_lost_and_none_of_a_stream():
    def link():
        return LiveLink(replace(steps_plan(steps(rate=1e9, loss=0.02), 1.0), seed=3))

    first, again = link(), link()
    lost = np.isnan(first.up.send(0.0, np.full(8000, 100.0)))
    assert 97 < lost.sum() < 223  # 160 +- 5 sigma
    assert np.array_equal(lost, np.isnan(np.concatenate([again.up.send(0.0, np.full(4000, 100.0)) for _ in range(2)])))
    assert not np.isnan(first.up.send(0.0, np.full(1000, 100.0), stream=True)).any()


def test_a_link_that_stays_down_never_delivers():
    link = LiveLink(steps_plan(steps(start=(0, 1), rate=(1e6, 0)), 2.0, outage="hold"))
    assert np.isnan(link.down.send(1.5, 100, stream=True))
    assert np.isnan(link.down.send(2.5, 100))
    assert link.down.fates[Fate.NEVER] == 2


def test_steps_drawn_ahead_are_the_same():
    one, two = LiveLink(series_plan(series())), LiveLink(series_plan(series()))
    times = np.arange(0.0, 59.0, 0.5)
    got = []
    for t in times:
        two.draw_ahead()
        got.append(two.up.send(t, 900.0)[0])
    np.testing.assert_array_equal(got, [one.up.send(t, 900.0)[0] for t in times])


def test_the_trace_begins_where_asked_and_its_end_is_told():
    now = [100.0]
    link = LiveLink(series_plan(series(), 20.0), clock=lambda: now[0])
    assert link.now_s() == 0.0
    link.start()
    now[0] += 50.0
    link.start()
    assert link.now_s() == 50.0 and link.beyond_s() == 10.0
    assert np.isnan(link.up.send(50.0, 100.0))
    looped = LiveLink(series_plan(series(), 20.0), loop=True, clock=lambda: now[0])
    np.testing.assert_array_equal(looped.up.send(50.0, 100.0) > 50.0, True)


def test_memory_does_not_grow_with_the_trace():
    link = LiveLink(series_plan(series(slots=12)))
    for t in np.arange(0.0, 180.0, 1.0):
        link.down.send(t, 1500)
    assert max(way._packets.steps.delay_s.size for way in (link.down, link.up)) < 3 * 11_250


def test_an_account_tells_how_late_packets_were():
    link = LiveLink(steps_plan(steps(), 1.0))
    for late in (0.0, 0.5e-3, 2e-3):
        link.down.passage.add(late, 1500, 2)
    link.down.passage.add_unjudged(1500, 1)
    way = link.down.account()
    assert (way.packets, way.bytes, way.late, way.late_max_s) == (7, 6000, 2, 2e-3)
    assert way.late_p50_s == pytest.approx(0.5e-3, abs=1.1e-5) and way.late_p99_s == pytest.approx(2e-3, abs=1e-5)
