"""Profiles of MODCODs made from arrays; the published tables are tested in tests/reference/test_dvb.py."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bentpipe.catalog.modcods import modcod_table
from bentpipe.errors import InputError, UnknownNameError
from bentpipe.link.modcod import chosen_row, efficiency_at, shannon_profile, spectral_efficiency, table_profile

STEPS = table_profile("steps", "test", ["a", "b", "c", "worse"], [0.0, 5.0, 3.0, 4.0], [1.0, 3.0, 2.0, 1.5])
OFDM = shannon_profile("ofdm", 3.0, -2.0, 6.0, 0.85)


def test_rows_that_another_beats_are_left_out() -> None:
    assert STEPS.row_names == ("a", "c", "b")
    np.testing.assert_array_equal(STEPS.threshold_db, [0.0, 3.0, 5.0])


def test_of_two_rows_at_one_threshold_the_better_stays() -> None:
    tied = table_profile("tied", "test", ["low", "high"], [1.0, 1.0], [1.0, 2.0])
    assert tied.row_names == ("high",)


def test_steps() -> None:
    es_n0 = np.array([[-math.inf, -0.1, 0.0], [2.9, 3.0, math.inf]])
    np.testing.assert_array_equal(spectral_efficiency(es_n0, STEPS), [[0.0, 0.0, 1.0], [1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(chosen_row(es_n0, STEPS), [[-1, -1, 0], [0, 1, 2]])


def test_shannon_gap_is_capped_and_cut_off() -> None:
    assert spectral_efficiency(3.0, OFDM) == pytest.approx(1.0)
    assert spectral_efficiency(40.0, OFDM) == pytest.approx(5.1)
    assert spectral_efficiency(-2.01, OFDM) == 0.0
    assert spectral_efficiency(-2.0, OFDM) == pytest.approx(math.log2(1.0 + 10.0**-0.5))


@pytest.mark.parametrize("profile", [STEPS, OFDM])
def test_the_array_form_is_the_kernel(profile: object) -> None:
    es_n0 = np.linspace(-10.0, 30.0, 401)
    one_by_one = [efficiency_at(x, profile.threshold_db, profile.efficiency, profile.gap_db) for x in es_n0]  # type: ignore[attr-defined]
    np.testing.assert_array_equal(spectral_efficiency(es_n0, profile), one_by_one)  # type: ignore[arg-type]


def test_plain_twin_of_the_kernel() -> None:
    es_n0 = np.linspace(-10.0, 30.0, 401)
    plain = np.where(es_n0 >= -2.0, np.minimum(np.log2(1.0 + 10.0 ** (0.1 * (es_n0 - 3.0))), 5.1), 0.0)
    np.testing.assert_allclose(spectral_efficiency(es_n0, OFDM), plain, rtol=1e-13)


def test_bad_input() -> None:
    with pytest.raises(InputError, match="not a number"):
        spectral_efficiency([1.0, math.nan], STEPS)
    with pytest.raises(InputError, match="one threshold"):
        table_profile("short", "test", ["a"], [1.0, 2.0], [1.0, 2.0])
    with pytest.raises(InputError, match="margin"):
        table_profile("margin", "test", ["a"], [1.0], [1.0], -1.0)
    with pytest.raises(InputError, match="gap to Shannon") as found:
        shannon_profile("bad", -1.0, 0.0, 6.0, 1.5)
    assert len(found.value.faults) == 2
    with pytest.raises(UnknownNameError, match="dvb-s2x-nonlinear"):
        modcod_table("dvb-s3")
