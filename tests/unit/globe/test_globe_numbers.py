"""The numbers of a slot, a place and a what-if are those that the dataset gives when asked plainly."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from globerun import Corner, corner, partly_written, source_of, what_if_of
from hypothesis import given, settings
from hypothesis import strategies as st

import bentpipe
from bentpipe.globe.differences import difference_numbers
from bentpipe.globe.numbers import percentiles, slot_numbers
from bentpipe.globe.places import gaps, place_now, series
from bentpipe.results.variables import LIMIT_WORDS

SLOT = 27


@pytest.fixture(scope="module")
def runs() -> Corner:
    return corner()


def near(value: float | None, expected: float, tolerance: float = 2e-3) -> bool:
    if value is None:
        return not math.isfinite(expected)
    return abs(value - expected) <= tolerance


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 4), st.integers(-1, 2)), max_size=60),
    st.integers(1, 100),
)
def test_percentiles_are_those_of_every_terminal_written_out(rows: list[tuple[int, int, int]], percent: int) -> None:
    values, weights, group = (np.array(column, np.int64) for column in zip(*rows, strict=True)) if rows else (
        np.zeros(0, np.int64),
    ) * 3  # fmt: skip
    found = percentiles(values.astype(np.float64), weights, group, 3, (percent,))[0]
    for region in range(3):
        each = np.sort(np.repeat(values[group == region], weights[group == region]))
        if not len(each):
            assert np.isnan(found[region])
        else:
            assert found[region] == each[-(-percent * len(each) // 100) - 1]


def test_the_numbers_of_a_slot(runs: Corner) -> None:
    source, data = source_of(runs.folder), bentpipe.open_run(runs.folder).dataset
    found, row = slot_numbers(source, source.slots.start + SLOT), data.isel(slot=SLOT)
    json.dumps(found, allow_nan=False)
    users = source.manifest["users_per_terminal"]
    assert found["unix_s"] == row["time"].values.astype("datetime64[ms]").astype(np.int64) / 1000
    assert found["terminals_connected"] == int(row["region_terminals_connected"].sum())
    assert found["users_connected"] == int(row["region_terminals_connected"].sum()) * users
    assert found["users_total"] == int(data["region_terminals"].sum()) * users
    assert found["terminals_powered"] == int(row["region_terminals_powered"].sum())
    assert found["cells_served"] == int(row["served"].sum())
    assert found["events"] == np.flatnonzero(row["event_active"].values).tolist() == [0]
    cells = row["serving_satellite"].values[row["served"].values]
    sites = row["site_serving_satellite"].values[row["site_served"].values]
    assert found["serving"] == sorted(set(cells.tolist()) | set(sites.tolist()))
    for j, gateway in enumerate(found["gateways"]):
        assert gateway["antennas"] == row["gateway_antennas"].values[j]
        assert gateway["in_use"] == row["gateway_antennas_in_use"].values[j]
        assert near(gateway["down_mbit_s"], row["gateway_down_bit_s"].values[j] / 1e6)


def test_the_sites_of_a_slot(runs: Corner) -> None:
    source, data = source_of(runs.folder), bentpipe.open_run(runs.folder).dataset
    row = data.isel(slot=SLOT)
    kyiv, far, truck = slot_numbers(source, source.slots.start + SLOT)["sites"]
    assert kyiv["connected"] and kyiv["satellite"] == row["site_serving_satellite"].values[0]
    assert kyiv["gateway"] == row["site_serving_gateway"].values[0]
    assert near(kyiv["rtt_ms"], row["site_rtt_s"].values[0] * 1e3)
    assert near(kyiv["peak_down_mbit_s"], row["site_peak_down_bit_s"].values[0] / 1e6)
    assert near(kyiv["rate_down_mbit_s"], row["site_rate_down_bit_s"].values[0] / 1e6)
    assert near(kyiv["azimuth_deg"], row["site_azimuth_deg"].values[0])
    assert kyiv["limit_down"] == LIMIT_WORDS[row["site_limit_down"].values[0]]
    assert not far["connected"] and not far["served"]
    assert near(truck["latitude_deg"], row["track_latitude_deg"].values[0], 1e-5)
    assert near(truck["longitude_deg"], row["track_longitude_deg"].values[0], 1e-5)
    assert 50.0 < truck["latitude_deg"] < 50.2, "it moves"
    unknown = {key for key, value in far.items() if value is None}
    assert unknown == set(far) - {"connected", "served", "latitude_deg", "longitude_deg"}


def test_the_regions_of_a_slot(runs: Corner) -> None:
    source, data = source_of(runs.folder), bentpipe.open_run(runs.folder).dataset
    row, of_cell = data.isel(slot=SLOT), data["region_of_cell"].values
    terminals = data["region_terminals"].values
    over_time = data["region_terminals_connected"].values
    for j, region in enumerate(slot_numbers(source, source.slots.start + SLOT)["regions"]):
        weights = np.where(of_cell == j, row["terminals_connected"].values, 0)
        share = over_time[:, j] / terminals[j] if terminals[j] else np.full(len(over_time), np.nan)
        assert near(region["connected_percent"], 100 * share[SLOT])
        assert near(region["connected_mean_percent"], 100 * share.mean())
        assert near(region["connected_worst_percent"], 100 * share.min())
        assert near(region["offered_mbit_s"], row["region_offered_down_bit_s"].values[j] / 1e6)
        assert near(region["rate_mbit_s"], row["region_rate_down_bit_s"].values[j] / 1e6)
        for name, variable, percent, factor in (
            ("peak_p10", "peak_down_bit_s", 10, 1e-6),
            ("peak_p50", "peak_down_bit_s", 50, 1e-6),
            ("peak_p90", "peak_down_bit_s", 90, 1e-6),
            ("rtt_p50_ms", "rtt_s", 50, 1e3),
            ("rtt_p95_ms", "rtt_s", 95, 1e3),
        ):
            each = np.sort(np.repeat(row[variable].values, weights))
            each = each[np.isfinite(each)]
            expected = each[-(-percent * len(each) // 100) - 1] * factor if len(each) else np.nan
            assert near(region[name], expected), (j, name)


def test_series_of_a_cell_and_a_site(runs: Corner) -> None:
    source, data = source_of(runs.folder), bentpipe.open_run(runs.folder).dataset
    cell = int(np.argmax(data["terminals"].values))
    found = series(source, "cell", cell)
    assert len({len(column) for column in found.values()}) == 1 and len(found["unix_s"]) == len(source.slots)
    connected = data["terminals_connected"].values[:, cell]
    assert found["connected"] == (connected > 0).astype(int).tolist()
    for t in range(len(source.slots)):
        assert near(found["rtt_ms"][t], data["rtt_s"].values[t, cell] * 1e3)
        assert near(found["peak_up_mbit_s"][t], data["peak_up_bit_s"].values[t, cell] / 1e6)
        rate = data["rate_down_bit_s"].values[t, cell] / connected[t] / 1e6 if connected[t] else np.nan
        assert near(found["rate_down_mbit_s"][t], rate)
    site = series(source, "site", 1)
    assert set(site["connected"]) == {0} and set(site["rtt_ms"]) == {None}
    json.dumps([found, site], allow_nan=False)


def test_a_series_of_what_is_there(runs: Corner, tmp_path: Path) -> None:
    part = source_of(partly_written(runs.folder, tmp_path / "part", 1))
    assert len(series(part, "site", 0)["unix_s"]) == 20
    nothing = source_of(partly_written(runs.folder, tmp_path / "none", 0))
    assert series(nothing, "cell", 0)["rtt_ms"] == []
    base = source_of(runs.folder)
    window = range(base.slots.start + 4, base.slots.start + 30)
    what_if = what_if_of(base, runs.changed, tmp_path / "w", window, gateways=["home"])
    what_if.computed = 7
    found = series(what_if, "site", 0)
    assert found["unix_s"] == base.clock.start_unix_s(np.arange(window.start, window.start + 7)).tolist()


def test_a_place_now(runs: Corner) -> None:
    source, data = source_of(runs.folder), bentpipe.open_run(runs.folder).dataset
    row = data.isel(slot=SLOT)
    cell = int(np.argmax(row["terminals_connected"].values))
    found = place_now(source, "cell", cell, source.slots.start + SLOT)
    json.dumps(found, allow_nan=False)
    assert found["id"] == data["cell"].values[cell] and found["now"]["connected"]
    assert found["now"]["satellite"] == row["serving_satellite"].values[cell]
    assert near(found["now"]["rtt_ms"], row["rtt_s"].values[cell] * 1e3)
    assert found["availability_percent"] == pytest.approx(
        100 * (data["terminals_connected"].values[:, cell] > 0).mean()
    )
    words = ("fails", "with effort", "works")
    for name in ("web", "video-call"):
        verdict = int(row["service_verdict"].sel(service=name).values[cell])
        assert found["verdicts"][name] == words[verdict]
    far = place_now(source, "site", 1, source.slots.start + SLOT)
    assert far["name"] == "Far south" and far["availability_percent"] == 0.0
    assert far["gap_now"] == {"start_unix_s": series(source, "site", 1)["unix_s"][0], "duration_s": 600.0, "open": True}
    assert far["next_gap"] is None and set(far["verdicts"].values()) == {"fails"}


def test_gaps_end_where_the_connection_comes_back_or_nothing_is_known(runs: Corner) -> None:
    source = source_of(runs.folder)
    connected = np.array([1, 0, 0, 1, 1, 0, 1, 0, 0, 0], bool)
    done = np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 0], bool)
    start = source.slots.start
    now, following = gaps(source, connected, done, start + 2)
    assert now is not None and now.duration_s == 30.0 and not now.open
    assert now.start_unix_s == float(source.clock.start_unix_s(start + 1))
    assert following is not None and following.start_unix_s == float(source.clock.start_unix_s(start + 5))
    now, following = gaps(source, connected, done, start + 6)
    assert now is None and following is not None and following.duration_s == 30.0 and following.open
    assert gaps(source, connected, done, start + 8)[1] is None


def test_what_a_what_if_changes(runs: Corner, tmp_path: Path) -> None:
    base = source_of(runs.folder)
    window = range(base.slots.start + 4, base.slots.start + 30)
    what_if = what_if_of(base, runs.changed, tmp_path / "w", window, gateways=["home"])
    assert difference_numbers(what_if)["users"]["before"] is None
    what_if.computed = 3
    difference_numbers(what_if)
    what_if.computed = 20
    found = difference_numbers(what_if)
    json.dumps(found, allow_nan=False)
    assert (found["slots"], found["of"]) == (20, 26)
    users = source_of(runs.folder).manifest["users_per_terminal"]
    for when, folder in zip(("before", "after"), runs, strict=True):
        data = bentpipe.open_run(folder).dataset.isel(slot=slice(4, 24))
        total = data["region_terminals_connected"].values * users
        assert found["users"][when] == pytest.approx(total.sum(axis=1).mean())
        assert found["users"][f"{when}_least"] == total.sum(axis=1).min()
        for j, region in enumerate(found["regions"]):
            assert near(region[f"users_{when}"], total[:, j].mean())
            assert near(region[f"users_{when}_least"], total[:, j].min())
            assert near(region[f"rate_{when}_mbit_s"], data["region_rate_down_bit_s"].values[:, j].mean() / 1e6)
        connected = data["site_connected"].values[:, 0]
        site = found["sites"][0]
        assert near(site[f"connected_{when}_percent"], 100 * connected.mean())
        rtt = data["site_rtt_s"].values[connected, 0]
        assert near(site[f"rtt_{when}_ms"], rtt.mean() * 1e3 if len(rtt) else np.nan)
    assert found["users"]["after"] < found["users"]["before"]
