"""Numbers in words."""

import numpy as np
import pytest

from bentpipe.report import wording


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1.0, "100 %"), (0.99999, ">99.9 %"), (0.941, "94.1 %"), (0.0036, "0.36 %"), (0.04, "4.0 %"), (0.0, "0 %"),
        (1e-7, "<0.01 %"),        (-0.312, "\u221231.2 %"), (float("nan"), "\u2013"),
    ],
)  # fmt: skip
def test_percent_says_all_or_nothing_only_where_it_is_so(share, text):
    assert wording.percent(share) == text


def test_counts_keep_four_significant_digits():
    assert wording.count(141_234) == "141,200"
    assert wording.count(0) == "0"
    assert wording.count(-75_514) == "\u221275,510"
    assert wording.count(float("nan")) == wording.DASH


@pytest.mark.parametrize(
    ("seconds", "text"), [(15, "15 s"), (150, "2.5 min"), (86400, "24 h"), (30 * 86400, "30 days")]
)
def test_durations_carry_their_unit(seconds, text):
    assert wording.duration(seconds) == text


def test_times_are_utc():
    moment = np.datetime64("2022-10-24T16:30:12.000", "ms")
    assert wording.utc(moment) == "2022-10-24 16:30 UTC"
    assert wording.utc(moment, "s") == "2022-10-24 16:30:12 UTC"


def test_changes_carry_a_sign():
    assert wording.signed(1200) == "+1,200"
    assert wording.signed(-1200) == "\u22121,200"
    assert wording.signed(0) == "0"


def test_a_cut_text_says_so():
    assert wording.clipped("short", 10) == "short"
    assert wording.clipped("rather long", 7) == "rather\u2026"
