"""Axes and bins."""

import re

import numpy as np
import pytest

from bentpipe.report.svg import Drawing, Panel, bins, means, nice_step, ticks, time_ticks


@pytest.mark.parametrize(("span", "wanted", "step"), [(100, 4, 50), (1, 5, 0.2), (49_000, 4, 20_000), (0, 4, 1)])
def test_steps_are_round(span, wanted, step):
    assert nice_step(span, wanted) == pytest.approx(step)


def test_ticks_reach_the_top():
    assert ticks(44)[-1] >= 44
    assert ticks(0) == [0.0, 1.0]


def test_bins_cover_every_slot_once():
    for length in (0, 1, 7, 288, 5760):
        cuts = bins(length, 288)
        assert sum(b - a for a, b in cuts) == length
        assert len(cuts) == min(length, 288)


def test_means_of_runs_are_means():
    values = np.arange(10.0)
    np.testing.assert_allclose(means(values, [(0, 4), (4, 10)]), [1.5, 6.5])
    assert means(values, []).shape == (0,)


def test_times_are_round_and_dates_stand_at_midnight():
    day = np.datetime64("2022-10-24T00:00:12", "ms")
    labels = [label for _, label in time_ticks(day, day + np.timedelta64(1, "D"), 12)]
    assert labels[0] == "02:00"
    assert labels[-1] == "25 Oct"


def test_a_staircase_has_gaps_where_nothing_is_known():
    start = np.datetime64(0, "ms")
    edges = start + np.arange(4) * np.timedelta64(1, "s")
    panel = Panel(0, 30, 0, 10, edges[0], edges[-1], 1.0)
    assert panel.step_path(edges, np.array([1.0, np.nan, 0.5])) == "M0 0H10M20 5H30"


def test_an_axis_may_begin_above_nought():
    day = np.datetime64("2024-01-01", "ms")
    panel = Panel(0, 100, 10, 110, day, day + 1000, 120.0, 105.0)
    drawing = Drawing(100, 130, "a test")
    panel.axes(drawing, "ms", 0, values=3, labels=False)
    assert (panel.y(105.0), panel.y(120.0)) == (110, 10)
    assert re.findall(r'class="tick"[^>]*>([\d.]+)<', drawing.markup()) == ["105", "110", "115", "120"]
