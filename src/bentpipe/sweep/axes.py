"""Axes of a study: values, ranges, and distributions that are drawn by key, never by order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

#: Values of one axis at most.
MOST_VALUES = 100_000
#: What each kind of distribution takes: needed keys, then optional ones.
DISTRIBUTIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "uniform": (("low", "high"), ()),
    "normal": (("mean", "sd"), ("low", "high")),
    "lognormal": (("median", "sigma"), ("low", "high")),
    "triangular": (("low", "mode", "high"), ()),
    "integers": (("low", "high"), ()),
    "choice": (("values",), ("weights",)),
}


@dataclass(frozen=True)
class Axis:
    """One dimension of a study.

    Parameters
    ----------
    name : str
        The dimension.
    keys : tuple of str
        Dotted keys of the scenario that it sets.
    rows : tuple of tuple
        For each position, the value of each key.
    labels : tuple of str, optional
        Names of the positions.
    where : str
        File and line, for messages.
    """

    name: str
    keys: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    labels: tuple[str, ...] | None = None
    where: str = ""

    def overrides(self, position: int) -> dict[str, Any]:
        """Values that a position sets, by dotted key."""
        return dict(zip(self.keys, self.rows[position], strict=True))

    @property
    def coordinate(self) -> list[Any]:
        """Coordinate values: labels, else numbers, truth values or text."""
        if self.labels is not None:
            return list(self.labels)
        if len(self.keys) == 1:
            values = [row[0] for row in self.rows]
            if all(isinstance(v, bool) for v in values) or all(is_number(v) for v in values):
                return values
        return [" / ".join(shown(v) for v in row) for row in self.rows]


@dataclass(frozen=True)
class Drawn:
    """Values along the dimension ``draw``, from a distribution.

    Parameters
    ----------
    name : str
        Keys the draws, and names the values in the dataset.
    keys : tuple of str
        Dotted keys of the scenario that it sets, all to the same value.
    kind : str
        One of `DISTRIBUTIONS`.
    parameters : mapping
        Of the distribution.
    where : str
        File and line, for messages.
    """

    name: str
    keys: tuple[str, ...]
    kind: str
    parameters: Mapping[str, Any]
    where: str = ""

    def values(self, seed: int, draws: int) -> list[Any]:
        """Draw the values: each depends on the study's seed, the name and the number of the draw alone.

        Parameters
        ----------
        seed : int
            Of the study.
        draws : int
            How many.

        Returns
        -------
        list
        """
        import numpy as np

        from bentpipe.draws import Purpose, place_id, uniforms

        u = uniforms(seed, Purpose.SWEEP, np.arange(draws), 0, np.uint64(place_id(self.name)))
        return [quantile(self.kind, self.parameters, float(p)) for p in u]


def quantile(kind: str, parameters: Mapping[str, Any], p: float) -> Any:
    """Quantile of a distribution.

    Parameters
    ----------
    kind : str
        "uniform", "normal" and "lognormal" (both cut off at `low` and `high` where these are given), "triangular",
        "integers" (both ends included) or "choice".
    parameters : mapping
        Of the distribution; `sigma` is the standard deviation of the natural logarithm.
    p : float
        Probability, above 0 and below 1.

    Returns
    -------
    float, int, or one of the values of a choice
    """
    given = parameters
    if kind == "uniform":
        return given["low"] + p * (given["high"] - given["low"])
    if kind == "integers":
        return given["low"] + min(int(p * (given["high"] - given["low"] + 1)), given["high"] - given["low"])
    if kind == "triangular":
        low, mode, high = given["low"], given["mode"], given["high"]
        split = (mode - low) / (high - low)
        if p < split:
            return low + math.sqrt(p * (high - low) * (mode - low))
        return high - math.sqrt((1.0 - p) * (high - low) * (high - mode))
    if kind == "choice":
        return _choice(given["values"], given.get("weights"), p)
    if kind == "normal":
        return _cut_normal(NormalDist(given["mean"], given["sd"]), given.get("low"), given.get("high"), p)
    low, high = (None if end is None else math.log(end) for end in (given.get("low"), given.get("high")))
    return math.exp(_cut_normal(NormalDist(math.log(given["median"]), given["sigma"]), low, high, p))


def _choice(values: Sequence[Any], weights: Sequence[float] | None, p: float) -> Any:
    shares = [1.0] * len(values) if weights is None else list(weights)
    left = p * sum(shares)
    for value, share in zip(values, shares, strict=True):
        left -= share
        if left < 0.0 and share > 0.0:
            return value
    return next(v for v, share in zip(reversed(values), reversed(shares), strict=True) if share > 0.0)


def _cut_normal(normal: NormalDist, low: float | None, high: float | None, p: float) -> float:
    below = 0.0 if low is None else normal.cdf(low)
    above = 1.0 if high is None else normal.cdf(high)
    inside = min(max(below + p * (above - below), 1e-300), 1.0 - 1e-16)
    value = normal.inv_cdf(inside)
    return min(max(value, -math.inf if low is None else low), math.inf if high is None else high)


def from_range(given: Mapping[str, Any]) -> list[Any]:
    """Values of a range, both ends included where the steps meet them.

    Parameters
    ----------
    given : mapping
        ``start``, ``stop``, and ``step`` or ``count``.

    Returns
    -------
    list of int or float
        Empty where the step leads away from the end.
    """
    start, stop = given["start"], given["stop"]
    if "count" in given:
        count = int(given["count"])
        values = [start + (stop - start) * i / (count - 1) if count > 1 else start for i in range(count)]
        return (
            [int(v) for v in values] if all(float(v).is_integer() for v in values) and _whole(start, stop) else values
        )
    step = given["step"]
    count = math.floor((stop - start) / step * (1 + 1e-12) + 1e-9) + 1
    if count > MOST_VALUES:
        return list(range(MOST_VALUES + 1))
    # To twelve digits: 0.1 + 0.2 is 0.3 to who wrote the file.
    return [
        start + i * step if _whole(start, step) else float(f"{start + i * step:.12g}") for i in range(max(0, count))
    ]


def _whole(*values: Any) -> bool:
    return all(isinstance(v, int) for v in values)


def is_number(value: object) -> bool:
    """Whether a value is a number, and not a truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def shown(value: Any) -> str:
    """Write a value as a label."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {shown(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return "[" + ", ".join(shown(item) for item in value) + "]"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def distinct(values: Sequence[Any]) -> Iterator[Any]:
    """Values that differ, in order; unlike a set, tables and lists as well."""
    seen: set[str] = set()
    for value in values:
        key = f"{type(value).__name__}:{value!r}"
        if key not in seen:
            seen.add(key)
            yield value
