"""Totals, ranges, regions and events against numbers taken from the run directly."""

import copy

import numpy as np
import pytest
from finished_run import make_run

from bentpipe.report import answer, measures
from bentpipe.report.reading import DELAY_BIN_S, read


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def reading(run):
    return read(run)


def test_means_and_denominators(run, reading):
    total = measures.totals(reading)
    series = run.dataset["region_terminals_connected"].values.sum(axis=1) * 15.0
    assert total.users == run.dataset["region_terminals"].values.sum() * 15
    assert total.mean == pytest.approx(series.mean())
    assert total.worst == series.min()
    assert total.worst_slot == series.argmin()
    assert total.reachable_share == 1.0


def test_a_cell_has_the_mean_over_time_of_its_terminals(run, reading):
    connected, terminals = run.dataset["terminals_connected"].values, run.dataset["terminals"].values
    expected = np.where(terminals > 0, connected.mean(axis=0) / np.maximum(terminals, 1), np.nan)
    np.testing.assert_allclose(reading.cells.connected_share, expected, rtol=1e-12)
    np.testing.assert_allclose(reading.cells.served_share, run.dataset["served"].values.mean(axis=0))


def test_delay_quantiles_weigh_by_connected_terminals(run, reading):
    delay, weight = run.dataset["rtt_s"].values, run.dataset["terminals_connected"].values
    known = np.isfinite(delay)
    values = np.repeat(delay[known], weight[known])
    for q in (0.05, 0.5, 0.95):
        assert reading.delay_quantile_s(q) == pytest.approx(np.quantile(values, q), abs=2 * DELAY_BIN_S)


def test_blocks_do_not_change_the_numbers(run, reading, monkeypatch):
    monkeypatch.setattr("bentpipe.report.reading.BLOCK_VALUES", 1000)
    again = read(run)
    np.testing.assert_array_equal(again.delay_histogram, reading.delay_histogram)
    np.testing.assert_array_equal(again.cells.connected_share, reading.cells.connected_share)


def test_the_seed_range_is_the_answer_scaled_and_contains_it(run, reading):
    found = measures.seed_range(reading)
    means = run.dataset["replica_terminals_connected"].values.sum(axis=2).mean(axis=0)
    answer = measures.totals(reading).mean
    assert (found.seeds, found.samples) == (10, 96)
    assert found.low == pytest.approx(answer * means.min() / means[0])
    assert found.high == pytest.approx(answer * means.max() / means[0])
    assert found.low <= answer <= found.high
    assert found.here == pytest.approx(answer)
    for row in measures.region_rows(reading):
        assert row.users <= 0 or row.seed_low <= row.mean <= row.seed_high <= row.users


def test_a_seed_without_anyone_in_the_samples_still_has_a_range(run):
    data = run.dataset.copy()
    replicas = data["replica_terminals_connected"].values.copy()
    replicas[:, 0] = 0
    data["replica_terminals_connected"] = (("sample", "replica", "region"), replicas)
    reading = read(type(run)(run.path, run.manifest, data))
    found, answer = measures.seed_range(reading), measures.totals(reading).mean
    assert found.low == 0.0 <= answer <= found.high
    assert all(r.users <= 0 or r.seed_low <= r.mean <= r.seed_high for r in measures.region_rows(reading))


def test_regions_come_worst_first(reading):
    rows = measures.region_rows(reading)
    shares = [r.mean_share for r in rows]
    assert shares == sorted(shares)
    assert sum(r.users for r in rows) == measures.totals(reading).users
    assert sum(r.mean for r in rows) == pytest.approx(measures.totals(reading).mean)


def test_an_event_is_compared_with_the_time_before_it(run, reading):
    row = next(r for r in measures.event_changes(reading) if r.event.id == "power-cut")
    data = run.dataset
    codes = list(data["region"].values)
    columns = [codes.index(c) for c in codes[::2]]
    active = data["event_active"].values[:, list(data["event"].values).index("power-cut")]
    series = data["region_terminals_connected"].values[:, columns].sum(axis=1) * 15.0
    first = int(active.argmax())
    length = max(int(active.sum()), 60)  # at least 15 min of slots of 15 s
    assert row.during.users == pytest.approx(series[active].mean())
    assert row.before.users == pytest.approx(series[max(first - length, 0) : first].mean())
    assert row.change < 0


def test_overlapping_events_are_named(reading):
    rows = {r.event.id: r for r in measures.event_changes(reading)}
    assert rows["gateway-loss"].event.number in rows["power-cut"].overlaps
    assert rows["terrestrial-outage"].event.number in rows["power-cut"].overlaps  # it holds throughout
    assert rows["power-cut"].event.number in rows["terrestrial-outage"].overlaps


EFFECT = {
    "slots": 24, "terminals_with": 900.0, "terminals_without": 1000.0, "users_with": 13500.0,
    "users_without": 15000.0, "sites_with": 3.0, "sites_without": 4.0,
}  # fmt: skip


def test_the_effect_is_against_the_same_run_without_the_event(run):
    manifest = copy.deepcopy(run.manifest)
    manifest["events"][3]["effect"] = EFFECT  # the one that lasts the whole run has no time before
    changed = type(run)(run.path, manifest, run.dataset)
    row = next(r for r in measures.event_changes(read(changed)) if r.event.id == "terrestrial-outage")
    assert row.before is None
    assert row.event.effect.users == row.loss == -1500.0
    data = answer(changed).data["events"][0]
    assert data["effect"]["connected_users_change"] == -1500.0
    assert data["effect"]["slots_compared"] == 24


def test_an_event_by_polygon_counts_its_own_cells(run):
    data, manifest = run.dataset.copy(), copy.deepcopy(run.manifest)
    inside = np.arange(data.sizes["cell"]) % 7 == 0
    events = list(data["event"].values)
    area = np.ones((len(events), len(inside)), np.bool_)
    area[events.index("power-cut")] = inside
    data["event_area"] = (("event", "cell"), area)
    manifest["events"][events.index("power-cut")]["regions"] = []
    reading = read(type(run)(run.path, manifest, data))
    rows = {r.event.id: r for r in measures.event_changes(reading)}
    row, active = rows["power-cut"], data["event_active"].values[:, events.index("power-cut")]
    assert row.scope == f"{inside.sum()} cells of {len(inside)}"
    assert row.scope_users == data["terminals"].values[inside].sum() * 15
    series = data["terminals_connected"].values[:, inside].sum(axis=1) * 15.0
    assert row.during.users == pytest.approx(series[active].mean())
    reach = data["reachable"].values[:, inside]
    assert row.during.reachable_share == pytest.approx(reach[active].mean())
    assert rows["gateway-loss"].scope == "whole territory"
    assert rows["gateway-loss"].scope_users == measures.totals(reading).users


def test_a_region_abroad_is_named_as_such(run):
    manifest = copy.deepcopy(run.manifest)
    manifest["events"][1]["regions"] = ["PL-MZ"]
    rows = measures.event_changes(read(type(run)(run.path, manifest, run.dataset)))
    assert next(r.scope for r in rows if r.event.id == "gateway-loss") == "PL-MZ abroad"


def test_an_event_that_lasts_the_whole_run_has_no_before(reading):
    row = next(r for r in measures.event_changes(reading) if r.event.id == "terrestrial-outage")
    assert row.before is None
    assert row.after is None
    assert np.isnan(row.change)


def test_replicas_of_other_slots_are_left_out(run):
    data = run.dataset.assign_coords(sample_index=run.dataset["sample_index"] + 10**6)
    assert read(type(run)(run.path, run.manifest, data)).replicas is None
