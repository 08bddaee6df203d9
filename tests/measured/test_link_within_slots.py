"""The link frame by frame beside pings that were really sent: Victoria (every 13 ms, 67 s) and Osnabrück (losses only).

The link is that of the validation table's scenario as a `LinkSeries`; pings go through `transit` up and down at the
very instants at which they were sent. The correlation within slots and the spreads were fitted to the file of Victoria
(`linkqueue.withinslot`, `network.access`), so this tests that the assembled link keeps them, not that they hold
elsewhere. What is asked: is the measured value within the central 90 % of 60 simulated traces of that length, and is it
outside that of 60 traces of independent draws from the measured delays?
"""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from test_rtt import TABLE

from bentpipe.linkqueue import LinkSeries, TraceSteps, link_schedule, trace_slots, transit
from bentpipe.network.access import REFERENCE_LOAD, access_parameters
from bentpipe.network.delay import segments
from bentpipe.network.loss import burst_rate_per_s, loss_parameters

FILE = "leoviz_victoria_ping_10ms_2025-04-15.csv"
SLOTS, SEEDS, SPAN = 60, 5, 5
LAGS_S = ((0.0125, 0.0075), (0.05, 0.005), (0.1, 0.005), (1.0, 0.005))
"""Time between two pings that counts as 10 ms (consecutive ones, 5 to 20 ms apart), 50 ms, 100 ms and 1 s."""
CHANGES = 0.76
"""Slot boundaries with a change of satellite: Louvain, 2024-07-17."""
PING_BYTES = 84.0


class Pings(NamedTuple):
    """Pings: when they were sent, s after the start of a slot, and round trips, ms, NaN where lost."""

    sent_s: np.ndarray
    rtt_ms: np.ndarray


