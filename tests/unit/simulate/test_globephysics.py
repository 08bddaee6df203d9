"""What a viewer is handed: links, explanations and satellites of a run are the run's own."""

from __future__ import annotations

import json
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corner import corner, event
from lasered import lasered
from test_whatif import world

import bentpipe
from bentpipe.errors import InputError, StoreError, UnknownNameError
from bentpipe.globe.physics import Physics, make_physics
from bentpipe.results.opened import Run
from bentpipe.scenario import load_scenario
from bentpipe.simulate.globephysics import _Latest, globe_physics, plain
from bentpipe.simulate.hypothetical import edited_scenario
from bentpipe.simulate.prepare import prepare
from bentpipe.simulate.skyframes import fleet_states, keyframes

SITE = '\n[[sites]]\nid = "kyiv"\nname = "Kyiv"\nlatitude_deg = 50.45\nlongitude_deg = 30.52\n'


@pytest.fixture(scope="module")
def physics() -> Physics:
    return make_physics(pickle.loads(pickle.dumps(globe_physics)))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return bentpipe.run(world(SITE), out=tmp_path_factory.mktemp("globe") / "run")


@pytest.fixture(scope="module")
def laser_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return bentpipe.run(lasered(lasers__acquisition="45s"), out=tmp_path_factory.mktemp("globe") / "lasers")


def links_are_those_of(run: Run, physics: Physics) -> None:
    data = run.dataset
    for row in (0, 9, data.sizes["slot"] - 1):
        at = data.isel(slot=row)
        links = physics.links(run.path, int(at["slot"]))
        assert links["exact"] and links["note"] == ""
        feeder, lasers = links["feeder"], links["lasers"]
        assert feeder.dtype == lasers.dtype == np.int32 and lasers.shape[1] == 2
        count = np.bincount(feeder[:, 1], minlength=data.sizes["gateway"])
        np.testing.assert_array_equal(count, at["gateway_antennas_in_use"])
        assert len(lasers) == int(at["laser_links"])


def test_links_are_the_runs(physics: Physics, run: Run, laser_run: Run) -> None:
    links_are_those_of(run, physics)
    links_are_those_of(laser_run, physics)
    at = run.dataset.isel(slot=4)
    feeder = {tuple(pair) for pair in physics.links(run.path, int(at["slot"]))["feeder"].tolist()}
    served = at["served"].values
    serving = zip(at["serving_satellite"].values[served], at["serving_gateway"].values[served], strict=True)
    used = {(int(s), int(g)) for s, g in serving}
    assert used and used <= feeder


def test_links_of_edits(physics: Physics, run: Run, laser_run: Run) -> None:
    slot = int(run.dataset["slot"][5])
    west = list(run.dataset["gateway"].values).index("west")
    assert west in physics.links(run.path, slot)["feeder"][:, 1]
    assert west not in physics.links(run.path, slot, {"gateways": ["west"]})["feeder"][:, 1]
    slot = int(laser_run.dataset["slot"][5])
    edits = {"lasers_percent": 100}
    assert len(physics.links(laser_run.path, slot, edits, range(slot, slot + 5))["lasers"]) == 0
    assert len(physics.links(laser_run.path, slot, edits, range(slot + 1, slot + 5))["lasers"]) > 0
    with pytest.raises(InputError, match="no such slot"):
        physics.links(run.path, 3)


def test_an_answer_is_that_of_explain(physics: Physics, run: Run) -> None:
    slot = int(run.dataset["slot"][7])
    at = str(run.dataset["time"].values[7])
    for place in ("kyiv", str(run.dataset["cell"].values[3])):
        answer = physics.ask(run.path, place, slot)
        told = bentpipe.explain(run, place, at, link=True)
        assert answer == plain({**told.data, "lines": told.lines}) and answer["link"]["down"]
        json.dumps(answer, allow_nan=False)
    with pytest.raises(UnknownNameError, match="did you mean 'kyiv'"):
        physics.ask(run.path, "kyi", slot)


@pytest.mark.parametrize("policy", ["observed", "longest"])
def test_an_answer_with_edits_is_that_of_their_scenario(physics: Physics, tmp_path: Path, policy: str) -> None:
    run = bentpipe.run(world(SITE, policies__scheduling=policy), out=tmp_path / "run")
    slot, at = int(run.dataset["slot"][50]), str(run.dataset["time"].values[50])
    edits, window = {"gateways": ["west"], "rain_exceeded_percent": 0.1}, range(slot - 4, slot + 4)
    answer = physics.ask(run.path, "kyiv", slot, edits, window)
    base = prepare(world(SITE, policies__scheduling=policy), seeds=1)
    told = bentpipe.explain(edited_scenario(base, edits, window), "kyiv", at, link=True)
    assert answer == plain({**told.data, "lines": told.lines})
    assert answer != physics.ask(run.path, "kyiv", slot)
    with pytest.raises(InputError, match="no such gateway"):
        physics.ask(run.path, "kyiv", slot, {"gateways": ["east"]}, window)


def test_a_run_without_rates_is_explained_without(physics: Physics, laser_run: Run) -> None:
    answer = physics.ask(laser_run.path, "kyiv", int(laser_run.dataset["slot"][3]))
    assert "link" not in answer and answer["lines"]


