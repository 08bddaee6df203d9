"""Rates of a run: conserved, within every limit, and never better for more rain, a smaller band or fewer channels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_world import assert_same, small_world

from bentpipe.network.flows import Limit
from bentpipe.simulate.linkrates import Links, link_rates, serving_links, skies
from bentpipe.simulate.outputs import block_variables
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.rates import Rates, block_rates, offered_bps, share_alone, share_by_slot
from bentpipe.simulate.recipe import Block, State, advance

SHARING = ("single-satellite", "multipath", "max-throughput")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rates")


def simulated(folder: Path, **keys: Any) -> tuple[Prepared, Block, Rates, Rates]:
    prepared = small_world(folder, **keys)
    block, _ = advance(prepared, State(), prepared.slots)
    down, up = block_rates(prepared, block)
    assert down is not None and up is not None
    return prepared, block, down, up


@pytest.mark.parametrize("sharing", SHARING)
def test_what_is_given_is_within_every_limit(folder: Path, sharing: str) -> None:
    prepared, block, down, up = simulated(folder, **{"policies.sharing": sharing})
    assert prepared.radio is not None and prepared.radio.up is not None
    for rates, direction in ((down, prepared.radio.down), (up, prepared.radio.up)):
        assert (rates.served_bps <= rates.offered_bps).all()
        assert (rates.served_bps[block.satellite < 0] == 0).all()
        assert (rates.gateway_bps.sum(axis=1) == rates.served_bps.sum(axis=1)).all()
        met = (rates.served_bps == rates.offered_bps) & (rates.offered_bps > 0)
        cut = (rates.offered_bps - rates.served_bps > 3) & (block.satellite >= 0)  # each kind asks for whole bit/s
        assert (rates.limit[met] == Limit.DEMAND).all()
        assert (rates.limit[cut] > Limit.DEMAND).all()
        if sharing == "single-satellite":
            for row in range(len(block.slots)):
                on = block.satellite[row] >= 0
                carried = np.bincount(block.satellite[row][on], rates.served_bps[row][on], len(direction.satellite_bps))
                assert (carried <= direction.satellite_bps).all()
    assert down.served_bps.sum() > 0 and up.served_bps.sum() > 0
    assert (down.limit > Limit.DEMAND).any()  # the small world asks for more than it can have


def test_several_satellites_carry_no_less_and_the_bound_is_one(folder: Path) -> None:
    totals = [simulated(folder, **{"policies.sharing": s})[2].served_bps.sum(axis=1) for s in SHARING]
    assert (totals[0] <= totals[2]).all()
    assert (totals[1] <= totals[2]).all()


@pytest.mark.parametrize("key", ["satellite.channels", "radio.satellite_down_gbps"])
def test_more_spectrum_or_capacity_never_lowers_the_bound(folder: Path, key: str) -> None:
    few, many = (2, 6) if key.endswith("channels") else (0.3, 3.0)
    less, more = (
        simulated(folder, **{"policies.sharing": "max-throughput", key: value})[2].served_bps.sum(axis=1)
        for value in (few, many)
    )
    assert (less <= more).all()


@settings(max_examples=15, deadline=None)
@given(percent=st.tuples(st.floats(0.01, 40.0), st.floats(0.01, 40.0)))
def test_worse_weather_never_raises_a_link_nor_the_total(folder: Path, percent: tuple[float, float]) -> None:
    found = []
    for p in sorted(percent):
        keys = {"weather.mode": "exceeded", "weather.exceeded_percent": p, "policies.sharing": "max-throughput"}
        prepared = small_world(folder, **keys, **{"time.duration": "1m"})
        block, _ = advance(prepared, State(), prepared.slots)
        assert prepared.radio is not None
        places, gateways = skies(prepared, block.slots, 0)
        rate, _ = link_rates(prepared, serving_links(block), prepared.radio.down, "down", places, gateways)
        down, _ = block_rates(prepared, block)
        assert down is not None
        found.append((rate, down.served_bps.sum(axis=1)))
    (wet, wet_total), (dry, dry_total) = found
    assert (wet <= dry * (1.0 + 1e-12)).all()
    assert (wet_total <= dry_total + len(wet)).all()  # whole bit/s


@pytest.mark.parametrize("sharing", SHARING)
def test_whole_is_chunked(folder: Path, sharing: str) -> None:
    prepared = small_world(folder, **{"policies.sharing": sharing})
    whole = block_variables(prepared, advance(prepared, State(), prepared.slots)[0])
    parts = [
        block_variables(prepared, advance(prepared, State(), prepared.slots[a:b], threads)[0])
        for a, b, threads in ((0, 7, 1), (7, 22, 2), (22, 40, 3))
    ]
    assert_same(whole, {name: np.concatenate([part[name] for part in parts]) for name in whole})


def test_a_kind_that_weighs_more_gets_more(folder: Path) -> None:
    plain = simulated(folder, **{"demand.weights.hubs": 1})[2]
    strict = simulated(folder, **{"demand.strict": True})[2]
    assert abs(int(plain.served_bps.sum()) - int(strict.served_bps.sum())) <= 2e-6 * plain.served_bps.sum()


def test_without_rates_nothing_is_claimed(folder: Path) -> None:
    prepared = small_world(folder, **{"policies.sharing": "none"})
    block, _ = advance(prepared, State(), prepared.slots[:4])
    assert block_rates(prepared, block) == (None, None)
    stored = block_variables(prepared, block)
    assert np.isnan(stored["rate_down_bit_s"]).all()
    assert (stored["limit_up"] == 0).all()


@pytest.mark.parametrize(
    "keys", [{}, {"demand.strict": True}, {"radio.gateway_backhaul_gbps": 0.2}, {"demand.weights.hubs": 1}]
)
def test_shares_of_a_block_are_those_of_its_slots(folder: Path, keys: dict[str, Any]) -> None:
    prepared = small_world(folder, **keys)
    block, _ = advance(prepared, State(), prepared.slots)
    assert prepared.radio is not None
    sky = skies(prepared, block.slots, 0)
    own = serving_links(block)
    for name, direction in (("down", prepared.radio.down), ("up", prepared.radio.up)):
        assert direction is not None
        bps = link_rates(prepared, own, direction, name, *sky)[0]
        offered = offered_bps(prepared, block.world.unix_s, block.world.ready, name)
        alone = share_alone(prepared, block, direction, own, bps, offered)
        nothing = Links(*(column[:0] for column in own)), np.zeros(0)
        by_slot = share_by_slot(prepared, block, direction, (own, bps), nothing, offered)
        for one, other in zip(alone, by_slot, strict=True):
            np.testing.assert_array_equal(one, other)
    assert alone.given_bps.sum() > 0
