"""Two studies side by side: paired run by run, by their coordinates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bentpipe.errors import Fault, InputError
from bentpipe.report.plain import DISCLAIMER
from bentpipe.report.quantity import quantity
from bentpipe.report.wording import clipped, plural
from bentpipe.sweep.effects import label
from bentpipe.sweep.matrix import differences
from bentpipe.sweep.measure import candidates, in_numbers, measure_of
from bentpipe.sweep.opened import StudyResults
from bentpipe.sweep.statistics import CHANCE, Array, check_bootstrap, interval, resampled

if TYPE_CHECKING:
    import xarray

#: Inputs that differ, told one by one.
SHOWN = 20


@dataclass(frozen=True)
class StudyComparison:
    """Two studies side by side.

    Parameters
    ----------
    lines : tuple of str
        Notes and a table, for people.
    data : dict
        The same numbers for machines, in the units of ``variables.csv``; shares are dimensionless (1 = all).
    """

    lines: tuple[str, ...]
    data: dict[str, Any]


def compare_studies(
    first: StudyResults, second: StudyResults, *, resamples: int = 1000, seed: int = 1, confidence: float = 0.95
) -> StudyComparison:
    """Compare two studies of the same axes, run by run.

    Runs are paired by their values along every dimension; a pair of which one is missing, or has no value, is left
    out and counted. The interval of the mean difference is a percentile bootstrap over seeds and draws, or over all
    pairs where there are none.

    Parameters
    ----------
    first, second : StudyResults
        Opened studies.
    resamples : int
        Of the bootstrap, from 100.
    seed : int
        Of its random numbers.
    confidence : float
        Of the intervals, above 0 and below 1.

    Returns
    -------
    StudyComparison
        Mean of each kept statistic, the mean difference (second less first) with its interval, and the share of the
        pairs in which it is larger in the second.

    Raises
    ------
    InputError
        Where the dimensions differ, or the studies have no run or no statistic in common.
    """
    check_bootstrap(resamples, confidence, seed)
    common = _common(first, second)
    rows = []
    left, right = (_at(study, common) for study in (first, second))
    for name in candidates(left, first.dims):
        if name in right.data_vars:
            rows.append(_row(name, (left, right), (first, second), (resamples, seed, confidence)))
    if not rows:
        raise InputError(Fault("the studies keep nothing in common", "compare"))
    notes, inputs = _notes(first, second, common), _inputs(first, second)
    names = _names(first, second)
    over = [d for d in first.dims if d in CHANCE] or list(first.dims)
    data = {
        "simulated": True, "disclaimer": DISCLAIMER, "notes": notes, "confidence": confidence, "resamples": resamples,
        "studies": [_about(n, s) for n, s in zip(names, (first, second), strict=True)],
        "pairs": int(np.prod([len(v) for v in common.values()], dtype=np.int64)), "over": over,
        "statistics": rows, "differences": inputs,
    }  # fmt: skip
    return StudyComparison(tuple(_lines(data, names)), data)


def _about(name: str, study: StudyResults) -> dict[str, Any]:
    return {"name": name, "place": study.url, "runs": study.plan["runs"], "complete": study.complete_runs}


def _common(first: StudyResults, second: StudyResults) -> dict[str, list[Any]]:
    """Values along each dimension that both have."""
    if set(first.dims) != set(second.dims):
        alone = [f"{d} (only in {s.study['name']})" for s, o in ((first, second), (second, first))
                 for d in s.dims if d not in o.dims]  # fmt: skip
        remedy = "run both with the same axes; an axis of one value is one too"
        raise InputError(Fault("the studies have different axes", "compare", ", ".join(alone), "the same axes", remedy))
    common = {}
    for dim in first.dims:
        a, b = first.study["coordinates"][dim], second.study["coordinates"][dim]
        common[dim] = [v for v in a if v in b]
        if not common[dim]:
            found = f"{_few(a)} and {_few(b)}"
            raise InputError(Fault(f"the studies have no value of {dim} in common", "compare", found))
    return common


def _few(values: Sequence[Any]) -> str:
    return ", ".join(label(v) for v in values[:6]) + (", ..." if len(values) > 6 else "")


def _at(study: StudyResults, common: dict[str, list[Any]]) -> xarray.Dataset:
    """The runs of a study at the common values, in their order."""
    along = study.study["coordinates"]
    return study.dataset.isel({dim: [along[dim].index(v) for v in values] for dim, values in common.items()})


def _row(
    name: str,
    datasets: tuple[xarray.Dataset, xarray.Dataset],
    studies: tuple[StudyResults, StudyResults],
    how: tuple[int, int, float],
) -> dict[str, Any]:
    varied = [key for s in studies for keys in s.study["axis_keys"].values() for key in keys]
    measures = [measure_of(ds, s.dims, name, varied) for ds, s in zip(datasets, studies, strict=True)]
    if len({m.unit for m in measures}) > 1:  # a share of terminals in one, and their number in the other
        measures = [measure_of(ds, s.dims, f"{name}@sum", varied) for ds, s in zip(datasets, studies, strict=True)]
    dims = studies[0].dims
    a, b = (in_numbers(m.values, dims) for m in measures)
    apart = b - a
    there = ~np.isnan(apart)
    pairs = int(there.sum())
    ends = _ends(apart, dims, how) if pairs > 1 else None
    return {
        "name": name, "words": measures[0].words, "unit": measures[0].unit, "rule": measures[0].rule,
        "mean": [_plain(a[there]), _plain(b[there])], "difference": _plain(apart[there]), "interval": ends,
        "larger_share": float((apart[there] > 0).mean()) if pairs else None,
        "smaller_share": float((apart[there] < 0).mean()) if pairs else None,
        "pairs": pairs, "left_out": apart.size - pairs,
    }  # fmt: skip


def _plain(values: Array) -> float | None:
    return float(values.mean()) if values.size else None


def _ends(apart: Array, dims: Sequence[str], how: tuple[int, int, float]) -> list[float] | None:
    """Interval of the mean difference: over seeds and draws, the axes averaged; over the pairs where there are none."""
    resamples, seed, confidence = how
    chance = {d: apart.shape[dims.index(d)] for d in CHANCE if d in dims and apart.shape[dims.index(d)] > 1}
    if chance:
        order = [i for i, d in enumerate(dims) if d in chance]
        rest = [i for i, d in enumerate(dims) if d not in chance]
        # Sums and counts, so that every pair counts once however many are missing.
        held = np.transpose(apart, [*rest, *order]).reshape(-1, *chance.values())
        count = (~np.isnan(held)).sum(axis=0).astype(np.float64)
        total = np.nansum(held, axis=0)
        up, down = (resampled(v, chance, "sum", resamples, seed) for v in (total, count))
        found = np.where(down > 0, up / np.where(down > 0, down, 1.0), np.nan)
    else:
        flat = apart[~np.isnan(apart)].ravel()
        found = resampled(flat, {"pair": flat.size}, "mean", resamples, seed)
    low, high = interval(found, confidence).tolist()
    return None if np.isnan(low) else [low, high]


def _notes(first: StudyResults, second: StudyResults, common: dict[str, list[Any]]) -> list[str]:
    """What makes the two poor to compare."""
    notes = []
    names = _names(first, second)
    for dim, values in common.items():
        for name, study in zip(names, (first, second), strict=True):
            extra = [v for v in study.study["coordinates"][dim] if v not in values]
            if extra:
                notes.append(f"only {name} has {dim} {_few(extra)}: left out")
        keys = [s.study["axis_keys"].get(dim) for s in (first, second)]
        if keys[0] != keys[1]:
            notes.append(f"{dim} sets different keys: {', '.join(keys[0] or ())} and {', '.join(keys[1] or ())}")
    drawn = [s.study["drawn"] for s in (first, second)]
    for one in dict.fromkeys([*drawn[0], *drawn[1]]):
        if one not in drawn[0] or one not in drawn[1]:
            notes.append(f"only {names[0 if one in drawn[0] else 1]} draws {one}")
            continue
        a, b = drawn[0][one], drawn[1][one]
        if any(x != y for x, y in zip(a, b, strict=False)):
            notes.append(f"the values of {one} differ from draw to draw: pairs share no more than their number")
    for name, study in zip(names, (first, second), strict=True):
        if not study.complete:
            notes.append(f"{name} is unfinished: {study.plan['runs'] - study.complete_runs:,} runs are missing")
    for name in sorted({*first.study["versions"], *second.study["versions"]}):
        found = [s.study["versions"].get(name, "none") for s in (first, second)]
        if found[0] != found[1]:
            notes.append(f"computed with different versions of {name}: {found[0]} and {found[1]}")
    return notes


def _names(first: StudyResults, second: StudyResults) -> tuple[str, str]:
    a, b = first.study["name"], second.study["name"]
    if a != b:
        return a, b
    folders = [Path(s.url.rstrip("/")).name for s in (first, second)]
    return (folders[0], folders[1]) if folders[0] != folders[1] else (f"{a} (first)", f"{b} (second)")


def _inputs(first: StudyResults, second: StudyResults) -> list[dict[str, Any]]:
    """Inputs in which the first runs of the two differ, by dotted key, without those that an axis sets."""
    documents = [study.base_document() for study in (first, second)]
    varied = {key for s in (first, second) for keys in s.study["axis_keys"].values() for key in keys}
    found = []
    for path, new in differences(documents[0], documents[1]):
        key = ".".join(map(str, path))
        if key not in varied:
            found.append(
                {"key": key, "values": [_value_at(documents[0], path), None if new == {"bentpipe": "gone"} else new]}
            )
    return found


def _value_at(document: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def _lines(data: dict[str, Any], names: tuple[str, str]) -> list[str]:
    confidence = f"{100 * data['confidence']:g} %"
    table = [["", *names, "difference", f"{confidence} interval", "larger in", "pairs"]]
    for row in data["statistics"]:
        table.append(_shown(row))
    over = " and ".join(f"{d}s" for d in data["over"] if d in CHANCE) or "all pairs"
    what = (
        f"Means over {plural(data['pairs'], 'pair')} of runs; difference: {names[1]} less {names[0]}; "
        f"interval: percentile bootstrap over {over}."
    )
    inputs = [f"{r['key']}: {_told(r['values'][0])} | {_told(r['values'][1])}" for r in data["differences"]]
    more = [f"and {len(inputs) - SHOWN} more"] if len(inputs) > SHOWN else []
    return [
        DISCLAIMER, *(f"Note: {n}." for n in data["notes"]), what, *_table(table), "",
        "Inputs that differ in the first runs:" if inputs else "No inputs differ but those of the axes.",
        *inputs[:SHOWN], *more,
    ]  # fmt: skip


def _told(value: Any) -> str:
    return "not given" if value is None else clipped(value if isinstance(value, str) else json.dumps(value), 40)


def _shown(row: dict[str, Any]) -> list[str]:
    if not row["pairs"]:
        return [row["name"], "no pair", "", "", "", "", "0"]
    near = [abs(v) for v in (row["difference"], *(row["interval"] or ())) if v]
    unit = quantity(row["unit"], [*row["mean"], *list(row["mean"])])
    fine = quantity(row["unit"], [0.0, max(near, default=0.0)])
    fine = fine if fine.unit == unit.unit else unit
    sign = "+" if row["difference"] > 0 else ""
    ends = "\u2013" if row["interval"] is None else fine.span(row["interval"][0], row["interval"][1], difference=True)
    larger = f"{100 * row['larger_share']:.0f} %"
    missing = f" ({row['left_out']} left out)" if row["left_out"] else ""
    return [
        row["name"], unit.text(row["mean"][0]), unit.text(row["mean"][1]), sign + fine.difference(row["difference"]),
        ends, larger, f"{row['pairs']}{missing}",
    ]  # fmt: skip


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
