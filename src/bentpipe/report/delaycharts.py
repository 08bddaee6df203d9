"""The figures of the delay: by site and segment, and its distribution over the connected terminals."""

from __future__ import annotations

import numpy as np

from bentpipe.report.charts import Size, edges, lay_hits
from bentpipe.report.reading import DELAY_BIN_S, Float, Reading
from bentpipe.report.svg import Drawing, Panel, axis_number, bins, nice_step, number, text_width, ticks
from bentpipe.report.wording import clipped, milliseconds, percent, utc

SEGMENT_WORDS = {
    "user_link": "user link (light time)",
    "feeder_link": "feeder link (light time)",
    "fibre": "fibre to the point of presence",
    "access_frame": "access: frames",
    "access_scheduling": "access: uplink scheduling",
    "access_load": "access: load",
    "laser_links": "lasers (light time)",
    "laser_forwarding": "lasers: forwarding",
}
SITE_ROWS = 40
TIMED_SITES = 6
AXIS_WORDS = "round-trip time to the point of presence, ms"


def segment_class(name: str) -> int:
    """Return the number of a segment's colour: the same whether a run has lasers or not."""
    return list(SEGMENT_WORDS).index(name) if name in SEGMENT_WORDS else 0


def delay_by_site(reading: Reading, size: Size, stamp: str) -> str:
    """Draw the mean round trip of each site cut into its segments, with its median and 95th percentile."""
    sites = reading.sites
    shown = [i for i in range(len(sites.ids)) if np.isfinite(sites.segment_s[i]).all()][:SITE_ROWS]
    p50, p95 = site_quantiles(reading)
    tops = [float(sites.segment_s[i].sum()) for i in shown] + [float(p95[i]) for i in shown if np.isfinite(p95[i])]
    maximum = 1e3 * max(tops, default=0.01) * 1.06
    left, tall = (190.0, 34.0) if size.wide else (8.0, 50.0)
    bottom = 22 + len(shown) * tall
    drawing = Drawing(size.width, bottom + 44, f"Round-trip time by site and segment ({stamp})")
    scale = (size.width - 24 - left) / maximum
    _value_axis(drawing, left, bottom, scale, maximum, 8 if size.wide else 4)
    for row, i in enumerate(shown):
        y = 22 + row * tall + (8 if size.wide else 22)
        if size.wide:
            drawing.text(left - 10, y + 13, clipped(sites.names[i], 28), "row-name", "end")
        else:
            drawing.text(left, y - 5, clipped(sites.names[i], 50), "row-name")
        _segments(drawing, reading, i, left, y, scale)
        for value, kind, words in ((float(p50[i]), "median", "median"), (float(p95[i]), "p95", "95th percentile")):
            if np.isfinite(value):
                title = f"{sites.names[i]}: {words} {milliseconds(value)}"
                drawing.path(f"M{number(left + 1e3 * value * scale)} {number(y - 5)}v6m0 16v6", kind, title)
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


def _segments(drawing: Drawing, reading: Reading, site: int, left: float, y: float, scale: float) -> None:
    """Draw the segments of one site end to end, with their ms where the number fits."""
    sites, x = reading.sites, left
    for k, segment in enumerate(sites.segment_names):
        seconds = float(sites.segment_s[site, k])
        wide = 1e3 * seconds * scale
        words = f"{sites.names[site]}, {SEGMENT_WORDS.get(segment, segment)}: {milliseconds(seconds)} on average"
        kind = segment_class(segment)
        drawing.rect(x, y, wide - 1, 18, f"segment s{kind}", words)
        label = milliseconds(seconds, unit=False)
        if wide > text_width(label, 11) + 6:
            drawing.text(x + wide / 2 - 0.5, y + 13, label, f"in-segment t{kind}", "middle")
        x += wide


