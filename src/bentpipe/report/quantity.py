"""A quantity as a study's report writes it: the unit of its axis, its numbers in words, and round ticks in a range."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from bentpipe.report.svg import nice_step
from bentpipe.report.wording import DASH, MINUS, rate_unit, significant

#: Unit of a variable: unit that is shown, and what a value is multiplied by.
_SHOWN = {
    "s": ("ms", 1e3), "share": ("%", 100.0), "m": ("km", 1e-3), "degrees": ("°", 1.0), "1": ("", 1.0),
}  # fmt: skip


@dataclass(frozen=True)
class Quantity:
    """How values of one unit are written.

    Parameters
    ----------
    unit : str
        Unit that is shown; "" for a count.
    factor : float
        What a value is multiplied by.
    digits : int
        Decimals.
    """

    unit: str
    factor: float
    digits: int

    def shown(self, value: float) -> float:
        """A value in the unit that is shown."""
        return value * self.factor

    def number(self, value: float) -> str:
        """Write a value without its unit; an en dash where there is none."""
        if not math.isfinite(value):
            return DASH
        text = f"{round(self.shown(value), self.digits) + 0.0:,.{self.digits}f}"
        return text.replace("-", MINUS)

    def text(self, value: float) -> str:
        """Write a value with its unit."""
        number = self.number(value)
        return f"{number} {self.unit}" if self.unit and number != DASH else number

    def difference(self, value: float) -> str:
        """Write a difference with its unit; shares differ by points."""
        number = self.number(value)
        unit = "points" if self.unit == "%" else self.unit
        return f"{number} {unit}" if unit and number != DASH else number

    def span(self, low: float, high: float, difference: bool = False) -> str:
        """Write a range: ``50.3 to 79.8 ms``."""
        write = self.difference if difference else self.text
        return f"{self.number(low)} to {write(high)}"


def quantity(unit: str, values: Iterable[float]) -> Quantity:
    """Choose how values of a unit are written, by how large they are and how far they spread.

    Parameters
    ----------
    unit : str
        "s", "share", "bit/s", "m", "degrees", "dB", "slots", "1", or another that is shown as it is.
    values : iterable of float
        What is to be told apart, in that unit; NaN is passed over.

    Returns
    -------
    Quantity
    """
    known = [v for v in values if math.isfinite(v)]
    largest = max(map(abs, known), default=0.0)
    shown, factor = _SHOWN.get(unit, (unit, 1.0))
    if unit == "bit/s":
        shown, size = rate_unit(largest)
        factor = 1.0 / size
    spread = factor * (max(known, default=0.0) - min(known, default=0.0))
    # Two digits of the spread, and no less than three of the values themselves.
    by_spread = 1 - math.floor(math.log10(spread)) if spread > 0 else 0
    by_size = 2 - math.floor(math.log10(largest * factor)) if largest > 0 else 0
    digits = min(max(by_spread, by_size, 0), 6)
    if unit in ("1", "slots") and all(float(v).is_integer() for v in known):
        digits = 0
    return Quantity(shown, factor, digits)


def ticks_within(low: float, high: float, wanted: int) -> list[float]:
    """Round tick values from at most `low` to at least `high`.

    Parameters
    ----------
    low, high : float
        Of one unit, `low` below `high`.
    wanted : int
        About how many steps.

    Returns
    -------
    list of float
    """
    step = nice_step(high - low, wanted)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [significant(i * step, 12) for i in range(first, max(last, first + 1) + 1)]


def ends_of(values: Iterable[float], wanted: int = 4, all_of: float | None = None, zero: bool = True) -> list[float]:
    """Ticks of an axis that holds values: from 0, unless the values lie close together far from it.

    Parameters
    ----------
    values : iterable of float
        In the unit that is shown; NaN is passed over.
    wanted : int
        About how many steps.
    all_of : float, optional
        The most that can be: 100 for per cent.
    zero : bool
        Whether the axis may begin at 0 where no value is.

    Returns
    -------
    list of float
        The first is the lower end, the last the upper end.
    """
    known = [v for v in values if math.isfinite(v)]
    low, high = min(known, default=0.0), max(known, default=1.0)
    if (zero and low >= 0.0 and (high - low) > 0.25 * high) or high == low == 0.0:
        low = 0.0
    if high - low <= 1e-12 * max(abs(high), 1e-300):
        pad = abs(high) * 0.05 or 1.0
        low, high = low - pad, high + pad
    found = ticks_within(low, high, wanted)
    return (
        [t for t in found if all_of is None or t <= all_of + 1e-9] if all_of is not None and high <= all_of else found
    )
