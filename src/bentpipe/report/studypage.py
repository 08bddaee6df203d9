"""The report of a study: one HTML file that needs nothing else and may fetch nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

from bentpipe.report import studycharts
from bentpipe.report.charts import SIZES, Size
from bentpipe.report.html import fill_page
from bentpipe.report.plain import DISCLAIMER
from bentpipe.report.quantity import Quantity, quantity
from bentpipe.report.studyreading import LISTED, Dimension, EffectOf, StudyReading, spread
from bentpipe.report.tornado import ROWS, tornado
from bentpipe.report.wording import count, percent, plural

#: Drawn inputs that have a panel, the strongest first.
_DRAWN = 6


def render_study(reading: StudyReading) -> str:
    """Return the HTML of a study's report.

    Parameters
    ----------
    reading : StudyReading

    Returns
    -------
    str
    """
    from importlib.metadata import version

    from markupsafe import Markup

    unit = unit_of(reading)
    figures = {name: Markup(svg) for name, svg in _figures(reading, unit).items()}
    axes = reading.axes
    grid = studycharts.grid_values(reading) if axes else None
    context = {
        "r": reading, "unit": unit, "figures": figures, "headline": headline(reading, unit),
        "lines": _lines(reading, unit), "overall": spread(reading.values.ravel()), "varied": varied_words(reading),
        "table": _table(reading, unit),
        "listed": LISTED, "axes": axes, "effects": reading.effects[:ROWS], "by": _grouping(reading),
        "legend": [axes[2].labels[i] for i in studycharts.picked(len(axes[2].labels), studycharts.LINES)]
        if len(axes) > 2 else [],
        "panels": (0, 0) if grid is None else (min(grid.shape[1], studycharts.PANELS), grid.shape[1]),
        "inputs": _inputs(reading), "disclaimer": DISCLAIMER, "version": version("bentpipe"), "number": count,
        "share": percent, "runs": reading.values.size, "complete": int(reading.complete.sum()),
    }  # fmt: skip
    return fill_page("study.html.j2", context)


def unit_of(reading: StudyReading) -> Quantity:
    """How the values of a study's measure are written."""
    ends = [v for e in reading.effects for v in (e.low, e.high) if e.change]
    return quantity(reading.measure["unit"], ends or list(spread(reading.values.ravel())[:3]))


def varied_words(reading: StudyReading) -> str:
    """Say what was varied: ``load (3 values), antennas (3 values) and 10 draws of background``."""
    parts = [f"{d.name} ({plural(len(d.labels), 'value')})" for d in reading.axes]
    for d in reading.chance:
        names = joined([one.name for one in reading.drawn])
        parts.append(
            plural(len(d.labels), "seed") if d.kind == "seed" else f"{plural(len(d.labels), 'draw')} of {names}"
        )
    return joined(parts)


