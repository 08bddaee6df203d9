"""Paths between two ends: the same as the run's, parts that add up, and clear words for what is wrong."""

from __future__ import annotations

import csv
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lasered import TEXT, lasered

import bentpipe
from bentpipe.cli.output import as_json
from bentpipe.draws import Purpose, uniforms
from bentpipe.errors import InputError, UnknownNameError
from bentpipe.network.delay import SPEED_OF_LIGHT_M_S, segments
from bentpipe.simulate import pathslots
from bentpipe.simulate.pathends import ask, read_place
from bentpipe.simulate.pathslots import PathSeries, path_series, satellites_of, slot_nets
from bentpipe.simulate.pathsummary import median_slot, summary

AT = "2022-10-24T10:05"
EVENT = """
[[disruptions]]
id = "lost"
kind = "gateway-loss"
title = "Lost"
tag = "hypothetical"
start = 2022-10-24T10:03:00Z
end = 2022-10-24T10:05:00Z
gateways = ["gw-oregon"]
"""
TRAFFIC = """
[traffic]
gravity_gbps = 900
site_gbps = 400
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> bentpipe.Run:
    return bentpipe.run(lasered(), out=tmp_path_factory.mktemp("lasered") / "run")


def assert_as_run(found: bentpipe.PathsFound, run: bentpipe.Run, path: str) -> None:
    """The series has what the run's variables say of a path."""
    stored = run.dataset.isel(path=list(run.dataset["path"].to_numpy()).index(path))
    there = np.isfinite(found.series.rtt_s)
    np.testing.assert_array_equal(found.series.rtt_s.astype(np.float32), stored["path_rtt_s"])
    np.testing.assert_array_equal(found.series.mark, stored["path_mark"])
    for mine, theirs in (("lasers", "lasers"), ("first_satellite", "first_satellite"), ("last_satellite",) * 2):
        np.testing.assert_array_equal(getattr(found.series, mine)[there], stored[f"path_{theirs}"].to_numpy()[there])
    np.testing.assert_allclose(found.series.great_circle_m, float(stored["path_great_circle_m"]), rtol=1e-12)


@pytest.mark.parametrize("pair", [("Kyiv", "MADRID"), ("quito", "seattle"), ("gw-spain", "osaka")])
def test_paths_are_those_of_the_run(run: bentpipe.Run, pair: tuple[str, str]) -> None:
    found = bentpipe.paths(run, *pair, threads=1)
    assert_as_run(found, run, " - ".join(pair).lower())
    assert found.data["summary"]["share_with_path"] == np.isfinite(found.series.rtt_s).mean()
    assert found.data["summary"]["rtt_ms"]["median"] == pytest.approx(1e3 * np.nanmedian(found.series.rtt_s))


def test_a_moving_site_and_traffic_are_as_in_the_run(tmp_path: Path) -> None:
    (tmp_path / "track.csv").write_text(
        "time,lat,lon\n2022-10-24T10:00:00Z,50,-30\n2022-10-24T10:10:00Z,50,-40\n", encoding="utf-8"
    )
    text = TEXT.replace('["kyiv", "london"]', '["ship", "london"]')
    for place, people in (("Kyiv", 9), ("Quito", 7), ("Osaka", 5)):
        text = text.replace(f'name = "{place}"', f'name = "{place}"\npeople = {people}')
    text = text.replace("pairs =", 'routing = "load-aware"\nall_sites = true\npairs =')
    text += f'[[sites]]\nid = "ship"\nname = "Ship"\ntrack = "{tmp_path / "track.csv"}"\n{TRAFFIC}'
    made = bentpipe.run(lasered(text=text, time__duration="2m"), out=tmp_path / "run")
    for pair in (("ship", "london"), ("kyiv", "quito"), ("gw-spain", "osaka")):
        found = bentpipe.paths(made, *pair)
        stored = made.dataset.isel(path=list(made.dataset["path"].to_numpy()).index(" - ".join(pair)))
        np.testing.assert_array_equal(found.series.rtt_s.astype(np.float32), stored["path_rtt_s"])
    by_delay = bentpipe.paths(made, "ship", "london", routing="least-delay")
    assert by_delay.data["routing"] == "least-delay"
    assert np.ptp(by_delay.series.great_circle_m) > 100e3


