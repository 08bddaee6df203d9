"""What a sweep would do: every axis value checked, sizes, memory, disk and time, without running anything."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bentpipe.errors import Fault, InputError, ScenarioError
from bentpipe.scenario import Scenario
from bentpipe.sweep.arrays import StudyArray, arrays_of
from bentpipe.sweep.axes import is_number, shown
from bentpipe.sweep.design import Design, read_design
from bentpipe.sweep.estimating import Cost, by_records, by_size, by_timing
from bentpipe.sweep.place import open_place
from bentpipe.sweep.shapes import Shape, Shapes, slots_of
from bentpipe.sweep.study import Study
from bentpipe.sweep.studyfile import read_study

#: Values of an axis that are checked against the catalogue and files, too.
CHECKED_OUTSIDE = 50
#: Further values with the same fault that are told.
TOLD_VALUES = 5
#: Memory of a worker beside the run's own, bytes: Dask, and what it holds of other tasks.
WORKER_BYTES = 80e6


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep would do.

    Parameters
    ----------
    lines : tuple of str
        For people.
    data : dict
        The same as numbers.
    """

    lines: tuple[str, ...]
    data: dict[str, Any]


@dataclass(frozen=True)
class Checked:
    """A study whose values have been checked.

    Parameters
    ----------
    design : Design
    shapes : Shapes
    first : Scenario
        Of the first run.
    shape : Shape
        Of the first run.
    slots : int
        Of all runs.
    blocks : int
        Tasks of all runs.
    arrays : tuple of StudyArray
        What is kept.
    """

    design: Design
    shapes: Shapes
    first: Scenario
    shape: Shape
    slots: int
    blocks: int
    arrays: tuple[StudyArray, ...]

    @property
    def bytes(self) -> int:
        """Size of the arrays of all runs, not compressed."""
        return self.design.runs * sum(a.bytes_a_run for a in self.arrays)


def sweep_plan(
    study: Study | str | Path, *, out: str | Path | None = None, workers: int | None = None, time: bool = False
) -> SweepPlan:
    """Say what a sweep would do, without doing it.

    Parameters
    ----------
    study : str or pathlib.Path
        A study file.
    out : str or pathlib.Path, optional
        As for `bentpipe.sweep_run`.
    workers : int, optional
        Local processes that the estimate of the time is for; all cores when left out.
    time : bool
        Prepare the first run and simulate a few of its slots to estimate the time, which takes some seconds. Otherwise
        the estimate rests on finished tasks where `out` is a folder that has some, else on the size of the study.

    Returns
    -------
    SweepPlan
        Axes, runs, blocks, memory of a worker (bytes), disk (bytes), and an estimate of the time (s).

    Raises
    ------
    InputError
        With every fault of the study and of its axes' values, or where it exceeds its limits.
    """
    from bentpipe.sweep.cluster import default_workers

    given = study if isinstance(study, Study) else read_study(study)
    checked = check(given)
    count = workers or default_workers()
    folder = str(out) if out is not None else f"studies/{given.name}"
    cost = _cost(checked, folder, time)
    data = _numbers(checked, count, folder, cost)
    return SweepPlan(_lines(checked, data, cost), data)


def _cost(checked: Checked, folder: str, time: bool) -> Cost:
    if time:
        return by_timing(checked.first, checked.shape.length, checked.arrays)
    found = None
    if "://" not in folder:  # a plan asks nothing of a network
        found = by_records(open_place(folder), checked.design.study.name, checked.arrays)
    return found or by_size(checked.shape.places, checked.shape.satellites)


