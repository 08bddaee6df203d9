"""What a reading says: totals, ranges, regions and events, as numbers with their denominators.

"Users" are terminal users: terminals times the users of a terminal.  A slot's worth of users connected is
averaged over slots, so every mean is a mean over time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bentpipe.report.reading import Boolean, Event, Float, Integer, Reading
from bentpipe.report.wording import count, plural

WINDOW_MIN_S, WINDOW_MAX_S = 900.0, 6 * 3600.0


@dataclass(frozen=True)
class Totals:
    """The headline: terminal users connected, with both denominators."""

    users: float
    population: float
    terminals: float
    mean: float
    worst: float
    worst_slot: int
    reachable_share: float
    """Share of cell-slots with a usable satellite and a gateway; NaN without cells."""
    cells: int
    cells_reached: int
    """Cells reachable in at least one slot."""
    reached_share: float
    """Share of the slots in which those cells are reachable; NaN where there are none."""
    delay_p50_s: float
    delay_p95_s: float

    @property
    def mean_share(self) -> float:
        """Mean users connected, as a share of the terminal users."""
        return ratio(self.mean, self.users)

    @property
    def worst_share(self) -> float:
        """Users connected at the worst slot, as a share of the terminal users."""
        return ratio(self.worst, self.users)


@dataclass(frozen=True)
class SeedRange:
    """The answer under the luckiest and the unluckiest seed, in users.

    It is the mean over the run times each seed's mean over that of the run's own seed, at the same sampled slots, so
    that it contains the answer.
    """

    seeds: int
    samples: int
    low: float
    high: float
    here: float
    """The mean over the run, which the range is about."""


@dataclass(frozen=True)
class RegionRow:
    """One region of the regions table; shares are of the region's own terminal users."""

    code: str
    name: str
    population: float
    users: float
    mean: float
    worst: float
    powered_share: float
    served_share: float
    seed_low: float
    seed_high: float
    delay_p50_s: float
    delay_p95_s: float
    terrestrial_down: float
    """Mean share of the people whose ground networks are out."""

    @property
    def mean_share(self) -> float:
        """Mean users connected, as a share of the region's terminal users."""
        return ratio(self.mean, self.users)

    @property
    def worst_share(self) -> float:
        """Users connected at the region's worst slot, as a share of its terminal users."""
        return ratio(self.worst, self.users)


@dataclass(frozen=True)
class Window:
    """Means over one window of slots: before, during or after an event."""

    seconds: float
    users: float
    reachable_share: float
    antennas: float


@dataclass(frozen=True)
class EventChange:
    """An event with the windows around it; a window is None where the run has no slot in it."""

    event: Event
    scope: str
    scope_users: float
    before: Window | None
    during: Window | None
    after: Window | None
    overlaps: tuple[int, ...]

    @property
    def change(self) -> float:
        """Users connected during, minus before; NaN where either is missing."""
        if self.before is None or self.during is None:
            return float("nan")
        return self.during.users - self.before.users

    @property
    def loss(self) -> float:
        """What the event did to users connected: its effect where the run compared, else the change; NaN if neither."""
        return self.event.effect.users if self.event.effect is not None else self.change


def ratio(part: float, whole: float) -> float:
    """Divide, with NaN where the denominator is not positive."""
    return part / whole if whole > 0 else float("nan")


def users(reading: Reading, terminals: Integer, regions: Sequence[int] | None = None) -> Float:
    """Turn terminals by slot and region (T, R) into users by slot (T,), over the regions named (or all)."""
    factor = reading.regions.users_per_terminal
    if regions is not None and len(regions):
        chosen = list(regions)
        return np.asarray(terminals[:, chosen] @ factor[chosen], dtype=np.float64)
    return np.asarray(terminals @ factor, dtype=np.float64)


