"""Words of messages: what was typed, no Python, whole sentences."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bentpipe.catalog.elements import load_elements
from bentpipe.cli import main
from bentpipe.errors import ElementsError, Fault

Say = Callable[..., str]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Run a command line that must be refused, and give what it says."""
    monkeypatch.chdir(tmp_path)

    def refused(*arguments: str) -> str:
        assert main(list(arguments)) == 2
        return capsys.readouterr().err

    return refused


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (datetime(2050, 1, 2), "found 2050-01-02T00:00:00Z"),
        (datetime(2050, 1, 2, tzinfo=UTC), "found 2050-01-02T00:00:00+00:00"),
        (date(2050, 1, 2), "found 2050-01-02"),
        (Path("a/b"), "found 'a/b'"),
        (True, "found true"),
        ([date(2050, 1, 2), 3, "x"], "found [2050-01-02, 3, 'x']"),
        ({"start": date(2050, 1, 2)}, "found {start = 2050-01-02}"),
        ([10**5000], "found [a number of thousands of digits]"),
    ],
)
def test_values_are_shown_as_they_are_written(value: object, shown: str) -> None:
    assert str(Fault("wrong", value=value)) == f"wrong; {shown}"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--set", "satellite.beams=-3"), "bentpipe: --set satellite.beams: out of range; found -3"),
        (("--set", "gateways.nowhere.antennas=3"), "bentpipe: --set gateways.nowhere.antennas: gateways holds no"),
        (("--duration", "5 parsecs"), "bentpipe: --duration: "),
        (("--start", "9999-01-01T00:00Z"), "bentpipe: --start: the time is out of range; found '9999-01-01T00:00Z'"),
        (("--seed", "-1"), "bentpipe: --seed: out of range"),
        (("--policy", "nearest"), "bentpipe: --policy: no scheduling policy has this name"),
        (
            ("--set", "time.start=9999-01-01T00:00:00Z"),
            "--set time.start: the time is out of range; found 9999-01-01T00:00:00+00:00",
        ),
    ],
)
def test_a_fault_of_an_option_names_it(say: Say, arguments: tuple[str, ...], says: str) -> None:
    assert says in say("run", "one-site", *arguments)


def test_infinite_seconds_are_no_advice(say: Say) -> None:
    assert 'write "' not in say("run", "one-site", "--set", "time.duration=inf")
    assert 'write "5s" if seconds are meant' in say("run", "one-site", "--set", "time.duration=5")


def test_an_endless_number_is_told_in_words(say: Say, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(f"schema = 1\nseed = {'9' * 5000}\n")
    told = say("validate", "x.toml")
    assert "x.toml:2: a number of thousands of digits" in told and "sys." not in told


@pytest.mark.parametrize("name", ["", "  "])
def test_no_scenario_is_named(say: Say, name: str) -> None:
    assert "no scenario is named" in say("validate", name)


def test_a_new_scenario_has_the_name_of_its_country(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "my.toml"
    assert main(["scenarios", "new", "--country", "ken", "--out", str(target)]) == 0
    assert 'title = "Satellite internet access in Kenya"' in target.read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(["scenarios", "new", "--country", "qqq", "--out", str(tmp_path / "q.toml")]) == 2


def test_a_record_that_is_no_object_hides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    path.write_text(json.dumps([3, {"NORAD_CAT_ID": 1, "ECCENTRICITY": "x"}]))
    with pytest.raises(ElementsError) as caught:
        load_elements(path)
    told = str(caught.value)
    assert "record 1: not an OMM object" in told and "record 2: ECCENTRICITY" in told


def test_people_beyond_the_range_are_told_the_range(say: Say, tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_text("h3,people\n851e6387fffffff,1e30\n")
    (tmp_path / "x.toml").write_text(
        'schema = 1\nextends = "one-site"\nname = "x"\n[people]\ncells_file = "cells.csv"\n'
    )
    assert "allowed: a number from 0 to 10,000,000,000" in say("validate", "x.toml")