def _numbers(checked: Checked, workers: int, folder: str, cost: Cost) -> dict[str, Any]:
    from bentpipe.simulate.run import memory_estimate

    design, shape = checked.design, checked.shape
    sizes = shape.places, shape.satellites
    memory = memory_estimate(0, *sizes, shape.length, 1) + WORKER_BYTES
    return {
        "study": design.study.name,
        "base": str(design.study.base),
        "axes": [{"name": d, "length": n} for d, n in zip(design.dims, design.shape, strict=True)],
        "runs": design.runs,
        "slots": checked.slots,
        "tasks": checked.blocks,
        "block_slots": shape.length,
        "cells": shape.sizes["cell"],
        "sites": shape.sizes["site"],
        "satellites": shape.satellites,
        "memory_a_worker_bytes": round(memory),
        "disk_bytes": checked.bytes,
        "workers": workers,
        "estimated_s": round(cost.seconds(design.runs, checked.blocks, checked.slots, workers), 3),
        "estimated_from": cost.source,
        "estimated_from_count": cost.count,
        "folder": folder,
    }


def _lines(checked: Checked, data: Mapping[str, Any], cost: Cost) -> tuple[str, ...]:
    design = checked.design
    study = design.study
    axes = []
    for name, length in zip(design.dims, design.shape, strict=True):
        values = design.coordinates[name]
        ends = f"{shown(values[0])} to {shown(values[-1])}" if length > 4 else ", ".join(shown(v) for v in values)
        axes.append(f"  {name}: {length:,} ({ends})" if name != "draw" else f"  draw: {length:,}")
    axes += [f"    {one.name}: {one.kind} ({', '.join(one.keys)})" for one in study.drawn]
    kept = [f"{k.variable.name} ({'every slot' if k.whole else ', '.join(k.statistics)})" for k in study.keep]
    seconds = data["estimated_s"]
    took = (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.0f} h"
    )
    return (
        f"{study.title or study.name}: {design.runs:,} run{'s' if design.runs != 1 else ''} of {checked.first.name}",
        *axes,
        f"{data['slots']:,} slots in {data['tasks']:,} tasks of up to {data['block_slots']} slots; "
        f"{data['cells']:,} cells and {data['sites']:,} sites under {data['satellites']:,} satellites",
        f"kept: {'; '.join(kept)}",
        f"about {data['memory_a_worker_bytes'] / 1e6:.0f} MB of memory a worker, "
        f"up to {max(1.0, data['disk_bytes'] / 1e6):,.0f} MB on disk",
        f"about {took} on {data['workers']} worker{'s' if data['workers'] != 1 else ''} ({cost.words})",
        f"results go to {data['folder']}",
    )


def check(study: Study, tell: Callable[[str, int, int], None] | None = None) -> Checked:
    """Check a study's values against its base, and its size against its limits.

    Parameters
    ----------
    study : Study
    tell : callable, optional
        Told ``(stage, done, total)``.

    Returns
    -------
    Checked

    Raises
    ------
    InputError
        With every fault.
    """
    design = read_design(study)
    (tell or (lambda stage, done, total: None))("study", 0, 0)
    faults = _each_once(_faults_of_values(design))
    if faults:
        raise ScenarioError(*faults)
    first = design.scenario((0,) * len(design.shape))
    shapes = Shapes()
    shape = shapes.of(first)
    wrong = _each_once(_faults_of_shapes(design, shapes, first, shape))
    if wrong:
        raise ScenarioError(*wrong)
    slots, blocks, most = _extent(design, shapes, first, shape)
    own = slots_of(first)
    rows = _blocks(own, shape.length) * shape.length
    checked = Checked(
        design, shapes, first, shape, slots, blocks, arrays_of(study.keep, shape.sizes, shape.length, rows, most)
    )
    _check_limits(checked)
    return checked


def _check_limits(checked: Checked) -> None:
    study = checked.design.study
    for key, found, most, what in (
        ("slots", checked.slots, study.limits.slots, f"the study has {checked.slots:,} slots in all"),
        ("bytes", checked.bytes, study.limits.bytes, f"the study would hold {checked.bytes / 1e9:,.1f} GB"),
    ):
        if found > most:
            remedy = f"raise limits.{key} if so much is meant"
            raise InputError(Fault(what, study.where("limits", key), None, f"limits.{key}: {most:,}", remedy))


