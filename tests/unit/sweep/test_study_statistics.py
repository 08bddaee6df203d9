"""Statistics over runs against plain loops, NumPy and SciPy; what is missing is left out and counted."""

from __future__ import annotations

import re

import numpy as np
import pytest
from made_study import made_study
from scipy import stats

from bentpipe.errors import InputError
from bentpipe.sweep.statistics import positions

RNG = np.random.default_rng(20261126)
LOADS, SEEDS, DRAWS = [0.1, 0.5, 0.9], [1, 2, 3, 4], list(range(10))
VALUES = RNG.gamma(3.0, 0.02, (3, 4, 10))
COMPLETE = RNG.random((3, 4, 10)) > 0.15


def study(lazy: bool = False):  # type: ignore[no-untyped-def]
    """Three loads, four seeds, ten draws; some runs are missing, and two have no value."""
    values = VALUES.copy()
    values[0, 0, :2] = np.nan
    if lazy:
        pytest.importorskip("dask")
    made = made_study(
        {"load": LOADS, "seed": SEEDS, "draw": DRAWS},
        {"site_rtt_s_mean": values, "handovers": (("slot",), np.ones((3, 4, 10, 5), np.int32))},
        complete=COMPLETE, lazy=lazy,
    )  # fmt: skip
    return made, np.where(COMPLETE, values, np.nan)


@pytest.mark.parametrize("lazy", [False, True])
def test_quantiles_are_those_of_the_runs_that_are_there(lazy: bool) -> None:
    made, values = study(lazy)
    found = made.quantiles("site_rtt_s_mean", [0.1, 0.5])
    assert not lazy or all(array.chunks for array in found.data_vars.values())
    for i in range(3):
        runs = values[i][~np.isnan(values[i])]
        assert found["value"].isel(load=i).values == pytest.approx(np.quantile(runs, [0.1, 0.5]))
        assert int(found["runs"][i]) == runs.size
        assert int(found["left_out"][i]) == 40 - runs.size


@pytest.mark.parametrize("lazy", [False, True])
def test_exceedance_counts_runs(lazy: bool) -> None:
    made, values = study(lazy)
    for below in (False, True):
        found = made.exceedance("site_rtt_s_mean", [0.03, 0.06], over="draw", below=below)
        for i, j, k in np.ndindex(3, 4, 2):
            runs = values[i, j][~np.isnan(values[i, j])]
            level = (0.03, 0.06)[k]
            beyond = runs < level if below else runs > level
            assert float(found["share"][i, j, k]) == pytest.approx(beyond.mean())
    none = made_study({"draw": [0, 1]}, {"site_rtt_s_mean": np.array([np.nan, np.nan])})
    assert np.isnan(none.exceedance("site_rtt_s_mean", 1.0)["share"]).all()


def test_counts_of_runs_that_are_not_there_are_no_zeros() -> None:
    made, _ = study()
    found = made.quantiles("handovers", 0.0)
    assert found["value"].min() == 1
    assert int(found["left_out"].isel(slot=0).sum()) == int((~COMPLETE).sum())


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(("statistic", "plain"), [("mean", np.mean), ("median", np.median), (0.9, None)])
def test_a_bootstrap_is_scipys_within_its_noise(statistic: str | float, plain, lazy: bool) -> None:  # type: ignore[no-untyped-def]
    if lazy:
        pytest.importorskip("dask")
    runs = RNG.gamma(3.0, 0.02, 60)
    made = made_study({"draw": list(range(60))}, {"site_rtt_s_mean": runs}, lazy=lazy)
    of = plain or (lambda x, axis: np.quantile(x, 0.9, axis=axis))
    theirs = stats.bootstrap(
        (runs,), of, n_resamples=20_000, method="percentile", random_state=np.random.default_rng(1)
    )
    found = made.bootstrap("site_rtt_s_mean", statistic, resamples=20_000)
    assert float(found["estimate"]) == pytest.approx(of(runs, axis=0))
    assert int(found["runs"]) == 60
    # Two independent Monte Carlo quantiles at 2.5 %: some 1.5 % of the interval's standard deviations apart.
    noise = 0.15 * theirs.standard_error
    assert float(found["low"]) == pytest.approx(theirs.confidence_interval.low, abs=noise)
    assert float(found["high"]) == pytest.approx(theirs.confidence_interval.high, abs=noise)


