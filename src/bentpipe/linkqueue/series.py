"""Link of one place slot by slot, and what it offers frame by frame: the path that programs and exports run over.

A slot fixes the light time, the median wait and the rates; within it the wait and the losses vary as in
`bentpipe.linkqueue.withinslot`. What waits is the way up: a terminal sends when it is granted a frame. A burst of
loss hits one of the two ways, drawn half and half, since only losses on the round trip have been measured (assumed);
an interruption at a change of satellite hits both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bentpipe.draws import Purpose, uniforms
from bentpipe.errors import Fault, InputError
from bentpipe.linkqueue.withinslot import WithinSlot, sample_slot

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class LinkSeries:
    """Link of one place over T consecutive slots.

    Parameters
    ----------
    place : str
        What it is called.
    seed : int
        Seed of the run.
    key : int
        Key of the place in draws, 64 bits.
    first_slot : int
        Absolute number of the first slot.
    start_unix_s, slot_s : float
        Start of the first slot and length of each, s.
    connected : (T,) bool
        Whether the place is served, powered and licensed. Where it is not, the other values have no meaning.
    fixed_down_s, fixed_up_s : (T,) float64
        One-way delay apart from waits, s.
    wait_s : (T,) float64
        Median wait, s, on the way up.
    down_bit_s, up_bit_s : (T,) float64
        What one terminal could get and send, bit/s.
    handover : (T,) bool
        Whether the slot begins with a change of satellite.
    bursts_per_s : (T,) float64
        Bursts of loss, 1/s.
    log_sigma, burst_s, handover_probability, handover_s : float
        As in `WithinSlot`.
    """

    place: str
    seed: int
    key: int
    first_slot: int
    start_unix_s: float
    slot_s: float
    connected: NDArray[np.bool_]
    fixed_down_s: FloatArray
    fixed_up_s: FloatArray
    wait_s: FloatArray
    down_bit_s: FloatArray
    up_bit_s: FloatArray
    handover: NDArray[np.bool_]
    bursts_per_s: FloatArray
    log_sigma: float
    burst_s: float
    handover_probability: float
    handover_s: float

    def __post_init__(self) -> None:
        """Refuse series of unequal lengths."""
        rows = (
            self.connected, self.fixed_down_s, self.fixed_up_s, self.wait_s,
            self.down_bit_s, self.up_bit_s, self.handover, self.bursts_per_s,
        )  # fmt: skip
        shapes = [row.shape for row in rows]
        if len(set(shapes)) != 1 or self.connected.ndim != 1:
            raise InputError(Fault("every series has one value a slot", "LinkSeries", shapes, "(T,) each"))

    def __len__(self) -> int:
        """Count slots."""
        return len(self.connected)


class TraceSteps(NamedTuple):
    """What a link offers, step by step: each step holds until the next one begins.

    Parameters
    ----------
    start_s : (N,) float64
        Start of each step after that of the trace, s, rising from 0.
    connected : (N,) bool
        Whether anything passes.
    down_s, up_s : (N,) float64
        One-way delay towards the place and from it, without queues, s; where nothing passes, that of the last step in
        which something did.
    down_bit_s, up_bit_s : (N,) float64
        Rates, bit/s; 0 where nothing passes.
    down_loss, up_loss : (N,) float64
        Share of packets lost, 0 to 1, apart from outages.
    """

    start_s: FloatArray
    connected: NDArray[np.bool_]
    down_s: FloatArray
    up_s: FloatArray
    down_bit_s: FloatArray
    up_bit_s: FloatArray
    down_loss: FloatArray
    up_loss: FloatArray


def slot_steps(series: LinkSeries, index: int, before_s: tuple[float, float] | None = None) -> TraceSteps:
    """Frame by frame, what a link offers in one slot.

    Parameters
    ----------
    series : LinkSeries
        T slots.
    index : int
        Which of them, 0 to T - 1.
    before_s : tuple of float, optional
        Delay down and up of the frame before, s, which holds on through a slot without a link; 0 where not given.

    Returns
    -------
    TraceSteps
        One step a frame (`TICK_S`), or a single one where the place is not connected; `start_s` counts from the start
        of the slot.
    """
    i = index
    if not series.connected[i]:
        down, up = before_s or (0.0, 0.0)
        row = np.zeros(1)
        return TraceSteps(row, np.zeros(1, np.bool_), row + down, row + up, row, row, row, row)
    slot = series.first_slot + i
    handover = bool(series.handover[i])
    within = WithinSlot(
        float(series.wait_s[i]), series.log_sigma, float(series.bursts_per_s[i]), series.burst_s,
        series.handover_probability if handover else 0.0, series.handover_s,
    )  # fmt: skip
    ticks = sample_slot(series.seed, slot, series.key, within, series.slot_s)
    down_lost, up_lost = _ways(series, slot, handover, ticks.lost)
    ones = np.ones(len(ticks.start_s))
    return TraceSteps(
        ticks.start_s, ones.astype(np.bool_), ones * series.fixed_down_s[i], series.fixed_up_s[i] + ticks.wait_s,
        ones * series.down_bit_s[i], ones * series.up_bit_s[i], down_lost, up_lost,
    )  # fmt: skip


def trace_slots(series: LinkSeries, first: int = 0) -> Iterator[TraceSteps]:
    """Frame by frame, what a link offers, a slot at a time.

    Parameters
    ----------
    series : LinkSeries
        T slots.
    first : int
        Slot to begin with, 0 to T - 1.

    Yields
    ------
    TraceSteps
        Of each slot in turn; `start_s` counts from the start of slot `first`.
    """
    before: tuple[float, float] | None = None
    for i in range(first, len(series)):
        steps = slot_steps(series, i, before)
        before = float(steps.down_s[-1]), float(steps.up_s[-1])
        yield steps._replace(start_s=steps.start_s + (i - first) * series.slot_s)


def _ways(series: LinkSeries, slot: int, handover: bool, lost: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Share out the bursts of a slot over the way down and the way up, (K,) each, 0 or 1."""
    begins = lost & ~np.concatenate(([False], lost[:-1]))
    first = np.flatnonzero(begins)
    draw = uniforms(series.seed, Purpose.BURST_WAY, slot, first, series.key)
    interruption = handover & (first == 0)
    burst = np.cumsum(begins) - 1
    down, up = np.zeros(len(lost)), np.zeros(len(lost))
    down[lost] = (interruption | (draw < 0.5))[burst[lost]]
    up[lost] = (interruption | (draw >= 0.5))[burst[lost]]
    return down, up
