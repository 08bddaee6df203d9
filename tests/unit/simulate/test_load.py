"""Loads that follow from the run, and what a bulk transfer adds to the delay of a site."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from corner import corner

from bentpipe.draws import Purpose, uniforms
from bentpipe.errors import ScenarioError
from bentpipe.network.delay import median_wait_s, slot_factor
from bentpipe.simulate.load import place_loads, slot_load
from bentpipe.simulate.outputs import block_variables
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.rates import block_rates
from bentpipe.simulate.recipe import Block, State, advance

SITE = """
[[sites]]
id = "kyiv"
name = "Kyiv"
kind = "home"
latitude_deg = 50.45
longitude_deg = 30.52
terminals = 1
"""


def ran(**keys: Any) -> tuple[Prepared, Block, dict[str, np.ndarray]]:
    prepared = corner(SITE, **keys)
    block, _ = advance(prepared, State(), prepared.slots)
    return prepared, block, block_variables(prepared, block)


def test_one_number_is_the_load_of_every_beam() -> None:
    _, block, out = ran(**{"access.load": 0.3})
    served = out["site_served"]
    assert served.any()
    np.testing.assert_array_equal(out["site_load"][served], np.float32(0.3))
    assert np.isnan(out["site_load"][~served]).all()
    np.testing.assert_array_equal(out["rtt_s"], block.rtt_s[:, : out["rtt_s"].shape[1]])


def test_a_computed_load_is_the_beam_time_in_use_where_rates_are_off() -> None:
    keys = {"access.load": "computed", "policies.sharing": "none", "satellite.background_share": 0.25}
    prepared, block, _ = ran(**keys)
    load = place_loads(prepared, block, (None, None))
    limits = prepared.scenario.satellite
    slices = limits.beams * limits.cells_per_beam
    for row in range(0, len(block.slots), 7):
        for satellite in np.unique(block.satellite[row][block.satellite[row] >= 0]):
            mine = block.satellite[row] == satellite
            taken = block.beam_slices[row][mine].sum() + slices - prepared.satellite_room[satellite]
            np.testing.assert_allclose(load[row, mine], taken / slices)
    assert (load[block.satellite < 0] == 0.0).all()


def test_with_rates_only_the_beam_time_that_traffic_takes_counts() -> None:
    prepared, block, out = ran(**{"access.load": "computed"})
    idle = place_loads(prepared, block, (None, None))
    used = place_loads(prepared, block, block_rates(prepared, block))
    assert (used <= idle + 1e-12).all()
    assert (used < idle).any() and (used[block.satellite >= 0] > 0.0).any()
    served = out["site_served"]
    np.testing.assert_allclose(out["site_load"][served], used[:, -1:][served], rtol=1e-6)


def test_more_demand_never_lowers_the_load() -> None:
    loads = []
    for kbps in (10.0, 300.0, 3000.0):
        prepared, block, _ = ran(**{"access.load": "computed", "demand.down_kbps_per_user": kbps})
        loads.append(place_loads(prepared, block, block_rates(prepared, block)))
    assert (loads[0] <= loads[1] + 1e-12).all() and (loads[1] <= loads[2] + 1e-12).all()


def test_the_round_trip_is_that_of_the_same_load_given_as_a_number() -> None:
    """Round trips at a computed load differ from those at a given one by the waits alone."""
    prepared, block, out = ran(**{"access.load": "computed"})
    _, fixed, given = ran(**{"access.load": 0.5})
    np.testing.assert_array_equal(block.satellite, fixed.satellite)
    cells = out["rtt_s"].shape[1]
    load = place_loads(prepared, block, block_rates(prepared, block))[:, :cells]
    served = block.satellite[:, :cells] >= 0
    number = prepared.fleet.satellite_id[np.where(served, block.satellite[:, :cells], 0)]
    u = uniforms(
        prepared.scenario.seed, Purpose.ACCESS_DELAY, block.slots[:, None], number, prepared.place_key[None, :cells]
    )
    factor = np.vectorize(slot_factor)(prepared.access.slot_log_sigma, u)
    change = (median_wait_s(prepared.access, load) - median_wait_s(prepared.access, 0.5)) * factor
    np.testing.assert_allclose((out["rtt_s"] - given["rtt_s"])[served], change[served], atol=3e-8)
    assert np.isnan(out["rtt_s"][~served]).all()


def test_an_explanation_uses_the_load_of_the_run() -> None:
    prepared, block, out = ran(**{"access.load": "computed"})
    row = int(np.flatnonzero(out["site_served"][:, 0])[3])
    place = len(prepared.territory.cell_id)
    alone = slot_load(prepared, State(), int(block.slots[row]), place)
    assert alone == pytest.approx(float(out["site_load"][row, 0]), rel=1e-6)
    assert slot_load(corner(SITE, **{"access.load": 0.3}), State(), int(block.slots[row]), place) == 0.3


def test_a_bulk_transfer_of_its_own_lengthens_the_round_trip_of_a_site() -> None:
    _, _, out = ran()
    served = out["site_served"]
    for way in ("down", "up"):
        loaded = out[f"site_rtt_loaded_{way}_s"]
        assert (loaded[served] >= out["site_rtt_s"][served]).all()
        assert np.isnan(loaded[~served]).all()
    # A first-come-first-served uplink of 850 kB holds more than CoDel's 5 ms.
    assert np.median((out["site_rtt_loaded_up_s"] - out["site_rtt_s"])[served]) > 0.05
    assert np.median((out["site_rtt_loaded_down_s"] - out["site_rtt_s"])[served]) < 0.005


def test_other_queues_are_another_delay_and_nothing_else() -> None:
    _, _, old = ran(**{"access.queue": "Starlink-2021"})
    _, _, new = ran(**{"access.queue": "fq-codel"})
    served = old["site_served"]
    assert (old["site_rtt_loaded_up_s"] > new["site_rtt_loaded_up_s"])[served].all()
    np.testing.assert_array_equal(old["site_rtt_s"], new["site_rtt_s"])


def test_without_rates_there_is_no_loaded_round_trip() -> None:
    _, _, out = ran(**{"policies.sharing": "none"})
    assert np.isnan(out["site_rtt_loaded_down_s"]).all() and np.isnan(out["site_rtt_loaded_up_s"]).all()


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("access.queue", "starlink-1999", "starlink-2023"),
        ("access.queue", "drop-front", "one of"),
        ("access.load", "compute", "did you mean 'computed'"),
        ("access.load", 1.5, "from 0 to 1"),
        ("access.load", math.nan, "not a finite number"),
    ],
)
def test_made_up_queues_and_loads_are_refused_by_name(key: str, value: object, says: str) -> None:
    with pytest.raises(ScenarioError, match=says):
        corner(SITE, **{key: value})
