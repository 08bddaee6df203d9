"""A bulk transfer driven in time through the queue of a link: CUBIC or Reno, packet by packet.

The packets go through :mod:`bentpipe.linkqueue.queue`, the sender is that of :mod:`bentpipe.linkqueue.transport`
(CUBIC: RFC 9438, C = 0.4, beta = 0.7, fast convergence, Reno-friendly region; Reno: RFC 5681), both as under the wait
of a loaded link. Slow start is the plain one, up to the first loss: HyStart++ (RFC 9406) ends it by the rise of the
round trip, which on a link whose waits change from frame to frame is an answer to noise. A loss is seen by the next
acknowledgement (RACK, RFC 8985: this path does not reorder); losses of one window are one event. A lost end is probed
after two round trips (RFC 8985), and where that fails, or where nothing comes back, a timer expires that doubles
(RFC 6298: 1 s at least, 60 s at most; no undoing of early timeouts). Acknowledgements take the delay of the way back,
and wait out its outages and bursts; their bytes, and losses of single ones, are left out. The connection stands from
the start; for opening it see :mod:`bentpipe.service.exchange`.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bentpipe.draws import Purpose, uniform
from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel
from bentpipe.linkqueue.loaded import QueueProfile
from bentpipe.linkqueue.queue import link_schedule, pass_packet, sent_by, step_at
from bentpipe.linkqueue.series import LinkSeries, TraceSteps, trace_slots
from bentpipe.linkqueue.transport import (
    codel_drops,
    cubic_on_ack,
    cubic_on_loss,
    fresh_window,
    reno_on_ack,
    reno_on_loss,
)

FloatArray = NDArray[np.float64]

PACKET_BYTES: Final = 1500.0
"""A packet on the link, bytes."""
PAYLOAD_BYTES: Final = 1460.0
"""What it carries, bytes: less the headers of IPv4 and TCP."""
ALGORITHMS: Final = ("cubic", "reno")
"""Congestion control that is modelled."""
_PURPOSE_PACKET: Final = int(Purpose.PACKET)


class BulkTransfer(NamedTuple):
    """What became of a transfer.

    Parameters
    ----------
    bin_s : float
        Length of the bins of `goodput_bit_s`, s.
    goodput_bit_s : (B,) float64
        Payload that left the link in each bin and arrived, bit/s: never more than the link offered in the bin.
    completion_s : float
        When the last byte arrived, s after the start; infinite if it did not in the time watched.
    delivered_bytes : float
        Payload that arrived, bytes.
    sent_packets, lost_packets : int
        Packets sent, and those of them lost: on the way, in a full queue, in an outage.
    loss_events : int
        Times that the window was lowered, timeouts among them.
    timeouts : int
        Times that the timer expired.
    mean_rtt_s : float
        Mean round trip of the packets acknowledged, s, waits in the queue among it; NaN where there were none.
    """

    bin_s: float
    goodput_bit_s: FloatArray
    completion_s: float
    delivered_bytes: float
    sent_packets: int
    lost_packets: int
    loss_events: int
    timeouts: int
    mean_rtt_s: float


def series_steps(series: LinkSeries) -> TraceSteps:
    """What a link offers frame by frame over all slots of a series, as one row of steps.

    Parameters
    ----------
    series : LinkSeries
        T slots.

    Returns
    -------
    TraceSteps
        `start_s` counts from the start of the first slot.
    """
    return TraceSteps(*(np.concatenate(rows) for rows in zip(*trace_slots(series), strict=True)))


def bulk_transfer(
    steps: TraceSteps,
    duration_s: float,
    queue: QueueProfile,
    size_bytes: float = math.inf,
    direction: str = "down",
    algorithm: str = "cubic",
    beyond_rtt_s: float = 0.0,
    outage: str = "hold",
    bin_s: float = 1.0,
    seed: int = 0,
    key: int = 0,
) -> BulkTransfer:
    """Drive one transfer over a link, alone.

    Parameters
    ----------
    steps : TraceSteps
        What the link offers, N steps, such as of :func:`series_steps`; the last one holds on.
    duration_s : float
        For how long to watch, s.
    queue : QueueProfile
        Buffer in front of the link, and its management.
    size_bytes : float
        Payload to send, bytes; infinite for a transfer that does not end.
    direction : str
        ``"down"`` or ``"up"``: the way of the data; acknowledgements take the other.
    algorithm : str
        One of :data:`ALGORITHMS`.
    beyond_rtt_s : float
        Round trip of the path behind the link, s.
    outage : str
        ``"hold"``: packets that come to the link in an outage wait in its queue; ``"drop"``: they are lost.
    bin_s : float
        Length of a bin of the goodput, s.
    seed, key : int
        Of the draws: seed of the run, and key of the place. Packet n of a transfer has the same draw in every run.

    Returns
    -------
    BulkTransfer
        RFC 9438 (08/2023), RFC 5681, RFC 6298, RFC 8985; see the module.
    """
    _check(steps, duration_s, size_bytes, direction, algorithm, beyond_rtt_s, bin_s)
    rate, delay, loss, back, back_loss = (
        (steps.down_bit_s, steps.down_s, steps.down_loss, steps.up_s, steps.up_loss)
        if direction == "down"
        else (steps.up_bit_s, steps.up_s, steps.up_loss, steps.down_s, steps.down_loss)
    )
    connected = np.asarray(steps.connected, dtype=bool)
    offered = np.where(connected, rate, 0.0)
    changes, pieces = _changes(offered), _changes(delay, loss)
    schedule = link_schedule(
        steps.start_s[changes], offered[changes], steps.start_s[pieces], delay[pieces],
        queue_limit_bytes=queue.buffer_bytes, outage=outage,
    )  # fmt: skip
    passes = connected & (back_loss < 1.0)
    returns = _changes(back, passes)
    managed = queue.discipline != "drop-tail"
    bins = np.zeros(math.ceil(duration_s / bin_s - 1e-9))
    counts = np.zeros(4, np.int64)
    completion, delivered, mean_rtt = _drive(
        schedule.rate_start_s, schedule.rate_bit_s, schedule.sent_bit, schedule.delay_start_s, schedule.delay_s,
        schedule.lost, np.ascontiguousarray(loss[pieces], np.float64), schedule.queue_limit_bit, schedule.hold_outages,
        np.ascontiguousarray(steps.start_s[returns], np.float64), np.ascontiguousarray(back[returns], np.float64),
        np.ascontiguousarray(passes[returns]), float(beyond_rtt_s),
        float(queue.target_s) if managed else math.inf, float(queue.interval_s),
        algorithm == "cubic", math.ceil(size_bytes / PAYLOAD_BYTES) if math.isfinite(size_bytes) else -1,
        float(duration_s), int(seed), np.uint64(key), float(bin_s), bins, counts,
    )  # fmt: skip
    bins *= PAYLOAD_BYTES / PACKET_BYTES / bin_s
    packets, lost, events, timeouts = (int(n) for n in counts)
    arrived = min(delivered * PAYLOAD_BYTES, size_bytes)
    return BulkTransfer(bin_s, bins, completion, arrived, packets, lost, events, timeouts, mean_rtt)


def _changes(*rows: NDArray[np.generic]) -> NDArray[np.int64]:
    """Indices at which any of the rows takes a new value, the first among them."""
    new = np.zeros(len(rows[0]), bool)
    new[0] = True
    for row in rows:
        new[1:] |= row[1:] != row[:-1]
    return np.flatnonzero(new)


def _check(
    steps: TraceSteps, duration_s: float, size_bytes: float, direction: str, algorithm: str, beyond: float, bin_s: float
) -> None:
    """Refuse what is no transfer, all at once."""
    faults = []
    if direction not in ("down", "up"):
        faults.append(Fault("no such direction", "direction", direction, "'down' or 'up'"))
    if algorithm not in ALGORITHMS:
        faults.append(Fault("congestion control that is not modelled", "algorithm", algorithm, ", ".join(ALGORITHMS)))
    for name, value in (("duration_s", duration_s), ("bin_s", bin_s)):
        if not (math.isfinite(value) and value > 0.0):
            faults.append(Fault("not a time", name, value, "finite, above 0 s"))
    if not (math.isfinite(beyond) and beyond >= 0.0):
        faults.append(Fault("not a time", "beyond_rtt_s", beyond, "finite, 0 s or more"))
    if not size_bytes > 0.0:
        faults.append(Fault("nothing to send", "size_bytes", size_bytes, "above 0 bytes"))
    for name in ("down_loss", "up_loss"):
        share = np.asarray(getattr(steps, name))
        if not np.all((share >= 0.0) & (share <= 1.0)):
            faults.append(Fault("a share of packets is out of range", f"steps.{name}", allowed="0 to 1"))
    if len(steps.start_s) == 0 or len({len(row) for row in steps}) != 1:
        faults.append(Fault("every row of the steps has one value a step", "steps", [len(row) for row in steps]))
    if faults:
        raise InputError(*faults)


@kernel()
def _answered(start: FloatArray, delay: FloatArray, passes: NDArray[np.bool_], t: float) -> float:
    """When an acknowledgement of what arrives at `t` is back at the link's near end, s; infinite if never."""
    k = max(step_at(start, t), 0)
    back_at: float = t + delay[k]
    while not passes[k]:
        k += 1
        if k == start.size:
            return math.inf
        back_at = start[k] + delay[k]
    return back_at


