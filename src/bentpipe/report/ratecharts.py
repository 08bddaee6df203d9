"""The figures of the rates: load over time, what binds by region, traffic of the gateways."""

from __future__ import annotations

import numpy as np

from bentpipe.report.charts import GATEWAY_ROWS, HEATMAP_ROWS, Size, edges, lay_hits, shade_events
from bentpipe.report.measures import ratio
from bentpipe.report.ratemeasures import RateRow, limit_shares
from bentpipe.report.ratereading import LIMITS, Float, Integer, Rates, Way
from bentpipe.report.reading import Reading
from bentpipe.report.svg import Drawing, Panel, axis_number, bins, means, text_width, ticks
from bentpipe.report.wording import bit_rate, clipped, percent, rate_unit, utc
from bentpipe.results.variables import LIMIT_WORDS

PATTERNS = {
    0: '<path class="hatch-line" d="M0 0L6 6M-1.5 4.5L1.5 7.5M4.5 -1.5L7.5 1.5"/>',
    2: '<circle class="pattern-dot" cx="3" cy="3" r="1"/>',
    3: '<path class="pattern-line" d="M0 6L6 0M-1.5 1.5L1.5 -1.5M4.5 7.5L7.5 4.5"/>',
    4: '<path class="pattern-light" d="M0 3H6"/>',
    5: '<path class="pattern-light" d="M0 0L6 6M0 6L6 0"/>',
    6: '<path class="pattern-light" d="M3 0V6"/>',
}
"""What is drawn over the colour of each limit, so that they differ without colour; the most common one is plain."""


ORDER = (1, 2, 3, 4, 5, 6, 0)
"""Limits from the freest to the unserved."""


def pattern_defs() -> str:
    """Return the patterns of the limits, ``lk0`` and up; the page's legend holds them, and every chart uses them."""
    parts = [
        f'<pattern id="lk{k}" width="6" height="6" patternUnits="userSpaceOnUse">{marks}</pattern>'
        for k, marks in PATTERNS.items()
    ]
    return f"<defs>{''.join(parts)}</defs>"


def ways_of(rates: Rates) -> list[tuple[str, Way]]:
    """Return the directions that a run has, with their words."""
    pairs = (("towards users (down)", rates.down), ("from users (up)", rates.up))
    return [(words, way) for words, way in pairs if way is not None]


def load_over_time(reading: Reading, rates: Rates, size: Size, stamp: str) -> str:
    """Draw what the territory's terminals ask for and are given over time, one panel a direction."""
    ways, tall, gap = ways_of(rates), 150.0 if size.wide else 130.0, 62.0
    height = 38 + len(ways) * (tall + gap) - gap + 28
    drawing = Drawing(size.width, height, f"Rates asked for and given over time ({stamp})")
    cuts, coarse = bins(len(reading.times), size.bins), bins(len(reading.times), size.hits)
    at = edges(reading, cuts)
    for row, (words, way) in enumerate(ways):
        asked, given = way.offered.sum(axis=1), way.given.sum(axis=1)
        top = 38 + row * (tall + gap)
        unit, scale = rate_unit(float(max(means(asked, cuts).max(), means(given, cuts).max())))
        most = max(float(means(asked, cuts).max()), float(means(given, cuts).max()), 1.0) / scale
        panel = Panel(size.left, size.width - 8, top, top + tall, reading.times[0], reading.end, most * 1.06)
        shade_events(drawing, panel, reading)
        panel.axes(drawing, f"{unit} {words}", size.times)
        drawing.path(panel.area_path(at, means(given, cuts) / scale), "area")
        drawing.path(panel.step_path(at, means(asked, cuts) / scale), "series powered")
        drawing.path(panel.step_path(at, means(given, cuts) / scale), "series connected")
        lay_hits(drawing, panel, edges(reading, coarse), _load_titles(reading, words, asked, given, coarse))
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


def _load_titles(
    reading: Reading, words: str, asked: Integer, given: Integer, cuts: list[tuple[int, int]]
) -> list[str]:
    pairs = zip(cuts, means(asked, cuts).tolist(), means(given, cuts).tolist(), strict=True)
    return [
        f"{utc(reading.times[a])}, {words}: {bit_rate(g)} given of {bit_rate(o)} asked for ({percent(ratio(g, o))})"
        for (a, _), o, g in pairs
    ]


