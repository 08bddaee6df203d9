"""What the paths of a run say: totals over pairs and slots, the rows of the table, events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bentpipe.report.measures import event_masks, ratio
from bentpipe.report.pathreading import Float, Integer, Paths, bin_quantile_s
from bentpipe.report.reading import Boolean, Event, Reading
from bentpipe.report.wording import significant

LISTED_PAIRS = 20
"""Pairs in the table; the run's own files hold the rest."""


@dataclass(frozen=True)
class PathTotals:
    """The headline of the paths; times in s, shares with 1 = all, NaN where there is nothing to count.

    A pair's stretch is its median round trip over that of light in vacuum along the great circle. Changes are counted
    between neighbouring slots that both have a path, and a pair's changes an hour are over the hours of these.
    """

    pairs: int
    ends: int
    always: int
    never: int
    gap_share: float
    gap_s: float
    gap_pair: int
    rtt_p50_s: float
    rtt_p95_s: float
    lasers_p50: float
    lasers_p95: float
    stretch_p5: float
    stretch_p50: float
    stretch_p95: float
    faster_than_fibre: int
    """Pairs whose median round trip is below that of the fibre taken; 0 where the run does not say which."""
    compared_with_fibre: int
    changes_p50: float
    changes_p95: float
    changes: int
    end_change_share: float
    fall_share: float
    fall_p50_s: float

    @property
    def sometimes(self) -> int:
        """Pairs that have a path in some slots only."""
        return self.pairs - self.always - self.never


@dataclass(frozen=True)
class PairRow:
    """One pair; distance in m, round trips in s, the gap in s, changes an hour, rates both ways together in bit/s."""

    name: str
    distance_m: float
    known_share: float
    rtt_p50_s: float
    rtt_p95_s: float
    lasers_p50: float
    stretch: float
    fibre_s: float
    changes_per_hour: float
    gap_s: float
    offered: float
    given: float


@dataclass(frozen=True)
class TrafficTotals:
    """Traffic between the ends, both ways together, bit/s; shares with 1 = all."""

    offered: float
    given: float
    pairs: int
    """Pairs that ask for anything."""
    whole: int
    """Of these, pairs that are given all of it in every slot."""
    load_mean: float
    load_max: float
    full_share: float
    """Share of the slots in which the busiest laser carries 99.9 % or more of what it can."""

    @property
    def share(self) -> float:
        """Given over asked for."""
        return ratio(self.given, self.offered)


@dataclass(frozen=True)
class EventPaths:
    """Share of pairs and slots with a path, and median round trip in s, before and during an event; NaN: no slot."""

    event: Event
    known: tuple[float, float]
    rtt_s: tuple[float, float]


def quantile(values: Float, share: float) -> float:
    """Quantile of the values that are finite; NaN where none is."""
    known = values[np.isfinite(values)]
    return float(np.quantile(known, share)) if known.size else float("nan")


