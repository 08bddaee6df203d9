"""Slots have one number in every run, and start where the real ones do."""

from __future__ import annotations

import numpy as np
import pytest

from bentpipe.earth import to_unix_s
from bentpipe.slots import EPOCH_UNIX_S, SlotClock


def test_slots_start_at_12_27_42_and_57_seconds() -> None:
    start = SlotClock().start_utc(np.arange(8))
    assert start[0] == np.datetime64("2000-01-01T00:00:12")
    assert [str(t)[17:19] for t in start] == ["12", "27", "42", "57"] * 2


def test_the_epoch_is_2000() -> None:
    assert float(to_unix_s(np.datetime64("2000-01-01T00:00:00"))) == EPOCH_UNIX_S


@pytest.mark.parametrize("clock", [SlotClock(), SlotClock(1.0, 0.0), SlotClock(15.0, 12.3), SlotClock(3600.0, 12.0)])
def test_a_slot_holds_its_start_and_not_its_end(clock: SlotClock) -> None:
    for slot in (0, 1, 7, 47_994_720, 2**31):
        start = float(clock.start_unix_s(slot))
        assert clock.containing(start) == slot
        assert clock.containing(start + 0.999 * clock.interval_s) == slot
        assert clock.containing(start - 0.001 * clock.interval_s) == slot - 1


def test_a_day_holds_5760_slots_and_days_join_without_gap() -> None:
    clock, day = SlotClock(), float(to_unix_s(np.datetime64("2022-10-24")))
    first, second = clock.starting_from(day, 86400.0), clock.starting_from(day + 86400.0, 86400.0)
    assert len(first) == 5760
    assert first.stop == second.start
    assert clock.start_utc(first.start) == np.datetime64("2022-10-24T00:00:12")


def test_only_slots_that_start_within_the_span() -> None:
    clock, day = SlotClock(), float(to_unix_s(np.datetime64("2022-10-24")))
    assert len(clock.starting_from(day + 12.0, 15.0)) == 1
    assert len(clock.starting_from(day + 12.0, 15.5)) == 2
    assert len(clock.starting_from(day + 12.5, 15.0)) == 1


def test_a_span_without_a_start_gives_the_slot_that_holds_it() -> None:
    clock, day = SlotClock(), float(to_unix_s(np.datetime64("2022-10-24")))
    held = clock.starting_from(day + 13.0, 5.0)
    assert len(held) == 1
    assert clock.start_utc(held.start) == np.datetime64("2022-10-24T00:00:12")
