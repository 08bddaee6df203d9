"""Time the judging of services: ``python benchmarks/services.py``.

Target: seven services at 2,700 cells over a day of 5,760 slots in 5 s on two cores. A plain NumPy twin of the models
that are a request and its answer, slot by slot, is timed over a part of it, and the ratio printed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from bentpipe.catalog.requirements import Requirement, ladder, requirements
from bentpipe.service.quality import LinkState, Model, Needs, judge

CELLS, SLOTS, PART = 2_700, 5_760, 240
SERVICES = ("voice", "video-call", "web", "post", "poll", "bulk", "video")
BURST_S = 0.02
FloatArray = npt.NDArray[np.float64]


def needs_of(service: Requirement) -> Needs:
    model = Model[service.model.replace("-", "_").upper()]
    return Needs(
        model, service.thresholds, service.one_way_s, service.loss, service.rates_bit_s, service.added_one_way_s,
        service.equipment_impairment, service.loss_robustness, service.sent_bytes, service.received_bytes,
        service.setup_round_trips,
    )  # fmt: skip


def links(slots: int) -> LinkState:
    """Links of made-up places: 95 % connected, round trips of 30 to 80 ms, loss as around 2022, rates over decades."""
    rng, shape = np.random.default_rng(1), (slots, CELLS)
    loss = np.where(rng.random(shape) < 0.4, 0.0061, 0.0054).astype(np.float32)  # with and without a handover
    rates = (10 ** rng.uniform(low, high, shape) for low, high in ((6.0, 8.8), (5.5, 7.5)))
    return LinkState(
        rng.random(shape) < 0.95, rng.uniform(0.03, 0.08, shape).astype(np.float32), loss,
        *(rate.astype(np.float32) for rate in rates),
    )  # fmt: skip


def whole(needs: Sequence[Needs], state: LinkState, threads: int) -> tuple[float, float]:
    """Wall and processor time of judging all slots, in tiles of slots on threads, s."""
    rungs = ladder()
    out = np.zeros((*state.connected.shape, len(needs)), np.uint8), np.zeros((0, 0, len(needs)), np.float32)
    edges = range(0, len(state.connected) + 1, PART)

    def tile(first: int) -> None:
        judge(
            needs, state, beyond_s=0.01, burst_s=BURST_S, ladder_bit_s=rungs.rungs_bit_s, headroom=rungs.headroom,
            by_boxes=True, slots=(first, first + PART), out=out,
        )  # fmt: skip

    begin, worked = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(tile, edges[:-1]))
    return time.perf_counter() - begin, time.process_time() - worked


def twin_transfer_s(size: float, rate: FloatArray, rtt: FloatArray, loss: FloatArray) -> FloatArray:
    """The same as `bentpipe.service.exchange.transfer_s` with losses in bursts, of many links at once."""
    segment_s, segments = 8.0 * 1460.0 / rate, size / 1460.0
    p = np.minimum(loss, loss / segments + loss / (1.0 - loss) / BURST_S * segment_s)
    window, untouched = 10.0, np.ones(len(rate))
    clock, expected, left = np.zeros(len(rate)), np.zeros(len(rate)), segments
    while left > 0.0:
        here = min(left, window)
        lasts = here * segment_s
        if here < left:
            lasts = np.maximum(lasts, rtt + segment_s)
        hit = untouched * (1.0 - (1.0 - p) ** np.ceil(here))
        rest = np.zeros(len(rate))
        if here < left:
            rest = avoidance_s(
                left - here, 0.7 * np.minimum(window, np.maximum(rtt / segment_s, 10.0)), p, rtt, segment_s
            )
        expected += hit * (clock + lasts + rtt + rest)
        untouched -= hit
        clock += lasts
        left -= here
        window *= 2.0
    expected += untouched * clock + 2.0 * p * rtt
    count = np.ceil(segments)
    return expected + (1.0 - (1.0 - p) ** count) * p / (1.0 - 2.0 * p) * np.maximum(1.0, 3.0 * rtt)


def avoidance_s(
    segments: float, window: FloatArray, p: FloatArray, rtt: FloatArray, segment_s: FloatArray
) -> FloatArray:
    """What is left after the first loss: cycles between losses, at most 24."""
    cubic = (3.7 * 0.4 / 1.2) ** 0.25 * (rtt / p) ** 0.75
    rise = np.minimum(np.maximum(0.9 / 1.7, cubic * cubic * p * 0.6 / 1.7), 0.5 * window)
    full, apart = rtt / segment_s, 1.0 / p
    left, total, cycle = np.full(len(p), segments), np.zeros(len(p)), np.zeros(len(p))
    done = np.zeros(len(p), np.bool_)
    for _ in range(24):
        ends = ~done & (left <= apart)
        total = np.where(ends, total + rising_s(left, window, rise, rtt, segment_s), total)
        done |= ends
        if done.all():
            return total
        cycle = np.where(done, cycle, rising_s(apart, window, rise, rtt, segment_s))
        total = np.where(done, total, total + cycle)
        left = np.where(done, left, left - apart)
        risen = np.minimum(np.sqrt(window * window + 2.0 * rise * apart), np.maximum(full, window))
        window = np.where(done, window, np.maximum(0.7 * risen, 1.0))
    return np.where(done, total, total + left / apart * cycle)


def rising_s(
    segments: FloatArray, window: FloatArray, rise: FloatArray, rtt: FloatArray, segment_s: FloatArray
) -> FloatArray:
    full = rtt / segment_s
    until = (full - window) / rise
    before = until * (window + 0.5 * rise * until)
    rising = rtt * (np.sqrt(window * window + 2.0 * rise * segments) - window) / rise
    beyond = rtt * until + (segments - before) * segment_s
    return np.where(window >= full, segments * segment_s, np.where(segments <= before, rising, beyond))


def twin(needs: Needs, state: LinkState) -> npt.NDArray[np.uint8]:
    """Verdicts of a request and its answer."""
    verdict = np.zeros(state.connected.shape, np.uint8)
    for t, on in enumerate(state.connected):
        rtt, loss, down, up = (column[t, on].astype(np.float64) for column in state[1:])
        rtt += 0.01
        seconds = needs.setup_round_trips * (rtt + 2.0 * loss / (1.0 - 2.0 * loss)) + rtt
        for size, rate in ((needs.sent_bytes, up), (needs.received_bytes, down)):
            seconds = seconds + twin_transfer_s(size, rate, rtt, loss)
        verdict[t, on] = np.where(seconds <= needs.thresholds[0], 2, np.where(seconds <= needs.thresholds[1], 1, 0))
    return verdict


def main() -> None:
    needs = [needs_of(requirements()[name]) for name in SERVICES]
    state = links(SLOTS)
    whole(needs, links(PART), 1)
    for threads in (1, 2):
        wall, cpu = min(whole(needs, state, threads) for _ in range(2))
        count = SLOTS * CELLS * len(needs)
        print(
            f"{CELLS:,} cells, {SLOTS:,} slots, {len(needs)} services on {threads} thread(s): {wall:.2f} s, "
            f"{cpu:.2f} s of processor time, {1e9 * cpu / count:.0f} ns a verdict"
        )
    part = links(4)
    for name in ("web", "post", "poll", "bulk"):
        own = needs_of(requirements()[name])
        begin = time.perf_counter()
        theirs = twin(own, part)
        took = (time.perf_counter() - begin) / part.connected.size
        many = links(PART)
        begin = time.perf_counter()
        judge([own], many, beyond_s=0.01, burst_s=BURST_S, by_boxes=True)
        ours = (time.perf_counter() - begin) / many.connected.size
        found, _ = judge([own], part, beyond_s=0.01, burst_s=BURST_S, by_boxes=True)
        same = float((theirs == found[..., 0]).mean())
        print(
            f"{name}: {1e9 * ours:.0f} ns a link, the NumPy twin {1e9 * took:.0f} ns: {took / ours:.1f} times as long; "
            f"{100 * same:.2f} % of the verdicts are the same"
        )


if __name__ == "__main__":
    main()
