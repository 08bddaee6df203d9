"""The figures over time and by site, each drawn twice: for a wide page and for a phone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bentpipe.report import measures
from bentpipe.report.map import share_class
from bentpipe.report.measures import RegionRow
from bentpipe.report.reading import DELAY_BIN_S, Float, Reading, Times
from bentpipe.report.svg import Drawing, Panel, axis_number, bins, means, nice_step, number, text_width, ticks
from bentpipe.report.wording import clipped, count, milliseconds, percent, utc

SEGMENT_WORDS = {
    "user_link": "user link (light time)",
    "feeder_link": "feeder link (light time)",
    "fibre": "fibre to the point of presence",
    "access_frame": "access: frames",
    "access_scheduling": "access: uplink scheduling",
    "access_load": "access: load",
}
HEATMAP_ROWS = 40
SITE_ROWS = 40
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


def _shade(drawing: Drawing, panel: Panel, reading: Reading, only_local: bool = True) -> None:
    """Shade the times of the events; those that last the whole run would shade everything."""
    for event in reading.events:
        if only_local and event.active.all():
            continue
        a, b = panel.x(event.start), panel.x(event.end)
        kind = "shade hypothetical" if event.tag == "hypothetical" else "shade"
        drawing.rect(a, panel.top, max(b - a, 1.5), panel.bottom - panel.top, kind)


def _hits(drawing: Drawing, panel: Panel, at: Times, titles: list[str]) -> None:
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
    for row, event in enumerate(reading.events):
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
    lanes = 22.0 * len(reading.events)
    top = 34 + (lanes + 22 if lanes else 0)
    height = top + (270 if size.wide else 210) + 28
    regions = reading.regions
    total = float(regions.users.sum())
    drawing = Drawing(size.width, height, f"Terminal users connected over time ({stamp})")
    panel = _frame(reading, size, height, top, max(total, 1.0) * 1.04)
    cuts = bins(len(reading.times), size.bins)
    at = edges(reading, cuts)
    series = {
        name: means(measures.users(reading, values), cuts)
        for name, values in (("connected", regions.connected), ("served", regions.served), ("powered", regions.powered))
    }
    _shade(drawing, panel, reading)
    panel.axes(drawing, "terminal users", size.times)
    _lanes(drawing, reading, size, panel, 20)
    drawing.line(panel.left, panel.y(total), panel.right, panel.y(total), "total")
    drawing.path(panel.area_path(at, series["connected"]), "area")
    _seed_band(drawing, reading, panel)
    for name in ("powered", "served", "connected"):
        drawing.path(panel.step_path(at, series[name]), f"series {name}")
    coarse = bins(len(reading.times), size.hits)
    shown = [means(measures.users(reading, v), coarse) for v in (regions.connected, regions.powered, regions.served)]
    titles = [
        f"{utc(reading.times[a])}: {count(c)} of {count(total)} terminal users connected ({percent(measures.ratio(c, total))}); "
        f"{count(p)} with power and licence; {count(s)} in a served cell"
        for (a, _), c, p, s in zip(coarse, *shown, strict=True)
    ]
    _hits(drawing, panel, edges(reading, coarse), titles)
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


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


def share_over_time(reading: Reading, values: Float, denominators: Float, size: Size, words: tuple[str, str, str], stamp: str) -> str:
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
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = 100 * means(values, cuts) / means(denominators, cuts)
    top = float(np.nanmax(shares, initial=0.0)) if np.isfinite(shares).any() else 0.0
    panel = _frame(reading, size, height, 34, max(top * 1.1, 1.0))
    _shade(drawing, panel, reading)
    panel.axes(drawing, words[1], size.times, values=3)
    drawing.path(panel.step_path(edges(reading, cuts), shares), "series connected")
    coarse = bins(len(reading.times), size.hits)
    a, b = means(values, coarse), means(denominators, coarse)
    titles = [
        f"{utc(reading.times[i])}: {count(x)} of {count(y)} {words[2]} ({percent(measures.ratio(float(x), float(y)))})"
        for (i, _), x, y in zip(coarse, a, b, strict=True)
    ]
    _hits(drawing, panel, edges(reading, coarse), titles)
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
    cuts, coarse = bins(len(reading.times), size.bins), bins(len(reading.times), size.hits)
    at = edges(reading, cuts)
    for row, g in enumerate(order):
        top = 40 + row * (strip + gap)
        available = means(gateways.available[:, g], cuts)
        peak = max(float(gateways.available[:, g].max(initial=0)), float(gateways.in_use[:, g].max(initial=0)), 1.0)
        panel = Panel(size.left, size.width - 8, top, top + strip, reading.times[0], reading.end, peak)
        _shade(drawing, panel, reading)
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
        _hits(drawing, panel, edges(reading, coarse), titles)
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
        drawing.text(left - 8, y + 14, clipped(row.name, 26 if size.wide else 16), "row-name", "end")
        start = 0
        for j in range(1, len(classes) + 1):
            if j < len(classes) and classes[j] == classes[start]:
                continue
            title = f"{row.name}, {utc(reading.times[cuts[start][0]])}: {percent(float(values[start:j].mean()))} of {count(row.users)} terminal users"
            drawing.rect(xs[start], y + 1, xs[j] - xs[start], tall - 2, f"k{classes[start]}", title)
            start = j
    panel.time_axis(drawing, size.times if size.wide else 3)
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


def delay_by_site(reading: Reading, size: Size, stamp: str) -> str:
    """Draw the mean round trip of each site cut into its segments, with its median and 95th percentile."""
    sites = reading.sites
    shown = [i for i in range(len(sites.ids)) if np.isfinite(sites.segment_s[i]).all()][:SITE_ROWS]
    p50, p95 = site_quantiles(reading)
    tops = [float(sites.segment_s[i].sum()) for i in shown] + [float(p95[i]) for i in shown if np.isfinite(p95[i])]
    maximum = 1e3 * max(tops, default=0.01) * 1.06
    left = 190.0 if size.wide else 8.0
    tall = 34.0 if size.wide else 50.0
    height = 22 + len(shown) * tall + 44
    drawing = Drawing(size.width, height, f"Round-trip time by site and segment ({stamp})")
    scale = (size.width - 24 - left) / maximum
    bottom = 22 + len(shown) * tall
    _value_axis(drawing, left, bottom, scale, maximum, 8 if size.wide else 4)
    for row, i in enumerate(shown):
        y = 22 + row * tall + (8 if size.wide else 22)
        name = clipped(sites.names[i], 28 if size.wide else 50)
        drawing.text(left - 10 if size.wide else left, y + (13 if size.wide else -5), name, "row-name", "end" if size.wide else "")
        x = left
        for k, segment in enumerate(sites.segment_names):
            wide = 1e3 * float(sites.segment_s[i, k]) * scale
            words = f"{sites.names[i]}, {SEGMENT_WORDS.get(segment, segment)}: {milliseconds(float(sites.segment_s[i, k]))} on average"
            drawing.rect(x, y, wide - 1, 18, f"segment s{k % 6}", words)
            label = milliseconds(float(sites.segment_s[i, k]), unit=False)
            if wide > text_width(label, 11) + 6:
                drawing.text(x + wide / 2 - 0.5, y + 13, label, f"in-segment t{k % 6}", "middle")
            x += wide
        for value, kind, words in ((p50[i], "median", "median"), (p95[i], "p95", "95th percentile")):
            if np.isfinite(value):
                at = left + 1e3 * float(value) * scale
                drawing.path(f"M{number(at)} {number(y - 4)}v26", kind, f"{sites.names[i]}: {words} {milliseconds(float(value))}")
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


def _value_axis(drawing: Drawing, left: float, bottom: float, scale: float, maximum: float, wanted: int) -> None:
    """Draw a horizontal axis in ms from 0."""
    for value in ticks(maximum, wanted):
        if value <= maximum:
            x = left + value * scale
            drawing.line(x, 18, x, bottom, "grid" if value else "base")
            drawing.text(x, bottom + 17, axis_number(value), "tick", "middle")
    drawing.text(drawing.width - 2, bottom + 36, "round-trip time to the point of presence, ms", "unit", "end")


def site_quantiles(reading: Reading) -> tuple[Float, Float]:
    """Return each site's median and 95th percentile, over its served slots, of the slot's median, in s."""
    slots, sites = reading.sites.delay_s.shape
    found = np.full((2, sites), np.nan)
    for i in range(sites if slots else 0):
        known = reading.sites.delay_s[np.isfinite(reading.sites.delay_s[:, i]), i]
        if known.size:
            found[:, i] = np.quantile(known, (0.5, 0.95))
    return found[0], found[1]


def delay_distribution(reading: Reading, size: Size, stamp: str) -> str:
    """Draw the distribution of the round-trip time over connected terminals and slots."""
    histogram = reading.delay_histogram.sum(axis=0)
    total = histogram.sum()
    low, high = reading.delay_quantile_s(0.001), reading.delay_quantile_s(0.999)
    first, last = max(int(low / DELAY_BIN_S) - 10, 0), int(high / DELAY_BIN_S) + 10
    step = max((last - first) // (80 if size.wide else 40), 1)
    starts = np.arange(first, last, step)
    bars = np.add.reduceat(histogram, np.append(starts, last))[:-1] / total * 100
    height, left = 210.0, size.left
    drawing = Drawing(size.width, height, f"Distribution of the round-trip time ({stamp})")
    right, bottom, top = size.width - 8, height - 44.0, 34.0
    peak = float(bars.max()) * 1.05
    panel = Panel(left, right, top, bottom, np.datetime64(0, "ms"), np.datetime64(1, "ms"), peak)
    panel.axes(drawing, "% of connected terminals and slots", 0, values=3, labels=False)
    scale = (right - left) / ((len(starts) * step) * DELAY_BIN_S)
    for s, bar in zip(starts, bars, strict=True):
        x = left + (s - first) * DELAY_BIN_S * scale
        title = f"{milliseconds(s * DELAY_BIN_S)} to {milliseconds((s + step) * DELAY_BIN_S)}: {percent(bar / 100)} of connected terminals and slots"
        drawing.rect(x, panel.y(bar), step * DELAY_BIN_S * scale - 1, bottom - panel.y(bar), "bar", title)
    tick = nice_step(1e3 * (last - first) * DELAY_BIN_S, 10 if size.wide else 5)
    value = np.ceil(1e3 * first * DELAY_BIN_S / tick) * tick
    while value <= 1e3 * (first + len(starts) * step) * DELAY_BIN_S:
        x = left + (value * 1e-3 - first * DELAY_BIN_S) * scale
        drawing.text(x, bottom + 17, axis_number(round(float(value), 6)), "tick", "middle")
        value += tick
    for q, words in ((0.5, "median"), (0.95, "95th percentile")):
        at = reading.delay_quantile_s(q)
        x = left + (at - first * DELAY_BIN_S) * scale
        drawing.path(f"M{number(x)} {number(top - 6)}V{number(bottom)}", "median" if q == 0.5 else "p95")
        label = f"{words} {milliseconds(at)}"
        fits = x + 6 + text_width(label, 12) < size.width - 4
        drawing.text(x + (6 if fits else -6), top + (6 if q == 0.5 else 24), label, "mark halo", "" if fits else "end")
    drawing.text(size.width - 2, bottom + 36, "round-trip time to the point of presence, ms", "unit", "end")
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")
