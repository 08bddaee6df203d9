"""Shares over lasers: those of bent pipes where nothing is relayed, and lasers that bind where they carry little."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import laserworld
import numpy as np
import pytest

from bentpipe.network.flows import Limit
from bentpipe.network.relaying import laser_steps
from bentpipe.simulate.linkrates import Sky, landing_rates, link_rates, serving_links, skies
from bentpipe.simulate.meshrates import share_over_lasers
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.rates import Rates, block_rates, offered_bps, share_alone
from bentpipe.simulate.recipe import Block, State, advance

GROUND = laserworld.SITES + laserworld.GROUND
DEAD = """
[[disruptions]]
id = "lasers"
kind = "laser-loss"
title = "All lasers fail"
tag = "hypothetical"
all = true
"""
KINDS = """
[terminals.kinds]
homes = { share = 0.6, battery_hours = 0 }
hubs = { share = 0.4, battery_hours = 8 }
"""
HEAD = laserworld.HEAD.replace("\n[demand]", KINDS + "\n[demand]")


def simulated(folder: Path, parts: str, head: str = HEAD, **keys: Any) -> tuple[Prepared, Block, Rates]:
    prepared = laserworld.ready(folder, parts, head, **{"time.duration": "3m", **keys})
    block, _ = advance(prepared, State(), prepared.slots)
    down, _ = block_rates(prepared, block)
    assert down is not None
    return prepared, block, down


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"demand.strict": True, "demand.weights.hubs": 3},
        {"demand.weights.hubs": 3},
        {"radio.gateway_backhaul_gbps": 0.05},
        {"radio.satellite_down_gbps": 0.1},
        {"satellite.beams": 48, "satellite.background_share": 0.0, "demand.down_kbps_per_user": 900_000},
    ],
    ids=lambda keys: " ".join(keys) or "plain",
)
def test_where_nothing_is_relayed_shares_are_those_of_bent_pipes(tmp_path: Path, keys: dict[str, Any]) -> None:
    """Place by place within 1 bit/s a flow: both are exact, and round to whole bits in another order."""
    _, one, bent = simulated(tmp_path, GROUND, **keys)
    _, other, dark = simulated(tmp_path, GROUND + laserworld.LASERS + DEAD, **keys)
    np.testing.assert_array_equal(one.satellite, other.satellite)
    assert not other.lasers.any() and (other.satellite >= 0).any()
    np.testing.assert_array_equal(dark.channel_bps, bent.channel_bps)
    flows = 2 * one.satellite.shape[1]
    assert np.abs(dark.served_bps - bent.served_bps).max() <= flows
    assert np.abs(dark.gateway_bps - bent.gateway_bps).max() <= flows
    assert bent.served_bps.any()
    served = one.satellite >= 0
    assert np.abs(dark.peak_bps - bent.peak_bps)[served].max() <= 1e-6 * bent.peak_bps[served].max() + flows
    # What binds is named alike, unless two limits bind at once.
    assert (dark.limit != bent.limit).mean() < 0.02
    np.testing.assert_array_equal(dark.limit == Limit.UNSERVED, bent.limit == Limit.UNSERVED)


@pytest.mark.parametrize("lasers", ["", laserworld.LASERS], ids=["bent pipe", "lasers"])
def test_nobody_could_get_more_than_the_gateways_connection_has_left(tmp_path: Path, lasers: str) -> None:
    prepared, block, down = simulated(tmp_path, GROUND + lasers, **{"radio.gateway_backhaul_gbps": 0.05})
    trunk = round(0.05e9 * (1.0 - prepared.scenario.satellite.background_share))
    row, place = np.nonzero(block.satellite >= 0)
    left = trunk - down.gateway_bps[row, block.gateway[row, place]]
    own = down.served_bps[row, place] / np.maximum(block.world.ready[row, place], 1)
    assert (left >= 0).all() and (down.peak_bps[row, place] <= (left + own) * (1 + 1e-6)).all()


def test_lasers_bind_where_they_carry_little(tmp_path: Path) -> None:
    found = {}
    for gbps in (0.01, 0.1, 100.0):
        prepared, block, down = simulated(tmp_path, laserworld.ALL, **{"lasers.rate_gbps": gbps})
        assert prepared.lasers is not None
        relayed = block.lasers > 0
        assert not (down.limit[~relayed] == Limit.LASER).any()
        over: np.ndarray = np.zeros((len(block.slots), len(prepared.fleet.up)), np.int64)
        for row, ways in enumerate(block.ways):
            assert ways is not None
            places = np.flatnonzero(block.satellite[row] >= 0)
            offset, sender = laser_steps(ways, block.satellite[row, places])
            np.add.at(over[row], sender, np.repeat(down.served_bps[row, places], np.diff(offset)))
        assert over.max() <= prepared.lasers.rate_bps
        if gbps < 1:
            # A place that a laser holds back has a laser on its way that is full, but for whole bits.
            assert over.max() >= prepared.lasers.rate_bps - 2 * len(prepared.place_key)
        found[gbps] = ((down.limit[relayed] == Limit.LASER).mean(), int(down.served_bps[relayed].sum()))
    assert int(Limit.LASER) == 6
    assert found[0.01][0] > 0.8 > found[100.0][0] == 0.0
    assert found[0.01][1] < found[0.1][1] < found[100.0][1]


def test_the_weather_at_the_gateway_limits_what_lands_there(tmp_path: Path) -> None:
    """Of relayed places the bits a symbol are the user link's, and rain at the gateway takes from the feeder alone."""
    kyiv = laserworld.SITES.split("[[sites]]")[1]
    # Gateways where the table of the weather that ships has points; one antenna each, so that others land over lasers.
    ground = laserworld.GROUND.replace("antennas = 3", "antennas = 1").replace("antennas = 2", "antennas = 1")
    for old, new in (
        ("40.4", "51.86"),
        ("-3.7", "20.92"),
        ("45.5", "54.88"),
        ("9.2", "23.84"),
        ("42.7", "40.79"),
        ("23.3", "29.51"),
    ):
        ground = ground.replace(f"_deg = {old}", f"_deg = {new}", 1)
    parts = f'[[sites]]{kyiv}{ground}{laserworld.LASERS}[weather]\nmode = "exceeded"\n'
    landed, channels = [], []
    for percent in (50.0, 0.001):
        prepared, block, _ = simulated(tmp_path, parts, **{"weather.exceeded_percent": percent})
        assert prepared.radio is not None
        own, gateways = serving_links(block), skies(prepared, block.slots, 0)[1]
        dry = Sky(None, np.zeros((len(block.slots), len(prepared.place_key))))
        bps = link_rates(prepared, own, prepared.radio.down, "down", dry, gateways)[0]
        landing = landing_rates(prepared, own, bps, prepared.radio.down, gateways)
        assert own.relayed.any() and not own.relayed.all()
        np.testing.assert_array_equal(landing[~own.relayed], bps[~own.relayed])
        landed.append(landing[own.relayed])
        channels.append(bps[own.relayed])
    np.testing.assert_array_equal(channels[0], channels[1])
    assert (landed[1] <= landed[0]).all() and (landed[1] < 0.9 * landed[0]).any()


def test_no_gateway_and_nobody_asking_give_nothing(tmp_path: Path) -> None:
    prepared, block, down = simulated(
        tmp_path, laserworld.SITES + laserworld.LASERS + "[paths]\nall_sites = true\n", **{"time.duration": "30s"}
    )
    assert (block.satellite == -1).all() and not down.served_bps.any() and down.gateway_bps.shape == (2, 0)
    assert (down.limit == Limit.UNSERVED).all()
    prepared, block, down = simulated(tmp_path, laserworld.ALL, **{"terminals.total": 0, "time.duration": "30s"})
    assert prepared.radio is not None
    sky = skies(prepared, block.slots, 0)
    own = serving_links(block)
    bps = link_rates(prepared, own, prepared.radio.down, "down", *sky)[0]
    nothing = np.zeros_like(offered_bps(prepared, block.world.unix_s, block.world.ready, "down"))
    free, trunk = np.ones(2), np.full(2, 10**15)
    given = share_over_lasers(prepared, block, prepared.radio.down, (own, bps, bps), nothing, free, trunk)
    alone = share_alone(prepared, block, prepared.radio.down, own, bps, nothing)
    assert not given.given_bps.any() and not given.limit.any()
    np.testing.assert_array_equal(given.limit, alone.limit)
