"""Inputs: order, bounds, grouping, and what is withheld."""

import pytest
from finished_run import make_run

from bentpipe.report import assumptions
from bentpipe.report.reading import read


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"))


def with_inputs(run, rows):
    names = ("key", "value", "unit", "tag", "source", "date", "note")
    inputs = [dict(zip(names, (*row, "", "", ""), strict=False)) for row in rows]
    return read(type(run)(run.path, {**run.manifest, "assumptions": inputs}, run.dataset))


def test_assumed_inputs_come_first_by_falling_bound(run):
    rows = assumptions.ranked(read(run))
    marks = [r.marked for r in rows]
    assert marks == sorted(marks, reverse=True)
    bounds = [(r.users, r.seconds) for r in rows if r.marked]
    assert bounds == sorted(bounds, reverse=True)
    assert rows[0].key == "terminals.users_per_terminal"


def test_an_input_of_an_event_is_bounded_by_what_the_event_changed(run):
    rows = {r.key: r for r in assumptions.ranked(read(run))}
    assert rows["disruptions.power-cut.share"].users > 0
    assert "during against before" in rows["disruptions.power-cut.share"].effect


def test_delay_inputs_are_bounded_by_their_segments(run):
    rows = {r.key: r for r in assumptions.ranked(read(run))}
    assert rows["fibre.route_factor"].seconds == pytest.approx(9.4e-3, rel=0.05)
    assert rows["fibre.route_factor"].users == 0


def test_like_inputs_share_a_row(run):
    rows = [(f"gateways.g{i}.antennas", 4 + i, "antennas", "assumed") for i in range(5)]
    found = assumptions.ranked(with_inputs(run, rows))
    assert len(found) == 1
    assert (found[0].key, found[0].inputs, found[0].value) == ("gateways.*.antennas", 5, "4 to 8 antennas")


def test_positions_of_sites_are_withheld_unless_asked_for(run):
    rows = [("sites.clinic.latitude_deg", 48.4321, "degrees", "assumed")]
    reading = with_inputs(run, rows)
    assert "48.4321" not in assumptions.ranked(reading)[0].value
    assert "48.4321" in assumptions.ranked(reading, exact_sites=True)[0].value


def test_values_of_any_kind_are_written(run):
    rows = [
        ("territory.world", False, "", "assumed"),
        ("territory.polygon", "[[50.0, 30.0], [51.0, 30.0], [51.0, 31.0]]", "deg", "documented"),
        ("people.total", 41_167_336, "people", "documented"),
        ("dishes.standard.tilt_deg", "auto", "deg from zenith", "assumed"),
    ]
    values = {r.key: r.value for r in assumptions.ranked(with_inputs(run, rows))}
    assert values["territory.world"] == "no"
    assert values["territory.polygon"] == "3 points"
    assert values["people.total"] == "41,167,336 people"
    assert values["dishes.standard.tilt_deg"] == "auto"


def test_inputs_of_one_part_with_one_source_share_a_row(run):
    rows = [
        ("licence.masks.0.allowed", False, "", "assumed", "press"),
        ("licence.masks.0.regions", "['UA-09', 'UA-40']", "", "assumed", "press"),
        ("licence.default", "allowed", "", "assumed", "filing"),
    ]
    found = {r.key: r for r in assumptions.ranked(with_inputs(run, rows))}
    assert found["licence.masks"].value == "0.allowed no; 0.regions UA-09, UA-40"
    assert found["licence.masks"].inputs == 2
    assert found["licence.default"].value == "allowed"
