"""What an estimate of the time rests on, and that it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import bentpipe
from bentpipe.sweep import estimating
from bentpipe.sweep.arrays import StudyArray
from bentpipe.sweep.estimating import Cost, by_records, by_timing
from bentpipe.sweep.place import LocalFolder

ARRAY = StudyArray("served.sum", "served", "sum", "int64", ("cell",), (4,), 2, 240)


def records(folder: Path, count: int, sizes: tuple[int, ...] = (4,), name: str = "s") -> LocalFolder:
    """A study whose tasks of 10 slots took 3 s, of which 1 s beside the slots."""
    (folder / "commits").mkdir(parents=True)
    plain = ARRAY.plain() | {"sizes": list(sizes)}
    study = {"schema": 1, "name": name, "arrays": [plain], "identities": ["a" * 64], "rows_by_identity": {}}
    (folder / "study.json").write_text(json.dumps(study))
    seconds = {"prepare": 1.0, "compute": 2.0}
    for at in range(count):
        record = {"slots": [10 * at, 10 * at + 10], "seconds": seconds}
        (folder / "commits" / f"0-{at}.{'a' * 16}.json").write_text(json.dumps(record))
    old = {"slots": [0, 1], "seconds": {"prepare": 1e9, "compute": 1e9}}
    (folder / "commits" / f"9-0.{'b' * 16}.json").write_text(json.dumps(old))
    (folder / "commits" / f"8-0.{'a' * 16}.json").write_text("{")
    return LocalFolder(folder)


def test_finished_tasks_tell_what_the_others_will_take(tmp_path: Path) -> None:
    cost = by_records(records(tmp_path / "one", 7), "s", (ARRAY,))
    assert cost == Cost(0.0, 1.0, 0.2, "finished tasks", 7)
    assert cost.seconds(runs=5, tasks=20, slots=400, workers=4) == pytest.approx((20 * 1.0 + 400 * 0.2) / 4)
    assert cost.seconds(runs=1, tasks=1, slots=10, workers=4) == pytest.approx(3.0)  # one task, one worker
    many = by_records(records(tmp_path / "many", 450), "s", (ARRAY,))
    assert many is not None and many.count == 150


def test_records_that_tell_nothing_are_left(tmp_path: Path) -> None:
    assert by_records(LocalFolder(tmp_path / "nowhere"), "s", (ARRAY,)) is None
    assert by_records(records(tmp_path / "none", 0), "s", (ARRAY,)) is None
    assert by_records(records(tmp_path / "other", 3, name="t"), "s", (ARRAY,)) is None
    assert by_records(records(tmp_path / "larger", 3, sizes=(5,)), "s", (ARRAY,)) is None
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "study.json").write_text("{")
    assert by_records(LocalFolder(tmp_path / "broken"), "s", (ARRAY,)) is None


def test_slots_are_timed_by_what_a_longer_span_takes_more(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def prepared(*_: Any, **__: Any) -> None:
        now[0] += 5.0

    def advanced(_: Any, __: Any, slots: range, threads: int) -> tuple[None, None]:
        now[0] += 0.1 + 0.01 * len(slots)
        return None, None

    from bentpipe.simulate import outputs, recipe

    prepare_module = __import__("importlib").import_module("bentpipe.simulate.prepare")
    monkeypatch.setattr(prepare_module, "prepare", prepared)
    monkeypatch.setattr(recipe, "advance", advanced)
    monkeypatch.setattr(outputs, "block_variables", lambda *_: {})
    monkeypatch.setattr(estimating, "chunks_of_block", lambda *_: {})
    monkeypatch.setattr(estimating.time, "perf_counter", lambda: now[0])
    scenario = bentpipe.load_scenario("one-site", {"time.duration": "1h"})
    cost = by_timing(scenario, 240, ())
    assert (cost.run_s, cost.task_s, cost.slot_s) == pytest.approx((5.0, 0.1, 0.01))
    assert cost.count == 3 + 23 and cost.words == "from 26 slots of the first run timed here"
    one = by_timing(bentpipe.load_scenario("one-site", {"time.duration": "15s"}), 240, ())
    assert (one.count, one.task_s) == (1, 0.0)


def test_a_plan_says_what_its_time_rests_on(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(
        'schema = 1\nname = "s"\nbase = "one-site"\nseeds = 2\n[fixed]\n"time.duration" = "2min"\n'
        '[keep]\nsite_served = ["mean"]\n'
    )
    plain = bentpipe.sweep_plan(tmp_path / "study.toml", out=tmp_path / "out", workers=2)
    assert plain.data["estimated_from"] == "size" and "a rough guess by" in plain.lines[-2]
    timed = bentpipe.sweep_plan(tmp_path / "study.toml", out=tmp_path / "out", workers=2, time=True)
    assert timed.data["estimated_from"] == "timed slots" and timed.data["estimated_from_count"] >= 3
    assert timed.data["estimated_s"] > 0 and "timed here" in timed.lines[-2]
