"""Measurements against a made-up run: what the model gives agrees with it, and each fault is found where it was put."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from measured_run import FIRST, REQUEST_S, SIGMA, drawn, site_run

from bentpipe.catalog.measurements import Measurements
from bentpipe.cli.output import as_json
from bentpipe.errors import InputError, RunError, StoreError
from bentpipe.report.measured import MeasuredComparison, compare_measured
from bentpipe.report.measured.lines import Finding
from bentpipe.report.measured.outages import Span, gaps_of, match
from bentpipe.report.measured.parts import TITLES, Part
from bentpipe.report.measured.resampled import Draws, Interval, draw_slots, pair
from bentpipe.report.measured.student import two_sided

RUN = site_run(120)


def finding(found: MeasuredComparison) -> Finding:
    (one,) = found.findings
    return one


def parts(found: MeasuredComparison) -> dict[str, Part]:
    return {part.key: part for part in finding(found).parts}


def off(found: MeasuredComparison) -> list[str]:
    return [part.key for part in finding(found).off]


def test_what_the_model_gives_agrees() -> None:
    """Other draws of every wait: one comparison in twenty is off by design, so not all of these seeds may be."""
    verdicts = [off(compare_measured(RUN, drawn(RUN, 0.2, seed))) for seed in range(6)]
    assert sum(bool(one) for one in verdicts) <= 1
    found = compare_measured(RUN, drawn(RUN, 0.2, 1))
    text = "\n".join(found.lines)
    assert "No part is off. Agree within what 120 slots can tell: floor; median wait" in text
    assert finding(found).pooled.kolmogorov < finding(found).chance[0]
    assert finding(found).pooled.wasserstein < finding(found).chance[1]


def test_a_longer_way_is_found_in_the_floor() -> None:
    found = compare_measured(RUN, drawn(RUN, 0.1, 1, floor_s=0.010))
    assert off(found) == ["floor"]
    assert parts(found)["floor"].difference.value == pytest.approx(0.010, abs=0.5e-3)
    assert any(line.startswith("Off: floor") and "the way is longer" in line for line in found.lines)


def test_busier_beams_are_found_in_the_wait() -> None:
    found = compare_measured(RUN, drawn(RUN, 0.1, 1, waits=2.0))
    assert off(found) == ["wait"]
    assert parts(found)["wait"].measured / parts(found)["wait"].predicted == pytest.approx(2.0, abs=0.25)
    assert any("access.load" in line for line in found.lines)


def test_two_causes_are_kept_apart() -> None:
    found = compare_measured(RUN, drawn(RUN, 0.1, 1, floor_s=0.010, waits=2.0))
    assert sorted(off(found)) == ["floor", "wait"]
    assert parts(found)["floor"].difference.value == pytest.approx(0.010, abs=0.7e-3)


def test_floor_and_wait_add_up_to_the_median() -> None:
    found = compare_measured(RUN, drawn(RUN, 0.1, 1, waits=1.3, floor_s=0.002))
    p = parts(found)
    (median,) = [row for row in finding(found).quantiles if row[0] == 0.5]
    assert p["floor"].measured + p["wait"].measured == pytest.approx(median[2])
    assert p["floor"].predicted + p["wait"].predicted == pytest.approx(median[1])


def test_a_wider_spread_is_found_in_spread_and_tail() -> None:
    found = compare_measured(RUN, drawn(RUN, 0.1, 1, sigma=1.4 * SIGMA))
    assert {"spread", "tail"} <= set(off(found))
    if {"floor", "wait"} & set(off(found)):
        assert any("a part of theirs may be its own" in line for line in found.lines)


def test_losses_are_found_in_the_loss() -> None:
    found = compare_measured(RUN, drawn(RUN, 0.1, 1, loss=0.03))
    assert off(found) == ["loss"]
    assert parts(found)["loss"].measured == pytest.approx(0.03, abs=0.006)


def test_no_loss_at_all_has_an_interval_too() -> None:
    calm = drawn(RUN, 1.0, 1)
    calm = replace(calm, lost=np.zeros(len(calm)), value=np.nan_to_num(calm.value, nan=0.025))
    part = parts(compare_measured(RUN, calm))["loss"]
    assert part.measured == 0.0 and part.difference.low < part.difference.value < part.difference.high


def test_lone_pings_wait_for_a_grant_and_streams_hold_one() -> None:
    lone = drawn(RUN, 5.0, 1, request_s=REQUEST_S)
    found = compare_measured(RUN, lone)
    assert finding(found).view.probe == "built-in" and off(found) == []
    assert "spread" in parts(compare_measured(RUN, drawn(RUN, 1.0)))
    assert "spread" not in parts(found)  # three samples a slot have no spread to tell
    assert any("a lone ping every 5 s is taken to wait for a grant" in line for line in found.lines)
    asked = finding(compare_measured(RUN, lone, probe="ping"))
    assert asked.view.probe == "ping" and "as asked" in asked.view.why
    half = [f.quantiles[2][1] for f in (finding(found), asked)]
    assert half[0] - half[1] == pytest.approx(REQUEST_S / 2, abs=1.5e-3)


def test_a_dish_sees_means_of_a_second() -> None:
    rng = np.random.default_rng(1)
    when = RUN.start_unix_s + np.arange(1800.0)
    parts_s = RUN.dataset["site_segment_s"].values[:, 0]
    factor = np.exp(0.37 * rng.standard_normal(120))
    value = (parts_s[:, :6].sum(axis=1) + 1.17 * 7.5e-3 * factor).repeat(15) * (1 + 0.02 * rng.standard_normal(1800))
    dish = Measurements("h.json", "dish", "rtt", "", when, 1.0, 1.0, value, np.zeros(1800), "point of presence")
    one = finding(compare_measured(RUN, dish))
    assert one.view.probe == "dish" and {"floor", "wait"}.isdisjoint(off(compare_measured(RUN, dish)))
    assert "change" not in {part.key for part in one.parts}


def test_outages_are_matched() -> None:
    run = site_run(120, outage=slice(40, 44))
    seen = drawn(run, 0.5, 1)
    found = finding(compare_measured(run, seen))
    assert (found.outages.hits, found.outages.false, found.outages.missed) == (1, 0, 0)
    assert parts(compare_measured(run, seen))["loss"].measured < 0.02  # the gap is not counted as loss
    elsewhere = (seen.unix_s - run.start_unix_s > 1000.0) & (seen.unix_s - run.start_unix_s < 1030.0)
    value = np.where(elsewhere, np.nan, np.where(np.isnan(seen.value), 0.03, seen.value))
    other = replace(seen, value=value, lost=np.isnan(value).astype(float))
    missed = compare_measured(run, other)
    assert finding(missed).outages[3:] == (0, 1, 1)
    assert finding(missed).unpredicted == 120
    assert "1 not predicted (missed)" in missed.lines[-1] and "1 without (false)" in missed.lines[-1]


def test_gaps_need_two_seconds_and_two_samples() -> None:
    when = np.arange(10.0)
    gone = np.array([0, 1, 0, 1, 1, 0, 0, 1, 1, 1], bool)
    gaps, inside = gaps_of(when, gone, 1.0)
    assert gaps == (Span(3.0, 5.0), Span(7.0, 10.0)) and inside.tolist() == [
        *[False] * 3,
        True,
        True,
        False,
        False,
        *[True] * 3,
    ]
    assert match(gaps, np.array([True, True]), 0.0, 5.0, np.ones(2, bool), True).missed == 2


def test_few_slots_tell_nothing() -> None:
    found = compare_measured(RUN, drawn(RUN, 0.1, slots=3))
    assert off(found) == [] and not any(part.difference.told for part in finding(found).parts)
    assert "3 slots: 4 are needed to say whether a difference is chance." in found.lines
    one = compare_measured(RUN, drawn(RUN, 0.1, slots=1))
    assert json.loads(json.dumps(as_json(one.data), allow_nan=False))["measurements"][0]["parts"][0]["verdict"] is None


def test_samples_outside_the_run_are_counted() -> None:
    early = drawn(RUN, 1.0)
    early = replace(early, unix_s=early.unix_s - 900.0)
    found = compare_measured(RUN, early)
    assert finding(found).aligned.before == pytest.approx(900, abs=2)
    assert any("outside the run's time" in line for line in found.lines)
    back = compare_measured(RUN, early, offset_s=900.0)
    assert finding(back).aligned.before == 0
    with pytest.raises(InputError, match=r"the run is 20\d\d-.*measured 20\d\d-.*bentpipe run SCENARIO --start"):
        compare_measured(RUN, early, offset_s=1e6)


def test_sites_and_runs_are_checked() -> None:
    two = site_run(20, sites=2)
    with pytest.raises(InputError, match=r"several sites.*site-0, site-1"):
        compare_measured(two, drawn(two))
    assert compare_measured(two, drawn(two), site="place 1").data["site"] == "site-1"
    with pytest.raises(InputError, match="no such site"):
        compare_measured(two, drawn(two), site="moon")
    with pytest.raises(InputError, match="no named site"):
        compare_measured(replace(two, dataset=two.dataset.isel(site=slice(0, 0))), drawn(two))
    with pytest.raises(InputError, match="no such kind of probe"):
        compare_measured(RUN, drawn(RUN), probe="sonar")
    with pytest.raises(InputError, match="not an offset"):
        compare_measured(RUN, drawn(RUN), offset_s=float("nan"))
    with pytest.raises(InputError, match="nothing to compare"):
        compare_measured(RUN)
    old = replace(RUN, manifest={k: v for k, v in RUN.manifest.items() if k != "probes"})
    with pytest.raises(StoreError, match="earlier version"):
        compare_measured(old, drawn(RUN))
    half = replace(RUN, manifest={**RUN.manifest, "complete": False})
    with pytest.raises(RunError, match="not finished"):
        compare_measured(half, drawn(RUN))


def test_one_lone_ping() -> None:
    seen = drawn(RUN, 1.0)
    one = replace(seen, unix_s=seen.unix_s[:1], value=np.array([0.03]), lost=np.zeros(1), interval_s=np.nan)
    found = compare_measured(RUN, one)
    assert any("a lone ping on its own is taken to wait" in line for line in found.lines)
    gone = compare_measured(RUN, replace(one, value=np.array([np.nan]), lost=np.ones(1)))
    assert any("no delays to compare" in line for line in gone.lines)


def test_an_access_network_of_the_scenario_knows_no_probes() -> None:
    kinds = {"": {"grant_ratio": 1.0, "load_ratio": 1.0, "request_wait_s": 0.0, "log_sigma": SIGMA}}
    own = replace(RUN, manifest={**RUN.manifest, "probes": {**RUN.manifest["probes"], "own": "", "kinds": kinds}})
    assert "gives the access network itself" in finding(compare_measured(own, drawn(RUN, 5.0))).view.why


def rates(run: object, factor: float = 0.5, seed: int = 1, **more: object) -> Measurements:
    rng = np.random.default_rng(seed)
    peak = RUN.dataset["site_peak_down_bit_s"].values[:, 0].repeat(15) * factor * rng.uniform(0.95, 1.0, 1800)
    when = RUN.start_unix_s + np.arange(1800.0)
    return Measurements(
        "i.json", "iperf3", "rate", "down", when, 1.0, 1.0, peak, np.full(1800, np.nan), **more,  # type: ignore[arg-type]
    )  # fmt: skip


def test_rates_are_held_against_the_loaded_beam() -> None:
    found = compare_measured(RUN, rates(RUN, 0.3))
    assert off(found)[0] == "level" or "level" in off(found)
    text = "\n".join(found.lines)
    assert "a limit of plan, modem or test" in text and "alone in its beam" in text and "Mbit/s" in text
    row = found.data["measurements"][0]
    assert row["quantiles"][2]["predicted_mbit_s"] == pytest.approx(332, abs=5)
    still = rates(RUN)
    still.value[300:310] = 0.0
    assert finding(compare_measured(RUN, still)).outages.missed == 1
    capped = compare_measured(RUN, rates(RUN, 0.3, limit_bit_s=1e8))
    assert capped.data["measurements"][0]["quantiles"][2]["predicted_mbit_s"] == 100.0


def test_the_answer_is_the_same_again_and_json() -> None:
    seen = drawn(RUN, 0.5)
    one, two = compare_measured(RUN, seen), compare_measured(RUN, seen)
    assert one.lines == two.lines and as_json(one.data) == as_json(two.data)
    assert set(TITLES) >= {part["part"] for part in one.data["measurements"][0]["parts"]}
    both = compare_measured(RUN, seen, rates(RUN))
    assert len(both.findings) == 2 and len(both.data["measurements"]) == 2


def test_distances_and_quantiles_are_those_of_numpy_and_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(2)
    slot = np.sort(rng.integers(0, 7, 500))
    one, two = np.round(rng.normal(30, 5, 500), 1), np.round(rng.normal(31, 6, 500), 1)
    found = pair(draw_slots(np.bincount(slot)), slot, one, two)
    assert found.kolmogorov == pytest.approx(stats.ks_2samp(one, two).statistic)
    assert found.wasserstein == pytest.approx(stats.wasserstein_distance(one, two))
    for q in (0.01, 0.05, 0.25, 0.5, 0.95):
        assert found.measured.quantile(q)[0] == np.quantile(one, q, method="inverted_cdf")


def test_a_draw_pools_the_slots_drawn() -> None:
    rng = np.random.default_rng(2)
    slot, values = np.sort(rng.integers(0, 7, 300)), rng.normal(size=300)
    draws = draw_slots(np.bincount(slot))
    found = pair(draws, slot, values, values)
    times = draws.weight[5].astype(int)
    pooled = np.concatenate([np.tile(values[slot == s], times[s]) for s in range(7)])
    assert found.measured.quantile(0.3)[5] == np.quantile(pooled, 0.3, method="inverted_cdf")


def test_students_t() -> None:
    stats = pytest.importorskip("scipy.stats")
    for degrees in (2.0, 2.5, 3.0, 4.0, 7.3, 30.0, 1000.0):
        for p in (0.3, 0.05, 0.05 / 7, 1e-4):
            assert two_sided(p, degrees) == pytest.approx(stats.t.ppf(1.0 - p / 2.0, degrees), rel=2e-3)


def test_the_mean_of_slots_gets_the_classic_interval() -> None:
    """Where slots are equal samples of one value, the interval is Student's."""
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(3).normal(2.0, 1.0, 12)
    draws = draw_slots(np.full(12, 10))
    found = draws.interval(draws.weight @ values / 12)
    low, high = stats.t.interval(0.95, 11, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.08)


def test_intervals_know_when_they_agree() -> None:
    assert Interval(1.0, -1.0, 3.0).agrees and not Interval(1.0, 0.5, 1.5).agrees
    assert not Interval(0.0, np.nan, np.nan).agrees
    assert Draws(np.ones((5, 3)), 3.0).interval(np.zeros(5)) == pytest.approx((0.0, np.nan, np.nan), nan_ok=True)
    assert FIRST > 0