def totals(reading: Reading) -> Totals:
    """Return the headline numbers; every mean is 0 for a run without slots."""
    regions = reading.regions
    series = users(reading, regions.connected)
    cells = int(regions.cells.sum())
    slots = len(reading.times)
    worst = int(series.argmin()) if series.size else 0
    ever = reading.cells.reached_share > 0
    return Totals(
        users=float(regions.users.sum()),
        population=float(regions.population.sum()),
        terminals=float(regions.terminals.sum()),
        mean=float(series.mean()) if series.size else 0.0,
        worst=float(series[worst]) if series.size else 0.0,
        worst_slot=worst,
        reachable_share=ratio(float(regions.cells_reachable.sum()), float(cells * slots)),
        cells=len(ever),
        cells_reached=int(ever.sum()),
        reached_share=float(reading.cells.reached_share[ever].mean()) if ever.any() else float("nan"),
        delay_p50_s=reading.delay_quantile_s(0.5),
        delay_p95_s=reading.delay_quantile_s(0.95),
    )


def seed_range(reading: Reading) -> SeedRange | None:
    """Return the range of the mean over the seeds; None where the run has no replicas."""
    replicas = reading.replicas
    if replicas is None:
        return None
    here = float(users(reading, reading.regions.connected).mean())
    means = (replicas.connected @ reading.regions.users_per_terminal).mean(axis=0)
    low, high = _over_seeds(here, means, float(reading.regions.users.sum()))
    return SeedRange(replicas.connected.shape[1], replicas.connected.shape[0], low, high, here)


def _over_seeds(mean: float, seeds: Float, most: float) -> tuple[float, float]:
    """Scale a mean by the seeds' means over the first one's, which is the run's own; at most all users."""
    if seeds[0] > 0:
        under = mean * seeds / seeds[0]
        return float(under.min()), float(max(min(under.max(), most), mean))
    # Nobody is connected under the run's own seed in those slots: there is nothing to scale.
    return float(min(mean, seeds.min())), float(max(mean, seeds.max()))


def seed_factors(
    reading: Reading, start: np.datetime64 | None = None, stop: np.datetime64 | None = None
) -> tuple[float, float, int, int] | None:
    """Return what the users connected under the other seeds are of this run's own, at the sampled slots of some hours.

    Parameters
    ----------
    reading : Reading
        The run.
    start, stop : numpy.datetime64, optional
        From when on, and until before when, UTC; the whole run where absent.

    Returns
    -------
    low, high : float
        Smallest and largest factor, this run's own 1 among them.
    seeds, samples : int
        How many there are. None where there are no replicas, or nobody is connected in those slots.
    """
    replicas = reading.replicas
    if replicas is None:
        return None
    inside = np.ones(len(replicas.times), np.bool_)
    if start is not None and stop is not None:
        inside = (replicas.times >= start) & (replicas.times < stop)
    sums = (replicas.connected[inside] @ reading.regions.users_per_terminal).sum(axis=0)
    if not inside.any() or not sums[0] > 0:
        return None
    factors = sums / sums[0]
    return float(factors.min()), float(factors.max()), len(sums), int(inside.sum())


def region_rows(reading: Reading) -> tuple[RegionRow, ...]:
    """Return the regions, worst off first; regions without terminals last."""
    regions, replicas = reading.regions, reading.replicas
    slots = max(len(reading.times), 1)
    rows = []
    for i, code in enumerate(regions.codes):
        factor, total = float(regions.users_per_terminal[i]), float(regions.users[i])
        connected = regions.connected[:, i] * factor
        mean = float(connected.sum()) / slots
        low, high = (
            _over_seeds(mean, replicas.connected[:, :, i].mean(axis=0) * factor, total)
            if replicas
            else (float("nan"), float("nan"))
        )
        rows.append(
            RegionRow(
                code=code,
                name=regions.names[i],
                population=float(regions.population[i]),
                users=total,
                mean=mean,
                worst=float(connected.min()) if connected.size else 0.0,
                powered_share=ratio(float(regions.powered[:, i].sum()) * factor / slots, total),
                served_share=ratio(float(regions.served[:, i].sum()) * factor / slots, total),
                seed_low=low,
                seed_high=high,
                delay_p50_s=reading.delay_quantile_s(0.5, i),
                delay_p95_s=reading.delay_quantile_s(0.95, i),
                terrestrial_down=float(regions.terrestrial_down[:, i].sum()) / slots,
            )
        )
    return tuple(sorted(rows, key=lambda r: (r.users <= 0, r.mean_share if r.users > 0 else 0.0, r.code)))


