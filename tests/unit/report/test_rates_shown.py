"""The rates of a report against numbers taken from the run directly."""

import copy
import json

import numpy as np
import pytest
from finished_run import make_run

from bentpipe.report import answer, measures, ratemeasures
from bentpipe.report.ratereading import BINS_A_DECADE, LIMITS, quantile_bit_s
from bentpipe.report.ratesection import compared_words
from bentpipe.report.reading import read

WITHIN = 10 ** (1 / BINS_A_DECADE) - 1  # the width of a bin


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def reading(run):
    return read(run)


@pytest.mark.parametrize("way", ["down", "up"])
def test_totals_and_what_one_terminal_could_get(run, reading, way):
    found = ratemeasures.total(getattr(reading.rates, way))
    data = run.dataset
    assert found.offered == pytest.approx(data[f"region_offered_{way}_bit_s"].values.sum(axis=1).mean())
    assert found.given == pytest.approx(data[f"region_rate_{way}_bit_s"].values.sum(axis=1).mean())
    peak, weight = data[f"peak_{way}_bit_s"].values, data["terminals_connected"].values
    known = np.isfinite(peak)
    values = np.repeat(peak[known], weight[known])
    assert found.peak_p5 == pytest.approx(np.quantile(values, 0.05), rel=2 * WITHIN)
    assert found.peak_p50 == pytest.approx(np.quantile(values, 0.5), rel=2 * WITHIN)


def test_limits_count_terminals_and_slots(run, reading):
    data = run.dataset
    weight, limit = data["terminals_connected"].values, data["limit_down"].values
    expected = [float(weight[limit == k].sum()) for k in range(LIMITS)]
    np.testing.assert_array_equal(reading.rates.down.limit.sum(axis=0), expected)
    cells = [int(((limit == k) & (weight > 0)).any(axis=0).sum()) for k in range(LIMITS)]
    np.testing.assert_array_equal(reading.rates.down.cut_cells, cells)
    shares = ratemeasures.limit_shares(reading, reading.rates.down)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    powered, connected = (data[f"region_terminals_{k}"].values.sum(axis=0) for k in ("powered", "connected"))
    np.testing.assert_allclose(shares[:, 0], 1.0 - connected / powered)


def test_rain_and_dry_are_of_the_links_own_loss(run, reading):
    data = run.dataset
    loss, weight = data["rain_loss_db"].values, data["terminals_connected"].values
    assert reading.rates.down.wet.sum() == weight[loss > 1.0].sum() > 0
    assert reading.rates.down.dry.sum() == weight[loss < 0.1].sum() > 0
    dry, wet = ratemeasures.sky_rates(reading.rates)
    assert wet.down.peak_p50 < dry.down.peak_p50


def test_hours_are_local_and_the_busiest_comes_first(run, reading):
    seconds = run.dataset["time"].values.astype("datetime64[s]").astype(np.int64)
    hour = np.floor(seconds / 3600 + run.dataset["longitude_deg"].values.mean() / 15).astype(int) % 24
    rows = ratemeasures.hour_rates(reading.rates)
    assert sorted(row.weight for row in rows) == sorted(np.bincount(hour)[np.unique(hour)])
    offered = run.dataset["region_offered_down_bit_s"].values.sum(axis=1)
    best = max(np.unique(hour), key=lambda h: offered[hour == h].mean())
    assert rows[0].name.startswith(f"{best:02d}:00")
    assert [r.down.offered for r in rows] == sorted((r.down.offered for r in rows), reverse=True)


def test_events_compare_their_regions_in_their_windows(run, reading):
    rows = ratemeasures.event_rates(reading, reading.rates, measures.event_changes(reading))
    row = next(r for r in rows if r.event.id == "power-cut")
    data = run.dataset
    active = data["event_active"].values[:, list(data["event"].values).index("power-cut")]
    series = data["region_rate_down_bit_s"].values[:, list(row.event.regions)].sum(axis=1)
    assert row.down[1].given == pytest.approx(series[active].mean())
    assert row.change < 0


