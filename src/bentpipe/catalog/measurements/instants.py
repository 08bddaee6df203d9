"""Times as files of measurements write them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final

from bentpipe.errors import Fault, InputError

_FIRST, _LAST = 946_684_800.0, 4_102_444_800.0
_UNITS: Final = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3))
GPS_EPOCH_UNIX_S: Final = 315_964_800.0
GPS_MINUS_UTC_S: Final = 18.0
"""Leap seconds between GPS time and UTC since 2017-01-01, s (IERS Bulletin C); none has been announced since."""


def unix_time(text: str) -> tuple[float, bool]:
    """Read a time: Unix seconds, milliseconds, microseconds or nanoseconds by size, or ISO 8601.

    Parameters
    ----------
    text : str
        Such as "1744680687.38", "2025-04-15T01:31:27.4Z" or "2025-04-15 01:31:27".

    Returns
    -------
    tuple of float and bool
        Unix time, s, and whether the zone was said; without one it is taken as UTC.

    Raises
    ------
    ValueError
        Not a time between 2000 and 2100.
    """
    try:
        number = float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        said = moment.tzinfo is not None
        found = (moment if said else moment.replace(tzinfo=UTC)).timestamp()
        number, zone = found, said
    else:
        zone = True
        number *= next((scale for size, scale in _UNITS if abs(number) >= size), 1.0)
    if not (math.isfinite(number) and _FIRST <= number <= _LAST):
        raise ValueError(text)
    return number, zone


def asked_time(text: str, option: str) -> float:
    """Read a time that a user gives by an option.

    Parameters
    ----------
    text : str
        ISO 8601, UTC where no zone is said, or Unix seconds.
    option : str
        Its name, for the message.

    Returns
    -------
    float
        Unix time, s.

    Raises
    ------
    InputError
        Not a time.
    """
    try:
        return unix_time(text.strip())[0]
    except ValueError:
        raise InputError(
            Fault("not a time", option, text, "ISO 8601 in UTC, such as 2025-04-15T01:31:27Z, or Unix seconds")
        ) from None


def gps_ns(text: object) -> float:
    """Turn GPS nanoseconds, as a dish writes them, into Unix time.

    Parameters
    ----------
    text : object
        Integer or its digits.

    Returns
    -------
    float
        s.

    Raises
    ------
    ValueError
        Not a number.
    """
    return int(str(text)) / 1e9 + GPS_EPOCH_UNIX_S - GPS_MINUS_UTC_S