def nearest(links: Any) -> Any:
    return -links.slant_range_m.astype(np.float64)


def test_a_function_that_the_run_does_not_hold(physics: Physics, tmp_path: Path) -> None:
    run = bentpipe.run(world(time__duration="2m"), out=tmp_path / "run", scheduling=nearest)
    slot = int(run.dataset["slot"][2])
    links = physics.links(run.path, slot)
    assert not links["exact"] and "which the run does not hold" in links["note"] and len(links["feeder"])
    assert physics.fleet(run.path)["state"].all() and physics.keyframes(run.path, [0]).shape == (1, 576, 6)
    (fault,) = physics.check(run.path, {"gateways": ["west"]})
    assert "which the run does not hold" in fault.what
    with pytest.raises(InputError, match="which the run does not hold"):
        physics.ask(run.path, "kyiv", slot)
    with pytest.raises(InputError, match="which the run does not hold"):
        physics.what_if(run.path, {"gateways": ["west"]}, range(slot, slot + 1), tmp_path / "x", lambda *_: True)
    assert not (tmp_path / "x").exists()


def test_a_run_of_another_version_is_told(physics: Physics, run: Run, tmp_path: Path) -> None:
    assert physics.fleet(run.path)["note"] == ""
    older = tmp_path / "older"
    (older / "inputs").mkdir(parents=True)
    (older / "inputs" / "scenario.json").write_bytes((run.path / "inputs" / "scenario.json").read_bytes())
    (older / "manifest.json").write_text(json.dumps({**run.manifest, "identity": "0" * 64}))
    assert "another version" in physics.fleet(older)["note"]
    with pytest.raises(StoreError):
        physics.fleet(tmp_path)


def test_warm_check_and_text(physics: Physics, run: Run) -> None:
    physics.warm(run.path)
    assert physics.check(run.path, {"gateways": ["west"]}) == []
    slot = int(run.dataset["slot"][0])
    assert "what-if-gateway-loss" in physics.scenario_text(run.path, {"gateways": ["west"]}, range(slot, slot + 9))


def cubic(frames: np.ndarray[Any, Any], part: float) -> np.ndarray[Any, Any]:
    """Cubic Hermite between two key frames, as the page draws."""
    (a, b), u = frames.astype(np.float64), part
    return np.asarray(
        (2 * u**3 - 3 * u**2 + 1) * a[:, :3] + 60.0 * (u**3 - 2 * u**2 + u) * a[:, 3:]
        + (3 * u**2 - 2 * u**3) * b[:, :3] + 60.0 * (u**3 - u**2) * b[:, 3:]
    )  # fmt: skip


def test_satellites_between_key_frames_are_within_a_metre_of_the_runs() -> None:
    prepared = corner()
    first = int(prepared.clock.start_unix_s(prepared.slots.start) // 60)
    rng = np.random.default_rng(2)
    for number, part in zip(first + rng.integers(0, 9, 12), rng.random(12), strict=True):
        frames = keyframes(prepared, [int(number), int(number) + 1])
        assert frames.shape == (2, 576, 6) and frames.dtype == np.float32
        unix_s = np.array([60.0 * (number + part)])
        true = prepared.propagator.earth_fixed_positions(unix_s, prepared.orientation.ut1_minus_utc(unix_s))[0].T
        assert np.linalg.norm(cubic(frames, float(part)) - true, axis=1).max() < 1.0


def test_states_and_planes_of_shells_and_of_element_sets(shared: Path) -> None:
    # What an event takes is in service nevertheless: the state is that of the elements.
    fleet = fleet_states(corner(event("satellite-loss", "share = 0.5")))
    assert (fleet["state"] == 1).all()
    assert fleet["shells"] == [{"name": "550 km 53°", "planes": 24}] and not fleet["lasers"].any()
    np.testing.assert_array_equal(np.bincount(fleet["plane"]), np.full(24, 24))
    path = shared / "data" / "elements" / "starlink_2022-10-24_n3171.tle.gz"
    given = {"constellation.source": "elements", "constellation.elements": str(path)}
    real = prepare(load_scenario("one-site", given), seeds=1)
    fleet = fleet_states(real)
    np.testing.assert_array_equal(fleet["state"] == 1, real.fleet.up)
    raising = fleet["state"] == 2
    assert 100 < raising.sum() < 600 and (fleet["shell"][raising] < 0).all() and (fleet["plane"][raising] < 0).all()
    assert all(shell["planes"] is None for shell in fleet["shells"])
    assert (fleet["shell"][real.fleet.up] >= 0).mean() > 0.95 and (fleet["plane"][real.fleet.up] >= 0).mean() > 0.9


def test_while_one_run_is_prepared_another_is_answered_for() -> None:
    held: _Latest[int] = _Latest(2)
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> int:
        begun.set()
        assert go_on.wait(20)
        return 1

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(held.get, "slow", slow)
        assert begun.wait(20)
        assert held.get("quick", lambda: 2) == 2
        second = pool.submit(held.get, "slow", lambda: 3)
        go_on.set()
        assert (first.result(20), second.result(20)) == (1, 1)
    with pytest.raises(ZeroDivisionError):
        held.get("fails", lambda: 1 // 0)
    assert held.get("fails", lambda: 4) == 4