@pytest.fixture(scope="module")
def measured(shared: Path) -> Pings:
    path = shared / "data" / "measured" / FILE
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    reply, number, rtt = np.genfromtxt(path, delimiter=",", skip_header=1).T
    every = np.arange(1, int(number[-1]) + 1)
    sent = np.interp(every, number, reply - rtt / 1e3)
    found = np.full(len(every), np.nan)
    found[number.astype(int) - 1] = rtt
    return Pings(sent - (reply[0] // 60 * 60 + 27.0), found)  # slots begin at :12 :27 :42 :57


def link_of(shared: Path, source: str, probe_day: int) -> LinkSeries:
    """The link of a place of the validation table over 60 slots of its day; rates assumed, which pings do not feel."""
    (site,) = (s for s in TABLE.SITES if s.source.startswith(source) and s.day.year == probe_day and s.probe == "ping")
    path = TABLE.Predictor(shared, slots=SLOTS).paths(site)
    access, loss = access_parameters(site.day, "ping"), loss_parameters(site.day)
    rng = np.random.default_rng(3)
    draw = rng.uniform(size=path.user_range_m.size)
    part = segments(path.user_range_m, path.feeder_range_m, path.fibre_route_m, access, REFERENCE_LOAD, draw)
    ones = np.ones(len(part))
    half = 0.5 * part[:, :-2].sum(axis=1)
    return LinkSeries(
        site.name, 0, 99, 1000, 0.0, 15.0, ones > 0, half, half, part[:, -2:].sum(axis=1), 2e8 * ones, 2e7 * ones,
        rng.uniform(size=len(part)) < CHANGES, ones * float(burst_rate_per_s(loss, REFERENCE_LOAD)),
        access.within_log_sigma, loss.burst_s, loss.handover_probability, loss.handover_s,
    )  # fmt: skip


def some_slots(series: LinkSeries, first: int, seed: int) -> LinkSeries:
    cut: dict[str, Any] = {
        field.name: getattr(series, field.name)[first : first + SPAN]
        for field in fields(series)
        if isinstance(getattr(series, field.name), np.ndarray)
    }
    return replace(series, seed=seed, first_slot=series.first_slot + first, **cut)


def ping(series: LinkSeries, sent_s: np.ndarray) -> np.ndarray:
    """Round trips of pings through both ways of a link, ms; NaN where lost."""
    steps = TraceSteps(*(np.concatenate(column) for column in zip(*trace_slots(series), strict=True)))
    begin = steps.start_s[:1]
    up = link_schedule(begin, steps.up_bit_s[:1], steps.start_s, steps.up_s, steps.up_loss > 0)
    down = link_schedule(begin, steps.down_bit_s[:1], steps.start_s, steps.down_s, steps.down_loss > 0)
    there = transit(up, sent_s, PING_BYTES)
    arrived = there.fate == 0
    found = np.full(len(sent_s), np.nan)
    found[arrived] = 1e3 * (transit(down, there.release_s[arrived], PING_BYTES).release_s - sent_s[arrived])
    return found


def shape_of(sent_s: np.ndarray, rtt_ms: np.ndarray) -> np.ndarray:
    """Correlation of delays about the medians of their slots at each lag, and the mean step between these, ms."""
    slot = (sent_s // 15.0).astype(int)
    medians = np.array([np.nanmedian(rtt_ms[slot == s]) for s in range(SPAN)])
    about = rtt_ms - medians[slot]
    found = []
    for lag, half in LAGS_S:
        pairs = []
        for k in range(1, 120):
            apart = sent_s[k:] - sent_s[:-k]
            kept = (np.abs(apart - lag) <= half) & (slot[k:] == slot[:-k]) & np.isfinite(about[k:] + about[:-k])
            pairs.append(np.stack([about[:-k][kept], about[k:][kept]]))
        found.append(np.corrcoef(np.concatenate(pairs, axis=1))[0, 1])
    return np.array([*found, np.abs(np.diff(medians)).mean()])


def runs(rtt_ms: np.ndarray) -> np.ndarray:
    """Lengths of runs of lost pings."""
    edges = np.diff(np.concatenate(([0], np.isnan(rtt_ms).astype(int), [0])))
    return np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)


@pytest.fixture(scope="module")
def simulated(shared: Path, measured: Pings) -> list[np.ndarray]:
    series = link_of(shared, "leoviz_victoria_ping", 2025)
    return [
        ping(some_slots(series, first, seed), measured.sent_s)
        for first in range(0, len(series) - SPAN + 1, SPAN)
        for seed in range(SEEDS)
    ]


def middle_of(shapes: list[np.ndarray]) -> np.ndarray:
    """5th and 95th percentile of each value."""
    return np.percentile(np.array(shapes), [5, 95], axis=0)


def test_delays_move_as_the_measured_ones_do(measured: Pings, simulated: list[np.ndarray]) -> None:
    """Measured 0.49, 0.10, 0.07, 0.00 and 3.8 ms; simulated on average 0.42, 0.14, 0.09, 0.00 and 3.9 ms."""
    assert len(simulated) >= 50
    seen = shape_of(measured.sent_s, measured.rtt_ms)
    low, high = middle_of([shape_of(measured.sent_s, rtt) for rtt in simulated])
    assert np.all((low <= seen) & (seen <= high)), (low, seen, high)


def test_independent_draws_do_not_move_so(measured: Pings) -> None:
    """Up to 100 ms and from slot to slot; at 1 s nothing is left of the correlation, measured or simulated."""
    rng = np.random.default_rng(5)
    pool = measured.rtt_ms[np.isfinite(measured.rtt_ms)]
    drawn = [rng.choice(pool, len(measured.sent_s)) for _ in range(60)]
    seen = shape_of(measured.sent_s, measured.rtt_ms)
    _, high = middle_of([shape_of(measured.sent_s, rtt) for rtt in drawn])
    assert np.all(seen[[0, 1, 2, 4]] > high[[0, 1, 2, 4]]), (seen, high)


@pytest.mark.xfail(strict=True, reason="nine pings in eight runs were lost at Victoria, the link loses longer runs")
def test_runs_of_lost_pings_at_victoria(measured: Pings, simulated: list[np.ndarray]) -> None:
    """Does not hold: runs of 1.1 pings measured, 2.3 simulated; bursts are fitted to Osnabrück, ten times the data."""
    lengths = [found.mean() for rtt in simulated if len(found := runs(rtt))]
    low, high = np.percentile(lengths, [5, 95])
    assert low <= runs(measured.rtt_ms).mean() <= high


def test_share_of_lost_pings_at_victoria(measured: Pings, simulated: list[np.ndarray]) -> None:
    """0.18 % measured, 0.30 % simulated on average: within the central 90 % of traces of a minute."""
    low, high = np.percentile([np.isnan(rtt).mean() for rtt in simulated], [5, 95])
    assert low <= np.isnan(measured.rtt_ms).mean() <= high


def test_runs_of_lost_pings_at_osnabrueck(shared: Path) -> None:
    """1.97 pings of 15 ms measured; within 30 % below and 60 % above, which independent losses miss (1.00)."""
    seen = 1.97
    sent = np.arange(0.0, 15.0 * SPAN, 0.015)
    series = link_of(shared, "osnabrueck", 2024)
    found = [ping(some_slots(series, first, seed), sent) for first in range(0, len(series) - SPAN + 1, SPAN)
             for seed in range(SEEDS)]  # fmt: skip
    said = np.concatenate([runs(rtt) for rtt in found]).mean()
    assert 0.7 <= said / seen <= 1.6, said
    lost = np.isnan(np.concatenate(found)).mean()
    rng = np.random.default_rng(5)
    independent = runs(np.where(rng.uniform(size=1_000_000) < lost, np.nan, 1.0)).mean()
    assert independent / seen < 0.7
