"""Videoconference over a link in time: published needs met or not, window by window, and freezes of the picture.

Needs are what services publish (``conferencing.csv``, each row with its source), no standard. A freeze is that of the
W3C's Identifiers for WebRTC's Statistics API (freezeCount): between two frames shown passes at least the longer of
three frame intervals, and one frame interval and 150 ms.
"""

from __future__ import annotations

import csv
import functools
import math
from importlib import resources
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.draws import Purpose, uniform
from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel
from bentpipe.linkqueue.queue import step_at
from bentpipe.linkqueue.series import TraceSteps

FloatArray = NDArray[np.float64]

WINDOW_S: Final = 15.0
"""Interval over which losses and jitter are judged, s (Microsoft Teams)."""
BURST_S: Final = 0.2
"""Interval over which bursts of loss are judged, s (Microsoft Teams)."""
PACKET_S: Final = 0.02
"""Interval of the packets that probe a window, s: 20 ms of speech a packet."""
VIDEO_PACKET_BYTES: Final = 1200.0
"""Packet of video, bytes (as WebRTC cuts frames; assumed)."""
_PURPOSE_PACKET: Final = int(Purpose.PACKET)
_LIMITS: Final = ("down_bit_s", "up_bit_s", "one_way_s", "rtt_s", "loss", "burst_loss", "jitter_s")


class Need(NamedTuple):
    """What a service publishes that it needs; NaN where it publishes nothing.

    Parameters
    ----------
    service, mode : str
        Such as ``"zoom"``, ``"group-720p"``.
    down_bit_s, up_bit_s : float
        At least, bit/s.
    one_way_s, rtt_s, jitter_s : float
        Delay one way and both, and jitter, s; at most.
    loss, burst_loss : float
        Share of packets lost in :data:`WINDOW_S`, and in any :data:`BURST_S`; at most.
    source : str
        Where it was read.
    """

    service: str
    mode: str
    down_bit_s: float
    up_bit_s: float
    one_way_s: float
    rtt_s: float
    loss: float
    burst_loss: float
    jitter_s: float
    source: str


class Windows(NamedTuple):
    """What a link gave, window by window.

    Parameters
    ----------
    start_s : (W,) float64
        Start of each window, s.
    down_bit_s, up_bit_s : (W,) float64
        Mean rate, bit/s; 0 in outages.
    one_way_s, rtt_s : (W,) float64
        Median delay of the slower way, and median round trip, of what passes, s; infinite where nothing does.
    loss, burst_loss : (W,) float64
        Share of packets lost on the worse way, outages among them, and the worst share of any :data:`BURST_S`.
    jitter_s : (W,) float64
        Mean change of the delay from one packet to the next, as RFC 3550 has it before smoothing, of the worse way, s.
    """

    start_s: FloatArray
    down_bit_s: FloatArray
    up_bit_s: FloatArray
    one_way_s: FloatArray
    rtt_s: FloatArray
    loss: FloatArray
    burst_loss: FloatArray
    jitter_s: FloatArray


class Freezes(NamedTuple):
    """Freezes of the picture.

    Parameters
    ----------
    freezes : int
        How many.
    longest_s : float
        Longest time between two frames shown, where that is a freeze, s; else 0.
    frozen_s : float
        Sum of the freezes, s, each from the frame before it to the frame after it.
    frozen_share : float
        Part of the time watched.
    frames : int
        Frames sent.
    repaired : int
        Frames that came only when they were sent again.
    begins_s, lasts_s : (F,) float64
        When each freeze begins and how long it lasts, s.
    """

    freezes: int
    longest_s: float
    frozen_s: float
    frozen_share: float
    frames: int
    repaired: int
    begins_s: FloatArray
    lasts_s: FloatArray


@functools.cache
def published_needs() -> tuple[Need, ...]:
    """Needs of videoconferences that services publish.

    Returns
    -------
    tuple of Need
        The rows of ``conferencing.csv`` in their order.
    """
    text = resources.files("bentpipe.service").joinpath("conferencing.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(
        Need._make([row["service"], row["mode"], *(float(row[name] or "nan") for name in _LIMITS), row["source"]])
        for row in rows
    )


