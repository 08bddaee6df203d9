"""The link of a site as a finished run holds it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_run import small_run

import bentpipe
from bentpipe.draws import place_id
from bentpipe.emulate.fromrun import site_series
from bentpipe.errors import InputError, StoreError, UnknownNameError
from bentpipe.linkqueue import trace_slots
from bentpipe.network.loss import loss_parameters, slot_loss


def test_delays_add_up_to_the_median_round_trip_of_each_slot() -> None:
    run = small_run()
    series, notes = site_series(run, "kyiv")
    stored = run.dataset["site_rtt_s"].values[:, 0]
    up = series.connected
    assert 10 < up.sum() < len(series) == 40
    total = series.fixed_down_s + series.fixed_up_s + series.wait_s
    np.testing.assert_allclose(total[up], stored[up], rtol=0, atol=1e-7)
    assert notes == ()
    assert (series.seed, series.key) == (11, place_id("kyiv"))
    assert np.all(series.down_bit_s[up] > series.up_bit_s[up]) and np.all(series.up_bit_s[up] > 0)


def test_bursts_and_handovers_give_the_expected_loss_that_the_run_tells() -> None:
    run = small_run()
    series = site_series(run, "kyiv").series
    day = np.datetime64("2022-10-24").astype(object)
    load = run.dataset["site_load"].values[:, 0]
    up = series.connected
    said = slot_loss(loss_parameters(day), series.handover[up], load[up])
    # The first slot's own handover is known to the simulation only.
    np.testing.assert_allclose(said[1:], run.dataset["site_loss"].values[up, 0][1:], rtol=1e-5)
    assert series.handover.any()
    assert series.bursts_per_s[up].min() > 0


def test_a_part_of_a_run_is_that_part_of_the_whole() -> None:
    run = small_run()
    whole, part = site_series(run, "kyiv").series, site_series(run, "kyiv", 7, 9).series
    for name in ("connected", "wait_s", "handover", "bursts_per_s", "down_bit_s"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[7:16])
    assert part.first_slot == whole.first_slot + 7
    assert part.start_unix_s == whole.start_unix_s + 7 * 15.0
    for a, b in zip(trace_slots(part), list(trace_slots(whole))[7:], strict=False):
        np.testing.assert_array_equal(a.down_loss, b.down_loss)


@pytest.mark.parametrize("name", ["KYIV", " kyiv", "Dark End", "dark"])
def test_names_ignore_case(name: str) -> None:
    assert site_series(small_run(), name).series.place in ("kyiv", "dark")


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'kyiv'"):
        site_series(small_run(), "kyvi")


@pytest.mark.parametrize(("first", "count"), [(-1, None), (40, None), (0, 0), (30, 11)])
def test_slots_outside_the_run_are_refused(first: int, count: int | None) -> None:
    with pytest.raises(InputError, match="the run has no"):
        site_series(small_run(), "kyiv", first, count)


def test_a_run_without_rates_asks_for_them() -> None:
    run = small_run("none")
    with pytest.raises(InputError, match=r'policies\.sharing = "single-satellite".*--rate DOWN/UP'):
        site_series(run, "kyiv")
    series, notes = site_series(run, "kyiv", rate_bit_s=(1e8, 1e7))
    assert set(series.down_bit_s[series.connected]) == {1e8} and not series.down_bit_s[~series.connected].any()
    assert len(notes) == 1 and "100 Mbit/s down and 10 Mbit/s up" in notes[0] and "the run has none" in notes[0]
    with pytest.raises(InputError, match="out of range"):
        site_series(run, "kyiv", rate_bit_s=(1e8, 0.0))


def test_the_waits_of_a_run_of_traceroutes_are_those_of_a_stream() -> None:
    ping, sparse = (site_series(small_run(probe=probe), "kyiv") for probe in ("ping", "traceroute"))
    np.testing.assert_allclose(sparse.series.wait_s, ping.series.wait_s, rtol=0, atol=1e-8)
    assert sparse.series.log_sigma == ping.series.log_sigma
    assert "traceroute" in sparse.notes[0]


def test_the_dish_s_own_ping_reports_means_which_are_turned_into_medians() -> None:
    ping, dish = (site_series(small_run(probe=probe), "kyiv").series for probe in ("ping", "dish"))
    np.testing.assert_allclose(dish.wait_s, ping.wait_s, rtol=1e-5)


def test_losses_that_are_not_modelled_are_said() -> None:
    run = small_run()
    entry = {**run.manifest["within_slot"], "operator": "elsewhere", "burst_s": None}
    manifest = {**run.manifest, "within_slot": {**entry, "handover_probability": None, "handover_s": None}}
    link = site_series(replace(run, manifest=manifest), "kyiv")
    assert "losses of elsewhere are not modelled" in link.notes[0]
    assert link.series.handover_probability == 0.0


def test_a_run_of_an_earlier_version_opens_and_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    shutil.copytree(small_run().path, folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    del manifest["within_slot"]
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    shutil.rmtree(folder / "results.zarr" / "site_bursts_per_s")
    for record in (folder / "commits").glob("[0-9]*.json"):
        content = json.loads(record.read_text(encoding="utf-8"))
        content["sha256"].pop("site_bursts_per_s")
        record.write_text(json.dumps(content), encoding="utf-8")
    run = bentpipe.open_run(folder, verify=True)
    with pytest.raises(StoreError, match=r"earlier version.*run its scenario again"):
        site_series(run, "kyiv")
    assert "connected" in "\n".join(bentpipe.answer(run).lines)