def test_an_event_by_polygon_counts_what_its_cells_are_given(run):
    data, manifest = run.dataset.copy(), copy.deepcopy(run.manifest)
    inside = np.arange(data.sizes["cell"]) % 7 == 0
    events = list(data["event"].values)
    area = np.ones((len(events), len(inside)), np.bool_)
    area[events.index("power-cut")] = inside
    data["event_area"] = (("event", "cell"), area)
    manifest["events"][events.index("power-cut")]["regions"] = []
    reading = read(type(run)(run.path, manifest, data))
    rows = ratemeasures.event_rates(reading, reading.rates, measures.event_changes(reading))
    row, active = next(r for r in rows if r.event.id == "power-cut"), data["event_active"].values[:, 0]
    series = data["rate_down_bit_s"].values[:, inside].sum(axis=1)
    assert row.down[1].given == pytest.approx(series[active].mean(), rel=1e-5)
    assert np.isnan(row.down[1].offered)


def test_blocks_do_not_change_the_numbers(run, reading, monkeypatch):
    monkeypatch.setattr("bentpipe.report.reading.BLOCK_VALUES", 1000)
    again = read(run).rates
    for way in ("down", "up"):
        for name in ("by_region", "by_hour", "dry", "wet", "limit", "cut_cells"):
            np.testing.assert_array_equal(
                getattr(getattr(again, way), name), getattr(getattr(reading.rates, way), name)
            )


def test_quantiles_of_nothing_are_not_numbers():
    assert np.isnan(quantile_bit_s(np.zeros(5), 0.5))


def test_the_data_agree_with_the_line(run):
    found = answer(run)
    data = json.loads(json.dumps(found.data["rates"], allow_nan=False))
    share = data["down"]["given_mean_bit_s"] / data["down"]["asked_for_mean_bit_s"]
    assert data["down"]["given_share"] == pytest.approx(share)
    assert f"{100 * share:.1f} %" in found.lines[5]
    assert f"beam time (at times in {data['down']['cells_bound_by']['beam time']} cells)" in found.lines[5]
    assert len(data["regions"]) == 5 and len(data["sites"]) == 8
    assert sum(data["regions"][0]["bound_by_down"].values()) == pytest.approx(1.0)


@pytest.mark.parametrize("known", [True, False])
def test_a_run_without_rates_says_so(tmp_path, known):
    run = make_run(tmp_path, slots=20, rates=False)
    if not known:
        del run.manifest["rates"]
    found = answer(run)
    assert found.data["rates"] is None
    assert found.lines[5].startswith("No rates were computed")


def test_without_figures_of_the_uplink_the_answer_says_so(tmp_path):
    found = answer(make_run(tmp_path, slots=20, uplink=False))
    assert found.data["rates"]["up"] is None
    assert "no rates from users: no figures of the uplink" in found.lines[5]
    assert " up" not in found.lines[5].split(";")[0]


def test_sites_alone_have_rates(tmp_path):
    line = answer(make_run(tmp_path, cells=[], sites=2, regions=1)).lines[5]
    assert "median over served slots and sites" in line
    assert "no site is given less than it asks for" in line


def test_seeds_and_policies_are_compared_in_words() -> None:
    found = {
        "slots": 6,
        "seeds": {
            "offered_down_bit_s": [2e9, 1e9], "given_down_bit_s": [1.8e9, 9.9e8], "peak_down_bit_s": [5e8, 6e8],
            "offered_up_bit_s": [None, None], "given_up_bit_s": [None, None], "peak_up_bit_s": [None, None],
        },
        "sharing": {
            "single-satellite": {"down_bit_s": 1.8e9, "up_bit_s": None},
            "multipath": {"down_bit_s": 1.9e9, "up_bit_s": None},
            "max-throughput": {"down_bit_s": 2e9, "up_bit_s": None},
        },
    }  # fmt: skip
    words = compared_words(found)
    assert "Under 2 seeds, in 6 sampled slots, they are given 90" in words and "99" in words and " up" not in words
    assert "500 Mbit/s to 600 Mbit/s" in words
    assert "single-satellite 10" in words and "multipath 5" in words
    assert compared_words(None) == ""