def published_need(service: str, mode: str) -> Need:
    """One of the published needs.

    Parameters
    ----------
    service, mode : str
        As in :class:`Need`.

    Returns
    -------
    Need
        Its row.
    """
    for need in published_needs():
        if (need.service, need.mode) == (service, mode):
            return need
    known = ", ".join(f"{need.service} {need.mode}" for need in published_needs())
    raise InputError(Fault("no such need is published here", "published_need", f"{service} {mode}", known))


def needs_met(
    need: Need,
    down_bit_s: ArrayLike,
    up_bit_s: ArrayLike,
    one_way_s: ArrayLike,
    rtt_s: ArrayLike,
    loss: ArrayLike,
    burst_loss: ArrayLike,
    jitter_s: ArrayLike,
) -> NDArray[np.bool_]:
    """Whether a link gives what a service asks for.

    Parameters
    ----------
    need : Need
        Limits; those not published are met by any link.
    down_bit_s, up_bit_s : array_like
        Rates, bit/s, shape (...).
    one_way_s, rtt_s, jitter_s : array_like
        Delay one way and both, and jitter, s.
    loss, burst_loss : array_like
        Shares of packets lost, 0 to 1.

    Returns
    -------
    ndarray of bool
        Shape (...) to which all broadcast; False where what is asked for is NaN: no link.
    """
    given = {
        "down_bit_s": down_bit_s, "up_bit_s": up_bit_s, "one_way_s": one_way_s, "rtt_s": rtt_s, "loss": loss,
        "burst_loss": burst_loss, "jitter_s": jitter_s,
    }  # fmt: skip
    rows = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in given.values()))
    met = np.ones(rows[0].shape, dtype=bool)
    for name, row in zip(given, rows, strict=True):
        limit = getattr(need, name)
        if not math.isnan(limit):
            met &= (row >= limit) if name.endswith("bit_s") else (row <= limit)
    return met


def conference_windows(steps: TraceSteps, duration_s: float, seed: int = 0, key: int = 0) -> Windows:
    """Judge a link window by window with a packet every 20 ms each way.

    Parameters
    ----------
    steps : TraceSteps
        What the link offers, N steps; the last one holds on.
    duration_s : float
        For how long, s: whole windows of :data:`WINDOW_S`, one at least.
    seed, key : int
        Of the draws, where a share of packets is lost: seed of the run, and key of the place.

    Returns
    -------
    Windows
        Give it to :func:`needs_met` as ``needs_met(need, *windows[1:])``.
    """
    _check(steps, duration_s)
    count = int(duration_s / WINDOW_S + 1e-9)
    if count < 1:
        raise InputError(Fault("shorter than a window", "duration_s", duration_s, f"{WINDOW_S:g} s or more"))
    out = np.zeros((count, 7))
    start, down, up, down_bit, up_bit, down_loss, up_loss = _rows(steps)
    _judge(start, down, up, down_bit, up_bit, down_loss, up_loss, count, int(seed), np.uint64(key), out)
    return Windows._make([np.arange(count) * WINDOW_S, *(out[:, i].copy() for i in range(7))])


