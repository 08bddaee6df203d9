"""Adaptive video over a link in time: what is played at which bit rate, and how long it stalls.

A player fetches segments one after another over one connection, each at the highest rung of its ladder that is at most
0.8 of the throughput it expects: the harmonic mean of the last five segments (Jiang, Sekar and Zhang, CoNEXT 2012), the
lowest rung before it knows any. It plays while it fetches, waits when its buffer is full, and stalls when it is empty.
The outcome is bit rates, stalls and switches, not a score: the standardised models (ITU-T P.1203, P.1204) need the
video itself or a licence, and are not coded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bentpipe.errors import Fault, InputError
from bentpipe.kernel import kernel
from bentpipe.linkqueue.queue import link_schedule, sent_at, sent_by, step_at

FloatArray = NDArray[np.float64]

LADDER_BIT_S: Final = (145e3, 365e3, 730e3, 1.1e6, 2e6, 3e6, 4.5e6, 6e6, 7.8e6)
"""Bit rates of H.264 from 416x234 to 1920x1080: Apple, HLS Authoring Specification for Apple Devices, table of 16:9
variants (recalled: the table was not at hand to be read)."""


@dataclass(frozen=True)
class Player:
    """How a player plays.

    Parameters
    ----------
    ladder_bit_s : tuple of float
        Bit rates that there are, bit/s, rising.
    segment_s : float
        Length of a segment, s (assumed: 4 s; Apple recommends 6, live services use 2).
    buffer_s : float
        Video fetched ahead at most, s (assumed).
    start_s : float
        Video that must be there before playing starts, s (assumed: one segment); after a stall one segment is enough.
    caution : float
        Part of the expected throughput that a rung may take (assumed: 0.8).
    """

    ladder_bit_s: tuple[float, ...] = LADDER_BIT_S
    segment_s: float = 4.0
    buffer_s: float = 30.0
    start_s: float = 4.0
    caution: float = 0.8

    def __post_init__(self) -> None:
        """Refuse ladders that do not rise and sizes that are none."""
        faults = []
        ladder = np.asarray(self.ladder_bit_s, dtype=np.float64)
        if ladder.ndim != 1 or ladder.size == 0 or not np.all(np.isfinite(ladder) & (ladder > 0.0)):
            faults.append(Fault("a ladder has bit rates", "ladder_bit_s", self.ladder_bit_s, "above 0 bit/s"))
        elif np.any(np.diff(ladder) <= 0.0):
            faults.append(Fault("a ladder rises", "ladder_bit_s", self.ladder_bit_s, "rising bit/s"))
        for name in ("segment_s", "buffer_s", "start_s", "caution"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                faults.append(Fault("not a size", name, value, "finite, above 0"))
        if not faults and self.buffer_s < math.ceil(self.start_s / self.segment_s - 1e-9) * self.segment_s:
            allowed = "room for the segments that start playing, s"
            faults.append(Fault("the buffer is too small", "buffer_s", self.buffer_s, allowed))
        if faults:
            raise InputError(*faults)


class Playback(NamedTuple):
    """What a viewer got.

    Parameters
    ----------
    started_s : float
        When playing began, s after the start; infinite if it never did.
    played_s, stalled_s : float
        Time played, and time stalled since playing began, s.
    stall_ratio : float
        Part of the time since playing began that was stalled; NaN if it never did.
    stalls : int
        Times that it stalled.
    longest_stall_s : float
        Longest of them, s.
    switches : int
        Changes of rung from one segment to the next.
    mean_bit_s : float
        Mean bit rate of the segments fetched, bit/s; NaN without any.
    fetched_bits : float
        Bits fetched, those of a segment under way among them.
    rung : (S,) int64
        Rung of each segment fetched, from 0.
    fetched_at_s : (S,) float64
        When each was there, s.
    """

    started_s: float
    played_s: float
    stalled_s: float
    stall_ratio: float
    stalls: int
    longest_stall_s: float
    switches: int
    mean_bit_s: float
    fetched_bits: float
    rung: NDArray[np.int64]
    fetched_at_s: FloatArray


def adaptive_video(
    start_s: ArrayLike, rate_bit_s: ArrayLike, rtt_s: ArrayLike, duration_s: float, player: Player | None = None
) -> Playback:
    """Play a video over a link for a while.

    Parameters
    ----------
    start_s, rate_bit_s : array_like
        Steps of what the link gives the player: start, s, rising, and bit/s of payload, shape (K,); 0 is an outage. The
        last step holds on.
    rtt_s : array_like
        Round trip of each step, s, broadcast to (K,): a request takes one before its segment comes.
    duration_s : float
        How long the viewer stays, s.
    player : Player, optional
        Ladder and buffer; the defaults where not given.

    Returns
    -------
    Playback
        Nothing of it above what the link gave.
    """
    chosen = player or Player()
    times = np.array(start_s, dtype=np.float64, ndmin=1)
    rtt = np.array(np.broadcast_to(np.asarray(rtt_s, dtype=np.float64), times.shape), order="C")
    schedule = link_schedule(times, rate_bit_s, times, rtt)
    if not (math.isfinite(duration_s) and duration_s > 0.0):
        raise InputError(Fault("not a time", "duration_s", duration_s, "finite, above 0 s"))
    most = math.ceil((duration_s + chosen.buffer_s) / chosen.segment_s) + 2
    rung, fetched_at, out = np.zeros(most, np.int64), np.zeros(most), np.zeros(6)
    count = _play(
        schedule.rate_start_s, schedule.rate_bit_s, schedule.sent_bit, schedule.delay_s,
        np.array(chosen.ladder_bit_s, dtype=np.float64), float(chosen.segment_s), float(chosen.buffer_s),
        float(chosen.start_s), float(chosen.caution), float(duration_s), rung, fetched_at, out,
    )  # fmt: skip
    started, played, stalled, stalls, longest, bits = (float(value) for value in out)
    rungs = rung[:count].copy()
    mean = float(np.asarray(chosen.ladder_bit_s)[rungs].mean()) if count else math.nan
    return Playback(
        started, played, stalled, stalled / (played + stalled) if played + stalled > 0.0 else math.nan, int(stalls),
        longest, int(np.count_nonzero(np.diff(rungs))), mean, bits, rungs, fetched_at[:count].copy(),
    )  # fmt: skip


@kernel()
def _highest(ladder: FloatArray, bit_s: float) -> int:
    """Highest rung of at most so many bit/s; the lowest where none is."""
    rung = 0
    while rung + 1 < ladder.size and ladder[rung + 1] <= bit_s:
        rung += 1
    return rung


@kernel(
    "int64(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64, float64, float64, float64, "
    "float64, int64[::1], float64[::1], float64[::1])"
)
def _play(
    start: FloatArray,
    rate: FloatArray,
    sent: FloatArray,
    rtt: FloatArray,
    ladder: FloatArray,
    segment: float,
    most: float,
    enough: float,
    caution: float,
    duration: float,
    rung: NDArray[np.int64],
    fetched_at: FloatArray,
    out: FloatArray,
) -> int:
    """Fill the rung and the time of each segment, and `out`: started, played, stalled, stalls, longest stall, bits.

    Returns the number of segments fetched.
    """
    out[:] = 0.0
    out[0] = math.inf
    now, ahead, count, playing = 0.0, 0.0, 0, False
    slowness = np.zeros(5)  # seconds a bit, of the last segments
    while now < duration:
        if ahead + segment > most:
            wait = min(ahead + segment - most, duration - now)
            now += wait
            ahead -= wait
            out[1] += wait
            continue
        known = min(count, 5)
        expected = known / slowness[:known].sum() if known > 0 else 0.0
        choice = _highest(ladder, caution * expected)
        bits = ladder[choice] * segment
        asked = now + rtt[max(step_at(start, now), 0)]
        done = sent_at(start, rate, sent, asked, bits)
        until = min(done, duration)
        out[5] += (
            bits
            if done <= duration
            else max(sent_by(start, rate, sent, duration) - sent_by(start, rate, sent, min(asked, duration)), 0.0)
        )
        if playing:
            stall = max(until - now - ahead, 0.0)
            out[1] += until - now - stall
            ahead = max(ahead - (until - now), 0.0)
            if stall > 1e-9:
                out[2] += stall
                out[3] += 1.0
                out[4] = max(out[4], stall)
        if done > duration:
            break
        rung[count], fetched_at[count] = choice, done
        slowness[count % 5] = (done - now) / bits
        count += 1
        ahead += segment
        now = done
        if not playing and ahead >= enough - 1e-9:
            playing = True
            out[0] = now
    return count
