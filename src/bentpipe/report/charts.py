"""The figures over time, each drawn twice: for a wide page and for a phone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bentpipe.report import measures
from bentpipe.report.map import share_class
from bentpipe.report.measures import RegionRow
from bentpipe.report.reading import Event, Float, Reading, Times
from bentpipe.report.svg import Drawing, Panel, bins, means, number, text_width
from bentpipe.report.wording import clipped, count, percent, utc

HEATMAP_ROWS = 40
GATEWAY_ROWS = 16


@dataclass(frozen=True)
class Size:
    """How a figure is laid out: the width of its view box in px, and what fits there."""

    width: float
    name: str
    bins: int
    hits: int
    times: int
    left: float

    @property
    def wide(self) -> bool:
        """Whether this is the layout of a wide page."""
        return self.name == "wide"


WIDE = Size(1000, "wide", 288, 96, 12, 62)
NARROW = Size(380, "narrow", 144, 48, 4, 54)
SIZES = (WIDE, NARROW)


def edges(reading: Reading, cuts: list[tuple[int, int]]) -> Times:
    """Return the times at which bins of slots begin, and the end of the last."""
    starts = reading.times[[a for a, _ in cuts]] if cuts else reading.times[:0]
    return np.append(starts, reading.end.astype("datetime64[ms]"))


def _frame(reading: Reading, size: Size, height: float, top: float, maximum: float, foot: float = 28) -> Panel:
    return Panel(size.left, size.width - 8, top, height - foot, reading.times[0], reading.end, maximum)


def _within(reading: Reading) -> list[Event]:
    """Return the events that touch the time of the run."""
    return [e for e in reading.events if e.start < reading.end and e.end > reading.times[0]]


def shade_events(drawing: Drawing, panel: Panel, reading: Reading) -> None:
    """Shade the times of the events; those that last the whole run would shade everything."""
    for kind, chosen in (("shade", False), ("shade hypothetical", True)):
        active = np.zeros(len(reading.times), dtype=np.bool_)
        for event in _within(reading):
            if (event.tag == "hypothetical") is chosen and not event.active.all():
                active |= event.active
        edges_of = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]]).astype(np.int8)))
        at = panel.xs(np.append(reading.times, reading.end.astype("datetime64[ms]")))
        for a, b in zip(edges_of[::2], edges_of[1::2], strict=True):
            drawing.rect(at[a], panel.top, max(at[b] - at[a], 1.5), panel.bottom - panel.top, kind)


def lay_hits(drawing: Drawing, panel: Panel, at: Times, titles: list[str]) -> None:
    """Lay invisible columns over a panel, each with a tooltip and a line that shows under the pointer."""
    xs = panel.xs(at)
    for i, title in enumerate(titles):
        middle = number((xs[i] + xs[i + 1]) / 2)
        drawing.add('<g class="hit">')
        drawing.rect(xs[i], panel.top, xs[i + 1] - xs[i], panel.bottom - panel.top, "", title)
        drawing.add(f'<path d="M{middle} {number(panel.top)}V{number(panel.bottom)}"/></g>')


def _lanes(drawing: Drawing, reading: Reading, size: Size, panel: Panel, top: float) -> None:
    """Draw one bar an event, labelled inside, after or before it: wherever the text fits."""
    lane = 22.0
    for row, event in enumerate(_within(reading)):
        y = top + row * lane
        a, b = panel.x(event.start), max(panel.x(event.end), panel.x(event.start) + 3)
        kind = "event hypothetical" if event.tag == "hypothetical" else "event"
        mark = " (hypothetical)" if event.tag == "hypothetical" else ""
        drawing.rect(a, y, b - a, 17, kind, f"{event.title}{mark}: {utc(event.start)} to {utc(event.end)}", 3)
        words = f"{event.number}  {event.title}{mark}"
        room = max(panel.right - b, a - panel.left, b - a) - 12
        words = clipped(words, max(int(room / (12 * 0.56)), 2))
        width = text_width(words, 12)
        if width + 10 <= b - a:
            drawing.text(a + 7, y + 12.5, words, "event-in")
        elif width + 6 <= panel.right - b:
            drawing.text(b + 6, y + 12.5, words, "event-out")
        else:
            drawing.text(a - 6, y + 12.5, words, "event-out", "end")


def timeline(reading: Reading, size: Size, stamp: str) -> str:
    """Draw terminal users connected, powered and served over time, under the bars of the events."""
    lanes = 22.0 * len(_within(reading))
    top = 34 + (lanes + 22 if lanes else 0)
    height = top + (270 if size.wide else 210) + 28
    regions = reading.regions
    total = float(regions.users.sum())
    drawing = Drawing(size.width, height, f"Terminal users connected over time ({stamp})")
    panel = _frame(reading, size, height, top, max(total, 1.0) * 1.04)
    cuts = bins(len(reading.times), size.bins)
    at = edges(reading, cuts)
    named = (("connected", regions.connected), ("served", regions.served), ("powered", regions.powered))
    series = {name: means(measures.users(reading, values), cuts) for name, values in named}
    shade_events(drawing, panel, reading)
    panel.axes(drawing, "terminal users", size.times)
    _lanes(drawing, reading, size, panel, 20)
    drawing.line(panel.left, panel.y(total), panel.right, panel.y(total), "total")
    drawing.path(panel.area_path(at, series["connected"]), "area")
    _seed_band(drawing, reading, panel)
    for name in ("powered", "served", "connected"):
        drawing.path(panel.step_path(at, series[name]), f"series {name}")
    coarse = bins(len(reading.times), size.hits)
    lay_hits(drawing, panel, edges(reading, coarse), _timeline_titles(reading, coarse))
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


def _timeline_titles(reading: Reading, cuts: list[tuple[int, int]]) -> list[str]:
    """Say what the timeline shows, by run of slots."""
    regions, total = reading.regions, float(reading.regions.users.sum())
    shown = [means(measures.users(reading, v), cuts) for v in (regions.connected, regions.powered, regions.served)]
    return [
        f"{utc(reading.times[a])}: {count(c)} of {count(total)} terminal users connected "
        f"({percent(measures.ratio(c, total))}); {count(p)} with power and licence; {count(s)} in a served cell"
        for (a, _), c, p, s in zip(cuts, *shown, strict=True)
    ]


def _seed_band(drawing: Drawing, reading: Reading, panel: Panel) -> None:
    """Draw the range of the seeds at the sampled slots, as a bar for each."""
    replicas = reading.replicas
    if replicas is None or replicas.connected.shape[1] < 2:
        return
    values = replicas.connected @ reading.regions.users_per_terminal
    xs = panel.xs(replicas.times)
    low, high = values.min(axis=1), values.max(axis=1)
    parts = [
        f"M{number(x)} {number(panel.y(float(a)))}V{number(panel.y(float(b)) - 0.5)}"
        for x, a, b in zip(xs, low, high, strict=True)
    ]
    drawing.path("".join(parts), "seeds")


def share_over_time(
    reading: Reading, values: Float, denominators: Float, size: Size, words: tuple[str, str, str], stamp: str
) -> str:
    """Draw one quantity over time in per cent of a denominator.

    Parameters
    ----------
    reading : Reading
        The run.
    values, denominators : numpy.ndarray, shape (T,)
        Counts; their ratio is drawn.
    size : Size
        The layout.
    words : tuple of str
        Label of the figure, unit of the axis, and what the tooltip counts.
    stamp : str
        The word written on the figure.
    """
    height = 190.0 if size.wide else 170.0
    drawing = Drawing(size.width, height, f"{words[0]} ({stamp})")
    cuts = bins(len(reading.times), size.bins)
    whole = means(denominators, cuts)
    shares = np.where(whole > 0, 100 * means(values, cuts) / np.where(whole > 0, whole, 1), np.nan)
    top = float(np.nanmax(shares)) if np.isfinite(shares).any() else 0.0
    panel = _frame(reading, size, height, 34, max(top * 1.1, 1.0))
    shade_events(drawing, panel, reading)
    panel.axes(drawing, words[1], size.times, values=3)
    drawing.path(panel.step_path(edges(reading, cuts), shares), "series connected")
    coarse = bins(len(reading.times), size.hits)
    a, b = means(values, coarse), means(denominators, coarse)
    titles = [
        f"{utc(reading.times[i])}: {count(x)} of {count(y)} {words[2]} ({percent(measures.ratio(float(x), float(y)))})"
        for (i, _), x, y in zip(coarse, a, b, strict=True)
    ]
    lay_hits(drawing, panel, edges(reading, coarse), titles)
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


def gateways_chart(reading: Reading, size: Size, stamp: str) -> str:
    """Draw antennas in use and available, one strip a gateway; the busiest where there are many."""
    gateways = reading.gateways
    mean = gateways.in_use.mean(axis=0)
    order = np.argsort(-mean, kind="stable")[:GATEWAY_ROWS].tolist()
    strip, gap = 54.0, 26.0
    height = 30 + len(order) * (strip + gap) + 24
    drawing = Drawing(size.width, height, f"Gateway antennas in use over time ({stamp})")
    cuts, coarse = bins(len(reading.times), size.bins), bins(len(reading.times), size.hits // 2)
    at = edges(reading, cuts)
    for row, g in enumerate(order):
        top = 40 + row * (strip + gap)
        available = means(gateways.available[:, g], cuts)
        peak = max(float(gateways.available[:, g].max(initial=0)), float(gateways.in_use[:, g].max(initial=0)), 1.0)
        panel = Panel(size.left, size.width - 8, top, top + strip, reading.times[0], reading.end, peak)
        shade_events(drawing, panel, reading)
        drawing.path(panel.area_path(at, available), "available")
        drawing.path(panel.area_path(at, means(gateways.in_use[:, g], cuts)), "in-use")
        for value in (0.0, peak):
            drawing.line(panel.left, panel.y(value), panel.right, panel.y(value), "grid" if value else "base")
            drawing.text(panel.left - 8, panel.y(value) + 4, count(value), "tick", "end")
        words = f"{gateways.names[g]}: {mean[g]:.1f} antennas in use on average"
        drawing.text(panel.left, top - 7, clipped(words, 120 if size.wide else 48), "strip-name")
        use, have = means(gateways.in_use[:, g], coarse), means(gateways.available[:, g], coarse)
        titles = [
            f"{gateways.names[g]}, {utc(reading.times[i])}: {u:.1f} of {h:.1f} antennas in use"
            for (i, _), u, h in zip(coarse, use, have, strict=True)
        ]
        lay_hits(drawing, panel, edges(reading, coarse), titles)
        if row == len(order) - 1:
            panel.time_axis(drawing, size.times)
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


def heatmap(reading: Reading, rows: tuple[RegionRow, ...], size: Size, stamp: str) -> str:
    """Draw, by region and time, the share of the region's terminal users connected; worst region on top."""
    chosen = [r for r in rows if r.users > 0][:HEATMAP_ROWS]
    tall, left = 20.0, 176.0 if size.wide else 112.0
    height = 26 + len(chosen) * tall + 28
    drawing = Drawing(size.width, height, f"Share of terminal users connected, by region and time ({stamp})")
    panel = Panel(left, size.width - 8, 22, 22 + len(chosen) * tall, reading.times[0], reading.end, 1.0)
    cuts = bins(len(reading.times), size.hits if size.wide else 48)
    xs = panel.xs(edges(reading, cuts))
    shares = means(reading.regions.connected, cuts) / np.maximum(reading.regions.terminals, 1)
    for i, row in enumerate(chosen):
        values = shares[:, reading.regions.codes.index(row.code)]
        classes, y = share_class(values), panel.top + i * tall
        drawing.text(left - 8, y + 14, clipped(row.name, 26 if size.wide else 14), "row-name", "end")
        start = 0
        for j in range(1, len(classes) + 1):
            if j < len(classes) and classes[j] == classes[start]:
                continue
            share = percent(float(values[start:j].mean()))
            when = utc(reading.times[cuts[start][0]])
            title = f"{row.name}, from {when}: {share} of {count(row.users)} terminal users"
            drawing.rect(xs[start], y + 1, xs[j] - xs[start], tall - 2, f"k{classes[start]}", title)
            start = j
    panel.time_axis(drawing, size.times if size.wide else 3)
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")
