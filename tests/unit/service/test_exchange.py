"""Exchanges: against a sender clocked packet by packet, and what protocols, losses and dead links do."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.errors import InputError
from bentpipe.service.exchange import SEGMENT_BYTES, exchange_s, exchange_times, page_times, transfer_s


def clocked_transfer_s(segments: int, segment_s: float, rtt_s: float, window: int) -> float:
    """Time of a transfer in slow start, packet by packet: each acknowledgement lets two more go."""
    may_go = [0.0] * window  # when each segment may be sent
    link_free, departed = 0.0, []
    for i in range(segments):
        link_free = max(link_free, may_go[i]) + segment_s
        departed.append(link_free)
        may_go += [link_free + rtt_s] * 2
    return departed[-1]


@pytest.mark.parametrize("segments", [1, 7, 10, 11, 45, 310, 1370])
@pytest.mark.parametrize("bit_s", [1e6, 1e7, 1e8])
def test_equal_to_a_clocked_sender_without_loss(segments: int, bit_s: float) -> None:
    expected = clocked_transfer_s(segments, 8.0 * SEGMENT_BYTES / bit_s, 0.08, 10)
    assert transfer_s(segments * SEGMENT_BYTES, bit_s, 0.08, 10.0, 0.0)[0] == pytest.approx(expected, rel=1e-12)


def test_parts_of_an_exchange() -> None:
    kept = exchange_s(0.1, 1e7, 1e6, 1000.0, 5000.0, 0.0, 0.0)
    assert kept == pytest.approx(0.1 + 8e3 / 1e6 + 4e4 / 1e7)
    assert exchange_s(0.1, 1e7, 1e6, 1000.0, 5000.0, 3.0, 0.0) == pytest.approx(kept + 0.3)
    up, down = exchange_s(0.1, 1e8, 1e6, 1e6, 100.0, 0.0, 0.0), exchange_s(0.1, 1e8, 1e6, 100.0, 1e6, 0.0, 0.0)
    assert up > 8.0 > 2.0 > down


def test_losses_by_expectation() -> None:
    # One packet each way over a kept connection: once in a hundred times it comes three round trips late, and what
    # is sent again and lost again waits for the timer, which doubles.
    rtt, p = 0.05, 0.01
    again = p * p / (1.0 - 2.0 * p)
    expected = rtt + 2 * 8.0 * 500.0 / 1e7 + 2 * (p * (3.0 * rtt) + again)
    assert exchange_s(rtt, 1e7, 1e7, 500.0, 500.0, 0.0, p) == pytest.approx(expected, rel=1e-12)
    setup = exchange_s(rtt, 1e7, 1e7, 500.0, 500.0, 1.0, p) - exchange_s(rtt, 1e7, 1e7, 500.0, 500.0, 0.0, p)
    assert setup == pytest.approx(rtt + 2.0 * p / (1.0 - 2.0 * p))


def test_a_long_transfer_goes_at_the_response_to_its_losses() -> None:
    # 1 GB at one loss in 1,000 over 100 ms: Reno's region, 38.7 segments a round trip (Mathis).
    seconds = exchange_s(0.1, 1e9, 1e9, 0.0, 1e9, 0.0, 1e-3)
    assert 8e9 / seconds == pytest.approx(38.7 * 8.0 * SEGMENT_BYTES / 0.1, rel=0.03)


def test_what_gets_nothing_through() -> None:
    assert exchange_s(0.1, 0.0, 1e6, 100.0, 100.0, 3.0, 0.0) == np.inf
    assert exchange_s(0.1, 1e6, 0.0, 100.0, 100.0, 3.0, 0.0) == np.inf
    assert exchange_s(0.1, 1e6, 1e6, 100.0, 100.0, 3.0, 0.5) == np.inf
    got = exchange_times([0.1, np.nan], 1e6, [[1e6], [np.nan]], 100.0, 100.0)
    assert np.isfinite(got[0, 0]) and np.isnan(got.ravel()[1:]).all()


def test_pages() -> None:
    sizes = np.full(36, 40e3)
    two, one = (page_times(0.1, 2e7, 2e6, 5e4, sizes, p) for p in ("HTTP/2", "HTTP/1.1"))
    assert two.document_s == one.document_s == exchange_s(0.1, 2e7, 2e6, 500.0, 5e4, 3.0, 0.0)
    # Never faster than the link; by HTTP/1.1 no less than a round trip for each object of the busiest connection.
    assert two.page_s > two.document_s + 0.1 + 8.0 * sizes.sum() / 2e7
    assert one.page_s > one.document_s + 6 * 0.1 and one.page_s > two.page_s
    assert page_times(0.1, 2e7, 2e6, 5e4, []).page_s == two.document_s
    assert page_times(0.1, 0.0, 2e6, 5e4, sizes).page_s == np.inf
    alone = page_times(0.1, 2e7, 2e6, 5e4, [1000.0], "HTTP/1.1")
    assert alone.page_s == pytest.approx(alone.document_s + 0.1 + 8 * 500 / 2e6 + 8 * 1000 / 2e7)


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="HTTP/3"):
        page_times(0.1, 1e7, 1e6, 5e4, [1e3], "HTTP/3")
    with pytest.raises(InputError, match="loss") as fault:
        exchange_times(-0.1, 1e7, 1e6, 1.0, 1.0, loss=1.5)
    assert len(fault.value.faults) == 2
