"""A bulk transfer in time: against closed forms, through outages, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from tracesteps import link

from bentpipe.errors import InputError
from bentpipe.linkqueue import LinkSeries
from bentpipe.linkqueue.loaded import QueueProfile
from bentpipe.service.bulk import PACKET_BYTES, PAYLOAD_BYTES, bulk_transfer, series_steps
from bentpipe.service.exchange import transfer_s

TAIL = QueueProfile("drop-tail", 1e6)


@pytest.mark.parametrize("packets", [1, 10, 11, 137, 1000])
def test_without_loss_as_in_the_rounds_of_slow_start(packets: int) -> None:
    rate, one_way = 1e8, 0.05
    got = bulk_transfer(link(rate, one_way), 60.0, TAIL, size_bytes=packets * PAYLOAD_BYTES)
    payload_rate = rate * PAYLOAD_BYTES / PACKET_BYTES
    expected = transfer_s(packets * PAYLOAD_BYTES, payload_rate, 2.0 * one_way, 10.0, 0.0)[0] + one_way
    assert got.completion_s == pytest.approx(expected, rel=1e-9)
    assert got.delivered_bytes == packets * PAYLOAD_BYTES and got.sent_packets == packets and got.loss_events == 0


@pytest.mark.parametrize("algorithm", ["cubic", "reno"])
@pytest.mark.parametrize("rate", [1e6, 2e7, 2e8])
def test_a_deep_buffer_keeps_the_link_full(algorithm: str, rate: float) -> None:
    queue = QueueProfile("drop-tail", max(rate * 0.04 / 8.0, 20e3) * 2.0)
    got = bulk_transfer(link(rate), 40.0, queue, algorithm=algorithm)
    whole = rate * PAYLOAD_BYTES / PACKET_BYTES
    np.testing.assert_allclose(got.goodput_bit_s[10:30], whole, rtol=0.02)
    assert got.goodput_bit_s.sum() == pytest.approx(8.0 * got.delivered_bytes, rel=1e-3)


def test_the_expectation_of_an_exchange_is_near_the_mean_of_transfers_in_time() -> None:
    """Periodic losses, as in the expectation, cost more than random ones: up to 40 % where the losses rule."""
    rate, one_way, queue = 5e7, 0.05, QueueProfile("drop-tail", 625e3)
    for size, loss in ((3e4, 1e-2), (3e5, 1e-3), (3e5, 1e-2), (2e6, 1e-3), (2e6, 5e-2)):
        steps = link(rate, one_way, loss)
        drawn = [bulk_transfer(steps, 600.0, queue, size_bytes=size, key=k).completion_s for k in range(60)]
        expected = transfer_s(size, rate, 2.0 * one_way, 10.0, loss)[0] + one_way
        error = np.std(drawn) / np.sqrt(60)
        assert np.mean(drawn) - 3.0 * error < expected < 1.4 * np.mean(drawn) + 3.0 * error


def test_a_held_outage_is_waited_out_and_a_dropping_one_is_timed_out() -> None:
    outage = link([5e7, 0.0, 5e7], start_s=[0.0, 10.0, 14.0])
    whole = 5e7 * PAYLOAD_BYTES / PACKET_BYTES
    for how in ("hold", "drop"):
        got = bulk_transfer(outage, 30.0, TAIL, outage=how)
        assert (got.goodput_bit_s[10:14] == 0.0).all() and got.timeouts >= 2
        assert got.goodput_bit_s[20:25].mean() > 0.95 * whole
    short = link([5e7, 0.0, 5e7], start_s=[0.0, 10.0, 10.3])
    assert bulk_transfer(short, 30.0, TAIL, outage="hold").timeouts == 0


def test_the_timer_doubles_while_nothing_comes_back() -> None:
    """RFC 6298: 1, 2, 4, 8, 16 and 32 s after one another, then 60 s."""
    dead = link([1e7, 0.0], start_s=[0.0, 5.0])
    counts = [bulk_transfer(dead, 5.2 + t, TAIL, outage="drop").timeouts for t in (0.5, 2.0, 6.0, 14.0, 62.0, 122.0)]
    assert counts == [0, 1, 2, 3, 5, 6]
    assert bulk_transfer(dead, 60.0, TAIL, size_bytes=1e9).completion_s == np.inf


def test_a_burst_is_one_event() -> None:
    t = np.array([0.0, 20.0, 20.01])
    burst = bulk_transfer(link(5e7, 0.02, [0.0, 1.0, 0.0], t), 25.0, QueueProfile("drop-tail", 1e8))
    assert (
        burst.loss_events == 1 and burst.timeouts == 0 and burst.lost_packets == pytest.approx(0.01 * 5e7 / 12e3, abs=2)
    )


def test_acknowledgements_wait_out_a_burst_on_the_way_back() -> None:
    t = np.array([0.0, 5.0, 5.2])
    got = bulk_transfer(link(1e7, 0.02, 0.0, t, [0.0, 1.0, 0.0]), 10.0, TAIL, size_bytes=2e6)
    free = bulk_transfer(link(1e7), 10.0, TAIL, size_bytes=2e6)
    assert got.completion_s == free.completion_s < 5.0  # over before
    late = bulk_transfer(link(1e7, 0.02, 0.0, [0.0, 0.05, 1.05], [0.0, 1.0, 0.0]), 10.0, TAIL, size_bytes=2e6)
    assert free.completion_s + 0.5 < late.completion_s < free.completion_s + 1.5


def test_managed_queues_wait_less() -> None:
    tail, codel = (bulk_transfer(link(2e7), 30.0, QueueProfile(name, 1e6)) for name in ("drop-tail", "codel"))
    assert codel.mean_rtt_s < 0.06 < 0.2 < tail.mean_rtt_s
    assert codel.goodput_bit_s[5:].mean() > 0.85 * tail.goodput_bit_s[5:].mean()


def test_the_same_again_and_both_ways() -> None:
    steps = link(2e7, 0.03, 0.002)
    one, two = (bulk_transfer(steps, 20.0, TAIL, seed=3, key=9) for _ in range(2))
    assert one.goodput_bit_s.tobytes() == two.goodput_bit_s.tobytes() and one[2:] == two[2:]
    assert one[2:] != bulk_transfer(steps, 20.0, TAIL, seed=4, key=9)[2:]
    turned = steps._replace(up_loss=steps.down_loss, down_loss=steps.up_loss)
    assert one[2:] == bulk_transfer(turned, 20.0, TAIL, direction="up", seed=3, key=9)[2:]


def test_over_a_link_of_slots() -> None:
    ones = np.ones(3)
    connected = np.array([True, False, True])
    series = LinkSeries(
        "here", 7, 99, 1000, 0.0, 15.0, connected, 0.008 * ones, 0.009 * ones, 0.006 * ones, 5e7 * ones, 1e7 * ones,
        ones.astype(bool), 0.2 * ones, 0.58, 0.02, 0.5, 0.05,
    )  # fmt: skip
    steps = series_steps(series)
    assert np.all(np.diff(steps.start_s) > 0.0) and steps.start_s[-1] > 44.9
    for direction, rate in (("down", 5e7), ("up", 1e7)):
        got = bulk_transfer(steps, 45.0, TAIL, direction=direction)
        assert (got.goodput_bit_s[15:30] == 0.0).all() and (got.goodput_bit_s <= rate).all()
        assert got.goodput_bit_s[5:14].mean() > 0.7 * rate and got.goodput_bit_s[36:44].mean() > 0.7 * rate


def test_what_is_refused() -> None:
    with pytest.raises(InputError) as fault:
        bulk_transfer(link(1e6, loss=2.0), -1.0, TAIL, direction="sideways", algorithm="bbr", size_bytes=0.0)
    assert len(fault.value.faults) == 5
    assert "bbr" in str(fault.value)
