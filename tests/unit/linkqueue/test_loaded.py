"""The queue under a bulk transfer: bounds that hold for every discipline, and what tells them apart."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.errors import InputError
from bentpipe.linkqueue.loaded import QueueProfile, interpolated_wait_s, loaded_waits

RATES = np.array([1e6, 1e7, 1e8, 4e8])
TAIL, CODEL, FLOWS = (QueueProfile(name, 850e3) for name in ("drop-tail", "codel", "fq-codel"))


def test_a_full_buffer_is_the_longest_wait_and_the_link_stays_busy() -> None:
    out = loaded_waits(TAIL, RATES, probability=(0.0, 0.5, 1.0))
    fill = 8 * 850e3 / RATES
    assert (out.wait_s[:, 2] <= fill * (1 + 1e-9)).all()
    assert (out.wait_s[:3, 2] > 0.9 * fill[:3]).all()
    assert (out.carried > 0.99).all()


def test_drop_tail_saws_between_the_full_buffer_and_seven_tenths_of_the_window() -> None:
    """After a loss CUBIC keeps 0.7 of buffer and path together: 0.7 (B + C t) - C t is left in the queue."""
    rate, rtt, size = 2e7, 0.04, 850e3
    out = loaded_waits(TAIL, [rate], rtt, (0.0, 1.0))
    fill = 8 * size / rate
    assert out.wait_s[0, 1] == pytest.approx(fill, rel=0.03)
    assert out.wait_s[0, 0] == pytest.approx(0.7 * (fill + rtt) - rtt, rel=0.05)


def test_codel_keeps_the_median_wait_below_its_target_where_the_link_is_fast() -> None:
    out = loaded_waits(CODEL, RATES[1:])
    assert (out.wait_s[:, 1] < 5e-3).all()
    assert (out.wait_s[:, 2] < 0.02).all()
    assert (out.carried > 0.8).all()


def test_a_probe_of_its_own_flow_waits_for_one_packet_at_most() -> None:
    out = loaded_waits(FLOWS, RATES, probability=(0.5, 1.0))
    sending = 8 * 1500 / RATES
    assert (out.wait_s[:, 1] <= sending).all()
    assert out.wait_s[0, 0] == pytest.approx(0.5 * sending[0], rel=0.1)


def test_a_longer_path_leaves_less_in_the_same_buffer() -> None:
    waits = [loaded_waits(TAIL, [1e8], rtt).wait_s[0, 1] for rtt in (0.02, 0.06, 0.1)]
    assert waits[0] > waits[1] > waits[2]


def test_the_table_is_the_same_again_and_row_by_row() -> None:
    whole = loaded_waits(CODEL, RATES)
    again = [loaded_waits(CODEL, [rate]).wait_s[0] for rate in RATES]
    assert whole.wait_s.tobytes() == np.array(again).tobytes()


def test_interpolation_meets_the_table_and_keeps_its_ends() -> None:
    table = loaded_waits(TAIL, RATES)
    np.testing.assert_allclose(interpolated_wait_s(table, RATES), table.wait_s[:, 1], rtol=1e-12)
    low, high = interpolated_wait_s(table, [1e3, 1e12])
    assert (low, high) == pytest.approx((table.wait_s[0, 1], table.wait_s[-1, 1]))
    assert np.isnan(interpolated_wait_s(table, [np.nan, 0.0])).all()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"discipline": "drop-front", "buffer_bytes": 1e6}, "not modelled"),
        ({"discipline": "codel", "buffer_bytes": np.nan}, "not a size"),
        ({"discipline": "codel", "buffer_bytes": 1e6, "target_s": 0.0}, "target_s"),
        ({"discipline": "drop-tail", "buffer_bytes": 100.0}, "two packets"),
    ],
)
def test_a_queue_that_is_none_is_refused(fields: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        QueueProfile(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rate", "rtt", "level"), [([0.0], 0.04, [0.5]), ([np.nan], 0.04, [0.5]), ([1e6], 0.0, [0.5]), ([1e6], 0.04, [2])]
)
def test_what_is_no_rate_no_round_trip_or_no_probability_is_refused(
    rate: list[float], rtt: float, level: list[float]
) -> None:
    with pytest.raises(InputError):
        loaded_waits(TAIL, rate, rtt, level)
