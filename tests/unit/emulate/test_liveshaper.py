"""The shaper on virtual time, without namespaces: it is the simulator's queue, whatever pieces its steps come in."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterable

import numpy as np
import pytest
from numpy.typing import NDArray
from traces import made_series, whole

from bentpipe.emulate.account import Account, WayAccount, quantile_s, reasons_against, way_account
from bentpipe.emulate.feed import Feed, Piece, begun_at, looped, new_pipe, pump
from bentpipe.emulate.plan import series_plan, steps_plan
from bentpipe.emulate.shaper import BINS, Flow, Port
from bentpipe.errors import InputError
from bentpipe.linkqueue import TraceSteps, link_schedule, trace_slots, transit
from bentpipe.linkqueue.loaded import QueueProfile
from bentpipe.linkqueue.onclock import LiveQueue

NO_LIMIT = QueueProfile("drop-tail", 1e12)
DEEP = QueueProfile("drop-tail", 200_000.0)


def fed(pieces: Iterable[Piece], *queues: LiveQueue) -> Feed:
    """Feed the queues (down, up) through a real pipe, from a thread in place of the feeding process."""
    read, write = new_pipe()
    threading.Thread(target=pump, args=(pieces, write), daemon=True).start()
    down, up = queues if len(queues) == 2 else (queues[0], LiveQueue(NO_LIMIT))
    return Feed(read, down.steps, up.steps)


def through(
    queue: LiveQueue, feed: Feed, arrival: NDArray[np.float64], bits: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Send packets in small batches, with steps fetched only when they are needed."""
    out = np.full(arrival.size, np.nan)
    for begin in range(0, arrival.size, 7):
        part = slice(begin, begin + 7)
        times, sizes = arrival[part].copy(), bits[part].copy()
        release, done = np.empty(times.size), 0
        while (done := queue.admit(times, sizes, times.size, release, done)) < times.size:
            assert feed.pull(times[0], wait=True)
        out[part] = release
    return out


def fifteen(rates: list[float], delays: list[float], loss: list[float] | None = None, span: float = 15.0) -> TraceSteps:
    """Steps of equal length, the same both ways; rate 0 is an outage."""
    rate, delay = np.array(rates), np.array(delays)
    lost = np.zeros(rate.size) if loss is None else np.array(loss)
    return TraceSteps(np.arange(rate.size) * span, rate > 0, delay, delay, rate, rate, lost, lost)


@pytest.mark.parametrize("outage", ["hold", "drop"])
def test_packets_fare_as_in_the_simulation_bit_for_bit_over_slots_and_an_outage(outage: str) -> None:
    series = made_series(5)
    steps = whole(trace_slots(series))
    rng = np.random.default_rng(3)
    arrival = np.sort(rng.uniform(0.0, 74.0, 20_000))
    bits = 8.0 * rng.integers(60, 1500, arrival.size)
    rate = np.append(np.where(steps.connected, steps.up_bit_s, 0.0), 0.0)
    schedule = link_schedule(
        np.append(steps.start_s, 75.0), rate, steps.start_s, steps.up_s, steps.up_loss > 0.5, 200_000.0, outage
    )
    expected = transit(schedule, arrival, bits / 8.0)

    queue = LiveQueue(DEEP, outage, way=1)
    feed = fed(series_plan(series).pieces(), LiveQueue(DEEP), queue)
    got = through(queue, feed, arrival, bits)

    np.testing.assert_array_equal(got, expected.release_s)
    np.testing.assert_array_equal(queue.fates[:5], np.bincount(expected.fate, minlength=5))
    assert queue.fates[1] > 0  # bursts did hit
    assert queue.fates[3 if outage == "drop" else 2] > 0  # the outage was felt: drops, or a full queue


def test_held_packets_leave_after_an_outage_that_outlasts_what_is_known() -> None:
    queue = LiveQueue(NO_LIMIT, "hold")
    plan = steps_plan(fifteen([1e6, 0, 0, 0, 1e6], [0.03] * 5), 75.0)
    pieces = [(TraceSteps(*(c[i : i + 1] for c in next(plan.pieces())[0])), 15.0 * (i + 1)) for i in range(5)]
    out = through(queue, fed(pieces, queue), np.array([20.0, 20.0]), np.array([8000.0, 8000.0]))
    np.testing.assert_allclose(out, [60.0 + 0.008 + 0.03, 60.0 + 0.016 + 0.03])


