"""Response functions of TCP against RFC 9438 (08/2023), tables 1 to 3, RFC 5348 and the Linux kernel's table."""

from __future__ import annotations

import numpy as np

from bentpipe.service.tcprates import (
    cubic_event_rate,
    cubic_window,
    mathis_window,
    reno_window,
    tfrc_bit_s,
    tfrc_f,
    window_bit_s,
)

EVENT_RATE = 10.0 ** -np.arange(2, 9)


def test_windows_of_rfc_9438_at_100_ms() -> None:
    np.testing.assert_allclose(reno_window(EVENT_RATE), [12, 38, 120, 379, 1200, 3795, 12000], atol=0.5)
    cubic = [12, 38, 187, 1054, 5926, 33325, 187400]
    np.testing.assert_allclose(cubic_window(EVENT_RATE, 0.1), cubic, rtol=1e-5, atol=0.5)
    fast = [12, 59, 333, 1874, 10538, 59261, 333250]
    np.testing.assert_allclose(cubic_window(EVENT_RATE, 0.1, c=4.0), fast, rtol=1e-5, atol=0.5)


def test_event_rate_that_a_rate_needs() -> None:
    # RFC 9438, section 5.2, the required loss rates for 10 Mbit/s, 100 Mbit/s and 1 Gbit/s: 1500 bytes, 100 ms.
    np.testing.assert_allclose(cubic_event_rate([1e7, 1e8, 1e9], 0.1, 1500.0), [2.9e-4, 1.4e-5, 6.3e-7], rtol=0.025)
    window = np.array([1e7, 1e8, 1e9]) * 0.1 / 12000.0
    np.testing.assert_allclose(1.44 / window**2, [2e-4, 2e-6, 2e-8], rtol=0.04)


def test_round_trips_a_segment_of_rfc_5348() -> None:
    expected = [0.008172, 0.026052, 0.089022, 0.564939, 243.316]
    np.testing.assert_allclose(tfrc_f([1e-4, 1e-3, 1e-2, 0.1, 1.0]), expected, rtol=1e-4)
    # f(p) x 10^6 at the ends of net/dccp/ccids/lib/tfrc_equation.c, which rounds to whole numbers.
    np.testing.assert_allclose(1e6 * tfrc_f([1e-4, 1.0]), [8172, 243315981], atol=1.0)


def test_rates_at_40_ms() -> None:
    p = np.array([1e-3, 1e-2])
    np.testing.assert_allclose(window_bit_s(mathis_window(p), 0.04), [11.3e6, 3.58e6], rtol=5e-3)
    np.testing.assert_allclose(tfrc_bit_s(p, 0.04), [11.2e6, 3.28e6], rtol=5e-3)
    np.testing.assert_allclose(window_bit_s(cubic_window(p, 0.04), 0.04), [11.1e6, 3.50e6], rtol=5e-3)
