"""The figures of the paths: round trip against distance, detour, round trip over time, traffic."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from bentpipe.report.charts import Size, edges, lay_hits, shade_events
from bentpipe.report.delaycharts import medians
from bentpipe.report.pathmeasures import fibre_s, pair_name
from bentpipe.report.pathreading import Boolean, Float, Integer, Paths
from bentpipe.report.reading import Reading
from bentpipe.report.svg import Drawing, Panel, axis_number, bins, means, nice_step, number, text_width, ticks
from bentpipe.report.wording import bit_rate, clipped, count, milliseconds, percent, plural, rate_unit, utc

DENSITY_PAIRS = 30
"""From so many pairs on, distributions over pairs are drawn; of fewer, only the pairs themselves."""
DISTANCE_STEP_M = 250e3
"""Least width of a bin of distance: a narrower one would tell where sites lie."""
COUNT_CLASSES = (1, 2, 4, 8, 16)
"""Fewest pairs of each class of the density."""
STRETCH_END = 0.97
"""Share of the pairs up to whose stretch the bars go; the rest are in the last one."""
NOTHING = np.datetime64(0, "ms")


def class_words() -> tuple[str, ...]:
    """Return the classes of the density in words."""
    ends = [f"{a} to {b - 1}" if b - 1 > a else str(a) for a, b in pairwise(COUNT_CLASSES)]
    return (*ends, f"{COUNT_CLASSES[-1]} and more")


def rtt_by_distance(paths: Paths, size: Size, stamp: str) -> str:
    """Draw how many pairs have which median round trip at which distance, with light in vacuum and in fibre."""
    height = 360.0 if size.wide else 300.0
    drawing = Drawing(size.width, height, f"Median round trip of the pairs by distance ({stamp})")
    known = np.isfinite(paths.rtt_p50_s)
    km, ms = paths.great_circle_m[known] / 1e3, 1e3 * paths.rtt_p50_s[known]
    step = DISTANCE_STEP_M / 1e3 * (1 if size.wide else 2)
    columns = max(int(np.ceil(km.max() / step)), 1)
    tall = nice_step(float(ms.max()), 90 if size.wide else 60)
    rows = int(np.ceil(ms.max() * 1.02 / tall))
    panel = Panel(size.left, size.width - 8, 34, height - 46, NOTHING, NOTHING, rows * tall)
    panel.axes(drawing, "ms there and back, median of the pair", 0, labels=False)
    across = (panel.right - panel.left) / (columns * step)
    column, row = (
        np.minimum(values, most).astype(np.int64) for values, most in ((km / step, columns - 1), (ms / tall, rows - 1))
    )
    cell = column * rows + row
    _density(drawing, panel, np.bincount(cell, minlength=columns * rows).reshape(columns, rows), step * across)
    _reference(drawing, panel, paths, across)
    for value in ticks(columns * step, 8 if size.wide else 4):
        if value <= columns * step:
            x = panel.left + value * across
            drawing.line(x, panel.bottom, x, panel.bottom + 5, "base")
            _tick(drawing, x, panel.bottom + 19, axis_number(value))
    drawing.text(size.width - 2, height - 6, "great circle between the ends, km", "unit", "end")
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


def _tick(drawing: Drawing, x: float, y: float, words: str) -> None:
    half = text_width(words, 12) / 2
    drawing.text(min(max(x, half), drawing.width - half), y, words, "tick", "middle")


def _density(drawing: Drawing, panel: Panel, counts: Integer, wide: float) -> None:
    """Draw the bins that hold a pair as one path a class."""
    tall = (panel.bottom - panel.top) / counts.shape[1]
    for k, least in enumerate(COUNT_CLASSES):
        below = COUNT_CLASSES[k + 1] if k + 1 < len(COUNT_CLASSES) else counts.max() + 1
        x, y = np.nonzero((counts >= least) & (counts < below))
        steps = [
            f"M{number(panel.left + a * wide)} {number(panel.bottom - (b + 1) * tall)}"
            f"h{number(wide - 0.6)}v{number(tall - 0.4)}h{number(0.6 - wide)}z"
            for a, b in zip(x.tolist(), y.tolist(), strict=True)
        ]
        if steps:
            pairs = class_words()[k]
            drawing.path("".join(steps), f"pd{k}", f"{pairs} {'pair' if pairs == '1' else 'pairs'} in a box")


def _reference(drawing: Drawing, panel: Panel, paths: Paths, across: float) -> None:
    """Draw round trips that grow with the distance: light in vacuum along the great circle, and fibre."""
    far = float(paths.great_circle_m.max())
    lines = [("light-line", 1e3 * float(paths.light_s.max()), "light in vacuum along the great circle")]
    if paths.fibre is not None:
        lines.append(("fibre-line", 1e3 * float(fibre_s(paths).max()), "fibre, as taken"))
    for kind, ms, words in lines:
        share = min(panel.maximum / ms, 1.0) if ms > 0 else 0.0
        x, y = panel.left + far / 1e3 * across * share, panel.y(ms * share)
        drawing.path(f"M{number(panel.left)} {number(panel.bottom)}L{number(x)} {number(y)}", kind, words)


def stretch_bars(paths: Paths, size: Size, stamp: str) -> str:
    """Draw over how many pairs the round trip is how many times that of light along the great circle."""
    values = paths.stretch[np.isfinite(paths.stretch)]
    height = 220.0
    drawing = Drawing(size.width, height, f"Pairs by the stretch of their paths ({stamp})")
    first, end = float(np.floor(values.min() * 20) / 20), float(np.quantile(values, STRETCH_END))
    if paths.fibre is not None:
        end = max(end, 1.05 * paths.fibre.stretch)
    step = max(nice_step(end - first, 50 if size.wide else 28), 0.001)
    number_of = max(int(np.ceil((end - first) / step)), 1)
    index = np.minimum(((values - first) / step).astype(np.int64), number_of)
    bars = 100.0 * np.bincount(index, minlength=number_of + 1) / len(values)
    panel = Panel(size.left, size.width - 8, 34, height - 46, NOTHING, NOTHING, float(bars.max()) * 1.08)
    panel.axes(drawing, "% of pairs", 0, values=3, labels=False)
    wide = (panel.right - panel.left) / (number_of + 1)
    for k, bar in enumerate(bars.tolist()):
        low = first + k * step
        span = f"{low:.2f} to {low + step:.2f} times" if k < number_of else f"{low:.2f} times and more"
        kind = "bar" if k < number_of else "bar rest"
        words = f"{span}: {percent(bar / 100)} of pairs"
        drawing.rect(panel.left + k * wide, panel.y(bar), wide - 1, panel.bottom - panel.y(bar), kind, words)
    _stretch_marks(drawing, panel, paths, float(np.median(values)), lambda v: panel.left + (v - first) / step * wide)
    tick = nice_step(number_of * step, 8 if size.wide else 5)
    for k in range(int(np.ceil(first / tick - 1e-9)), int((first + number_of * step) / tick + 1e-9) + 1):
        x = panel.left + (k * tick - first) / step * wide
        if x < panel.right - wide - 26:
            _tick(drawing, x, panel.bottom + 17, axis_number(round(k * tick, 6)))
    drawing.text(panel.right, panel.bottom + 17, "more", "tick", "end")
    drawing.text(size.width - 2, height - 6, "times as long as light along the great circle", "unit", "end")
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


def _stretch_marks(drawing: Drawing, panel: Panel, paths: Paths, middle: float, at: object) -> None:
    """Draw the median, and where fibre would be, with labels that stay on the drawing."""
    assert callable(at)
    marks = [(middle, f"median {middle:.2f}", "median", 6)]
    if paths.fibre is not None:
        marks.append((paths.fibre.stretch, f"fibre {paths.fibre.stretch:.2f}", "p95", 24))
    for value, label, kind, drop in marks:
        x = float(at(value))
        drawing.path(f"M{number(x)} {number(panel.top - 6)}V{number(panel.bottom)}", kind, label)
        fits = x + 6 + text_width(label, 13) < drawing.width - 4
        drawing.text(x + (6 if fits else -6), panel.top + drop, label, "mark halo", "" if fits else "end")


def rtt_over_time(reading: Reading, paths: Paths, size: Size, stamp: str) -> str:
    """Draw the round trip of a few pairs over time, one strip a pair: gaps shaded, changes of path ticked below."""
    series, strip, gap = paths.series, (150.0 if len(paths.series.pair) < 3 else 110.0), 66.0
    count_of = len(series.pair)
    drawing = Drawing(size.width, 14 + count_of * (strip + gap), f"Round trip of pairs over time ({stamp})")
    cuts, coarse = bins(len(reading.times), 2 * size.bins), bins(len(reading.times), size.hits)
    fibre = fibre_s(paths)
    for row, pair in enumerate(series.pair.tolist()):
        values, top = 1e3 * series.rtt_s[:, row], 40 + row * (strip + gap)
        low, high = strip_range(values)
        panel = Panel(size.left, size.width - 8, top, top + strip, reading.times[0], reading.end, high, low)
        shade_events(drawing, panel, reading)
        name = clipped(pair_name(paths, pair), 90 if size.wide else 38)
        panel.axes(drawing, f"{name}, ms", 0, values=3 if size.wide else 2, labels=False)
        _gaps(drawing, panel, reading, np.isfinite(values))
        _strip_lines(drawing, panel, 1e3 * float(paths.light_s[pair]), 1e3 * float(fibre[pair]))
        drawing.path(_band(panel, reading, values, cuts), "area")
        drawing.path(panel.step_path(edges(reading, cuts), medians(values, cuts)), "series connected thin")
        _changes(drawing, panel, reading, series.changed[:, row])
        _time_axis(drawing, panel, size.times)
        lay_hits(drawing, panel, edges(reading, coarse), _strip_titles(reading, paths, row, coarse))
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


def strip_range(values: Float) -> tuple[float, float]:
    """Return the least and the greatest value of a strip's axis: from 0, unless all values lie well above it."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = float(known.min()), float(np.quantile(known, 0.999))
    step = nice_step(max(high - low, 0.02 * high), 2)
    floor = float(step * np.floor((low - 0.4 * step) / step))
    floor = floor if floor > 0.4 * high else 0.0
    return floor, max(high + 0.12 * (high - floor), 1e-3)