def conference_freezes(
    steps: TraceSteps,
    duration_s: float,
    direction: str = "down",
    video_bit_s: float = 1.2e6,
    least_bit_s: float = 500e3,
    frames_per_s: float = 30.0,
    beyond_rtt_s: float = 0.0,
    seed: int = 0,
    key: int = 0,
) -> Freezes:
    """Freezes of the picture of a videoconference over a link.

    A frame is shown when it and all frames before it are there, for each is coded against the one before. A frame of
    which a packet is lost is missed when the next one comes, and sent again (or a key frame in its place; RFC 4585) one
    round trip after that; so is one sent in an outage, after it. While the rate is below the video's, the sender codes
    less, and below the least there is no picture. A frame that is sent again once it is known to be lost is whole.

    Parameters
    ----------
    steps : TraceSteps
        What the link offers, N steps; the last one holds on.
    duration_s : float
        For how long to watch, s.
    direction : str
        ``"down"`` or ``"up"``: the way of the picture.
    video_bit_s : float
        Bit rate of the video, bit/s: what sets the packets of a frame (720p of Zoom and Teams).
    least_bit_s : float
        Rate below which there is no picture, bit/s (360p of Teams).
    frames_per_s : float
        Frames a second.
    beyond_rtt_s : float
        Round trip of the path behind the link, s.
    seed, key : int
        Of the draws: seed of the run, and key of the place.

    Returns
    -------
    Freezes
        W3C, Identifiers for WebRTC's Statistics API: freezeCount, totalFreezesDuration.
    """
    _check(steps, duration_s)
    faults = []
    if direction not in ("down", "up"):
        faults.append(Fault("no such direction", "direction", direction, "'down' or 'up'"))
    for name, value in (("video_bit_s", video_bit_s), ("least_bit_s", least_bit_s), ("frames_per_s", frames_per_s)):
        if not (math.isfinite(value) and value > 0.0):
            faults.append(Fault("a value is out of range", name, value, "finite, above 0"))
    if not (math.isfinite(beyond_rtt_s) and beyond_rtt_s >= 0.0):
        faults.append(Fault("not a time", "beyond_rtt_s", beyond_rtt_s, "finite, 0 s or more"))
    if faults:
        raise InputError(*faults)
    start, down, up, down_bit, up_bit, down_loss, up_loss = _rows(steps)
    delay, rate, loss = (down, down_bit, down_loss) if direction == "down" else (up, up_bit, up_loss)
    passes = (rate >= least_bit_s) & (loss < 1.0)
    frames = math.ceil(duration_s * frames_per_s - 1e-9)
    begins, lasts, counts = np.zeros(frames + 1), np.zeros(frames + 1), np.zeros(2, np.int64)
    packets = math.ceil(video_bit_s / frames_per_s / (8.0 * VIDEO_PACKET_BYTES) - 1e-9)
    _freeze(
        start, delay, down + up + beyond_rtt_s, loss, passes, 1.0 / frames_per_s, packets, float(duration_s),
        int(seed), np.uint64(key), begins, lasts, counts,
    )  # fmt: skip
    count = int(counts[0])
    total = float(lasts[:count].sum())
    return Freezes(
        count, float(lasts[:count].max(initial=0.0)), total, total / duration_s, frames, int(counts[1]),
        begins[:count].copy(), lasts[:count].copy(),
    )  # fmt: skip


def _check(steps: TraceSteps, duration_s: float) -> None:
    """Refuse what is no link and no time, all at once."""
    faults = []
    if not (math.isfinite(duration_s) and duration_s > 0.0):
        faults.append(Fault("not a time", "duration_s", duration_s, "finite, above 0 s"))
    if len(steps.start_s) == 0 or len({len(row) for row in steps}) != 1:
        faults.append(Fault("every row of the steps has one value a step", "steps", [len(row) for row in steps]))
    elif np.any(np.diff(steps.start_s) <= 0.0):
        faults.append(Fault("the starts of steps must rise", "steps.start_s", allowed="finite s"))
    for name in ("down_loss", "up_loss"):
        share = np.asarray(getattr(steps, name))
        if not np.all((share >= 0.0) & (share <= 1.0)):
            faults.append(Fault("a share of packets is out of range", f"steps.{name}", allowed="0 to 1"))
    if faults:
        raise InputError(*faults)


def _rows(steps: TraceSteps) -> tuple[FloatArray, ...]:
    """Start, delays, rates and losses as rows of numbers: an outage has no rate and loses all."""
    on = np.asarray(steps.connected, dtype=bool)
    rows = (
        steps.start_s, steps.down_s, steps.up_s,
        np.where(on, steps.down_bit_s, 0.0), np.where(on, steps.up_bit_s, 0.0),
        np.where(on, steps.down_loss, 1.0), np.where(on, steps.up_loss, 1.0),
    )  # fmt: skip
    return tuple(np.array(row, dtype=np.float64, order="C") for row in rows)


@kernel("void(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], int64, "
        "int64, uint64, float64[:, ::1])")  # fmt: skip