def event_changes(reading: Reading) -> tuple[EventChange, ...]:
    """Return every event with the windows before, during and after it.

    The windows beside an event are as long as the event, at least 15 min and at most 6 h, and end where the
    run ends.  They compare times of one run: every other event that holds at any time in them changes the numbers
    too, so it is named. What the event itself did is its `effect`.
    """
    return tuple(_event_change(reading, event) for event in reading.events)


def _event_change(reading: Reading, event: Event) -> EventChange:
    before, _, after = event_masks(reading, event)
    seen = (before | after | event.active).nonzero()[0]
    overlaps = tuple(
        other.number for other in reading.events if other.number != event.number and other.active[seen].any()
    )
    chosen = list(event.regions) or list(range(len(reading.regions.codes)))
    factor = float(reading.regions.users_per_terminal[0]) if len(reading.regions.codes) else 1.0
    return EventChange(
        event=event,
        scope=_scope(reading, event),
        scope_users=event.area.terminals * factor if event.area else float(reading.regions.users[chosen].sum()),
        before=_window(reading, before, event),
        during=_window(reading, event.active, event),
        after=_window(reading, after, event),
        overlaps=overlaps,
    )


def event_masks(reading: Reading, event: Event) -> tuple[Boolean, Boolean, Boolean]:
    """Return the slots before, during and after an event, each (T,)."""
    times = reading.times
    length = float((event.end - event.start) / np.timedelta64(1, "ms")) / 1e3
    side = np.timedelta64(round(min(max(length, WINDOW_MIN_S), WINDOW_MAX_S) * 1e3), "ms")
    before = (times >= event.start - side) & (times < event.start)
    after = (times >= event.end) & (times < event.end + side)
    return before, event.active, after


def _scope(reading: Reading, event: Event) -> str:
    """Name the part of the territory that an event concerns."""
    if event.area is not None:
        return f"{plural(event.area.cells, 'cell')} of {count(len(reading.cells.ids), 9)}"
    names = [*(reading.regions.names[i] for i in event.regions), *(f"{code} abroad" for code in event.abroad)]
    return ", ".join(names) or "whole territory"


def _window(reading: Reading, mask: Boolean, event: Event) -> Window | None:
    slots = int(mask.sum())
    if not slots:
        return None
    regions = reading.regions
    if event.area is not None:
        factor = float(regions.users_per_terminal[0]) if len(regions.codes) else 1.0
        cells, series = event.area.cells, event.area.connected[mask] * factor
        reachable = event.area.reachable[mask]
    else:
        columns = list(event.regions) or list(range(len(regions.codes)))
        cells, series = int(regions.cells[columns].sum()), users(reading, regions.connected[mask], event.regions)
        reachable = regions.cells_reachable[mask][:, columns]
    in_use = reading.gateways.in_use[mask]
    return Window(
        seconds=slots * reading.slot_s,
        users=float(series.mean()),
        reachable_share=ratio(float(reachable.sum()), float(cells * slots)),
        antennas=float(in_use.sum(axis=1).mean()) if in_use.shape[1] else float("nan"),
    )


def assumed(reading: Reading) -> int:
    """Return the number of inputs marked assumed or hypothetical."""
    return sum(row.get("tag") in ("assumed", "hypothetical") for row in reading.manifest.get("assumptions", []))