@kernel()
def _count_bits(
    start: FloatArray, rate: FloatArray, sent: FloatArray, begins: float, ends: float, bits: float, bin_s: float,
    bins: FloatArray,
) -> None:  # fmt: skip
    """Add the bits of a packet to the bins in which they left, as far as those are watched."""
    b, last = int(begins / bin_s), int(ends / bin_s)
    if b == last:
        if b < bins.size:
            bins[b] += bits
        return
    before = sent_by(start, rate, sent, begins)
    while b <= last and b < bins.size:
        until = sent_by(start, rate, sent, min((b + 1) * bin_s, ends))
        bins[b] += until - before
        before = until
        b += 1


@kernel()
def _lower(cubic: bool, w: FloatArray) -> None:
    """Lower the window after a loss event."""
    if cubic:
        cubic_on_loss(w)
    else:
        reno_on_loss(w)


@kernel(
    "Tuple((float64, int64, float64))(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], "
    "boolean[::1], float64[::1], float64, boolean, float64[::1], float64[::1], boolean[::1], float64, float64, "
    "float64, boolean, int64, float64, int64, uint64, float64, float64[::1], int64[::1])"
)
def _drive(
    rate_start: FloatArray,
    rate: FloatArray,
    sent: FloatArray,
    delay_start: FloatArray,
    delay: FloatArray,
    lost: NDArray[np.bool_],
    loss: FloatArray,
    limit_bit: float,
    hold: bool,
    back_start: FloatArray,
    back: FloatArray,
    passes: NDArray[np.bool_],
    beyond: float,
    target: float,
    interval: float,
    cubic: bool,
    packets: int,
    duration: float,
    seed: int,
    key: np.uint64,
    bin_s: float,
    bins: FloatArray,
    counts: NDArray[np.int64],
) -> tuple[float, int, float]:
    """Fill the bits in each bin and the counts (sent, lost, events, timeouts).

    Returns when the last packet came, how many came, and the mean round trip; `packets` is -1 for no end.
    """
    bits = 8.0 * 1500.0
    state, codel, window = np.full(2, -np.inf), np.zeros(5), fresh_window()
    # Of the packets under way, first to after - 1: when sent, and when acknowledged (NaN where lost).
    began, acked, copy = np.empty(65_536), np.empty(65_536), np.zeros(65_536, np.bool_)
    first, after = 0, 0
    mark = 0  # packets before it have timed out and no longer count as under way
    recovered = -1  # losses up to this packet are of an event that the window has answered
    blocked = -1  # acknowledgements up to this packet do not raise the window: fast recovery
    now, last_ack, came_last = 0.0, 0.0, 0.0
    delivered, known, rtts, rtt_sum = 0, 0, 0, 0.0
    # The setup has measured the round trip once (RFC 6298, section 2.2).
    smooth = delay[0] + back[0] + beyond
    varies, timer, doubled, restarted = 0.5 * smooth, max(1.0, 3.0 * smooth), 1.0, 0.0
    probed = False
    while True:
        under_way = after - max(first, mark)
        more = packets < 0 or known + under_way < packets
        probe = False
        if not (more and under_way < int(window[0]) and after - first < 65_000):
            k = first
            while k < after and math.isnan(acked[k % 65_536]):
                k += 1
            back_at = acked[k % 65_536] if k < after else math.inf
            expires = max(now, restarted + timer * doubled)
            if k == after and not probed and doubled == 1.0:
                expires = max(now, min(expires, restarted + 2.0 * smooth))
                probe = True
            if min(back_at, expires) > duration:
                break
            if back_at <= expires:
                now = max(now, back_at)
                if k > first and first > recovered:
                    _lower(cubic, window)
                    counts[2] += 1
                    recovered = blocked = after - 1
                known += 0 if copy[k % 65_536] else 1
                first = k + 1
                rtt = now - began[k % 65_536]
                rtt_sum += rtt
                varies = 0.75 * varies + 0.25 * abs(smooth - rtt)
                smooth = 0.875 * smooth + 0.125 * rtt
                rtts += 1
                timer, doubled, restarted, probed = max(1.0, smooth + 4.0 * varies), 1.0, now, False
                if packets >= 0 and known >= packets:
                    break
                if first > blocked:
                    if cubic:
                        cubic_on_ack(now, rtt, window)
                    else:
                        reno_on_ack(window)
                continue
            now = expires
            if probe:
                probed = True
            else:
                counts[3] += 1
                if doubled == 1.0:
                    _lower(cubic, window)
                    counts[2] += 1
                    window[2] = 0.0  # CUBIC begins anew from where slow start ends (RFC 9438, section 4.8)
                window[0] = 1.0
                mark, recovered, blocked = after, after - 1, -1
                doubled = min(2.0 * doubled, 60.0 / timer)
                restarted = now
                continue
        if under_way == 0:
            restarted = now
        # A packet sent again after a timeout brings nothing new where the first copy only waits.
        again = doubled > 1.0 and first < after and not math.isnan(acked[first % 65_536])
        came = math.nan
        turn = max(now, state[0])
        counts[0] += 1
        fate = 2
        # A queue shorter than one and a half packets is never too long (RFC 8289 spares one packet).
        at = max(step_at(rate_start, turn), 0)
        long_wait = max(target, 1.5 * bits / rate[at]) if target < math.inf else target
        if not codel_drops(turn, turn - now, long_wait, interval, codel):
            fate, leaves = pass_packet(
                rate_start, rate, sent, delay_start, delay, lost, limit_bit, hold, now, bits, state
            )
        if fate == 0:
            p = loss[max(step_at(delay_start, leaves), 0)]
            if p > 0.0 and (p >= 1.0 or uniform(seed, _PURPOSE_PACKET, after, 0, key) < p):
                fate = 1
        if fate == 0:
            came = max(_answered(back_start, back, passes, state[1]) + beyond, last_ack)
            last_ack = came
            if not again and state[1] <= duration and (packets < 0 or delivered < packets):
                delivered += 1
                came_last = max(came_last, state[1] + 0.5 * beyond)
                _count_bits(rate_start, rate, sent, turn, leaves, bits, bin_s, bins)
        else:
            counts[1] += 1
        began[after % 65_536], acked[after % 65_536], copy[after % 65_536] = now, came, again
        after += 1
        if probe:
            restarted = now
    complete = packets >= 0 and delivered >= packets
    return came_last if complete else math.inf, delivered, rtt_sum / rtts if rtts > 0 else math.nan
