"""The inputs of a run, those that are assumed first, ranked by the most they can account for.

A finished run holds one value of each input, so the effect of another value is not known.  What the run does
hold is how many terminal users each stage takes away, and how many milliseconds each part of the delay adds:
that is the most an input of that stage can account for, and the rank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bentpipe.report import measures
from bentpipe.report.reading import Reading
from bentpipe.report.wording import DASH, count, milliseconds, percent

HOW_RANKED = (
    "Ranked by the most each input can account for in this run: the terminal users that the stage it enters "
    "takes away on average, then the milliseconds it adds. It is an upper bound read from this one run, not the "
    "outcome of varying the input; inputs of one stage share one bound."
)

# The first prefix that fits names the stage; disruptions go by the kind of their event.
STAGES = (
    ("terminals.busy", "capacity"),
    ("terminals.place", "regions"),
    ("terminals.region", "regions"),
    ("terminals.total", "scale"),
    ("terminals.users", "scale"),
    ("terminals", "power"),
    ("people", "population"),
    ("licence", "power"),
    ("access", "access"),
    ("fibre", "fibre"),
    ("pops", "fibre"),
    ("satellite", "capacity"),
    ("polic", "capacity"),
    ("gateways", "capacity"),
    ("constellation", "reach"),
    ("shells", "reach"),
    ("dish", "reach"),
    ("sites", "sites"),
)
KINDS = {
    "power-cut": "power",
    "terminals-cut-off": "power",
    "licence-withdrawn": "power",
    "jamming": "power",
    "gateway-loss": "capacity",
    "satellite-loss": "capacity",
    "pop-loss": "capacity",
    "fibre-loss": "capacity",
    "terrestrial-outage": "terrestrial",
}


@dataclass(frozen=True)
class Assumption:
    """One input as the report shows it; `users` and `seconds` are the bounds it is ranked by."""

    key: str
    value: str
    unit: str
    tag: str
    source: str
    date: str
    note: str
    effect: str
    users: float
    seconds: float

    @property
    def marked(self) -> bool:
        """Whether the input is assumed or hypothetical."""
        return self.tag in ("assumed", "hypothetical")


@dataclass(frozen=True)
class _Bounds:
    """Mean terminal users that each stage takes away, and mean delay of each group of segments, in s."""

    users: float
    connected: float
    reach: float
    capacity: float
    power: float
    access_s: float
    fibre_s: float
    events: dict[str, tuple[str, float]]


def ranked(reading: Reading) -> tuple[Assumption, ...]:
    """Return every input, assumed and hypothetical first, each group by falling bound."""
    bounds = _bounds(reading)
    rows = [_assumption(row, bounds) for row in reading.manifest.get("assumptions", [])]
    return tuple(sorted(rows, key=lambda r: (not r.marked, -r.users, -r.seconds, r.key)))


def _bounds(reading: Reading) -> _Bounds:
    regions = reading.regions
    slots = max(len(reading.times), 1)
    total = float(regions.users.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        unreached = 1 - regions.cells_reachable.sum(axis=0) / (slots * regions.cells)
    return _Bounds(
        users=total,
        connected=float(measures.users(reading, regions.connected).sum()) / slots,
        reach=float(np.nansum(unreached * regions.users)),
        capacity=max(total - float(measures.users(reading, regions.served).sum()) / slots, 0.0),
        power=max(total - float(measures.users(reading, regions.powered).sum()) / slots, 0.0),
        access_s=_segments(reading, "access"),
        fibre_s=_segments(reading, "fibre"),
        events={
            row.event.id: (row.event.kind, abs(row.change)) for row in measures.event_changes(reading) if row.event.id
        },
    )


def _segments(reading: Reading, prefix: str) -> float:
    """Return the mean over the sites of the segments whose name starts so, in s; NaN without sites."""
    chosen = [i for i, n in enumerate(reading.sites.segment_names) if n.startswith(prefix)]
    values = reading.sites.segment_s[:, chosen].sum(axis=1)
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size and chosen else float("nan")


def _assumption(row: dict[str, Any], bounds: _Bounds) -> Assumption:
    key = str(row.get("key", ""))
    effect, users, seconds = _effect(key, bounds)
    value = row.get("value", "")
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return Assumption(
        key=key,
        value=f"{value:,}" if plain else str(value),
        unit=str(row.get("unit") or ""),
        tag=str(row.get("tag", "")),
        source=str(row.get("source") or ""),
        date=str(row.get("date") or ""),
        note=str(row.get("note") or ""),
        effect=effect,
        users=users,
        seconds=seconds,
    )


def _effect(key: str, bounds: _Bounds) -> tuple[str, float, float]:
    """Return the effect in words, the bound in users, and the bound in s."""
    for identity, (kind, change) in bounds.events.items():
        if key.startswith("disruption") and identity in key.replace("[", ".").replace("]", ".").split("."):
            if np.isfinite(change):
                return f"{count(change)} terminal users, during against before", change, 0.0
            return _stage_effect(KINDS.get(kind, ""), bounds)
    stage = next((stage for prefix, stage in STAGES if key.startswith(prefix)), "")
    return _stage_effect(stage, bounds)


def _stage_effect(stage: str, bounds: _Bounds) -> tuple[str, float, float]:
    if stage == "scale":
        return f"in proportion: all {count(bounds.connected)} connected users", bounds.connected, 0.0
    losses = {
        "reach": (bounds.reach, "no usable satellite or gateway"),
        "capacity": (bounds.capacity, "not served"),
        "power": (bounds.power, "no power or licence, or cut off"),
    }
    if stage in losses:
        lost, why = losses[stage]
        share = percent(measures.ratio(lost, bounds.users))
        return f"up to {count(lost)} terminal users ({share}): {why}", lost, 0.0
    delays = {"access": bounds.access_s, "fibre": bounds.fibre_s}
    if stage in delays:
        seconds = delays[stage]
        known = bool(np.isfinite(seconds))
        text = f"{milliseconds(seconds)} of the round trip" if known else "the delay; not split without a site"
        return text, 0.0, seconds if known else 0.0
    words = {
        "population": "the share of the population only, inversely",
        "regions": "how users divide between regions, not their total",
        "terrestrial": "the time without terrestrial networks only",
        "sites": "the named sites only",
    }
    return words.get(stage, DASH), 0.0, 0.0
