"""Tables to keep: cells, regions and series of a run as CSV, cells as GeoJSON, each with where it comes from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bentpipe.globe.cellshapes import cell_geometry
from bentpipe.globe.cellvalues import cell_values, difference, values_of_both
from bentpipe.globe.numbers import plain, region_numbers
from bentpipe.globe.places import Kind, series
from bentpipe.globe.scene import edits_text, remarks
from bentpipe.globe.shown import Shown, one
from bentpipe.globe.source import Source, WhatIfSource

DIGITS = 6


def cells_csv(source: Source, variable: str, slot: int, other: Source | None = None) -> str:
    """Give a variable of every cell in one slot as CSV, with remark lines that begin with ``#``.

    Parameters
    ----------
    source : Source
        A run or a what-if.
    variable : str
        A name of ``shown.csv``.
    slot : int
        Absolute slot.
    other : Source, optional
        With which it is compared: columns "other" and "difference" are added.

    Returns
    -------
    str
        Columns id (H3), latitude_deg, longitude_deg, region, terminals, population, value; values in the unit shown,
        empty where there is none, words where they are categories.

    Raises
    ------
    UnknownNameError
        Where a run lacks the variable.
    LookupError
        Where the slot is not computed.
    """
    shown = one(source, variable)
    columns = {**_cell_columns(source), **_values(source, shown, slot, other)}
    return _csv(_about(source, slot, shown, other), columns)


def cells_geojson(source: Source, variable: str, slot: int, other: Source | None = None) -> str:
    """Give a variable of every cell in one slot as GeoJSON (RFC 7946): hexagons with properties.

    Parameters
    ----------
    source, variable, slot, other
        As for `cells_csv`.

    Returns
    -------
    str
        A FeatureCollection; its "metadata" holds the remarks.
    """
    shown = one(source, variable)
    columns = {**_cell_columns(source), **_values(source, shown, slot, other)}
    keys = [key for key in columns if key not in ("id", "latitude_deg", "longitude_deg")]
    metadata = {
        "remarks": _about(source, slot, shown, other),
        "variable": shown.name,
        "label": shown.label,
        "unit": shown.unit,
        "meaning": shown.meaning,
        "slot": slot,
        "start_utc": _utc(source, slot),
    }
    # Feature by feature: a tree of all of them would take ten times the memory of their text.
    features = (
        _json({
            "type": "Feature",
            "id": columns["id"][i],
            "geometry": cell_geometry(cell),
            "properties": {key: columns[key][i] for key in keys},
        })
        for i, cell in enumerate(source.cells.tolist())
    )  # fmt: skip
    return f'{{"type":"FeatureCollection","metadata":{_json(metadata)},"features":[{",".join(features)}]}}'


def regions_csv(source: Source, slot: int) -> str:
    """Give the numbers of every region in one slot as CSV.

    Parameters
    ----------
    source : Source
        A run or a what-if.
    slot : int
        Absolute slot.

    Returns
    -------
    str
        Columns code, name, population, terminals and those of `bentpipe.globe.numbers.region_numbers`.
    """
    rows = region_numbers(source, slot)
    columns: dict[str, Sequence[Any]] = {
        "code": source.names["region"]["region"],
        "name": source.names["region"]["region_name"],
        "population": plain(source.static("region_population"), 0),
        "terminals": source.static("region_terminals").tolist(),
    }
    unit = {"peak_p10": "peak_p10_mbit_s", "peak_p50": "peak_p50_mbit_s", "peak_p90": "peak_p90_mbit_s"}
    for key in rows[0] if rows else ():
        columns[unit.get(key, key)] = [row[key] for row in rows]
    about = [
        *_about(source, slot),
        "percentiles are over connected terminals; rates of the region together are towards users",
        "connected_mean and connected_worst are over all slots that are computed",
    ]
    return _csv(about, columns)


def series_csv(source: Source, kind: Kind, index: int) -> str:
    """Give a cell or a site over the slots that are there as CSV.

    Parameters
    ----------
    source : Source
        A run or a what-if.
    kind : "cell" or "site"
    index : int
        Of the cell or site.

    Returns
    -------
    str
        Column start_utc and those of `bentpipe.globe.places.series`.
    """
    columns = series(source, kind, index)
    ms = np.round(np.array(columns.pop("unix_s"), np.float64) * 1000.0).astype(np.int64).astype("datetime64[ms]")
    names = source.names[kind]
    place = names["cell"][index] if kind == "cell" else f"{names['site_name'][index]} ({names['site'][index]})"
    about = [
        *remarks(source),
        f"{kind}: {place}",
        "rate: what a connected terminal is given; peak: what one terminal could get",
        "rtt: median round trip from an idle terminal to the point of presence",
    ]
    return _csv(about, {"start_utc": [f"{text}Z" for text in np.datetime_as_string(ms, "s").tolist()], **columns})


def _cell_columns(source: Source) -> dict[str, Sequence[Any]]:
    regions = [*source.names["region"]["region"], ""]  # -1 takes the last
    return {
        "id": source.names["cell"]["cell"],
        "latitude_deg": plain(source.static("latitude_deg"), 5),
        "longitude_deg": plain(source.static("longitude_deg"), 5),
        "region": [regions[i] for i in source.static("region_of_cell").tolist()],
        "terminals": source.static("terminals").tolist(),
        "population": plain(source.static("population"), 0),
    }


def _values(source: Source, shown: Shown, slot: int, other: Source | None) -> dict[str, Sequence[Any]]:
    if other is None:
        return {"value": _in_words(shown, cell_values(source, shown.name, slot))}
    here, there = values_of_both(source, other, shown.name, slot)
    if shown.name == "gateway":
        own, others = shown.categories, one(other, shown.name)
        more = [n for id, n in _gateways(other).items() if id not in _gateways(source)]
        shown = replace(shown, categories=(*own, *(others.categories[n] for n in more)))
    return {
        "value": _in_words(shown, here),
        "other": _in_words(shown, there),
        "difference": plain(difference(source, other, shown.name, slot), DIGITS),
    }


def _gateways(source: Source) -> dict[str, int]:
    return {id: n for n, id in enumerate(source.names["gateway"]["gateway"])}


def _in_words(shown: Shown, values: Any) -> list[Any]:
    numbers = plain(values, DIGITS)
    if shown.kind != "category":
        return numbers
    return [None if number is None else shown.categories[int(number)] for number in numbers]


def _about(source: Source, slot: int, shown: Shown | None = None, other: Source | None = None) -> list[str]:
    lines = remarks(source)
    lines.append(f"slot {slot}, from {_utc(source, slot)} for {source.clock.interval_s:g} s")
    if shown is not None:
        unit = f", {shown.unit}" if shown.unit else ""
        words = f" ({', '.join(f'{n} {word}' for n, word in enumerate(shown.categories))})" if shown.categories else ""
        lines.append(f"value: {shown.label}{unit}{'' if shown.kind == 'category' else words}: {shown.meaning}")
    if other is not None:
        kind = f"what if {'; '.join(edits_text(other))}" if isinstance(other, WhatIfSource) else "run"
        lines.append(f"other: {kind}, {other.manifest['title']} ({other.manifest['name']})")
        if shown is not None and shown.kind == "category":
            lines.append("difference: 1 where the two are not the same")
        else:
            lines.append("difference: value less other")
        if shown is not None and shown.name == "availability":
            lines.append("both over the slots that both have")
    return lines


def _utc(source: Source, slot: int) -> str:
    return f"{np.datetime_as_string(source.clock.start_utc(slot), 's')}Z"


def _csv(about: Iterable[str], columns: dict[str, Sequence[Any]]) -> str:
    out = io.StringIO()
    for line in about:
        out.write("# " + " ".join(line.split()) + "\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return out.getvalue()


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
