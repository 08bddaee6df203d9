"""Finished runs side by side: what they gave, and in which inputs they differ."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from bentpipe.errors import Fault, InputError
from bentpipe.report import measures
from bentpipe.report.measures import Totals
from bentpipe.report.plain import DISCLAIMER
from bentpipe.report.reading import FinishedRun, Reading, read
from bentpipe.report.runrates import RateSummary, rate_summary
from bentpipe.report.wording import DASH, clipped, count, milliseconds, percent, utc

MISSING: Final = "not computed"
_WIDTH: Final = 34
#: Lists whose items go by id: named once where they differ, not value by value.
_LISTS: Final = ("gateways", "pops", "sites", "disruptions")
_WEAKEST_FIRST: Final = ("hypothetical", "assumed", "documented")
_PEAK: Final = (
    "Peak: what the links could give one terminal at the moment; limits of the terminal's modem are not modelled."
)


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Parameters
    ----------
    lines : tuple of str
        Notes and a table, for people.
    data : dict
        The same numbers for machines; the unit is in each key, shares are dimensionless (1 = all).
    """

    lines: tuple[str, ...]
    data: dict[str, Any]


class _Column(NamedTuple):
    """One run of the table."""

    run: FinishedRun
    reading: Reading
    total: Totals
    down: RateSummary | None
    up: RateSummary | None


def compare(*runs: FinishedRun) -> Comparison:
    """Compare finished runs.

    Parameters
    ----------
    *runs : FinishedRun
        Two or more opened runs, each once.

    Returns
    -------
    Comparison
        Lines for people and data for machines. Runs over different territories, spans, people or terminals are
        compared as they are, with a warning.

    Raises
    ------
    InputError
        Fewer than two runs, or one of them twice.
    """
    _refuse(runs)
    columns = [_column(run) for run in runs]
    warnings = _warnings(columns)
    asked = (*_ROWS, *_service_rows(columns))
    rows = [(label, unit, [value(column) for column in columns]) for label, unit, value in asked]
    differences = _differences(columns)
    names = _names(columns)
    table = [["", *names], *([_labelled(label, unit), *map(_shown(unit), values)] for label, unit, values in rows)]
    lines = [
        DISCLAIMER,
        *(f"Warning: {text}." for text in warnings),
        *_table(table),
        *([_PEAK] if any(column.down or column.up for column in columns) else []),
        "",
        "Inputs that differ (h: hypothetical, a: assumed, d: documented):" if differences else "No inputs differ.",
        *_table([["", *names], *([row["key"], *map(_input_shown, row["values"])] for row in differences)]),
    ]
    if not differences:
        lines.pop()
    data = {
        "simulated": True,
        "disclaimer": DISCLAIMER,
        "warnings": warnings,
        "runs": [_data(column, name, asked) for column, name in zip(columns, names, strict=True)],
        "differences": differences,
    }
    return Comparison(tuple(lines), data)


def _refuse(runs: Sequence[FinishedRun]) -> None:
    if len(runs) < 2:
        raise InputError(Fault("a comparison needs two runs", "compare", len(runs), "two runs or more"))
    folders = Counter(str(run.path.resolve()) for run in runs)
    twice = [Fault("a run is named twice", "compare", path, "each run once") for path, n in folders.items() if n > 1]
    if twice:
        raise InputError(*twice)


def _column(run: FinishedRun) -> _Column:
    reading = read(run)
    return _Column(
        run,
        reading,
        measures.totals(reading),
        rate_summary(run, reading, "down"),
        rate_summary(run, reading, "up"),
    )


def _names(columns: Sequence[_Column]) -> list[str]:
    """Names of the runs; their folders, where two have one name."""
    names = [column.reading.name for column in columns]
    if len(set(names)) == len(names):
        return names
    folders = [column.run.path.name for column in columns]
    return folders if len(set(folders)) == len(folders) else [str(column.run.path) for column in columns]


def _warnings(columns: Sequence[_Column]) -> list[str]:
    """What makes runs poor to compare."""
    asked: list[tuple[str, Callable[[_Column], Any]]] = [
        ("the runs cover different territories", lambda c: frozenset(c.reading.cells.ids)),
        ("the runs cover different spans of time", lambda c: (str(_start(c)), str(c.reading.end), c.reading.slot_s)),
        ("the runs have different numbers of people", lambda c: round(c.total.population)),
        ("the runs have different numbers of terminal users", lambda c: round(c.total.users)),
        ("the runs have different seeds", lambda c: tuple(c.reading.manifest.get("seeds", ())[:1])),
    ]
    found = [text for text, value in asked if len({value(column) for column in columns}) > 1]
    names = _names(columns)
    for name, column in zip(names, columns, strict=True):
        if not column.reading.manifest.get("complete", True):
            found.append(f"{name} is unfinished: slots that are not simulated yet count as without service")
        for rates, way in ((column.down, "to"), (column.up, "from")):
            if rates is None:
                found.append(f"{name} has no rates {way} users")
        own = f"{_said(column, 'constellation.operator')}: "
        found += [
            f"{name}: {text.removeprefix(own)}"
            for text in column.reading.manifest.get("warnings", ())
            if text.startswith(own)
        ]
        if column.reading.hypothetical:
            found.append(f"{name} is hypothetical: no statement about the past")
    return found


