"""Names ignore case: ids, kinds, codes, dishes, in files, in what they extend and in overrides."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bentpipe.cli import main
from bentpipe.errors import ScenarioError
from bentpipe.scenario import load_scenario, parse_scenario, validate

Write = Callable[..., Path]


def shouted(right: str) -> str:
    """The right scenario with every name in another case."""
    names = re.compile(r'^(id|kind|pop|dish|scheduling|source|pattern) = "([^"]*)"', re.MULTILINE)
    text = names.sub(lambda m: m[0].replace(m[2], m[2].upper()), right)
    text = text.replace("UKR", "Ukr").replace("UA-30", "ua-30").replace("UA-46", "Ua-46")
    return text.replace("homes =", "Homes =").replace("hubs =", "HUBS =")


def test_a_scenario_in_any_case_is_the_same_scenario(right: str, write: Write) -> None:
    assert shouted(right) != right
    assert parse_scenario(shouted(right)) == parse_scenario(right)
    assert validate(write(shouted(right))) == ()


def test_what_extends_goes_by_names_in_any_case(right: str, write: Write) -> None:
    write(shouted(right), "base.toml")
    path = write(
        'extends = "base.toml"\nname = "child"\nwithout = ["Disruptions.DARK"]\n'
        '[[gateways]]\nid = "EAST"\nantennas = 3\n[terminals.regions]\nuA-30 = 1000\n[terminals.kinds]\n'
        'HOMES = { share = 0.6 }\n[dishes.Mine]\n[[sites]]\nid = "Kyiv"\ndish = "MINE"\n'
    )
    s = load_scenario(path)
    assert s.disruptions == () and s.gateways[0].antennas == 3  # type: ignore[union-attr]
    assert s.terminals.regions == {"UA-30": 1000}
    assert s.terminals.kinds["homes"].battery_hours == 2
    assert s.sites[0].dish == "mine" and s.dish("Mini").field_of_view_deg == s.dish("mini").field_of_view_deg


def test_overrides_go_by_names_in_any_case(right: str) -> None:
    changes = {"gateways.EAST.antennas": 5, "people.regions.ua-30": 7, "TIME.Duration": "30m", "disruptions.Dark": None}
    s = parse_scenario(right, overrides=changes)
    assert s.gateways[0].antennas == 5 and s.people.regions["UA-30"] == 7  # type: ignore[union-attr]
    assert s.time.duration_s == 1800 and s.disruptions == ()


def test_provenance_goes_by_keys_in_any_case(right: str) -> None:
    text = right.replace('keys = ["terminals"]', 'keys = ["People.Regions.ua-30"]')
    row = next(a for a in parse_scenario(text).assumptions() if a.key == "people.regions.UA-30")
    assert row.note == "made up"


def test_words_that_stand_for_a_rule_ignore_case(right: str) -> None:
    s = parse_scenario(right + '\n[dishes.mine]\ntilt_deg = "AUTO"\nazimuth_deg = "Poleward"\n')
    assert (s.dish("mine").tilt_deg, s.dish("mine").azimuth_deg) == ("auto", "poleward")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("UA-30 = 3_000_000", "UA-30 = 3_000_000\nua-30 = 3_000_000"),
        ("homes = { share = 0.6, battery_hours = 2 }", "homes = { share = 0.3 }\nHomes = { share = 0.3 }"),
    ],
)
def test_a_name_given_twice_in_two_cases_is_a_fault(right: str, old: str, new: str) -> None:
    with pytest.raises(ScenarioError, match="given twice: names ignore case"):
        parse_scenario(right.replace(old, new))


def test_ids_given_twice_in_two_cases_are_a_fault(right: str) -> None:
    with pytest.raises(ScenarioError, match="the id is used twice in gateways"):
        parse_scenario(right.replace('id = "north"', 'id = "EAST"'))


def test_faults_still_know_their_line(right: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(right.replace("UA-30 = 3_000_000", "ua-30 = -3"))
    assert re.search(r"scenario:\d+: people\.regions\.UA-30", str(caught.value))


def test_letters_that_only_look_alike_are_refused(right: str) -> None:
    with pytest.raises(ScenarioError, match="not of the form"):
        parse_scenario(right.replace('id = "kyiv"', 'id = "\u212ayiv"'))  # the Kelvin sign folds to k


@pytest.mark.parametrize(
    "command",
    [
        ["scenarios", "SHOW", "One-Site"],
        ["Scenarios", "List", "--JSON"],
        ["ELEMENTS", "LIST"],
        ["Validate", "UKRAINE-2022", "--Json"],
    ],
)
def test_commands_and_options_ignore_case(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BENTPIPE_CACHE", str(tmp_path))
    assert main(command) == 0, capsys.readouterr().err
