"""Other operators, from scenario to run: ten minutes each, and compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bentpipe
from bentpipe.errors import InputError, NotModelledError
from bentpipe.network.delay import SEGMENTS
from bentpipe.report.compare import Comparison
from bentpipe.results.opened import Run
from bentpipe.scenario import Scenario, load_scenario
from bentpipe.simulate.ground import make_ground
from bentpipe.simulate.prepare import prepare

RIVALS = ("oneweb", "kuiper", "geostationary")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    made = {}
    for name in ("ukraine-2022", *(f"ukraine-2022-{rival}" for rival in RIVALS)):
        folder: Path = tmp_path_factory.mktemp("runs") / name
        made[name] = bentpipe.run(load_scenario(name, {"time.duration": "10m"}), out=folder)
    return made


@pytest.fixture(scope="module")
def compared(runs: dict[str, Run]) -> Comparison:
    return bentpipe.compare(*runs.values())


def row(compared: Comparison, rival: str) -> dict[str, float]:
    return next(row for row in compared.data["runs"] if row["name"] == f"ukraine-2022-{rival}")


@pytest.mark.parametrize("rival", RIVALS)
def test_runs_say_what_is_assumed(runs: dict[str, Run], rival: str) -> None:
    run = runs[f"ukraine-2022-{rival}"]
    assert run.complete and run.manifest["hypothetical"]
    assert any("access network is assumed" in text for text in run.manifest["warnings"])
    assert np.isnan(run.dataset["site_loss"].values).all()
    tags = {row["key"]: row["tag"] for row in run.manifest["assumptions"]}
    assert tags["access.grant_wait_ms"] == "assumed" and tags["constellation.operator"] == "hypothetical"
    assert tags["gateways." + str(run.dataset["gateway"].values[0]) + ".latitude_deg"] == "hypothetical"


def test_geostationary_delay_comes_out_of_geometry(runs: dict[str, Run], compared: Comparison) -> None:
    data = runs["ukraine-2022-geostationary"].dataset
    parts = data["site_segment_s"].values
    assert parts.shape[2] == len(SEGMENTS) and np.isfinite(parts).any()
    links = 1e3 * (parts[..., SEGMENTS.index("user_link")] + parts[..., SEGMENTS.index("feeder_link")])
    assert np.nanmin(links) > 1e3 * 4 * 36_000e3 / 299_792_458 and np.nanmax(links) < 1e3 * 4 * 41_000e3 / 299_792_458
    assert 560.0 < row(compared, "geostationary")["round_trip_p50_ms"] < 620.0
    assert data["handovers"].values.sum() == 0
    assert row(compared, "geostationary")["satellites_in_service"] == 1


def test_oneweb_is_farther_than_starlink_and_has_no_uplink(runs: dict[str, Run], compared: Comparison) -> None:
    assert row(compared, "oneweb")["satellites_in_service"] == 720
    found = runs["ukraine-2022-oneweb"].dataset["elevation_deg"].values
    assert np.nanmin(found) >= 55.0
    assert row(compared, "oneweb")["given_from_users_mean_bit_s"] is None
    assert row(compared, "oneweb")["given_to_users_mean_bit_s"] > 1e8
    warnings = runs["ukraine-2022-oneweb"].manifest["warnings"]
    assert any("no rates from users" in text for text in warnings)


def test_kuiper_has_no_rates_and_they_are_refused_with_a_remedy(compared: Comparison) -> None:
    assert row(compared, "kuiper")["peak_of_a_terminal_down_p50_bit_s"] is None
    scenario = load_scenario("ukraine-2022-kuiper", {"policies.sharing": "single-satellite", "time.duration": "1m"})
    with pytest.raises(NotModelledError, match=r'policies\.sharing = "none"'):
        prepare(scenario)


def test_a_feeder_that_is_assumed_is_said_and_does_not_limit(runs: dict[str, Run], compared: Comparison) -> None:
    assert any("user link alone" in t for t in runs["ukraine-2022-geostationary"].manifest["warnings"])
    geo = row(compared, "geostationary")
    assert geo["given_of_offered_to_users"] > 0.99
    # 400 MHz at no more than 5.9 bit/s/Hz (256APSK 3/4)
    assert 0.5e9 < geo["peak_of_a_terminal_down_p50_bit_s"] < 0.4e9 * 5.9


def test_the_table_says_what_is_missing_and_what_differs(compared: Comparison) -> None:
    text = "\n".join(compared.lines)
    assert "not computed" in text and "ukraine-2022-kuiper has no rates to users" in text
    assert "ukraine-2022-oneweb: beams are fixed" in text
    assert "is hypothetical" in text and "different" not in text
    keys = {row["key"] for row in compared.data["differences"]}
    assert {"constellation.operator", "satellite.beams", "access.frame_ms", "gateways"} <= keys
    assert not any(key.startswith(("people", "demand")) for key in keys)
    beams = next(row for row in compared.data["differences"] if row["key"] == "satellite.beams")
    assert [entry["tag"] for entry in beams["values"]] == ["documented", "documented", "assumed", "assumed"]


def test_the_numbers_are_those_of_the_answer(runs: dict[str, Run], compared: Comparison) -> None:
    for run, found in zip(runs.values(), compared.data["runs"], strict=True):
        told = bentpipe.answer(run).data
        assert found["connected_users_mean"] == told["connected_users_mean"]
        assert found["connected_users_worst_slot"] == told["connected_users_worst_slot"]
        assert found["round_trip_p50_ms"] == told["round_trip_p50_ms"]
        assert found["hypothetical"] == told["hypothetical"]


def test_peaks_are_weighted_by_terminals(runs: dict[str, Run], compared: Comparison) -> None:
    data = runs["ukraine-2022"].dataset
    peak, weight = data["peak_down_bit_s"].values, data["terminals_connected"].values
    known = np.isfinite(peak) & (weight > 0)
    values = np.repeat(peak[known], weight[known])
    for q in (5, 50):
        found = compared.data["runs"][0][f"peak_of_a_terminal_down_p{q}_bit_s"]
        assert found == pytest.approx(np.percentile(values, q), rel=0.012)


def test_explain_prints_the_segments_of_a_rival(runs: dict[str, Run]) -> None:
    told = bentpipe.explain(runs["ukraine-2022-geostationary"], "kyiv", "2022-10-24T00:05")
    assert told.data["segments_ms"]["access_frame"] == 45.0 and told.data["rtt_ms"] > 550.0


def test_a_comparison_needs_two_different_runs(runs: dict[str, Run]) -> None:
    one = runs["ukraine-2022"]
    with pytest.raises(InputError, match="needs two runs"):
        bentpipe.compare(one)
    with pytest.raises(InputError, match="named twice"):
        bentpipe.compare(one, one)


def test_other_spans_and_territories_are_warned_of(runs: dict[str, Run], tmp_path: Path) -> None:
    other = bentpipe.run(load_scenario("one-site", {"time.duration": "5m"}), out=tmp_path / "site")
    warned = bentpipe.compare(runs["ukraine-2022"], other).data["warnings"]
    assert any("territories" in text for text in warned) and any("spans" in text for text in warned)


def test_a_scenario_that_was_not_read_gets_no_access_network_of_starlink() -> None:
    read = load_scenario("ukraine-2022-oneweb", {"time.duration": "1m"})
    bare = Scenario.model_validate({**read.document(), "access": {}})
    with pytest.raises(InputError, match="says nothing of oneweb"):
        prepare(bare, seeds=1)


def test_assumed_gateways_keep_the_rules_of_the_operator() -> None:
    day = load_scenario("ukraine-2022-geostationary")
    text = {**day.document(), "gateways": "world-assumed", "pops": [], "provenance": []}
    ground = make_ground(Scenario.model_validate(text))
    assert len(ground.id) > 100 and (ground.places.arc.cos_avoidance == 2.0).all()
    assert np.allclose(np.degrees(np.arcsin(ground.places.sin_min_elevation)), 10.0)


def test_the_policy_fitted_to_starlink_is_noted(tmp_path: Path) -> None:
    scenario = load_scenario("ukraine-2022-geostationary", {"policies.scheduling": "observed", "time.duration": "1m"})
    assert any("fitted to Starlink's scheduler" in text for text in prepare(scenario, seeds=1).warnings)