def _start(column: _Column) -> np.datetime64:
    times = column.reading.times
    return times[0] if len(times) else np.datetime64("NaT")


def _inputs(column: _Column) -> dict[str, dict[str, Any]]:
    return {str(row["key"]): row for row in column.reading.manifest.get("assumptions", [])}


def _said(column: _Column, key: str) -> str:
    row = _inputs(column).get(key)
    return DASH if row is None else str(row["value"])


def _satellites(column: _Column) -> float:
    found = column.reading.manifest.get("constellation", {}).get("in_service")
    return float(column.run.dataset.sizes.get("satellite", 0) if found is None else found)


def _access(column: _Column) -> str:
    return "as given, assumed" if "access.frame_ms" in _inputs(column) else "fitted to measurements"


def _handovers(column: _Column) -> float:
    """Changes of satellite of one served cell in an hour."""
    served = float(column.reading.regions.cells_served.sum()) * column.reading.slot_s / 3600.0
    return measures.ratio(float(column.reading.handovers.sum()), served)


def _antennas(column: _Column) -> float:
    available = column.reading.gateways.available
    return float(available.sum(axis=1).mean()) if available.size else 0.0


def _tracked(column: _Column) -> float:
    tracked = column.reading.satellites
    return float(tracked.mean()) if tracked.size else 0.0


def _of(way: str, field: str) -> Callable[[_Column], float | None]:
    def value(column: _Column) -> float | None:
        rates: RateSummary | None = getattr(column, way)
        return None if rates is None else float(getattr(rates, field))

    return value


def _given_share(way: str) -> Callable[[_Column], float | None]:
    def value(column: _Column) -> float | None:
        rates: RateSummary | None = getattr(column, way)
        return None if rates is None else measures.ratio(rates.given_bit_s, rates.offered_bit_s)

    return value


def _works(service: str) -> Callable[[_Column], float | None]:
    def value(column: _Column) -> float | None:
        found = column.reading.services
        if found is None or service not in found.names:
            return None
        return measures.ratio(float(found.works[:, found.names.index(service)].mean()), column.total.terminals)

    return value


def _follows(what: str, name: str) -> Callable[[_Column], float | None]:
    def value(column: _Column) -> float | None:
        follow = None if column.reading.services is None else getattr(column.reading.services, what)
        return None if follow is None else float(follow.share(name))

    return value


def _service_rows(columns: Sequence[_Column]) -> list[_Row]:
    """Rows on the services that any of the runs judges."""
    judged = [column.reading.services for column in columns if column.reading.services is not None]
    names = dict.fromkeys(name for services in judged for name in services.names)
    rows: list[_Row] = [(f"{name}: works for users, mean", "share", _works(name)) for name in names]
    if any(services.poll for services in judged):
        rows.append(("poll: counted before it closes", "share", _follows("poll", "before_it_closes")))
    if any(services.conference for services in judged):
        rows.append(("conference: lasts", "share", _follows("conference", "held")))
    return rows