def test_nothing_is_reordered_where_the_delay_falls_at_fifteen_second_steps() -> None:
    queue = LiveQueue(NO_LIMIT)
    steps = fifteen([5e7] * 7, [0.035, 0.022, 0.06, 0.02, 0.045, 0.0, 0.03])
    arrival = np.arange(10_000) * 0.01
    out = through(queue, fed([(steps, 105.0)], queue), arrival, np.full(10_000, 12_000.0))
    assert np.all(np.diff(out) >= 0.0)
    sent = arrival + 12_000.0 / 5e7
    step = (sent // 15.0).astype(int)
    settled = sent % 15.0 > 0.1  # after a fall of the delay, packets wait for those before
    np.testing.assert_allclose((out - sent)[settled], steps.down_s[step][settled], atol=1e-9)


def test_loss_by_shares_is_drawn_for_each_packet_and_keyed() -> None:
    steps = fifteen([1e9] * 10, [0.01] * 10, [0.01] * 10)
    arrival, bits = np.linspace(0.0, 149.0, 100_000), np.full(100_000, 800.0)

    def lost(seed: int, way: int) -> NDArray[np.bool_]:
        queue = LiveQueue(NO_LIMIT, seed=seed, key=5, way=way)
        return np.isnan(through(queue, fed([(steps, 150.0)], queue), arrival, bits))

    first = lost(1, 0)
    assert abs(first.mean() - 0.01) < 3 * np.sqrt(0.01 * 0.99 / 100_000)
    np.testing.assert_array_equal(first, lost(1, 0))
    assert not np.array_equal(first, lost(1, 1)) and not np.array_equal(first, lost(2, 0))


def test_codel_keeps_the_standing_queue_short_where_drop_tail_fills_it() -> None:
    steps = fifteen([1e7], [0.02], span=30.0)
    arrival, bits = np.arange(0.0, 20.0, 0.0010), np.full(20_000, 12_000.0)  # 12 Mbit/s into 10

    def wait(profile: QueueProfile) -> float:
        queue = LiveQueue(profile)
        out = through(queue, fed([(steps, 30.0)], queue), arrival, bits)
        return float(np.nanmedian((out - arrival)[arrival > 10.0])) - 0.02

    full = wait(QueueProfile("drop-tail", 250_000.0))
    assert full == pytest.approx(0.2, abs=0.002)  # the buffer at 10 Mbit/s
    assert wait(QueueProfile("codel", 250_000.0)) < 0.5 * full


def test_the_link_is_down_after_the_end_of_the_trace() -> None:
    queue = LiveQueue(NO_LIMIT)
    out = through(queue, fed([(fifteen([1e6], [0.01]), 15.0)], queue), np.array([14.0, 16.0]), np.array([800.0, 800.0]))
    assert out[0] == pytest.approx(14.0108) and np.isnan(out[1])
    assert queue.fates[4] == 1


def test_memory_stays_the_same_over_a_long_trace() -> None:
    queue = LiveQueue(NO_LIMIT)
    series = made_series(60)
    feed = fed(series_plan(series).pieces(), LiveQueue(NO_LIMIT), queue)
    sizes = []
    for second in range(0, 880, 5):
        while feed.end_s < second + 1:
            feed.pull(second - 1.0, wait=True)
        sizes.append(queue.steps.delay_s.size)
    assert max(sizes) <= 3 * 11_250
    feed.pull(890.0, wait=True)


def test_two_links_in_a_row_are_two_transits() -> None:
    steps = fifteen([2e7, 1e7, 3e7], [0.02, 0.03, 0.01])
    first, second = LiveQueue(DEEP), LiveQueue(DEEP)
    feeds = [fed([(steps, 45.0)], queue) for queue in (first, second)]
    flow = Flow(Port(-1), Port(-1), [(first, feeds[0], 0.004), (second, feeds[1], 0.0)])
    arrival = np.sort(np.random.default_rng(5).uniform(0.0, 44.0, 3000))
    got = [flow.plan(at, [b"x" * 1200])[0] for at in arrival]

    schedule = link_schedule(
        [0, 15, 30, 45], [2e7, 1e7, 3e7, 0], steps.start_s, steps.down_s, queue_limit_bytes=200_000.0
    )
    middle = transit(schedule, arrival, 1200).release_s + 0.004
    through_one = ~np.isnan(middle)
    end = np.full(arrival.size, np.nan)
    end[through_one] = transit(schedule, middle[through_one], 1200).release_s
    np.testing.assert_array_equal(got, end)


def test_packets_cross_from_port_to_port_when_they_are_due() -> None:
    (mine, source), (sink, theirs) = (socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2))
    for s in (source, sink, theirs):
        s.setblocking(False)
    queue = LiveQueue(NO_LIMIT)
    feed = fed([(fifteen([8e6], [0.05]), 15.0)], queue)
    flow = Flow(
        Port(source.fileno()), Port(sink.fileno()), [(queue, feed, 0.0)], watch=lambda packet: packet.startswith(b"no")
    )
    for packet in (b"a" * 1000, b"no", b"b" * 1000):
        mine.send(packet)
    flow.empty_s = 0.999
    assert flow.take(1.001) == 3  # came between two looks: taken at the middle, 1.000 s
    assert flow.let_out(1.0509, lambda: 0.0, 0.0) == 0
    assert flow.let_out(1.0515, lambda: 1.0512, 0.0) == 1
    with pytest.raises(BlockingIOError):
        (theirs.recv(2000), theirs.recv(2000))
    flow.let_out(2.0, lambda: 1.0521, 0.0)
    assert theirs.recv(2000) == b"b" * 1000
    account = way_account(flow, overload=0)
    assert (account.packets, account.bytes) == (2, 2000)
    assert account.late_max_s == pytest.approx(0.0012, abs=1e-5)  # 0.2 ms late, and 1 ms of doubt
    assert account.late == 2
    for s in (mine, source, sink, theirs):
        s.close()


