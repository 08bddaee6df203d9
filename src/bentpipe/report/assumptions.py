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
from bentpipe.report.wording import DASH, count, milliseconds, percent, plural

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
    ("time", "time"),
    ("territory", "territory"),
)
SITE_PLACE = ("latitude_deg", "longitude_deg", "height_m", "track", "obstruction")
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
    inputs: int
    """How many inputs the row stands for."""

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


def ranked(reading: Reading, exact_sites: bool = False) -> tuple[Assumption, ...]:
    """Return every input, assumed and hypothetical first, each group by falling bound.

    Inputs that differ only in the gateway, site or region they belong to, and share mark and source, make one
    row.  Positions and tracks of sites are withheld unless `exact_sites`.
    """
    bounds = _bounds(reading)
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in reading.manifest.get("assumptions", []):
        parts = [str(row.get(name) or "") for name in ("tag", "source", "date", "note", "unit")]
        groups.setdefault((_family(str(row.get("key", ""))), *parts), []).append(row)
    rows = [_assumption(family[0], members, bounds, exact_sites) for family, members in groups.items()]
    return tuple(sorted(rows, key=lambda r: (not r.marked, -r.users, -r.seconds, r.key)))


def _family(key: str) -> str:
    """Return a key with the id of its list item, or the code of its region, as a star."""
    parts = key.split(".")
    if len(parts) >= 3 and parts[0] in ("gateways", "pops", "sites"):
        parts[1] = "*"
    elif len(parts) >= 3 and parts[1] in ("regions", "region_weights", "region_totals"):
        parts[2] = "*"
    return ".".join(parts)


def _value(members: list[dict[str, Any]], family: str, exact_sites: bool) -> str:
    """Write the values of a row: one, the few different ones, or their range."""
    if family.startswith("sites.") and family.rsplit(".", 1)[-1] in SITE_PLACE and not exact_sites:
        return f"{plural(len(members), 'value')}, not shown"
    values = list(dict.fromkeys(_words(row.get("value", "")) for row in members))
    if len(values) <= 3:
        return ", ".join(values)
    numbers = [row["value"] for row in members if _is_number(row.get("value"))]
    if len(numbers) == len(members):
        return f"{_words(min(numbers))} to {_words(max(numbers))} ({len(members)} values)"
    return f"{', '.join(values[:2])} and {len(values) - 2} more"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _words(value: Any) -> str:
    if _is_number(value):
        return f"{value:,.10g}" if abs(value) < 1e9 else f"{value:,.0f}"
    if isinstance(value, (list, tuple)):
        shown = ", ".join(_words(item) for item in value[:4])
        return shown if len(value) <= 4 else f"{shown} and {len(value) - 4} more"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


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


def _assumption(family: str, members: list[dict[str, Any]], bounds: _Bounds, exact_sites: bool) -> Assumption:
    row = members[0]
    key = str(row.get("key", "")) if len(members) == 1 else family
    effect, users, seconds = _effect(key, bounds)
    return Assumption(
        key=key,
        value=_value(members, family, exact_sites),
        unit=str(row.get("unit") or ""),
        tag=str(row.get("tag", "")),
        source=str(row.get("source") or ""),
        date=str(row.get("date") or ""),
        note=str(row.get("note") or ""),
        effect=effect,
        users=users,
        seconds=seconds,
        inputs=len(members),
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
        "time": "the time looked at",
        "territory": "the territory and its resolution",
    }
    return words.get(stage, DASH), 0.0, 0.0
