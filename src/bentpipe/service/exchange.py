"""Time of a request and its answer over TCP and TLS, and of a page of many objects.

::

    setup round trips   +   request up   +   one round trip   +   answer down
    DNS, TCP, TLS 1.3       slow start, then the rate of the link, each way

Slow start (RFC 5681, RFC 6928): 10 segments, doubled every round; a round lasts until the first acknowledgement is
back, or for as long as its segments take to send where that is longer, and from then on the link is the limit.
Losses count by expectation: the first one ends slow start, a round trip repairs it, and 0.7 of the window is left
(CUBIC, RFC 9438), which rises and falls from there on; a lost end waits two round trips more, for its probe (RFC
8985); a loss that is lost again, and one in the setup, wait for a timer that doubles (RFC 6298: 1 s). Losses are
taken to be at random: of losses in bursts, give the rate of the bursts. Time on the server, what headers and
certificates weigh, waits for other traffic and overfull buffers are not in it.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel

FloatArray = NDArray[np.float64]

INITIAL_WINDOW: Final = 10.0
"""Segments sent at once on a new connection (RFC 6928)."""
SEGMENT_BYTES: Final = 1460.0
"""Payload of a segment, bytes: Ethernet's 1500 less the headers of IPv4 and TCP."""
FIRST_TIMEOUT_S: Final = 1.0
"""Timer of a packet of the setup, s, doubled every time it runs out (RFC 6298)."""
SETUP_ROUND_TRIPS: Final = {
    "kept": 0,
    "tls-resumed-early-data": 2,
    "fresh-resolved": 2,
    "fresh": 3,
}
"""Round trips before the request: a kept connection, early data (RFC 8446, 0-RTT: DNS, TCP), TCP and TLS 1.3 with the
name known, and DNS, TCP and TLS 1.3."""
CONNECTIONS: Final = {"HTTP/1.1": 6, "HTTP/2": 1}
"""Connections that a browser opens to one server: six as browsers do (an agreed habit, not a standard), or one."""


class PageTimes(NamedTuple):
    """When a page is there.

    Parameters
    ----------
    document_s : float
        When its document is, s.
    page_s : float
        When all its objects are, s.
    """

    document_s: float
    page_s: float


def exchange_times(
    rtt_s: ArrayLike,
    down_bit_s: ArrayLike,
    up_bit_s: ArrayLike,
    sent_bytes: ArrayLike,
    received_bytes: ArrayLike,
    setup_round_trips: ArrayLike = SETUP_ROUND_TRIPS["fresh"],
    loss: ArrayLike = 0.0,
) -> FloatArray:
    """Expected time of requests and their answers.

    Parameters
    ----------
    rtt_s : array_like
        Round trip through the idle link, s, shape (...), 0 or more.
    down_bit_s, up_bit_s : array_like
        What the connection gets each way, bit/s of payload; 0 for none.
    sent_bytes, received_bytes : array_like
        Size of the request (a post sends its text up) and of the answer, bytes, 0 or more.
    setup_round_trips : array_like
        Round trips before the request; see :data:`SETUP_ROUND_TRIPS`.
    loss : array_like
        Probability that a packet is lost, each way, 0 to 1.

    Returns
    -------
    ndarray of float64
        Seconds, shape (...) to which all broadcast; infinite where nothing gets through (no rate for what is to be
        sent, a loss of one half or more), NaN where an argument is.
    """
    names = ("rtt_s", "down_bit_s", "up_bit_s", "sent_bytes", "received_bytes", "setup_round_trips", "loss")
    given = (rtt_s, down_bit_s, up_bit_s, sent_bytes, received_bytes, setup_round_trips, loss)
    arrays = [np.asarray(value, dtype=np.float64) for value in given]
    _check(names, arrays)
    rows = np.broadcast_arrays(*arrays)
    out = np.empty(rows[0].size)
    _exchanges(np.ascontiguousarray(np.stack([row.ravel() for row in rows], axis=-1)), out)
    return out.reshape(rows[0].shape)