_Row = tuple[str, str, Callable[[_Column], Any]]
_ROWS: Final[tuple[_Row, ...]] = (
    ("hypothetical", "", lambda c: "yes" if c.reading.hypothetical else "no"),
    ("operator", "", lambda c: _said(c, "constellation.operator")),
    ("satellites from", "", lambda c: _said(c, "constellation.source")),
    ("start", "", lambda c: utc(_start(c)) if len(c.reading.times) else DASH),
    ("simulated time", "h", lambda c: c.reading.span_s / 3600.0),
    ("satellites in service", "count", _satellites),
    ("satellites followed, mean", "count", _tracked),
    ("gateways", "count", lambda c: float(len(c.reading.gateways.ids))),
    ("gateway antennas, mean", "count", _antennas),
    ("terminal users", "count", lambda c: c.total.users),
    ("connected users, mean", "count", lambda c: c.total.mean),
    ("connected share, mean", "share", lambda c: c.total.mean_share),
    ("connected users, worst slot", "count", lambda c: c.total.worst),
    ("connected share, worst slot", "share", lambda c: c.total.worst_share),
    ("cell-slots in reach", "share", lambda c: c.total.reachable_share),
    ("round trip, p50", "s", lambda c: c.total.delay_p50_s),
    ("round trip, p95", "s", lambda c: c.total.delay_p95_s),
    ("delay of the access network", "", _access),
    ("handovers of a cell", "per hour", _handovers),
    ("offered to users, mean", "bit/s", _of("down", "offered_bit_s")),
    ("given to users, mean", "bit/s", _of("down", "given_bit_s")),
    ("given of offered to users", "share", _given_share("down")),
    ("peak of a terminal down, p5", "bit/s", _of("down", "peak_p5_bit_s")),
    ("peak of a terminal down, p50", "bit/s", _of("down", "peak_p50_bit_s")),
    ("offered from users, mean", "bit/s", _of("up", "offered_bit_s")),
    ("given from users, mean", "bit/s", _of("up", "given_bit_s")),
    ("given of offered from users", "share", _given_share("up")),
    ("peak of a terminal up, p5", "bit/s", _of("up", "peak_p5_bit_s")),
    ("peak of a terminal up, p50", "bit/s", _of("up", "peak_p50_bit_s")),
    ("inputs assumed or hypothetical", "count", lambda c: float(measures.assumed(c.reading))),
    ("inputs in all", "count", lambda c: float(len(c.reading.manifest.get("assumptions", [])))),
)
"""Label, unit and value of each row; None where it was not computed, NaN where there is nothing to measure."""


def _labelled(label: str, unit: str) -> str:
    named = {"s": "ms", "bit/s": "Mbit/s", "count": "", "share": "", "": ""}.get(unit, unit)
    return f"{label}, {named}" if named else label


def _shown(unit: str) -> Callable[[Any], str]:
    def show(value: Any) -> str:
        if value is None:
            return MISSING
        if isinstance(value, str):
            return value
        if not math.isfinite(value):
            return DASH
        if unit == "share":
            return percent(value)
        if unit == "s":
            return milliseconds(value, unit=False)
        if unit == "bit/s":
            return f"{value / 1e6:.4g}" if value < 1e10 else count(value / 1e6)
        return count(value) if unit == "count" else f"{value:.3g}"

    return show


def _data(column: _Column, name: str, rows: Sequence[_Row]) -> dict[str, Any]:
    """The rows of one run for machines, each key with its unit."""
    out: dict[str, Any] = {"name": name, "path": str(column.run.path), "title": column.reading.title}
    ends = {"s": "_ms", "bit/s": "_bit_s", "h": "_h", "per hour": "_per_hour"}
    for label, unit, value in rows:
        found = value(column)
        key = label.replace(",", "").replace(":", "").replace("-", "_").replace(" ", "_") + ends.get(unit, "")
        if isinstance(found, float):
            found = found * 1e3 if unit == "s" else found
            found = found if math.isfinite(found) else None
        out[key] = found == "yes" if label == "hypothetical" else found
    return out


def _differences(columns: Sequence[_Column]) -> list[dict[str, Any]]:
    """Inputs that differ: value by value, lists of gateways, sites and events by the ids of their items."""
    inputs = [_inputs(column) for column in columns]
    keys = [key for key in dict.fromkeys(key for rows in inputs for key in rows) if key.split(".")[0] not in _LISTS]
    found = []
    for key in keys:
        values = [rows.get(key) for rows in inputs]
        if len({str(row["value"]) if row else None for row in values}) > 1:
            told = [None if row is None else {"value": row["value"], "tag": row["tag"]} for row in values]
            found.append({"key": key, "unit": next(row["unit"] for row in values if row), "values": told})
    for part in _LISTS:
        held = [{k: str(row["value"]) for k, row in rows.items() if k.split(".")[0] == part} for rows in inputs]
        if any(values != held[0] for values in held):
            ids = [list(dict.fromkeys(key.split(".")[1] for key in values if "." in key)) for values in held]
            tags = [Counter(row["tag"] for key, row in rows.items() if key.split(".")[0] == part) for rows in inputs]
            told = [
                {"value": names, "tag": next((word for word in _WEAKEST_FIRST if tag[word]), "")}
                for names, tag in zip(ids, tags, strict=True)
            ]
            found.append({"key": part, "unit": "", "values": told})
    return found


def _input_shown(entry: dict[str, Any] | None) -> str:
    if entry is None:
        return DASH
    value = entry["value"]
    text = ", ".join(map(str, value)) if isinstance(value, list) else f"{value:g}" if _number(value) else str(value)
    return clipped(text, _WIDTH - 4) + (f" ({str(entry['tag'])[0]})" if entry["tag"] else "")


def _number(value: object) -> bool:
    return isinstance(value, float)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay rows of texts out in columns."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
