"""The grid of a study: dimensions, coordinates, and each run as overrides of the base."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from bentpipe.errors import Fault, InputError, ScenarioError
from bentpipe.scenario import Scenario
from bentpipe.scenario.reader import ScenarioSource
from bentpipe.sweep.axes import Axis, Drawn, distinct, is_number
from bentpipe.sweep.study import Study

#: Last parts of keys that name files, which a study names from its own folder.
_FILES = (
    "sites_file",
    "gateways_file",
    "cells_file",
    "elements",
    "table",
    "rain_file",
    "matrix_file",
    "track",
    "polygon",
)
#: Corners of the grid that are read whole before a study begins.
CORNERS = 64
SEED, DRAW = "seed", "draw"


@dataclass(frozen=True)
class Design:
    """Every run of a study, in C order: axes in the order of the file, then seeds, then draws.

    Parameters
    ----------
    study : Study
    source : ScenarioSource
        The base.
    """

    study: Study
    source: ScenarioSource
    _drawn: dict[str, list[Any]] = field(default_factory=dict, repr=False)

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """Axes of the file, seeds as an axis among them."""
        seeds = self.study.seeds
        if seeds is None:
            return self.study.axes
        if isinstance(seeds, int):
            first = self._first_seed()
            seeds = tuple((first + i) % 2**32 for i in range(seeds))
        rows = tuple((s,) for s in seeds)
        return (*self.study.axes, Axis(SEED, (SEED,), rows, where=self.study.where("seeds")))

    def _first_seed(self) -> int:
        """Seed of the base, or the fixed one; what is fixed need not make a scenario without what is varied."""
        values = dict(self.study.fixed)
        for axis in self.study.axes:
            values |= axis.overrides(0)
        for one in self.study.drawn:
            values |= dict.fromkeys(one.keys, self.drawn[one.name][0])
        try:
            return self._vary(values).seed
        except ScenarioError:  # told with all others when the first run is read
            return 0

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the dimensions."""
        return tuple(a.name for a in self.axes) + ((DRAW,) if self.study.draws else ())

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension."""
        return tuple(len(a.rows) for a in self.axes) + ((self.study.draws,) if self.study.draws else ())

    @property
    def runs(self) -> int:
        """How many runs there are."""
        return math.prod(self.shape)

    @property
    def coordinates(self) -> dict[str, list[Any]]:
        """Values along each dimension."""
        along = {a.name: a.coordinate for a in self.axes}
        return along | ({DRAW: list(range(self.study.draws))} if self.study.draws else {})

    @property
    def varied(self) -> tuple[Axis | Drawn, ...]:
        """Axes, and what is drawn."""
        return (*self.axes, *self.study.drawn)

    @property
    def drawn(self) -> dict[str, list[Any]]:
        """Values of each distribution along ``draw``."""
        if len(self._drawn) < len(self.study.drawn):
            for one in self.study.drawn:
                self._drawn[one.name] = one.values(self.study.seed, self.study.draws)
        return self._drawn

    def index(self, number: int) -> tuple[int, ...]:
        """Position of a run along each dimension."""
        out = []
        for length in reversed(self.shape):
            number, at = divmod(number, length)
            out.append(at)
        return tuple(reversed(out))

    def overrides(self, index: Sequence[int]) -> dict[str, Any]:
        """What a run changes in the base, by dotted key."""
        values: dict[str, Any] = dict(self.study.fixed)
        for axis, at in zip(self.axes, index, strict=False):
            values |= axis.overrides(at)
        if self.study.draws:
            for one in self.study.drawn:
                values |= dict.fromkeys(one.keys, self.drawn[one.name][index[-1]])
        return values

    def _vary(self, values: Mapping[str, Any]) -> Scenario:
        """The base with some values changed; faults are told at their places in the study."""
        try:
            return self.source.vary({key: self._located(key, value) for key, value in values.items()})
        except ScenarioError as error:
            raise ScenarioError(*(self.told(fault) for fault in error.faults)) from None

    def _located(self, key: str, value: Any) -> Any:
        """A path from the folder of the study, where there is such a file."""
        if not isinstance(value, str) or key.rpartition(".")[2] not in _FILES or "\0" in value:
            return value
        own = Path(self.study.file).resolve().parent / value
        return str(own) if os.path.exists(own) else value

    def scenario(self, index: Sequence[int]) -> Scenario:
        """Read the scenario of a run.

        Parameters
        ----------
        index : sequence of int
            Position along each dimension.

        Returns
        -------
        Scenario

        Raises
        ------
        ScenarioError
            Naming the lines of the study that set what is wrong.
        """
        return self._vary(self.overrides(index))

    def told(self, fault: Fault) -> Fault:
        """A fault of what the study sets, at its place in the study; any other as it is.

        Parameters
        ----------
        fault : Fault
            Of a scenario of the study.

        Returns
        -------
        Fault
        """
        key = fault.where.removeprefix("override: ")
        own = key != fault.where
        place = self._place_of(key if own else fault.where.rpartition(": ")[2], own)
        return replace(fault, where=f"{place} ({key})") if place else fault

    def _place_of(self, key: str, own: bool) -> str:
        """Where the study sets a key of the scenario, one above or below it or, where it is `own`, one beside it."""
        wanted = self.source.steps(key)
        best, place = 0, ""
        for keys, where in self._set_at():
            for steps in map(self.source.steps, keys):
                common = sum(1 for _ in itertools.takewhile(lambda p: p[0] == p[1], zip(wanted, steps, strict=False)))
                if common > best and (own or common in (len(wanted), len(steps))):
                    best, place = common, where
        return place

    def _set_at(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Keys that the study sets, and where it does."""
        varied: tuple[Axis | Drawn, ...] = (*self.study.axes, *self.study.drawn)
        for one in varied:
            file, _, key = one.where.rpartition(": ")
            yield one.keys, f"{file}: axis {one.name}, {key}"
        yield (SEED,), self.study.where("seeds")
        for key in self.study.fixed:
            yield (key,), self.study.where("fixed", key)

    def alone(self) -> Iterator[tuple[str, Any, tuple[int, ...]]]:
        """Each value of each axis and the extremes of each distribution, all else at its first.

        Yields
        ------
        name : str
            Axis or distribution.
        value : object
        index : tuple of int
        """
        first = (0,) * len(self.shape)
        for at, axis in enumerate(self.axes):
            for position in range(len(axis.rows)):
                value = axis.rows[position] if len(axis.keys) > 1 else axis.rows[position][0]
                yield axis.name, value, (*first[:at], position, *first[at + 1 :])
        for one in self.study.drawn:
            values = self.drawn[one.name]
            if all(is_number(v) for v in values):
                chosen = [values.index(min(values)), values.index(max(values))]
            else:
                chosen = [values.index(v) for v in distinct(values)]
            for draw in chosen:
                yield one.name, values[draw], (*first[:-1], draw)

    def corners(self) -> Iterator[tuple[int, ...]]:
        """Corners of the grid, up to `CORNERS` of them."""
        ends = [(0,) if length == 1 else (0, length - 1) for length in self.shape]
        return itertools.islice(itertools.product(*ends), CORNERS)


def read_design(study: Study) -> Design:
    """Open the base of a study.

    Parameters
    ----------
    study : Study

    Returns
    -------
    Design

    Raises
    ------
    InputError
        Where the base cannot be found or read, or the study has too many runs.
    """
    try:
        source = ScenarioSource(study.base)
    except InputError as error:
        raise type(error)(*(_at_base(study, fault) for fault in error.faults)) from None
    design = Design(study, source)
    if design.runs > study.limits.runs:
        by = " × ".join(f"{n:,} {dim}" for dim, n in zip(design.dims, design.shape, strict=True))
        what = f"the study has {design.runs:,} runs ({by})"
        remedy = "raise limits.runs if so many are meant"
        raise InputError(Fault(what, study.where("limits", "runs"), None, f"at most {study.limits.runs:,}", remedy))
    return design


def _at_base(study: Study, fault: Fault) -> Fault:
    return fault if fault.where else replace(fault, where=study.where("base"))
