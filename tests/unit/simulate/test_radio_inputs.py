"""What the manifest says of the rates: how they come about, and every figure of the catalogue in use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bentpipe.catalog.radio import radio_link
from bentpipe.network.policies import SCHEDULING
from bentpipe.registry import find_policy
from bentpipe.scenario import load_scenario
from bentpipe.simulate.prepare import Prepared, prepare
from bentpipe.simulate.radioinputs import radio_inputs, rate_inputs


def prepared(**changes: Any) -> Prepared:
    return prepare(load_scenario("one-site", changes), find_policy(SCHEDULING, "observed"), seeds=1)


@pytest.fixture(scope="module")
def usual() -> Prepared:
    return prepared()


def test_every_figure_has_its_mark_and_source(usual: Prepared) -> None:
    rows = {row["key"]: row for row in radio_inputs(usual)}
    json.dumps(list(rows.values()), allow_nan=False)
    assert {row["tag"] for row in rows.values()} == {"documented", "recalled", "assumed"}
    assert all(row["source"] for row in rows.values())
    link = radio_link("starlink", "user-down", "standard")
    for key, value in link.values.items():
        row = rows[f"radio.user-down-standard.{key}"]
        assert (row["value"], row["tag"], row["source"]) == (value.value, value.tag, value.source)
    assert rows["radio.user-down-standard.pfd_dbw_m2_4khz"]["unit"] == "dBW/m2 in 4 kHz"
    assert rows["radio.user-down-standard.g_t_db_k"]["unit"] == "dB/K"
    assert rows["radio.satellite-v1.down_bit_s"]["unit"] == "bit/s"


def test_how_rates_come_about(usual: Prepared) -> None:
    found = rate_inputs(usual)
    assert found is not None
    assert (found["sharing"], found["operator"], found["uplink"]) == ("single-satellite", "starlink", True)


def test_what_the_scenario_gives_itself_is_not_listed_twice() -> None:
    keys = [row["key"] for row in radio_inputs(prepared(**{"radio.satellite_down_gbps": 20.0}))]
    assert not [key for key in keys if key.startswith("radio.satellite-") and "down" in key]


def test_an_operator_without_uplink_says_so() -> None:
    found = rate_inputs(prepared(**{"radio.operator": "oneweb"}))
    assert found is not None
    assert found["uplink"] is False
    assert "no rates from users" in found["uplink_missing"]


def test_without_rates_there_is_nothing_to_list() -> None:
    bare = prepared(**{"policies.sharing": "none"})
    assert radio_inputs(bare) == [] and rate_inputs(bare) is None
