"""Measured gaps against predicted outages."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from bentpipe.report.measured.siteslots import Boolean, Float

GAP_S: Final = 2.0
"""Time without an answer from which it is a gap rather than a burst of loss, s; assumed: bursts last some 20 ms."""


class Span(NamedTuple):
    """Start and end, Unix s."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Length, s."""
        return self.end - self.start


class Outages(NamedTuple):
    """Gaps and outages matched.

    Parameters
    ----------
    told : bool
        Whether the file tells what was lost.
    gaps : tuple of Span
        Measured: at least two samples and 2 s without an answer.
    predicted : tuple of Span
        Runs of slots in which the site is not connected and something was measured.
    hits : int
        Predicted outages with a gap in them.
    false : int
        Predicted outages without.
    missed : int
        Gaps outside every predicted outage.
    """

    told: bool
    gaps: tuple[Span, ...]
    predicted: tuple[Span, ...]
    hits: int
    false: int
    missed: int


def runs_of(mask: Boolean) -> list[tuple[int, int]]:
    """Runs of true values, as first and one past the last."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def gaps_of(unix_s: Float, gone: Boolean, interval_s: float) -> tuple[tuple[Span, ...], Boolean]:
    """Find gaps.

    Parameters
    ----------
    unix_s : (N,) float64
        Times, rising.
    gone : (N,) bool
        Whether nothing came back.
    interval_s : float
        Usual time between samples, s.

    Returns
    -------
    tuple of tuple of Span and (N,) bool
        The gaps, and which samples lie in one.
    """
    found, inside = [], np.zeros(len(gone), np.bool_)
    step = interval_s if np.isfinite(interval_s) else 0.0
    for a, b in runs_of(gone):
        end = float(unix_s[b]) if b < len(unix_s) else float(unix_s[b - 1]) + step
        if b - a >= 2 and end - unix_s[a] >= GAP_S:
            found.append(Span(float(unix_s[a]), end))
            inside[a:b] = True
    return tuple(found), inside


def match(
    gaps: tuple[Span, ...], connected: Boolean, start_unix_s: float, slot_s: float, measured: Boolean, told: bool
) -> Outages:
    """Match gaps to the slots in which a site is not connected.

    Parameters
    ----------
    gaps : tuple of Span
    connected : (T,) bool
        Of the run's slots.
    start_unix_s, slot_s : float
        Start of the first and length of each, s.
    measured : (T,) bool
        Slots in which something was measured.
    told : bool
        Whether the file tells what was lost.

    Returns
    -------
    Outages
    """
    said = [
        Span(start_unix_s + a * slot_s, start_unix_s + b * slot_s)
        for a, b in runs_of(~connected)
        if measured[a:b].any()
    ]
    meets = np.array([[g.start < p.end and p.start < g.end for p in said] for g in gaps], np.bool_)
    meets = meets.reshape(len(gaps), len(said))
    hits = int(meets.any(axis=0).sum())
    missed = int((~meets.any(axis=1)).sum())
    return Outages(told, gaps, tuple(said), hits, len(said) - hits, missed)