def page_times(
    rtt_s: float,
    down_bit_s: float,
    up_bit_s: float,
    document_bytes: float,
    object_bytes: ArrayLike,
    protocol: str = "HTTP/2",
    request_bytes: float = 500.0,
    setup_round_trips: float = SETUP_ROUND_TRIPS["fresh"],
    loss: float = 0.0,
) -> PageTimes:
    """Expected time of a page: its document, then its objects, all from one server.

    Parameters
    ----------
    rtt_s, down_bit_s, up_bit_s, setup_round_trips, loss
        As in :func:`exchange_times`.
    document_bytes : float
        Size of the document that names the objects, bytes.
    object_bytes : array_like
        Size of each object, bytes, shape (N,), in the order of asking.
    protocol : str
        ``"HTTP/2"`` (RFC 9113): one connection, all objects asked for at once, on the window that the document left.
        ``"HTTP/1.1"`` (RFC 9112): up to six connections, the other five opened with TCP and TLS 1.3 when the document
        is there; each asks for one object at a time, the next object goes to the connection that is free first (the
        lowest number where several are), and the link is shared evenly among the connections in use.
    request_bytes : float
        Size of each request, bytes (assumed: headers of a browser).

    Returns
    -------
    PageTimes
        Seconds; the second is the first where there are no objects.
    """
    if protocol not in CONNECTIONS:
        raise InputError(
            Fault("a page over this protocol is not modelled", "protocol", protocol, ", ".join(CONNECTIONS))
        )
    names = (
        "rtt_s", "down_bit_s", "up_bit_s", "document_bytes", "object_bytes", "request_bytes", "setup_round_trips",
        "loss",
    )  # fmt: skip
    given = (rtt_s, down_bit_s, up_bit_s, document_bytes, object_bytes, request_bytes, setup_round_trips, loss)
    arrays = [np.asarray(value, dtype=np.float64) for value in given]
    _check(names, arrays)
    objects = np.array(object_bytes, dtype=np.float64, ndmin=1, order="C")
    if objects.ndim != 1:
        raise InputError(Fault("one size for each object", "object_bytes", objects.shape, "(N,)"))
    document, page = _page(
        float(rtt_s), float(down_bit_s), float(up_bit_s), float(document_bytes), objects, CONNECTIONS[protocol],
        float(request_bytes), float(setup_round_trips), float(loss),
    )  # fmt: skip
    return PageTimes(document, page)


def _check(names: tuple[str, ...], arrays: list[FloatArray]) -> None:
    """Refuse what is no time, rate, size or probability, all at once; NaN stands for no link."""
    faults = []
    for name, values in zip(names, arrays, strict=True):
        top = 1.0 if name == "loss" else math.inf
        finite = name not in ("down_bit_s", "up_bit_s")
        if np.any(values < 0.0) or np.any(values > top) or (finite and np.any(np.isinf(values))):
            allowed = "0 to 1" if name == "loss" else "0 or more"
            faults.append(Fault("a value is out of range", name, allowed=allowed))
    if faults:
        raise InputError(*faults)


@kernel()
def _rising_s(segments: float, window: float, rise: float, rtt_s: float, segment_s: float) -> float:
    """Time in which segments leave from a window that rises by `rise` a round trip until it fills the link, s.

    A continuous form of the rounds: ``window t + rise t^2 / 2`` segments in t round trips.
    """
    full = rtt_s / segment_s
    if window >= full:
        return segments * segment_s
    until_full = (full - window) / rise
    before_full = until_full * (window + 0.5 * rise * until_full)
    if segments <= before_full:
        return rtt_s * (math.sqrt(window * window + 2.0 * rise * segments) - window) / rise
    return rtt_s * until_full + (segments - before_full) * segment_s


@kernel()
def _avoidance_s(segments: float, window: float, loss: float, rtt_s: float, segment_s: float) -> float:
    """Time of what is left after the first loss, s: a loss every 1 / `loss` segments takes the window to 0.7 of it.

    Between them it rises evenly, such that the mean window of a long transfer is that of
    :func:`bentpipe.service.tcprates.cubic_window` (0.53 a round trip where CUBIC is Reno-friendly), at most by half.
    """
    if rtt_s <= 0.0:
        return segments * segment_s
    cubic = (3.7 * 0.4 / 1.2) ** 0.25 * (rtt_s / loss) ** 0.75
    rise = min(max(0.9 / 1.7, cubic * cubic * loss * 0.6 / 1.7), 0.5 * window)
    full, apart, left, total = rtt_s / segment_s, 1.0 / loss, segments, 0.0
    for _ in range(24):  # each cycle halves the distance to the last one
        if left <= apart:
            return total + _rising_s(left, window, rise, rtt_s, segment_s)
        cycle = _rising_s(apart, window, rise, rtt_s, segment_s)
        total += cycle
        left -= apart
        window = max(0.7 * min(math.sqrt(window * window + 2.0 * rise * apart), max(full, window)), 1.0)
    return total + left / apart * cycle