def test_parts_add_up(run: bentpipe.Run) -> None:
    found = bentpipe.paths(run, "quito", "seattle")
    one, velocity, hop_s = found.series, 0.68, 0.2e-3
    way_s = (one.first_range_m + one.last_range_m + one.laser_m) / SPEED_OF_LIGHT_M_S + one.lasers * hop_s
    way_s += (one.first_fibre_m + one.last_fibre_m) / (velocity * SPEED_OF_LIGHT_M_S)
    np.testing.assert_allclose(2 * way_s, one.rtt_s, rtol=1e-12)
    middle = found.data["summary"]["median_slot"]
    assert sum(middle["one_way_ms"].values()) == pytest.approx(middle["rtt_ms"] / 2)
    assert sum(middle["one_way_km"].values()) == pytest.approx(middle["stretch"] * middle["great_circle_km"])
    assert middle["fibre_rtt_ms"] == pytest.approx(
        2e6 * 1.4 * middle["great_circle_km"] / velocity / SPEED_OF_LIGHT_M_S
    )


def test_one_slot_hop_by_hop(run: bentpipe.Run) -> None:
    series = bentpipe.paths(run, "quito", "seattle").series
    found = bentpipe.paths(run, "quito", "seattle", at=AT)
    (way,) = found.data["ways"]
    row = int(np.flatnonzero(series.slot == found.data["slot"])[0])
    assert way["rtt_ms"] == pytest.approx(1e3 * series.rtt_s[row], rel=1e-12)
    assert way["lasers"] == series.lasers[row] == len(way["satellites"]) - 1
    assert sum(hop["ms"] + hop["forwarding_ms"] for hop in way["hops"]) == pytest.approx(way["one_way_ms"])
    kinds = [hop["kind"] for hop in way["hops"]]
    assert kinds == ["user link", *["laser"] * way["lasers"], "feeder link", "fibre"]
    stops = [way["hops"][0]["from"], *(hop["to"] for hop in way["hops"])]
    assert stops == ["quito", *(s["name"] for s in way["satellites"]), "gw-oregon", "seattle"]
    assert [hop["from"] for hop in way["hops"]] == stops[:-1]
    turned = bentpipe.paths(run, "seattle", "quito", at=AT).data["ways"][0]
    assert [hop["kind"] for hop in turned["hops"]] == kinds[::-1]
    assert turned["rtt_ms"] == pytest.approx(way["rtt_ms"])


def test_access_is_that_of_an_explained_link(run: bentpipe.Run) -> None:
    found = bentpipe.paths(run, "kyiv", "quito", at=AT)
    prepared = ask(run, "kyiv", "quito").prepared
    (way,), slot = found.data["ways"], found.data["slot"]
    total = way["rtt_ms"]
    for end, satellite in zip(way["access"], (way["satellites"][0], way["satellites"][-1]), strict=True):
        place = len(prepared.territory.cell_id) + [s.id for s in prepared.territory.sites].index(end["end"])
        key = satellite["catalog_number"], prepared.place_key[place]
        draw = uniforms(prepared.scenario.seed, Purpose.ACCESS_DELAY, slot, *key)
        parts = 1e3 * segments(1.0, 1.0, 1.0, prepared.access, 0.4, draw)
        assert list(end["ms"].values()) == pytest.approx(parts[-3:].tolist())
        total += parts[-3:].sum()
    assert way["rtt_with_access_ms"] == pytest.approx(total)
    whole = bentpipe.paths(run, "kyiv", "quito")
    added = whole.series.first_access_s + whole.series.last_access_s + whole.series.rtt_s
    assert whole.data["summary"]["rtt_with_access_ms"]["median"] == pytest.approx(1e3 * np.nanmedian(added))
    assert any("with access at 2 terminal ends" in line for line in whole.lines)


def test_results_do_not_depend_on_threads_or_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ask(lasered(lasers__topology="nearest", lasers__range_km=2500), "kyiv", "osaka")
    whole = path_series(asked, asked.prepared.slots)
    monkeypatch.setattr(pathslots, "block_length", lambda values: 7)
    told: list[tuple[int, int]] = []
    cut = path_series(asked, asked.prepared.slots, 3, lambda done, total: told.append((done, total)))
    for name, column in cut._asdict().items():
        np.testing.assert_array_equal(column, getattr(whole, name), err_msg=name)
    assert told[-1] == (40, 40) and len(told) == 6
    # The mesh that changes, against sets of links.
    links = [{tuple(pair) for pair in net.mesh.pair.tolist()} for net in slot_nets(asked, whole.slot)]
    new = [len(now - before) for before, now in itertools.pairwise(links)]
    lost = [len(before - now) for before, now in itertools.pairwise(links)]
    assert whole.links.tolist() == [len(one) for one in links]
    assert whole.links_new.tolist() == [-1, *new] and whole.links_lost.tolist() == [-1, *lost]
    assert max(new) > 0


