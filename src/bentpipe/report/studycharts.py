"""Figures of a study: small multiples, histogram, exceedance, drawn inputs; each for a wide page and for a phone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import product

import numpy as np

from bentpipe.report.charts import Size
from bentpipe.report.quantity import Quantity, ends_of
from bentpipe.report.studyreading import Dimension, Float, Spread, StudyReading, mean_of, spread
from bentpipe.report.svg import Drawing, axis_number, number, text_width
from bentpipe.report.wording import clipped, percent, plural

#: Panels, and lines in a panel, at most; classes of the style sheet go so far.
PANELS, LINES = 12, 6
STAMP = "simulated"
#: Fewest runs of which a distribution is drawn.
FEWEST = 8


@dataclass(frozen=True)
class Frame:
    """A plotting rectangle with ticks on both axes, in px of the drawing.

    Parameters
    ----------
    left, right, top, bottom : float
    x0, x1 : float
        Ends of the horizontal axis.
    ticks : tuple of float
        Of the vertical axis; the first is its lower end, the last its upper.
    """

    left: float
    right: float
    top: float
    bottom: float
    x0: float
    x1: float
    ticks: tuple[float, ...]

    def x(self, value: float) -> float:
        """Place a value across."""
        share = (value - self.x0) / (self.x1 - self.x0) if self.x1 > self.x0 else 0.5
        return self.left + share * (self.right - self.left)

    def y(self, value: float) -> float:
        """Place a value upwards."""
        low, high = self.ticks[0], self.ticks[-1]
        return self.bottom - (value - low) / (high - low) * (self.bottom - self.top)

    def grid(self, drawing: Drawing, labels: bool = True) -> None:
        """Draw the lines of the vertical axis, with their numbers."""
        for i, value in enumerate(self.ticks):
            y = self.y(value)
            drawing.line(self.left, y, self.right, y, "grid" if i else "base")
            if labels:
                drawing.text(self.left - 8, y + 4, axis_number(value), "tick", "end")

    def across(self, drawing: Drawing, marks: Sequence[tuple[float, str]]) -> None:
        """Write marks under the frame, as many as fit."""
        until = -math.inf
        for value, words in marks:
            x, half = self.x(value), text_width(words, 12) / 2
            place = min(max(x, half), drawing.width - half)
            drawing.line(x, self.bottom, x, self.bottom + 5, "base")
            if place - half > until + 6:
                drawing.text(place, self.bottom + 19, words, "tick", "middle")
                until = place + half


def picked(length: int, most: int) -> list[int]:
    """Positions to show: all, or as many as there is room for, evenly spaced with both ends."""
    return list(range(length)) if length <= most else [round(i * (length - 1) / (most - 1)) for i in range(most)]


def grid_values(reading: StudyReading) -> Float:
    """(first, second, third, runs): axes beyond the third averaged out, those that are not there of length 1."""
    held = reading.by_axes
    while held.ndim > 4:
        held = mean_of(held, 3)
    shape = (*held.shape[:-1], *(1,) * (4 - held.ndim), held.shape[-1])
    return held.reshape(shape)


def small_multiples(reading: StudyReading, unit: Quantity, size: Size) -> str:
    """Draw the measure against the first axis: a panel for each value of the second, a line for each of the third."""
    values = grid_values(reading) * unit.factor
    axes = reading.axes
    shown, lines = picked(values.shape[1], PANELS), picked(values.shape[2], LINES)
    columns = min(len(shown), 3 if size.wide else 1)
    rows = -(-len(shown) // columns)
    gap, tall = 26.0, 210.0 if columns > 1 or not size.wide else 300.0
    width = (size.width - size.left - 14 - gap * (columns - 1)) / columns
    head = 40.0 if len(axes) > 1 else 16.0
    height = 18 + rows * (head + tall + 30) + 22
    first = axes[0]
    drawing = Drawing(size.width, height, f"{reading.measure['words']} by {first.name} ({STAMP})")
    ticks = tuple(ends_of(_drawn_values(values[:, shown][:, :, lines]), 5, 100.0 if unit.unit == "%" else None))
    xs = list(first.numbers) if first.numbers else list(map(float, range(len(first.labels))))
    pad = 0.0 if first.numbers and len(xs) > 1 else 0.5
    ends = (min(xs) - pad, max(xs) + pad)
    drawing.text(0, 11, unit.unit or "count", "unit")
    for at, panel in enumerate(shown):
        row, column = divmod(at, columns)
        left, top = size.left + column * (width + gap), 18 + head + row * (head + tall + 30)
        inset = 8.0 if first.numbers else 0.0
        frame = Frame(left + inset, left + width - inset, top, top + tall, *ends, ticks)
        frame.grid(drawing, labels=column == 0)
        if len(axes) > 1:
            words = f"{axes[1].name}: {axes[1].labels[panel]}"
            drawing.text(left, top - 12, clipped(words, int(width / 7)), "strip-name")
        room = int(width / max(len(xs), 1) / 7) if not first.numbers else 12
        frame.across(drawing, [(x, clipped(w, max(room, 3))) for x, w in zip(xs, first.labels, strict=True)])
        _panel_lines(drawing, frame, reading, unit, values[:, panel][:, lines], (xs, panel, lines))
    drawing.text((size.left + size.width - 14) / 2, height - 4, _axis_words(first), "unit", "middle")
    drawing.stamp(STAMP)
    return drawing.markup(f"chart {size.name}")


def _axis_words(axis: Dimension) -> str:
    keys = axis.keys[0] if len(axis.keys) == 1 else f"{len(axis.keys)} keys"
    return axis.name if axis.keys == (axis.name,) or not axis.keys else f"{axis.name} ({keys})"


def _drawn_values(values: Float) -> list[float]:
    """What the panels show of runs: the ends of the bands."""
    flat = values.reshape(-1, values.shape[-1])
    return [v for row in flat for v in spread(row)[:3]]


def _panel_lines(
    drawing: Drawing,
    frame: Frame,
    reading: StudyReading,
    unit: Quantity,
    values: Float,
    at: tuple[list[float], int, list[int]],
) -> None:
    """Draw the lines of one panel with their bands, marks and tooltips."""
    xs, panel, lines = at
    axes = reading.axes
    dodge = 0.0
    for number_of, line in enumerate(lines):
        found = [spread(values[i, number_of]) for i in range(len(xs))]
        known = [(frame.x(x), s) for x, s in zip(xs, found, strict=True) if s.runs]
        if len(lines) > 1 and not axes[0].numbers:
            dodge = (number_of - (len(lines) - 1) / 2) * 9.0
        banded = values.shape[-1] > 1 and any(s.high > s.low for _, s in known)
        numeric = axes[0].numbers is not None and len(known) > 1
        if banded and numeric and len(lines) == 1:
            above = [f"{number(x)} {number(frame.y(s.high))}" for x, s in known]
            below = [f"{number(x)} {number(frame.y(s.low))}" for x, s in reversed(known)]
            drawing.path("M" + "L".join([*above, *below]) + "z", "area")
        elif banded:
            bars = "".join(f"M{number(x + dodge)} {number(frame.y(s.low))}V{number(frame.y(s.high))}" for x, s in known)
            drawing.path(bars, f"whisker v{number_of}")
        if numeric:
            points = [f"{number(x)} {number(frame.y(s.median))}" for x, s in known]
            drawing.path("M" + "L".join(points), f"series v{number_of}")
        for i, s in enumerate(found):
            if not s.runs:
                continue
            where = [(axes[0], i)] + [(a, p) for a, p in zip(axes[1:3], (panel, line), strict=False)]
            title = _title(where, s, unit, reading)
            x, y = number(frame.x(xs[i]) + dodge), number(frame.y(s.median))
            drawing.add(f'<g class="dot d{number_of}"><title>{escape(title)}</title><circle cx="{x}" cy="{y}" r="4"/>')
            drawing.add(f'<circle class="halo-hit" cx="{x}" cy="{y}" r="11"/></g>')


def _title(where: Sequence[tuple[Dimension, int]], s: Spread, unit: Quantity, reading: StudyReading) -> str:
    along = ", ".join(f"{axis.name} {axis.labels[i]}" for axis, i in where)
    if not reading.chance:
        return f"{along}: {_text(s.median, unit)}"
    middle, low, high = (_text(v, unit) for v in (s.median, s.low, s.high))
    return f"{along}: median {middle}, 5th to 95th percentile {low} to {high}, {plural(s.runs, 'run')}"


def _text(shown: float, unit: Quantity) -> str:
    """Write a value that is in the unit shown already."""
    return unit.text(shown / unit.factor)


def histogram(reading: StudyReading, unit: Quantity, size: Size) -> str:
    """Draw how the runs are distributed, with their median and 5th and 95th percentile."""
    known = reading.known * unit.factor
    low, median, high, _ = spread(known)
    wanted = min(max(int(math.sqrt(known.size) * 1.5), 6), 30)
    edges = np.array(ends_of(known, wanted, zero=False))
    counts, _ = np.histogram(known, edges)
    height = 300.0 if size.wide else 250.0
    drawing = Drawing(size.width, height, f"{reading.measure['words']}: distribution of the runs ({STAMP})")
    ticks = [t for t in ends_of([0.0, float(counts.max())], 4) if float(t).is_integer()]
    if ticks[-1] < counts.max():
        ticks.append(float(counts.max()))
    frame = Frame(size.left, size.width - 14, 48, height - 50, float(edges[0]), float(edges[-1]), tuple(ticks))
    frame.grid(drawing)
    drawing.text(0, 24, "runs", "unit")
    for a, b, n in zip(edges, edges[1:], counts, strict=False):
        if n:
            title = f"{_text(a, unit)} to {_text(b, unit)}: {plural(int(n), 'run')}"
            x = frame.x(float(a)) + 0.5
            drawing.rect(x, frame.y(n), frame.x(float(b)) - x - 0.5, frame.bottom - frame.y(n), "in-use", title)
    for value, kind, words in ((low, "p95", "5 %"), (median, "median", "median"), (high, "p95", "95 %")):
        x = frame.x(value)
        drawing.line(x, frame.top - 4, x, frame.bottom, kind)
        anchor = "middle" if kind == "median" else "end" if value == low else ""
        shift = 0.0 if kind == "median" else -3.0 if value == low else 3.0
        drawing.text(x + shift, frame.top - (20 if kind == "median" else 8), words, "tick", anchor)
    frame.across(
        drawing,
        [(t, axis_number(t)) for t in ends_of(known, 8 if size.wide else 4, zero=False) if edges[0] <= t <= edges[-1]],
    )
    drawing.text((size.left + size.width - 14) / 2, height - 6, _measure_words(reading, unit), "unit", "middle")
    drawing.stamp(STAMP)
    return drawing.markup(f"chart {size.name}")


def _measure_words(reading: StudyReading, unit: Quantity) -> str:
    name = reading.measure["name"]
    return f"{name}, {unit.unit}" if unit.unit else name


def exceedance(reading: StudyReading, unit: Quantity, size: Size, by: Dimension | None) -> str:
    """Draw the share of runs in which the measure is at least so large; a line for each value of one axis."""
    height = 300.0 if size.wide else 250.0
    drawing = Drawing(size.width, height, f"Share of runs at or above a value of {reading.measure['words']} ({STAMP})")
    ticks = ends_of(reading.known * unit.factor, 8 if size.wide else 4, zero=False)
    low, high = ticks[0], ticks[-1]
    frame = Frame(size.left, size.width - 14, 34, height - 50, low, high, (0.0, 25.0, 50.0, 75.0, 100.0))
    frame.grid(drawing)
    drawing.text(0, 22, "% of runs", "unit")
    frame.across(drawing, [(t, axis_number(t)) for t in ticks])
    for line, (words, values) in enumerate(exceedance_lines(reading, by)):
        shown = np.sort(values[~np.isnan(values)]) * unit.factor
        if not shown.size:
            continue
        drawing.path(_falling(frame, shown), f"series v{line}")
        for p in np.linspace(0.05, 0.95, 19):
            value = float(np.quantile(shown, 1 - p, method="higher"))
            share = float((shown >= value).mean())
            title = f"{words}{percent(share)} of {plural(shown.size, 'run')}: {_text(value, unit)} or more"
            x, y = number(frame.x(value)), number(frame.y(100 * share))
            drawing.add(
                f'<g class="dot"><title>{escape(title)}</title><circle class="halo-hit" cx="{x}" cy="{y}" r="9"/></g>'
            )
    drawing.text((size.left + size.width - 14) / 2, height - 6, _measure_words(reading, unit), "unit", "middle")
    drawing.stamp(STAMP)
    return drawing.markup(f"chart {size.name}")


def exceedance_lines(reading: StudyReading, by: Dimension | None) -> list[tuple[str, Float]]:
    """Runs of each line of the exceedance figure, with the words before its numbers."""
    if by is None:
        return [("", reading.values.ravel())]
    at = reading.dimensions.index(by)
    parts = [np.take(reading.values, i, axis=at).ravel() for i in range(len(by.labels))]
    return [(f"{by.name} {words}: ", part) for words, part in zip(by.labels, parts, strict=True)]


def _falling(frame: Frame, ordered: Float) -> str:
    """A staircase from 100 % down; long ones thinned to what can be seen."""
    size = ordered.size
    chosen = range(size) if size <= 600 else np.unique(np.linspace(0, size - 1, 600).astype(int)).tolist()
    parts = [f"M{number(frame.left)} {number(frame.y(100.0))}"]
    for i in chosen:
        parts.append(f"H{number(frame.x(float(ordered[i])))}V{number(frame.y(100.0 * (size - i - 1) / size))}")
    return "".join(parts) + f"H{number(frame.right)}"


def drawn_panels(reading: StudyReading, unit: Quantity, size: Size, names: Sequence[str]) -> str:
    """Draw the mean of each draw against each drawn number."""
    chosen = [d for name in names for d in reading.drawn if d.name == name]
    shown = reading.by_draw * unit.factor
    columns = min(len(chosen), 3 if size.wide else 1)
    rows = -(-len(chosen) // columns)
    gap, tall = 26.0, 210.0
    width = (size.width - size.left - 14 - gap * (columns - 1)) / columns
    height = 18 + rows * (40 + tall + 30)
    drawing = Drawing(size.width, height, f"{reading.measure['words']} by what is drawn ({STAMP})")
    ticks = tuple(ends_of(shown, 4, 100.0 if unit.unit == "%" else None))
    drawing.text(0, 11, unit.unit or "count", "unit")
    for at, (row, column) in zip(range(len(chosen)), product(range(rows), range(columns)), strict=False):
        one = chosen[at]
        left, top = size.left + column * (width + gap), 58 + row * (70 + tall)
        across = ends_of(list(map(float, one.values)), 4, zero=False)
        frame = Frame(left, left + width, top, top + tall, across[0], across[-1], ticks)
        frame.grid(drawing, labels=column == 0)
        frame.across(drawing, [(t, axis_number(t)) for t in across])
        words = f"{one.name} ({one.keys[0]})" if len(one.keys) == 1 else one.name
        drawing.text(left, top - 12, clipped(words, int(width / 7)), "strip-name")
        for x, y in zip(one.values, shown, strict=True):
            if math.isfinite(y):
                title = f"{one.name} {x:.4g}: {_text(float(y), unit)}"
                drawing.add(
                    f'<g class="dot"><title>{escape(title)}</title><circle class="mark-dot" '
                    f'cx="{number(frame.x(float(x)))}" cy="{number(frame.y(float(y)))}" r="3.5" opacity=".7"/></g>'
                )
    drawing.stamp(STAMP)
    return drawing.markup(f"chart {size.name}")