@kernel()
def transfer_s(size_bytes: float, bit_s: float, rtt_s: float, window: float, loss: float) -> tuple[float, float]:
    """Expected time from the first to the last byte that a sender sends, and the window that it leaves.

    Parameters
    ----------
    size_bytes : float
        Size, bytes.
    bit_s : float
        Rate of the link, bit/s.
    rtt_s : float
        Round trip, s.
    window : float
        Segments that may be sent at once to begin with.
    loss : float
        Probability that a packet is lost, 0 to 1.

    Returns
    -------
    float
        Time, s; without the way to the receiver; infinite for a rate of 0 or a loss of one half.
    float
        Segments that the next transfer on the same connection may send at once, if nothing was lost.
    """
    if size_bytes <= 0.0:
        return 0.0, window
    if bit_s <= 0.0 or loss >= 0.5:
        return math.inf, window
    segments = size_bytes / 1460.0
    segment_s = 8.0 * 1460.0 / bit_s
    keep = 1.0 - loss
    untouched = 1.0  # probability that nothing is lost so far
    clock, left, expected = 0.0, segments, 0.0
    while left > 0.0:
        here = min(left, window)
        lasts = here * segment_s
        if here < left:
            lasts = max(lasts, rtt_s + segment_s)
        hit = untouched * (1.0 - keep ** math.ceil(here))
        if hit > 0.0:
            rest = 0.0
            if here < left:
                filled = min(window, max(rtt_s / segment_s, 10.0))
                rest = _avoidance_s(left - here, 0.7 * filled, loss, rtt_s, segment_s)
            expected += hit * (clock + lasts + rtt_s + rest)
        untouched -= hit
        clock += lasts
        left -= here
        if left > 0.0 or here >= window:
            window *= 2.0
    expected += untouched * clock
    if loss > 0.0:
        count = math.ceil(segments)
        expected += 2.0 * loss * rtt_s  # the last one is not seen to be lost until it is probed
        expected += (1.0 - keep**count) * loss / (1.0 - 2.0 * loss) * max(1.0, 3.0 * rtt_s)
    return expected, window


@kernel("float64(float64, float64, float64, float64, float64, float64, float64)")
def exchange_s(
    rtt_s: float,
    down_bit_s: float,
    up_bit_s: float,
    sent_bytes: float,
    received_bytes: float,
    setup_round_trips: float,
    loss: float,
) -> float:
    """Expected time of one request and its answer, to be called from other kernels.

    Parameters
    ----------
    rtt_s : float
        Round trip through the idle link, s.
    down_bit_s, up_bit_s : float
        What the connection gets each way, bit/s of payload.
    sent_bytes, received_bytes : float
        Size of the request and of the answer, bytes.
    setup_round_trips : float
        Round trips before the request: 0 on a kept connection, 3 with DNS, TCP and TLS 1.3.
    loss : float
        Probability that a packet is lost, each way, 0 to 1.

    Returns
    -------
    float
        Seconds; see :func:`exchange_times`.
    """
    # Every comparison with NaN is false, so a missing link would otherwise pass for a fast one.
    total = rtt_s + down_bit_s + up_bit_s + sent_bytes + received_bytes + setup_round_trips + loss
    if math.isnan(total):
        return math.nan
    if loss >= 0.5:
        return math.inf
    up, _ = transfer_s(sent_bytes, up_bit_s, rtt_s, 10.0, loss)
    down, _ = transfer_s(received_bytes, down_bit_s, rtt_s, 10.0, loss)
    retried = 2.0 * loss / (1.0 - 2.0 * loss)
    return setup_round_trips * (rtt_s + retried) + up + rtt_s + down


@kernel("void(float64[:, ::1], float64[::1])")
def _exchanges(table: FloatArray, out: FloatArray) -> None:
    """Fill the time of each exchange, (n,), from the arguments of `exchange_s`, (n, 7)."""
    for i in range(out.size):
        out[i] = exchange_s(table[i, 0], table[i, 1], table[i, 2], table[i, 3], table[i, 4], table[i, 5], table[i, 6])


@kernel("UniTuple(float64, 2)(float64, float64, float64, float64, float64[::1], int64, float64, float64, float64)")
def _page(
    rtt_s: float,
    down_bit_s: float,
    up_bit_s: float,
    document_bytes: float,
    object_bytes: FloatArray,
    connections: int,
    request_bytes: float,
    setup_round_trips: float,
    loss: float,
) -> tuple[float, float]:
    """When the document and the last object are there, s; see :func:`page_times`."""
    document = exchange_s(rtt_s, down_bit_s, up_bit_s, request_bytes, document_bytes, setup_round_trips, loss)
    if object_bytes.size == 0 or not document < math.inf:
        return document, document
    _, window = transfer_s(document_bytes, down_bit_s, rtt_s, 10.0, loss)
    if connections == 1:
        up, _ = transfer_s(request_bytes * object_bytes.size, up_bit_s, rtt_s, 10.0, loss)
        down, _ = transfer_s(object_bytes.sum(), down_bit_s, rtt_s, window, loss)
        return document, document + up + rtt_s + down
    used = min(connections, object_bytes.size)
    share = 1.0 / used
    free, windows = np.empty(used), np.full(used, 10.0)
    free[:] = document + 2.0 * (rtt_s + 2.0 * loss / (1.0 - 2.0 * loss))  # TCP and TLS 1.3
    free[0], windows[0] = document, window
    for i in range(object_bytes.size):
        k = 0
        for other in range(1, used):
            if free[other] < free[k]:
                k = other
        up, _ = transfer_s(request_bytes, up_bit_s * share, rtt_s, 10.0, loss)
        down, windows[k] = transfer_s(object_bytes[i], down_bit_s * share, rtt_s, windows[k], loss)
        free[k] += up + rtt_s + down
    return document, free.max()
