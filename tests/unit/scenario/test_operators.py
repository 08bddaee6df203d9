"""What operators other than Starlink bring, and what is refused of them."""

from __future__ import annotations

from typing import Any

import pytest

from bentpipe.errors import ScenarioError
from bentpipe.scenario import Scenario, dump_toml, load_scenario, parse_scenario
from bentpipe.scenario.operators import SECTIONS, operator_defaults, rival_names

TEXT = """\
schema = 1
name = "rival"
[time]
start = 2022-10-24T00:00:00Z
duration = "10m"
[constellation]
operator = "{operator}"
{source}
[territory]
country = "UKR"
resolution = 3
[terminals]
total = 100
[[gateways]]
id = "hub"
name = "Hub"
latitude_deg = 52.2
longitude_deg = 21.0
pop = "here"
[[pops]]
id = "here"
name = "Here"
latitude_deg = 52.2
longitude_deg = 21.0
{more}
"""
SOURCES = {
    "oneweb": 'source = "licensed"',
    "kuiper": 'source = "licensed"',
    "geostationary": 'source = "longitude"\nlongitude_deg = 9.0',
}


def rival(operator: str, more: str = "", source: str | None = None, **overrides: Any) -> Scenario:
    given = SOURCES[operator.lower()] if source is None else source
    return parse_scenario(TEXT.format(operator=operator, source=given, more=more), overrides=overrides)


def faults(operator: str, more: str = "", source: str | None = None) -> str:
    with pytest.raises(ScenarioError) as error:
        rival(operator, more, source)
    return "\n".join(map(str, error.value.faults))


@pytest.mark.parametrize("operator", rival_names())
def test_no_default_of_starlink_is_taken_over_silently(operator: str) -> None:
    model = rival(operator)
    told = {row.key: row for row in model.assumptions()}
    for section in SECTIONS:
        for key, entry in operator_defaults(operator, section).items():
            row = told[f"{section}.{key}"]
            assert (row.value, row.tag, row.note) == (entry.value, entry.tag, entry.note)
    for key, entry in operator_defaults(operator, "dish").items():
        assert told[f"dishes.standard.{key}"].tag == entry.tag
    for key, entry in operator_defaults(operator, "gateway").items():
        assert (told[f"gateways.hub.{key}"].value, told[f"gateways.hub.{key}"].tag) == (entry.value, entry.tag)
    assert all(told[f"access.{key}"].tag == "assumed" for key in operator_defaults(operator, "access"))
    assert told["time.slot"].tag == "assumed"


@pytest.mark.parametrize("operator", rival_names())
def test_every_default_has_a_tag_and_a_reason(operator: str) -> None:
    for part in (*SECTIONS, "dish", "gateway"):
        for key, entry in operator_defaults(operator, part).items():
            assert entry.tag in ("documented", "assumed"), key
            assert entry.source if entry.tag == "documented" else entry.source or entry.note, key
            assert "recalled" not in entry.source or entry.tag == "assumed", key


def test_what_a_scenario_says_prevails() -> None:
    model = rival("OneWeb", "[satellite]\nbeams = 20\n[dishes.big]\ngso_avoidance_deg = 5\n[access]\nframe_ms = 9")
    assert (model.satellite.beams, model.satellite.channels) == (20, 1)
    assert (model.dishes["big"].gso_avoidance_deg, model.dishes["big"].minimum_elevation_deg) == (5.0, 55.0)
    assert (model.access.frame_ms, model.access.grant_wait_ms) == (9.0, 20.0)


def test_starlink_is_as_it_was() -> None:
    model = load_scenario("ukraine-2022")
    assert model.access.frame_ms is None and not model.dishes and model.satellite.beam_cell_km2 == 379.0


@pytest.mark.parametrize("operator", rival_names())
@pytest.mark.parametrize("defaults", [False, True])
def test_it_reads_back_equal(operator: str, defaults: bool) -> None:
    model = rival(operator)
    again = parse_scenario(dump_toml(model, defaults=defaults))
    assert again == model


def test_values_equal_to_a_default_of_starlink_survive_writing() -> None:
    model = rival("oneweb", "[dishes.mine]\nminimum_elevation_deg = 25\ngso_avoidance_deg = 18")
    again = parse_scenario(dump_toml(model))
    assert (again.dishes["mine"].minimum_elevation_deg, again.dishes["mine"].gso_avoidance_deg) == (25.0, 18.0)


def test_a_geostationary_satellite_needs_its_longitude_and_no_other_source() -> None:
    assert "needs the key 'longitude_deg'" in faults("geostationary", source='source = "longitude"')
    for source in ("licensed", "on-station"):
        assert "given by its longitude" in faults("geostationary", source=f'source = "{source}"')
    assert "only a geostationary satellite" in faults("kuiper", source='source = "longitude"\nlongitude_deg = 9')
    assert "contradicts source" in faults("oneweb", source='source = "licensed"\nlongitude_deg = 9')
    assert "-180 to 360" in faults("geostationary", source='source = "longitude"\nlongitude_deg = 400')


def test_nobody_avoids_the_arc_in_which_the_own_satellite_stands() -> None:
    found = faults("geostationary", "[dishes.mine]\ngso_avoidance_deg = 2")
    assert "keeps away from the arc" in found and "dishes.mine.gso_avoidance_deg" in found
    with pytest.raises(ScenarioError, match="keeps away from the arc"):
        rival("geostationary", **{"gateways.hub.gso_avoidance_deg": 18})


def test_satellites_that_nobody_counted_are_refused() -> None:
    assert "licensed, elements, shells" in faults("oneweb", source='source = "on-station"')


def test_dishes_of_starlink_are_not_those_of_others() -> None:
    assert "no such dish; found 'mini'; allowed: standard" in faults("kuiper", '[[sites]]\nid = "a"\nname = "A"\n'
                                                                     'latitude_deg = 50\nlongitude_deg = 30\n'
                                                                     'dish = "mini"')  # fmt: skip


def test_an_access_network_is_given_as_a_whole() -> None:
    with pytest.raises(ScenarioError, match="given in part"):
        load_scenario("one-site", {"access.frame_ms": 5.0})
    whole = {"frame_ms": 5, "grant_wait_ms": 9, "load_wait_ms": 1, "slot_log_sigma": 0.3, "within_log_sigma": 0.5}
    own = {f"access.{key}": value for key, value in whole.items()}
    assert load_scenario("one-site", own).access.grant_wait_ms == 9.0
    with pytest.raises(ScenarioError, match="fitted to Starlink only"):
        load_scenario("one-site", {**own, "access.probe": "traceroute"})
    assert "fitted to Starlink only" in faults("kuiper", '[access]\nprobe = "dish"')


def test_an_operator_that_is_none_is_refused_with_those_that_are() -> None:
    assert "'starlink', 'oneweb', 'kuiper', 'geostationary'" in faults("viasat", source='source = "licensed"')


def test_broken_tables_are_left_for_the_model_to_refuse() -> None:
    for more in ("satellite = 3", "access = []", 'dishes = "x"', "provenance = 1"):
        text = TEXT.format(operator="oneweb", source=SOURCES["oneweb"], more="")
        with pytest.raises(ScenarioError):
            parse_scenario(f"{more}\n{text}")
