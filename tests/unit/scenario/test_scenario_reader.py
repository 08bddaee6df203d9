"""Reading, extending, overriding, writing."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from bentpipe.errors import ScenarioError
from bentpipe.scenario import (
    BUILTIN_DISHES,
    PowerCut,
    Scenario,
    builtin_names,
    check_references,
    dump_toml,
    load_scenario,
    named_regions,
    parse_override,
    parse_scenario,
    validate,
)

Write = Callable[..., Path]


def test_a_right_scenario_is_read(right: str, write: Write) -> None:
    s = load_scenario(write(right))
    assert validate(write(right)) == ()
    assert (s.time.start, s.time.end) == (datetime(2022, 10, 24), datetime(2022, 10, 24, 1))
    assert (s.time.duration_s, s.time.slot_s, s.time.slot_offset_s) == (3600.0, 15.0, 12.0)
    assert s.people.regions == {"UA-30": 3_000_000, "UA-46": 2_000_000}
    assert s.sites[0].obstruction == ((0.0, 10.0), (90.0, 20.0), (270.0, 5.0))
    assert isinstance(s.gateways, tuple) and s.gateways[1].pop == "frankfurt"
    assert isinstance(s.disruptions[0], PowerCut) and s.disruptions[0].window == timedelta(hours=4)
    assert s.satellites_on() == date(2022, 10, 24)
    assert s.dish("mini") is BUILTIN_DISHES["mini"]
    assert s.where("sites.kyiv.name").endswith("my.toml:40: sites.kyiv.name")
    assert not s.hypothetical


def test_a_scenario_is_frozen_hashable_and_picklable(right: str) -> None:
    s = parse_scenario(right)
    with pytest.raises(ValidationError):
        s.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        s.people.regions["UA-30"] = 1  # type: ignore[index]
    assert hash(s) == hash(parse_scenario(right)) and s == parse_scenario(right, file="elsewhere")
    assert pickle.loads(pickle.dumps(s)) == s


def test_windows(right: str) -> None:
    event = right.replace("start = 2022-10-24T00:10:00Z\nend = 2022-10-24T00:50:00Z\n", "{}")

    def window(text: str) -> tuple[datetime, datetime]:
        s = parse_scenario(event.replace("{}", text))
        return s.window(s.disruptions[0])

    start, end = datetime(2022, 10, 24), datetime(2022, 10, 24, 1)
    assert window("") == (start, end)
    assert window('duration = "15m"\n') == (start, datetime(2022, 10, 24, 0, 15))
    assert window("start = 2022-10-24T03:20:00+03:00\n") == (datetime(2022, 10, 24, 0, 20), end)
    assert window("end = 2022-10-24T00:30:00Z\n") == (start, datetime(2022, 10, 24, 0, 30))


def test_own_dishes_come_before_the_built_in_ones(right: str) -> None:
    s = parse_scenario(right + "\n[dishes.standard]\nfield_of_view_deg = 90\ntilt_deg = 10\n")
    assert s.dish("standard").field_of_view_deg == 90.0 and s.dish("standard").tilt_deg == 10.0
    assert s.dish("mini").tilt_deg == "auto"


def test_paths_start_from_the_folder_of_the_file(right: str, write: Write, tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "sites.csv").write_text("id\n")
    path = write(right.replace("seed = 7", 'sites_file = "lists/sites.csv"'))
    s = load_scenario(path)
    assert s.sites_file == tmp_path / "lists" / "sites.csv"
    assert s.portable()["sites_file"] == "sites_file.csv"
    child = tmp_path / "lists" / "child.toml"
    child.write_text('extends = "../my.toml"\nname = "child"\n')
    assert load_scenario(child).sites_file == s.sites_file


def test_overrides(right: str, write: Write) -> None:
    path = write(right)
    s = load_scenario(path, {"time.duration": "30m", "gateways.north.antennas": 4, "sites.0.battery_hours": 2,
                             "fibre.route_factor": 2, "disruptions.dark.share": 0.25, "policies.scheduling": None,
                             "disruptions.dark.end": "2022-10-24T00:20:00Z"})  # fmt: skip
    assert s.time.duration == timedelta(minutes=30)
    assert isinstance(s.gateways, tuple) and [g.antennas for g in s.gateways] == [8, 4]
    assert s.sites[0].battery_hours == 2.0 and s.fibre.route_factor == 2.0
    assert s.disruptions[0].share == 0.25  # type: ignore[union-attr]
    assert load_scenario(path).time.duration == timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "value"),
    [("a.b=1", 1), ("a.b = 24h", "24h"), ('a.b="x"', "x"), ("a.b=none", None), ("a.b=[1, 2]", [1, 2]),
     ("a.b=x=y", "x=y")],
)  # fmt: skip
def test_overrides_of_the_terminal(text: str, value: object) -> None:
    assert parse_override(text) == ("a.b", value)


@pytest.mark.parametrize("text", ["a.b", "=1", "a b=1", ""])
def test_what_is_no_override_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError, match="KEY=VALUE"):
        parse_override(text)


def test_extending_merges_tables_and_lists_by_id(right: str, write: Write) -> None:
    write(right)
    child = write(
        'extends = "my.toml"\nname = "child"\nwithout = ["sites.kyiv", "constellation.date"]\n'
        '[time]\nduration = "2h"\n'
        '[[gateways]]\nid = "north"\nantennas = 2\n'
        '[[gateways]]\nid = "south"\nname = "South"\nlatitude_deg = 40\nlongitude_deg = 29\npop = "frankfurt"\n'
        '[[disruptions]]\nid = "dark"\nkind = "terrestrial-outage"\ntitle = "Out"\ntag = "hypothetical"\n'
        '[[provenance]]\nkeys = ["gateways.south"]\ntag = "hypothetical"\n',
        "child.toml",
    )
    s = load_scenario(child)
    assert (s.name, s.title, s.seed) == ("child", "A test", 7)
    assert s.time.duration == timedelta(hours=2) and s.time.slot_s == 15.0
    assert isinstance(s.gateways, tuple)
    assert [(g.id, g.antennas) for g in s.gateways] == [("east", 8), ("north", 2), ("south", 8)]
    assert s.sites == () and s.constellation.date is None
    assert [e.kind for e in s.disruptions] == ["terrestrial-outage"]
    assert len(s.provenance) == 2 and s.hypothetical
    assert "my.toml:47" in s.where("gateways.east.id")
    assert "child.toml" in s.where("gateways.north.antennas") and "my.toml" in s.where("gateways.north.name")


def test_faults_name_the_file_that_holds_the_key(right: str, write: Write) -> None:
    write(right.replace("beams = 16", "beams = 0"))
    child = write('extends = "my.toml"\nname = "child"\n[time]\nslot = "5 parsec"\n', "child.toml")
    messages = [str(f) for f in validate(child)]
    assert len(messages) == 2
    assert "child.toml:4: time.slot" in messages[0] and "my.toml:16: satellite.beams" in messages[1]


def test_a_child_needs_a_name_of_its_own(right: str, write: Write) -> None:
    write(right)
    (fault,) = validate(write('extends = "my.toml"\n', "child.toml"))
    assert "the key 'name' is missing" in fault.what


def test_what_without_names_must_exist(right: str, write: Write) -> None:
    write(right)
    (fault,) = validate(write('extends = "my.toml"\nname = "c"\nwithout = ["gateways.nort"]\n', "child.toml"))
    assert "gateways holds no 'nort'" in fault.what and fault.remedy == "did you mean 'north'?"


@pytest.mark.parametrize("name", builtin_names())
@pytest.mark.parametrize("defaults", [False, True])
def test_written_scenarios_read_back_equal(name: str, defaults: bool) -> None:
    s = load_scenario(name)
    assert parse_scenario(dump_toml(s, defaults=defaults)) == s
    assert Scenario.model_validate(json.loads(json.dumps(s.document()))) == s


def test_written_texts_are_escaped(right: str) -> None:
    title = 'quotes " and \\ and \n and ü and \u2028'
    s = parse_scenario(right, overrides={"title": title})
    assert parse_scenario(dump_toml(s)).title == title


def test_references_to_the_catalogue(right: str, write: Write) -> None:
    s = load_scenario(write(right))
    assert ("UA-30", "disruptions.dark.regions") in named_regions(s)
    assert check_references(s, {"UA-30", "UA-46"}, countries={"UKR"}, policies={"Observed"}) == ()
    faults = check_references(s, {"UA-46"}, countries={"POL"}, policies={"highest"})
    assert [f.value for f in faults] == ["UKR", "UA-30", "UA-30", "observed"]
    assert "my.toml:78: disruptions.dark.regions" in faults[2].where
    assert check_references(s) == ()


def test_terminals_are_shared_out_to_the_last_one(right: str) -> None:
    s = parse_scenario(right, overrides={"terminals.region_weights": {"UA-46": 3}})
    assert s.terminals.share_out({"UA-30": 3e6, "UA-46": 2e6}) == {"UA-30": 333, "UA-46": 667}
    assert s.terminals.share_out({"UA-30": 0.0}) == {"UA-30": 0}
    own = parse_scenario(right, overrides={"terminals.regions": {"UA-46": 1000}}).terminals
    assert own.share_out({"UA-30": 3e6, "UA-46": 2e6}) == {"UA-30": 0, "UA-46": 1000}


def test_importing_the_package_is_cheap() -> None:
    code = "import sys, bentpipe.scenario; print('pydantic' in sys.modules, 'h3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    ("overrides", "left_out", "cut_short"),
    [
        ({"time.duration": "1h"}, ["power-centre-north", "power-elsewhere", "cut-off-1300"], []),
        ({"time.duration": "5h"}, ["cut-off-1300"], ["power-centre-north", "power-elsewhere"]),
        ({"time.start": "2022-11-01"}, ["power-centre-north", "power-elsewhere"], ["cut-off-1300"]),
        ({"time.duration": "24h"}, [], []),
    ],
    ids=str,
)
def test_an_override_of_the_time_leaves_events_out(
    overrides: dict[str, str], left_out: list[str], cut_short: list[str]
) -> None:
    whole, part = load_scenario("ukraine-2022"), load_scenario("ukraine-2022", overrides)
    assert [e.id for e in part.left_out] == left_out
    assert [e.id for e in part.disruptions] == [e.id for e in whole.disruptions if e.id not in left_out]
    notes = " ".join(part.notes)
    assert all(name in notes for name in (*left_out, *cut_short)) and bool(notes) == bool(left_out or cut_short)
    # One that is cut short keeps its dates: by the start of the run the power has been out for so long.
    assert all(part.window(e)[0] == e.start for e in part.disruptions if e.id in cut_short)


def test_what_is_left_out_is_no_hypothesis_of_the_run() -> None:
    assert load_scenario("ukraine-2022-gateway-loss").hypothetical
    assert not load_scenario("ukraine-2022-gateway-loss", {"time.duration": "1h"}).hypothetical


def test_in_a_file_an_event_outside_the_run_stays_a_fault(write: Callable[..., Path]) -> None:
    text = 'schema = 1\nextends = "ukraine-2022"\nname = "short"\n[time]\nduration = "1h"\n'
    with pytest.raises(ScenarioError) as caught:
        load_scenario(write(text))
    poll = [fault for fault in caught.value.faults if "poll" in fault.where]
    assert len(poll) == 1 and "not within the simulated time" in poll[0].what
    faults = [fault for fault in caught.value.faults if fault not in poll]
    assert len(faults) == 3
    assert all("lies outside the run" in fault.what for fault in faults)
    assert [fault.value for fault in faults][-1] == "from 2022-10-24T06:00:00"
    past = 'schema = 1\nextends = "ukraine-2022"\nname = "past"\n[[disruptions]]\nid = "power-front"\n'
    past += "end = 2022-10-01T00:00:00Z\n"
    with pytest.raises(ScenarioError, match=r"disruptions.*end: the event lies outside the run; found 'to 2022-10-01"):
        load_scenario(write(past))
