"""The numbers of one slot: who is connected, through which gateway, at what rate; of every site and region."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.globe.cellvalues import checked
from bentpipe.globe.shown import LIMIT_WORDS, has_rates, has_uplink
from bentpipe.globe.source import Array, Source

Float = npt.NDArray[np.float64]
MBIT, MS = 1e-6, 1e3


def plain(values: Any, digits: int = 3) -> list[float | None]:
    """Give an array as numbers for JSON, rounded; None for what is not finite."""
    rounded = np.round(np.asarray(values, np.float64), digits)
    if np.isfinite(rounded).all():
        found: list[float | None] = rounded.tolist()
        return found
    return [value if value == value and abs(value) != np.inf else None for value in rounded.tolist()]


class WholeRun(NamedTuple):
    """What of the slots that are there is kept: terminals connected in each region, the mean and the least, (R,)."""

    mean: Float
    least: Float


def whole_run(source: Source) -> WholeRun:
    """Give the terminals connected in each region over the slots that are there; NaN where none is."""
    done = int(source.done().sum())

    def made() -> WholeRun:
        pieces = [rows for _, rows in source.pieces("region_terminals_connected")]
        if not pieces:
            nothing = np.full(len(source.static("region_terminals")), np.nan)
            return WholeRun(nothing, nothing)
        mean = sum(rows.sum(axis=0) for rows in pieces) / max(sum(map(len, pieces)), 1)
        return WholeRun(np.asarray(mean), np.min([rows.min(axis=0) for rows in pieces], axis=0).astype(np.float64))

    return source.remembered("whole_run", done, made)


def slot_numbers(source: Source, slot: int) -> dict[str, Any]:
    """Give the numbers of one slot.

    Parameters
    ----------
    source : Source
        A run or a what-if.
    slot : int
        Absolute slot.

    Returns
    -------
    dict
        JSON types. Users are terminals times the users of a terminal; rates in Mbit/s, delays in ms, angles in
        degrees; None for what is not known. "gateways", "sites" and "regions" are in the order of the scene.

    Raises
    ------
    LookupError
        Where the slot is not computed (yet).
    """
    checked(source, slot)
    users = float(source.manifest["users_per_terminal"])
    connected = int(source.row("region_terminals_connected", slot).sum())
    total = int(source.static("region_terminals").sum())
    served = source.row("served", slot)
    satellites = [source.row("serving_satellite", slot)[served]]
    satellites.append(source.row("site_serving_satellite", slot)[source.row("site_served", slot)])
    known_events = len(source.manifest["events"])
    return {
        "slot": slot,
        "unix_s": float(source.clock.start_unix_s(slot)),
        "users_connected": connected * users,
        "users_total": total * users,
        "terminals_connected": connected,
        "terminals_powered": int(source.row("region_terminals_powered", slot).sum()),
        "cells_served": int(np.count_nonzero(served)),
        "events": np.flatnonzero(source.row("event_active", slot)[:known_events]).tolist(),
        "gateways": gateway_numbers(source, slot),
        "serving": np.unique(np.concatenate(satellites)).tolist(),
        "sites": site_numbers(source, slot),
        "regions": region_numbers(source, slot),
    }


def gateway_numbers(source: Source, slot: int) -> list[dict[str, Any]]:
    """Give antennas and traffic of each gateway in one slot; rates in Mbit/s, None where they are not computed."""
    antennas, in_use = source.row("gateway_antennas", slot), source.row("gateway_antennas_in_use", slot)
    down, up = (_rate_row(source, f"gateway_{way}_bit_s", slot, len(antennas), way) for way in ("down", "up"))
    columns = (antennas.tolist(), in_use.tolist(), plain(down), plain(up))
    keys = ("antennas", "in_use", "down_mbit_s", "up_mbit_s")
    return [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]


def _rate_row(source: Source, name: str, slot: int, count: int, way: str = "down") -> Array:
    """A row of rates in Mbit/s; NaN where the run has none."""
    if has_uplink(source) if way == "up" else has_rates(source):
        return np.asarray(source.row(name, slot) * MBIT)
    return np.full(count, np.nan)


def site_numbers(source: Source, slot: int) -> list[dict[str, Any]]:
    """Give what each site has in one slot.

    Of a site that is not served nothing is known but that; of one that is served and not connected (without power or
    licence), no rate, no delay and no limit.
    """
    served, connected = source.row("site_served", slot), source.row("site_connected", slot)
    count = len(served)

    def row(name: str, factor: float, where: Array) -> list[float | None]:
        return plain(np.where(where, source.row(name, slot) * factor, np.nan))

    def rate(name: str, way: str) -> list[float | None]:
        return plain(np.where(connected, _rate_row(source, name, slot, count, way), np.nan))

    def chosen(name: str) -> list[int | None]:
        pairs = zip(source.row(name, slot).tolist(), served.tolist(), strict=True)
        return [index if there else None for index, there in pairs]

    lat, lon = site_places(source, slot)
    columns: dict[str, list[Any]] = {
        "connected": connected.tolist(),
        "served": served.tolist(),
        "satellite": chosen("site_serving_satellite"),
        "gateway": chosen("site_serving_gateway"),
        "elevation_deg": row("site_elevation_deg", 1.0, served),
        "azimuth_deg": row("site_azimuth_deg", 1.0, served),
        "rtt_ms": row("site_rtt_s", MS, connected),
        "rate_down_mbit_s": rate("site_rate_down_bit_s", "down"),
        "rate_up_mbit_s": rate("site_rate_up_bit_s", "up"),
        "peak_down_mbit_s": rate("site_peak_down_bit_s", "down"),
        "peak_up_mbit_s": rate("site_peak_up_bit_s", "up"),
        "limit_down": _limits(source, slot, connected),
        "latitude_deg": plain(lat, 5),
        "longitude_deg": plain(lon, 5),
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _limits(source: Source, slot: int, connected: Array) -> list[str | None]:
    if not has_rates(source):
        return [None] * len(connected)
    numbers = zip(source.row("site_limit_down", slot).tolist(), connected.tolist(), strict=True)
    return [LIMIT_WORDS[number] if there else None for number, there in numbers]


def site_places(source: Source, slot: int) -> tuple[Float, Float]:
    """Latitude and longitude of every site in one slot, degrees, (S,) each: of those that move, where they are then."""
    lat, lon = np.array(source.static("site_latitude_deg")), np.array(source.static("site_longitude_deg"))
    moving = moving_sites(source)
    if moving:
        where = list(moving)
        lat[where], lon[where] = source.row("track_latitude_deg", slot), source.row("track_longitude_deg", slot)
    return lat, lon


def moving_sites(source: Source) -> tuple[int, ...]:
    """Indices of the sites that move, in the order of the tracks."""
    sites = source.names["site"]["site"]
    return tuple(sites.index(name) for name in source.names.get("track", {}).get("track", ()))


def region_numbers(source: Source, slot: int) -> list[dict[str, Any]]:
    """Give what each region has in one slot, and in the slots that are there.

    Percentiles are over connected terminals: the least value that so many of them have, or less.
    """
    users = float(source.manifest["users_per_terminal"])
    terminals = source.static("region_terminals").astype(np.float64)
    connected = source.row("region_terminals_connected", slot)
    run = whole_run(source)
    count = len(terminals)
    weights = source.row("terminals_connected", slot)
    of_cell = source.static("region_of_cell")
    rtt = percentiles(source.row("rtt_s", slot), weights, of_cell, count, (50, 95)) * MS
    peak = np.full((3, count), np.nan)
    if has_rates(source):
        peak = percentiles(source.row("peak_down_bit_s", slot), weights, of_cell, count, (10, 50, 90)) * MBIT
    columns: dict[str, list[Any]] = {
        "connected_percent": plain(_percent(connected, terminals)),
        "users_connected": plain(connected * users),
        "offered_mbit_s": plain(_rate_row(source, "region_offered_down_bit_s", slot, count)),
        "rate_mbit_s": plain(_rate_row(source, "region_rate_down_bit_s", slot, count)),
        "peak_p10": plain(peak[0]),
        "peak_p50": plain(peak[1]),
        "peak_p90": plain(peak[2]),
        "rtt_p50_ms": plain(rtt[0]),
        "rtt_p95_ms": plain(rtt[1]),
        "connected_mean_percent": plain(_percent(run.mean, terminals)),
        "connected_worst_percent": plain(_percent(run.least, terminals)),
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _percent(part: Array, whole: Float) -> Float:
    return np.asarray(np.divide(100.0 * part, whole, out=np.full(len(whole), np.nan), where=whole > 0))


def percentiles(values: Array, weights: Array, group: Array, groups: int, percent: tuple[int, ...]) -> Float:
    """Weighted percentiles of values by group.

    Parameters
    ----------
    values : (C,) float
        Of any unit; NaN has no weight.
    weights : (C,) int
        How often each counts; terminals.
    group : (C,) int
        To which each belongs; -1 for none.
    groups : int
        How many there are.
    percent : tuple of int
        Which, 1 to 100.

    Returns
    -------
    (P, G) float64
        The least value that at least so many per cent of the group's weight have, or less; NaN without weight. It is
        the inverse of the distribution function, as definition 1 of Hyndman and Fan (1996).
    """
    kept = np.flatnonzero((weights > 0) & (group >= 0) & np.isfinite(values))
    order = kept[np.lexsort((values[kept], group[kept]))]
    total = np.bincount(group[order], weights[order], groups).astype(np.int64)
    below = np.cumsum(total) - total
    reached = np.cumsum(weights[order].astype(np.int64))
    out = np.full((len(percent), groups), np.nan)
    some = np.flatnonzero(total > 0)
    for row, p in enumerate(percent):
        target = below[some] + -(-p * total[some] // 100)  # whole terminals: no rounding decides
        out[row, some] = values[order[np.searchsorted(reached, target, "left")]]
    return out
