"""The measure of one service over one link, and how good it is: scalar kernels for many links at once.

::

    "call"        rating R of the E-model, from delay and loss             (emodel)
    "video-call"  the lesser of the two rates, bit/s
    "exchange"    time until the answer is there, s: of less is better     (exchange)
    "stream"      bit rate of the best rung of a ladder, bit/s
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel
from bentpipe.service.emodel import voice_rating
from bentpipe.service.exchange import INITIAL_WINDOW, SEGMENT_BYTES, transfer_s

CALL: Final = 0
VIDEO_CALL: Final = 1
EXCHANGE: Final = 2
STREAM: Final = 3
_WINDOW, _SEGMENT = INITIAL_WINDOW, SEGMENT_BYTES


@kernel()
def _rung(rate_bit_s: float, ladder: npt.NDArray[np.float64], headroom: float) -> float:
    best = 0.0
    for rung in ladder:
        if rung <= headroom * rate_bit_s:
            best = rung
    return best


@kernel()
def _transfer_s(size_bytes: float, bit_s: float, rtt_s: float, lost: float, burst_s: float) -> float:
    """Time of one way of an exchange where loss comes in bursts.

    What a sender answers is not a lost packet but a burst of them: one that it may begin in, with the probability of
    the loss ratio, and those that begin while it sends.
    """
    if size_bytes <= 0.0:
        return 0.0
    begun_per_s = lost / ((1.0 - lost) * burst_s) if lost < 1.0 else math.inf
    events = lost * _SEGMENT / size_bytes + begun_per_s * 8.0 * _SEGMENT / bit_s
    seconds, _ = transfer_s(size_bytes, bit_s, rtt_s, _WINDOW, min(lost, events))
    return seconds


@kernel()
def _exchange_s(
    rtt_s: float, down: float, up: float, sent: float, received: float, setups: float, lost: float, burst_s: float
) -> float:
    if lost >= 0.5 or not (down > 0.0 and up > 0.0):
        return math.inf
    # A packet of the setup that is lost waits for a timer of 1 s, which doubles (RFC 6298); either way may lose it.
    waits = setups * (rtt_s + 2.0 * lost / (1.0 - 2.0 * lost))
    there = _transfer_s(sent, up, rtt_s, lost, burst_s)
    return waits + there + rtt_s + _transfer_s(received, down, rtt_s, lost, burst_s)


@kernel()
def measure_of(
    needs: npt.NDArray[np.float64],
    rtt_s: float,
    lost: float,
    down: float,
    up: float,
    ladder: npt.NDArray[np.float64],
    headroom: float,
    burst_s: float,
) -> float:
    """Measure of one service over one link.

    Parameters
    ----------
    needs : (15,) float64
        Row of `bentpipe.service.quality.needs_table`.
    rtt_s : float
        Round trip to the other end, s.
    lost : float
        Packets lost as a ratio, 0 to 1.
    down, up : float
        Rates of one terminal, bit/s.
    ladder : (L,) float64
        Rungs of a stream, bit/s.
    headroom : float
        Share of the rate that a stream takes at most.
    burst_s : float
        Mean length of a burst of loss, s.

    Returns
    -------
    float
        R, s or bit/s. Sources: ITU-T G.107 (`bentpipe.service.emodel`), `bentpipe.service.exchange`.
    """
    model = int(needs[0])
    if model == CALL:
        return voice_rating(0.5 * rtt_s + needs[9], lost, needs[10], needs[11])
    if model == EXCHANGE:
        return _exchange_s(rtt_s, down, up, needs[12], needs[13], needs[14], lost, burst_s)
    if model == VIDEO_CALL:
        return min(down, up)
    return _rung(down, ladder, headroom)


@kernel()
def rank_of(needs: npt.NDArray[np.float64], value: float) -> int:
    """How good a measure is: 2 where the service works, 1 where it is usable with effort, else 0."""
    if int(needs[0]) == EXCHANGE:
        return 2 if value <= needs[1] else 1 if value <= needs[2] else 0
    return 2 if value >= needs[1] else 1 if value >= needs[2] else 0
