"""Moments of a run: each leads to the slot that its definition says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_run import small_run

from bentpipe.emulate.moments import Course, moment, place_course, site_course
from bentpipe.errors import InputError
from bentpipe.results.opened import Run


def hours(count: int = 4) -> tuple[Run, Course]:
    """A made-up course of whole hours from 10:00:12 on."""
    run = small_run()
    grid = {**run.manifest["grid"], "stop": run.manifest["grid"]["start"] + 240 * count}
    ones = np.ones(240 * count)
    course = Course("here", ones > 0, ones > 0, np.zeros(240 * count, np.int64), 1e8 * ones, 0.5 * ones)
    return replace(run, manifest={**run.manifest, "grid": grid}), course


def test_the_worst_outage_begins_15_s_after_the_trace() -> None:
    run = small_run()
    course = site_course(run, "KYIV")
    found = moment(run, course, "Worst-Outage")
    assert course.connected[found.first] and not course.connected[found.first + 1]
    # The gateway is lost from 10:04:00 on: the first slot that is touched by it starts at 10:04:12.
    assert run.dataset["time"].values[found.first + 1] == np.datetime64("2022-10-24T10:04:12")
    assert "2022-10-24T10:04:12 to 2022-10-24T10:06:42 UTC, 150 s" in found.note


def test_of_two_outages_the_longer_one_is_taken_and_one_at_the_start_begins_there() -> None:
    run, course = hours(1)
    connected = np.ones(240, np.bool_)
    connected[100:103] = connected[200:204] = False
    assert moment(run, course._replace(connected=connected), "worst-outage").first == 199
    connected[:10] = False
    assert moment(run, course._replace(connected=connected), "worst-outage").first == 0


def test_the_handover_is_the_one_nearest_to_the_middle() -> None:
    run, course = hours(1)
    satellite = np.repeat([1, 2, 3], [100, 30, 110])
    assert moment(run, course._replace(satellite=satellite), "handover").first == 129
    served = np.ones(240, np.bool_)
    served[130] = False  # a gap is no change from one satellite to the next
    again = moment(run, course._replace(satellite=satellite, served=served, connected=served), "handover")
    assert again.first == 99


def test_the_busy_hour_is_the_whole_hour_of_least_rate() -> None:
    run, course = hours()
    down = course.down_bit_s.copy()
    down[:100] = 1e6  # less than half of the first hour, whose median stays
    down[480:720] = 5e7  # 12:00:12 to 12:59:57
    found = moment(run, course._replace(down_bit_s=down), "busy-hour")
    assert found.first == 480 and "50 Mbit/s" in found.note and "from 2022-10-24T12:00:12" in found.note


def test_without_rates_the_load_decides_and_without_either_nothing_does() -> None:
    run, course = hours()
    blind = course._replace(down_bit_s=np.full(960, np.nan))
    with pytest.raises(InputError, match="neither rates nor a load that changes"):
        moment(run, blind, "busy-hour")
    load = np.linspace(0.1, 0.9, 960)
    assert moment(run, blind._replace(load=load), "busy-hour").first == 720
    with pytest.raises(InputError, match="no whole hour"):
        moment(small_run(), site_course(small_run(), "kyiv"), "busy-hour")


@pytest.mark.parametrize(("at", "slot"), [("2022-10-24T10:01Z", 3), ("2022-10-24T13:01:00+03:00", 3), (None, 0)])
def test_an_instant_is_the_slot_that_holds_it(at: str | None, slot: int) -> None:
    run = small_run()
    assert moment(run, site_course(run, "kyiv"), at).first == slot


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ("worst-outag", "did you mean 'worst-outage'"),
        ("2022-10-25T00:00", "2022-10-24T10:00:12 to 2022-10-24T10:10:12 UTC"),
        ("soon", "busy-hour"),
    ],
)
def test_what_is_no_moment_is_refused(at: str, message: str) -> None:
    run = small_run()
    with pytest.raises(InputError, match=message):
        moment(run, site_course(run, "kyiv"), at)


def test_a_place_without_an_outage_or_a_change_says_so() -> None:
    run, course = hours(1)
    with pytest.raises(InputError, match="there is no outage"):
        moment(run, course, "worst-outage")
    with pytest.raises(InputError, match="never changes its satellite"):
        moment(run, course, "handover")


def test_a_place_of_the_territory_has_a_course_too() -> None:
    run = small_run()
    course = place_course(run, 50.45, 30.52)
    assert moment(run, course, "worst-outage").first == 15
    with pytest.raises(InputError, match="outside the run's territory"):
        place_course(run, 0.0, 0.0)