def _faults_of_values(design: Design) -> Iterator[Fault]:
    """Faults of each value alone, of the corners, and of what files and catalogue say to values that are no numbers."""
    for index in [(0,) * len(design.shape), *design.corners()]:
        try:
            design.scenario(index)
        except ScenarioError as error:
            yield from error.faults
    from bentpipe.simulate.checking import outside_faults

    outside: dict[str, int] = {}
    for name, value, index in design.alone():
        try:
            scenario = design.scenario(index)
        except ScenarioError as error:
            yield from error.faults
            continue
        if not is_number(value) and outside.setdefault(name, 0) < CHECKED_OUTSIDE:
            outside[name] += 1
            yield from map(design.told, outside_faults(scenario))


def _each_once(faults: Iterable[Fault]) -> list[Fault]:
    """Faults that differ in the value alone, such as of one draw after the other, as one that tells how many."""
    groups: dict[tuple[str, str, str], dict[str, Fault]] = {}
    for fault in faults:
        groups.setdefault((fault.where, fault.what, fault.allowed), {})[str(fault)] = fault
    return [_with_others(*group.values()) for group in groups.values()]


def _with_others(first: Fault, *others: Fault) -> Fault:
    if not others:
        return first
    values = ", ".join(shown(fault.value) for fault in others[:TOLD_VALUES])
    more = f"the same of {len(others)} more value{'s' if len(others) > 1 else ''}: {values}"
    more += ", ..." if len(others) > TOLD_VALUES else ""
    return replace(first, remedy="; ".join(part for part in (first.remedy, more) if part))


def _faults_of_shapes(design: Design, shapes: Shapes, first: Scenario, shape: Shape) -> Iterator[Fault]:
    """Axes that change how large a kept variable is."""
    needed = {d for kept in design.study.keep for d in kept.inner}
    whole = [kept.variable.name for kept in design.study.keep if kept.whole]
    own = slots_of(first)
    for name, value, index in design.alone():
        scenario = design.scenario(index)
        where = next(a.where for a in design.varied if a.name == name)
        if whole and (slots_of(scenario) != own or scenario.time.slot_s != first.time.slot_s):
            what = f"{name} changes the simulated slots, of which {whole[0]} keeps every one"
            remedy = 'keep statistics over time, such as ["mean"], or fix the time'
            yield Fault(what, where, value, "the same slots in every run", remedy)
        try:
            found = shapes.of(scenario)
        except InputError as error:
            yield from (fault if fault.where else replace(fault, where=where) for fault in error.faults)
            continue
        changed = [d for d in sorted(needed) if found.sizes[d] != shape.sizes[d]]
        for d in changed:
            kept = next(k.variable.name for k in design.study.keep if d in k.inner)
            what = f"{name} changes the number of {_PLURAL.get(d, d + 's')} ({shape.sizes[d]} and {found.sizes[d]})"
            remedy = f"{kept} has a value for each: take it out of [keep], or the axis out"
            yield Fault(what, where, value, "arrays of one size in every run", remedy)


_PLURAL = {"cell": "cells", "site": "sites", "gateway": "gateways", "region": "regions", "event": "events"}


def _blocks(slots: range, length: int) -> int:
    return (slots.stop - 1) // length - slots.start // length + 1


def _extent(design: Design, shapes: Shapes, first: Scenario, shape: Shape) -> tuple[int, int, int]:
    """Slots and blocks of all runs, and the most blocks of one: only axes that change them are gone through."""
    own = slots_of(first)
    alike = _blocks(own, shape.length)
    places = {axis.name: at for at, axis in enumerate(design.axes)}
    vary: set[int] = set()
    for name, _, index in design.alone():
        scenario = design.scenario(index)
        if slots_of(scenario) != own or shapes.of(scenario).length != shape.length:
            vary.add(places.get(name, len(design.shape) - 1))
    if not vary:
        return design.runs * len(own), design.runs * alike, alike
    slots = blocks = most = count = 0
    ranges = [range(n) if at in vary else range(1) for at, n in enumerate(design.shape)]
    for index in itertools.product(*ranges):
        scenario = design.scenario(index)
        one = slots_of(scenario)
        found = _blocks(one, shapes.of(scenario).length)
        slots, blocks, most, count = slots + len(one), blocks + found, max(most, found), count + 1
    times = design.runs // count
    return slots * times, blocks * times, most
