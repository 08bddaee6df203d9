"""How far satellites may be from where old, or future, elements say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bentpipe.catalog.elements.model import ElementSet
from bentpipe.errors import ElementsError, Fault

Floats = NDArray[np.float64]
When = str | date | datetime | np.datetime64

#: Below this age of the elements no warning is given, days.
FRESH_DAYS: Final = 2.0
#: The one measured age and its along-track errors: on-station satellites compared over 14 days.
_ANCHOR_DAYS: Final = 14.0
_ANCHOR_KM: Final = (208.0, 1290.0)
#: Error at the epoch itself, km: SGP4's own, about 1 km (AIAA 2006-6753, section on accuracy).
_AT_EPOCH_KM: Final = (1.0, 3.0)
#: Half an orbit at 550 km: beyond it "ahead" and "behind" mean nothing.
_HALF_ORBIT_KM: Final = 21_700.0


@dataclass(frozen=True)
class AgeWarning:
    """Elements too far in time from what is simulated.

    Parameters
    ----------
    age_days : float
        Median of simulated time less epoch, days; negative where the elements are newer.
    median_km, p90_km : float
        Estimated along-track error of the median and the 90th-percentile on-station satellite, km.
    message : str
        What to tell the user.
    """

    age_days: float
    median_km: float
    p90_km: float
    message: str

    def __str__(self) -> str:
        return self.message


def to_utc(when: When) -> np.datetime64:
    """Return a point in time as datetime64[us], UTC.

    Parameters
    ----------
    when : str, date, datetime or datetime64
        ISO 8601 text ("2022-10-24", "2022-10-24T12:00:00Z"), or a time object; without a zone it is UTC.

    Returns
    -------
    datetime64[us]
        The time.
    """
    if isinstance(when, str):
        try:
            when = datetime.fromisoformat(when.strip())
        except ValueError as error:
            raise ElementsError(Fault("not a date or time", "", when, "2022-10-24T12:00:00Z")) from error
    if isinstance(when, datetime) and when.tzinfo is not None:
        when = when.astimezone(UTC).replace(tzinfo=None)
    moment: list[np.datetime64] = list(np.array([when], dtype="datetime64[us]"))
    return moment[0]


def along_track_error_km(age_days: float | Floats) -> tuple[Floats, Floats]:
    """Estimate the along-track error of on-station satellites from the age of their elements.

    error = e0 + (e14 - e0) (age / 14 d)^2, at most half an orbit: an estimate. Only the age of 14 days is
    measured (208 km median, 1,290 km 90th percentile, on-station Starlink satellites); the square is what a
    wrong decay rate does, and a wrong rate is what remains where a drag term has absorbed thrust. e0 is
    SGP4's own error.

    Parameters
    ----------
    age_days : float or ndarray, float64 (N,)
        Time less epoch, days; its sign does not matter.

    Returns
    -------
    tuple of ndarray, float64 (N,)
        Median and 90th percentile, km.
    """
    square = (np.asarray(age_days, dtype=np.float64) / _ANCHOR_DAYS) ** 2
    median, p90 = (
        np.minimum(start + (anchor - start) * square, _HALF_ORBIT_KM)
        for start, anchor in zip(_AT_EPOCH_KM, _ANCHOR_KM, strict=True)
    )
    return median, p90


def age_warning(elements: ElementSet, time: When, end: When | None = None) -> AgeWarning | None:
    """Warn where elements are too old, or too new, for the simulated time.

    Parameters
    ----------
    elements : ElementSet
        N satellites.
    time : str, date, datetime or datetime64
        Simulated time (UTC), or the start of it.
    end : str, date, datetime or datetime64, optional
        End of the simulated time; the end farther from the elements counts.

    Returns
    -------
    AgeWarning or None
        None below an age of two days.
    """
    moments = [to_utc(time)] + ([to_utc(end)] if end is not None else [])
    one_day = np.timedelta64(86_400_000_000, "us")
    ages = [float(np.median((moment - elements.epoch) / one_day)) for moment in moments]
    age = max(ages, key=abs)
    if abs(age) < FRESH_DAYS:
        return None
    median, p90 = (float(value) for value in along_track_error_km(age))
    relation = "older" if age > 0 else "newer"
    measured = "" if abs(age) <= _ANCHOR_DAYS else ", extrapolated beyond the 14 days that were measured"
    epoch = f"{str(elements.median_epoch)[:16]}Z"
    where = f"may be {median:,.0f} km (median) to {p90:,.0f} km (90th percentile) ahead or behind along their track"
    if median >= _HALF_ORBIT_KM:
        where = "may be anywhere along their track"
    message = (
        f"the element sets (median epoch {epoch}) are {abs(age):.1f} days {relation} than the simulated "
        f"time: satellites {where} (an estimate{measured}). Which satellite serves a place in a slot is then a "
        f"guess; statistics over a day hold longer. Use element sets within {FRESH_DAYS:g} days of the "
        f"simulated time."
    )
    return AgeWarning(age, median, p90, message)
