"""Services of a run: whole = in pieces = resumed, and voters against a plain count of every terminal."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_world import assert_same, small_world, write_world
from test_advance import run_in_pieces

import bentpipe
from bentpipe.scenario import load_scenario
from bentpipe.simulate.people import powered_kinds, powered_terminals
from bentpipe.simulate.prepare import Prepared, prepare

SERVICES = """
[services]
judge = ["all"]

[services.needs.web]
works = 0.6
degraded = 3

[services.poll]
opens = 2022-10-24T10:02:00Z
closes = 2022-10-24T10:08:00Z
patience_min = 1

[services.conference]
duration_min = 3
longest_break_s = 30
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("services"), SERVICES)


@pytest.fixture(scope="module")
def run(folder: Path) -> bentpipe.Run:
    return bentpipe.run(folder, out=folder.parent / "run", threads=2)


@pytest.fixture(scope="module")
def prepared(folder: Path) -> Prepared:
    return prepare(load_scenario(folder), seeds=2)


@pytest.mark.parametrize("load", [0.5, "computed"])
def test_however_the_run_is_cut(tmp_path: Path, load: Any) -> None:
    prepared = small_world(tmp_path, extra=SERVICES, **{"access.load": load})
    whole = run_in_pieces(prepared, [], [1])
    assert_same(whole, run_in_pieces(prepared, [7, 8, 23], [1, 2]), "in pieces")
    assert_same(whole, run_in_pieces(prepared, list(range(1, 40)), [1]), "slot by slot")
    verdict = whole["service_verdict"]
    assert all(len(np.unique(verdict[..., k])) > 1 for k in range(verdict.shape[-1]))
    assert len(np.unique(verdict)) == 3


def test_regions_count_the_connected_terminals_of_their_cells(run: bentpipe.Run) -> None:
    data = run.dataset
    connected = data.terminals_connected.values
    for name, kind in (("region_service_works", 2), ("region_service_degraded", 1)):
        counted = (data.service_verdict.values == kind) * connected[..., None]
        for r in range(data.sizes["region"]):
            np.testing.assert_array_equal(
                data[name].values[:, r], counted[:, data.region_of_cell.values == r].sum(axis=1)
            )
    assert (data.service_verdict.values[~data.served.values] == 0).all()


def test_a_site_that_is_not_connected_has_no_measure(run: bentpipe.Run) -> None:
    data = run.dataset
    known = np.isfinite(data.site_service_measure.values)
    assert (known == data.site_connected.values[..., None]).all()
    assert (data.site_service_verdict.values[~data.site_connected.values] == 0).all()


def test_power_by_kind_adds_up_to_the_terminals_with_power(prepared: Prepared) -> None:
    unix_s = prepared.clock.start_unix_s(np.array(prepared.slots))
    args = prepared.scenario, prepared.territory, prepared.people[0], prepared.place_key, unix_s
    on, terminals = powered_kinds(*args), prepared.people[0].terminals
    assert not on.all() and on.any()
    left = np.broadcast_to(terminals.count, on.shape).copy()
    start, end = (np.datetime64(t) for t in ("2022-10-24T10:03:00", "2022-10-24T10:30:00"))
    seconds = unix_s.astype("datetime64[s]")
    left[(seconds >= start) & (seconds < end)] -= terminals.cut_off[0]
    np.testing.assert_array_equal((left * on).sum(axis=1), powered_terminals(*args))


def test_voters_and_conferences_are_those_of_every_terminal(run: bentpipe.Run, prepared: Prepared) -> None:
    """Every single terminal, slot of beginning by slot of beginning."""
    data, told = run.dataset, run.manifest["services"]
    names, cells = list(data.service.values), data.sizes["cell"]
    unix_s = prepared.clock.start_unix_s(np.array(prepared.slots))
    on = powered_kinds(prepared.scenario, prepared.territory, prepared.people[0], prepared.place_key, unix_s)
    terminals = prepared.people[0].terminals
    seconds = unix_s.astype("datetime64[s]").astype(np.int64)
    at = [int(np.datetime64(f"2022-10-24T10:0{m}:00").astype(np.int64)) for m in (2, 8, 3)]
    hours = np.flatnonzero((seconds >= at[0]) & (seconds + 15 <= at[1]))
    assert told["poll"]["slots"] == len(hours)
    counted = dict.fromkeys(("able_once", "at_once", "soon", "before_it_closes", "held"), 0.0)
    begins = len(prepared.slots) - 12 + 1
    for cell in range(cells):
        for kind in range(len(terminals.count)):
            cut = int(terminals.cut_off[0, kind, cell])
            for number, is_cut in ((int(terminals.count[kind, cell]) - cut, False), (cut, True)):
                if not number:
                    continue
                alive = on[:, kind, cell] & ~(is_cut & (seconds >= at[2]))
                vote = alive & (data.service_verdict.values[:, cell, names.index("poll")] > 0)
                waits = [np.flatnonzero(vote[begin : hours[-1] + 1]) for begin in hours]
                waits = [w[0] for w in waits if len(w)]
                counted["able_once"] += number * bool(waits)
                counted["at_once"] += number * sum(w == 0 for w in waits) / len(hours)
                counted["soon"] += number * sum(w <= 4 for w in waits) / len(hours)
                counted["before_it_closes"] += number * len(waits) / len(hours)
                call = alive & (data.service_verdict.values[:, cell, names.index("video-call")] > 0)
                for begin in range(begins):
                    during = call[begin : begin + 12]
                    lasts = all(during[k : k + 3].any() for k in range(10))
                    counted["held"] += number * lasts / begins
    for what in ("able_once", "at_once", "soon", "before_it_closes"):
        assert told["poll"][what] == pytest.approx(counted[what]), what
        assert sum(told["poll"]["regions"][what]) == pytest.approx(counted[what])
    assert told["conference"]["held"] == pytest.approx(counted["held"])
    assert 0 < counted["at_once"] < counted["soon"] < counted["before_it_closes"] < counted["able_once"] < 900


def test_a_resumed_run_gives_the_same(run: bentpipe.Run, folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(run.path, again)
    manifest = json.loads((again / "manifest.json").read_text())
    manifest["complete"], manifest["services"] = False, {**manifest["services"], "poll": None, "conference": None}
    (again / "manifest.json").write_text(json.dumps(manifest))
    next(iter(sorted((again / "commits").glob("[0-9]*.json")))).unlink()
    resumed = bentpipe.run(folder, out=again, threads=1)
    assert resumed.manifest["services"] == run.manifest["services"]
    for name in ("service_verdict", "region_service_works", "site_service_measure"):
        np.testing.assert_array_equal(resumed.dataset[name].values, run.dataset[name].values)