def _time_axis(drawing: Drawing, panel: Panel, wanted: int) -> None:
    """Draw the times below the ticks of the changes."""
    lower = Panel(panel.left, panel.right, panel.top, panel.bottom + 9, panel.start, panel.end, 1.0)
    lower.time_axis(drawing, wanted)


def _gaps(drawing: Drawing, panel: Panel, reading: Reading, known: Boolean) -> None:
    """Shade the runs of slots without a path."""
    turns = np.flatnonzero(np.diff(np.concatenate([[True], known, [True]]).astype(np.int8)))
    at = panel.xs(edges(reading, [(i, i + 1) for i in range(len(known))]))
    for a, b in zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True):
        words = f"no path for {plural(b - a, 'slot')} from {utc(reading.times[a], 's')}"
        drawing.rect(at[a], panel.top, max(at[b] - at[a], 1.5), panel.bottom - panel.top, "path-gap", words)


def _strip_lines(drawing: Drawing, panel: Panel, light_ms: float, fibre_ms: float) -> None:
    for value, kind in ((light_ms, "light-line"), (fibre_ms, "fibre-line")):
        if np.isfinite(value) and panel.minimum <= value <= panel.maximum:
            drawing.line(panel.left, panel.y(value), panel.right, panel.y(value), kind)


