"""What-ifs against whole runs of the scenarios that they stand for, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corner import TEXT, event
from lasered import lasered

import bentpipe
from bentpipe.errors import InputError
from bentpipe.network.policies import SCHEDULING
from bentpipe.registry import find_policy
from bentpipe.results.opened import Run
from bentpipe.scenario import Scenario, load_scenario, parse_scenario
from bentpipe.simulate import explain as module
from bentpipe.simulate.explain import state_at
from bentpipe.simulate.globephysics import PhysicsDesk
from bentpipe.simulate.hypothetical import edit_faults, edited, edited_scenario, edited_text
from bentpipe.simulate.prepare import Prepared, prepare
from bentpipe.simulate.recipe import State
from bentpipe.simulate.whatif import simulate_window, state_before

#: Slots begin anew with a block 17 slots after the run does.
START = "2022-10-24T09:56:00Z"
EDITS = {"gateways": ["west"], "satellites_percent": 30, "power_regions": ["UA-30"]}


def sticky(links: Any) -> Any:
    """A policy that remembers the slots before, for a while."""
    kept = np.repeat(links.previous, links.stop - links.start) == links.satellite
    return links.sin_elevation.astype(np.float64) + 0.3 * kept


sticky.memory_slots = 3  # type: ignore[attr-defined]


def world(extra: str = "", **keys: Any) -> Scenario:
    overrides = {"time.start": START, "time.duration": "16m", "weather.mode": "series"}
    return parse_scenario(TEXT + extra, overrides=overrides | {k.replace("__", "."): v for k, v in keys.items()})


def middle(prepared: Prepared, first: int, stop: int) -> range:
    return prepared.slots[first:stop]


def same_as_a_run(folder: Path, window: range, run: Run) -> None:
    """Every variable with a slot axis, in the slots of a window."""
    at = run.dataset.sel(slot=list(window))
    names = [str(name) for name in at.data_vars if "slot" in at[name].dims]
    assert {path.stem for path in folder.glob("*.npy")} == set(names)
    for name in names:
        found = np.load(folder / f"{name}.npy")
        assert found.dtype == at[name].dtype, name
        np.testing.assert_array_equal(found, at[name].values, err_msg=name)


def go_on(stage: str, done: int, total: int) -> bool:
    return True


@pytest.mark.parametrize(
    ("policy", "memory", "first", "stop"),
    [
        ("observed", 0, 5, 55),
        (sticky, 3, 5, 55),
        (sticky, 3, 30, 50),
        ("longest", None, 3, 30),
        ("longest", None, 50, 64),
    ],
)
def test_a_what_if_is_a_run_with_the_edits_as_disruptions(
    tmp_path: Path, policy: Any, memory: int | None, first: int, stop: int
) -> None:
    scenario = world()
    run = bentpipe.run(scenario, out=tmp_path / "as-is", scheduling=policy)
    base = prepare(scenario, policy, seeds=1)
    assert base.policy.memory_slots == memory
    window = middle(base, first, stop)
    told: list[tuple[str, int, int]] = []

    def tell(*words: Any) -> bool:
        told.append(words)
        return True

    assert simulate_window(edited(base, EDITS, window), run, window, tmp_path / "arrays", tell)
    assert told[0] == ("simulate", 8, len(window)) and told[-1] == ("simulate", len(window), len(window))
    whole = bentpipe.run(edited_scenario(base, EDITS, window), out=tmp_path / "edited", scheduling=policy)
    same_as_a_run(tmp_path / "arrays", window, whole)
    # And it is no run without them.
    with pytest.raises(AssertionError):
        same_as_a_run(tmp_path / "arrays", window, run)


@pytest.mark.parametrize("edits", [{"lasers_percent": 100}, {"lasers_percent": 40, "gateways": ["gw-spain"]},
                                   {"shell": 0, "planes": [0, 1, 2, 3, 4, 5]}])  # fmt: skip
def test_lasers_are_acquired_as_in_a_run(tmp_path: Path, edits: dict[str, Any]) -> None:
    scenario = lasered(lasers__acquisition="45s")
    base = prepare(scenario, seeds=1)
    run = bentpipe.run(scenario, out=tmp_path / "as-is")
    window = middle(base, 10, 30)
    assert simulate_window(edited(base, edits, window), run, window, tmp_path / "arrays", go_on)
    same_as_a_run(
        tmp_path / "arrays", window, bentpipe.run(edited_scenario(base, edits, window), out=tmp_path / "edited")
    )


def test_rain_is_that_of_a_run_under_it(tmp_path: Path) -> None:
    scenario, edits = world(), {"rain_exceeded_percent": 0.1}
    base = prepare(scenario, seeds=1)
    run = bentpipe.run(scenario, out=tmp_path / "as-is")
    window = middle(base, 20, 40)
    simulate_window(edited(base, edits, window), run, window, tmp_path / "arrays", go_on)
    whole = bentpipe.run(edited_scenario(base, edits, window), out=tmp_path / "edited")
    same_as_a_run(tmp_path / "arrays", window, whole)
    assert np.nanmin(np.load(tmp_path / "arrays" / "rain_loss_db.npy")) > 0.0


def test_edits_that_change_nothing_give_the_run(tmp_path: Path) -> None:
    """A gateway that is lost anyway."""
    run = bentpipe.run(world(event("gateway-loss", 'gateways = ["west"]')), out=tmp_path / "run")
    desk, (start, stop) = PhysicsDesk(), (run.manifest["grid"][key] for key in ("start", "stop"))
    window, folder = range(start + 12, stop - 5), tmp_path / "arrays"
    told = []
    desk.what_if(run.path, {"gateways": ["west"]}, window, folder, lambda *words: told.append(words) or True)  # type: ignore[func-returns-value]
    assert told[0] == ("prepare", 0, len(window))
    active = np.load(folder / "event_active.npy")
    assert active.shape == (len(window), 2) and active.all()
    np.save(folder / "event_active.npy", active[:, :1])
    same_as_a_run(folder, window, run)


def test_told_to_stop_it_stops(tmp_path: Path) -> None:
    scenario = world()
    base, run = prepare(scenario, seeds=1), bentpipe.run(scenario, out=tmp_path / "run")
    window, told = middle(base, 0, 60), []

    def tell(*words: Any) -> bool:
        told.append(words)
        return len(told) < 2

    assert not simulate_window(edited(base, EDITS, window), run, window, tmp_path / "arrays", tell)
    assert told == [("simulate", 8, 60), ("simulate", 32, 60)]
    assert not np.load(tmp_path / "arrays" / "usable_satellites.npy")[32:].any()
    with pytest.raises(InputError, match="the run has no such slots"):
        simulate_window(base, run, range(window.start - 1, window.stop), tmp_path / "other", go_on)
    with pytest.raises(InputError, match="the run has no such slots"):
        simulate_window(base, run, window[:0], tmp_path / "other", go_on)


def test_what_a_run_kept_saves_its_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that remembers without bound goes on from the end of a block, unless it looked into the window there."""
    scenario = world(policies__scheduling="longest")
    base, run = prepare(scenario, seeds=1), bentpipe.run(scenario, out=tmp_path / "run")
    edge = base.slots.start // 240 * 240 + 240
    assert 15 <= edge - base.slots.start <= 17
    begun: list[int] = []
    real = module.advance

    def counted(prepared: Prepared, state: State, slots: range, threads: int = 1) -> Any:
        begun.append(slots.start)
        return real(prepared, state, slots, threads)

    monkeypatch.setattr(module, "advance", counted)
    ahead = find_policy(SCHEDULING, "longest").lookahead_slots
    for slot, begin in ((edge + ahead, edge), (edge + ahead - 1, base.slots.start)):
        found, begun[:] = state_before(base, run, slot, slot), []
        found = state_before(base, run, slot, slot)
        assert begun == [begin]
        np.testing.assert_array_equal(found.previous, state_at(base, slot).previous)
    assert state_before(prepare(scenario, "observed", seeds=1), run, edge) == State()