def limits_chart(reading: Reading, rates: Rates, rows: tuple[RateRow, ...], size: Size, stamp: str) -> str:
    """Draw, by region and direction, the shares of terminals that each limit binds; beside one another, or below."""
    ways, shown = ways_of(rates), rows[:HEATMAP_ROWS]
    tall, left = 22.0, 176.0 if size.wide else 104.0
    block = 44 + len(shown) * tall + 24
    height = block if size.wide else block * len(ways)
    drawing = Drawing(size.width, height + 4, f"What binds the rates, by region ({stamp})")
    gap = 34.0
    width = (size.width - 14 - left - gap * (len(ways) - 1)) / len(ways) if size.wide else size.width - 14 - left
    order = {name: i for i, name in enumerate(reading.regions.names)}
    for column, (words, way) in enumerate(ways):
        x, y = (left + column * (width + gap), 0.0) if size.wide else (left, column * block)
        shares = limit_shares(reading, way)
        drawing.text(x, y + 28, words, "strip-name")
        for row, region in enumerate(shown):
            line = y + 38 + row * tall
            if not size.wide or not column:
                drawing.text(left - 8, line + 14, clipped(region.name, 26 if size.wide else 13), "row-name", "end")
            _limit_bar(drawing, region.name, words, shares[order[region.name]], x, line, width)
        bottom = y + 38 + len(shown) * tall
        for value in (0, 50, 100):
            place = "end" if value == 100 else "middle" if value else ""
            drawing.text(x + width * value / 100, bottom + 16, f"{value} %", "tick", place)
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


def _limit_bar(drawing: Drawing, name: str, words: str, shares: Float, x: float, y: float, width: float) -> None:
    """Draw the shares of one region end to end, the freest first."""
    for k in ORDER:
        share = float(shares[k])
        if not np.isfinite(share) or share <= 0:
            continue
        wide = share * width
        title = f"{name}, {words}: {percent(share)} of terminals with power and slots, {LIMIT_WORDS[k]}"
        drawing.rect(x, y, wide - (0.8 if wide > 2 else 0), tall_bar := 17.0, f"l{k}", title)
        if k in PATTERNS:
            drawing.add(f'<g class="lp{k}">')
            drawing.rect(x, y, wide - (0.8 if wide > 2 else 0), tall_bar, "")
            drawing.add("</g>")
        label = percent(share)
        if wide > text_width(label, 11) + 8:
            drawing.text(x + wide / 2, y + 12.5, label, f"in-segment lt{k}", "middle")
        x += wide


def gateway_traffic(reading: Reading, rates: Rates, size: Size, stamp: str) -> str:
    """Draw the traffic through each gateway, one strip a gateway on one scale; the busiest where there are many."""
    down, up = rates.down.through, None if rates.up is None else rates.up.through
    mean = down.mean(axis=0)
    order = np.argsort(-mean, kind="stable")[:GATEWAY_ROWS].tolist()
    strip, gap = 54.0, 28.0
    drawing = Drawing(size.width, 34 + len(order) * (strip + gap) + 24, f"Traffic of the gateways ({stamp})")
    cuts, coarse = bins(len(reading.times), size.bins), bins(len(reading.times), size.hits // 2)
    at, binned = edges(reading, cuts), means(down, cuts)
    above = None if up is None else means(up, cuts)
    most = max(float(binned.max()), 0.0 if above is None else float(above.max()), 1.0)
    unit, scale = rate_unit(most)
    drawing.text(0, 12, unit, "unit")
    for row, g in enumerate(order):
        top = 44 + row * (strip + gap)
        panel = Panel(size.left, size.width - 8, top, top + strip, reading.times[0], reading.end, most / scale)
        shade_events(drawing, panel, reading)
        for value in ticks(most / scale, 2):
            if value <= most / scale:
                drawing.line(panel.left, panel.y(value), panel.right, panel.y(value), "grid" if value else "base")
                drawing.text(panel.left - 8, panel.y(value) + 4, axis_number(value), "tick", "end")
        drawing.path(panel.area_path(at, binned[:, g] / scale), "area")
        drawing.path(panel.step_path(at, binned[:, g] / scale), "series connected")
        if above is not None:
            drawing.path(panel.step_path(at, above[:, g] / scale), "series powered")
        words = f"{clipped(reading.gateways.names[g], 60 if size.wide else 24)}: {bit_rate(float(mean[g]))} down"
        words += "" if up is None else f", {bit_rate(float(up[:, g].mean()))} up"
        drawing.text(panel.left if size.wide else 0, top - 8, words, "strip-name")
        lay_hits(drawing, panel, edges(reading, coarse), _traffic_titles(reading, g, down, up, coarse))
        if row == len(order) - 1:
            panel.time_axis(drawing, size.times)
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


def _traffic_titles(
    reading: Reading, gateway: int, down: Integer, up: Integer | None, cuts: list[tuple[int, int]]
) -> list[str]:
    there = means(down[:, gateway], cuts).tolist()
    back = [""] * len(there)
    if up is not None:
        back = [f", {bit_rate(value)} up" for value in means(up[:, gateway], cuts).tolist()]
    name = reading.gateways.names[gateway]
    return [
        f"{name}, {utc(reading.times[a])}: {bit_rate(d)} down{u}"
        for (a, _), d, u in zip(cuts, there, back, strict=True)
    ]


def has_limits(reading: Reading, rates: Rates) -> bool:
    """Return whether any region has a terminal that something binds."""
    return bool(rates.down.limit[:-1].sum() > 0) and rates.down.limit.shape[1] == LIMITS and bool(reading.regions.names)
