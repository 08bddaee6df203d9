"""Wait in the queue of a link that one bulk transfer keeps full, by rate: drop-tail, CoDel, and flow queueing.

The transfer sends whole packets through the queue of :mod:`bentpipe.linkqueue.queue`, clocked by its
acknowledgements, with the window of CUBIC (RFC 9438: C = 0.4, beta = 0.7, fast convergence, Reno-friendly).
A loss is seen when a later packet is acknowledged; a window that is lost as a whole ends in a timeout of 1 s.
CoDel (RFC 8289) drops at the head by the time that a packet waited; here a packet's wait is known when it
arrives, and packets are taken in order, so the same drops follow without events. Its target is at least
the sending time of one and a half packets, below which it would starve a slow link. With flow queueing (RFC
8290) a probe of few packets is sent next, after the packet that is being sent. Nothing is drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel
from bentpipe.linkqueue.queue import idle_state, link_schedule, pass_packet
from bentpipe.linkqueue.transport import codel_drops, cubic_on_ack, cubic_on_loss

DISCIPLINES: Final = ("drop-tail", "codel", "fq-codel")
"""Queue management that is modelled."""

PACKET_BYTES: Final = 1500.0
SHORTEST_S: Final = 20.0
"""Time for which a transfer is watched, s; longer where the buffer takes long to fill."""
FILLINGS: Final = 40.0
"""Time in fillings of the buffer for which a transfer is watched at least; a quarter is left out as its start."""
_LONGEST_WINDOW = 60_000
_RING = 1 << 16


@dataclass(frozen=True)
class QueueProfile:
    """Buffer and queue management of one direction.

    Parameters
    ----------
    discipline : str
        One of :data:`DISCIPLINES`.
    buffer_bytes : float
        Size of the buffer, bytes.
    target_s, interval_s : float
        Parameters of CoDel, s; of no effect under drop-tail.
    """

    discipline: str
    buffer_bytes: float
    target_s: float = 5e-3
    interval_s: float = 0.1

    def __post_init__(self) -> None:
        """Refuse what is not modelled, by name, and sizes that are none."""
        faults = []
        if self.discipline not in DISCIPLINES:
            faults.append(
                Fault("queue management that is not modelled", "discipline", self.discipline, ", ".join(DISCIPLINES))
            )
        for name in ("buffer_bytes", "target_s", "interval_s"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                faults.append(Fault("not a size", name, value, "finite, above 0"))
        if math.isfinite(self.buffer_bytes) and 0.0 < self.buffer_bytes < 2 * PACKET_BYTES:
            faults.append(Fault("the buffer holds less than two packets", "buffer_bytes", self.buffer_bytes, "3000 on"))
        if faults:
            raise InputError(*faults)


class LoadedWaits(NamedTuple):
    """Waits that a probe meets while a transfer fills the link.

    Parameters
    ----------
    rate_bit_s : (R,) float64
        Rates, bit/s.
    probability : (Q,) float64
        Of the quantiles.
    wait_s : (R, Q) float64
        Quantiles of the wait, s.
    carried : (R,) float64
        Part of the rate that the transfer uses.
    """

    rate_bit_s: NDArray[np.float64]
    probability: NDArray[np.float64]
    wait_s: NDArray[np.float64]
    carried: NDArray[np.float64]


def loaded_waits(
    profile: QueueProfile,
    rate_bit_s: ArrayLike,
    idle_rtt_s: float = 0.04,
    probability: ArrayLike = (0.05, 0.5, 0.95),
) -> LoadedWaits:
    """Drive a bulk transfer through the queue at each rate, and watch it with a probe.

    Parameters
    ----------
    profile : QueueProfile
        Buffer and queue management.
    rate_bit_s : array_like
        Rates of the link, bit/s, shape (R,), 10 kbit/s to 10 Gbit/s.
    idle_rtt_s : float
        Round trip of the transfer through the empty queue, s.
    probability : array_like
        Probabilities, shape (Q,), 0 to 1.

    Returns
    -------
    LoadedWaits
        RFC 9438 (CUBIC), RFC 8289 (CoDel), RFC 8290 (FQ-CoDel); see the module.
    """
    rates = np.array(rate_bit_s, np.float64, ndmin=1)
    levels = np.array(probability, np.float64, ndmin=1)
    _check(rates, idle_rtt_s, levels)
    wait, carried = np.empty((rates.size, levels.size)), np.empty(rates.size)
    for i, rate in enumerate(rates):
        seen, carried[i] = _watch(profile, float(rate), idle_rtt_s)
        wait[i] = np.quantile(seen, levels)
    return LoadedWaits(rates, levels, wait, carried)


def interpolated_wait_s(table: LoadedWaits, rate_bit_s: ArrayLike, column: int = 1) -> NDArray[np.float64]:
    """Read a quantile of the wait at any rate off a table.

    Parameters
    ----------
    table : LoadedWaits
        Its rates rise.
    rate_bit_s : array_like
        Rates, bit/s, shape (...).
    column : int
        Which of its probabilities.

    Returns
    -------
    ndarray of float64
        Shape (...), s, linear in the logarithms of rate and wait; at the ends of the table the end's. NaN where the
        rate is NaN or 0: nothing gets through.
    """
    rate = np.asarray(rate_bit_s, np.float64)
    known = np.isfinite(rate) & (rate > 0.0)
    axis, values = np.log(table.rate_bit_s), np.log(np.maximum(table.wait_s[:, column], 1e-9))
    return np.where(known, np.exp(np.interp(np.log(np.where(known, rate, 1.0)), axis, values)), np.nan)


def _check(rates: NDArray[np.float64], idle_rtt_s: float, levels: NDArray[np.float64]) -> None:
    """Refuse rates, round trips and probabilities that are none, all at once."""
    faults = []
    bad = ~((rates >= 1e4) & (rates <= 1e10))
    if bad.any():
        faults.append(
            Fault("a rate is out of range", "rate_bit_s", float(rates[bad][0]), "10 kbit/s to 10 Gbit/s, in bit/s")
        )
    if not 1e-4 <= idle_rtt_s <= 10.0:
        faults.append(Fault("a round trip is out of range", "idle_rtt_s", idle_rtt_s, "0.0001 to 10 s"))
    if not np.all((levels >= 0.0) & (levels <= 1.0)):
        faults.append(Fault("a quantile needs a probability", "probability", allowed="0 to 1"))
    if faults:
        raise InputError(*faults)


def _watch(profile: QueueProfile, rate: float, idle_rtt_s: float) -> tuple[NDArray[np.float64], float]:
    """Waits of probes at one rate, and the part of the rate that the transfer uses."""
    managed = profile.discipline != "drop-tail"
    target = max(profile.target_s, 1.5 * 8.0 * PACKET_BYTES / rate) if managed else math.inf
    standing = 0.0 if managed else 8.0 * profile.buffer_bytes / rate
    length = max(SHORTEST_S, FILLINGS * (standing + idle_rtt_s))
    schedule = link_schedule([0.0], [rate], [0.0], [0.5 * idle_rtt_s], queue_limit_bytes=profile.buffer_bytes)
    probes = np.linspace(0.25 * length, length, 4000)
    wait = np.zeros(probes.size)
    delivered = _drive(
        schedule.rate_start_s, schedule.rate_bit_s, schedule.sent_bit, schedule.delay_start_s, schedule.delay_s,
        schedule.lost, schedule.queue_limit_bit, idle_state(), 0.5 * idle_rtt_s, target, profile.interval_s,
        profile.discipline == "fq-codel", probes, wait,
    )  # fmt: skip
    return wait, delivered * 8.0 * PACKET_BYTES / (0.75 * length * rate)


@kernel(
    "int64(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], boolean[::1], float64, float64[::1],"
    "float64, float64, float64, boolean, float64[::1], float64[::1])"
)
def _drive(
    rate_start: NDArray[np.float64],
    rate: NDArray[np.float64],
    sent: NDArray[np.float64],
    delay_start: NDArray[np.float64],
    delay: NDArray[np.float64],
    lost: NDArray[np.bool_],
    limit_bit: float,
    state: NDArray[np.float64],
    way_back: float,
    target: float,
    interval: float,
    flows_apart: bool,
    probe: NDArray[np.float64],
    wait: NDArray[np.float64],
) -> int:
    """Fill the wait of each probe; return the packets delivered from the first probe to the last."""
    codel = np.zeros(5)
    window = np.array([10.0, 1e9, 0.0, -1.0, 10.0, 0.0])
    began, acked = np.empty(65_536), np.empty(65_536)  # of the packets under way; NaN where dropped
    first, after, recovered, delivered, p = 0, 0, -1, 0, 0
    now, bits = 0.0, 8.0 * 1500.0
    sending = bits / rate[0]
    end = probe[probe.size - 1]
    while p < probe.size:
        if after - first < int(window[0]):
            while p < probe.size and probe[p] <= now:
                # Packets of one size follow one another: a probe of its own flow waits for the one being sent.
                left = max(state[0] - probe[p], 0.0)
                wait[p] = left % sending if flows_apart else left
                p += 1
            turn = max(now, state[0])
            came = math.nan
            if not codel_drops(turn, turn - now, target, interval, codel):
                fate, _ = pass_packet(
                    rate_start, rate, sent, delay_start, delay, lost, limit_bit, True, now, bits, state
                )
                if fate == 0:
                    came = state[1] + way_back
            began[after % 65_536], acked[after % 65_536] = now, came
            after += 1
            continue
        k = first
        while k < after and math.isnan(acked[k % 65_536]):
            k += 1
        if k == after:  # a whole window is lost: wait for the timer
            now += 1.0
            first = after
            cubic_on_loss(window)
            window[0] = 2.0
            continue
        if k > first and first > recovered:
            cubic_on_loss(window)
            recovered = after - 1
        now = max(now, acked[k % 65_536])
        first = k + 1
        if probe[0] <= now <= end:
            delivered += 1
        if first > recovered:
            cubic_on_ack(now, now - began[k % 65_536], window)
    return delivered
