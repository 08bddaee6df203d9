"""What the page needs of a run once: its places, its time, its variables, its events and what it rests on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from bentpipe.globe.cellmap import index_map, laid_out
from bentpipe.globe.edits import read_edits, words
from bentpipe.globe.numbers import MBIT, moving_sites, plain
from bentpipe.globe.shown import Shown, as_json, has_lasers, has_rates, judged, offered
from bentpipe.globe.source import Source, WhatIfSource

__all__ = ["NOTE", "edits_text", "index_map", "remarks", "scene"]

Float = npt.NDArray[np.float64]
NOTE = "simulated; not live status"
KEYFRAME_S, SUN_STEP_S, HOUR_S = 60, 3600, 3600.0
#: Shown first, where the run has it.
FIRST_SHOWN = ("connected", "peak-down", "served", "reachable")


def scene(source: Source) -> dict[str, Any]:
    """Give what the page needs of a run once.

    Parameters
    ----------
    source : Source
        A run or a what-if.

    Returns
    -------
    dict
        JSON types; angles in degrees, times in Unix seconds.
    """
    manifest, names = source.manifest, source.names
    _, header = index_map(source)
    variables = offered(source)
    start = float(source.clock.start_unix_s(source.slots.start))
    return {
        **_identity(source),
        "grid": {
            "start": source.slots.start,
            "stop": source.slots.stop,
            "slot_s": source.clock.interval_s,
            "unix_s": start,
        },
        "keyframe_s": KEYFRAME_S,
        "users_per_terminal": manifest["users_per_terminal"],
        "satellites": {
            "count": len(names["satellite"]["satellite_name"]),
            "names": names["satellite"]["satellite_name"],
            "catalog_numbers": source.static("satellite_catalog_number").tolist(),
        },
        "gateways": _gateways(source),
        "sites": _sites(source),
        "regions": _regions(source),
        "cells": {
            "count": len(source.cells),
            "index": header,
            "latitude_deg": (header["south"] + header["north"]) / 2,
            "longitude_deg": ((header["west"] + header["east"]) / 2 + 180.0) % 360.0 - 180.0,
            "span_deg": max(header["north"] - header["south"], header["east"] - header["west"]),
        },
        "variables": [as_json(shown) for shown in variables],
        "default_variable": _default(variables),
        "events": _events(source),
        "marks": marks(source),
        "sun": _sun(source),
        "services": judged(source),
        "has_rates": has_rates(source),
        "has_lasers": has_lasers(source),
    }


def _identity(source: Source) -> dict[str, Any]:
    manifest = source.manifest
    what_if = isinstance(source, WhatIfSource)
    return {
        "id": source.id,
        "kind": source.kind,
        "of": source.base.id if isinstance(source, WhatIfSource) else None,
        **{key: manifest.get(key, "") for key in ("name", "title", "summary", "question", "identity", "policy")},
        "version": manifest.get("bentpipe", ""),
        "hypothetical": what_if or bool(manifest.get("hypothetical")),
        "edits": source.edits if isinstance(source, WhatIfSource) else None,
        "edits_text": edits_text(source),
        "window": [source.window.start, source.window.stop] if isinstance(source, WhatIfSource) else None,
        "note": NOTE,
        "data": manifest["data"],
        "warnings": manifest["warnings"],
        "complete": source.computed == len(source.window)
        if isinstance(source, WhatIfSource)
        else bool(manifest["complete"]),
    }


def edits_text(source: Source) -> list[str]:
    """Say in words what a what-if changes, one phrase a change; nothing for a run."""
    if not isinstance(source, WhatIfSource):
        return []
    names = source.names
    shells = (source.manifest.get("constellation") or {}).get("shells") or []
    known = {
        "gateways": dict(zip(names["gateway"]["gateway"], names["gateway"]["gateway_name"], strict=True)),
        "regions": dict(zip(names["region"]["region"], names["region"]["region_name"], strict=True)),
        "shells": {str(number): shell["name"] for number, shell in enumerate(shells)},
    }
    return words(read_edits(source.edits), known)


def remarks(source: Source) -> list[str]:
    """Give the lines that stand in every exported file: what run it is from, and that it is simulated."""
    manifest = source.manifest
    lines = [
        f"run: {manifest['title']} ({manifest['name']}, identity {manifest['identity'][:16]})",
        f"bentpipe {manifest.get('bentpipe', '')}; {NOTE}",
    ]
    if isinstance(source, WhatIfSource):
        lines.append(f"HYPOTHETICAL: what if {'; '.join(edits_text(source))}")
    elif manifest.get("hypothetical"):
        lines.append("HYPOTHETICAL: some of what happens in this run is made up")
    return lines


def _gateways(source: Source) -> list[dict[str, Any]]:
    names = source.names["gateway"]
    columns = {
        "id": names["gateway"],
        "name": names["gateway_name"],
        "pop": names["gateway_pop"],
        "latitude_deg": source.static("gateway_latitude_deg").tolist(),
        "longitude_deg": source.static("gateway_longitude_deg").tolist(),
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _sites(source: Source) -> list[dict[str, Any]]:
    names, moving = source.names["site"], moving_sites(source)
    columns = {
        "id": names["site"],
        "name": names["site_name"],
        "kind": names["site_kind"],
        "region": names["site_region"],
        "latitude_deg": source.static("site_latitude_deg").tolist(),
        "longitude_deg": source.static("site_longitude_deg").tolist(),
        "moving": [i in moving for i in range(len(names["site"]))],
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _regions(source: Source) -> list[dict[str, Any]]:
    columns = {
        "code": source.names["region"]["region"],
        "name": source.names["region"]["region_name"],
        "population": plain(source.static("region_population"), 0),
        "terminals": source.static("region_terminals").tolist(),
    }
    found = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    group, lat, lon = (source.static(name) for name in ("region_of_cell", "latitude_deg", "longitude_deg"))
    for n, region in enumerate(found):
        own = group == n
        region |= _middle(lat[own], lon[own]) if own.any() else {}
    return found


def _middle(lat_deg: Float, lon_deg: Float) -> dict[str, float]:
    """Where to look to see some cells, and how much of the Earth, degrees."""
    bounds, _, _ = laid_out(lat_deg, lon_deg, 10_000.0)
    return {
        "latitude_deg": round((bounds.south + bounds.north) / 2, 3),
        "longitude_deg": round(((bounds.west + bounds.east) / 2 + 180.0) % 360.0 - 180.0, 3),
        "span_deg": round(max(bounds.north - bounds.south, bounds.east - bounds.west), 3),
    }


def _default(variables: tuple[Shown, ...]) -> str | None:
    names = [shown.name for shown in variables]
    return next((name for name in FIRST_SHOWN if name in names), names[0] if names else None)


def _events(source: Source) -> list[dict[str, Any]]:
    return [
        {
            **{key: event.get(key, "") for key in ("id", "title", "kind", "tag", "source", "changed")},
            "start_unix_s": _unix_s(event["start_utc"]),
            "end_unix_s": _unix_s(event["end_utc"]),
        }
        for event in source.manifest["events"]
    ]


def _unix_s(utc: str) -> float:
    return datetime.fromisoformat(utc.replace("Z", "+00:00")).replace(tzinfo=UTC).timestamp()


def marks(source: Source) -> list[dict[str, Any]]:
    """Give slots worth a look: the start of the busiest hour, and the slot with the fewest terminals connected.

    Parameters
    ----------
    source : Source
        A run or a what-if.

    Returns
    -------
    list of dict
        "slot", "label" and "detail"; none that all slots share. The busiest hour is that of UTC in which most is asked
        for, on average over the slots that are there; without terminals, the fewest sites connected are looked for.
    """
    found: list[dict[str, Any]] = source.remembered("marks", int(source.done().sum()), lambda: _marks(source))
    return found


def _marks(source: Source) -> list[dict[str, Any]]:
    found = []
    if has_rates(source):
        slots, offered_bit_s = _totals(source, "region_offered_down_bit_s")
        hours = np.floor(source.clock.start_unix_s(slots) / HOUR_S).astype(np.int64)
        if len(slots) and offered_bit_s.min() < offered_bit_s.max():
            unique, first, inverse, count = np.unique(hours, return_index=True, return_inverse=True, return_counts=True)
            mean = np.bincount(inverse, offered_bit_s) / count
            best = int(np.argmax(np.where(count >= 0.5 * count.max(), mean, 0.0)))
            begin = datetime.fromtimestamp(int(unique[best]) * HOUR_S, UTC)
            detail = f"from {begin:%H:%M} UTC: {mean[best] * MBIT:,.0f} Mbit/s asked for"
            found.append({"slot": int(slots[first[best]]), "label": "Busiest hour", "detail": detail})
    for name, what in (("region_terminals_connected", "terminals"), ("site_connected", "sites")):
        slots, connected = _totals(source, name)
        if len(slots) and connected.min() < connected.max():
            worst = int(np.argmin(connected))
            detail = f"fewest {what} connected: {int(connected[worst]):,}"
            found.append({"slot": int(slots[worst]), "label": "Worst slot", "detail": detail})
            break
    return found


def _totals(source: Source, name: str) -> tuple[Any, Any]:
    """Slots that are there, and the sum of a variable in each."""
    pieces = [(np.arange(first, first + len(rows)), rows.sum(axis=1)) for first, rows in source.pieces(name)]
    if not pieces:
        return np.zeros(0, np.int64), np.zeros(0)
    slots, sums = zip(*pieces, strict=True)
    return np.concatenate(slots), np.concatenate(sums)


def _sun(source: Source) -> dict[str, Any]:
    """Where the Sun stands, each hour of the run and one beyond each end."""
    from bentpipe.earth.sun import sun_direction

    begin, end = (float(source.clock.start_unix_s(slot)) for slot in (source.slots.start, source.slots.stop))
    first, last = int(begin // SUN_STEP_S), -int(-end // SUN_STEP_S)
    unix_s = np.arange(first, last + 1) * float(SUN_STEP_S)
    return {
        "unix_s": float(unix_s[0]),
        "step_s": SUN_STEP_S,
        "direction": [plain(row, 5) for row in sun_direction(unix_s)],
    }
