"""Statistics of resamples against the resamples written out."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from bentpipe.sweep import statistics
from bentpipe.sweep.statistics import positions, resampled

RNG = np.random.default_rng(20261126)
SIZES = {"seed": 3, "draw": 7}
PLAIN = {"sum": np.nansum, "mean": np.nanmean, "median": np.nanmedian}


def places() -> Any:
    """Places with all runs, with equal values, with the same and with other runs missing, with one run, with none."""
    values = RNG.gamma(3.0, 0.02, (9, 3, 7))
    values[1] = np.round(values[1], 2)
    values[2:4, 1, 2:5] = np.nan
    values[4, 2] = np.nan
    values[5, :, :6] = np.nan
    values[6] = np.nan
    values[6, 1, 1] = 0.05
    values[7] = np.nan
    return values


@pytest.mark.parametrize("statistic", ["sum", "mean", "median", 0.0, 0.1, 0.9, 1.0])
@pytest.mark.parametrize("at_once", [1, 500, 1_000_000])
def test_resamples_are_those_written_out(statistic: str | float, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "_AT_ONCE", at_once)
    values, resamples = places(), 140  # more than one tile
    found = resampled(values, SIZES, statistic, resamples, 5)
    seeds, draws = positions(SIZES, resamples, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of resamples without a value
        for r in range(resamples):
            written = values[:, seeds[r]][:, :, draws[r]].reshape(len(values), -1)
            of = PLAIN.get(str(statistic))
            plain = of(written, axis=1) if of else np.nanquantile(written, statistic, axis=1)
            np.testing.assert_allclose(found[:, r], plain, rtol=1e-12)


def test_no_places_and_one_run() -> None:
    assert resampled(np.empty((0, 3, 7)), SIZES, "mean", 100, 1).shape == (0, 100)
    assert resampled(np.array([[2.0], [np.nan]]), {"draw": 1}, 0.3, 100, 1)[0].tolist() == [2.0] * 100


def test_places_do_not_depend_on_one_another() -> None:
    values = places()
    whole = resampled(values, SIZES, "mean", 130, 2)
    alone = [resampled(values[i], SIZES, "mean", 130, 2) for i in range(len(values))]
    np.testing.assert_array_equal(whole, alone)
