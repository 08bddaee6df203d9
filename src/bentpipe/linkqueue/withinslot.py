"""Delay and loss within a slot, frame by frame: correlated and keyed, the same in whatever order asked for.

The wait of frame k is ``m a exp(s z_k)`` before order is kept: m is the slot's median wait and z a standard
normal that mixes a fast and a slow Ornstein-Uhlenbeck process. A packet never overtakes the one before it, so
a wait falls by no more than a frame each frame; that raises the median and the spread a little, which a and s
take back. Loss is a chain of two states (Gilbert, Bell System Technical Journal 39, 1960) and an interruption
when the satellite has changed. Each slot starts afresh from the stationary state: a slot's draws need no
other slot.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bentpipe.draws import Purpose, uniform_pair
from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel
from bentpipe.linkqueue.normal import normal_quantile

TICK_S: Final = 4.0e-3 / 3.0
"""One frame, s: 750 a second (Humphreys et al., IEEE TAES 59(5), 2023)."""

FAST_WAITS: Final = 0.5
"""Correlation time of the fast process in median waits. Victoria CA, ping every 10 ms, 2025-04: the logarithm
of the wait correlates by 0.24, 0.12 and 0.05 over 13, 40 and 110 ms where the median wait is 9 ms."""

SLOW_WAITS: Final = 15.0
"""Correlation time of the slow process in median waits; same source."""

SLOW_SHARE: Final = 0.15
"""Share of the slow process in the variance; same source."""

_PURPOSE_WAIT: Final = int(Purpose.WITHIN_SLOT)
_PURPOSE_LOSS: Final = int(Purpose.LOSS)


class WithinSlot(NamedTuple):
    """How delay and loss vary within one slot.

    Parameters
    ----------
    median_wait_s : float
        Median wait of the slot, s: what scheduling and load add.
    log_sigma : float
        Standard deviation of the logarithm of the waits.
    bursts_per_s : float
        Rate at which bursts of loss begin, 1/s.
    burst_s : float
        Mean length of a burst, s.
    handover_probability : float
        Chance that the slot begins with an interruption; 0 where the satellite has not changed.
    handover_s : float
        Mean length of that interruption, s.
    """

    median_wait_s: float
    log_sigma: float
    bursts_per_s: float
    burst_s: float
    handover_probability: float
    handover_s: float


class SlotTicks(NamedTuple):
    """Waits and losses of one slot.

    Parameters
    ----------
    start_s : ndarray of float64
        Start of each frame after that of the slot, s, shape (K,).
    wait_s : ndarray of float64
        Wait of a packet that arrives in the frame, on top of the fixed delay, s, shape (K,).
    lost : ndarray of bool
        Whether packets in the frame are lost, shape (K,), in both directions.
    """

    start_s: NDArray[np.float64]
    wait_s: NDArray[np.float64]
    lost: NDArray[np.bool_]


def sample_slot(seed: int, slot: int, place: int, parameters: WithinSlot, slot_s: float = 15.0) -> SlotTicks:
    """Draw the waits and losses of one slot at one place.

    Parameters
    ----------
    seed : int
        Seed of the run, 32 bits.
    slot : int
        Absolute slot number.
    place : int
        H3 cell, or hash of a site's name.
    parameters : WithinSlot
        How delay and loss vary in this slot.
    slot_s : float
        Length of a slot, s.

    Returns
    -------
    SlotTicks
        One entry for each frame of :data:`TICK_S` that begins in the slot.
    """
    for name, value in parameters._asdict().items():
        if not (math.isfinite(value) and value >= 0.0):
            raise InputError(Fault("not a size", f"parameters.{name}", value, "finite, 0 or more"))
    if parameters.handover_probability > 1.0:
        raise InputError(Fault("not a probability", "handover_probability", parameters.handover_probability, "0 to 1"))
    count = math.ceil(slot_s / TICK_S - 1e-9)
    wait, lost = np.empty(count), np.zeros(count, np.bool_)
    key = np.uint64(place)
    _fill_waits(seed, slot, key, parameters.median_wait_s, parameters.log_sigma, wait)
    _fill_losses(
        seed,
        slot,
        key,
        parameters.bursts_per_s,
        parameters.burst_s,
        parameters.handover_probability,
        parameters.handover_s,
        lost,
    )
    return SlotTicks(np.arange(count, dtype=np.float64) * TICK_S, wait, lost)


@kernel("void(int64, int64, uint64, float64, float64, float64[::1])")
def _fill_waits(
    seed: int, slot: int, place: np.uint64, median: float, log_sigma: float, wait: NDArray[np.float64]
) -> None:
    """Fill in the wait of each frame, s; see the module."""
    if median <= 0.0:
        wait[:] = 0.0
        return
    # Keeping the order multiplies the median by about this and the spread by 1 / 0.95 (simulated for medians
    # of
    # 3 to 30 frames; the test holds both to 7 %).
    scale = median / max(1.005 + 0.13 * math.log(median / TICK_S), 1.0)
    sigma = 0.95 * log_sigma
    keep_fast = math.exp(-TICK_S / (FAST_WAITS * median))
    keep_slow = math.exp(-TICK_S / (SLOW_WAITS * median))
    new_fast, new_slow = math.sqrt(1.0 - keep_fast * keep_fast), math.sqrt(1.0 - keep_slow * keep_slow)
    share_fast, share_slow = math.sqrt(1.0 - SLOW_SHARE), math.sqrt(SLOW_SHARE)
    fast, slow, held = 0.0, 0.0, 0.0
    for k in range(wait.size):
        u, v = uniform_pair(seed, _PURPOSE_WAIT, slot, k, place)
        if k == 0:
            fast, slow = normal_quantile(u), normal_quantile(v)
        else:
            fast = keep_fast * fast + new_fast * normal_quantile(u)
            slow = keep_slow * slow + new_slow * normal_quantile(v)
        held = max(scale * math.exp(sigma * (share_fast * fast + share_slow * slow)), held - TICK_S)
        wait[k] = held


@kernel("void(int64, int64, uint64, float64, float64, float64, float64, boolean[::1])")
def _fill_losses(
    seed: int,
    slot: int,
    place: np.uint64,
    bursts_per_s: float,
    burst_s: float,
    handover_probability: float,
    handover_s: float,
    lost: NDArray[np.bool_],
) -> None:
    """Fill in the loss of each frame; see the module."""
    if burst_s > 0.0 and bursts_per_s > 0.0:
        leave = 1.0 / burst_s
        share = bursts_per_s / (bursts_per_s + leave)
        keep = math.exp(-(bursts_per_s + leave) * TICK_S)
    else:
        share, keep = 0.0, 0.0
    u, v = uniform_pair(seed, _PURPOSE_LOSS, slot, lost.size, place)
    interrupted_s = -handover_s * math.log(v) if u < handover_probability else 0.0
    inside = False
    for k in range(lost.size):
        u, _ = uniform_pair(seed, _PURPOSE_LOSS, slot, k, place)
        if k == 0:
            inside = u < share
        elif inside:
            inside = u < share + (1.0 - share) * keep
        else:
            inside = u < share * (1.0 - keep)
        lost[k] = inside or (k + 0.5) * TICK_S < interrupted_s
