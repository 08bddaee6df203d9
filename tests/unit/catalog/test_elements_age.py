"""Warnings about elements too old or too new."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import element_files as made
import numpy as np
import pytest

from bentpipe.catalog.elements import ElementSet, age_warning, along_track_error_km, load_elements
from bentpipe.catalog.elements.age import to_utc


@pytest.fixture
def elements(tmp_path: Path) -> ElementSet:
    path = tmp_path / "sets.json"
    path.write_text(made.as_json([made.record(n, EPOCH="2022-10-24T00:00:00") for n in (1, 2, 3)]))
    return load_elements(path)


@pytest.mark.parametrize("time", ["2022-10-24", "2022-10-25T23:00:00Z", "2022-10-22T01:00", date(2022, 10, 25)])
def test_no_warning_below_two_days(elements: ElementSet, time: str | date) -> None:
    assert age_warning(elements, time) is None


def test_the_measured_age_gives_the_measured_error(elements: ElementSet) -> None:
    warning = age_warning(elements, "2022-11-07")
    assert warning is not None
    assert (warning.age_days, warning.median_km, warning.p90_km) == (14.0, 208.0, 1290.0)
    assert "14.0 days older" in str(warning)
    assert "208 km (median) to 1,290 km" in str(warning)
    assert "an estimate" in str(warning)
    assert "extrapolated" not in str(warning)


def test_too_new_and_too_old_are_told_apart(elements: ElementSet) -> None:
    assert "newer than" in str(age_warning(elements, "2022-10-17"))
    assert "extrapolated beyond the 14 days" in str(age_warning(elements, "2023-01-01"))


def test_the_end_farther_from_the_elements_counts(elements: ElementSet) -> None:
    assert age_warning(elements, "2022-10-24", "2022-10-25") is None
    late = age_warning(elements, "2022-10-24", "2022-11-03")
    assert late is not None and late.age_days == 10.0


def test_the_error_grows_with_the_age_up_to_half_an_orbit() -> None:
    median, p90 = along_track_error_km(np.array([0.0, 1.0, 2.0, 7.0, 14.0, 30.0, 1e4]))
    assert (np.diff(median) > 0).all() and (np.diff(p90) >= 0).all()
    assert (p90[:-1] > median[:-1]).all()
    assert median[-1] == p90[-1] == 21_700.0
    assert along_track_error_km(-7.0)[0] == median[3]


def test_times_of_every_kind() -> None:
    zone = timezone(timedelta(hours=3))
    for when in (
        "2022-10-24T01:30:00+03:00",
        datetime(2022, 10, 24, 1, 30, tzinfo=zone),
        datetime(2022, 10, 23, 22, 30, tzinfo=UTC),
        np.datetime64("2022-10-23T22:30"),
    ):
        assert to_utc(when) == np.datetime64("2022-10-23T22:30:00", "us")
