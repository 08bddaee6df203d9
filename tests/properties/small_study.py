"""A study of the small world, a client of threads in this process, and what the tests compare."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_world import write_world

from bentpipe.sweep import running, work
from bentpipe.sweep.matrix import Policies
from bentpipe.sweep.opened import open_study
from bentpipe.sweep.place import LocalFolder
from bentpipe.sweep.planning import check
from bentpipe.sweep.studyfile import read_study

STUDY = """
schema = 1
name = "faults"
base = "small-world.toml"
seeds = [11, 12, 13]

[[axes]]
name = "beams"
key = "satellite.beams"
values = [1, 2]

[keep]
rtt_s = "all"
served = "all"
site_rtt_s = ["mean", "max"]
region_terminals_connected = ["sum"]
"""


def write_study(folder: Path, text: str = STUDY) -> Path:
    """Write the study and its base."""
    write_world(folder)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder / "study.toml"


def values_of(study: Any) -> dict[str, Any]:
    """Every array of a study."""
    data = study.dataset.load()
    return {str(name): data[name].values for name in [*data.data_vars, *data.coords]}


def alone(study: Path, folder: Path, scheduling: Any = None) -> dict[str, Any]:
    """The same study task after task in this process, without Dask."""
    folder.mkdir(parents=True, exist_ok=True)
    laid = running.lay_out(check(read_study(study)), LocalFolder(folder), Policies(scheduling))
    for one in laid.work:
        for at in one.blocks:
            work.compute(laid.job, one.run, at, one.chained)
    return values_of(open_study(folder))


@contextlib.contextmanager
def threads(*_: Any) -> Iterator[Any]:
    """Dask with two workers in this process."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, silence_logs=50
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def use_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sweeps run in this process."""
    monkeypatch.setattr(running, "dask_client", threads)
