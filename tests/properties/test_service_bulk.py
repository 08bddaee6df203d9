"""Bulk transfers: never above what the link offers, in no bin, whatever the rates, delays, losses and outages."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tracesteps import link, offered_bits

from bentpipe.linkqueue.loaded import QueueProfile
from bentpipe.service.bulk import PACKET_BYTES, PAYLOAD_BYTES, bulk_transfer

STEP = st.tuples(
    st.floats(0.05, 5.0),  # length, s
    st.one_of(st.just(0.0), st.floats(1e5, 5e7)),  # rate, bit/s
    st.floats(0.001, 0.3),  # one-way delay, s
    st.one_of(st.just(0.0), st.just(1.0), st.floats(0.0, 0.2)),  # loss on the way
    st.sampled_from([0.0, 0.0, 1.0]),  # and on the way back
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(STEP, min_size=1, max_size=8),
    st.sampled_from(["drop-tail", "codel"]),
    st.sampled_from(["cubic", "reno"]),
    st.sampled_from(["hold", "drop"]),
    st.sampled_from([3e3, 3e4, 2e6]),
    st.one_of(st.just(np.inf), st.floats(1.0, 1e7)),
)
def test_never_above_the_offered_rate(
    rows: list[tuple[float, ...]], discipline: str, algorithm: str, outage: str, buffer: float, size: float
) -> None:
    length, rate, delay, loss, back = (np.array(column) for column in zip(*rows, strict=True))
    start = np.concatenate(([0.0], np.cumsum(length)[:-1]))
    steps = link(rate, delay, loss, start, back)
    got = bulk_transfer(
        steps, 12.0, QueueProfile(discipline, buffer), size_bytes=size, algorithm=algorithm, outage=outage, bin_s=0.25
    )
    offered = offered_bits(steps, np.arange(49) * 0.25)
    assert np.all(0.25 * got.goodput_bit_s <= offered * PAYLOAD_BYTES / PACKET_BYTES * (1.0 + 1e-9) + 1e-3)
    assert 8.0 * got.delivered_bytes <= offered.sum() * PAYLOAD_BYTES / PACKET_BYTES * (1.0 + 1e-9) + 1e-3
    assert got.delivered_bytes <= size
    assert got.lost_packets <= got.sent_packets and got.timeouts <= got.loss_events + got.timeouts
    if np.isfinite(got.completion_s):
        assert got.delivered_bytes == size and delay.min() < got.completion_s <= 12.0
