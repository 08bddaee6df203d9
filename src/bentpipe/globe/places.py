"""One cell or site through a run: its series, what it has now, its gaps."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from bentpipe.globe.cellvalues import checked
from bentpipe.globe.numbers import MBIT, MS, plain, site_numbers, site_places
from bentpipe.globe.shown import VERDICT_WORDS, has_rates, has_uplink, judged
from bentpipe.globe.source import Array, Source, WhatIfSource
from bentpipe.results.variables import LIMIT_WORDS

Kind = Literal["cell", "site"]
Bool = npt.NDArray[np.bool_]


class Gap(NamedTuple):
    """A time without connection; `open` where it lasts to the end of what is computed: it may be longer."""

    start_unix_s: float
    duration_s: float
    open: bool


def series(source: Source, kind: Kind, index: int) -> dict[str, list[Any]]:
    """Give a cell or a site over the slots that are there.

    Parameters
    ----------
    source : Source
        A run or a what-if.
    kind : "cell" or "site"
    index : int
        Of the cell or site.

    Returns
    -------
    dict
        Lists of one length, from the first slot that is there to the last: "unix_s" of the starts of the slots,
        "connected" 1 or 0 (of a cell: a terminal is connected; of a cell without terminals: it is served), "rtt_ms",
        "rate_down_mbit_s" (of a cell: of one connected terminal), "peak_down_mbit_s", "peak_up_mbit_s",
        "elevation_deg". None in slots that are not there, and where there is no value.
    """
    done = np.flatnonzero(source.done())
    span = slice(int(done[0]), int(done[-1]) + 1) if len(done) else slice(0, 0)
    there = source.done()[span]
    connected, usable = _connected(source, kind, index)
    on, usable = connected[span] & there, usable[span] & there
    head = "site_" if kind == "site" else ""

    def column(name: str, factor: float, where: Bool, given: bool = True) -> list[float | None]:
        values = source.column(head + name, index)[span] * factor if given else np.full(len(where), np.nan)
        return plain(np.where(where, values, np.nan))

    rates = has_rates(source)
    rate = source.column(f"{head}rate_down_bit_s", index)[span] * MBIT if rates else np.full(len(on), np.nan)
    if kind == "cell":
        terminals = source.column("terminals_connected", index)[span]
        rate = np.divide(rate, terminals, out=np.full(len(on), np.nan), where=terminals > 0)
    lit: Array = np.where(there, on, np.nan)
    return {
        "unix_s": source.clock.start_unix_s(np.arange(source.slots.start, source.slots.stop)[span]).tolist(),
        "connected": [None if value is None else int(value) for value in plain(lit)],
        "rtt_ms": column("rtt_s", MS, usable),
        "rate_down_mbit_s": plain(np.where(on, rate, np.nan), 4),
        "peak_down_mbit_s": column("peak_down_bit_s", MBIT, usable, rates),
        "peak_up_mbit_s": column("peak_up_bit_s", MBIT, usable, has_uplink(source)),
        "elevation_deg": column("elevation_deg", 1.0, usable | _served(source, kind, index)[span] & there),
    }


def _served(source: Source, kind: Kind, index: int) -> Bool:
    return np.asarray(source.column("site_served" if kind == "site" else "served", index), np.bool_)


def _connected(source: Source, kind: Kind, index: int) -> tuple[Bool, Bool]:
    """In which slots it is connected, and in which it has a rate and a delay, (T,) each."""
    if kind == "site":
        connected = np.asarray(source.column("site_connected", index), np.bool_)
        return connected, connected
    served = _served(source, kind, index)
    if source.static("terminals")[index] > 0:
        return source.column("terminals_connected", index) > 0, served
    return served, served


def _as_it_goes(source: Source, kind: Kind, index: int) -> tuple[Bool, Bool]:
    """In which slots it is connected, and which are there, (T,) each; around a what-if those of its run."""
    connected, done = _connected(source, kind, index)[0], source.done()
    if not isinstance(source, WhatIfSource):
        return connected, done
    before, there = _connected(source.base, kind, index)[0], source.base.done()
    return np.where(done, connected, before), done | there


def place_now(source: Source, kind: Kind, index: int, slot: int) -> dict[str, Any]:
    """Give what a cell or a site has in one slot, and when it is without connection.

    Parameters
    ----------
    source : Source
        A run or a what-if.
    kind : "cell" or "site"
    index : int
        Of the cell or site.
    slot : int
        Absolute slot.

    Returns
    -------
    dict
        "now" (rates in Mbit/s, delay in ms, elevation in degrees, loss in dB; None for what is not known),
        "verdicts" by service ("works", "with effort", "fails"), "gap_now" and "next_gap" (None, or "start_unix_s",
        "duration_s", and "open" where it lasts to the end of what is computed), "availability_percent" of the slots
        that are there; a what-if counts the slots of its run outside its window, too; "index", "id",
        "name", "region", "latitude_deg", "longitude_deg".

    Raises
    ------
    LookupError
        Where the slot is not computed (yet).
    """
    checked(source, slot)
    connected, done = _as_it_goes(source, kind, index)
    now, following = gaps(source, connected, done, slot)
    availability = 100.0 * float(connected[done].mean()) if done.any() else None
    return {
        "kind": kind,
        "index": index,
        **_identity(source, kind, index, slot),
        "now": _site_now(source, index, slot) if kind == "site" else _cell_now(source, index, slot),
        "verdicts": _verdicts(source, kind, index, slot),
        "gap_now": None if now is None else now._asdict(),
        "next_gap": None if following is None else following._asdict(),
        "availability_percent": availability,
    }


def _identity(source: Source, kind: Kind, index: int, slot: int) -> dict[str, Any]:
    if kind == "site":
        lat, lon = site_places(source, slot)
        names = source.names["site"]
        words = {"id": names["site"][index], "name": names["site_name"][index], "region": names["site_region"][index]}
        return {**words, "latitude_deg": float(lat[index]), "longitude_deg": float(lon[index])}
    region = int(source.static("region_of_cell")[index])
    cell = source.names["cell"]["cell"][index]
    return {
        "id": cell,
        "name": f"Cell {cell}",
        "region": source.names["region"]["region"][region] if region >= 0 else "",
        "latitude_deg": float(source.static("latitude_deg")[index]),
        "longitude_deg": float(source.static("longitude_deg")[index]),
    }


def _site_now(source: Source, index: int, slot: int) -> dict[str, Any]:
    found = site_numbers(source, slot)[index]
    extra = {
        "usable_satellites": int(source.row("site_usable_satellites", slot)[index]),
        "lasers": int(source.row("site_lasers", slot)[index]) if found["served"] else None,
        "rtt_p95_ms": _known(source.row("site_rtt_p95_s", slot)[index] * MS) if found["connected"] else None,
        "loss_percent": _known(source.row("site_loss", slot)[index] * 100.0, 4) if found["connected"] else None,
        "rain_loss_db": _known(source.row("site_rain_loss_db", slot)[index]) if found["served"] else None,
    }
    return {**found, **extra}


def _cell_now(source: Source, index: int, slot: int) -> dict[str, Any]:
    served = bool(source.row("served", slot)[index])
    terminals = int(source.row("terminals_connected", slot)[index])
    rates, uplink = has_rates(source), has_uplink(source)

    def value(name: str, factor: float, given: bool = True) -> float | None:
        return _known(source.row(name, slot)[index] * factor) if served and given else None

    def rate(name: str, given: bool) -> float | None:
        return _known(source.row(name, slot)[index] * MBIT / terminals, 4) if given and terminals else None

    def limit(name: str, given: bool) -> str | None:
        return LIMIT_WORDS[int(source.row(name, slot)[index])] if given and terminals else None

    return {
        "served": served,
        "connected": terminals > 0 or (served and not int(source.static("terminals")[index])),
        "reachable": bool(source.row("reachable", slot)[index]),
        "terminals": int(source.static("terminals")[index]),
        "terminals_connected": terminals,
        "population": _known(source.static("population")[index], 0),
        "usable_satellites": int(source.row("usable_satellites", slot)[index]),
        "satellite": int(source.row("serving_satellite", slot)[index]) if served else None,
        "gateway": int(source.row("serving_gateway", slot)[index]) if served else None,
        "lasers": int(source.row("lasers", slot)[index]) if served else None,
        "elevation_deg": value("elevation_deg", 1.0),
        "rtt_ms": value("rtt_s", MS),
        "rate_down_mbit_s": rate("rate_down_bit_s", rates),
        "rate_up_mbit_s": rate("rate_up_bit_s", uplink),
        "peak_down_mbit_s": value("peak_down_bit_s", MBIT, rates),
        "peak_up_mbit_s": value("peak_up_bit_s", MBIT, uplink),
        "limit_down": limit("limit_down", rates),
        "limit_up": limit("limit_up", uplink),
        "rain_loss_db": value("rain_loss_db", 1.0, rates),
    }


def _known(value: Any, digits: int = 3) -> float | None:
    return plain([value], digits)[0]


def _verdicts(source: Source, kind: Kind, index: int, slot: int) -> dict[str, str]:
    services = judged(source)
    name = "site_service_verdict" if kind == "site" else "service_verdict"
    if not services or not source.holds(name):
        return {}
    row = source.row(name, slot)[index].tolist()
    order = source.names["service"]["service"]
    return {service["name"]: VERDICT_WORDS[row[order.index(service["name"])]] for service in services}


def gaps(source: Source, connected: Bool, done: Bool, slot: int) -> tuple[Gap | None, Gap | None]:
    """Give the gap that a slot lies in, and the next that begins after it.

    Parameters
    ----------
    source : Source
        For its clock and slots.
    connected, done : (T,) bool
        In which slots of the run there is a connection, and which are there.
    slot : int
        Absolute slot.

    Returns
    -------
    tuple of Gap or None
    """
    off = done & ~connected
    edges = np.diff(np.concatenate([[0], off.astype(np.int8), [0]]))
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    here = slot - source.slots.start

    def gap(number: int) -> Gap:
        begin, end = int(begins[number]), int(ends[number])
        start = float(source.clock.start_unix_s(source.slots.start + begin))
        unknown_after = end == len(done) or not done[end]
        return Gap(start, (end - begin) * source.clock.interval_s, unknown_after)

    last = int(np.searchsorted(begins, here, "right")) - 1
    now = gap(last) if last >= 0 and here < ends[last] else None
    return now, gap(last + 1) if last + 1 < len(begins) else None
