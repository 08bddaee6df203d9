"""The six lines, and the same numbers for machines."""

import json

import pytest
from finished_run import make_run

from bentpipe.report import answer
from bentpipe.report.plainsites import longest_gap


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return answer(make_run(tmp_path_factory.mktemp("run")))


def test_the_answer_has_six_lines_with_numbers_and_denominators(found):
    assert len(found.lines) == 6
    assert "of terminal users" in found.lines[0]
    assert "of the population of" in found.lines[0]
    assert "at the worst slot" in found.lines[0]
    assert "10 seeds" in found.lines[1]
    assert "inputs are assumed or hypothetical" in found.lines[1]
    assert "Worst off is" in found.lines[2]
    assert " ms" in found.lines[4]
    assert "geometry alone" in found.lines[4]
    assert found.lines[5].startswith(
        "Simulated in weather drawn at random with 133 kbit/s a user in the busiest hour (assumed)"
    )
    for words in (
        "bit/s down and",
        "on average and are given",
        "of these less than",
        "beam time (at times in",
        "are cut, mostly by",
    ):
        assert words in found.lines[5]


def test_hypothetical_events_are_marked(tmp_path):
    run = make_run(tmp_path, events=5)
    for event in run.manifest["events"]:
        event["tag"] = "hypothetical"
    assert "(hypothetical)" in answer(run).lines[3]


def test_what_an_event_did_is_compared_with_the_same_run_without_it(tmp_path):
    run = make_run(tmp_path)
    effect = {"slots": 24, "terminals_with": 1.0, "terminals_without": 2.0, "users_with": 232_700.0,
              "users_without": 252_100.0, "sites_with": 1.0, "sites_without": 2.0}  # fmt: skip
    run.manifest["events"][2]["effect"] = effect
    line = answer(run).lines[3]
    assert line.startswith("1,300 terminals are cut off: \u221219,400 terminal users connected")
    assert "compared with the same run without it at 24 slots (232,700 with it, 252,100 without)" in line
    sites = make_run(tmp_path, cells=[], sites=2, regions=1)
    for event in sites.manifest["events"]:
        event["effect"] = effect
    assert "sites connected 50.0 % of the time, 100 % in the same run without it" in answer(sites).lines[3]


@pytest.mark.parametrize("size", [{}, {"events": 0}, {"cells": [], "sites": 1}, {"cells": [], "events": 0}], ids=str)
def test_events_left_out_are_named(tmp_path, size):
    run = make_run(tmp_path, slots=20, **size)
    run.manifest["events_left_out"] = [{"id": f"e{i}", "title": f"Storm {i}"} for i in range(5)]
    found = answer(run)
    assert found.lines[3].endswith(
        "; not in the simulated time and left out: “Storm 0”, “Storm 1”, “Storm 2” and 2 more."
    )
    assert found.data["events_left_out"][4] == "Storm 4"


def test_the_data_are_json_and_agree_with_the_lines(found):
    data = json.loads(json.dumps(found.data, allow_nan=False))
    assert data["lines"] == list(found.lines)
    assert data["connected_share_of_users_mean"] == pytest.approx(data["connected_users_mean"] / data["terminal_users"])
    assert data["connected_share_of_population_mean"] == pytest.approx(
        data["connected_users_mean"] / data["population_people"]
    )
    assert data["simulated"] is True
    assert "affiliated with no operator" in data["disclaimer"]


@pytest.mark.parametrize(
    "size",
    [
        {"slots": 1}, {"slots": 0}, {"events": 0}, {"sites": 0}, {"seeds": 0}, {"outage": True}, {"regions": 0},
        {"cells": []}, {"cells": [], "sites": 0}, {"gateways": 0}, {"cells": [], "sites": 1, "events": 0},
        {"rates": False}, {"uplink": False}, {"cells": [], "uplink": False}, {"outage": True, "cells": []},
    ],
    ids=str,
)  # fmt: skip
def test_unusual_runs_have_an_answer_too(tmp_path, size):
    found = answer(make_run(tmp_path, **{"resolution": 3, "slots": 60, **size}))
    assert len(found.lines) == 6
    assert all(line.endswith(".") for line in found.lines)
    assert "nan" not in " ".join(found.lines).lower()
    json.dumps(found.data, allow_nan=False)


def test_a_run_of_sites_alone_counts_time(tmp_path):
    lines = answer(make_run(tmp_path, cells=[], sites=1, regions=1)).lines
    assert lines[0].startswith("Hospital no. 1 is connected")
    assert "no terminal users" in lines[0]
    assert "longest time without a connection" in lines[2]
    assert "sites connected" in lines[3]


def test_the_longest_gap_is_a_run_of_slots():
    import numpy as np

    assert longest_gap(np.array([True, False, False, True, False])) == 2
    assert longest_gap(np.array([True, True])) == 0
    assert longest_gap(np.zeros(4, dtype=bool)) == 4
