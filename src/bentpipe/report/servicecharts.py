"""The matrix of regions, services and hours: for whom what works, when."""

from __future__ import annotations

import numpy as np

from bentpipe.report.charts import HEATMAP_ROWS, Size
from bentpipe.report.measures import RegionRow
from bentpipe.report.reading import Float, Reading
from bentpipe.report.servicereading import Services
from bentpipe.report.svg import Drawing, number, text_width
from bentpipe.report.wording import clipped, percent, utc

PATTERNS = {
    0: '<path class="hatch-line" d="M0 0L6 6M-1.5 4.5L1.5 7.5M4.5 -1.5L7.5 1.5"/>',
    1: '<circle class="pattern-dot" cx="1.5" cy="1.5" r="0.9"/><circle class="pattern-dot" cx="4.5" cy="4.5" r="0.9"/>',
}
"""What is drawn over the colour of what fails, and of what is degraded; what works is plain."""
TALL = 15.0
STEP = 20.0
NUMBER = 32.0
"""Height of a strip, distance of rows, and room for the number behind a strip, px."""


def pattern_defs() -> str:
    """Return the patterns of the verdicts, ``vk0`` and ``vk1``; the page's legend holds them."""
    parts = [
        f'<pattern id="vk{k}" width="6" height="6" patternUnits="userSpaceOnUse">{marks}</pattern>'
        for k, marks in PATTERNS.items()
    ]
    return f"<defs>{''.join(parts)}</defs>"


def region_strips(reading: Reading, services: Services, rows: tuple[RegionRow, ...], size: Size, stamp: str) -> str:
    """Draw, for each region and service, the share of terminal users for whom it works over the hours of the run."""
    shown = [row for row in rows if row.users > 0][:HEATMAP_ROWS]
    left, gap = (150.0, 8.0) if size.wide else (96.0, 10.0)
    columns = len(services.services) if size.wide else 2
    blocks = [range(i, min(i + columns, len(services.services))) for i in range(0, len(services.services), columns)]
    tall = 34 + len(shown) * STEP + 30
    drawing = Drawing(
        size.width, 16 + tall * len(blocks), f"What works for whom, by region, service and hour ({stamp})"
    )
    wide = (size.width - left - gap * (columns - 1)) / columns
    order = {name: i for i, name in enumerate(reading.regions.names)}
    for block, members in enumerate(blocks):
        top = 16 + block * tall
        for line, row in enumerate(shown):
            y = top + 30 + line * STEP
            drawing.text(left - 8, y + 12, clipped(row.name, 24 if size.wide else 14), "row-name", "end")
        for column, i in enumerate(members):
            x = left + column * (wide + gap)
            drawing.text(x, top + 18, services.services[i].name, "strip-name")
            for line, row in enumerate(shown):
                r = order[row.name]
                shares = _shares(reading, services, r, i)
                _strip(drawing, (x, top + 30 + line * STEP, wide - NUMBER), shares, services)
                works = float(np.dot(shares[:, 0], _weights(services)))
                words = _title(reading, services, row.name, i, shares)
                drawing.rect(x, top + 30 + line * STEP, wide - NUMBER, TALL, "strip-hit", words)
                drawing.text(x + wide - NUMBER + 4, top + 30 + line * STEP + 12, percent(works, False), "tick")
            _hours(drawing, reading, x, wide - NUMBER, top + 30 + len(shown) * STEP + 11)
    drawing.stamp(stamp)
    return drawing.markup(f"chart {size.name}")


def _weights(services: Services) -> Float:
    length = np.array([b - a for a, b in services.cuts], np.float64)
    return length / max(float(length.sum()), 1.0)


def _shares(reading: Reading, services: Services, region: int, service: int) -> Float:
    """Share of a region's terminals for which a service works, and works or is degraded, by span, (B, 2)."""
    total = float(reading.regions.terminals[region])
    works = services.works_by[:, region, service] / total
    return np.stack([works, works + services.degraded_by[:, region, service] / total], axis=1)


def _strip(drawing: Drawing, box: tuple[float, float, float], shares: Float, services: Services) -> None:
    """Draw one strip: what fails behind, what is degraded before it, what works in front, from the ground up."""
    x, y, width = box
    drawing.rect(x, y, width, TALL, "verdict-0")
    drawing.rect(x, y, width, TALL, "verdict-pattern-0")
    edges = x + width * np.cumsum([0.0, *_weights(services)])
    for column, kinds in ((1, ("verdict-1", "verdict-pattern-1")), (0, ("verdict-2",))):
        values = np.clip(shares[:, column], 0.0, 1.0)
        if column == 1 and not (shares[:, 1] - shares[:, 0] > 1e-4).any():
            continue
        path = f"M{number(x)} {number(y + TALL)}"
        for i, value in enumerate(values):
            path += f"V{number(y + TALL * (1.0 - float(value)))}H{number(float(edges[i + 1]))}"
        for kind in kinds:
            drawing.path(f"{path}V{number(y + TALL)}z", kind)


def _title(reading: Reading, services: Services, name: str, service: int, shares: Float) -> str:
    works, usable = (float(np.dot(shares[:, k], _weights(services))) for k in (0, 1))
    low = int(np.argmin(shares[:, 0]))
    return (
        f"{name}, {services.services[service].title}: works for {percent(works)} of terminal users, with effort for "
        f"{percent(usable - works)}, fails for {percent(1.0 - usable)}, on average; least in the "
        f"span from {utc(reading.times[services.cuts[low][0]])}: {percent(float(shares[low, 0]))}"
    )


def _hours(drawing: Drawing, reading: Reading, x: float, width: float, y: float) -> None:
    """Write the hour (UTC) at the beginning and the end of a strip, and in the middle where there is room."""
    middle = reading.times[0] + (reading.end - reading.times[0]) / 2
    first, half, last = (_clock(time) for time in (reading.times[0], middle, reading.end))
    last = "24 h" if last == "0 h" else last
    drawing.text(x, y, first, "tick")
    if text_width(first + half + last, 12) + 24 < width:
        drawing.text(x + width / 2, y, half, "tick", "middle")
    if text_width(first + last, 12) + 8 < width:
        drawing.text(x + width, y, last, "tick", "end")


def _clock(time: np.datetime64) -> str:
    """Write a time of day to the nearest minute: the hour alone where it is whole."""
    nearest = str((time + np.timedelta64(30, "s")).astype("datetime64[m]"))[11:16]
    return f"{int(nearest[:2])} h" if nearest.endswith(":00") else nearest
