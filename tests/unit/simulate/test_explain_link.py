"""The rates of one link, line by line: the same numbers as the run stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bentpipe
from bentpipe.cli.output import as_json
from bentpipe.errors import InputError
from bentpipe.simulate.rates import LIMITS

AT = "2022-10-24T12:01:00"


def made(folder: Path, **changes: Any) -> bentpipe.Run:
    return bentpipe.run("one-site", out=folder, **{"time.duration": "2min", **changes})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> bentpipe.Run:
    demand = {"demand.down_kbps_per_user": 9_000_000.0, "demand.up_kbps_per_user": 9_000_000.0}
    return made(tmp_path_factory.mktemp("link") / "run", **{"weather.mode": "exceeded", **demand})


@pytest.fixture(scope="module")
def found(run: bentpipe.Run) -> bentpipe.Explanation:
    return bentpipe.explain(run, "kyiv", AT, link=True)


@pytest.mark.parametrize("way", ["down", "up"])
def test_the_numbers_are_those_of_the_run(run: bentpipe.Run, found: bentpipe.Explanation, way: str) -> None:
    data = run.dataset
    at = data.isel(slot=int(np.searchsorted(data["slot"].values, found.data["slot"])), site=0)
    link = found.data["link"][way]
    stored = 2.5e-4  # the store keeps one part in 4,000
    assert link["given_bit_s"] == pytest.approx(float(at[f"site_rate_{way}_bit_s"]), rel=stored)
    peak = float(at[f"site_peak_{way}_bit_s"])
    assert link["one_terminal_could_get_bit_s"] == pytest.approx(peak, rel=stored)
    assert link["limit"] == LIMITS[int(at[f"site_limit_{way}"])]
    if way == "down":
        assert link["rain_loss_db"] == pytest.approx(
            float(at["site_rain_loss_db"]), abs=1 / 128 + 1e-9
        )  # stored in 1/64 dB
        assert link["rain_loss_db"] > 0.05


@pytest.mark.parametrize("way", ["down", "up"])
def test_the_lines_add_up_to_the_channel_and_the_share(found: bentpipe.Explanation, way: str) -> None:
    link = found.data["link"][way]
    rate = next(line for line in link["end_to_end"]["lines"] if line["name"] == "bit rate")
    assert rate["value"] == pytest.approx(link["channel_bit_s"], rel=1e-6)
    assert link["beam_time_bit_s"] == pytest.approx(link["beam_time_beams"] * link["channel_bit_s"], rel=1e-6)
    assert link["limit"] != "demand"
    room = [link[f"{step}_bit_s"] for step in ("beam_time", "spectrum", "satellite", "gateway")]
    assert link["given_bit_s"] <= min(value for value in room if value is not None)
    for budget in link["budgets"]:
        total = None
        for line in budget["lines"]:
            if line["kind"] == "start":
                total = line["value"]
            elif line["kind"] == "added":
                total += line["value"]
                assert line["running_total"] == pytest.approx(total, abs=1e-9)


def test_signal_order_units_and_marks(found: bentpipe.Explanation) -> None:
    names = [budget["name"] for budget in found.data["link"]["down"]["budgets"]]
    assert ["feeder-up" in names[0], "user-down" in names[1]] == [True, True]
    text = "\n".join(found.lines)
    for words in (
        "dBW/m2",
        "dB/K",
        "documented (recalled): ",
        "assumed: ",
        "MODCOD",
        "beam time",
        "fair share",
        "binds",
    ):
        assert words in text
    assert "-0.00" not in text
    json.dumps(as_json(found.data), allow_nan=False)


def test_without_asking_there_is_no_budget(run: bentpipe.Run) -> None:
    assert "link" not in bentpipe.explain(run, "kyiv", AT).data


def test_a_run_without_rates_says_what_to_do(tmp_path: Path) -> None:
    bare = made(tmp_path / "run", **{"policies.sharing": "none"})
    with pytest.raises(InputError, match=r"has no rates.*policies\.sharing"):
        bentpipe.explain(bare, "kyiv", AT, link=True)


def test_a_place_that_is_not_served_has_a_demand_and_no_budget(tmp_path: Path) -> None:
    dark = made(tmp_path / "run", **{"dishes.standard.minimum_elevation_deg": 89.0})
    link = bentpipe.explain(dark, "kyiv", AT, link=True).data["link"]["down"]
    assert link["end_to_end"] is None
    assert (link["given_bit_s"], link["limit"]) == (0, "unserved")
    assert link["asked_for_bit_s"] > 0


def test_an_uplink_without_figures_is_named(tmp_path: Path) -> None:
    run = made(tmp_path / "run", **{"radio.operator": "oneweb"})
    found = bentpipe.explain(run, "kyiv", AT, link=True)
    assert found.data["link"]["up"] is None
    assert any(line.startswith("up: no rates from users") for line in found.lines)


def test_several_satellites_are_counted(tmp_path: Path) -> None:
    run = made(tmp_path / "run", **{"policies.sharing": "multipath", "demand.down_kbps_per_user": 9_000_000.0})
    found = bentpipe.explain(run, "kyiv", AT, link=True)
    link, data = found.data["link"]["down"], run.dataset
    at = data.isel(slot=int(np.searchsorted(data["slot"].values, found.data["slot"])), site=0)
    assert link["further_links"] > 0
    assert link["given_bit_s"] == pytest.approx(float(at["site_rate_down_bit_s"]), rel=2.5e-4)
    assert any("may carry a part" in line for line in found.lines)
