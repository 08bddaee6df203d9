"""Runs a study, or what is missing of it."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bentpipe.registry import Policy
from bentpipe.scenario.files import file_content
from bentpipe.sweep.cluster import dashboard_of, dask_client, default_workers, need_dask, refuse_skew
from bentpipe.sweep.driver import Driver, Work
from bentpipe.sweep.fetched import tidy
from bentpipe.sweep.holding import only_client
from bentpipe.sweep.matrix import Matrix, Policies, RunSpec, matrix
from bentpipe.sweep.opened import StudyResults, open_study
from bentpipe.sweep.place import Place, open_place
from bentpipe.sweep.planning import Checked, check
from bentpipe.sweep.store import SCHEMA, StudyStore, Task, check_place
from bentpipe.sweep.study import Study
from bentpipe.sweep.studyfile import read_study
from bentpipe.sweep.work import Job

if TYPE_CHECKING:
    from bentpipe.simulate.prepare import Prepared

Tell = Callable[[str, int, int], None]
SESSION = "session.json"
#: Static variables that an axis cannot change without changing the sizes, or that only say where things are.
_STATIC = (
    "region_of_cell", "latitude_deg", "longitude_deg", "area_m2", "site_latitude_deg", "site_longitude_deg",
    "gateway_latitude_deg", "gateway_longitude_deg", "path_great_circle_m", "region_terminals",
    "site_boresight_azimuth_deg", "site_boresight_elevation_deg", "site_field_of_view_deg",
    "site_minimum_elevation_deg",
)  # fmt: skip


def sweep_run(
    study: Study | str | Path,
    *,
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    memory: str | None = None,
    scheduling: str | Policy | Callable[[Any], Any] | None = None,
    topology: Any = None,
    routing: Any = None,
    storage_options: Mapping[str, Any] | None = None,
    verify: bool | None = None,
    wait: bool = False,
    progress: Tell | None = None,
    note: Callable[[str], None] | None = None,
) -> StudyResults:
    """Run a study on Dask, or what is missing of it or changed.

    Parameters
    ----------
    study : str or pathlib.Path
        A study file.
    out : str or pathlib.Path, optional
        A folder, or a URL that fsspec knows such as ``s3://bucket/folder``; ``studies/NAME`` when left out.
    workers : int, optional
        Local processes of one thread each; all cores when left out.
    scheduler : str, optional
        Address of a Dask scheduler, such as ``tcp://host:8786``, in place of local processes.
    memory : str, optional
        Memory limit of a local process, such as "2GB"; its share of the machine's when left out.
    scheduling : str, Policy or callable, optional
        Scheduling policy of every run; a function goes to the workers by cloudpickle.
    topology, routing : str, policy or callable, optional
        As for `bentpipe.run`.
    storage_options : mapping, optional
        Of the file system of `out`; not stored.
    verify : bool, optional
        Compare checksums of all that is done already; left out, where `out` is local, and elsewhere sizes only.
    wait : bool
        Wait for another client of the same study in place of being refused.
    progress : callable, optional
        Told ``(stage, done, total)``; of what is done "runs", then "tasks".
    note : callable, optional
        Told what a user should know, such as the dashboard's address.

    Returns
    -------
    StudyResults
        Its `failures` tell the runs that were given up.

    Raises
    ------
    InputError
        Where the study is wrong, `out` holds something else, or the scheduler does not answer.
    RunError
        Where client and workers do not match, or the scheduler is lost.
    StoreError
        Where another client holds the study, or it cannot be written.
    """
    need_dask()
    given = study if isinstance(study, Study) else read_study(study)
    tell: Tell = progress or (lambda stage, done, total: None)
    say = note or (lambda text: None)
    place = open_place(out if out is not None else Path("studies") / given.name, storage_options)
    store = StudyStore(place)
    check_place(store, given.name)
    checked = check(given, tell)
    tell("study", 0, 0)
    with only_client(place, wait):
        laid = lay_out(checked, place, Policies(scheduling, topology, routing), storage_options, verify)
        if laid.work:
            tidy()
            try:
                _drive(laid, scheduler, workers, memory, tell, say)
            finally:
                tidy()  # of workers that were killed
        else:
            tell("runs", len(laid.rows), len(laid.rows))
            tell("tasks", laid.total, laid.total)
    return open_study(place.url, storage_options=storage_options)


@dataclass(frozen=True)
class Laid:
    """A study in its place, and what is left to do.

    Parameters
    ----------
    place : Place
    job : Job
    rows : dict
        Runs by row.
    whole : dict
        Records of the tasks that are done.
    work : list of Work
        What is left.
    """

    place: Place
    job: Job
    rows: dict[int, RunSpec]
    whole: dict[Task, dict[str, Any]]
    work: list[Work]

    @property
    def total(self) -> int:
        """Tasks in all."""
        return sum(len(run.blocks) for run in self.rows.values())


def lay_out(
    checked: Checked,
    place: Place,
    policies: Policies,
    options: Mapping[str, Any] | None = None,
    verify: bool | None = None,
) -> Laid:
    """Write what workers need and empty arrays, or find what is done already; take out what is no longer so.

    Parameters
    ----------
    checked : Checked
    place : Place
        Held by the caller.
    policies : Policies
    options : mapping, optional
        Of the file system.
    verify : bool, optional
        As for `sweep_run`.

    Returns
    -------
    Laid
    """
    store = StudyStore(place)
    old = check_place(store, checked.design.study.name)
    runs = matrix(checked.design, checked.shapes, policies).placed(store.known_rows(old, checked.arrays))
    job = _laid_out(store, checked, runs, old, policies, options)
    rows = runs.rows()
    whole, stale = store.done(rows, checked.arrays, place.local if verify is None else verify)
    place.delete(stale)
    place.delete([f"failures/{name}" for name in place.sizes("failures")])
    return Laid(place, job, rows, whole, _work(rows, whole, policies))


def _drive(
    laid: Laid,
    scheduler: str | None,
    workers: int | None,
    memory: str | None,
    tell: Tell,
    say: Callable[[str], None],
) -> None:
    """Start or find the workers, and let them do what is left."""
    tell("workers", 0, 0)
    with dask_client(scheduler, workers or default_workers(), memory) as client:
        dashboard = dashboard_of(client)
        if dashboard:
            say(f"dashboard: {dashboard}")
        present = list(client.nthreads())
        if present:
            refuse_skew(client, present)
        elif scheduler is not None:
            say("the scheduler has no workers yet: waiting for the first")
        driver = Driver(client, laid.job, laid.place, laid.work, len(laid.whole), laid.total, len(laid.rows), tell, say)
        driver.one_first = scheduler is None
        try:
            driver.run()
        finally:
            with contextlib.suppress(Exception):
                laid.place.write(SESSION, json.dumps(_session(driver, scheduler)).encode())


def _session(driver: Driver, scheduler: str | None) -> dict[str, Any]:
    counts = driver.counts
    busy = sum(counts.seconds.values())
    spare = max(0.0, counts.wall_s * counts.threads - busy)
    return {
        "ended_utc": _now(),
        "scheduler": scheduler or "local processes",
        "threads": counts.threads,
        "tasks": counts.tasks,
        "failed_runs": len(driver.failures),
        "wall_s": round(counts.wall_s, 3),
        "warm_s": round(counts.warm_s, 3),
        "seconds": {key: round(value, 3) for key, value in counts.seconds.items()},
        "overhead_a_task_s": round(spare / counts.tasks, 4) if counts.tasks else None,
    }


def _work(rows: Mapping[int, RunSpec], whole: Mapping[Task, Any], policies: Policies) -> list[Work]:
    from bentpipe.simulate.prepare import scheduling_policy

    chained: dict[str, bool] = {}
    found = []
    for row, run in sorted(rows.items()):
        missing = deque(at for at in run.blocks if (row, at) not in whole)
        if missing:
            name = run.scheduling
            if name not in chained:
                chained[name] = scheduling_policy(policies.scheduling or name).memory_slots is None
            found.append(Work(run, missing, chained[name]))
    return found


def _laid_out(
    store: StudyStore, checked: Checked, runs: Matrix, old: Mapping[str, Any] | None, policies: Policies,
    options: Mapping[str, Any] | None,
) -> Job:  # fmt: skip
    """Write what the workers need, and the empty arrays."""
    import cloudpickle

    from bentpipe.simulate.prepare import prepare

    base = json.dumps(runs.base, sort_keys=True).encode()
    digest = _put(store.place, base)
    for path in runs.contents.values():
        _put(store.place, file_content(path))
    packed = cloudpickle.dumps(policies)
    description = _description(checked, runs, old, digest)
    if old is None or _changed(old, description):
        prepared = prepare(runs.first, policies.scheduling, 1, policies.topology, policies.routing)
        description |= {"names": _names(prepared), "interval_s": prepared.clock.interval_s,
                        "offset_s": prepared.clock.offset_s, "title": checked.design.study.title,
                        "warnings": list(prepared.warnings)}  # fmt: skip
        rows = 1 + max(description["rows_by_identity"].values())
        store.create(description, checked.arrays, rows, _static(prepared), old)
    elif not _has_metadata(store, checked):
        return _laid_out(store, checked, runs, None, policies, options)
    return Job(store.place.url, dict(options or {}), digest, checked.arrays, packed)


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    apart = ("created_utc",)
    return any(json.loads(json.dumps(value)) != old.get(key) for key, value in new.items() if key not in apart)


def _has_metadata(store: StudyStore, checked: Checked) -> bool:
    from bentpipe.sweep.arrays import GROUP

    names = [f"{GROUP}/zarr.json", *(f"{GROUP}/{a.name}/zarr.json" for a in checked.arrays)]
    found = store.place.read_many(names)
    return all(_is_json(found.get(name, b"")) for name in names)


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


def _put(place: Place, content: bytes) -> str:
    """Write an input under its hash, unless it is there."""
    import hashlib

    digest = hashlib.sha256(content).hexdigest()
    there = place.read_many([f"inputs/{digest}"])
    if hashlib.sha256(there.get(f"inputs/{digest}", b"")).hexdigest() != digest:
        place.write(f"inputs/{digest}", content)
    return digest


def _description(checked: Checked, runs: Matrix, old: Mapping[str, Any] | None, base: str) -> dict[str, Any]:
    """What ``study.json`` says, but for what needs the first run prepared."""
    from bentpipe.simulate.identity import versions

    design, study = checked.design, checked.design.study
    rows = {str(k): int(v) for k, v in (old or {}).get("rows_by_identity", {}).items()}
    taken = {run.row for run in runs.runs}
    rows = {identity: row for identity, row in rows.items() if row not in taken}
    first = runs.runs[0]
    return {
        "schema": SCHEMA,
        "name": study.name,
        "base_name": str(study.base),
        "base": base,
        "created_utc": (old or {}).get("created_utc") or _now(),
        "dims": list(design.dims),
        "shape": list(design.shape),
        "coordinates": _plain(design.coordinates),
        "drawn": _plain(design.drawn),
        "axis_keys": {one.name: list(one.keys) for one in design.varied},
        "fixed": _plain(dict(study.fixed)),
        "keep": {k.variable.name: list(k.statistics) or "all" for k in study.keep},
        "arrays": json.loads(json.dumps([a.plain() for a in checked.arrays])),
        "rows": [run.row for run in runs.runs],
        "identities": [run.identity for run in runs.runs],
        "blocks": [len(run.blocks) for run in runs.runs],
        "rows_by_identity": rows | {run.identity: run.row for run in runs.runs},
        "start": first.start,
        "stop": first.stop,
        "block_slots": first.length,
        "versions": versions(),
    }


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def _names(prepared: Prepared) -> dict[str, dict[str, list[str]]]:
    from bentpipe.simulate.manifest import names

    return {dim: found for dim, found in names(prepared).items() if dim != "satellite"}


def _static(prepared: Prepared) -> dict[str, Any]:
    """Where things are, in the first run."""
    from bentpipe.simulate.manifest import static_variables
    from bentpipe.simulate.run import sampled_slots

    found = static_variables(prepared, sampled_slots(prepared))
    return {name: found[name] for name in _STATIC}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
