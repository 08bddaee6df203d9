"""Differences taken apart: which part of the prediction is off.

The waits of a link are stretched, not moved, when its beam is busier, and the floor is moved, not stretched, when the
way is longer. So measured low and middle quantiles are laid upon the predicted ones: the stretch between them is the
ratio of the waits, what remains is the floor. Floor and median wait add up to the median, predicted and measured alike.
Spread, steps and tail are then held against a prediction whose waits have the measured size, so that one cause shows in
one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from bentpipe.report.measured.resampled import Draws, Interval, Pair, pair
from bentpipe.report.measured.siteslots import Float, Integer

FEWEST_IN_SLOT: Final = 5
"""Answered samples below which a slot has no median of its own."""
LOW: Final = ((1000, 0.01), (0, 0.05))
"""Samples, and the quantile that then stands for the low end."""

TITLES: Final = {
    "floor": "floor (light time, fibre, frames)",
    "wait": "median wait",
    "spread": "spread within slots",
    "steps": "steps from slot to slot",
    "tail": "tail, p95 over median",
    "loss": "loss outside gaps",
    "change": "loss of the first second of a slot, over the rest",
    "level": "median rate",
    "low": "low end, p50 over p5",
    "high": "high end, p95 over p50",
}

_MEANS: Final = {
    ("floor", True): "the way is longer than modelled (gateway, PoP, a target beyond it), or frames are slower",
    ("floor", False): "the way is shorter than modelled, or frames are faster",
    ("wait", True): "beams are busier or grants come later than modelled (access.load, access.era)",
    ("wait", False): "beams are emptier or grants come sooner than modelled (access.load, access.era)",
    ("spread", True): "waits vary more within a slot than modelled",
    ("spread", False): "waits vary less within a slot than modelled",
    ("steps", True): "slots differ more than modelled (changes of satellite, of path or of load)",
    ("steps", False): "slots differ less than modelled",
    ("tail", True): "the tail is heavier than waits alone: bursts of load, or the local network",
    ("tail", False): "the tail is lighter than modelled",
    ("loss", True): "more is lost than modelled: obstruction, or the local network",
    ("loss", False): "less is lost than modelled",
    ("change", True): "changes of satellite lose more than modelled",
    ("change", False): "changes of satellite lose less than modelled",
    ("level", True): "the terminal gets more than modelled at this load (access.load)",
    ("level", False): "the terminal gets less: a limit of plan, modem or test, or a busier beam (access.load)",
    ("low", True): "rates fall lower than modelled: how a transfer shares and fills the link is not modelled",
    ("low", False): "rates hold up better than modelled",
    ("high", True): "rates reach higher than modelled: within a slot the model holds them",
    ("high", False): "rates reach less high than modelled: something caps them",
}  # fmt: skip


class Part(NamedTuple):
    """One part of the difference.

    Parameters
    ----------
    key : str
        As in `TITLES`.
    unit : str
        "s", "bit/s" or "share".
    predicted, measured : float
        The prediction with its waits stretched to the measured size, for spread, steps and tail.
    difference : Interval
        Measured minus predicted.
    """

    key: str
    unit: str
    predicted: float
    measured: float
    difference: Interval

    @property
    def meaning(self) -> str:
        """What a difference of this sign means."""
        return _MEANS[self.key, self.difference.value > 0.0]


@dataclass(frozen=True)
class Samples:
    """Answered samples of S slots, with their predictions.

    Parameters
    ----------
    slot : (N,) int64
        0 to S - 1, rising.
    measured, predicted : (N,) float64
        s or bit/s, finite.
    fixed : (S,) float64
        Predicted part that does not wait, s.
    """

    slot: Integer
    measured: Float
    predicted: Float
    fixed: Float

    @property
    def count(self) -> Integer:
        """Samples in each slot, (S,)."""
        return np.asarray(np.bincount(self.slot, minlength=len(self.fixed)), np.int64)


class _Raw(NamedTuple):
    """A part before its interval: predicted and measured in each draw, (B,)."""

    key: str
    unit: str
    predicted: Float
    measured: Float
    least_error: float = 0.0


def slot_medians(slot: Integer, values: Float, slots: int) -> Float:
    """Median of each slot, (S,); NaN where it has too few samples."""
    out = np.full(slots, np.nan)
    edges = np.flatnonzero(np.diff(slot, prepend=-1))
    for rows in np.split(np.arange(len(slot)), edges[1:]):
        if len(rows) >= FEWEST_IN_SLOT:
            out[slot[rows[0]]] = np.median(values[rows])
    return out


def delay_parts(draws: Draws, samples: Samples, pooled: Pair) -> list[_Raw]:
    """Take the differences of round trips apart.

    Parameters
    ----------
    draws : Draws
    samples : Samples
    pooled : Pair
        Of the same samples.

    Returns
    -------
    list
        Floor, wait, and where slots have enough samples spread and steps, then tail.
    """
    low = next(q for size, q in LOW if len(samples.slot) >= size)
    m_low, m_mid, m_high = (pooled.measured.quantile(q) for q in (low, 0.5, 0.95))
    p_low, p_mid, p_high = (pooled.predicted.quantile(q) for q in (low, 0.5, 0.95))
    weight = draws.weight * samples.count
    floor = weight @ samples.fixed / weight.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        stretch = np.where(p_mid > p_low, (m_mid - m_low) / (p_mid - p_low), 1.0)
    wait = p_mid - floor
    found = [
        _Raw("floor", "s", floor, m_mid - stretch * wait),
        _Raw("wait", "s", wait, stretch * wait),
        *_slot_parts(draws, samples, stretch),
        _Raw("tail", "s", stretch * (p_high - p_mid), m_high - m_mid),
    ]
    return found


def _slot_parts(draws: Draws, samples: Samples, stretch: Float) -> list[_Raw]:
    """Spread within slots, and steps between them."""
    slots = len(samples.fixed)
    m_mid, p_mid = (slot_medians(samples.slot, v, slots) for v in (samples.measured, samples.predicted))
    known = np.isfinite(m_mid)
    if known.sum() < 2:
        return []
    rows = known[samples.slot]
    slot = samples.slot[rows]
    rest = pair(draws, slot, samples.measured[rows] - m_mid[slot], samples.predicted[rows] - p_mid[slot])
    spread = [one.quantile(0.75) - one.quantile(0.25) for one in (rest.measured, rest.predicted)]
    weight, fixed = draws.weight[:, known], samples.fixed[known]
    wait = p_mid[known] - fixed
    both = _covariance(weight, fixed, wait)
    square = _covariance(weight, fixed, fixed) + 2.0 * stretch * both + stretch**2 * _covariance(weight, wait, wait)
    steps = np.sqrt(np.maximum(square, 0.0))
    seen = np.sqrt(np.maximum(_covariance(weight, m_mid[known], m_mid[known]), 0.0))
    return [_Raw("spread", "s", stretch * spread[1], spread[0]), _Raw("steps", "s", steps, seen)]


def _covariance(weight: Float, one: Float, two: Float) -> Float:
    """Covariance over slots in each draw, (B,)."""
    one, two = one - one.mean(), two - two.mean()
    total = np.maximum(weight.sum(axis=1), 1.0)
    return np.asarray(weight @ (one * two) / total - (weight @ one) * (weight @ two) / total**2)


def rate_parts(draws: Draws, samples: Samples, pooled: Pair) -> list[_Raw]:
    """Take the differences of rates apart: level, low end, high end, steps from slot to slot."""
    (m5, m50, m95), (p5, p50, p95) = (
        [one.quantile(q) for q in (0.05, 0.5, 0.95)] for one in (pooled.measured, pooled.predicted)
    )
    found = [
        _Raw("level", "bit/s", p50, m50), _Raw("low", "bit/s", p50 - p5, m50 - m5),
        _Raw("high", "bit/s", p95 - p50, m95 - m50),
    ]  # fmt: skip
    slots = len(samples.fixed)
    m_mid, p_mid = (slot_medians(samples.slot, v, slots) for v in (samples.measured, samples.predicted))
    known = np.isfinite(m_mid)
    if known.sum() >= 2:
        weight = draws.weight[:, known]
        said, seen = (np.sqrt(np.maximum(_covariance(weight, v[known], v[known]), 0.0)) for v in (p_mid, m_mid))
        found.append(_Raw("steps", "bit/s", said, seen))
    return found


@dataclass(frozen=True)
class Losses:
    """Losses of S slots outside gaps.

    Parameters
    ----------
    sent, lost : (S,) float64
        Probes; what was lost of them.
    predicted : (S,) float64
        Ratio that the run expects; NaN where losses are not modelled.
    first_sent, first_lost : (S,) float64
        The same of the first second of each slot.
    change : float
        Predicted loss ratio of the first second over the rest; NaN where not known.
    """

    sent: Float
    lost: Float
    predicted: Float
    first_sent: Float
    first_lost: Float
    change: float


def loss_parts(draws: Draws, losses: Losses) -> list[_Raw]:
    """Loss ratio, and what the first second of a slot adds, where there are probes in it and beyond."""
    sent = np.maximum(draws.weight @ losses.sent, 1e-300)
    ratio = draws.weight @ losses.lost / sent
    said = draws.weight @ (losses.sent * losses.predicted) / sent
    if not np.isfinite(said).all():
        return []
    error = _least_error(said[0], losses.sent.sum())
    found = [_Raw("loss", "share", said, ratio, error)]
    if np.isfinite(losses.change) and losses.first_sent.sum() >= 20 and (losses.sent - losses.first_sent).sum() >= 20:
        first = np.maximum(draws.weight @ losses.first_sent, 1e-300)
        rest = np.maximum(draws.weight @ (losses.sent - losses.first_sent), 1e-300)
        over = draws.weight @ losses.first_lost / first - draws.weight @ (losses.lost - losses.first_lost) / rest
        said = np.full(len(over), losses.change)
        error = _least_error(losses.change, losses.first_sent.sum())
        found.append(_Raw("change", "share", said, over, error))
    return found


def _least_error(ratio: float, sent: float) -> float:
    """Standard error of independent losses at the predicted ratio: draws of slots without any have none."""
    p = min(max(ratio, 1.0 / sent), 0.5)
    return float(np.sqrt(p * (1.0 - p) / sent))


def with_intervals(draws: Draws, raw: list[_Raw]) -> tuple[Part, ...]:
    """Give parts their intervals, which hold for all of them at once."""
    return tuple(
        Part(
            one.key, one.unit, float(one.predicted[0]), float(one.measured[0]),
            draws.interval(one.measured - one.predicted, len(raw), one.least_error),
        )
        for one in raw
    )  # fmt: skip
