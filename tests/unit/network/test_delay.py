from __future__ import annotations

import math
from datetime import date
from statistics import NormalDist

import numpy as np
import pytest

from bentpipe.errors import InputError, UnknownNameError
from bentpipe.kernel import kernel
from bentpipe.linkqueue.normal import normal_quantile
from bentpipe.network.access import ERAS, FRAME_S, PROBES, access_parameters, era_values
from bentpipe.network.delay import (
    FIBRE_VELOCITY_FACTOR,
    SEGMENTS,
    expected_minimum_s,
    fixed_access_s,
    median_wait_s,
    queueing_factor,
    segments,
    slot_round_trip_s,
    within_slot_quantile_s,
)

DAY = date(2024, 7, 16)
PING = access_parameters(DAY, "ping")
TRACE = access_parameters(DAY, "traceroute")


@kernel("void(float64[::1], float64[::1], float64[::1], float64, float64, float64, float64[::1], float64[::1])")
def fill(user, feeder, fibre, fixed, wait, sigma, u, out):  # type: ignore[no-untyped-def]
    for k in range(out.size):
        out[k] = slot_round_trip_s(user[k], feeder[k], fibre[k], FIBRE_VELOCITY_FACTOR, fixed, wait, sigma, u[k])


def test_light_time_of_the_zenith_is_the_published_floor() -> None:
    # 3.7 ms one way with user and gateway under a satellite at 550 km.
    parts = segments(550e3, 550e3, 0.0, PING, 0.0, 0.5)
    assert parts[SEGMENTS.index("user_link")] + parts[SEGMENTS.index("feeder_link")] == pytest.approx(
        2 * 3.669e-3, abs=1e-6
    )


def test_fibre_runs_there_and_back_at_0_68_c() -> None:
    assert segments(6e5, 6e5, 1e6, PING, 0.0, 0.5)[SEGMENTS.index("fibre")] == pytest.approx(9.811e-3, abs=1e-6)


def test_the_kernel_is_the_sum_of_the_segments() -> None:
    rng = np.random.default_rng(1)
    user, feeder = rng.uniform(5e5, 1.2e6, (2, 500))
    fibre, u = rng.uniform(0, 2e6, 500), rng.uniform(size=500)
    for access in (PING, TRACE):
        out = np.empty(500)
        wait = float(median_wait_s(access, 0.7))
        fill(user, feeder, fibre, fixed_access_s(access), wait, access.slot_log_sigma, u, out)
        parts = segments(user, feeder, fibre, access, 0.7, u)
        assert parts.shape == (500, len(SEGMENTS))
        np.testing.assert_allclose(out, parts.sum(axis=-1), rtol=1e-13)


def test_no_path_gives_no_delay() -> None:
    assert np.isnan(segments([6e5, np.nan], [6e5, 6e5], 0.0, PING, 0.5, 0.5).sum(axis=-1)).tolist() == [
        False,
        True,
    ]


def test_the_normal_quantile_is_that_of_the_standard_library() -> None:
    for u in (1e-9, 1e-4, 0.02, 0.024, 0.025, 0.3, 0.5, 0.9, 0.976, 0.999, 1 - 1e-9):
        assert normal_quantile(u) == pytest.approx(NormalDist().inv_cdf(u), rel=1e-8, abs=1e-12)


def test_slots_differ_by_a_log_normal_factor() -> None:
    u = (np.arange(20_000) + 0.5) / 20_000
    wait = segments(6e5, 6e5, 0.0, PING, 0.5, u)[:, -2:].sum(axis=1)
    assert np.median(wait) == pytest.approx(float(median_wait_s(PING, 0.5)), rel=1e-3)
    assert np.log(wait).std() == pytest.approx(PING.slot_log_sigma, rel=1e-3)


def test_slot_medians_move_as_measured_at_victoria() -> None:
    # Slot medians of one minute lie between 21 and 31 ms: the middle 80 % of slots must span most of that.
    parts = segments(6e5, 7e5, 2.8e5, access_parameters(date(2025, 4, 15)), 0.5, [0.1, 0.5, 0.9])
    low, middle, high = parts.sum(axis=-1) * 1e3
    assert 19 < low < 22 < middle < 24.5 < high < 31