def _value_axis(drawing: Drawing, left: float, bottom: float, scale: float, maximum: float, wanted: int) -> None:
    """Draw a horizontal axis in ms from 0."""
    for value in ticks(maximum, wanted):
        if value <= maximum:
            x = left + value * scale
            drawing.line(x, 18, x, bottom, "grid" if value else "base")
            drawing.text(x, bottom + 17, axis_number(value), "tick", "middle")
    drawing.text(drawing.width - 2, bottom + 36, AXIS_WORDS, "unit", "end")


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
    first = max(int(reading.delay_quantile_s(0.001) / DELAY_BIN_S) - 10, 0)
    last = min(int(reading.delay_quantile_s(0.999) / DELAY_BIN_S) + 10, len(histogram) - 1)
    step = max((last - first) // (80 if size.wide else 40), 1)
    starts = np.arange(first, last, step)
    last = min(int(starts[-1]) + step, len(histogram) - 1)
    bars = np.add.reduceat(histogram, np.append(starts, last))[:-1] / histogram.sum() * 100
    height = 210.0
    drawing = Drawing(size.width, height, f"Distribution of the round-trip time ({stamp})")
    nothing = np.datetime64(0, "ms")
    peak = float(bars.max()) * 1.05
    panel = Panel(size.left, size.width - 8, 34.0, height - 44.0, nothing, nothing, peak)
    panel.axes(drawing, "% of connected terminals and slots", 0, values=3, labels=False)
    scale = (panel.right - panel.left) / (len(starts) * step)
    for k, bar in enumerate(bars.tolist()):
        a, b = (milliseconds((first + j * step) * DELAY_BIN_S) for j in (k, k + 1))
        title = f"{a} to {b}: {percent(bar / 100)} of connected terminals and slots"
        x = panel.left + k * step * scale
        drawing.rect(x, panel.y(bar), step * scale - 1, panel.bottom - panel.y(bar), "bar", title)
    _delay_ticks(drawing, panel, first, len(starts) * step, 10 if size.wide else 5)
    _delay_marks(drawing, panel, reading, first, scale / DELAY_BIN_S)
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


def _delay_ticks(drawing: Drawing, panel: Panel, first: int, width: int, wanted: int) -> None:
    """Draw round values in ms under a span of delay bins."""
    low, span = 1e3 * first * DELAY_BIN_S, 1e3 * width * DELAY_BIN_S
    tick = nice_step(span, wanted)
    for k in range(int(np.ceil(low / tick)), int((low + span) / tick) + 1):
        x = panel.left + (k * tick - low) / span * (panel.right - panel.left)
        drawing.text(x, panel.bottom + 17, axis_number(round(k * tick, 6)), "tick", "middle")
    drawing.text(drawing.width - 2, panel.bottom + 36, AXIS_WORDS, "unit", "end")


def _delay_marks(drawing: Drawing, panel: Panel, reading: Reading, first: int, px_per_s: float) -> None:
    """Draw the median and the 95th percentile, with labels that stay on the drawing."""
    for q, words, kind, drop in ((0.5, "median", "median", 6), (0.95, "95th percentile", "p95", 24)):
        seconds = reading.delay_quantile_s(q)
        x = panel.left + (seconds - first * DELAY_BIN_S) * px_per_s
        drawing.path(f"M{number(x)} {number(panel.top - 6)}V{number(panel.bottom)}", kind)
        label = f"{words} {milliseconds(seconds)}"
        fits = x + 6 + text_width(label, 13) < drawing.width - 4
        drawing.text(x + (6 if fits else -6), panel.top + drop, label, "mark halo", "" if fits else "end")


def delay_over_time(reading: Reading, size: Size, stamp: str) -> str:
    """Draw the round trip of the first sites over time, one strip a site; each step is the median of its slots."""
    sites, strip, gap = reading.sites, 96.0, 52.0
    shown = range(min(len(sites.ids), TIMED_SITES))
    drawing = Drawing(size.width, 20 + len(shown) * (strip + gap), f"Round-trip time over time ({stamp})")
    cuts, coarse = bins(len(reading.times), size.bins), bins(len(reading.times), size.hits)
    known = sites.delay_s[np.isfinite(sites.delay_s)]
    peak = 1.1e3 * float(np.quantile(known, 0.999))
    for row, i in enumerate(shown):
        top = 40 + row * (strip + gap)
        panel = Panel(size.left, size.width - 8, top, top + strip, reading.times[0], reading.end, peak)
        panel.axes(drawing, f"{clipped(sites.names[i], 60 if size.wide else 30)}, ms", size.times, values=2)
        values = 1e3 * medians(sites.delay_s[:, i], cuts)
        drawing.path(panel.step_path(edges(reading, cuts), values), "series connected")
        rough = medians(sites.delay_s[:, i], coarse).tolist()
        pairs = zip(coarse, rough, strict=True)
        titles = [f"{sites.names[i]}, {utc(reading.times[a], 's')}: {milliseconds(v)}" for (a, _), v in pairs]
        lay_hits(drawing, panel, edges(reading, coarse), titles)
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


def medians(values: Float, cuts: list[tuple[int, int]]) -> Float:
    """Return the median of the known values of each run of slots; NaN where none is known."""
    parts = [values[a:b][np.isfinite(values[a:b])] for a, b in cuts]
    return np.array([float(np.median(part)) if part.size else np.nan for part in parts])
