from __future__ import annotations

import numpy as np
import pytest

from bentpipe.errors import InputError
from bentpipe.linkqueue import WithinSlot, link_schedule, sample_slot, transit
from bentpipe.linkqueue.withinslot import TICK_S

CALM = WithinSlot(9e-3, 0.58, 0.11, 20e-3, 0.0, 20e-3)
PLACE = 0x85283473FFFFFFF


def test_a_slot_holds_11250_frames() -> None:
    ticks = sample_slot(1, 100, PLACE, CALM)
    assert ticks.start_s.shape == ticks.wait_s.shape == ticks.lost.shape == (11_250,)
    assert ticks.start_s[-1] < 15.0


def test_draws_are_keyed() -> None:
    first, again = sample_slot(1, 100, PLACE, CALM), sample_slot(1, 100, PLACE, CALM)
    assert np.array_equal(first.wait_s, again.wait_s) and np.array_equal(first.lost, again.lost)
    for other in ((2, 100, PLACE), (1, 101, PLACE), (1, 100, PLACE + 1)):
        assert not np.array_equal(first.wait_s, sample_slot(*other, CALM).wait_s)
    # A shorter slot is the beginning of the longer one, but for what a handover draws.
    assert np.array_equal(first.wait_s[:750], sample_slot(1, 100, PLACE, CALM, 1.0).wait_s)


@pytest.mark.parametrize("median_ms", [4.0, 9.0, 18.0, 30.0])
def test_the_median_and_spread_are_those_asked_for(median_ms: float) -> None:
    asked = CALM._replace(median_wait_s=median_ms * 1e-3)
    wait = np.concatenate([sample_slot(1, slot, PLACE, asked).wait_s for slot in range(60)])
    assert np.median(wait) * 1e3 == pytest.approx(median_ms, rel=0.07)
    assert np.log(wait).std() == pytest.approx(0.58, rel=0.07)
    assert np.quantile(wait, 0.95) / np.median(wait) == pytest.approx(np.exp(1.645 * 0.58), rel=0.08)


def test_a_wait_falls_no_faster_than_time_runs() -> None:
    wait = sample_slot(1, 5, PLACE, CALM).wait_s
    assert np.diff(wait).min() >= -TICK_S - 1e-12


def test_waits_are_correlated_as_at_victoria() -> None:
    # Ping every 13.4 ms, median wait 9 ms: 0.24, 0.11 and 0.05 over 1, 2 to 4, and 8 packets.
    step = [round(k * 13.4e-3 / TICK_S) for k in (1, 3, 8)]
    found = []
    for slot in range(40):
        x = np.log(sample_slot(1, slot, PLACE, CALM).wait_s)
        found.append([np.corrcoef(x[:-s], x[s:])[0, 1] for s in step])
    np.testing.assert_allclose(np.mean(found, axis=0), [0.24, 0.11, 0.05], atol=0.12)


def test_losses_come_in_bursts_of_the_length_asked_for() -> None:
    asked = CALM._replace(bursts_per_s=2.0)
    lost = np.concatenate([sample_slot(1, slot, PLACE, asked).lost for slot in range(200)])
    starts = np.count_nonzero(np.diff(lost.astype(int)) == 1)
    assert lost.mean() == pytest.approx(2 * 0.02 / (1 + 2 * 0.02), rel=0.06)
    # Seen frame by frame a burst of exponential length lasts 1 / (1 - exp(-frame / burst)) frames.
    assert lost.sum() / starts == pytest.approx(1 / -np.expm1(-TICK_S / 0.02), rel=0.06)


def test_a_handover_interrupts_the_beginning_of_a_slot() -> None:
    asked = WithinSlot(9e-3, 0.58, 0.0, 0.0, 0.5, 50e-3)
    lost = [sample_slot(1, slot, PLACE, asked, 1.0).lost for slot in range(600)]
    length = np.array([flags.sum() for flags in lost]) * TICK_S
    assert (length > 0).mean() == pytest.approx(0.5, abs=0.06)
    assert length.mean() == pytest.approx(0.025, rel=0.2)
    assert all(not flags.any() or (flags[0] and not np.any(np.diff(flags.astype(int)) > 0)) for flags in lost)


def test_no_wait_and_no_loss() -> None:
    ticks = sample_slot(1, 5, PLACE, WithinSlot(0.0, 0.58, 0.0, 0.0, 0.0, 0.0))
    assert not ticks.wait_s.any() and not ticks.lost.any()


@pytest.mark.parametrize("bad", [{"median_wait_s": -1.0}, {"log_sigma": np.nan}, {"handover_probability": 1.5}])
def test_bad_parameters_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(bad))):
        sample_slot(1, 5, PLACE, CALM._replace(**bad))


def test_a_ping_through_the_queue_sees_the_waits() -> None:
    ticks = sample_slot(1, 7, PLACE, CALM)
    schedule = link_schedule([0.0], [1e9], ticks.start_s, 0.0145 + ticks.wait_s, ticks.lost)
    arrival = np.arange(0.0, 14.9, 0.01)
    rtt = transit(schedule, arrival, 64).release_s - arrival
    assert np.nanmedian(rtt) == pytest.approx(0.0235, abs=1.5e-3)
    assert np.nanmin(rtt) > 0.0145
