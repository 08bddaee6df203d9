"""Times of a post and of a page worked out by hand from the rounds of slow start (RFC 6928: 10 segments, doubling)."""

from __future__ import annotations

import numpy as np

from bentpipe.service.exchange import SETUP_ROUND_TRIPS, exchange_times

RTT_S = np.array([0.03, 0.1, 0.6])


def test_post_of_two_kilobytes() -> None:
    got = exchange_times(RTT_S, 100e6, 10e6, 2000.0, 0.0, SETUP_ROUND_TRIPS["fresh"])
    np.testing.assert_allclose(got, [0.12, 0.40, 2.4], rtol=0.02)


def test_page_of_two_megabytes() -> None:
    slow = exchange_times(RTT_S, 10e6, 10e6, 0.0, 2e6, SETUP_ROUND_TRIPS["fresh"])
    np.testing.assert_allclose(slow, [1.75, 2.23, 6.9], rtol=0.006)
    fast = exchange_times(RTT_S, 100e6, 10e6, 0.0, 2e6, SETUP_ROUND_TRIPS["fresh"])
    np.testing.assert_allclose(fast, [0.39, 1.11, 6.6], rtol=0.013)
