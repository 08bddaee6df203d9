"""Writing SVG by hand: elements, scales and axes; colours come from the page's style sheet by class.

No ``style`` attributes: the page's content security policy allows styles by hash only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

import numpy as np

from bentpipe.report.reading import Float, Integer, Times
from bentpipe.report.wording import count

CHARACTER = 0.56
"""Width of a character of the page's sans-serif type, in font sizes; an upper mean, checked by eye."""


def number(value: float) -> str:
    """Write a coordinate with at most one decimal."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def text_width(text: str, size: float = 12.0) -> float:
    """Estimate the width of a text in px at a font size in px."""
    return len(text) * size * CHARACTER


@dataclass
class Drawing:
    """An SVG under construction; sizes in px of its own view box."""

    width: float
    height: float
    label: str
    parts: list[str] = field(default_factory=list)

    def add(self, markup: str) -> None:
        """Add finished markup."""
        self.parts.append(markup)

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "") -> None:
        """Add a text; `anchor` is "", "middle" or "end"."""
        extra = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
        self.add(f'<text x="{number(x)}" y="{number(y)}"{extra}>{escape(words)}</text>')

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        """Add a straight line."""
        self.add(f'<path class="{kind}" d="M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"/>')

    def rect(
        self, x: float, y: float, width: float, height: float, kind: str, title: str = "", radius: float = 0
    ) -> None:
        """Add a rectangle, with a tooltip where a title is given."""
        inner = f"><title>{escape(title)}</title></rect>" if title else "/>"
        corner = f' rx="{number(radius)}"' if radius else ""
        self.add(
            f'<rect class="{kind}" x="{number(x)}" y="{number(y)}" width="{number(max(width, 0))}" '
            f'height="{number(max(height, 0))}"{corner}{inner}'
        )

    def path(self, d: str, kind: str, title: str = "") -> None:
        """Add a path."""
        inner = f"><title>{escape(title)}</title></path>" if title else "/>"
        self.add(f'<path class="{kind}" d="{d}"{inner}')

    def stamp(self, words: str) -> None:
        """Write the word that belongs on every figure (simulated) in its upper right corner."""
        self.text(self.width - 2, 11, words, "stamp", "end")

    def markup(self, kind: str = "") -> str:
        """Return the whole SVG."""
        return (
            f'<svg class="{kind}" viewBox="0 0 {number(self.width)} {number(self.height)}" role="img" '
            f'aria-label="{escape(self.label)}">{"".join(self.parts)}</svg>'
        )


def nice_step(span: float, wanted: int) -> float:
    """Return the step of 1, 2 or 5 times a power of ten that cuts a span into about `wanted` parts."""
    if span <= 0 or not np.isfinite(span):
        return 1.0
    raw = span / max(wanted, 1)
    power = 10.0 ** np.floor(np.log10(raw))
    return float(next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999))


def ticks(top: float, wanted: int = 4) -> list[float]:
    """Return round tick values from 0 to at least `top`."""
    step = nice_step(top, wanted)
    return [i * step for i in range(int(np.ceil(top / step - 1e-9)) + 1)] if top > 0 else [0.0, 1.0]


TIME_STEPS_S = (
    15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600,
    2419200, 7257600,
)  # fmt: skip


def time_ticks(start: np.datetime64, end: np.datetime64, wanted: int) -> list[tuple[np.datetime64, str]]:
    """Return round UTC times within a span, with labels: hours, and the date at midnight."""
    first, last = (int(t.astype("datetime64[ms]").astype(np.int64)) for t in (start, end))
    span = max((last - first) / 1e3, 1.0)
    step = next((s for s in TIME_STEPS_S if span / s <= wanted), TIME_STEPS_S[-1]) * 1000
    found: list[tuple[np.datetime64, str]] = []
    for at in range(-(-first // step) * step, last + 1, step):
        moment = np.datetime64(at, "ms")
        clock = str(moment)[11:19]
        day = np.datetime_as_string(moment, unit="D")
        label = f"{int(day[8:])} {MONTHS[int(day[5:7]) - 1]}" if clock == "00:00:00" else clock[:5]
        if step < 60_000 and clock != "00:00:00":
            label = clock
        found.append((moment, label))
    return found


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Panel:
    """A plotting rectangle: time across, a quantity upwards from `minimum`."""

    left: float
    right: float
    top: float
    bottom: float
    start: np.datetime64
    end: np.datetime64
    maximum: float
    minimum: float = 0.0

    def x(self, time: np.datetime64) -> float:
        """Place a time, clipped to the panel."""
        share = float((time - self.start) / max(self.end - self.start, np.timedelta64(1, "ms")))
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)

    def xs(self, times: Times) -> Float:
        """Place many times."""
        share = (times - self.start) / max(self.end - self.start, np.timedelta64(1, "ms"))
        return np.asarray(self.left + np.clip(share.astype(np.float64), 0, 1) * (self.right - self.left))

    def y(self, value: float) -> float:
        """Place a value."""
        span = self.maximum - self.minimum
        return self.bottom - ((value - self.minimum) / span if span > 0 else 0.0) * (self.bottom - self.top)

    def step_path(self, edges: Times, values: Float) -> str:
        """Return a staircase through one value a bin (edges one more than values); gaps at NaN."""
        xs, parts, drawing = self.xs(edges), [], False
        for i, value in enumerate(values):
            if not np.isfinite(value):
                drawing = False
                continue
            y = number(self.y(float(value)))
            parts.append(f"V{y}" if drawing else f"M{number(xs[i])} {y}")
            parts.append(f"H{number(xs[i + 1])}")
            drawing = True
        return "".join(parts)

    def area_path(self, edges: Times, values: Float) -> str:
        """Return the area under a staircase of finite values."""
        if not len(values):
            return ""
        floor = number(self.bottom)
        return f"M{number(self.left)} {floor}" + self.step_path(edges, values).replace("M", "L", 1) + f"V{floor}z"

    def axes(self, drawing: Drawing, unit: str, wanted_times: int, values: int = 4, labels: bool = True) -> None:
        """Draw the grid, the value labels with their unit, and the times (UTC)."""
        for value in self._values(values):
            if value > self.maximum * 1.0001:
                break
            y = self.y(value)
            drawing.line(self.left, y, self.right, y, "base" if value == self.minimum else "grid")
            drawing.text(self.left - 8, y + 4, axis_number(value), "tick", "end")
        drawing.text(0, self.top - 10, unit, "unit")
        if labels:
            self.time_axis(drawing, wanted_times)

    def _values(self, wanted: int) -> list[float]:
        """Return round values from the lower end of the panel on, which is one of them."""
        if not self.minimum:
            return ticks(self.maximum, wanted)
        step = nice_step(self.maximum - self.minimum, wanted)
        first = int(np.floor(self.minimum / step + 0.6)) + 1
        return [self.minimum, *(k * step for k in range(first, int(self.maximum / step) + 1))]

    def time_axis(self, drawing: Drawing, wanted: int) -> None:
        """Draw round times under the panel."""
        for moment, label in time_ticks(self.start, self.end, wanted):
            x = self.x(moment)
            half = text_width(label, 12) / 2
            drawing.line(x, self.bottom, x, self.bottom + 5, "base")
            place = min(max(x, half), drawing.width - half)
            drawing.text(place, self.bottom + 19, label, "tick", "middle")


def axis_number(value: float) -> str:
    """Write a tick value: integers with thousands separated, else the digits needed."""
    return count(value, 6) if value == round(value) else f"{value:g}"


def bins(length: int, wanted: int) -> list[tuple[int, int]]:
    """Cut `length` slots into at most `wanted` runs of nearly equal length."""
    parts = min(max(length, 0), max(wanted, 1))
    cuts = [length * i // parts for i in range(parts + 1)] if parts else [0]
    return list(pairwise(cuts))


def means(values: Float | Integer, cuts: list[tuple[int, int]]) -> Float:
    """Return the mean of each run along the first axis; runs cover the array without gaps."""
    if not cuts:
        return np.zeros((0, *values.shape[1:]))
    starts = [a for a, _ in cuts]
    lengths = np.array([b - a for a, b in cuts], dtype=np.float64)
    sums = np.add.reduceat(np.asarray(values, dtype=np.float64), starts, axis=0)
    return np.asarray(sums / lengths.reshape(-1, *([1] * (values.ndim - 1))))