def test_a_bootstrap_over_two_dimensions_draws_each_by_itself() -> None:
    made, values = study()
    found = made.bootstrap("site_rtt_s_mean", "mean", resamples=300, seed=7)
    seeds, draws = positions({"seed": 4, "draw": 10}, 300, 7)
    for i in range(3):
        means = [np.nanmean(values[i][np.ix_(seeds[r], draws[r])]) for r in range(300)]
        assert float(found["low"][i]) == pytest.approx(np.quantile(means, 0.025))
        assert float(found["high"][i]) == pytest.approx(np.quantile(means, 0.975))
        assert float(found["estimate"][i]) == pytest.approx(np.nanmean(values[i]))


def test_a_bootstrap_is_the_same_each_time_and_another_with_another_seed() -> None:
    made, _ = study()
    first, again, other = (made.bootstrap("site_rtt_s_mean", seed=s) for s in (1, 1, 2))
    assert first.identical(again)
    assert not np.array_equal(first["low"], other["low"])
    # The draws of one dimension do not depend on what else there is.
    assert np.array_equal(positions({"seed": 4, "draw": 10}, 100, 1)[1], positions({"draw": 10}, 100, 1)[0])


def test_positions_are_evenly_spread() -> None:
    (at,) = positions({"draw": 7}, 7000, 3)
    assert stats.chisquare(np.bincount(at.ravel(), minlength=7)).pvalue > 1e-3
    assert at.min() == 0
    assert at.max() == 6


def test_one_run_tells_no_spread() -> None:
    made = made_study({"draw": [0, 1]}, {"site_rtt_s_mean": np.array([0.05, np.nan])})
    found = made.bootstrap("site_rtt_s_mean")
    assert float(found["estimate"]) == 0.05
    assert np.isnan(found["low"])
    assert np.isnan(found["high"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.quantiles("site_rtt_s_maen", 0.5), "did you mean 'site_rtt_s_mean'"),
        (lambda s: s.quantiles("run_complete", 0.5), "keeps no such variable"),
        (lambda s: s.quantiles("site_rtt_s_mean", 1.5), "numbers from 0 to 1"),
        (lambda s: s.quantiles("site_rtt_s_mean", 0.5, over="lod"), "did you mean 'load'"),
        (lambda s: s.quantiles("site_rtt_s_mean", 0.5, over=()), "nothing to go over"),
        (lambda s: s.exceedance("site_rtt_s_mean", float("nan")), "finite"),
        (lambda s: s.bootstrap("site_rtt_s_mean", "mode"), "a quantile from 0 to 1"),
        (lambda s: s.bootstrap("site_rtt_s_mean", resamples=5), "resamples"),
        (lambda s: s.bootstrap("site_rtt_s_mean", confidence=95), "above 0 and below 1"),
        (lambda s: s.bootstrap("site_rtt_s_mean", seed=-1), "seed"),
    ],
)
def test_what_is_wrong_is_told(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=re.escape(message)):
        call(study()[0])


def test_a_study_without_chance_needs_to_be_told_what_to_go_over() -> None:
    made = made_study({"load": LOADS}, {"site_rtt_s_mean": np.arange(3.0)})
    with pytest.raises(InputError, match="neither seeds nor draws"):
        made.quantiles("site_rtt_s_mean", 0.5)
    assert float(made.quantiles("site_rtt_s_mean", 0.5, over="load")["value"]) == 1.0
