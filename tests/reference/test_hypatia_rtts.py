"""Hypatia's study of Starlink's first shell, from scenario file to round trips.

Source: numbers that Hypatia's own code (satgenpy 0.4.0: `main_starlink_550.py`, `isls_plus_grid`,
`ground_stations_top_100`, `algorithm_free_one_only_over_isls`; Kassing and others, IMC 2020) gave at t = 0 for its own
element sets; notes on how they were made lie beside them. Tolerance of a round trip: 2 us, about 300 m of way there and
back, since Hypatia runs an SGP4 of older constants, scaled to another radius. Sets of links must be identical: those of
the ground by satellite and station, those of lasers by pair.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from bentpipe.network.delay import SPEED_OF_LIGHT_M_S
from bentpipe.scenario import load_scenario
from bentpipe.simulate.alone import slot_in_detail
from bentpipe.simulate.paths import SlotPaths
from bentpipe.simulate.prepare import Prepared, prepare
from bentpipe.simulate.recipe import SlotResult, State, advance

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "hypatia-starlink-550.toml"
TOLERANCE_MS = 0.002
STATIONS = 100


@pytest.fixture(scope="module")
def reference(shared: Path) -> Path:
    found = shared / "reference" / "hypatia-starlink-550"
    if not found.is_dir():
        pytest.skip(f"Hypatia's reference is not at {found}")
    return found


@pytest.fixture(scope="module")
def scenario_file(reference: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example beside Hypatia's element sets, untouched, and its ground stations with a header."""
    folder = tmp_path_factory.mktemp("hypatia")
    shutil.copy(reference / "tles.txt", folder / "tles.txt")
    rows = [line.split(",") for line in (reference / "ground_stations.txt").read_text(encoding="utf-8").splitlines()]
    text = "id,name,lat,lon\n" + "".join(f"gs-{row[0]},{row[1]},{row[2]},{row[3]}\n" for row in rows)
    (folder / "ground_stations.csv").write_text(text, encoding="utf-8")
    return Path(shutil.copy(EXAMPLE, folder))


@pytest.fixture(scope="module")
def ready(scenario_file: Path) -> Prepared:
    return prepare(load_scenario(scenario_file), seeds=1)


@pytest.fixture(scope="module")
def slot(ready: Prepared) -> SlotResult:
    return slot_in_detail(ready, State(), ready.slots.start)[0]


@pytest.fixture(scope="module")
def paths(ready: Prepared) -> SlotPaths:
    return the_paths(ready)


@pytest.fixture(scope="module")
def numbers(reference: Path) -> dict[str, np.ndarray]:
    with np.load(reference / "reference_t0.npz") as found:
        return dict(found)


def the_paths(ready: Prepared) -> SlotPaths:
    assert len(ready.slots) == 1
    block, _ = advance(ready, State(), ready.slots)
    assert block.paths[0] is not None
    return block.paths[0]


def test_the_slot_is_hypatias_first_instant(ready: Prepared) -> None:
    assert str(ready.clock.start_utc([ready.slots.start])[0]) == "2000-01-01T00:00:00.000"
    assert [site.id for site in ready.territory.sites] == [f"gs-{i}" for i in range(STATIONS)]
    assert not len(ready.ground.id)


def test_ground_links_are_the_same_pairs(ready: Prepared, slot: SlotResult, numbers: dict[str, np.ndarray]) -> None:
    """All 918 of them, no more, no fewer."""
    cells, links = len(ready.territory.cell_id), slot.links
    ours = {
        (site, int(s))
        for site in range(STATIONS)
        for s in links.satellite[links.start[cells + site] : links.stop[cells + site]]
    }
    theirs = set(zip(numbers["gsl_gs"].tolist(), numbers["gsl_sat"].tolist(), strict=True))
    assert len(theirs) == 918
    assert ours == theirs


def test_lasers_are_the_same_pairs(slot: SlotResult, reference: Path) -> None:
    assert slot.mesh is not None
    theirs = {tuple(sorted(pair)) for pair in np.loadtxt(reference / "isls.txt", dtype=np.int64).tolist()}
    assert {tuple(pair) for pair in slot.mesh.pair.tolist()} == theirs
    assert len(theirs) == 3_168


def test_every_round_trip_is_within_two_microseconds(
    ready: Prepared, paths: SlotPaths, numbers: dict[str, np.ndarray]
) -> None:
    assert ready.paths is not None
    a, b = ready.paths.pair.T
    ways = zip([*a.tolist(), *b.tolist()], [*b.tolist(), *a.tolist()], strict=True)
    assert len(set(ways)) == STATIONS * (STATIONS - 1) == 9_900
    ours = 2e3 * paths.path_m / SPEED_OF_LIGHT_M_S
    for theirs in (numbers["rtt_ms"][a, b], numbers["rtt_ms"][b, a]):
        # The same stations reach one another.
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
        assert np.nanmax(np.abs(ours - theirs)) < TOLERANCE_MS


def test_planes_as_listed_give_the_same_lengths(scenario_file: Path, paths: SlotPaths) -> None:
    listed = {"lasers.numbering": "listed", "lasers.planes": 72, "lasers.per_plane": 22}
    other = the_paths(prepare(load_scenario(scenario_file, listed), seeds=1))
    np.testing.assert_array_equal(other.path_m, paths.path_m)
    np.testing.assert_array_equal(other.mark, paths.mark)
