"""Paths between named ends, their traffic, runs of paths alone, and relayed places explained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import laserworld
import numpy as np
import pytest

import bentpipe
from bentpipe.cli import main
from bentpipe.errors import InputError, ScenarioError
from bentpipe.network.delay import SEGMENTS, SPEED_OF_LIGHT_M_S
from bentpipe.results.opened import Run
from bentpipe.scenario import load_scenario
from bentpipe.simulate.alone import slot_in_detail
from bentpipe.simulate.outputs import block_variables
from bentpipe.simulate.paths import end_entries
from bentpipe.simulate.prepare import Prepared
from bentpipe.simulate.recipe import State, advance
from bentpipe.simulate.run import memory_estimate
from bentpipe.slots import block_length

ALONE = laserworld.SITES + laserworld.LASERS + "[paths]\nall_sites = true\n"
GROUND = laserworld.SITES + laserworld.GROUND + laserworld.LASERS


def stored(prepared: Prepared, slots: int) -> dict[str, Any]:
    block, _ = advance(prepared, State(), prepared.slots[:slots])
    return block_variables(prepared, block)


def written_matrix(folder: Path, rows: str) -> str:
    (folder / "traffic.csv").write_text("from,to,mbit_s\n" + rows, encoding="utf-8")
    return '[traffic]\nmatrix_file = "traffic.csv"\n'


# -- who is an end, and who is paired


def test_pairs_come_once_in_order_and_traffic_names_its_own(tmp_path: Path) -> None:
    traffic = written_matrix(tmp_path, "perth,kyiv,5\nkyiv,perth,7\nsofia,azores,1\n")
    pairs = '[paths]\nall_sites = true\npairs = [["tokyo", "kyiv"], ["milan", "kyiv"], ["sofia", "madrid"]]\n'
    plan = laserworld.ready(tmp_path, GROUND + pairs + traffic).paths
    assert plan is not None
    assert plan.names[:6] == ["kyiv - azores", "kyiv - tokyo", "kyiv - perth", "azores - tokyo", "azores - perth",
                              "tokyo - perth"]  # fmt: skip
    assert plan.names[6:] == ["milan - kyiv", "sofia - madrid", "sofia - azores"]
    asked = {name: (int(a), int(b)) for name, a, b in zip(plan.names, plan.there_bps, plan.back_bps, strict=True)}
    assert asked["kyiv - perth"] == (7_000_000, 5_000_000) and asked["sofia - azores"] == (1_000_000, 0)
    assert sum(map(sum, asked.values())) == 13_000_000
    # The links of a site end at site_gbps; a gateway's or a point of presence's are not what is studied.
    assert (plan.end_bps[plan.ends.place >= 0] == 10_000_000_000).all()
    assert (plan.end_bps[plan.ends.place < 0] > 10**14).all()


def test_gravity_shares_out_by_people(tmp_path: Path) -> None:
    plan = laserworld.ready(tmp_path, GROUND + "[traffic]\ngravity_gbps = 8\n").paths
    assert plan is not None
    people = {"kyiv": 3.0, "azores": 0.2, "tokyo": 30.0, "perth": 2.0}
    whole = sum(a * b for x, a in people.items() for y, b in people.items() if x != y)
    assert len(plan.names) == 6
    for name, there, back in zip(plan.names, plan.there_bps, plan.back_bps, strict=True):
        a, b = name.split(" - ")
        assert there == back == pytest.approx(8e9 * people[a] * people[b] / whole, abs=1)
    assert abs(int(plan.there_bps.sum() + plan.back_bps.sum()) - 8 * 10**9) <= 6


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ('[paths]\npairs = [["kyiv", "odesa"]]\n', "no such site, gateway or point of presence"),
        ('[paths]\npairs = [["kyiv", "kyiv"]]\n', "a path needs two ends"),
        ('[paths]\npairs = [["kyiv", "perth"], ["perth", "kyiv"]]\n', "the pair is named twice"),
        ('[paths]\nrouting = "load-aware"\nall_sites = true\n', "load-aware routing needs a load"),
        ('[paths]\nrouting = "shortest"\nall_sites = true\n', "no routing policy has this name"),
        ('[policies]\nsharing = "multipath"\n', "not modelled: multipath shares over lasers"),
        ('[policies]\nscheduling = "max-coverage"\n', "not modelled: max-coverage"),
    ],
)
def test_faults_of_paths(tmp_path: Path, parts: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        laserworld.scenario(tmp_path, GROUND + parts)


@pytest.mark.parametrize(
    ("lasers", "words"),
    [
        ("between_shells = 5\n", "more terminals point at other shells than there are"),
        ('numbering = "listed"\nplanes = 24\n', "goes with planes and per_plane"),
        ("planes = 24\nper_plane = 24\n", "goes with planes and per_plane"),
        ('first_launch = "2021-082"\n', "only element sets tell the launch"),
        ('topology = "plus-gird"\n', "did you mean 'plus-grid'"),
    ],
)
def test_faults_of_lasers(tmp_path: Path, lasers: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        laserworld.scenario(tmp_path, laserworld.SITES + laserworld.GROUND + "[lasers]\n" + lasers)


def test_paths_and_traffic_need_lasers(tmp_path: Path) -> None:
    parts = laserworld.SITES + laserworld.GROUND + "[paths]\nall_sites = true\n[traffic]\ngravity_gbps = 1\n"
    with pytest.raises(InputError) as caught:
        laserworld.scenario(tmp_path, parts)
    assert [fault.what for fault in caught.value.faults] == [
        "this constellation has no lasers that paths could go over",
        "this constellation has no lasers that traffic could go over",
    ]


def test_pairs_of_sites_in_a_file_are_counted_too(tmp_path: Path) -> None:
    rows = [f"site-{i},{i % 90 * 0.5},{i * 0.3}" for i in range(1, 330)]
    (tmp_path / "sites.csv").write_text("id,lat,lon\n" + "\n".join(rows) + "\n", encoding="utf-8")
    head = laserworld.HEAD.replace("\n[time]", 'sites_file = "sites.csv"\n\n[time]', 1)
    with pytest.raises(ScenarioError, match=r"too many pairs.*53,956.*at most 50,000"):
        laserworld.ready(tmp_path, ALONE.replace(laserworld.SITES, ""), head)


def test_an_end_that_no_file_has_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text("id,lat,lon\nlviv,49.8,24.0\n", encoding="utf-8")
    head = laserworld.HEAD.replace("\n[time]", 'sites_file = "sites.csv"\n\n[time]', 1)
    parts = GROUND + '[paths]\npairs = [["lviv", "kyiv"], ["lviv", "odesa"]]\n'
    with pytest.raises(ScenarioError, match=r"no such site, gateway or point of presence.*odesa"):
        laserworld.ready(tmp_path, parts, head)


# -- where ends enter the mesh


def test_ends_enter_by_their_links_and_fibre(tmp_path: Path) -> None:
    prepared = laserworld.ready(tmp_path)
    assert prepared.paths is not None
    ends, ground = prepared.paths.ends, prepared.ground
    result, world = slot_in_detail(prepared, State(), prepared.slots[0])
    links, feeder = result.links, result.feeder_links
    entries = end_entries(prepared, ends, links, feeder, world.fibre_route_m[0])
    for k, name in enumerate(ends.id):
        got = sorted(zip(entries.satellite[entries.start[k] : entries.stop[k]].tolist(),
                         entries.cost_m[entries.start[k] : entries.stop[k]].tolist(), strict=True))  # fmt: skip
        if ends.place[k] >= 0:
            row = slice(links.start[ends.place[k]], links.stop[ends.place[k]])
            expected = [(links.satellite[row], links.slant_range_m[row], 0.0)]
        else:
            through = [ends.gateway[k]] if ends.gateway[k] >= 0 else [g for g in range(3) if ground.pop[g] == name]
            rows = [slice(feeder.start[g], feeder.stop[g]) for g in through]
            fibre = [0.0 if ends.pop[k] < 0 else ground.fibre_route_m[g, ends.pop[k]] / 0.68 for g in through]
            expected = [(feeder.satellite[r], feeder.slant_range_m[r], f) for r, f in zip(rows, fibre, strict=True)]
        flat = sorted((int(s), float(far) + f) for ss, fars, f in expected for s, far in zip(ss, fars, strict=True))
        assert [s for s, _ in got] == [s for s, _ in flat] and len(got) > 0
        np.testing.assert_allclose([c for _, c in got], [c for _, c in flat], rtol=1e-7)


def test_a_lost_point_of_presence_is_no_end_while_it_is_lost(tmp_path: Path) -> None:
    event = """
