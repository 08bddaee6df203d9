"""What the report of a study shows: a measure of every run, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
#: Rows of the table at most.
LISTED = 400
LOW, HIGH = 0.05, 0.95


class Dimension(NamedTuple):
    """One dimension of the grid of runs.

    Parameters
    ----------
    name : str
    kind : str
        "axis", "seed" or "draw".
    keys : tuple of str
        Keys of the scenario that it sets.
    labels : tuple of str
        Of its positions.
    numbers : tuple of float, or None
        Its values, where they are numbers in rising or falling order.
    """

    name: str
    kind: str
    keys: tuple[str, ...]
    labels: tuple[str, ...]
    numbers: tuple[float, ...] | None


class DrawnInput(NamedTuple):
    """One input that is drawn.

    Parameters
    ----------
    name : str
    keys : tuple of str
        Keys of the scenario that it sets.
    values : tuple
        Of each draw.
    """

    name: str
    keys: tuple[str, ...]
    values: tuple[Any, ...]


class EffectOf(Protocol):
    """What the tornado shows of an axis; see `bentpipe.sweep.effects.Effect`."""

    @property
    def name(self) -> str:
        """Axis or drawn input."""

    @property
    def kind(self) -> str:
        """Axis, drawn input or chance."""

    @property
    def low_at(self) -> str:
        """Where the measure is lowest."""

    @property
    def high_at(self) -> str:
        """Where it is highest."""

    @property
    def low(self) -> float:
        """Lowest mean."""

    @property
    def high(self) -> float:
        """Highest mean."""

    @property
    def change(self) -> float:
        """Their difference."""

    @property
    def interval(self) -> tuple[float, float] | None:
        """Interval of the change."""

    @property
    def least(self) -> float:
        """Least change over the other axes."""

    @property
    def most(self) -> float:
        """Largest change over the other axes."""

    @property
    def rank_correlation(self) -> float | None:
        """Spearman's."""

    @property
    def rank_interval(self) -> tuple[float, float] | None:
        """Its interval."""

    @property
    def runs(self) -> int:
        """Runs compared."""

    @property
    def left_out(self) -> int:
        """Runs that could not be."""


@dataclass(frozen=True)
class StudyReading:
    """What the report of a study shows.

    Parameters
    ----------
    name, title, base : str
        Of the study; its base scenario.
    place : str
        Folder or URL.
    measure : mapping of str to str
        "name", "words", "unit" and "rule" of the measure.
    others : tuple of str
        What else can be a measure.
    dimensions : tuple of Dimension
    drawn : tuple of DrawnInput
    values : (n1, n2, ...) array of float64
        The measure of every run, in its unit; NaN where there is none.
    complete : (n1, n2, ...) array of bool
        Whether every block of the run is there.
    by_draw : (n,) array of float64
        Mean of each draw over all else, in the unit of the measure; empty without draws.
    effects : sequence of EffectOf
        The largest first.
    failures : tuple of mapping
        "run", "at" and "error" of each run that was given up.
    fixed : mapping
        What the study sets for all runs.
    facts : tuple of (str, str)
        Provenance, as names and values.
    warnings : tuple of str
        Of the base scenario.
    confidence : float
        Of the intervals.
    resamples : int
        Of the bootstrap.
    """

    name: str
    title: str
    base: str
    place: str
    measure: Mapping[str, str]
    others: tuple[str, ...]
    dimensions: tuple[Dimension, ...]
    drawn: tuple[DrawnInput, ...]
    values: Float
    complete: npt.NDArray[np.bool_]
    by_draw: Float
    effects: Sequence[EffectOf]
    failures: tuple[Mapping[str, Any], ...]
    fixed: Mapping[str, Any]
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    confidence: float
    resamples: int

    @property
    def axes(self) -> tuple[Dimension, ...]:
        """Dimensions that a user chose the values of."""
        return tuple(d for d in self.dimensions if d.kind == "axis")

    @property
    def chance(self) -> tuple[Dimension, ...]:
        """Seeds and draws."""
        return tuple(d for d in self.dimensions if d.kind != "axis")

    @cached_property
    def known(self) -> Float:
        """Values of the runs that have one, rising."""
        return np.sort(self.values[~np.isnan(self.values)])

    @cached_property
    def by_axes(self) -> Float:
        """(axes..., runs that differ by chance alone)."""
        order = [self.dimensions.index(d) for d in (*self.axes, *self.chance)]
        moved = np.transpose(self.values, order)
        return moved.reshape(*moved.shape[: len(self.axes)], -1)


class Spread(NamedTuple):
    """Runs that differ by chance alone: 5th percentile, median, 95th percentile, and how many have a value."""

    low: float
    median: float
    high: float
    runs: int


def spread(values: Float) -> Spread:
    """Sum up runs, passing over those without a value.

    Parameters
    ----------
    values : (n,) array of float64
        In any unit, which the result has.

    Returns
    -------
    Spread
    """
    known = values[~np.isnan(values)]
    if not known.size:
        return Spread(np.nan, np.nan, np.nan, 0)
    low, median, high = np.quantile(known, (LOW, 0.5, HIGH)).tolist()
    return Spread(low, median, high, known.size)


def mean_of(values: Float, axis: int) -> Float:
    """Mean along an axis, passing over NaN; NaN where there is nothing else."""
    there = ~np.isnan(values)
    count = there.sum(axis=axis)
    return np.asarray(np.where(count > 0, np.where(there, values, 0.0).sum(axis=axis) / np.maximum(count, 1), np.nan))