def changes_per_hour(paths: Paths, slot_s: float) -> Float:
    """Changes an hour of each pair, (M,); NaN for a pair without two neighbouring slots with a path."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(paths.steps > 0, paths.changes / (paths.steps * slot_s / 3600.0), np.nan)


def fibre_s(paths: Paths) -> Float:
    """Round trip over the fibre taken, (M,) s; NaN where the run does not say which."""
    return np.full(len(paths.pair), np.nan) if paths.fibre is None else paths.light_s * paths.fibre.stretch


def path_totals(paths: Paths, slot_s: float) -> PathTotals:
    """Return the headline of the paths of a run.

    Parameters
    ----------
    paths : Paths
        The paths.
    slot_s : float
        Length of a slot, s.

    Returns
    -------
    PathTotals
    """
    stretch, per_hour, fibre = paths.stretch, changes_per_hour(paths, slot_s), fibre_s(paths)
    pairs, worst = len(paths.pair), int(paths.gap.argmax())
    changes = int(paths.changes.sum())
    compared = np.isfinite(fibre) & np.isfinite(paths.rtt_p50_s) & (fibre > 0)
    return PathTotals(
        pairs=pairs,
        ends=len(paths.ends),
        always=int((paths.known == paths.slots).sum()),
        never=int((paths.known == 0).sum()),
        gap_share=1.0 - ratio(float(paths.known.sum()), float(pairs * paths.slots)),
        gap_s=float(paths.gap[worst]) * slot_s,
        gap_pair=worst,
        rtt_p50_s=bin_quantile_s(paths.rtt_bins, 0.5),
        rtt_p95_s=bin_quantile_s(paths.rtt_bins, 0.95),
        lasers_p50=count_quantile(paths.laser_counts, 0.5),
        lasers_p95=count_quantile(paths.laser_counts, 0.95),
        stretch_p5=quantile(stretch, 0.05),
        stretch_p50=quantile(stretch, 0.5),
        stretch_p95=quantile(stretch, 0.95),
        faster_than_fibre=int((compared & (paths.rtt_p50_s < fibre)).sum()),
        compared_with_fibre=int(compared.sum()),
        changes_p50=quantile(per_hour, 0.5),
        changes_p95=quantile(per_hour, 0.95),
        changes=changes,
        end_change_share=ratio(float(paths.end_changes.sum()), float(changes)),
        fall_share=ratio(float(paths.falls.sum()), float(changes)),
        fall_p50_s=bin_quantile_s(paths.fall_bins, 0.5),
    )


def count_quantile(counts: Float, share: float) -> float:
    """Quantile of a number by how often each occurs; NaN where none does."""
    total = np.cumsum(counts)
    if not total.size or total[-1] <= 0:
        return float("nan")
    return float(np.searchsorted(total, share * total[-1]))


def traffic_totals(paths: Paths) -> TrafficTotals | None:
    """Return the traffic over the whole run; None where none is asked for."""
    traffic = paths.traffic
    if traffic is None:
        return None
    asks = traffic.offered > 0
    mean, most = (values[np.isfinite(values)] for values in (traffic.load_mean, traffic.load_max))
    return TrafficTotals(
        offered=float(traffic.offered.sum()),
        given=float(traffic.given.sum()),
        pairs=int(asks.sum()),
        whole=int((traffic.whole & asks).sum()),
        load_mean=float(mean.mean()) if mean.size else float("nan"),
        load_max=float(most.max()) if most.size else float("nan"),
        full_share=float((most >= 0.999).mean()) if most.size else float("nan"),
    )


def listed_pairs(paths: Paths) -> tuple[Integer, str]:
    """Choose the pairs of the table, and say by which rule; empty where all are listed."""
    count = len(paths.pair)
    if count <= LISTED_PAIRS:
        return np.arange(count, dtype=np.int64), ""
    if paths.traffic is not None:
        order, rule = paths.traffic.offered, "that ask for most traffic"
    else:
        order, rule = paths.great_circle_m, "that lie farthest apart"
    return np.argsort(-order, kind="stable")[:LISTED_PAIRS].astype(np.int64), rule


def pair_name(paths: Paths, pair: int) -> str:
    """Name a pair by its two ends."""
    a, b = paths.pair[pair].tolist()
    return f"{paths.ends[a]} – {paths.ends[b]}"


def shown_distance_m(distance_m: float, exact: bool) -> float:
    """Round a distance to two significant digits unless exact: from several, a place could be found."""
    return distance_m if exact else significant(distance_m, 2)


def pair_rows(reading: Reading, paths: Paths, exact: bool) -> tuple[PairRow, ...]:
    """Return the pairs of the table, see `listed_pairs`; distances are coarse unless `exact`."""
    per_hour, fibre, stretch, traffic = changes_per_hour(paths, reading.slot_s), fibre_s(paths), paths.stretch, None
    traffic = paths.traffic
    return tuple(
        PairRow(
            name=pair_name(paths, i),
            distance_m=shown_distance_m(float(paths.great_circle_m[i]), exact),
            known_share=float(paths.known[i]) / max(paths.slots, 1),
            rtt_p50_s=float(paths.rtt_p50_s[i]),
            rtt_p95_s=float(paths.rtt_p95_s[i]),
            lasers_p50=float(paths.lasers_p50[i]),
            stretch=float(stretch[i]),
            fibre_s=float(fibre[i]),
            changes_per_hour=float(per_hour[i]),
            gap_s=float(paths.gap[i]) * reading.slot_s,
            offered=float("nan") if traffic is None else float(traffic.offered[i]),
            given=float("nan") if traffic is None else float(traffic.given[i]),
        )
        for i in listed_pairs(paths)[0].tolist()
    )


def event_paths(reading: Reading, paths: Paths) -> tuple[EventPaths, ...]:
    """Return what the paths are before and during each event that the run has slots of."""
    found = []
    for event in reading.events:
        before, during, _ = event_masks(reading, event)
        if during.any():
            windows = [_window(paths, mask) for mask in (before, during)]
            found.append(EventPaths(event, (windows[0][0], windows[1][0]), (windows[0][1], windows[1][1])))
    return tuple(found)


def _window(paths: Paths, mask: Boolean) -> tuple[float, float]:
    known = paths.known_by_slot[mask]
    share = ratio(float(known.sum()), float(len(paths.pair) * len(known)))
    return share, quantile(paths.rtt_by_slot_s[mask], 0.5)


def paths_alone(reading: Reading) -> bool:
    """Whether paths are all that a run is about: it follows some, counts no terminal users and serves no site."""
    return reading.paths is not None and not reading.regions.terminals.any() and not reading.sites.served.any()