def _band(panel: Panel, reading: Reading, values: Float, cuts: list[tuple[int, int]]) -> str:
    """Return the least and the greatest value of each run of slots as boxes; none where a run is one slot."""
    if all(b - a < 2 for a, b in cuts):
        return ""
    xs, parts = panel.xs(edges(reading, cuts)), []
    for i, (a, b) in enumerate(cuts):
        known = values[a:b][np.isfinite(values[a:b])]
        if known.size:
            low, high = panel.y(float(known.min())), panel.y(min(float(known.max()), panel.maximum))
            parts.append(f"M{number(xs[i])} {number(high)}H{number(xs[i + 1])}V{number(low)}H{number(xs[i])}z")
    return "".join(parts)


def _changes(drawing: Drawing, panel: Panel, reading: Reading, changed: Boolean) -> None:
    """Tick below the strip where another path begins."""
    xs = panel.xs(reading.times[changed])
    marks = "".join(f"M{number(x)} {number(panel.bottom + 2)}v6" for x in dict.fromkeys(np.round(xs, 1).tolist()))
    if marks:
        drawing.path(marks, "path-change")


def _strip_titles(reading: Reading, paths: Paths, row: int, cuts: list[tuple[int, int]]) -> list[str]:
    values, changed = paths.series.rtt_s[:, row], paths.series.changed[:, row]
    name = pair_name(paths, int(paths.series.pair[row]))
    rough = medians(values, cuts).tolist()
    return [
        f"{name}, {utc(reading.times[a], 's')}: {milliseconds(v) if np.isfinite(v) else 'no path'}"
        f"{f', median of {b - a} slots' if b - a > 1 else ''}; {plural(int(changed[a:b].sum()), 'change')} of path"
        for (a, b), v in zip(cuts, rough, strict=True)
    ]


