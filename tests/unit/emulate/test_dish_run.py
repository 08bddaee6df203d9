"""A dish of a simulated run: a track, a skyline, a power cut, a withdrawn licence, a lost gateway, no rates."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

import bentpipe
from bentpipe.emulate.dish import DishRecord, read_dish
from bentpipe.emulate.dish.answers import DishAnswers, RefusedError
from bentpipe.emulate.dish.outages import CAUSES, CONNECTED, OFF
from bentpipe.results.opened import Run

TEXT = """\
schema = 1
name = "dishes"
title = "Dishes"
seed = 3

[time]
start = 2022-10-24T10:00:00Z
duration = "4m"

[constellation]
source = "shells"
date = 2022-10-24

[[constellation.shells]]
altitude_km = 550
inclination_deg = 53
planes = 72
per_plane = 22
phasing = 39

[territory]
sites = true
resolution = 4

[terminals]
total = 0

[policies]
sharing = "none"

[[sites]]
id = "home"
name = "A home"
latitude_deg = 50.45
longitude_deg = 30.52
height_m = 170
obstruction = [[0, 30], [90, 30], [180, 0], [270, 0]]

[[sites]]
id = "convoy"
name = "Convoy"
kind = "vehicle"
track = "way.csv"

[[gateways]]
id = "west"
name = "West"
latitude_deg = 51.86
longitude_deg = 20.92
pop = "frankfurt"

[[pops]]
id = "frankfurt"
name = "Frankfurt"
latitude_deg = 50.11
longitude_deg = 8.68

[[disruptions]]
id = "dark"
kind = "power-cut"
title = "Dark"
tag = "hypothetical"
share = 1.0
battery_hours = 0
start = 2022-10-24T10:00:40Z
end = 2022-10-24T10:01:20Z

[[disruptions]]
id = "refused"
kind = "licence-withdrawn"
title = "Refused"
tag = "hypothetical"
polygon = [[49, 29], [52, 29], [52, 33], [49, 33]]
start = 2022-10-24T10:02:00Z
end = 2022-10-24T10:02:40Z

[[disruptions]]
id = "lost"
kind = "gateway-loss"
title = "Lost"
tag = "hypothetical"
gateways = ["west"]
start = 2022-10-24T10:03:00Z
end = 2022-10-24T10:03:40Z
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("dishes")
    rows = "time,lat,lon\n2022-10-24T10:00:00Z,50.0,30.5\n2022-10-24T10:10:00Z,50.5,30.5\n"
    (folder / "way.csv").write_text(rows, encoding="utf-8")
    (folder / "dishes.toml").write_text(TEXT, encoding="utf-8")
    return bentpipe.run(Path(folder) / "dishes.toml", out=folder / "run")


@pytest.fixture(scope="module")
def home(run: Run) -> DishRecord:
    return read_dish(run, "A home")


def during(run: Run, begin: str, end: str) -> np.ndarray:
    """Slots that begin in a span of 2022-10-24."""
    time = run.dataset["time"].values
    return (time >= np.datetime64(f"2022-10-24T{begin}")) & (time < np.datetime64(f"2022-10-24T{end}"))


def test_each_cut_shows_as_what_it_is(run: Run, home: DishRecord) -> None:
    dark, refused, lost = (
        during(run, *span) for span in (("10:00:40", "10:01:20"), ("10:02:00", "10:02:40"), ("10:03:00", "10:03:40"))
    )
    assert dark.sum() and refused.sum() and lost.sum()
    assert set(home.cause[dark]) == {OFF}
    assert set(home.cause[refused]) == {CAUSES["NO_SATS"]}
    assert set(home.cause[lost]) == {CAUSES["NO_DOWNLINK"]}
    connected = run.dataset["site_connected"].values[:, 0]
    np.testing.assert_array_equal(home.cause == CONNECTED, connected)
    assert connected.sum() > 4


def test_a_run_without_rates_has_a_dish(home: DishRecord) -> None:
    assert home.notes == ()
    assert DishAnswers(home).status(1.0)["pop_ping_latency_ms"] > 10.0


def test_the_skyline_of_the_scenario_is_on_the_map(run: Run, home: DishRecord) -> None:
    assert 0.0 < home.view.obstructed < 0.5
    assert {-1.0, 0.0, 1.0} == set(np.unique(home.view.clear))
    assert read_dish(run, "convoy").view.obstructed == 0.0
    assert home.height_m == 170.0


def test_a_site_that_moves_is_where_it_is(run: Run) -> None:
    record = read_dish(run, "convoy")
    assert record.moves
    dish = DishAnswers(record, show_location=True)
    latitude = run.dataset["track_latitude_deg"].values[:, 0]
    for slot in np.flatnonzero(record.cause != OFF):
        assert dish.location(slot * 15.0 + 1.0)["lla"]["lat"] == pytest.approx(latitude[slot], abs=1e-12)
    assert np.ptp(latitude) > 0.1
    assert dish.status(1.0)["mobility_class"] == "MOBILE"


def test_all_of_a_run_is_answered_or_refused(home: DishRecord) -> None:
    dish = DishAnswers(home, show_location=True)
    asked = ("get_status", "get_history", "dish_get_context", "get_location", "get_diagnostics")
    for at_s in np.arange(0.0, dish.length_s, 3.7):
        dark = home.cause[int(at_s / 15)] == OFF
        for request in asked:
            with pytest.raises(RefusedError) if dark else nullcontext():
                dish.answer(request, float(at_s))