def test_what_cannot_act_is_refused_by_name() -> None:
    base = prepare(world(policies__sharing="none"), seeds=1)
    faults = edit_faults(base, {
        "gateways": ["wets"], "shell": 0, "planes": [3, 24], "lasers_percent": 5, "power_regions": ["UA-99"],
        "rain_exceeded_percent": 1,
    })  # fmt: skip
    texts = {fault.where: str(fault) for fault in faults}
    assert "no such gateway" in texts["edits.gateways"] and "did you mean 'west'" in texts["edits.gateways"]
    assert "no such plane of shell 0; found [24]; allowed: 0 to 23" in texts["edits.planes"]
    assert "no lasers" in texts["edits.lasers_percent"]
    assert "no such region" in texts["edits.power_regions"]
    assert "no rates" in texts["edits.rain_exceeded_percent"]
    assert "no such shell" in str(*edit_faults(base, {"shell": 1, "planes": [0]}))
    assert not edit_faults(base, {"gateways": ["west"], "shell": 0, "planes": [3], "satellites_percent": 1})
    built_in = prepare(load_scenario("one-site"), seeds=1)
    assert "no such plane" in str(*edit_faults(built_in, {"shell": 0, "planes": [900]}))
    assert not edit_faults(built_in, {"shell": 0, "planes": [0], "rain_exceeded_percent": 1})


