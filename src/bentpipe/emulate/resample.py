"""From frames to steps of a trace.

In a step that is longer than a frame the delay is the median of the frames that begin in it, the loss their mean, and
the rate, which a slot holds throughout, that of the slot. A slot holds a whole number of steps, so that no step
straddles two slots.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bentpipe.errors import Fault, InputError
from bentpipe.linkqueue import LinkSeries, TraceSteps, trace_slots

STEP_BOUNDS_S: Final = (0.01, 1.0)
"""Shortest and longest step of a trace, s."""

FloatArray = NDArray[np.float64]


def check_step(step_s: float, slot_s: float) -> int:
    """Refuse a step that does not fit.

    Parameters
    ----------
    step_s : float
        Step, s.
    slot_s : float
        Length of a slot, s.

    Returns
    -------
    int
        Steps in a slot.
    """
    low, high = STEP_BOUNDS_S
    count = round(slot_s / step_s) if low * (1 - 1e-9) <= step_s <= high * (1 + 1e-9) else 0
    if not count or abs(count * step_s - slot_s) > 1e-6:
        allowed = f"10ms to 1s, a whole number of them in a slot of {slot_s:g} s"
        raise InputError(Fault("no such step", "--step", f"{1e3 * step_s:g}ms", allowed, "10ms, 100ms and 1s fit"))
    return count


def resampled(series: LinkSeries, step_s: float, duration_s: float | None = None) -> Iterator[TraceSteps]:
    """Resample the frames of a link to steps, a slot at a time.

    Parameters
    ----------
    series : LinkSeries
        The link.
    step_s : float
        Step, s, 10 ms to 1 s; a slot holds a whole number of them.
    duration_s : float, optional
        Where to end, s after the start; at the end of the series by default.

    Yields
    ------
    TraceSteps
        `start_s` counts from the start of the series. A step that is the same as the one before it is left out: each
        holds until the next one begins.
    """
    count = check_step(step_s, series.slot_s)
    end = len(series) * series.slot_s if duration_s is None else duration_s
    parts = (_of_slot(steps, i * series.slot_s, step_s, count) for i, steps in enumerate(trace_slots(series)))
    ahead = (_until(part, end) for part in parts)
    yield from changes_only(itertools.takewhile(lambda part: len(part.start_s) > 0, ahead))


def changes_only(parts: Iterable[TraceSteps]) -> Iterator[TraceSteps]:
    """Leave out steps that are the same as the one before; parts that are left empty, too.

    Parameters
    ----------
    parts : iterable of TraceSteps
        In order.

    Yields
    ------
    TraceSteps
    """
    last: tuple[float, ...] | None = None
    for part in parts:
        rows = np.column_stack([np.asarray(column, np.float64) for column in part[1:]])
        same = np.concatenate(([last is not None and tuple(rows[0]) == last], np.all(rows[1:] == rows[:-1], axis=1)))
        last = tuple(rows[-1])
        if not same.all():
            yield picked(part, ~same)


def _until(part: TraceSteps, end_s: float) -> TraceSteps:
    """Steps that begin before an end."""
    return picked(part, slice(int(np.searchsorted(part.start_s, end_s - 1e-9))))


def picked(part: TraceSteps, which: NDArray[np.bool_] | slice) -> TraceSteps:
    """Some of the steps of a part.

    Parameters
    ----------
    part : TraceSteps
        N steps.
    which : (N,) bool, or slice
        Which of them.

    Returns
    -------
    TraceSteps
    """
    columns: list[Any] = [column[which] for column in part]
    return TraceSteps(*columns)


def _of_slot(frames: TraceSteps, start_s: float, step_s: float, count: int) -> TraceSteps:
    """Steps of one slot."""
    if not frames.connected[0]:
        return frames._replace(start_s=np.array([start_s]))
    begin = start_s + step_s * np.arange(count, dtype=np.float64)
    first = np.searchsorted(frames.start_s, begin - 1e-9)
    sizes = np.diff(np.append(first, len(frames.start_s)))
    step = np.repeat(np.arange(count), sizes)
    ones = np.ones(count)
    return TraceSteps(
        begin, ones.astype(np.bool_), _medians(frames.down_s, step, first, sizes),
        _medians(frames.up_s, step, first, sizes), ones * frames.down_bit_s[0], ones * frames.up_bit_s[0],
        np.add.reduceat(frames.down_loss, first) / sizes, np.add.reduceat(frames.up_loss, first) / sizes,
    )  # fmt: skip


def _medians(
    values: FloatArray, step: NDArray[np.int64], first: NDArray[np.int64], sizes: NDArray[np.int64]
) -> FloatArray:
    """Median of the values of each step; every step has some."""
    ranked = values[np.lexsort((values, step))]
    return np.asarray(0.5 * (ranked[first + (sizes - 1) // 2] + ranked[first + sizes // 2]))