def test_load_adds_and_never_without_bound() -> None:
    load = np.linspace(0, 1, 21)
    wait = median_wait_s(PING, load)
    assert np.all(np.diff(wait) >= 0)
    assert queueing_factor(0.5) == 1.0
    assert queueing_factor(1.0) == queueing_factor(0.95) == pytest.approx(19.0)
    assert segments(6e5, 6e5, 0, PING, 0.0, 0.5)[SEGMENTS.index("access_load")] == 0.0


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan])
def test_a_load_outside_its_range_is_refused(bad: float) -> None:
    with pytest.raises(InputError, match="0 to 1"):
        segments(6e5, 6e5, 0.0, PING, bad, 0.5)


@pytest.mark.parametrize("bad", [0.0, 1.0, math.nan])
def test_a_draw_outside_its_range_is_refused(bad: float) -> None:
    with pytest.raises(InputError, match="draw"):
        segments(6e5, 6e5, 0.0, PING, 0.5, bad)


def test_quantiles_are_those_of_simulated_packets() -> None:
    rng = np.random.default_rng(2)
    for access in (PING, TRACE):
        parts = segments(6e5, 6e5, 1e5, access, 0.5, 0.5)
        wait = float(median_wait_s(access, 0.5))
        rtt = parts[:-2].sum() + wait * np.exp(access.within_log_sigma * rng.standard_normal(400_000))
        rtt += access.request_wait_s * rng.uniform(size=400_000)
        for p in (0.01, 0.05, 0.5, 0.95, 0.99):
            assert within_slot_quantile_s(parts, access, p) == pytest.approx(np.quantile(rtt, p), abs=3e-4)


def test_the_median_is_the_sum_of_the_segments() -> None:
    u = np.linspace(0.05, 0.95, 19)
    for access, bound_s in ((PING, 1e-12), (TRACE, 0.8e-3)):
        parts = segments(6e5, 6e5, 1e5, access, 0.5, u)
        difference = within_slot_quantile_s(parts, access, 0.5) - parts.sum(axis=-1)
        assert np.abs(difference).max() <= bound_s


def test_the_minimum_moves_less_than_the_median() -> None:
    parts = segments(6e5, 6e5, 1e5, PING, 0.5, [0.1, 0.9])
    minimum = expected_minimum_s(parts, PING, 1000)
    assert np.all(minimum > parts[:, :-2].sum(axis=-1))
    assert np.diff(minimum)[0] < 0.25 * np.diff(parts.sum(axis=-1))[0]


def test_quantiles_need_a_probability() -> None:
    with pytest.raises(InputError, match="probability"):
        within_slot_quantile_s(segments(6e5, 6e5, 0, PING, 0.5, 0.5), PING, 1.0)


def test_the_frame_is_four_thirds_of_a_millisecond() -> None:
    assert pytest.approx(1 / 750) == FRAME_S
    assert PING.frame_floor_s == pytest.approx(4 * FRAME_S)


def test_eras_are_continuous_and_fall() -> None:
    days = [date.fromordinal(d) for d in range(ERAS[0].day.toordinal(), date(2027, 6, 1).toordinal())]
    wait = np.array([era_values(day) for day in days])
    assert np.all(np.diff(wait, axis=0) <= 0)
    assert np.abs(np.diff(wait, axis=0)).max() < 1e-4
    assert all(era_values(knot.day) == pytest.approx((knot.grant_wait_s, knot.load_wait_s)) for knot in ERAS)


def test_a_date_before_the_service_is_refused() -> None:
    with pytest.raises(InputError, match="2021-01-01"):
        access_parameters(date(2020, 1, 1))


def test_probe_kinds_are_kept_apart() -> None:
    median = {p: segments(6e5, 6e5, 0, access_parameters(DAY, p), 0.5, 0.5).sum() * 1e3 for p in PROBES}
    # Traceroutes read 5 to 8 ms above continuous pings; the dish reports means, which lie above medians.
    assert 5.0 <= median["traceroute"] - median["ping"] <= 8.0
    assert median["built-in"] == median["traceroute"]
    assert 0 < median["dish"] - median["ping"] < 3.0
    assert access_parameters(DAY, "DISH").within_log_sigma < 0.2 < PING.within_log_sigma
    with pytest.raises(UnknownNameError, match="traceroute"):
        access_parameters(DAY, "twamp")
