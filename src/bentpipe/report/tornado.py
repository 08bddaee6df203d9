"""The tornado chart of a study: what changes the measure most, on top."""

from __future__ import annotations

from bentpipe.report.charts import Size
from bentpipe.report.quantity import Quantity, ends_of
from bentpipe.report.studycharts import STAMP, Frame
from bentpipe.report.studyreading import EffectOf, StudyReading
from bentpipe.report.svg import CHARACTER, Drawing, axis_number, number, text_width
from bentpipe.report.wording import clipped

ROWS = 16
_TALL = 62.0


def tornado(reading: StudyReading, unit: Quantity, size: Size) -> str:
    """Draw a bar for each axis and drawn input, from the lowest to the highest mean of the measure."""
    rows = reading.effects[:ROWS]
    bottom = 30 + len(rows) * _TALL
    drawing = Drawing(size.width, bottom + 46, f"What changes {reading.measure['words']} most ({STAMP})")
    middle = float(reading.known.mean())
    ends = [v for e in rows for v in (e.low, e.high, *_ends(e))]
    ticks = ends_of([unit.shown(v) for v in (*ends, middle)], 6 if size.wide else 3, zero=False)
    frame = Frame(10, size.width - 14, 30, bottom, ticks[0], ticks[-1], (0.0, 1.0))
    for value in ticks:
        drawing.line(frame.x(value), frame.top, frame.x(value), bottom, "grid")
    drawing.line(frame.left, bottom, frame.right, bottom, "base")
    frame.across(drawing, [(t, axis_number(t)) for t in ticks])
    words = f"{reading.measure['name']}, {unit.unit}" if unit.unit else reading.measure["name"]
    drawing.text((frame.left + frame.right) / 2, bottom + 40, words, "unit", "middle")
    for at, effect in enumerate(rows):
        _row(drawing, frame, effect, unit, 30 + at * _TALL)
    x = frame.x(unit.shown(middle))
    drawing.path(
        f"M{number(x)} {number(frame.top)}V{number(bottom)}", "total", f"mean of all runs: {unit.text(middle)}"
    )
    drawing.stamp(STAMP)
    return drawing.markup(f"chart {size.name}")


def _ends(effect: EffectOf) -> tuple[float, ...]:
    """Where the interval of the change ends, from the lowest mean on."""
    return () if effect.interval is None else tuple(effect.low + end for end in effect.interval)


def _row(drawing: Drawing, frame: Frame, effect: EffectOf, unit: Quantity, top: float) -> None:
    a, b = frame.x(unit.shown(effect.low)), frame.x(unit.shown(effect.high))
    name = "seed (chance)" if effect.kind == "seed" else effect.name
    change = unit.difference(effect.change) if effect.change else "no change"
    room = int((drawing.width - text_width(change, 12.5) - 40) / 7.2)
    drawing.text(frame.left, top + 16, clipped(name, room), "row-name halo mark")
    drawing.text(frame.right, top + 16, change, "row-name halo", "end")
    title = f"{name}: {unit.text(effect.low)} at {effect.low_at}, {unit.text(effect.high)} at {effect.high_at}"
    kind = "chance-bar" if effect.kind == "seed" else "in-use"
    drawing.rect(a, top + 23, max(b - a, 2.0), 16, kind, title, 2)
    if effect.interval is not None and effect.interval[1] > effect.interval[0]:
        low, high = (frame.x(unit.shown(v)) for v in _ends(effect))
        ends = "".join(f"M{number(x)} {number(top + 27)}v8" for x in (low, high))
        words = f"{name}: the change is {unit.span(*effect.interval, difference=True)}"
        drawing.path(f"M{number(low)} {number(top + 31)}H{number(high)}{ends}", "scale", words)
    if effect.change:
        _end_words(drawing, frame, effect, (a, b), top + 53)


def _end_words(drawing: Drawing, frame: Frame, effect: EffectOf, bar: tuple[float, float], y: float) -> None:
    """Write under each end of a bar where the measure is so; drawn apart where the bar is short."""
    a, b = bar
    room = int((drawing.width / 2 - 16) / (12 * CHARACTER))
    left, right = clipped(effect.low_at, room), clipped(effect.high_at, room)
    wide = text_width(left, 11.5), text_width(right, 11.5)
    x_left, x_right = min(a, b - 8) - 2, max(b, a + 8) + 2
    x_left = max(x_left, frame.left + wide[0])
    x_right = min(x_right, frame.right - wide[1])
    if x_right - x_left < 8:
        x_right = min(x_left + 8, frame.right - wide[1])
        x_left = max(x_right - 8, frame.left + wide[0])
    drawing.text(x_left, y, left, "tick halo", "end")
    drawing.text(x_right, y, right, "tick halo")
