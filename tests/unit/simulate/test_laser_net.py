"""Lasers of a run: who carries them, how planes are numbered, what is told, and a user's own topology and routing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import laserworld
import numpy as np
import pytest
from element_lines import element_set

import bentpipe
from bentpipe.errors import BentpipeError, InputError, ScenarioError
from bentpipe.network.routing import RouteView
from bentpipe.network.topology import LaserSky, plus_grid
from bentpipe.results.store import Grid
from bentpipe.scenario import load_scenario
from bentpipe.simulate.alone import seed_samples, slot_in_detail
from bentpipe.simulate.identity import run_identity
from bentpipe.simulate.manifest import first_manifest
from bentpipe.simulate.prepare import Prepared, prepare
from bentpipe.simulate.recipe import State, advance
from bentpipe.simulate.world import world_state

BARE = laserworld.SITES + laserworld.GROUND
SHELLS = laserworld.HEAD.replace(
    "\n[satellite]",
    """
[[constellation.shells]]
altitude_km = 620
inclination_deg = 70
planes = 12
per_plane = 16
phasing = 3

[satellite]""",
)
PLANES, EACH = 12, 30


@pytest.fixture(scope="module")
def listed_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shell as element sets, plane by plane; its first five planes of an earlier launch than the others."""
    path = tmp_path_factory.mktemp("elements") / "shell.tle"
    lines = [
        element_set(1 + n, "21082A" if n < 5 * EACH else "22010B", 360 * (n // EACH) / PLANES, 360 * (n % EACH) / EACH)
        for n in range(PLANES * EACH)
    ]
    path.write_text("".join(lines), encoding="ascii")
    return path


def from_elements(folder: Path, elements: Path, lasers: str, **keys: Any) -> Prepared:
    i, j = laserworld.HEAD.index("[constellation]"), laserworld.HEAD.index("[satellite]")
    text = f'[constellation]\nsource = "elements"\nelements = "{elements.as_posix()}"\nin_service = "all"\n\n'
    head = laserworld.HEAD[:i] + text + laserworld.HEAD[j:]
    return laserworld.ready(folder, BARE + lasers, head, **keys)


def mesh_at(prepared: Prepared, at: int = 0) -> set[tuple[int, int]]:
    """Catalogue numbers of the ends of the lasers in use."""
    result, _ = slot_in_detail(prepared, State(), prepared.slots[at])
    assert result.mesh is not None
    return {tuple(sorted(pair)) for pair in prepared.fleet.satellite_id[result.mesh.pair].tolist()}


def able(prepared: Prepared) -> np.ndarray:
    assert prepared.lasers is not None
    return prepared.fleet.satellite_id[prepared.lasers.able]


def grid(planes: range, each: int = EACH) -> set[tuple[int, int]]:
    """+Grid between some planes as numbered in the file."""
    found = set()
    for p in planes:
        for s in range(each):
            own = 1 + p * each + s
            found.add(tuple(sorted((own, 1 + p * each + (s + 1) % each))))
            q = (p + 1) % PLANES
            if q in planes:
                found.add(tuple(sorted((own, 1 + q * each + s))))
    return found


LISTED = '[lasers]\nnumbering = "listed"\nplanes = 12\nper_plane = 30\nrange_km = 20000\n'


def test_listed_planes_make_the_grid_of_the_file(tmp_path: Path, listed_file: Path) -> None:
    prepared = from_elements(tmp_path, listed_file, LISTED + "grazing_height_km = 0\n")
    assert prepared.lasers is not None and not any("recovered" in text for text in prepared.warnings)
    wanted = prepared.lasers.wanted(0, np.zeros((3, PLANES * EACH)), np.ones(PLANES * EACH, bool))
    numbers = {tuple(sorted(pair)) for pair in prepared.fleet.satellite_id[wanted].tolist()}
    assert numbers == grid(range(PLANES))
    assert mesh_at(prepared) <= numbers


def test_recovered_planes_make_the_same_grid_and_are_told(tmp_path: Path, listed_file: Path) -> None:
    listed = from_elements(tmp_path, listed_file, LISTED)
    found = from_elements(tmp_path, listed_file, "[lasers]\nrange_km = 20000\n")
    assert mesh_at(found) == mesh_at(listed) and len(mesh_at(found)) > 100
    (told,) = [text for text in found.warnings if "recovered" in text]
    assert "12 planes of 30 places, 100 % of 360 satellites within" in told and "no place" not in told


@pytest.mark.parametrize("source", ["elements", "shells"])
def test_lasers_do_not_depend_on_where_the_run_begins(tmp_path: Path, source: str) -> None:
    """Odd planes stand half a step ahead, so that both their neighbours in the next plane are as near."""
    path = tmp_path / "half.tle"
    lines = [
        element_set(1 + n, "22010B", 30.0 * (n // EACH), 12.0 * (n % EACH + 0.5 * (n // EACH % 2)))
        for n in range(PLANES * EACH)
    ]
    path.write_text("".join(lines), encoding="ascii")
    found = set()
    for minute in range(0, 60, 7):
        start = {"time.start": f"2022-10-24T10:{minute:02d}:00Z", "time.duration": "1m"}
        if source == "elements":
            prepared = from_elements(tmp_path, path, "[lasers]\n", **start)
        else:
            head = laserworld.HEAD.replace("phasing = 7", "phasing = 12")  # 12 of 24: half a step
            prepared = laserworld.ready(tmp_path, BARE + "[lasers]\n", head, **start)
        assert prepared.lasers is not None and prepared.lasers.fixed is not None
        assert len(prepared.lasers.fixed) > 500
        found.add(prepared.lasers.fixed.tobytes())
    assert len(found) == 1


def test_numbering_that_does_not_fit_is_refused(tmp_path: Path, listed_file: Path) -> None:
    with pytest.raises(ScenarioError, match=r"planes times per_plane is not the number.*12 x 31.*360 satellites"):
        from_elements(tmp_path, listed_file, LISTED.replace("per_plane = 30", "per_plane = 31"))


def test_satellites_of_earlier_launches_carry_none(tmp_path: Path, listed_file: Path) -> None:
    later = from_elements(tmp_path, listed_file, LISTED + 'first_launch = "2022-010"\n')
    assert able(later).tolist() == list(range(1 + 5 * EACH, 1 + PLANES * EACH))
    assert {n for pair in mesh_at(later) for n in pair} <= set(able(later).tolist())
    assert len(able(from_elements(tmp_path, listed_file, LISTED + 'first_launch = "2021-082"\n'))) == PLANES * EACH
    with pytest.raises(ScenarioError, match="no satellite carries lasers"):
        from_elements(tmp_path, listed_file, LISTED + 'first_launch = "2024-001"\n')


def test_an_element_set_without_launches_is_refused_a_first_launch(tmp_path: Path) -> None:
    path = tmp_path / "nameless.tle"
    path.write_text("".join(element_set(n, "", 0.0, 36.0 * n) for n in range(1, 9)), encoding="ascii")
    with pytest.raises(ScenarioError, match="no satellite carries lasers: the element sets do not tell the launches"):
        from_elements(tmp_path, path, '[lasers]\nfirst_launch = "2021-001"\n')


@pytest.mark.parametrize(
    ("designator", "carries"),
    [("19074A", False), ("21006A", True), ("21081A", False), ("21082A", True), ("23001A", True)],
)
def test_as_launched_goes_by_what_the_operator_said_of_the_launch(
    tmp_path: Path, designator: str, carries: bool
) -> None:
    """The polar batch of January 2021 (2021-006) carried lasers, then all from 2021-09-14 (2021-082) on."""
    path = tmp_path / "two.tle"
    path.write_text(element_set(1, designator, 0.0, 0.0) + element_set(2, "22010B", 0.0, 36.0), encoding="ascii")
    assert able(from_elements(tmp_path, path, "[lasers]\n")).tolist() == ([1, 2] if carries else [2])
    assert able(from_elements(tmp_path, path, '[lasers]\nequipped = "all"\n')).tolist() == [1, 2]


def test_all_and_a_first_launch_contradict_one_another(tmp_path: Path, listed_file: Path) -> None:
    with pytest.raises(InputError, match="either all satellites carry lasers, or those from a launch on"):
        from_elements(tmp_path, listed_file, '[lasers]\nequipped = "all"\nfirst_launch = "2022-010"\n')


def test_satellites_named_carry_none(tmp_path: Path, listed_file: Path) -> None:
    without = from_elements(tmp_path, listed_file, LISTED + "without = [3, 47, 120]\n")
    assert set(range(1, 361)) - set(able(without).tolist()) == {3, 47, 120}
    assert not {3, 47, 120} & {n for pair in mesh_at(without) for n in pair}
    # Its neighbours in the plane are linked over the empty place.
    assert without.lasers is not None and without.lasers.fixed is not None
    wanted = {tuple(sorted(pair)) for pair in without.fleet.satellite_id[without.lasers.fixed].tolist()}
    assert (2, 4) in wanted


def test_shells_named_carry_none(tmp_path: Path) -> None:
    prepared = laserworld.ready(tmp_path, BARE + "[lasers]\nwithout_shells = [0]\n", SHELLS)
    assert prepared.lasers is not None
    np.testing.assert_array_equal(prepared.lasers.able, prepared.fleet.shell == 1)
    with pytest.raises(ScenarioError, match="no satellite carries lasers"):
        laserworld.ready(tmp_path, BARE + "[lasers]\nwithout_shells = [0, 1]\n", SHELLS)


@pytest.mark.parametrize("topology", ["plus-grid", "zigzag", "nearest"])
def test_links_between_shells_take_the_terminals_reserved_for_them(tmp_path: Path, topology: str) -> None:
    lasers = f'[lasers]\ntopology = "{topology}"\nbetween_shells = 1\nacquisition = "0s"\n'
    prepared = laserworld.ready(tmp_path, BARE + lasers, SHELLS)
    assert prepared.lasers is not None and prepared.lasers.fixed is None
    result, _ = slot_in_detail(prepared, State(), prepared.slots[3])
    assert result.mesh is not None
    pair, shell = result.mesh.pair, prepared.fleet.shell
    apart = shell[pair[:, 0]] != shell[pair[:, 1]]
    count = len(prepared.fleet.up)
    assert apart.sum() > 50
    assert np.bincount(pair.ravel(), minlength=count).max() <= 4
    if topology != "nearest":  # which links whatever is near
        assert np.bincount(pair[apart].ravel(), minlength=count).max() == 1
        assert np.bincount(pair[~apart].ravel(), minlength=count).max() <= 3
    none = laserworld.ready(tmp_path, BARE + lasers.replace("between_shells = 1", "between_shells = 0"), SHELLS)
    if topology != "nearest":
        mesh = slot_in_detail(none, State(), none.slots[3])[0].mesh
        assert mesh is not None and (shell[mesh.pair[:, 0]] == shell[mesh.pair[:, 1]]).all()


def test_a_link_carries_nothing_until_it_is_acquired(tmp_path: Path) -> None:
    """Two planes are lost at 10:01 and back at 10:03; lasers fail from 10:02 to 10:04; 45 s are three slots."""
    counts = {}
    for acquisition in ("0s", "45s"):
        parts = BARE + f'[lasers]\nacquisition = "{acquisition}"\n' + laserworld.EVENTS
        prepared = laserworld.ready(tmp_path, parts)
        counts[acquisition] = advance(prepared, State(), prepared.slots)[0].laser_links
    now, late = counts["0s"], counts["45s"]
    expected = [min(now[max(0, t - 3) : t + 1]) for t in range(len(now))]
    assert len(np.unique(now)) >= 4
    # A link must have been up in all four slots: never more than in the fewest of them, and less where others failed.
    assert (late <= expected).all() and (late[:3] == expected[:3]).all() and late[-1] == now[-1]
    assert (late < now).any()


def test_lasers_lost_by_share_differ_by_seed_and_hold_on_their_own(tmp_path: Path) -> None:
    prepared = laserworld.ready(tmp_path, BARE + laserworld.LASERS + laserworld.EVENTS)
    at = np.array([prepared.slots[10]])
    first, second = (world_state(prepared, at, people) for people in (0, 1))
    np.testing.assert_array_equal(first.satellite_up, second.satellite_up)
    assert (first.laser_up != second.laser_up).any()
    assert (first.laser_up <= first.satellite_up).all()
    lost = (first.satellite_up & ~first.laser_up).sum() / first.satellite_up.sum()
    assert 0.2 < lost < 0.45
    connected, _ = seed_samples(prepared, np.array(prepared.slots)[[0, 10]])
    whole = advance(prepared, State(), prepared.slots[:11])[0]
    cells = len(prepared.territory.cell_id)
    ready = np.where(whole.satellite[[0, 10], :cells] >= 0, whole.world.ready[[0, 10], :cells], 0)
    np.testing.assert_array_equal(connected[:, 0].sum(axis=1), ready.sum(axis=1))


def test_what_an_event_does_to_lasers_is_told(tmp_path: Path) -> None:
    prepared = laserworld.ready(tmp_path, BARE + laserworld.LASERS + laserworld.EVENTS)
    events = first_manifest(prepared, "", Grid(prepared.slots, 8))["events"]
    told = {event["id"]: event["changed"] for event in events}
    assert told["plane"] == "48 of 576 satellites lost"
    # Where it begins, two planes are lost: what they carried counts for neither number.
    lost, there = re.fullmatch(r"(\d+) of (\d+) satellites lose their lasers", told["dark-lasers"]).groups()  # type: ignore[union-attr]
    at = np.array(prepared.slots)[8:16]
    world = world_state(prepared, at)
    assert int(lost) == (world.satellite_up & ~world.laser_up).sum(axis=1).max()
    assert int(there) in (528, 576)


def sparse(sky: LaserSky) -> np.ndarray:
    """Links within the planes alone."""
    pair = plus_grid(sky)
    return pair[sky.plane[pair[:, 0]] == sky.plane[pair[:, 1]]]


def other_sparse(sky: LaserSky) -> np.ndarray:
    pair = plus_grid(sky)
    return pair[sky.plane[pair[:, 0]] != sky.plane[pair[:, 1]]]


def detour(view: RouteView) -> np.ndarray:
    """Long lasers are cheap."""
    return 1e13 / view.mesh.length_m


def other_detour(view: RouteView) -> np.ndarray:
    return 2e13 / view.mesh.length_m


def test_a_users_topology_and_routing_make_runs_of_their_own(tmp_path: Path) -> None:
    path, keys = laserworld.written(tmp_path), {"time.duration": "1m"}
    plain = bentpipe.run(path, out=tmp_path / "plain", **keys)
    mine = bentpipe.run(path, out=tmp_path / "mine", topology=sparse, routing=detour, **keys)
    assert mine.manifest["lasers"]["topology"]["name"] == "sparse"
    assert mine.manifest["lasers"]["routing"]["name"] == "detour"
    assert mine.manifest["identity"] != plain.manifest["identity"]
    assert (mine.dataset["laser_links"].values < plain.dataset["laser_links"].values).all()
    # Resumed it is the same run; with another function it is another, which does not go into this folder.
    assert bentpipe.run(path, out=tmp_path / "mine", topology=sparse, routing=detour, **keys).complete
    for one, two in ((other_sparse, detour), (sparse, other_detour)):
        with pytest.raises(InputError, match="this folder holds another run"):
            bentpipe.run(path, out=tmp_path / "mine", topology=one, routing=two, **keys)
    scenario = load_scenario(path, keys)
    pairs = [(t, r) for t in (None, sparse, other_sparse) for r in (None, detour, other_detour)]
    assert len({run_identity(prepare(scenario, seeds=1, topology=t, routing=r)) for t, r in pairs}) == 9


def test_a_run_of_another_topology_is_explained_over_its_own_lasers(tmp_path: Path) -> None:
    path, at = laserworld.written(tmp_path), "2022-10-24T10:00:30"
    zigzag = bentpipe.run(path, out=tmp_path / "zigzag", topology="zigzag", **{"time.duration": "1m"})
    mine = bentpipe.run(path, out=tmp_path / "mine", topology=sparse, **{"time.duration": "1m"})
    for run, topology in ((zigzag, None), (mine, sparse)):
        for i, site in enumerate(run.dataset["site"].values.tolist()):
            data = bentpipe.explain(run, site, at, topology=topology).data
            row = run.dataset.isel(slot=int(np.searchsorted(run.dataset["slot"].values, data["slot"])), site=i)
            assert data["served"] == bool(row["site_served"])
            if data["served"]:
                assert max(0, len(data["lasers"]) - 1) == int(row["site_lasers"])
                assert data["rtt_ms"] == pytest.approx(1e3 * float(row["site_rtt_s"]), abs=2e-3)
    with pytest.raises(InputError, match=r"laser topology is a function.*sparse.*topology=your_function"):
        bentpipe.explain(mine, "kyiv", at)
    with pytest.raises(InputError, match="not the laser topology that the run was made with"):
        bentpipe.explain(mine, "kyiv", at, topology=other_sparse)
    with pytest.raises(InputError, match=r"laser topology is a function.*sparse"):
        bentpipe.resilience(mine, draws=1, slots=1, shares=(0.5,))
    assert bentpipe.resilience(mine, "lasers", draws=1, slots=1, shares=(0.5,), topology=sparse).lines


def test_policies_of_lasers_without_lasers_are_refused(tmp_path: Path) -> None:
    for name, function in (("topology", sparse), ("routing", detour)):
        with pytest.raises(BentpipeError, match=f"nothing for a {name} policy to decide"):
            laserworld.ready(tmp_path, BARE, **{name: function})


def test_faults_of_a_users_topology_are_told_by_its_name(tmp_path: Path) -> None:
    def greedy(sky: LaserSky) -> np.ndarray:
        return np.array([[0, k] for k in range(1, 9)], np.int32)

    prepared = laserworld.ready(tmp_path, topology=greedy)
    with pytest.raises(InputError, match="topology greedy: links of a satellite"):
        advance(prepared, State(), prepared.slots[:1])
