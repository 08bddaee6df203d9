"""What a live link is to do: the trace of a place, its queues, and what becomes of packets in outages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bentpipe.emulate.feed import Piece, begun_at
from bentpipe.errors import Fault, InputError
from bentpipe.linkqueue import LinkSeries, TraceSteps, trace_slots
from bentpipe.linkqueue.loaded import QueueProfile

DISH_HOST: Final = "192.168.100.1"
"""Where a user terminal answers, and a virtual one in a program's namespace."""
DEFAULT_DOWN: Final = QueueProfile("codel", 4e6)
"""Queue towards the place: that of the profile ``starlink-2023``, 100 ms at 320 Mbit/s and CoDel (assumed)."""
DEFAULT_UP: Final = QueueProfile("drop-tail", 850e3)
"""Queue from the place: that of the profile ``starlink-2023``, 400 ms at 17 Mbit/s (assumed)."""


@dataclass(frozen=True)
class LinkPlan:
    """One place's link, ready to be played.

    Parameters
    ----------
    place : str
        What it is called.
    pieces : callable
        Begins the trace anew: an iterator of (TraceSteps, time at which they end, s), from 0 s on.
    length_s : float
        When the trace ends, s.
    seed, key : int
        Seed of the run and key of the place, for draws of single packets.
    down, up : QueueProfile
        Queues towards the place and from it.
    outage : str
        ``"hold"``: packets that come in an outage wait in the queue; ``"drop"``: they are dropped.
    notes : tuple of str
        What a user should be told.
    """

    place: str
    pieces: Callable[[], Iterator[Piece]]
    length_s: float
    seed: int = 0
    key: int = 0
    down: QueueProfile = field(default=DEFAULT_DOWN)
    up: QueueProfile = field(default=DEFAULT_UP)
    outage: str = "drop"
    notes: tuple[str, ...] = ()


def series_plan(
    series: LinkSeries,
    offset_s: float = 0.0,
    *,
    down: QueueProfile = DEFAULT_DOWN,
    up: QueueProfile = DEFAULT_UP,
    outage: str = "drop",
    notes: tuple[str, ...] = (),
) -> LinkPlan:
    """Plan a link from the slots of a run.

    Parameters
    ----------
    series : LinkSeries
        T slots.
    offset_s : float
        Where to begin, s after the start of the first slot.
    down, up, outage, notes
        As of :class:`LinkPlan`.

    Returns
    -------
    LinkPlan
    """
    length = len(series) * series.slot_s - offset_s
    _has_begun(offset_s, length)
    skip = int(offset_s // series.slot_s)
    within = offset_s - skip * series.slot_s

    def pieces() -> Iterator[Piece]:
        slots = ((steps, (i + 1) * series.slot_s) for i, steps in enumerate(trace_slots(series, skip)))
        return begun_at(slots, within)

    return LinkPlan(series.place, pieces, length, series.seed, series.key, down, up, outage, notes)


def steps_plan(
    steps: TraceSteps,
    length_s: float,
    offset_s: float = 0.0,
    *,
    place: str = "",
    down: QueueProfile = DEFAULT_DOWN,
    up: QueueProfile = DEFAULT_UP,
    outage: str = "drop",
    notes: tuple[str, ...] = (),
) -> LinkPlan:
    """Plan a link from a trace that is at hand as a whole.

    Parameters
    ----------
    steps : TraceSteps
        The trace.
    length_s : float
        When its last step ends, s.
    offset_s : float
        Where to begin, s of the trace.
    place : str
        What the place is called.
    down, up, outage, notes
        As of :class:`LinkPlan`.

    Returns
    -------
    LinkPlan
    """
    if not (length_s > float(np.max(steps.start_s))):
        raise InputError(Fault("a trace ends after its last step begins", "length_s", length_s, "longer"))
    _has_begun(offset_s, length_s - offset_s)
    return LinkPlan(
        place, lambda: begun_at([(steps, length_s)], offset_s), length_s - offset_s, 0, 0, down, up, outage, notes
    )


def _has_begun(offset_s: float, left_s: float) -> None:
    if offset_s < 0.0 or left_s <= 0.0:
        raise InputError(Fault("the link begins outside the trace", "offset_s", offset_s, "within the trace"))
