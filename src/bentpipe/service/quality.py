"""What can be done over a link: verdicts for many places and slots at once, one pass for all services.

::

    round trip, loss ─┬─ E-model ──────────── rating R of a call         (emodel)
                      ├─ delay and loss ───── limits of a conference
    rates down, up ───┼─ request and answer ─ seconds                    (exchange)
                      └─ ladder of rates ──── bit rate of a stream

A verdict is the worst of what the measure and the limits of a service say: 2 works, 1 usable with effort, 0 fails.
Not connected is 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.kernel import kernel
from bentpipe.service.lattice import box_along, lattice_of, no_lattice
from bentpipe.service.measures import CALL, EXCHANGE, STREAM, VIDEO_CALL, measure_of, rank_of

Floats32 = npt.NDArray[np.float32]
Verdicts = npt.NDArray[np.uint8]


class Model(IntEnum):
    """What a service is judged by: see `bentpipe.service.measures`."""

    CALL = CALL
    VIDEO_CALL = VIDEO_CALL
    EXCHANGE = EXCHANGE
    STREAM = STREAM


_CALL, _EXCHANGE = CALL, EXCHANGE


class Needs(NamedTuple):
    """What one service needs; pairs are at which it works, and at which it is usable with effort.

    Parameters
    ----------
    model : Model
        What the measure is: `Model.CALL` the rating R; `Model.VIDEO_CALL` the lesser rate of the two ways, bit/s;
        `Model.EXCHANGE` the time until the answer is there, s, of which less is better; `Model.STREAM` the bit rate
        of the best rung, bit/s.
    thresholds : (float, float)
        Of the measure.
    one_way_s : (float, float)
        Most delay of one way, s.
    loss : (float, float)
        Most loss ratio, 0 to 1.
    rates_bit_s : (float, float)
        Least rate of either way, bit/s.
    added_one_way_s : float
        Delay that the ends add one way, s.
    ie, bpl : float
        Equipment impairment factor and packet-loss robustness factor of the E-model.
    sent_bytes, received_bytes, setup_round_trips : float
        Of an exchange.
    """

    model: int
    thresholds: tuple[float, float]
    one_way_s: tuple[float, float] = (math.inf, math.inf)
    loss: tuple[float, float] = (math.inf, math.inf)
    rates_bit_s: tuple[float, float] = (0.0, 0.0)
    added_one_way_s: float = 0.0
    ie: float = 0.0
    bpl: float = 1.0
    sent_bytes: float = 0.0
    received_bytes: float = 0.0
    setup_round_trips: float = 0.0


class LinkState(NamedTuple):
    """The links of P places in T slots.

    Parameters
    ----------
    connected : (T, P) bool
        Whether there is a link.
    rtt_s : (T, P) float32
        Round trip to the point of presence, s.
    loss : (T, P) float32
        Packets lost as a ratio, 0 to 1.
    down_bit_s, up_bit_s : (T, P) float32
        What one terminal could get, bit/s; infinite where it is not known and not to be looked at.
    """

    connected: npt.NDArray[np.bool_]
    rtt_s: Floats32
    loss: Floats32
    down_bit_s: Floats32
    up_bit_s: Floats32


@kernel(
    "void(boolean[::1], float32[::1], float32[::1], float32[::1], float32[::1], float64[:, ::1], float64[::1],"
    "float64, float64, float64, float64[::1], float64[::1], float64[::1], float64[::1], uint8[:, :, :, :, ::1],"
    "int64, int64, uint8[:, ::1], float32[:, ::1])"
)
def _judge(
    connected: npt.NDArray[np.bool_],
    rtt: Floats32,
    loss: Floats32,
    down: Floats32,
    up: Floats32,
    table: npt.NDArray[np.float64],
    ladder: npt.NDArray[np.float64],
    headroom: float,
    beyond_s: float,
    burst_s: float,
    rtts: npt.NDArray[np.float64],
    losses: npt.NDArray[np.float64],
    downs: npt.NDArray[np.float64],
    ups: npt.NDArray[np.float64],
    ranks: Verdicts,
    first: int,
    last: int,
    verdict: Verdicts,
    measure: Floats32,
) -> None:
    services, keep = table.shape[0], measure.shape[0] > 0
    for n in range(first, last):
        if not connected[n]:
            for s in range(services):
                verdict[n, s] = 0
                if keep:
                    measure[n, s] = math.nan
            continue
        round_trip, lost = float(rtt[n]) + beyond_s, float(loss[n])
        rate_down, rate_up = float(down[n]), float(up[n])
        lesser = min(rate_down, rate_up)
        k, r = box_along(lost, losses, False), box_along(round_trip, rtts, True)
        d, u = box_along(rate_down, downs, True), box_along(rate_up, ups, True)
        boxed = min(min(k, r), min(d, u)) >= 0
        for s in range(services):
            rank = -1
            if boxed and (table[s, 0] == _CALL or table[s, 0] == _EXCHANGE):
                worst = ranks[s, k + 1, r + 1, d, u]
                if worst == ranks[s, k, r, d + 1, u + 1]:
                    rank = int(worst)
            if rank < 0:
                value = measure_of(table[s], round_trip, lost, rate_down, rate_up, ladder, headroom, burst_s)
                rank = rank_of(table[s], value)
                if keep:
                    measure[n, s] = value
            one_way = 0.5 * round_trip + table[s, 9]
            fits_well = one_way <= table[s, 3] and lost <= table[s, 5] and lesser >= table[s, 7]
            fits = one_way <= table[s, 4] and lost <= table[s, 6] and lesser >= table[s, 8]
            verdict[n, s] = 2 if rank == 2 and fits_well else 1 if rank >= 1 and fits else 0


def needs_table(needs: Sequence[Needs]) -> npt.NDArray[np.float64]:
    """Lay out what services need as rows of numbers.

    Parameters
    ----------
    needs : sequence of S Needs

    Returns
    -------
    (S, 15) float64
        Model, the five pairs of thresholds (measure, one way, loss, rates), added delay, Ie, Bpl, sizes, round trips.
    """
    rows = [
        (n.model, *n.thresholds, *n.one_way_s, *n.loss, *n.rates_bit_s, n.added_one_way_s, n.ie, n.bpl, n.sent_bytes,
         n.received_bytes, n.setup_round_trips)
        for n in needs
    ]  # fmt: skip
    return np.array(rows, np.float64).reshape(len(needs), 15)


def judge(
    needs: Sequence[Needs],
    state: LinkState,
    *,
    beyond_s: float = 0.0,
    burst_s: float = 20.0e-3,
    ladder_bit_s: Sequence[float] = (),
    headroom: float = 1.0,
    measures: bool = False,
    by_boxes: bool = False,
    slots: tuple[int, int] | None = None,
    out: tuple[Verdicts, Floats32] | None = None,
) -> tuple[Verdicts, Floats32]:
    """Judge services over the links of places.

    Parameters
    ----------
    needs : sequence of S Needs
        What each service needs.
    state : LinkState
        Of P places in T slots.
    beyond_s : float
        Round trip from the point of presence to the server or the other caller, s.
    burst_s : float
        Mean length of a burst of loss, s: what a transfer answers are bursts, not packets.
    ladder_bit_s : sequence of float
        Rungs of a stream, bit/s, from the lowest on.
    headroom : float
        Share of the rate that a stream takes at most.
    measures : bool
        Whether the measures are wanted, too.
    by_boxes : bool
        Whether to compute corners first (`bentpipe.service.lattice`), which is faster for many links; not together with
        `measures`. To be the same for all pieces of a run.
    slots : (int, int), optional
        First and last slot (exclusive) to judge, so that threads can share the work; all where left out.
    out : tuple of ndarray, optional
        What an earlier call returned, to be filled further.

    Returns
    -------
    verdict : (T, P, S) uint8
        2 works, 1 usable with effort, 0 fails or not connected.
    measure : (T, P, S) float32
        R, s or bit/s as the model of each service has it, NaN where not connected; (0, 0, S) where not asked for.
        Models: ITU-T G.107 (`bentpipe.service.emodel`), `bentpipe.service.exchange`.
    """
    shape, count = state.connected.shape, len(needs)
    if out is None:
        wanted = shape if measures else (0, 0)
        out = np.zeros((*shape, count), np.uint8), np.full((*wanted, count), np.nan, np.float32)
    first, last = slots or (0, shape[0])
    places = shape[1]
    columns: tuple[Any, ...] = tuple(np.ascontiguousarray(column).reshape(-1) for column in state)
    flat, table = LinkState(*columns), needs_table(needs)
    boxes = lattice_of(tuple(map(tuple, table.tolist())), burst_s) if by_boxes and not measures else no_lattice(count)
    _judge(
        *flat, table, np.array(ladder_bit_s, np.float64), headroom, beyond_s, burst_s, *boxes,
        first * places, last * places, out[0].reshape(-1, count), out[1].reshape(-1, count),
    )  # fmt: skip
    return out


@kernel("void(uint8[:, :, ::1], int32[:, ::1], int64[::1], int64[:, :, ::1], int64[:, :, ::1])")
def _count(
    verdict: Verdicts,
    terminals: npt.NDArray[np.int32],
    region: npt.NDArray[np.int64],
    works: npt.NDArray[np.int64],
    degraded: npt.NDArray[np.int64],
) -> None:
    for t in range(verdict.shape[0]):
        for c in range(verdict.shape[1]):
            number, r = terminals[t, c], region[c]
            if number == 0 or r < 0:
                continue
            for s in range(verdict.shape[2]):
                if verdict[t, c, s] == 2:
                    works[t, r, s] += number
                elif verdict[t, c, s] == 1:
                    degraded[t, r, s] += number


def terminals_by_region(
    verdict: Verdicts, terminals: npt.NDArray[np.int32], region: npt.NDArray[np.int64], regions: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Count the terminals for which services work, and for which they are usable with effort, in whole numbers.

    Parameters
    ----------
    verdict : (T, C, S) uint8
        As of `judge`.
    terminals : (T, C) int32
        Terminals connected.
    region : (C,) int64
        Region of each cell, negative for none.
    regions : int
        How many regions there are.

    Returns
    -------
    works, degraded : (T, R, S) int64
        Terminals.
    """
    shape = (len(verdict), regions, verdict.shape[2])
    works, degraded = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    _count(
        np.ascontiguousarray(verdict), np.ascontiguousarray(terminals, np.int32),
        np.ascontiguousarray(region, np.int64), works, degraded,
    )  # fmt: skip
    return works, degraded
