"""What a sweep tells while it runs, and that it ends quietly."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("distributed", reason="dask and distributed are not installed: they are in the extra sweep")

import bentpipe
from bentpipe.sweep import cluster, driver, running

STUDY = """
schema = 1
name = "short"
base = "one-site"
seeds = 3
[fixed]
"time.duration" = "1min"
[keep]
site_served = ["mean"]
"""


@pytest.fixture
def client() -> Iterator[Any]:
    from distributed import Client, LocalCluster

    names = ("distributed", "distributed.worker", "tornado.application")
    levels = {name: logging.getLogger(name).level for name in names}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as workers,
        Client(workers, set_as_default=False) as found,
    ):
        yield found
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path / "study.toml"


def test_workers_that_rest_send_no_heartbeat_and_say_nothing(client: Any) -> None:
    workers = list(client.cluster.workers.values())
    assert all(w.periodic_callbacks["heartbeat"].is_running() for w in workers)
    cluster.rest_workers(client)
    assert len(workers) == 2
    assert not any(w.periodic_callbacks["heartbeat"].is_running() for w in workers)
    assert not logging.getLogger("distributed.worker").isEnabledFor(logging.CRITICAL)


def test_closing_does_not_wait_for_a_worker_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    class Deaf:
        def run(self, *_: Any, **__: Any) -> None:
            threading.Event().wait(60)

    monkeypatch.setattr(cluster, "REST_S", 0.01)
    cluster.rest_workers(Deaf())


def test_runs_and_tasks_are_told_and_compiling_once(study: Path, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import contextlib

    asked = iter([False] * 5)
    monkeypatch.setattr(driver, "kernels_known", lambda: next(asked, True))
    monkeypatch.setattr(running, "dask_client", lambda *_: contextlib.nullcontext(client))
    told: list[tuple[str, int, int]] = []
    bentpipe.sweep_run(study, out=study.parent / "out", progress=lambda *step: told.append(step))
    assert [step for step in told if step[0] == "kernels"] == [("kernels", 0, 0)]
    runs, tasks = ([step[1:] for step in told if step[0] == stage] for stage in ("runs", "tasks"))
    assert runs == tasks == [(0, 3), (1, 3), (2, 3), (3, 3)]
    plan = bentpipe.sweep_plan(study, out=study.parent / "out", workers=2)
    assert (plan.data["estimated_from"], plan.data["estimated_from_count"]) == ("finished tasks", 3)
    assert any(line.endswith("on 2 workers (from 3 finished tasks)") for line in plan.lines)
    told.clear()
    bentpipe.sweep_run(study, out=study.parent / "out", progress=lambda *step: told.append(step))
    assert told[-2:] == [("runs", 3, 3), ("tasks", 3, 3)]