def test_how_much_longer_the_old_path_was() -> None:
    asked = ask(lasered(), "kyiv", "quito")
    series = path_series(asked, asked.prepared.slots)
    nets = list(slot_nets(asked, series.slot))
    changes = np.flatnonzero(np.isfinite(series.overtaken_s))
    before, now = series.mark[:-1], series.mark[1:]
    assert (
        len(changes) and changes.tolist() == (np.flatnonzero((before != now) & (before > 0) & (now > 0)) + 1).tolist()
    )
    for row in changes.tolist():
        old = satellites_of(nets[row - 1], pathslots.routed(asked, nets[row - 1]))
        ends = [nets[row].places.position_m[asked.plan.ends.place[end]] for end in asked.plan.pair[0]]
        points = np.array([ends[0], *nets[row].position_m[:, old].T, ends[1]])
        way_s = np.linalg.norm(np.diff(points, axis=0), axis=1).sum() / SPEED_OF_LIGHT_M_S + 0.2e-3 * (len(old) - 1)
        assert series.overtaken_s[row] == pytest.approx(way_s - series.rtt_s[row] / 2, abs=1e-9)


def test_a_place_is_a_site_with_the_dish_of_the_territory() -> None:
    named, placed = (bentpipe.paths(lasered(), a, "osaka") for a in ("kyiv", "50.45N,30.52"))
    np.testing.assert_array_equal(named.series.rtt_s, placed.series.rtt_s)
    assert placed.data["from"] == "50.45,30.52"
    assert [end["end"] for end in placed.data["access"]] == ["50.45,30.52", "osaka"]


@pytest.mark.parametrize(
    ("text", "place"),
    [("50.45,30.52", (50.45, 30.52)), ("-33.9, 18.4", (-33.9, 18.4)), ("33.9s,18.4W", (-33.9, -18.4)), ("kyiv", None)],
)
def test_places_are_read(text: str, place: tuple[float, float] | None) -> None:
    assert read_place(text) == place


@pytest.mark.parametrize("text", ["91,0", "0,181", "-33S,0"])
def test_places_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="no place on Earth"):
        read_place(text)


@pytest.mark.parametrize("nodes", [False, True])
def test_disjoint_ways_share_nothing(run: bentpipe.Run, nodes: bool) -> None:
    found = bentpipe.paths(run, "kyiv", "osaka", at=AT, disjoint=4, node_disjoint=nodes)
    shortest = bentpipe.paths(run, "kyiv", "osaka", at=AT).data["ways"][0]
    ways = found.data["ways"]
    assert 2 <= len(ways) <= 4
    assert all(way["rtt_ms"] >= shortest["rtt_ms"] - 1e-9 for way in ways)
    names = [[s["name"] for s in way["satellites"]] for way in ways]
    lasers = [frozenset(pair) for way in names for pair in itertools.pairwise(way)]
    assert len(set(lasers)) == len(lasers)
    if nodes:
        assert len({s for way in names for s in way}) == sum(map(len, names))
    assert f"{len(ways)} of 4 ways that share no {'satellite' if nodes else 'laser'}" in found.lines[1]


def test_no_path_is_counted_and_never_infinite() -> None:
    found = bentpipe.paths(lasered(), "89,0", "kyiv")
    text = json.dumps(as_json(found.data), allow_nan=False)
    assert json.loads(text)["summary"]["rtt_ms"] is None
    assert np.isnan(found.series.rtt_s).all() and not np.isinf(found.series.overtaken_s).any()
    what = found.data["summary"]
    assert (what["share_with_path"], what["gaps"], what["longest_gap_s"]) == (0.0, 1, 600.0)
    told = bentpipe.paths(lasered(), "89,0", "kyiv", at=AT)
    assert told.data["ways"] == [] and "no usable satellite at 89,0" in told.lines[-1]