[[disruptions]]
id = "pop"
kind = "pop-loss"
title = "Frankfurt is lost"
tag = "hypothetical"
start = 2022-10-24T10:01:00Z
end = 2022-10-24T10:02:00Z
pops = ["frankfurt"]
"""
    pairs = '[paths]\npairs = [["kyiv", "frankfurt"], ["kyiv", "sofia"], ["kyiv", "madrid"]]\n'
    prepared = laserworld.ready(tmp_path, GROUND + pairs + event)
    lost = stored(prepared, 12)
    gone = np.isnan(lost["path_rtt_s"])
    active = lost["event_active"][:, 0]
    assert 0 < active.sum() < 12
    np.testing.assert_array_equal(gone[:, 0], active)
    # The other point of presence and the gateway itself are reached as before.
    whole = stored(laserworld.ready(tmp_path, GROUND + pairs), 12)
    np.testing.assert_array_equal(lost["path_rtt_s"][:, 1:], whole["path_rtt_s"][:, 1:])


def test_a_place_without_licence_is_no_end(tmp_path: Path) -> None:
    event = """
[[disruptions]]
id = "jam"
kind = "jamming"
title = "Jammed around Kyiv"
tag = "hypothetical"
centre = [50.45, 30.52]
radius_km = 50
"""
    found = stored(laserworld.ready(tmp_path, ALONE + event), 2)
    gone = np.isnan(found["path_rtt_s"])
    assert gone[:, :3].all() and not gone[:, 3:].any()
    for name in ("path_lasers", "path_laser_m", "path_mark", "path_first_satellite", "path_last_satellite"):
        assert not found[name][:, :3].any()


# -- paths alone


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("alone")
    head = laserworld.HEAD.replace(
        "polygon = [[49.0, 29.0], [51.5, 29.0], [51.5, 33.0], [49.0, 33.0]]\nresolution = 4",
        "sites = true\nresolution = 3",
    )
    path = laserworld.written(folder, ALONE + '[policies]\nsharing = "none"\n', head)
    assert main(["validate", str(path)]) == 0
    return bentpipe.run(path, out=folder / "run", **{"time.duration": "1m"})


def test_paths_need_no_gateway(alone: Run) -> None:
    data = alone.dataset
    assert data.sizes["gateway"] == 0 and data.sizes["cell"] == 4 and data.sizes["site"] == 4
    assert data["path"].values.tolist()[:2] == ["kyiv - azores", "kyiv - tokyo"]
    assert np.isfinite(data["path_rtt_s"].values).all() and (data["path_lasers"].values > 0).any()
    assert not data["served"].values.any() and not data["reachable"].values.any()
    assert (data["usable_satellites"].values > 0).any()
    assert alone.manifest["lasers"]["routing"]["name"] == "least-delay"
    tags = {row["key"] for row in alone.manifest["assumptions"]}
    assert {"lasers.topology", "lasers.hop_ms", "paths.routing"} <= tags


def test_paths_alone_are_reported_and_explained(alone: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert bentpipe.write_report(alone).is_file()
    assert bentpipe.answer(alone).lines
    found = bentpipe.explain(alone, "kyiv", "2022-10-24T10:00:30")
    assert (
        not found.data["served"]
        and found.data["why_not"] == "no usable satellite has a gateway in view, nor over lasers"
    )
    assert any("nor over lasers" in row["verdict"] for row in found.data["rivals"])
    with pytest.raises(InputError, match="this run has no rates"):
        bentpipe.explain(alone, "kyiv", "2022-10-24T10:00:30", link=True)
    assert main(["explain", str(alone.path), "kyiv", "--at", "2022-10-24T10:00:30Z"]) == 0
    assert "nor over lasers" in capsys.readouterr().out


def test_without_gateways_and_paths_there_is_nothing_to_study(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no gateway.*only a study of paths over lasers needs none"):
        laserworld.scenario(tmp_path, laserworld.SITES + laserworld.LASERS)


@pytest.mark.parametrize("traffic", ["gravity_gbps = 1\n", None])
def test_traffic_names_the_paths_of_a_study_without_gateways(tmp_path: Path, traffic: str | None) -> None:
    part = f"[traffic]\n{traffic}" if traffic else written_matrix(tmp_path, "kyiv,tokyo,100\n")
    prepared = laserworld.ready(tmp_path, laserworld.SITES + laserworld.LASERS + part)
    assert prepared.paths is not None and not len(prepared.ground.id)
    assert stored(prepared, 1)["path_there_bit_s"].any()
    assert "paths.routing" in {a.key for a in prepared.scenario.assumptions()}


def test_the_plan_counts_paths_and_ways(tmp_path: Path) -> None:
    """At 240 slots of 4,950 paths a run took 20 MB on disk, and 60 MB more than one without paths."""
    found = {
        name: bentpipe.plan(laserworld.scenario(tmp_path, parts), out=tmp_path / name, threads=2).data
        for name, parts in (("bent", laserworld.SITES + laserworld.GROUND), ("ways", GROUND), ("paths", laserworld.ALL))
    }
    assert found["paths"]["disk_bytes"] - found["ways"]["disk_bytes"] == 20 * 8 * 24
    assert found["ways"]["disk_bytes"] == found["bent"]["disk_bytes"]
    more = memory_estimate(240, 198, 1_584, 120, 2, paths=4_950) - memory_estimate(240, 198, 1_584, 120, 2)
    assert 50e6 < more < 80e6


def test_a_slot_of_a_block_holds_places_paths_and_ways(tmp_path: Path) -> None:
    bent = laserworld.ready(tmp_path, laserworld.SITES + laserworld.GROUND)
    lasers, paths = laserworld.ready(tmp_path, GROUND), laserworld.ready(tmp_path)
    places, satellites = len(bent.place_key), 24 * 24
    assert bent.block_values == places
    assert lasers.block_values == places + satellites
    assert paths.block_values == places + satellites + 8
    assert paths.block_slots == block_length(places + satellites + 8)


# -- relayed places, explained


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("relayed")
    path = laserworld.written(folder, laserworld.ALL + laserworld.EVENTS)
    keys = {"lasers.rate_gbps": 0.05, "time.duration": "90s", "access.load": "computed"}
    return bentpipe.run(path, out=folder / "run", **keys)


def test_the_lines_of_a_relayed_place_sum_up(run: Run) -> None:
    data = run.dataset
    slots, sites = np.nonzero(data["site_lasers"].values > 0)
    assert len(slots) > 3
    for t, i in list(zip(slots, sites, strict=True))[:4]:
        site, at = str(data["site"].values[i]), str(data["time"].values[t])
        found = bentpipe.explain(run, site, at)
        parts, far = found.data["segments_ms"], found.data["path_km"]
        assert tuple(parts) == SEGMENTS and len(SEGMENTS) == 8
        assert sum(parts.values()) == pytest.approx(found.data["rtt_ms"], abs=0.005)
        assert found.data["rtt_ms"] == pytest.approx(1e3 * float(data["site_rtt_s"].values[t, i]), rel=1e-4)
        np.testing.assert_allclose(list(parts.values()), 1e3 * data["site_segment_s"].values[t, i], atol=2e-3)
        lasers = int(data["site_lasers"].values[t, i])
        assert len(found.data["lasers"]) == lasers + 1
        assert found.data["lasers"][0] == found.data["satellite"]
        for name in ("user_link", "laser_links", "feeder_link"):
            assert parts[name] == pytest.approx(2e6 * far[name] / SPEED_OF_LIGHT_M_S, abs=2e-3)
        assert parts["fibre"] == pytest.approx(2e6 * far["fibre"] / (0.68 * SPEED_OF_LIGHT_M_S), abs=2e-3)
        assert parts["laser_forwarding"] == pytest.approx(2 * 0.1 * lasers, abs=1e-3)
        text = "\n".join(found.lines)
        assert f"over {lasers} laser{'s' if lasers > 1 else ''} ({' - '.join(found.data['lasers'])})" in text
        assert "laser_links" in text and "laser_forwarding" in text and f"{far['laser_links']:,.0f} km" in text


def test_the_link_of_a_relayed_place_is_explained_with_its_lasers(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    data = run.dataset
    t, i = np.argwhere((data["site_lasers"].values > 0) & (data["site_limit_down"].values == 6))[0]
    site, at = str(data["site"].values[i]), str(data["time"].values[t])
    down = bentpipe.explain(run, site, at, link=True).data["link"]["down"]
    assert down["limit"] == "laser" and down["laser_bit_s"] == 50_000_000
    assert down["lasers"] == data["site_lasers"].values[t, i]
    assert down["given_bit_s"] <= 50_000_000
    assert len(down["budgets"]) == 1  # made anew on board: the feeder's noise does not reach the user
    assert main(["explain", run.path.as_posix(), site, "--at", at[:19] + "Z", "--link"]) == 0
    said = capsys.readouterr().out
    assert "a laser on the way to the gateway" in said and "on the way, 50.00 Mbit/s each" in said


def test_a_bent_pipe_of_the_same_run_speaks_of_no_lasers(run: Run) -> None:
    data = run.dataset
    bent = (data["served"].values) & (data["lasers"].values == 0)
    t, c = np.argwhere(bent)[0]
    found = bentpipe.explain(run, str(data["cell"].values[c]), str(data["time"].values[t]), link=True)
    assert found.data["lasers"] == [] and not any("laser" in line for line in found.lines)
    assert found.data["segments_ms"]["laser_links"] == found.data["segments_ms"]["laser_forwarding"] == 0.0


def test_capacity_is_not_modelled_over_lasers(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="not modelled: the capacity of a territory whose traffic goes over lasers"):
        bentpipe.capacity(run, 1e6, 1e5)


def test_the_report_of_a_run_over_lasers_is_written(run: Run) -> None:
    assert "Two planes are lost" in bentpipe.write_report(run).read_text(encoding="utf-8")


def test_the_scenario_of_the_run_is_read_back(tmp_path: Path) -> None:
    """With the traffic matrix that was copied beside it."""
    text = laserworld.SITES + laserworld.LASERS + written_matrix(tmp_path, "kyiv,tokyo,100\n")
    path = laserworld.written(tmp_path, text)
    run = bentpipe.run(path, out=tmp_path / "run", **{"time.duration": "15s"})
    (tmp_path / "traffic.csv").unlink()
    assert bentpipe.explain(run, "kyiv", "2022-10-24T10:00:13").lines
    with pytest.raises(InputError):
        load_scenario(path)
