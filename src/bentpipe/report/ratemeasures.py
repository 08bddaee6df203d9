"""What the rates of a run say: totals, regions, hours, weather, events and sites, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bentpipe.report.measures import EventChange, event_masks, ratio
from bentpipe.report.ratereading import LIMITS, Float, Rates, Way, quantile_bit_s
from bentpipe.report.reading import Event, Reading
from bentpipe.results.variables import LIMIT_WORDS

CUT = range(2, LIMITS)
NOBODY = float("nan")


@dataclass(frozen=True)
class Load:
    """One direction over some slots: what is asked for, what is given (bit/s), and what one terminal could get."""

    offered: float
    given: float
    peak_p5: float
    peak_p50: float

    @property
    def share(self) -> float:
        """Given over asked for."""
        return ratio(self.given, self.offered)


@dataclass(frozen=True)
class RateRow:
    """One line of a table: its name, down and up (None where the run has no rates from users), and who is counted.

    `weight` is what the line rests on: terminals times slots, or slots.
    """

    name: str
    down: Load
    up: Load | None
    weight: float = 1.0


@dataclass(frozen=True)
class EventRates:
    """What the terminals of an event's regions ask for and are given before, during and after it; bit/s."""

    event: Event
    scope: str
    overlaps: tuple[int, ...]
    down: tuple[Load | None, ...]
    up: tuple[Load | None, ...] | None

    @property
    def change(self) -> float:
        """Given down during, minus before, bit/s; NaN where either is missing."""
        before, during = self.down[0], self.down[1]
        return NOBODY if before is None or during is None else during.given - before.given


@dataclass(frozen=True)
class SiteRates:
    """One named site: means of what it is given, quantiles of what it could get, bit/s; rain loss in dB."""

    name: str
    down: Load
    up: Load | None
    limit_down: str
    rain_db: float


def total(way: Way) -> Load:
    """Return one direction over the whole run and territory."""
    return _load(way.offered.sum(axis=1), way.given.sum(axis=1), way.by_region.sum(axis=0))


def _load(offered: Any, given: Any, histogram: Float) -> Load:
    return Load(
        float(np.mean(offered)) if np.size(offered) else 0.0,
        float(np.mean(given)) if np.size(given) else 0.0,
        quantile_bit_s(histogram, 0.05),
        quantile_bit_s(histogram, 0.5),
    )


def _row(name: str, rates: Rates, make: Any, weight: float = 1.0) -> RateRow:
    return RateRow(name, make(rates.down), None if rates.up is None else make(rates.up), weight)


def region_rates(reading: Reading, rates: Rates) -> tuple[RateRow, ...]:
    """Return the regions that have terminals, the smallest share given first."""
    rows = [
        _row(name, rates, lambda way, i=i: _load(way.offered[:, i], way.given[:, i], way.by_region[i]))
        for i, name in enumerate(reading.regions.names)
        if reading.regions.terminals[i] > 0
    ]
    return tuple(sorted(rows, key=lambda r: (np.nan_to_num(r.down.share, nan=2.0), r.name)))


def hour_rates(rates: Rates) -> tuple[RateRow, ...]:
    """Return the hours of the local solar day that the run covers, the busiest first."""

    def of_hour(way: Way, hour: int) -> Load:
        here = rates.hour == hour
        return _load(way.offered[here].sum(axis=1), way.given[here].sum(axis=1), way.by_hour[hour])

    rows = [
        _row(f"{hour:02d}:00 to {(hour + 1) % 24:02d}:00", rates, lambda way, h=hour: of_hour(way, h), float(slots))
        for hour, slots in enumerate(np.bincount(rates.hour, minlength=24))
        if slots
    ]
    return tuple(sorted(rows, key=lambda r: (-r.down.offered, r.name)))


def sky_rates(rates: Rates) -> tuple[RateRow, ...]:
    """Return what one terminal could get while its link is dry, and in rain."""
    names = (("dry", "rain costs less than 0.1 dB"), ("wet", "rain costs more than 1 dB"))
    return tuple(
        _row(words, rates, lambda way, key=key: _load((), (), getattr(way, key)), float(getattr(rates.down, key).sum()))
        for key, words in names
    )


def limit_shares(reading: Reading, way: Way) -> Float:
    """Return, by region and limit, (R, LIMITS), the share of the terminals with power and licence; rows add up to 1.

    Those that are on and not connected count as not served.
    """
    counts = way.limit[:-1].copy()
    powered = reading.regions.powered.sum(axis=0).astype(np.float64)
    counts[:, 0] += np.maximum(powered - counts.sum(axis=1), 0.0)
    whole = counts.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(counts / whole)


def cut_share(way: Way) -> float:
    """Return the share of connected terminals and slots that are given less than they ask for."""
    counts = way.limit.sum(axis=0)
    return ratio(float(counts[CUT.start :].sum()), float(counts.sum()))


def event_rates(reading: Reading, rates: Rates, changes: tuple[EventChange, ...]) -> tuple[EventRates, ...]:
    """Return what each event's regions ask for and are given before, during and after it.

    An event that names a polygon or a circle has what its cells are given; what they ask for is not kept.
    """
    rows = []
    for change in changes:
        masks = event_masks(reading, change.event)
        ways = [None if way is None else _windows(way, change.event, masks) for way in (rates.down, rates.up)]
        assert ways[0] is not None
        rows.append(EventRates(change.event, change.scope, change.overlaps, ways[0], ways[1]))
    return tuple(rows)


def _windows(way: Way, event: Event, masks: tuple[Any, ...]) -> tuple[Load | None, ...]:
    area = way.area.get(event.id)
    columns = list(event.regions) or list(range(way.given.shape[1]))
    found: list[Load | None] = []
    for mask in masks:
        if not mask.any():
            found.append(None)
        elif event.area is not None and area is not None:
            found.append(Load(NOBODY, float(area[mask].mean()), NOBODY, NOBODY))
        else:
            offered, given = (values[mask][:, columns].sum(axis=1).mean() for values in (way.offered, way.given))
            found.append(Load(float(offered), float(given), NOBODY, NOBODY))
    return tuple(found)


def site_rates(reading: Reading, rates: Rates) -> tuple[SiteRates, ...]:
    """Return the named sites in the order of the scenario."""
    rows = []
    for i, name in enumerate(reading.sites.names):
        served = rates.down.site_limit[reading.sites.served[:, i], i]
        cut = np.bincount(np.clip(served, 0, LIMITS - 1), minlength=LIMITS)
        limit = LIMIT_WORDS[int(cut.argmax())] if cut.any() else LIMIT_WORDS[0]
        up = None if rates.up is None else _site_load(rates.up, i)
        rows.append(SiteRates(name, _site_load(rates.down, i), up, limit, float(rates.rain_db[i])))
    return tuple(rows)


def _site_load(way: Way, site: int) -> Load:
    peak, given = (values[np.isfinite(values[:, site]), site] for values in (way.site_peak, way.site_rate))
    p5, p50 = (float(v) for v in np.quantile(peak, (0.05, 0.5))) if peak.size else (NOBODY, NOBODY)
    return Load(NOBODY, float(given.mean()) if given.size else NOBODY, p5, p50)