def test_a_gateway_that_is_lost_leaves_a_gap(tmp_path: Path) -> None:
    found, whole = (bentpipe.paths(lasered(event), "quito", "seattle") for event in (EVENT, ""))
    lost = (found.series.start_utc >= np.datetime64("2022-10-24T10:03")) & (
        found.series.start_utc < np.datetime64("2022-10-24T10:05")
    )
    np.testing.assert_array_equal(np.isnan(found.series.rtt_s), lost | np.isnan(whole.series.rtt_s))
    assert found.data["summary"]["slots_with_path"] < whole.data["summary"]["slots_with_path"]
    assert found.data["summary"]["longest_gap_s"] >= 120.0
    rows = list(csv.DictReader(found.write_csv(tmp_path / "slots.csv").open()))
    assert len(rows) == 40 and [p.name for p in tmp_path.iterdir()] == ["slots.csv"]
    missing = [not row["rtt_s"] for row in rows]
    assert missing == np.isnan(found.series.rtt_s).tolist()
    first = missing.index(False)
    assert float(rows[first]["rtt_s"]) == found.series.rtt_s[first]
    assert rows[0]["start_utc"] == "2022-10-24T10:00:12.000"
    gone = rows[missing.index(True)]
    assert {gone[name] for name in ("lasers", "first_satellite", "last_catalog_number", "first_range_m")} == {""}


def series(
    rtt_ms: list[float], mark: list[int], first: list[int], last: list[int], overtaken_ms: list[float]
) -> PathSeries:
    """A path with nothing but what is given."""
    count = len(rtt_ms)
    nothing, zero = np.zeros(count), np.zeros(count, np.int32)
    columns: dict[str, Any] = dict.fromkeys(PathSeries._fields, nothing)
    columns |= {
        "slot": np.arange(count), "rtt_s": 1e-3 * np.array(rtt_ms), "mark": np.array(mark, np.uint64),
        "first_satellite": np.array(first), "last_satellite": np.array(last), "lasers": zero, "links": zero + 9,
        "links_new": np.array([-1, *[2] * (count - 1)]), "links_lost": np.array([-1, *[1] * (count - 1)]),
        "overtaken_s": 1e-3 * np.array(overtaken_ms), "great_circle_m": nothing + 1e6,
    }  # fmt: skip
    return PathSeries(**columns)


def test_the_summary_counts_changes_gaps_and_reordering() -> None:
    nan = math.nan
    found = summary(
        series([10, 12, nan, nan, 20, 22, 21, nan], [1, 2, 0, 0, 3, 4, 5, 0], [1, 1, -1, -1, 1, 1, 2, -1],
               [7, 7, -1, -1, 7, 7, 7, -1], [nan, 0.5, nan, nan, nan, -0.25, 1.5, nan]),
        15.0, 0.0, (1.5, 0.5),
    )  # fmt: skip
    assert (found["slots"], found["slots_with_path"], found["share_with_path"]) == (8, 5, 0.625)
    assert found["rtt_ms"] == pytest.approx({"min": 10, "median": 20, "p95": 21.8, "max": 22})
    # Three of the pairs of neighbours have a path in both: 45 s.
    assert (found["changes"], found["changes_per_hour"]) == (3, pytest.approx(240.0))
    assert (found["handovers"], found["handovers_per_hour"]) == (1, pytest.approx(80.0))
    assert (found["gaps"], found["longest_gap_s"]) == (2, 30.0)
    assert (found["reordering_changes"], found["reordering_median_ms"], found["reordering_max_ms"]) == (2, 1.0, 1.5)
    assert (found["mesh_lasers_new_per_slot"], found["mesh_lasers_lost_per_slot"]) == (2.0, 1.0)
    middle = found["median_slot"]
    assert (middle["slot"], middle["rtt_ms"]) == (4, pytest.approx(20.0))
    by_fibre = 2e3 * 1.5 * 1e6 / (0.5 * SPEED_OF_LIGHT_M_S)
    assert middle["rtt_over_fibre"] == pytest.approx(20.0 / by_fibre)


def test_the_median_slot_is_the_first_of_equals() -> None:
    def of(ms: list[float]) -> int | None:
        same = [0] * len(ms)
        return median_slot(series(ms, same, same, same, ms))

    assert of([3.0, 1.0, 2.0, 4.0]) == 2
    assert of([2.0, 1.0, 2.0]) == 0
    assert of([math.nan]) is None


def no_cross(sky: Any) -> np.ndarray:
    """Lasers within the planes only."""
    from bentpipe.network.topology import plus_grid

    pair = plus_grid(sky)
    return pair[sky.plane[pair[:, 0]] == sky.plane[pair[:, 1]]]


