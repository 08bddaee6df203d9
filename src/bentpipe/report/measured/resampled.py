"""Slots as the unit of chance: they are drawn again and again, and what moves then is what few slots cannot tell.

Samples within a slot share a satellite, a path and a wait, so only slots are independent. Measured and predicted
samples of a slot are drawn together: they share its geometry. The spread over the draws, with Student's t and a factor
for few slots, gives intervals (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 6 and 12;
Hesterberg, The American Statistician 69, 2015, on the factor for few).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from bentpipe.draws import Purpose, place_id, uniforms
from bentpipe.report.measured.siteslots import Float, Integer
from bentpipe.report.measured.student import two_sided

LEVEL: Final = 0.95
FEWEST_SLOTS: Final = 4
"""Slots below which no interval is told."""
_VALUES: Final = 4_000_000
_MOST_BINS: Final = 2048
_MOST_DRAWS: Final = 1000


class Interval(NamedTuple):
    """A difference, measured minus predicted, and its bounds; NaN bounds where there are too few slots."""

    value: float
    low: float
    high: float

    @property
    def told(self) -> bool:
        """Whether there are bounds."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))

    @property
    def agrees(self) -> bool:
        """Whether none, a difference of 0, lies within the bounds."""
        return bool(self.told and self.low <= 0.0 <= self.high)


@dataclass(frozen=True)
class Draws:
    """Weights of S slots in each of B draws; the first draw has every slot once.

    Parameters
    ----------
    weight : (B, S) float64
        How often each slot is drawn.
    effective : float
        Slots that equally many samples each would be worth as much.
    """

    weight: Float
    effective: float

    @property
    def enough(self) -> bool:
        """Whether intervals can be told."""
        return bool(self.weight.shape[1] >= FEWEST_SLOTS)

    def interval(self, difference: Float, tests: int = 1, floor: float = 0.0) -> Interval:
        """Bounds of a difference.

        Parameters
        ----------
        difference : (B,) float64
            In each draw.
        tests : int
            Differences that are told together: the bounds hold for all of them at once (Bonferroni).
        floor : float
            Least standard error.

        Returns
        -------
        Interval
            At 95 %.
        """
        value, n = float(difference[0]), self.weight.shape[1]
        rest = difference[1:][np.isfinite(difference[1:])]
        if not self.enough or len(rest) < 2:
            return Interval(value, np.nan, np.nan)
        error = max(float(rest.std()) * np.sqrt(n / (n - 1.0)), floor)
        reach = two_sided((1.0 - LEVEL) / tests, self.effective - 1.0) * error
        return Interval(value, value - reach, value + reach)


def draw_slots(samples: Integer) -> Draws:
    """Draw slots with replacement.

    Parameters
    ----------
    samples : (S,) int64
        Samples in each slot.

    Returns
    -------
    Draws
        Keyed draws: the same for the same number of slots, whatever else is asked.
    """
    slots = len(samples)
    count = int(np.clip(_VALUES // max(slots, 1), 200, _MOST_DRAWS))
    weight = np.ones((count, slots))
    key = np.uint64(place_id("measured slots"))
    drawn = (uniforms(0, Purpose.BOOTSTRAP, np.arange(1, count)[:, None], np.arange(slots), key) * slots).astype(
        np.int64
    )
    for row, chosen in enumerate(drawn, 1):
        weight[row] = np.bincount(chosen, minlength=slots)
    total = samples.sum()
    return Draws(weight, float(total * total / max((samples.astype(np.float64) ** 2).sum(), 1.0)))


@dataclass(frozen=True)
class Pooled:
    """Samples of all slots of a draw together, measured or predicted, on common edges.

    Parameters
    ----------
    edge : (K,) float64
        Rising values; every sample counts as the edge at or above it. Exact up to 2,048 different values.
    share : (B, K) float64
        Share of the samples up to each edge, in each draw.
    """

    edge: Float
    share: Float

    def quantile(self, probability: float) -> Float:
        """Quantile in each draw, (B,)."""
        at = (self.share < probability - 1e-12).sum(axis=1)
        return np.asarray(self.edge[np.minimum(at, len(self.edge) - 1)])


@dataclass(frozen=True)
class Pair:
    """Measured and predicted samples in the same draws.

    Parameters
    ----------
    measured, predicted : Pooled
    """

    measured: Pooled
    predicted: Pooled

    @cached_property
    def kolmogorov(self) -> float:
        """Largest distance of the two distribution functions (Kolmogorov and Smirnov), 0 to 1."""
        return float(np.abs(self.measured.share[0] - self.predicted.share[0]).max())

    @cached_property
    def wasserstein(self) -> float:
        """Mean distance of the quantiles (Wasserstein, of first order), in the unit of the samples."""
        return float(_area(self.measured.edge, self.measured.share[0], self.predicted.share[0]))

    def by_chance(self, slots: int) -> tuple[float, float]:
        """Both distances that two predictions of so many slots stay below with 95 %; NaN where slots are too few."""
        if slots < FEWEST_SLOTS:
            return float("nan"), float("nan")
        rows = self.predicted.share[1:]
        half = len(rows) // 2
        one, two = rows[:half], rows[half : 2 * half]
        factor = np.sqrt(slots / (slots - 1.0))
        far = np.abs(one - two).max(axis=1)
        area = _area(self.predicted.edge, one, two)
        return float(np.quantile(far, LEVEL) * factor), float(np.quantile(area, LEVEL) * factor)


def _area(edge: Float, one: Float, two: Float) -> Float:
    return np.asarray((np.abs(one - two)[..., :-1] * np.diff(edge)).sum(axis=-1))


def pair(draws: Draws, slot: Integer, measured: Float, predicted: Float) -> Pair:
    """Pool samples of slots by draw.

    Parameters
    ----------
    draws : Draws
        Of S slots.
    slot : (N,) int64
        Slot of each sample, 0 to S - 1.
    measured, predicted : (N,) float64
        Finite.

    Returns
    -------
    Pair
    """
    slots = draws.weight.shape[1]
    bins = int(np.clip(_VALUES // slots, 64, _MOST_BINS))
    edge = np.unique(np.concatenate([measured, predicted]))
    if len(edge) > bins:
        both = np.sort(np.concatenate([measured, predicted]))
        edge = np.unique(both[np.linspace(0, len(both) - 1, bins).round().astype(np.int64)])
    return Pair(*(Pooled(edge, _shares(draws, slot, values, edge)) for values in (measured, predicted)))


def _shares(draws: Draws, slot: Integer, values: Float, edge: Float) -> Float:
    slots, bins = draws.weight.shape[1], len(edge)
    code = np.searchsorted(edge, values)
    table = np.bincount(slot * bins + code, minlength=slots * bins).reshape(slots, bins)
    total = np.cumsum(draws.weight @ table, axis=1)
    return np.asarray(total / total[:, -1:])
