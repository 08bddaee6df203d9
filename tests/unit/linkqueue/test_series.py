"""Link of a place slot by slot, frame by frame."""

from dataclasses import replace

import numpy as np
import pytest

from bentpipe.errors import InputError
from bentpipe.linkqueue import LinkSeries, sample_slot, slot_steps, trace_slots
from bentpipe.linkqueue.withinslot import WithinSlot


def series(slots: int = 4, **changes: object) -> LinkSeries:
    ones = np.ones(slots)
    made = LinkSeries(
        "here", 7, 99, 1000, 0.0, 15.0, ones.astype(bool), 0.008 * ones, 0.009 * ones, 0.006 * ones,
        2e8 * ones, 2e7 * ones, np.zeros(slots, bool), 0.5 * ones, 0.58, 0.02, 0.5, 0.02,
    )  # fmt: skip
    return replace(made, **changes)


def test_the_round_trip_is_the_fixed_parts_and_the_wait_of_the_same_slot() -> None:
    made = series()
    steps = slot_steps(made, 2)
    ticks = sample_slot(7, 1002, 99, WithinSlot(0.006, 0.58, 0.5, 0.02, 0.0, 0.02))
    np.testing.assert_allclose(steps.down_s + steps.up_s, 0.017 + ticks.wait_s, rtol=0, atol=1e-15)


def test_each_burst_hits_one_way_and_about_half_of_them_each() -> None:
    made = series(400)
    down = np.concatenate([s.down_loss for s in trace_slots(made)]).astype(bool)
    up = np.concatenate([s.up_loss for s in trace_slots(made)]).astype(bool)
    assert not np.any(down & up)
    starts = [int(np.sum(way[1:] & ~way[:-1])) for way in (down, up)]
    # Of n bursts the share of one way has a standard deviation of 0.5 / sqrt(n).
    share = starts[0] / sum(starts)
    assert abs(share - 0.5) < 4 * 0.5 / np.sqrt(sum(starts))


def test_an_interruption_at_a_change_of_satellite_hits_both_ways() -> None:
    made = series(handover=np.ones(4, bool), handover_probability=1.0, handover_s=1.0, bursts_per_s=np.zeros(4))
    steps = slot_steps(made, 0)
    assert steps.down_loss[0] == 1.0
    np.testing.assert_array_equal(steps.down_loss, steps.up_loss)


def test_a_slot_without_a_link_is_one_step_that_keeps_the_delay_before() -> None:
    made = series(connected=np.array([True, False, True, True]))
    parts = list(trace_slots(made))
    assert len(parts[1].start_s) == 1 and parts[1].start_s[0] == 15.0 and not parts[1].connected[0]
    assert parts[1].up_s[0] == parts[0].up_s[-1] and parts[1].down_bit_s[0] == 0.0
    whole = np.concatenate([p.start_s for p in parts])
    assert np.all(np.diff(whole) > 0)


def test_a_slot_is_the_same_in_whatever_order_it_is_asked_for() -> None:
    made = series()
    for one, two in zip(
        slot_steps(made, 3), list(trace_slots(made, 2))[1]._replace(start_s=slot_steps(made, 3).start_s), strict=True
    ):
        np.testing.assert_array_equal(one, two)


def test_series_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="one value a slot"):
        series(wait_s=np.ones(3))