def joined(words: Sequence[str]) -> str:
    """Join words: ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else list(words))


def headline(reading: StudyReading, unit: Quantity) -> str:
    """Say in one sentence what matters most."""
    runs = plural(reading.values.size, "run")
    varied = varied_words(reading)
    begin = f"{runs} varied {varied}" if varied else "One run, with nothing varied"
    if not reading.known.size:
        return f"{begin}; none has a value of the measure yet (simulated)."
    effects = [e for e in reading.effects if e.kind != "seed"]
    if not effects:
        low, median, high, _ = spread(reading.values.ravel())
        told = f"{unit.text(median)} in the median run, {unit.span(low, high)} from the 5th to the 95th percentile"
        return f"{begin}: {told if reading.known.size > 1 else unit.text(median)} (simulated)."
    first = effects[0]
    if not first.change:
        stays = unit.text(float(reading.known.mean()))
        return f"{begin}: nothing of it changes the measure, which stays {stays} (simulated)."
    what = reading.measure["words"]
    sure = ""
    if first.interval is not None and not (first.interval[0] > 0 or first.interval[1] < 0):
        sure = "; what chance alone does is as large"
    return (
        f"{begin}. It depends {'most ' if len(effects) > 1 else ''}on {first.name}: {unit.text(first.low)} at "
        f"{_at(first, 'low')}, {unit.text(first.high)} at {_at(first, 'high')}{sure} ({what}; simulated)."
    )


def _at(effect: EffectOf, end: str) -> str:
    words = effect.low_at if end == "low" else effect.high_at
    return f"its {words}" if effect.kind == "drawn" and "quarter" in words else f"{effect.name} {words}"


def _lines(reading: StudyReading, unit: Quantity) -> list[tuple[str, str]]:
    """The short answer beside the headline."""
    found = [("Measure", f"{reading.measure['words']} ({reading.measure['name']})")]
    if reading.measure["rule"]:
        found.append(("One number", f"{reading.measure['rule']}."))
    others = [e for e in reading.effects if e.kind != "seed"][1:4]
    moved = [f"{e.name} {unit.difference(e.change)}" for e in others if e.change]
    still = [e.name for e in others if not e.change]
    words = ([f"{joined(moved)} between the lowest and the highest mean."] if moved else []) + (
        [f"{joined(still)}: no change."] if still else []
    )
    if words:
        found.append(("Then", " ".join(words)))
    chance = next((e for e in reading.effects if e.kind == "seed"), None)
    if chance is not None:
        found.append(
            ("Chance", f"{unit.difference(chance.change)} between the 5th and the 95th percentile of the seeds.")
        )
    missing = int((~reading.complete).sum())
    empty = int((reading.complete & np.isnan(reading.values)).sum())
    told = f"{plural(int(reading.complete.sum()), 'run')} of {count(reading.values.size, 9)} done"
    told += f", {count(missing, 9)} left out ({count(len(reading.failures), 9)} given up)" if missing else ""
    told += f", {count(empty, 9)} without a value of the measure" if empty else ""
    found.append(("Runs", told + "."))
    return found


def _grouping(reading: StudyReading) -> Dimension | None:
    """The axis whose values have a line each in the exceedance figure: the one that matters most, if few."""
    by_name = {d.name: d for d in reading.axes}
    for effect in reading.effects:
        axis = by_name.get(effect.name)
        if axis is not None and 1 < len(axis.labels) <= studycharts.LINES and effect.change:
            return axis if reading.known.size / len(axis.labels) >= 3 else None
    return None


def _figures(reading: StudyReading, unit: Quantity) -> dict[str, str]:
    """Draw every figure that there are numbers for, in both layouts."""
    known = reading.known
    varies = known.size > 0 and known[-1] - known[0] > 1e-12 * max(abs(known[-1]), 1e-300)
    draw: dict[str, Callable[[Size], str]] = {}
    if reading.axes and known.size > 1:
        draw["multiples"] = lambda size: studycharts.small_multiples(reading, unit, size)
    if known.size >= studycharts.FEWEST and varies:
        by = _grouping(reading)
        draw["exceedance"] = lambda size: studycharts.exceedance(reading, unit, size, by)
        if not reading.axes:
            draw["histogram"] = lambda size: studycharts.histogram(reading, unit, size)
    if any(e.change for e in reading.effects if e.kind != "seed"):
        draw["tornado"] = lambda size: tornado(reading, unit, size)
    numeric = [e.name for e in reading.effects if e.kind == "drawn" and "quarter" in e.low_at and e.change][:_DRAWN]
    if numeric and np.isfinite(reading.by_draw).sum() > 2:
        draw["drawn"] = lambda size: studycharts.drawn_panels(reading, unit, size, numeric)
    names = ("multiples", "exceedance", "histogram", "tornado", "drawn")
    return {name: "".join(draw[name](size) for size in SIZES) if name in draw else "" for name in names}


def _table(reading: StudyReading, unit: Quantity) -> list[dict[str, Any]]:
    """One row for each combination of the axes; for each run where there are none."""
    if not reading.axes:
        return _runs(reading, unit)
    held, complete = reading.by_axes, _complete_by_axes(reading)
    rows = []
    for index in product(*(range(n) for n in held.shape[:-1])):
        found = spread(held[index])
        at = [
            (axis.labels[i], axis.numbers[i] if axis.numbers else None)
            for axis, i in zip(reading.axes, index, strict=True)
        ]
        rows.append(
            {"at": at, "s": found, "left_out": held.shape[-1] - found.runs, "unfinished": int((~complete[index]).sum())}
        )
        if len(rows) == LISTED:
            break
    return rows


def _complete_by_axes(reading: StudyReading) -> np.ndarray[Any, np.dtype[np.bool_]]:
    order = [reading.dimensions.index(d) for d in (*reading.axes, *reading.chance)]
    moved = np.transpose(reading.complete, order)
    return moved.reshape(*moved.shape[: len(reading.axes)], -1)


def _runs(reading: StudyReading, unit: Quantity) -> list[dict[str, Any]]:
    rows = []
    for index in np.ndindex(*reading.values.shape):
        at: list[tuple[str, float | None]] = [
            (d.labels[i], d.numbers[i] if d.numbers else None) for d, i in zip(reading.dimensions, index, strict=True)
        ]
        for one in reading.drawn:
            value = one.values[index[-1]]
            plain = isinstance(value, int | float) and not isinstance(value, bool)
            at.append((f"{value:.4g}" if isinstance(value, float) else str(value), float(value) if plain else None))
        found = spread(np.atleast_1d(reading.values[index]))
        rows.append({"at": at, "s": found, "left_out": 1 - found.runs, "unfinished": int(not reading.complete[index])})
        if len(rows) == LISTED:
            break
    return rows


def _inputs(reading: StudyReading) -> list[dict[str, str]]:
    """What the study sets, tagged: values of axes are chosen, not known."""
    rows = []
    for d in reading.dimensions:
        if d.kind == "draw":
            continue
        values = ", ".join(d.labels[:8]) + (f", \u2026 ({len(d.labels)} values)" if len(d.labels) > 8 else "")
        note = "chance: the scenario\u2019s random numbers" if d.kind == "seed" else "axis of the study"
        for key in d.keys or (d.name,):
            rows.append({"key": key, "value": values, "tag": "assumed", "note": note})
    for one in reading.drawn:
        numbers = [v for v in one.values if isinstance(v, int | float) and not isinstance(v, bool)]
        words = (
            f"{min(numbers):.4g} to {max(numbers):.4g}" if numbers else ", ".join(sorted({str(v) for v in one.values}))
        )
        for key in one.keys:
            rows.append({"key": key, "value": words, "tag": "assumed", "note": f"drawn {len(one.values)} times"})
    for key, value in reading.fixed.items():
        rows.append({"key": key, "value": str(value), "tag": "assumed", "note": "fixed for all runs"})
    return rows
