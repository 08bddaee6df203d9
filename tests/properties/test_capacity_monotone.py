"""Capacity on a small world: the same on any threads, and more where more must be more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_world import write_world

import bentpipe

DOWN, UP = 25e6, 3e6


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return bentpipe.load_scenario(write_world(tmp_path_factory.mktemp("world")))


def carries(scenario: Any, down: float = DOWN, up: float = UP, availability: float = 0.9, **more: Any) -> Any:
    return bentpipe.capacity(scenario, down, up, availability, 10, **more).data


def test_threads_change_nothing(scenario: Any) -> None:
    assert carries(scenario, threads=1) == carries(scenario, threads=2) == carries(scenario, threads=3)


@pytest.mark.parametrize("sharing", ["single-satellite", "multipath", "max-throughput"])
def test_a_smaller_target_is_carried_more_often(scenario: Any, sharing: str, tmp_path: Path) -> None:
    world = bentpipe.load_scenario(write_world(tmp_path), {"policies.sharing": sharing})
    full, half = carries(world), carries(world, DOWN / 2, UP / 2)
    assert half["territory"]["can_carry_terminals"] >= full["territory"]["can_carry_terminals"] > 0
    assert half["territory"]["terminals_with_target_mean"] >= full["territory"]["terminals_with_target_mean"]


def test_more_slots_to_serve_never_carry_more(scenario: Any) -> None:
    found = [carries(scenario, availability=share) for share in (0.5, 0.8, 1.0)]
    for name in ("can_carry_terminals", "terminals_with_target", "terminals_enough_for"):
        values = [data["territory"][name] for data in found]
        assert values == sorted(values, reverse=True)


def test_additions_are_ranked_and_none_takes_away_what_it_cannot(scenario: Any) -> None:
    lifts = carries(scenario)["lifts"]
    gains = [row["gain_terminals"] for row in lifts]
    assert gains == sorted(gains, reverse=True)
    by_id = {row["id"]: row for row in lifts}
    assert {"antenna", "antenna:west", "beam", "channel", "no-neighbours", "satellite-throughput"} <= set(by_id)
    assert by_id["clear-sky"]["mean_gain_terminals"] >= 0
    # The schedule stays as it is, and more room at a satellite lowers nobody's share (nested limits).
    assert by_id["satellite-throughput"]["mean_gain_terminals"] >= 0
    # Satellites have two beams: beam time is what is short.
    assert by_id["beam"]["gain_terminals"] > 0 and by_id["no-neighbours"]["gain_terminals"] > 0


def test_an_antenna_helps_where_each_gateway_has_one(tmp_path: Path) -> None:
    path = write_world(tmp_path)
    text = (
        path.read_text(encoding="utf-8").replace("antennas = 3", "antennas = 1").replace("antennas = 2", "antennas = 1")
    )
    path.write_text(text, encoding="utf-8")
    by_id = {row["id"]: row for row in carries(bentpipe.load_scenario(path))["lifts"]}
    assert by_id["antenna"]["mean_gain_terminals"] > by_id["antenna:west"]["mean_gain_terminals"] > 0


def test_rain_never_raises_what_is_carried(tmp_path: Path) -> None:
    """In each slot: the means differ by what the rain takes, and the sky without it is an addition."""
    path = write_world(tmp_path)  # the climate of the southern gateway is not in the built-in table: another's place
    path.write_text(
        path.read_text(encoding="utf-8").replace("44.4\nlongitude_deg = 26.1", "40.789\nlongitude_deg = 29.509")
    )
    wet = bentpipe.load_scenario(path, {"weather.mode": "exceeded", "weather.exceeded_percent": 0.5})
    dry = {row["id"]: row for row in carries(wet)["lifts"]}["clear-sky"]
    assert dry["gain_terminals"] >= 0 and dry["mean_gain_terminals"] > 0


def test_what_is_carried_adds_up(scenario: Any) -> None:
    data = carries(scenario)
    for part in (data["territory"], *data["regions"]):
        assert sum(part["binding"].values()) == pytest.approx(1.0 if part["binding"] else 0.0, abs=1e-3)
        assert part["terminals_with_target"] <= part["terminals_placed"]
        assert part["terminals_enough_for"] <= part["terminals_placed"]
    assert data["territory"]["terminals_placed"] == 901
