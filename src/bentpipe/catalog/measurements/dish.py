"""JSON of a dish's history: the last quarter of an hour of its own ping, a value a second, in ring buffers.

A history has no times of its own. Its list of outages has, in GPS time, so the samples are laid where the seconds in
which every ping was dropped fall upon the outages; where that is not clear, the user must say the time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from bentpipe.catalog.measurements.documents import documents
from bentpipe.catalog.measurements.instants import gps_ns
from bentpipe.catalog.measurements.samples import Asked, FloatArray, Measurements
from bentpipe.errors import Fault, InputError

_AGAIN: Final = (
    "write it with: grpcurl -plaintext -d '{\"get_history\":{}}' 192.168.100.1:9200 SpaceX.API.Device.Device/Handle"
)
SHORTEST_OUTAGE_S: Final = 1.5
"""Outages that must show in means over a second, s."""
CLEAR: Final = 0.6
"""Least correlation of dropped seconds with outages for which a time is believed."""
APART: Final = 0.15
"""By how much the next best time, more than 5 s away, must correlate less."""


class Placed(NamedTuple):
    """Where a history lies in time.

    Parameters
    ----------
    first_unix_s : float
        Start of its oldest sample, s.
    correlation : float
        Of dropped seconds with outages there.
    """

    first_unix_s: float
    correlation: float


def read_dish(path: Path, asked: Asked) -> Measurements:
    """Read a dish's history.

    Parameters
    ----------
    path : pathlib.Path
        The answer to ``get_history``, keys in camel or snake case.
    asked : Asked
        `start_unix_s` is the time of the oldest sample.

    Returns
    -------
    Measurements
        Means over a second of the dish's own ping; NaN where every ping was dropped.

    Raises
    ------
    InputError
        Not a history, damaged, or without a time.
    """
    history = _history(path)
    drop, delay = (_column(path.name, history, key) for key in ("popPingDropRate", "popPingLatencyMs"))
    current = _current(path.name, history)
    if len(drop) != len(delay) or not len(drop):
        sizes = f"{len(drop)} drop rates, {len(delay)} latencies"
        raise InputError(Fault("the ring buffers differ in length or are empty", path.name, sizes))
    size = len(drop)
    order = (current % size + np.arange(size)) % size if current >= size else np.arange(current)
    drop, delay = drop[order], delay[order]
    bad = ~(np.isfinite(drop) & (drop >= 0.0) & (drop <= 1.0)) | ~np.isfinite(delay)
    notes = []
    start = asked.start_unix_s
    if start is None:
        placed = place_in_time(np.where(bad, 0.0, drop), _outages(history))
        if placed is None:
            raise InputError(
                Fault(
                    "the history has no time, and its outages do not tell it", path.name,
                    remedy=f"say the time of its oldest sample, {len(drop)} s before it was read: --start TIME",
                )
            )  # fmt: skip
        start = placed.first_unix_s
        notes.append(
            f"times found by laying the dropped seconds upon the list of outages (correlation {placed.correlation:.2f})"
        )
    notes.append("the traffic that the history counts is what was used, not what the link could carry: not compared")
    when = start + np.arange(len(drop), dtype=np.float64)[~bad]
    drop, delay = drop[~bad], delay[~bad]
    value = np.where((drop < 1.0) & (delay > 0.0), delay / 1e3, np.nan).astype(np.float64)
    return Measurements(
        path.name, "dish", "rtt", "", when, 1.0, 1.0, value, drop, "point of presence",
        unreadable=int(bad.sum()), shown=("samples that are no number or share",) if bad.any() else (),
        notes=tuple(notes),
    )  # fmt: skip


def _history(path: Path) -> dict[str, Any]:
    found = documents(path, _AGAIN)
    for one in found:
        for key in ("dishGetHistory", "dish_get_history"):
            if isinstance(one.get(key), dict):
                return dict(one[key])
        if _key(one, "popPingDropRate") is not None:
            return one
    raise InputError(Fault("no history of a dish in this file", path.name, remedy=_AGAIN))


def _key(history: dict[str, Any], name: str) -> Any:
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
    return history.get(name, history.get(snake))


def _column(file: str, history: dict[str, Any], name: str) -> FloatArray:
    values = _key(history, name)
    if not isinstance(values, list):
        raise InputError(Fault(f"the history has no {name}", file, remedy=_AGAIN))
    return np.array([_number(value) for value in values], np.float64)


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("nan")


def _current(file: str, history: dict[str, Any]) -> int:
    try:
        current = int(str(_key(history, "current")))
    except ValueError:
        current = 0
    if current <= 0:
        what = "the history does not say which sample is the newest"
        raise InputError(Fault(what, f"{file}: current", _key(history, "current"), "a whole number above 0", _AGAIN))
    return current


def _outages(history: dict[str, Any]) -> list[tuple[float, float]]:
    """Outages as start and end, Unix s; those without numbers are left out."""
    found = []
    for one in _key(history, "outages") or ():
        try:
            start = gps_ns(_key(one, "startTimestampNs"))
            found.append((start, start + int(str(_key(one, "durationNs"))) / 1e9))
        except (ValueError, AttributeError, OverflowError):
            continue
    return found


def place_in_time(drop: FloatArray, outages: list[tuple[float, float]]) -> Placed | None:
    """Find when a history was taken, by its outages.

    Parameters
    ----------
    drop : (N,) float64
        Share of pings dropped in each second, oldest first.
    outages : list of tuple of float
        Start and end of each, Unix s.

    Returns
    -------
    Placed or None
        To a second; None where no time stands out: fewer than two outages, or several times fit.
    """
    long = [(a, b) for a, b in outages if b - a >= SHORTEST_OUTAGE_S]
    gone = (drop >= 1.0).astype(np.float64)
    if len(long) < 2 or not 0.0 < gone.mean() < 1.0:
        return None
    # The newest outage of the list began before the newest sample, and may be the newest thing in the buffer.
    end = max(b for _, b in outages)
    first = int(np.floor(end)) - len(drop)
    axis = np.zeros(3 * len(drop))
    for a, b in long:
        low, high = np.clip(np.array([a, b]) - (first - len(drop)), 0.0, len(axis))
        seconds = np.arange(int(low), min(int(np.ceil(high)), len(axis)))
        axis[seconds] = np.maximum(axis[seconds], np.minimum(seconds + 1.0, high) - np.maximum(seconds, low))
    shifts = np.arange(0, 2 * len(drop) + 1)
    windows = np.lib.stride_tricks.sliding_window_view(axis, len(drop))[shifts]
    a, b = windows - windows.mean(axis=1, keepdims=True), gone - gone.mean()
    size = np.sqrt((a**2).sum(axis=1) * (b**2).sum())
    score = np.divide(a @ b, size, out=np.zeros(len(shifts)), where=size > 0.0)
    best = int(score.argmax())
    rest = score[np.abs(shifts - best) > 5]
    if score[best] < CLEAR or (len(rest) and score[best] - rest.max() < APART):
        return None
    return Placed(float(first - len(drop) + shifts[best]), float(score[best]))
