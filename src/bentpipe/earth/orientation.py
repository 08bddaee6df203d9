"""UT1-UTC from a table of the Earth's orientation."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import Fault, InputError
from .ellipsoid import Floats
from .timescales import DAY_S, to_unix_s

OUTSIDE_BOUND_S = 0.9
"""UTC is kept within this of UT1 by leap seconds, s (ITU-R TF.460-6)."""

INTERPOLATION_BOUND_S = 5e-5
"""Bound on linear interpolation between days, s: the zonal tides (0.8 ms in 13.7 days) bend by 2e-5 s."""


@dataclass(frozen=True)
class EarthOrientation:
    """Daily values of UT1-UTC.

    Parameters
    ----------
    unix_s : numpy.ndarray, shape (D,), s
        Midnights, one day apart.
    value_s : numpy.ndarray, shape (D,), s
        UT1-UTC.
    error_s : numpy.ndarray, shape (D,), s
        Its standard error, as published with it.
    predicted : numpy.ndarray of bool, shape (D,)
        Whether the value is a prediction.
    source : str
        Where the table comes from, with its edition.
    """

    unix_s: Floats
    value_s: Floats
    error_s: Floats
    predicted: npt.NDArray[np.bool_]
    source: str

    def ut1_minus_utc(self, unix_s: npt.ArrayLike) -> Floats:
        """UT1-UTC, linear between days; 0 outside the table, where `bound_s` says 0.9 s.

        Parameters
        ----------
        unix_s : array_like, shape (...), s
            Unix time.

        Returns
        -------
        numpy.ndarray, shape (...), s
            UT1-UTC.
        """
        return np.asarray(np.interp(np.asarray(unix_s, np.float64), self.unix_s, self.value_s, left=0.0, right=0.0))

    def bound_s(self, unix_s: npt.ArrayLike) -> Floats:
        """Bound on the error of `ut1_minus_utc`.

        Parameters
        ----------
        unix_s : array_like, shape (...), s
            Unix time.

        Returns
        -------
        numpy.ndarray, shape (...), s
            Three standard errors of the table and the interpolation; 0.9 s outside the table.
        """
        times = np.asarray(unix_s, np.float64)
        inside = 3.0 * np.interp(times, self.unix_s, self.error_s) + INTERPOLATION_BOUND_S
        covered = (times >= self.unix_s[0]) & (times <= self.unix_s[-1])
        return np.where(covered, np.minimum(inside, OUTSIDE_BOUND_S), OUTSIDE_BOUND_S)


def load_earth_orientation(path: str | Path | None = None) -> EarthOrientation:
    """Table of UT1-UTC.

    Parameters
    ----------
    path : str or pathlib.Path, optional
        A table written by ``tools/build_earth_orientation.py``; by default the one shipped.

    Returns
    -------
    EarthOrientation
        The table.

    Raises
    ------
    InputError
        The table is no such table, a day is missing, or UT1-UTC jumps (a leap second within the table).

    Notes
    -----
    Source: IERS Bulletin A, ``finals2000A``, U.S. Naval Observatory (public domain).
    """
    place = files("bentpipe.earth").joinpath("data/earth-orientation.csv") if path is None else Path(path)
    lines = place.read_text(encoding="utf-8").splitlines()
    remarks = [line[1:].strip() for line in lines if line.startswith("#")]
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    try:
        unix_s = to_unix_s(np.array([row["date"] for row in rows], dtype="datetime64[D]"))
        value = np.array([float(row["ut1_minus_utc_s"]) for row in rows])
        error = np.array([float(row["error_s"]) for row in rows])
        predicted = np.array([row["kind"] == "predicted" for row in rows])
    except (KeyError, TypeError, ValueError) as fault:
        raise InputError(Fault(f"not a table of Earth orientation: {fault}", str(place))) from fault
    smooth = len(rows) > 1 and (np.diff(unix_s) == DAY_S).all() and (np.abs(np.diff(value)) < 0.1).all()
    if not smooth:
        remedy = "rebuild it with tools/build_earth_orientation.py"
        raise InputError(Fault("Earth orientation is not daily, or jumps", str(place), remedy=remedy))
    return EarthOrientation(unix_s, value, error, predicted, " ".join(remarks))
