"""Gateways: antennas for the territory, routes to every point of presence, and where they stand."""

from __future__ import annotations

import numpy as np
import pytest
from corner import TEXT, corner

from bentpipe.earth import great_circle_m
from bentpipe.errors import ScenarioError
from bentpipe.scenario import parse_scenario
from bentpipe.simulate.ground import make_ground


def test_antennas_routes_and_homes() -> None:
    ground = make_ground(parse_scenario(TEXT))
    assert ground.id == ("west", "home")
    assert ground.antennas.tolist() == [2, 2]  # one of three carries the neighbours
    assert ground.home.tolist() == [0, 1]
    factor = parse_scenario(TEXT).fibre.route_factor
    direct = great_circle_m(51.86, 20.92, 42.7, 23.3)
    assert ground.fibre_route_m[0, 1] == pytest.approx(factor * direct)
    assert np.isneginf(ground.available_from_s).all()


def test_gateways_stand_in_regions_and_countries() -> None:
    ground = make_ground(parse_scenario(TEXT))
    assert ground.region.tolist() == ["PL-MZ", "UA-32"]
    assert ground.country.tolist() == ["POL", "UKR"]
    assert ground.standing_in(["UA-32", "UA-30"]).tolist() == [False, True]
    assert ground.standing_in(["POL"]).tolist() == [True, False]
    assert not ground.standing_in([""]).any()


def test_a_gateway_to_nowhere_is_a_fault() -> None:
    from bentpipe.scenario import Scenario

    document = parse_scenario(TEXT).document()
    document["gateways"][0]["pop"] = "paris"
    with pytest.raises(ScenarioError, match=r"no such point of presence.*paris.*frankfurt, sofia"):
        make_ground(Scenario.model_validate(document))


def test_the_assumed_list_has_no_gateway_without_antennas() -> None:
    text = TEXT[: TEXT.index("[[gateways]]")].replace("seed = 5", 'seed = 5\ngateways = "world-assumed"')
    ground = make_ground(parse_scenario(text))
    assert len(ground.id) > 50 and (ground.antennas > 0).all()
    assert "assumed" in ground.warnings[0]


def test_a_gateway_opens_on_its_day() -> None:
    from bentpipe.simulate.world import world_state

    prepared = corner(gateways__west__available_from="2022-10-24T10:05:00Z")
    antennas = world_state(prepared, np.array(prepared.slots)).antennas[:, 0]
    assert antennas[0] == 0 and antennas[-1] == 2
