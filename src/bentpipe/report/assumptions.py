"""The inputs of a run, those that are assumed first, ranked by the most they can account for.

A finished run holds one value of each input, so the effect of another value is not known.  What the run does
hold is how many terminal users each stage takes away, and how many milliseconds each part of the delay adds:
that is the most an input of that stage can account for, and the rank.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bentpipe.report import measures, pathmeasures
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
    ("terminals.dish", "reach"),
    ("terminals.place", "regions"),
    ("terminals.region", "regions"),
    ("terminals.total", "scale"),
    ("terminals.users", "scale"),
    ("terminals", "power"),
    ("people", "population"),
    ("licence", "power"),
    ("radio", "rates"),
    ("weather", "rates"),
    ("demand", "rates"),
    ("services", "services"),
    ("policies.sharing", "rates"),
    ("lasers.rate_gbps", "carried"),
    ("lasers.hop_ms", "forwarding"),
    ("lasers", "lasers"),
    ("paths", "paths"),
    ("traffic", "traffic"),
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
#: What the stages mean to a run that follows paths and counts no terminal users.
OF_PATHS = {
    "reach": "which satellites the ends can use, and so the paths",
    "capacity": "nothing here: no terminal users are counted",
    "power": "nothing here: no terminal users are counted",
    "scale": "nothing here: no terminal users are counted",
    "population": "nothing here: no terminal users are counted",
    "regions": "nothing here: no terminal users are counted",
    "terrestrial": "nothing here: no terminal users are counted",
    "access": "nothing here: the paths are without the waits of an access link",
    "fibre": "the comparison with fibre, and the way from a gateway to a point of presence",
    "lasers": "which paths there are, and how long they take",
    "forwarding": "the round trips, in proportion to the lasers on the way",
    "sites": "the ends of the paths",
}
SITE_PLACE = ("latitude_deg", "longitude_deg", "height_m", "track", "obstruction")
KINDS = {
    "power-cut": "power",
    "terminals-cut-off": "power",
    "licence-withdrawn": "power",
    "jamming": "power",
    "gateway-loss": "capacity",
    "satellite-loss": "capacity",
    "laser-loss": "capacity",
    "storm": "capacity",
    "pop-loss": "capacity",
    "fibre-loss": "capacity",
    "terrestrial-outage": "terrestrial",
}


@dataclass(frozen=True)
class Assumption:
    """One input as the report shows it; `users` and `seconds` are the bounds it is ranked by."""

    key: str
    value: str
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
    lasers_s: float
    forwarding_s: float
    paths_alone: bool
    rates: bool
    events: dict[str, tuple[str, float, bool]]
    """Kind of each event, what it did to users, and whether that is against the run without it."""


def ranked(reading: Reading, exact_sites: bool = False) -> tuple[Assumption, ...]:
    """Return every input, assumed and hypothetical first, each group by falling bound.

    Inputs of one part of the scenario that share stage, mark, source and note make one row.  Positions and
    tracks of sites are withheld unless `exact_sites`.
    """
    bounds = _bounds(reading)
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in reading.manifest.get("assumptions", []):
        key = str(row.get("key", ""))
        shared = [str(row.get(name) or "") for name in ("tag", "source", "date", "note")]
        groups.setdefault((_part(key), _effect(key, bounds)[0], *shared), []).append(row)
    rows = [_assumption(members, bounds, exact_sites) for members in groups.values()]
    return tuple(sorted(rows, key=lambda r: (not r.marked, -r.users, -r.seconds, r.key)))


def _part(key: str) -> str:
    """Return the part of the scenario that a key belongs to; items of gateways, PoPs and sites are one part."""
    parts = key.split(".")
    if parts[0] in ("gateways", "pops", "sites") and len(parts) > 2:
        return f"{parts[0]}.*"
    return ".".join(parts[:2] if len(parts) > 2 else parts[:1])


def _value(members: list[dict[str, Any]], exact_sites: bool) -> str:
    """Write the values of a row: one, or each leaf with its few different values or their range."""
    leaves: dict[str, list[dict[str, Any]]] = {}
    for row in members:
        leaves.setdefault(_leaf(str(row.get("key", ""))), []).append(row)
    written = {leaf: _leaf_value(rows, leaf, exact_sites) for leaf, rows in leaves.items()}
    if len(written) == 1:
        return next(iter(written.values()))
    return "; ".join(f"{leaf} {words}" for leaf, words in written.items())


def _leaf(key: str) -> str:
    """Return what a key says within its part; regions are one leaf."""
    parts = key.split(".")
    rest = parts[2:] if len(parts) > 2 else parts[1:]
    return (parts[1] if len(parts) > 2 and parts[1].startswith("region") else ".".join(rest)) or key


def _leaf_value(rows: list[dict[str, Any]], leaf: str, exact_sites: bool) -> str:
    if str(rows[0].get("key", "")).startswith("sites.") and leaf in SITE_PLACE and not exact_sites:
        return "not shown"
    values = list(dict.fromkeys(_words(row.get("value", "")) for row in rows))
    numbers = [row["value"] for row in rows if _is_number(row.get("value"))]
    unit = str(rows[0].get("unit") or "") if numbers else ""
    if len(values) > 3 and len(numbers) == len(rows):
        text = f"{_words(min(numbers))} to {_words(max(numbers))}"
    elif len(values) > 3:
        text = f"{', '.join(values[:2])} and {len(values) - 2} more"
    else:
        text = ", ".join(values)
    return f"{text} {unit}".strip()


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if _is_number(value):
        return f"{value:,.10g}" if abs(value) < 1e9 else f"{value:,.0f}"
    if isinstance(value, str) and value.startswith("["):
        return _list_words(value)
    if isinstance(value, (list, tuple)):
        return _items(value)
    return str(value)


def _list_words(text: str) -> str:
    """Write a list that came as text; as it is, where it cannot be read."""
    try:
        return _items(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text


def _items(items: Sequence[Any]) -> str:
    if len(items) > 2 and all(isinstance(i, (list, tuple)) for i in items):
        return f"{len(items)} points"
    shown = ", ".join(_words(item) for item in items[:4])
    return shown if len(items) <= 4 else f"{shown} and {len(items) - 4} more"


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
        lasers_s=_segments(reading, "laser_"),
        forwarding_s=_segments(reading, "laser_forwarding"),
        paths_alone=pathmeasures.paths_alone(reading),
        rates=reading.rates is not None,
        events={
            row.event.id: (row.event.kind, abs(row.loss), row.event.effect is not None)
            for row in measures.event_changes(reading)
            if row.event.id
        },
    )


def _segments(reading: Reading, prefix: str) -> float:
    """Return the mean over the sites of the segments whose name starts so, in s; NaN without sites."""
    chosen = [i for i, n in enumerate(reading.sites.segment_names) if n.startswith(prefix)]
    values = reading.sites.segment_s[:, chosen].sum(axis=1)
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size and chosen else float("nan")


def _assumption(members: list[dict[str, Any]], bounds: _Bounds, exact_sites: bool) -> Assumption:
    row, keys = members[0], [str(member.get("key", "")) for member in members]
    effect, users, seconds = _effect(keys[0], bounds)
    return Assumption(
        key=keys[0] if len(keys) == 1 else _row_key(keys),
        value=_value(members, exact_sites),
        tag=str(row.get("tag", "")),
        source=str(row.get("source") or ""),
        date=str(row.get("date") or ""),
        note=str(row.get("note") or ""),
        effect=effect,
        users=users,
        seconds=seconds,
        inputs=len(members),
    )


def _row_key(keys: list[str]) -> str:
    """Return the name of a row of several inputs: its part, and the leaf where all share one."""
    leaves = {_leaf(key) for key in keys}
    part = _part(keys[0])
    leaf = leaves.pop() if len(leaves) == 1 else ""
    return f"{part}.{leaf}" if leaf and not part.endswith(leaf) else part


def _effect(key: str, bounds: _Bounds) -> tuple[str, float, float]:
    """Return the effect in words, the bound in users, and the bound in s."""
    for identity, (kind, change, compared) in bounds.events.items():
        if key.startswith("disruption") and identity in key.replace("[", ".").replace("]", ".").split("."):
            if bounds.paths_alone:
                return "the paths while the event holds", 0.0, 0.0
            if np.isfinite(change):
                against = "against the same run without the event" if compared else "during against before"
                return f"{count(change)} terminal users, {against}", change, 0.0
            return _stage_effect(KINDS.get(kind, ""), bounds)
    stage = next((stage for prefix, stage in STAGES if key.startswith(prefix)), "")
    return _stage_effect(stage, bounds)


def _stage_effect(stage: str, bounds: _Bounds) -> tuple[str, float, float]:
    if bounds.paths_alone and stage in OF_PATHS:
        return OF_PATHS[stage], 0.0, 0.0
    if bounds.paths_alone and stage == "rates" and not bounds.rates:
        return "nothing here: no rates of terminals are computed", 0.0, 0.0
    if stage == "scale":
        return f"in proportion: all {count(bounds.connected)} connected users", bounds.connected, 0.0
    losses = {
        "reach": (bounds.reach, "no usable satellite or gateway"),
        "capacity": (bounds.capacity, "not served"),
        "power": (bounds.power, "no power or licence, or cut off"),
    }
    if stage == "lasers":
        losses["lasers"] = losses["reach"]
    if stage in losses:
        lost, why = losses[stage]
        share = percent(measures.ratio(lost, bounds.users))
        # With lasers as they are, the delay that they add is known where there is a site.
        seconds = bounds.lasers_s if stage == "lasers" and np.isfinite(bounds.lasers_s) else 0.0
        also = f"; {milliseconds(seconds)} of the round trip" if seconds else ""
        return f"up to {count(lost)} terminal users ({share}): {why}{also}", lost, seconds
    delays = {"access": bounds.access_s, "fibre": bounds.fibre_s, "forwarding": bounds.forwarding_s}
    if stage in delays:
        seconds = delays[stage]
        known = bool(np.isfinite(seconds))
        text = f"{milliseconds(seconds)} of the round trip" if known else "the delay; not split without a site"
        return text, 0.0, seconds if known else 0.0
    words = {
        "population": "the share of the population only, inversely",
        "regions": "how users divide between regions, not their total",
        "terrestrial": "how many people are without ground networks only",
        "rates": "the rates, and how much beam time a place asks for",
        "services": "what counts as working, and so who can do what",
        "sites": "the named sites only",
        "paths": "which path a pair takes, of those that there are",
        "traffic": "what flows between the ends, and how it fills the lasers",
        "carried": "what lasers can carry, no path and no delay",
        "time": "the time looked at",
        "territory": "the territory and its resolution",
    }
    return words.get(stage, DASH), 0.0, 0.0
