"""Main effects: against plain loops, and what missing runs and chance do to them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from made_study import made_study
from scipy import stats

from bentpipe.sweep.effects import average_ranks, spearman

RNG = np.random.default_rng(7)


def test_ranks_and_their_correlation_are_scipys() -> None:
    x, y = (RNG.integers(0, 6, (40, 25)).astype(float) for _ in range(2))
    assert np.array_equal(average_ranks(x), stats.rankdata(x, axis=-1))
    assert spearman(x, y) == pytest.approx([stats.spearmanr(a, b).statistic for a, b in zip(x, y, strict=True)])
    assert np.isnan(spearman(np.ones(5), np.arange(5.0)))


def test_an_axis_is_compared_with_all_else_averaged_out() -> None:
    values = RNG.normal(size=(3, 2, 8))
    made = made_study({"load": [0.1, 0.5, 0.9], "beams": [1, 2], "seed": list(range(8))}, {"site_rtt_s_mean": values})
    by_name = {e.name: e for e in made.effects("site_rtt_s_mean")}
    means = values.mean(axis=(1, 2))
    load = by_name["load"]
    assert dict(load.means) == pytest.approx(dict(zip(["0.1", "0.5", "0.9"], means, strict=True)))
    assert load.change == pytest.approx(means.max() - means.min())
    assert load.low_at == ["0.1", "0.5", "0.9"][int(means.argmin())]
    apart = values[means.argmax()] - values[means.argmin()]
    assert (load.least, load.most) == pytest.approx((apart.mean(axis=1).min(), apart.mean(axis=1).max()))
    theirs = stats.bootstrap((apart.mean(axis=0),), np.mean, n_resamples=20_000, method="percentile",
                             random_state=np.random.default_rng(1))  # fmt: skip
    found = next(e for e in made.effects("site_rtt_s_mean", resamples=20_000) if e.name == "load")
    assert found.interval == pytest.approx(tuple(theirs.confidence_interval), abs=0.15 * theirs.standard_error)
    seed = by_name["seed"]
    assert (seed.low, seed.high) == pytest.approx(tuple(np.quantile(values.mean(axis=(0, 1)), [0.05, 0.95])))


def test_the_largest_change_comes_first_and_the_rest_in_order() -> None:
    a, b, c = np.meshgrid([0.0, 1.0], [0.0, 10.0], [0.0, 0.0], indexing="ij")
    made = made_study({"small": [0, 1], "large": [0, 1], "none": [0, 1]}, {"site_rtt_s_mean": a + b + c})
    found = made.effects("site_rtt_s_mean")
    assert [(e.name, e.change) for e in found] == [("large", 10.0), ("small", 1.0), ("none", 0.0)]
    assert all(e.interval is None for e in found)


def test_a_missing_run_takes_its_partners_along() -> None:
    values = np.array([[1.0, 2.0, 50.0], [3.0, 4.0, np.nan]])
    made = made_study({"load": [0, 1], "seed": [1, 2, 3]}, {"site_rtt_s_mean": values})
    load = next(e for e in made.effects("site_rtt_s_mean") if e.name == "load")
    assert (load.low, load.high, load.runs, load.left_out) == (1.5, 3.5, 4, 2)


def test_a_value_without_any_run_is_left_out_and_the_others_compared() -> None:
    made = made_study({"policy": ["a", "b", "c"]}, {"site_rtt_s_mean": np.array([1.0, np.nan, 4.0])})
    (effect,) = made.effects("site_rtt_s_mean")
    assert (effect.low_at, effect.high_at, effect.change, effect.runs, effect.left_out) == ("a", "c", 3.0, 2, 1)
    nothing = made_study({"policy": ["a", "b"]}, {"site_rtt_s_mean": np.array([1.0, np.nan])})
    assert nothing.effects("site_rtt_s_mean") == ()


def test_a_drawn_number_is_compared_by_its_quarters() -> None:
    x = RNG.random(40)
    values = np.stack([x**2 + 0.1 * RNG.normal(size=40) for _ in range(2)])
    made = made_study(
        {"beams": [1, 2], "draw": list(range(40))}, {"site_rtt_s_mean": values},
        drawn={"load": x.tolist(), "name": [["a", "b"][i % 2] for i in range(40)]},
    )  # fmt: skip
    by_name = {e.name: e for e in made.effects("site_rtt_s_mean")}
    load, name = by_name["load"], by_name["name"]
    outcome, order = values.mean(axis=0), np.argsort(x)
    assert (load.low, load.high) == pytest.approx((outcome[order[:10]].mean(), outcome[order[-10:]].mean()))
    assert load.rank_correlation == pytest.approx(stats.spearmanr(x, outcome).statistic)
    assert load.interval is not None
    assert load.interval[0] < load.change < load.interval[1]
    assert load.rank_interval is not None
    assert load.rank_interval[0] < load.rank_correlation < load.rank_interval[1]
    halves = [outcome[::2].mean(), outcome[1::2].mean()]
    assert sorted(halves) == pytest.approx([name.low, name.high])
    assert name.rank_correlation is None


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    hits = 0
    for trial in range(200):
        rng = np.random.default_rng(trial)
        made = made_study(
            {"a": [0, 1], "draw": list(range(40))}, {"site_rtt_s_mean": rng.normal(size=(2, 40)) + [[0], [2]]}
        )
        (effect,) = made.effects("site_rtt_s_mean", resamples=400)
        assert effect.interval is not None
        hits += effect.interval[0] <= 2.0 <= effect.interval[1]
    # 95 % of 200, four standard deviations of a binomial wide, less what a percentile interval of 40 lacks.
    assert 175 <= hits <= 200


def test_axes_that_work_on_one_another_show_it() -> None:
    values = np.array([[0.0, 1.0], [1.0, 0.0]])
    made = made_study({"a": [0, 1], "b": [0, 1]}, {"site_rtt_s_mean": values})
    for effect in made.effects("site_rtt_s_mean"):
        assert effect.change == 0.0
        assert (effect.least, effect.most) == (-1.0, 1.0) or (effect.least, effect.most) == (0.0, 0.0)


def test_order_of_the_dimensions_changes_nothing() -> None:
    values = RNG.normal(size=(3, 2, 5))
    names = {"a": [0, 1, 2], "b": [0, 1], "seed": list(range(5))}
    found = []
    for order in itertools.permutations(range(3)):
        along = {list(names)[i]: list(names.values())[i] for i in order}
        made = made_study(along, {"site_rtt_s_mean": values.transpose(order)})
        found.append({e.name: (round(e.low, 12), round(e.high, 12)) for e in made.effects("site_rtt_s_mean")})
    assert all(f == found[0] for f in found)