def test_when_a_packet_came_is_of_no_doubt_where_it_waits_in_any_case() -> None:
    (mine, source), (sink, theirs) = (socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2))
    for s in (source, sink):
        s.setblocking(False)
    queue = LiveQueue(NO_LIMIT)
    flow = Flow(Port(source.fileno()), Port(sink.fileno()), [(queue, fed([(fifteen([8e6], [0.0]), 15.0)], queue), 0.0)])
    for arrival, size in ((1.0, 10_000), (1.002, 1000)):  # the first takes 10 ms
        mine.send(b"x" * size)
        flow.empty_s = arrival - 0.001
        flow.take(arrival)
    assert [doubt for _, doubt, _ in flow.waiting] == [pytest.approx(0.0005), 0.0]
    assert flow.waiting[1][0] == pytest.approx(0.9995 + 0.011)
    for s in (mine, source, sink, theirs):
        s.close()


def test_a_port_that_refuses_is_the_emulators_overload() -> None:
    mine, source = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    source.setblocking(False)
    read, write = os.pipe()
    os.close(write)
    queue = LiveQueue(NO_LIMIT)
    flow = Flow(Port(source.fileno()), Port(read), [(queue, fed([(fifteen([8e6], [0.0]), 15.0)], queue), 0.0)])
    mine.send(b"x" * 100)
    flow.take(1.0)
    flow.let_out(9.0, lambda: 1.0, 0.0)
    assert way_account(flow, overload=2).overload == 3
    os.close(read)
    mine.close()
    source.close()


def test_a_trace_begins_where_it_is_told_and_repeats() -> None:
    steps = fifteen([1.0, 2.0, 3.0], [0.01, 0.02, 0.03])
    plan = steps_plan(steps, 45.0, offset_s=20.0)
    assert plan.length_s == 25.0
    ((left, end),) = plan.pieces()
    np.testing.assert_allclose(left.start_s, [0.0, 10.0])
    assert left.down_s.tolist() == [0.02, 0.03] and end == 25.0
    turns = looped(plan.pieces, plan.length_s)
    starts = [next(turns)[0].start_s.tolist() for _ in range(3)]
    assert starts == [[0.0, 10.0], [25.0, 35.0], [50.0, 60.0]]
    assert list(begun_at([(steps, 45.0)], 50.0)) == []


def test_a_series_begun_within_a_slot_goes_on_as_the_whole() -> None:
    series = made_series(3)
    steps = whole(trace_slots(series))
    part = whole(piece for piece, _ in series_plan(series, 17.0).pieces())
    assert part.start_s[0] == 0.0
    np.testing.assert_allclose(part.start_s[1:] + 17.0, steps.start_s[steps.start_s > 17.0])
    np.testing.assert_array_equal(part.up_s[1:], steps.up_s[steps.start_s > 17.0])


@pytest.mark.parametrize("offset", [-1.0, 45.0, 100.0])
def test_a_beginning_outside_the_trace_is_refused(offset: float) -> None:
    with pytest.raises(InputError, match="outside the trace"):
        steps_plan(fifteen([1.0] * 3, [0.0] * 3), 45.0, offset)


def way(packets: int = 1000, late: int = 0, overload: int = 0, lost: int = 0) -> WayAccount:
    return WayAccount(packets, 1000 * packets, 1e-4, 2e-4, 3e-4, late, lost, 0, 0, 0, 0, overload)


def told(reasons: tuple[str, ...], ways: dict[str, WayAccount]) -> Account:
    return Account("tun", False, "python", "SCHED_FIFO 10", 60.0, 0.0, ways, reasons)


def test_the_verdict_names_what_speaks_against_a_run() -> None:
    good = {"down": way(late=10, lost=30), "up": way()}
    assert reasons_against(good, 0.0) == ()
    account = told((), good)
    assert account.trusted
    assert account.line == (
        "link as simulated: 2000 packets, 30 dropped as simulated, p99 lateness 0.20 ms (SCHED_FIFO 10)"
    )
    bad = {"down": way(late=11), "up": way(overload=1)}
    reasons = reasons_against(bad, 30.0)
    assert [word in " ".join(reasons) for word in ("way down 11 of 1000", "way up the emulator", "30 s beyond")] == [
        True, True, True,
    ]  # fmt: skip
    assert told(reasons, bad).line.startswith("do not trust this run: on the way down")
    assert told(reasons, bad).as_dict()["trusted"] is False


def test_quantiles_of_lateness_are_upper_edges_of_bins() -> None:
    counts = [0] * (BINS + 1)
    counts[3], counts[50], counts[BINS] = 98, 1, 1
    assert quantile_s(counts, 0.5, 0.7) == pytest.approx(4e-5)
    assert quantile_s(counts, 0.99, 0.7) == pytest.approx(5.1e-4)
    assert quantile_s(counts, 1.0, 0.7) == 0.7
    assert quantile_s([0] * (BINS + 1), 0.5, 0.0) == 0.0