def _judge(
    start: FloatArray,
    down: FloatArray,
    up: FloatArray,
    down_bit: FloatArray,
    up_bit: FloatArray,
    down_loss: FloatArray,
    up_loss: FloatArray,
    count: int,
    seed: int,
    key: np.uint64,
    out: FloatArray,
) -> None:
    """Fill the measures of each window, (count, 7), in the order of `Windows`."""
    packets, burst = 750, 10
    delays, both = np.empty((2, packets)), np.empty(packets)
    rates, lost, came, change, moves = np.empty(2), np.empty(2), np.empty(2, np.int64), np.empty(2), np.empty(2)
    last = np.empty(2)
    k = 0
    for w in range(count):
        rates[:], lost[:], came[:], change[:], moves[:], last[:] = 0.0, 0.0, 0, 0.0, 0.0, np.nan
        trips, worst = 0, 0.0
        in_burst = np.zeros(2)
        for i in range(packets):
            n = w * packets + i
            t = n * 0.02
            while k + 1 < start.size and start[k + 1] <= t:
                k += 1
            for way in range(2):
                share, delay = (down_loss[k], down[k]) if way == 0 else (up_loss[k], up[k])
                rates[way] += down_bit[k] if way == 0 else up_bit[k]
                gone = share >= 1.0 or (share > 0.0 and uniform(seed, _PURPOSE_PACKET, n, 1 + way, key) < share)
                if gone:
                    lost[way] += 1.0
                    in_burst[way] += 1.0
                    continue
                delays[way, came[way]] = delay
                came[way] += 1
                if not math.isnan(last[way]):
                    change[way] += abs(delay - last[way])
                    moves[way] += 1.0
                last[way] = delay
            if down_loss[k] < 1.0 and up_loss[k] < 1.0:
                both[trips] = down[k] + up[k]
                trips += 1
            if i % burst == burst - 1:
                worst = max(worst, in_burst[0] / burst, in_burst[1] / burst)
                in_burst[:] = 0.0
        out[w, 0], out[w, 1] = rates[0] / packets, rates[1] / packets
        out[w, 2] = math.inf
        if came[0] > 0 and came[1] > 0:
            out[w, 2] = max(np.median(delays[0, : came[0]]), np.median(delays[1, : came[1]]))
        out[w, 3] = np.median(both[:trips]) if trips > 0 else math.inf
        out[w, 4], out[w, 5] = max(lost[0], lost[1]) / packets, worst
        out[w, 6] = max(change[0] / max(moves[0], 1.0), change[1] / max(moves[1], 1.0))


@kernel("void(float64[::1], float64[::1], float64[::1], float64[::1], boolean[::1], float64, int64, float64, int64, "
        "uint64, float64[::1], float64[::1], int64[::1])")  # fmt: skip
def _freeze(
    start: FloatArray,
    delay: FloatArray,
    rtt: FloatArray,
    loss: FloatArray,
    passes: NDArray[np.bool_],
    interval: float,
    packets: int,
    duration: float,
    seed: int,
    key: np.uint64,
    begins: FloatArray,
    lasts: FloatArray,
    counts: NDArray[np.int64],
) -> None:
    """Fill when each freeze begins and how long it lasts, and the counts: freezes, frames sent again."""
    threshold = max(3.0 * interval, interval + 0.15)
    shown = delay[max(step_at(start, 0.0), 0)]  # as if there had been a frame just before
    frame = 0
    while frame * interval < duration - 1e-9:
        sent = frame * interval
        k = max(step_at(start, sent), 0)
        there = sent + delay[k]
        whole = passes[k]
        if whole and loss[k] > 0.0:
            whole = uniform(seed, _PURPOSE_PACKET, frame, 3, key) >= 1.0 - (1.0 - loss[k]) ** packets
        if not whole:
            counts[1] += 1
            # Missed when the next frame passes, asked for, and sent again; until then the link must hold.
            noticed = sent + interval
            while True:
                k = max(step_at(start, noticed), 0)
                while k < start.size and not passes[k]:
                    k += 1
                if k == start.size:
                    there = math.inf
                    break
                again = max(noticed, start[k]) + rtt[k]
                j = max(step_at(start, again), 0)
                if passes[j]:
                    there = again + delay[j]
                    break
                noticed = again
        there = max(there, shown)
        if there - shown >= threshold - 1e-9 and shown < duration:
            until = min(there, duration)
            if until - shown >= threshold - 1e-9:
                begins[counts[0]], lasts[counts[0]] = shown, until - shown
                counts[0] += 1
        shown = there
        if shown >= duration:
            break
        frame += 1
