"""Numbers in words: every number a report shows passes here, with its unit.

Counts of people keep four significant digits: the inputs (terminals, population) are not known better.
"""

from __future__ import annotations

import math

import numpy as np

DASH = "\u2013"
MINUS = "\u2212"


def significant(value: float, digits: int) -> float:
    """Round to a number of significant digits.

    Parameters
    ----------
    value : float
        Any finite number, of any unit.
    digits : int
        Significant digits kept, at least 1.

    Returns
    -------
    float
        The rounded value, same unit.
    """
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))


def count(value: float, digits: int = 4) -> str:
    """Write a count with thousands separated: ``150,000``; an en dash where it is not known."""
    if not math.isfinite(value):
        return DASH
    return f"{round(significant(value, digits)):,}".replace("-", MINUS)


def plural(value: float, noun: str, nouns: str | None = None) -> str:
    """Write a count with its noun: ``1 site``, ``4 sites``."""
    return f"{count(value, 9)} {noun if round(value) == 1 else nouns or noun + 's'}"


def people(value: float) -> str:
    """Write a population: ``41.2 million``, ``812,400``."""
    if value >= 1e9:
        return f"{value / 1e9:.2f} billion"
    return f"{value / 1e6:.1f} million" if value >= 1e6 else count(value)


def percent(share: float, unit: bool = True) -> str:
    """Write a share (1 = all) in per cent; ``100 %`` and ``0 %`` only where it is exactly so.

    Parameters
    ----------
    share : float
        Share, dimensionless, 1 = all; NaN gives an en dash.
    unit : bool
        Whether the sign of per cent is written too.
    """
    if not math.isfinite(share):
        return DASH
    value = 100 * abs(share)
    if value >= 1 or value == 0:
        text = f"{value:.1f}"
        if text == "100.0" and share < 1:
            text = ">99.9"
    else:
        text = f"{value:.2g}" if value >= 0.01 else "<0.01"
    text = {"100.0": "100", "0.0": "0"}.get(text, text)
    return (MINUS if share < 0 else "") + text + (" %" if unit else "")


def milliseconds(seconds: float, unit: bool = True) -> str:
    """Write a time in seconds as milliseconds: ``41.3 ms``; an en dash where it is not known."""
    if not math.isfinite(seconds):
        return DASH
    return f"{1e3 * seconds:.1f}" + (" ms" if unit else "")


def duration(seconds: float) -> str:
    """Write a duration in seconds: ``15 s``, ``2 min``, ``6.5 h``, ``3 days``."""
    if seconds < 60:
        return f"{seconds:g} s"
    if seconds < 3600:
        return f"{seconds / 60:.3g} min"
    if seconds <= 48 * 3600:
        return f"{seconds / 3600:.3g} h"
    return f"{seconds / 86400:.3g} days"


def utc(time: np.datetime64, unit: str = "m") -> str:
    """Write a UTC time: ``2022-10-24 16:30 UTC``; unit "s" adds the seconds, "D" drops the hour."""
    text = str(np.datetime_as_string(time, unit="s")).replace("T", " ")
    return text[:10] if unit == "D" else f"{text if unit == 's' else text[:16]} UTC"


def signed(value: float) -> str:
    """Write a change in a count with its sign: ``+1,200``, a true minus sign, ``0``."""
    text = count(value)
    return f"+{text}" if value > 0 and text not in ("0", DASH) else text


def clipped(text: str, length: int) -> str:
    """Cut a text to a length, with an ellipsis where it was cut."""
    return text if len(text) <= length else text[: max(length - 1, 1)].rstrip() + "\u2026"


RATE_UNITS = (("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3), ("bit/s", 1.0))


def rate_unit(bit_s: float) -> tuple[str, float]:
    """Choose the unit of a rate, and its size in bit/s."""
    return next((unit for unit in RATE_UNITS if bit_s >= unit[1] * 0.9995), RATE_UNITS[-1])


def bit_rate(bit_s: float) -> str:
    """Write a rate in bit/s with three significant digits: ``1.07 Gbit/s``, ``640 Mbit/s``; an en dash for NaN."""
    if not math.isfinite(bit_s):
        return DASH
    if bit_s == 0:
        return "0 bit/s"
    unit, size = rate_unit(abs(bit_s))
    value = significant(bit_s / size, 3)
    return f"{value:,.10g} {unit}".replace("-", MINUS)


def tag_words(tag: str) -> str:
    """Write the mark of an input: a figure recalled from a documented source is called so."""
    return {"recalled": "documented (recalled)"}.get(tag, tag)