def test_satellites_of_element_sets_have_no_numbered_planes(shared: Path) -> None:
    path = shared / "data" / "elements" / "starlink_2022-10-24_n3171.tle.gz"
    given = {"constellation.source": "elements", "constellation.elements": str(path)}
    base = prepare(load_scenario("one-site", given), seeds=1)
    assert "no numbered planes" in str(*edit_faults(base, {"shell": 0, "planes": [0]}))


def test_the_scenario_of_a_what_if_reads_back() -> None:
    """Also where power is cut already: a cut that leaves nothing contradicts no other."""
    rolling = event("power-cut", 'share = 0.3\npattern = "rolling"')
    base = prepare(world(rolling), "highest", seeds=1)
    edits = EDITS | {"shell": 0, "planes": [3, 4], "rain_exceeded_percent": 0.5}
    window = middle(base, 10, 20)
    assert not edit_faults(base, edits)
    found = parse_scenario(edited_text(base, edits, window))
    assert found.name == "corner-what-if" and found.hypothetical and found.policies.scheduling == "highest"
    assert found.title.startswith("corner: what if: gateways off: west; planes 3, 4 of shell 0 off; 30 %")
    assert found.disruptions == edited_scenario(base, edits, window).disruptions
    assert [e.id for e in found.disruptions[1:]] == [
        "what-if-gateway-loss", "what-if-plane-loss", "what-if-satellite-loss", "what-if-power-cut",
    ]  # fmt: skip
    assert {e.start for e in found.disruptions[1:]} == {base.clock.start_utc([window.start])[0].astype(object)}
    assert {e.end for e in found.disruptions[1:]} == {base.clock.start_utc([window.stop])[0].astype(object)}
    assert (found.weather.mode, found.weather.exceeded_percent) == ("exceeded", 0.5)
    tags = {a.key: a.tag for a in found.assumptions()}
    assert tags["weather.exceeded_percent"] == "hypothetical"
    # One more time: its events keep their names, and new ones get their own.
    again = parse_scenario(edited_text(prepare(found, seeds=1), EDITS, window))
    assert again.disruptions[-3].id == "what-if-gateway-loss-2" and again.name == "corner-what-if-what-if"


def test_slots_that_begin_within_a_millisecond_are_hit() -> None:
    base = prepare(world(time__slot="1.0007s", time__duration="1m"), seeds=1)
    window = middle(base, 11, 20)
    from bentpipe.simulate.world import world_state

    rows = world_state(edited(base, {"gateways": ["west"]}, window), np.arange(base.slots.start, base.slots.stop))
    np.testing.assert_array_equal(rows.active[:, -1], np.isin(np.arange(len(base.slots)), np.arange(11, 20)))


def test_a_poll_that_an_override_left_outside_is_open_throughout() -> None:
    """No file may have its poll outside the simulated time; a run of part of a scenario's time may."""
    given = load_scenario("ukraine-2022", {"time.start": "2022-10-24T17:00:12Z", "time.duration": "2m"})
    base = prepare(given, seeds=1)
    found = parse_scenario(edited_text(base, {"gateways": ["kaunas"]}, base.slots))
    assert (found.services.poll.opens, found.services.poll.closes) == (given.time.start, given.time.end)
    assert "open throughout" in found.summary
