"""Random losses: nested draws, the run's own numbers without loss, order statistics by hand, wrong questions."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from corner import TEXT, corner, event

import bentpipe
from bentpipe.errors import InputError
from bentpipe.scenario import parse_scenario
from bentpipe.simulate.losses import LOSABLE, check_there, count_there, fates, world_without
from bentpipe.simulate.lossmeasures import MEASURES, band_of, median_interval, ratio_error, weighted_quantiles
from bentpipe.simulate.outputs import block_variables
from bentpipe.simulate.prepare import Prepared, prepare
from bentpipe.simulate.recipe import State, advance
from bentpipe.simulate.resilience import Sample, sample
from bentpipe.simulate.resiliencelines import percent, share_words
from bentpipe.simulate.world import world_state


def scenario(extra: str = "", **keys: Any) -> Any:
    return parse_scenario(TEXT + extra, overrides={key.replace("__", "."): value for key, value in keys.items()})


def sampled(prepared: Prepared, lose: str = "satellites", threads: int = 1, draws: int = 4) -> Sample:
    shares = np.array([0.0, 0.1, 0.3, 0.6, 1.0])
    return sample(prepared, lose, shares, draws, 5, 3, threads, lambda stage, done, total: None)


def measure(found: Sample, name: str) -> np.ndarray:
    return found.values[..., MEASURES.index(name)]


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return corner()


def test_without_loss_it_is_the_run_itself(prepared: Prepared) -> None:
    found = sampled(prepared)
    block, _ = advance(prepared, State(), prepared.slots)
    own = block_variables(prepared, block)
    rows = found.slots - prepared.slots.start
    cells = len(prepared.territory.cell_id)
    np.testing.assert_array_equal(
        measure(found, "terminals")[:, 0, 0], own["region_terminals_connected"][rows].sum(axis=1)
    )
    np.testing.assert_array_equal(measure(found, "cells_reachable")[:, 0, 0], own["reachable"][rows].sum(axis=1))
    np.testing.assert_array_equal(
        measure(found, "gateways_in_use")[:, 0, 0], (own["gateway_antennas_in_use"][rows] > 0).sum(axis=1)
    )
    np.testing.assert_array_equal(
        measure(found, "given_down_bit_s")[:, 0, 0], own["region_rate_down_bit_s"][rows].sum(axis=1)
    )
    np.testing.assert_array_equal(
        measure(found, "asked_down_bit_s")[:, 0, 0], own["region_offered_down_bit_s"][rows].sum(axis=1)
    )
    each = [
        np.quantile(np.repeat(rtt, connected), [0.5, 0.95], method="inverted_cdf")
        for rtt, connected in zip(own["rtt_s"][rows], own["terminals_connected"][rows], strict=True)
    ]
    np.testing.assert_allclose(measure(found, "rtt_median_s")[:, 0, 0], [x[0] for x in each])
    np.testing.assert_allclose(measure(found, "rtt_p95_s")[:, 0, 0], [x[1] for x in each])
    assert cells == own["reachable"].shape[1]


@pytest.mark.parametrize("lose", ["satellites", "gateways", "planes"])
def test_losses_are_nested_and_all_lost_is_nothing_left(prepared: Prepared, lose: str) -> None:
    found = sampled(prepared, lose)
    lost = measure(found, "lost")
    assert (np.diff(lost, axis=1) >= 0).all() and (lost[:, 0] == 0).all()
    np.testing.assert_array_equal(lost[:, -1], np.broadcast_to(found.there[:, None], lost[:, -1].shape))
    assert (measure(found, "terminals")[:, -1] == 0).all()
    assert (measure(found, "cells_reachable")[:, -1] == 0).all()
    assert np.isnan(measure(found, "rtt_median_s")[:, -1]).all()
    assert found.there[0] == {"satellites": 576, "gateways": 2, "planes": 24}[lose]
    np.testing.assert_array_equal(found.values, sampled(prepared, lose, threads=3).values)


def test_a_plane_is_lost_whole_and_lasers_leave_the_satellites(prepared: Prepared) -> None:
    world = world_state(prepared, np.array(prepared.slots[:2]))
    plane = fates(prepared, "planes", 1, 0) < 0.5
    assert {int(plane[prepared.fleet.plane == p].sum()) for p in range(24)} == {0, 24}
    assert count_there(prepared, world, "planes", plane)[0] == plane.sum() / 24
    lasers = fates(prepared, "lasers", 1, 0) < 0.5
    dark = world_without(world, "lasers", lasers)
    np.testing.assert_array_equal(dark.laser_up[0], ~lasers)
    assert dark.satellite_up is world.satellite_up and dark.antennas is world.antennas
    gone = world_without(world, "satellites", lasers)
    np.testing.assert_array_equal(gone.laser_up, gone.satellite_up)
    assert not np.array_equal(lasers, fates(prepared, "satellites", 1, 0) < 0.5)


def test_adding_a_gateway_changes_no_other_fate(prepared: Prepared) -> None:
    more = TEXT + '\n[[gateways]]\nid = "a"\nname = "A"\nlatitude_deg = 52\nlongitude_deg = 25\npop = "sofia"\n'
    larger = prepare(parse_scenario(more), seeds=1)
    for draw in range(3):
        one, two = (dict(zip(p.ground.id, fates(p, "gateways", 4, draw), strict=True)) for p in (prepared, larger))
        assert {key: two[key] for key in one} == one


def test_the_answer_names_no_target() -> None:
    """No satellite and no gateway has a number of its own: nothing can be ranked."""
    for lose in ("satellites", "gateways"):
        found = bentpipe.resilience(scenario(), lose, [0.0, 0.5], 3, 2)
        text = json.dumps(found.data) + "\n".join(found.lines)
        assert not any(f'"{name}"' in text for name in ("west", "home", "West", "Inside"))
        assert "STARLINK-SLOT" not in text
        assert "nothing is ranked" in text and "hypothetical" in text


def test_a_share_says_what_it_costs() -> None:
    found = bentpipe.resilience(scenario(), shares=[0.5, 0.0, 0.5, 1.0], draws=6, slots=4)
    data = found.data
    assert [row["share"] for row in data["shares"]] == [0.0, 0.5, 1.0]
    whole, half, none = data["shares"]
    assert whole["connected_share"]["p05"] == whole["connected_share"]["p95"] == 1.0
    assert none["connected_share"]["median"] == 0.0 and none["rtt_median_s"] is None
    assert none["slots_without_any"] == 1.0
    assert 0.0 < half["connected_share"]["median"] < 1.0
    assert half["connected_share"]["p05"] <= half["connected_share"]["median"] <= half["connected_share"]["p95"]
    assert half["users"]["mean"] == pytest.approx(half["terminals"]["mean"] * data["users_per_terminal"])
    assert data["headline"].startswith("With a random half of the satellites lost, ")
    assert data["slots"] == 4 and data["draws"] == 6
    other = bentpipe.resilience(scenario(), shares=[0.5], draws=6, slots=4, seed=77)
    assert other.data["shares"][1] != half and other.data["shares"][0] == whole


def test_a_run_of_sites_alone_counts_its_sites() -> None:
    text = TEXT.replace("[terminals]\ntotal = 900\n", "[terminals]\ntotal = 0\n")
    text += (
        '\n[[sites]]\nid = "s"\nname = "S"\nkind = "hub"\nlatitude_deg = 50.4\nlongitude_deg = 30.5\nterminals = 2\n'
    )
    found = bentpipe.resilience(parse_scenario(text), shares=[1.0], draws=1, slots=2)
    assert found.data["counted"] == "sites" and found.data["terminals_placed"] == 2
    assert found.data["shares"][0]["sites"]["median"] > 0 and found.data["shares"][1]["sites"]["median"] == 0
    assert found.data["shares"][0]["rtt_median_s"] is not None
    assert "users" not in "\n".join(found.lines) and "1 draw in 2 slots" in found.lines[0]
    assert "fewer than 6 draws" in "\n".join(found.lines)


@pytest.mark.parametrize("sharing", ["none", "multipath"])
def test_it_follows_the_sharing_of_the_run(sharing: str) -> None:
    found = bentpipe.resilience(scenario(policies__sharing=sharing), shares=[0.5], draws=1, slots=1).data
    assert (found["shares"][1]["given_share"] is None) == (sharing == "none")
    assert any("no rates" in note for note in found["notes"]) == (sharing == "none")


def test_a_computed_load_leaves_the_delay_out_and_says_so() -> None:
    found = bentpipe.resilience(scenario(access__load="computed"), shares=[0.5], draws=1, slots=1)
    assert found.data["shares"][0]["rtt_median_s"] is None
    assert "round trips are left out" in "\n".join(found.lines) and "RTT" not in "\n".join(found.lines)


def test_a_run_answers_as_its_scenario(tmp_path: Path) -> None:
    given = bentpipe.load_scenario("one-site", {"time.duration": "2m"})
    run = bentpipe.run(given, out=tmp_path / "run")
    one, two = (bentpipe.resilience(source, shares=[0.5], draws=2, slots=3).data for source in (run, given))
    assert one == two


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"lose": "satelites"},
            "nothing of this name can be lost; found 'satelites'.*satellites, gateways, planes, las",
        ),
        ({"lose": "lasers"}, "no lasers"),
        ({"shares": [0.1, 1.1]}, "shares: a share of what is lost is out of range"),
        ({"shares": [math.nan]}, "each from 0 to 1"),
        ({"shares": ["half"]}, "each from 0 to 1"),
        ({"shares": []}, "each from 0 to 1"),
        ({"shares": np.linspace(0, 1, 51).tolist()}, "too many shares"),
        ({"draws": 0}, "the number of draws is out of range"),
        ({"slots": 0}, "the number of slots is out of range"),
        ({"seed": -1}, "the seed is out of range"),
    ],
)
def test_wrong_questions_are_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        bentpipe.resilience(scenario(), **asked)
    assert refused.value.exit_code == 2


def test_what_is_not_there_cannot_be_lost(prepared: Prepared) -> None:
    with pytest.raises(InputError, match="no gateway is in service"):
        bentpipe.resilience(scenario(event("gateway-loss", "share = 1")), "gateways")
    world = world_state(prepared, np.array(prepared.slots[:1]))
    unknown = replace(prepared, fleet=replace(prepared.fleet, plane=np.full(576, -1)))
    with pytest.raises(InputError, match="which satellites share a plane is not known"):
        check_there(unknown, world, "planes")
    assert set(LOSABLE) == {"satellites", "gateways", "planes", "lasers"}


@pytest.mark.parametrize("count", [1, 5, 6, 7, 20, 21, 100, 2000])
def test_the_interval_of_the_median_is_the_narrowest_that_covers_it(count: int) -> None:
    def outside(rank: int) -> Fraction:
        """Probability that the order statistic of a rank, from 0, lies above the median."""
        return Fraction(sum(math.comb(count, k) for k in range(rank + 1)), 2**count)

    found = median_interval(count)
    if found is None:
        assert outside(0) > Fraction(1, 40)
        return
    low, high = found
    assert high == count - 1 - low
    assert outside(low) <= Fraction(1, 40) < outside(low + 1)


def test_quantiles_are_those_of_the_values_repeated() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        values, weight = rng.normal(size=12), rng.integers(0, 5, 12)
        values[rng.integers(0, 12)] = np.nan
        kept = np.isfinite(values)
        repeated = np.repeat(values[kept], weight[kept])
        expected = np.quantile(repeated, [0.05, 0.5, 0.95], method="inverted_cdf")
        np.testing.assert_array_equal(weighted_quantiles(values, weight, (0.05, 0.5, 0.95)), expected)
    assert all(math.isnan(x) for x in weighted_quantiles(np.ones(2), np.zeros(2, np.int64), (0.5,)))


def test_the_error_of_a_ratio_is_how_far_it_spreads() -> None:
    rng = np.random.default_rng(6)
    whole = rng.uniform(800, 1200, (4000, 30))
    part = 0.9 * whole + rng.normal(0, 30, whole.shape)
    errors = [ratio_error(p, w) or 0.0 for p, w in zip(part[:400], whole[:400], strict=True)]
    spread = (part.mean(axis=1) / whole.mean(axis=1)).std()
    assert np.mean(errors) == pytest.approx(spread, rel=0.05)
    assert ratio_error(np.ones(1), np.ones(1)) is None and ratio_error(np.zeros(3), np.zeros(3)) is None


def test_words() -> None:
    assert [share_words(x) for x in (0.1, 0.05, 0.3, 1.0)] == [
        "a random tenth",
        "a random twentieth",
        "a random 30 %",
        "all",
    ]
    assert [percent(x) for x in (1.0, 0.9999, 0.5, 0.0001, 0.0)] == ["100 %", ">99.9 %", "50.0 %", "<0.1 %", "0 %"]
    assert band_of(np.array([np.nan])) is None


def test_only_satellites_that_carry_lasers_can_lose_them(prepared: Prepared) -> None:
    world = world_state(prepared, np.array([prepared.slots.start], np.int64))
    able = np.arange(len(prepared.fleet.up)) % 3 == 0
    some = replace(prepared, lasers=SimpleNamespace(able=able))  # type: ignore[arg-type]
    assert count_there(some, world, "lasers").tolist() == [int((able & world.laser_up[0]).sum())]
    assert count_there(some, world, "lasers", ~able).tolist() == [0]


def test_lasers_can_be_lost_where_there_are_any(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bent pipe does not miss them: everything is measured alike, and what is lost is counted."""
    monkeypatch.setattr("bentpipe.simulate.resilience.check_there", lambda prepared, world, lose: None)
    found = sampled(prepared, "lasers", draws=2)
    assert (measure(found, "lost")[:, -1] == 576).all()
    for name in MEASURES[1:]:
        values = measure(found, name)
        np.testing.assert_array_equal(values, np.broadcast_to(values[:, :1, :1], values.shape))
