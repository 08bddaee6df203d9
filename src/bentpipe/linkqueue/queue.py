"""Queue of one direction of one link, on virtual time.

At the arrival of a packet its whole future is known::

    depart  = C^-1( C(max(arrival, busy)) + bits )        C: bits sent since the start, rate piecewise
    constant release = max( depart + delay(depart), last release )

so that the queue needs no events and no heap. The ``max`` keeps the order of packets by construction. The
inverse is exact over any number of steps of the rate and over outages (rate 0). A live link and a simulated
transfer call the same kernel, the one on the machine's clock and the other on numbers.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel


class Fate(enum.IntEnum):
    """What became of a packet."""

    DELIVERED = 0
    LOST = 1
    """Sent, and lost in a burst."""
    QUEUE_FULL = 2
    """Dropped at the tail of a full queue."""
    OUTAGE = 3
    """Arrived during an outage of a link that drops."""
    NEVER = 4
    """The link has no capacity until the end of its schedule."""


class LinkSchedule(NamedTuple):
    """What one direction of a link offers over time, checked and ready for the kernel.

    Parameters
    ----------
    rate_start_s : ndarray of float64
        Start of each step of the rate, s, shape (K,), rising; the last step has no end.
    rate_bit_s : ndarray of float64
        Rate of each step, bit/s, shape (K,); 0 is an outage.
    sent_bit : ndarray of float64
        Bits that the link can have sent by the start of each step, shape (K,).
    delay_start_s : ndarray of float64
        Start of each step of the delay, s, shape (M,), rising.
    delay_s : ndarray of float64
        One-way delay of each step, s, shape (M,).
    lost : ndarray of bool
        Whether packets that depart in the step of the delay are lost, shape (M,).
    queue_limit_bit : float
        Unsent bits beyond which an arriving packet is dropped.
    hold_outages : bool
        Whether packets that arrive in an outage wait for its end rather than being dropped.
    """

    rate_start_s: NDArray[np.float64]
    rate_bit_s: NDArray[np.float64]
    sent_bit: NDArray[np.float64]
    delay_start_s: NDArray[np.float64]
    delay_s: NDArray[np.float64]
    lost: NDArray[np.bool_]
    queue_limit_bit: float
    hold_outages: bool


class Transits(NamedTuple):
    """What became of packets.

    Parameters
    ----------
    depart_s : ndarray of float64
        When the last bit left, s, shape (P,); NaN where it did not.
    release_s : ndarray of float64
        When the packet came out at the far end, s, shape (P,); NaN where it did not.
    fate : ndarray of uint8
        :class:`Fate`, shape (P,).
    """

    depart_s: NDArray[np.float64]
    release_s: NDArray[np.float64]
    fate: NDArray[np.uint8]


def link_schedule(
    rate_start_s: ArrayLike,
    rate_bit_s: ArrayLike,
    delay_start_s: ArrayLike,
    delay_s: ArrayLike,
    lost: ArrayLike | None = None,
    queue_limit_bytes: float = np.inf,
    outage: str = "hold",
) -> LinkSchedule:
    """Check what a link offers, and prepare it for :func:`transit`.

    Parameters
    ----------
    rate_start_s, rate_bit_s : array_like
        Steps of the rate: start, s, and rate, bit/s, shape (K,). Before the first start there is no capacity.
    delay_start_s, delay_s : array_like
        Steps of the one-way delay, s, shape (M,). Before the first start the first delay holds.
    lost : array_like of bool, optional
        Whether packets that depart in a step of the delay are lost, shape (M,); none by default.
    queue_limit_bytes : float
        Size of the queue, bytes.
    outage : str
        ``"hold"``: packets that arrive while the rate is 0 wait; ``"drop"``: they are dropped.

    Returns
    -------
    LinkSchedule
        Arrays of its own.
    """
    start, rate = _steps(rate_start_s, rate_bit_s, "rate_bit_s", "bit/s")
    delay_start, delay = _steps(delay_start_s, delay_s, "delay_s", "s")
    flags = np.zeros(delay.shape, bool) if lost is None else np.array(lost, dtype=bool, order="C")
    if flags.shape != delay.shape:
        raise InputError(Fault("one flag for each step of the delay", "lost", flags.shape, str(delay.shape)))
    if not queue_limit_bytes > 0:
        raise InputError(Fault("the queue must hold something", "queue_limit_bytes", queue_limit_bytes, "above 0"))
    if outage not in ("hold", "drop"):
        raise InputError(Fault("no such treatment of outages", "outage", outage, "'hold' or 'drop'"))
    sent = np.concatenate(([0.0], np.cumsum(np.diff(start) * rate[:-1])))
    return LinkSchedule(start, rate, sent, delay_start, delay, flags, 8.0 * float(queue_limit_bytes), outage == "hold")


def idle_state() -> NDArray[np.float64]:
    """State of a link that has sent nothing.

    Returns
    -------
    ndarray of float64
        Shape (2,), s: when the link falls idle, and the last release; both minus infinity.
    """
    return np.full(2, -np.inf)


def transit(
    schedule: LinkSchedule,
    arrival_s: ArrayLike,
    size_bytes: ArrayLike,
    state: NDArray[np.float64] | None = None,
) -> Transits:
    """Send packets through one direction of a link.

    Parameters
    ----------
    schedule : LinkSchedule
        From :func:`link_schedule`.
    arrival_s : array_like
        Arrival of each packet, s, shape (P,), not falling.
    size_bytes : array_like
        Size of each packet, bytes, broadcast to (P,).
    state : ndarray of float64, optional
        State left by the packets before, shape (2,), from :func:`idle_state`; changed in place, so that
        packets sent in two calls fare as in one.

    Returns
    -------
    Transits
        In the order of arrival, which is that of release.
    """
    arrival = np.array(arrival_s, dtype=np.float64, ndmin=1, order="C")
    size = np.array(np.broadcast_to(np.asarray(size_bytes, dtype=np.float64), arrival.shape), order="C")
    if arrival.ndim != 1 or not np.all(np.isfinite(arrival)) or np.any(np.diff(arrival) < 0):
        raise InputError(
            Fault("packets must be given in the order of arrival", "arrival_s", allowed="one finite, rising row")
        )
    if not np.all((size > 0) & np.isfinite(size)):
        raise InputError(Fault("a packet has a size", "size_bytes", allowed="above 0 bytes"))
    depart, release = np.full(arrival.size, np.nan), np.full(arrival.size, np.nan)
    fate = np.zeros(arrival.size, np.uint8)
    _transit(
        schedule.rate_start_s,
        schedule.rate_bit_s,
        schedule.sent_bit,
        schedule.delay_start_s,
        schedule.delay_s,
        schedule.lost,
        schedule.queue_limit_bit,
        schedule.hold_outages,
        arrival,
        size,
        idle_state() if state is None else state,
        depart,
        release,
        fate,
    )
    return Transits(depart, release, fate)


def _steps(start: ArrayLike, value: ArrayLike, name: str, unit: str) -> tuple[NDArray[np.float64], ...]:
    """Copy the steps of a quantity that is not negative; refused where they are not such steps."""
    times = np.array(start, dtype=np.float64, ndmin=1, order="C")
    values = np.array(value, dtype=np.float64, ndmin=1, order="C")
    if times.ndim != 1 or times.shape != values.shape or times.size == 0:
        raise InputError(Fault("one start for each value, and at least one", name, (times.shape, values.shape)))
    if not np.all(np.isfinite(times)) or np.any(np.diff(times) <= 0):
        raise InputError(Fault("the starts of steps must rise", name.rpartition("_")[0], allowed="finite s"))
    if not np.all(np.isfinite(values) & (values >= 0)):
        raise InputError(Fault("a step is negative or no number", name, allowed=f"0 {unit} or more"))
    return times, values


@kernel()
def step_at(start: NDArray[np.float64], t: float) -> int:
    """Step that holds at a time.

    Parameters
    ----------
    start : ndarray of float64
        Starts of the steps, s, shape (K,), rising.
    t : float
        Time, s.

    Returns
    -------
    int
        Index; -1 before the first start.
    """
    low, high = 0, start.size
    while low < high:
        middle = (low + high) // 2
        if start[middle] <= t:
            low = middle + 1
        else:
            high = middle
    return low - 1


@kernel()
def sent_by(start: NDArray[np.float64], rate: NDArray[np.float64], sent: NDArray[np.float64], t: float) -> float:
    """Bits that a link can have sent by a time.

    Parameters
    ----------
    start, rate, sent : ndarray of float64
        Steps of the rate: start, s, rate, bit/s, bits sent by the start, shape (K,).
    t : float
        Time, s.

    Returns
    -------
    float
        Bits since the first start.
    """
    k = step_at(start, t)
    bits: float = 0.0 if k < 0 else sent[k] + rate[k] * (t - start[k])
    return bits


@kernel()
def sent_at(
    start: NDArray[np.float64], rate: NDArray[np.float64], sent: NDArray[np.float64], t: float, bits: float
) -> float:
    """Time at which a link has sent so many bits more than by another time.

    Parameters
    ----------
    start, rate, sent : ndarray of float64
        Steps of the rate: start, s, rate, bit/s, bits sent by the start, shape (K,).
    t : float
        When sending begins, s.
    bits : float
        Bits to send, above 0.

    Returns
    -------
    float
        Seconds; infinity if the schedule ends without capacity.
    """
    k = step_at(start, t)
    if k < 0:
        k, t = 0, start[0]
    # Walking from the step at hand, not through the bits since the start, keeps all digits on long schedules.
    left = bits
    while True:
        if rate[k] > 0.0:
            done: float = t + left / rate[k]
            if k == start.size - 1 or done <= start[k + 1]:
                return done
            left -= rate[k] * (start[k + 1] - t)
        elif k == start.size - 1:
            return np.inf
        k += 1
        t = start[k]


@kernel()
def pass_packet(
    rate_start: NDArray[np.float64],
    rate: NDArray[np.float64],
    sent: NDArray[np.float64],
    delay_start: NDArray[np.float64],
    delay: NDArray[np.float64],
    lost: NDArray[np.bool_],
    limit_bit: float,
    hold: bool,
    now: float,
    bits: float,
    state: NDArray[np.float64],
) -> tuple[int, float]:
    """Send one packet and carry the state of the link.

    Parameters
    ----------
    rate_start, rate, sent, delay_start, delay, lost, limit_bit, hold
        Fields of :class:`LinkSchedule`.
    now : float
        Arrival, s.
    bits : float
        Size.
    state : ndarray of float64
        See :func:`idle_state`; the second entry is the release of the last packet that came out.

    Returns
    -------
    int
        :class:`Fate`.
    float
        When the last bit leaves, s; of no meaning where it does not.
    """
    busy = state[0]
    step = step_at(rate_start, now)
    if not hold and (step < 0 or rate[step] == 0.0):
        return 3, now
    if busy > now:
        backlog = sent_by(rate_start, rate, sent, busy) - sent_by(rate_start, rate, sent, now)
    else:
        backlog = 0.0
    # A millionth of the packet: a queue filled to the last bit must not turn on the rounding of times.
    if backlog + bits > limit_bit + 1e-6 * bits:
        return 2, now
    leaves = sent_at(rate_start, rate, sent, max(now, busy), bits)
    if leaves == np.inf:
        return 4, now
    state[0] = leaves
    k = max(step_at(delay_start, leaves), 0)
    if lost[k]:
        return 1, leaves
    state[1] = max(leaves + delay[k], state[1])
    return 0, leaves


@kernel(
    "void(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], boolean[::1], float64, "
    "boolean, float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], uint8[::1])"
)
def _transit(
    rate_start: NDArray[np.float64],
    rate: NDArray[np.float64],
    sent: NDArray[np.float64],
    delay_start: NDArray[np.float64],
    delay: NDArray[np.float64],
    lost: NDArray[np.bool_],
    limit_bit: float,
    hold: bool,
    arrival: NDArray[np.float64],
    size: NDArray[np.float64],
    state: NDArray[np.float64],
    depart: NDArray[np.float64],
    release: NDArray[np.float64],
    fate: NDArray[np.uint8],
) -> None:
    """Fill ``depart``, ``release`` and ``fate``, and carry ``state``; see :func:`transit`."""
    for p in range(arrival.size):
        fate[p], leaves = pass_packet(
            rate_start, rate, sent, delay_start, delay, lost, limit_bit, hold, arrival[p], 8.0 * size[p], state
        )
        if fate[p] < 2:
            depart[p] = leaves
        if fate[p] == 0:
            release[p] = state[1]
