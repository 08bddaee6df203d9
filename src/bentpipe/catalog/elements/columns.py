"""Columns of text or mixed JSON values to NumPy arrays: fast where all is well, exact about what is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bentpipe.catalog.elements.faults import FaultList

Floats = NDArray[np.float64]


def to_floats(values: Sequence[object], key: str, place: Sequence[str], faults: FaultList) -> Floats:
    """Turn a column into float64, noting a fault for each entry that is not a finite number.

    Parameters
    ----------
    values : sequence of N str, int, float
        The column, in any mixture; None stands for a value that is not there.
    key : str
        Name of the column for the messages.
    place : sequence of N str
        Where each entry stands.
    faults : FaultList
        Takes the faults.

    Returns
    -------
    ndarray, float64 (N,)
        The numbers; NaN where a fault was noted, and nowhere else.
    """
    kinds = set(map(type, values))
    underscores = str in kinds and "_" in "".join(map(str, values))  # float() would take 1_0
    if kinds <= {int, float, str} and not underscores:
        try:
            quick = np.fromiter(map(float, values), np.float64, len(values))  # type: ignore[arg-type]
            if np.isfinite(quick).all():
                return quick
        except (ValueError, OverflowError):
            pass
    return np.array([_one_float(v, key, p, faults) for v, p in zip(values, place, strict=True)], np.float64)


def _one_float(value: object, key: str, place: str, faults: FaultList) -> float:
    if value is None or (isinstance(value, str) and not value.strip()):
        faults.add(f"{key} is missing", place, allowed="a number")
        return np.nan
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)) or "_" in str(value):
            raise ValueError
        number = float(value)
    except (ValueError, OverflowError):
        faults.add(f"{key} is not a number", place, value, "a number")
        return np.nan
    if not np.isfinite(number):
        faults.add(f"{key} is not finite", place, value, "a finite number")
        return np.nan
    return number


def to_catalog_numbers(values: Sequence[object], place: Sequence[str], faults: FaultList) -> NDArray[np.int64]:
    """Turn a column of catalogue numbers (whole numbers, or decimal text; Alpha-5 too) into int64.

    Parameters
    ----------
    values : sequence of N objects
        The column.
    place : sequence of N str
        Where each entry stands.
    faults : FaultList
        Takes the faults.

    Returns
    -------
    ndarray, int64 (N,)
        The numbers; 1 where a fault was noted (so that no second fault follows).
    """
    if all(isinstance(v, str) and v.isascii() and v.isdigit() and len(v) <= 18 for v in values):
        return np.array(values, dtype=str).astype(np.int64)
    out = np.ones(len(values), dtype=np.int64)
    for row, value in enumerate(values):
        number = catalog_number(value)
        if number is None:
            faults.add("not a catalogue number", place[row], value, "1 to 999999999, or Alpha-5")
        else:
            out[row] = number
    return out


def catalog_number(value: object) -> int | None:
    """Return the catalogue number that a value stands for, or None.

    Alpha-5 (public catalogue, 2020): a letter without I and O for the first two digits, A = 10 to Z = 33, so
    that five columns reach 339,999.

    Parameters
    ----------
    value : object
        A whole number, decimal digits, or five characters of Alpha-5.

    Returns
    -------
    int or None
        The number.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -(2**62) < value < 2**62 else None
    if not isinstance(value, str):
        return None
    text = value.strip()
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    if len(text) == 5 and text[0] in letters and text[1:].isascii() and text[1:].isdigit():
        return (letters.index(text[0]) + 10) * 10_000 + int(text[1:])
    return None
