"""What matters most: how much a measure changes with each axis and each drawn input, all else averaged out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.sweep.axes import is_number, shown
from bentpipe.sweep.statistics import CHANCE, Array, _mean, _quantile, check_bootstrap, interval, positions, resampled

#: Fewest runs in each half of a comparison for which an interval is given.
FEWEST = 3


@dataclass(frozen=True)
class Effect:
    """How much a measure changes with one axis or drawn input.

    Parameters
    ----------
    name : str
        Axis or drawn input; "seed" for chance.
    kind : str
        "axis": means at its values; "drawn": means of the quarters of the draws with its lowest and highest values,
        or at each of its values where these are no numbers; "seed": 5th and 95th percentile of the means by seed.
    low_at, high_at : str
        Where the measure is lowest and highest.
    low, high : float
        Means there, in the unit of the measure.
    interval : tuple of float, or None
        Of ``high - low``: percentile bootstrap over seeds and draws; None where these are too few.
    least, most : float
        Of ``high - low`` over the combinations of the other axes, in the unit of the measure: far apart where axes
        work on one another.
    means : tuple of (str, float)
        At each value, or in each group, in the unit of the measure.
    rank_correlation : float or None
        Spearman's, a ratio from -1 to 1; of drawn numbers only.
    rank_interval : tuple of float, or None
        Percentile bootstrap over the draws.
    runs, left_out : int
        Runs that were compared, and those that could not be: each comparison is among runs that differ in nothing
        else, so that one that is missing takes its partners along.
    """

    name: str
    kind: str
    low_at: str
    high_at: str
    low: float
    high: float
    interval: tuple[float, float] | None
    least: float
    most: float
    means: tuple[tuple[str, float], ...]
    rank_correlation: float | None
    rank_interval: tuple[float, float] | None
    runs: int
    left_out: int

    @property
    def change(self) -> float:
        """Difference of the highest and the lowest mean."""
        return self.high - self.low


@dataclass(frozen=True)
class _Resampling:
    resamples: int
    seed: int
    confidence: float

    def ends(self, found: Array) -> tuple[float, float] | None:
        low, high = interval(found, self.confidence).tolist()
        return None if np.isnan(low) or np.isnan(high) else (low, high)


def effects_of(
    values: Array,
    dims: Sequence[str],
    coordinates: Mapping[str, Sequence[Any]],
    drawn: Mapping[str, Sequence[Any]],
    resamples: int = 1000,
    seed: int = 1,
    confidence: float = 0.95,
) -> tuple[Effect, ...]:
    """Compare the values of each axis and of each drawn input; the largest change first.

    Parameters
    ----------
    values : (n1, n2, ...) array of float64
        A measure of every run; NaN where there is none.
    dims : sequence of str
        Names of its axes.
    coordinates : mapping
        Values along each.
    drawn : mapping
        Values of each drawn input along ``draw``.
    resamples, seed, confidence
        Of the bootstrap.

    Returns
    -------
    tuple of Effect
        Those with fewer than two values to compare are left out.
    """
    check_bootstrap(resamples, confidence, seed)
    how = _Resampling(resamples, seed, confidence)
    found = [
        _along(values, dims, dim, coordinates[dim], how)
        for dim, length in zip(dims, values.shape, strict=True)
        if dim != "draw" and length > 1
    ]
    if drawn and "draw" in dims and values.shape[list(dims).index("draw")] > 1:
        means, used = by_draw(values, dims)
        found += [_of_drawn(name, given, means, used, values.size, how) for name, given in drawn.items()]
    return tuple(sorted((e for e in found if e is not None), key=lambda e: -e.change))


def _along(values: Array, dims: Sequence[str], dim: str, along: Sequence[Any], how: _Resampling) -> Effect | None:
    """The main effect of an axis, or the spread of the seeds."""
    chance = {d: values.shape[dims.index(d)] for d in CHANCE if d in dims and d != dim}
    rest = [d for d in dims if d != dim and d not in chance]
    order = [dims.index(d) for d in (dim, *rest, *chance)]
    held = np.transpose(values, order).reshape(values.shape[dims.index(dim)], -1, *chance.values())
    there = np.flatnonzero(~np.isnan(held).reshape(len(held), -1).all(axis=1))
    if len(there) < 2:
        return None
    held, along = held[there], [along[i] for i in there.tolist()]  # values without any run have nothing to compare
    whole = ~np.isnan(held).any(axis=0)
    if not whole.any():
        return None
    held = np.where(whole, held, np.nan)
    # Over the other axes first, so that seeds and draws count the same wherever a run is missing.
    others = _mean(np.moveaxis(held, 1, -1))
    means = _mean(others.reshape(len(others), -1))
    runs = int(whole.sum()) * len(held)
    if dim == "seed":
        low, high = (float(_quantile(means, q)) for q in (0.05, 0.95))
        words = ["5th percentile", "95th percentile"]
        return _effect(dim, "seed", words, (low, high), None, (np.nan, np.nan), (), runs, values.size)
    bottom, top = int(np.argmin(means)), int(np.argmax(means))
    apart = others[top] - others[bottom]
    ends = None
    if sum(n > 1 for n in chance.values()) and int((~np.isnan(apart)).sum()) >= FEWEST:
        ends = how.ends(resampled(apart, chance, "mean", how.resamples, how.seed))
    by_other = _mean((held[top] - held[bottom]).reshape(held.shape[1], -1))
    labels = [label(v) for v in along]
    spread = (float(np.nanmin(by_other)), float(np.nanmax(by_other)))
    return _effect(
        dim, "axis", (labels[bottom], labels[top]), (float(means[bottom]), float(means[top])), ends, spread,
        tuple(zip(labels, means.tolist(), strict=True)), runs, values.size,
    )  # fmt: skip


def _effect(
    name: str,
    kind: str,
    at: Sequence[str],
    means: tuple[float, float],
    ends: tuple[float, float] | None,
    spread: tuple[float, float],
    each: tuple[tuple[str, float], ...],
    runs: int,
    size: int,
    rank: tuple[float | None, tuple[float, float] | None] = (None, None),
) -> Effect:
    return Effect(name, kind, at[0], at[1], *means, ends, *spread, each, *rank, runs, size - runs)


def label(value: Any) -> str:
    """Write a value of an axis."""
    return f"{value:.4g}" if isinstance(value, float) else shown(value)


def by_draw(values: Array, dims: Sequence[str]) -> tuple[Array, int]:
    """Mean of each draw over all else, NaN where a part of it is missing; and the runs behind the means."""
    held = np.moveaxis(values, list(dims).index("draw"), 0).reshape(values.shape[list(dims).index("draw")], -1)
    held = held[:, ~np.isnan(held).all(axis=0)]
    if not held.shape[1]:
        return np.full(len(held), np.nan), 0
    whole = ~np.isnan(held).any(axis=1)
    return np.where(whole, held.mean(axis=1), np.nan), held.shape[1]


def _of_drawn(name: str, given: Sequence[Any], by_draw: Array, each: int, size: int, how: _Resampling) -> Effect | None:
    """The outcome of the draws with the lowest and the highest values, and their rank correlation."""
    kept = np.flatnonzero(~np.isnan(by_draw))
    values, outcome = [given[i] for i in kept.tolist()], by_draw[kept]
    numbers = all(is_number(v) for v in values)
    groups = _quarters(values) if numbers else _classes(values)
    if len(groups) < 2:
        return None
    means = [float(outcome[members].mean()) for _, members in groups]
    bottom, top = int(np.argmin(means)), int(np.argmax(means))
    if bottom == top:
        bottom, top = 0, len(means) - 1
    ends = None
    if min(len(groups[bottom][1]), len(groups[top][1])) >= FEWEST:
        halves = []
        for words, members in (groups[top], groups[bottom]):
            at = positions({f"{name}: {words}": len(members)}, how.resamples, how.seed)[0]
            halves.append(outcome[members][at].mean(axis=1))
        ends = how.ends(halves[0] - halves[1])
    rank = _rank(np.array(values, np.float64), outcome, how) if numbers else (None, None)
    told = [words for words, _ in groups]
    return _effect(
        name, "drawn", (told[bottom], told[top]), (means[bottom], means[top]), ends, (np.nan, np.nan),
        tuple(zip(told, means, strict=True)), len(kept) * each, size, rank,
    )  # fmt: skip


def _quarters(values: Sequence[float]) -> list[tuple[str, npt.NDArray[np.int64]]]:
    """Draws with the lowest and the highest quarter of the values; of equal values the earlier draw counts as lower."""
    if len(values) < 2:
        return []
    order = np.argsort(np.array(values, np.float64), kind="stable")
    size = max(1, round(len(values) / 4))
    low, high = order[:size], order[-size:]
    return [
        (f"lowest quarter (to {float(values[low[-1]]):.3g})", low),
        (f"highest quarter (from {float(values[high[0]]):.3g})", high),
    ]


def _classes(values: Sequence[Any]) -> list[tuple[str, npt.NDArray[np.int64]]]:
    names = [label(v) for v in values]
    return [(name, np.array([i for i, n in enumerate(names) if n == name])) for name in dict.fromkeys(names)]


def _rank(x: Array, y: Array, how: _Resampling) -> tuple[float | None, tuple[float, float] | None]:
    found = float(spearman(x, y))
    if np.isnan(found):
        return None, None
    if len(x) < 2 * FEWEST:
        return found, None
    at = positions({"draw": len(x)}, how.resamples, how.seed)[0]
    return found, how.ends(spearman(x[at], y[at]))


def average_ranks(values: Array) -> Array:
    """Ranks from 1 along the last axis; equal values share the mean of theirs.

    Parameters
    ----------
    values : (..., n) array
        Without NaN.

    Returns
    -------
    (..., n) array
    """
    n = values.shape[-1]
    order = np.argsort(values, axis=-1, kind="stable")
    ordered = np.take_along_axis(values, order, -1)
    changes = np.diff(ordered, axis=-1) != 0
    edge = np.ones((*values.shape[:-1], 1), np.bool_)
    at = np.arange(n)
    first = np.maximum.accumulate(np.where(np.concatenate([edge, changes], -1), at, 0), axis=-1)
    last = np.where(np.concatenate([changes, edge], -1), at, n)
    last = np.minimum.accumulate(last[..., ::-1], axis=-1)[..., ::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, -1)
    return ranks


def spearman(x: Array, y: Array) -> Array:
    """Spearman's rank correlation along the last axis; NaN where one of the two does not vary.

    Parameters
    ----------
    x, y : (..., n) arrays

    Returns
    -------
    (...) array
        Ratio from -1 to 1.
    """
    a, b = (ranks - ranks.mean(axis=-1, keepdims=True) for ranks in (average_ranks(x), average_ranks(y)))
    scale = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    return np.asarray(np.where(scale > 0, (a * b).sum(axis=-1) / np.where(scale > 0, scale, 1.0), np.nan))
