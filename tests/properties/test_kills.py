"""A run that is killed, damaged or handed the wrong folder: what is committed is whole, and resuming gives the same."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_world import assert_same, write_world

from bentpipe.errors import InputError, StoreError
from bentpipe.results.opened import Run, open_run

RUN = importlib.import_module("bentpipe.simulate.run")

#: Loads everything once, then forks the runs: ten cold starts would take minutes. Nothing here opens a store
#: before the forks, so that no thread of the storage library is lost in them.
DRIVER = """
import importlib, json, os, random, signal, sys, time
from pathlib import Path
from bentpipe.results.store import Grid, Store
from bentpipe.scenario import load_scenario
from bentpipe.simulate.identity import run_identity
from bentpipe.simulate.outputs import block_variables
from bentpipe.simulate.prepare import prepare
from bentpipe.simulate.recipe import State, advance

module = importlib.import_module("bentpipe.simulate.run")
module.block_length = lambda values: 20
scenario, killed, whole, policy, kills = sys.argv[1:]
prepared = prepare(load_scenario(scenario), policy)
run_identity(prepared)
block_variables(prepared, advance(prepared, State(), prepared.slots[:2], 2)[0])
draw = random.Random(3)

def begin(folder):
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        code = 0 if module.run(scenario, out=folder, scheduling=policy, threads=2).complete else 3
    finally:
        os._exit(code)

def commits():
    return len(list(Path(killed, "commits").glob("[0-9]*.json")))

log = []
for i in range(int(kills)):
    had, child, begun = commits(), begin(killed), time.monotonic()
    if i % 4:  # every fourth, the first included, dies while preparing or creating, the others while writing
        wanted = had + draw.randint(1, 2)
        while commits() < wanted and time.monotonic() - begun < 60 and os.waitid(
            os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT
        ) is None:
            time.sleep(0.002)
    time.sleep(draw.uniform(0.0, 0.1 if i % 4 else 0.4))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    manifest = Path(killed, "manifest.json")
    log.append({
        "killed": os.WIFSIGNALED(status),
        "records": commits(),
        "sound": len(Store(Path(killed), Grid(prepared.slots, 20)).committed()),
        "complete": manifest.is_file() and json.loads(manifest.read_text())["complete"],
        "data_parts": [str(p) for p in Path(killed).rglob("*.part") if not p.name.startswith(".")],
    })
