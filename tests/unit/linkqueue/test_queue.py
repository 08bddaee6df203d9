from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from bentpipe.errors import InputError
from bentpipe.linkqueue import Fate, LinkSchedule, idle_state, link_schedule, transit


def constant(rate: float = 8e6, delay: float = 0.02, **more: object) -> LinkSchedule:
    return link_schedule([0.0], [rate], [0.0], [delay], **more)  # type: ignore[arg-type]


def twin(start: list[float], rate: list[float], arrival: float, busy: float, bits: float) -> float:
    """When the last bit leaves, by rational arithmetic, step by step."""
    t, left = Fraction(max(arrival, busy, start[0])), Fraction(bits)
    for k, r in enumerate(rate):
        end = Fraction(start[k + 1]) if k + 1 < len(start) else None
        if end is not None and t >= end:
            continue
        if r > 0 and (end is None or t + left / Fraction(r) <= end):
            return float(t + left / Fraction(r))
        if end is None:
            break
        left -= Fraction(r) * (end - t)
        t = end
    return float("inf")


def test_an_idle_link_adds_sending_time_and_delay() -> None:
    out = transit(constant(), [1.0], 1000)
    assert out.depart_s[0] == pytest.approx(1.001)
    assert out.release_s[0] == pytest.approx(1.021)


def test_packets_leave_at_the_rate_of_the_link() -> None:
    out = transit(constant(), np.zeros(100), 1000)
    np.testing.assert_allclose(np.diff(out.release_s), 0.001)


def test_departures_are_exact_over_steps_and_outages() -> None:
    rng = np.random.default_rng(1)
    start = np.cumsum(rng.uniform(0.05, 0.3, 40)).tolist()
    rate = (rng.uniform(1e5, 2e7, 40) * (rng.uniform(size=40) > 0.3)).tolist()
    rate[-1] = 1e6
    arrival, size = np.sort(rng.uniform(0, 8, 300)), rng.integers(64, 1500, 300)
    out = transit(link_schedule(start, rate, [0.0], [0.0]), arrival, size)
    busy = -1e9
    for k in range(300):
        busy = twin(start, rate, float(arrival[k]), busy, 8.0 * float(size[k]))
        assert out.depart_s[k] == pytest.approx(busy, abs=1e-9)


def test_a_falling_delay_reorders_nothing() -> None:
    schedule = link_schedule([0.0], [1e9], [0.0, 0.5, 1.0], [0.027, 0.035, 0.022])
    arrival = np.arange(0.0, 1.5, 0.001)
    out = transit(schedule, arrival, 100)
    assert np.all(np.diff(out.release_s) >= 0)
    assert np.median((out.release_s - arrival)[arrival < 0.4]) == pytest.approx(0.027, abs=1e-4)
    assert np.median((out.release_s - arrival)[arrival > 1.1]) == pytest.approx(0.022, abs=1e-4)


@pytest.mark.parametrize("outage", ["hold", "drop"])
def test_outages_hold_or_drop(outage: str) -> None:
    schedule = link_schedule([0.0, 1.0, 1.5], [8e6, 0.0, 8e6], [0.0], [0.02], outage=outage)
    arrival = np.arange(0.0, 3.0, 0.002)
    out = transit(schedule, arrival, 1000)
    during = (arrival >= 1.0) & (arrival < 1.5)
    if outage == "hold":
        assert np.all(out.fate == Fate.DELIVERED)
        assert (out.release_s - arrival).max() == pytest.approx(0.521, abs=1e-3)
        assert (out.release_s - arrival)[-1] == pytest.approx(0.021, abs=1e-6)
    else:
        assert np.array_equal(out.fate == Fate.OUTAGE, during)
        assert np.all(np.isnan(out.release_s[during]))


def test_a_full_queue_drops_at_its_tail() -> None:
    out = transit(constant(queue_limit_bytes=10_000), np.zeros(20), 1000)
    assert out.fate.tolist() == [Fate.DELIVERED] * 10 + [Fate.QUEUE_FULL] * 10
    # Offered 25 % too much, the link stays busy and carries exactly its rate.
    arrival = np.arange(10_000) * 0.0008
    out = transit(constant(queue_limit_bytes=50_000), arrival, 1000)
    assert np.sum(out.fate == Fate.DELIVERED) == pytest.approx(8000 + 50, abs=1)


def test_lost_packets_take_up_capacity_but_do_not_arrive() -> None:
    schedule = link_schedule([0.0], [8e6], [0.0, 0.005, 0.008], [0.02] * 3, [False, True, False])
    out = transit(schedule, np.zeros(12), 1000)
    assert {5, 6} <= set(np.flatnonzero(out.fate == Fate.LOST)) <= {4, 5, 6, 7}
    assert out.depart_s[-1] == pytest.approx(0.012)
    assert np.array_equal(np.isnan(out.release_s), out.fate == Fate.LOST)


def test_two_calls_are_one() -> None:
    rng = np.random.default_rng(3)
    schedule = link_schedule([0.0, 0.5], [4e6, 2e6], [0.0, 0.2, 0.7], [0.03, 0.02, 0.025], queue_limit_bytes=2e4)
    arrival, size = np.sort(rng.uniform(0, 1.5, 2000)), rng.integers(64, 1500, 2000)
    whole = transit(schedule, arrival, size)
    state = idle_state()
    parts = [transit(schedule, arrival[a:b], size[a:b], state) for a, b in ((0, 700), (700, 701), (701, 2000))]
    for name in ("depart_s", "release_s", "fate"):
        assert np.array_equal(getattr(whole, name), np.concatenate([getattr(p, name) for p in parts]), equal_nan=True)


def test_no_capacity_at_the_end_is_said() -> None:
    out = transit(link_schedule([0.0, 1.0], [8e6, 0.0], [0.0], [0.0]), [0.5, 2.0], 1000)
    assert out.fate.tolist() == [Fate.DELIVERED, Fate.NEVER]
    # Before the schedule there is no capacity either: a holding link waits for it.
    assert transit(constant(delay=0.0), [-5.0], 1000).release_s[0] == pytest.approx(0.001)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"rate_start_s": [0.0, 0.0], "rate_bit_s": [1.0, 1.0]}, "rise"),
        ({"rate_start_s": [0.0], "rate_bit_s": [-1.0]}, "negative"),
        ({"rate_start_s": [0.0], "rate_bit_s": [np.nan]}, "no number"),
        ({"rate_start_s": [], "rate_bit_s": []}, "at least one"),
        ({"lost": [True, False]}, "one flag"),
        ({"queue_limit_bytes": 0}, "queue"),
        ({"outage": "wait"}, "'hold' or 'drop'"),
    ],
)
def test_bad_schedules_are_refused(given: dict[str, object], match: str) -> None:
    good = {"rate_start_s": [0.0], "rate_bit_s": [1e6], "delay_start_s": [0.0], "delay_s": [0.02]}
    with pytest.raises(InputError, match=match):
        link_schedule(**(good | given))  # type: ignore[arg-type]


def test_bad_packets_are_refused() -> None:
    with pytest.raises(InputError, match="order of arrival"):
        transit(constant(), [1.0, 0.0], 100)
    with pytest.raises(InputError, match="size"):
        transit(constant(), [1.0], 0)
