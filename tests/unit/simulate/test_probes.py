"""What a manifest keeps of how other probes see the waits of a run."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from bentpipe.network.access import PROBES, REQUEST_WAIT_S, access_parameters
from bentpipe.network.loss import loss_parameters
from bentpipe.scenario import load_scenario
from bentpipe.simulate.probes import probe_views


def views(probe: str, lossless: bool = False) -> dict[str, Any]:
    scenario = load_scenario("one-site", {"access.probe": probe})
    day = scenario.time.start.date()
    loss = None if lossless else loss_parameters(day)
    prepared = SimpleNamespace(scenario=scenario, access=access_parameters(day, probe), loss=loss)
    return probe_views(prepared)  # type: ignore[arg-type]


def test_each_kind_stands_beside_the_runs_own() -> None:
    found = views("ping")
    assert found["own"] == "ping" and found["request_wait_s"] == 0.0
    assert set(found["kinds"]) == set(PROBES)
    assert found["kinds"]["ping"]["grant_ratio"] == found["kinds"]["ping"]["load_ratio"] == 1.0
    assert found["kinds"]["built-in"]["request_wait_s"] == REQUEST_WAIT_S
    dish, ping = found["kinds"]["dish"], found["kinds"]["ping"]
    # A mean of log-normal waits has their mean: the ratio of medians leaves it the same.
    means = [kind["grant_ratio"] * math.exp(0.5 * kind["log_sigma"] ** 2) for kind in (dish, ping)]
    assert means[0] == pytest.approx(means[1])
    assert found["handover_lost_s"] == pytest.approx(0.010)


def test_a_run_of_another_probe_and_one_without_losses() -> None:
    found = views("traceroute", lossless=True)
    assert found["own"] == "traceroute" and found["request_wait_s"] == REQUEST_WAIT_S
    assert found["kinds"]["ping"] == views("ping")["kinds"]["ping"]
    assert found["handover_lost_s"] is None
    back = views("dish")["kinds"]["ping"]["grant_ratio"]
    assert back == pytest.approx(1.0 / views("ping")["kinds"]["dish"]["grant_ratio"])


def test_an_access_network_that_a_scenario_gives_knows_no_probes() -> None:
    own = {"frame_ms": 5.0, "grant_wait_ms": 6.0, "load_wait_ms": 2.0, "slot_log_sigma": 0.3, "within_log_sigma": 0.5}
    scenario = load_scenario("one-site", {f"access.{key}": value for key, value in own.items()})
    access = access_parameters(scenario.time.start.date())._replace(within_log_sigma=0.5)
    found = probe_views(SimpleNamespace(scenario=scenario, access=access, loss=None))  # type: ignore[arg-type]
    assert found["own"] == "" and set(found["kinds"]) == {""}
    assert found["kinds"][""]["log_sigma"] == 0.5