codes = [os.waitpid(begin(folder), 0)[1] for folder in (killed, whole)]
print(json.dumps({"log": log, "codes": codes}))
"""


def stored(run: Run) -> dict[str, Any]:
    """Every variable and coordinate of a run, as arrays."""
    data = run.dataset.load()
    return {str(name): data[name].values for name in [*data.data_vars, *data.coords]}


@pytest.mark.parametrize(("policy", "kills", "duration"), [("observed", 7, "4h"), ("longest", 3, "30min")])
def test_kills_and_a_resume_give_the_run_that_was_never_killed(
    tmp_path: Path, policy: str, kills: int, duration: str
) -> None:
    scenario = write_world(tmp_path, duration=duration)
    arguments = [str(scenario), str(tmp_path / "killed"), str(tmp_path / "whole"), policy, str(kills)]
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, *arguments], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["codes"] == [0, 0], done.stderr[-3000:]
    assert sum(entry["killed"] for entry in found["log"]) >= kills - 2
    assert any(entry["records"] > 0 and not entry["complete"] for entry in found["log"])
    for entry in found["log"]:
        assert entry["records"] == entry["sound"]  # a record stands for chunks that are whole
        assert entry["data_parts"] == []
        assert entry["killed"] or entry["complete"]
    killed, whole = open_run(tmp_path / "killed"), open_run(tmp_path / "whole")
    assert killed.complete and whole.complete
    assert killed.manifest["identity"] == whole.manifest["identity"]
    assert_same(stored(whole), stored(killed))


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path, dict[str, Any]]:
    """A finished run of ten minutes in blocks of ten slots: scenario, folder, values."""
    monkeypatch.setattr(RUN, "block_length", lambda values: 10)
    scenario = write_world(tmp_path)
    run = RUN.run(scenario, out=tmp_path / "run", threads=1)
    return scenario, tmp_path / "run", stored(run)


def unfinish(folder: Path) -> None:
    """Take back that a run is complete."""
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "complete": False}))


def records(folder: Path) -> list[Path]:
    return sorted((folder / "commits").glob("[0-9]*.json"))


def test_a_damaged_chunk_is_computed_again(finished: tuple[Path, Path, dict[str, Any]]) -> None:
    scenario, folder, values = finished
    assert len(records(folder)) in (4, 5)
    chunk = folder / "results.zarr" / "rtt_s" / "c" / "1" / "0"
    chunk.write_bytes(chunk.read_bytes()[:-7])
    (folder / "results.zarr" / "served" / "c" / "2" / "0").unlink()
    unfinish(folder)
    assert_same(values, stored(RUN.run(scenario, out=folder, threads=2)))


def test_a_record_that_is_lost_or_torn_is_no_record(finished: tuple[Path, Path, dict[str, Any]]) -> None:
    scenario, folder, values = finished
    lost, torn = records(folder)[1:3]
    lost.unlink()
    torn.write_bytes(torn.read_bytes()[: torn.stat().st_size // 2])
    unfinish(folder)
    run = open_run(folder)
    assert not run.complete
    assert_same(values, stored(RUN.run(scenario, out=folder, threads=1)))
    assert open_run(folder).complete


@pytest.mark.parametrize("lost", [0, 2])
def test_a_chain_of_states_is_picked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: int) -> None:
    monkeypatch.setattr(RUN, "block_length", lambda values: 10)
    scenario = write_world(tmp_path)
    values = stored(RUN.run(scenario, out=tmp_path / "run", threads=1, scheduling="longest"))
    records(tmp_path / "run")[lost].unlink()
    unfinish(tmp_path / "run")
    assert_same(values, stored(RUN.run(scenario, out=tmp_path / "run", threads=2, scheduling="longest")))


def test_a_finished_run_is_left_alone(finished: tuple[Path, Path, dict[str, Any]]) -> None:
    scenario, folder, values = finished
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file() and p.name != "lock"}
    assert_same(values, stored(RUN.run(scenario, out=folder, threads=2)))
    after = {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file() and p.name != "lock"}
    assert before == after


def test_a_folder_of_another_run_is_refused(finished: tuple[Path, Path, dict[str, Any]]) -> None:
    scenario, folder, values = finished
    with pytest.raises(InputError, match="another run"):
        RUN.run(scenario, out=folder, seed=99)
    with pytest.raises(InputError, match="another run"):
        RUN.run(scenario, out=folder, scheduling="highest")
    assert_same(values, stored(open_run(folder)))


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    scenario = write_world(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("three years of work")
    with pytest.raises(InputError, match="something else"):
        RUN.run(scenario, out=tmp_path / "mine")
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match="something else"):
        RUN.run(scenario, out=tmp_path / "file")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_two_writers_are_one_too_many(finished: tuple[Path, Path, dict[str, Any]]) -> None:
    from bentpipe.results.lock import only_writer

    scenario, folder, _ = finished
    with only_writer(folder), pytest.raises(StoreError, match="another process"):
        RUN.run(scenario, out=folder)


def test_threads_and_blocks_do_not_show_in_the_store(
    finished: tuple[Path, Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario, folder, values = finished
    monkeypatch.setattr(RUN, "block_length", lambda values: 240)
    assert_same(values, stored(RUN.run(scenario, out=folder.with_name("other"), threads=os.cpu_count() or 2)))
    assert np.isfinite(values["rtt_s"][values["served"]]).all()
