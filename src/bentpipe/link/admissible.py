"""Refusal of values that no link has: not numbers, out of range, in the wrong unit."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bentpipe.errors import Fault, InputError

FloatArray = npt.NDArray[np.float64]

LOWEST_FREQUENCY_HZ = 1e9
HIGHEST_FREQUENCY_HZ = 100e9
"""Frequencies of the links that are modelled, Hz; a figure in GHz or MHz falls outside."""


def fault_in(
    values: npt.ArrayLike, where: str, what: str, low: float, high: float, unit: str = "", remedy: str = ""
) -> Fault | None:
    """Find the first value that is not a number or lies outside a closed range.

    Parameters
    ----------
    values : array_like (...)
        Values, in `unit`.
    where : str
        Name of the argument.
    what : str
        What the argument is, in one clause.
    low, high : float
        Closed range, in `unit`; an infinite end allows infinity.
    unit : str
        Unit for the message.
    remedy : str
        What to do about it.

    Returns
    -------
    Fault or None
    """
    array = np.asarray(values, dtype=np.float64)
    bad = ~((array >= low) & (array <= high))
    if not np.any(bad):
        return None
    return Fault(what, where, float(array[bad].flat[0]), allowed_range(low, high, unit), remedy)


def allowed_range(low: float, high: float, unit: str = "") -> str:
    """Write a closed range for a message.

    Parameters
    ----------
    low, high : float
        Ends, in `unit`.
    unit : str
        Unit.

    Returns
    -------
    str
        "1 to 2 Hz", "at least 1 Hz", "at most 2 Hz".
    """
    if math.isinf(high):
        text = "any number" if math.isinf(low) else f"at least {low:.12g}"
    elif math.isinf(low):
        text = f"at most {high:.12g}"
    else:
        text = f"{low:.12g} to {high:.12g}"
    return f"{text} {unit}".rstrip()


def require(
    values: npt.ArrayLike, where: str, what: str, low: float, high: float, unit: str = "", remedy: str = ""
) -> FloatArray:
    """Take values within a closed range, or refuse them.

    Parameters
    ----------
    values, where, what, low, high, unit, remedy
        As for :func:`fault_in`.

    Returns
    -------
    ndarray of float64 (...)
        The values, in `unit`.

    Raises
    ------
    InputError
        Naming the first value that is not a number or out of range.
    """
    fault = fault_in(values, where, what, low, high, unit, remedy)
    if fault is not None:
        raise InputError(fault)
    return np.asarray(values, dtype=np.float64)


def require_frequency(frequency_hz: npt.ArrayLike) -> FloatArray:
    """Take carrier frequencies from 1 to 100 GHz, or refuse them.

    Parameters
    ----------
    frequency_hz : array_like (...)
        Frequency, Hz.

    Returns
    -------
    ndarray of float64 (...)
        The same, Hz.
    """
    return require(
        frequency_hz,
        "frequency_hz",
        "the frequency of a carrier is out of range",
        LOWEST_FREQUENCY_HZ,
        HIGHEST_FREQUENCY_HZ,
        "Hz",
        "give it in Hz: 12 GHz is 12e9",
    )
