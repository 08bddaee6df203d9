"""Figures of random losses: a quantity against the share that is lost, with the band of the draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from bentpipe.report.charts import Size
from bentpipe.report.svg import Drawing, Panel, axis_number, number, ticks
from bentpipe.report.wording import percent

Rows = Sequence[Mapping[str, Any]]


class Line(NamedTuple):
    """One quantity of a figure.

    Parameters
    ----------
    key : str
        Key of its band in each row.
    kind : str
        Class of its line in the style sheet.
    scale : float
        What its values are multiplied by to be in the unit of the axis.
    band : bool
        Whether the 5th to 95th percentile is drawn.
    """

    key: str
    kind: str
    scale: float = 1.0
    band: bool = True


class Words(NamedTuple):
    """Words of a figure: its label, the unit of its axis, and what the tooltip says of a row."""

    label: str
    unit: str
    title: Callable[[Mapping[str, Any]], str]


def loss_chart(
    rows: Rows, lines: Sequence[Line], words: Words, size: Size, stamp: str, top: float | None = None
) -> str:
    """Draw quantities against the share that is lost.

    Parameters
    ----------
    rows : sequence of mapping
        One for each share, rising; bands of quantities by key.
    lines : sequence of Line
        What is drawn; the first carries the marks.
    words : Words
        Label, unit, tooltip.
    size : Size
        The layout.
    stamp : str
        The word written on the figure.
    top : float, optional
        Upper end of the axis, in its unit; from the values when left out.

    Returns
    -------
    str
        SVG.
    """
    height = 330.0 if size.wide else 260.0
    drawing = Drawing(size.width, height, f"{words.label} ({stamp})")
    widest = max(float(rows[-1]["share"]), 1e-9)
    panel = _panel(rows, lines, size, height, top)
    panel.axes(drawing, words.unit, 0, values=5, labels=False)
    _share_axis(drawing, panel, widest, size)
    xs = [panel.left + float(row["share"]) / widest * (panel.right - panel.left) for row in rows]
    for line in lines:
        at = _known(line, xs, rows)
        if line.band and len(at) > 1:
            drawing.path(_band(panel, at, line.scale), "area")
    for line in reversed(lines):
        points = [f"{number(x)} {number(panel.y(line.scale * band['median']))}" for x, band in _known(line, xs, rows)]
        drawing.path("M" + "L".join(points), f"series {line.kind}")
        if line is lines[0]:
            for point in points:
                x, y = point.split()
                drawing.add(f'<circle class="mark-dot" cx="{x}" cy="{y}" r="3"/>')
    _hits(drawing, panel, xs, [words.title(row) for row in rows])
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


def _known(line: Line, xs: Sequence[float], rows: Rows) -> list[tuple[float, Mapping[str, float]]]:
    return [(x, row[line.key]) for x, row in zip(xs, rows, strict=True) if row[line.key] is not None]


def _panel(rows: Rows, lines: Sequence[Line], size: Size, height: float, top: float | None) -> Panel:
    """The plotting rectangle; its times are of no meaning here."""
    if top is None:
        ends = [line.scale * row[line.key]["p95"] for line in lines for row in rows if row[line.key] is not None]
        top = ticks(max(ends, default=1.0), 5)[-1]
    start = np.datetime64(0, "ms")
    return Panel(size.left, size.width - 14, 34, height - 52, start, start + np.timedelta64(1, "ms"), top)


def _band(panel: Panel, at: Sequence[tuple[float, Mapping[str, float]]], scale: float) -> str:
    above = [f"{number(x)} {number(panel.y(scale * band['p95']))}" for x, band in at]
    below = [f"{number(x)} {number(panel.y(scale * band['p05']))}" for x, band in reversed(at)]
    return "M" + "L".join([*above, *below]) + "z"


def _share_axis(drawing: Drawing, panel: Panel, widest: float, size: Size) -> None:
    """Write shares under the panel, %."""
    for value in ticks(100 * widest, 5 if size.wide else 4):
        if value > 100 * widest * 1.0001:
            break
        x = panel.left + value / (100 * widest) * (panel.right - panel.left)
        drawing.line(x, panel.bottom, x, panel.bottom + 5, "base")
        drawing.text(x, panel.bottom + 19, axis_number(value), "tick", "middle")
    drawing.text((panel.left + panel.right) / 2, panel.bottom + 40, "% lost at random", "unit", "middle")


def _hits(drawing: Drawing, panel: Panel, xs: Sequence[float], titles: Sequence[str]) -> None:
    """Lay invisible columns over the panel, each with a tooltip and a line that shows under the pointer."""
    edges = [panel.left, *((a + b) / 2 for a, b in pairwise(xs)), panel.right]
    for x, left, right, title in zip(xs, edges, edges[1:], titles, strict=False):
        drawing.add(
            f'<g class="hit"><rect x="{number(left)}" y="{number(panel.top)}" width="{number(max(right - left, 0.5))}" '
            f'height="{number(panel.bottom - panel.top)}"><title>{escape(title)}</title></rect>'
            f'<path d="M{number(x)} {number(panel.top)}V{number(panel.bottom)}"/></g>'
        )


def banded(band: Mapping[str, float] | None, write: Callable[[float], str] = percent) -> str:
    """Write a band in words: ``98.9 % (97.8 % to 99.3 %)``; an en dash where nothing is known."""
    if band is None:
        return "\u2013"
    return f"{write(band['median'])} ({write(band['p05'])} to {write(band['p95'])})"
