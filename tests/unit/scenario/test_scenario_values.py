"""Durations, times, frozen mappings and hints."""

from __future__ import annotations

import copy
import pickle
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from bentpipe.scenario import load_scenario
from bentpipe.scenario.values import (
    CalendarDay,
    FrozenMap,
    Id,
    Latitude,
    Moment,
    did_you_mean,
    format_duration,
    parse_duration,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("15s", 15), ("90m", 5400), ("90min", 5400), ("24h", 86400), ("1h30m", 5400), ("2d", 172800), ("500ms", 0.5),
     ("1.5h", 5400), (" 15 S ", 15)],
)  # fmt: skip
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text).total_seconds() == seconds


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=366)))
def test_durations_survive_writing(span: timedelta) -> None:
    assert parse_duration(format_duration(span)) == span


def test_durations_are_written_in_the_largest_whole_unit() -> None:
    assert [format_duration(timedelta(seconds=s)) for s in (86400, 5400, 15, 0.5, 0)] == [
        "24h", "90m", "15s", "500ms", "0ms"]  # fmt: skip


@pytest.mark.parametrize(
    "value",
    ["2022-10-24T03:00:00+03:00", "2022-10-24T00:00:00Z", "2022-10-24T00:00:00", "2022-10-24", date(2022, 10, 24),
     datetime(2022, 10, 24)],
)  # fmt: skip
def test_times_become_plain_utc(value: object) -> None:
    moment = TypeAdapter(Moment).validate_python(value)
    assert moment == datetime(2022, 10, 24)
    assert moment.tzinfo is None


def test_moments_and_days_are_written_as_they_are_read() -> None:
    moments: TypeAdapter[datetime] = TypeAdapter(Moment)
    assert moments.dump_json(datetime(2022, 10, 24)) == b'"2022-10-24T00:00:00Z"'
    days: TypeAdapter[date] = TypeAdapter(CalendarDay)
    assert days.dump_json(date(2022, 10, 24)) == b'"2022-10-24"'
    assert days.validate_python(datetime(2022, 10, 24, 12)) == date(2022, 10, 24)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_latitudes_are_finite_and_on_earth(value: float) -> None:
    adapter: TypeAdapter[float] = TypeAdapter(Latitude)
    if -90 <= value <= 90:
        assert adapter.validate_python(value) == value
    else:
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


IDS: TypeAdapter[str] = TypeAdapter(Id)


@given(st.text() | st.from_regex(r"[a-z0-9_-]{1,70}", fullmatch=True))
def test_ids_are_safe_in_dotted_keys_and_file_names(text: str) -> None:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    fine = 0 < len(text) <= 63 and text[0] not in "_-" and set(text) <= set(f"{letters}0123456789_-")
    if fine:
        assert IDS.validate_python(text) == text.lower()
    else:
        with pytest.raises(ValidationError, match=r"form|control|too long"):
            IDS.validate_python(text)


def test_frozen_maps_cannot_change_but_can_be_hashed_copied_and_pickled() -> None:
    frozen = FrozenMap({"a": 1, "b": 2})
    assert frozen == {"b": 2, "a": 1} and len(frozen) == 2 and list(frozen) == ["a", "b"]
    assert hash(frozen) == hash(FrozenMap({"b": 2, "a": 1}))
    assert pickle.loads(pickle.dumps(frozen)) == frozen == copy.deepcopy(frozen)
    assert "FrozenMap" in repr(frozen)
    with pytest.raises(TypeError):
        frozen["a"] = 2  # type: ignore[index]


def test_hints_ignore_case_and_keep_silent_when_nothing_is_near() -> None:
    assert did_you_mean("LATITUD_DEG", ["latitude_deg", "name"]) == "did you mean 'latitude_deg'?"
    assert did_you_mean("zzz", ["latitude_deg"]) == ""


def test_an_override_does_not_keep_the_source_of_the_value_it_replaces() -> None:
    given = load_scenario("ukraine-2022", {"demand.down_kbps_per_user": 100})
    rows = {row.key: row for row in given.assumptions()}
    assert rows["demand.down_kbps_per_user"].tag == "assumed"
    assert "given for this run" in rows["demand.down_kbps_per_user"].note
    plain = {row.key: row for row in load_scenario("ukraine-2022").assumptions()}
    assert plain["demand.down_kbps_per_user"].tag == "documented"
