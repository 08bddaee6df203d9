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