def pairs_over_time(reading: Reading, paths: Paths, size: Size, stamp: str) -> str:
    """Draw the median round trip over all pairs over time, and below it the pairs without a path, if any."""
    pairs = len(paths.pair)
    missing = pairs - paths.known_by_slot
    tall, gap = 130.0, 60.0
    panels = 2 if missing.any() else 1
    drawing = Drawing(size.width, 34 + panels * (tall + gap) - gap + 30, f"All pairs over time ({stamp})")
    cuts, coarse = bins(len(reading.times), size.bins), bins(len(reading.times), size.hits)
    known = paths.rtt_by_slot_s[np.isfinite(paths.rtt_by_slot_s)]
    middle = 1e3 * medians(paths.rtt_by_slot_s, cuts)
    rows = [("ms, median over all pairs", middle, 1.15e3 * float(known.max()) if known.size else 1.0)]
    if panels == 2:
        share = 100.0 * means(missing, cuts) / pairs
        rows.append(("% of pairs without a path", share, max(1.1 * float(share.max()), 1.0)))
    rough = medians(paths.rtt_by_slot_s, coarse).tolist(), means(missing, coarse).tolist()
    titles = [
        f"{utc(reading.times[a])}: {milliseconds(v)} in the median; {count(m)} of {plural(pairs, 'pair')} without"
        for (a, _), v, m in zip(coarse, *rough, strict=True)
    ]
    for row, (words, values, peak) in enumerate(rows):
        top = 34 + row * (tall + gap)
        panel = Panel(size.left, size.width - 8, top, top + tall, reading.times[0], reading.end, peak)
        shade_events(drawing, panel, reading)
        panel.axes(drawing, words, size.times, values=3)
        drawing.path(panel.step_path(edges(reading, cuts), values), "series connected")
        lay_hits(drawing, panel, edges(reading, coarse), titles)
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


def traffic_over_time(reading: Reading, paths: Paths, size: Size, stamp: str) -> str:
    """Draw what the ends ask for and are given, and the load of the lasers, over time."""
    traffic = paths.traffic
    assert traffic is not None
    tall, gap = 130.0, 62.0
    drawing = Drawing(size.width, 34 + 2 * tall + gap + 30, f"Traffic between the ends over time ({stamp})")
    cuts, coarse = bins(len(reading.times), size.bins), bins(len(reading.times), size.hits)
    offered = float(traffic.offered.sum())
    unit, scale = rate_unit(offered)
    loads = [100.0 * values for values in (traffic.load_mean, traffic.load_max)]
    titles = [
        f"{utc(reading.times[a])}: {bit_rate(g)} given of {bit_rate(offered)} ({percent(g / offered)}); lasers loaded "
        f"to {percent(mean / 100)} on average, the busiest to {percent(most / 100)}"
        for (a, _), g, mean, most in zip(
            coarse, means(traffic.by_slot, coarse).tolist(), *(means(v, coarse).tolist() for v in loads), strict=True
        )
    ]
    at = edges(reading, cuts)
    top = Panel(size.left, size.width - 8, 34, 34 + tall, reading.times[0], reading.end, 1.1 * offered / scale)
    shade_events(drawing, top, reading)
    top.axes(drawing, f"{unit}, both ways together", size.times, values=3)
    drawing.path(top.area_path(at, means(traffic.by_slot, cuts) / scale), "area")
    drawing.line(top.left, top.y(offered / scale), top.right, top.y(offered / scale), "series powered")
    drawing.path(top.step_path(at, means(traffic.by_slot, cuts) / scale), "series connected")
    lay_hits(drawing, top, edges(reading, coarse), titles)
    low = 34 + tall + gap
    load = Panel(size.left, size.width - 8, low, low + tall, reading.times[0], reading.end, 105.0)
    shade_events(drawing, load, reading)
    load.axes(drawing, "% of what the lasers could carry", size.times, values=4)
    for values, kind in zip(loads, ("connected", "powered"), strict=True):
        drawing.path(load.step_path(at, means(values, cuts)), f"series {kind}")
    lay_hits(drawing, load, edges(reading, coarse), titles)
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")
