"""A made-up link and trace for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bentpipe.linkqueue import LinkSeries, TraceSteps


def made_series(slots: int = 4) -> LinkSeries:
    """A link that is cut in its third slot, if it has one."""
    ones = np.ones(slots)
    connected = np.arange(slots) != 2
    return LinkSeries(
        "here", 7, 99, 1000, 1.6e9, 15.0, connected, 0.008 * ones, 0.009 * ones, 0.006 * ones,
        np.linspace(1e8, 2e8, slots), 2e7 * ones, np.arange(slots) == 1, 0.5 * ones, 0.58, 0.02, 0.5, 0.02,
    )  # fmt: skip


def whole(parts: Iterable[TraceSteps]) -> TraceSteps:
    """All parts in one."""
    return TraceSteps(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def on_grid(steps: TraceSteps, times: np.ndarray) -> TraceSteps:
    """What holds at each time."""
    at = np.searchsorted(steps.start_s, times + 1e-9) - 1
    return TraceSteps(times, *(column[at] for column in steps[1:]))
