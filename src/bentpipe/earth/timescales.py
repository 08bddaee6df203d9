"""UTC as seconds and as dates.

Time inside bentpipe is Unix time: UTC seconds since 1970-01-01T00:00:00 that count every day as 86,400 s. A
leap second (none since 2017) has no number of its own. A float64 of such seconds resolves 0.24 us today.
"""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import Fault, InputError
from .ellipsoid import Floats

UNIX_EPOCH_JD = 2_440_587.5
"""Julian date of 1970-01-01T00:00:00."""

J2000_UNIX_S = 946_728_000.0
"""Unix time of 2000-01-01T12:00:00, s."""

DAY_S = 86_400.0
"""Seconds of a day."""


def to_unix_s(time: npt.ArrayLike | datetime.datetime) -> Floats:
    """Unix time of UTC dates.

    Parameters
    ----------
    time : array_like of datetime64, datetime.datetime or ISO 8601 str, shape (...)
        UTC; a `datetime` with a zone is converted, and microseconds are kept.

    Returns
    -------
    numpy.ndarray of float64, shape (...), s
        Seconds since 1970-01-01T00:00:00 UTC, without leap seconds.

    Raises
    ------
    InputError
        A value is no date, or "not a time".
    """
    given: Any = time
    if isinstance(given, datetime.datetime) and given.tzinfo is not None:
        given = given.astimezone(datetime.UTC).replace(tzinfo=None)
    try:
        dates = np.asarray(given).astype("datetime64[us]", casting="unsafe")
    except (TypeError, ValueError) as error:
        remedy = "give UTC, such as 2024-07-16T00:00:00"
        raise InputError(Fault("not a date", "", given, "ISO 8601 dates", remedy)) from error
    if np.isnat(dates).any():
        raise InputError(Fault("a time is missing (NaT)", remedy="remove it or give it a date"))
    return np.asarray(dates.astype(np.int64) / 1e6)


def from_unix_s(unix_s: npt.ArrayLike) -> npt.NDArray[np.datetime64]:
    """UTC dates of Unix times.

    Parameters
    ----------
    unix_s : array_like, shape (...), s
        Seconds since 1970-01-01T00:00:00 UTC, without leap seconds; rounded to the nearest microsecond.

    Returns
    -------
    numpy.ndarray of datetime64[us], shape (...)
        UTC.

    Raises
    ------
    InputError
        A value is not finite, or more than 200,000 years off.
    """
    seconds = np.asarray(unix_s, dtype=np.float64)
    if not (np.abs(seconds) < 6e12).all():
        raise InputError(Fault("a time is not finite", "", unix_s, "seconds since 1970"))
    return np.rint(seconds * 1e6).astype(np.int64).astype("datetime64[us]")


def julian_date(unix_s: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Julian date, in the two parts that keep its precision.

    Parameters
    ----------
    unix_s : array_like, shape (...), s
        Unix time.

    Returns
    -------
    day : numpy.ndarray, shape (...), days
        Julian date of the preceding midnight (ends in .5).
    fraction : numpy.ndarray, shape (...), days
        Time since midnight, 0 to 1.
    """
    seconds = np.asarray(unix_s, dtype=np.float64)
    days = np.floor(seconds / DAY_S)
    return UNIX_EPOCH_JD + days, (seconds - days * DAY_S) / DAY_S
