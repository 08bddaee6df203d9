"""What an event does: against the same run without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from corner import TEXT, corner, event

import bentpipe
from bentpipe.scenario import parse_scenario
from bentpipe.simulate.alone import seed_samples
from bentpipe.simulate.effects import COMPARED, compared_slots, event_effects
from bentpipe.simulate.manifest import first_manifest

CUT = "start = 2022-10-24T10:05:00Z\ncount = 150"


def test_slots_are_evenly_spaced_inside_the_event() -> None:
    prepared = corner(event("terminals-cut-off", CUT), time__duration="1h")
    found = compared_slots(prepared, prepared.scenario.disruptions[0])
    assert len(found) <= COMPARED and len(found) > COMPARED // 2
    step = np.diff(found)
    assert (step == step[0]).all() and (found % step[0] == 0).all()
    assert prepared.clock.start_unix_s(found[:1])[0] >= prepared.clock.start_unix_s(prepared.slots[:1])[0] + 280.0


def test_cut_off_terminals_cost_no_more_than_there_are() -> None:
    """With a power cut that ends as the event begins, during minus before says nothing; the effect does."""
    text = event("power-cut", "share = 0.5\nend = 2022-10-24T10:05:00Z", "dark") + event("terminals-cut-off", CUT)
    dark, cut = event_effects(corner(text))
    assert cut is not None and dark is not None
    lost = cut["terminals_without"] - cut["terminals_with"]
    assert 0 < lost <= 150
    per = parse_scenario(TEXT).terminals.users_per_terminal
    assert cut["users_without"] - cut["users_with"] == pytest.approx(lost * per)
    assert dark["terminals_without"] > dark["terminals_with"]


def test_the_effect_is_the_difference_of_two_runs() -> None:
    text = event("gateway-loss", 'gateways = ["west"]') + event("power-cut", "share = 0.3", "dark")
    prepared = corner(text)
    effect = event_effects(prepared)[0]
    assert effect is not None
    slots = compared_slots(prepared, prepared.scenario.disruptions[0])
    assert effect["slots"] == len(slots)
    without = corner(event("power-cut", "share = 0.3", "dark"))
    for side, run in (("with", prepared), ("without", without)):
        assert effect[f"terminals_{side}"] == pytest.approx(
            seed_samples(run, slots)[0].sum(axis=(1, 2)).mean(), abs=1e-3
        )
    assert effect["terminals_with"] < effect["terminals_without"]


def test_ground_networks_change_no_satellite_link() -> None:
    effect = event_effects(corner(event("terrestrial-outage", "share = 0.5")))[0]
    assert effect is not None and effect["terminals_with"] == effect["terminals_without"]


def test_a_finished_run_holds_the_effects_the_areas_and_the_tracks(tmp_path: Path) -> None:
    (tmp_path / "way.csv").write_text("time,lat,lon\n2022-10-24T10:00:00Z,50.0,30.5\n2022-10-24T10:10:00Z,51.0,30.5\n")
    text = TEXT + '\n[[sites]]\nid = "convoy"\nname = "Convoy"\nkind = "hub"\ntrack = "way.csv"\n'
    text += event("jamming", "centre = [50.4, 30.5]\nradius_km = 60") + event("terminals-cut-off", CUT, "bill")
    run = bentpipe.run(parse_scenario(text, folder=tmp_path), out=tmp_path / "run")
    jam, bill = run.manifest["events"]
    assert jam["since_before"] and not bill["since_before"]
    inside = run.dataset["event_area"].values
    assert jam["cells"] == inside[0].sum() > 0 and inside[1].all()
    assert bill["effect"]["terminals_without"] - bill["effect"]["terminals_with"] <= 150
    assert jam["effect"]["sites_with"] < jam["effect"]["sites_without"]
    assert "of 900 terminals cut off" in bill["changed"]  # the site's terminal is not among them
    assert run.dataset["track"].values.tolist() == ["convoy"]
    np.testing.assert_allclose(run.dataset["track_latitude_deg"].values[[0, -1], 0], [50.02, 50.995], atol=1e-6)
    words = bentpipe.answer(run).lines[3]
    assert "compared with the same run without it at 20 slots" in words
    page = bentpipe.write_report(run).read_text(encoding="utf-8")
    assert f"{inside[0].sum()} cells of {inside.shape[1]}" in page


def test_before_it_is_finished_a_run_knows_no_effect() -> None:
    from bentpipe.results.store import Grid

    prepared = corner(event("terminals-cut-off", CUT))
    manifest = first_manifest(prepared, "", Grid(prepared.slots, 20))
    assert [row["effect"] for row in manifest["events"]] == [None]
