"""The built-in scenarios, what they assume, and the start of a scenario of one's own."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel

from bentpipe.errors import ScenarioError, UnknownNameError
from bentpipe.scenario import (
    WORLD_ASSUMED,
    LicenceWithdrawn,
    Scenario,
    TerminalsCutOff,
    builtin_names,
    load_scenario,
    new_scenario,
    parse_scenario,
    scenario_text,
    validate,
)
from bentpipe.scenario.assumptions import leaf_keys, quantities
from bentpipe.scenario.eventchecks import matches


@pytest.fixture(scope="module")
def ukraine() -> Scenario:
    return load_scenario("ukraine-2022")


def test_names_ignore_case() -> None:
    day = "ukraine-2022"
    what_ifs = (f"{day}-gateway-loss", f"{day}-geostationary", f"{day}-kuiper", f"{day}-oneweb")
    over_lasers = ("arctic", "arctic-lasers-off", "one-site", "starlink-shell-1-cities", "two-sites")
    assert builtin_names() == (*over_lasers, day, *what_ifs, "world")
    assert load_scenario("Ukraine-2022").name == "ukraine-2022"
    assert scenario_text("ONE-SITE").startswith("#")
    with pytest.raises(UnknownNameError, match="did you mean 'world'"):
        scenario_text("wrld")


@pytest.mark.parametrize("name", builtin_names())
def test_built_ins_are_right_and_named_for_themselves(name: str) -> None:
    assert validate(name) == ()
    assert load_scenario(name).name == name


def test_ukraine_states_the_facts(ukraine: Scenario) -> None:
    assert (ukraine.time.start, ukraine.time.end) == (datetime(2022, 10, 24), datetime(2022, 10, 25))
    assert ukraine.satellites_on() == date(2022, 10, 24)
    assert (ukraine.territory.country, ukraine.territory.resolution) == ("UKR", 5)
    assert len(ukraine.people.regions) == 27 and ukraine.people.total == sum(ukraine.people.regions.values())
    assert isinstance(ukraine.gateways, tuple)
    assert {(g.id, g.antennas, g.minimum_elevation_deg, g.gso_avoidance_deg, g.pop) for g in ukraine.gateways} == {
        (name, 8, 25.0, 18.0, "frankfurt") for name in ("wola-krobowska", "kaunas", "muallim", "usingen")
    }
    assert 15_000 <= ukraine.terminals.total <= 20_000 and ukraine.terminals.users_per_terminal == 15.0
    (cut,) = (e for e in ukraine.disruptions if isinstance(e, TerminalsCutOff))
    assert (cut.count, cut.tag) == (1300, "documented")
    assert 8 <= len(ukraine.sites) <= 12
    assert not ukraine.hypothetical


def test_terminals_follow_from_the_two_documented_counts(ukraine: Scenario) -> None:
    share = (date(2022, 10, 24) - date(2022, 5, 2)) / (date(2022, 11, 10) - date(2022, 5, 2))
    assert ukraine.terminals.total == pytest.approx(10_000 + 10_000 * share, abs=50)


def test_the_regions_cut_off_have_enough_terminals(ukraine: Scenario) -> None:
    shares = ukraine.terminals.share_out({k: float(v) for k, v in ukraine.people.regions.items()})
    (cut,) = (e for e in ukraine.disruptions if isinstance(e, TerminalsCutOff))
    assert sum(shares.values()) == ukraine.terminals.total
    assert sum(shares[code] for code in cut.regions) > cut.count
    assert shares["UA-40"] == shares["UA-43"] == 0


def test_cities_held_on_the_day_lie_outside_the_masks(ukraine: Scenario) -> None:
    masks = [m.polygon for m in ukraine.licence.masks if m.polygon]
    masks += [e.polygon for e in ukraine.disruptions if isinstance(e, LicenceWithdrawn)]
    covered = {s.id for s in ukraine.sites if any(inside(s.latitude_deg, s.longitude_deg, m) for m in masks)}
    assert covered == {"kherson"}


def inside(lat: float | None, lon: float | None, corners: tuple[tuple[float, float], ...]) -> bool:
    assert lat is not None and lon is not None
    sides = zip(corners, (*corners[1:], corners[0]), strict=True)
    return sum((a > lat) != (c > lat) and lon < (d - b) * (lat - a) / (c - a) + b for (a, b), (c, d) in sides) % 2 == 1


def test_the_loss_of_a_gateway_is_hypothetical_and_only_in_the_second() -> None:
    base, loss = load_scenario("ukraine-2022"), load_scenario("ukraine-2022-gateway-loss")
    assert loss.hypothetical
    assert loss.disruptions[:-1] == base.disruptions and loss.terminals == base.terminals
    assert loss.window(loss.disruptions[-1]) == (datetime(2022, 10, 24, 12), datetime(2022, 10, 24, 18))
    made_up = {row.key for row in loss.assumptions() if row.tag == "hypothetical"}
    assert made_up and all(key.startswith("disruptions.wola-krobowska-out.") for key in made_up)


def test_the_world_is_coarse_and_its_gateways_assumed() -> None:
    world = load_scenario("world")
    assert world.territory.world and world.territory.resolution == 3 and world.gateways == WORLD_ASSUMED
    assert {row.tag for row in world.assumptions() if row.key == "gateways"} == {"assumed"}


def test_every_value_of_the_default_scenario_is_accounted_for(ukraine: Scenario) -> None:
    rows = {row.key: row for row in ukraine.assumptions()}
    assert set(leaf_keys(ukraine)) <= set(rows)
    assert all(row.source for row in rows.values() if row.tag == "documented")
    assert rows["terminals.total"].tag == "assumed" and "10 November" in rows["terminals.total"].source
    assert rows["terminals.users_per_terminal"].date == "2022-05-02"
    assert rows["people.regions.UA-43"].date == "2014-01-01" and rows["people.regions.UA-30"].unit == "people"
    assert rows["gateways.kaunas.antennas"].note.startswith("state in 2022 assumed")
    assert rows["disruptions.cut-off-1300.count"].tag == "documented"
    assert rows["disruptions.cut-off-1300.start"].tag == "assumed"
    assert rows["satellite.beam_cell_km2"].tag == "documented"  # a default with its own source
    assert rows["dishes.standard.field_of_view_deg"].value == 100.0
    assert not any(key.endswith((".name", ".title", ".id")) for key in rows)


def test_untagged_values_are_assumed_and_defaults_have_their_own_tag() -> None:
    text = scenario_text("one-site")
    rows = {r.key: r for r in parse_scenario(text, overrides={"satellite.beams": 20}).assumptions()}
    assert rows["satellite.beams"].tag == "assumed" and rows["satellite.beams"].source == ""
    rows = {r.key: r for r in parse_scenario(text).assumptions()}
    assert rows["satellite.beams"].tag == "documented" and rows["satellite.beams"].source


def test_a_later_row_prevails() -> None:
    late = '\n[[provenance]]\nkeys = ["gateways"]\ntag = "assumed"\nnote = "late"\n'
    rows = {r.key: r for r in parse_scenario(scenario_text("one-site") + late).assumptions()}
    assert rows["gateways.kaunas.latitude_deg"].note == "late"


def numbers(model: type[BaseModel], path: str = "") -> list[str]:
    """List the keys of all numeric fields of a section."""
    return [f"{path}{name}" for name, field in model.model_fields.items() if "Number(" in repr(field)]


def test_numbers_have_a_row_in_the_table_of_quantities() -> None:
    from bentpipe.scenario import Dish, Fibre, Gateway, Satellite, Site, TerminalKind, Terminals

    keys = numbers(Satellite, "satellite.") + numbers(Fibre, "fibre.") + numbers(Dish, "dishes.x.")
    keys += numbers(Gateway, "gateways.x.") + numbers(Site, "sites.x.")
    keys += numbers(Terminals, "terminals.") + numbers(TerminalKind, "terminals.kinds.x.")
    parents = {"terminals.regions", "terminals.region_weights"}
    missing = [k for k in keys if k not in parents and not any(matches(q.key, k) for q in quantities())]
    assert len(keys) > 25 and missing == []
    assert all(q.tag in ("", "documented", "assumed") for q in quantities())
    assert all(q.source for q in quantities() if q.tag == "documented")


@pytest.mark.parametrize("country", ["UKR", "fra"])
def test_new_scenarios_are_right_as_they_stand(country: str) -> None:
    text = new_scenario(country)
    s = parse_scenario(text)
    assert s.territory.country == country.upper() and s.name == f"my-{country.lower()}"
    assert text.count("#") > 20


def test_in_new_scenarios_there_is_a_time_before_the_power_cut() -> None:
    s = parse_scenario(new_scenario("UKR"))
    start, end = s.window(s.disruptions[0])
    assert s.time.start + timedelta(minutes=15) <= start < end < s.time.end


def test_new_scenarios_name_the_sites(tmp_path: Path) -> None:
    (tmp_path / 'my "sites".csv').write_text("id\n")
    s = parse_scenario(new_scenario("UKR", 'my "sites".csv'), folder=tmp_path)
    assert s.sites_file == tmp_path / 'my "sites".csv'


@pytest.mark.parametrize(("country", "name"), [("Ukraine", ""), ("U1R", ""), ("", ""), ("UKR", "../x")])
def test_new_scenarios_refuse_what_is_no_code_or_name(country: str, name: str) -> None:
    with pytest.raises(ScenarioError):
        new_scenario(country, name=name)