def longest_first(view: Any) -> np.ndarray:
    """Long lasers are cheap."""
    return 1e9 / view.mesh.length_m


def test_a_run_with_functions_of_its_authors_asks_for_the_same(tmp_path: Path) -> None:
    scenario = lasered(time__duration="1m")
    made = bentpipe.run(scenario, out=tmp_path / "run", topology=no_cross, routing=longest_first)
    with pytest.raises(InputError, match=r"routing is a function of its author's.*routing=your_function"):
        bentpipe.paths(made, "kyiv", "osaka", topology=no_cross)
    with pytest.raises(InputError, match="topology is a function of its author's"):
        bentpipe.paths(made, "kyiv", "osaka", routing=longest_first)
    with pytest.raises(InputError, match="topology is a function of its author's"):
        bentpipe.network_at(made, "2022-10-24T10:00:30")
    with pytest.raises(InputError, match="not the topology that the run was made with"):
        bentpipe.paths(made, "kyiv", "osaka", routing=longest_first, topology="zigzag")
    given = {"topology": no_cross, "routing": longest_first}
    for pair in (("gw-spain", "osaka"), ("quito", "seattle")):
        stored = made.dataset.isel(path=list(made.dataset["path"].to_numpy()).index(" - ".join(pair)))
        found = bentpipe.paths(made, *pair, **given)
        np.testing.assert_array_equal(found.series.rtt_s.astype(np.float32), stored["path_rtt_s"])
    assert bentpipe.network_at(made, "2022-10-24T10:00:30", topology=no_cross).links.usable.any()
    # Another routing over the run's lasers is another question.
    assert (
        bentpipe.paths(made, "kyiv", "osaka", routing="fewest-hops", topology=no_cross).data["routing"] == "fewest-hops"
    )


@pytest.mark.parametrize(
    ("ends", "options", "words"),
    [
        (("kiev", "osaka"), {}, "kiev.*kyiv, quito, osaka, gw-spain.*LAT,LON.*did you mean 'kyiv'"),
        (("kyiv", "KYIV"), {}, "two different ends"),
        (("kyiv", "osaka"), {"at": "2022-10-24T12:00"}, "does not cover this instant"),
        (("kyiv", "osaka"), {"at": "noon"}, "not a time"),
        (("kyiv", "osaka"), {"routing": "least-delays"}, "did you mean 'least-delay'"),
        (("kyiv", "osaka"), {"topology": "plus"}, "no laser topology has this name"),
        (("kyiv", "osaka"), {"routing": "load-aware"}, "needs a load"),
        (("kyiv", "osaka"), {"disjoint": 0, "at": AT}, "1 to 64"),
        (("kyiv", "osaka"), {"disjoint": 2}, "say which: --at"),
    ],
)
def test_what_is_wrong_is_said(ends: tuple[str, str], options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        bentpipe.paths(lasered(), *ends, **options)


def test_both_unknown_ends_are_told() -> None:
    with pytest.raises(UnknownNameError) as caught:
        bentpipe.paths(lasered(), "nowhere", "elsewhere")
    assert len(caught.value.faults) == 2


def test_bent_pipes_have_no_paths() -> None:
    text = TEXT.replace("[lasers]\nhop_ms = 0.2\n", "").split("[paths]")
    bent = lasered(text=text[0] + "[territory]" + text[1].split("[territory]")[1])
    for ask_for in (lambda: bentpipe.paths(bent, "kyiv", "osaka"), lambda: bentpipe.network_at(bent, AT)):
        with pytest.raises(InputError, match="this constellation has no lasers"):
            ask_for()


def test_computed_load_is_that_of_the_run(tmp_path: Path) -> None:
    text = TEXT.replace('sharing = "none"', 'sharing = "single-satellite"').replace("load = 0.4", 'load = "computed"')
    scenario = lasered(text=text, time__duration="1m")
    assumed = bentpipe.paths(scenario, "kyiv", "osaka").data["access"]
    assert [(end["load"], end["load_source"]) for end in assumed] == [(0.5, "assumed")] * 2
    made = bentpipe.run(scenario, out=tmp_path / "run")
    known = bentpipe.paths(made, "kyiv", "41,12").data["access"]
    assert known[0]["load"] == pytest.approx(float(np.nanmedian(made.dataset["site_load"].sel(site="kyiv"))))
    assert [end["load_source"] for end in known] == ["median of the run", "assumed"]
