"""UTC as seconds, dates and Julian dates."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentpipe.earth import from_unix_s, julian_date, to_unix_s
from bentpipe.errors import InputError


def test_known_dates() -> None:
    dates = np.array(["1970-01-01T00:00:00", "2000-01-01T12:00:00", "2024-07-16T00:00:12.25"], "datetime64[ms]")
    assert to_unix_s(dates).tolist() == [0.0, 946_728_000.0, 1_721_088_012.25]
    assert to_unix_s("2024-07-16") == 1_721_088_000.0
    assert to_unix_s("2024-07-16").dtype == np.float64


def test_dates_of_python() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=3))
    assert to_unix_s(datetime.datetime(2024, 7, 16, 3, tzinfo=zone)) == 1_721_088_000.0
    assert to_unix_s(datetime.datetime(2024, 7, 16)) == 1_721_088_000.0


@given(st.integers(-(10**15), 4 * 10**15))
def test_there_and_back(microseconds: int) -> None:
    date = np.datetime64(microseconds, "us")
    assert from_unix_s(to_unix_s(date)) == date


def test_julian_date() -> None:
    day, fraction = julian_date([0.0, 946_728_000.0, -43_200.0])
    assert day.tolist() == [2_440_587.5, 2_451_544.5, 2_440_586.5]
    assert fraction.tolist() == [0.0, 0.5, 0.5]


@pytest.mark.parametrize("wrong", ["yesterday", np.datetime64("NaT"), object()])
def test_no_date(wrong: object) -> None:
    with pytest.raises(InputError):
        to_unix_s(wrong)  # type: ignore[arg-type]


def test_no_time() -> None:
    with pytest.raises(InputError, match="not finite"):
        from_unix_s([0.0, np.nan])
